// Server-side apply: the configuration of one field manager, merged into the object.
#include <map>

#include "core/base/text.hpp"
#include "fakes/kube/body.hpp"
#include "fakes/kube/go_text.hpp"
#include "fakes/kube/managed_fields.hpp"

namespace meshproof::fakes::kube {
namespace {

using Kind = FieldType::Kind;

Json merged(const Json& live, const Json& config, const FieldType& type);

bool same_item(const Json& a, const Json& b, const FieldType& type) {
    if (type.set) {
        return a == b;
    }
    return std::ranges::all_of(type.keys, [&](const std::string& key) {
        return a.value(key, Json()) == b.value(key, Json());
    });
}

Json merged_object(const Json& live, const Json& config, const ObjectType& type) {
    Json out = live.is_object() ? live : Json::object();
    for (const auto& [key, value] : config.items()) {
        const auto* field = type.find(key);
        out[key] = field == nullptr ? value : merged(out.value(key, Json()), value, *field);
    }
    return out;
}

Json merged(const Json& live, const Json& config, const FieldType& type) {
    if (type.kind == Kind::object && !type.object->atomic) {
        return merged_object(live, config, *type.object);
    }
    if (type.kind == Kind::map && !type.atomic) {
        Json out = live.is_object() ? live : Json::object();
        out.update(config);
        return out;
    }
    if (type.kind != Kind::list || (!type.set && type.keys.empty())) {
        return config;
    }
    Json out = live.is_array() ? live : Json::array();
    for (const auto& item : config) {
        const auto found = std::ranges::find_if(
            out, [&](const Json& present) { return same_item(present, item, type); });
        if (found == out.end()) {
            out.push_back(item);
        } else {
            *found = merged(*found, item, *type.of);
        }
    }
    return out;
}

bool has_keys(const Json& item, const Json& keys) {
    for (const auto& [name, value] : keys.items()) {
        if (!item.is_object() || item.value(name, Json()) != value) {
            return false;
        }
    }
    return true;
}

// Takes out what `set` names.
void remove_fields(Json& value, const FieldSet& set) {
    for (const auto& [key, inner] : set.items()) {
        if (key == ".") {
            continue;
        }
        if (key.starts_with("f:") && value.is_object()) {
            const auto name = key.substr(2);
            if (!value.contains(name)) {
                continue;
            }
            if (inner.empty()) {
                value.erase(name);
            } else {
                remove_fields(value[name], inner);
                if (value[name].empty() && value[name].is_structured()) {
                    value.erase(name);
                }
            }
        } else if (value.is_array()) {
            const auto wanted = value_in_key(key);
            for (auto item = value.begin(); item != value.end(); ++item) {
                const bool hit = key.starts_with("v:") ? *item == wanted : has_keys(*item, wanted);
                if (!hit) {
                    continue;
                }
                if (inner.empty() || inner.contains(".")) {
                    value.erase(item);
                } else {
                    remove_fields(*item, inner);
                }
                break;
            }
        }
    }
}

/// The applied configuration, as the patch's YAML or JSON says it.
Checked<Json> configuration(const ApiCall& call) {
    const auto& type = *call.type;
    auto document = read_once(call, BodyForm::yaml);
    if (!document) {
        return refuse(bad_request("error decoding YAML: error converting YAML to JSON: " +
                                  document.error().text));
    }
    auto& read = document->value;
    if (!read.is_object() && !read.is_null()) {
        return refuse(bad_request(
            fmt::format("error decoding YAML: error unmarshaling JSON: while decoding JSON: json: "
                        "cannot unmarshal {} into Go value of type map[string]interface {{}}",
                        json_kind(read))));
    }
    auto config = read.is_object() ? std::move(read) : Json::object();
    const auto version = text_at(config, "/apiVersion");
    if (text_at(config, "/kind") != type.kind || version != type.api_version()) {
        const auto slash = version.find('/');
        return refuse(bad_request(
            fmt::format("invalid object type: {}/{}, Kind={}",
                        slash == std::string::npos ? "" : version.substr(0, slash),
                        slash == std::string::npos ? version : version.substr(slash + 1),
                        text_at(config, "/kind"))));
    }
    if (config["metadata"].contains("managedFields")) {
        return refuse(bad_request("metadata.managedFields must be nil"));
    }
    const auto untyped = [&](const std::string& why) {
        return refuse(
            refusal(500, "",
                    fmt::format("failed to create typed patch object ({}/{}; {}, Kind={}): {}",
                                meta(config, "namespace"), meta(config, "name"),
                                type.group.empty() ? "/" + version : version, type.kind, why)));
    };
    const auto unknown = conform(config, type);
    if (!unknown && unknown.error().of_value) {
        const auto kind =
            fmt::format("{}, Kind={}", type.group.empty() ? "/" + version : version, type.kind);
        return refuse(refusal(
            500, "",
            fmt::format("failed to convert new object ({}/{}; {}) to proper version: unable to "
                        "convert unstructured object to {}: {}",
                        meta(config, "namespace"), meta(config, "name"), kind, kind,
                        unknown.error().text)));
    }
    if (!unknown) {
        return untyped(unknown.error().text);
    }
    if (!unknown->empty()) {
        return untyped(fmt::format(".{}: field not declared in schema", unknown->front()));
    }
    return config;
}

std::string told(const Json& entry) {
    auto text = fmt::format("\"{}\"", text_at(entry, "/manager"));
    if (const auto sub = text_at(entry, "/subresource"); !sub.empty()) {
        text += fmt::format(" with subresource \"{}\"", sub);
    }
    if (text_at(entry, "/operation") == "Update") {
        text += " using " + text_at(entry, "/apiVersion");
    }
    return text;
}

http::Response apply_conflict(const std::vector<std::pair<std::string, std::string>>& conflicts) {
    Json causes = Json::array();
    std::map<std::string, std::vector<std::string>> by_manager;
    for (const auto& [manager, path] : conflicts) {
        causes.push_back({{"reason", "FieldManagerConflict"},
                          {"message", "conflict with " + manager},
                          {"field", path}});
        by_manager[manager].push_back(path);
    }
    std::string message;
    if (conflicts.size() == 1) {
        message = fmt::format("Apply failed with 1 conflict: conflict with {}: {}",
                              conflicts[0].first, conflicts[0].second);
    } else {
        std::vector<std::string> lines;
        for (const auto& [manager, paths] : by_manager) {
            lines.push_back(fmt::format("conflicts with {}:", manager));
            for (const auto& path : paths) {
                lines.push_back("- " + path);
            }
        }
        message =
            fmt::format("Apply failed with {} conflicts: {}", conflicts.size(), join(lines, "\n"));
    }
    return refusal(409, "Conflict", message, {{"causes", std::move(causes)}});
}

Json apply_entry(const ApiState& api, const ApiCall& call, FieldSet set) {
    Json entry = {{"manager", call.info.param("fieldManager")},
                  {"operation", "Apply"},
                  {"apiVersion", call.type->api_version()},
                  {"time", rfc3339(api.clock.now())},
                  {"fieldsType", "FieldsV1"},
                  {"fieldsV1", std::move(set)}};
    if (!call.info.subresource.empty()) {
        entry["subresource"] = call.info.subresource;
    }
    return entry;
}

// An apply that changes nothing has no time: its manager keeps that of the last one, or has none.
void keep_time(Json& entry, const Json& last) {
    if (last.is_null()) {
        entry.erase("time");
    } else {
        entry["time"] = last;
    }
}

// A configuration of what is absent names it, and cannot mean an object that was there once.
http::Response create_by_apply(ApiState& api, const ApiCall& call, Json config,
                               const Json& managers) {
    const auto& name = call.info.name;
    if (const auto uid = meta(config, "uid"); !uid.empty()) {
        return conflict(call.type->resource(), name,
                        fmt::format("uid mismatch: the provided object specified uid {}, and no "
                                    "existing object was found",
                                    uid));
    }
    if (const auto right = check_place(call, config); !right) {
        return right.error();
    }
    const auto version = meta(config, "resourceVersion");
    if (!version.empty() && !number(version)) {
        return refusal(
            500, "",
            fmt::format("strconv.ParseUint: parsing {}: invalid syntax", go_quoted(version)));
    }
    config["metadata"].erase("resourceVersion");
    return create_object(api, call, std::move(config), managers);
}

// Of an object that has none, all is of one that was before the first apply.
Json managers_of(const ApiState& api, const ApiCall& call, const Json& live) {
    auto entries = live["metadata"].value("managedFields", Json::array());
    auto set = entries.empty() ? changed_fields(Json::object(), live, object_type(*call.type))
                               : FieldSet::object();
    if (call.info.subresource.empty()) {
        set.erase("f:status");
    }
    if (!set.empty()) {
        entries.push_back(manager_entry(
            api.clock, {"before-first-apply", call.type->api_version(), call.info.subresource},
            std::move(set)));
    }
    return entries;
}

}  // namespace

http::Response answer_apply(ApiState& api, const ApiCall& call) {
    const auto config = configuration(call);
    if (!config) {
        return config.error();
    }
    const auto& type = object_type(*call.type);
    const auto set = fields_of(*config, type);
    const auto live = api.store->find(*call.type, call.info.namespace_name, call.info.name);
    const Json managers = Json::array({apply_entry(api, call, set)});
    if (!live) {
        if (!call.info.subresource.empty()) {
            return not_found(*call.type, call.info.name);
        }
        return create_by_apply(api, call, *config, set.empty() ? Json::array() : managers);
    }
    const bool forced = call.info.flag("force");
    const auto wanted = merged_object(*live, *config, type);
    const auto differs = both(set, changed_fields(*live, wanted, type));
    FieldSet previous = FieldSet::object();
    FieldSet of_others = FieldSet::object();
    Json entries = Json::array();
    Json own = managers[0], last_time;
    std::vector<std::pair<std::string, std::string>> conflicts;
    for (auto entry : managers_of(api, call, *live)) {
        const bool ours = text_at(entry, "/manager") == text_at(own, "/manager") &&
                          text_at(entry, "/operation") == "Apply" &&
                          text_at(entry, "/subresource") == call.info.subresource;
        if (ours) {
            previous = entry["fieldsV1"];
            last_time = entry.value("time", Json());
            continue;
        }
        for (const auto& path : paths_of(both(entry["fieldsV1"], differs))) {
            conflicts.emplace_back(told(entry), path);
        }
        entry["fieldsV1"] = without(entry["fieldsV1"], differs);
        if (!entry["fieldsV1"].empty()) {
            of_others = either(of_others, entry["fieldsV1"]);
            entries.push_back(std::move(entry));
        }
    }
    if (!conflicts.empty() && !forced) {
        return apply_conflict(conflicts);
    }
    Json next = wanted;
    remove_fields(next, without(without(previous, set), of_others));
    if (next == *live) {
        keep_time(own, last_time);
    }
    // Only a version that the configuration itself names is a precondition.
    next["metadata"].erase("resourceVersion");
    if (const auto version = meta(*config, "resourceVersion"); !version.empty()) {
        next["metadata"]["resourceVersion"] = version;
    }
    if (!set.empty()) {
        entries.push_back(std::move(own));
    }
    sort_managers(entries);
    return replace_object(api, call, *live, std::move(next), entries);
}

}  // namespace meshproof::fakes::kube
