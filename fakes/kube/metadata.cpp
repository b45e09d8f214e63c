#include <set>

#include "core/base/text.hpp"
#include "fakes/kube/api_state.hpp"
#include "fakes/kube/go_text.hpp"
#include "fakes/kube/name_rules.hpp"

namespace meshproof::fakes::kube {
namespace {

constexpr std::string_view rbac_group = "rbac.authorization.k8s.io";
constexpr std::string_view dns_1035_rule =
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an "
    "alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', "
    "regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";
constexpr std::string_view qualified_rule =
    "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end "
    "with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for "
    "validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
constexpr std::string_view value_rule =
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or "
    "'.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  "
    "or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";

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
    if (&type == &type::services) {
        constexpr std::size_t longest = 63;
        if (name.size() > longest) {
            return fmt::format("must be no more than {} characters", longest);
        }
        return is_dns_label(name) && (name[0] < '0' || name[0] > '9') ? ""
                                                                      : std::string(dns_1035_rule);
    }
    const bool label = &type == &type::namespaces;
    const std::size_t most = label ? 63 : 253;
    if (name.size() > most) {
        return fmt::format("must be no more than {} characters", most);
    }
    if (label && name.find('.') != std::string::npos) {
        return std::string(label_rule);
    }
    return is_dns_subdomain(name) ? "" : std::string(label ? label_rule : subdomain_rule);
}

Cause invalid_value(std::string field, const std::string& value, std::string_view why) {
    return {std::move(field), "FieldValueInvalid",
            fmt::format("Invalid value: {}: {}", go_quoted(value), why)};
}

void check_owners(const Json& metadata, std::vector<Cause>& faults) {
    const Json owners = metadata.value("ownerReferences", Json::array());
    for (const auto& owner : owners) {
        if (enough(faults)) {
            return;
        }
        if (text_at(owner, "/apiVersion").empty()) {
            faults.push_back(invalid_value("metadata.ownerReferences.apiVersion", "",
                                           "version must not be empty"));
        }
        for (const auto* field : {"kind", "name", "uid"}) {
            if (text_at(owner, fmt::format("/{}", field).c_str()).empty()) {
                faults.push_back(invalid_value(fmt::format("metadata.ownerReferences.{}", field),
                                               "", "must not be empty"));
            }
        }
    }
}

void check_finalizers(const Json& metadata, std::vector<Cause>& faults) {
    const Json finalizers = metadata.value("finalizers", Json::array());
    std::set<std::string> names;
    for (const auto& finalizer : finalizers) {
        const auto name = finalizer.get<std::string>();
        names.insert(name);
        for (const auto& why : enough(faults) ? std::vector<std::string>() : key_faults(name)) {
            faults.push_back(invalid_value("metadata.finalizers", name, why));
        }
    }
    if (names.contains("orphan") && names.contains("foregroundDeletion")) {
        faults.push_back({"metadata.finalizers", "FieldValueInvalid",
                          fmt::format("Invalid value: {}: finalizer orphan and "
                                      "foregroundDeletion cannot be both set",
                                      finalizers.dump())});
    }
}

// What the core types' validation adds to that of all objects.
void check_finalizer_names(const ResourceType& type, const Json& metadata,
                           std::vector<Cause>& faults) {
    if (type.custom != nullptr || &type == &type::leases || &type == &type::definitions) {
        return;
    }
    std::size_t at = 0;
    const Json finalizers = metadata.value("finalizers", Json::array());
    for (const auto& finalizer : finalizers) {
        if (enough(faults)) {
            return;
        }
        const auto name = finalizer.get<std::string>();
        const auto field = fmt::format("metadata.finalizers[{}]", at++);
        const bool standard =
            name == "kubernetes" || name == "orphan" || name == "foregroundDeletion";
        if (!standard && name.find('/') == std::string::npos) {
            faults.push_back(invalid_value(
                field, name,
                "name is neither a standard finalizer name nor is it fully qualified"));
        }
    }
}

void check_labels(const ResourceType& type, const Json& object, std::vector<Cause>& faults) {
    const Json labels = object.at("metadata").value("labels", Json::object());
    for (const auto& [key, value] : labels.items()) {
        if (enough(faults)) {
            return;
        }
        for (const auto& why : key_faults(key)) {
            faults.push_back(invalid_value("metadata.labels", key, why));
        }
        const auto& text = value.get_ref<const std::string&>();
        if (const auto why = label_value_fault(text); !why.empty()) {
            faults.push_back(invalid_value("metadata.labels", text, why));
        }
    }
    if (const auto name = meta(object, "name"); &type == &type::namespaces && !name.empty()) {
        // The label that tells the name is made before anything is looked at.
        if (const auto why = label_value_fault(name); !why.empty()) {
            faults.push_back(invalid_value("metadata.labels", name, why));
        }
    }
}

void check_annotations(const Json& metadata, std::vector<Cause>& faults) {
    const Json annotations = metadata.value("annotations", Json::object());
    for (const auto& [key, value] : annotations.items()) {
        if (enough(faults)) {
            return;
        }
        for (const auto& why : key_faults(lower(key))) {
            faults.push_back(invalid_value("metadata.annotations", key, why));
        }
    }
}

// What a name is made of.
void check_name_base(const ResourceType& type, const Json& object, std::vector<Cause>& faults) {
    const auto shown = meta(object, "generateName");
    auto base = shown;
    if (base.size() > 1 && base.ends_with('-')) {  // what follows is alphanumeric
        base.replace(base.size() - 2, 2, "a");     // NameIsDNSSubdomain's maskTrailingDash
    }
    if (const auto why = base.empty() ? std::string() : name_fault(type, base); !why.empty()) {
        faults.push_back(invalid_value("metadata.generateName", shown, why));
    }
}

// apimachinery's ValidateObjectMetaAccessor, but for names.
void check_metadata(const ResourceType& type, const Json& object, std::vector<Cause>& faults) {
    if (const auto generation = count_at(object, "/metadata/generation"); generation < 0) {
        faults.push_back(
            {"metadata.generation", "FieldValueInvalid",
             fmt::format("Invalid value: {}: must be greater than or equal to 0", generation)});
    }
    const auto& metadata = object.at("metadata");
    check_labels(type, object, faults);
    check_annotations(metadata, faults);
    check_owners(metadata, faults);
    check_finalizers(metadata, faults);
}

void check_new_finalizers(const Json& before, const Json& metadata, std::vector<Cause>& faults) {
    if (meta(before, "deletionTimestamp").empty()) {
        return;
    }
    const auto held = before.at("metadata").value("finalizers", std::set<std::string>());
    std::set<std::string> added;
    for (const auto& finalizer : metadata.value("finalizers", std::vector<std::string>())) {
        if (!held.contains(finalizer)) {
            added.insert(go_quoted(finalizer));
        }
    }
    if (!added.empty()) {
        const std::vector<std::string> names(added.begin(), added.end());
        faults.push_back(
            {"metadata.finalizers", "FieldValueForbidden",
             fmt::format(
                 "Forbidden: no new finalizers can be added if the object is being deleted, "
                 "found new finalizers []string{{{}}}",
                 join(names, ", "))});
    }
}

// apimachinery's ValidateObjectMetaAccessorUpdate: an update may leave out who its object is and
// when it goes, and say nothing else of it.
void check_metadata_update(const ResourceType& type, const Json& before, const Json& sent,
                           std::vector<Cause>& faults) {
    const auto& metadata = sent.at("metadata");
    check_new_finalizers(before, metadata, faults);
    for (const auto* fixed : {"uid", "deletionTimestamp", "deletionGracePeriodSeconds"}) {
        const auto given = metadata.find(fixed);
        if (given != metadata.end() && *given != "" &&
            *given != before.at("metadata").value(fixed, Json())) {
            faults.push_back({fmt::format("metadata.{}", fixed), "FieldValueInvalid",
                              fmt::format("Invalid value: {}: field is immutable", given->dump())});
        }
    }
    check_labels(type, sent, faults);
    check_annotations(metadata, faults);
    check_owners(metadata, faults);
}

}  // namespace

std::vector<std::string> key_faults(const std::string& key) {
    std::vector<std::string> faults;
    const auto slash = key.find('/');
    if (slash != std::string::npos && key.find('/', slash + 1) != std::string::npos) {
        constexpr std::string_view part = "name part";
        faults.push_back(
            fmt::format("a qualified name{} with an optional DNS subdomain prefix and '/' (e.g. "
                        "'example.com/MyName')",
                        qualified_rule.substr(part.size())));
        return faults;
    }
    if (slash != std::string::npos) {
        const auto prefix = key.substr(0, slash);
        if (prefix.empty()) {
            faults.emplace_back("prefix part must be non-empty");
        } else if (!is_dns_subdomain(prefix)) {
            faults.push_back(fmt::format("prefix part {}", subdomain_rule));
        }
    }
    const auto name = slash == std::string::npos ? key : key.substr(slash + 1);
    if (name.empty()) {
        faults.emplace_back("name part must be non-empty");
    } else if (name.size() > 63) {
        faults.emplace_back("name part must be no more than 63 characters");
    }
    if (!is_label_word(name)) {
        faults.emplace_back(qualified_rule);
    }
    return faults;
}

std::string label_value_fault(const std::string& value) {
    if (value.size() > 63) {
        return "must be no more than 63 characters";
    }
    return value.empty() || is_label_word(value) ? "" : std::string(value_rule);
}

// As the API server's names.SimpleNameGenerator: five letters that spell no words.
std::string fresh_name(Store& store, const std::string& base) {
    constexpr std::string_view letters = "bcdfghjklmnpqrstvwxz2456789";
    auto name = base.substr(0, 58);
    for (int i = 0; i < 5; ++i) {
        name += letters[store.prng().below(letters.size())];
    }
    return name;
}

Checked<> name_object(ApiState& api, const ApiCall& call, Json& object) {
    auto& metadata = object["metadata"];
    if (metadata.is_null()) {
        metadata = Json::object();
    }
    for (const auto* made_by_server :
         {"uid", "resourceVersion", "creationTimestamp", "managedFields"}) {
        metadata.erase(made_by_server);
    }
    if (call.info.verb == "create") {  // an update or an apply that creates keeps them
        metadata.erase("deletionTimestamp");
        metadata.erase("deletionGracePeriodSeconds");
    } else if (const auto end = parse_rfc3339(meta(object, "deletionTimestamp"))) {
        metadata["deletionTimestamp"] = rfc3339(*end);
    }
    // The storage takes it out, and a trial of an update that creates never gets there.
    const bool tried = call.dry_run() && call.info.verb != "create";
    if (!tried || meta(object, "selfLink").empty()) {
        metadata.erase("selfLink");
    }
    if (count_at(object, "/metadata/generation") == 0) {
        metadata.erase("generation");
    }
    for (const auto* map : {"labels", "annotations", "generateName"}) {
        if (metadata.contains(map) && (metadata[map].empty() || metadata[map] == "")) {
            metadata.erase(map);
        }
    }
    if (const auto base = meta(object, "generateName");
        meta(object, "name").empty() && !base.empty()) {
        metadata["name"] = fresh_name(*api.store, base);
    }
    if (call.type->namespaced) {
        const auto space = meta(object, "namespace");
        if (!space.empty() && space != call.info.namespace_name) {
            return refuse(bad_request(
                "the namespace of the provided object does not match the namespace sent on the "
                "request"));
        }
        metadata["namespace"] = call.info.namespace_name;
    }
    return {};
}

std::vector<Cause> metadata_faults(const ResourceType& type, const Json& object) {
    std::vector<Cause> faults;
    check_name_base(type, object, faults);
    const auto name = meta(object, "name");
    if (name.empty()) {
        faults.push_back({"metadata.name", "FieldValueRequired",
                          "Required value: name or generateName is required"});
    } else if (const auto why = name_fault(type, name); !why.empty()) {
        faults.push_back(invalid_value("metadata.name", name, why));
    }
    check_metadata(type, object, faults);
    check_finalizer_names(type, object.at("metadata"), faults);
    return faults;
}

MetadataFaults metadata_faults_of_update(const ResourceType& type, const Json& before,
                                         const Json& sent) {
    MetadataFaults faults;
    check_metadata(type, sent, faults.of_all);
    check_name_base(type, sent, faults.of_object);  // which only the type's own rules look at
    faults.of_object.insert(faults.of_object.end(), faults.of_all.begin(), faults.of_all.end());
    check_metadata_update(type, before, sent, faults.of_change);
    faults.of_all.insert(faults.of_all.end(), faults.of_change.begin(), faults.of_change.end());
    for (auto* of_type : {&faults.of_object, &faults.of_change}) {
        check_finalizer_names(type, sent.at("metadata"), *of_type);
    }
    return faults;
}

}  // namespace meshproof::fakes::kube
