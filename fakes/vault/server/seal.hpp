#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/base/secret.hpp"
#include "core/base/text.hpp"
#include "core/time/prng.hpp"

namespace meshproof::fakes::vault {

/// The key behind the barrier, and its shares: one for all nodes of a cluster. Nobody has it before
/// initialisation.
class BarrierKey {
  public:
    explicit BarrierKey(Prng prng) : prng_(std::move(prng)) {}

    /// Draws key and shares. 1 <= threshold <= shares, and threshold 1 only for one share.
    void initialise(int shares, int threshold);

    [[nodiscard]] bool initialised() const { return shares_ > 0; }
    [[nodiscard]] int shares() const { return shares_; }
    [[nodiscard]] int threshold() const { return threshold_; }
    [[nodiscard]] const std::vector<Secret>& keys() const { return keys_; }  ///< hex
    /// Key and shares as they were saved.
    struct Shares {
        int shares = 0, threshold = 0;
        Bytes key;
        std::vector<Secret> keys;
    };
    void restore(Shares kept);
    [[nodiscard]] const Bytes& key() const { return master_; }  ///< to be saved, never shown
    [[nodiscard]] bool is(const Bytes& key) const { return key == master_; }

  private:
    int shares_ = 0, threshold_ = 0;
    Prng prng_;
    Bytes master_;
    std::vector<Secret> keys_;
};

/// One node's barrier: open or closed, and the shares that it was given so far (rows 26 to 28).
class Seal {
  public:
    /// `key` outlives the seal.
    Seal(const BarrierKey& key, bool sealed, Prng prng)
        : key_(key), sealed_(sealed), prng_(std::move(prng)) {}

    [[nodiscard]] bool sealed() const { return sealed_; }
    [[nodiscard]] int progress() const { return static_cast<int>(given_.size()); }
    [[nodiscard]] const std::string& nonce() const { return nonce_; }

    void close();
    /// As a server starts that was saved open.
    void open() { sealed_ = false; }
    void forget_progress();
    /// Takes a share of an initialised key. A failure's message is the whole text.
    [[nodiscard]] Result<void> offer(const Bytes& share);

  private:
    const BarrierKey& key_;
    bool sealed_;
    Prng prng_;
    std::vector<Bytes> given_;
    std::string nonce_;
};

/// A share as clients send it: hex or base64.
[[nodiscard]] std::optional<Bytes> share_bytes(const std::string& key);

}  // namespace meshproof::fakes::vault
