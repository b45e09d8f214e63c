#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <memory>
#include <utility>

namespace meshproof::http {

enum class Gate {
    open,
    closing,  ///< cancellations are being handed out, and reach their coroutines at once
    closed,
};

/// An executor with a gate: while it is open, work runs as on the inner executor; once it is
/// closed, work that comes is destroyed instead of run. So the coroutines of a service can be ended
/// from a destructor: none of them is ever resumed again, whatever it was waiting for.
class GatedExecutor {
  public:
    GatedExecutor(boost::asio::any_io_executor inner, std::shared_ptr<const Gate> gate)
        : GatedExecutor(std::move(inner), std::move(gate), true) {}

    template <class Work>
    void execute(Work&& work) const {
        if (*gate_ == Gate::closing && may_run_at_once_) {
            // Asio dispatches a cancellation to the executor of what it cancels. Posted, it would
            // come too late: what waits would keep itself alive if it owns what it waits for.
            std::forward<Work>(work)();
            return;
        }
        inner_.execute([work = std::forward<Work>(work), gate = gate_]() mutable {
            if (*gate != Gate::closed) {
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
        return {boost::asio::require(inner_, property), gate_, false};
    }
    template <class Property>
    [[nodiscard]] GatedExecutor prefer(const Property& property) const {
        return {boost::asio::prefer(inner_, property), gate_, may_run_at_once_};
    }
    friend bool operator==(const GatedExecutor&, const GatedExecutor&) noexcept = default;

  private:
    GatedExecutor(boost::asio::any_io_executor inner, std::shared_ptr<const Gate> gate,
                  bool may_run_at_once)
        : inner_(std::move(inner)), gate_(std::move(gate)), may_run_at_once_(may_run_at_once) {}

    boost::asio::any_io_executor inner_;
    std::shared_ptr<const Gate> gate_;
    bool may_run_at_once_;  // dispatched rather than posted
};

}  // namespace meshproof::http
