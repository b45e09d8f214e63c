#include <unistd.h>

#include <mutex>
#include <thread>

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

run::RunResult run_seed(const RunArguments& arguments, const ChosenTarget& target,
                        const std::vector<const run::Scenario*>& scenarios, std::uint64_t seed,
                        std::string run_id, run::StopSource& stop) {
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

    const bool quiet = arguments.seeds > 1;
    if (!quiet) {
        fmt::print("meshproof {}, target {}, seed {}\n", MESHPROOF_VERSION, arguments.target, seed);
        std::fflush(stdout);
    }
    if (target.setting == "live") {
        for (const auto& server : probe_target(options)) {
            fmt::print("{} {} at {}\n", server.product, server.version, server.address);
        }
        fmt::print("{}\n", run_id_line(target, options.run_id));
        std::fflush(stdout);
    }

    const bool colour = stdout_has_colour();
    Progress progress(scenarios.size());
    options.on_begin = [&](const run::Scenario& scenario) { progress.begin(scenario.id); };
    options.on_end = [&](const run::Outcome& outcome, std::size_t, std::size_t) {
        progress.end(outcome.id);
        progress.clear();
        const bool bad =
            outcome.verdict == run::Verdict::fail || outcome.verdict == run::Verdict::blocked;
        if (!quiet || bad) {
            fmt::print("{}\n", reports::outcome_line(outcome, colour));
        }
        if (arguments.trace) {
            for (const auto& event : std::get<run::ScenarioOutcome>(outcome.detail).trace) {
                fmt::print("         | {}\n", run::timed_text_of(event));
            }
        }
        if (bad) {
            for (std::size_t i = 1; i < outcome.failures.size(); ++i) {
                fmt::print("         {}\n", outcome.failures[i]);
            }
            fmt::print("         replay: {}\n", replay_line(arguments, outcome.id, seed));
        }
        std::fflush(stdout);
        progress.draw();
    };
    const RealClock clock;
    const auto started = clock.now();
    auto result = run::run_scenarios(scenarios, options);
    progress.clear();
    result.target = target.setting == "live" ? target.file.name : target.setting;
    result.setting = run::setting_named(target.setting).value();
    result.started = started;
    result.duration = clock.elapsed();
    return result;
}

int run_command(const RunArguments& arguments) {
    const auto target = choose_target(arguments.target);
    const auto scenarios = choose_scenarios(arguments.ids);
    if (arguments.seeds > 1 && target.setting != "sim") {
        throw UsageError("--seeds is for --target sim, where a run takes seconds");
    }
    if (!arguments.report.empty()) {
        if (arguments.seeds > 1) {
            throw UsageError("--report tells one run, and --seeds makes several");
        }
        if (const auto prepared = reports::prepare_folder(arguments.report); !prepared) {
            throw UsageError(prepared.error().message, "give --report a folder that you may write");
        }
    }
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
        fmt::print("meshproof {}, target {}, seeds {} to {}\n", MESHPROOF_VERSION, arguments.target,
                   first_seed, first_seed + arguments.seeds - 1);
        std::size_t good = 0;
        int worst = as_expected;
        const RealClock clock;
        for (std::uint64_t i = 0; i < arguments.seeds && !stop.requested(); ++i) {
            set_assertion_seed(first_seed + i);
            const auto result = run_seed(arguments, target, scenarios, first_seed + i,
                                         draw_run_id(target, first_seed + i), stop);
            const auto code = exit_code(result);
            good += code == as_expected ? 1 : 0;
            worst = worst == something_failed || code == as_expected ? worst : code;
            if (stderr_is_terminal()) {
                fmt::print(stderr, "\r\x1b[K[{}/{}] seeds", i + 1, arguments.seeds);
                std::fflush(stderr);
            }
        }
        if (stderr_is_terminal()) {
            fmt::print(stderr, "\r\x1b[K");
        }
        fmt::print("{} of {} seeds passed in {}\n", good, arguments.seeds,
                   human_duration(clock.elapsed()));
        return good == arguments.seeds ? as_expected : worst == as_expected ? unreachable : worst;
    }

    const auto result = run_seed(arguments, target, scenarios, first_seed, run_id, stop);
    fmt::print("{}\n", reports::summary_line(result));
    if (!arguments.report.empty()) {
        if (const auto written = reports::write_reports(arguments.report, result); !written) {
            throw CannotGoOn(written.error());
        }
        fmt::print("report: {0}/report.json, {0}/junit.xml\n", arguments.report);
    }
    return exit_code(result);
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
    command->add_flag("--trace", arguments->trace, "print each scenario's trace");
    command->footer(
        "\nExamples:\n"
        "  meshproof run\n"
        "  meshproof run lifecycle security --target loopback\n"
        "  meshproof run --target vault.yaml --report out\n"
        "  meshproof run lifecycle/renewal --seed 7 --trace\n"
        "  meshproof run --seeds 200");
    command->callback(
        [&chosen, arguments] { chosen = [arguments] { return run_command(*arguments); }; });
}

}  // namespace meshproof::cli
