#include <algorithm>
#include <map>

#include "core/base/answer.hpp"
#include "core/base/json_text.hpp"
#include "core/base/markdown.hpp"
#include "core/base/text.hpp"
#include "core/base/utf8.hpp"
#include "reports/html/parts.hpp"
#include "reports/load.hpp"
#include "reports/report.hpp"
#include "reports/table.hpp"

namespace meshproof::reports {

std::string cell(std::string_view text) {
    std::string out;
    for (const char c : one_line(text)) {
        if (c == '|' || c == '<' || c == '\\') {
            out += '\\';
        }
        out += c;
    }
    return out;
}

std::string short_cell(std::string_view text) {
    constexpr std::size_t most = 2000;
    return markdown_text(head_of(text, most));
}

namespace {

using run::Verdict;

std::map<Verdict, std::size_t> counts(const std::vector<const run::Outcome*>& outcomes) {
    std::map<Verdict, std::size_t> out;
    for (const auto* outcome : outcomes) {
        ++out[outcome->verdict];
    }
    return out;
}

std::string counts_row(const std::map<Verdict, std::size_t>& counted) {
    std::string row;
    for (const auto verdict : run::all_verdicts) {
        const auto found = counted.find(verdict);
        row += fmt::format(" {} |", found == counted.end() ? 0 : found->second);
    }
    return row;
}

std::string counts_head(std::string_view first) {
    std::string head = fmt::format("| {} |", first);
    std::string rule = "|---|";
    for (const auto verdict : run::all_verdicts) {
        head += fmt::format(" {} |", run::to_string(verdict));
        rule += "---|";
    }
    return head + "\n" + rule + "\n";
}

std::string topic_of(const run::Outcome& outcome) {
    return outcome.id.substr(0, outcome.id.rfind('/'));
}

/// Supported: every check of the feature that could be run holds, and there was one.
std::string_view state_of(const std::vector<const run::Outcome*>& outcomes) {
    const auto counted = counts(outcomes);
    const auto count = [&](Verdict verdict) {
        const auto found = counted.find(verdict);
        return found == counted.end() ? std::size_t{0} : found->second;
    };
    if (count(Verdict::skip) == outcomes.size()) {
        return "not offered";
    }
    if (count(Verdict::fail) + count(Verdict::blocked) + count(Verdict::deviates) > 0) {
        return "not conformant";
    }
    return count(Verdict::not_run) > 0 ? "not all was run" : "supported";
}

std::string profiles(const run::RunResult& result) {
    std::vector<const run::Outcome*> core, extended;
    std::map<std::string, std::vector<const run::Outcome*>> by_feature;
    for (const auto& outcome : result.outcomes) {
        const auto* check = std::get_if<run::CheckOutcome>(&outcome.detail);
        if (check == nullptr) {
            continue;
        }
        (check->features.empty() ? core : extended).push_back(&outcome);
        for (const auto& feature : check->features) {
            by_feature[feature].push_back(&outcome);
        }
    }
    std::string out = "## Profile\n\n" + counts_head("profile");
    out += fmt::format("| core |{}\n", counts_row(counts(core)));
    out += fmt::format("| extended |{}\n\n", counts_row(counts(extended)));
    out += counts_head("feature") + "";
    for (const auto& [feature, outcomes] : by_feature) {
        out += fmt::format("| {}: {} |{}\n", feature, state_of(outcomes),
                           counts_row(counts(outcomes)));
    }
    return out + "\n";
}

std::string topics(const run::RunResult& result) {
    std::map<std::string, std::vector<const run::Outcome*>> by_topic;
    for (const auto& outcome : result.outcomes) {
        by_topic[topic_of(outcome)].push_back(&outcome);
    }
    std::string out = "## Topics\n\n" + counts_head("topic");
    for (const auto& [topic, outcomes] : by_topic) {
        out += fmt::format("| `{}` |{}\n", topic, counts_row(counts(outcomes)));
    }
    return out + "\n";
}

/// Everything that did not simply pass, with its reason.
std::string remarks(const run::RunResult& result) {
    std::string out;
    for (const auto verdict :
         {Verdict::fail, Verdict::blocked, Verdict::deviates, Verdict::skip, Verdict::not_run}) {
        for (const auto& outcome : result.outcomes) {
            if (outcome.verdict == verdict) {
                out += fmt::format("- **{}** `{}`: {}\n", run::to_string(verdict), outcome.id,
                                   cell(outcome.reason));
            }
        }
    }
    return "## What did not pass\n\n" + (out.empty() ? "Nothing: every check passed.\n" : out) +
           "\n";
}

/// Code that may hold backquotes of its own.
std::string block(std::string_view text) {
    std::string indented = "    ";
    for (const char c : text) {
        indented += c;
        if (c == '\n') {
            indented += "    ";
        }
    }
    return indented + "\n";
}

/// The whole exchange is in report.json; here what a reader needs to follow it.
constexpr std::size_t shown_bytes = 400;

std::string evidence(const run::CheckOutcome& check) {
    std::string out;
    for (const auto& exchange : check.evidence) {
        auto text = fmt::format("{} {}", exchange.method, exchange.target);
        if (!exchange.body.empty()) {
            text += " " + one_line(head_of(exchange.body, shown_bytes));
        }
        text += exchange.status == 0 ? fmt::format("\n-> no answer: {}", exchange.failure)
                                     : fmt::format("\n-> {} {}", exchange.status,
                                                   one_line(head_of(exchange.answer, shown_bytes)));
        out += block(text);
    }
    return out.empty() ? out : out + "\n";
}

/// What a check states, and what was said, which may be left out.
struct CheckText {
    std::string head, evidence;
    bool passed = false, shown = false;
};

std::vector<CheckText> check_texts(const run::RunResult& result) {
    std::vector<CheckText> texts;
    for (const auto& outcome : result.outcomes) {
        const auto* check = std::get_if<run::CheckOutcome>(&outcome.detail);
        if (check != nullptr) {
            texts.push_back({.head = fmt::format("### {} `{}`\n\n{}\n({}; {})\n\n",
                                                 run::to_string(outcome.verdict), outcome.id,
                                                 check->requirement, run::to_string(check->level),
                                                 check->source),
                             .evidence = evidence(*check),
                             .passed = outcome.verdict == Verdict::pass});
        }
    }
    return texts;
}

/// The evidence of what did not pass has room first.
std::string checks(const run::RunResult& result, std::size_t room) {
    auto texts = check_texts(result);
    for (const auto& one : texts) {
        room -= std::min(room, one.head.size());
    }
    for (const bool passed : {false, true}) {
        for (auto& one : texts) {
            if (one.passed == passed && one.evidence.size() <= room) {
                one.shown = true;
                room -= one.evidence.size();
            }
        }
    }
    const auto left = std::ranges::count_if(
        texts, [](const CheckText& one) { return !one.shown && !one.evidence.empty(); });
    std::string out = "## Checks\n\n";
    if (left > 0) {
        out += fmt::format("The evidence of {} of them has no room here; report.json has it.\n\n",
                           left);
    }
    for (const auto& one : texts) {
        out += one.head + (one.shown ? one.evidence : std::string());
    }
    return out;
}

}  // namespace

std::string to_markdown(const run::RunResult& result, std::size_t most_bytes) {
    if (result.command == run::Command::load) {
        return std::string(head_of(valid_utf8(load_markdown(result)), most_bytes));
    }
    std::string out = fmt::format("# Conformance of {}\n\n{}: {}\n\n", cell(result.target),
                                  pages::headline(result).text, summary_line(result));
    out += fmt::format("meshproof {}, {}, seed {}, {} setting.{}\n\n", result.version,
                       rfc3339(result.started), result.seed, run::to_string(result.setting),
                       result.interrupted   ? " **The run was interrupted.**"
                       : result.ended_early ? fmt::format(" **--{} ended the run.**",
                                                          run::to_string(*result.ended_early))
                                            : "");
    for (const auto& server : result.servers) {
        out +=
            fmt::format("- {}: {} {}\n", server.role, cell(server.product), cell(server.version));
    }
    out += fmt::format("- offers: {}\n\n", join(result.features, ", "));
    out = valid_utf8(out + profiles(result) + topics(result) + remarks(result));
    constexpr std::size_t title = 200;  // of the checks, and what is said of evidence left out
    const auto room = most_bytes - std::min(most_bytes, out.size() + title);
    return std::string(head_of(out + valid_utf8(checks(result, room)), most_bytes));
}

}  // namespace meshproof::reports
