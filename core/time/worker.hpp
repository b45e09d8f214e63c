#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/thread_pool.hpp>
#include <exception>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include "core/base/task.hpp"
#include "core/time/signal.hpp"

namespace meshproof {

/// A thread for what would hold an event loop too long: reading large texts. The loop outlives it.
class Worker {
  public:
    /// What `work` gives, or throws. It runs on the worker's thread, one after the other, while the
    /// loop goes on; so it must own all that it reads, and give back all that it makes. Whoever
    /// waits may be cancelled or destroyed meanwhile: the value is lost then.
    template <class Work>
    [[nodiscard]] Task<std::invoke_result_t<Work&>> aside(Work work);

  private:
    /// Lives on the loop's thread alone.
    template <class Value>
    struct Waiting {
        Signal signal;
        std::optional<Value> value;
        std::exception_ptr thrown;
    };

    std::optional<boost::asio::thread_pool> thread_;  ///< begins with the first work
};

template <class Work>
Task<std::invoke_result_t<Work&>> Worker::aside(Work work) {
    using Value = std::invoke_result_t<Work&>;
    // The loop itself: the coroutine's own executor may be a gate, which looks at what only the
    // loop's thread may.
    auto& loop = static_cast<boost::asio::io_context&>(boost::asio::query(
        co_await boost::asio::this_coro::executor, boost::asio::execution::context));
    const auto waiting = std::make_shared<Waiting<Value>>();
    if (!thread_) {
        thread_.emplace(1);
    }
    boost::asio::post(*thread_, [work = std::move(work), waiting = std::weak_ptr(waiting),
                                 guard = boost::asio::make_work_guard(loop)]() mutable {
        std::optional<Value> value;
        std::exception_ptr thrown;
        try {
            value.emplace(work());
        } catch (...) {
            thrown = std::current_exception();
        }
        boost::asio::post(guard.get_executor(),
                          [waiting = std::move(waiting), value = std::move(value),
                           thrown = std::move(thrown)]() mutable {
                              if (const auto there = waiting.lock()) {
                                  there->value = std::move(value);
                                  there->thrown = std::move(thrown);
                                  there->signal.notify_all();
                              }
                          });
    });
    while (!waiting->value && !waiting->thrown) {
        co_await waiting->signal.wait();
    }
    if (waiting->thrown) {
        std::rethrow_exception(waiting->thrown);
    }
    co_return std::move(*waiting->value);
}

/// The same without a worker: here and now, as in virtual time, where nothing may depend on how
/// fast a thread is.
template <class Work>
[[nodiscard]] Task<std::invoke_result_t<Work&>> aside(Worker* worker, Work work) {
    if (worker == nullptr) {
        co_return work();
    }
    co_return co_await worker->aside(std::move(work));
}

}  // namespace meshproof
