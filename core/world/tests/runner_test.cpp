#include "core/world/runner.hpp"

#include <gtest/gtest.h>

#include <boost/asio/experimental/awaitable_operators.hpp>

#include "core/time/signal.hpp"
#include "core/world/tests/stage.hpp"

namespace meshproof::run {
namespace {

using namespace std::chrono_literals;
using Lines = std::vector<std::string>;

Task<Result<void>> tell(World& world, std::string what) {
    world.note("told {}", what);
    co_return Result<void>{};
}
Task<Result<void>> cannot_undo(World& /*world*/) {
    throw CannotGoOn({FailureKind::server, "the server is gone", 0, {}});
    co_return Result<void>{};  // makes it a coroutine
}
void register_undo(World& world, const std::string& what) {
    world.at_end(what, [&world, what] { return tell(world, what); });
}

// The scenarios.
Task<void> pass(World& world) {
    world.expect(true, "not told");
    world.note("told pass");
    co_return;
}
Task<void> expect_in_vain(World& world) {
    world.expect(false, "{} of {} requests failed", 3, 40);
    world.expect(false, "and another thing");
    world.note("told that it goes on");
    co_return;
}
Task<void> end(World& world) {
    register_undo(world, "first");
    register_undo(world, "second");
    throw ScenarioEnded("pods did not become ready");
    co_return;
}
Task<void> cannot(World& world) {
    register_undo(world, "undo");
    throw CannotGoOn({FailureKind::denied, "the token may not do that", 403, {}},
                     "give it a policy");
    co_return;
}
Task<void> cannot_without_hint(World& /*world*/) {
    throw CannotGoOn({FailureKind::denied, "the token may not do that", 403, {}});
    co_return;
}
Task<void> throw_another(World& /*world*/) {
    throw std::runtime_error("out of something");
    co_return;
}
Task<void> expect_then_throw(World& world) {
    world.expect(false, "wrong from the start");
    throw std::runtime_error("out of something");
    co_return;
}
Task<void> send_private_key(World& world) {
    (void)co_await world.vault().admin.request("PUT", "sys/nothing",
                                               vault::Json{{"key", "-----BEGIN PRIVATE KEY-----"}});
}
Task<void> hang(World& world) {
    register_undo(world, "undo");
    Signal never;
    co_await never.wait();
}
Task<void> sleep_long(World& world) {
    register_undo(world, "first");
    register_undo(world, "second");
    require(co_await world.vault().admin.enable_secrets(world.name("left"), "pki",
                                                        world.mark().text()));
    co_await world.clock().sleep_for(world.leaf_ttl());
    world.note("told after the sleep");
}
Task<void> forget_an_engine(World& world) {
    require(co_await world.vault().admin.enable_secrets(world.name("left"), "pki",
                                                        world.mark().text()));
}
Task<void> fail_to_undo(World& world) {
    register_undo(world, "first");
    world.at_end("the impossible", [&world] { return cannot_undo(world); });
    register_undo(world, "last");
    co_return;
}
Task<void> cannot_go_on_nor_undo(World& world) {
    world.at_end("the impossible", [&world] { return cannot_undo(world); });
    throw CannotGoOn({FailureKind::denied, "the token may not do that", 403, {}});
    co_return;
}
Task<void> expect_and_cannot_undo(World& world) {
    world.expect(false, "wrong from the start");
    co_await cannot_go_on_nor_undo(world);
}
Task<void> tell_a_secret(World& world) {
    world.trace().learn(Secret("s.0123456789"));
    world.expect(false, "the token is s.0123456789");
    throw CannotGoOn({FailureKind::denied, "403 for s.0123456789", 403, {}});
    co_return;
}

Scenario scenario(std::string_view id, Task<void> (*run)(World&), std::set<Feature> needs = {}) {
    Scenario made;
    made.id = id;
    made.sentence = "It holds.";
    made.source = "RFC 5280";
    made.needs = std::move(needs);
    made.without_mtls = true;
    made.run = run;
    return made;
}

RunnerOptions options() {
    RunnerOptions options;
    options.seed = 5;
    options.run_id = "runner";
    options.keep_trace = true;
    options.environment = [](std::uint64_t seed) { return sim(seed, 1, 1); };
    return options;
}

RunResult run_all(const std::vector<Scenario>& scenarios, const RunnerOptions& how) {
    std::vector<const Scenario*> list;
    list.reserve(scenarios.size());
    for (const auto& one : scenarios) {
        list.push_back(&one);
    }
    return run_scenarios(list, how);
}

Outcome outcome_of(const Scenario& one, const RunnerOptions& how = options()) {
    auto result = run_all({one}, how);
    EXPECT_EQ(result.outcomes.size(), 1);
    return result.outcomes.at(0);
}

const ScenarioOutcome& played(const Outcome& outcome) {
    return std::get<ScenarioOutcome>(outcome.detail);
}

/// What the scenario itself told, in order.
Lines told(const Outcome& outcome) {
    Lines found;
    for (const auto& event : played(outcome).trace) {
        const auto line = timed_text_of(event);
        if (const auto at = line.find(" told "); at != std::string::npos) {
            found.push_back(line.substr(at + 6));
        }
    }
    return found;
}

/// Another environment, with something of the test's own about it.
class Wrapped : public Environment {
  public:
    explicit Wrapped(std::uint64_t seed) : inner_(sim(seed, 1, 1)) {}
    [[nodiscard]] std::string_view setting() const override { return inner_->setting(); }
    [[nodiscard]] Clock& clock() override { return inner_->clock(); }
    [[nodiscard]] http::Transport& transport() override { return inner_->transport(); }
    [[nodiscard]] bool virtual_time() const override { return true; }
    [[nodiscard]] Task<Result<Target>> start() override { return inner_->start(); }
    [[nodiscard]] bool fake_vaults() const override { return true; }
    [[nodiscard]] bool fake_clusters() const override { return true; }
    void drive(Task<void> work) override { inner_->drive(std::move(work)); }
    void post(std::function<void()> callback) override { inner_->post(std::move(callback)); }

  private:
    std::unique_ptr<Environment> inner_;
};

Task<void> request_later(Clock& clock, Duration delay, StopSource& stop) {
    co_await clock.sleep_for(delay);
    stop.request();
}

Task<void> both(Task<void> one, Task<void> other) {
    using namespace boost::asio::experimental::awaitable_operators;
    co_await (std::move(one) && std::move(other));
}

/// Requests a stop when `delay` of virtual time has passed.
class Stopped final : public Wrapped {
  public:
    Stopped(std::uint64_t seed, StopSource& stop, Duration delay)
        : Wrapped(seed), stop_(stop), delay_(delay) {}
    void drive(Task<void> work) override {
        Wrapped::drive(both(std::move(work), request_later(clock(), delay_, stop_)));
    }

  private:
    StopSource& stop_;
    Duration delay_;
};

RunnerOptions stopped_after_an_hour(StopSource& stop) {
    auto how = options();
    how.stop = &stop;
    how.environment = [&stop](std::uint64_t seed) {
        return std::make_unique<Stopped>(seed, stop, 1h);
    };
    return how;
}

/// Cannot run anything.
class Broken final : public Wrapped {
  public:
    Broken(std::uint64_t seed, std::size_t& posts) : Wrapped(seed), posts_(posts) {}
    void drive(Task<void> /*work*/) override {
        throw CannotGoOn({FailureKind::unsupported, "the loop is broken", 0, {}});
    }
    void post(std::function<void()> /*callback*/) override { ++posts_; }

  private:
    std::size_t& posts_;
};

TEST(Runner, Pass) {
    const auto outcome = outcome_of(scenario("a/pass", pass));
    EXPECT_EQ(outcome.id, "a/pass");
    EXPECT_EQ(outcome.verdict, Verdict::pass);
    EXPECT_EQ(outcome.reason, "");
    EXPECT_EQ(outcome.failures, Lines{});
    EXPECT_EQ(told(outcome), Lines{"pass"});
    EXPECT_EQ(played(outcome).trace_digest.size(), 64);
    EXPECT_EQ(played(outcome).sentence, "It holds.");
    EXPECT_EQ(played(outcome).source, "RFC 5280");
    EXPECT_GT(outcome.virtual_duration, Duration::zero());
}

TEST(Runner, WithoutAHandshakeNothingIsShownOfMtls) {
    auto silent = scenario("silent", pass);
    silent.without_mtls = false;
    const auto outcome = outcome_of(silent);
    EXPECT_EQ(outcome.verdict, Verdict::fail);
    ASSERT_EQ(outcome.failures.size(), 1U);
    EXPECT_NE(outcome.failures.front().find("no handshake was seen"), std::string::npos);
}

TEST(Runner, FalseExpectationFails) {
    const auto outcome = outcome_of(scenario("a/expect", expect_in_vain));
    EXPECT_EQ(outcome.verdict, Verdict::fail);
    EXPECT_EQ(outcome.reason, "3 of 40 requests failed (and 1 more)");
    EXPECT_EQ(outcome.failures, (Lines{"3 of 40 requests failed", "and another thing"}));
    EXPECT_EQ(told(outcome), Lines{"that it goes on"});
}

TEST(Runner, EndedScenarioFailsAndIsCleanedUpLastRegisteredFirst) {
    const auto outcome = outcome_of(scenario("a/ended", end));
    EXPECT_EQ(outcome.verdict, Verdict::fail);
    EXPECT_EQ(outcome.reason, "pods did not become ready");
    EXPECT_EQ(told(outcome), (Lines{"second", "first"}));
}

TEST(Runner, ScenarioThatCannotGoOnIsBlockedWithItsHint) {
    const auto outcome = outcome_of(scenario("a/cannot", cannot));
    EXPECT_EQ(outcome.verdict, Verdict::blocked);
    EXPECT_EQ(outcome.reason, "the token may not do that (give it a policy)");
    EXPECT_EQ(outcome.failures, Lines{});
    EXPECT_EQ(told(outcome), Lines{"undo"});
    EXPECT_EQ(outcome_of(scenario("a/cannot", cannot_without_hint)).reason,
              "the token may not do that");
}

TEST(Runner, ExceptionBlocks) {
    const auto outcome = outcome_of(scenario("a/throws", throw_another));
    EXPECT_EQ(outcome.verdict, Verdict::blocked);
    EXPECT_EQ(outcome.reason, "out of something");
}

TEST(Runner, FailureBeforeAnExceptionIsAFailure) {
    const auto outcome = outcome_of(scenario("a/both", expect_then_throw));
    EXPECT_EQ(outcome.verdict, Verdict::fail);
    EXPECT_EQ(outcome.reason, "wrong from the start");
    EXPECT_EQ(outcome.failures, (Lines{"wrong from the start", "then: out of something"}));
}

TEST(Runner, ViolatedMonitorFails) {
    const auto outcome = outcome_of(scenario("a/monitor", send_private_key));
    EXPECT_EQ(outcome.verdict, Verdict::fail);
    EXPECT_EQ(outcome.failures, Lines{"monitor: a private key left admin in PUT /v1/sys/nothing"});
}

TEST(Runner, MissingFeatureSkipsWithTheReason) {
    const auto needs = std::set{Feature::virtual_time, Feature::two_vaults};
    const auto skipped = outcome_of(scenario("a/skip", pass, needs));
    EXPECT_EQ(skipped.verdict, Verdict::skip);
    EXPECT_EQ(skipped.reason, missing_reason(Feature::two_vaults));
    EXPECT_EQ(told(skipped), Lines{});
    auto how = options();
    how.environment = [](std::uint64_t seed) { return sim(seed, 2, 1); };
    EXPECT_EQ(outcome_of(scenario("a/skip", pass, needs), how).verdict, Verdict::pass);
}

TEST(Runner, KnownDeviationIsNamedAndHidesNothingElse) {
    auto how = options();
    how.deviations = {{"a/known", "old server"}, {"a/pass", "old server"}, {"a/cannot", "x"}};
    const auto result =
        run_all({scenario("a/known", expect_in_vain), scenario("a/new", expect_in_vain),
                 scenario("a/pass", pass), scenario("a/cannot", cannot)},
                how);
    EXPECT_EQ(result.outcomes[0].verdict, Verdict::deviates);
    EXPECT_EQ(result.outcomes[0].reason,
              "3 of 40 requests failed (and 1 more) [known: old server]");
    EXPECT_EQ(result.outcomes[1].verdict, Verdict::fail);
    EXPECT_EQ(result.outcomes[2].verdict, Verdict::pass);
    EXPECT_EQ(result.outcomes[3].verdict, Verdict::blocked);
}

TEST(Runner, HangingScenarioEndsAndIsCleanedUp) {
    const auto outcome = outcome_of(scenario("a/hang", hang));
    EXPECT_EQ(outcome.verdict, Verdict::blocked);
    EXPECT_TRUE(outcome.reason.starts_with("did not end within ")) << outcome.reason;
    EXPECT_EQ(told(outcome), Lines{"undo"});
}

TEST(Runner, StopBeforeTheRunBeginsNothing) {
    StopSource stop;
    stop.request();
    auto how = options();
    how.stop = &stop;
    how.on_begin = [](std::string_view id) { ADD_FAILURE() << id << " was begun"; };
    const auto result = run_all({scenario("a/1", pass), scenario("a/2", pass)}, how);
    EXPECT_TRUE(result.interrupted);
    ASSERT_EQ(result.outcomes.size(), 2);
    EXPECT_EQ(result.outcomes[1].id, "a/2");
    for (const auto& outcome : result.outcomes) {
        EXPECT_EQ(outcome.verdict, Verdict::not_run);
        EXPECT_EQ(outcome.reason, "not begun: the run was interrupted");
    }
}

TEST(Runner, StopBeforeAScenarioIsPlayedInterruptsIt) {
    StopSource stop;
    auto how = options();
    how.stop = &stop;
    how.on_begin = [&stop](std::string_view) { stop.request(); };
    const auto result = run_all({scenario("a/1", pass)}, how);
    const auto& outcome = result.outcomes.at(0);
    EXPECT_EQ(outcome.verdict, Verdict::blocked);
    EXPECT_EQ(outcome.reason, "interrupted");
    EXPECT_EQ(told(outcome), Lines{});
    EXPECT_TRUE(result.servers.empty()) << "its servers were asked although it was over";
}

TEST(Runner, StopDuringAScenarioInterruptsItAndCleansUp) {
    StopSource stop;
    const auto how = stopped_after_an_hour(stop);
    const auto result = run_all({scenario("a/1", sleep_long), scenario("a/2", pass)}, how);
    EXPECT_TRUE(result.interrupted);
    const auto& first = result.outcomes[0];
    // What it had no time to say how to remove is found by looking, and no fault of the scenario's.
    EXPECT_EQ(first.verdict, Verdict::blocked);
    EXPECT_EQ(first.reason, "interrupted");
    EXPECT_TRUE(first.failures.empty());
    EXPECT_EQ(told(first), (Lines{"second", "first"}));
    EXPECT_EQ(result.outcomes[1].reason, "not begun: the run was interrupted");
}

TEST(Runner, InterruptedScenarioIsBlocked) {
    StopSource stop;
    const auto how = stopped_after_an_hour(stop);
    const auto outcome = outcome_of(scenario("a/1", hang), how);
    EXPECT_EQ(outcome.verdict, Verdict::blocked);
    EXPECT_EQ(outcome.reason, "interrupted");
    EXPECT_EQ(told(outcome), Lines{"undo"});
    EXPECT_LT(outcome.virtual_duration, 2h);
}

/// As one whose request is given up: that is an answer like others, and it goes on from there.
Task<void> expect_when_cut(World& world) {
    (void)co_await settle(world.clock().sleep_for(10h));
    world.expect(false, "nobody answers");
}

TEST(Runner, WhatAStopCutsOffIsNoFailure) {
    StopSource stop;
    const auto how = stopped_after_an_hour(stop);
    const auto outcome = outcome_of(scenario("a/1", expect_when_cut), how);
    EXPECT_EQ(outcome.verdict, Verdict::blocked);
    EXPECT_EQ(outcome.reason, "interrupted");
    EXPECT_TRUE(outcome.failures.empty());
}

TEST(Runner, TheTimeLimitCutsAScenarioShortAndCleansUp) {
    StopSource stop;
    auto how = options();
    how.stop = &stop;
    how.on_begin = [&stop](std::string_view) { stop.request(StopReason::time_limit); };
    const auto result = run_all({scenario("a/1", pass), scenario("a/2", pass)}, how);
    EXPECT_FALSE(result.interrupted);
    EXPECT_EQ(result.ended_early, EarlyEnd::time_limit);
    EXPECT_EQ(result.outcomes[0].verdict, Verdict::blocked);
    EXPECT_EQ(result.outcomes[0].reason, "ended by the time limit");
    EXPECT_EQ(result.outcomes[1].verdict, Verdict::not_run);
    EXPECT_EQ(result.outcomes[1].reason, "not begun: the run was ended by the time limit");
}

TEST(Runner, FailFastBeginsNothingAfterAFailure) {
    auto how = options();
    how.fail_fast = true;
    how.jobs = 1;
    const auto result = run_all(
        {scenario("a/1", pass), scenario("a/2", expect_in_vain), scenario("a/3", pass)}, how);
    EXPECT_EQ(result.ended_early, EarlyEnd::fail_fast);
    EXPECT_FALSE(result.interrupted);
    EXPECT_EQ(result.outcomes[0].verdict, Verdict::pass);
    EXPECT_EQ(result.outcomes[1].verdict, Verdict::fail);
    EXPECT_EQ(result.outcomes[2].verdict, Verdict::not_run);
    EXPECT_EQ(result.outcomes[2].reason,
              "not begun: a/2 did not pass, and --fail-fast ends the run");
}

TEST(Runner, SkipsWhatIsAskedForWithoutPlayingIt) {
    auto how = options();
    how.skips = {"a/2"};
    how.on_begin = [](std::string_view id) { EXPECT_EQ(id, "a/1"); };
    const auto result = run_all({scenario("a/1", pass), scenario("a/2", expect_in_vain)}, how);
    EXPECT_EQ(result.outcomes[0].verdict, Verdict::pass);
    EXPECT_EQ(result.outcomes[1].id, "a/2");
    EXPECT_EQ(result.outcomes[1].verdict, Verdict::skip);
    EXPECT_EQ(result.outcomes[1].reason, "--skip");
    EXPECT_FALSE(result.ended_early);
}

TEST(Runner, NotInterruptedWhereNobodyAsked) {
    StopSource stop;
    auto how = options();
    how.stop = &stop;
    const auto result = run_all({scenario("a/1", pass)}, how);
    EXPECT_FALSE(result.interrupted);
    EXPECT_EQ(result.outcomes[0].verdict, Verdict::pass);
}

TEST(Runner, EnvironmentThatFailsBlocksAndIsForgotten) {
    StopSource stop;
    std::size_t posts = 0;
    auto how = options();
    how.stop = &stop;
    how.environment = [&posts](std::uint64_t seed) {
        return std::make_unique<Broken>(seed, posts);
    };
    const auto outcome = outcome_of(scenario("a/1", pass), how);
    EXPECT_EQ(outcome.verdict, Verdict::blocked);
    EXPECT_EQ(outcome.reason, "the loop is broken");
    stop.request();
    EXPECT_EQ(posts, 0) << "the environment is gone";

    how.stop = nullptr;
    how.environment = [](std::uint64_t) -> std::unique_ptr<Environment> {
        throw CannotGoOn({FailureKind::unsupported, "no environment", 0, {}});
    };
    EXPECT_EQ(outcome_of(scenario("a/1", pass), how).reason, "no environment");
}

TEST(Runner, ForgottenObjectsAreAFailure) {
    const auto outcome = outcome_of(scenario("a/forgets", forget_an_engine));
    EXPECT_EQ(outcome.verdict, Verdict::fail);
    EXPECT_TRUE(
        outcome.reason.starts_with("clean-up had forgotten secrets engine meshproof-runner-"))
        << outcome.reason;
    EXPECT_TRUE(outcome.reason.ends_with("-left on vault-0")) << outcome.reason;
}

TEST(Runner, UndoThatCannotGoOnKeepsNoOtherFromRunning) {
    const auto outcome = outcome_of(scenario("a/undo", fail_to_undo));
    EXPECT_EQ(outcome.verdict, Verdict::fail);
    EXPECT_EQ(outcome.reason, "clean-up of the impossible: the server is gone");
    EXPECT_EQ(told(outcome), (Lines{"last", "first"}));
}

TEST(Runner, TheCauseComesBeforeWhatItsCleanUpMet) {
    const auto blocked = outcome_of(scenario("a/blocked", cannot_go_on_nor_undo));
    EXPECT_EQ(blocked.verdict, Verdict::blocked);
    EXPECT_EQ(blocked.reason, "the token may not do that");
    EXPECT_EQ(blocked.failures,
              (Lines{"the token may not do that", "clean-up of the impossible: the server is gone"}));
    const auto failed = outcome_of(scenario("a/failed", expect_and_cannot_undo));
    EXPECT_EQ(failed.verdict, Verdict::fail);
    EXPECT_EQ(failed.reason, "wrong from the start (and 1 more)");
    EXPECT_EQ(failed.failures, (Lines{"wrong from the start", "then: the token may not do that",
                                      "clean-up of the impossible: the server is gone"}));
}

TEST(Runner, OutcomesTellNoSecret) {
    const auto outcome = outcome_of(scenario("a/secret", tell_a_secret));
    EXPECT_EQ(outcome.failures,
              (Lines{"[a line that held a secret]", "then: [a line that held a secret]"}));
}

TEST(Runner, OutcomesInTheGivenOrderWithSeveralJobs) {
    const std::vector<Scenario> list = {scenario("a/hang", hang), scenario("a/pass", pass),
                                        scenario("a/expect", expect_in_vain),
                                        scenario("a/cannot", cannot), scenario("b/pass", pass)};
    auto how = options();
    how.jobs = 3;
    // Both are never called at once, so they need no lock here.
    std::set<std::string> begun, ended;
    how.on_begin = [&](std::string_view id) { begun.emplace(id); };
    how.on_end = [&](const Outcome& one) { EXPECT_TRUE(ended.insert(one.id).second) << one.id; };
    const auto result = run_all(list, how);
    std::vector<std::pair<std::string, Verdict>> found;
    for (const auto& outcome : result.outcomes) {
        found.emplace_back(outcome.id, outcome.verdict);
    }
    EXPECT_EQ(found, (std::vector<std::pair<std::string, Verdict>>{{"a/hang", Verdict::blocked},
                                                                   {"a/pass", Verdict::pass},
                                                                   {"a/expect", Verdict::fail},
                                                                   {"a/cannot", Verdict::blocked},
                                                                   {"b/pass", Verdict::pass}}));
    EXPECT_EQ(begun.size(), 5);
    EXPECT_EQ(begun, ended);
    EXPECT_EQ(result.count(Verdict::pass), 2);
    EXPECT_EQ(result.count(Verdict::skip), 0);
    ASSERT_EQ(result.servers.size(), 2);
    EXPECT_EQ(result.servers[0].product, "fake openbao");
    EXPECT_EQ(result.servers[1].product, "fake kube-apiserver");
}

TEST(Runner, ExclusiveScenariosRunLastOnSharedServers) {
    std::vector<Scenario> list = {scenario("a/alone", pass), scenario("b/with", pass)};
    list[0].exclusive = true;
    auto how = options();
    Lines begun;
    how.on_begin = [&begun](std::string_view id) { begun.emplace_back(id); };
    how.share_servers = true;
    const auto result = run_all(list, how);
    EXPECT_EQ(begun, (Lines{"b/with", "a/alone"}));
    EXPECT_EQ(result.outcomes[0].id, "a/alone");
    begun.clear();
    how.share_servers = false;
    (void)run_all(list, how);
    EXPECT_EQ(begun, (Lines{"a/alone", "b/with"}));
}

TEST(Runner, ScenarioIsTheSameAloneAndInAList) {
    const auto alone = outcome_of(scenario("b/pass", pass));
    const auto among =
        run_all({scenario("a/expect", expect_in_vain), scenario("b/pass", pass)}, options());
    EXPECT_EQ(played(alone).trace_digest, played(among.outcomes[1]).trace_digest);
    EXPECT_EQ(alone.virtual_duration, among.outcomes[1].virtual_duration);
    auto how = options();
    how.seed = 6;
    EXPECT_NE(alone.virtual_duration, outcome_of(scenario("b/pass", pass), how).virtual_duration);
}

TEST(Runner, KeepsTheTraceOfWhatDidNotPass) {
    auto how = options();
    how.keep_trace = false;
    const auto result = run_all({scenario("a/pass", pass), scenario("a/expect", expect_in_vain),
                                 scenario("a/cannot", cannot)},
                                how);
    EXPECT_TRUE(played(result.outcomes[0]).trace.empty());
    EXPECT_FALSE(played(result.outcomes[1]).trace.empty());
    EXPECT_FALSE(played(result.outcomes[2]).trace.empty());
    EXPECT_EQ(played(result.outcomes[0]).trace_digest,
              played(outcome_of(scenario("a/pass", pass))).trace_digest);
}

TEST(StopSource, CallsBackOnceAndNotAfterItWasForgotten) {
    StopSource stop;
    int kept = 0, forgotten = 0, late = 0;
    stop.on_request([&kept] { ++kept; });
    stop.forget(stop.on_request([&forgotten] { ++forgotten; }));
    EXPECT_FALSE(stop.requested());
    stop.request();
    EXPECT_TRUE(stop.requested());
    stop.on_request([&late] { ++late; });
    EXPECT_EQ(kept, 1);
    EXPECT_EQ(forgotten, 0);
    EXPECT_EQ(late, 1) << "it was requested before";
}

}  // namespace
}  // namespace meshproof::run
