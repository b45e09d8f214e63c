#include "cli/signal_watch.hpp"

#include <csignal>
#include <cstdlib>
#include <thread>

#include "core/base/log.hpp"

namespace meshproof::cli {

struct SignalWatch::State {
    std::function<void()> on_first;
    std::string advice;
    std::thread thread;
};

SignalWatch::SignalWatch(std::function<void()> on_first, std::string advice)
    : state_(std::make_unique<State>()) {
    state_->on_first = std::move(on_first);
    state_->advice = std::move(advice);
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    struct sigaction hang_up{};
    if (sigaction(SIGHUP, nullptr, &hang_up) == 0 && hang_up.sa_handler != SIG_IGN) {
        sigaddset(&set, SIGHUP);
    }
    sigaddset(&set, SIGUSR2);  // ours: ends the watch
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
    std::signal(SIGPIPE, SIG_IGN);
    state_->thread = std::thread([state = state_.get(), set] {
        bool again = false;
        while (true) {
            int number = 0;
            if (sigwait(&set, &number) != 0 || number == SIGUSR2) {
                return;
            }
            if (again) {
                log::warning(state->advice.empty()
                                 ? "ended at once"
                                 : fmt::format("ended at once: something may be left on the "
                                               "servers ({} removes it)",
                                               state->advice));
                std::_Exit(128 + number);
            }
            again = true;
            state->on_first();
        }
    });
}

SignalWatch::~SignalWatch() {
    pthread_kill(state_->thread.native_handle(), SIGUSR2);
    state_->thread.join();
}

}  // namespace meshproof::cli
