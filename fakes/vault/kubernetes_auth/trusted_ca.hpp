#pragma once

#include <map>
#include <string>

#include "core/time/time.hpp"

namespace meshproof::fakes::vault {

/// Which of a mount's configured CAs a node trusts. The active node has the newest at once. A
/// standby has what was there when it last looked: as it started, and every half minute after that
/// or after the mount was made (row 170).
class TrustedCa {
  public:
    explicit TrustedCa(Time made) : made_(made) {}

    /// From `now` on. What was loaded was configured at Time{}, before any node started.
    void configure(std::string pem, Time now);
    /// PEM; "" where a standby has found no configuration yet.
    [[nodiscard]] std::string at_standby(Time since, Time now) const;

  private:
    Time made_;
    std::map<Time, std::string> configured_;  ///< the newest, and those that a standby may have
};

}  // namespace meshproof::fakes::vault
