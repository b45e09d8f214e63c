#include "cli/program.hpp"

#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <thread>

#include "core/base/log.hpp"
#include "scenarios/index.hpp"

namespace meshproof::cli {
namespace {

/// Levenshtein distance.
std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t j = 0; j < row.size(); ++j) {
        row[j] = j;
    }
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t corner = std::exchange(row[0], i);
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const auto cost = corner + (a[i - 1] == b[j - 1] ? 0 : 1);
            corner = row[j];
            row[j] = std::min({row[j] + 1, row[j - 1] + 1, cost});
        }
    }
    return row.back();
}

}  // namespace

std::string nearest(std::string_view typed, const std::vector<std::string>& known) {
    std::string best;
    std::size_t least = std::max<std::size_t>(3, typed.size() / 3) + 1;
    for (const auto& word : known) {
        // A part of an id is as near as a misspelt whole.
        const auto d = word.find(typed) != std::string::npos ? 1 : distance(typed, word);
        if (d < least) {
            least = d;
            best = word;
        }
    }
    return best;
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

std::vector<const run::Scenario*> choose_scenarios(const std::vector<std::string>& ids) {
    const auto& all = scenarios::all_scenarios();
    std::vector<const run::Scenario*> chosen;
    for (const auto* scenario : all) {
        const bool wanted =
            ids.empty() || std::any_of(ids.begin(), ids.end(), [&](std::string_view id) {
                while (id.ends_with('/')) {
                    id.remove_suffix(1);
                }
                return scenario->id == id || scenario->id.starts_with(fmt::format("{}/", id));
            });
        if (wanted) {
            chosen.push_back(scenario);
        }
    }
    for (std::string_view id : ids) {
        while (id.ends_with('/')) {
            id.remove_suffix(1);
        }
        const bool found = std::any_of(all.begin(), all.end(), [&](const run::Scenario* scenario) {
            return scenario->id == id || scenario->id.starts_with(fmt::format("{}/", id));
        });
        if (!found) {
            std::vector<std::string> known;
            for (const auto* scenario : all) {
                known.emplace_back(scenario->id);
            }
            const auto near = nearest(id, known);
            throw UsageError(
                fmt::format("no scenario is called {}", id),
                near.empty() ? "meshproof list shows them all"
                             : fmt::format("did you mean {}? meshproof list shows them all", near));
        }
    }
    return chosen;
}

struct SignalWatch::State {
    std::function<void()> on_first;
    std::thread thread;
};

SignalWatch::SignalWatch(std::function<void()> on_first) : state_(std::make_unique<State>()) {
    state_->on_first = std::move(on_first);
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
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
                log::warning(
                    "ended at once: something may be left on the servers (meshproof clean --target "
                    "FILE removes it)");
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

bool stdout_has_colour() {
    const auto* no_color = std::getenv("NO_COLOR");
    return ::isatty(STDOUT_FILENO) != 0 && (no_color == nullptr || *no_color == '\0');
}

}  // namespace meshproof::cli
