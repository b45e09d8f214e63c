#pragma once

#include <string>

#include "fakes/world/fake_servers.hpp"

namespace meshproof::cli {

/// Where a flag says to listen: ADDRESS:PORT, [::1]:PORT, or localhost:PORT. UsageError otherwise.
[[nodiscard]] fakes::ListenAddress listen_address(const std::string& flag, const std::string& text);
[[nodiscard]] bool is_loopback(const fakes::ListenAddress& where);

}  // namespace meshproof::cli
