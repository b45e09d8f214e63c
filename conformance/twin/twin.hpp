#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "conformance/twin/coverage.hpp"
#include "conformance/twin/shrink.hpp"
#include "core/run/result.hpp"

namespace meshproof::twin {

struct TwinOptions {
    std::vector<const Topic*> topics;  ///< in turn
    std::uint64_t seed = 1;
    std::string run_id;
    vault::Product product = vault::Product::openbao;  ///< of a Vault
    Known known;
    std::size_t requests = 0;       ///< to each server; 0 = no limit
    Duration limit{};               ///< zero = none
    std::size_t most_shrunk = 300;  ///< findings; further ones are told as they were drawn
    ShrinkOptions shrink;
    Waiting waiting;               ///< about long waits of written stories
    std::vector<Story> written{};  ///< of the caller's, beside those of the topics
    /// One in so many drawn stories is a stranger's (stranger.hpp); 0 = none is. Of a Vault.
    std::size_t strangers = 0;
    bool children = true;  ///< a stranger may be of a child namespace, where there are such
    bool until_first_difference = false;  ///< that nothing explains
    std::function<bool()> stopping = [] { return false; };
    std::function<void(std::size_t requests, std::size_t findings)> on_progress =
        [](std::size_t, std::size_t) {};
};

/// A difference that nothing explains, as small as it could be made.
struct Finding {
    Difference difference;
    Step step;  ///< whose answers differ
    Story story;
    std::vector<run::Exchange> exchanges;
    std::size_t times = 1;  ///< stories in which it came up
    std::size_t tried = 0;  ///< stories that were played to shrink it
    bool steady = true;     ///< it came up again when the same story was played again
};

/// A story that is written, and what came of it.
struct WrittenStory {
    std::string topic, name, what;
    std::vector<std::string> differences{};  ///< in one line each
};

struct KnownFound {
    std::string reason;
    std::size_t times = 0;
};

struct TwinResult {
    Description description;
    std::string real_version, fake_version;
    Coverage coverage;
    std::vector<Finding> findings;            ///< in the order in which they came up
    std::vector<WrittenStory> written;        ///< those that were played
    std::map<std::string, KnownFound> known;  ///< by signature
    std::size_t requests = 0, stories = 0;    ///< shrinking not counted
    std::vector<std::string> left;            ///< what could not be removed, and why
    std::vector<std::string> not_waited;      ///< written stories whose end the fake alone lived
    std::size_t not_tried_yet = 0;            ///< that the agendas still held, of all rounds
    std::uint64_t seed = 0;
    Duration took{};
    bool interrupted = false;
};

/// Reads the real server's description of itself and plays stories of it on both servers until a
/// limit. Everything it makes carries the run's mark, and is removed. Throws CannotGoOn where the
/// real server cannot be asked. `result` is filled as it goes, so that a run that ends early has
/// told what it saw; its coverage points into its description.
[[nodiscard]] Task<void> play_twin(Clock& clock, http::Transport& wire, const Dialect& dialect,
                                   Side real, Side fake, TwinOptions options, TwinResult& result);

/// The finding in one line: what differs, and how.
[[nodiscard]] std::string headline(const Finding& finding);
/// One row an operation, for reports: docs/report.md.
[[nodiscard]] std::vector<run::Outcome> rows_of(const TwinResult& result);

}  // namespace meshproof::twin
