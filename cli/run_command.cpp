#include <unistd.h>

#include <mutex>
#include <thread>

#include "cli/output.hpp"
#include "cli/program.hpp"
#include "core/base/assert.hpp"
#include "core/base/log.hpp"
#include "core/time/prng.hpp"
#include "core/time/real_clock.hpp"
#include "reports/report.hpp"

namespace meshproof::cli {
namespace {

/// Real leaves in loopback: short enough for a quick run, long enough that whole-second dates leave
/// room.
constexpr Duration loopback_leaf = std::chrono::seconds(6);
/// Scenarios on real time mostly wait for leaves to age, so many go side by side.
constexpr std::size_t waiting_jobs = 16;

struct RunArguments {
    std::vector<std::string> ids;
    std::string target = "sim";
    std::optional<std::uint64_t> seed;
    std::uint64_t seeds = 1;
    std::string report;
    std::size_t jobs = 0;
    std::string product = "openbao";
    std::string leaf_ttl;
    bool trace = false;
    OutputOptions output;
};

Duration leaf_ttl_of(const RunArguments& arguments, const ChosenTarget& target) {
    if (arguments.leaf_ttl.empty()) {
        return target.setting == "sim"        ? Duration(std::chrono::hours(24))
               : target.setting == "loopback" ? loopback_leaf
                                              : target.file.leaf_ttl;
    }
    const auto ttl = parse_duration(arguments.leaf_ttl);
    if (!ttl || *ttl < std::chrono::seconds(5) || *ttl > std::chrono::hours(24)) {
        throw UsageError(fmt::format("--leaf-ttl {}: expected a time from 5s to 24h, such as 30s",
                                     arguments.leaf_ttl));
    }
    return *ttl;
}

std::function<std::unique_ptr<run::Environment>(std::uint64_t)> environment_maker(
    const RunArguments& arguments, const ChosenTarget& target) {
    fakes::FakeServersOptions servers;
    servers.product =
        arguments.product == "vault" ? vault::Product::vault : vault::Product::openbao;
    servers.leaf_ttl = leaf_ttl_of(arguments, target);
    if (target.setting == "sim") {
        return [servers](std::uint64_t seed) {
            fakes::SimOptions options;
            options.seed = seed;
            options.servers = servers;
            return fakes::make_sim(std::move(options));
        };
    }
    if (target.setting == "loopback") {
        return [servers](std::uint64_t seed) {
            auto seeded = servers;
            seeded.seed = seed;
            return fakes::make_loopback(std::move(seeded));
        };
    }
    auto file = target.file;
    file.leaf_ttl = servers.leaf_ttl;
    return [servers, file](std::uint64_t seed) {
        auto seeded = servers;
        seeded.seed = seed;
        return fakes::make_live(file, std::move(seeded));
    };
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
    auto line = fmt::format("meshproof run {} --target {} --seed {}", id, arguments.target, seed);
    if (arguments.product != "openbao") {
        line += " --product " + arguments.product;
    }
    if (!arguments.leaf_ttl.empty()) {
        line += " --leaf-ttl " + arguments.leaf_ttl;
    }
    return line;
}

bool is_bad(const run::Outcome& outcome) {
    return outcome.verdict == run::Verdict::fail || outcome.verdict == run::Verdict::blocked;
}

void tell_outcome(const RunArguments& arguments, const run::Outcome& outcome, std::uint64_t seed,
                  Output& output) {
    const auto line = reports::outcome_line(outcome, output.colour());
    if (!is_bad(outcome)) {
        output.line("{}", line);
    } else {
        output.result("{}", line);
    }
    if (arguments.trace) {
        for (const auto& event : std::get<run::ScenarioOutcome>(outcome.detail).trace) {
            output.line("         | {}", run::timed_text_of(event));
        }
    }
    if (is_bad(outcome)) {
        for (std::size_t i = 1; i < outcome.failures.size(); ++i) {
            output.result("         {}", outcome.failures[i]);
        }
        output.result("         replay: {}", replay_line(arguments, outcome.id, seed));
    }
}

run::RunnerOptions runner_options(const RunArguments& arguments, const ChosenTarget& target,
                                  std::uint64_t seed, std::string run_id, run::StopSource& stop) {
    run::RunnerOptions options;
    options.seed = seed;
    options.environment = environment_maker(arguments, target);
    options.run_id = std::move(run_id);
    options.deviations = target.file.deviations;
    options.share_servers = target.setting == "live";
    options.keep_trace = arguments.trace;
    options.stop = &stop;
    const auto processors = std::max<std::size_t>(1, std::thread::hardware_concurrency());
    options.jobs = arguments.jobs != 0       ? arguments.jobs
                   : target.setting == "sim" ? processors
                                             : waiting_jobs;
    return options;
}

/// What is known of a run before it begins.
run::RunResult result_for(const ChosenTarget& target, std::uint64_t seed, Time started) {
    run::RunResult result;
    result.target = target.setting == "live" ? target.file.name : target.setting;
    result.setting = run::setting_named(target.setting).value();
    result.seed = seed;
    result.started = started;
    return result;
}

/// Throws CannotGoOn where the target cannot be used; the reports are written then as well.
void prove_usable(const RunArguments& arguments, const ChosenTarget& target,
                  const std::vector<const run::Scenario*>& scenarios,
                  const run::RunnerOptions& options, Output& output) {
    const RealClock clock;
    const auto started = clock.now();
    try {
        for (const auto& server : probe_target(options)) {
            output.line("{} {} at {}", server.product, server.version, server.address);
        }
    } catch (const CannotGoOn& problem) {
        auto result = result_for(target, options.seed, started);
        result.problem = problem.what();
        result.duration = clock.elapsed();
        for (const auto* scenario : scenarios) {
            result.outcomes.push_back(run::not_begun(*scenario, problem.what()));
        }
        conclude_unbegun(result, arguments.report, output);
        throw;
    }
    output.line("{}", run_id_line(target, options.run_id));
}

run::RunResult run_seed(const RunArguments& arguments, const ChosenTarget& target,
                        const std::vector<const run::Scenario*>& scenarios,
                        run::RunnerOptions options, Output& output) {
    Progress progress(scenarios.size(), !arguments.output.quiet);
    options.on_begin = [&](const run::Scenario& scenario) { progress.begin(scenario.id); };
    options.on_end = [&](const run::Outcome& outcome, std::size_t, std::size_t) {
        progress.end(outcome.id);
        progress.clear();
        tell_outcome(arguments, outcome, options.seed, output);
        progress.draw();
    };
    const RealClock clock;
    auto result = result_for(target, options.seed, clock.now());
    auto played = run::run_scenarios(scenarios, options);
    result.servers = std::move(played.servers);
    result.outcomes = std::move(played.outcomes);
    result.interrupted = played.interrupted;
    result.duration = clock.elapsed();
    progress.clear();
    return result;
}

int run_seeds(const RunArguments& arguments, const ChosenTarget& target,
              const std::vector<const run::Scenario*>& scenarios, std::uint64_t first_seed,
              run::StopSource& stop) {
    Output output(arguments.output);
    // Of each seed only what went wrong is told.
    OutputOptions quiet = arguments.output;
    quiet.quiet = true;
    Output failures(quiet);
    output.line("meshproof {}, target {}, seeds {} to {}", MESHPROOF_VERSION, arguments.target,
                first_seed, first_seed + arguments.seeds - 1);
    std::size_t good = 0;
    int worst = as_expected;
    const bool live = stderr_is_terminal() && !arguments.output.quiet;
    const RealClock clock;
    for (std::uint64_t i = 0; i < arguments.seeds && !stop.requested(); ++i) {
        const auto seed = first_seed + i;
        set_assertion_seed(seed);
        const auto result = run_seed(
            arguments, target, scenarios,
            runner_options(arguments, target, seed, draw_run_id(target, seed), stop), failures);
        const auto code = exit_code(result);
        good += code == as_expected ? 1 : 0;
        worst = worst == something_failed || code == as_expected ? worst : code;
        if (live) {
            fmt::print(stderr, "\r\x1b[K[{}/{}] seeds", i + 1, arguments.seeds);
            std::fflush(stderr);
        }
    }
    if (live) {
        fmt::print(stderr, "\r\x1b[K");
    }
    output.result("{} of {} seeds passed in {}", good, arguments.seeds,
                  human_duration(clock.elapsed()));
    return good == arguments.seeds ? as_expected : worst == as_expected ? unreachable : worst;
}

void check(const RunArguments& arguments, const ChosenTarget& target) {
    if (arguments.seeds > 1 && target.setting != "sim") {
        throw UsageError("--seeds is for --target sim, where a run takes seconds");
    }
    if (arguments.seeds > 1 && (!arguments.report.empty() || arguments.output.json())) {
        throw UsageError(fmt::format("{} tells one run, and --seeds makes several",
                                     arguments.report.empty() ? "--format json" : "--report"));
    }
    if (!arguments.report.empty()) {
        if (const auto prepared = reports::prepare_folder(arguments.report); !prepared) {
            throw UsageError(prepared.error().message, "give --report a folder that you may write");
        }
    }
}

int run_command(const RunArguments& arguments) {
    const auto target = choose_target(arguments.target);
    const auto scenarios = choose_scenarios(arguments.ids);
    check(arguments, target);
    const auto first_seed = arguments.seed ? *arguments.seed : fresh_seed();
    set_assertion_seed(first_seed);

    const auto run_id = draw_run_id(target, first_seed);
    run::StopSource stop;
    const SignalWatch watch(
        [&stop] {
            log::note("stopping and cleaning up; once more ends at once");
            stop.request();
        },
        clean_advice(target, run_id));

    if (arguments.seeds > 1) {
        return run_seeds(arguments, target, scenarios, first_seed, stop);
    }
    Output output(arguments.output);
    output.line("meshproof {}, target {}, seed {}", MESHPROOF_VERSION, arguments.target,
                first_seed);
    const auto options = runner_options(arguments, target, first_seed, run_id, stop);
    if (target.setting == "live") {
        prove_usable(arguments, target, scenarios, options, output);
    }
    const auto result = run_seed(arguments, target, scenarios, options, output);
    return conclude(result, arguments.report, output);
}

}  // namespace

void add_run(CLI::App& app, Command& chosen) {
    auto* command = app.add_subcommand("run", "run scenarios against the fakes or a target");
    auto arguments = std::make_shared<RunArguments>();
    command->add_option("ID", arguments->ids,
                        "scenarios by id or theme (lifecycle); all where none is given");
    command->add_option("--target", arguments->target, "sim, loopback, or a target file")
        ->capture_default_str();
    command->add_option("--seed", arguments->seed, "replays a run; fresh where it is left out");
    command->add_option("--seeds", arguments->seeds, "this many runs with consecutive seeds (sim)")
        ->check(CLI::Range(1, 1'000'000));
    command->add_option("--report", arguments->report, "folder for report.json and junit.xml");
    command
        ->add_option("--jobs", arguments->jobs,
                     "scenarios at a time; by default as many as make sense")
        ->check(CLI::Range(1, 256));
    command
        ->add_option("--product", arguments->product,
                     "which product the first fake Vault plays: openbao or vault")
        ->check(CLI::IsMember({"openbao", "vault"}))
        ->capture_default_str();
    command->add_option("--leaf-ttl", arguments->leaf_ttl,
                        "a leaf's life (sim 24h, loopback 6s, live as in the target file)");
    command->add_flag("--trace", arguments->trace,
                      "print each scenario's trace, and keep it in the report");
    add_output_options(*command, arguments->output);
    command->footer(
        "\nExamples:\n"
        "  meshproof run\n"
        "  meshproof run lifecycle security --target loopback\n"
        "  meshproof run --target vault.yaml --report out\n"
        "  meshproof run lifecycle/renewal --seed 7 --trace\n"
        "  meshproof run --quiet --format json >report.json\n"
        "  meshproof run --seeds 200");
    command->callback(
        [&chosen, arguments] { chosen = [arguments] { return run_command(*arguments); }; });
}

}  // namespace meshproof::cli
