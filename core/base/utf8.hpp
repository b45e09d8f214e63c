#pragma once

#include <cstdint>
#include <string_view>

namespace meshproof {

/// At most so many bytes of a text, cut between two characters of UTF-8.
[[nodiscard]] inline std::string_view head_of(std::string_view text, std::size_t most) {
    if (text.size() <= most) {
        return text;
    }
    // No character has more than three bytes after its first; what has is no UTF-8.
    auto end = most;
    while (end > 0 && most - end < 3 && (static_cast<std::uint8_t>(text[end]) & 0xc0) == 0x80) {
        --end;
    }
    return text.substr(0, end);
}

}  // namespace meshproof
