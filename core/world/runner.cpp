#include "core/world/runner.hpp"

#include <thread>

#include "core/base/assert.hpp"
#include "core/run/ending.hpp"
#include "core/time/real_clock.hpp"

namespace meshproof::run {

namespace {

std::vector<std::string> failures_of(World& world) {
    auto failures = world.monitors().violations();
    failures.insert(failures.end(), world.failures().begin(), world.failures().end());
    return failures;
}

Task<void> play(const Scenario& scenario, World& world, Stopping& stop, Outcome& outcome,
                std::vector<ServerVersion>& servers) {
    auto ending = co_await limited(world.clock(), world.start(), std::chrono::minutes(2), stop);
    servers = world.servers();
    if (ending.kind == Ending::Kind::done) {
        if (const auto reason = missing_of(scenario.needs, world.features()); !reason.empty()) {
            outcome.verdict = Verdict::skip;
            outcome.reason = std::string(reason);
            (void)co_await settle(world.finish());
            co_return;
        }
        // No scenario needs so many lives of a leaf; one that hangs says so instead of holding up
        // the run.
        ending = co_await limited(world.clock(), scenario.run(world),
                                  world.leaf_ttl() * 60 + std::chrono::minutes(2), stop);
    }
    const auto cleaned = co_await settle(world.finish(ending.cut_short));
    if (cleaned.kind != Ending::Kind::done && ending.kind == Ending::Kind::done) {
        ending = {Ending::Kind::blocked, "clean-up: " + cleaned.text};
    }
    ending.text = world.trace().redacted(std::move(ending.text));
    judge(outcome, ending, failures_of(world));
}

Outcome run_one(const Scenario& scenario, const RunnerOptions& options,
                std::vector<ServerVersion>& servers) {
    Outcome outcome;
    outcome.id = std::string(scenario.id);
    const auto seed = Prng(options.seed).fork(scenario.id).seed();
    // By the id, not by the place in the list: a scenario that is replayed alone is the same one.
    const auto run_id = fmt::format("{}-{}", options.run_id, Prng(0).fork(scenario.id).token(4));
    const RealClock wall;
    try {
        const auto environment = options.environment(seed);
        const auto before = environment->clock().elapsed();
        {
            World world(*environment, seed, run_id);
            Stopping stop(options.stop, *environment);
            environment->drive(play(scenario, world, stop, outcome, servers));
            outcome.virtual_duration = environment->clock().elapsed() - before;
            auto& played = std::get<ScenarioOutcome>(outcome.detail);
            played.trace_digest = world.trace().digest();
            if (options.keep_trace || outcome.verdict == Verdict::fail ||
                outcome.verdict == Verdict::blocked) {
                played.trace = world.trace().events();
            }
        }
    } catch (const std::exception& error) {
        outcome.verdict = Verdict::blocked;
        outcome.reason = error.what();
    }
    outcome.duration = wall.elapsed();
    allow_deviation(outcome, options.deviations);
    return outcome;
}

}  // namespace

Outcome not_begun(const Scenario& scenario, std::string_view why) {
    Outcome never;
    never.id = std::string(scenario.id);
    never.reason = fmt::format("not begun: {}", why);
    return never;
}

RunResult run_scenarios(const std::vector<const Scenario*>& scenarios,
                        const RunnerOptions& options) {
    MESHPROOF_ASSERT(options.environment != nullptr);
    RunResult result;
    result.seed = options.seed;
    std::vector<std::optional<Outcome>> outcomes(scenarios.size());
    std::mutex mutex;
    std::size_t done = 0;

    const auto play_index = [&](std::size_t index) {
        const auto& scenario = *scenarios[index];
        if (options.stop != nullptr && options.stop->requested()) {
            return;
        }
        {
            const std::lock_guard lock(mutex);
            if (options.on_begin) {
                options.on_begin(scenario);
            }
        }
        std::vector<ServerVersion> servers;
        auto outcome = run_one(scenario, options, servers);
        const std::lock_guard lock(mutex);
        if (result.servers.empty()) {
            result.servers = std::move(servers);
        }
        ++done;
        if (options.on_end) {
            options.on_end(outcome, done, scenarios.size());
        }
        outcomes[index] = std::move(outcome);
    };

    const auto play_all = [&](bool exclusive) {
        std::atomic<std::size_t> next{0};
        const auto work = [&] {
            for (auto index = next++; index < scenarios.size(); index = next++) {
                if ((options.share_servers && scenarios[index]->exclusive) == exclusive) {
                    play_index(index);
                }
            }
        };
        std::vector<std::thread> threads;
        for (std::size_t i = 1; i < (exclusive ? 1 : std::min(options.jobs, scenarios.size()));
             ++i) {
            threads.emplace_back(work);
        }
        work();
        for (auto& thread : threads) {
            thread.join();
        }
    };
    play_all(false);
    if (options.share_servers) {
        play_all(true);
    }

    for (std::size_t index = 0; index < scenarios.size(); ++index) {
        if (outcomes[index]) {
            result.outcomes.push_back(std::move(*outcomes[index]));
        } else {
            result.outcomes.push_back(not_begun(*scenarios[index], "the run was interrupted"));
        }
    }
    result.interrupted = options.stop != nullptr && options.stop->requested();
    return result;
}

}  // namespace meshproof::run
