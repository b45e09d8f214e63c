#include "perf/load/find_max.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/stats/percentile.hpp"

namespace meshproof::load {
namespace {

/// How far above the first rate it looks.
constexpr double farthest = 64;
constexpr double lowest_rate = 1;
constexpr int hold_steps = 3;
constexpr int most_holds = 3;
constexpr double next_hold = 0.9;

Duration step_length(const Options& options, double rate) {
    double needed = 0;
    for (const auto& latency : options.slo.latencies) {
        needed = std::max(needed, static_cast<double>(stats::samples_needed(latency.percentile)));
    }
    const auto for_samples = std::chrono::duration<double>(std::ceil(1.1 * needed / rate));
    return std::max(options.duration, std::chrono::duration_cast<Duration>(for_samples));
}

double asked_by(const Options& step) {
    return step.rate * in_seconds(step.warmup + step.duration);
}

}  // namespace

const Step* best_step(const std::vector<Step>& steps) {
    auto failing = std::numeric_limits<double>::infinity();
    for (const auto& step : steps) {
        if (!step.kept && step.measured.ended != Ended::stopped) {
            failing = std::min(failing, step.rate);
        }
    }
    const Step* best = nullptr;
    const Step* held = nullptr;
    for (const auto& step : steps) {
        if (!step.kept || step.rate >= failing) {
            continue;
        }
        best = best == nullptr || step.rate > best->rate ? &step : best;
        held = step.hold && (held == nullptr || step.rate > held->rate) ? &step : held;
    }
    return held != nullptr && held->rate >= best->rate * (1 - near_enough) ? held : best;
}

MaxSearch::MaxSearch(Options options) : options_(std::move(options)), rate_(options_.rate) {}

bool MaxSearch::narrowed() const {
    if (rate_ < lowest_rate || rate_ > highest_rate || rate_ > options_.rate * farthest) {
        return true;
    }
    return bad_ > 0 && good_ > 0 && (bad_ - good_) / bad_ < near_enough;
}

bool MaxSearch::over() const {
    return ended_early_ || (narrowed() && (good_ == 0 || held_ || lost_holds_ == most_holds));
}

bool MaxSearch::cut_short() const {
    return !over() && asked_ + asked_by(next_step()) > static_cast<double>(load::most_transactions);
}

std::optional<Options> MaxSearch::next() const {
    return over() || cut_short() ? std::nullopt : std::optional(next_step());
}

Options MaxSearch::next_step() const {
    auto step = options_;
    const bool hold = narrowed();
    step.rate = hold ? good_ * std::pow(next_hold, lost_holds_) : rate_;
    step.duration = step_length(options_, step.rate) * (hold ? hold_steps : 1);
    step.warmup = steps_.empty() ? options_.warmup : Duration::zero();
    return step;
}

void MaxSearch::learn(const Options& step, Measured measured) {
    asked_ += asked_by(step);
    Step learnt;
    learnt.rate = step.rate;
    learnt.hold = narrowed();
    learnt.why_not = slo_missed(options_.slo, measured);
    if (const auto done = measured.settled_rate();
        learnt.why_not.empty() && done < kept_up * step.rate) {
        learnt.why_not = fmt::format("{:.1f}/s were asked, and {:.1f}/s done", step.rate, done);
    }
    learnt.kept = learnt.why_not.empty() && measured.ended == Ended::planned;
    ended_early_ = measured.ended == Ended::stopped;
    learnt.measured = std::move(measured);
    if (learnt.hold) {
        held_ = learnt.kept;
        lost_holds_ += learnt.kept ? 0 : 1;
    } else {
        (learnt.kept ? good_ : bad_) = step.rate;
        rate_ = bad_ == 0 ? step.rate * 2 : (good_ + bad_) / 2;
    }
    steps_.push_back(std::move(learnt));
}

Measured MaxSearch::best() const {
    Measured measured;
    if (const auto* best = best_step(steps_); best != nullptr) {
        measured = best->measured;
    }
    if (ended_early_) {
        measured.ended = Ended::stopped;
        measured.why_ended = steps_.back().measured.why_ended;
    }
    return measured;
}

std::size_t MaxSearch::most_transactions(const Options& options) {
    // All rates up to the farthest, at most five between that and its half, and the holds.
    double sum = options.rate * std::chrono::duration<double>(options.warmup).count();
    const auto add = [&](double rate, int steps = 1) {
        const auto length = std::chrono::duration<double>(step_length(options, rate)).count();
        sum += std::ceil(rate * length * steps);
    };
    for (double rate = options.rate; rate <= options.rate * farthest; rate *= 2) {
        add(rate);
    }
    for (int between = 0; between < 5; ++between) {
        add(options.rate * farthest);
    }
    for (int holds = 0; holds < most_holds; ++holds) {
        add(options.rate * farthest * std::pow(next_hold, holds), hold_steps);
    }
    return std::min(static_cast<std::size_t>(sum), load::most_transactions);
}

}  // namespace meshproof::load
