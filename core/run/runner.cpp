#include "core/run/runner.hpp"

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/system/system_error.hpp>
#include <thread>

#include "core/base/assert.hpp"
#include "core/time/real_clock.hpp"
#include "core/time/signal.hpp"

namespace meshproof::run {

void StopSource::request() {
    requested_ = true;
    const std::lock_guard lock(mutex_);
    for (const auto& [number, callback] : callbacks_) {
        callback();
    }
}

std::size_t StopSource::on_request(std::function<void()> callback) {
    const std::lock_guard lock(mutex_);
    if (requested_) {
        callback();
    }
    callbacks_.emplace(next_, std::move(callback));
    return next_++;
}

void StopSource::forget(std::size_t number) {
    const std::lock_guard lock(mutex_);
    callbacks_.erase(number);
}

namespace {

/// How a piece of a scenario ended.
struct Ending {
    enum class Kind { done, failed, blocked } kind = Kind::done;
    std::string text;
    bool cut_short =
        false;  ///< cancelled in the middle: a request under way may still have created something
};

/// Never throws, so that it can be raced against a limit and a stop (a losing branch's exception
/// would be swallowed).
Task<Ending> settle(Task<void> work) {
    Ending ending;
    try {
        co_await std::move(work);
    } catch (const ScenarioEnded& ended) {
        ending = {Ending::Kind::failed, ended.what()};
    } catch (const CannotGoOn& cannot) {
        ending = {Ending::Kind::blocked,
                  cannot.hint().empty() ? std::string(cannot.what())
                                        : fmt::format("{} ({})", cannot.what(), cannot.hint())};
    } catch (const boost::system::system_error& error) {
        ending = {Ending::Kind::blocked, error.code() == boost::asio::error::operation_aborted
                                             ? "cancelled"
                                             : error.what()};
    } catch (const std::exception& error) {
        ending = {Ending::Kind::blocked, error.what()};
    }
    co_return ending;
}

/// Wakes one scenario's event loop when a stop is requested, for as long as this lives.
class Stopping {
  public:
    Stopping(StopSource* source, Environment& environment) : source_(source) {
        if (source_ != nullptr) {
            number_ = source_->on_request(
                [this, &environment] { environment.post([this] { requested_.notify_all(); }); });
        }
    }
    ~Stopping() {
        if (source_ != nullptr) {
            source_->forget(number_);
        }
    }
    Stopping(const Stopping&) = delete;
    Stopping& operator=(const Stopping&) = delete;

    [[nodiscard]] bool requested() const { return source_ != nullptr && source_->requested(); }
    /// A signal has no memory: a request that came before this began must end it too.
    [[nodiscard]] Task<void> wait() {
        if (!requested()) {
            co_await requested_.wait();
        }
    }

  private:
    StopSource* source_;
    std::size_t number_ = 0;
    Signal requested_;
};

Task<Ending> limited(World& world, Task<void> work, Duration limit, Stopping& stop) {
    using namespace boost::asio::experimental::awaitable_operators;
    auto first =
        co_await (settle(std::move(work)) || world.clock().sleep_for(limit) || stop.wait());
    if (first.index() == 0) {
        co_return std::get<0>(std::move(first));
    }
    co_return Ending{Ending::Kind::blocked,
                     first.index() == 1
                         ? fmt::format("did not end within {}", human_duration(limit))
                         : "interrupted",
                     true};
}

std::string missing(const Scenario& scenario, const World& world) {
    for (const auto need : scenario.needs) {
        if (!world.can(need)) {
            return std::string(missing_reason(need));
        }
    }
    return {};
}

void judge(Outcome& outcome, const Ending& ending, const World& world, const Monitors& monitors) {
    outcome.failures = world.failures();
    outcome.failures.insert(outcome.failures.begin(), monitors.violations().begin(),
                            monitors.violations().end());
    if (ending.kind == Ending::Kind::failed) {
        outcome.failures.insert(outcome.failures.begin(), ending.text);
    }
    if (!outcome.failures.empty()) {
        outcome.verdict = Verdict::fail;
        outcome.reason = outcome.failures.front();
        if (outcome.failures.size() > 1) {
            outcome.reason += fmt::format(" (and {} more)", outcome.failures.size() - 1);
        }
        if (ending.kind == Ending::Kind::blocked) {
            outcome.failures.push_back("then: " + ending.text);
        }
    } else if (ending.kind == Ending::Kind::blocked) {
        outcome.verdict = Verdict::blocked;
        outcome.reason = ending.text;
    } else {
        outcome.verdict = Verdict::pass;
    }
}

Task<void> play(const Scenario& scenario, World& world, Stopping& stop, Outcome& outcome,
                std::vector<ServerVersion>& servers) {
    auto ending = co_await limited(world, world.start(), std::chrono::minutes(2), stop);
    servers = world.servers();
    if (ending.kind == Ending::Kind::done) {
        if (auto reason = missing(scenario, world); !reason.empty()) {
            outcome.verdict = Verdict::skip;
            outcome.reason = std::move(reason);
            (void)co_await settle(world.finish());
            co_return;
        }
        if (!stop.requested()) {
            // No scenario needs so many lives of a leaf; one that hangs says so instead of holding
            // up the run.
            ending = co_await limited(world, scenario.run(world),
                                      world.leaf_ttl() * 60 + std::chrono::minutes(2), stop);
        } else {
            ending = {Ending::Kind::blocked, "interrupted"};
        }
    }
    const auto cleaned = co_await settle(world.finish(ending.cut_short));
    if (cleaned.kind != Ending::Kind::done && ending.kind == Ending::Kind::done) {
        ending = {Ending::Kind::blocked, "clean-up: " + cleaned.text};
    }
    ending.text = world.trace().redacted(std::move(ending.text));
    judge(outcome, ending, world, world.monitors());
}

Outcome run_one(const Scenario& scenario, const RunnerOptions& options,
                std::vector<ServerVersion>& servers) {
    Outcome outcome;
    outcome.id = std::string(scenario.id);
    const auto seed = Prng(options.seed).fork(scenario.id).seed();
    // By the id, not by the place in the list: a scenario that is replayed alone is the same one.
    const auto run_id = fmt::format("{}-{}", options.run_id, Prng(0).fork(scenario.id).token(4));
    const RealClock wall;
    try {
        const auto environment = options.environment(seed);
        const auto before = environment->clock().elapsed();
        {
            World world(*environment, seed, run_id);
            Stopping stop(options.stop, *environment);
            environment->drive(play(scenario, world, stop, outcome, servers));
            outcome.virtual_duration = environment->clock().elapsed() - before;
            outcome.trace_digest = world.trace().digest();
            if (options.keep_trace || outcome.verdict == Verdict::fail ||
                outcome.verdict == Verdict::blocked) {
                outcome.trace = world.trace().lines();
            }
        }
    } catch (const std::exception& error) {
        outcome.verdict = Verdict::blocked;
        outcome.reason = error.what();
    }
    outcome.duration = wall.elapsed();
    if (outcome.verdict == Verdict::fail) {
        if (const auto known = options.deviations.find(outcome.id);
            known != options.deviations.end()) {
            outcome.verdict = Verdict::deviates;
            outcome.reason = fmt::format("{} [known: {}]", outcome.reason, known->second);
        }
    }
    return outcome;
}

}  // namespace

RunResult run_scenarios(const std::vector<const Scenario*>& scenarios,
                        const RunnerOptions& options) {
    MESHPROOF_ASSERT(options.environment != nullptr);
    RunResult result;
    result.seed = options.seed;
    std::vector<std::optional<Outcome>> outcomes(scenarios.size());
    std::mutex mutex;
    std::size_t done = 0;

    const auto play_index = [&](std::size_t index) {
        const auto& scenario = *scenarios[index];
        if (options.stop != nullptr && options.stop->requested()) {
            return;
        }
        {
            const std::lock_guard lock(mutex);
            if (options.on_begin) {
                options.on_begin(scenario);
            }
        }
        std::vector<ServerVersion> servers;
        auto outcome = run_one(scenario, options, servers);
        const std::lock_guard lock(mutex);
        if (result.servers.empty()) {
            result.servers = std::move(servers);
        }
        ++done;
        if (options.on_end) {
            options.on_end(outcome, done, scenarios.size());
        }
        outcomes[index] = std::move(outcome);
    };

    const auto play_all = [&](bool exclusive) {
        std::atomic<std::size_t> next{0};
        const auto work = [&] {
            for (auto index = next++; index < scenarios.size(); index = next++) {
                if ((options.share_servers && scenarios[index]->exclusive) == exclusive) {
                    play_index(index);
                }
            }
        };
        std::vector<std::thread> threads;
        for (std::size_t i = 1; i < (exclusive ? 1 : std::min(options.jobs, scenarios.size()));
             ++i) {
            threads.emplace_back(work);
        }
        work();
        for (auto& thread : threads) {
            thread.join();
        }
    };
    play_all(false);
    if (options.share_servers) {
        play_all(true);
    }

    for (std::size_t index = 0; index < scenarios.size(); ++index) {
        if (outcomes[index]) {
            result.outcomes.push_back(std::move(*outcomes[index]));
        } else {
            Outcome never;
            never.id = std::string(scenarios[index]->id);
            never.verdict = Verdict::blocked;
            never.reason = "not begun: the run was interrupted";
            result.outcomes.push_back(std::move(never));
        }
    }
    result.interrupted = options.stop != nullptr && options.stop->requested();
    return result;
}

}  // namespace meshproof::run
