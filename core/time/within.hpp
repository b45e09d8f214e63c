#pragma once

#include <boost/asio/experimental/awaitable_operators.hpp>

#include "core/base/result.hpp"
#include "core/time/clock.hpp"

namespace meshproof {

/// Waits for `work` at most `limit`; then cancels it and fails with `timed_out`.
template <class T>
Task<Result<T>> within(Clock& clock, Duration limit, Task<Result<T>> work) {
    using namespace boost::asio::experimental::awaitable_operators;
    auto first = co_await (std::move(work) || clock.sleep_for(limit));
    if (first.index() == 0) {
        co_return std::move(std::get<0>(first));
    }
    co_return fail(FailureKind::timed_out, "no answer within {}", human_duration(limit));
}

}  // namespace meshproof
