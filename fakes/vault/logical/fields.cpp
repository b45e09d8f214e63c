#include "fakes/vault/logical/fields.hpp"

#include <algorithm>
#include <charconv>
#include <iterator>

#include "core/base/text.hpp"
#include "fakes/vault/logical/go_text.hpp"

namespace meshproof::fakes::vault {

namespace {

using Coerced = tl::expected<Json, std::string>;

constexpr std::string_view number_type = "json.Number";

// OpenBao 2.7 leaves the value out of these texts, Vault 1.14 shows it.
Coerced unparsable(const std::string& text, std::string_view type, std::string_view function,
                   std::string_view why, Product product) {
    if (product == Product::openbao) {
        return tl::unexpected(
            fmt::format("'' cannot parse value as '{}': strconv.{}: {}", type, function, why));
    }
    return tl::unexpected(fmt::format("cannot parse '' as {}: strconv.{}: parsing {}: {}", type,
                                      function, go_quoted(text), why));
}

Coerced unconvertible(const Json& value, std::string_view wanted, Product product) {
    if (product == Product::openbao) {
        return tl::unexpected(fmt::format("'' expected type '{}', got unconvertible type '{}'",
                                          wanted, go_type(value, number_type)));
    }
    return tl::unexpected(
        fmt::format("'' expected type '{}', got unconvertible type '{}', value: '{}'", wanted,
                    go_type(value, number_type), go_value(value)));
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

// The servers keep a number as the text it was sent as.
std::string text_of(const Json& value) {
    return value.is_string() ? value.get<std::string>() : value.dump();
}

Coerced to_integer(const Json& value, Product product) {
    if (value.is_null() || value == Json("")) {
        return Json(0);
    }
    if (value.is_boolean()) {
        return Json(value.get<bool>() ? 1 : 0);
    }
    if (!value.is_string() && !value.is_number()) {
        return unconvertible(value, "int", product);
    }
    const auto text = text_of(value);
    const auto number = go_integer(text, 0);
    if (!number) {
        return unparsable(text, "int", "ParseInt", number.error(), product);
    }
    return Json(*number);
}

// A floating-point number.
Coerced to_number(const Json& value, Product product) {
    if (value.is_null() || value == Json("")) {
        return Json(0.0);
    }
    if (value.is_boolean()) {
        return Json(value.get<bool>() ? 1.0 : 0.0);
    }
    if (!value.is_string() && !value.is_number()) {
        return unconvertible(value, "float64", product);
    }
    const auto text = text_of(value);
    double number = 0;
    const auto* end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, number);
    if (read.ec != std::errc() || read.ptr != end) {
        return unparsable(text, product == Product::openbao ? "float64" : "float", "ParseFloat",
                          "invalid syntax", product);
    }
    return Json(number);
}

Coerced to_boolean(const Json& value, Product product) {
    if (value.is_null()) {
        return Json(false);
    }
    if (value.is_boolean()) {
        return value;
    }
    if (!value.is_string() && !value.is_number()) {
        return unconvertible(value, "bool", product);
    }
    const auto text = text_of(value);
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
    return unparsable(text, "bool", "ParseBool", "invalid syntax", product);
}

// Kept as nanoseconds, but of whole seconds only.
Coerced to_duration(const Json& value, Product product) {
    if (!value.is_string() && !value.is_number()) {
        return tl::unexpected(std::string("could not parse duration from input"));
    }
    const auto duration = read_duration(text_of(value), product);
    if (!duration) {
        return tl::unexpected(duration.error());
    }
    const auto seconds = whole_seconds(*duration);
    if (seconds < 0) {
        return tl::unexpected(fmt::format("cannot provide negative value '{}'", seconds));
    }
    return Json(Duration(std::chrono::seconds(seconds)).count());
}

// Items that are no texts are told one by one. OpenBao has two libraries for it: that of `list`
// words it as Vault does, that of all else does not show the values.
enum class ListWords { old, products };

std::string wrong_items(const std::map<std::size_t, Json>& wrong, bool old_words) {
    std::vector<std::string> told;
    for (const auto& [at, item] : wrong) {
        const auto text = fmt::format("'[{}]' expected type 'string', got unconvertible type '{}'",
                                      at, go_type(item, number_type));
        told.push_back(old_words ? fmt::format("* {}, value: '{}'", text, go_value(item)) : text);
    }
    return old_words ? fmt::format("{} error(s) decoding:\n\n{}", told.size(), join(told, "\n"))
                     : "decoding failed due to the following error(s):\n\n" + join(told, "\n");
}

Coerced to_texts(const Json& items, ListWords words, Product product) {
    auto list = Json::array();
    std::map<std::size_t, Json> wrong;
    for (std::size_t at = 0; at < items.size(); ++at) {
        if (const auto text = to_text(items[at], product)) {
            list.push_back(std::string(go_trimmed(text->get<std::string>())));
        } else {
            wrong[at] = items[at];
        }
    }
    if (wrong.empty()) {
        return list;
    }
    return tl::unexpected(wrong_items(wrong, words == ListWords::old || product == Product::vault));
}

Coerced to_strings(const Json& value, Product product) {
    if (value.is_null() || value == Json("") || (value.is_object() && value.empty())) {
        return Json::array();
    }
    return to_texts(value.is_array() ? value : Json::array({value}), ListWords::products, product);
}

Coerced to_list(const Json& value, Product product) {
    auto list = Json::array();
    if (value.is_null() || (value.is_object() && value.empty())) {
        return list;
    }
    if (value.is_array() || value.is_object()) {
        return to_texts(value.is_array() ? value : Json::array({value}), ListWords::old, product);
    }
    const auto text = to_text(value, product)->get<std::string>();
    if (auto excess = excess_of_items(text); !excess.empty()) {
        return tl::unexpected(std::move(excess));
    }
    if (!text.empty()) {
        for (const auto& part : split(text, ',')) {
            list.push_back(std::string(go_trimmed(part)));
        }
    }
    return list;
}

// Names with texts: an object, or texts of the form name=text.
Coerced to_pairs(const Json& value, Product product) {
    auto pairs = Json::object();
    if (value.is_object()) {
        for (const auto& [name, item] : value.items()) {
            auto text = to_text(item, product);
            if (!text) {
                return to_texts(Json::array({value}), ListWords::products, product);
            }
            pairs[name] = std::move(*text);
        }
        return pairs;
    }
    if (value.is_null()) {
        return value;
    }
    const auto texts = value.is_array() ? value : Json::array({value});
    for (std::size_t at = 0; at < texts.size(); ++at) {
        auto text = to_text(texts[at], product);
        if (!text) {
            return text;
        }
        const auto whole = text->get<std::string>();
        const auto sign = whole.find('=');
        if (sign == std::string::npos) {
            return tl::unexpected(product == Product::openbao
                                      ? fmt::format("invalid key pair at index {}", at)
                                      : "invalid key pair " + go_quoted(whole));
        }
        pairs[whole.substr(0, sign)] = whole.substr(sign + 1);
    }
    return pairs;
}

// One object, or the objects of lists one after the other. `place` is where the value stands in
// what was sent: "", "[0]", "[0][1]".
Coerced to_object(const Json& value, const std::string& place, Product product) {
    if (value.is_object()) {
        return value;
    }
    auto united = Json::object();
    if (value.is_null()) {
        return united;
    }
    if (!value.is_array()) {
        return tl::unexpected(
            product == Product::vault
                ? fmt::format("'{}' expected a map, got '{}'", place,
                              value.is_boolean() ? "bool" : "string")
                : fmt::format(
                      "'{}' expected type 'map[string]interface {{}}', got unconvertible type '{}'",
                      place, go_type(value, number_type)));
    }
    for (std::size_t at = 0; at < value.size(); ++at) {
        const auto part = to_object(value[at], fmt::format("{}[{}]", place, at), product);
        if (!part) {
            return part;
        }
        united.update(*part);
    }
    return united;
}

Json time_of(std::int64_t seconds) {
    return rfc3339_nano(from_unix_seconds(seconds));
}

// A date and time, or seconds since 1970.
Coerced to_time(const Json& value) {
    if (value.is_null()) {
        return Json();
    }
    if (value.is_string()) {
        const auto text = value.get<std::string>();
        if (const auto time = parse_rfc3339(text)) {
            return Json(rfc3339_nano(*time));
        }
        const auto seconds = go_integer(text, 10);
        return seconds ? Coerced(time_of(*seconds))
                       : tl::unexpected(std::string("could not parse string as date and time"));
    }
    if (!value.is_number()) {
        return tl::unexpected(std::string("could not parse time from input type"));
    }
    const auto seconds = go_integer(value.dump(), 10);
    if (!seconds) {
        return tl::unexpected(fmt::format("strconv.ParseInt: parsing {}: {}",
                                          go_quoted(value.dump()), seconds.error()));
    }
    return time_of(*seconds);
}

Coerced coerce(FieldType type, const Json& value, Product product) {
    switch (type) {
        case FieldType::text:
            return to_text(value, product);
        case FieldType::integer:
            return to_integer(value, product);
        case FieldType::number:
            return to_number(value, product);
        case FieldType::boolean:
            return to_boolean(value, product);
        case FieldType::duration:
            return to_duration(value, product);
        case FieldType::time:
            return to_time(value);
        case FieldType::list:
            return to_list(value, product);
        case FieldType::strings:
            return to_strings(value, product);
        case FieldType::pairs:
            return to_pairs(value, product);
        case FieldType::object:
            return to_object(value, "", product);
        case FieldType::json:
            return value;
    }
    return value;
}

}  // namespace

Json shown(const Pairs& pairs) {
    return pairs ? Json(*pairs) : Json();
}

Result<FieldData> FieldData::read(const Fields& fields, const Json& data, Product product,
                                  const Captures& path) {
    FieldData read;
    if (!data.is_object()) {
        return read;
    }
    for (const auto& [name, value] : data.items()) {
        if (path.contains(name)) {
            if (!value.is_null()) {
                read.replaced_.push_back(name);
            }
            continue;
        }
        const auto field = fields.types.find(name);
        if (field == fields.types.end()) {
            if (!fields.any) {
                read.unrecognized_.push_back(name);
            }
            continue;
        }
        if (field->second == FieldType::duration && value.is_null()) {
            continue;  // as if it were absent; of any other type null is the empty value
        }
        auto coerced = coerce(field->second, value, product);
        if (!coerced) {
            if (field->second == FieldType::pairs && product == Product::openbao &&
                coerced.error().starts_with("invalid key pair")) {
                coerced.error() += fmt::format(" in field {}", go_quoted(name));
            }
            const auto shown = product == Product::vault ? go_value(value) + " " : std::string();
            return fail(FailureKind::invalid,
                        "Field validation failed: error converting input {}for field \"{}\": {}",
                        shown, name, coerced.error());
        }
        read.values_.emplace(name, std::move(*coerced));
    }
    std::ranges::sort(read.unrecognized_);
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

Pairs FieldData::pairs(std::string_view name) const {
    const auto found = values_.find(name);
    return found == values_.end() || found->second.is_null() ? Pairs()
                                                             : found->second.get<PairsMap>();
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
    if (answered && !replaced_.empty()) {
        response.warnings.push_back(
            fmt::format("Endpoint replaced the value of these parameters with the values captured "
                        "from the endpoint's path: [{}]",
                        join(replaced_, " ")));
    }
}

std::string excess_of_items(std::string_view text) {
    const auto count = std::ranges::count(text, ',') + 1;
    return count <= most_items
               ? std::string()
               : fmt::format("expected at most {} items, got {}", most_items, count);
}

std::string without_front(const std::string& message) {
    constexpr std::string_view front = "Field validation failed: ";
    return message.starts_with(front) ? message.substr(front.size()) : message;
}

}  // namespace meshproof::fakes::vault
