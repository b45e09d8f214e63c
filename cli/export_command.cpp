#include "cli/output.hpp"
#include "cli/preflight_plan.hpp"
#include "cli/program.hpp"
#include "core/base/log.hpp"
#include "core/base/text.hpp"

namespace meshproof::cli {
namespace {

struct ExportArguments {
    std::string account, out;
};

int export_command(const ExportArguments& arguments) {
    const auto exported = export_of(load_account(arguments.account));
    if (arguments.out.empty()) {
        Output(OutputOptions{}).result("{}", std::string(trim(exported.yaml)));
        return as_expected;
    }
    if (const auto written = write_file(arguments.out, exported.yaml); !written) {
        throw UsageError("--out " + written.error().message);
    }
    log::note(
        fmt::format("wrote {0}; now: meshproof preflight --plan CHANGE.yaml --account {1} "
                    "--before {0}",
                    arguments.out, arguments.account));
    return as_expected;
}

}  // namespace

void add_export(CLI::App& app, Command& chosen) {
    auto* command = app.add_subcommand(
        "export", "write what a mesh's own account touches at its servers, for the fakes");
    auto arguments = std::make_shared<ExportArguments>();
    command->add_option("--account", arguments->account, "the account file (docs/account.md)")
        ->required();
    command->add_option("--out", arguments->out, "the file; without it, stdout");
    command->footer(
        "\nIt only reads. The file holds no secret: for CAs, whose keys stay where they are, the "
        "fakes make others of the same kind.\n"
        "\nExit codes: 0 written   2 the account file cannot be used   3 the Vault does not "
        "answer\n"
        "\nExamples:\n"
        "  meshproof export --account account.yaml --out now.yaml\n"
        "  meshproof serve --setup now.yaml\n"
        "  meshproof preflight --plan change.yaml --account account.yaml --before now.yaml");
    command->callback(
        [&chosen, arguments] { chosen = [arguments] { return export_command(*arguments); }; });
}

}  // namespace meshproof::cli
