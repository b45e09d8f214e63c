#include <regex>

#include "core/base/text.hpp"
#include "fakes/kube/cluster.hpp"

namespace meshproof::fakes::kube {
namespace {

constexpr std::string_view rbac_group = "rbac.authorization.k8s.io";
constexpr std::string_view subdomain_rule =
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or "
    "'.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used "
    "for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
constexpr std::string_view label_rule =
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and "
    "must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used "
    "for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
constexpr std::string_view qualified_rule =
    "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end "
    "with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for "
    "validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
constexpr std::string_view value_rule =
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or "
    "'.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  "
    "or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";

bool is_subdomain(const std::string& text) {
    static const std::regex subdomain(
        "[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*");
    return std::regex_match(text, subdomain);
}

bool is_label_word(const std::string& text) {
    static const std::regex word("([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]");
    return std::regex_match(text, word);
}

// What is wrong with a name, "" for nothing.
std::string name_fault(const ResourceType& type, const std::string& name) {
    if (type.group == rbac_group) {  // RBAC names are free, but for what breaks a path
        if (name == "." || name == "..") {
            return fmt::format("may not be '{}'", name);
        }
        for (const auto* part : {"/", "%"}) {
            if (name.find(part) != std::string::npos) {
                return fmt::format("may not contain '{}'", part);
            }
        }
        return {};
    }
    const bool label = &type == &type::namespaces;
    const std::size_t most = label ? 63 : 253;
    if (name.size() > most) {
        return fmt::format("must be no more than {} characters", most);
    }
    if (label && name.find('.') != std::string::npos) {
        return "must not contain dots";
    }
    return is_subdomain(name) ? "" : std::string(label ? label_rule : subdomain_rule);
}

std::string key_fault(const std::string& key) {
    const auto slash = key.find('/');
    if (slash != std::string::npos) {
        const auto prefix = key.substr(0, slash);
        if (prefix.empty()) {
            return "prefix part must be non-empty";
        }
        if (!is_subdomain(prefix)) {
            return fmt::format("prefix part {}", subdomain_rule);
        }
    }
    const auto name = slash == std::string::npos ? key : key.substr(slash + 1);
    if (name.empty()) {
        return "name part must be non-empty";
    }
    if (name.size() > 63) {
        return "name part must be no more than 63 characters";
    }
    return is_label_word(name) ? "" : std::string(qualified_rule);
}

Cause invalid_value(std::string field, const std::string& value, std::string_view why) {
    return {std::move(field), "FieldValueInvalid",
            fmt::format("Invalid value: \"{}\": {}", value, why)};
}

}  // namespace

// As the API server's names.SimpleNameGenerator: five letters that spell no words.
std::string fresh_name(Store& store, const std::string& base) {
    constexpr std::string_view letters = "bcdfghjklmnpqrstvwxz2456789";
    auto name = base.substr(0, 58);
    for (int i = 0; i < 5; ++i) {
        name += letters[store.prng().below(letters.size())];
    }
    return name;
}

void name_object(Cluster& cluster, const Call& call, Json& object) {
    auto& metadata = object["metadata"];
    if (metadata.is_null()) {
        metadata = Json::object();
    }
    for (const auto* made_by_server :
         {"uid", "resourceVersion", "creationTimestamp", "deletionTimestamp",
          "deletionGracePeriodSeconds", "generation", "managedFields", "selfLink"}) {
        metadata.erase(made_by_server);
    }
    for (const auto* map : {"labels", "annotations", "generateName"}) {
        if (metadata.contains(map) && metadata[map].empty()) {
            metadata.erase(map);
        }
    }
    if (const auto base = meta(object, "generateName");
        meta(object, "name").empty() && !base.empty()) {
        metadata["name"] = call.defects->on("kube/generated-names-repeat")
                               ? base + "zzzzz"
                               : fresh_name(*cluster.store, base);
    }
    if (call.type->namespaced) {
        const auto space = meta(object, "namespace");
        if (!space.empty() && space != call.info.namespace_name) {
            throw Refused{refusal(
                call.defects->on("kube/bad-requests-are-422") ? 422 : 400, "BadRequest",
                "the namespace of the provided object does not match the namespace sent on the "
                "request")};
        }
        metadata["namespace"] = call.info.namespace_name;
    }
}

std::vector<Cause> metadata_faults(const ResourceType& type, const Json& object) {
    std::vector<Cause> faults;
    if (auto base = meta(object, "generateName"); !base.empty()) {
        const auto shown = base;
        if (base.ends_with('-')) {
            base.back() = 'a';  // what follows is alphanumeric
        }
        if (const auto why = name_fault(type, base); !why.empty()) {
            faults.push_back(invalid_value("metadata.generateName", shown, why));
        }
    }
    const auto name = meta(object, "name");
    if (name.empty()) {
        faults.push_back({"metadata.name", "FieldValueRequired",
                          "Required value: name or generateName is required"});
    } else if (const auto why = name_fault(type, name); !why.empty()) {
        faults.push_back(invalid_value("metadata.name", name, why));
    }
    const auto& metadata = object.at("metadata");
    const Json labels = metadata.value("labels", Json::object());
    for (const auto& [key, value] : labels.items()) {
        if (const auto why = key_fault(key); !why.empty()) {
            faults.push_back(invalid_value("metadata.labels", key, why));
        }
        const auto& text = value.get_ref<const std::string&>();
        if (text.size() > 63) {
            faults.push_back(
                invalid_value("metadata.labels", text, "must be no more than 63 characters"));
        } else if (!text.empty() && !is_label_word(text)) {
            faults.push_back(invalid_value("metadata.labels", text, value_rule));
        }
    }
    const Json annotations = metadata.value("annotations", Json::object());
    for (const auto& [key, value] : annotations.items()) {
        if (const auto why = key_fault(lower(key)); !why.empty()) {
            faults.push_back(invalid_value("metadata.annotations", key, why));
        }
    }
    return faults;
}

}  // namespace meshproof::fakes::kube
