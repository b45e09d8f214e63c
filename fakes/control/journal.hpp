#pragma once

#include <deque>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "fakes/chaos/chaos_handler.hpp"

namespace meshproof::fakes {

/// Which entries of a journal are asked for. Conditions that are absent hold for all.
struct JournalQuery {
    std::uint64_t since = 0;            ///< number of the first one
    std::size_t limit = 1000;           ///< of those that fit, the first so many
    std::optional<std::size_t> last{};  ///< instead: the last so many
    std::string server{};               ///< "vault" or "vault-0"
    std::string kind{};                 ///< "request" or "connection"
    std::string method{};
    std::string path{};                   ///< a pattern with *, or a prefix of whole segments
    std::string user_agent{}, subject{};  ///< patterns with *
    std::optional<int> status{};
    [[nodiscard]] bool fits(const Served& entry) const;
};

/// The last requests that the fakes served, in order. The oldest make room for new ones.
class Journal {
  public:
    explicit Journal(std::size_t capacity = 10'000) : capacity_(capacity) {}

    void add(Served served) {
        if (entries_.size() == capacity_) {
            entries_.pop_front();
            ++first_;
        }
        entries_.push_back(std::move(served));
    }
    void clear() {
        first_ += entries_.size();
        entries_.clear();
    }
    /// {"entries": [...], "next": N, "lost": N}. Numbers go on for ever; `next` is the number to
    /// ask from the next time, and `lost` of those from `since` on are no longer there.
    [[nodiscard]] nlohmann::json read(const JournalQuery& query) const;

  private:
    std::size_t capacity_;
    std::uint64_t first_ = 0;  // number of the oldest one
    std::deque<Served> entries_;
};

}  // namespace meshproof::fakes
