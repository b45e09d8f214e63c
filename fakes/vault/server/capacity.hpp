#pragma once

#include <vector>

#include "core/base/task.hpp"
#include "core/time/clock.hpp"
#include "core/time/time.hpp"

namespace meshproof::fakes::vault {

/// The work that a server can do at once: each request holds one of `concurrency` places for
/// `service`.
class Capacity {
  public:
    Capacity(Duration service, int concurrency)
        : service_(service), places_(static_cast<std::size_t>(concurrency)) {}

    [[nodiscard]] bool limited() const { return service_ > Duration{}; }
    /// Waits in line, then for the service time.
    [[nodiscard]] Task<void> serve(Clock& clock);

  private:
    Duration service_;
    std::vector<Duration>
        places_;  ///< when each is free again, as the clock's elapsed time; none = no limit
};

}  // namespace meshproof::fakes::vault
