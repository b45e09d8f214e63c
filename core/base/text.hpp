#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.hpp"

/// Small text forms that every layer needs: hex, base64, splitting, files.
namespace meshproof {

using Bytes = std::vector<std::uint8_t>;

[[nodiscard]] std::span<const std::uint8_t> as_bytes(std::string_view text);
[[nodiscard]] std::string_view as_text(std::span<const std::uint8_t> bytes);

/// Lower-case hex without separators.
[[nodiscard]] std::string to_hex(std::span<const std::uint8_t> bytes);
/// Base64 with padding (RFC 4648 section 4).
[[nodiscard]] std::string to_base64(std::string_view bytes);
[[nodiscard]] std::optional<std::string> from_base64(std::string_view text);
/// Base64url without padding (RFC 4648 section 5, as JOSE uses it).
[[nodiscard]] std::string to_base64url(std::string_view bytes);
[[nodiscard]] std::optional<std::string> from_base64url(std::string_view text);

/// Of ASCII, whatever the locale.
[[nodiscard]] constexpr bool letter_or_digit(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

[[nodiscard]] std::vector<std::string> split(std::string_view text, char separator);
[[nodiscard]] std::string join(std::span<const std::string> parts, std::string_view separator);
[[nodiscard]] std::string_view trim(std::string_view text);
[[nodiscard]] std::string lower(std::string_view text);

/// A number with its noun: "1 leaf", "2 leaves". It is made where it is written, so that what is
/// seldom said costs nothing; the words have to outlive it.
struct Counted {
    std::uint64_t count;
    std::string_view one, several;  ///< no `several`: `one` with an s

    [[nodiscard]] std::string text() const {
        return count == 1        ? fmt::format("1 {}", one)
               : several.empty() ? fmt::format("{} {}s", count, one)
                                 : fmt::format("{} {}", count, several);
    }
};
[[nodiscard]] constexpr Counted counted(std::uint64_t count, std::string_view one,
                                        std::string_view several = {}) {
    return {count, one, several};
}

/// Whether the text is the pattern, in which each `*` stands for any text, also for none.
[[nodiscard]] bool fits_pattern(std::string_view pattern, std::string_view text);
/// A path as a URI reference: what would end or change it is escaped (RFC 3986), and an absolute
/// one gets its scheme, since a reference that begins with a slash belongs to no base.
[[nodiscard]] std::string path_as_uri(std::string_view path);

/// More is no file that this program is meant to read. States and reports are tens of megabytes.
inline constexpr std::size_t largest_file = 512U << 20;
/// The whole file, or invalid "cannot read PATH: reason". A pipe with a name is refused, since it
/// may wait for its writer for ever; what a shell hands in as <(command) is read.
[[nodiscard]] Result<std::string> read_file(const std::string& path,
                                            std::size_t largest = largest_file);
/// Written whole under a temporary name beside it, synced, then renamed: never half a file. `mode`
/// as chmod takes it.
[[nodiscard]] Result<void> write_file(const std::string& path, std::string_view text,
                                      int mode = 0644);

}  // namespace meshproof

template <>
struct fmt::formatter<meshproof::Counted> : fmt::formatter<std::string_view> {
    template <class Context>
    auto format(const meshproof::Counted& counted, Context& context) const {
        return fmt::formatter<std::string_view>::format(counted.text(), context);
    }
};
