#include "fakes/kube/schema.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "core/base/assert.hpp"
#include "core/base/text.hpp"
#include "core/time/time.hpp"
#include "fakes/kube/go_text.hpp"
#include "fakes/kube/quantity.hpp"

namespace meshproof::fakes::kube {

extern const std::string_view schema_text, named_texts;

namespace {

using Kind = FieldType::Kind;

struct Schema {
    std::vector<std::unique_ptr<ObjectType>> types;
    std::map<std::string, ObjectType*, std::less<>> by_name;
};

struct Scalar {
    std::string_view word, go;
    Kind kind;
};
constexpr Scalar scalars[] = {
    {"string", "string", Kind::text},
    {"time", "v1.Time", Kind::time},
    {"bytes", "[]uint8", Kind::bytes},
    {"quantity", "resource.Quantity", Kind::quantity},
    {"int-or-string", "intstr.IntOrString", Kind::int_or_string},
    {"int32", "int32", Kind::int32},
    {"int64", "int64", Kind::int64},
    {"number", "float64", Kind::number},
    {"bool", "bool", Kind::boolean},
    {"any", "map[string]interface {}", Kind::any},
};

ObjectType& type_named(Schema& schema, const std::string& name) {
    auto& entry = schema.by_name[name];
    if (entry == nullptr) {
        schema.types.push_back(std::make_unique<ObjectType>());
        entry = schema.types.back().get();
        entry->name = name;
    }
    return *entry;
}

FieldType field_type(Schema& schema, std::string_view text) {
    FieldType type;
    if (text.starts_with('{')) {
        const auto end = text.find('}');
        type.kind = Kind::map;
        type.atomic = text[1] == '!';
        type.of = std::make_shared<FieldType>(field_type(schema, text.substr(end + 1)));
        type.of->milli = type.of->kind == Kind::quantity;
        return type;
    }
    if (text.starts_with('[')) {
        const auto end = text.find(']');
        const auto words = split(std::string(text.substr(1, end - 1)), ' ');
        for (std::size_t at = 0; at < words.size(); ++at) {
            const bool has_next = at + 1 < words.size();
            if (words[at] == "set") {
                type.set = true;
            } else if (words[at] == "map" && has_next) {
                type.keys = split(words[++at], ',');
            } else if (words[at] == "merge") {
                type.merges = true;
                type.merge_key = has_next ? words[++at] : "";
            }
        }
        type.kind = Kind::list;
        type.of = std::make_shared<FieldType>(field_type(schema, text.substr(end + 1)));
        return type;
    }
    if (text == "micro-time") {
        type.kind = Kind::time;
        type.micro = true;
        return type;
    }
    const auto* scalar = std::ranges::find(scalars, text, &Scalar::word);
    if (scalar != std::end(scalars)) {
        type.kind = scalar->kind;
        return type;
    }
    type.kind = Kind::object;
    type.object = &type_named(schema, std::string(text));
    return type;
}

/// "Name: field word; field word".
struct Line {
    std::string name;
    std::vector<std::pair<std::string, std::string>> fields;
};

// One logical line a type; what begins with blanks goes on.
std::vector<Line> lines_of(std::string_view text) {
    std::vector<std::string> lines;
    for (const auto& line : split(text, '\n')) {
        if (line.starts_with("  ")) {
            lines.back() += line.substr(1);
        } else if (!line.empty()) {
            lines.push_back(line);
        }
    }
    std::vector<Line> out;
    for (const auto& line : lines) {
        const auto colon = line.find(": ");
        auto& entry = out.emplace_back(Line{line.substr(0, colon), {}});
        for (const auto& part : split(line.substr(colon + 2), ';')) {
            const std::string field(trim(part));
            const auto blank = field.find(' ');
            entry.fields.emplace_back(field.substr(0, blank), field.substr(blank + 1));
        }
    }
    return out;
}

void name_texts(Schema& schema) {
    for (const auto& line : lines_of(named_texts)) {
        for (const auto& [field, named] : line.fields) {
            auto& fields = type_named(schema, line.name).fields;
            const auto found =
                std::ranges::find(fields, field, &std::pair<std::string, FieldType>::first);
            MESHPROOF_ASSERT(found != fields.end(), "{} has no field {}", line.name, field);
            auto& type = found->second;
            (type.kind == Kind::list ? *type.of : type).named = named;
        }
    }
}

Schema read_schema() {
    Schema schema;
    for (auto& line : lines_of(schema_text)) {
        const bool atomic = line.name.ends_with('!');
        if (atomic) {
            line.name.pop_back();
        }
        auto& type = type_named(schema, line.name);
        type.atomic = atomic;
        for (const auto& [field, word] : line.fields) {
            type.fields.emplace_back(field, field_type(schema, word));
        }
    }
    name_texts(schema);
    return schema;
}

const Schema& schema_of_all() {
    static const Schema schema = read_schema();
    return schema;
}

/// Where decoding is: what Go's messages and the API server's own say of it.
struct Place {
    std::string type;   ///< the innermost struct
    std::string field;  ///< the fields' names from the top, without indexes
    std::string path;   ///< with indexes: "spec.containers[0].x"

    [[nodiscard]] Place in(const std::string& type_name, const std::string& key) const {
        return {type_name, field.empty() ? key : field + "." + key,
                path.empty() ? key : path + "." + key};
    }
};

// Lists of texts in a map that have a type of their own.
constexpr std::string_view extra_values[] = {"SubjectAccessReviewSpec.extra", "UserInfo.extra"};

std::string go_type_at(const FieldType& type, const Place& place) {
    const auto key = place.field.substr(place.field.rfind('.') + 1);
    const bool extra =
        std::ranges::find(extra_values, place.type + "." + key) != std::end(extra_values);
    switch (type.kind) {
        case Kind::list:
            return extra ? "v1.ExtraValue" : type.go_name();
        case Kind::map:
            return extra ? "map[string]v1.ExtraValue" : type.go_name();
        case Kind::time:
            return "string";  // what a time is read from
        case Kind::int_or_string:
            return "int32";
        default:
            return type.go_name();
    }
}

// What apimachinery's converter of Go's maps says of a value (runtime/converter.go). It goes by
// the kinds of Go's reflection; its whole numbers could be made texts, and are not.
std::string conversion_fault(const Json& value, const FieldType& type, const std::string& go_type) {
    const auto* kind = value.is_object()         ? "map"
                       : value.is_array()        ? "slice"
                       : value.is_string()       ? "string"
                       : value.is_boolean()      ? "bool"
                       : value.is_number_float() ? "float64"
                                                 : "int64";
    const bool whole = type.kind == Kind::int32 || type.kind == Kind::int64;
    switch (type.kind) {
        case Kind::list:
        case Kind::bytes:
            return fmt::format("cannot restore slice from {}", kind);
        case Kind::map:
            return fmt::format("cannot restore map from {}", kind);
        case Kind::object:
            return fmt::format("cannot restore struct from: {}", kind);
        case Kind::time:
        case Kind::int_or_string:
            return fmt::format("json: cannot unmarshal {} into Go value of type {}",
                               json_kind(value), go_type);
        default:
            return (whole && value.is_number()) ||
                           (type.kind == Kind::text && value.is_number_integer())
                       ? fmt::format("cannot convert {} to {}", kind, go_type)
                       : fmt::format("unrecognized type: {}",
                                     std::ranges::find(scalars, type.kind, &Scalar::kind)->go);
    }
}

Mismatch mismatch(const Json& value, const FieldType& type, const Place& place) {
    // A number is named where any number would do.
    const bool of_number =
        value.is_number() &&
        (type.kind == Kind::int32 || type.kind == Kind::int64 || type.kind == Kind::int_or_string);
    const auto go_type = go_type_at(type, place);
    return {fmt::format("json: cannot unmarshal {}{} into Go struct field {}.{} of type {}",
                        json_kind(value), of_number ? " " + value.dump() : "", place.type,
                        place.field, go_type),
            false, conversion_fault(value, type, go_type)};
}

// The first byte that base64 cannot have there (Go's base64.CorruptInputError).
std::size_t corrupt_byte(const std::string& text) {
    const auto odd =
        text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=");
    return odd == std::string::npos ? text.size() - text.size() % 4 : odd;
}

bool fits(const Json& value, Kind kind) {
    switch (kind) {
        case Kind::any:
        case Kind::quantity:
            return true;
        case Kind::int_or_string:
            return value.is_string() || value.is_number_integer();
        case Kind::text:
        case Kind::time:
        case Kind::bytes:
            return value.is_string();
        case Kind::int32:
        case Kind::int64:
            return value.is_number_integer();
        case Kind::number:
            return value.is_number();
        case Kind::boolean:
            return value.is_boolean();
        case Kind::list:
            return value.is_array();
        case Kind::map:
        case Kind::object:
            return value.is_object();
    }
    return false;
}

using Conformed = tl::expected<void, Mismatch>;

// As Go reads a MicroTime: with exactly six digits, where every other time may have none.
Conformed check_micro_time(const std::string& text) {
    constexpr std::string_view layout = "2006-01-02T15:04:05.000000Z07:00";
    constexpr std::size_t seconds_end = 19, digits = 7;
    const auto unread = [&](std::string_view rest, std::string_view wanted) {
        return tl::unexpected(
            Mismatch{fmt::format("parsing time \"{}\" as \"{}\": cannot parse \"{}\" as \"{}\"",
                                 text, layout, rest, wanted)});
    };
    if (text.size() < seconds_end || !parse_rfc3339(text.substr(0, seconds_end) + "Z")) {
        return unread(text, "2006");
    }
    const auto rest = text.substr(seconds_end);
    const bool exact =
        rest.size() > digits && rest[0] == '.' && rest.find_first_not_of("0123456789", 1) == digits;
    if (!exact) {
        return unread(rest, ".000000");
    }
    if (!parse_rfc3339(text.substr(0, seconds_end) + rest.substr(digits))) {
        return unread(rest.substr(digits), "Z07:00");
    }
    return {};
}

// As Go's time package quotes what it could not read.
std::string quoted_time(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') {
            out += {'\\', c};
        } else if (c >= ' ' && c < '\x7f') {
            out += c;
        } else {
            out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
        }
    }
    return out + '"';
}

/// One part of RFC 3339: what Go's layout calls it, and the numbers that it may be.
struct TimePart {
    std::string_view layout;
    std::size_t digits;
    int least, most;
    std::string_view name;  ///< in Go's complaint about the number
};
constexpr TimePart time_parts[] = {
    {"2006", 4, 0, 9999, ""},   {"-", 0, 0, 0, ""}, {"01", 2, 1, 12, "month"}, {"-", 0, 0, 0, ""},
    {"02", 2, 0, 99, ""},       {"T", 0, 0, 0, ""}, {"15", 2, 0, 23, "hour"},  {":", 0, 0, 0, ""},
    {"04", 2, 0, 59, "minute"}, {":", 0, 0, 0, ""}, {"05", 2, 0, 59, "second"}};

bool digits_at(std::string_view text, std::size_t at, std::size_t count) {
    return text.size() >= at + count &&
           std::ranges::all_of(text.substr(at, count), [](char c) { return c >= '0' && c <= '9'; });
}

// What time.Parse(time.RFC3339, …) says of a text, "" where it is a time.
std::string time_fault(std::string_view text) {
    auto rest = text;
    const auto unread = [&](std::string_view layout) {
        return fmt::format(
            "parsing time {} as \"2006-01-02T15:04:05Z07:00\": cannot parse {} as "
            "\"{}\"",
            quoted_time(text), quoted_time(rest), layout);
    };
    const auto out_of_range = [&](std::string_view what) {
        return fmt::format("parsing time {}: {} out of range", quoted_time(text), what);
    };
    for (const auto& part : time_parts) {
        if (part.digits == 0 ? !rest.starts_with(part.layout) : !digits_at(rest, 0, part.digits)) {
            return unread(part.layout);
        }
        const auto size = std::max<std::size_t>(part.digits, 1);
        const auto number = part.digits == 0 ? 0 : std::stoi(std::string(rest.substr(0, size)));
        if (part.digits > 0 && (number < part.least || number > part.most)) {
            return out_of_range(part.name);
        }
        rest.remove_prefix(size);
    }
    if (rest.starts_with('.') && digits_at(rest, 1, 1)) {
        rest.remove_prefix(std::min(rest.find_first_not_of("0123456789", 1), rest.size()));
    }
    constexpr std::size_t zone_size = 6;
    if (rest.starts_with('Z')) {
        rest.remove_prefix(1);
    } else if ((rest.starts_with('+') || rest.starts_with('-')) && digits_at(rest, 1, 2) &&
               rest.substr(3, 1) == ":" && digits_at(rest, 4, 2)) {
        if (std::stoi(std::string(rest.substr(1, 2))) > 24) {
            return out_of_range("time zone offset hour");
        }
        if (std::stoi(std::string(rest.substr(4, 2))) > 60) {
            return out_of_range("time zone offset minute");
        }
        rest.remove_prefix(zone_size);
    } else {
        return unread("Z07:00");
    }
    if (!rest.empty()) {
        return fmt::format("parsing time {}: extra text: {}", quoted_time(text), quoted_time(rest));
    }
    // The last that is looked at: whether the month has such a day.
    const auto date = std::string(text.substr(0, 10)) + "T00:00:00Z";
    return parse_rfc3339(date) ? "" : out_of_range("day");
}

/// What is wrong at one place.
struct DecodingFault {
    Mismatch mismatch;
    std::string path;
    bool last = false;  ///< nothing is read after it
};

/// What decoding has met.
struct Decoded {
    std::vector<std::string> unknown;  ///< paths of fields that the types do not have
    std::vector<DecodingFault> faults;

    void fault(Mismatch mismatch, const Place& place, bool last) {
        faults.push_back({std::move(mismatch), place.path, last});
    }
};

// What Go's decoder makes of a null in a list or a map.
Json zero_value(Kind kind) {
    switch (kind) {
        case Kind::text:
        case Kind::bytes:
            return "";
        case Kind::quantity:
            return "0";
        case Kind::int32:
        case Kind::int64:
        case Kind::number:
        case Kind::int_or_string:
            return 0;
        case Kind::boolean:
            return false;
        case Kind::object:
            return Json::object();
        case Kind::time:
        case Kind::any:
        case Kind::list:
        case Kind::map:
            break;
    }
    return nullptr;
}

void conform_object(Json& value, const ObjectType& type, const Place& place, Decoded& decoded);

void conform_value(Json& value, const FieldType& type, const Place& place, Decoded& decoded) {
    constexpr std::size_t most_faults = 1000;  // a list may have a million, and one is told
    if (decoded.faults.size() == most_faults) {
        return;
    }
    if (!fits(value, type.kind)) {
        // Times have readers of their own, whose faults end the decoding.
        const bool last = type.kind == Kind::time || type.kind == Kind::int_or_string;
        return decoded.fault(mismatch(value, type, place), place, last);
    }
    if (type.kind == Kind::bytes && !from_base64(value.get_ref<const std::string&>())) {
        const auto why = fmt::format("illegal base64 data at input byte {}",
                                     corrupt_byte(value.get_ref<const std::string&>()));
        return decoded.fault({why, false, "error decoding from json: " + why}, place, false);
    }
    if (type.kind == Kind::quantity) {
        if (!value.is_string()) {
            value = value.dump();  // a number may say it, too
        }
        const auto& text = value.get_ref<const std::string&>();
        if (auto fault = quantity_fault(text); !fault.empty()) {
            return decoded.fault({std::move(fault), true}, place, true);
        }
        value = quantity_text(text, type.milli ? Precision::milli : Precision::nano);
        return;
    }
    if (type.micro) {
        if (auto read = check_micro_time(value.get_ref<const std::string&>()); !read) {
            decoded.fault(std::move(read).error(), place, true);
        }
        return;
    }
    if (type.kind == Kind::time) {
        if (auto fault = time_fault(value.get_ref<const std::string&>()); !fault.empty()) {
            decoded.fault({std::move(fault), true}, place, true);
        }
        return;
    }
    if (type.kind == Kind::object) {
        return conform_object(value, *type.object, place, decoded);
    }
    if (type.kind != Kind::list && type.kind != Kind::map) {
        return;
    }
    std::size_t index = 0;
    for (auto& item : value) {
        auto at = place;
        if (type.kind == Kind::list) {
            at.path += fmt::format("[{}]", index++);
        }
        if (item.is_null()) {
            item = zero_value(type.of->kind);
        }
        if (!item.is_null()) {
            conform_value(item, *type.of, at, decoded);
        }
    }
}

void conform_object(Json& value, const ObjectType& type, const Place& place, Decoded& decoded) {
    for (auto at = value.begin(); at != value.end();) {
        const auto* field = type.find(at.key());
        const auto here = place.in(type.name, at.key());
        if (field == nullptr) {
            decoded.unknown.push_back(here.path);
            at = value.erase(at);
        } else if (at->is_null() && field->kind != Kind::any) {
            at = value.erase(at);
        } else {
            conform_value(*at, *field, here, decoded);
            ++at;
        }
    }
}

// The fault that Go's decoder tells: the one at which it stops, else the first that it met.
const Mismatch& told_fault(const std::vector<DecodingFault>& faults,
                           const std::vector<std::string>& order) {
    std::map<std::string_view, std::size_t> places;
    for (std::size_t at = 0; at < order.size() && faults.size() > 1; ++at) {
        places.emplace(order[at], at);
    }
    const auto place_of = [&](const DecodingFault& fault) {
        std::string_view path = fault.path;
        while (path.ends_with(']')) {  // an item stands where its list does
            path = path.substr(0, path.rfind('['));
        }
        const auto found = places.find(path);
        return found == places.end() ? order.size() : found->second;
    };
    return std::ranges::min_element(
               faults, {},
               [&](const DecodingFault& fault) { return std::pair(!fault.last, place_of(fault)); })
        ->mismatch;
}

Json openapi_of(const FieldType& type) {
    switch (type.kind) {
        case Kind::text:
            return {{"type", "string"}};
        case Kind::time:
            return {{"type", "string"}, {"format", "date-time"}};
        case Kind::bytes:
            return {{"type", "string"}, {"format", "byte"}};
        case Kind::quantity:
            return {{"oneOf", Json::array({{{"type", "string"}}, {{"type", "number"}}})}};
        case Kind::int_or_string:
            return {{"format", "int-or-string"},
                    {"oneOf", Json::array({{{"type", "integer"}}, {{"type", "string"}}})}};
        case Kind::int32:
            return {{"type", "integer"}, {"format", "int32"}};
        case Kind::int64:
            return {{"type", "integer"}, {"format", "int64"}};
        case Kind::number:
            return {{"type", "number"}, {"format", "double"}};
        case Kind::boolean:
            return {{"type", "boolean"}};
        case Kind::any:
            return {{"type", "object"}};
        case Kind::map: {
            Json map = {{"type", "object"}, {"additionalProperties", openapi_of(*type.of)}};
            if (type.atomic) {
                map["x-kubernetes-map-type"] = "atomic";
            }
            return map;
        }
        case Kind::object:
            return {{"$ref", "#/components/schemas/" + openapi_name(*type.object)}};
        case Kind::list:
            break;
    }
    Json list = {{"type", "array"}, {"items", openapi_of(*type.of)}};
    list["x-kubernetes-list-type"] = !type.keys.empty() ? "map" : type.set ? "set" : "atomic";
    if (!type.keys.empty()) {
        list["x-kubernetes-list-map-keys"] = type.keys;
    }
    if (type.merges) {
        list["x-kubernetes-patch-strategy"] = "merge";
        if (!type.merge_key.empty()) {
            list["x-kubernetes-patch-merge-key"] = type.merge_key;
        }
    }
    return list;
}

}  // namespace

std::string FieldType::go_name() const {
    switch (kind) {
        case Kind::list:
            return "[]" + of->go_name();
        case Kind::map:
            return of->kind == Kind::quantity ? "v1.ResourceList" : "map[string]" + of->go_name();
        case Kind::time:
            return micro ? "v1.MicroTime" : "v1.Time";
        case Kind::object:
            return "v1." + object->name;
        default:
            return named.empty() ? std::string(std::ranges::find(scalars, kind, &Scalar::kind)->go)
                                 : named;
    }
}

const FieldType* ObjectType::find(std::string_view field) const {
    const auto found =
        std::ranges::find_if(fields, [&](const auto& one) { return one.first == field; });
    return found == fields.end() ? nullptr : &found->second;
}

const ObjectType& object_type(std::string_view name) {
    const auto& known = schema_of_all().by_name;
    const auto found = known.find(name);
    MESHPROOF_ASSERT(found != known.end(), "the schema has no type {}", name);
    return *found->second;
}

const std::vector<std::unique_ptr<ObjectType>>& object_types() {
    return schema_of_all().types;
}

tl::expected<std::vector<std::string>, Mismatch> conform(Json& object, const ObjectType& type,
                                                         const std::vector<std::string>& order) {
    return conform_at(object, type, "", order);
}

tl::expected<std::vector<std::string>, Mismatch> conform_at(Json& value, const ObjectType& type,
                                                            std::string path,
                                                            const std::vector<std::string>& order) {
    Decoded decoded;
    Place place;
    place.path = std::move(path);
    conform_object(value, type, place, decoded);
    if (!decoded.faults.empty()) {
        return tl::unexpected(told_fault(decoded.faults, order));
    }
    return std::move(decoded.unknown);
}

std::string openapi_name(const ObjectType& type) {
    return "io.k8s.api.v1." + type.name;
}

Json openapi_schema(const ObjectType& type) {
    Json properties = Json::object();
    for (const auto& [name, field] : type.fields) {
        properties[name] = openapi_of(field);
    }
    return {{"type", "object"}, {"properties", std::move(properties)}};
}

}  // namespace meshproof::fakes::kube
