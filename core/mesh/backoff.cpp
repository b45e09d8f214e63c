#include "core/mesh/backoff.hpp"

namespace meshproof::mesh {

Duration Backoff::after(Action action, const Schedule& schedule, Duration life,
                        std::optional<Duration> told) {
    auto range = wait_after(action, schedule, life, refusals_);
    if (told) {
        range = no_sooner(range, *told, life);
    }
    if (action != Action::retry_slowly) {
        ++refusals_;
    }
    return prng_.between(range.least, range.most);
}

}  // namespace meshproof::mesh
