#pragma once

#include <deque>
#include <nlohmann/json.hpp>

#include "fakes/chaos/chaos_handler.hpp"

namespace meshproof::fakes {

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
    /// Those from number `since` on, `limit` at most: {"entries": [...], "next": N, "lost": N}.
    /// Numbers go on for ever; `lost` of those asked for are no longer there.
    [[nodiscard]] nlohmann::json read(std::uint64_t since, std::size_t limit) const;

  private:
    std::size_t capacity_;
    std::uint64_t first_ = 0;  // number of the oldest one
    std::deque<Served> entries_;
};

}  // namespace meshproof::fakes
