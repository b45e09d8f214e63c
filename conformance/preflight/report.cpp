#include "conformance/preflight/report.hpp"

#include <algorithm>

#include "core/base/markdown.hpp"
#include "core/base/text.hpp"
#include "core/base/utf8.hpp"
#include "core/html/escape.hpp"

namespace meshproof::preflight {
namespace {

using Document = nlohmann::ordered_json;

constexpr std::string_view schema_name = "meshproof.preflight/v1";

std::string dumped(const Document& document) {
    return document.dump(2, ' ', false, Document::error_handler_t::replace) + "\n";
}

std::string counts(const Report& report) {
    return fmt::format("{}, {}, {} advice, {} accepted, {} held, {} unknown",
                       counted(report.count(Severity::error), "error"),
                       counted(report.count(Severity::warning), "warning"),
                       report.count(Severity::advice), report.accepted.size(), report.held.size(),
                       report.unknown.size());
}

/// A command of several lines stays one: its lines are shown as they are typed.
void add_command(std::vector<std::string>& lines, const std::string& command) {
    for (const auto& line : split(command, '\n')) {
        lines.push_back(line);
    }
}

void add_finding(std::vector<std::string>& lines, const Report& report, const Finding& one) {
    lines.push_back(
        fmt::format("{:<7} {}: {}", to_string(one.rule->severity), one.rule->id, one.rule->title));
    lines.push_back(fmt::format("        at {}", place_of(report, one)));
    lines.push_back(fmt::format("        seen: {}", one.evidence));
    lines.push_back(fmt::format("        why it matters: {}", one.rule->why));
    if (one.bao.empty()) {
        return;
    }
    lines.emplace_back("        mend, with bao (or vault) as an administrator:");
    for (const auto& command : one.bao) {
        add_command(lines, command);
    }
}

/// One missing right hides many rules: it is told once.
std::map<std::string, std::vector<std::string>> by_reason(const Report& report) {
    std::map<std::string, std::vector<std::string>> reasons;
    for (const auto& one : report.unknown) {
        reasons[one.why].emplace_back(one.rule->id);
    }
    return reasons;
}

std::string health_check_name(const HealthCheck& check) {
    return check.program.empty() ? "pki health-check" : check.program + " pki health-check";
}

/// "message (and 35 more)"
std::string message_of(const HealthCheck::Item& item) {
    return item.more == 0 ? item.message : fmt::format("{} (and {} more)", item.message, item.more);
}

void add_health_check(std::vector<std::string>& lines, const HealthCheck& check, bool all) {
    if (!check.not_run.empty()) {
        lines.push_back(fmt::format("health-check says nothing: {}", check.not_run));
        return;
    }
    lines.push_back(
        fmt::format("beside it, {} says (this does not count):", health_check_name(check)));
    for (const auto& item : check.results) {
        if (all || item.says_something()) {
            lines.push_back(fmt::format("        {} {} at {}: {}", item.status, item.id,
                                        item.object, message_of(item)));
        }
    }
}

std::string health_check_markdown(const HealthCheck& check) {
    auto out = fmt::format("\n## Beside it: {}\n\n", health_check_name(check));
    if (!check.not_run.empty()) {
        return out + "It says nothing: " + markdown_text(check.not_run) + "\n";
    }
    out +=
        "It knows no mesh, and decides nothing here.\n\n| status | result | where | says "
        "|\n|---|---|---|---|\n";
    for (const auto& item : check.results) {
        if (item.says_something()) {
            out += fmt::format("| {} | {} | {} | {} |\n", markdown_text(item.status),
                               markdown_text(item.id), markdown_text(item.object),
                               markdown_text(message_of(item)));
        }
    }
    return out;
}

Document as_json(const HealthCheck& check) {
    Document json{{"program", check.program}, {"not_run", check.not_run}};
    json["results"] = Document::array();
    for (const auto& item : check.results) {
        json["results"].push_back({{"id", item.id},
                                   {"status", item.status},
                                   {"object", item.object},
                                   {"message", item.message},
                                   {"more", item.more}});
    }
    return json;
}

Document as_json(const Report& report, const Finding& one) {
    Document json{{"id", one.rule->id},
                  {"severity", to_string(one.rule->severity)},
                  {"title", one.rule->title},
                  {"why", one.rule->why},
                  {"object", one.object},
                  {"file", report.file},
                  {"line", one.line},
                  {"evidence", one.evidence},
                  {"fingerprint", one.fingerprint()},
                  {"mend", {{"bao", one.bao}, {"vault", one.vault}}}};
    if (!one.accepted.empty()) {
        json["accepted"] = one.accepted;
    }
    return json;
}

/// A command without an account: names in capitals stand for the account's own.
std::string as_printed(std::string_view command) {
    return fill_in(command,
                   {{"tool", "bao"},
                    {"end_text", "EOF"},
                    {"kept_text", ""},
                    {"cluster_ca_text", cluster_ca_command(run::Account())}},
                   /*for_shell=*/false);
}

std::string_view sarif_level(Severity severity) {
    return severity == Severity::error     ? "error"
           : severity == Severity::warning ? "warning"
                                           : "note";
}

Document sarif_rules() {
    auto rules = Document::array();
    for (const auto& rule : all_rules()) {
        rules.push_back({{"id", rule.id},
                         {"shortDescription", {{"text", rule.title}}},
                         {"fullDescription", {{"text", rule.why}}},
                         {"help", {{"text", join(explain(rule), "\n")}}},
                         {"defaultConfiguration", {{"level", sarif_level(rule.severity)}}}});
    }
    return rules;
}

Document sarif_result(const Report& report, const Finding& one) {
    const auto index = static_cast<std::size_t>(one.rule - all_rules().data());
    std::string text = fmt::format("{} Seen: {}.", one.rule->title, one.evidence);
    for (const auto& command : one.bao) {
        text += "\n" + command;
    }
    // A result without a place is not shown by GitHub, so the file's first line stands for none.
    const Document place{
        {"physicalLocation",
         {{"artifactLocation",
           {{"uri", path_as_uri(report.file.empty() ? "account.yaml" : report.file)}}},
          {"region", {{"startLine", std::max(one.line, 1)}}}}},
        {"logicalLocations", {{{"fullyQualifiedName", one.object}, {"kind", "object"}}}}};
    return {{"ruleId", one.rule->id},
            {"ruleIndex", index},
            {"level", sarif_level(one.rule->severity)},
            {"message", {{"text", text}}},
            {"locations", Document::array({place})},
            {"fingerprints", {{"meshproofFinding/v1", one.fingerprint()}}},
            {"partialFingerprints", {{"meshproofFinding/v1", one.fingerprint()}}}};
}

std::string junit_case(std::string_view id, const std::string& inside) {
    return fmt::format("    <testcase classname=\"meshproof.preflight\" name=\"{}\"{}", id,
                       inside.empty() ? std::string("/>\n") : ">\n" + inside + "    </testcase>\n");
}

std::string junit_finding(const Report& report, const Finding& one) {
    std::string text =
        fmt::format("{}\nat {}\nseen: {}\n", one.rule->title, place_of(report, one), one.evidence);
    for (const auto& command : one.bao) {
        text += command + "\n";
    }
    // Warnings and advice do not fail a pipeline, whatever shows it.
    const bool fails = one.rule->severity == Severity::error;
    return fails ? fmt::format("      <failure type=\"{}\" message=\"{}\">{}</failure>\n",
                               to_string(one.rule->severity),
                               html::escaped_xml(std::string(one.rule->title)),
                               html::escaped_xml(text))
                 : fmt::format("      <system-out>{}: {}</system-out>\n",
                               to_string(one.rule->severity), html::escaped_xml(text));
}

/// None fails a pipeline: its thresholds are not the mesh's.
std::string junit_health_check(const HealthCheck& check) {
    std::string cases;
    for (const auto& item : check.results) {
        const auto text = html::escaped_xml(fmt::format("{}: {}", item.status, message_of(item)));
        const auto name = html::escaped_xml(fmt::format("{} at {}", item.id, item.object));
        cases += junit_case(name, item.was_judged()
                                      ? fmt::format("      <system-out>{}</system-out>\n", text)
                                      : fmt::format("      <skipped message=\"{}\"/>\n", text));
    }
    return cases;
}

/// A fence that no line of the commands is: policies in them were written by others.
std::string fence_of(const std::string& text) {
    std::string fence = "```";
    while (text.find(fence) != std::string::npos) {
        fence += '`';
    }
    return fence;
}

std::string markdown_table(const Report& report) {
    std::string out = "\n| severity | finding | where | seen |\n|---|---|---|---|\n";
    for (const auto& one : report.found) {
        out += fmt::format("| {} | {} | {} | {} |\n", to_string(one.rule->severity), one.rule->id,
                           markdown_text(place_of(report, one)), markdown_text(one.evidence));
    }
    return report.found.empty() ? std::string() : out;
}

std::string markdown_of(const Report& report, bool with_commands) {
    const auto code = exit_code(report);
    const auto* word = code > 1 ? "is blocked" : code == 1 ? "fails" : "passes";
    auto out =
        fmt::format("# Preflight {}: {} ({})\n\n{}. {}{}.\n", word, verdict_of(report),
                    markdown_text(report.account), counts(report), markdown_text(report.vault),
                    report.cluster.empty() ? "" : ", " + markdown_text(report.cluster));
    out += markdown_table(report);
    for (const auto& one : report.found) {
        out += finding_markdown(report, one, with_commands);
    }
    if (!report.accepted.empty()) {
        out += "\n## Accepted\n\n";
        for (const auto& one : report.accepted) {
            out += fmt::format("- {} at {}: {}\n", one.rule->id,
                               markdown_text(place_of(report, one)), markdown_text(one.accepted));
        }
    }
    if (!report.unknown.empty()) {
        out += "\n## Unknown\n\n";
        for (const auto& [why, rules] : by_reason(report)) {
            out += fmt::format("- {}: {}\n", markdown_text(why), join(rules, ", "));
        }
    }
    if (report.health_check) {
        out += health_check_markdown(*report.health_check);
    }
    return out;
}

/// A Vault that does not answer hides nearly all there is to know: a screen of names would hide the
/// finding that says so.
std::string unknown_line(std::string_view why, const std::vector<std::string>& rules, bool all) {
    constexpr std::size_t most = 12;
    return rules.size() <= most || all
               ? fmt::format("unknown, since {}: {}", why, join(rules, ", "))
               : fmt::format("unknown, since {}: {} rules, from {} to {} (--all names them)", why,
                             rules.size(), rules.front(), rules.back());
}

}  // namespace

std::string finding_markdown(const Report& report, const Finding& one, bool with_commands) {
    auto out =
        fmt::format("\n## {}: {}\n\n{} {}\n\n- at {}\n- seen: {}\n", to_string(one.rule->severity),
                    one.rule->id, one.rule->title, one.rule->why,
                    markdown_text(place_of(report, one)), markdown_text(one.evidence));
    if (!one.bao.empty() && with_commands) {
        const auto commands = join(one.bao, "\n");
        const auto fence = fence_of(commands);
        out += fmt::format("\n{0}sh\n{1}\n{0}\n", fence, commands);
    }
    return out;
}

std::vector<std::string> to_text(const Report& report, bool all) {
    std::vector<std::string> lines{
        fmt::format("preflight of {}: {}{}", report.account, report.vault,
                    report.cluster.empty() ? "" : ", " + report.cluster)};
    for (const auto& one : report.found) {
        add_finding(lines, report, one);
    }
    for (const auto& one : report.accepted) {
        lines.push_back(fmt::format("accepted {}: {}", one.rule->id, one.accepted));
    }
    for (const auto& [why, rules] : by_reason(report)) {
        lines.push_back(unknown_line(why, rules, all));
    }
    if (all) {
        for (const auto* rule : report.held) {
            lines.push_back(fmt::format("holds   {}", rule->id));
        }
    }
    if (report.health_check) {
        add_health_check(lines, *report.health_check, all);
    }
    if (report.read_only) {
        lines.emplace_back("read-only: neither a login nor a signature was tried");
    }
    if (!report.cut.empty()) {
        lines.push_back(fmt::format("cut: {}; --time-limit gives it more", report.cut));
    }
    lines.push_back(fmt::format("{}: {}", verdict_of(report), counts(report)));
    return lines;
}

std::string to_json(const Report& report) {
    Document json{{"schema", schema_name},
                  {"account", report.account},
                  {"file", report.file},
                  {"vault", report.vault},
                  {"cluster", report.cluster},
                  {"read_only", report.read_only},
                  {"unreachable", report.unreachable},
                  {"cut", report.cut},
                  {"exit_code", exit_code(report)}};
    json["counts"] = {{"error", report.count(Severity::error)},
                      {"warning", report.count(Severity::warning)},
                      {"advice", report.count(Severity::advice)},
                      {"accepted", report.accepted.size()},
                      {"held", report.held.size()},
                      {"unknown", report.unknown.size()}};
    for (const auto* member : {"findings", "accepted", "unknown", "held"}) {
        json[member] = Document::array();
    }
    for (const auto& one : report.found) {
        json["findings"].push_back(as_json(report, one));
    }
    for (const auto& one : report.accepted) {
        json["accepted"].push_back(as_json(report, one));
    }
    for (const auto& one : report.unknown) {
        json["unknown"].push_back(
            {{"id", one.rule->id}, {"severity", to_string(one.rule->severity)}, {"why", one.why}});
    }
    for (const auto* rule : report.held) {
        json["held"].push_back(rule->id);
    }
    if (report.health_check) {
        json["health_check"] = as_json(*report.health_check);
    }
    return dumped(json);
}

std::string to_sarif(const Report& report) {
    auto results = Document::array();
    for (const auto& one : report.found) {
        results.push_back(sarif_result(report, one));
    }
    const Document driver{
        {"name", "meshproof preflight"}, {"version", MESHPROOF_VERSION}, {"rules", sarif_rules()}};
    const Document run{{"tool", {{"driver", driver}}},
                       {"columnKind", "unicodeCodePoints"},
                       {"results", results},
                       {"properties",
                        {{"accepted", report.accepted.size()},
                         {"held", report.held.size()},
                         {"unknown", report.unknown.size()}}}};
    return dumped({{"$schema", "https://json.schemastore.org/sarif-2.1.0.json"},
                   {"version", "2.1.0"},
                   {"runs", Document::array({run})}});
}

std::string to_junit(const Report& report) {
    std::string cases;
    for (const auto& one : report.found) {
        cases += junit_case(one.rule->id, junit_finding(report, one));
    }
    for (const auto& one : report.accepted) {
        cases += junit_case(one.rule->id, fmt::format("      <skipped message=\"accepted: {}\"/>\n",
                                                      html::escaped_xml(one.accepted)));
    }
    for (const auto& one : report.unknown) {
        cases += junit_case(one.rule->id, fmt::format("      <skipped message=\"unknown: {}\"/>\n",
                                                      html::escaped_xml(one.why)));
    }
    for (const auto* rule : report.held) {
        cases += junit_case(rule->id, "");
    }
    auto skipped = report.accepted.size() + report.unknown.size();
    auto tests = report.found.size() + skipped + report.held.size();
    if (report.health_check) {
        const auto& results = report.health_check->results;
        cases += junit_health_check(*report.health_check);
        tests += results.size();
        skipped += static_cast<std::size_t>(
            std::ranges::count_if(results, [](const auto& item) { return !item.was_judged(); }));
    }
    return fmt::format(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n"
        "  <testsuite name=\"meshproof preflight {}\" tests=\"{}\" failures=\"{}\" errors=\"0\" "
        "skipped=\"{}\">\n{}  </testsuite>\n</testsuites>\n",
        html::escaped_xml(report.account), tests, report.count(Severity::error), skipped, cases);
}

std::string to_markdown(const Report& report, std::size_t most_bytes) {
    auto whole = markdown_of(report, /*with_commands=*/true);
    if (whole.size() <= most_bytes) {
        return whole;
    }
    return std::string(head_of(markdown_of(report, /*with_commands=*/false), most_bytes));
}

std::string place_of(const Report& report, const Finding& one) {
    return one.line > 0 ? fmt::format("{} ({}:{})", one.object, report.file, one.line) : one.object;
}

std::string verdict_of(const Report& report) {
    if (report.unreachable) {
        return "the Vault did not answer";
    }
    if (exit_code(report) > 1) {
        return "not all could be judged, since " + report.cut;
    }
    return report.count(Severity::error) > 0 ? "this mesh does not get its leaves as it should"
           : report.found.empty()            ? "nothing is wrong"
                                             : "nothing is wrong at error level";
}

std::vector<std::string> finding_lines(const Report& report, const Finding& finding) {
    std::vector<std::string> lines;
    add_finding(lines, report, finding);
    return lines;
}

std::string errors_line(const Report& report) {
    if (exit_code(report) > 1) {
        return verdict_of(report);
    }
    std::vector<std::string> ids;
    for (const auto& one : report.found) {
        if (one.rule->severity == Severity::error) {
            ids.emplace_back(one.rule->id);
        }
    }
    return fmt::format("{} ({})", counted(ids.size(), "error"), join(ids, ", "));
}

std::vector<std::string> explain(const Rule& rule) {
    std::vector<std::string> lines{fmt::format("{} ({})", rule.id, to_string(rule.severity)),
                                   std::string(rule.title), std::string(rule.why),
                                   fmt::format("looks at: {}", fill_in(rule.object, {}, false))};
    if (!rule.mend.empty()) {
        lines.emplace_back("mended by (names in capitals are the account's own):");
    }
    for (const auto& command : rule.mend) {
        add_command(lines, as_printed(command));
    }
    return lines;
}

std::string findings_markdown() {
    std::string out;
    for (const auto& rule : all_rules()) {
        out += fmt::format("\n### {}\n{}: {} {}\n", rule.id, to_string(rule.severity), rule.title,
                           rule.why);
        if (!rule.mend.empty()) {
            out += "```sh\n";
            for (const auto& command : rule.mend) {
                out += as_printed(command) + "\n";
            }
            out += "```\n";
        }
    }
    return out;
}

}  // namespace meshproof::preflight
