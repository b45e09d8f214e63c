#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace meshproof::load {

/// Which serial numbers were seen, in 11 to 22 bytes each: 64 bits of each one's hash are kept, in
/// one flat table. So a serial number may be taken for a repeated one that is none. Among n of them
/// that happens with a chance of n^2 / 2^65: one in 1.5 million for the most transactions that a
/// load can have (5,000,000). One that is repeated is always noticed. For one thread at a time.
class SeenSerials {
  public:
    SeenSerials();

    /// Whether it is new; from now on it was seen.
    [[nodiscard]] bool insert(std::string_view serial);

    [[nodiscard]] std::size_t size() const { return size_; }
    [[nodiscard]] std::size_t bytes() const { return slots_.size() * sizeof(std::uint64_t); }

  private:
    bool put(std::uint64_t hash);
    void grow();

    std::vector<std::uint64_t> slots_;  ///< a power of two of them; 0 = empty
    std::size_t size_ = 0;
};

}  // namespace meshproof::load
