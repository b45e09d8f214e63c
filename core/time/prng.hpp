#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "core/time/time.hpp"

namespace meshproof {

/// Seeded chance, the same on every machine. Fork it into named streams, so that a new draw in one
/// part disturbs no other.
class Prng {
  public:
    explicit Prng(std::uint64_t seed) : seed_(seed), engine_(seed) {}

    /// An independent stream that depends on this one's seed and the name only, not on what was
    /// drawn so far.
    [[nodiscard]] Prng fork(std::string_view name) const;
    [[nodiscard]] std::uint64_t seed() const { return seed_; }

    [[nodiscard]] std::uint64_t next() { return engine_(); }
    /// Uniform in [0, bound); bound > 0.
    [[nodiscard]] std::uint64_t below(std::uint64_t bound);
    /// Uniform in [0, 1).
    [[nodiscard]] double unit();
    /// True with probability `ratio` in [0, 1].
    [[nodiscard]] bool chance(double ratio) { return unit() < ratio; }
    /// Uniform in [low, high].
    [[nodiscard]] Duration between(Duration low, Duration high);
    /// `count` characters of [a-z0-9].
    [[nodiscard]] std::string token(std::size_t count);
    /// `count` uniform bytes.
    [[nodiscard]] std::vector<std::uint8_t> bytes(std::size_t count);
    /// Whether they will draw the same.
    friend bool operator==(const Prng& a, const Prng& b) = default;

  private:
    std::uint64_t seed_;
    std::mt19937_64 engine_;
};

/// A seed from the machine's own chance, for runs that name none: short, since people type it
/// again.
[[nodiscard]] std::uint64_t fresh_seed();
/// The same with all 64 bits, for what nobody may find by trying.
[[nodiscard]] std::uint64_t secret_seed();

}  // namespace meshproof
