#include "fakes/kube/managed_fields.hpp"

#include <algorithm>
#include <set>
#include <tuple>

#include "core/base/json_text.hpp"
#include "core/base/text.hpp"

namespace meshproof::fakes::kube {
namespace {

using Kind = FieldType::Kind;

FieldSet fields_of_value(const Json& value, const FieldType& type);

FieldSet fields_of_object(const Json& object, const ObjectType& type) {
    FieldSet set = FieldSet::object();
    for (const auto& [key, value] : object.items()) {
        if (const auto* field = type.find(key)) {
            set["f:" + key] = fields_of_value(value, *field);
        }
    }
    return set;
}

std::string item_key(const Json& item, const FieldType& type) {
    if (type.set) {
        return "v:" + item.dump();
    }
    Json keys = Json::object();
    for (const auto& key : type.keys) {
        if (item.contains(key)) {
            keys[key] = item[key];
        } else if (key == "protocol") {  // the one key of our types that has a default
            keys[key] = "TCP";
        }
    }
    return "k:" + keys.dump();
}

bool granular(const FieldType& type) {
    return (type.kind == Kind::map && !type.atomic) ||
           (type.kind == Kind::list && (type.set || !type.keys.empty())) ||
           (type.kind == Kind::object && !type.object->atomic);
}

FieldSet fields_of_value(const Json& value, const FieldType& type) {
    FieldSet set = FieldSet::object();
    if (!granular(type) || value.empty()) {
        return set;
    }
    if (type.kind == Kind::object) {
        return fields_of_object(value, *type.object);
    }
    if (type.kind == Kind::map) {
        for (const auto& [key, item] : value.items()) {
            set["f:" + key] = fields_of_value(item, *type.of);
        }
        return set;
    }
    for (const auto& item : value) {
        auto& entry = set[item_key(item, type)];
        entry = fields_of_value(item, *type.of);
        if (!entry.empty()) {
            entry["."] = FieldSet::object();
        }
    }
    return set;
}

/// Null where the object has no such member.
const Json* found_in(const Json& object, const std::string& key) {
    const auto found = object.find(key);
    return found == object.end() ? nullptr : &*found;
}

/// Nothing where they are the same.
std::optional<FieldSet> changed(const Json& before, const Json& after, const FieldType& type);

// What Go writes of a field that nobody set: structs that are no pointers, and lists without
// omitempty. Null = nothing.
Json unset(std::string_view key, const FieldType& field, const ObjectType& type) {
    constexpr std::string_view structs[] = {
        "metadata", "spec",           "status",          "template",
        "strategy", "updateStrategy", "resources",       "loadBalancer",
        "user",     "nodeInfo",       "daemonEndpoints", "kubeletEndpoint",
        "names",    "acceptedNames",  "source",          "deprecatedSource"};
    if (field.kind == Kind::object) {
        const bool pointer =
            key == "resources" && (type.name == "PodSpec" || type.name == "ContainerStatus");
        const bool written = !pointer && std::ranges::find(structs, key) != std::end(structs);
        return written && !field.object->open ? Json::object() : Json();
    }
    return key == "containers" && !type.open ? Json::array() : Json();
}

// `before` is null where the object itself is new.
FieldSet changed_in_object(const Json& before, const Json& after, const ObjectType& type) {
    FieldSet set = FieldSet::object();
    for (const auto& [key, value] : after.items()) {
        const auto* field = type.find(key);
        if (field == nullptr) {
            continue;
        }
        const auto* held = before.is_object() ? found_in(before, key) : nullptr;
        const Json none = before.is_object() && held == nullptr ? unset(key, *field, type) : Json();
        if (auto inner = changed(held != nullptr ? *held : none, value, *field)) {
            set["f:" + key] = std::move(*inner);
        }
    }
    return set;
}

std::optional<FieldSet> changed(const Json& before, const Json& after, const FieldType& type) {
    if (before == after) {
        return std::nullopt;
    }
    if (!granular(type) || after.empty()) {
        return FieldSet::object();
    }
    if (type.kind == Kind::object) {
        auto set = changed_in_object(before, after, *type.object);
        if (!before.is_object()) {
            set["."] = FieldSet::object();
        }
        return set.empty() ? std::nullopt : std::optional(std::move(set));
    }
    FieldSet set = FieldSet::object();
    const Json none;
    if (type.kind == Kind::map) {
        for (const auto& [key, item] : after.items()) {
            const auto* held = before.is_object() ? found_in(before, key) : nullptr;
            if (auto inner = changed(held != nullptr ? *held : none, item, *type.of)) {
                set["f:" + key] = std::move(*inner);
            }
        }
        if (!before.is_object()) {
            set["."] = FieldSet::object();
        }
        return set.empty() ? std::nullopt : std::optional(std::move(set));
    }
    // By identity: looked for among all, lists of ten thousand took minutes.
    std::map<std::string, const Json*> known;
    for (std::size_t i = 0; before.is_array() && i < before.size(); ++i) {
        known[item_key(before[i], type)] = &before[i];
    }
    for (const auto& item : after) {
        const auto key = item_key(item, type);
        const auto found = known.find(key);
        const auto& old = found == known.end() ? none : *found->second;
        if (auto inner = changed(old, item, *type.of)) {
            auto& entry = set[key];
            entry = std::move(*inner);
            if (old.is_null() && !entry.empty()) {
                entry["."] = FieldSet::object();
            }
        }
    }
    if (!before.is_array()) {
        set["."] = FieldSet::object();
    }
    return set.empty() ? std::nullopt : std::optional(std::move(set));
}

bool member(const FieldSet& node) {
    return node.empty() || node.contains(".");
}

// What the server itself sets, or what names the object, belongs to nobody.
void strip(FieldSet& set) {
    for (const auto* key : {"f:apiVersion", "f:kind"}) {
        set.erase(key);
    }
    if (const auto metadata = set.find("f:metadata"); metadata != set.end()) {
        for (const auto* key :
             {"f:name", "f:namespace", "f:uid", "f:resourceVersion", "f:creationTimestamp",
              "f:generation", "f:managedFields", "f:selfLink"}) {
            metadata->erase(key);
        }
        if (metadata->empty()) {
            set.erase(metadata);
        }
    }
}

// A field that is owned without anything in it is a leaf.
FieldSet as_leaf(FieldSet set) {
    return set.size() == 1 && set.contains(".") ? FieldSet::object() : set;
}

/// Those of `before` that `after`, which is null where there is nothing, lacks. Nothing where it
/// has them all.
std::optional<FieldSet> gone(const Json& before, const Json& after, const FieldType& type);

FieldSet gone_of_object(const Json& before, const Json& after, const ObjectType& type) {
    FieldSet set = FieldSet::object();
    for (const auto& [key, value] : before.items()) {
        const auto* field = type.find(key);
        if (field == nullptr) {
            continue;
        }
        const auto* left = found_in(after, key);
        const Json none = left == nullptr ? unset(key, *field, type) : Json();
        if (auto inner = gone(value, left != nullptr ? *left : none, *field)) {
            set["f:" + key] = std::move(*inner);
        }
    }
    return set;
}

std::optional<FieldSet> gone(const Json& before, const Json& after, const FieldType& type) {
    if (after.is_null()) {
        return changed(after, before, type);
    }
    if (before == after || !granular(type) || before.type() != after.type()) {
        return std::nullopt;
    }
    FieldSet set = FieldSet::object();
    const Json none;
    if (type.kind == Kind::object) {
        set = gone_of_object(before, after, *type.object);
    } else if (type.kind == Kind::map) {
        for (const auto& [key, item] : before.items()) {
            const auto* left = found_in(after, key);
            if (auto inner = gone(item, left != nullptr ? *left : none, *type.of)) {
                set["f:" + key] = std::move(*inner);
            }
        }
    } else {
        std::map<std::string, const Json*> left;
        for (const auto& item : after) {
            left[item_key(item, type)] = &item;
        }
        for (const auto& item : before) {
            const auto key = item_key(item, type);
            const auto found = left.find(key);
            if (auto inner = gone(item, found == left.end() ? none : *found->second, *type.of)) {
                set[key] = std::move(*inner);
            }
        }
    }
    return set.empty() ? std::nullopt : std::optional(std::move(set));
}

// Whether a key of a set says what it is of: f:name, k:{...}, v:value, i:index.
bool readable_key(const std::string& key) {
    if (key.starts_with("i:")) {
        return number(key.substr(2)).has_value();
    }
    if (key.starts_with("k:") || key.starts_with("v:")) {
        const auto text = key.substr(2);
        return !too_deep(text) && Json::accept(text) &&
               (key.front() == 'v' || value_in_key(key).is_object());
    }
    return key.starts_with("f:");
}

/// A caller's set as Go reads it, and writes it again. Nothing where it is none.
std::optional<FieldSet> read_set(const Json& given) {
    if (given.empty()) {  // null, [] and {}
        return FieldSet::object();
    }
    if (!given.is_object()) {
        return std::nullopt;
    }
    FieldSet out = FieldSet::object();
    for (const auto& [key, inner] : given.items()) {
        if (key == ".") {
            out[key] = FieldSet::object();
            continue;
        }
        auto read = readable_key(key) ? read_set(inner) : std::nullopt;
        if (!read) {
            return std::nullopt;
        }
        out[key] = std::move(*read);
    }
    return as_leaf(std::move(out));
}

/// As a part of a path: ".name", "[name=\"c\"]", "[=\"a\"]".
std::string shown_key(std::string_view key) {
    if (key.starts_with("f:")) {
        return fmt::format(".{}", key.substr(2));
    }
    if (key.starts_with("v:")) {
        return fmt::format("[={}]", key.substr(2));
    }
    std::vector<std::string> parts;
    const Json parsed = value_in_key(key);
    for (const auto& [name, value] : parsed.items()) {
        parts.push_back(name + "=" + value.dump());
    }
    return "[" + join(parts, ",") + "]";
}

void add_paths(const FieldSet& set, const std::string& prefix, std::vector<std::string>& out) {
    for (const auto& [key, inner] : set.items()) {
        if (key == ".") {
            continue;
        }
        const auto path = prefix + shown_key(key);
        if (member(inner)) {
            out.push_back(path);
        }
        add_paths(inner, path, out);
    }
}

// With what Go has in the place of a key that is not said; "" where that leaves none.
std::string whole_key(const Json& item, const FieldType& type) {
    if (type.set) {
        return item_key(item, type);
    }
    const bool of_go = type.of->kind == Kind::object && !type.of->object->open;
    Json said = Json::object();
    for (const auto& key : type.keys) {
        const auto* its = of_go && key != "protocol" ? type.of->object->find(key) : nullptr;
        if (item.contains(key)) {
            said[key] = item[key];
        } else if (its != nullptr) {
            said[key] = its->kind == Kind::text ? Json("") : Json(0);
        }
    }
    auto key = item_key(said, type);
    return key == "k:{}" ? "" : key;
}

void find_repeated(const Json& value, const FieldType& type, const std::string& path,
                   std::vector<std::string>& out) {
    if (type.kind == Kind::list) {
        std::set<std::string> seen;
        for (const auto& item : value) {
            const auto key = whole_key(item, type);
            if (!key.empty() && !seen.insert(key).second && out.size() < most_told_causes) {
                out.push_back(
                    fmt::format("{}: duplicate entries for key {}", path, shown_key(key)));
            }
        }
    }
    const auto look = [&](const std::string& key, const Json& item, const FieldType* its) {
        if (its != nullptr && granular(*its) && item.is_structured()) {
            find_repeated(item, *its, path + shown_key(key), out);
        }
    };
    if (value.is_object()) {
        for (const auto& [name, item] : value.items()) {
            look("f:" + name, item,
                 type.kind == Kind::object ? type.object->find(name) : type.of.get());
        }
        return;
    }
    for (const auto& item : value) {
        look(item_key(item, type), item, type.of.get());
    }
}

}  // namespace

std::vector<std::string> repeated_items(const Json& object, const ObjectType& type) {
    FieldType whole;
    whole.kind = Kind::object;
    whole.object = &type;
    std::vector<std::string> out;
    find_repeated(object, whole, "", out);
    return out;
}

FieldSet fields_of(const Json& object, const ObjectType& type) {
    auto set = fields_of_object(object, type);
    strip(set);
    return set;
}

FieldSet changed_fields(const Json& before, const Json& after, const ObjectType& type) {
    auto set = changed_in_object(before, after, type);
    strip(set);
    return set;
}

FieldSet without(const FieldSet& set, const FieldSet& less) {
    FieldSet out = FieldSet::object();
    for (const auto& [key, inner] : set.items()) {
        const auto other = less.find(key);
        if (other == less.end()) {
            out[key] = inner;
            continue;
        }
        auto rest = without(inner, *other);
        const bool stays = member(inner) && !member(*other);
        if (stays && inner.empty()) {
            out[key] = FieldSet::object();
        } else if (!rest.empty()) {
            out[key] = as_leaf(std::move(rest));
        }
    }
    return out;
}

FieldSet both(const FieldSet& a, const FieldSet& b) {
    FieldSet out = FieldSet::object();
    for (const auto& [key, inner] : a.items()) {
        const auto other = b.find(key);
        if (other == b.end()) {
            continue;
        }
        auto common = both(inner, *other);
        if (!common.empty() || (member(inner) && member(*other))) {
            out[key] = std::move(common);
        }
    }
    return out;
}

FieldSet either(FieldSet a, const FieldSet& b) {
    for (const auto& [key, inner] : b.items()) {
        const auto there = a.find(key);
        if (there == a.end()) {
            a[key] = inner;
            continue;
        }
        const bool dot = (member(*there) || member(inner));
        auto joined = either(std::move(*there), inner);
        if (dot && !joined.empty()) {
            joined["."] = FieldSet::object();
        }
        *there = as_leaf(std::move(joined));
    }
    return a;
}

Json value_in_key(std::string_view key) {
    const auto text = key.substr(2);
    return too_deep(text) ? Json() : Json::parse(text);
}

std::vector<std::string> paths_of(const FieldSet& set) {
    std::vector<std::string> out;
    add_paths(set, "", out);
    return out;
}

std::string field_manager(const ApiCall& call) {
    if (auto named = call.info.param("fieldManager"); !named.empty()) {
        return named;
    }
    const auto agent = call.request.headers.find("User-Agent").value_or("");
    const auto word = agent.substr(0, agent.find('/'));
    return word.empty() ? "unknown" : word;
}

std::optional<Json> read_managers(Json entries) {
    for (auto& entry : entries) {
        const auto operation = text_at(entry, "/operation");
        auto set = read_set(entry.value("fieldsV1", FieldSet::object()));
        if ((operation != "Apply" && operation != "Update") ||
            text_at(entry, "/apiVersion").empty() || text_at(entry, "/fieldsType") != "FieldsV1" ||
            !set) {
            return std::nullopt;
        }
        entry["fieldsV1"] = std::move(*set);
    }
    return entries;
}

Json manager_entry(const Clock& clock, const ManagerOf& manager, FieldSet set) {
    Json entry = {{"manager", manager.name},           {"operation", "Update"},
                  {"apiVersion", manager.api_version}, {"time", rfc3339(clock.now())},
                  {"fieldsType", "FieldsV1"},          {"fieldsV1", std::move(set)}};
    if (!manager.subresource.empty()) {
        entry["subresource"] = manager.subresource;
    }
    return entry;
}

void sort_managers(Json& entries) {
    const auto rank = [](const Json& entry) {
        return std::tuple(text_at(entry, "/operation"), text_at(entry, "/time"),
                          text_at(entry, "/manager"), text_at(entry, "/apiVersion"),
                          text_at(entry, "/subresource"));
    };
    std::ranges::sort(entries.get_ref<Json::array_t&>(), {}, rank);
}

Json before_admission(Json pod, const Json& given) {
    auto& spec = pod["spec"];
    for (const auto* admitted : {"priority", "preemptionPolicy", "tolerations"}) {
        if (!given.contains(admitted) || given[admitted].empty()) {
            spec.erase(admitted);
        }
    }
    if (!given.contains("serviceAccountName") && !given.contains("serviceAccount")) {
        spec.erase("serviceAccountName");
        spec.erase("serviceAccount");
    }
    restore_disabled_fields(given, spec);
    return pod;
}

void note_creation(const Clock& clock, const ResourceType& type, Json& object,
                   const std::string& manager) {
    auto set = changed_fields(Json::object(), object, object_type(type));
    set.erase("f:status");
    if (!set.empty()) {
        object["metadata"]["managedFields"] =
            Json::array({manager_entry(clock, {manager, type.api_version(), ""}, std::move(set))});
    }
}

void note_update(const ApiState& api, const ApiCall& call, const Json& before, Json& after) {
    note_update(api, {field_manager(call), call.type->api_version(), call.info.subresource}, before,
                after, object_type(*call.type));
}

void note_update(const ApiState& api, const ManagerOf& manager, const Json& before, Json& after,
                 const ObjectType& type) {
    auto& metadata = after["metadata"];
    auto entries = metadata.value("managedFields", Json::array());
    if (entries.empty() && !before.empty()) {
        metadata.erase("managedFields");  // nobody is noted until the first apply
        return;
    }
    auto changed = changed_fields(before, after, type);
    if (entries.empty()) {  // nobody shares them: as of nearly all that is created
        if (!changed.empty()) {
            metadata["managedFields"] = Json::array();
            metadata["managedFields"].push_back(
                manager_entry(api.clock, manager, std::move(changed)));
        }
        return;
    }
    // What an object never had stays owned, as what was dropped of a creation.
    const auto removed = gone_of_object(before, after, type);
    Json kept = Json::array();
    FieldSet own = changed;
    bool found = false;
    for (auto& entry : entries) {
        const bool ours = text_at(entry, "/manager") == manager.name &&
                          text_at(entry, "/operation") == "Update" &&
                          text_at(entry, "/subresource") == manager.subresource;
        auto set = without(without(entry.value("fieldsV1", FieldSet::object()),
                                   ours ? FieldSet::object() : changed),
                           removed);
        if (ours) {
            found = true;
            own = either(std::move(own), set);
            set = own;
        }
        if (set.empty()) {
            continue;
        }
        if (ours && !changed.empty()) {
            entry["time"] = rfc3339(api.clock.now());
        }
        entry["fieldsV1"] = std::move(set);
        kept.push_back(std::move(entry));
    }
    if (!found && !own.empty()) {
        kept.push_back(manager_entry(api.clock, manager, std::move(own)));
    }
    if (kept.empty()) {
        metadata.erase("managedFields");
    } else {
        sort_managers(kept);
        metadata["managedFields"] = std::move(kept);
    }
}

}  // namespace meshproof::fakes::kube
