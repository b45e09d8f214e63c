#include "scenarios/explore/player.hpp"

#include <algorithm>
#include <limits>

#include "core/base/text.hpp"
#include "core/time/real_clock.hpp"
#include "scenarios/explore/commands.hpp"

namespace meshproof::scenarios::explore {
namespace {

std::set<run::Feature> needs_of(const History& history) {
    std::set<run::Feature> needs{run::Feature::vault, run::Feature::kubernetes};
    if (history.world.vaults > 1) {
        needs.insert(run::Feature::two_vaults);
    }
    if (history.world.clusters > 1) {
        needs.insert(run::Feature::two_clusters);
    }
    if (history.world.vault_namespace && history.world.product == vault::Product::openbao) {
        needs.insert(run::Feature::namespaces);
    }
    return needs;
}

bool something_is_wrong(const Play& play) {
    return !play.wrong.empty() || !play.world.monitors().violations().empty();
}

// From the first step to the last, and on until all has healed.
Task<void> tell(Play& play) {
    co_await begin(play);
    for (const auto& step : play.history.steps) {
        if (something_is_wrong(play)) {
            co_return;
        }
        co_await take(play, step);
    }
    if (!something_is_wrong(play)) {
        co_await heal(play);
        co_await check(play, "after all had healed");
    }
}

// No step takes so many lives of a leaf; one that hangs says so instead of holding up the rest.
Duration patience(const History& history, Duration leaf) {
    constexpr int lives_a_step = 5;
    constexpr int lives_around = 20;
    double waits = 0;
    for (const auto& step : history.steps) {
        waits += step.after + lives_a_step;
    }
    // The calls of a beginning take their time on real servers, however short leaves are.
    return part_of(leaf, waits) + leaf * lives_around + run::Recipe().token_ttl;
}

Task<run::Ending> tell_it(run::World& world, TroubledEnvironment& environment,
                          const History& history, Played& played, run::Stopping& stop) {
    Play playing(world, environment, history, played.record);
    // What is found wrong once it is cut off is that requests were given up.
    auto counted = std::numeric_limits<std::size_t>::max();
    auto ending = co_await run::limited(environment.truth(), tell(playing),
                                        patience(history, world.leaf_ttl()), stop,
                                        [&] { counted = playing.wrong.size(); });
    playing.wrong.resize(std::min(playing.wrong.size(), counted));
    for (const auto& text : playing.wrong) {
        played.failures.push_back(world.trace().redacted(text));
    }
    if (ending.kind == run::Ending::Kind::failed) {
        played.failures.push_back("history: " + world.trace().redacted(ending.text));
    }
    co_return ending;
}

Task<void> play_in(run::World& world, TroubledEnvironment& environment, const History& history,
                   const PlayOptions& options, Played& played) {
    run::Stopping stop(options.stop, environment);
    auto ending =
        co_await run::limited(environment.truth(), world.start(), run::Recipe().token_ttl, stop);
    played.servers = world.servers();
    if (ending.kind == run::Ending::Kind::done) {
        played.skip = std::string(run::missing_of(needs_of(history), world.features()));
    }
    if (ending.kind == run::Ending::Kind::done && played.skip.empty()) {
        environment.mesh_clock().skew(options.hidden_skew);
        ending = co_await tell_it(world, environment, history, played, stop);
    }
    // Clean-up must get through whatever a history left broken.
    environment.wire().heal_all();
    environment.mesh_clock().skew({});
    const auto cleaned = co_await run::settle(world.finish(ending.cut_short));
    const auto& violations = world.monitors().violations();
    played.failures.insert(played.failures.begin(), violations.begin(), violations.end());
    for (const auto& text : world.failures()) {
        played.failures.push_back("clean-up: " + text);
    }
    played.of_clean_up = world.failures().size();
    if (ending.kind == run::Ending::Kind::blocked) {
        played.blocked = world.trace().redacted(ending.text);
    } else if (cleaned.kind != run::Ending::Kind::done) {
        played.blocked = "clean-up: " + world.trace().redacted(cleaned.text);
    }
}

void play_one(std::size_t index, const std::vector<History>& histories,
              const ReplayOptions& options, run::Schedule& schedule) {
    if (schedule.stopping()) {
        return;
    }
    const auto& history = histories[index];
    const auto id = id_of(history);
    schedule.begin(id);
    run::Outcome outcome;
    outcome.id = id;
    const RealClock wall;
    try {
        auto environment = options.environment_for(history);
        PlayOptions how{.stop = options.stop, .keep_trace = options.keep_trace};
        // In virtual time each has servers of its own, and the names that it had when it was
        // explored: their order decides who comes first, and what failed has to fail again.
        if (!environment->virtual_time()) {
            how.run_id = schedule.run_id_of(id);
        }
        auto played = play(history, std::move(environment), std::move(how));
        schedule.know(played.servers, {});
        outcome = outcome_of(history, std::move(played), wall.elapsed());
    } catch (const std::exception& error) {
        outcome.verdict = run::Verdict::blocked;
        outcome.reason = error.what();
    }
    schedule.end(index, std::move(outcome));
}

}  // namespace

PlayedTrace play(const History& history, std::unique_ptr<run::Environment> environment,
                 PlayOptions options) {
    PlayedTrace played;
    TroubledEnvironment around(std::move(environment));
    const auto before = around.truth().elapsed();
    run::World world(around, history.seed, options.run_id, std::move(options.seams));
    around.drive(play_in(world, around, history, options, played));
    played.virtual_time = around.truth().elapsed() - before;
    played.digest = world.trace().digest();
    if (options.keep_trace || !played.good()) {
        played.trace = world.trace().events();
    }
    return played;
}

std::string id_of(const History& history) {
    return "history/" + history.name;
}

run::Outcome outcome_of(const History& history, PlayedTrace played, Duration wall) {
    run::Outcome outcome;
    outcome.id = id_of(history);
    outcome.duration = wall;
    outcome.virtual_duration = played.virtual_time;
    outcome.detail =
        run::ScenarioOutcome{.trace_digest = played.digest, .trace = std::move(played.trace)};
    if (!played.skip.empty()) {
        outcome.verdict = run::Verdict::skip;
        outcome.reason = played.skip;
        return outcome;
    }
    run::Ending ending;
    if (!played.blocked.empty()) {
        ending = {run::Ending::Kind::blocked, played.blocked};
    }
    auto& failures = played.failures;
    const auto first = failures.end() - static_cast<std::ptrdiff_t>(played.of_clean_up);
    std::vector<std::string> of_clean_up(first, failures.end());
    failures.erase(first, failures.end());
    run::judge(outcome, ending, std::move(failures), std::move(of_clean_up));
    return outcome;
}

run::RunResult replay(const std::vector<History>& histories, const ReplayOptions& options) {
    run::Schedule schedule(options, histories.size());
    // Histories seal, and break what others would use: alone where servers are shared.
    const auto bare = [&](std::size_t index) {
        run::Outcome outcome;
        outcome.id = id_of(histories[index]);
        return outcome;
    };
    const auto turns = schedule.turns(schedule.pass_over(bare), [](std::size_t) { return true; });
    const auto one = [&](std::size_t index) { play_one(index, histories, options, schedule); };
    run::Schedule::play(turns.together, options.jobs, one);
    run::Schedule::play(turns.alone, 1, one);
    return schedule.result(bare);
}

Result<History> read_history(const std::string& path) {
    const auto text = read_file(path);
    if (!text) {
        return propagate(text);
    }
    return parse_history(*text, path, vocabulary());
}

}  // namespace meshproof::scenarios::explore
