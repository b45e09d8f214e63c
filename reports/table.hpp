#pragma once

#include <string>
#include <string_view>

namespace meshproof::reports {

/// Any text for a cell of a Markdown table, or a line.
[[nodiscard]] std::string cell(std::string_view text);

}  // namespace meshproof::reports
