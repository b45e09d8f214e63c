// Server-side apply: the configuration of one field manager, merged into the object.
#include <map>

#include "core/base/text.hpp"
#include "fakes/kube/body.hpp"
#include "fakes/kube/go_text.hpp"
#include "fakes/kube/managed_fields.hpp"

namespace meshproof::fakes::kube {
namespace {

using Kind = FieldType::Kind;

void merge(Json& live, const Json& config, const FieldType& type);

/// What tells an item of a list from the others.
Json identity_in(const Json& item, const FieldType& type) {
    if (type.set) {
        return item;
    }
    Json identity = Json::array();
    for (const auto& key : type.keys) {
        const auto found = item.find(key);
        // The one key of our types that has a default, which what is kept has and what is applied
        // may lack.
        identity.push_back(found != item.end() ? *found : key == "protocol" ? Json("TCP") : Json());
    }
    return identity;
}

void merge_object(Json& live, const Json& config, const ObjectType& type) {
    if (!live.is_object()) {
        live = Json::object();
    }
    for (const auto& [key, value] : config.items()) {
        if (const auto* field = type.find(key)) {
            merge(live[key], value, *field);
        } else {
            live[key] = value;
        }
    }
}

// What is applied comes in its order; what else is there stays before what it was before. By
// identity: each looked for among all, lists of ten thousand took minutes.
void merge_items(Json& live, const Json& config, const FieldType& type) {
    if (!live.is_array()) {
        live = Json::array();
    }
    std::map<Json, std::size_t> applied;
    for (std::size_t i = 0; i < config.size(); ++i) {
        applied.emplace(identity_in(config[i], type), i);
    }
    std::vector<bool> other(live.size(), true);
    std::vector<std::optional<std::size_t>> there(config.size());  // where what is applied is
    for (auto at = live.size(); at-- > 0;) {
        const auto found = applied.find(identity_in(live[at], type));
        if (found != applied.end()) {
            other[at] = false;
            there[found->second] = at;
        }
    }
    std::vector<std::size_t> next(config.size());  // where it is, or else the first one behind it
    for (auto i = config.size(), behind = live.size(); i-- > 0;) {
        next[i] = behind = there[i].value_or(behind);
    }
    Json out = Json::array();
    std::size_t at = 0;
    const auto take_others = [&](std::size_t end) {
        for (; at < end; ++at) {
            if (other[at]) {
                out.push_back(std::move(live[at]));
            }
        }
    };
    for (std::size_t i = 0; i < config.size(); ++i) {
        take_others(next[i] < at ? live.size() : next[i]);
        if (there[i]) {
            merge(live[*there[i]], config[i], *type.of);
        }
        out.push_back(there[i] ? std::move(live[*there[i]]) : config[i]);
    }
    take_others(live.size());
    live = std::move(out);
}

void merge(Json& live, const Json& config, const FieldType& type) {
    if (type.kind == Kind::object && !type.object->atomic) {
        merge_object(live, config, *type.object);
    } else if (type.kind == Kind::map && !type.atomic) {
        if (!live.is_object()) {
            live = Json::object();
        }
        live.update(config);
    } else if (type.kind == Kind::list && (type.set || !type.keys.empty())) {
        merge_items(live, config, type);
    } else {
        live = config;
    }
}

/// The items of a list that keys of a set name, k:{"name":"c"} or v:"a", in no time of the list's
/// length each.
class ItemsByKey {
  public:
    explicit ItemsByKey(const Json& list) : list_(list), gone_(list.size()) {}

    /// The first one that is not gone; nothing where there is none.
    std::optional<std::size_t> find(std::string_view key) {
        const bool value = key.starts_with("v:");
        const auto wanted = value_in_key(key);
        if (!value && !wanted.is_object()) {
            return std::nullopt;
        }
        Names names;
        for (auto at = wanted.begin(); !value && at != wanted.end(); ++at) {
            names.push_back(at.key());
        }
        auto& places = value ? by_value_ : by_names_[names];
        if (!places) {
            places = value ? places_by([](const Json& item) { return item; })
                           : places_by([&](const Json& item) { return parts_of(item, names); });
        }
        const auto found = places->find(value ? wanted : parts_of(wanted, names));
        if (found == places->end()) {
            return std::nullopt;
        }
        auto& left = found->second;
        while (!left.empty() && gone_[left.back()]) {
            left.pop_back();
        }
        return left.empty() ? std::nullopt : std::optional(left.back());
    }
    void remove(std::size_t at) {
        gone_[at] = true;
        some_gone_ = true;
    }
    /// The others, in their order.
    void take_out(Json& list) const {
        if (!some_gone_) {
            return;
        }
        Json left = Json::array();
        for (std::size_t i = 0; i < list.size(); ++i) {
            if (!gone_[i]) {
                left.push_back(std::move(list[i]));
            }
        }
        list = std::move(left);
    }

  private:
    using Names = std::vector<std::string>;
    using Places = std::map<Json, std::vector<std::size_t>>;  // the first one last

    // Null where it is no object, which has no such parts.
    static Json parts_of(const Json& item, const Names& names) {
        if (!item.is_object()) {
            return nullptr;
        }
        Json parts = Json::array();
        for (const auto& name : names) {
            parts.push_back(item.value(name, Json()));
        }
        return parts;
    }
    template <class Identity>
    Places places_by(Identity identity) const {
        Places places;
        for (auto i = list_.size(); i-- > 0;) {
            places[identity(list_[i])].push_back(i);
        }
        return places;
    }

    const Json& list_;
    std::vector<bool> gone_;
    bool some_gone_ = false;
    std::optional<Places> by_value_;
    std::map<Names, std::optional<Places>> by_names_;
};

void remove_fields(Json& value, const FieldSet& set);

void remove_items(Json& list, const FieldSet& set) {
    ItemsByKey items(list);
    for (const auto& [key, inner] : set.items()) {
        if (key == ".") {
            continue;
        }
        const auto found = items.find(key);
        if (found && (inner.empty() || inner.contains("."))) {
            items.remove(*found);
        } else if (found) {
            remove_fields(list[*found], inner);
        }
    }
    items.take_out(list);
}

// Takes out what `set` names.
void remove_fields(Json& value, const FieldSet& set) {
    if (value.is_array()) {
        return remove_items(value, set);
    }
    for (const auto& [key, inner] : set.items()) {
        if (!key.starts_with("f:") || !value.is_object()) {
            continue;
        }
        const auto found = value.find(key.substr(2));
        if (found == value.end()) {
            continue;
        }
        if (!inner.empty()) {
            remove_fields(*found, inner);
        }
        if (inner.empty() || (found->empty() && found->is_structured())) {
            value.erase(found);
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
    if (const auto repeated = repeated_items(config, object_type(type)); !repeated.empty()) {
        return untyped(repeated.size() == 1 ? repeated[0] : "errors:\n  " + join(repeated, "\n  "));
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
    Json wanted = *live;
    merge_object(wanted, *config, type);
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
            of_others = either(std::move(of_others), entry["fieldsV1"]);
            entries.push_back(std::move(entry));
        }
    }
    if (!conflicts.empty() && !forced) {
        return apply_conflict(conflicts);
    }
    Json next = std::move(wanted);
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
