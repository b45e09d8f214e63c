#pragma once

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/system/error_code.hpp>
#include <memory>
#include <utility>

namespace meshproof::detail {

/// A parked coroutine: a move-only boxed completion handler (Boost 1.81 has no
/// any_completion_handler). Destroying a parked waiter destroys the coroutine that waits.
class Waiter {
  public:
    Waiter() = default;

    template <class Handler, class Executor>
    Waiter(Handler handler, const Executor& fallback)
        : box_(std::make_unique<Holder<Handler, Executor>>(std::move(handler), fallback)) {}

    /// Posts the coroutine to its executor: it goes on in a later turn of the event loop.
    void resume(boost::system::error_code error) { std::exchange(box_, nullptr)->resume(error); }
    [[nodiscard]] explicit operator bool() const { return box_ != nullptr; }

  private:
    struct Box {
        Box() = default;
        Box(const Box&) = delete;
        Box& operator=(const Box&) = delete;
        virtual ~Box() = default;
        virtual void resume(boost::system::error_code error) = 0;
    };

    template <class Handler, class Executor>
    struct Holder final : Box {
        Holder(Handler handler, const Executor& fallback)
            : handler_(std::move(handler)), fallback_(fallback) {}
        void resume(boost::system::error_code error) override {
            auto executor = boost::asio::get_associated_executor(handler_, fallback_);
            boost::asio::post(executor, [handler = std::move(handler_), error]() mutable {
                std::move(handler)(error);
            });
        }
        Handler handler_;
        Executor fallback_;
    };

    std::unique_ptr<Box> box_;
};

}  // namespace meshproof::detail
