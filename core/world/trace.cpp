#include "core/world/trace.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <array>

#include "core/base/assert.hpp"
#include "core/base/text.hpp"

namespace meshproof::run {
namespace {
constexpr std::string_view redaction = "[a line that held a secret]";
// Shorter texts ("root" of a dev server) occur in honest lines as well.
constexpr std::size_t shortest_secret = 8;
}  // namespace

bool Trace::add(TraceEvent event) {
    // The line has every field; the actor may stand in none of them.
    const bool clean = !leaks(text_of(event)) && !leaks(event.actor);
    if (!clean) {
        event = note_event(std::string(redaction));
    }
    event.at = std::chrono::floor<std::chrono::milliseconds>(clock_->elapsed());
    events_.push_back(std::move(event));
    return clean;
}

void Trace::learn(const Secret& secret) {
    if (const auto& text = secret.reveal(); text.size() >= shortest_secret) {
        const auto front = text.size() - shortest_secret;
        secrets_[text.substr(front)].insert(text.substr(0, front));
    }
}

bool Trace::leaks(std::string_view text) const {
    for (std::size_t i = 0; i + shortest_secret <= text.size(); ++i) {
        const auto found = secrets_.find(text.substr(i, shortest_secret));
        const auto before = text.substr(0, i);
        if (found != secrets_.end() &&
            std::ranges::any_of(found->second,
                                [before](const auto& front) { return before.ends_with(front); })) {
            return true;
        }
    }
    return false;
}

std::string Trace::redacted(std::string text) const {
    return leaks(text) ? std::string(redaction) : text;
}

std::vector<std::string> Trace::lines() const {
    std::vector<std::string> lines;
    lines.reserve(events_.size());
    for (const auto& event : events_) {
        lines.push_back(timed_ ? timed_text_of(event) : text_of(event));
    }
    return lines;
}

std::string Trace::digest() const {
    std::string all;
    for (const auto& line : lines()) {
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
