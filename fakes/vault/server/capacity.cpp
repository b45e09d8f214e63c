#include "fakes/vault/server/capacity.hpp"

#include <algorithm>

namespace meshproof::fakes::vault {
namespace {

/// The time that `share` of the requests do not take longer than.
Duration at(const ServiceTime& times, double share) {
    const auto above = std::ranges::find_if(
        times.points, [share](const ServiceTime::Point& point) { return point.share > share; });
    if (above == times.points.end()) {
        return times.points.empty() ? Duration::zero() : times.points.back().time;
    }
    if (above == times.points.begin()) {
        return above->time;
    }
    const auto& below = *std::prev(above);
    return below.time +
           part_of(above->time - below.time, (share - below.share) / (above->share - below.share));
}

}  // namespace

Capacity::Capacity(const FakeVaultOptions& options)
    : service_(options.sign_service_time),
      measured_(options.service_times),
      chance_(Prng(options.seed).fork("vault/capacity")),
      places_(measured_.workers > 0 ? measured_.workers
                                    : static_cast<std::size_t>(options.sign_concurrency)) {}

Duration Capacity::service_time(Work work) {
    return measured_.workers == 0
               ? service_
               : at(work == Work::login ? measured_.login : measured_.sign, chance_.unit());
}

Task<void> Capacity::serve(Clock& clock, Work work) {
    const auto now = clock.elapsed();
    const auto service = service_time(work);
    if (service == Duration::zero()) {
        co_return;  // what takes no time needs no place
    }
    auto done = now + service;
    if (!places_.empty()) {
        const auto place = std::ranges::min_element(places_);
        done = std::max(now, *place) + service;
        *place = done;
    }
    co_await clock.sleep_for(done - now);
}

}  // namespace meshproof::fakes::vault
