#include <filesystem>
#include <set>

#include "cli/output.hpp"
#include "cli/program.hpp"
#include "cli/summary.hpp"
#include "core/base/text.hpp"
#include "core/time/real_clock.hpp"
#include "reports/gate/formats.hpp"
#include "reports/gate/merge.hpp"
#include "reports/report.hpp"

namespace meshproof::cli {
namespace {

namespace fs = std::filesystem;
namespace gate = reports::gate;

struct GateArguments {
    std::vector<std::string> reports, baseline;
    std::string policy, format = "text", summary, report;
};

struct MergeArguments {
    std::vector<std::string> reports;
    std::string report;
};

std::vector<gate::Source> sources_of(const std::vector<std::string>& paths) {
    std::vector<gate::Source> out;
    std::set<fs::path> seen;
    for (const auto& path : paths) {
        // It would count as two runs.
        std::error_code unknown;
        const auto whole = fs::weakly_canonical(gate::report_file(path), unknown);
        if (!unknown && !seen.insert(whole).second) {
            throw UsageError(fmt::format("{}: given twice", gate::report_file(path)));
        }
        auto source = gate::read_source(path);
        if (!source) {
            throw UsageError(source.error().message,
                             "meshproof run, conform or load --report DIR writes one");
        }
        out.push_back(std::move(*source));
    }
    return out;
}

std::string document_of(const gate::Judgement& judgement, std::string_view format) {
    return format == "json"          ? gate::to_json(judgement)
           : format == "sarif"       ? gate::to_sarif(judgement)
           : format == "junit"       ? gate::to_junit(judgement)
           : format == "openmetrics" ? gate::to_openmetrics(judgement)
                                     : gate::to_markdown(judgement);
}

void write_gate_files(const std::string& folder, const gate::Judgement& judgement) {
    require(reports::prepare_folder(folder));
    require(write_file(folder + "/gate.json", gate::to_json(judgement)));
    require(write_file(folder + "/gate.xml", gate::to_junit(judgement)));
    require(write_file(folder + "/gate.sarif", gate::to_sarif(judgement)));
    require(write_file(folder + "/gate.md", gate::to_markdown(judgement)));
}

int gate_command(const GateArguments& arguments) {
    const auto policy = gate::Policy::read(arguments.policy);
    if (!policy) {
        throw UsageError(policy.error().message, "docs/gate.md shows a policy that works");
    }
    expect_summary_file(arguments.summary);
    const RealClock clock;
    const auto judgement = gate::judge(*policy, sources_of(arguments.reports),
                                       sources_of(arguments.baseline), clock.now());
    OutputOptions spoken;
    spoken.format = arguments.format == "text" ? "text" : "json";  // lines or one document
    Output output(spoken);
    if (arguments.format == "text") {
        for (const auto& line : gate::to_text(judgement)) {
            output.result("{}", line);
        }
    } else {
        output.document(document_of(judgement, arguments.format));
    }
    append_summary(arguments.summary, "the gate", [&](std::size_t most_bytes) {
        return gate::to_markdown(judgement, most_bytes);
    });
    if (!arguments.report.empty()) {
        write_gate_files(arguments.report, judgement);
    }
    return gate::exit_code(judgement);
}

int merge_command(const MergeArguments& arguments) {
    for (const auto& path : arguments.reports) {
        std::error_code absent;
        if (fs::equivalent(fs::path(gate::report_file(path)).parent_path() / ".", arguments.report,
                           absent)) {
            throw UsageError(
                fmt::format("--report {}: it is one of those that are merged", arguments.report),
                "name a folder of its own");
        }
    }
    const auto merged = gate::merge(sources_of(arguments.reports));
    if (!merged) {
        throw UsageError(merged.error().message);
    }
    require(reports::write_reports(arguments.report, merged->result));
    if (!merged->hlog.empty()) {
        require(write_file(arguments.report + "/load.hlog", merged->hlog));
        require(write_file(arguments.report + "/load.md", reports::to_markdown(merged->result)));
    }
    Output output{OutputOptions{}};
    output.result("{}", reports::summary_line(merged->result));
    output.result("report: {}/report.json", arguments.report);
    return as_expected;
}

}  // namespace

void add_report_gate(CLI::App& report, Command& chosen) {
    auto* command =
        report.add_subcommand("gate", "say by a policy whether what was tested may go out");
    auto arguments = std::make_shared<GateArguments>();
    command
        ->add_option("DIR", arguments->reports,
                     "folders or report.json of the runs, and of preflight")
        ->required();
    command->add_option("--policy", arguments->policy, "the rules (docs/gate.md)")->required();
    command->add_option("--baseline", arguments->baseline,
                        "reports of what is there already, for trends: five or more of a load");
    command
        ->add_option("--format", arguments->format,
                     "text, json, markdown, junit, sarif or openmetrics")
        ->check(CLI::IsMember({"text", "json", "markdown", "junit", "sarif", "openmetrics"}))
        ->capture_default_str();
    add_summary_option(*command, arguments->summary);
    command->add_option("--report", arguments->report,
                        "a folder for gate.json, gate.xml (JUnit), gate.sarif and gate.md");
    command->footer(
        "\nExit codes: 0 go   1 a rule is broken   2 the policy or a report cannot be used   "
        "3 no rule is broken, and not all could be judged   4 the reports hold no results\n"
        "\nExamples:\n"
        "  meshproof report gate out/run out/load --policy gate.yaml\n"
        "  meshproof report gate out/load-* --policy gate.yaml --baseline main/load-* "
        "--summary \"$GITHUB_STEP_SUMMARY\"");
    command->callback(
        [&chosen, arguments] { chosen = [arguments] { return gate_command(*arguments); }; });
}

void add_report_merge(CLI::App& report, Command& chosen) {
    auto* command = report.add_subcommand(
        "merge", "make one report of several: results joined, histograms of loads added");
    auto arguments = std::make_shared<MergeArguments>();
    command->add_option("DIR", arguments->reports, "folders or report.json of the runs")
        ->required();
    command->add_option("--report", arguments->report, "the folder of the merged report")
        ->required();
    command->footer("\nExample:\n  meshproof report merge out/load-1 out/load-2 --report out/load");
    command->callback(
        [&chosen, arguments] { chosen = [arguments] { return merge_command(*arguments); }; });
}

}  // namespace meshproof::cli
