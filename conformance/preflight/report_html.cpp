// The report as a page for people: what is wrong first, each with its commands to copy.
#include <map>

#include "conformance/preflight/report.hpp"
#include "core/base/text.hpp"
#include "core/html/escape.hpp"
#include "core/html/page.hpp"

namespace meshproof::preflight {
namespace {

/// The page's classes are those of verdicts.
std::string_view css_of(Severity severity) {
    return severity == Severity::error     ? "fail"
           : severity == Severity::warning ? "skip"
                                           : "deviates";
}

std::string_view css_of(const Report& report) {
    const auto code = exit_code(report);
    return code > 1 ? "blocked" : code == 1 ? "fail" : "pass";
}

std::string count_markup(std::size_t count, std::string_view what, std::string_view css) {
    return fmt::format("<li><b>{}</b> <span class=\"v {}\">{}</span></li>\n", count, css, what);
}

std::string fact_markup(std::string_view name, std::string_view value) {
    return value.empty() ? std::string()
                         : fmt::format("<dt>{}</dt><dd>{}</dd>\n", name, html::escaped(value));
}

std::string header_markup(const Report& report) {
    auto counts =
        count_markup(report.count(Severity::error), "error", css_of(Severity::error)) +
        count_markup(report.count(Severity::warning), "warning", css_of(Severity::warning)) +
        count_markup(report.count(Severity::advice), "advice", css_of(Severity::advice)) +
        count_markup(report.accepted.size(), "accepted", "skip") +
        count_markup(report.held.size(), "held", "pass") +
        count_markup(report.unknown.size(), "unknown", "blocked");
    return fmt::format(
        "<header class=\"{}\">\n<h1>Preflight: {}</h1>\n<ul class=\"counts\">\n{}</ul>\n"
        "<dl class=\"facts\">\n{}{}{}{}{}{}</dl>\n</header>\n",
        css_of(report), html::escaped(verdict_of(report)), counts,
        fact_markup("account", report.account), fact_markup("file", report.file),
        fact_markup("vault", report.vault), fact_markup("cluster", report.cluster),
        fact_markup("asked", report.read_only ? "read-only: no login and no leaf" : ""),
        fact_markup("cut", report.cut));
}

std::string commands_markup(const std::vector<std::string>& commands) {
    std::string out;
    for (const auto& command : commands) {
        out += html::command(command);
    }
    return out;
}

/// In the spelling of the product first.
std::string mend_markup(const Report& report, const Finding& one) {
    if (one.bao.empty()) {
        return {};
    }
    const auto& own = report.openbao ? one.bao : one.vault;
    const auto& other = report.openbao ? one.vault : one.bao;
    auto out = "<p>To mend it, as an administrator:</p>\n" + commands_markup(own);
    if (other != own) {
        out += fmt::format("<details>\n<summary>The same with {}</summary>\n{}</details>\n",
                           report.openbao ? "vault" : "bao", commands_markup(other));
    }
    return out;
}

std::string finding_markup(const Report& report, const Finding& one) {
    return fmt::format(
        "<article>\n<h3><span class=\"v {}\">{}</span> <code>{}</code></h3>\n"
        "<p class=\"sentence\">{}</p>\n<p>{}</p>\n<dl class=\"facts\">\n{}{}{}</dl>\n{}"
        "</article>\n",
        css_of(one.rule->severity), to_string(one.rule->severity), one.rule->id,
        html::escaped(one.rule->title), html::escaped(one.rule->why),
        fact_markup("at", place_of(report, one)), fact_markup("seen", one.evidence),
        fact_markup("accepted", one.accepted),
        one.accepted.empty() ? mend_markup(report, one) : std::string());
}

/// "" of no markup. The title is markup too.
std::string section_markup(std::string_view id, std::string_view title, const std::string& markup) {
    return markup.empty() ? markup
                          : fmt::format(
                                "<section aria-labelledby=\"{0}\">\n<h2 id=\"{0}\">{1}"
                                "</h2>\n{2}</section>\n",
                                id, title, markup);
}

std::string findings_markup(const Report& report, const std::vector<Finding>& findings) {
    std::string out;
    for (const auto& one : findings) {
        out += finding_markup(report, one);
    }
    return out;
}

/// One missing right hides many rules: it is told once.
std::string unknown_markup(const Report& report) {
    std::map<std::string, std::vector<std::string>> rules;
    for (const auto& one : report.unknown) {
        rules[one.why].emplace_back(one.rule->id);
    }
    std::string items;
    for (const auto& [why, ids] : rules) {
        items += fmt::format("<li>{} <span class=\"soft\">({})</span></li>\n", html::escaped(why),
                             join(ids, ", "));
    }
    return items.empty() ? items : "<ul>\n" + items + "</ul>\n";
}

std::string held_markup(const Report& report) {
    std::string items;
    for (const auto* rule : report.held) {
        items += fmt::format("<li><code>{}</code></li>\n", rule->id);
    }
    return items.empty() ? items
                         : fmt::format(
                               "<details>\n<summary>Rules that hold: {}</summary>\n<ul>\n{}"
                               "</ul>\n</details>\n",
                               report.held.size(), items);
}

std::string beside_markup(const Report& report) {
    if (!report.health_check) {
        return {};
    }
    const auto& check = *report.health_check;
    if (!check.not_run.empty()) {
        return fmt::format("<p>It says nothing: {}</p>\n", html::escaped(check.not_run));
    }
    std::string items;
    for (const auto& item : check.results) {
        if (item.says_something()) {
            items += fmt::format("<li>{} <code>{}</code> at {}: {}</li>\n",
                                 html::escaped(item.status), html::escaped(item.id),
                                 html::escaped(item.object), html::escaped(item.message));
        }
    }
    return "<p>It knows no mesh, and decides nothing here.</p>\n" +
           (items.empty() ? items : "<ul>\n" + items + "</ul>\n");
}

/// Browsers show some 60 characters of it.
std::string title_of(const Report& report) {
    const auto errors = report.count(Severity::error);
    const auto verdict = report.unreachable ? std::string("no answer")
                         : errors > 1       ? fmt::format("{} errors", errors)
                         : errors == 1      ? "1 error"
                                            : "no error";
    return fmt::format("Preflight of {}: {}", report.account, verdict);
}

}  // namespace

std::string to_html(const Report& report) {
    const auto body =
        "<a class=\"skip-link\" href=\"#results\">Skip to the results</a>\n" +
        header_markup(report) + "<main id=\"results\">\n" +
        section_markup("found", "What is wrong", findings_markup(report, report.found)) +
        section_markup("unknown", "What could not be judged", unknown_markup(report)) +
        section_markup("accepted", "What the file accepts",
                       findings_markup(report, report.accepted)) +
        section_markup("beside", "Beside it: pki health-check", beside_markup(report)) +
        section_markup("held", "What holds", held_markup(report)) +
        "</main>\n<footer>\n<p>Written by meshproof; preflight.json beside this file has all of "
        "it.</p>\n</footer>\n";
    return html::page(title_of(report), body);
}

}  // namespace meshproof::preflight
