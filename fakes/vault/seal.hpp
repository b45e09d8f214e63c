#pragma once

#include <string>
#include <vector>

#include "core/base/secret.hpp"
#include "core/base/text.hpp"
#include "core/time/prng.hpp"

namespace meshproof::fakes {

/// The barrier: open or closed, and the shares of its key (rows 26 to 28).
class Seal {
  public:
    Seal(int shares, int threshold, Prng prng);

    [[nodiscard]] bool sealed() const { return sealed_; }
    [[nodiscard]] int shares() const { return shares_; }
    [[nodiscard]] int threshold() const { return threshold_; }
    [[nodiscard]] int progress() const { return static_cast<int>(given_.size()); }
    [[nodiscard]] const std::string& nonce() const { return nonce_; }
    [[nodiscard]] const std::vector<Secret>& keys() const { return keys_; }  ///< hex

    void close();
    void forget_progress();
    /// Takes a share. A failure's message is the whole text.
    [[nodiscard]] Result<void> offer(const Bytes& share);

  private:
    int shares_, threshold_;
    bool sealed_ = false;
    Prng prng_;
    Bytes master_;
    std::vector<Secret> keys_;
    std::vector<Bytes> given_;
    std::string nonce_;
};

}  // namespace meshproof::fakes
