// What is said of results: failures, skips, and what a policy allows and requires.
#include <algorithm>

#include "core/base/answer.hpp"
#include "core/base/text.hpp"
#include "reports/gate/judge.hpp"
#include "reports/html/parts.hpp"

namespace meshproof::reports::gate {
namespace {

using run::Verdict;

std::string subject_of(const Source& source, const run::Outcome& outcome) {
    return fmt::format("{} on {}", outcome.id, source.result.target);
}

std::string why_unfinished(const run::RunResult& result) {
    if (!result.problem.empty()) {
        return one_line(result.problem);
    }
    return result.ended_early && !result.interrupted
               ? fmt::format("--{} ended the run", run::to_string(*result.ended_early))
               : "the run was interrupted";
}

/// Only fakes are the same elsewhere: a live target's file is not in its report.
std::string replay_of(const Source& source, const run::Outcome& outcome) {
    const auto& result = source.result;
    if (!source.again.empty()) {
        return source.again;
    }
    if (result.setting == run::Setting::live || result.command == run::Command::load) {
        return {};
    }
    const bool vault = std::ranges::any_of(
        result.servers, [](const auto& server) { return server.product == "fake vault"; });
    return fmt::format("meshproof {} {} --target {} --seed {}{}", run::to_string(result.command),
                       pages::shell_word(outcome.id), run::to_string(result.setting), result.seed,
                       vault ? " --product vault" : "");
}

/// The expectations that did not hold, each by its words.
std::vector<std::string> expectations_of(const run::Outcome& outcome) {
    return outcome.failures.empty() ? std::vector{outcome.reason} : outcome.failures;
}

std::string day_before(Time until) {
    return rfc3339(until - std::chrono::days(1)).substr(0, std::string_view("2027-03-31").size());
}

/// One list of a policy's allowances, and what each allowed.
class Allowed {
  public:
    Allowed(const std::vector<Allowance>& list, Time today) : list_(list), today_(today) {
        uses_.resize(list.size());
    }

    /// Whether one allows it. `expectation`: "" for a skip.
    bool allows(const Source& source, const run::Outcome& outcome, std::string_view expectation) {
        ended_.clear();
        bool found = false;
        for (std::size_t i = 0; i < list_.size(); ++i) {
            const auto& one = list_[i];
            if (!means(one.scope.id, outcome.id) ||
                !is_or_any(one.scope.target, source.result.target) ||
                (!expectation.empty() && !fits_pattern(one.expectation, expectation))) {
                continue;
            }
            if (one.until && today_ >= *one.until) {
                ended_ = fmt::format("; its allowance in line {} ended on {}", one.where.line,
                                     day_before(*one.until));
                continue;
            }
            ++uses_[i];
            found = true;
        }
        return found;
    }
    /// Of what was not allowed: that it once was; "" where it never was.
    [[nodiscard]] const std::string& ended() const { return ended_; }

    /// A line an allowance: what it allowed, or that it can go.
    void tell(std::vector<RuleResult>& rules) const {
        for (std::size_t i = 0; i < list_.size(); ++i) {
            const auto& one = list_[i];
            RuleResult out{uses_[i] == 0 ? Answer::note : Answer::holds, "allowance", one.where,
                           one.scope.id};
            if (uses_[i] > 0) {
                out.measured =
                    fmt::format("allows {}: {}{}", uses_[i], one_line(one.reason),
                                one.until ? " (until " + day_before(*one.until) + ")" : "");
            } else if (one.until && today_ >= *one.until) {
                out.measured = fmt::format("ended on {}; take it away", day_before(*one.until));
            } else {
                out.measured = "allows nothing in these reports";
            }
            rules.push_back(std::move(out));
        }
    }

  private:
    const std::vector<Allowance>& list_;
    Time today_;
    std::vector<std::size_t> uses_;
    std::string ended_;
};

/// Goes through all results once.
class ResultsJudge {
  public:
    ResultsJudge(const Policy& policy, Time today)
        : policy_(policy), deviations_(policy.deviations, today), skips_(policy.skips, today) {}

    void look_at(const Source& source) {
        if (source.result.interrupted || source.result.ended_early ||
            !source.result.problem.empty()) {
            add(Answer::undecided, "unfinished", 1,
                fmt::format("{} on {}", command_of(source), source.result.target),
                why_unfinished(source.result));
        }
        for (const auto& outcome : source.result.outcomes) {
            ++seen_;
            look_at(source, outcome);
        }
    }

    std::vector<RuleResult> rules() && {
        if (rules_.empty() && seen_ > 0) {
            rules_.push_back({Answer::holds,
                              "results",
                              {1, "results"},
                              "all reports",
                              passed_ == seen_
                                  ? fmt::format("{} of {}", passed_,
                                                counted(seen_, "result passes", "results pass"))
                                  : fmt::format("{} of {}, the others are allowed", passed_,
                                                counted(seen_, "result passes", "results pass"))});
        }
        deviations_.tell(rules_);
        skips_.tell(rules_);
        return std::move(rules_);
    }

  private:
    void look_at(const Source& source, const run::Outcome& outcome) {
        const auto subject = subject_of(source, outcome);
        switch (outcome.verdict) {
            case Verdict::pass:
                ++passed_;
                return;
            case Verdict::blocked:
            case Verdict::not_run:
                add(Answer::undecided, "blocked", 1, subject, one_line(outcome.reason)).replay =
                    replay_of(source, outcome);
                return;
            case Verdict::skip:
                if (!skips_.allows(source, outcome, "")) {
                    add(Answer::broken, "skip", policy_.skips_line, subject,
                        fmt::format("skipped: {}", one_line(outcome.reason)))
                        .wanted = "not skipped, or a reason under skips" + skips_.ended();
                }
                return;
            case Verdict::fail:
            case Verdict::deviates:
                look_at_failures(source, outcome, subject);
                return;
        }
    }

    /// What the target's file calls a deviation is none here: it hides whatever else fails.
    void look_at_failures(const Source& source, const run::Outcome& outcome,
                          const std::string& subject) {
        for (const auto& expectation : expectations_of(outcome)) {
            const auto words = one_line(expectation);
            if (deviations_.allows(source, outcome, words.empty() ? "failed" : words)) {
                continue;
            }
            auto& rule = add(Answer::broken, "failure", policy_.deviations_line, subject, words);
            rule.wanted = "that it holds, or a reason under deviations" + deviations_.ended();
            rule.replay = replay_of(source, outcome);
        }
    }

    RuleResult& add(Answer answer, std::string kind, int line, std::string subject,
                    std::string measured) {
        const Where where{line, kind == "skip"      ? "skips"
                                : kind == "failure" ? "deviations"
                                                    : "results"};
        return rules_.emplace_back(
            RuleResult{answer, std::move(kind), where, std::move(subject), std::move(measured)});
    }

    const Policy& policy_;
    Allowed deviations_, skips_;
    std::vector<RuleResult> rules_;
    std::size_t seen_ = 0, passed_ = 0;
};

RuleResult judge_required(const Required& rule, const std::vector<Source>& reports) {
    std::size_t passed = 0, unknown = 0, there = 0;
    for (const auto& source : reports) {
        if (!is_or_any(rule.scope.target, source.result.target)) {
            continue;
        }
        for (const auto& outcome : source.result.outcomes) {
            if (means(rule.scope.id, outcome.id)) {
                ++there;
                passed += outcome.verdict == Verdict::pass ? 1 : 0;
                unknown += outcome.verdict == Verdict::blocked ? 1 : 0;
                unknown += outcome.verdict == Verdict::not_run ? 1 : 0;
            }
        }
    }
    RuleResult out{passed >= rule.least             ? Answer::holds
                   : passed + unknown >= rule.least ? Answer::undecided
                                                    : Answer::broken,
                   "require", rule.where, rule.scope.id};
    out.subject += rule.scope.target.empty() ? "" : " on " + rule.scope.target;
    out.measured = there == 0 ? "not in the reports" : fmt::format("{} of {} pass", passed, there);
    out.wanted = fmt::format("at least {}", rule.least);
    return out;
}

}  // namespace

std::vector<RuleResult> judge_results(const Policy& policy, const std::vector<Source>& reports,
                                      Time today) {
    ResultsJudge judge(policy, today);
    for (const auto& source : reports) {
        judge.look_at(source);
    }
    auto rules = std::move(judge).rules();
    for (const auto& rule : policy.required) {
        rules.push_back(judge_required(rule, reports));
    }
    return rules;
}

}  // namespace meshproof::reports::gate
