#include "cli/program.hpp"
#include "core/base/text.hpp"
#include "reports/report.hpp"

namespace meshproof::cli {

void add_report(CLI::App& app, Command& chosen) {
    auto* command = app.add_subcommand("report", "compare the reports of several runs");
    auto files = std::make_shared<std::vector<std::string>>();
    auto output = std::make_shared<std::string>();
    command
        ->add_option("FILE", *files, "report.json of each run, in the order of the table's columns")
        ->required();
    command->add_option("--output", *output, "write the table to this file instead of stdout");
    command->footer(
        "\nExample:\n"
        "  meshproof report fake/report.json openbao/report.json vault/report.json");
    command->callback([&chosen, files, output] {
        chosen = [files, output] {
            std::vector<run::RunResult> all;
            for (const auto& file : *files) {
                auto report = reports::read_report(file);
                if (!report) {
                    throw UsageError(report.error().message,
                                     "meshproof run or conform --report DIR writes one");
                }
                all.push_back(std::move(*report));
            }
            const auto table = reports::comparison(all);
            if (output->empty()) {
                fmt::print("{}", table);
            } else if (const auto written = write_file(*output, table); !written) {
                throw UsageError(written.error().message);
            }
            return int{as_expected};
        };
    });
}

}  // namespace meshproof::cli
