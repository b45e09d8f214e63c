#pragma once

#include <string>
#include <string_view>

#include "core/base/text.hpp"
#include "core/time/prng.hpp"

namespace meshproof::fakes::vault {

/// Go's `\w`.
[[nodiscard]] constexpr bool word_character(char c) {
    return letter_or_digit(c) || c == '_';
}
/// What a name may have between its first and its last character.
[[nodiscard]] constexpr bool inside_name(char c) {
    return word_character(c) || c == '-' || c == '.';
}
/// Whether a path segment is a name as most routes want it: letters, digits, `_`, and `-` or `.`
/// inside.
[[nodiscard]] bool is_name(std::string_view text);

/// With the segment behind `front` in lower case: `role/A/b` is `role/a/b` behind `role/`.
[[nodiscard]] std::string with_lower_segment(std::string_view path, std::string_view front);

/// A seeded UUID (version 4 form).
[[nodiscard]] std::string make_uuid(Prng& prng);

}  // namespace meshproof::fakes::vault
