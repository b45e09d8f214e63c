#include "fakes/vault/logical/templates.hpp"

#include <vector>

#include "core/base/text.hpp"

namespace meshproof::fakes::vault {

namespace {

// What stands before the first name, and then each name with the text behind it; nothing where the
// braces do not pair.
struct TemplateParts {
    std::string before;
    std::vector<std::pair<std::string, std::string>> names;
};

std::optional<TemplateParts> template_parts(std::string_view text) {
    TemplateParts parts;
    auto open = text.find("{{");
    parts.before = text.substr(0, open);
    if (parts.before.find("}}") != std::string::npos) {
        return std::nullopt;
    }
    while (open != std::string_view::npos) {
        const auto next = text.find("{{", open + 2);
        const auto piece = text.substr(
            open + 2, next == std::string_view::npos ? std::string_view::npos : next - open - 2);
        const auto close = piece.find("}}");
        if (close == std::string_view::npos ||
            piece.find("}}", close + 2) != std::string_view::npos) {
            return std::nullopt;
        }
        parts.names.emplace_back(trim(piece.substr(0, close)), piece.substr(close + 2));
        open = next;
    }
    return parts;
}

}  // namespace

bool is_template(std::string_view text) {
    const auto parts = template_parts(text);
    return parts && !parts->names.empty();
}

std::optional<std::string> filled_in(std::string_view text, const TemplateValues& values) {
    const auto parts = template_parts(text);
    if (!parts) {
        return std::nullopt;
    }
    auto filled = parts->before;
    for (const auto& [name, behind] : parts->names) {
        const auto value = values(name);
        if (!value) {
            return std::nullopt;
        }
        filled += *value + behind;
    }
    return filled;
}

}  // namespace meshproof::fakes::vault
