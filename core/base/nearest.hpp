#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace meshproof {

/// The known word that was probably meant, or "" where none is near.
[[nodiscard]] std::string nearest_word(std::string_view typed,
                                       const std::vector<std::string>& known);

}  // namespace meshproof
