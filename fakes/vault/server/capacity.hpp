#pragma once

#include <vector>

#include "core/base/task.hpp"
#include "core/time/clock.hpp"
#include "core/time/prng.hpp"
#include "core/time/time.hpp"
#include "fakes/vault/options.hpp"

namespace meshproof::fakes::vault {

/// The work that a server can do at once: each request holds one of its places for a service time,
/// which is always the same or drawn from a measured distribution.
class Capacity {
  public:
    enum class Work { login, sign };

    explicit Capacity(const FakeVaultOptions& options);

    [[nodiscard]] bool limited() const { return measured_.workers > 0 || service_ > Duration{}; }
    /// Waits in line, then for the service time.
    [[nodiscard]] Task<void> serve(Clock& clock, Work work);

  private:
    [[nodiscard]] Duration service_time(Work work);

    Duration service_;
    ServiceTimes measured_;
    Prng chance_;
    std::vector<Duration>
        places_;  ///< when each is free again, as the clock's elapsed time; none = no limit
};

}  // namespace meshproof::fakes::vault
