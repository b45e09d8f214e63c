#pragma once

#include <cstdint>
#include <memory>

#include "core/base/task.hpp"

namespace meshproof {

/// Lets coroutines of one event loop wait for something to happen. No memory: a notification
/// reaches those who wait now. A cancelled wait ends with
/// boost::system::system_error(operation_aborted).
class Signal {
  public:
    Signal();
    ~Signal();
    Signal(const Signal&) = delete;
    Signal& operator=(const Signal&) = delete;

    [[nodiscard]] Task<void> wait();
    /// The same; false where it was cancelled, as a value: an exception costs more than most of
    /// what is waited for.
    [[nodiscard]] Task<bool> rest();
    void notify_all();

  private:
    struct State;
    std::shared_ptr<State> state_;
};

}  // namespace meshproof
