#include <thread>

#include "cli/output.hpp"
#include "cli/program.hpp"
#include "core/base/answer.hpp"
#include "core/base/assert.hpp"
#include "core/base/log.hpp"
#include "core/check/check_runner.hpp"
#include "core/time/prng.hpp"
#include "core/time/real_clock.hpp"
#include "reports/report.hpp"

namespace meshproof::cli {
namespace {

/// Checks on real time mostly wait for answers and leases, so many go side by side; but a real
/// Vault must still serve others.
constexpr std::size_t at_once_on_fakes = 64, at_once_on_real_servers = 16;

struct ConformArguments {
    std::vector<std::string> ids;
    std::string target = "fakes";
    std::string server, level = "may";
    std::optional<std::uint64_t> seed;
    std::string report;
    std::size_t jobs = 0;
    std::string product = "openbao";
    bool evidence = false;
    OutputOptions output;
};

run::Level level_named(std::string_view name) {
    return name == "must"     ? run::Level::must
           : name == "should" ? run::Level::should
                              : run::Level::may;
}

std::vector<const run::Check*> wanted_checks(const ConformArguments& arguments) {
    auto checks = choose_checks(arguments.ids);
    const auto least = level_named(arguments.level);
    std::erase_if(checks, [&](const run::Check* check) {
        return check->level > least ||
               (!arguments.server.empty() && check->server() != arguments.server);
    });
    if (checks.empty()) {
        throw UsageError("no check is left by --server and --level",
                         "meshproof list --checks shows them all");
    }
    return checks;
}

std::function<std::unique_ptr<run::Environment>(std::uint64_t)> environment_maker(
    const ConformArguments& arguments, const ChosenTarget& target) {
    fakes::FakeServersOptions servers;
    servers.vaults = servers.clusters = 1;
    servers.spare_vaults = true;
    servers.product =
        arguments.product == "vault" ? vault::Product::vault : vault::Product::openbao;
    return [servers, target](std::uint64_t seed) {
        auto seeded = servers;
        seeded.seed = seed;
        if (target.setting == "sim") {
            return fakes::make_sim({seed, seeded, {}, {}});
        }
        return target.setting == "loopback" ? fakes::make_loopback(std::move(seeded))
                                            : fakes::make_live(target.file, std::move(seeded));
    };
}

Task<void> ask_target(run::Environment& environment, std::exception_ptr& problem) {
    try {
        (void)co_await run::survey(environment, environment.transport());
    } catch (...) {
        problem = std::current_exception();
    }
}

/// What is known of a run before it begins.
run::RunResult result_for(const ConformArguments& arguments, const ChosenTarget& target,
                          std::uint64_t seed, Time started) {
    run::RunResult result;
    result.command = run::Command::conform;
    result.target = target.setting == "live"
                        ? target.file.name
                        : fmt::format("{} ({})", arguments.target, arguments.product);
    result.setting = run::setting_named(target.setting).value();
    result.seed = seed;
    result.started = started;
    return result;
}

/// One clear error now instead of one a check. The reports are written then as well.
void prove_usable(const ConformArguments& arguments, const ChosenTarget& target,
                  const std::vector<const run::Check*>& checks,
                  const run::CheckRunnerOptions& options, Output& output) {
    const RealClock clock;
    const auto started = clock.now();
    std::exception_ptr problem;
    {
        const auto environment = options.environment(options.seed);
        environment->drive(ask_target(*environment, problem));
    }
    if (!problem) {
        return;
    }
    try {
        std::rethrow_exception(problem);
    } catch (const CannotGoOn& cannot) {
        auto result = result_for(arguments, target, options.seed, started);
        result.problem = cannot.what();
        result.duration = clock.elapsed();
        for (const auto* check : checks) {
            result.outcomes.push_back(run::not_begun(*check, cannot.what()));
        }
        conclude_unbegun(result, arguments.report, output);
        throw;
    }
}

void tell_evidence(const run::Outcome& outcome, bool bad, Output& output) {
    for (const auto& exchange : std::get<run::CheckOutcome>(outcome.detail).evidence) {
        const auto text =
            fmt::format("         $ {}\n         {}", run::to_curl(exchange),
                        exchange.status == 0
                            ? exchange.failure
                            : fmt::format("{} {}", exchange.status, one_line(exchange.answer)));
        if (bad) {
            output.result("{}", text);
        } else {
            output.line("{}", text);
        }
    }
}

void tell_outcome(const ConformArguments& arguments, const run::Outcome& outcome, Output& output) {
    const auto line = reports::outcome_line(outcome, output.colour());
    const bool bad =
        outcome.verdict == run::Verdict::fail || outcome.verdict == run::Verdict::blocked;
    if (!bad) {
        output.line("{}", line);
    } else {
        output.result("{}", line);
        for (std::size_t i = 1; i < outcome.failures.size(); ++i) {
            output.result("         {}", outcome.failures[i]);
        }
    }
    if (arguments.evidence || bad) {
        tell_evidence(outcome, bad, output);
    }
}

run::CheckRunnerOptions runner_options(const ConformArguments& arguments,
                                       const ChosenTarget& target, run::StopSource& stop) {
    run::CheckRunnerOptions options;
    options.seed = arguments.seed ? *arguments.seed : fresh_seed();
    options.environment = environment_maker(arguments, target);
    options.deviations = target.file.deviations;
    options.run_id = draw_run_id(target, options.seed);
    options.share_servers = target.setting != "sim";
    const auto processors = std::max<std::size_t>(1, std::thread::hardware_concurrency());
    options.threads = target.setting == "live" ? 1 : processors;
    options.at_once = target.setting == "live" ? at_once_on_real_servers : at_once_on_fakes;
    if (arguments.jobs != 0) {
        (target.setting == "sim" ? options.threads : options.at_once) = arguments.jobs;
    }
    options.stop = &stop;
    return options;
}

run::RunResult play(const ConformArguments& arguments, const ChosenTarget& target,
                    const std::vector<const run::Check*>& checks, run::CheckRunnerOptions options,
                    Output& output) {
    Progress progress(checks.size(), !arguments.output.quiet);
    options.on_begin = [&](const run::Check& check) { progress.begin(check.id); };
    options.on_end = [&](const run::Outcome& outcome) {
        progress.end(outcome.id);
        progress.clear();
        tell_outcome(arguments, outcome, output);
        progress.draw();
    };
    const RealClock clock;
    auto result = result_for(arguments, target, options.seed, clock.now());
    auto played = run::run_checks(checks, options);
    result.servers = std::move(played.servers);
    result.features = std::move(played.features);
    result.outcomes = std::move(played.outcomes);
    result.interrupted = played.interrupted;
    result.duration = clock.elapsed();
    progress.clear();
    return result;
}

int conform_command(const ConformArguments& arguments) {
    const auto target = choose_target(arguments.target == "fakes" ? "loopback" : arguments.target);
    const auto checks = wanted_checks(arguments);
    if (!arguments.report.empty()) {
        if (const auto prepared = reports::prepare_folder(arguments.report); !prepared) {
            throw UsageError(prepared.error().message, "give --report a folder that you may write");
        }
    }
    run::StopSource stop;
    const auto options = runner_options(arguments, target, stop);
    set_assertion_seed(options.seed);
    const SignalWatch watch(
        [&stop] {
            log::note("stopping and cleaning up; once more ends at once");
            stop.request();
        },
        clean_advice(target, options.run_id));

    Output output(arguments.output);
    output.line("meshproof {}, target {}, seed {}", MESHPROOF_VERSION, arguments.target,
                options.seed);
    if (target.setting == "live") {
        prove_usable(arguments, target, checks, options, output);
        output.line("{}", run_id_line(target, options.run_id));
    }
    const auto result = play(arguments, target, checks, options, output);
    for (const auto& server : result.servers) {
        output.line("{} {} at {}", server.product, server.version, server.address);
    }
    return conclude(result, arguments.report, output);
}

}  // namespace

void add_conform(CLI::App& app, Command& chosen) {
    auto* command =
        app.add_subcommand("conform", "check a Vault and an API server, behaviour by behaviour");
    auto arguments = std::make_shared<ConformArguments>();
    command->add_option("ID", arguments->ids,
                        "checks by id or topic (vault/pki); all where none is given");
    command->add_option("--target", arguments->target, "fakes, sim, or a target file")
        ->capture_default_str();
    command->add_option("--server", arguments->server, "only the checks of one server")
        ->check(CLI::IsMember({"vault", "kube"}));
    command->add_option("--level", arguments->level, "only checks of this level and above")
        ->check(CLI::IsMember({"must", "should", "may"}))
        ->capture_default_str();
    command->add_option("--seed", arguments->seed, "replays a run; fresh where it is left out");
    command->add_option("--report", arguments->report,
                        "folder for report.json, junit.xml and report.md");
    command
        ->add_option("--jobs", arguments->jobs,
                     "checks at a time; by default as many as make sense")
        ->check(CLI::Range(1, 256));
    command
        ->add_option("--product", arguments->product,
                     "which product the fake Vault plays: openbao or vault")
        ->check(CLI::IsMember({"openbao", "vault"}))
        ->capture_default_str();
    command->add_flag("--evidence", arguments->evidence,
                      "print what was asked and answered, secrets taken out");
    add_output_options(*command, arguments->output);
    command->footer(
        "\nExamples:\n"
        "  meshproof conform\n"
        "  meshproof conform vault/pki svid --level must\n"
        "  meshproof conform --target vault.yaml --report out\n"
        "  meshproof conform vault/sys/health --evidence");
    command->callback(
        [&chosen, arguments] { chosen = [arguments] { return conform_command(*arguments); }; });
}

}  // namespace meshproof::cli
