#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "conformance/mutation/pursuit.hpp"
#include "conformance/mutation/reasons.hpp"

namespace meshproof::conformance::mutation {

/// What a run over many checks came to.
struct MutationResult {
    std::string command;  ///< that reproduces it
    /// Every change was tried of one check of so many, and of each topic one at least: there are
    /// scores; 0 = of none.
    std::size_t score_share = 0;
    bool whole = false;  ///< every check was played
    std::vector<CheckPursuit> checks;
    std::vector<At> unreached;  ///< expectations in the source that no check came to, with `whole`

    /// Expectations never seen to fail that no reason is given for: one line each.
    [[nodiscard]] std::vector<std::string> unexplained(const std::vector<Reason>& among) const;
    /// Reasons given for what was seen to fail, or is not there any more. Needs `whole`.
    [[nodiscard]] std::vector<std::string> stale(const std::vector<Reason>& among) const;
    /// Branches of `probe.on()` that one product alone ever took, though the check ran on both.
    [[nodiscard]] std::vector<std::string> half_taken() const;
    /// Checks that did not pass without a change, on either product.
    [[nodiscard]] std::vector<std::string> not_passed() const;
};

/// A check whose every noticed change is noticed by another of its topic, too: a hint.
struct Implied {
    std::string check, by;
};
[[nodiscard]] std::vector<Implied> implied(const std::vector<CheckPursuit>& checks);
/// Checks that notice a status or an empty answer at most, though the answers say more.
[[nodiscard]] std::vector<std::string> weak(const std::vector<CheckPursuit>& checks);

[[nodiscard]] std::string to_markdown(const MutationResult& result,
                                      const std::vector<Reason>& among);
[[nodiscard]] nlohmann::json to_json(const MutationResult& result,
                                     const std::vector<Reason>& among);

}  // namespace meshproof::conformance::mutation
