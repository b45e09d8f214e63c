#include "core/world/trace.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <array>

#include "core/base/assert.hpp"
#include "core/base/text.hpp"

namespace meshproof::run {

bool Trace::add(std::string line) {
    const bool clean = !leaks(line);
    line = redacted(std::move(line));
    if (timed_) {
        const auto at = std::chrono::floor<std::chrono::milliseconds>(clock_->elapsed()).count();
        line = fmt::format("{:>12} {}", at, line);
    }
    lines_.push_back(std::move(line));
    return clean;
}

void Trace::learn(const Secret& secret) {
    // Shorter texts ("root" of a dev server) occur in honest lines as well.
    constexpr std::size_t shortest_secret = 8;
    if (secret.reveal().size() >= shortest_secret) {
        secrets_.insert(secret.reveal());
    }
}

bool Trace::leaks(std::string_view text) const {
    return std::ranges::any_of(secrets_, [text](const std::string& secret) {
        return text.find(secret) != std::string_view::npos;
    });
}

std::string Trace::redacted(std::string text) const {
    return leaks(text) ? "[a line that held a secret]" : text;
}

std::string Trace::digest() const {
    std::string all;
    for (const auto& line : lines_) {
        all += line;
        all += '\n';
    }
    std::array<std::uint8_t, EVP_MAX_MD_SIZE> hash{};
    unsigned size = 0;
    MESHPROOF_ASSERT(
        EVP_Digest(all.data(), all.size(), hash.data(), &size, EVP_sha256(), nullptr) == 1);
    return to_hex(std::span(hash.data(), size));
}

}  // namespace meshproof::run
