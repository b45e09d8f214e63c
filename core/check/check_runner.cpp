#include "core/check/check_runner.hpp"

#include <algorithm>
#include <limits>
#include <numeric>

#include "core/base/text.hpp"
#include "core/time/real_clock.hpp"
#include "core/time/task_group.hpp"

namespace meshproof::run {
namespace {

/// No check needs so long on a real server; one that hangs says so instead of holding up the run.
constexpr Duration check_limit = std::chrono::minutes(2);
/// In virtual time checks wait for leases and certificates to end.
constexpr Duration virtual_check_limit = std::chrono::hours(24 * 365 * 2);

struct Run {
    const std::vector<const Check*>& checks;
    const CheckRunnerOptions& options;
    Schedule schedule{options, checks.size()};
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

void know(Schedule& schedule, const Survey& found) {
    std::vector<ServerVersion> servers;
    // Checks ask the first of each kind.
    for (const auto* role : {"vault", "kubernetes"}) {
        const auto server = std::ranges::find(found.servers, role, &ServerVersion::role);
        if (server != found.servers.end()) {
            servers.push_back(*server);
        }
    }
    std::vector<std::string> features;
    for (const auto feature : found.features) {
        features.emplace_back(to_string(feature));
    }
    schedule.know(std::move(servers), std::move(features));
}

std::string_view missing(const Check& check, const Survey& found) {
    auto needed = check.features;
    needed.insert(check.server() == "kube" ? Feature::kubernetes : Feature::vault);
    return missing_of(needed, found.features);
}

Task<void> play_check(Run& run, std::size_t index, Environment& environment, const Survey& found,
                      Stopping& stop) {
    const auto& check = *run.checks[index];
    if (run.schedule.stopping()) {
        co_return;
    }
    auto outcome = described(check);
    if (const auto reason = missing(check, found); !reason.empty()) {
        outcome.verdict = Verdict::skip;
        outcome.reason = std::string(reason);
        run.schedule.end(index, std::move(outcome));
        co_return;
    }
    run.schedule.begin(check.id);
    const RealClock wall;
    const auto before = environment.clock().elapsed();
    Probe probe(environment, found, run.schedule.run_id_of(check.id),
                Prng(run.schedule.seed_of(check.id)), run.options.witness);
    // What a check expects once it is cut off, it expects of requests that were given up.
    auto counted = std::numeric_limits<std::size_t>::max();
    auto ending = co_await limited(environment.clock(), check.run(probe),
                                   environment.virtual_time() ? virtual_check_limit : check_limit,
                                   stop, [&] { counted = probe.failures().size(); });
    auto failures = probe.failures();
    failures.resize(std::min(failures.size(), counted));
    for (const auto& problem : co_await probe.finish()) {
        if (ending.kind == Ending::Kind::done) {
            ending = {Ending::Kind::blocked, "clean-up: " + problem};
        }
    }
    ending.text = probe.redacted(std::move(ending.text));
    judge(outcome, ending, std::move(failures));
    if (run.options.evidence) {
        std::get<CheckOutcome>(outcome.detail).evidence =
            probe.evidence(run.options.longest_evidence);
    }
    outcome.duration = wall.elapsed();
    outcome.virtual_duration = environment.clock().elapsed() - before;
    run.schedule.end(index, std::move(outcome));
}

/// Takes one check after the other from the common list, until it is empty.
Task<void> play_some(Run& run, const std::vector<std::size_t>& indexes, std::size_t& next,
                     Environment& environment, const Survey& found, Stopping& stop) {
    while (next < indexes.size()) {
        co_await play_check(run, indexes[next++], environment, found, stop);
    }
}

Task<void> play_group(Run& run, const Schedule::Turns& turns, Environment& environment,
                      Stopping& stop) {
    const auto found = co_await survey(environment, environment.transport());
    know(run.schedule, found);
    std::size_t next = 0;
    TaskGroup group;
    for (std::size_t i = 0; i < std::min(run.options.at_once, turns.together.size()); ++i) {
        co_await group.spawn(play_some(run, turns.together, next, environment, found, stop));
    }
    co_await group.join();
    next = 0;
    co_await play_some(run, turns.alone, next, environment, found, stop);
}

Task<void> settle_group(Run& run, const Schedule::Turns& turns, Environment& environment,
                        Stopping& stop, std::string& problem) {
    const auto ending = co_await settle(play_group(run, turns, environment, stop));
    if (ending.kind != Ending::Kind::done) {
        problem = ending.text;
    }
}

/// All given checks in one new environment; what could not be begun there is blocked.
void run_group(Run& run, const std::vector<std::size_t>& indexes, std::uint64_t seed) {
    if (run.schedule.stopping()) {
        return;
    }
    const auto turns = run.schedule.turns(
        indexes, [&](std::size_t index) { return run.checks[index]->exclusive; });
    std::string problem;
    try {
        const auto environment = run.options.environment(seed);
        Stopping stop(run.options.stop, *environment);
        environment->drive(settle_group(run, turns, *environment, stop, problem));
    } catch (const std::exception& error) {
        problem = error.what();
    }
    for (const auto index : indexes) {
        if (!run.schedule.ended(index) && !problem.empty()) {
            auto outcome = described(*run.checks[index]);
            outcome.verdict = Verdict::blocked;
            outcome.reason = problem;
            run.schedule.end(index, std::move(outcome));
        }
    }
}

/// One environment a thread: each has every so many-th check.
void run_shared(Run& run, const std::vector<std::size_t>& wanted) {
    const auto threads = std::min(std::max<std::size_t>(1, run.options.jobs), wanted.size());
    std::vector<std::size_t> groups(threads);
    std::iota(groups.begin(), groups.end(), 0);
    Schedule::play(groups, threads, [&](std::size_t group) {
        std::vector<std::size_t> indexes;
        for (auto at = group; at < wanted.size(); at += threads) {
            indexes.push_back(wanted[at]);
        }
        run_group(run, indexes, run.options.seed + group);
    });
}

}  // namespace

Outcome not_begun(const Check& check, std::string_view why) {
    return not_begun(described(check), why);
}

RunResult run_checks(const std::vector<const Check*>& checks, const CheckRunnerOptions& options) {
    Run run{checks, options};
    const auto bare = [&](std::size_t index) { return described(*checks[index]); };
    const auto wanted = run.schedule.pass_over(bare);
    if (options.share_servers) {
        run_shared(run, wanted);
    } else {
        Schedule::play(wanted, options.jobs, [&](std::size_t index) {
            run_group(run, {index}, run.schedule.seed_of(checks[index]->id));
        });
    }
    auto result = run.schedule.result(bare);
    result.command = Command::conform;
    return result;
}

}  // namespace meshproof::run
