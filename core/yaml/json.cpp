#include "core/yaml/json.hpp"

#include <charconv>

#include "core/base/answer.hpp"

namespace meshproof {
namespace {

using Json = nlohmann::json;

/// An anchor may stand within itself.
constexpr int deepest = 100;

Json json_of_word(const YAML::Node& node) {
    const auto& text = node.Scalar();
    if (node.Tag() == "!" || node.Tag() == "tag:yaml.org,2002:str") {  // quoted
        return text;
    }
    if (text.empty() || text == "null" || text == "~") {
        return nullptr;
    }
    if (text == "true" || text == "false") {
        return text == "true";
    }
    const auto* const end = text.data() + text.size();
    std::int64_t whole = 0;
    if (const auto [stop, error] = std::from_chars(text.data(), end, whole);
        error == std::errc() && stop == end) {
        return whole;
    }
    // Not "inf" and "nan", which from_chars takes for numbers.
    double number = 0;
    if (text.find_first_not_of("+-.0123456789eE") == std::string::npos) {
        if (const auto [stop, error] = std::from_chars(text.data(), end, number);
            error == std::errc() && stop == end) {
            return number;
        }
    }
    return text;
}

Result<Json> json_within(const YAML::Node& node, int depth) {
    if (depth > deepest) {
        return fail(FailureKind::invalid, "it nests deeper than {} levels", deepest);
    }
    if (node.IsScalar()) {
        return json_of_word(node);
    }
    if (node.IsSequence()) {
        auto list = Json::array();
        for (const auto& item : node) {
            auto value = json_within(item, depth + 1);
            if (!value) {
                return value;
            }
            list.push_back(std::move(*value));
        }
        return list;
    }
    if (!node.IsMap()) {
        return Json();
    }
    auto object = Json::object();
    for (const auto& entry : node) {
        if (!entry.first.IsScalar()) {
            return fail(FailureKind::invalid, "expected names as keys");
        }
        const auto& name = entry.first.Scalar();
        if (object.contains(name)) {
            return fail(FailureKind::invalid, "{} is given twice", one_line(name));
        }
        auto value = json_within(entry.second, depth + 1);
        if (!value) {
            return value;
        }
        object[name] = std::move(*value);
    }
    return object;
}

}  // namespace

Result<Json> json_of(const YAML::Node& node) {
    return json_within(node, 0);
}

Result<std::vector<YamlDocument>> json_documents(std::string_view yaml, std::string_view path) {
    std::vector<YamlDocument> documents;
    try {
        for (const auto& node : YAML::LoadAll(std::string(yaml))) {
            if (node.IsNull()) {
                continue;
            }
            const auto line = node.Mark().is_null() ? 1 : node.Mark().line + 1;
            auto value = json_of(node);
            if (!value) {
                return propagate(value, fmt::format("{}:{}", path, line));
            }
            documents.push_back({line, std::move(*value)});
        }
    } catch (const YAML::Exception& error) {
        return fail(FailureKind::invalid, "{}:{}: not YAML: {}", path, error.mark.line + 1,
                    one_line(error.msg));
    }
    return documents;
}

}  // namespace meshproof
