#include "core/world/runner.hpp"

#include "core/time/real_clock.hpp"

namespace meshproof::run {

namespace {

/// What the monitors saw and the scenario expected in vain; `told` of the latter, the others are
/// those of the clean-up.
std::vector<std::string> failures_of(World& world, std::size_t told) {
    auto failures = world.monitors().violations();
    const auto& own = world.failures();
    failures.insert(failures.end(), own.begin(), own.begin() + static_cast<std::ptrdiff_t>(told));
    return failures;
}

/// Monitors that had nothing to judge are no proof.
void want_handshakes(const Scenario& scenario, World& world, std::vector<std::string>& failures) {
    if (!scenario.without_mtls && world.monitors().handshakes() == 0) {
        failures.emplace_back("monitor: no handshake was seen, so nothing was shown of mTLS");
    }
}

Outcome bare_outcome(const Scenario& scenario) {
    Outcome outcome;
    outcome.id = std::string(scenario.id);
    outcome.detail = ScenarioOutcome{.trace_digest = {},
                                     .trace = {},
                                     .sentence = std::string(scenario.sentence),
                                     .source = std::string(scenario.source)};
    return outcome;
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
                                  world.leaf_ttl() * 60 + std::chrono::minutes(2), stop,
                                  [&world] { world.expect_nothing(true); });
        world.expect_nothing(false);
    }
    const auto told = world.failures().size();
    const auto cleaned = co_await settle(world.finish(ending.cut_short));
    if (cleaned.kind != Ending::Kind::done && ending.kind == Ending::Kind::done) {
        ending = {Ending::Kind::blocked, "clean-up: " + cleaned.text};
    }
    ending.text = world.trace().redacted(std::move(ending.text));
    auto failures = failures_of(world, told);
    if (ending.kind == Ending::Kind::done) {
        want_handshakes(scenario, world, failures);
    }
    const auto& all = world.failures();
    judge(outcome, ending, std::move(failures),
          {all.begin() + static_cast<std::ptrdiff_t>(told), all.end()});
}

void play_one(std::size_t index, const Scenario& scenario, const RunnerOptions& options,
              Schedule& schedule) {
    if (schedule.stopping()) {
        return;
    }
    schedule.begin(scenario.id);
    auto outcome = bare_outcome(scenario);
    const auto seed = schedule.seed_of(scenario.id);
    std::vector<ServerVersion> servers;
    const RealClock wall;
    try {
        const auto environment = options.environment(seed);
        const auto before = environment->clock().elapsed();
        {
            World world(*environment, seed, schedule.run_id_of(scenario.id));
            Stopping stop(options.stop, *environment);
            environment->drive(play(scenario, world, stop, outcome, servers));
            outcome.virtual_duration = environment->clock().elapsed() - before;
            auto& played = std::get<ScenarioOutcome>(outcome.detail);
            played.trace_digest = world.trace().digest();
            played.agents = world.agents();
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
    schedule.know(std::move(servers), {});
    schedule.end(index, std::move(outcome));
}

}  // namespace

Outcome not_begun(const Scenario& scenario, std::string_view why) {
    return not_begun(bare_outcome(scenario), why);
}

RunResult run_scenarios(const std::vector<const Scenario*>& scenarios,
                        const RunnerOptions& options) {
    Schedule schedule(options, scenarios.size());
    const auto bare = [&](std::size_t index) { return bare_outcome(*scenarios[index]); };
    const auto turns = schedule.turns(
        schedule.pass_over(bare), [&](std::size_t index) { return scenarios[index]->exclusive; });
    const auto one = [&](std::size_t index) {
        play_one(index, *scenarios[index], options, schedule);
    };
    Schedule::play(turns.together, options.jobs, one);
    Schedule::play(turns.alone, 1, one);
    return schedule.result(bare);
}

}  // namespace meshproof::run
