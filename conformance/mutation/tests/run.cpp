#include "conformance/mutation/tests/run.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>
#include <cstring>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "conformance/index.hpp"
#include "conformance/mutation/sites.hpp"
#include "conformance/mutation/tests/fake_stage.hpp"
#include "core/time/prng.hpp"

namespace meshproof::conformance::mutation {
namespace {

/// What each thread plays now, for a signal handler: nothing there may allocate or lock.
constexpr std::size_t most_threads = 64, longest_name = 400;
std::array<std::array<char, longest_name>, most_threads> playing;
/// A play takes some milliseconds.
constexpr unsigned hang_after = 180;

void say(std::string_view text) {
    if (::write(STDERR_FILENO, text.data(), text.size()) < 0) {
        return;  // there is nobody to tell
    }
}

void tell_and_end(int signal) {
    say(signal == SIGALRM ? "mutation: no play ended in time; under way:\n"
                          : "mutation: ended by a signal; under way:\n");
    for (const auto& name : playing) {
        if (name[0] != '\0') {
            say({name.data(), std::strlen(name.data())});
            say("\n");
        }
    }
    std::signal(signal, SIG_DFL);
    std::raise(signal);
}

void name_play(std::size_t thread, const run::Check& check, vault::Product product,
               const Change* change) {
    const auto name = fmt::format("{} {} {}", check.id, vault::to_string(product),
                                  change == nullptr ? "unchanged" : change->name());
    auto& kept = playing.at(thread);
    const auto length = std::min(name.size(), kept.size() - 1);
    std::copy_n(name.begin(), length, kept.begin());
    kept.at(length) = '\0';
    ::alarm(hang_after);
}

std::vector<const run::Check*> chosen(const RunOptions& options) {
    std::vector<const run::Check*> checks;
    for (const auto* check : all_checks()) {
        const bool drawn =
            options.share <= 1 || Prng(options.seed).fork(check->id).below(options.share) == 0;
        if (drawn && check->id.find(options.only) != std::string::npos) {
            checks.push_back(check);
        }
    }
    return checks;
}

/// The ids of those of which every change is tried: one of so many, and of each topic one at least,
/// so that none is without a score.
std::set<std::string> scored(const std::vector<const run::Check*>& checks,
                             const RunOptions& options) {
    std::set<std::string> ids;
    if (options.score_share == 0) {
        return ids;
    }
    std::map<std::string, std::pair<std::uint64_t, std::string>> least;  // by topic
    for (const auto* check : checks) {
        const auto drawn =
            Prng(options.seed).fork("score").fork(check->id).below(options.score_share);
        const auto topic = check->id.substr(0, check->id.rfind('/'));
        const auto [first, fresh] = least.emplace(topic, std::pair(drawn, check->id));
        if (!fresh) {
            first->second = std::min(first->second, std::pair(drawn, check->id));
        }
        if (drawn == 0) {
            ids.insert(check->id);
        }
    }
    for (const auto& [topic, chosen] : least) {
        ids.insert(chosen.second);
    }
    return ids;
}

/// What the threads of a run share.
struct Run {
    const RunOptions& options;
    std::vector<const run::Check*> checks;
    std::set<std::string> scored;  ///< ids
    std::vector<CheckPursuit> results;
    std::atomic<std::size_t> next{0};
    std::mutex mutex;
};

void play_some(Run& run, std::size_t thread) {
    const auto stage = fake_stage();
    Habits habits;
    PursuitOptions options;
    options.most_plays = run.options.most_plays;
    options.habits = &habits;
    options.before = [thread](const run::Check& check, vault::Product product,
                              const Change* change) {
        name_play(thread, check, product, change);
        return true;
    };
    options.excused = [](const run::Check& check, const Expectation& expectation) {
        return reason_for(reasons(), check.id, expectation.at, expectation.text) != nullptr;
    };
    for (auto index = run.next++; index < run.checks.size(); index = run.next++) {
        options.all = run.scored.contains(run.checks[index]->id);
        run.results[index] = pursue(*stage, *run.checks[index], options);
        const std::lock_guard lock(run.mutex);
        if (run.options.on_end) {
            run.options.on_end(run.results[index]);
        }
    }
    playing.at(thread)[0] = '\0';
}

}  // namespace

MutationResult run_mutation(const RunOptions& options) {
    const auto checks = chosen(options);
    Run run{options, checks, scored(checks, options), {}, {}, {}};
    run.results.resize(run.checks.size());
    std::vector<std::thread> threads;
    for (std::size_t i = 1; i < std::min(options.threads, most_threads); ++i) {
        threads.emplace_back([&run, i] { play_some(run, i); });
    }
    play_some(run, 0);
    for (auto& thread : threads) {
        thread.join();
    }
    ::alarm(0);
    MutationResult result;
    result.score_share = options.score_share;
    result.whole = run.checks.size() == all_checks().size();
    result.checks = std::move(run.results);
    if (result.whole) {
        std::set<At> noted;
        for (const auto& check : result.checks) {
            for (const auto& [place, pursued] : check.expectations) {
                noted.insert(place);
            }
        }
        result.unreached = unreached(sites_below("conformance"), noted);
    }
    return result;
}

void name_what_ends_the_program() {
    // An overflown stack has no room for a handler.
    static std::array<char, 1U << 16U> stack;
    stack_t alternate{};
    alternate.ss_sp = stack.data();
    alternate.ss_size = stack.size();
    ::sigaltstack(&alternate, nullptr);
    struct sigaction action{};
    action.sa_handler = tell_and_end;
    action.sa_flags = SA_ONSTACK;
    for (const int signal : {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGALRM}) {
        ::sigaction(signal, &action, nullptr);
    }
}

}  // namespace meshproof::conformance::mutation
