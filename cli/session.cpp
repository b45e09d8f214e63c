#include "cli/session.hpp"

#include <algorithm>
#include <thread>

#include "cli/in_order.hpp"
#include "cli/progress.hpp"
#include "cli/summary.hpp"
#include "core/base/assert.hpp"
#include "core/base/log.hpp"
#include "core/base/text.hpp"
#include "core/time/prng.hpp"
#include "core/time/real_clock.hpp"
#include "reports/html/parts.hpp"
#include "reports/report.hpp"

namespace meshproof::cli {
namespace {

/// As the command line names the target: "fakes" are the fakes over sockets.
ChosenTarget target_of(const SessionOptions& options) {
    return choose_target(options.target == "fakes" ? "loopback" : options.target);
}

/// The subcommand that wrote a report. Several write one kind, and differ in what it is about.
std::string_view writer_of(const run::RunResult& result) {
    if (result.command == run::Command::run) {
        const auto what = reports::pages::result_words(result).one;
        return what == "history" ? "replay" : what == "property" ? "explore" : "run";
    }
    const bool of_twin = !result.outcomes.empty() && result.outcomes[0].id.starts_with("twin/");
    return of_twin ? "twin" : run::to_string(result.command);
}

/// A pipeline that names one folder for two commands would keep half of its results, one after the
/// other or side by side.
void prepare_folder(const SessionOptions& options, std::string_view subcommand, HeldFolder& held) {
    if (options.report.empty()) {
        return;
    }
    constexpr std::string_view hint =
        "give each command a folder of its own, or remove that report";
    if (const auto prepared = reports::prepare_folder(options.report); !prepared) {
        throw UsageError(prepared.error().message, "give --report a folder that you may write");
    }
    if (held.hold(options.report) == HeldFolder::Answer::taken) {
        throw UsageError(fmt::format("--report {}: another command that runs has its report there",
                                     options.report),
                         std::string(hint));
    }
    const auto before = reports::read_report(options.report + "/report.json");
    if (before && writer_of(*before) != subcommand) {
        throw UsageError(fmt::format("--report {}: the report of meshproof {} is in it",
                                     options.report, writer_of(*before)),
                         std::string(hint));
    }
}

/// What is mended needs no deviation any more: it would hide the fault if that came back.
void warn_of_needless_deviations(const ChosenTarget& target, const run::RunResult& result) {
    for (const auto& outcome : result.outcomes) {
        if (outcome.verdict == run::Verdict::pass && target.file.deviations.contains(outcome.id)) {
            log::warning(fmt::format("{}: deviations: {} passes: take it out, if it always does",
                                     target.argument, outcome.id));
        }
    }
}

/// Zero: none.
Duration time_limit_of(const SessionOptions& options) {
    if (options.time_limit.empty()) {
        return Duration::zero();
    }
    const auto limit = parse_duration_with_unit(options.time_limit);
    if (!limit || *limit <= Duration::zero()) {
        throw UsageError(
            fmt::format("--time-limit {}: expected a time such as 10m", options.time_limit));
    }
    return *limit;
}

Result<void> write_report_files(const run::RunResult& result, const std::string& folder,
                                Output& output) {
    if (folder.empty()) {
        return {};
    }
    auto written = reports::write_reports(folder, result);
    if (written) {
        output.line("report: {0}/report.html, {0}/report.json, {0}/junit.xml{1}", folder,
                    result.command == run::Command::conform ? ", " + folder + "/report.md" : "");
    }
    return written;
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
    add_pipeline_options(command, options, things);
    add_output_options(command, options.output);
    if (!things.empty()) {
        command
            .add_option("--color", options.output.colour,
                        "auto, always or never; auto: as terminal, NO_COLOR and FORCE_COLOR say")
            ->check(CLI::IsMember({"auto", "always", "never"}))
            ->capture_default_str();
    }
}

void add_pipeline_options(CLI::App& command, SessionOptions& options, std::string_view things) {
    if (!things.empty()) {
        command.add_flag("--fail-fast", options.fail_fast,
                         "begin nothing after the first that fails or is blocked");
        command
            .add_option("--skip", options.skips,
                        fmt::format("leave these {} out, and say so; may be repeated", things))
            ->allow_extra_args(false);
    }
    command.add_option("--time-limit", options.time_limit,
                       "end in order after this real time, such as 10m, with exit code 5");
    // Pipelines that say it of every suite may say it here; none may say more.
    command
        .add_option_function<std::string>(
            "--retries", [](const std::string&) {}, "0, and no more: what fails once has failed")
        ->check([](const std::string& given) {
            return given == "0" ? "" : "expected 0: what fails once has failed";
        });
    add_summary_option(command, options.summary);
}

Session::Session(run::Command command, const SessionOptions& options, std::string_view subcommand)
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
          clean_advice(target_, run_id_),
          {time_limit_of(options), [this] {
               log::note(
                   fmt::format("the time limit of {} is reached: stopping and cleaning up; "
                               "Ctrl-C ends at once",
                               options_.time_limit));
               stop_.request(run::StopReason::time_limit);
           }}) {
    prepare_folder(options_, subcommand.empty() ? run::to_string(command) : subcommand,
                   report_folder_);
    expect_summary_file(options_.summary);
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
    options.fail_fast = options_.fail_fast;
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

void Session::heed_reader() {
    if (reader_left() && !stop_.requested()) {
        log::note("nobody reads the output any more: stopping and cleaning up");
        stop_.request();
    }
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
        conclude_unbegun(result);
        throw;
    }
    say_run_id();
}

run::RunResult Session::play(const std::vector<std::string>& ids, run::ScheduleOptions& options,
                             const std::function<void(const run::Outcome&)>& tell,
                             const std::function<run::RunResult()>& played) {
    Progress progress(ids.size(), !options_.output.quiet);
    InOrder in_order(ids, tell);
    const bool at_once = output_.on_terminal();
    options.on_begin = [&](std::string_view id) {
        progress.clear();
        log::detail(fmt::format("{} begins", id));
        progress.begin(id);
    };
    options.on_end = [&](const run::Outcome& outcome) {
        progress.end(outcome.id);
        progress.clear();
        if (at_once) {
            tell(outcome);
        } else {
            in_order.add(outcome);
        }
        heed_reader();
        progress.draw();
    };
    const RealClock clock;
    auto result = bare_result(options.seed, clock.now());
    auto outcomes = played();
    result.servers = std::move(outcomes.servers);
    result.features = std::move(outcomes.features);
    result.outcomes = std::move(outcomes.outcomes);
    result.interrupted = outcomes.interrupted;
    result.ended_early = outcomes.ended_early;
    result.duration = clock.elapsed();
    for (const auto& outcome : result.outcomes) {
        if (outcome.verdict == run::Verdict::not_run) {  // the others were told when they ended
            if (at_once) {
                tell(outcome);
            } else {
                in_order.add(outcome);
            }
        }
    }
    in_order.add_no_more();
    progress.clear();
    warn_of_needless_deviations(target_, result);
    return result;
}

void Session::note_stop(run::RunResult& result) const {
    if (!stop_.requested()) {
        return;
    }
    result.interrupted = stop_.reason() == run::StopReason::signal;
    if (!result.interrupted) {
        result.ended_early = run::EarlyEnd::time_limit;
    }
}

std::string Session::replay_of(const run::RunResult& result, const run::Outcome& outcome) const {
    return replay_ ? replay_(result, outcome)
                   : reports::pages::replay_command(result, outcome,
                                                    live() ? std::string_view(target_.argument)
                                                           : reports::pages::unknown_target);
}

void Session::tell_problems(const run::RunResult& result) {
    constexpr std::size_t most = 100;
    std::size_t bad = 0;
    std::size_t cut = 0;
    for (const auto& outcome : result.outcomes) {
        if (cut_off(outcome)) {
            ++cut;
        } else if (is_bad(outcome) && bad++ < most) {
            output_.result("{}", reports::problem_line(outcome, replay_of(result, outcome)));
        }
    }
    if (bad > most) {
        output_.result("and {} more", counted(bad - most, "problem"));
    }
    if (cut > 0) {
        output_.result("{}: {}", run::told_of(stop_.reason()), reports::pages::things(result, cut));
    }
}

void Session::add_summary(const run::RunResult& result) const {
    append_summary(options_.summary, run::to_string(command_), [&](std::size_t most_bytes) {
        return reports::to_summary(result, most_bytes, [&](const run::Outcome& outcome) {
            return replay_of(result, outcome);
        });
    });
}

int Session::conclude(const run::RunResult& result) {
    tell_problems(result);
    output_.result("{}", reports::summary_line(result));
    output_.document(output_.json() ? reports::to_json(result) : std::string());
    if (const auto written = write_report_files(result, options_.report, output_); !written) {
        throw CannotGoOn(written.error());
    }
    add_summary(result);
    return exit_code(result);
}

void Session::conclude_unbegun(const run::RunResult& result) {
    output_.document(output_.json() ? reports::to_json(result) : std::string());
    if (const auto written = write_report_files(result, options_.report, output_); !written) {
        log::warning(written.error().message);
    }
    try {
        add_summary(result);
    } catch (const CannotGoOn& problem) {
        log::warning(problem.what());
    }
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

bool cut_off(const run::Outcome& outcome) {
    return outcome.verdict == run::Verdict::blocked && outcome.failures.empty() &&
           (outcome.reason == run::told_of(run::StopReason::signal) ||
            outcome.reason == run::told_of(run::StopReason::time_limit));
}

void tell_outcome(const run::Outcome& outcome, Output& output) {
    const auto line = reports::outcome_line(outcome, output.colour());
    if (!is_bad(outcome) || cut_off(outcome)) {
        output.line("{}", line);
        return;
    }
    output.result("{}", line);
    // What an agent meets again and again is one line, so that what else there is can be seen.
    const auto& all = outcome.failures;
    for (auto one = all.begin() + (all.empty() ? 0 : 1); one != all.end(); ++one) {
        if (std::find(all.begin() + 1, one, *one) == one) {
            const auto times = std::count(one, all.end(), *one);
            output.result("         {}{}", *one,
                          times > 1 ? fmt::format(" ({} times)", times) : "");
        }
    }
}

}  // namespace meshproof::cli
