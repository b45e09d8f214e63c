#include "perf/load/arrivals.hpp"

#include <algorithm>
#include <cmath>

#include "core/base/assert.hpp"
#include "core/mesh/schedule.hpp"
#include "core/time/prng.hpp"
#include "perf/load/seconds.hpp"

namespace meshproof::load {
namespace {

/// How many moments i / rate lie before `seconds`.
std::size_t before(double rate, double seconds) {
    // Rounding must not add one that falls on the end itself.
    constexpr double hair = 1e-9;
    return static_cast<std::size_t>(std::ceil(rate * seconds - hair));
}

std::vector<Duration> storm(std::size_t pods, Duration within, Prng chance) {
    std::vector<Duration> moments(pods);
    for (auto& moment : moments) {
        moment = part_of(within, chance.unit());
    }
    std::ranges::sort(moments);
    return moments;
}

/// Each pod somewhere in its leaf's life at the beginning, then again and again with jitter, as
/// agents renew.
std::vector<Duration> renewals(const Options& options, Duration end, Prng chance) {
    const mesh::Schedule schedule;
    const auto usual = part_of(options.leaf_ttl, schedule.renew_at);
    std::vector<Duration> moments;
    for (std::size_t pod = 0; pod < options.pods; ++pod) {
        for (auto at = part_of(usual, chance.unit()); at < end;) {
            moments.push_back(at);
            const auto jitter = schedule.renew_jitter * (2 * chance.unit() - 1);
            at += part_of(options.leaf_ttl, schedule.renew_at + jitter);
        }
    }
    std::ranges::sort(moments);
    return moments;
}

std::vector<Operation> draw_mix(const std::vector<Weight>& mix, std::size_t count, Prng chance) {
    double sum = 0;
    for (const auto& one : mix) {
        sum += one.weight;
    }
    std::vector<Operation> drawn(count);
    for (auto& operation : drawn) {
        auto left = chance.unit() * sum;
        const auto chosen = std::ranges::find_if(mix, [&left](const Weight& one) {
            left -= one.weight;
            return left < 0;
        });
        operation = (chosen == mix.end() ? mix.back() : *chosen).operation;
    }
    return drawn;
}

}  // namespace

Arrivals::Arrivals(const Options& options, std::uint64_t seed) : usual_(options.operation()) {
    const auto chance = Prng(seed).fork("arrivals");
    if (options.profile == Profile::cold_start) {
        drawn_.assign(options.pods, Duration::zero());
    } else if (options.profile == Profile::restart_storm) {
        end_ = options.within;
        drawn_ = storm(options.pods, end_, chance.fork("storm"));
    } else {
        warmup_ = options.warmup;
        end_ = options.warmup + options.duration;
    }
    if (options.profile == Profile::renewal) {
        drawn_ = renewals(options, end_, chance.fork("renewal"));
    }
    count_ = drawn_.size();
    if (!options.by_pods() && options.profile != Profile::renewal) {
        rate_ = options.rate;
        const auto seconds = in_seconds(options.duration);
        growth_ = (options.ramp_to.value_or(rate_) - rate_) / seconds;
        in_warmup_ = before(rate_, in_seconds(warmup_));
        count_ = in_warmup_ + before(rate_ + growth_ * seconds / 2, seconds);
    }
    if (options.profile == Profile::mixed) {
        operations_ = draw_mix(options.mix, count_, chance.fork("mix"));
    }
}

Duration Arrivals::at(std::size_t index) const {
    MESHPROOF_ASSERT(index < count_);
    if (!drawn_.empty()) {
        return drawn_[index];
    }
    if (index < in_warmup_) {
        return of_seconds(static_cast<double>(index) / rate_);
    }
    const auto number = static_cast<double>(index - in_warmup_);
    // By then rate * t + growth * t^2 / 2 were asked.
    const auto seconds = 2 * number / (rate_ + std::sqrt(rate_ * rate_ + 2 * growth_ * number));
    return warmup_ + of_seconds(seconds);
}

Operation Arrivals::operation(std::size_t index) const {
    return operations_.empty() ? usual_ : operations_[index];
}

double renewals_a_second(std::size_t pods, Duration life) {
    return static_cast<double>(pods) / in_seconds(part_of(life, mesh::Schedule{}.renew_at));
}

}  // namespace meshproof::load
