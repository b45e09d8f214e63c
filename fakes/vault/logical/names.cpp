#include "fakes/vault/logical/names.hpp"

#include <algorithm>

namespace meshproof::fakes::vault {

bool is_name(std::string_view text) {
    return !text.empty() && word_character(text.front()) && word_character(text.back()) &&
           std::ranges::all_of(text, inside_name);
}

std::string with_lower_segment(std::string_view path, std::string_view front) {
    if (!path.starts_with(front)) {
        return std::string(path);
    }
    const auto end = std::min(path.find('/', front.size()), path.size());
    return std::string(front) + lower(path.substr(front.size(), end - front.size())) +
           std::string(path.substr(end));
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
