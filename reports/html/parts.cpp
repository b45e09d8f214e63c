#include "reports/html/parts.hpp"

#include <fmt/format.h>

#include "core/base/text.hpp"
#include "core/html/escape.hpp"

namespace meshproof::reports::pages {

std::string Room::take(std::string markup) {
    if (markup.size() > bytes_) {
        ++left_out_;
        return {};
    }
    bytes_ -= markup.size();
    return markup;
}

Table::Table(std::string_view caption, const std::vector<std::string_view>& heads)
    : caption_(html::escaped(caption)) {
    for (const auto name : heads) {
        head_ += fmt::format("<th scope=\"col\">{}</th>", html::escaped(name));
    }
}

void Table::begin_row() {
    body_ += rows_++ == 0 ? "" : "</tr>\n";
    row_at_ = body_.size();
    body_ += "<tr>";
}

Table& Table::head(std::string_view text) {
    begin_row();
    body_ += fmt::format("<th scope=\"row\">{}</th>", html::escaped(text));
    return *this;
}

Table& Table::cell(std::string_view text) {
    body_ += fmt::format("<td>{}</td>", html::escaped(text));
    return *this;
}

Table& Table::number(std::string_view text) {
    body_ += fmt::format("<td class=\"n\">{}</td>", html::escaped(text));
    return *this;
}

Table& Table::number(std::string_view text, std::string_view within) {
    body_ += fmt::format("<td class=\"n pair\"><span>{}</span> <span>{}</span></td>",
                         html::escaped(text), html::escaped(within));
    return *this;
}

Table& Table::markup(std::string_view cell) {
    body_ += fmt::format("<td>{}</td>", cell);
    return *this;
}

void Table::mark_broken() {
    constexpr std::string_view plain = "<tr";
    body_.insert(row_at_ + plain.size(), " class=\"broken\"");
}

std::string Table::text() const {
    return fmt::format(
        "<div class=\"scroll\" role=\"group\" tabindex=\"0\" aria-label=\"{0}\">\n"
        "<table>\n<caption><span>{0}</span></caption>\n<thead><tr>{1}</tr></"
        "thead>\n<tbody>\n{2}{3}</tbody>\n"
        "</table>\n</div>\n",
        caption_, head_, body_, rows_ == 0 ? "" : "</tr>\n");
}

std::string verdict_word(run::Verdict verdict) {
    return fmt::format("<span class=\"v {0}\">{0}</span>", run::to_string(verdict));
}

std::string count_item(std::size_t count, std::string_view what, std::string_view css) {
    return fmt::format("<li><b>{}</b> <span class=\"v {}\">{}</span></li>\n", count, css,
                       html::escaped(what));
}

ResultWords result_words(const run::RunResult& result) {
    if (result.command == run::Command::conform) {
        return {"check", "checks", "Checks"};
    }
    if (result.command == run::Command::load) {
        return {"load", "loads", "Loads"};
    }
    std::size_t histories = 0, properties = 0;
    for (const auto& outcome : result.outcomes) {
        histories += outcome.id.starts_with("history/") ? 1 : 0;
        properties +=
            outcome.id.starts_with("explore/") || outcome.id.starts_with("sometimes/") ? 1 : 0;
    }
    if (result.outcomes.empty() || histories + properties < result.outcomes.size()) {
        return {"scenario", "scenarios", "Scenarios"};
    }
    return properties == 0 ? ResultWords{"history", "histories", "Histories"}
                           : ResultWords{"property", "properties", "Properties"};
}

std::string things(const run::RunResult& result, std::size_t count) {
    const auto words = result_words(result);
    return counted(count, words.one, words.several).text();
}

bool was_begun(const run::Outcome& outcome) {
    return outcome.verdict != run::Verdict::not_run &&
           (outcome.verdict != run::Verdict::blocked || !outcome.reason.starts_with("not begun: "));
}

}  // namespace meshproof::reports::pages
