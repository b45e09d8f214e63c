#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "reports/gate/policy.hpp"
#include "reports/gate/source.hpp"

namespace meshproof::reports::gate {

/// What came of a rule.
enum class Answer {
    broken,     ///< the change stops
    undecided,  ///< no data, or blocked: never counted as held
    note,       ///< told, and stops nothing
    holds,
};
inline constexpr std::array all_answers = {Answer::broken, Answer::undecided, Answer::note,
                                           Answer::holds};
[[nodiscard]] std::string_view to_string(Answer answer);

/// One rule's answer: a line of what the gate says.
struct RuleResult {
    Answer answer = Answer::undecided;
    std::string kind{};      ///< "failure", "skip", "response", …: what kinds() names
    Where where{};           ///< the rule in the policy
    std::string subject{};   ///< "lifecycle/ca-deletion on sim": what it was asked of
    std::string measured{};  ///< what was found
    std::string wanted{};    ///< what the rule wants; "" where `measured` says all
    std::string replay{};    ///< the command that plays it again; "" where there is none

    /// The same for the same problem in another run: kind, subject, and of a failure its words.
    [[nodiscard]] std::string fingerprint() const;
};

/// A kind of rule, for people.
struct RuleKind {
    std::string_view kind, says;
};
[[nodiscard]] const std::vector<RuleKind>& kinds();

/// Everything that the gate says, in every format from this value.
struct Judgement {
    std::string policy{};  ///< its path
    std::string name{};
    std::vector<std::string> reports{};  ///< "out/run: run of sim: 27 scenarios: 27 pass, …"
    std::size_t baseline = 0;            ///< how many reports
    std::size_t results = 0;             ///< how many were judged
    std::vector<RuleResult> rules{};     ///< what is broken first

    [[nodiscard]] std::size_t count(Answer answer) const;
};

/// 0 nothing is broken · 1 a rule is broken · 3 none is, but one could not be judged · 4 the
/// reports hold no results.
[[nodiscard]] int exit_code(const Judgement& judgement);
/// "go", "stop", "undecided" or "nothing", for the same four.
[[nodiscard]] std::string_view verdict_of(const Judgement& judgement);

/// `today` decides which allowances have ended.
[[nodiscard]] Judgement judge(const Policy& policy, const std::vector<Source>& reports,
                              const std::vector<Source>& baseline, Time today);

// The parts of it.

/// Failures, blocked results, skips, what is required, and what the allowances did.
[[nodiscard]] std::vector<RuleResult> judge_results(const Policy& policy,
                                                    const std::vector<Source>& reports, Time today);
/// The thresholds on loads.
[[nodiscard]] std::vector<RuleResult> judge_loads(const Policy& policy,
                                                  const std::vector<Source>& reports);
[[nodiscard]] std::vector<RuleResult> judge_trends(const Policy& policy,
                                                   const std::vector<Source>& reports,
                                                   const std::vector<Source>& baseline);

}  // namespace meshproof::reports::gate
