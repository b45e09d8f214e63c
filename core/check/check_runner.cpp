#include "core/check/check_runner.hpp"

#include <algorithm>
#include <thread>

#include "core/base/assert.hpp"
#include "core/base/text.hpp"
#include "core/time/real_clock.hpp"
#include "core/time/task_group.hpp"

namespace meshproof::run {
namespace {

/// No check needs so long on a real server; one that hangs says so instead of holding up the run.
constexpr Duration check_limit = std::chrono::minutes(2);
/// In virtual time checks wait for leases and certificates to end.
constexpr Duration virtual_check_limit = std::chrono::hours(24 * 365 * 2);

/// What all threads of a run share.
struct Run {
    const std::vector<const Check*>& checks;
    const CheckRunnerOptions& options;
    std::mutex mutex;
    std::vector<std::optional<Outcome>> outcomes;
    RunResult result;

    void begin(const Check& check) {
        const std::lock_guard lock(mutex);
        if (options.on_begin) {
            options.on_begin(check);
        }
    }
    void end(std::size_t index, Outcome outcome) {
        allow_deviation(outcome, options.deviations);
        const std::lock_guard lock(mutex);
        if (options.on_end) {
            options.on_end(outcome);
        }
        outcomes[index] = std::move(outcome);
    }
    void know(const Survey& found) {
        const std::lock_guard lock(mutex);
        if (!result.servers.empty()) {
            return;
        }
        // Checks ask the first of each kind.
        for (const auto* role : {"vault", "kubernetes"}) {
            const auto server = std::ranges::find(found.servers, role, &ServerVersion::role);
            if (server != found.servers.end()) {
                result.servers.push_back(*server);
            }
        }
        for (const auto feature : found.features) {
            result.features.emplace_back(to_string(feature));
        }
    }
    [[nodiscard]] bool stopping() const {
        return options.stop != nullptr && options.stop->requested();
    }
};

Outcome described(const Check& check) {
    Outcome outcome;
    outcome.id = std::string(check.id);
    auto& stated = outcome.detail.emplace<CheckOutcome>();
    stated.requirement = std::string(check.requirement);
    stated.source = check.sources();
    stated.level = check.level;
    for (const auto feature : check.features) {
        stated.features.emplace_back(to_string(feature));
    }
    return outcome;
}

std::string_view missing(const Check& check, const Survey& found) {
    auto needed = check.features;
    needed.insert(check.server() == "kube" ? Feature::kubernetes : Feature::vault);
    return missing_of(needed, found.features);
}

Task<void> play_check(Run& run, std::size_t index, Environment& environment, const Survey& found,
                      Stopping& stop) {
    const auto& check = *run.checks[index];
    if (run.stopping()) {
        co_return;
    }
    auto outcome = described(check);
    if (const auto reason = missing(check, found); !reason.empty()) {
        outcome.verdict = Verdict::skip;
        outcome.reason = std::string(reason);
        run.end(index, std::move(outcome));
        co_return;
    }
    run.begin(check);
    const RealClock wall;
    const auto before = environment.clock().elapsed();
    // By the id, not by the place in the list: a check that is run alone is the same one.
    const auto run_id = fmt::format("{}-{}", run.options.run_id, Prng(0).fork(check.id).token(4));
    Probe probe(environment, found, run_id, Prng(run.options.seed).fork(check.id),
                run.options.witness);
    auto ending =
        co_await limited(environment.clock(), check.run(probe),
                         environment.virtual_time() ? virtual_check_limit : check_limit, stop);
    for (const auto& problem : co_await probe.finish()) {
        if (ending.kind == Ending::Kind::done) {
            ending = {Ending::Kind::blocked, "clean-up: " + problem};
        }
    }
    ending.text = probe.redacted(std::move(ending.text));
    judge(outcome, ending, probe.failures());
    if (run.options.evidence) {
        std::get<CheckOutcome>(outcome.detail).evidence = probe.evidence();
    }
    outcome.duration = wall.elapsed();
    outcome.virtual_duration = environment.clock().elapsed() - before;
    run.end(index, std::move(outcome));
}

/// Takes one check after the other from the common list, until it is empty.
Task<void> play_some(Run& run, const std::vector<std::size_t>& indexes, std::size_t& next,
                     Environment& environment, const Survey& found, Stopping& stop) {
    while (next < indexes.size()) {
        co_await play_check(run, indexes[next++], environment, found, stop);
    }
}

Task<void> play_group(Run& run, std::vector<std::size_t> shared, std::vector<std::size_t> alone,
                      Environment& environment, Stopping& stop) {
    const auto found = co_await survey(environment, environment.transport());
    run.know(found);
    std::size_t next = 0;
    TaskGroup group;
    for (std::size_t i = 0; i < std::min(run.options.at_once, shared.size()); ++i) {
        co_await group.spawn(play_some(run, shared, next, environment, found, stop));
    }
    co_await group.join();
    next = 0;
    co_await play_some(run, alone, next, environment, found, stop);
}

Task<void> settle_group(Run& run, std::vector<std::size_t> shared, std::vector<std::size_t> alone,
                        Environment& environment, Stopping& stop, std::string& problem) {
    const auto ending =
        co_await settle(play_group(run, std::move(shared), std::move(alone), environment, stop));
    if (ending.kind != Ending::Kind::done) {
        problem = ending.text;
    }
}

/// All given checks in one new environment; what could not be begun there is blocked.
void run_group(Run& run, std::vector<std::size_t> shared, std::vector<std::size_t> alone,
               std::uint64_t seed) {
    auto all = shared;
    all.insert(all.end(), alone.begin(), alone.end());
    std::string problem;
    try {
        const auto environment = run.options.environment(seed);
        Stopping stop(run.options.stop, *environment);
        environment->drive(
            settle_group(run, std::move(shared), std::move(alone), *environment, stop, problem));
    } catch (const std::exception& error) {
        problem = error.what();
    }
    for (const auto index : all) {
        if (!run.outcomes[index] && !problem.empty()) {
            auto outcome = described(*run.checks[index]);
            outcome.verdict = Verdict::blocked;
            outcome.reason = problem;
            run.end(index, std::move(outcome));
        }
    }
}

}  // namespace

Outcome not_begun(const Check& check, std::string_view why) {
    auto never = described(check);
    never.reason = fmt::format("not begun: {}", why);
    return never;
}

RunResult run_checks(const std::vector<const Check*>& checks, const CheckRunnerOptions& options) {
    MESHPROOF_ASSERT(options.environment != nullptr);
    Run run{checks, options, {}, std::vector<std::optional<Outcome>>(checks.size()), {}};
    run.result.command = Command::conform;
    run.result.seed = options.seed;
    const auto threads_wanted = std::max<std::size_t>(1, std::min(options.threads, checks.size()));

    std::atomic<std::size_t> next{0};
    const auto work = [&](std::size_t thread) {
        if (options.share_servers) {
            std::vector<std::size_t> shared, alone;
            for (auto index = thread; index < checks.size(); index += threads_wanted) {
                (checks[index]->exclusive ? alone : shared).push_back(index);
            }
            run_group(run, std::move(shared), std::move(alone), options.seed + thread);
            return;
        }
        for (auto index = next++; index < checks.size(); index = next++) {
            run_group(run, {index}, {}, Prng(options.seed).fork(checks[index]->id).seed());
        }
    };
    std::vector<std::thread> threads;
    for (std::size_t i = 1; i < threads_wanted; ++i) {
        threads.emplace_back(work, i);
    }
    work(0);
    for (auto& thread : threads) {
        thread.join();
    }

    for (std::size_t index = 0; index < checks.size(); ++index) {
        if (!run.outcomes[index]) {
            run.outcomes[index] = not_begun(*checks[index], "the run was interrupted");
        }
        run.result.outcomes.push_back(std::move(*run.outcomes[index]));
    }
    run.result.interrupted = run.stopping();
    return std::move(run.result);
}

}  // namespace meshproof::run
