#include "fakes/vault/logical/router.hpp"

#include "core/base/text.hpp"
#include "fakes/vault/logical/names.hpp"

namespace meshproof::fakes::vault {

namespace {

bool takes_the_rest(std::string_view segment) {
    return segment.starts_with(':') && (segment.ends_with('*') || segment.ends_with('+'));
}

bool fits(std::string_view segment, std::string_view text) {
    if (takes_the_rest(segment)) {
        return segment.ends_with('*') || !text.empty();
    }
    if (segment == ":serial") {
        return !text.empty() &&
               text.find_first_not_of("0123456789abcdefABCDEF:-") == std::string_view::npos;
    }
    return segment.starts_with(':') ? is_name(text) : segment == text;
}

bool fits_loosely(std::string_view segment, std::string_view text) {
    return segment.starts_with(':') || segment == text;
}

// The path in as many segments as the pattern has: a rest is one text.
std::optional<std::vector<std::string>> laid_beside(const std::vector<std::string>& wanted,
                                                    std::vector<std::string> given) {
    const auto rest = std::ranges::find_if(wanted, takes_the_rest);
    if (rest != wanted.end() && given.size() > wanted.size()) {
        const auto at = given.begin() + (rest - wanted.begin());
        const auto end = given.end() - (wanted.end() - rest - 1);
        *at = join(std::vector<std::string>(at, end), "/");
        given.erase(at + 1, end);
    }
    return given.size() == wanted.size() ? std::optional(std::move(given)) : std::nullopt;
}

}  // namespace

Pattern::Pattern(std::string_view text) : segments_(split(text, '/')) {
    if (segments_.back() == "?") {
        slash_ = true;
        segments_.pop_back();
    } else if (segments_.back().ends_with('?')) {
        optional_ = true;
        segments_.back().pop_back();
    }
}

std::optional<std::vector<std::string>> Pattern::parts_of(std::string_view path) const {
    // Most patterns of a table are turned down here, before anything is taken apart.
    const std::string_view first = segments_.front();
    const bool begins =
        path.starts_with(first) && (path.size() == first.size() || path[first.size()] == '/');
    if (!first.starts_with(':') && !begins) {
        return std::nullopt;
    }
    auto given = split(slash_ && path.ends_with('/') ? path.substr(0, path.size() - 1) : path, '/');
    if (optional_ && given.size() + 1 == segments_.size()) {
        given.emplace_back();
    }
    return laid_beside(segments_, std::move(given));
}

std::optional<Captures> Pattern::match(std::string_view path) const {
    const auto given = parts_of(path);
    if (!given) {
        return std::nullopt;
    }
    Captures captures;
    for (std::size_t i = 0; i < segments_.size(); ++i) {
        const auto& segment = segments_[i];
        const auto& text = (*given)[i];
        const bool absent = optional_ && i + 1 == segments_.size() && text.empty();
        if (!absent && !fits(segment, text)) {
            return std::nullopt;
        }
        if (segment.starts_with(':')) {
            captures.emplace(segment.substr(1, segment.size() - (takes_the_rest(segment) ? 2 : 1)),
                             text);
        }
    }
    return captures;
}

std::string routed_path(Operation operation, std::string_view path) {
    const bool lists = operation == Operation::list && !path.ends_with('/');
    return std::string(path) + (lists ? "/" : "");
}

std::vector<std::pair<std::string, std::vector<std::string>>> Pattern::templates() const {
    std::vector<std::string> parts, names;
    std::vector<std::pair<std::string, std::vector<std::string>>> told;
    for (std::size_t i = 0; i < segments_.size(); ++i) {
        const auto& segment = segments_[i];
        if (optional_ && i + 1 == segments_.size()) {
            told.emplace_back(join(parts, "/"), names);
        }
        if (!segment.starts_with(':')) {
            parts.push_back(segment);
            continue;
        }
        names.push_back(segment.substr(1, segment.size() - (takes_the_rest(segment) ? 2 : 1)));
        parts.push_back("{" + names.back() + "}");
    }
    told.emplace_back(join(parts, "/"), std::move(names));
    return told;
}

RouteHelp Pattern::help() const {
    RouteHelp told;
    std::vector<std::string> parts;
    for (const auto& segment : segments_) {
        if (!segment.starts_with(':')) {
            parts.push_back(segment);
            continue;
        }
        const bool rest = takes_the_rest(segment);
        const auto name = segment.substr(1, segment.size() - (rest ? 2 : 1));
        const auto text = rest                   ? segment.ends_with('*') ? ".*" : ".+"
                          : segment == ":serial" ? "[0-9A-Fa-f-:]+"
                                                 : R"(\w(([\w-.]+)?\w)?)";
        parts.push_back(fmt::format("(?P<{}>{})", name, text));
        told.fields.types.emplace(name, FieldType::text);
    }
    if (optional_) {
        parts.back() = fmt::format("({})?", parts.back());
    }
    told.expression = fmt::format("^{}{}$", join(parts, "/"), slash_ ? "/?" : "");
    return told;
}

bool Pattern::covers(std::string_view path) const {
    const auto given = parts_of(path);
    return given && std::ranges::equal(segments_, *given, fits_loosely);
}

}  // namespace meshproof::fakes::vault
