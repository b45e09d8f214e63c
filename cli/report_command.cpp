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

int report_command(const ReportArguments& arguments) {
    std::vector<run::RunResult> all;
    for (const auto& file : arguments.files) {
        auto report = reports::read_report(file);
        if (!report) {
            throw UsageError(report.error().message,
                             "meshproof run or conform --report DIR writes one");
        }
        all.push_back(std::move(*report));
    }
    const auto text =
        arguments.output.json() ? reports::comparison_json(all) : reports::comparison(all);
    if (arguments.output_file.empty()) {
        fmt::print("{}", text);
    } else if (const auto written = write_file(arguments.output_file, text); !written) {
        throw UsageError(written.error().message);
    }
    return as_expected;
}

}  // namespace

void add_report(CLI::App& app, Command& chosen) {
    auto* command = app.add_subcommand("report", "compare the reports of several runs");
    auto arguments = std::make_shared<ReportArguments>();
    command
        ->add_option("FILE", arguments->files,
                     "report.json of each run, in the order of the table's columns")
        ->required();
    command->add_option("--output", arguments->output_file,
                        "write the table to this file instead of stdout");
    add_format_option(*command, arguments->output);
    command->footer(
        "\nExample:\n"
        "  meshproof report fake/report.json openbao/report.json vault/report.json");
    command->callback(
        [&chosen, arguments] { chosen = [arguments] { return report_command(*arguments); }; });
}

}  // namespace meshproof::cli
