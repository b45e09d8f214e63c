#pragma once

#include <boost/asio/co_spawn.hpp>
#include <exception>
#include <new>
#include <optional>
#include <type_traits>
#include <utility>

namespace meshproof {
namespace detail {

/// Where a spawned coroutine leaves its value or exception.
template <class T>
struct Outcome {
    using Value = std::conditional_t<std::is_void_v<T>, char, T>;
    std::optional<Value> value;
    std::exception_ptr error;

    [[nodiscard]] bool done() const { return value.has_value() || error != nullptr; }
    T take() {
        if (error) {
            std::rethrow_exception(error);
        }
        if constexpr (!std::is_void_v<T>) {
            return std::move(*value);
        }
    }
};

/// Runs the next handler; false where there is none any more. A handler that gets no memory ends
/// alone: what it was about is lost, as a connection is, and the others go on.
inline bool run_next(boost::asio::io_context& context) {
    try {
        return context.run_one() > 0;
    } catch (const std::bad_alloc&) {
        return true;
    }
}

template <class T>
void spawn_into(boost::asio::io_context& context, Task<T> work, Outcome<T>& outcome) {
    if constexpr (std::is_void_v<T>) {
        boost::asio::co_spawn(context, std::move(work), [&outcome](std::exception_ptr error) {
            outcome.error = error;
            outcome.value = char{};
        });
    } else {
        boost::asio::co_spawn(context, std::move(work),
                              [&outcome](std::exception_ptr error, T value) {
                                  outcome.error = error;
                                  if (!error) {
                                      outcome.value.emplace(std::move(value));
                                  }
                              });
    }
}

}  // namespace detail

template <class T>
T SimClock::run(Task<T> work) {
    detail::Outcome<T> outcome;
    detail::spawn_into(context_, std::move(work), outcome);
    run_until([&outcome] { return outcome.done(); });
    return outcome.take();
}

template <class T>
T run_real(boost::asio::io_context& context, Task<T> work) {
    detail::Outcome<T> outcome;
    detail::spawn_into(context, std::move(work), outcome);
    context.restart();
    while (!outcome.done() && detail::run_next(context)) {
    }
    return outcome.take();
}

}  // namespace meshproof
