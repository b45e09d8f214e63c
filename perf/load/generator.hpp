#pragma once

#include <functional>
#include <memory>

#include "core/run/ending.hpp"
#include "perf/load/arrivals.hpp"
#include "perf/load/measured.hpp"
#include "perf/load/metrics.hpp"
#include "perf/load/signing_path.hpp"
#include "perf/load/verify.hpp"

namespace meshproof::load {

/// What a generator works with. All of it outlives the generator.
struct Supplies {
    run::Environment& environment;
    const Options& options;
    const Arrivals& arrivals;
    const Pool& pool;
    const SigningPath& path;
    const mesh::Asked& asked;  ///< for what troubles mean
    Verifier& verifier;
    std::uint64_t seed = 1;
    run::Stopping* stopping = nullptr;
    std::function<void(const Progress&)> on_second;  ///< may be empty
    Live* live = nullptr;                            ///< asks while it runs, where there is one
};

/// Sends what the schedule says when it says so (open loop): a slow server changes nothing in it.
/// Up to `connections` transactions are under way at once; what is due while all are busy waits in
/// a queue, in order, and its response time goes on.
///
/// On a real clock one timer tick of 500 us sends all that has become due; in virtual time each is
/// sent at its moment. Ends when the last has ended, at the latest one time limit after the
/// schedule: what is left is `unfinished`. On a stop, nothing more is asked and what is under way
/// has two seconds.
[[nodiscard]] Task<Measured> generate(Supplies supplies);

}  // namespace meshproof::load
