#include "fakes/vault/pki/timers.hpp"

#include <algorithm>

#include "fakes/vault/pki/ground/crl.hpp"
#include "fakes/vault/pki/revoke/tidy.hpp"

namespace meshproof::fakes::vault::pki {

namespace {

// The real servers' rollback manager calls every mount once a minute.
constexpr Duration period = std::chrono::minutes(1);

// The first of the mount's looks at or after `time`.
Time next_look(const Mount& mount, Time time) {
    const auto since = time - *mount.timers.started;
    const auto looks = since <= Duration{} ? 0 : (since + period - Duration(1)) / period;
    return std::max(*mount.timers.started + looks * period, mount.timers.last_look + period);
}

Duration length(const std::string& text) {
    return parse_duration(text).value_or(Duration{});
}

std::optional<Time> rebuild_due(const Mount& mount) {
    const auto& config = mount.crl_config;
    if (!config.auto_rebuild || config.disable) {
        return std::nullopt;
    }
    std::optional<Time> first;
    for (const auto& [name, pair] : mount.crls) {
        const auto due = pair.expires - length(config.auto_rebuild_grace_period);
        first = first ? std::min(*first, due) : due;
    }
    // Strictly within the grace period.
    return first ? std::optional(next_look(mount, *first + Duration(1))) : std::nullopt;
}

std::optional<Time> delta_due(const Mount& mount) {
    const auto& config = mount.crl_config;
    if (!config.enable_delta || !config.auto_rebuild || config.disable) {
        return std::nullopt;
    }
    return next_look(mount,
                     mount.timers.last_delta + length(mount.crl_config.delta_rebuild_interval));
}

std::optional<Time> tidy_due(const Mount& mount) {
    if (!mount.auto_tidy.is_object() || mount.auto_tidy["enabled"] != true) {
        return std::nullopt;
    }
    const std::chrono::seconds interval(mount.auto_tidy["interval_duration"].get<std::int64_t>());
    return interval.count() <= 0
               ? std::nullopt
               : std::optional(next_look(mount, mount.timers.last_tidy + interval));
}

bool reached(const std::optional<Time>& due, Time now) {
    return due && *due <= now;
}

}  // namespace

void run_timers(Mount& mount, Time now) {
    auto& timers = mount.timers;
    if (!timers.started) {
        timers = {now, now, now, now};
        return;
    }
    while (true) {
        const auto rebuild = rebuild_due(mount), delta = delta_due(mount), tidy = tidy_due(mount);
        auto look = Time::max();
        for (const auto& due : {rebuild, delta, tidy}) {
            look = std::min(look, due.value_or(Time::max()));
        }
        if (look > now) {
            return;
        }
        timers.last_look = look;
        if (reached(rebuild, look)) {
            rebuild_crls(mount, look);
        }
        if (reached(delta, look)) {
            timers.last_delta = look;
            if (deltas_lag(mount)) {
                rebuild_delta_crls(mount, look);
            } else {
                // Looks without anything to do may be many: up to the last one before now.
                const auto step =
                    next_look(mount, look + length(mount.crl_config.delta_rebuild_interval)) - look;
                const auto last = look + (now - look) / step * step;
                if (!rebuild && !tidy) {
                    timers.last_delta = timers.last_look = last;
                }
            }
        }
        if (reached(tidy, look)) {
            tidy_automatically(mount, look);
            timers.last_tidy = look;
        }
    }
}

}  // namespace meshproof::fakes::vault::pki
