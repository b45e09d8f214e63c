#pragma once

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/multiple_exceptions.hpp>
#include <exception>

#include "core/base/result.hpp"
#include "core/time/clock.hpp"

namespace meshproof {

/// Waits for `work` at most `limit`; then cancels it and fails with `timed_out`. When it is itself
/// cancelled it ends as any wait does, with operation_aborted (the operators would say "multiple
/// exceptions").
template <class T>
Task<Result<T>> within(Clock& clock, Duration limit, Task<Result<T>> work) {
    using namespace boost::asio::experimental::awaitable_operators;
    std::exception_ptr both_ended;
    try {
        auto first = co_await (std::move(work) || clock.sleep_for(limit));
        if (first.index() == 0) {
            co_return std::move(std::get<0>(first));
        }
        co_return fail(FailureKind::timed_out, "no answer within {}", human_duration(limit));
    } catch (const boost::asio::multiple_exceptions& both) {
        both_ended = both.first_exception();
    }
    // The waiting coroutine was cancelled: as any other cancelled wait ends.
    std::rethrow_exception(both_ended);
}

}  // namespace meshproof
