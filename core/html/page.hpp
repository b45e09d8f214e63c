#pragma once

#include <string>
#include <string_view>

namespace meshproof::html {

/// A whole document that needs nothing beside it: it opens from a disk, asks nobody for anything
/// (its content security policy forbids it), and is well-formed XML as well, so that any parser can
/// judge it. `title` is raw; `body` is markup, and whoever makes it escapes what is in it.
/// It has light and dark colours, prints unfolded, and its copy buttons show only where scripts
/// run.
[[nodiscard]] std::string page(std::string_view title, std::string_view body);

/// A command that is copied by a button beside it. Raw text.
[[nodiscard]] std::string command(std::string_view text);

/// The page's one script, for who wants to check the policy's hash of it.
[[nodiscard]] std::string_view script();

}  // namespace meshproof::html
