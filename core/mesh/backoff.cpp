#include "core/mesh/backoff.hpp"

namespace meshproof::mesh {
namespace {

Duration part_of(Duration life, double ratio) {
    return std::chrono::duration_cast<Duration>(life * ratio);
}

}  // namespace

Duration Backoff::first(const ControlPlaneOptions& options, Duration life) {
    constexpr Duration least = std::chrono::milliseconds(50);
    return std::max(least, part_of(life, options.backoff_first));
}

Duration Backoff::most(const ControlPlaneOptions& options, Duration life) {
    return std::max(first(options, life), part_of(life, options.backoff_most));
}

Duration Backoff::next(const ControlPlaneOptions& options, Duration life) {
    constexpr int last_step =
        30;  // 2^30 first steps are more than any ratio of two parts of a life
    const auto shortest = first(options, life);
    const auto longest = most(options, life);
    const auto doubled = shortest * (std::int64_t{2} << step_);
    const auto high = std::min(longest, doubled);
    step_ = std::min(step_ + (doubled < longest ? 1 : 0), last_step);
    return prng_.between(std::max(shortest, high / 2), high);
}

Duration Backoff::slow(const ControlPlaneOptions& options, Duration life) {
    const auto longest = most(options, life);
    return prng_.between(longest, longest + first(options, life));
}

}  // namespace meshproof::mesh
