#include "conformance/twin/values.hpp"

#include <algorithm>

#include "core/base/text.hpp"

namespace meshproof::twin {
namespace {

const Json& one_of(const std::vector<Json>& values, Prng& prng) {
    return values[prng.below(values.size())];
}

/// A word of ours is right in any operation: short, and nothing else is called so.
Json right_by_type(const Parameter& parameter, Prng& prng) {
    if (parameter.format == "seconds") {
        return one_of({"1h", 3600, "90s", 60, "24h"}, prng);
    }
    switch (parameter.type) {
        case ValueType::integer:
            return one_of({0, 1, 2, 10, 256}, prng);
        case ValueType::number:
            return one_of({0, 1, 0.5, 100}, prng);
        case ValueType::flag:
            return prng.chance(0.5);
        case ValueType::list:
            return one_of({Json::array({"a"}), Json::array({"a", "b"})}, prng);
        case ValueType::object:
            return one_of({Json{{"a", "b"}}, Json{{"a", "b"}, {"c", "d"}}}, prng);
        case ValueType::text:
        case ValueType::any:
            break;
    }
    return one_of({"a", "b", "some text"}, prng);
}

Json odd_by_type(const Parameter& parameter, Prng& prng) {
    if (parameter.format == "seconds") {
        return one_of({"3600", "1h30m", "1d", 0, "0", -1, "-1s", 3600.5, "", " 5 "}, prng);
    }
    switch (parameter.type) {
        case ValueType::integer:
            return one_of({"5", "0x10", "010", 5.0, -1, "-1", true, ""}, prng);
        case ValueType::number:
            return one_of({"0.5", -1, true, "1e3", ""}, prng);
        case ValueType::flag:
            return one_of({"true", "false", "T", "1", 1, 0, "0", ""}, prng);
        case ValueType::list:
            return one_of(
                {"a,b", "a", " a , b ", R"(["a","b"])", "", Json::array(), Json::array({"a", "a"}),
                 Json::array({1, true}), Json::array({""}), Json::array({"a,b"})},
                prng);
        case ValueType::object:
            return one_of({R"({"a":"b"})", "a=b", Json::array({"a=b"}), Json::object(),
                           Json{{"a", 1}}, Json{{"", "b"}}, ""},
                          prng);
        case ValueType::text:
        case ValueType::any:
            break;
    }
    return one_of({5, true, "", " a ", "A", "ä€", "a\nb", "a,b", "*", "{{x}}", 1.5,
                   std::string(very_long, 'a')},
                  prng);
}

Json wrong_by_type(const Parameter& parameter, Prng& prng) {
    static const Json deep{{"a", Json{{"b", Json::array({1})}}}};
    if (parameter.format == "seconds") {
        return one_of({"forever", Json::array(), deep, nullptr, 1e20, true, "1x"}, prng);
    }
    switch (parameter.type) {
        case ValueType::integer:
        case ValueType::number:
            return one_of({"x", Json::array({1}), deep, nullptr, 1e30, std::string(very_long, '9')},
                          prng);
        case ValueType::flag:
            return one_of({"yes please", Json::array(), deep, 2, nullptr}, prng);
        case ValueType::list:
            return one_of({deep, Json::array({Json::array({"a"})}), 5, nullptr, true,
                           std::string(very_long, ',')},
                          prng);
        case ValueType::object:
            return one_of({5, Json::array({1}), "x", nullptr, true}, prng);
        case ValueType::text:
        case ValueType::any:
            break;
    }
    return one_of({Json::array({"a"}), deep, nullptr, Json::array()}, prng);
}

/// A right value in a form that a lenient decoder reads as the same.
Json disguised(const Json& right, ValueType type, Prng& prng) {
    if (right.is_array()) {
        bool texts = !right.empty();
        std::string joined;
        for (const auto& item : right) {
            texts = texts && item.is_string();
            joined += item.is_string() ? (joined.empty() ? "" : ",") + item.get<std::string>() : "";
        }
        return texts && prng.chance(0.5) ? Json(joined) : Json(right.dump());
    }
    if (right.is_number() || right.is_boolean() || right.is_object()) {
        return right.dump();
    }
    if (right.is_string() && type == ValueType::list) {
        return Json::array({right});
    }
    if (right.is_string()) {
        const auto text = right.get<std::string>();
        return prng.chance(0.5) ? " " + text + " " : text + "\n";
    }
    return right;
}

std::string_view kind_of_text(ValueType type, const std::string& text) {
    const bool looks_like_json = text.starts_with('{') || text.starts_with('[');
    switch (type) {
        case ValueType::integer:
        case ValueType::number:
            return "number as text";
        case ValueType::flag:
            return "flag as text";
        case ValueType::list:
            return looks_like_json ? "JSON as text" : "list with commas";
        case ValueType::object:
            return looks_like_json ? "JSON as text" : "another type";
        case ValueType::text:
        case ValueType::any:
            return "right";
    }
    return "right";
}

bool right_type(ValueType type, const Json& value) {
    switch (type) {
        case ValueType::integer:
        case ValueType::number:
            return value.is_number();
        case ValueType::flag:
            return value.is_boolean();
        case ValueType::list:
            return value.is_array();
        case ValueType::object:
            return value.is_object();
        case ValueType::text:
            return value.is_string();
        case ValueType::any:
            return true;
    }
    return true;
}

bool nested(const Json& value) {
    return value.is_structured() &&
           std::ranges::any_of(value, [](const Json& inner) { return inner.is_structured(); });
}

}  // namespace

std::string_view kind_of(const Parameter& parameter, const Json& value) {
    if (value.is_null()) {
        return "null";
    }
    if (value.is_string() && value.get_ref<const std::string&>().size() >= very_long) {
        return "very long";
    }
    if (value.empty() || value == "") {
        return "empty";
    }
    if (value.is_string()) {
        return kind_of_text(parameter.type, value.get<std::string>());
    }
    if (right_type(parameter.type, value)) {
        return nested(value) && parameter.type != ValueType::object ? "nested" : "right";
    }
    if (parameter.type == ValueType::flag && value.is_number()) {
        return "flag as number";
    }
    return nested(value) ? "nested" : "another type";
}

std::string_view to_string(Fit fit) {
    switch (fit) {
        case Fit::right:
            return "right";
        case Fit::odd:
            return "odd";
        case Fit::wrong:
            return "wrong";
    }
    return "right";
}

Json draw_value(const Parameter& parameter, Fit fit, const Word* word, Prng& prng) {
    const bool words = word != nullptr && !word->values.empty();
    if (words && word->only) {
        return one_of(word->values, prng);
    }
    if (fit == Fit::wrong) {
        return wrong_by_type(parameter, prng);
    }
    if (fit == Fit::odd) {
        return words && prng.chance(0.5)
                   ? disguised(one_of(word->values, prng), parameter.type, prng)
                   : odd_by_type(parameter, prng);
    }
    if (words && (parameter.words.empty() || prng.chance(0.5))) {
        return one_of(word->values, prng);
    }
    if (!parameter.words.empty()) {
        return one_of(parameter.words, prng);
    }
    if (!parameter.fallback.is_null() && prng.chance(0.2)) {
        return parameter.fallback;
    }
    return right_by_type(parameter, prng);
}

}  // namespace meshproof::twin
