#pragma once

#include <exception>
#include <memory>

#include "core/base/task.hpp"

namespace meshproof {

/// Runs coroutines beside each other and joins them: whoever spawns, joins. One event loop only.
/// The group must have been joined before it is destroyed (cancel(), then join()).
class TaskGroup {
  public:
    TaskGroup();
    ~TaskGroup();
    TaskGroup(const TaskGroup&) = delete;
    TaskGroup& operator=(const TaskGroup&) = delete;

    /// Starts `work` on the caller's executor, from inside a coroutine: `co_await
    /// group.spawn(run());`
    [[nodiscard]] Task<void> spawn(Task<void> work);
    /// Asks every running coroutine to stop at its next wait.
    void cancel();
    /// Waits until all have ended. Throws the first exception that was not a cancellation.
    [[nodiscard]] Task<void> join();
    [[nodiscard]] std::size_t running() const;

  private:
    struct State;
    std::shared_ptr<State> state_;
};

}  // namespace meshproof
