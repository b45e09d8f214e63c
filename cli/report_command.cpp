#include "cli/output.hpp"
#include "cli/program.hpp"
#include "core/base/text.hpp"
#include "reports/report.hpp"

namespace meshproof::cli {
namespace {

struct ReportArguments {
    std::vector<std::string> files;
    std::string output_file;
    OutputOptions output;
};

/// One load by itself is told whole; everything else is compared.
std::string text_of(const std::vector<run::RunResult>& all) {
    const bool one_load = all.size() == 1 && all.front().command == run::Command::load;
    return one_load ? reports::to_markdown(all.front()) : reports::comparison(all);
}

int report_command(const ReportArguments& arguments) {
    std::vector<run::RunResult> all;
    for (const auto& file : arguments.files) {
        auto report = reports::read_report(file);
        if (!report) {
            throw UsageError(report.error().message,
                             "meshproof run, conform or load --report DIR writes one");
        }
        all.push_back(std::move(*report));
    }
    const auto text = arguments.output.json() ? reports::comparison_json(all) : text_of(all);
    if (arguments.output_file.empty()) {
        fmt::print("{}", text);
    } else if (const auto written = write_file(arguments.output_file, text); !written) {
        throw UsageError(written.error().message);
    }
    return as_expected;
}

}  // namespace

void add_report(CLI::App& app, Command& chosen) {
    auto* command =
        app.add_subcommand("report", "compare the reports of several runs, or tell that of a load");
    auto arguments = std::make_shared<ReportArguments>();
    command
        ->add_option("FILE", arguments->files,
                     "report.json of each run, in the order of the table's columns")
        ->required();
    command->add_option("--output", arguments->output_file,
                        "write the table to this file instead of stdout");
    add_format_option(*command, arguments->output);
    command->footer(
        "\nExamples:\n"
        "  meshproof report fake/report.json openbao/report.json vault/report.json\n"
        "  meshproof report load/report.json");
    command->callback(
        [&chosen, arguments] { chosen = [arguments] { return report_command(*arguments); }; });
}

}  // namespace meshproof::cli
