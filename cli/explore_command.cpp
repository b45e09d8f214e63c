#include <filesystem>
#include <thread>

#include "cli/progress.hpp"
#include "cli/session.hpp"
#include "core/base/log.hpp"
#include "core/base/text.hpp"
#include "core/time/real_clock.hpp"
#include "reports/html/parts.hpp"
#include "scenarios/explore/explore.hpp"
#include "scenarios/explore/story.hpp"

namespace meshproof::cli {
namespace {

namespace explore = scenarios::explore;

struct ExploreArguments : SessionOptions {
    ExploreArguments() { target = "sim"; }
    std::vector<std::string> properties;
    std::size_t runs = 0;
    double minutes = 0;
    std::size_t steps = 60;
    std::size_t shrink_seconds = 60;
    bool weights = false;
};

/// How the file of a failure ends while it is made smaller.
constexpr std::string_view shrinking = ".shrinking.yaml";

/// Where nobody says how long.
constexpr std::size_t usual_runs = 100;

Counted histories(std::size_t count) {
    return counted(count, "history", "histories");
}

using Properties = std::vector<const explore::Property*>;

const explore::Property* known_property(const std::string& name) {
    const auto* property = explore::property_named(name);
    if (property == nullptr) {
        std::vector<std::string> known;
        for (const auto& one : explore::properties()) {
            known.emplace_back(one.name);
        }
        const auto near = nearest(name, known);
        throw UsageError(fmt::format("no property {}", name),
                         fmt::format("{}there are {}",
                                     near.empty() ? "" : fmt::format("did you mean {}? ", near),
                                     join(known, ", ")));
    }
    return property;
}

/// What --skip names, of what is chosen.
Properties skipped_properties(const ExploreArguments& arguments) {
    Properties skipped;
    for (const auto& name : arguments.skips) {
        skipped.push_back(known_property(name));
    }
    return skipped;
}

Properties choose(const ExploreArguments& arguments) {
    Properties chosen;
    for (const auto& property : explore::properties()) {
        if (arguments.properties.empty()) {
            chosen.push_back(&property);
        }
    }
    for (const auto& name : arguments.properties) {
        chosen.push_back(known_property(name));
    }
    const auto skipped = skipped_properties(arguments);
    std::erase_if(chosen, [&](const auto* property) {
        return std::ranges::find(skipped, property) != skipped.end();
    });
    if (chosen.empty()) {
        throw UsageError("no property is left by --skip",
                         "meshproof explore --help shows what may be left out");
    }
    return chosen;
}

std::string folder_of(const ExploreArguments& arguments) {
    return arguments.report.empty() ? "." : arguments.report;
}

std::string file_of(const ExploreArguments& arguments, const explore::History& history,
                    std::string_view ending) {
    return (std::filesystem::path(folder_of(arguments)) / (history.name + std::string(ending)))
        .string();
}

void write(const std::string& path, std::string_view text) {
    if (const auto written = write_file(path, text); !written) {
        log::warning(written.error().message);
    }
}

explore::ExploreOptions options_of(const ExploreArguments& arguments, Session& session,
                                   RedrawnLine& line, run::ScheduleOptions& schedule) {
    session.fill(schedule, {});
    explore::ExploreOptions options;
    options.properties = choose(arguments);
    options.until_first_failure = arguments.fail_fast;
    options.seed = session.seed();
    options.runs = arguments.runs;
    if (arguments.minutes > 0) {
        options.minutes = part_of(std::chrono::minutes(1), arguments.minutes);
    } else if (arguments.runs == 0) {
        options.runs = usual_runs;
    }
    options.steps = arguments.steps;
    const auto processors = std::max<std::size_t>(1, std::thread::hardware_concurrency());
    options.jobs = arguments.jobs != 0 ? arguments.jobs : processors;
    options.shrink_budget = std::chrono::seconds(arguments.shrink_seconds);
    options.environment_for = sim_for;
    options.stop = schedule.stop;
    options.on_progress = [&line, &session](std::size_t runs, std::size_t steps,
                                            std::size_t failures) {
        session.heed_reader();
        line.draw(
            fmt::format("[{}, {}, {} failed]", histories(runs), counted(steps, "step"), failures));
    };
    options.on_better = [&line, &arguments](const explore::History& best) {
        // The best so far, for whoever does not wait.
        write(file_of(arguments, best, shrinking), explore::to_yaml(best));
        line.draw(fmt::format("[shrinking: {}]", counted(best.steps.size(), "step")));
    };
    return options;
}

void tell(const ExploreArguments& arguments, const explore::Finding& found, Output& output) {
    const auto file = file_of(arguments, found.history, ".yaml");
    const auto page = file_of(arguments, found.history, ".html");
    write(file, explore::to_yaml(found.history));
    std::error_code none_there;  // where nothing smaller failed
    std::filesystem::remove(file_of(arguments, found.history, shrinking), none_there);
    write(page, explore::timeline_html(found.history, found.played));
    output.result(
        "fail  {}: run {} of {}, shrunk to {} by {}{}{}", found.tag, found.run,
        counted(found.drawn, "step"), found.history.steps.size(),
        counted(found.tried, "try", "tries"), found.finished ? "" : " (the budget was spent)",
        found.again == 0 ? std::string()
                         : fmt::format("; {} broke it too", counted(found.again, "other run")));
    if (!found.steady) {
        output.result("      it did not fail in the same way when it was played twice");
    }
    for (const auto& line : split(trim(explore::story_of(found.history, found.played)), '\n')) {
        output.result("      {}", line);
    }
    output.result("      replay: meshproof replay {}", file);
    output.result("      timeline: {}", page);
}

run::Outcome row(std::string id, run::Verdict verdict, std::string reason) {
    run::Outcome outcome;
    outcome.id = std::move(id);
    outcome.verdict = verdict;
    outcome.reason = std::move(reason);
    if (verdict == run::Verdict::fail) {
        outcome.failures = {outcome.reason};
    }
    return outcome;
}

std::string dashed(std::string_view words) {
    std::string id(words);
    std::ranges::replace(id, ' ', '-');
    return lower(id);
}

/// What of the asked histories was not played, and why; none where all were.
std::vector<run::Outcome> rows_of_rest(const explore::Explored& explored,
                                       const explore::ExploreOptions& options) {
    if (explored.runs >= options.runs) {
        return {};  // by time alone there is no rest either
    }
    return {run::not_run(
        row("explore/rest", run::Verdict::not_run, {}),
        fmt::format("{} of {}: {}", options.runs - explored.runs, histories(options.runs),
                    explored.interrupted
                        ? fmt::format("the run was {}", run::told_of(options.stop->reason()))
                        : "one did not pass, and --fail-fast ends the run"))};
}

std::vector<run::Outcome> rows_of(const ExploreArguments& arguments,
                                  const explore::ExploreOptions& options,
                                  const explore::Explored& explored) {
    std::vector<run::Outcome> rows = rows_of_rest(explored, options);
    for (const auto* property : skipped_properties(arguments)) {
        rows.push_back(run::skipped_on_request(
            row(fmt::format("explore/{}", property->name), run::Verdict::skip, {})));
    }
    for (const auto& [property, runs] : explored.by_property) {
        const auto id = fmt::format("explore/{}", property);
        const auto failing = explored.failing_by_property.find(property);
        rows.push_back(failing == explored.failing_by_property.end()
                           ? row(id, run::Verdict::pass, {})
                           : row(id, run::Verdict::fail,
                                 fmt::format("{} of {} failed", failing->second, histories(runs))));
    }
    for (const auto& found : explored.findings) {
        auto outcome = explore::outcome_of(found.history, found.played, {});
        outcome.id = explore::id_of(found.history);
        if (outcome.verdict == run::Verdict::pass) {
            outcome = row(outcome.id, run::Verdict::fail, "it failed once, and not again");
        }
        rows.push_back(std::move(outcome));
    }
    for (const auto mark : explore::marks) {
        if (!explored.reached.contains(mark)) {
            rows.push_back(row("sometimes/" + dashed(mark), run::Verdict::skip,
                               "no run came to where this could be seen"));
        } else {
            rows.push_back(row("sometimes/" + dashed(mark), run::Verdict::pass, {}));
        }
    }
    if (explored.blocked > 0) {
        rows.push_back(row("explore/blocked", run::Verdict::blocked,
                           fmt::format("{} could not be played to the end: {}",
                                       counted(explored.blocked, "run"), explored.first_blocked)));
    }
    return rows;
}

void tell_all(const ExploreArguments& arguments, const explore::ExploreOptions& options,
              const explore::Explored& explored, Duration wall, Output& output) {
    for (const auto& found : explored.findings) {
        tell(arguments, found, output);
    }
    std::vector<std::string> never;
    for (const auto mark : explore::marks) {
        if (!explored.reached.contains(mark)) {
            never.emplace_back(mark);
        }
    }
    output.result("explored {} in {}: {} ({} did not apply), {} judged", histories(explored.runs),
                  human_duration(wall), counted(explored.steps, "step"), explored.skipped,
                  counted(explored.requests, "request"));
    output.line("digest {}", explored.digest);
    output.result("never happened: {}", never.empty() ? "nothing" : join(never, "; "));
    for (const auto& rest : rows_of_rest(explored, options)) {
        output.result("{}: {}", run::to_string(rest.verdict), rest.reason);
    }
    output.result("failed: {} of {}, in {}", explored.failing, histories(explored.runs),
                  counted(explored.findings.size(), "way"));
}

/// Of a failure its file; of the rest the exploration itself.
std::string replay_line(const ExploreArguments& arguments, const Session& session,
                        std::string_view id) {
    constexpr std::string_view history = "history/";
    if (id.starts_with(history)) {
        const auto file = std::string(id.substr(history.size())) + ".yaml";
        return fmt::format("meshproof replay {}",
                           reports::pages::shell_word(
                               (std::filesystem::path(folder_of(arguments)) / file).string()));
    }
    auto line = std::string("meshproof explore");
    for (const auto& property : arguments.properties) {
        line += " " + property;
    }
    line += fmt::format(" --seed {} --steps {}", session.seed(), arguments.steps);
    if (arguments.minutes > 0) {
        line += fmt::format(" --minutes {}", arguments.minutes);
    } else {
        line += fmt::format(" --runs {}", arguments.runs == 0 ? usual_runs : arguments.runs);
    }
    for (const auto& property : arguments.skips) {
        line += " --skip " + property;
    }
    return line;
}

/// Of the first `runs` runs.
void tell_weights(const explore::ExploreOptions& options, std::size_t runs, Output& output) {
    for (std::size_t i = 0; i < runs; ++i) {
        const auto& property = *options.properties[i % options.properties.size()];
        const auto seed = explore::seed_of_run(options.seed, i);
        const auto* opening = explore::opening_of(options.seed, i);
        output.line(
            "run {} ({}): {}{}", i, property.name,
            opening == nullptr ? std::string() : fmt::format("begins with {}, ", opening->name),
            explore::weights_of(seed, property));
    }
}

int explore_command(const ExploreArguments& arguments) {
    (void)choose(arguments);  // a wrong name ends it before anything begins
    Session session(run::Command::run, arguments, "explore");
    session.replay_by([&](const run::RunResult& /*result*/, const run::Outcome& outcome) {
        return replay_line(arguments, session, outcome.id);
    });
    session.say_head();
    RedrawnLine line(!arguments.output.quiet);
    run::ScheduleOptions schedule;
    const auto options = options_of(arguments, session, line, schedule);
    if (arguments.weights) {
        tell_weights(options, options.runs, session.output());
    }
    const RealClock clock;
    auto result = session.bare_result(session.seed(), clock.now());
    const auto explored = explore::explore(options);
    line.clear();
    if (arguments.weights && options.runs == 0) {
        tell_weights(options, explored.runs, session.output());  // how many was not known before
    }
    result.duration = clock.elapsed();
    result.outcomes = rows_of(arguments, options, explored);
    if (!explored.interrupted && result.count(run::Verdict::not_run) > 0) {
        result.ended_early = run::EarlyEnd::fail_fast;
    }
    session.note_stop(result);
    tell_all(arguments, options, explored, result.duration, session.output());
    return session.conclude(result);
}

}  // namespace

void add_explore(CLI::App& app, Command& chosen) {
    auto* command = app.add_subcommand(
        "explore", "random histories of a mesh in virtual time, held against a model");
    auto arguments = std::make_shared<ExploreArguments>();
    command->add_option("PROPERTY", arguments->properties,
                        "what the histories are about; all in turn where none is given");
    command->add_option("--runs", arguments->runs, "this many histories (100)")
        ->check(CLI::Range(1, 10'000'000));
    command->add_option("--minutes", arguments->minutes, "for so long instead")
        ->check(CLI::Range(0.01, 100'000.0))
        ->excludes("--runs");
    command->add_option("--steps", arguments->steps, "of each history")
        ->check(CLI::Range(1, 10'000))
        ->capture_default_str();
    command->add_option("--seed", arguments->seed, "explores the same again; fresh if left out");
    command->add_option("--jobs", arguments->jobs, "histories at a time; by default one a core")
        ->check(CLI::Range(1, 256));
    command
        ->add_option("--shrink-seconds", arguments->shrink_seconds,
                     "for making a failure small; for each way in which something breaks")
        ->check(CLI::Range(0, 86'400))
        ->capture_default_str();
    command->add_option(
        "--report", arguments->report,
        "folder for report.html, report.json, junit.xml, and each failure's .yaml and .html");
    command->add_flag("--weights", arguments->weights,
                      "print what each run begins with and the weights that it draws; with "
                      "--minutes, after the last one");
    add_pipeline_options(*command, *arguments, "properties");
    add_output_options(*command, arguments->output);
    command->footer(
        "\nExamples:\n"
        "  meshproof explore --minutes 1\n"
        "  meshproof explore expiry trust --runs 500 --report out\n"
        "  meshproof explore --runs 20 --seed 7 --weights\n"
        "  meshproof explore --minutes 30 --skip cost --fail-fast --time-limit 1h");
    command->callback(
        [&chosen, arguments] { chosen = [arguments] { return explore_command(*arguments); }; });
}

}  // namespace meshproof::cli
