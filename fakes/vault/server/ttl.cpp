#include "fakes/vault/server/ttl.hpp"

#include <fmt/format.h>

namespace meshproof::fakes::vault {

std::string short_duration(Duration duration) {
    auto text = go_duration(duration);
    if (text.ends_with("m0s")) {
        text.resize(text.size() - 2);
    }
    if (text.ends_with("h0m")) {
        text.resize(text.size() - 2);
    }
    return text;
}

TtlRequest ttl_request(const AuthGrant& grant, const MountView& mount, Time now) {
    return {.ttl = grant.ttl,
            .period = grant.period,
            .max_ttl = grant.max_ttl,
            .explicit_max_ttl = grant.explicit_max_ttl,
            .mount_default = mount.default_lease_ttl,
            .mount_max = mount.max_lease_ttl,
            .issued = now,
            .now = now};
}

TtlGrant decide_ttl(const TtlRequest& request) {
    using std::chrono::floor;
    using std::chrono::seconds;
    const Time now = floor<seconds>(request.now);
    const Time issued = floor<seconds>(request.issued);

    auto max_ttl = request.mount_max;
    for (const auto limit : {request.max_ttl, request.explicit_max_ttl}) {
        if (limit > Duration{} && limit < max_ttl) {
            max_ttl = limit;
        }
    }

    TtlGrant grant;
    std::optional<Time> last;
    if (request.period > Duration{}) {
        grant.ttl = request.period;
        if (grant.ttl > max_ttl) {
            grant.warnings.push_back(fmt::format(
                "period of \"{}\" exceeded the effective max_ttl of \"{}\"; period value is "
                "capped accordingly",
                short_duration(grant.ttl), short_duration(max_ttl)));
            grant.ttl = max_ttl;
        }
        if (request.explicit_max_ttl > Duration{}) {
            last = issued + request.explicit_max_ttl;
        }
    } else {
        grant.ttl = request.increment > Duration{} ? request.increment
                    : request.ttl > Duration{}     ? request.ttl
                                                   : request.mount_default;
        last = issued + max_ttl;
    }
    if (last) {
        const auto left = *last - now;
        if (left <= Duration{}) {
            return {};
        }
        if (grant.ttl > left) {
            grant.warnings.push_back(
                fmt::format("TTL of \"{}\" exceeded the effective max_ttl of \"{}\"; TTL value is "
                            "capped accordingly",
                            short_duration(grant.ttl), short_duration(left)));
            grant.ttl = left;
        }
    }
    return grant;
}

}  // namespace meshproof::fakes::vault
