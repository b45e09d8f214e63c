#include "fakes/kube/go_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

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

bool white(char32_t rune) {
    return rune == ' ' || (rune >= '\t' && rune <= '\r') || rune == 0x85 || rune == 0xa0 ||
           rune == 0x1680 || (rune >= 0x2000 && rune <= 0x200a) || rune == 0x2028 ||
           rune == 0x2029 || rune == 0x202f || rune == 0x205f || rune == 0x3000;
}

std::string_view go_trimmed(std::string_view text) {
    const auto ascii = [](char c) { return c > ' ' && c <= '~'; };
    const auto begins_rune = [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80; };
    // Nothing to be trimmed, as nearly always; headers with a token are long.
    if (!text.empty() && ascii(text.front()) && ascii(text.back()) &&
        (text.size() == 1 || begins_rune(text[1]))) {
        return text;
    }
    std::size_t first = std::string_view::npos, end = 0;
    const auto runes = runes_of(text);
    for (std::size_t i = 0; i < runes.size(); ++i) {
        if (!white(runes[i].second)) {
            first = std::min(first, runes[i].first);
            end = i + 1 < runes.size() ? runes[i + 1].first : text.size();
        }
    }
    return end == 0 ? std::string_view() : text.substr(first, end - first);
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

namespace {

// strconv's 'g' with as few digits as tell the number.
std::string go_printed(double number) {
    constexpr int least = -4, most = 6;
    std::array<char, 400> buffer;
    const auto text = [&](std::chars_format format) {
        const auto written =
            std::to_chars(buffer.data(), buffer.data() + buffer.size(), number, format);
        return std::string(buffer.data(), written.ptr);
    };
    auto scientific = text(std::chars_format::scientific);
    const auto exponent = std::stoi(scientific.substr(scientific.find('e') + 1));
    return exponent < least || exponent >= most ? scientific : text(std::chars_format::fixed);
}

// Appended, since what is nested deeply would be copied at each level.
void append_printed(std::string& out, const nlohmann::json& value) {
    if (value.is_null()) {
        out += "<nil>";
    } else if (value.is_string()) {
        out += value.get_ref<const std::string&>();
    } else if (value.is_number_float()) {
        out += go_printed(value.get<double>());
    } else if (!value.is_structured()) {
        out += value.dump();
    } else {
        out += value.is_object() ? "map[" : "[";
        for (auto item = value.begin(); item != value.end(); ++item) {
            out += item == value.begin() ? "" : " ";
            out += value.is_object() ? item.key() + ":" : "";
            append_printed(out, *item);
        }
        out += ']';
    }
}

}  // namespace

std::string go_printed(const nlohmann::json& value) {
    std::string out;
    append_printed(out, value);
    return out;
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
