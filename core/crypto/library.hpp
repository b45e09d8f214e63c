#pragma once

#include <string_view>

namespace meshproof::crypto {

/// The OpenSSL that runs, as it names itself: "OpenSSL 3.0.17 1 Jul 2025".
[[nodiscard]] std::string_view library_version();

}  // namespace meshproof::crypto
