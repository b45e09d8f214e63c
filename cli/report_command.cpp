#include <filesystem>

#include "cli/output.hpp"
#include "cli/program.hpp"
#include "core/base/text.hpp"
#include "reports/gate/source.hpp"
#include "reports/report.hpp"

namespace meshproof::cli {
namespace {

struct ReportArguments {
    std::vector<std::string> files;
    std::string output_file;
    OutputOptions output;
};

run::RunResult report_at(const std::string& path) {
    auto report = reports::read_report(reports::gate::report_file(path));
    if (!report) {
        throw UsageError(report.error().message,
                         "meshproof run, conform or load --report DIR writes one");
    }
    return std::move(*report);
}

/// One load by itself is told whole; everything else is compared.
std::string text_of(const std::vector<run::RunResult>& all) {
    const bool one_load = all.size() == 1 && all.front().command == run::Command::load;
    return one_load ? reports::to_markdown(all.front()) : reports::comparison(all);
}

int print(const ReportArguments& arguments, std::string_view text) {
    if (arguments.output_file.empty()) {
        fmt::print("{}", text);
    } else if (const auto written = write_file(arguments.output_file, text); !written) {
        throw UsageError(written.error().message);
    }
    return as_expected;
}

/// A misspelt word of its own would be a file that is not there.
void expect_file(const std::string& first) {
    std::error_code unknown;
    if (std::filesystem::exists(first, unknown)) {
        return;
    }
    if (const auto near = nearest(first, {"gate", "compare", "merge", "show"}); !near.empty()) {
        throw UsageError(fmt::format("there is no file and no subcommand {}", first),
                         fmt::format("did you mean meshproof report {}?", near));
    }
}

int report_command(const ReportArguments& arguments) {
    if (arguments.files.empty()) {
        throw UsageError("report: expected report.json files, or gate, compare, merge or show",
                         "meshproof report --help shows command lines that work");
    }
    expect_file(arguments.files.front());
    std::vector<run::RunResult> all;
    for (const auto& file : arguments.files) {
        all.push_back(report_at(file));
    }
    return print(arguments, arguments.output.json() ? reports::comparison_json(all) : text_of(all));
}

/// As `run` said it: a line each.
std::string lines_of(const run::RunResult& result) {
    std::string text = result.problem.empty() ? "" : "could not begin: " + result.problem + "\n";
    for (const auto& outcome : result.outcomes) {
        text += reports::outcome_line(outcome, /*colour=*/false) + "\n";
    }
    return text + reports::summary_line(result) + "\n";
}

int show_command(const ReportArguments& arguments) {
    const auto result = report_at(arguments.files.front());
    const auto& format = arguments.output.format;
    return print(arguments, format == "json"                      ? reports::to_json(result)
                            : format == "openmetrics"             ? reports::to_openmetrics(result)
                            : format == "csv"                     ? reports::to_csv(result)
                            : result.command == run::Command::run ? lines_of(result)
                                                                  : reports::to_markdown(result));
}

void add_output_file(CLI::App& command, ReportArguments& arguments) {
    command.add_option("--output", arguments.output_file,
                       "write it to this file instead of stdout");
    add_format_option(command, arguments.output);
}

void add_compare(CLI::App& report, Command& chosen) {
    auto* command = report.add_subcommand("compare", "show several reports side by side");
    auto arguments = std::make_shared<ReportArguments>();
    command
        ->add_option("DIR", arguments->files,
                     "folders or report.json of the runs, in the order of the table's columns")
        ->required()
        ->expected(2, CLI::detail::expected_max_vector_size);
    add_output_file(*command, *arguments);
    command->callback(
        [&chosen, arguments] { chosen = [arguments] { return report_command(*arguments); }; });
}

void add_show(CLI::App& report, Command& chosen) {
    auto* command = report.add_subcommand("show", "tell one report");
    auto arguments = std::make_shared<ReportArguments>();
    command->add_option("DIR", arguments->files, "the folder or report.json of the run")
        ->required()
        ->expected(1);
    command->add_option("--output", arguments->output_file,
                        "write it to this file instead of stdout");
    command
        ->add_option("--format", arguments->output.format,
                     "text, json, openmetrics (counts, times and percentiles), or csv (a row a "
                     "result, for change-point tools)")
        ->check(CLI::IsMember({"text", "json", "openmetrics", "csv"}))
        ->capture_default_str();
    command->callback(
        [&chosen, arguments] { chosen = [arguments] { return show_command(*arguments); }; });
}

}  // namespace

void add_report(CLI::App& app, Command& chosen) {
    auto* command = app.add_subcommand(
        "report", "judge, compare, merge or tell the reports of runs; compares by itself");
    auto arguments = std::make_shared<ReportArguments>();
    command->add_option("FILE", arguments->files,
                        "report.json of each run, in the order of the table's columns");
    add_output_file(*command, *arguments);
    command->require_subcommand(0, 1);
    add_report_gate(*command, chosen);
    add_compare(*command, chosen);
    add_report_merge(*command, chosen);
    add_show(*command, chosen);
    command->footer(
        "\nExamples:\n"
        "  meshproof report gate out/run --policy gate.yaml\n"
        "  meshproof report fake/report.json openbao/report.json vault/report.json\n"
        "  meshproof report load/report.json");
    // It is called after a subcommand's own, too.
    command->callback([&chosen, arguments, command] {
        if (command->get_subcommands().empty()) {
            chosen = [arguments] { return report_command(*arguments); };
        } else if (!arguments->files.empty()) {
            throw UsageError(
                fmt::format("report: {} stands before the subcommand", arguments->files.front()),
                "name the reports after it");
        }
    });
}

}  // namespace meshproof::cli
