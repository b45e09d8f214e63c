#pragma once

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <exception>
#include <optional>

#include "core/base/result.hpp"
#include "core/time/clock.hpp"

namespace meshproof {
namespace detail {

/// How a piece of work ended, as a value: the operators take an exception for "not ended yet".
template <class T>
struct Settled {
    std::optional<Result<T>> value;
    std::exception_ptr thrown;
};

template <class T>
Task<Settled<T>> settled(Task<Result<T>> work) {
    Settled<T> ended;
    try {
        ended.value.emplace(co_await std::move(work));
    } catch (...) {
        ended.thrown = std::current_exception();
    }
    co_return ended;
}

}  // namespace detail

/// Waits for `work` at most `limit`; then cancels it and fails with `timed_out`. What `work`
/// throws, it throws at once. When it is itself cancelled it ends as any wait does, with
/// operation_aborted. Work that ends in its time costs no exception.
template <class T>
Task<Result<T>> within(Clock& clock, Duration limit, Task<Result<T>> work) {
    using namespace boost::asio::experimental::awaitable_operators;
    auto first = co_await (detail::settled(std::move(work)) || clock.rest(limit));
    if (auto* ended = std::get_if<0>(&first)) {
        if (ended->thrown) {
            std::rethrow_exception(ended->thrown);
        }
        co_return std::move(*ended->value);
    }
    if (!std::get<1>(first)) {
        throw boost::system::system_error(boost::asio::error::operation_aborted);
    }
    co_return fail(FailureKind::timed_out, "no answer within {}", human_duration(limit));
}

}  // namespace meshproof
