#pragma once

#include <span>
#include <vector>

#include "core/base/text.hpp"
#include "core/time/prng.hpp"

/// Shamir's secret sharing over GF(2^8), with Vault's share form: one byte a secret byte, then the
/// x coordinate.
namespace meshproof::fakes::vault {

/// 2 <= threshold <= shares <= 255.
[[nodiscard]] std::vector<Bytes> split_secret(std::span<const std::uint8_t> secret, int shares,
                                              int threshold, Prng& prng);

/// What these shares make; too few or wrong ones give other bytes, not an error. Shares are of one
/// length and distinct.
[[nodiscard]] Bytes combine_shares(std::span<const Bytes> shares);

}  // namespace meshproof::fakes::vault
