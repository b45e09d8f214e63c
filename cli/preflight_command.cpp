#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>

#include "cli/output.hpp"
#include "cli/preflight_plan.hpp"
#include "cli/program.hpp"
#include "cli/summary.hpp"
#include "conformance/preflight/draft.hpp"
#include "conformance/preflight/report.hpp"
#include "conformance/preflight/wait.hpp"
#include "core/base/log.hpp"
#include "core/base/text.hpp"
#include "core/run/socket_environment.hpp"
#include "reports/report.hpp"

namespace meshproof::cli {
namespace {

struct PreflightArguments {
    std::string account, report, summary, explain, wait, time_limit;
    std::string format = "text";
    std::string plan, before, after, upgrade_to;
    bool read_only = false, all = false, list = false, init = false;
    bool no_health_check = false;
    preflight::Draft draft;                 ///< of --init
    std::string draft_account, draft_auth;  ///< NAMESPACE/NAME, MOUNT/ROLE
};

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

/// Never over a file that is there.
void write_anew(const std::string& path, const std::string& text) {
    const auto told = [&path] {
        return fmt::format("--account {}: {}", path, std::generic_category().message(errno));
    };
    std::FILE* file = std::fopen(path.c_str(), "wx");
    if (file == nullptr) {
        throw UsageError(told(), errno == EEXIST ? "--init writes a new file, and never over one"
                                                 : "without --account it prints the file");
    }
    const bool written = std::fputs(text.c_str(), file) >= 0;
    if (std::fclose(file) != 0 || !written) {
        throw UsageError(told());
    }
}

/// For editors, which the file's first line tells of it. One that is there stays.
void put_schema_beside(const std::string& account) {
    const auto schema =
        std::filesystem::path(account).parent_path() / preflight::account_schema_file;
    std::error_code unknown;
    if (!std::filesystem::exists(schema, unknown)) {
        write_anew(schema.string(), std::string(preflight::account_schema));
    }
}

/// "a/b" into the two; both are left as they are where nothing was given. Mounts may hold slashes:
/// the last one counts.
void take_apart(std::string_view flag, const std::string& given, std::string& before,
                std::string& after) {
    if (given.empty()) {
        return;
    }
    const auto slash = given.rfind('/');
    if (slash == std::string::npos || slash == 0 || slash + 1 == given.size()) {
        throw UsageError(
            fmt::format("{} {}: expected two names with a slash between", flag, given));
    }
    before = given.substr(0, slash);
    after = given.substr(slash + 1);
}

int init(const PreflightArguments& arguments) {
    auto draft = arguments.draft;
    take_apart("--auth", arguments.draft_auth, draft.auth_mount, draft.auth_role);
    take_apart("--service-account", arguments.draft_account, draft.namespace_name,
               draft.service_account);
    const auto text = preflight::account_yaml(draft);
    if (arguments.account.empty()) {
        Output(OutputOptions{}).result("{}", std::string(trim(text)));
        return as_expected;
    }
    write_anew(arguments.account, text);
    put_schema_beside(arguments.account);
    log::note(fmt::format("wrote {0}; now: meshproof preflight --account {0}", arguments.account));
    return as_expected;
}

/// `otherwise` where nothing was given.
Duration time_of(std::string_view flag, const std::string& given, Duration otherwise) {
    if (given.empty()) {
        return otherwise;
    }
    const auto time = parse_duration_with_unit(given);
    if (!time || *time <= Duration::zero()) {
        throw UsageError(fmt::format("{} {}: expected a time such as 5m", flag, given));
    }
    return *time;
}

Task<void> look_into(run::Environment& environment, run::Account account,
                     preflight::LookOptions options, preflight::WaitOptions wait,
                     std::optional<preflight::Report>& report) {
    report = co_await preflight::look_until_well(
        environment.clock(), environment.transport(), std::move(account), options, wait,
        [pause = wait.pause](const preflight::Report& seen, Duration left) {
            log::note(fmt::format("preflight: {}; looks again in {}, for {} more",
                                  preflight::errors_line(seen),
                                  human_duration(std::min(pause, left)), human_duration(left)));
        });
}

std::string document(const preflight::Report& report, std::string_view format) {
    return format == "json"    ? preflight::to_json(report)
           : format == "sarif" ? preflight::to_sarif(report)
           : format == "junit" ? preflight::to_junit(report)
                               : preflight::to_markdown(report);
}

/// Before anybody is asked.
void prepare_reports(const std::string& folder) {
    if (folder.empty()) {
        return;
    }
    if (const auto prepared = reports::prepare_folder(folder); !prepared) {
        throw UsageError(prepared.error().message, "give --report a folder that you may write");
    }
}

void write_reports(const preflight::Report& report, const std::string& folder) {
    if (folder.empty()) {
        return;
    }
    require(write_file(folder + "/preflight.json", preflight::to_json(report)));
    require(write_file(folder + "/preflight.sarif", preflight::to_sarif(report)));
    require(write_file(folder + "/preflight.xml", preflight::to_junit(report)));
    require(write_file(folder + "/preflight.md", preflight::to_markdown(report)));
    require(write_file(folder + "/report.html", preflight::to_html(report)));
}

void say(const preflight::Report& report, const PreflightArguments& arguments) {
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
}

int preflight_command(const PreflightArguments& arguments) {
    if (!arguments.explain.empty()) {
        return explain_finding(arguments.explain);
    }
    if (arguments.list) {
        Output(OutputOptions{}).result("{}", preflight::findings_markdown());
        return as_expected;
    }
    if (arguments.init) {
        return init(arguments);
    }
    if (arguments.account.empty()) {
        throw UsageError(
            "--account: expected an account file",
            "--init writes one, docs/account.md tells all of it; --explain ID needs none");
    }
    const preflight::WaitOptions wait{.limit = time_of("--wait", arguments.wait, Duration::zero())};
    const auto limit = time_of("--time-limit", arguments.time_limit, preflight::usual_look);
    expect_summary_file(arguments.summary);
    prepare_reports(arguments.report);
    if (!arguments.plan.empty() || !arguments.before.empty() || !arguments.after.empty()) {
        return plan_change({.account = arguments.account,
                            .change = arguments.plan,
                            .before = arguments.before,
                            .after = arguments.after,
                            .format = arguments.format,
                            .report = arguments.report,
                            .summary = arguments.summary});
    }
    const auto account = load_account(arguments.account);
    run::SocketEnvironment environment("live", run::Target());
    std::optional<preflight::Report> looked;
    environment.drive(look_into(
        environment, account,
        {.read_only = arguments.read_only, .upgrade_to = arguments.upgrade_to, .limit = limit},
        wait, looked));
    auto& report = *looked;
    if (!arguments.no_health_check && !report.unreachable) {
        preflight::HealthCheckOptions asked{.openbao = report.openbao, .mount = report.pki_mount};
        asked.limit = std::min(asked.limit, report.time_left);
        report.health_check = preflight::ask_health_check(account, asked);
    }
    say(report, arguments);
    write_reports(report, arguments.report);
    append_summary(arguments.summary, "preflight", [&](std::size_t most_bytes) {
        return preflight::to_markdown(report, most_bytes);
    });
    return preflight::exit_code(report);
}

/// "" for 2.7 and 2.7.2, else what was expected.
std::string version_number(const std::string& text) {
    const auto parts = split(text, '.');
    const bool numbers = std::ranges::all_of(parts, [](const std::string& part) {
        return !part.empty() && part.size() < 6 &&
               std::ranges::all_of(part, [](char c) { return c >= '0' && c <= '9'; });
    });
    return numbers && (parts.size() == 2 || parts.size() == 3) ? ""
                                                               : "expected a version such as 2.7.2";
}

void add_plan_options(CLI::App& command, PreflightArguments& arguments) {
    const auto add = [&](const char* flag, std::string& value, const char* what) {
        auto* option =
            command.add_option(flag, value, what)->group("A CHANGE BEFORE IT IS APPLIED");
        for (const auto* other : {"--wait", "--time-limit", "--read-only", "--all", "--upgrade-to",
                                  "--no-health-check"}) {
            option->excludes(command.get_option(other));
        }
    };
    add("--plan", arguments.plan,
        "play this change on fakes that have the account's configuration");
    add("--before", arguments.before,
        "an export (meshproof export) to begin with, instead of what the servers have now");
    add("--after", arguments.after, "an export of the whole after the change, instead of --plan");
}

void add_init_options(CLI::App& command, PreflightArguments& arguments) {
    auto* init = command.add_flag("--init", arguments.init,
                                  "write a new account file to --account, and its JSON Schema for "
                                  "editors beside it, or print the file, and end");
    auto& draft = arguments.draft;
    const auto add = [&](const char* flag, std::string& value, const char* what) {
        command.add_option(flag, value, what)->needs(init)->group("WITH --init");
    };
    add("--name", draft.name, "a word for reports");
    add("--vault", draft.vault, "the Vault's URL");
    add("--vault-ca", draft.vault_ca, "PEM file that verifies it");
    add("--namespace", draft.vault_namespace, "the Vault's namespace");
    add("--auth", arguments.draft_auth, "MOUNT/ROLE of the Kubernetes auth method");
    add("--sign-path", draft.sign_path, "MOUNT/sign/ROLE of the PKI engine");
    add("--ca-bundle", draft.ca_bundle, "PEM file that leaves chain to");
    add("--trust-domain", draft.trust_domain, "of the SPIFFE ids");
    add("--kubeconfig", draft.kubeconfig, "of the cluster");
    add("--context", draft.context, "in the kubeconfig");
    add("--service-account", arguments.draft_account, "NAMESPACE/NAME that logs in");
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
                        "a folder for preflight.json, .sarif, .xml (JUnit) and .md and a page to "
                        "open, report.html, or plan.json and .md");
    command->add_option("--explain", arguments->explain, "say what a finding means, and end");
    command->add_flag("--list", arguments->list,
                      "print the list of findings as docs/preflight.md has it, and end");
    command->add_flag("--read-only", arguments->read_only,
                      "leave out the one login and the one leaf that are tried, too");
    command->add_flag("--no-health-check", arguments->no_health_check,
                      "do not run bao pki health-check (or vault's), which lists the mount's "
                      "certificates");
    command->add_option("--wait", arguments->wait,
                        "look again every 5 s until nothing is at error level, for so long (5m)");
    command->add_option("--time-limit", arguments->time_limit,
                        "how long a look may take, whatever hangs (28s); what there is no time for "
                        "is unknown");
    command
        ->add_option("--upgrade-to", arguments->upgrade_to,
                     "say what this version of the Vault would break (2.7.2)")
        ->check(version_number);
    add_summary_option(*command, arguments->summary);
    command->add_flag("--all", arguments->all,
                      "list what holds, too, and name each rule that is unknown");
    command->footer(
        "\nIt reads, and asks for one login and one leaf, which it revokes; with --wait, each time "
        "it looks.\n"
        "\nExit codes: 0 nothing at error level   1 something is   2 the file cannot be used   3 "
        "the Vault does not answer   5 --time-limit ended it, and nothing at error level was "
        "seen\n"
        "\nExamples:\n"
        "  meshproof preflight --init --account account.yaml --vault https://vault:8200 --auth "
        "kubernetes/mesh\n"
        "  meshproof preflight --account account.yaml\n"
        "  meshproof preflight --account account.yaml --wait 5m --summary "
        "\"$GITHUB_STEP_SUMMARY\"\n"
        "  meshproof preflight --account account.yaml --read-only --format markdown\n"
        "  meshproof preflight --account account.yaml --plan change.yaml\n"
        "  meshproof preflight --explain role/key-type");
    add_plan_options(*command, *arguments);
    add_init_options(*command, *arguments);
    command->callback(
        [&chosen, arguments] { chosen = [arguments] { return preflight_command(*arguments); }; });
}

}  // namespace meshproof::cli
