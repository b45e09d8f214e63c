#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/run/result.hpp"

namespace meshproof::cli {

/// Tells outcomes in the order of their list, whichever ends first, so that two runs can be
/// compared line by line: each waits for those before it.
class InOrder {
  public:
    using Tell = std::function<void(const run::Outcome&)>;
    /// Of an id that is there several times each outcome is one.
    InOrder(const std::vector<std::string>& ids, Tell tell) : tell_(std::move(tell)) {
        for (const auto& id : ids) {
            waiting_.push_back({id, std::nullopt});
        }
    }

    void add(const run::Outcome& outcome) {
        for (auto at = next_; at < waiting_.size(); ++at) {
            if (waiting_[at].id == outcome.id && !waiting_[at].outcome) {
                waiting_[at].outcome = outcome;
                break;
            }
        }
        while (next_ < waiting_.size() && waiting_[next_].outcome) {
            tell_next();
        }
    }
    /// What waits for others that never end.
    void add_no_more() {
        while (next_ < waiting_.size()) {
            tell_next();
        }
    }

  private:
    struct Waiting {
        std::string id;
        std::optional<run::Outcome> outcome;
    };

    void tell_next() {
        auto& next = waiting_[next_++];
        if (next.outcome) {
            tell_(*next.outcome);
            next.outcome.reset();  // a check's evidence is large
        }
    }

    std::vector<Waiting> waiting_;
    std::size_t next_ = 0;
    Tell tell_;
};

}  // namespace meshproof::cli
