#pragma once

#include <string>
#include <string_view>

namespace meshproof::reports {

/// Any text for a cell of a Markdown table, or a line.
[[nodiscard]] std::string cell(std::string_view text);

/// The same without any Markdown, of at most 2,000 bytes or so: leaves room for others, whatever a
/// server said.
[[nodiscard]] std::string short_cell(std::string_view text);

}  // namespace meshproof::reports
