#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "core/base/result.hpp"

namespace meshproof::stats {

/// Counts as HdrHistogram's V2 format packs them: ZigZag LEB128 of at most nine bytes, where a
/// negative number stands for so many zeros.
[[nodiscard]] std::string pack(std::span<const std::uint64_t> counts);
/// Calls `take(index, count)` for each count that is not zero. Malformed where a number is cut off
/// or an index is not below `size`.
[[nodiscard]] Result<void> unpack(std::string_view packed, std::size_t size,
                                  const std::function<void(std::size_t, std::uint64_t)>& take);

}  // namespace meshproof::stats
