#include "core/time/sim_clock.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/this_coro.hpp>
#include <queue>
#include <unordered_map>

#include "core/base/result.hpp"
#include "core/time/waiter.hpp"

namespace meshproof {

struct SimClock::State {
    struct Deadline {
        Time at;
        std::uint64_t index;
        bool operator>(const Deadline& other) const {
            return std::pair(at, index) > std::pair(other.at, other.index);
        }
    };

    Time start;
    Time now;
    std::uint64_t next = 0;
    std::priority_queue<Deadline, std::vector<Deadline>, std::greater<>> deadlines;
    std::unordered_map<std::uint64_t, detail::Waiter>
        sleeping;  // a cancelled one is gone from here first
};

SimClock::SimClock(boost::asio::io_context& context, Time start)
    : context_(context), state_(std::make_shared<State>()) {
    state_->start = state_->now = start;
}

SimClock::~SimClock() {
    // Destroys the coroutines that still sleep; they may hold others that sleep, hence the
    // moved-out map.
    auto sleeping = std::exchange(state_->sleeping, {});
    sleeping.clear();
}

Time SimClock::now() const {
    return state_->now;
}
Duration SimClock::elapsed() const {
    return state_->now - state_->start;
}

Task<bool> SimClock::rest(Duration duration) {
    const auto executor = co_await boost::asio::this_coro::executor;
    auto park = [state = state_, duration, executor](auto handler) {
        const auto index = state->next++;
        auto slot = boost::asio::get_associated_cancellation_slot(handler);
        state->deadlines.push({state->now + std::max(duration, Duration::zero()), index});
        state->sleeping.emplace(index, detail::Waiter(std::move(handler), executor));
        if (slot.is_connected()) {
            slot.assign([weak = std::weak_ptr(state), index](boost::asio::cancellation_type) {
                if (const auto alive = weak.lock()) {
                    if (auto found = alive->sleeping.extract(index)) {
                        found.mapped().resume(boost::asio::error::operation_aborted);
                    }
                }
            });
        }
    };
    constexpr auto as_value = boost::asio::as_tuple(boost::asio::use_awaitable);
    const auto [error] = co_await boost::asio::async_initiate<const decltype(as_value),
                                                              void(boost::system::error_code)>(
        std::move(park), as_value);
    co_return !error;
}

void SimClock::run_until(const std::function<bool()>& done, Duration limit) {
    const Time last = state_->now + limit;
    while (!done()) {
        context_.restart();
        if (context_.poll_one() > 0) {
            continue;
        }
        // Idle: jump to the earliest deadline whose sleeper was not cancelled.
        bool resumed = false;
        while (!resumed && !state_->deadlines.empty()) {
            const auto [at, index] = state_->deadlines.top();
            state_->deadlines.pop();
            auto found = state_->sleeping.extract(index);
            if (!found) {
                continue;
            }
            if (at > last) {
                throw CannotGoOn({FailureKind::timed_out, "virtual time ran out", 0, {}});
            }
            state_->now = std::max(state_->now, at);
            found.mapped().resume({});
            resumed = true;
        }
        if (!resumed) {
            throw CannotGoOn(
                {FailureKind::timed_out, "nothing can happen any more: everyone waits", 0, {}});
        }
    }
}

}  // namespace meshproof
