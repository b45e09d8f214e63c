// The only file that asks the machine for the time (a tidy test holds every other file to that).
#include "core/time/real_clock.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>

namespace meshproof {
namespace {
Duration steady() {
    return std::chrono::duration_cast<Duration>(
        std::chrono::steady_clock::now().time_since_epoch());
}
}  // namespace

RealClock::RealClock() : started_(steady()) {}

Time RealClock::now() const {
    return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
}

Duration RealClock::elapsed() const {
    return steady() - started_;
}

Task<bool> RealClock::rest(Duration duration) {
    boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor);
    timer.expires_after(std::max(duration, Duration::zero()));
    const auto [error] =
        co_await timer.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
    co_return !error;
}

}  // namespace meshproof
