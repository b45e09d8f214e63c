#pragma once

#include <fmt/format.h>

#include <span>
#include <string>

namespace meshproof::crypto {

/// A key id as Vault prints it, "00:49:c8:…": every byte, where a serial number loses its leading
/// zeros.
[[nodiscard]] inline std::string key_id_text(std::span<const std::uint8_t> id) {
    std::string text;
    for (const auto byte : id) {
        text += fmt::format("{}{:02x}", text.empty() ? "" : ":", byte);
    }
    return text;
}

}  // namespace meshproof::crypto
