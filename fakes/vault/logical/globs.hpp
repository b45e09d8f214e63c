#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace meshproof::fakes::vault {

/// Whether the pattern covers the text: `*` stands for any run of characters, everything else for
/// itself.
[[nodiscard]] bool glob_matches(std::string_view pattern, std::string_view text);
[[nodiscard]] bool listed_by_glob(const std::vector<std::string>& patterns, std::string_view text);

}  // namespace meshproof::fakes::vault
