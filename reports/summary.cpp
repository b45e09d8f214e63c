// What a pipeline shows of a run.
#include <algorithm>

#include "core/base/answer.hpp"
#include "core/base/json_text.hpp"
#include "core/base/text.hpp"
#include "core/base/utf8.hpp"
#include "reports/html/parts.hpp"
#include "reports/report.hpp"
#include "reports/table.hpp"

namespace meshproof::reports {
namespace {

using run::Verdict;

/// As code, whatever backquotes are in it.
std::string code(std::string_view raw) {
    const auto text = one_line(valid_utf8(std::string(raw)));
    std::size_t longest = 0, running = 0;
    for (const char c : text) {
        running = c == '`' ? running + 1 : 0;
        longest = std::max(longest, running);
    }
    const std::string fence(longest + 1, '`');
    const auto* room = longest > 0 ? " " : "";
    return fence + room + text + room + fence;
}

std::string summary_head(const run::RunResult& result) {
    auto out = fmt::format("# {} ({} of {})\n\n{}.\n\n", short_cell(pages::headline(result).text),
                           run::to_string(result.command), short_cell(result.target),
                           summary_line(result));
    if (!result.problem.empty()) {
        out += fmt::format("- could not begin: {}\n", short_cell(result.problem));
    }
    if (result.ended_early) {
        out += fmt::format("- `--{}` ended the run\n", run::to_string(*result.ended_early));
    }
    for (const auto& server : result.servers) {
        out += fmt::format("- {}: {} {}\n", server.role, short_cell(server.product),
                           short_cell(server.version));
    }
    out += fmt::format("- {} setting, seed {}, meshproof {}\n", run::to_string(result.setting),
                       result.seed, short_cell(result.version));
    return out;
}

std::string problem_item(const run::Outcome& outcome, std::string_view replay) {
    auto out = fmt::format("- **{}** {}", run::to_string(outcome.verdict), code(outcome.id));
    if (!outcome.reason.empty()) {
        out += ": " + short_cell(outcome.reason);
    }
    if (!replay.empty()) {
        out += "; again: " + code(replay);
    }
    return out + "\n";
}

/// Those with one of the verdicts, the worst first, under a title. What has no room is counted.
std::string summary_section(const run::RunResult& result, std::string_view title,
                            const std::vector<Verdict>& verdicts, std::size_t room,
                            const std::function<std::string(const run::Outcome&)>& replay) {
    constexpr std::size_t tail = 100;  // for what is said of those left out
    std::string out;
    std::size_t left = 0;
    for (const auto verdict : verdicts) {
        for (const auto& outcome : result.outcomes) {
            if (outcome.verdict != verdict) {
                continue;
            }
            const auto line =
                problem_item(outcome, pages::was_begun(outcome) ? replay(outcome) : std::string());
            if (left > 0 || out.size() + line.size() + title.size() + tail > room) {
                ++left;
            } else {
                out += line;
            }
        }
    }
    if (left > 0) {
        out += fmt::format("- and {} more, which have no room here\n", left);
    }
    return out.empty() ? out : fmt::format("\n## {}\n\n{}", title, out);
}

}  // namespace

std::string problem_line(const run::Outcome& outcome, std::string_view replay) {
    return fmt::format("{:<8} {}{}{}{}{}", run::to_string(outcome.verdict), outcome.id,
                       outcome.reason.empty() ? "" : ": ", one_line(outcome.reason),
                       replay.empty() ? "" : "; again: ", replay);
}

std::string to_summary(const run::RunResult& result, std::size_t most_bytes,
                       const std::function<std::string(const run::Outcome&)>& replay) {
    auto out = summary_head(result);
    const auto room = [&] { return most_bytes - std::min(most_bytes, out.size()); };
    out += summary_section(result, "What did not pass", {Verdict::fail, Verdict::blocked}, room(),
                           replay);
    const auto no_command = [](const run::Outcome&) { return std::string(); };
    out += summary_section(result, "What was not run", {Verdict::not_run}, room(), no_command);
    out += summary_section(result, "What was skipped or is known",
                           {Verdict::deviates, Verdict::skip}, room(), no_command);
    return std::string(head_of(out, most_bytes));
}

}  // namespace meshproof::reports
