#include <fmt/format.h>

#include "core/base/utf8.hpp"
#include "core/html/escape.hpp"
#include "core/html/page.hpp"
#include "reports/html/parts.hpp"

namespace meshproof::reports::pages {
namespace {

// What a reader needs to follow it; all of it is in report.json.
constexpr std::size_t sentence_bytes = 2000;
constexpr std::size_t body_bytes = 1200;
constexpr std::size_t most_failures = 20;
constexpr std::size_t most_exchanges = 40;

std::string exchange_text(const run::Exchange& exchange) {
    auto text = fmt::format("{} {} ({})\n", exchange.method, exchange.target, exchange.server);
    if (!exchange.body.empty()) {
        text += fmt::format("{}\n", head_of(exchange.body, body_bytes));
    }
    return text + (exchange.status == 0 ? fmt::format("-> no answer: {}", exchange.failure)
                                        : fmt::format("-> {} {}", exchange.status,
                                                      head_of(exchange.answer, body_bytes)));
}

/// All but the first failure, which is the reason.
std::string more_failures(const run::Outcome& outcome) {
    std::string items;
    std::size_t told = 0;
    for (const auto& failure : outcome.failures) {
        if (failure != outcome.reason && told++ < most_failures) {
            items += fmt::format("<li>{}</li>\n", html::escaped_head(failure, sentence_bytes));
        }
    }
    if (told > most_failures) {
        items += fmt::format("<li>and {} more</li>\n", told - most_failures);
    }
    return items.empty() ? items : "<ul>\n" + items + "</ul>\n";
}

std::string requirement(const run::CheckOutcome& check) {
    return fmt::format("<p>{} <span class=\"soft\">({}; {})</span></p>\n",
                       html::escaped_head(check.requirement, sentence_bytes),
                       run::to_string(check.level),
                       html::escaped_head(check.source, sentence_bytes));
}

/// What a scenario proves; "" of histories and properties.
std::string proof(const run::Outcome& outcome) {
    const auto* scenario = std::get_if<run::ScenarioOutcome>(&outcome.detail);
    return scenario == nullptr || scenario->sentence.empty()
               ? std::string()
               : fmt::format("<p>{} <span class=\"soft\">({})</span></p>\n",
                             html::escaped_head(scenario->sentence, sentence_bytes),
                             html::escaped_head(scenario->source, sentence_bytes));
}

std::string replay(const run::RunResult& result, const run::Outcome& outcome) {
    const auto line = replay_command(result, outcome);
    auto text = "<p>To see it again:</p>\n" + html::command(line);
    if (line.find("TARGET_FILE") != std::string::npos) {
        text += fmt::format("<p class=\"soft\">TARGET_FILE is the target file of {}.</p>\n",
                            html::escaped(result.target));
    }
    return text;
}

}  // namespace

std::string evidence(const run::CheckOutcome& check, Room& room) {
    std::string text;
    std::size_t told = 0;
    for (const auto& exchange : check.evidence) {
        if (told++ < most_exchanges) {
            text += fmt::format("<pre>{}</pre>\n", html::escaped(exchange_text(exchange)));
        }
    }
    if (text.empty()) {
        return text;
    }
    if (told > most_exchanges) {
        text += fmt::format("<p>and {} more, in report.json</p>\n", told - most_exchanges);
    }
    return room.take(fmt::format(
        "<details>\n<summary>What was asked and answered ({})</summary>\n{}</details>\n", told,
        text));
}

std::string article(const run::RunResult& result, const run::Outcome& outcome, std::size_t number,
                    Room& room, Room& details) {
    const auto id = fmt::format("result-{}", number);
    auto text = fmt::format(
        "<article aria-labelledby=\"{}\">\n<h3 id=\"{}\">{} <code>{}</code></h3>\n"
        "<p class=\"sentence\">{}</p>\n",
        id, id, verdict_word(outcome.verdict), html::escaped_head(outcome.id, sentence_bytes),
        html::escaped_head(outcome.reason, sentence_bytes));
    text += more_failures(outcome);
    const auto* check = std::get_if<run::CheckOutcome>(&outcome.detail);
    if (check != nullptr) {
        text += requirement(*check);
    }
    text += proof(outcome);
    text = room.take(text + replay(result, outcome));
    if (text.empty()) {
        return text;
    }
    text += check != nullptr ? evidence(*check, details) : timeline(outcome, id, details);
    return text + "</article>\n";
}

}  // namespace meshproof::reports::pages
