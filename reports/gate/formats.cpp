#include "reports/gate/formats.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "core/base/answer.hpp"
#include "core/base/json_text.hpp"
#include "core/base/text.hpp"
#include "core/base/utf8.hpp"
#include "core/html/escape.hpp"
#include "reports/openmetrics.hpp"
#include "reports/table.hpp"

namespace meshproof::reports::gate {
namespace {

using Document = nlohmann::ordered_json;

std::string dumped(const Document& document) {
    return document.dump(2, ' ', false, Document::error_handler_t::replace) + "\n";
}

/// "gate.yaml:12 loads[0].response.p99"
std::string place_text(const Judgement& judgement, const RuleResult& rule) {
    return fmt::format("{}:{} {}", judgement.policy, rule.where.line, rule.where.place);
}

std::string found_text(const RuleResult& rule) {
    return fmt::format("{}{}{}", rule.measured,
                       rule.wanted.empty() ? "" : "; wanted: ", rule.wanted);
}

std::string counts_text(const Judgement& judgement) {
    return fmt::format("{} broken, {} undecided, {}, {} hold", judgement.count(Answer::broken),
                       judgement.count(Answer::undecided),
                       counted(judgement.count(Answer::note), "note"),
                       judgement.count(Answer::holds));
}

std::string verdict_text(const Judgement& judgement) {
    switch (exit_code(judgement)) {
        case 0:
            return "go: no rule is broken";
        case 1:
            return "stop: a rule is broken";
        case 3:
            return "undecided: no rule is broken, and not all could be judged";
        default:
            return "nothing: the reports hold no results";
    }
}

Document rule_json(const RuleResult& rule) {
    Document json{{"answer", to_string(rule.answer)},
                  {"kind", rule.kind},
                  {"place", rule.where.place},
                  {"line", rule.where.line},
                  {"subject", rule.subject},
                  {"measured", rule.measured},
                  {"wanted", rule.wanted},
                  {"fingerprint", rule.fingerprint()}};
    if (!rule.replay.empty()) {
        json["replay"] = rule.replay;
    }
    return json;
}

std::string row_text(const Judgement& judgement, const RuleResult& rule) {
    return fmt::format("| {} | {} | {} | {} | {} |\n", to_string(rule.answer),
                       short_cell(place_text(judgement, rule)), short_cell(rule.subject),
                       short_cell(rule.measured), short_cell(rule.wanted));
}

std::string head_text(const Judgement& judgement) {
    constexpr std::size_t most_reports = 20;
    std::string out = fmt::format("# Gate{}: {}\n\n{}. Policy {}, exit code {}.\n\n",
                                  judgement.name.empty() ? "" : " " + short_cell(judgement.name),
                                  verdict_text(judgement), counts_text(judgement),
                                  short_cell(judgement.policy), exit_code(judgement));
    for (std::size_t i = 0; i < std::min(judgement.reports.size(), most_reports); ++i) {
        out += fmt::format("- {}\n", short_cell(judgement.reports[i]));
    }
    if (judgement.reports.size() > most_reports) {
        out += fmt::format("- and {} more\n",
                           counted(judgement.reports.size() - most_reports, "report"));
    }
    if (judgement.baseline > 0) {
        out += fmt::format("- baseline: {}\n", counted(judgement.baseline, "report"));
    }
    return out;
}

/// Of the problems that a command plays again; of several in one scenario once.
std::string replays_text(const Judgement& judgement, std::size_t room) {
    std::string out;
    std::set<std::string> told;
    for (const auto& rule : judgement.rules) {
        if (rule.answer == Answer::holds || rule.replay.empty() ||
            !told.insert(rule.replay).second) {
            continue;
        }
        const auto line = "    " + valid_utf8(one_line(rule.replay)) + "\n";
        if (out.size() + line.size() > room) {
            break;
        }
        out += line;
    }
    return out;
}

/// The same in another run, so that a pipeline shows since when it fails: without the line.
std::string case_name(const RuleResult& rule) {
    return fmt::format("{}: {}{}{}", rule.where.place, rule.subject,
                       rule.kind == "failure" ? ": " : "",
                       rule.kind == "failure" ? std::string_view(rule.measured) : "");
}

std::string case_content(const Judgement& judgement, const RuleResult& rule) {
    const auto message = html::escaped_xml(fmt::format("{}: {}", rule.subject, found_text(rule)));
    const auto at = html::escaped_xml(place_text(judgement, rule));
    switch (rule.answer) {
        case Answer::broken:
            return fmt::format("    <failure type=\"{}\" message=\"{}\">{}{}{}</failure>\n",
                               rule.kind, message, at, rule.replay.empty() ? "" : "&#10;",
                               html::escaped_xml(rule.replay));
        case Answer::undecided:
            return fmt::format("    <error type=\"{}\" message=\"{}\">{}</error>\n", rule.kind,
                               message, at);
        case Answer::note:
            return fmt::format("    <skipped message=\"{}\"/>\n", message);
        case Answer::holds:
            return rule.kind == "allowance"
                       ? fmt::format("    <skipped message=\"{}\"/>\n", message)
                       : fmt::format("    <system-out>{}</system-out>\n", message);
    }
    return {};
}

std::string_view sarif_level(Answer answer) {
    return answer == Answer::broken ? "error" : answer == Answer::undecided ? "warning" : "note";
}

/// GitHub's code scanning wants a full description and a help of each rule, too.
Document sarif_rules() {
    constexpr std::string_view help =
        "The line of the policy says what is wanted, the result what was found. How each rule is "
        "judged is in docs/gate.md.";
    auto rules = Document::array();
    for (const auto& kind : kinds()) {
        rules.push_back({{"id", fmt::format("gate/{}", kind.kind)},
                         {"shortDescription", {{"text", kind.says}}},
                         {"fullDescription", {{"text", kind.says}}},
                         {"help", {{"text", help}}},
                         {"defaultConfiguration", {{"level", "error"}}}});
    }
    return rules;
}

Document sarif_result(const Judgement& judgement, const RuleResult& rule) {
    const auto kind = std::ranges::find(kinds(), rule.kind, &RuleKind::kind);
    const Document place{
        {"physicalLocation",
         {{"artifactLocation", {{"uri", path_as_uri(judgement.policy)}}},
          {"region", {{"startLine", std::max(rule.where.line, 1)}}}}},
        {"logicalLocations", {{{"fullyQualifiedName", rule.subject}, {"kind", "object"}}}}};
    const auto text = fmt::format("{}: {}.{}{}", rule.subject, found_text(rule),
                                  rule.replay.empty() ? "" : "\n", rule.replay);
    return {{"ruleId", fmt::format("gate/{}", rule.kind)},
            {"ruleIndex", kind - kinds().begin()},
            {"level", sarif_level(rule.answer)},
            {"message", {{"text", text}}},
            {"locations", Document::array({place})},
            {"fingerprints", {{"meshproofGate/v1", rule.fingerprint()}}},
            {"partialFingerprints", {{"meshproofGate/v1", rule.fingerprint()}}}};
}

}  // namespace

std::vector<std::string> to_text(const Judgement& judgement) {
    std::vector<std::string> lines;
    for (const auto& rule : judgement.rules) {
        lines.push_back(fmt::format("{:<9} {}: {}: {}{}{}", to_string(rule.answer),
                                    place_text(judgement, rule), rule.subject, found_text(rule),
                                    rule.replay.empty() ? "" : "; again: ", rule.replay));
    }
    lines.push_back(fmt::format("{} ({})", verdict_text(judgement), counts_text(judgement)));
    return lines;
}

std::string to_json(const Judgement& judgement) {
    Document json{{"schema", result_schema},
                  {"verdict", verdict_of(judgement)},
                  {"exit_code", exit_code(judgement)},
                  {"policy", judgement.policy},
                  {"name", judgement.name},
                  {"results", judgement.results},
                  {"reports", judgement.reports},
                  {"baseline_reports", judgement.baseline},
                  {"counts", Document::object()},
                  {"rules", Document::array()}};
    for (const auto answer : all_answers) {
        json["counts"][std::string(to_string(answer))] = judgement.count(answer);
    }
    for (const auto& rule : judgement.rules) {
        json["rules"].push_back(rule_json(rule));
    }
    return dumped(json);
}

std::string to_markdown(const Judgement& judgement, std::size_t most_bytes) {
    // What is said at the end of a table that is cut.
    constexpr std::size_t tail = 200;
    auto out = head_text(judgement) + "\n| | rule | of | found | wanted |\n|---|---|---|---|---|\n";
    std::size_t told = 0;
    for (const auto& rule : judgement.rules) {
        const auto row = row_text(judgement, rule);
        if (out.size() + row.size() + tail > most_bytes) {
            break;
        }
        out += row;
        ++told;
    }
    if (const auto left = judgement.rules.size() - told; left > 0) {
        out += fmt::format("\n{} of {} rules were left out here, to keep this short.\n", left,
                           judgement.rules.size());
    }
    constexpr std::string_view title = "\n## Again\n\n";
    if (out.size() + tail < most_bytes) {
        const auto replays = replays_text(judgement, most_bytes - out.size() - title.size());
        out += replays.empty() ? std::string() : std::string(title) + replays;
    }
    return std::string(head_of(out, most_bytes));
}

std::string to_openmetrics(const Judgement& judgement) {
    OpenMetricsText text;
    const Labels policy{{"policy", judgement.policy}, {"name", judgement.name}};
    const auto with = [&policy](std::string_view label, std::string_view value) {
        auto labels = policy;
        labels.emplace_back(label, value);
        return labels;
    };
    text.family("meshproof_gate_verdict", "gauge", "1 for what the gate says, 0 for the others.");
    for (const std::string_view verdict : {"go", "stop", "undecided", "nothing"}) {
        text.sample(with("verdict", verdict), verdict == verdict_of(judgement) ? 1.0 : 0.0);
    }
    text.family("meshproof_gate_rules", "gauge", "Rules by their answer.");
    for (const auto answer : all_answers) {
        text.sample(with("answer", to_string(answer)),
                    static_cast<double>(judgement.count(answer)));
    }
    text.family("meshproof_gate_results", "gauge", "Results that were judged.");
    text.sample(policy, static_cast<double>(judgement.results));
    text.family("meshproof_gate_exit_code", "gauge", "The exit code of the gate.");
    text.sample(policy, exit_code(judgement));
    return text.end();
}

std::string to_junit(const Judgement& judgement) {
    std::string cases;
    std::size_t skipped = 0;
    for (const auto& rule : judgement.rules) {
        const auto content = case_content(judgement, rule);
        skipped += content.find("<skipped ") != std::string::npos ? 1 : 0;
        cases += fmt::format(
            "  <testcase classname=\"gate.{}\" name=\"{}\" time=\"0.000\">\n{}  </testcase>\n",
            rule.kind, html::escaped_xml(case_name(rule)), content);
    }
    return fmt::format(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        "<testsuite name=\"meshproof gate {}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" "
        "skipped=\"{}\" time=\"0.000\">\n{}</testsuite>\n",
        html::escaped_xml(judgement.name.empty() ? judgement.policy : judgement.name),
        judgement.rules.size(), judgement.count(Answer::broken), judgement.count(Answer::undecided),
        skipped, cases);
}

std::string to_sarif(const Judgement& judgement) {
    auto results = Document::array();
    for (const auto& rule : judgement.rules) {
        if (rule.answer != Answer::holds) {
            results.push_back(sarif_result(judgement, rule));
        }
    }
    const Document driver{
        {"name", "meshproof gate"}, {"version", MESHPROOF_VERSION}, {"rules", sarif_rules()}};
    const Document run{{"tool", {{"driver", driver}}},
                       {"columnKind", "unicodeCodePoints"},
                       {"results", std::move(results)}};
    return dumped({{"$schema", "https://json.schemastore.org/sarif-2.1.0.json"},
                   {"version", "2.1.0"},
                   {"runs", Document::array({run})}});
}

}  // namespace meshproof::reports::gate
