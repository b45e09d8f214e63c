#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <memory>
#include <utility>

namespace meshproof::http {

/// An executor with a gate: while it is open, work runs as on the inner executor; once it is
/// closed, work that comes is destroyed instead of run. So the coroutines of a service can be ended
/// from a destructor: none of them is ever resumed again, whatever it was waiting for.
class GatedExecutor {
  public:
    GatedExecutor(boost::asio::any_io_executor inner, std::shared_ptr<const bool> open)
        : inner_(std::move(inner)), open_(std::move(open)) {}

    template <class Work>
    void execute(Work&& work) const {
        inner_.execute([work = std::forward<Work>(work), open = open_]() mutable {
            if (*open) {
                std::move(work)();
            }
        });
    }

    // What any_io_executor asks of the executors that it holds.
    [[nodiscard]] boost::asio::execution_context& query(
        boost::asio::execution::context_t /*property*/) const noexcept {
        return boost::asio::query(inner_, boost::asio::execution::context);
    }
    [[nodiscard]] GatedExecutor require(
        boost::asio::execution::blocking_t::never_t property) const {
        return {boost::asio::require(inner_, property), open_};
    }
    template <class Property>
    [[nodiscard]] GatedExecutor prefer(const Property& property) const {
        return {boost::asio::prefer(inner_, property), open_};
    }
    friend bool operator==(const GatedExecutor& a, const GatedExecutor& b) noexcept {
        return a.inner_ == b.inner_ && a.open_ == b.open_;
    }
    friend bool operator!=(const GatedExecutor& a, const GatedExecutor& b) noexcept {
        return !(a == b);
    }

  private:
    boost::asio::any_io_executor inner_;
    std::shared_ptr<const bool> open_;
};

}  // namespace meshproof::http
