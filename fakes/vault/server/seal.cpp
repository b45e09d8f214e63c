#include "fakes/vault/server/seal.hpp"

#include <algorithm>
#include <charconv>

#include "core/base/assert.hpp"
#include "fakes/vault/logical/names.hpp"
#include "fakes/vault/server/shamir.hpp"

namespace meshproof::fakes::vault {

void BarrierKey::initialise(int shares, int threshold) {
    MESHPROOF_ASSERT(threshold >= 1 && shares >= threshold && (shares == 1 || threshold > 1),
                     "{} shares, threshold {}", shares, threshold);
    shares_ = shares;
    threshold_ = threshold;
    master_ = prng_.bytes(32);
    if (shares == 1) {
        keys_.emplace_back(to_hex(master_));
        return;
    }
    for (const auto& share : split_secret(master_, shares, threshold, prng_)) {
        keys_.emplace_back(to_hex(share));
    }
}

void BarrierKey::restore(Shares kept) {
    shares_ = kept.shares;
    threshold_ = kept.threshold;
    master_ = std::move(kept.key);
    keys_ = std::move(kept.keys);
}

void Seal::close() {
    sealed_ = true;
    forget_progress();
}

void Seal::forget_progress() {
    given_.clear();
    nonce_.clear();
}

Result<void> Seal::offer(const Bytes& share) {
    if (share.size() < 16) {
        return fail(FailureKind::invalid, "invalid key: key is shorter than minimum 16 bytes");
    }
    if (share.size() > 33) {
        return fail(FailureKind::invalid, "invalid key: key is longer than maximum 33 bytes");
    }
    if (std::ranges::find(given_, share) != given_.end()) {
        return {};
    }
    if (given_.empty()) {
        nonce_ = make_uuid(prng_);
    }
    given_.push_back(share);
    if (progress() < key_.threshold()) {
        return {};
    }
    const auto shares = std::move(given_);
    forget_progress();
    Bytes key;
    if (key_.threshold() == 1) {
        key = shares[0];
    } else {
        const bool alike = std::ranges::all_of(shares, [&](const Bytes& other) {
            return other.size() == shares[0].size() &&
                   std::count_if(shares.begin(), shares.end(), [&](const Bytes& same) {
                       return same.back() == other.back();
                   }) == 1;
        });
        if (!alike) {
            return fail(FailureKind::invalid,
                        "invalid key: failed to compute combined key: "
                        "all parts must be the same length");
        }
        key = combine_shares(shares);
    }
    if (key.size() != 16 && key.size() != 24 && key.size() != 32) {
        return fail(FailureKind::invalid,
                    "invalid key: failed to setup unseal key: crypto/aes: invalid key size {}",
                    key.size());
    }
    if (!key_.is(key)) {
        return fail(FailureKind::invalid,
                    "unable to retrieve stored keys: invalid key: failed to decrypt keys from "
                    "storage: cipher: message "
                    "authentication failed");
    }
    sealed_ = false;
    return {};
}

std::optional<Bytes> share_bytes(const std::string& key) {
    if (key.size() % 2 == 0) {
        Bytes bytes;
        for (std::size_t i = 0; i < key.size(); i += 2) {
            std::uint8_t byte = 0;
            const auto* end = key.data() + i + 2;
            if (std::from_chars(key.data() + i, end, byte, 16).ptr != end) {
                bytes.clear();
                break;
            }
            bytes.push_back(byte);
        }
        if (!bytes.empty()) {
            return bytes;
        }
    }
    const auto text = from_base64(key);
    if (!text) {
        return std::nullopt;
    }
    return Bytes(text->begin(), text->end());
}

}  // namespace meshproof::fakes::vault
