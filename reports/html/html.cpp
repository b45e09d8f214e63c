#include "reports/html/html.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "core/base/text.hpp"
#include "core/html/escape.hpp"
#include "core/html/page.hpp"
#include "reports/html/parts.hpp"

namespace meshproof::reports {
namespace {

using run::Verdict;

// Of what may be left out. With a row for each of all checks the page stays under 2 MB.
constexpr std::size_t article_bytes = 500'000, detail_bytes = 600'000;

}  // namespace

pages::Headline pages::headline(const run::RunResult& result) {
    const auto all = pages::things(result, result.outcomes.size());
    if (const auto failed = result.count(Verdict::fail); failed > 0) {
        return {Verdict::fail, fmt::format("Fail: {} of {} failed", failed, all)};
    }
    if (!result.problem.empty()) {
        return {Verdict::blocked, "Blocked: nothing could be begun"};
    }
    if (const auto blocked = result.count(Verdict::blocked); blocked > 0) {
        return {Verdict::blocked,
                fmt::format("Blocked: {} of {} could not be judged", blocked, all)};
    }
    if (result.interrupted) {
        return {Verdict::blocked, "Blocked: the run was interrupted"};
    }
    if (const auto left = result.count(Verdict::not_run); left > 0) {
        return {Verdict::blocked, fmt::format("Ended early: {} of {} {} not run", left, all,
                                              left == 1 ? "was" : "were")};
    }
    if (result.ended_early) {
        return {Verdict::blocked,
                fmt::format("Ended early by --{}", run::to_string(*result.ended_early))};
    }
    const auto passed = result.count(Verdict::pass), deviating = result.count(Verdict::deviates);
    if (passed + deviating == 0) {
        return {Verdict::skip, result.outcomes.empty()
                                   ? std::string("Nothing was run")
                                   : fmt::format("Nothing was run: {} skipped", all)};
    }
    auto text = fmt::format("Pass: {} of {}", passed, all);
    if (deviating > 0) {
        text += fmt::format(", {} as the target's file says",
                            counted(deviating, "deviates", "deviate"));
    }
    return {Verdict::pass, text};
}

namespace {

std::string count_list(const run::RunResult& result) {
    std::string items;
    for (const auto verdict : run::all_verdicts) {
        const auto word = run::to_string(verdict);
        items += pages::count_item(result.count(verdict), word, word);
    }
    const auto idle = std::ranges::count_if(result.outcomes, [](const auto& outcome) {
        return outcome.verdict == Verdict::blocked && !pages::was_begun(outcome);
    });
    if (idle > 0) {
        items +=
            pages::count_item(static_cast<std::size_t>(idle), "of the blocked not run", "soft");
    }
    return "<ul class=\"counts\">\n" + items + "</ul>\n";
}

std::string fact(std::string_view name, std::string_view value) {
    return fmt::format("<dt>{}</dt><dd>{}</dd>\n", html::escaped(name), html::escaped(value));
}

std::string facts_told(const run::RunResult& result) {
    auto text = fact("target",
                     fmt::format("{} ({} setting)", result.target, run::to_string(result.setting)));
    for (const auto& server : result.servers) {
        text += fact(server.role,
                     fmt::format("{} {} at {}", server.product, server.version, server.address));
    }
    if (!result.features.empty()) {
        text += fact("offers", join(result.features, ", "));
    }
    text += fact("when", fmt::format("{}, took {}", rfc3339(result.started),
                                     human_duration(result.duration)));
    text += fact("seed", std::to_string(result.seed));
    text += fact("command", fmt::format("meshproof {}", run::to_string(result.command)));
    return "<dl class=\"facts\">\n" + text + fact("version", result.version) + "</dl>\n";
}

std::string header(const run::RunResult& result, const pages::Headline& told) {
    auto text = fmt::format("<header class=\"{}\">\n<h1>{}</h1>\n", run::to_string(told.verdict),
                            html::escaped(told.text));
    if (!result.problem.empty()) {
        text += fmt::format("<p class=\"sentence\">{}</p>\n", html::escaped(result.problem));
    }
    if (result.interrupted) {
        text += "<p class=\"sentence\">The run was interrupted.</p>\n";
    }
    if (result.ended_early) {
        text += fmt::format("<p class=\"sentence\">--{} ended the run.</p>\n",
                            run::to_string(*result.ended_early));
    }
    return text + count_list(result) + facts_told(result) + "</header>\n";
}

/// What failed or was blocked first, then what deviates; skips with their reasons are a table.
std::string troubles_section(const run::RunResult& result, pages::Room& details) {
    pages::Room articles_room(article_bytes);
    std::string articles;
    std::size_t number = 0, left_out = 0;
    for (const auto verdict : {Verdict::fail, Verdict::blocked, Verdict::deviates}) {
        for (const auto& outcome : result.outcomes) {
            // Where nothing could be begun, one sentence above says it for all.
            if (outcome.verdict != verdict || !pages::was_begun(outcome)) {
                continue;
            }
            const auto article = pages::article(result, outcome, ++number, articles_room, details);
            left_out += article.empty() ? 1 : 0;
            articles += article;
        }
    }
    if (left_out > 0) {
        articles +=
            fmt::format("<p>{} more did not pass: the tables below name them.</p>\n", left_out);
    }
    return articles.empty() ? articles
                            : "<section aria-labelledby=\"troubles\">\n<h2 id=\"troubles\">What "
                              "did not pass</h2>\n" +
                                  articles + "</section>\n";
}

std::string skips_section(const run::RunResult& result) {
    constexpr std::size_t most = 1000;
    pages::Table table("Skipped or not run, with the reason", {"id", "reason"});
    std::size_t told = 0;
    for (const auto& outcome : result.outcomes) {
        const bool idle = outcome.verdict == Verdict::skip || outcome.verdict == Verdict::not_run;
        if (idle && told++ < most) {
            constexpr std::size_t reason_bytes = 300;
            table.head(outcome.id).markup(html::escaped_head(outcome.reason, reason_bytes));
        }
    }
    return table.empty() ? std::string()
                         : "<section aria-labelledby=\"skips\">\n<h2 id=\"skips\">What was "
                           "skipped</h2>\n" +
                               table.text() + "</section>\n";
}

struct Section {
    std::string_view id, name;
    std::string markup;
};

template <std::size_t count>
std::string contents(const std::array<Section, count>& sections) {
    std::string items;
    for (const auto& section : sections) {
        if (!section.markup.empty()) {
            items += fmt::format("<li><a href=\"#{}\">{}</a></li>\n", section.id, section.name);
        }
    }
    return items.empty() ? items
                         : "<nav aria-label=\"Contents\">\n<ul>\n" + items + "</ul>\n</nav>\n";
}

}  // namespace

std::string to_html(const run::RunResult& result) {
    pages::Room room(detail_bytes);
    const auto told = pages::headline(result);
    // In this order: what matters most takes its room first.
    const std::array<Section, 5> sections = {{
        {"troubles", "What did not pass", troubles_section(result, room)},
        {"loads", "Loads", pages::loads_section(result, room)},
        {"scenarios", pages::result_words(result).title, pages::scenarios_section(result, room)},
        {"checks", "Conformance by topic", pages::checks_section(result)},
        {"skips", "What was skipped", skips_section(result)},
    }};
    auto body = "<a class=\"skip-link\" href=\"#results\">Skip to the results</a>\n" +
                header(result, told) + contents(sections) + "<main id=\"results\">\n";
    for (const auto& section : sections) {
        body += section.markup;
    }
    body += "</main>\n<footer>\n";
    if (room.left_out() > 0) {
        body += fmt::format("<p>{} did not fit into this page; all of it is in report.json.</p>\n",
                            counted(room.left_out(), "part"));
    }
    body += "<p>Written by meshproof; report.json beside this file has all of it.</p>\n</footer>\n";
    return html::page(fmt::format("{} - meshproof {} of {}", told.text,
                                  run::to_string(result.command), result.target),
                      body);
}

}  // namespace meshproof::reports
