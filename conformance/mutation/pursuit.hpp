#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "conformance/mutation/play.hpp"

namespace meshproof::conformance::mutation {

/// What made an expectation fail before, in another check: where several come to one place, it is
/// tried first.
using Habits = std::map<At, std::set<std::string>>;

struct PursuitOptions {
    /// Every change of every answer to more than set-up, for the score; else only as many as it
    /// takes until every expectation was seen to fail.
    bool all = false;
    /// Plays after which an expectation counts as never seen to fail.
    std::size_t most_plays = 5000;
    /// Asked before each play: false ends the pursuit.
    std::function<bool(const run::Check& check, vault::Product product, const Change* change)>
        before;
    /// Expectations that need no pursuit, by what they say.
    std::function<bool(const run::Check& check, const Expectation& expectation)> excused;
    Habits* habits = nullptr;  ///< kept from check to check
};

/// What became of one expectation of one check.
struct Pursued {
    run::Expected what = run::Expected::holds;
    std::string text;          ///< what it says
    std::string failed_under;  ///< the change, after the product: "openbao 3 /data/ttl one more";
                               ///< "" = never
    std::size_t plays = 0;     ///< that were made for its sake
    bool excused = false;
};

/// Which changes a check noticed, and which not.
struct Score {
    std::size_t changes = 0, noticed = 0;
    std::size_t fine = 0;  ///< noticed ones of what an answer says, beside status and emptiness
};

struct CheckPursuit {
    std::string id;
    std::map<vault::Product, run::Verdict> verdicts;  ///< without a change
    std::map<vault::Product, std::string> reasons;    ///< where it did not pass
    std::map<At, Pursued> expectations;
    std::map<At, std::set<vault::Product>> branches;  ///< of Probe::on()
    std::size_t plays = 0;
    std::map<vault::Product, Score> scores;  ///< with `all`
    std::set<std::string> noticed;           ///< with `all`: request and change, without names
    std::vector<std::string> unmade;         ///< changes that found no place to be made

    [[nodiscard]] std::vector<At> never_failed() const;
    /// Branches that only one product took, though the check ran on both.
    [[nodiscard]] std::vector<At> half_taken() const;
};

[[nodiscard]] CheckPursuit pursue(Stage& stage, const run::Check& check,
                                  const PursuitOptions& options);

}  // namespace meshproof::conformance::mutation
