#pragma once

#include <string>
#include <string_view>

namespace meshproof::reports {

/// Any text for a cell of a Markdown table, or a line.
[[nodiscard]] std::string cell(std::string_view text);

/// The same without any Markdown, of at most 2,000 bytes or so: leaves room for others, whatever a
/// server said.
[[nodiscard]] std::string short_cell(std::string_view text);

/// Text for XML 1.0, which cannot hold most control characters even escaped, nor U+FFFE and
/// U+FFFF. What is no UTF-8 becomes U+FFFD.
[[nodiscard]] std::string xml(std::string_view raw);

}  // namespace meshproof::reports
