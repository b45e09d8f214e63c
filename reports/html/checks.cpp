#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>

#include "core/html/escape.hpp"
#include "reports/html/parts.hpp"
#include "reports/report.hpp"

namespace meshproof::reports::pages {
namespace {

using Checks = std::vector<const run::Outcome*>;

constexpr std::size_t text_bytes = 300;

const run::CheckOutcome& check_of(const run::Outcome& outcome) {
    return std::get<run::CheckOutcome>(outcome.detail);
}

std::size_t count_of(const Checks& checks, run::Verdict verdict) {
    return static_cast<std::size_t>(
        std::ranges::count(checks, verdict, [](const auto* check) { return check->verdict; }));
}

/// "7 of 9 pass, 1 fail, 1 skip"
std::string counts_told(const Checks& checks) {
    auto text = fmt::format("{} of {} pass", count_of(checks, run::Verdict::pass), checks.size());
    for (const auto verdict : run::all_verdicts) {
        if (const auto count = count_of(checks, verdict);
            count > 0 && verdict != run::Verdict::pass) {
            text += fmt::format(", {} {}", count, run::to_string(verdict));
        }
    }
    return text;
}

/// Somebody has to look at it.
bool is_open(const Checks& checks) {
    return count_of(checks, run::Verdict::fail) + count_of(checks, run::Verdict::blocked) > 0;
}

std::string levels_table(const Checks& checks) {
    Table table(
        "By level: must is what a mesh breaks without, should what clients rely on, may a "
        "detail",
        {"level", "pass", "fail", "blocked", "skip", "deviates", "not run"});
    for (const auto level : run::all_levels) {
        Checks of_level;
        std::ranges::copy_if(checks, std::back_inserter(of_level), [level](const auto* check) {
            return check_of(*check).level == level;
        });
        table.head(run::to_string(level));
        for (const auto verdict : run::all_verdicts) {
            table.number(std::to_string(count_of(of_level, verdict)));
        }
        if (is_open(of_level)) {
            table.mark_broken();
        }
    }
    return table.text();
}

std::string topic_part(const std::string& topic, const Checks& checks) {
    Table table("Checks of " + topic,
                {"check", "verdict", "level", "what a right server does", "source"});
    for (const auto* outcome : checks) {
        const auto& check = check_of(*outcome);
        const auto slash = outcome->id.rfind('/');
        auto told = html::escaped_head(check.requirement, text_bytes);
        if (!outcome->reason.empty()) {
            told += fmt::format("<br/><span class=\"soft\">{}</span>",
                                html::escaped_head(outcome->reason, text_bytes));
        }
        table.head(slash == std::string::npos ? outcome->id : outcome->id.substr(slash + 1))
            .markup(verdict_word(outcome->verdict))
            .cell(run::to_string(check.level))
            .markup(told)
            .markup(html::escaped_head(check.source, text_bytes));
        if (outcome->verdict == run::Verdict::fail || outcome->verdict == run::Verdict::blocked) {
            table.mark_broken();
        }
    }
    return fmt::format("<details{}>\n<summary><code>{}</code>: {}</summary>\n{}</details>\n",
                       is_open(checks) ? " open=\"open\"" : "", html::escaped(topic),
                       counts_told(checks), table.text());
}

}  // namespace

std::string checks_section(const run::RunResult& result) {
    Checks all;
    // By the id's first part, the server; then by all but the last, the topic.
    std::map<std::string, std::map<std::string, Checks>> topics;
    for (const auto& outcome : result.outcomes) {
        if (std::holds_alternative<run::CheckOutcome>(outcome.detail)) {
            all.push_back(&outcome);
            const auto topic = outcome.id.substr(0, outcome.id.rfind('/'));
            topics[topic.substr(0, topic.find('/'))][topic].push_back(&outcome);
        }
    }
    if (all.empty()) {
        return {};
    }
    auto text =
        "<section aria-labelledby=\"checks\">\n<h2 id=\"checks\">Conformance by topic</h2>"
        "\n" +
        levels_table(all);
    for (const auto& [server, of_server] : topics) {
        text += fmt::format("<h3>{}</h3>\n", html::escaped(server));
        for (const auto& [topic, checks] : of_server) {
            text += topic_part(topic, checks);
        }
    }
    return text + "</section>\n";
}

}  // namespace meshproof::reports::pages
