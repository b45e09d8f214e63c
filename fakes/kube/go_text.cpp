#include "fakes/kube/go_text.hpp"

#include <fmt/format.h>

namespace meshproof::fakes::kube {

bool printable(char32_t rune) {
    const auto within = [rune](char32_t first, char32_t last) {
        return rune >= first && rune <= last;
    };
    return rune >= 0x20 && !within(0x7f, 0xa0) && rune != 0xad && !within(0x2000, 0x200f) &&
           !within(0x2028, 0x202f) && !within(0x205f, 0x206f) && rune != 0x3000 && rune != 0xfeff &&
           !within(0xe000, 0xf8ff);
}

std::vector<std::pair<std::size_t, char32_t>> runes_of(std::string_view text) {
    std::vector<std::pair<std::size_t, char32_t>> runes;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const auto byte = static_cast<unsigned char>(text[at]);
        if ((byte & 0xc0U) == 0x80 && !runes.empty()) {
            runes.back().second = (runes.back().second << 6U) | (byte & 0x3fU);
        } else {
            const auto first = byte < 0x80   ? byte
                               : byte < 0xe0 ? byte & 0x1fU
                               : byte < 0xf0 ? byte & 0x0fU
                                             : byte & 0x07U;
            runes.emplace_back(at, first);
        }
    }
    return runes;
}

std::string go_quoted(std::string_view text) {
    constexpr std::string_view letters = "\a\b\t\n\v\f\r", names = "abtnvfr";
    std::string out = "\"";
    const auto runes = runes_of(text);
    for (std::size_t i = 0; i < runes.size(); ++i) {
        const auto [at, rune] = runes[i];
        const auto end = i + 1 < runes.size() ? runes[i + 1].first : text.size();
        const auto letter =
            rune < 0x20 ? letters.find(static_cast<char>(rune)) : std::string_view::npos;
        if (rune == '"' || rune == '\\') {
            out += {'\\', static_cast<char>(rune)};
        } else if (rune == ' ' || printable(rune)) {
            out += text.substr(at, end - at);
        } else if (letter != std::string_view::npos) {
            out += {'\\', names[letter]};
        } else {
            const auto number = static_cast<std::uint32_t>(rune);
            out += rune < 0x80      ? fmt::format("\\x{:02x}", number)
                   : rune < 0x10000 ? fmt::format("\\u{:04x}", number)
                                    : fmt::format("\\U{:08x}", number);
        }
    }
    return out + '"';
}

std::string go_json(const nlohmann::json& value) {
    const auto text = value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    std::string out;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const char c = text[at];
        const auto rest = std::string_view(text).substr(at);
        if (c == '<' || c == '>' || c == '&') {
            out += fmt::format("\\u{:04x}", static_cast<unsigned char>(c));
        } else if (rest.starts_with("\xe2\x80\xa8") || rest.starts_with("\xe2\x80\xa9")) {
            out += rest[2] == '\xa8' ? "\\u2028" : "\\u2029";
            at += 2;
        } else {
            out += c;
        }
    }
    return out;
}

std::string go_character(char byte) {
    if (byte == '\'') {
        return "'\\''";
    }
    if (byte == '"') {
        return "'\"'";
    }
    // A byte is taken for the character of that number.
    const auto number = static_cast<unsigned char>(byte);
    std::string text(1, byte);
    if (number >= 0x80) {
        text = {static_cast<char>(0xc0U | (number >> 6U)),
                static_cast<char>(0x80U | (number & 0x3fU))};
    }
    const auto quoted = go_quoted(text);
    return fmt::format("'{}'", quoted.substr(1, quoted.size() - 2));
}

std::string_view json_kind(const nlohmann::json& value) {
    switch (value.type()) {
        case nlohmann::json::value_t::string:
            return "string";
        case nlohmann::json::value_t::boolean:
            return "bool";
        case nlohmann::json::value_t::array:
            return "array";
        case nlohmann::json::value_t::object:
            return "object";
        default:
            return "number";
    }
}

}  // namespace meshproof::fakes::kube
