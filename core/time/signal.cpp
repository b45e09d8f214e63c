#include "core/time/signal.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <map>

#include "core/time/waiter.hpp"

namespace meshproof {

struct Signal::State {
    std::map<std::uint64_t, detail::Waiter> waiting;  // in order of arrival
    std::uint64_t next = 0;
};

Signal::Signal() : state_(std::make_shared<State>()) {}

Signal::~Signal() {
    // Ends the waits, so that nobody hangs on something that can no longer happen.
    for (auto& [id, waiter] : std::exchange(state_->waiting, {})) {
        waiter.resume(boost::asio::error::operation_aborted);
    }
}

Task<void> Signal::wait() {
    if (!co_await rest()) {
        throw boost::system::system_error(boost::asio::error::operation_aborted);
    }
}

Task<bool> Signal::rest() {
    const auto executor = co_await boost::asio::this_coro::executor;
    auto park = [state = state_, executor](auto handler) {
        const auto id = state->next++;
        auto slot = boost::asio::get_associated_cancellation_slot(handler);
        state->waiting.emplace(id, detail::Waiter(std::move(handler), executor));
        if (slot.is_connected()) {
            slot.assign([weak = std::weak_ptr(state), id](boost::asio::cancellation_type) {
                if (const auto alive = weak.lock()) {
                    if (auto found = alive->waiting.extract(id)) {
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

void Signal::notify_all() {
    for (auto& [id, waiter] : std::exchange(state_->waiting, {})) {
        waiter.resume({});
    }
}

}  // namespace meshproof
