#include "fakes/kube/custom_resources.hpp"

#include <algorithm>
#include <set>

#include "core/base/text.hpp"
#include "fakes/kube/name_rules.hpp"

namespace meshproof::fakes::kube {
namespace {

using Words = std::vector<std::string>;

void require_word(const Json& names, const char* key, std::vector<Cause>& faults) {
    if (names.value(key, "").empty()) {
        faults.push_back(
            {fmt::format("spec.names.{}", key), "FieldValueRequired", "Required value"});
    }
}

// As Go prints the internal form of the versions: all that is common to them is elsewhere.
std::string shown_versions(const Json& versions) {
    Words out;
    for (const auto& version : versions) {
        out.push_back(fmt::format(
            R"({{"Name":{},"Served":{},"Storage":{},"Deprecated":{},"DeprecationWarning":null,)"
            R"("Schema":null,"Subresources":null,"AdditionalPrinterColumns":null,)"
            R"("SelectableFields":null}})",
            Json(version.value("name", "")).dump(), version.value("served", false),
            version.value("storage", false), version.value("deprecated", false)));
    }
    return "[" + join(out, ",") + "]";
}

void check_schema_types(const Json& schema, const std::string& path, std::string_view where,
                        std::vector<Cause>& faults) {
    const bool free = schema.value("x-kubernetes-int-or-string", false) ||
                      schema.value("x-kubernetes-preserve-unknown-fields", false);
    if (schema.value("type", "").empty() && !free) {
        faults.push_back({path + ".type", "FieldValueRequired",
                          fmt::format("Required value: must not be empty {}", where)});
    }
    // In its place: copies of all that is below would add up.
    static const Json none = Json::object();
    const auto said = schema.find("properties");
    const auto& properties = said == schema.end() ? none : *said;
    for (const auto& [key, inner] : properties.items()) {
        check_schema_types(inner, fmt::format("{}.properties[{}]", path, key),
                           "for specified object fields", faults);
    }
    if (schema.contains("items")) {
        check_schema_types(schema["items"], path + ".items", "for specified array items", faults);
    }
    if (const auto more = schema.find("additionalProperties");
        more != schema.end() && more->is_object()) {
        check_schema_types(*more, path + ".additionalProperties", "for specified object fields",
                           faults);
    }
}

void check_schemas(const Json& versions, std::vector<Cause>& faults) {
    std::size_t index = 0;
    for (const auto& version : versions) {
        const auto place = fmt::format("spec.versions[{}].schema.openAPIV3Schema", index++);
        const Json::json_pointer at("/schema/openAPIV3Schema");
        if (!version.contains(at)) {
            faults.push_back({place, "FieldValueRequired", "Required value"});
        } else {
            check_schema_types(version.at(at),
                               versions.size() == 1 ? "spec.validation.openAPIV3Schema" : place,
                               "at the root", faults);
        }
    }
}

Words stored_versions(const Json& versions) {
    Words stored;
    for (const auto& version : versions) {
        if (version.value("storage", false)) {
            stored.push_back(version.value("name", ""));
        }
    }
    return stored;
}

void check_versions(const Json& spec, std::vector<Cause>& faults) {
    const Json versions = spec.value("versions", Json());
    const auto fault = [&](std::string_view why) {
        faults.push_back(
            {"spec.versions", "FieldValueInvalid",
             fmt::format("Invalid value: {}: {}",
                         versions.is_null() ? "null" : shown_versions(versions), why)});
    };
    Words names;
    for (const auto& version : versions) {
        names.push_back(version.value("name", ""));
    }
    std::ranges::sort(names);
    if (std::ranges::adjacent_find(names) != names.end()) {
        fault("must contain unique version names");
    }
    if (stored_versions(versions).size() != 1) {
        fault("must have exactly one version marked as storage version");
    }
}

Json names_of(const Json& definition) {
    return definition.value(Json::json_pointer("/spec/names"), Json::object());
}

Json accepted_of(const Json& definition) {
    return definition.value(Json::json_pointer("/status/acceptedNames"), Json::object());
}

/// The names of `wanted` that nobody else of the group has, and the condition about the rest.
struct Naming {
    Json accepted = {{"plural", ""}, {"kind", ""}};
    Json condition = {{"type", "NamesAccepted"},
                      {"status", "True"},
                      {"reason", "NoConflicts"},
                      {"message", "no conflicts found"}};
    bool all = true;
};

Naming naming_of(const ApiState& api, const Json& definition) {
    const auto wanted = names_of(definition);
    const auto group = text_at(definition, "/spec/group");
    std::set<std::string> resources, kinds;
    for (const auto& other : api.store->list(type::definitions)) {
        if (text_at(*other, "/spec/group") != group ||
            meta(*other, "name") == meta(definition, "name")) {
            continue;
        }
        const auto theirs = accepted_of(*other);
        resources.insert(theirs.value("plural", ""));
        resources.insert(theirs.value("singular", ""));
        for (const auto& name : theirs.value("shortNames", Words())) {
            resources.insert(name);
        }
        kinds.insert(theirs.value("kind", ""));
        kinds.insert(theirs.value("listKind", ""));
    }
    Naming naming;
    const auto look = [&](const char* key, const char* reason, const Words& names,
                          const std::set<std::string>& taken) {
        const auto clash = std::ranges::find_if(
            names, [&](const std::string& name) { return taken.contains(name); });
        if (clash == names.end()) {
            naming.accepted[key] = wanted[key];
            return;
        }
        naming.all = false;
        naming.condition["status"] = "False";
        naming.condition["reason"] = reason;
        naming.condition["message"] = fmt::format("\"{}\" is already in use", *clash);
    };
    look("plural", "PluralConflict", {wanted.value("plural", "")}, resources);
    look("singular", "SingularConflict", {wanted.value("singular", "")}, resources);
    if (wanted.contains("shortNames")) {
        look("shortNames", "ShortNamesConflict", wanted["shortNames"].get<Words>(), resources);
    }
    look("kind", "KindConflict", {wanted.value("kind", "")}, kinds);
    look("listKind", "ListKindConflict", {wanted.value("listKind", "")}, kinds);
    if (wanted.contains("categories")) {
        naming.accepted["categories"] = wanted["categories"];
    }
    return naming;
}

void put_condition(Json& conditions, Json wanted, const std::string& now) {
    if (!conditions.is_array()) {
        conditions = Json::array();
    }
    wanted["lastTransitionTime"] = now;
    for (auto& condition : conditions) {
        if (condition["type"] == wanted["type"]) {
            if (condition["status"] == wanted["status"]) {
                wanted["lastTransitionTime"] = condition["lastTransitionTime"];
            }
            condition = std::move(wanted);
            return;
        }
    }
    conditions.push_back(std::move(wanted));
}

void accept_definition(ApiState& api, const Json& definition) {
    const auto naming = naming_of(api, definition);
    const auto now = rfc3339(api.clock.now());
    Json next = definition;
    auto& status = next["status"];
    status["acceptedNames"] = naming.accepted;
    put_condition(status["conditions"], naming.condition, now);
    if (naming.all && !established(definition)) {
        put_condition(status["conditions"],
                      {{"type", "Established"},
                       {"status", "True"},
                       {"reason", "InitialNamesAccepted"},
                       {"message", "the initial names have been accepted"}},
                      now);
    } else if (!established(definition)) {
        put_condition(status["conditions"],
                      {{"type", "Established"},
                       {"status", "False"},
                       {"reason", "NotAccepted"},
                       {"message", "not all names are accepted"}},
                      now);
    }
    auto stored = status.value("storedVersions", Words());
    for (const auto& version : stored_versions(next["spec"]["versions"])) {
        if (std::ranges::find(stored, version) == stored.end()) {
            stored.push_back(version);
        }
    }
    status["storedVersions"] = stored;
    const auto kept = api.store->replace(type::definitions, std::move(next));
    if (established(*kept)) {
        api.change_types([kept](CustomTypes& types) { types.serve(*kept); });
    }
}

}  // namespace

void complete_definition(Json& definition, std::vector<Cause>& faults) {
    auto& spec = definition["spec"];
    if (!spec.is_object()) {
        spec = Json::object();
    }
    auto& names = spec["names"];
    if (!names.is_object()) {
        names = Json::object();
    }
    const auto kind = names.value("kind", "");
    if (names.value("singular", "").empty() && !kind.empty()) {
        names["singular"] = lower(kind);
    }
    if (names.value("listKind", "").empty() && !kind.empty()) {
        names["listKind"] = kind + "List";
    }
    if (!spec.contains("conversion")) {
        spec["conversion"] = {{"strategy", "None"}};
    }
    const auto group = spec.value("group", "");
    const auto name = meta(definition, "name");
    if (name != names.value("plural", "") + "." + group || group.empty()) {
        faults.push_back({"metadata.name", "FieldValueInvalid",
                          fmt::format("Invalid value: \"{}\": must be "
                                      "spec.names.plural+\".\"+spec.group",
                                      name)});
    }
    if (group.empty()) {
        faults.push_back({"spec.group", "FieldValueRequired", "Required value"});
    } else if (group.find('.') == std::string::npos || !is_dns_subdomain(group)) {
        faults.push_back({"spec.group", "FieldValueInvalid",
                          fmt::format("Invalid value: \"{}\": should be a domain with at least one "
                                      "dot",
                                      group)});
    }
    if (const auto scope = spec.value("scope", ""); scope.empty()) {
        faults.push_back({"spec.scope", "FieldValueRequired", "Required value"});
    } else if (scope != "Cluster" && scope != "Namespaced") {
        faults.push_back({"spec.scope", "FieldValueNotSupported",
                          fmt::format("Unsupported value: \"{}\": supported values: \"Cluster\", "
                                      "\"Namespaced\"",
                                      scope)});
    }
    if (spec.value("preserveUnknownFields", false)) {
        faults.push_back({"spec.preserveUnknownFields", "FieldValueInvalid",
                          "Invalid value: true: cannot set to true, set "
                          "x-kubernetes-preserve-unknown-fields to true in "
                          "spec.versions[*].schema instead"});
    }
    check_versions(spec, faults);
    for (const auto* key : {"plural", "singular", "kind", "listKind"}) {
        require_word(names, key, faults);
    }
    const Json versions = spec.value("versions", Json::array());
    check_schemas(versions, faults);
    if (stored_versions(versions).empty()) {
        faults.push_back({"status.storedVersions", "FieldValueInvalid",
                          "Invalid value: null: must have at least one stored version"});
    }
}

std::vector<Cause> definition_changes(const Json& before, const Json& after) {
    std::vector<Cause> faults;
    if (!established(before)) {
        return faults;
    }
    for (const auto* field :
         {"/spec/scope", "/spec/group", "/spec/names/kind", "/spec/names/plural"}) {
        if (text_at(before, field) != text_at(after, field)) {
            std::string path(field + 1);
            std::ranges::replace(path, '/', '.');
            faults.push_back(
                {path, "FieldValueInvalid",
                 fmt::format("Invalid value: \"{}\": field is immutable", text_at(after, field))});
        }
    }
    return faults;
}

bool established(const Json& definition) {
    const auto conditions =
        definition.value(Json::json_pointer("/status/conditions"), Json::array());
    return std::ranges::any_of(conditions, [](const Json& condition) {
        return text_at(condition, "/type") == "Established" &&
               text_at(condition, "/status") == "True";
    });
}

void follow_definition(ApiState& api, const Json& definition) {
    const auto name = meta(definition, "name");
    if (const auto present = api.store->find(type::definitions, "", name)) {
        accept_definition(api, *present);
        return;
    }
    if (const auto* kept = api.store->custom().kept(name)) {
        for (const auto& object : api.store->list(*kept)) {
            api.store->remove(*kept, meta(*object, "namespace"), meta(*object, "name"));
        }
        api.change_types([name](CustomTypes& types) { types.withdraw(name); });
    }
    // Somebody may have waited for its names.
    for (const auto& other : api.store->list(type::definitions)) {
        if (!established(*other)) {
            accept_definition(api, *other);
        }
    }
}

Json ending_definition(const ApiState& api, const Json& definition) {
    Json ending = definition;
    const auto now = rfc3339(api.clock.now());
    ending["metadata"]["deletionTimestamp"] = now;
    ending["metadata"]["finalizers"] = Json::array({"customresourcecleanup.apiextensions.k8s.io"});
    put_condition(ending["status"]["conditions"],
                  {{"type", "Terminating"},
                   {"status", "True"},
                   {"reason", "InstanceDeletionPending"},
                   {"message",
                    "CustomResourceDefinition marked for deletion; CustomResource deletion will "
                    "begin soon"}},
                  now);
    return ending;
}

}  // namespace meshproof::fakes::kube
