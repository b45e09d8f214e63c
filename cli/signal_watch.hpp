#pragma once

#include <functional>
#include <memory>
#include <string>

namespace meshproof::cli {

/// Turns the first SIGINT, SIGTERM or SIGHUP (a closed terminal, a dropped ssh) into a stop
/// request, and the second into an end at once, with `advice` for what is left. SIGHUP stays
/// ignored where it was (nohup). Made before any thread.
class SignalWatch {
  public:
    explicit SignalWatch(std::function<void()> on_first, std::string advice = {});
    ~SignalWatch();
    SignalWatch(const SignalWatch&) = delete;
    SignalWatch& operator=(const SignalWatch&) = delete;

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace meshproof::cli
