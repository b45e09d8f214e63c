#include "fakes/vault/server/shamir.hpp"

#include <numeric>
#include <ranges>

#include "core/base/assert.hpp"

namespace meshproof::fakes::vault {

namespace {

using Byte = std::uint8_t;

// In the field of AES: modulus x^8 + x^4 + x^3 + x + 1.
Byte multiply(Byte a, Byte b) {
    unsigned product = 0;
    unsigned factor = a;
    for (unsigned rest = b; rest != 0; rest >>= 1U) {
        if ((rest & 1U) != 0) {
            product ^= factor;
        }
        factor <<= 1U;
        if ((factor & 0x100U) != 0) {
            factor ^= 0x11BU;
        }
    }
    return static_cast<Byte>(product);
}

// a^254, as a^255 is 1 for all a but 0.
Byte inverse(Byte a) {
    Byte result = 1;
    for (int i = 0; i < 254; ++i) {
        result = multiply(result, a);
    }
    return result;
}

}  // namespace

std::vector<Bytes> split_secret(std::span<const std::uint8_t> secret, int shares, int threshold,
                                Prng& prng) {
    MESHPROOF_ASSERT(threshold >= 2 && shares >= threshold && shares <= 255, "{} of {}", threshold,
                     shares);
    std::vector<Byte> places(255);
    std::iota(places.begin(), places.end(), Byte{1});
    for (std::size_t i = places.size() - 1; i > 0; --i) {
        std::swap(places[i], places[prng.below(i + 1)]);
    }
    std::vector<Bytes> out(static_cast<std::size_t>(shares));
    for (const Byte byte : secret) {
        auto polynomial = prng.bytes(static_cast<std::size_t>(threshold));
        polynomial[0] = byte;
        for (std::size_t s = 0; s < out.size(); ++s) {
            Byte value = 0;
            for (const Byte coefficient : std::ranges::reverse_view(polynomial)) {
                value = static_cast<Byte>(multiply(value, places[s]) ^ coefficient);
            }
            out[s].push_back(value);
        }
    }
    for (std::size_t s = 0; s < out.size(); ++s) {
        out[s].push_back(places[s]);
    }
    return out;
}

Bytes combine_shares(std::span<const Bytes> shares) {
    MESHPROOF_ASSERT(!shares.empty() && !shares[0].empty(), "no share");
    Bytes secret;
    for (std::size_t at = 0; at + 1 < shares[0].size(); ++at) {
        Byte value = 0;
        for (const auto& share : shares) {
            Byte weight = 1;  // Lagrange's basis at 0
            for (const auto& other : shares) {
                if (&other != &share) {
                    const Byte difference = static_cast<Byte>(other.back() ^ share.back());
                    weight = multiply(weight, multiply(other.back(), inverse(difference)));
                }
            }
            value = static_cast<Byte>(value ^ multiply(share[at], weight));
        }
        secret.push_back(value);
    }
    return secret;
}

}  // namespace meshproof::fakes::vault
