#include "fakes/vault/backend.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "core/base/text.hpp"

namespace meshproof::fakes {

namespace {

using Coerced = tl::expected<Json, std::string>;
using vault::Product;

// A JSON value as Go's %v prints it: what Vault puts into its coercion errors.
std::string go_value(const Json& value) {
    if (value.is_string()) {
        return value.get<std::string>();
    }
    if (value.is_array()) {
        std::vector<std::string> parts;
        for (const auto& item : value) {
            parts.push_back(go_value(item));
        }
        return "[" + join(parts, " ") + "]";
    }
    if (value.is_object()) {
        std::vector<std::string> parts;
        for (const auto& [name, item] : value.items()) {
            parts.push_back(name + ":" + go_value(item));
        }
        return "map[" + join(parts, " ") + "]";
    }
    return value.is_null() ? "<nil>" : value.dump();
}

std::string_view go_type(const Json& value) {
    return value.is_array() ? "[]interface {}" : "map[string]interface {}";
}

// OpenBao 2.7 leaves the value out of these texts, Vault 1.14 shows it.
Coerced unparsable(const std::string& text, std::string_view type, std::string_view function,
                   Product product) {
    if (product == Product::openbao) {
        return tl::unexpected(fmt::format(
            "'' cannot parse value as '{}': strconv.{}: invalid syntax", type, function));
    }
    return tl::unexpected(fmt::format(
        "cannot parse '' as {}: strconv.{}: parsing \"{}\": invalid syntax", type, function, text));
}

Coerced unconvertible(const Json& value, std::string_view wanted, Product product) {
    if (product == Product::openbao) {
        return tl::unexpected(fmt::format("'' expected type '{}', got unconvertible type '{}'",
                                          wanted, go_type(value)));
    }
    return tl::unexpected(
        fmt::format("'' expected type '{}', got unconvertible type '{}', value: '{}'", wanted,
                    go_type(value), go_value(value)));
}

Coerced to_text(const Json& value, Product product) {
    if (value.is_string()) {
        return value;
    }
    if (value.is_null()) {
        return Json("");
    }
    if (value.is_boolean()) {
        return Json(value.get<bool>() ? "1" : "0");
    }
    if (value.is_number()) {
        return Json(value.dump());
    }
    return unconvertible(value, "string", product);
}

Coerced to_integer(const Json& value, Product product) {
    if (value.is_null()) {
        return Json(0);
    }
    if (value.is_number_integer()) {
        return Json(value.get<std::int64_t>());
    }
    if (value.is_boolean()) {
        return Json(value.get<bool>() ? 1 : 0);
    }
    if (value.is_string() || value.is_number()) {
        const auto text = value.is_string() ? value.get<std::string>() : value.dump();
        if (text.empty()) {
            return Json(0);
        }
        std::int64_t number = 0;
        const auto* end = text.data() + text.size();
        const auto read = std::from_chars(text.data(), end, number);
        if (read.ec != std::errc() || read.ptr != end) {
            return unparsable(text, "int", "ParseInt", product);
        }
        return Json(number);
    }
    return unconvertible(value, "int", product);
}

Coerced to_boolean(const Json& value, Product product) {
    if (value.is_null()) {
        return Json(false);
    }
    if (value.is_boolean()) {
        return value;
    }
    if (value.is_number()) {
        return Json(value.get<double>() != 0);
    }
    if (value.is_string()) {
        const auto text = value.get<std::string>();
        for (const auto* word : {"1", "t", "T", "TRUE", "true", "True"}) {
            if (text == word) {
                return Json(true);
            }
        }
        for (const auto* word : {"", "0", "f", "F", "FALSE", "false", "False"}) {
            if (text == word) {
                return Json(false);
            }
        }
        return unparsable(text, "bool", "ParseBool", product);
    }
    return unconvertible(value, "bool", product);
}

// Kept as nanoseconds.
Coerced to_duration(const Json& value) {
    if (value.is_null()) {
        return Json(0);
    }
    Duration duration{};
    if (value.is_number()) {
        duration = std::chrono::nanoseconds(
            static_cast<std::int64_t>(std::floor(value.get<double>())) * 1'000'000'000);
    } else if (value.is_string()) {
        const auto text = value.get<std::string>();
        const auto parsed =
            text.empty() ? std::optional<Duration>(Duration{}) : parse_duration(text);
        if (!parsed) {
            return tl::unexpected(fmt::format("time: invalid duration \"{}\"", text));
        }
        duration = *parsed;
    } else {
        return tl::unexpected(std::string("could not parse duration from input"));
    }
    if (duration < Duration{}) {
        return tl::unexpected(fmt::format("cannot provide negative value '{}'", go_value(value)));
    }
    return Json(duration.count());
}

Coerced to_list(const Json& value, Product product) {
    auto list = Json::array();
    if (value.is_null()) {
        return list;
    }
    if (value.is_array()) {
        for (const auto& item : value) {
            auto text = to_text(item, product);
            if (!text) {
                return text;
            }
            list.push_back(std::string(trim(text->get<std::string>())));
        }
        return list;
    }
    if (value.is_object()) {
        return tl::unexpected(
            fmt::format("1 error(s) decoding:\n\n* '[0]' expected type 'string', got "
                        "unconvertible type '{}', value: '{}'",
                        go_type(value), go_value(value)));
    }
    const auto text = to_text(value, product)->get<std::string>();
    if (!text.empty()) {
        for (const auto& part : split(text, ',')) {
            list.push_back(std::string(trim(part)));
        }
    }
    return list;
}

Coerced coerce(FieldType type, const Json& value, Product product) {
    switch (type) {
        case FieldType::text:
            return to_text(value, product);
        case FieldType::integer:
            return to_integer(value, product);
        case FieldType::boolean:
            return to_boolean(value, product);
        case FieldType::duration:
            return to_duration(value);
        case FieldType::list:
            return to_list(value, product);
        case FieldType::json:
            return value;
    }
    return value;
}

}  // namespace

BackendResponse BackendResponse::with(Json data, std::vector<std::string> warnings) {
    BackendResponse response;
    response.kind = Kind::data;
    response.data = std::move(data);
    response.warnings = std::move(warnings);
    return response;
}

BackendResponse BackendResponse::error(std::string text, int status) {
    BackendResponse response;
    response.kind = Kind::error;
    response.text = std::move(text);
    response.status = status;
    return response;
}

BackendResponse BackendResponse::go_error(std::string text, int status) {
    BackendResponse response;
    response.kind = Kind::go_error;
    response.text = std::move(text);
    response.status = status;
    return response;
}

Result<FieldData> FieldData::read(const Fields& fields, const Json& data, vault::Product product) {
    FieldData read;
    if (!data.is_object()) {
        return read;
    }
    for (const auto& [name, value] : data.items()) {
        const auto field = fields.types.find(name);
        if (field == fields.types.end()) {
            read.unrecognized_.push_back(name);
            continue;
        }
        auto coerced = coerce(field->second, value, product);
        if (!coerced) {
            const auto shown =
                product == vault::Product::vault ? go_value(value) + " " : std::string();
            return fail(FailureKind::invalid,
                        "Field validation failed: error converting input {}for field \"{}\": {}",
                        shown, name, coerced.error());
        }
        read.values_.emplace(name, std::move(*coerced));
    }
    std::sort(read.unrecognized_.begin(), read.unrecognized_.end());
    return read;
}

bool FieldData::has(std::string_view name) const {
    return values_.find(name) != values_.end();
}

std::string FieldData::text(std::string_view name, std::string_view fallback) const {
    const auto found = values_.find(name);
    return found == values_.end() ? std::string(fallback) : found->second.get<std::string>();
}

std::int64_t FieldData::integer(std::string_view name, std::int64_t fallback) const {
    const auto found = values_.find(name);
    return found == values_.end() ? fallback : found->second.get<std::int64_t>();
}

bool FieldData::boolean(std::string_view name, bool fallback) const {
    const auto found = values_.find(name);
    return found == values_.end() ? fallback : found->second.get<bool>();
}

Duration FieldData::duration(std::string_view name, Duration fallback) const {
    const auto found = values_.find(name);
    return found == values_.end() ? fallback : Duration(found->second.get<std::int64_t>());
}

std::vector<std::string> FieldData::list(std::string_view name) const {
    const auto found = values_.find(name);
    return found == values_.end() ? std::vector<std::string>()
                                  : found->second.get<std::vector<std::string>>();
}

const Json& FieldData::json(std::string_view name) const {
    static const Json nothing;
    const auto found = values_.find(name);
    return found == values_.end() ? nothing : found->second;
}

void FieldData::warn_unrecognized(BackendResponse& response) const {
    using Kind = BackendResponse::Kind;
    const bool answered = response.kind == Kind::data || response.kind == Kind::auth ||
                          (response.kind == Kind::none && !response.warnings.empty());
    if (answered && !unrecognized_.empty()) {
        response.warnings.push_back(fmt::format(
            "Endpoint ignored these unrecognized parameters: [{}]", join(unrecognized_, " ")));
    }
}

std::string make_uuid(Prng& prng) {
    auto bytes = prng.bytes(16);
    bytes[6] = static_cast<std::uint8_t>((bytes[6] & 0x0FU) | 0x40U);
    bytes[8] = static_cast<std::uint8_t>((bytes[8] & 0x3FU) | 0x80U);
    const auto hex = to_hex(bytes);
    return fmt::format("{}-{}-{}-{}-{}", hex.substr(0, 8), hex.substr(8, 4), hex.substr(12, 4),
                       hex.substr(16, 4), hex.substr(20, 12));
}

}  // namespace meshproof::fakes
