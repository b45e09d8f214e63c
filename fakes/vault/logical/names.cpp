#include "fakes/vault/logical/names.hpp"

#include <algorithm>

#include "core/base/text.hpp"

namespace meshproof::fakes::vault {

bool is_name(std::string_view text) {
    const auto word = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '_';
    };
    return !text.empty() && word(text.front()) && word(text.back()) &&
           std::ranges::all_of(text, [word](char c) { return word(c) || c == '-' || c == '.'; });
}

std::string make_uuid(Prng& prng) {
    auto bytes = prng.bytes(16);
    bytes[6] = static_cast<std::uint8_t>((bytes[6] & 0x0FU) | 0x40U);
    bytes[8] = static_cast<std::uint8_t>((bytes[8] & 0x3FU) | 0x80U);
    const auto hex = to_hex(bytes);
    return fmt::format("{}-{}-{}-{}-{}", hex.substr(0, 8), hex.substr(8, 4), hex.substr(12, 4),
                       hex.substr(16, 4), hex.substr(20, 12));
}

}  // namespace meshproof::fakes::vault
