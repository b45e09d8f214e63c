#pragma once

#include <cstdint>
#include <deque>
#include <memory>

#include "core/base/task.hpp"
#include "core/time/signal.hpp"

/// Who waits for whom where requests are answered beside the event loop. All of it is of the loop's
/// own thread.
namespace meshproof::fakes::kube {

class Turns {
    struct State {
        std::deque<std::uint64_t> waiting;  ///< the first one's turn it is
        std::uint64_t last = 0;
        int pauses = 0;
        Signal changed;
    };

  public:
    /// Lasts as long as this lives, and may be given up while others wait.
    class Turn {
      public:
        explicit Turn(const std::shared_ptr<State>& state);
        ~Turn();
        Turn(const Turn&) = delete;
        Turn& operator=(const Turn&) = delete;

      private:
        friend class Turns;
        std::weak_ptr<State> state_;
        std::uint64_t number_;
    };
    /// The same of a time in which nobody writes who asks before.
    class Pause {
      public:
        explicit Pause(std::shared_ptr<State> state);
        ~Pause();
        Pause(const Pause&) = delete;
        Pause& operator=(const Pause&) = delete;

      private:
        std::shared_ptr<State> state_;
    };

    /// One after the other, in the order in which they ask.
    [[nodiscard]] Task<std::unique_ptr<Turn>> take();
    [[nodiscard]] std::unique_ptr<Pause> pause() { return std::make_unique<Pause>(state_); }
    [[nodiscard]] bool paused() const { return state_->pauses > 0; }
    [[nodiscard]] Task<void> until_unpaused();

  private:
    std::shared_ptr<State> state_ = std::make_shared<State>();
};

}  // namespace meshproof::fakes::kube
