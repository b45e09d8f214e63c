#include "perf/load/find_max.hpp"

#include <algorithm>
#include <cmath>

#include "core/stats/percentile.hpp"

namespace meshproof::load {
namespace {

/// How far above the first rate it looks.
constexpr double farthest = 64;
constexpr double near_enough = 0.05;
constexpr double lowest_rate = 1;

/// A server that answers fewer than are asked is beyond its knee, whatever its latency was so far.
constexpr double kept_up = 0.98;

Duration step_length(const Options& options, double rate) {
    double needed = 0;
    for (const auto& latency : options.slo.latencies) {
        needed = std::max(needed, static_cast<double>(stats::samples_needed(latency.percentile)));
    }
    const auto for_samples = std::chrono::duration<double>(std::ceil(1.1 * needed / rate));
    return std::max(options.duration, std::chrono::duration_cast<Duration>(for_samples));
}

}  // namespace

MaxSearch::MaxSearch(Options options) : options_(std::move(options)), rate_(options_.rate) {}

bool MaxSearch::over() const {
    if (ended_early_ || rate_ < lowest_rate || rate_ > highest_rate ||
        rate_ > options_.rate * farthest) {
        return true;
    }
    return bad_ > 0 && good_ > 0 && (bad_ - good_) / bad_ < near_enough;
}

std::optional<Options> MaxSearch::next() const {
    if (over()) {
        return std::nullopt;
    }
    auto step = options_;
    step.rate = rate_;
    step.duration = step_length(options_, rate_);
    step.warmup = steps_.empty() ? options_.warmup : Duration::zero();
    return step;
}

void MaxSearch::learn(const Options& step, Measured measured) {
    Step learnt;
    learnt.rate = step.rate;
    learnt.why_not = slo_missed(options_.slo, measured);
    if (learnt.why_not.empty() && measured.rate() < kept_up * step.rate) {
        learnt.why_not =
            fmt::format("{:.1f}/s were asked, and {:.1f}/s done", step.rate, measured.rate());
    }
    learnt.kept = learnt.why_not.empty() && measured.ended == Ended::planned;
    ended_early_ = measured.ended == Ended::stopped;
    learnt.measured = std::move(measured);
    (learnt.kept ? good_ : bad_) = step.rate;
    rate_ = bad_ == 0 ? step.rate * 2 : (good_ + bad_) / 2;
    steps_.push_back(std::move(learnt));
}

Measured MaxSearch::best() const {
    const Step* best = nullptr;
    for (const auto& step : steps_) {
        if (step.kept && (best == nullptr || step.rate > best->rate)) {
            best = &step;
        }
    }
    Measured measured;
    if (best != nullptr) {
        measured = best->measured;
    }
    if (ended_early_) {
        measured.ended = Ended::stopped;
        measured.why_ended = steps_.back().measured.why_ended;
    }
    return measured;
}

std::size_t MaxSearch::most_transactions(const Options& options) {
    // All rates up to the farthest, then at most five between that and its half.
    double sum = options.rate * std::chrono::duration<double>(options.warmup).count();
    const auto add = [&](double rate) {
        const auto length = std::chrono::duration<double>(step_length(options, rate)).count();
        sum += std::ceil(rate * length);
    };
    for (double rate = options.rate; rate <= options.rate * farthest; rate *= 2) {
        add(rate);
    }
    for (int between = 0; between < 5; ++between) {
        add(options.rate * farthest);
    }
    return static_cast<std::size_t>(sum);
}

}  // namespace meshproof::load
