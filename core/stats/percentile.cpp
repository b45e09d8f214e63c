#include "core/stats/percentile.hpp"

#include <fmt/format.h>

#include <cmath>

namespace meshproof::stats {

std::uint64_t samples_needed(double percentile) {
    return static_cast<std::uint64_t>(std::ceil(std::log(0.05) / std::log(percentile / 100.0)));
}

std::optional<Interval> interval(const Histogram& histogram, double percentile) {
    if (histogram.count() < samples_needed(percentile)) {
        return std::nullopt;
    }
    // The normal approximation of the binomial distribution of the rank.
    const auto count = static_cast<double>(histogram.count());
    const auto share = percentile / 100.0;
    const auto reach = 1.96 * std::sqrt(share * (1 - share) / count) * 100.0;
    return Interval{histogram.at(std::max(percentile - reach, 0.0)),
                    histogram.at(std::min(percentile + reach, 100.0))};
}

std::string percentile_text(const Histogram& histogram, double percentile) {
    const auto range = interval(histogram, percentile);
    return range ? fmt::format("{} [{}, {}]", latency_text(histogram.at(percentile)),
                               latency_text(range->low), latency_text(range->high))
                 : fmt::format("needs {} samples, has {}", samples_needed(percentile),
                               histogram.count());
}

std::string latency_text(Duration duration) {
    const auto nanoseconds = static_cast<double>(duration.count());
    const auto in = [](double value, const char* unit) {
        return fmt::format("{:.{}f} {}", value, value < 9.995 ? 2 : value < 99.95 ? 1 : 0, unit);
    };
    return nanoseconds < 999.5e3   ? in(nanoseconds / 1e3, "us")
           : nanoseconds < 999.5e6 ? in(nanoseconds / 1e6, "ms")
                                   : in(nanoseconds / 1e9, "s");
}

}  // namespace meshproof::stats
