#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "core/time/time.hpp"

namespace meshproof::fakes::vault {

/// time.Parse of an RFC 3339 time, with what Go lets pass (an hour of one digit, a comma before the
/// fraction) and what it does not (second 60, small letters). An error is Go's text.
[[nodiscard]] tl::expected<Time, std::string> parse_go_time(std::string_view text);

}  // namespace meshproof::fakes::vault
