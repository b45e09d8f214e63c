#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <map>
#include <memory>
#include <optional>

#include "core/http/wire.hpp"
#include "core/time/clock.hpp"

namespace meshproof::http {

/// Ends the waiting on connections whose time is over: one timer for all of them. within() would
/// have five coroutines more for each request. One event loop.
class Deadlines : public std::enable_shared_from_this<Deadlines> {
  public:
    /// The clock is a real one, and outlives all entries.
    explicit Deadlines(Clock& clock) : clock_(clock) {}

    /// One connection's deadline, watched as long as this lives.
    class Entry {
      public:
        Entry(const Entry&) = delete;
        Entry& operator=(const Entry&) = delete;
        ~Entry() { all_->entries_.erase(place_); }
        /// It is over: what waited on the connection was woken (Wire::wake), and nobody may begin
        /// to wait there again.
        [[nodiscard]] bool passed() const { return place_->second.passed; }

      private:
        friend class Deadlines;
        struct Waiting {
            Wire* wire;
            bool passed = false;
        };
        using Entries = std::multimap<Duration, Waiting>;
        Entry(std::shared_ptr<Deadlines> all, Duration at, Wire& wire)
            : all_(std::move(all)), place_(all_->entries_.emplace(at, Waiting{&wire})) {}

        std::shared_ptr<Deadlines> all_;
        Entries::iterator place_;
    };

    /// `at` is of the clock's elapsed time; `wire` outlives the entry. The executor is the waiting
    /// coroutine's.
    [[nodiscard]] std::unique_ptr<Entry> watch(const boost::asio::any_io_executor& executor,
                                               Wire& wire, Duration at);

  private:
    void arm(Duration at);
    void fire();

    Clock& clock_;
    Entry::Entries entries_;
    std::optional<boost::asio::steady_timer> timer_;
    std::optional<Duration> armed_;  ///< when the timer ends, at the latest
};

}  // namespace meshproof::http
