#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Texts as Go's library prints them: what shows through in the API server's messages.
namespace meshproof::fakes::kube {

/// The characters of a valid UTF-8 text, with the byte at which each begins.
[[nodiscard]] std::vector<std::pair<std::size_t, char32_t>> runes_of(std::string_view text);
/// unicode.IsPrint, of the characters that come up.
[[nodiscard]] bool printable(char32_t rune);

/// unicode.IsSpace.
[[nodiscard]] bool white(char32_t rune);
/// strings.TrimSpace: without Unicode's white space at both ends.
[[nodiscard]] std::string_view go_trimmed(std::string_view text);

/// strconv.Quote, and `%q`: `a"b` -> `"a\"b"`.
[[nodiscard]] std::string go_quoted(std::string_view text);
/// `%+v` of a value as Go's decoder makes it: `map[a:b c:[1 <nil>]]`.
[[nodiscard]] std::string go_printed(const nlohmann::json& value);
/// As encoding/json writes a value: <, > and & are escaped, and the two line ends of Unicode.
[[nodiscard]] std::string go_json(const nlohmann::json& value);
/// A byte as encoding/json's faults name it, with its quotes: `'\u009e'`.
[[nodiscard]] std::string go_character(char byte);
/// What Go's decoder calls a JSON value: "string", "bool", "array", "object", "number".
[[nodiscard]] std::string_view json_kind(const nlohmann::json& value);

}  // namespace meshproof::fakes::kube
