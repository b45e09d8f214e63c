#include "core/time/task_group.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/system/system_error.hpp>
#include <map>
#include <vector>

#include "core/time/signal.hpp"

namespace meshproof {

struct TaskGroup::State {
    std::map<std::uint64_t, std::unique_ptr<boost::asio::cancellation_signal>> running;
    std::uint64_t next = 0;
    std::exception_ptr first_error;
    Signal changed;
};

namespace {
bool is_cancellation(const std::exception_ptr& error) {
    try {
        std::rethrow_exception(error);
    } catch (const boost::system::system_error& e) {
        return e.code() == boost::asio::error::operation_aborted;
    } catch (...) {
        return false;
    }
}
}  // namespace

TaskGroup::TaskGroup() : state_(std::make_shared<State>()) {}
TaskGroup::~TaskGroup() = default;

Task<void> TaskGroup::spawn(Task<void> work) {
    const auto executor = co_await boost::asio::this_coro::executor;
    const auto id = state_->next++;
    auto signal = std::make_unique<boost::asio::cancellation_signal>();
    auto slot = signal->slot();
    state_->running.emplace(id, std::move(signal));
    boost::asio::co_spawn(executor, std::move(work),
                          boost::asio::bind_cancellation_slot(
                              slot, [state = state_, id](const std::exception_ptr& error) {
                                  if (error && !is_cancellation(error) && !state->first_error) {
                                      state->first_error = error;
                                  }
                                  // The signal must outlive this handler, which runs from inside it
                                  // on cancellation.
                                  auto ended = state->running.extract(id);
                                  state->changed.notify_all();
                              }));
}

void TaskGroup::cancel() {
    std::vector<std::uint64_t> ids;
    for (const auto& [id, signal] : state_->running) {
        ids.push_back(id);
    }
    for (const auto id : ids) {
        if (const auto found = state_->running.find(id); found != state_->running.end()) {
            found->second->emit(boost::asio::cancellation_type::terminal);
        }
    }
}

Task<void> TaskGroup::join() {
    while (!state_->running.empty()) {
        co_await state_->changed.wait();
    }
    if (state_->first_error) {
        std::rethrow_exception(std::exchange(state_->first_error, nullptr));
    }
}

std::size_t TaskGroup::running() const {
    return state_->running.size();
}

}  // namespace meshproof
