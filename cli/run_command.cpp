#include "cli/progress.hpp"
#include "cli/session.hpp"
#include "core/base/assert.hpp"
#include "core/base/text.hpp"
#include "core/time/real_clock.hpp"
#include "core/world/runner.hpp"
#include "reports/html/parts.hpp"

namespace meshproof::cli {
namespace {

struct RunArguments : SessionOptions {
    RunArguments() { target = "sim"; }
    std::vector<std::string> ids;
    std::uint64_t seeds = 1;
    std::string leaf_ttl;
    bool trace = false;
};

/// As typed; none where nothing was.
std::optional<Duration> asked_leaf_ttl(const RunArguments& arguments) {
    if (arguments.leaf_ttl.empty()) {
        return std::nullopt;
    }
    const auto ttl = parse_duration_with_unit(arguments.leaf_ttl);
    if (!ttl || *ttl < std::chrono::seconds(5) || *ttl > std::chrono::hours(24)) {
        throw UsageError(fmt::format("--leaf-ttl {}: expected a time from 5s to 24h, such as 30s",
                                     arguments.leaf_ttl));
    }
    return ttl;
}

Duration leaf_ttl_of(const RunArguments& arguments, const Session& session) {
    return asked_leaf_ttl(arguments).value_or(session.sim()    ? Duration(std::chrono::hours(24))
                                              : session.live() ? session.target().file.leaf_ttl
                                                               : loopback_leaf);
}

/// Whether the target can be used at all: one clear error now instead of one a scenario.
Task<void> probe(run::World& world) {
    std::exception_ptr problem;
    try {
        co_await world.start();
    } catch (...) {
        problem = std::current_exception();
    }
    co_await world.finish();
    if (problem) {
        std::rethrow_exception(problem);
    }
}

std::vector<run::ServerVersion> probe_target(const run::RunnerOptions& options) {
    const auto environment = options.environment(options.seed);
    run::World world(*environment, options.seed, options.run_id + "-probe");
    environment->drive(probe(world));
    return world.servers();
}

std::string replay_line(const RunArguments& arguments, std::string_view id, std::uint64_t seed) {
    auto line = fmt::format("meshproof run {} --target {} --seed {}", id,
                            reports::pages::shell_word(arguments.target), seed);
    if (arguments.product != "openbao") {
        line += " --product " + arguments.product;
    }
    if (!arguments.leaf_ttl.empty()) {
        line += " --leaf-ttl " + arguments.leaf_ttl;
    }
    return line;
}

void tell(const RunArguments& arguments, const run::Outcome& outcome, std::uint64_t seed,
          Output& output) {
    tell_outcome(outcome, output);
    if (arguments.trace) {
        for (const auto& event : std::get<run::ScenarioOutcome>(outcome.detail).trace) {
            output.line("         | {}", run::timed_text_of(event));
        }
    }
    // Of one run it is told at the end.
    if (is_bad(outcome) && !cut_off(outcome) && arguments.seeds > 1) {
        output.result("         replay: {}", replay_line(arguments, outcome.id, seed));
    }
}

run::RunnerOptions runner_options(const RunArguments& arguments, Session& session,
                                  std::uint64_t seed) {
    run::RunnerOptions options;
    fakes::FakeServersOptions servers;
    servers.leaf_ttl = leaf_ttl_of(arguments, session);
    session.fill(options, servers, seed);
    options.skips = skipped_scenarios(arguments.skips);
    options.share_servers = session.live();
    options.keep_trace = arguments.trace;
    options.jobs = session.jobs();
    return options;
}

using Scenarios = std::vector<const run::Scenario*>;

void prove_usable(const Scenarios& scenarios, const run::RunnerOptions& options, Session& session) {
    session.prove_usable(
        [&] {
            for (const auto& server : probe_target(options)) {
                session.output().line("{} {} at {}", server.product, server.version,
                                      server.address);
            }
        },
        [&](std::string_view why) {
            std::vector<run::Outcome> bare;
            for (const auto* scenario : scenarios) {
                bare.push_back(run::not_begun(*scenario, why));
            }
            return bare;
        });
}

run::RunResult run_seed(const RunArguments& arguments, const Scenarios& scenarios,
                        run::RunnerOptions options, Session& session, Output& output) {
    std::vector<std::string> ids;
    for (const auto* scenario : scenarios) {
        ids.emplace_back(scenario->id);
    }
    return session.play(
        ids, options,
        [&](const run::Outcome& outcome) { tell(arguments, outcome, options.seed, output); },
        [&] { return run::run_scenarios(scenarios, options); });
}

int run_seeds(const RunArguments& arguments, const Scenarios& scenarios, Session& session) {
    // Of each seed only what went wrong is told.
    OutputOptions quiet = arguments.output;
    quiet.quiet = true;
    Output failures(quiet);
    session.output().line("meshproof {}, target {}, seeds {} to {}", MESHPROOF_VERSION,
                          arguments.target, session.seed(), session.seed() + arguments.seeds - 1);
    std::size_t good = 0;
    int worst = as_expected;
    RedrawnLine line(!arguments.output.quiet);
    const RealClock clock;
    const auto over = [&] {
        return session.stopping() || (arguments.fail_fast && worst != as_expected);
    };
    std::uint64_t begun = 0;
    for (std::uint64_t i = 0; i < arguments.seeds && !over(); ++i) {
        ++begun;
        const auto seed = session.seed() + i;
        set_assertion_seed(seed);
        const auto result = run_seed(arguments, scenarios, runner_options(arguments, session, seed),
                                     session, failures);
        const auto code = exit_code(result);
        good += code == as_expected ? 1 : 0;
        worst = worst == something_failed || code == as_expected ? worst : code;
        line.draw(fmt::format("[{}/{}] seeds", begun, arguments.seeds));
        const bool a_tenth = begun * 10 / arguments.seeds > i * 10 / arguments.seeds;
        if (!line.live() && arguments.seeds >= 10 && a_tenth && begun < arguments.seeds) {
            session.output().line("{} of {} seeds, {} passed", begun, arguments.seeds, good);
        }
    }
    line.clear();
    session.output().result(
        "{} of {} seeds passed in {}{}", good, arguments.seeds, human_duration(clock.elapsed()),
        begun == arguments.seeds ? std::string()
                                 : fmt::format(", {} not run", arguments.seeds - begun));
    if (good == arguments.seeds || worst != as_expected) {
        return worst;
    }
    return session.out_of_time() ? out_of_time : unreachable;  // seeds that were not begun
}

/// A value that cannot be used, and flags that each are right and together are not: told before
/// anything else is.
void check(const RunArguments& arguments) {
    (void)asked_leaf_ttl(arguments);
    if (arguments.seeds > 1 && choose_target(arguments.target).setting != "sim") {
        throw UsageError("--seeds is for --target sim, where a run takes seconds");
    }
    if (arguments.seeds > 1 &&
        (!arguments.report.empty() || arguments.output.json() || !arguments.summary.empty())) {
        throw UsageError(fmt::format("{} tells one run, and --seeds makes several",
                                     !arguments.report.empty() ? "--report"
                                     : arguments.output.json() ? "--format json"
                                                               : "--summary"),
                         "one seed after the other, as --seed 1 --report out/1, has a report each; "
                         "meshproof explore has one of many histories");
    }
}

int run_command(const RunArguments& arguments) {
    const auto scenarios = choose_scenarios(arguments.ids);
    (void)skipped_scenarios(arguments.skips);  // a wrong id ends it before anything begins
    check(arguments);
    Session session(run::Command::run, arguments);
    session.replay_by([&](const run::RunResult& result, const run::Outcome& outcome) {
        return replay_line(arguments, outcome.id, result.seed);
    });
    if (arguments.seeds > 1) {
        return run_seeds(arguments, scenarios, session);
    }
    session.say_head();
    const auto options = runner_options(arguments, session, session.seed());
    if (session.live()) {
        prove_usable(scenarios, options, session);
    }
    return session.conclude(run_seed(arguments, scenarios, options, session, session.output()));
}

}  // namespace

void add_run(CLI::App& app, Command& chosen) {
    auto* command = app.add_subcommand("run", "run scenarios against the fakes or a target");
    auto arguments = std::make_shared<RunArguments>();
    command->add_option("ID", arguments->ids,
                        "scenarios by id or theme (lifecycle); all where none is given");
    add_session_options(*command, *arguments, "sim, loopback",
                        "report.html, report.json and junit.xml", "scenarios");
    command->add_option("--seeds", arguments->seeds, "this many runs with consecutive seeds (sim)")
        ->check(CLI::Range(1, 1'000'000));
    command->add_option("--leaf-ttl", arguments->leaf_ttl,
                        "a leaf's life (sim 24h, loopback 6s, live as in the target file)");
    command->add_flag("--trace", arguments->trace,
                      "print each scenario's trace, and keep it in the report");
    command->footer(
        "\nWhat a target file holds, and the exit codes: meshproof --help\n"
        "\nExamples:\n"
        "  meshproof run\n"
        "  meshproof run lifecycle security --target loopback\n"
        "  meshproof run --target vault.yaml --report out\n"
        "  meshproof run lifecycle/renewal --seed 7 --trace\n"
        "  meshproof run --quiet --format json >report.json\n"
        "  meshproof run --skip security --time-limit 10m --summary \"$GITHUB_STEP_SUMMARY\"\n"
        "  meshproof run --seeds 200");
    command->callback(
        [&chosen, arguments] { chosen = [arguments] { return run_command(*arguments); }; });
}

}  // namespace meshproof::cli
