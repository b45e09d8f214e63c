#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace meshproof {

/// The known word that was probably meant, or "" where none is near.
[[nodiscard]] std::string nearest_word(std::string_view typed,
                                       const std::vector<std::string>& known);
/// What to say of a word that is not known: "did you mean x?" where one is near, else "known are
/// x, y".
[[nodiscard]] std::string suggestion(std::string_view typed, const std::vector<std::string>& known);

}  // namespace meshproof
