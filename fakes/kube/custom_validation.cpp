// Structural schemas: defaults, and what go-openapi's validator says of values.
#include <cmath>
#include <map>
#include <set>

#include "core/base/text.hpp"
#include "fakes/kube/custom_resources.hpp"

namespace meshproof::fakes::kube {
namespace {

std::string member_path(const std::string& path, const std::string& key) {
    return path.empty() ? key : path + "." + key;
}

/// A part of a schema, in its place: copies of all that is below it would add up.
const Json& part_of(const Json& schema, const char* key) {
    static const Json none;
    const auto found = schema.find(key);
    return found == schema.end() ? none : *found;
}

// As k8s.io/apiextensions-apiserver's defaulting: a null that may not be one counts as absent. For
// as long as there is `room`: a large default of each of many items would be gigabytes, and what
// has so much is too large to be kept.
void fill_defaults(Json& value, const Json& schema, std::size_t& room) {
    if (!schema.is_object()) {
        return;
    }
    if (value.is_array() && schema.contains("items")) {
        for (auto& item : value) {
            fill_defaults(item, schema["items"], room);
        }
        return;
    }
    if (!value.is_object()) {
        return;
    }
    const auto& properties = part_of(schema, "properties");
    for (const auto& [key, inner] : properties.items()) {
        const bool has_default = inner.is_object() && inner.contains("default");
        const bool absent =
            !value.contains(key) || (value[key].is_null() && !inner.value("nullable", false));
        if (has_default && absent) {
            const auto weight = weight_of(inner["default"]);
            if (weight > room) {
                room = 0;
                return;
            }
            room -= weight;
            value[key] = inner["default"];
        }
        if (value.contains(key)) {
            fill_defaults(value[key], inner, room);
        }
    }
    const auto more = schema.find("additionalProperties");
    if (more != schema.end() && more->is_object()) {
        for (auto& [key, inner] : value.items()) {
            if (!properties.contains(key)) {
                fill_defaults(inner, *more, room);
            }
        }
    }
}

std::string_view openapi_kind(const Json& value) {
    switch (value.type()) {
        case Json::value_t::string:
            return "string";
        case Json::value_t::boolean:
            return "boolean";
        case Json::value_t::array:
            return "array";
        case Json::value_t::object:
            return "object";
        case Json::value_t::number_float:
            return "number";
        case Json::value_t::null:
            return "null";
        default:
            return "integer";
    }
}

bool of_kind(const Json& value, const std::string& kind) {
    if (kind == "integer") {
        const bool whole =
            value.is_number_float() && std::trunc(value.get<double>()) == value.get<double>();
        return value.is_number_integer() || whole;
    }
    if (kind == "number") {
        return value.is_number();
    }
    return kind.empty() || openapi_kind(value) == kind;
}

/// What is wrong with one value, told of the field at `path`.
class CustomFaults {
  public:
    CustomFaults(const std::string& path, std::vector<Cause>& faults)
        : path_(path), faults_(faults) {}

    void of_kind(const Json& value, std::string_view wanted) {
        add("FieldValueTypeInvalid",
            fmt::format("Invalid value: \"{0}\": {1} in body must be of type {2}: \"{0}\"",
                        openapi_kind(value), path_, wanted));
    }
    void should(const Json& value, std::string_view what) {
        add("FieldValueInvalid",
            fmt::format("Invalid value: {}: {} in body should {}", value.dump(), path_, what));
    }
    void add(std::string_view reason, std::string message) {
        faults_.push_back({path_, std::string(reason), std::move(message)});
    }
    void too_many(std::size_t count, std::size_t most) {
        add("FieldValueTooMany",
            fmt::format("Too many: {}: must have at most {} items", count, most));
    }

  private:
    const std::string& path_;
    std::vector<Cause>& faults_;
};

void check_value(const Json& value, const Json& schema, const std::string& path,
                 std::vector<Cause>& faults);

void check_number(const Json& value, const Json& schema, CustomFaults& fault) {
    const auto number = value.get<double>();
    if (const auto most = schema.find("maximum"); most != schema.end()) {
        const bool open = schema.value("exclusiveMaximum", false);
        if (number > most->get<double>() || (open && number == most->get<double>())) {
            fault.should(
                value, fmt::format("be less than {}{}", open ? "" : "or equal to ", most->dump()));
        }
    }
    if (const auto least = schema.find("minimum"); least != schema.end()) {
        const bool open = schema.value("exclusiveMinimum", false);
        if (number < least->get<double>() || (open && number == least->get<double>())) {
            fault.should(value, fmt::format("be greater than {}{}", open ? "" : "or equal to ",
                                            least->dump()));
        }
    }
    if (const auto factor = schema.find("multipleOf");
        factor != schema.end() && std::fmod(number, factor->get<double>()) != 0) {
        fault.should(value, fmt::format("be a multiple of {}", factor->dump()));
    }
}

void check_text(const Json& value, const Json& schema, CustomFaults& fault) {
    const auto& text = value.get_ref<const std::string&>();
    const auto length = static_cast<std::size_t>(std::ranges::count_if(
        text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U; }));
    if (const auto most = schema.find("maxLength");
        most != schema.end() && length > most->get<std::size_t>()) {
        fault.add("FieldValueTooLong",
                  fmt::format("Too long: may not be more than {} bytes", most->dump()));
    }
    if (const auto least = schema.find("minLength");
        least != schema.end() && length < least->get<std::size_t>()) {
        fault.should(value, fmt::format("be at least {} chars long", least->dump()));
    }
}

// Items of a set, or of a list with keys, that are there twice.
void check_twins(const Json& list, const Json& schema, const std::string& path,
                 std::vector<Cause>& faults) {
    const auto kind = schema.value("x-kubernetes-list-type", "");
    if (kind != "set" && kind != "map") {
        return;
    }
    const auto names = schema.value("x-kubernetes-list-map-keys", std::vector<std::string>());
    std::set<Json> seen;
    std::size_t index = 0;
    for (const auto& item : list) {
        const auto at = fmt::format("{}[{}]", path, index++);
        Json identity = item;
        if (kind == "map") {
            identity = Json::object();
            for (const auto& name : names) {
                if (item.is_object() && item.contains(name)) {
                    identity[name] = item[name];
                }
            }
        }
        if (!seen.insert(identity).second) {
            faults.push_back(
                {at, "FieldValueDuplicate", fmt::format("Duplicate value: {}", identity.dump())});
        }
    }
}

void check_list(const Json& list, const Json& schema, const std::string& path,
                std::vector<Cause>& faults) {
    CustomFaults fault(path, faults);
    if (const auto most = schema.find("maxItems");
        most != schema.end() && list.size() > most->get<std::size_t>()) {
        fault.too_many(list.size(), most->get<std::size_t>());
    }
    if (const auto least = schema.find("minItems");
        least != schema.end() && list.size() < least->get<std::size_t>()) {
        fault.should(list.size(), fmt::format("have at least {} items", least->dump()));
    }
    if (const auto items = schema.find("items"); items != schema.end()) {
        std::size_t index = 0;
        for (const auto& item : list) {
            check_value(item, *items, fmt::format("{}[{}]", path, index++), faults);
        }
    }
}

void check_members(const Json& object, const Json& schema, const std::string& path,
                   std::vector<Cause>& faults) {
    CustomFaults fault(path, faults);
    if (const auto most = schema.find("maxProperties");
        most != schema.end() && object.size() > most->get<std::size_t>()) {
        fault.too_many(object.size(), most->get<std::size_t>());
    }
    if (const auto least = schema.find("minProperties");
        least != schema.end() && object.size() < least->get<std::size_t>()) {
        fault.should(object.size(), fmt::format("have at least {} properties", least->dump()));
    }
    const auto& properties = part_of(schema, "properties");
    const auto more = schema.find("additionalProperties");
    for (const auto& [key, value] : object.items()) {
        if (properties.contains(key)) {
            check_value(value, properties[key], member_path(path, key), faults);
        } else if (more != schema.end() && more->is_object()) {
            check_value(value, *more, member_path(path, key), faults);
        }
    }
    for (const auto& required : part_of(schema, "required")) {
        const auto& name = required.get_ref<const std::string&>();
        if (!object.contains(name)) {
            faults.push_back({member_path(path, name), "FieldValueRequired", "Required value"});
        }
    }
}

void check_value(const Json& value, const Json& schema, const std::string& path,
                 std::vector<Cause>& faults) {
    if (!schema.is_object() || enough(faults) ||
        (value.is_null() && schema.value("nullable", false))) {
        return;
    }
    CustomFaults fault(path, faults);
    if (schema.value("x-kubernetes-int-or-string", false)) {
        if (!value.is_string() && !of_kind(value, "integer")) {
            fault.of_kind(value, "integer,string");
        }
        return;
    }
    const auto kind = schema.value("type", "");
    if (!of_kind(value, kind)) {
        fault.of_kind(value, kind);
        return;
    }
    if (value.is_number()) {
        check_number(value, schema, fault);
    } else if (value.is_string()) {
        check_text(value, schema, fault);
    } else if (value.is_array()) {
        check_list(value, schema, path, faults);
    } else if (value.is_object()) {
        check_members(value, schema, path, faults);
    }
    if (const auto allowed = schema.find("enum");
        allowed != schema.end() && std::ranges::find(*allowed, value) == allowed->end()) {
        std::vector<std::string> words;
        for (const auto& one : *allowed) {
            words.push_back(one.dump());
        }
        fault.add("FieldValueNotSupported",
                  fmt::format("Unsupported value: {}: supported values: {}", value.dump(),
                              join(words, ", ")));
    }
}

// Told after all others, as the API server does.
void check_all_twins(const Json& value, const Json& schema, const std::string& path,
                     std::vector<Cause>& faults) {
    if (!schema.is_object()) {
        return;
    }
    if (value.is_array()) {
        check_twins(value, schema, path, faults);
        std::size_t index = 0;
        for (const auto& item : value) {
            check_all_twins(item, part_of(schema, "items"), fmt::format("{}[{}]", path, index++),
                            faults);
        }
    } else if (value.is_object()) {
        const auto& properties = part_of(schema, "properties");
        const auto& more = part_of(schema, "additionalProperties");
        for (const auto& [key, inner] : value.items()) {
            check_all_twins(inner, properties.contains(key) ? properties[key] : more,
                            member_path(path, key), faults);
        }
    }
}

}  // namespace

void complete_custom(const ResourceType& type, Json& object, std::vector<Cause>& faults) {
    const auto& schema = type.custom->schema;
    std::size_t room = 16U << 20;
    fill_defaults(object, schema, room);
    check_value(object, schema, "", faults);
    check_all_twins(object, schema, "", faults);
}

}  // namespace meshproof::fakes::kube
