#include "core/run/schedule.hpp"

#include <fmt/format.h>

#include <atomic>
#include <thread>

#include "core/base/assert.hpp"
#include "core/time/prng.hpp"

namespace meshproof::run {

Schedule::Schedule(const ScheduleOptions& options, std::size_t count)
    : options_(options), outcomes_(count) {
    MESHPROOF_ASSERT(options.environment != nullptr);
}

std::vector<std::size_t> Schedule::pass_over(const std::function<Outcome(std::size_t)>& bare) {
    std::vector<std::size_t> left;
    for (std::size_t index = 0; index < outcomes_.size(); ++index) {
        auto outcome = bare(index);
        if (options_.skips.contains(outcome.id)) {
            end(index, skipped_on_request(std::move(outcome)));
        } else {
            left.push_back(index);
        }
    }
    return left;
}

Schedule::Turns Schedule::turns(std::span<const std::size_t> indexes,
                                const std::function<bool(std::size_t)>& exclusive) const {
    Turns turns;
    for (const auto index : indexes) {
        const bool alone = options_.share_servers && exclusive(index);
        (alone ? turns.alone : turns.together).push_back(index);
    }
    return turns;
}

void Schedule::play(std::span<const std::size_t> indexes, std::size_t threads,
                    const std::function<void(std::size_t)>& work) {
    std::atomic<std::size_t> next{0};
    const auto play_some = [&] {
        for (auto i = next++; i < indexes.size(); i = next++) {
            work(indexes[i]);
        }
    };
    std::vector<std::thread> others;
    for (std::size_t i = 1; i < std::min(threads, indexes.size()); ++i) {
        others.emplace_back(play_some);
    }
    play_some();
    for (auto& thread : others) {
        thread.join();
    }
}

bool Schedule::stop_requested() const {
    return options_.stop != nullptr && options_.stop->requested();
}

bool Schedule::stopping() const {
    if (stop_requested()) {
        return true;
    }
    const std::lock_guard lock(mutex_);
    return options_.fail_fast && !first_bad_.empty();
}

void Schedule::begin(std::string_view id) {
    const std::lock_guard lock(mutex_);
    if (options_.on_begin) {
        options_.on_begin(id);
    }
}

void Schedule::end(std::size_t index, Outcome outcome) {
    allow_deviation(outcome, options_.deviations);
    const std::lock_guard lock(mutex_);
    const bool bad = outcome.verdict == Verdict::fail || outcome.verdict == Verdict::blocked;
    if (bad && first_bad_.empty()) {
        first_bad_ = outcome.id;
    }
    if (options_.on_end) {
        options_.on_end(outcome);
    }
    outcomes_[index] = std::move(outcome);
}

bool Schedule::ended(std::size_t index) const {
    const std::lock_guard lock(mutex_);
    return outcomes_[index].has_value();
}

void Schedule::know(std::vector<ServerVersion> servers, std::vector<std::string> features) {
    const std::lock_guard lock(mutex_);
    if (servers_.empty()) {
        servers_ = std::move(servers);
        features_ = std::move(features);
    }
}

std::string Schedule::run_id_of(std::string_view id) const {
    return fmt::format("{}-{}", options_.run_id, Prng(0).fork(id).token(4));
}

std::uint64_t Schedule::seed_of(std::string_view id) const {
    return Prng(options_.seed).fork(id).seed();
}

std::string Schedule::why_not_begun() const {
    if (!stop_requested()) {
        return fmt::format("{} did not pass, and --fail-fast ends the run", first_bad_);
    }
    return fmt::format("the run was {}", told_of(options_.stop->reason()));
}

RunResult Schedule::result(const std::function<Outcome(std::size_t)>& bare) {
    RunResult result;
    result.seed = options_.seed;
    result.servers = std::move(servers_);
    result.features = std::move(features_);
    for (std::size_t index = 0; index < outcomes_.size(); ++index) {
        auto& outcome = outcomes_[index];
        result.outcomes.push_back(outcome ? std::move(*outcome)
                                          : not_run(bare(index), why_not_begun()));
    }
    if (stop_requested()) {
        result.interrupted = options_.stop->reason() == StopReason::signal;
        if (!result.interrupted) {
            result.ended_early = EarlyEnd::time_limit;
        }
    } else if (result.count(Verdict::not_run) > 0) {
        result.ended_early = EarlyEnd::fail_fast;
    }
    return result;
}

Outcome not_begun(Outcome bare, std::string_view why) {
    bare.reason = fmt::format("not begun: {}", why);
    return bare;
}

Outcome not_run(Outcome bare, std::string_view why) {
    bare.verdict = Verdict::not_run;
    bare.reason = fmt::format("not begun: {}", why);
    return bare;
}

Outcome skipped_on_request(Outcome bare) {
    bare.verdict = Verdict::skip;
    bare.reason = "--skip";
    return bare;
}

}  // namespace meshproof::run
