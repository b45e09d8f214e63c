#include "fakes/vault/server/capacity.hpp"

#include <algorithm>

namespace meshproof::fakes::vault {

Task<void> Capacity::serve(Clock& clock) {
    const auto now = clock.elapsed();
    auto done = now + service_;
    if (!places_.empty()) {
        const auto place = std::ranges::min_element(places_);
        done = std::max(now, *place) + service_;
        *place = done;
    }
    co_await clock.sleep_for(done - now);
}

}  // namespace meshproof::fakes::vault
