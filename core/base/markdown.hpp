#pragma once

#include <string>
#include <string_view>

#include "core/base/answer.hpp"
#include "core/base/json_text.hpp"

namespace meshproof {

/// Any text as one line of Markdown, or one cell of a table, which it does not leave: what would
/// mean something there is escaped, and a line break of any kind, which would end the row, is a
/// blank.
[[nodiscard]] inline std::string markdown_text(std::string_view text) {
    std::string out;
    for (const char c : one_line(valid_utf8(std::string(text)))) {
        if (std::string_view("\\|<`*_[").find(c) != std::string_view::npos) {
            out += '\\';
        }
        out += c;
    }
    return out;
}

}  // namespace meshproof
