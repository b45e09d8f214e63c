#include "cli/signal_watch.hpp"

#include <sys/time.h>

#include <csignal>
#include <cstdlib>
#include <thread>

#include "cli/insistence.hpp"
#include "core/base/log.hpp"
#include "core/time/real_clock.hpp"

namespace meshproof::cli {

struct SignalWatch::State {
    std::function<void()> on_first;
    std::string advice;
    TimeLimit limit;
    std::thread thread;

    /// Takes signals until the watch ends.
    void take(const sigset_t& set) const;
};

namespace {

/// SIGALRM after so much real time, once; zero: never.
void arm(Duration after) {
    const auto whole = std::chrono::ceil<std::chrono::microseconds>(after);
    const auto seconds = std::chrono::floor<std::chrono::seconds>(whole);
    itimerval timer{};
    timer.it_value.tv_sec = seconds.count();
    timer.it_value.tv_usec = (whole - seconds).count();
    setitimer(ITIMER_REAL, &timer, nullptr);
}

/// A signal is not lost for want of memory: others give theirs back.
void told(const std::function<void()>& whom) {
    while (true) {
        try {
            return whom();
        } catch (const std::bad_alloc&) {
            std::this_thread::yield();
        }
    }
}

}  // namespace

void SignalWatch::State::take(const sigset_t& set) const {
    using Meaning = Insistence::Meaning;
    const RealClock clock;
    Insistence insistence;
    while (true) {
        int number = 0;
        if (sigwait(&set, &number) != 0 || number == SIGUSR2) {
            return;
        }
        const auto meaning = insistence.hear(clock.elapsed());
        if (meaning == Meaning::first) {
            told(number == SIGALRM ? limit.on_reached : on_first);
        } else if (meaning == Meaning::again && number != SIGALRM) {
            log::warning(advice.empty() ? "ended at once"
                                        : fmt::format("ended at once: something may be left on the "
                                                      "servers ({} removes it)",
                                                      advice));
            std::_Exit(128 + number);
        }
    }
}

SignalWatch::SignalWatch(std::function<void()> on_first, std::string advice, TimeLimit limit)
    : state_(std::make_unique<State>()) {
    state_->on_first = std::move(on_first);
    state_->advice = std::move(advice);
    state_->limit = std::move(limit);
    const auto after = state_->limit.after;
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGQUIT);
    struct sigaction hang_up{};
    if (sigaction(SIGHUP, nullptr, &hang_up) == 0 && hang_up.sa_handler != SIG_IGN) {
        sigaddset(&set, SIGHUP);
    }
    if (after > Duration::zero()) {
        sigaddset(&set, SIGALRM);
    }
    sigaddset(&set, SIGUSR2);  // ours: ends the watch
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
    std::signal(SIGPIPE, SIG_IGN);
    state_->thread = std::thread([state = state_.get(), set] { state->take(set); });
    if (after > Duration::zero()) {
        arm(after);
    }
}

SignalWatch::~SignalWatch() {
    if (state_->limit.after > Duration::zero()) {
        arm(Duration::zero());  // nobody waits for it any more
    }
    pthread_kill(state_->thread.native_handle(), SIGUSR2);
    state_->thread.join();
}

}  // namespace meshproof::cli
