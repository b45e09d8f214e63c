#pragma once

#include <string>
#include <string_view>

namespace meshproof::html {

/// Any bytes as text for a page, in an element or between double or single quotes of an attribute.
/// The one way by which a foreign text gets into a page. What is no UTF-8, and what HTML or XML
/// cannot hold (controls, noncharacters) or what turns the direction of the text around it, is
/// U+FFFD; a carriage return is a line break.
[[nodiscard]] std::string escaped(std::string_view raw);

/// The same for XML 1.0, in an attribute too: a line break is &#10;, which no parser makes a space.
[[nodiscard]] std::string escaped_xml(std::string_view raw);

/// At most so many bytes of it, escaped, with "…" where some are left out.
[[nodiscard]] std::string escaped_head(std::string_view raw, std::size_t most);

}  // namespace meshproof::html
