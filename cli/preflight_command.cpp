#include <filesystem>

#include "cli/output.hpp"
#include "cli/program.hpp"
#include "conformance/preflight/look.hpp"
#include "conformance/preflight/report.hpp"
#include "core/base/text.hpp"
#include "core/run/socket_environment.hpp"

namespace meshproof::cli {
namespace {

struct PreflightArguments {
    std::string account, report, explain;
    std::string format = "text";
    bool read_only = false, all = false, list = false;
};

/// Of one request: a preflight ends in half a minute, whoever does not answer.
constexpr auto request_limit = std::chrono::seconds(5);

int explain_finding(const std::string& id) {
    const auto* rule = preflight::find_rule(id);
    if (rule == nullptr) {
        std::vector<std::string> known;
        for (const auto& one : preflight::all_rules()) {
            known.emplace_back(one.id);
        }
        const auto near = nearest(id, known);
        throw UsageError(
            fmt::format("there is no finding {}", id),
            near.empty() ? "docs/preflight.md lists them" : "did you mean " + near + "?");
    }
    Output output{OutputOptions{}};
    for (const auto& line : preflight::explain(*rule)) {
        output.result("{}", line);
    }
    return as_expected;
}

run::Account account_of(const std::string& path) {
    auto account = run::Account::load(path);
    if (!account) {
        throw UsageError(account.error().message, "docs/account.md shows an account that works");
    }
    account->vault.endpoint.timeout = request_limit;
    if (account->cluster) {
        account->cluster->access.endpoint.timeout = request_limit;
    }
    return std::move(*account);
}

Task<void> look_into(run::Environment& environment, run::Account account,
                     preflight::LookOptions options, std::optional<preflight::Facts>& facts) {
    facts = co_await preflight::look(environment.clock(), environment.transport(),
                                     std::move(account), options);
}

std::string document(const preflight::Report& report, std::string_view format) {
    return format == "json"    ? preflight::to_json(report)
           : format == "sarif" ? preflight::to_sarif(report)
           : format == "junit" ? preflight::to_junit(report)
                               : preflight::to_markdown(report);
}

void write_reports(const preflight::Report& report, const std::string& folder) {
    if (folder.empty()) {
        return;
    }
    std::error_code problem;
    std::filesystem::create_directories(folder, problem);
    if (problem) {
        throw UsageError(fmt::format("--report {}: {}", folder, problem.message()));
    }
    require(write_file(folder + "/preflight.json", preflight::to_json(report)));
    require(write_file(folder + "/preflight.sarif", preflight::to_sarif(report)));
    require(write_file(folder + "/preflight.xml", preflight::to_junit(report)));
    require(write_file(folder + "/preflight.md", preflight::to_markdown(report)));
}

int preflight_command(const PreflightArguments& arguments) {
    if (!arguments.explain.empty()) {
        return explain_finding(arguments.explain);
    }
    if (arguments.list) {
        Output(OutputOptions{}).result("{}", preflight::findings_markdown());
        return as_expected;
    }
    if (arguments.account.empty()) {
        throw UsageError("--account: expected an account file",
                         "docs/account.md shows one; --explain ID needs none");
    }
    auto account = account_of(arguments.account);
    run::SocketEnvironment environment("live", run::Target());
    std::optional<preflight::Facts> facts;
    environment.drive(
        look_into(environment, std::move(account), {.read_only = arguments.read_only}, facts));
    const auto report = preflight::judge(*facts);
    OutputOptions spoken;
    spoken.format = arguments.format == "text" ? "text" : "json";  // lines or one document
    Output output(spoken);
    if (arguments.format == "text") {
        for (const auto& line : preflight::to_text(report, arguments.all)) {
            output.result("{}", line);
        }
    } else {
        output.document(document(report, arguments.format));
    }
    write_reports(report, arguments.report);
    return preflight::exit_code(report);
}

}  // namespace

void add_preflight(CLI::App& app, Command& chosen) {
    auto* command = app.add_subcommand(
        "preflight", "say what is wrong with a mesh's own account at a Vault, and what mends it");
    auto arguments = std::make_shared<PreflightArguments>();
    command->add_option("--account", arguments->account, "the account file (docs/account.md)");
    command->add_option("--format", arguments->format, "text, json, sarif, junit or markdown")
        ->check(CLI::IsMember({"text", "json", "sarif", "junit", "markdown"}));
    command->add_option("--report", arguments->report,
                        "a folder for preflight.json, .sarif, .xml (JUnit) and .md");
    command->add_option("--explain", arguments->explain, "say what a finding means, and end");
    command->add_flag("--list", arguments->list,
                      "print the list of findings as docs/preflight.md has it, and end");
    command->add_flag("--read-only", arguments->read_only,
                      "leave out the one login and the one leaf that are tried, too");
    command->add_flag("--all", arguments->all, "list what holds, too");
    command->footer(
        "\nIt reads, and asks for one login and one leaf, which it revokes.\n"
        "\nExit codes: 0 nothing at error level   1 something is   2 the file cannot be used   3 "
        "the Vault does not answer\n"
        "\nExamples:\n"
        "  meshproof preflight --account account.yaml\n"
        "  meshproof preflight --account account.yaml --read-only --format markdown\n"
        "  meshproof preflight --explain role/key-type");
    command->callback(
        [&chosen, arguments] { chosen = [arguments] { return preflight_command(*arguments); }; });
}

}  // namespace meshproof::cli
