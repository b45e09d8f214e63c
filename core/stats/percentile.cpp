#include "core/stats/percentile.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "core/base/assert.hpp"

namespace meshproof::stats {
namespace {

constexpr double risk = 0.05;

/// The order statistics between which a percentile lies; `low` 0 is below all of them.
struct Ranks {
    std::uint64_t low = 0, high = 0;
};

/// How likely it is that k of n samples are below the percentile, for the k around the likeliest
/// beyond which nothing counts. Built outwards by the ratio of neighbours, so that n may be large.
struct Binomial {
    std::uint64_t first = 0;
    std::vector<double> weights;  ///< of `first`, `first` + 1, …; they sum to one
};

Binomial binomial(std::uint64_t n, double share) {
    constexpr double negligible = 1e-18;
    const auto count = static_cast<double>(n);
    const auto odds = share / (1 - share);
    const auto mode = std::min(n, static_cast<std::uint64_t>((count + 1) * share));
    std::vector<double> below;
    double weight = 1;
    for (auto k = mode; k > 0 && weight > negligible; --k) {
        const auto at = static_cast<double>(k);
        weight *= at / (count - at + 1) / odds;
        below.push_back(weight);
    }
    Binomial found{mode - below.size(), {below.rbegin(), below.rend()}};
    weight = 1;
    found.weights.push_back(weight);
    for (auto k = mode; k < n && weight > negligible; ++k) {
        const auto at = static_cast<double>(k);
        weight *= (count - at) / (at + 1) * odds;
        found.weights.push_back(weight);
    }
    double sum = 0;
    for (const auto each : found.weights) {
        sum += each;
    }
    for (auto& each : found.weights) {
        each /= sum;
    }
    return found;
}

/// The percentile is between the samples `low` and `high` unless fewer than `low` or at least
/// `high` of them are below it.
Ranks ranks_of(std::uint64_t n, double share) {
    const auto [first, weights] = binomial(n, share);
    auto high = first + weights.size();
    double above = 0;
    while (high > first && above + weights[high - 1 - first] <= risk / 2) {
        above += weights[--high - first];
    }
    if (high > n) {
        high = n;
        above = weights.back();
    }
    auto low = first;
    double under = 0;
    const auto left = std::min(risk / 2, risk - above);
    while (low - first < weights.size() && under + weights[low - first] <= left) {
        under += weights[low++ - first];
    }
    return {low, high};
}

}  // namespace

std::uint64_t samples_needed(double percentile) {
    MESHPROOF_ASSERT(percentile > 0 && percentile < 100, "percentile {}", percentile);
    const auto share = percentile / 100;
    const auto bounded = [share](double n) { return 1 - std::pow(share, n) >= 1 - risk; };
    auto n = std::max(1.0, std::ceil(std::log(risk) / std::log(share)));
    // The logarithms are rounded; the rule itself decides.
    while (!bounded(n)) {
        ++n;
    }
    while (n > 1 && bounded(n - 1)) {
        --n;
    }
    return static_cast<std::uint64_t>(n);
}

std::optional<Interval> interval(const Histogram& histogram, double percentile) {
    if (histogram.count() < samples_needed(percentile)) {
        return std::nullopt;
    }
    const auto [low, high] = ranks_of(histogram.count(), percentile / 100);
    return Interval{low == 0 ? Duration::zero() : histogram.at_rank(low).low,
                    histogram.at_rank(high).high};
}

std::string percentile_text(const Histogram& histogram, double percentile) {
    const auto bounds = interval(histogram, percentile);
    if (!bounds) {
        return fmt::format("needs {} samples, has {}", samples_needed(percentile),
                           histogram.count());
    }
    const auto inside = histogram.count() - histogram.beyond();
    if (nearest_rank(percentile, histogram.count()) > inside) {
        return "over " + latency_text(histogram.range());
    }
    return fmt::format("{} [{}, {}]", latency_text(histogram.at(percentile)),
                       latency_text(bounds->low), latency_text(bounds->high));
}

std::string latency_text(Duration duration) {
    struct Unit {
        std::string_view name;
        double nanoseconds;
        double next;  ///< how many of it are one of the next
    };
    constexpr std::array units = {Unit{"us", 1e3, 1e3}, Unit{"ms", 1e6, 1e3}, Unit{"s", 1e9, 60},
                                  Unit{"min", 60e9, 60}, Unit{"h", 3600e9, 0}};
    for (const auto& unit : units) {
        const auto value = static_cast<double>(duration.count()) / unit.nanoseconds;
        const int digits = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
        const auto text = fmt::format("{:.{}f}", value, digits);
        if (unit.next == 0 || std::stod(text) < unit.next) {
            return fmt::format("{} {}", text, unit.name);
        }
    }
    return {};
}

}  // namespace meshproof::stats
