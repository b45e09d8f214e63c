#pragma once

#include <functional>
#include <memory>
#include <string>

#include "core/time/time.hpp"

namespace meshproof::cli {

/// What happens after so much real time, unless a signal came before; `after` zero: nothing.
struct TimeLimit {
    Duration after{};
    std::function<void()> on_reached;
};

/// Turns the first SIGINT, SIGTERM, SIGQUIT or SIGHUP (a closed terminal, a dropped ssh) into a
/// stop request, and a later one into an end at once, with `advice` for what is left; a pair is one
/// (Insistence). A time limit that was reached counts as a first one. SIGHUP stays ignored where it
/// was (nohup). Made before any thread; one at a time has a limit.
class SignalWatch {
  public:
    explicit SignalWatch(std::function<void()> on_first, std::string advice = {},
                         TimeLimit limit = {});
    ~SignalWatch();
    SignalWatch(const SignalWatch&) = delete;
    SignalWatch& operator=(const SignalWatch&) = delete;

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace meshproof::cli
