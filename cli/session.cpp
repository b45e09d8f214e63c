#include "cli/session.hpp"

#include <thread>

#include "cli/progress.hpp"
#include "core/base/assert.hpp"
#include "core/base/log.hpp"
#include "core/time/prng.hpp"
#include "core/time/real_clock.hpp"
#include "reports/report.hpp"

namespace meshproof::cli {
namespace {

/// As the command line names the target: "fakes" are the fakes over sockets.
ChosenTarget target_of(const SessionOptions& options) {
    return choose_target(options.target == "fakes" ? "loopback" : options.target);
}

void prepare_folder(const SessionOptions& options) {
    if (options.report.empty()) {
        return;
    }
    if (const auto prepared = reports::prepare_folder(options.report); !prepared) {
        throw UsageError(prepared.error().message, "give --report a folder that you may write");
    }
}

// The id that everything a run creates carries. On shared servers a fresh one, so that a second
// run with the same seed does not meet the first one's names; in sim a part of the function.
std::string draw_run_id(const ChosenTarget& target, std::uint64_t seed) {
    constexpr std::size_t length = 6;
    return Prng(target.setting == "sim" ? seed : fresh_seed()).fork("run id").token(length);
}

// The command that removes what the run leaves when it is killed; "" where it ends with the run.
std::string clean_advice(const ChosenTarget& target, std::string_view run_id) {
    return target.setting == "live"
               ? fmt::format("meshproof clean --target {} --run {}", target.argument, run_id)
               : std::string();
}

// For the head of a live run: its id, and how its things are removed.
std::string run_id_line(const ChosenTarget& target, std::string_view run_id) {
    return fmt::format(
        "run id {}: everything that is created carries it; after a kill, {} removes it", run_id,
        clean_advice(target, run_id));
}

}  // namespace

void add_session_options(CLI::App& command, SessionOptions& options, std::string_view targets,
                         std::string_view report_files, std::string_view things) {
    command.add_option("--target", options.target, fmt::format("{}, or a target file", targets))
        ->capture_default_str();
    command.add_option("--seed", options.seed, "replays a run; fresh where it is left out");
    command.add_option("--report", options.report, fmt::format("folder for {}", report_files));
    if (!things.empty()) {
        command
            .add_option("--jobs", options.jobs,
                        fmt::format("{} at a time; by default as many as make sense", things))
            ->check(CLI::Range(1, 256));
    }
    command
        .add_option("--product", options.product,
                    "which product the first fake Vault plays: openbao or vault")
        ->check(CLI::IsMember({"openbao", "vault"}))
        ->capture_default_str();
    add_output_options(command, options.output);
}

Session::Session(run::Command command, const SessionOptions& options)
    : command_(command),
      options_(options),
      target_(target_of(options)),
      seed_(options.seed ? *options.seed : fresh_seed()),
      run_id_(draw_run_id(target_, seed_)),
      output_(options.output),
      watch_(
          [this] {
              log::note("stopping and cleaning up; once more ends at once");
              stop_.request();
          },
          clean_advice(target_, run_id_)) {
    prepare_folder(options_);
    set_assertion_seed(seed_);
}

std::size_t Session::jobs() const {
    if (options_.jobs != 0) {
        return options_.jobs;
    }
    // On real time they mostly wait for leaves to age, so many go side by side.
    return sim() ? std::max<std::size_t>(1, std::thread::hardware_concurrency()) : 16;
}

void Session::fill(run::ScheduleOptions& options, fakes::FakeServersOptions servers) {
    fill(options, std::move(servers), seed_);
}

void Session::fill(run::ScheduleOptions& options, fakes::FakeServersOptions servers,
                   std::uint64_t seed) {
    servers.product = options_.fake_product();
    options.seed = seed;
    // The id that was told is the one that everything carries.
    options.run_id = seed == seed_ ? run_id_ : draw_run_id(target_, seed);
    options.deviations = target_.file.deviations;
    options.stop = &stop_;
    options.environment = [servers = std::move(servers), target = target_](
                              std::uint64_t its_seed) -> std::unique_ptr<run::Environment> {
        auto seeded = servers;
        seeded.seed = its_seed;
        if (target.setting == "sim") {
            fakes::SimOptions sim;
            sim.seed = its_seed;
            sim.servers = std::move(seeded);
            return fakes::make_sim(std::move(sim));
        }
        if (target.setting == "loopback") {
            return fakes::make_loopback(std::move(seeded));
        }
        auto file = target.file;
        file.leaf_ttl = seeded.leaf_ttl;
        return fakes::make_live(file, std::move(seeded));
    };
}

void Session::say_head() {
    output_.line("meshproof {}, target {}, seed {}", MESHPROOF_VERSION, options_.target, seed_);
}

void Session::say_run_id() {
    output_.line("{}", run_id_line(target_, run_id_));
}

void Session::prove_usable(
    const std::function<void()>& ask,
    const std::function<std::vector<run::Outcome>(std::string_view why)>& bare) {
    const RealClock clock;
    const auto started = clock.now();
    try {
        ask();
    } catch (const CannotGoOn& problem) {
        auto result = bare_result(seed_, started);
        result.problem = problem.what();
        result.duration = clock.elapsed();
        result.outcomes = bare(problem.what());
        conclude_unbegun(result, options_.report, output_);
        throw;
    }
    say_run_id();
}

run::RunResult Session::play(std::size_t count, run::ScheduleOptions& options,
                             const std::function<void(const run::Outcome&)>& tell,
                             const std::function<run::RunResult()>& played) {
    Progress progress(count, !options_.output.quiet);
    options.on_begin = [&](std::string_view id) { progress.begin(id); };
    options.on_end = [&](const run::Outcome& outcome) {
        progress.end(outcome.id);
        progress.clear();
        tell(outcome);
        progress.draw();
    };
    const RealClock clock;
    auto result = bare_result(options.seed, clock.now());
    auto outcomes = played();
    result.servers = std::move(outcomes.servers);
    result.features = std::move(outcomes.features);
    result.outcomes = std::move(outcomes.outcomes);
    result.interrupted = outcomes.interrupted;
    result.duration = clock.elapsed();
    return result;
}

int Session::conclude(const run::RunResult& result) {
    return cli::conclude(result, options_.report, output_);
}

run::RunResult Session::bare_result(std::uint64_t seed, Time started) const {
    run::RunResult result;
    result.command = command_;
    result.target = live() ? target_.file.name
                    : command_ == run::Command::conform
                        ? fmt::format("{} ({})", options_.target, options_.product)
                        : options_.target;
    result.setting = run::setting_named(target_.setting).value();
    result.seed = seed;
    result.started = started;
    return result;
}

bool is_bad(const run::Outcome& outcome) {
    return outcome.verdict == run::Verdict::fail || outcome.verdict == run::Verdict::blocked;
}

void tell_outcome(const run::Outcome& outcome, Output& output) {
    const auto line = reports::outcome_line(outcome, output.colour());
    if (!is_bad(outcome)) {
        output.line("{}", line);
        return;
    }
    output.result("{}", line);
    for (std::size_t i = 1; i < outcome.failures.size(); ++i) {
        output.result("         {}", outcome.failures[i]);
    }
}

}  // namespace meshproof::cli
