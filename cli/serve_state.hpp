#pragma once

#include <boost/asio/thread_pool.hpp>
#include <cstdint>

#include "core/time/clock.hpp"
#include "core/time/signal.hpp"
#include "fakes/world/state_file.hpp"

namespace meshproof::cli {

/// The wish that a server ends.
struct Stop {
    Signal signal;  ///< also where somebody waits for the state
    bool asked = false;
};
/// Ends when that is asked.
[[nodiscard]] Task<Result<void>> stopped(Stop& stop);

/// Keeps what the fakes hold in the file of --state: now and then, where something may have
/// changed, and at the end. What is written is taken on the event loop, and written on a thread of
/// its own.
class StateKeeper {
  public:
    /// All of them outlive it.
    StateKeeper(fakes::StateFile& file, std::uint64_t seed, vault::Product product, Stop& stop)
        : file_(file), seed_(seed), product_(product), stop_(stop) {}

    /// Writes until the stop is asked, and then once more. `served` counts the requests. What
    /// cannot be written is a warning and tried again; at the end it is CannotGoOn.
    [[nodiscard]] Task<void> keep(fakes::FakeServers& servers, const std::size_t& served,
                                  Clock& clock);

    /// Ends when what the servers hold now is in the file, or could not be written.
    [[nodiscard]] Task<Result<void>> acknowledged();

  private:
    [[nodiscard]] Task<Result<void>> write(fakes::FakeServers& servers);
    [[nodiscard]] Task<Result<void>> wanted();

    fakes::StateFile& file_;
    std::uint64_t seed_;
    vault::Product product_;
    Stop& stop_;
    boost::asio::thread_pool writer_{1};
    // Writes are numbered: what was there before the n-th began is in the file when it has ended.
    std::uint64_t begun_ = 0, done_ = 0, wanted_ = 0;
    Result<void> last_;
    Signal finished_;
};

}  // namespace meshproof::cli
