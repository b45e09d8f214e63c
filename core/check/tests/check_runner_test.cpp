// Verdicts of checks, and that one check's end is no other's.
#include "core/check/check_runner.hpp"

#include <gtest/gtest.h>

#include "core/world/tests/stage.hpp"

namespace meshproof::run {
namespace {

Task<void> hold(Probe& probe) {
    const auto health = co_await probe.vault("GET", "sys/health", {}, As::nobody());
    probe.expect_status(health, 200);
}
Task<void> fail_twice(Probe& probe) {
    const auto health = co_await probe.vault("GET", "sys/health", {}, As::nobody());
    probe.expect_status(health, 204);
    probe.expect(false, "and {} more", 1);
}
Task<void> give_up(Probe& probe) {
    probe.give_up("the next step would make no sense");
    co_return;
}
Task<void> refused_set_up(Probe& probe) {
    (void)co_await probe.set_up("POST", "sys/mounts/x", Json{{"type", "no-such-type"}});
}
Task<void> throw_another(Probe& /*probe*/) {
    throw std::runtime_error("out of something");
    co_return;
}
Task<void> take_for_text(Probe& probe) {
    const auto health = co_await probe.vault("GET", "sys/health", {}, As::nobody());
    (void)health.json.at("sealed").get<std::string>();
}
Task<void> hang(Probe& probe) {
    co_await probe.wait(std::chrono::hours(24 * 365 * 3));
}
Task<void> expect_when_cut(Probe& probe) {
    (void)co_await settle(probe.wait(std::chrono::hours(24 * 365 * 3)));
    probe.expect(false, "nobody answers");
}
Task<void> make_things(Probe& probe) {
    (void)co_await probe.mount();
    (void)co_await probe.auth_mount();
    (void)co_await probe.policy("p", R"(path "a" { capabilities = ["read"] })");
    (void)co_await probe.kube_namespace();
}
Task<void> see_nothing_left(Probe& probe) {
    for (const auto* path : {"sys/mounts", "sys/auth", "sys/policies/acl?list=true"}) {
        const auto all = co_await probe.vault("GET", path);
        probe.expect(all.body.find("meshproof-") == std::string::npos, "{} holds: {}", path,
                     all.body);
    }
    const auto namespaces = co_await probe.kube("GET", "/api/v1/namespaces");
    probe.expect(namespaces.body.find("\"name\":\"meshproof-") == std::string::npos ||
                     namespaces.body.find("Terminating") != std::string::npos,
                 "a namespace is left");
}

Check check(std::string_view id, Task<void> (*run)(Probe&)) {
    return {.name = id.substr(id.rfind('/') + 1),
            .requirement = "Something holds.",
            .source = "this file",
            .level = Level::must,
            .run = run,
            .id = std::string(id)};
}

std::vector<Outcome> outcomes_of(const std::vector<Check>& checks,
                                 CheckRunnerOptions options = {}) {
    std::vector<const Check*> pointers;
    for (const auto& one : checks) {
        pointers.push_back(&one);
    }
    options.run_id = "checks";
    if (!options.environment) {
        options.environment = [](std::uint64_t seed) { return sim(seed, 1, 1); };
    }
    return run_checks(pointers, options).outcomes;
}

TEST(RunChecks, GivesEachItsVerdict) {
    const auto outcomes =
        outcomes_of({check("a/hold", hold), check("a/fail", fail_twice),
                     check("a/give-up", give_up), check("a/refused", refused_set_up),
                     check("a/throws", throw_another), check("a/hang", hang)});
    EXPECT_EQ(outcomes[0].verdict, Verdict::pass);
    EXPECT_EQ(std::get<CheckOutcome>(outcomes[0].detail).evidence.size(), 1U);
    EXPECT_EQ(outcomes[1].verdict, Verdict::fail);
    EXPECT_EQ(outcomes[1].failures.size(), 2U);
    EXPECT_NE(outcomes[1].reason.find("expected status 204, got 200"), std::string::npos)
        << outcomes[1].reason;
    EXPECT_EQ(outcomes[2].verdict, Verdict::fail);
    EXPECT_EQ(outcomes[3].verdict, Verdict::blocked);
    EXPECT_NE(outcomes[3].reason.find("plugin not found"), std::string::npos) << outcomes[3].reason;
    EXPECT_EQ(outcomes[4].verdict, Verdict::blocked);
    EXPECT_EQ(outcomes[5].verdict, Verdict::blocked);
    EXPECT_NE(outcomes[5].reason.find("did not end within"), std::string::npos)
        << outcomes[5].reason;
}

TEST(RunChecks, WhatIsCutOffIsNoFailure) {
    const auto outcomes = outcomes_of({check("a/cut", expect_when_cut)});
    EXPECT_EQ(outcomes[0].verdict, Verdict::blocked);
    EXPECT_TRUE(outcomes[0].failures.empty());
    EXPECT_NE(outcomes[0].reason.find("did not end within"), std::string::npos)
        << outcomes[0].reason;
}

TEST(RunChecks, TellsAnOddAnswerInPlainWords) {
    const auto outcomes = outcomes_of({check("a/odd", take_for_text)});
    EXPECT_EQ(outcomes[0].verdict, Verdict::blocked);
    EXPECT_EQ(outcomes[0].reason,
              "an answer has another form than expected: type must be string, but is boolean");
}

TEST(RunChecks, RemovesWhatChecksMadeOnSharedServers) {
    auto see = check("a/see", see_nothing_left);
    see.exclusive = true;  // so that it comes last
    const auto outcomes = outcomes_of({check("a/make", make_things), see});
    EXPECT_EQ(outcomes[0].verdict, Verdict::pass) << outcomes[0].reason;
    EXPECT_EQ(outcomes[1].verdict, Verdict::pass) << outcomes[1].reason;
}

TEST(RunChecks, SkipsWhatTheTargetLacksAndSaysWhy) {
    auto raft = check("a/raft", hold);
    raft.features = {Feature::raft};
    CheckRunnerOptions options;
    options.environment = [](std::uint64_t seed) { return sim(seed, 1, 0); };
    const auto outcomes = outcomes_of({raft, check("kube/a", hold)}, options);
    EXPECT_EQ(outcomes[0].verdict, Verdict::skip);
    EXPECT_EQ(outcomes[0].reason, missing_reason(Feature::raft));
    EXPECT_EQ(outcomes[1].verdict, Verdict::skip);
    EXPECT_EQ(outcomes[1].reason, missing_reason(Feature::kubernetes));
}

TEST(RunChecks, KnowsDeviations) {
    CheckRunnerOptions options;
    options.deviations = {{"a/fail", "this is a test"}};
    const auto outcomes = outcomes_of({check("a/fail", fail_twice)}, options);
    EXPECT_EQ(outcomes[0].verdict, Verdict::deviates);
    EXPECT_NE(outcomes[0].reason.find("this is a test"), std::string::npos);
}

TEST(RunChecks, BeginsNothingAfterAStop) {
    StopSource stop;
    stop.request();
    CheckRunnerOptions options;
    options.stop = &stop;
    const auto outcomes = outcomes_of({check("a/hold", hold)}, options);
    EXPECT_EQ(outcomes[0].verdict, Verdict::not_run);
    EXPECT_NE(outcomes[0].reason.find("interrupted"), std::string::npos);
}

TEST(RunChecks, FailFastBeginsNoMoreChecks) {
    for (const bool shared : {true, false}) {
        CheckRunnerOptions options;
        options.fail_fast = true;
        options.share_servers = shared;
        options.jobs = options.at_once = 1;
        const auto outcomes = outcomes_of(
            {check("a/hold", hold), check("a/fail", fail_twice), check("a/later", hold)}, options);
        EXPECT_EQ(outcomes[0].verdict, Verdict::pass) << shared;
        EXPECT_EQ(outcomes[1].verdict, Verdict::fail) << shared;
        EXPECT_EQ(outcomes[2].verdict, Verdict::not_run) << shared;
        EXPECT_EQ(std::get<CheckOutcome>(outcomes[2].detail).requirement, "Something holds.");
    }
}

TEST(RunChecks, AsksNobodyWhereAllIsSkippedOnRequest) {
    CheckRunnerOptions options;
    options.skips = {"a/hold"};
    options.environment = [](std::uint64_t) -> std::unique_ptr<Environment> {
        ADD_FAILURE() << "an environment was made for nothing";
        throw CannotGoOn({FailureKind::unreachable, "nobody is there", 0, {}});
    };
    const auto outcomes = outcomes_of({check("a/hold", hold)}, options);
    EXPECT_EQ(outcomes[0].verdict, Verdict::skip);
    EXPECT_EQ(outcomes[0].reason, "--skip");
}

TEST(RunChecks, BlocksAllWhereTheTargetCannotBeAsked) {
    CheckRunnerOptions options;
    options.environment = [](std::uint64_t) -> std::unique_ptr<Environment> {
        throw CannotGoOn({FailureKind::unreachable, "nobody is there", 0, {}});
    };
    const auto outcomes = outcomes_of({check("a/hold", hold), check("b/hold", hold)}, options);
    EXPECT_EQ(outcomes[0].verdict, Verdict::blocked);
    EXPECT_EQ(outcomes[1].reason, "nobody is there");
}

TEST(Check, NamesItsSources) {
    auto one = check("a/hold", hold);
    one.rows = {93, 14};
    one.rules = {"L1", "V2"};
    one.source = "RFC 5280 4.2.1.9";
    EXPECT_EQ(one.sources(), "wire contract 93, 14; SVID rules L1, V2; RFC 5280 4.2.1.9");
}

}  // namespace
}  // namespace meshproof::run
