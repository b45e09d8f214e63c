// The only file that asks the machine for chance (a tidy test holds every other file to that).
#include "core/time/prng.hpp"

#include "core/base/assert.hpp"

namespace meshproof {
namespace {
// splitmix64's finaliser: spreads every bit of the input over the output.
std::uint64_t mix(std::uint64_t x) {
    x += 0x9e3779b97f4a7c15U;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9U;
    x = (x ^ x >> 27) * 0x94d049bb133111ebU;
    return x ^ x >> 31;
}
}  // namespace

Prng Prng::fork(std::string_view name) const {
    std::uint64_t hash = mix(seed_);
    for (const char c : name) {
        hash = mix(hash ^ static_cast<std::uint8_t>(c));
    }
    return Prng(hash);
}

std::uint64_t Prng::below(std::uint64_t bound) {
    MESHPROOF_ASSERT(bound > 0);
    const std::uint64_t reject_under =
        (0 - bound) % bound;  // so that every remainder is equally likely
    while (true) {
        const auto drawn = next();
        if (drawn >= reject_under) {
            return drawn % bound;
        }
    }
}

double Prng::unit() {
    return static_cast<double>(next() >> 11) * 0x1.0p-53;
}

Duration Prng::between(Duration low, Duration high) {
    MESHPROOF_ASSERT(low <= high, "{} > {}", low.count(), high.count());
    return low + Duration(below(static_cast<std::uint64_t>((high - low).count()) + 1));
}

std::string Prng::token(std::size_t count) {
    constexpr std::string_view alphabet = "abcdefghijklmnopqrstuvwxyz0123456789";
    std::string out;
    for (std::size_t i = 0; i < count; ++i) {
        out += alphabet[below(alphabet.size())];
    }
    return out;
}

std::vector<std::uint8_t> Prng::bytes(std::size_t count) {
    std::vector<std::uint8_t> out;
    out.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
        out.push_back(static_cast<std::uint8_t>(below(256)));
    }
    return out;
}

std::uint64_t fresh_seed() {
    std::random_device device;
    return device() % 1'000'000'000U;
}

std::uint64_t secret_seed() {
    std::random_device device;
    return std::uint64_t{device()} << 32 | device();
}

}  // namespace meshproof
