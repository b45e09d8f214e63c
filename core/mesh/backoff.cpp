#include "core/mesh/backoff.hpp"

namespace meshproof::mesh {

Duration Backoff::after(Action action, const Schedule& schedule, Duration life) {
    const auto range = wait_after(action, schedule, life, refusals_);
    if (action != Action::retry_slowly) {
        ++refusals_;
    }
    return prng_.between(range.least, range.most);
}

}  // namespace meshproof::mesh
