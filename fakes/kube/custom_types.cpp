#include "fakes/kube/custom_types.hpp"

#include <algorithm>
#include <charconv>
#include <map>
#include <tuple>

#include "core/base/text.hpp"

namespace meshproof::fakes::kube {
namespace {

using Kind = FieldType::Kind;

/// v2 before v1 before v1beta2 before v1alpha1 before what is named otherwise: Kubernetes'
/// version.CompareKubeAwareVersionStrings, negated.
std::tuple<int, int, int> rank_of(std::string_view version) {
    const auto* end = version.data() + version.size();
    int major = 0;
    if (version.size() < 2 || version[0] != 'v') {
        return {};
    }
    const auto read = std::from_chars(version.data() + 1, end, major);
    if (read.ec != std::errc()) {
        return {};
    }
    const std::string_view rest(read.ptr, static_cast<std::size_t>(end - read.ptr));
    if (rest.empty()) {
        return {3, major, 0};
    }
    const int stage = rest.starts_with("beta") ? 2 : rest.starts_with("alpha") ? 1 : 0;
    const auto word = stage == 2 ? std::size_t{4} : std::size_t{5};
    int minor = 0;
    if (stage == 0 || rest.size() <= word ||
        std::from_chars(rest.data() + word, end, minor).ptr != end) {
        return {};
    }
    return {stage, major, minor};
}

bool keeps_unknown(const Json& schema) {
    return schema.value("x-kubernetes-preserve-unknown-fields", false);
}

FieldType custom_field(CustomVersion& version, const Json& schema, const std::string& name);

const ObjectType& custom_object(CustomVersion& version, const Json& schema,
                                const std::string& name) {
    auto& type = version.object_types.emplace_back();
    type.name = name;
    type.open = true;
    type.atomic = schema.value("x-kubernetes-map-type", "") == "atomic";
    // In its place, as the items below: copies of all that is below would add up.
    static const Json none = Json::object();
    const auto said = schema.find("properties");
    const auto& properties = said == schema.end() ? none : *said;
    for (const auto& [field, inner] : properties.items()) {
        type.fields.emplace_back(field, custom_field(version, inner, field));
    }
    return type;
}

FieldType custom_list(CustomVersion& version, const Json& schema, const std::string& name) {
    FieldType type;
    type.kind = Kind::list;
    static const Json anything = Json::object();
    const auto items = schema.find("items");
    type.of = std::make_shared<FieldType>(
        custom_field(version, items == schema.end() ? anything : *items, name));
    const auto list_type = schema.value("x-kubernetes-list-type", "");
    type.set = list_type == "set";
    if (list_type == "map") {
        type.keys = schema.value("x-kubernetes-list-map-keys", std::vector<std::string>());
    }
    return type;
}

FieldType custom_field(CustomVersion& version, const Json& schema, const std::string& name) {
    static const std::pair<std::string_view, Kind> scalar_kinds[] = {{"string", Kind::text},
                                                                     {"integer", Kind::int64},
                                                                     {"number", Kind::number},
                                                                     {"boolean", Kind::boolean}};
    FieldType type;
    if (!schema.is_object()) {
        return type;
    }
    if (schema.value("x-kubernetes-int-or-string", false)) {
        type.kind = Kind::int_or_string;
        return type;
    }
    const auto word = schema.value("type", "");
    const auto* scalar =
        std::ranges::find(scalar_kinds, word, &std::pair<std::string_view, Kind>::first);
    if (scalar != std::end(scalar_kinds)) {
        type.kind = scalar->second;
    } else if (word == "array") {
        type = custom_list(version, schema, name);
    } else if (word == "object" && schema.contains("properties") && !keeps_unknown(schema)) {
        type.kind = Kind::object;
        type.object = &custom_object(version, schema, name);
    } else if (word == "object" && schema.contains("additionalProperties") &&
               schema["additionalProperties"].is_object()) {
        type.kind = Kind::map;
        type.of = std::make_shared<FieldType>(
            custom_field(version, schema["additionalProperties"], name));
        type.atomic = schema.value("x-kubernetes-map-type", "") == "atomic";
    }
    return type;
}

/// What every object has, whatever its schema says.
void make_fields(CustomVersion& version, const std::string& kind) {
    version.object_types.clear();
    auto schema = version.schema;
    for (const auto* own : {"apiVersion", "kind", "metadata"}) {
        if (schema.contains("properties")) {
            schema["properties"].erase(own);
        }
    }
    (void)custom_object(version, schema, kind);
    auto& root = version.object_types.front();
    root.open = false;
    FieldType text, metadata;
    text.kind = Kind::text;
    metadata.kind = Kind::object;
    metadata.object = &object_type("ObjectMeta");
    root.fields.emplace_back("apiVersion", text);
    root.fields.emplace_back("kind", text);
    root.fields.emplace_back("metadata", metadata);
    version.fields = &root;
}

void prune(Json& value, const Json& schema, const std::string& path, bool root,
           std::vector<std::string>& unknown);

void prune_object(Json& value, const Json& schema, const std::string& path, bool root,
                  std::vector<std::string>& unknown) {
    const bool whole = root || schema.value("x-kubernetes-embedded-resource", false);
    const Json none = Json::object();
    const auto properties = schema.find("properties");
    const auto more = schema.find("additionalProperties");
    for (auto at = value.begin(); at != value.end();) {
        const auto& key = at.key();
        const auto here = path.empty() ? key : path + "." + key;
        if (whole && (key == "apiVersion" || key == "kind" || key == "metadata")) {
            ++at;
        } else if (properties != schema.end() && properties->contains(key)) {
            prune(*at, (*properties)[key], here, false, unknown);
            ++at;
        } else if (more != schema.end() && more->is_object()) {
            prune(*at, *more, here, false, unknown);
            ++at;
        } else if ((more != schema.end() && *more == Json(true)) || keeps_unknown(schema)) {
            ++at;
        } else {
            unknown.push_back(here);
            at = value.erase(at);
        }
    }
}

// Takes out what the schema does not know, as the structural schema's pruning.Prune.
void prune(Json& value, const Json& schema, const std::string& path, bool root,
           std::vector<std::string>& unknown) {
    if (!schema.is_object()) {
        return;
    }
    if (value.is_object()) {
        prune_object(value, schema, path, root, unknown);
    } else if (value.is_array() && schema.contains("items")) {
        std::size_t index = 0;
        for (auto& item : value) {
            prune(item, schema["items"], fmt::format("{}[{}]", path, index++), false, unknown);
        }
    }
}

struct Renamed {
    const char *core, *newer;
};
// As pkg/apis/events/v1/conversion.go.
constexpr Renamed event_fields[] = {{"involvedObject", "regarding"},
                                    {"message", "note"},
                                    {"source", "deprecatedSource"},
                                    {"firstTimestamp", "deprecatedFirstTimestamp"},
                                    {"lastTimestamp", "deprecatedLastTimestamp"},
                                    {"count", "deprecatedCount"},
                                    {"reportingComponent", "reportingController"}};

}  // namespace

void CustomTypes::serve(const Json& definition) {
    const auto& spec = definition.at("spec");
    const auto& names = spec.at("names");
    const auto name = definition.at("metadata").at("name").get<std::string>();
    auto found = std::ranges::find(live_, name, [](const auto& one) { return one->definition; });
    if (found == live_.end()) {
        live_.push_back(std::make_unique<CustomResource>());
        found = std::prev(live_.end());
    }
    auto& resource = **found;
    resource.definition = name;
    resource.group = spec.value("group", "");
    resource.plural = names.value("plural", "");
    resource.singular = names.value("singular", "");
    resource.kind = names.value("kind", "");
    resource.short_names = join(names.value("shortNames", std::vector<std::string>()), " ");
    std::map<std::string, std::unique_ptr<CustomVersion>, std::less<>> before;
    for (auto& version : resource.versions) {
        before[version->name] = std::move(version);
    }
    resource.versions.clear();
    for (const auto& said : spec.at("versions")) {
        const auto version_name = said.value("name", "");
        auto& old = before[version_name];
        auto version = old ? std::move(old) : std::make_unique<CustomVersion>();
        version->name = version_name;
        version->list_kind = names.value("listKind", resource.kind + "List");
        version->schema = said.value(Json::json_pointer("/schema/openAPIV3Schema"), Json::object());
        if (version->schema.contains("properties")) {
            version->schema["properties"].erase("metadata");  // every kind's is the same
        }
        version->columns = said.value("additionalPrinterColumns", Json::array());
        version->categories = names.value("categories", Json::array());
        version->served = said.value("served", false);
        version->has_status = said.contains(Json::json_pointer("/subresources/status"));
        make_fields(*version, resource.kind);
        version->type = {resource.group,
                         version->name,
                         resource.plural,
                         resource.singular,
                         resource.kind,
                         resource.short_names,
                         spec.value("scope", "") == "Namespaced",
                         true,
                         version.get(),
                         &resource.kept};
        if (said.value("storage", false)) {
            resource.kept = version->type;
            resource.kept.kept_as = nullptr;
        }
        resource.versions.push_back(std::move(version));
    }
    for (auto& [version_name, left] : before) {
        if (left) {
            gone_versions_.push_back(std::move(left));
        }
    }
}

void CustomTypes::withdraw(const std::string& definition) {
    const auto found =
        std::ranges::find(live_, definition, [](const auto& one) { return one->definition; });
    if (found != live_.end()) {
        gone_.push_back(std::move(*found));
        live_.erase(found);
    }
}

const ResourceType* CustomTypes::find(std::string_view group, std::string_view version,
                                      std::string_view plural) const {
    for (const auto& resource : live_) {
        if (resource->group != group || resource->plural != plural) {
            continue;
        }
        for (const auto& one : resource->versions) {
            if (one->served && one->name == version) {
                return &one->type;
            }
        }
    }
    return nullptr;
}

std::vector<const ResourceType*> CustomTypes::served() const {
    std::vector<const ResourceType*> types;
    for (const auto& resource : live_) {
        for (const auto& version : resource->versions) {
            if (version->served) {
                types.push_back(&version->type);
            }
        }
    }
    std::ranges::sort(types, [](const auto* a, const auto* b) {
        if (a->group != b->group || a->version == b->version) {
            return std::tie(a->group, a->plural) < std::tie(b->group, b->plural);
        }
        const auto its = rank_of(a->version);
        const auto other = rank_of(b->version);
        return its != other ? its > other : a->version < b->version;
    });
    return types;
}

std::vector<const ResourceType*> CustomTypes::kept() const {
    std::vector<const ResourceType*> types;
    for (const auto& resource : live_) {
        types.push_back(&resource->kept);
    }
    return types;
}

const ResourceType* CustomTypes::kept(const std::string& definition) const {
    const auto found =
        std::ranges::find(live_, definition, [](const auto& one) { return one->definition; });
    return found == live_.end() ? nullptr : &(*found)->kept;
}

std::vector<const ResourceType*> served_types(const CustomTypes& custom) {
    std::vector<const ResourceType*> types;
    for (const auto& type : all_types()) {
        types.push_back(&type);
    }
    for (const auto* type : custom.served()) {
        types.push_back(type);
    }
    return types;
}

std::vector<const ResourceType*> kept_types(const CustomTypes& custom) {
    std::vector<const ResourceType*> types;
    for (const auto& type : all_types()) {
        if (type.stored && &kept_type(type) == &type) {
            types.push_back(&type);
        }
    }
    for (const auto* type : custom.kept()) {
        types.push_back(type);
    }
    return types;
}

const ResourceType* find_type(const CustomTypes& custom, std::string_view group,
                              std::string_view version, std::string_view plural) {
    const auto own = all_types();
    const auto found = std::ranges::find_if(own, [&](const ResourceType& type) {
        return type.group == group && type.version == version && type.plural == plural;
    });
    return found == own.end() ? custom.find(group, version, plural) : &*found;
}

const ObjectType& object_type(const ResourceType& type) {
    if (type.custom != nullptr) {
        return *type.custom->fields;
    }
    return object_type(&type == &type::new_events ? "EventsEvent" : type.kind);
}

tl::expected<std::vector<std::string>, Mismatch> conform(Json& object, const ResourceType& type,
                                                         const std::vector<std::string>& order) {
    if (type.custom == nullptr) {
        return conform(object, object_type(type), order);
    }
    std::vector<std::string> unknown;
    const auto metadata = object.find("metadata");
    if (metadata != object.end() && metadata->is_null()) {
        object.erase(metadata);
    } else if (metadata != object.end()) {
        if (!metadata->is_object()) {
            return tl::unexpected(
                Mismatch{"json: cannot unmarshal the metadata into Go value of type "
                         "v1.ObjectMeta"});
        }
        auto conformed = conform_at(*metadata, object_type("ObjectMeta"), "metadata", order);
        if (!conformed) {
            return conformed;
        }
        unknown = std::move(*conformed);
    }
    prune(object, type.custom->schema, "", true, unknown);
    std::ranges::sort(unknown);
    return unknown;
}

Json converted(Json object, const ResourceType& from, const ResourceType& to) {
    if (&from == &to) {
        return object;
    }
    object["apiVersion"] = to.api_version();
    const bool newer = &to == &type::new_events;
    if (!newer && &from != &type::new_events) {
        return object;
    }
    for (const auto& [core, its] : event_fields) {
        const auto field = object.find(newer ? core : its);
        if (field != object.end()) {
            Json value = std::move(*field);
            object.erase(field);
            object[newer ? its : core] = std::move(value);
        }
    }
    // Go leaves them out where they are empty in the one, and not in the other.
    for (const auto* text :
         {newer ? "reportingController" : "reportingComponent", "reportingInstance"}) {
        if (newer && object.value(text, "").empty()) {
            object.erase(text);
        } else if (!newer && !object.contains(text)) {
            object[text] = "";
        }
    }
    return object;
}

}  // namespace meshproof::fakes::kube
