#include "reports/gate/judge.hpp"

#include <algorithm>

#include "reports/report.hpp"

namespace meshproof::reports::gate {

std::string_view to_string(Answer answer) {
    switch (answer) {
        case Answer::broken:
            return "broken";
        case Answer::undecided:
            return "undecided";
        case Answer::note:
            return "note";
        case Answer::holds:
            return "holds";
    }
    return {};
}

std::string RuleResult::fingerprint() const {
    // What was measured is different each time; the words of a failed expectation are its name.
    const bool by_words = kind == "failure";
    return fmt::format("{} {} {}{}{}", kind, where.place, subject, by_words ? " " : "",
                       by_words ? std::string_view(measured) : std::string_view());
}

const std::vector<RuleKind>& kinds() {
    static const std::vector<RuleKind> all = {
        {"failure", "Every expectation holds, or is listed under deviations with a reason."},
        {"blocked", "Every result could be found out."},
        {"unfinished", "Every run was begun and ran to its end."},
        {"skip", "Every skip is listed under skips with a reason."},
        {"results", "All results, taken together."},
        {"require", "What is required is in the reports, and passes."},
        {"allowance", "What an allowance allowed; one that allows nothing can go."},
        {"response", "A percentile of the response time keeps its bound."},
        {"errors", "The share of transactions that failed or did not end keeps its bound."},
        {"rate", "As many transactions are done a second as are wanted."},
        {"cpu_per_leaf", "The server's CPU time a leaf keeps its bound."},
        {"trend", "It is no worse than the baseline by more than the margin."},
    };
    return all;
}

std::size_t Judgement::count(Answer answer) const {
    return static_cast<std::size_t>(
        std::ranges::count(rules, answer, [](const RuleResult& rule) { return rule.answer; }));
}

int exit_code(const Judgement& judgement) {
    if (judgement.count(Answer::broken) > 0) {
        return 1;
    }
    if (judgement.count(Answer::undecided) > 0) {
        return 3;
    }
    return judgement.results == 0 ? 4 : 0;
}

std::string_view verdict_of(const Judgement& judgement) {
    switch (exit_code(judgement)) {
        case 0:
            return "go";
        case 1:
            return "stop";
        case 3:
            return "undecided";
        default:
            return "nothing";
    }
}

Judgement judge(const Policy& policy, const std::vector<Source>& reports,
                const std::vector<Source>& baseline, Time today) {
    Judgement out;
    out.policy = policy.path;
    out.name = policy.name;
    out.baseline = baseline.size();
    for (const auto& source : reports) {
        out.results += source.result.outcomes.size();
        out.reports.push_back(
            fmt::format("{}: {} of {}: {}", source.path, command_of(source), source.result.target,
                        source.told.empty() ? summary_line(source.result) : source.told));
    }
    const std::array parts = {judge_results(policy, reports, today), judge_loads(policy, reports),
                              judge_trends(policy, reports, baseline)};
    for (const auto answer : all_answers) {
        for (const auto& part : parts) {
            std::ranges::copy_if(part, std::back_inserter(out.rules),
                                 [answer](const auto& rule) { return rule.answer == answer; });
        }
    }
    return out;
}

}  // namespace meshproof::reports::gate
