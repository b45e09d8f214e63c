#include "cli/program.hpp"

#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <thread>

#include "conformance/index.hpp"
#include "core/base/log.hpp"
#include "core/base/nearest.hpp"
#include "core/time/prng.hpp"
#include "scenarios/index.hpp"

namespace meshproof::cli {
std::string nearest(std::string_view typed, const std::vector<std::string>& known) {
    return nearest_word(typed, known);
}

ChosenTarget choose_target(const std::string& argument) {
    if (argument == "sim" || argument == "loopback") {
        return {argument, argument, {}};
    }
    if (::access(argument.c_str(), F_OK) != 0 &&
        argument.find_first_of("./") == std::string::npos) {
        const auto near = nearest(argument, {"sim", "loopback"});
        throw UsageError(
            fmt::format(
                "--target {}: expected sim, loopback or a target file, and there is no such file",
                argument),
            near.empty() ? "meshproof --help shows what a target file holds"
                         : fmt::format("did you mean {}?", near));
    }
    auto target = run::Target::load(argument);
    if (!target) {
        throw UsageError(target.error().message, "meshproof --help shows what a target file holds");
    }
    return {"live", argument, std::move(*target)};
}

namespace {

bool is_or_holds(std::string_view id, std::string_view one) {
    return one == id || one.starts_with(fmt::format("{}/", id));
}

/// Those of `all` that are named by an id or lie under one; all where none is given.
template <class T>
std::vector<const T*> choose(const std::vector<const T*>& all, const std::vector<std::string>& ids,
                             std::string_view what, std::string_view list) {
    std::set<const T*> wanted;
    for (std::string_view id : ids) {
        while (id.ends_with('/')) {
            id.remove_suffix(1);
        }
        bool found = false;
        for (const auto* one : all) {
            if (is_or_holds(id, one->id)) {
                wanted.insert(one);
                found = true;
            }
        }
        if (!found) {
            std::vector<std::string> known;
            for (const auto* one : all) {
                known.emplace_back(one->id);
            }
            const auto near = nearest(id, known);
            throw UsageError(fmt::format("no {} is called {}", what, id),
                             near.empty()
                                 ? fmt::format("{} shows them all", list)
                                 : fmt::format("did you mean {}? {} shows them all", near, list));
        }
    }
    std::vector<const T*> chosen;
    for (const auto* one : all) {
        if (ids.empty() || wanted.contains(one)) {
            chosen.push_back(one);
        }
    }
    return chosen;
}

}  // namespace

std::vector<const run::Scenario*> choose_scenarios(const std::vector<std::string>& ids) {
    return choose(scenarios::all_scenarios(), ids, "scenario", "meshproof list");
}

std::vector<const run::Check*> choose_checks(const std::vector<std::string>& ids) {
    return choose(conformance::all_checks(), ids, "check", "meshproof list --checks");
}

std::string draw_run_id(const ChosenTarget& target, std::uint64_t seed) {
    constexpr std::size_t length = 6;
    return Prng(target.setting == "sim" ? seed : fresh_seed()).fork("run id").token(length);
}

std::string clean_advice(const ChosenTarget& target, std::string_view run_id) {
    return target.setting == "live"
               ? fmt::format("meshproof clean --target {} --run {}", target.argument, run_id)
               : std::string();
}

std::string run_id_line(const ChosenTarget& target, std::string_view run_id) {
    return fmt::format(
        "run id {}: everything that is created carries it; after a kill, {} removes it", run_id,
        clean_advice(target, run_id));
}

int exit_code(const run::RunResult& result) {
    using run::Verdict;
    if (result.count(Verdict::fail) > 0) {
        return something_failed;
    }
    if (result.count(Verdict::blocked) > 0) {
        return unreachable;
    }
    if (result.count(Verdict::pass) + result.count(Verdict::deviates) == 0) {
        return nothing_ran;
    }
    return as_expected;
}

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

bool stderr_is_terminal() {
    return ::isatty(STDERR_FILENO) != 0;
}

}  // namespace meshproof::cli
