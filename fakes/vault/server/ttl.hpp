#pragma once

#include <string>
#include <vector>

#include "core/time/time.hpp"
#include "fakes/vault/logical/backend.hpp"

namespace meshproof::fakes::vault {

/// What decides how long a token lives from now (row 63). Zero means "not given" everywhere.
struct TtlRequest {
    Duration increment{};
    Duration ttl{};  ///< the role's or the token's own
    Duration period{};
    Duration max_ttl{};  ///< the role's
    Duration explicit_max_ttl{};
    Duration mount_default{};
    Duration mount_max{};
    Time issued;  ///< caps count from here
    Time now;
};

/// Of a token that is made now by the grant of a mount's backend.
[[nodiscard]] TtlRequest ttl_request(const AuthGrant& grant, const MountView& mount, Time now);

struct TtlGrant {
    Duration ttl{};  ///< zero where the cap has passed
    std::vector<std::string> warnings;
};

[[nodiscard]] TtlGrant decide_ttl(const TtlRequest& request);

/// A duration as these warnings print it: `1h`, `30m`, `1h30m`.
[[nodiscard]] std::string short_duration(Duration duration);

}  // namespace meshproof::fakes::vault
