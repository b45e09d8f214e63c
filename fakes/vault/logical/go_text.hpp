#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "core/time/time.hpp"
#include "fakes/vault/logical/product.hpp"

/// Texts as Go's library reads and prints them: what shows through in the servers' errors.
namespace meshproof::fakes::vault {

/// strings.TrimSpace: blanks of all of Unicode, and not of ASCII alone.
[[nodiscard]] std::string_view go_trimmed(std::string_view text);

/// Whether it is of characters alone that unicode.IsPrint knows.
[[nodiscard]] bool go_prints(std::string_view text);

/// strconv.Quote: `a"b` -> `"a\"b"`; what does not print is escaped, `"\u200b"`.
[[nodiscard]] std::string go_quoted(std::string_view text);

/// As package time quotes in its errors: bytes, not characters: `ä` -> `"\xc3\xa4"`.
[[nodiscard]] std::string go_time_quoted(std::string_view text);

/// What encoding/hex has against it: bytes, not characters, are shown as %#U prints them:
/// `encoding/hex: invalid byte: U+00C3 'Ã'` of `ä`. "" = it is hex, in letters of either case.
[[nodiscard]] std::string go_hex_fault(std::string_view text);

/// A JSON value as %v prints it.
[[nodiscard]] std::string go_value(const nlohmann::json& value);

/// The type of a JSON value as a Go program reads it; `number` is what its decoder makes of one.
[[nodiscard]] std::string_view go_type(const nlohmann::json& value, std::string_view number);

/// strconv.ParseInt; base 0 takes `0x10`, `0b1`, `010` and `1_000` as well. An error is the reason:
/// "invalid syntax" or "value out of range".
[[nodiscard]] tl::expected<std::int64_t, std::string> go_integer(std::string_view text, int base);

/// A duration as every `ttl` is read: whole seconds, days (`5d`), or Go's own form; "" is zero. It
/// may be negative. An error is Go's text.
[[nodiscard]] tl::expected<Duration, std::string> read_duration(std::string_view text,
                                                                Product product);

}  // namespace meshproof::fakes::vault
