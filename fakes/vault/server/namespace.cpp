#include "fakes/vault/server/namespace.hpp"

namespace meshproof::fakes::vault {

namespace {

Lockout in_effect(const Lockout& tuned) {
    auto lockout = Lockout();
    if (tuned.threshold != 0) {
        lockout.threshold = tuned.threshold;
    }
    if (tuned.duration != Duration{}) {
        lockout.duration = tuned.duration;
    }
    if (tuned.counter_reset != Duration{}) {
        lockout.counter_reset = tuned.counter_reset;
    }
    lockout.disabled = tuned.disabled;
    return lockout;
}

}  // namespace

MountView MountEntry::view() const {
    return {path, default_ttl > Duration{} ? default_ttl : system_lease_ttl,
            max_ttl > Duration{} ? max_ttl : system_lease_ttl,
            lockout ? in_effect(*lockout) : Lockout()};
}

}  // namespace meshproof::fakes::vault
