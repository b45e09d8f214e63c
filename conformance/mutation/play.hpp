#pragma once

#include <string>
#include <vector>

#include "conformance/mutation/change.hpp"
#include "core/check/check.hpp"
#include "core/run/result.hpp"

namespace meshproof::conformance::mutation {

/// Where checks are played, again and again, each time from the beginning.
class Stage {
  public:
    Stage() = default;
    Stage(const Stage&) = delete;
    Stage& operator=(const Stage&) = delete;
    virtual ~Stage() = default;
    [[nodiscard]] virtual run::Outcome play(const run::Check& check, vault::Product product,
                                            run::Witness& witness) = 0;
    /// Those of the servers of the play under way.
    [[nodiscard]] virtual std::vector<crypto::Key> keys() = 0;
};

/// A place in the source: "conformance/vault/pki/sign/ttl.cpp:44". Two on one line are told apart
/// by their columns.
struct At {
    std::string file;
    unsigned line = 0, column = 0;
    friend auto operator<=>(const At&, const At&) = default;
    [[nodiscard]] std::string text() const { return fmt::format("{}:{}", file, line); }
};
[[nodiscard]] At at(const run::Place& place);

/// What was expected at a place, as it came in a play.
struct Expectation {
    At at;
    run::Expected what = run::Expected::holds;
    bool held = false;
    std::string text{}, told{};
    std::optional<std::size_t> exchange{};
    std::size_t answered = 0;  ///< answers before it
    std::size_t hash = 0;      ///< of the value that came, where it is about one
    std::string value{};       ///< that value, cut
};

struct Play {
    run::Outcome outcome;
    std::vector<Expectation> expectations;  ///< in the order of the play
    std::vector<At> took;                   ///< where Probe::on() was asked
    std::vector<Seen> seen;
    std::vector<Call> calls;
    bool stand_ins = false;  ///< the probe served something itself
    bool applied = false;    ///< the change was made

    [[nodiscard]] bool noticed() const {
        return outcome.verdict == run::Verdict::fail || outcome.verdict == run::Verdict::blocked;
    }
};

/// Plays the check with one change, or with none.
[[nodiscard]] Play play(Stage& stage, const run::Check& check, vault::Product product,
                        const Change* change = nullptr);

}  // namespace meshproof::conformance::mutation
