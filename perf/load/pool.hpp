#pragma once

#include <string>
#include <vector>

#include "core/base/text.hpp"
#include "core/crypto/key.hpp"
#include "core/time/time.hpp"

namespace meshproof::load {

/// A pod that asks for its leaf: what it sends, and what its leaf has to say.
struct Pod {
    std::string id;         ///< its SPIFFE id
    std::string sign_body;  ///< the sign request's JSON, with its CSR
    Bytes spki;             ///< of its own key (DER)
};

/// What a pool is made of.
struct PoolPlan {
    std::size_t pods = 0;
    crypto::KeyType key_type = crypto::KeyType::p256;
    std::string trust_domain;
    Duration ttl{};  ///< asked for each leaf
};

/// The pods of a load, each with a key and a CSR of its own, made before the load begins: their
/// making is not part of what is measured. Private keys are not kept, since nobody serves with
/// them.
class Pool {
  public:
    /// What is held at most, some 100 MB of EC keys' requests: a longer load uses each again.
    static constexpr std::size_t most = 100'000;
    static constexpr std::size_t most_rsa = 1'000;  ///< whose keys take 50 ms each, and more
    [[nodiscard]] static std::size_t most_of(crypto::KeyType type);

    /// Made on as many threads as the machine has processors; comes back when all are made.
    explicit Pool(const PoolPlan& plan);

    [[nodiscard]] std::size_t size() const { return pods_.size(); }
    /// The pod of a transaction: its own as long as there are enough.
    [[nodiscard]] const Pod& of(std::size_t transaction) const {
        return pods_[transaction % pods_.size()];
    }

  private:
    std::vector<Pod> pods_;
};

}  // namespace meshproof::load
