#include "core/html/escape.hpp"

#include <cstdint>

#include "core/base/json_text.hpp"
#include "core/base/utf8.hpp"

namespace meshproof::html {
namespace {

/// One character of good UTF-8.
struct Character {
    std::uint32_t code = 0;
    std::size_t bytes = 1;
};

Character character_at(std::string_view text, std::size_t at) {
    const auto first = static_cast<std::uint8_t>(text[at]);
    if (first < 0x80) {
        return {first, 1};
    }
    const std::size_t bytes = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    std::uint32_t code = first & (0x7fU >> bytes);
    for (std::size_t i = 1; i < bytes; ++i) {
        code = code << 6 | (static_cast<std::uint8_t>(text[at + i]) & 0x3fU);
    }
    return {code, bytes};
}

/// Whether a page may hold it: no control, surrogate or noncharacter (HTML 13.2.3.5, XML 1.0 2.2),
/// and none that turns the direction of what stands beside it (Unicode TR 36).
bool may_stand(std::uint32_t code) {
    const bool control =
        (code < 0x20 && code != '\t' && code != '\n') || (code >= 0x7f && code <= 0x9f);
    const bool noncharacter = (code >= 0xfdd0 && code <= 0xfdef) || (code & 0xfffeU) == 0xfffe;
    const bool turns = (code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
    return !control && !noncharacter && !turns;
}

}  // namespace

std::string escaped(std::string_view raw) {
    const auto text = valid_utf8(std::string(raw));
    std::string safe;
    safe.reserve(text.size());
    for (std::size_t at = 0; at < text.size();) {
        const auto [code, bytes] = character_at(text, at);
        switch (code) {
            case '&':
                safe += "&amp;";
                break;
            case '<':
                safe += "&lt;";
                break;
            case '>':
                safe += "&gt;";
                break;
            case '"':
                safe += "&quot;";
                break;
            case '\'':
                safe += "&#39;";
                break;
            case '\r':
                // "\r\n" is one line break.
                safe += at + 1 < text.size() && text[at + 1] == '\n' ? "" : "\n";
                break;
            default:
                safe += may_stand(code) ? std::string_view(text).substr(at, bytes)
                                        : std::string_view("\xef\xbf\xbd");
        }
        at += bytes;
    }
    return safe;
}

std::string escaped_xml(std::string_view raw) {
    std::string out;
    for (const char c : escaped(raw)) {
        out += c == '\n' ? std::string("&#10;") : std::string(1, c);
    }
    return out;
}

std::string escaped_head(std::string_view raw, std::size_t most) {
    return escaped(head_of(raw, most)) + (raw.size() > most ? "\u2026" : "");
}

}  // namespace meshproof::html
