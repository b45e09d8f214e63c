#include "core/yaml/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "core/base/text.hpp"

namespace meshproof {
namespace {

using Json = nlohmann::json;

/// Words that some version of YAML takes for something else.
bool means_something(const std::string& text) {
    constexpr std::array<std::string_view, 8> words{"null", "true", "false", "yes",
                                                    "no",   "on",   "off",   "y"};
    const auto word = lower(text);
    return word == "n" || std::ranges::find(words, word) != words.end();
}

bool is_plain(const std::string& text) {
    const auto fits = [](char c) {
        return letter_or_digit(c) || c == '_' || c == '-' || c == '/' || c == '.';
    };
    const bool begins_well = !text.empty() && letter_or_digit(text.front()) &&
                             (text.front() < '0' || text.front() > '9');
    return begins_well && std::ranges::all_of(text, fits) && !means_something(text);
}

/// Whether it can stand as a block: whole lines of what can be printed, the first one not indented,
/// the last one not blank.
bool is_block(const std::string& text) {
    constexpr std::string_view blank = " \t\n";
    const auto printed = [](char c) {
        return c == '\n' || c == '\t' || static_cast<unsigned char>(c) >= ' ';
    };
    return text.size() > 1 && text.ends_with('\n') &&
           blank.find(text[text.size() - 2]) == blank.npos &&
           blank.find(text.front()) == blank.npos && text.find('\x7f') == std::string::npos &&
           std::ranges::all_of(text, printed);
}

/// Quoted as JSON is, which YAML reads too.
std::string word(const std::string& text) {
    return is_plain(text) ? text : Json(text).dump(-1, ' ', false, Json::error_handler_t::replace);
}

void write_value(std::string& out, const Json& value, std::size_t depth);

std::string margin(std::size_t depth) {
    return std::string(depth * 2, ' ');
}

void write_block(std::string& out, const std::string& text, std::size_t depth) {
    out += " |\n";
    for (const auto& line : split(text.substr(0, text.size() - 1), '\n')) {
        out += line.empty() ? "\n" : margin(depth) + line + "\n";
    }
}

/// The members from where the line stands: the first one needs no margin.
void write_members(std::string& out, const Json& map, std::size_t depth, bool begun) {
    for (const auto& [name, value] : map.items()) {
        out += begun ? "" : margin(depth);
        begun = false;
        out += word(name) + ":";
        write_value(out, value, depth + 1);
    }
}

/// After "name:" or "-": what is short stands in the line.
void write_value(std::string& out, const Json& value, std::size_t depth) {
    if (value.is_string() && is_block(value.get_ref<const std::string&>())) {
        write_block(out, value.get_ref<const std::string&>(), depth);
    } else if (value.is_string()) {
        out += " " + word(value.get_ref<const std::string&>()) + "\n";
    } else if (value.is_object() && !value.empty()) {
        out += "\n";
        write_members(out, value, depth, false);
    } else if (value.is_array() && !value.empty()) {
        out += "\n";
        for (const auto& item : value) {
            out += margin(depth) + "-";
            if (item.is_object() && !item.empty()) {
                out += " ";
                write_members(out, item, depth + 1, true);
            } else {
                write_value(out, item, depth + 1);
            }
        }
    } else {
        out += " " + value.dump() + "\n";
    }
}

}  // namespace

std::string yaml_text(const nlohmann::json& value) {
    std::string out;
    if (value.is_object() && !value.empty()) {
        write_members(out, value, 0, false);
        return out;
    }
    write_value(out, value, 0);
    return std::string(trim(out)) + "\n";
}

}  // namespace meshproof
