// Loads that go wrong: each ends with a true account of what happened. Over sockets no time is
// asserted from above, since a busy machine makes everything later; that all is within 2 % of what
// the schedule implies is shown in virtual time (generator_test).
#include <gtest/gtest.h>

#include "core/run/socket_environment.hpp"
#include "core/time/signal.hpp"
#include "core/time/task_group.hpp"
#include "fakes/world/environments.hpp"
#include "perf/load/tests/played.hpp"
#include "perf/load/tests/stage.hpp"
#include "perf/load/text.hpp"

namespace meshproof::load {
namespace {

using namespace std::chrono_literals;

/// Loads over sockets, on a server of the same event loop.
class SocketStage {
  public:
    [[nodiscard]] Clock& clock() { return environment_.clock(); }
    [[nodiscard]] Measured offer(http::Handler& server, Offered offered) {
        Measured measured;
        environment_.drive(play(server, std::move(offered), measured));
        listener_.reset();
        return measured;
    }
    /// Nobody listens any more, and every connection is closed.
    void kill_server() { listener_.reset(); }

  private:
    Task<void> play(http::Handler& server, Offered offered, Measured& measured) {
        http::ListenSpec spec;
        spec.tls = false;
        listener_ = require(co_await environment_.transport().listen(spec, server));
        measured = co_await offer_health(environment_, listener_->url(), std::move(offered));
    }

    run::SocketEnvironment environment_{"loopback", run::Target()};
    std::unique_ptr<http::Listener> listener_;
};

/// The same answer for all.
class Answering final : public http::Handler {
  public:
    explicit Answering(http::Response answer = {}) : answer_(std::move(answer)) {}
    [[nodiscard]] Task<http::Response> handle(http::Request, http::Peer) override {
        co_return answer_;
    }

  private:
    http::Response answer_;
};

/// Holds back every answer until so many requests have come.
class Waiting final : public http::Handler {
  public:
    explicit Waiting(std::size_t all) : all_(all) {}
    [[nodiscard]] Task<http::Response> handle(http::Request, http::Peer) override {
        if (++arrived_ >= all_) {
            enough_.notify_all();
        } else {
            co_await enough_.wait();
        }
        co_return http::Response{};
    }

  private:
    std::size_t all_, arrived_ = 0;
    Signal enough_;
};

/// Stands still for a while from its n-th request on.
class Stalling final : public http::Handler {
  public:
    Stalling(Clock& clock, std::size_t nth, Duration still)
        : clock_(clock), nth_(nth), still_(still) {}
    [[nodiscard]] Task<http::Response> handle(http::Request, http::Peer) override {
        if (++arrived_ == nth_) {
            stands_ = true;
            from = clock_.now();
            co_await clock_.sleep_for(still_);
            until = clock_.now();
            stands_ = false;
            goes_on_.notify_all();
        } else if (stands_) {
            ++held;
            co_await goes_on_.wait();
        }
        co_return http::Response{};
    }

    Time from, until;
    std::size_t held = 0;  ///< came while it stood still

  private:
    Clock& clock_;
    std::size_t nth_, arrived_ = 0;
    Duration still_;
    bool stands_ = false;
    Signal goes_on_;
};

/// The response times that a schedule implies where a server stood still: who was due then waited
/// for the rest of it, and everybody else not at all.
stats::Histogram implied(const Options& options, const Measured& measured, const Stalling& server) {
    stats::Histogram times;
    const Arrivals arrivals(options, 1);
    for (std::size_t i = 0; i < arrivals.count(); ++i) {
        const auto due = measured.began + arrivals.at(i);
        times.record(due >= server.from && due < server.until ? server.until - due : Duration());
    }
    return times;
}

void expect_all_told(const Measured& measured) {
    EXPECT_EQ(measured.asked, measured.done + measured.failed + measured.unfinished);
    std::uint64_t troubles = 0;
    for (const auto& trouble : measured.troubles) {
        troubles += trouble.count;
    }
    EXPECT_EQ(troubles, measured.failed);
}

TEST(TroubleOverSockets, NoAnswerSlowsTheSchedule) {
    // A closed loop would wait for ever: the first answer comes after the last request.
    Options options;
    options.rate = 300;
    options.duration = 1s;
    options.connections = 300;
    SocketStage stage;
    Waiting server(300);
    const auto measured = stage.offer(server, {options});
    EXPECT_EQ(measured.asked, 300U);
    EXPECT_EQ(measured.done, 300U);
    EXPECT_EQ(measured.overflowed, 0U);
    EXPECT_EQ(measured.timeline.slot(0).tally.in_flight, 300U);
}

TEST(TroubleOverSockets, AStallIsSeenAsTheScheduleImpliesIt) {
    for (const std::size_t connections : {200, 10}) {
        Options options;
        options.rate = 500;
        options.duration = 3s;
        options.connections = connections;
        SocketStage stage;
        Stalling server(stage.clock(), 500, 300ms);
        const auto measured = stage.offer(server, {options});
        ASSERT_EQ(measured.done, 1500U);
        const auto expected = implied(options, measured, server);
        for (const auto percentile : {50.0, 99.0, 99.9}) {
            EXPECT_GE(measured.whole.response.at(percentile),
                      part_of(expected.at(percentile), 0.999))
                << "p" << percentile << " over " << connections << " connections";
        }
        // What the service time can have of it at most, and all that a closed loop would show.
        EXPECT_LT(server.held, connections);
        EXPECT_GE(expected.at(99), part_of(server.until - server.from, 0.5));
    }
}

TEST(TroubleOverSockets, AServerThatIsKilledIsToldAsGone) {
    Options options;
    options.rate = 100;
    options.duration = 3s;
    SocketStage stage;
    Answering server;
    const auto measured = stage.offer(server, {options, nullptr, [&](const Progress& progress) {
                                                   if (progress.elapsed == 1s) {
                                                       stage.kill_server();
                                                   }
                                               }});
    EXPECT_EQ(measured.asked, 300U);
    EXPECT_EQ(measured.ended, Ended::planned);
    EXPECT_GT(measured.done, 0U);
    EXPECT_GT(measured.failed, 0U);
    expect_all_told(measured);
    for (const auto& trouble : measured.troubles) {
        EXPECT_EQ(trouble.status, 0) << trouble.text;
        EXPECT_NE(trouble.meaning.find("no answer"), std::string::npos) << trouble.meaning;
    }
}

TEST(TroubleOverSockets, RefusalsAndResetsAreCountedAndChangeNoSchedule) {
    http::Response sealed, throttled, reset;
    sealed.status = 503;
    sealed.body = R"({"errors":["Vault is sealed"]})";
    throttled.status = 429;
    throttled.headers.set("Retry-After", "60");
    reset.broken = http::Break::before;
    for (const auto& [answer, status] :
         {std::pair(sealed, 503), std::pair(throttled, 429), std::pair(reset, 0)}) {
        Options options;
        options.rate = 100;
        options.duration = 2s;
        SocketStage stage;
        Answering server(answer);
        const auto measured = stage.offer(server, {options});
        EXPECT_EQ(measured.asked, 200U) << status;
        EXPECT_EQ(measured.done, 0U) << status;
        expect_all_told(measured);
        ASSERT_FALSE(measured.troubles.empty()) << status;
        EXPECT_EQ(measured.troubles.front().status, status);
        EXPECT_NE(slo_missed({}, measured), "");
    }
}

TEST(TroubleOverSockets, AServerThatNeverAnswersRunsIntoTheTimeLimit) {
    Options options;
    options.rate = 50;
    options.duration = 2s;
    options.timeout = 200ms;
    SocketStage stage;
    Waiting server(1'000'000);
    const auto measured = stage.offer(server, {options});
    EXPECT_EQ(measured.asked, 100U);
    EXPECT_EQ(measured.done, 0U);
    EXPECT_GT(measured.failed, 0U);
    expect_all_told(measured);
    EXPECT_EQ(measured.whole.response.count(), 100U);
}

/// What happens to a whole load after its first second.
struct Happening {
    std::vector<fakes::ChaosRule> chaos{};
    bool sealed = false, revoked = false, expiring = false, stopped = false;
};

/// Whatever can be renewed has one second more.
Task<void> shorten_tokens(vault::Client vault) {
    const auto all = require(co_await vault.call("LIST", "auth/token/accessors"));
    std::size_t shortened = 0;
    for (const auto& accessor : all.data().at("keys")) {
        vault::Json body = {{"accessor", accessor}, {"increment", "1s"}};
        const auto renewed =
            co_await vault.request("PUT", "auth/token/renew-accessor", std::move(body));
        shortened += renewed && renewed->status == 200 ? 1 : 0;
    }
    EXPECT_GT(shortened, 0U);
}

Task<void> strike(Site site, Happening happening) {
    if (happening.sealed) {
        require(co_await site.vault.seal());
    }
    if (happening.revoked) {
        require(co_await site.vault.call(
            "PUT", "sys/leases/revoke-prefix/auth/" + run::RunMark("k3f9a2").name("auth")));
    }
    if (happening.expiring) {
        co_await shorten_tokens(site.vault);
    }
}

struct Told {
    fakes::FakeServers* servers = nullptr;
    Happening happening;
    run::StopSource stop;
    Signal second;
};

/// The site is known once the load has looked around, long before its first second.
Task<void> strike_then(const std::optional<Site>& site, Told& told) {
    co_await told.second.wait();
    co_await strike(*site, told.happening);
}

Task<void> play_whole(run::Environment& environment, Options options, Told& told, Played& played) {
    TaskGroup beside;
    std::optional<Site> site;
    Run run{environment, 1, "k3f9a2", &told.stop, {}, {}, {}};
    run.on_plan = [&](const run::Survey& found, const Footprint&) {
        site = site_of(found, environment.transport());
    };
    run.on_second = [&](const Progress& progress) {
        if (progress.elapsed != 1s) {
            return;
        }
        told.servers->chaos().set(told.happening.chaos);
        if (told.happening.stopped) {
            told.stop.request();
        }
        told.second.notify_all();
    };
    co_await beside.spawn(strike_then(site, told));
    played.outcome = co_await run_load(std::move(run), std::move(options));
    beside.cancel();
    co_await beside.join();
    played.see(co_await run::sweep_vault(site->vault, {"", true}));  // nothing of a sealed one
}

Played play_struck(Options options, Happening happening) {
    Told told;
    told.happening = std::move(happening);
    fakes::SimOptions sim;
    sim.servers.vaults = sim.servers.clusters = 1;
    sim.on_started = [&told](fakes::FakeServers& servers) { told.servers = &servers; };
    const auto environment = fakes::make_sim(std::move(sim));
    Played played;
    environment->drive(play_whole(*environment, std::move(options), told, played));
    return played;
}

Options for_three_seconds(Profile profile = Profile::login_sign) {
    Options options;
    options.profile = profile;
    options.rate = 50;
    options.duration = 3s;
    options.timeout = 500ms;
    return options;
}

fakes::ChaosRule on_signing() {
    fakes::ChaosRule rule;
    rule.name = "trouble";
    rule.server = "vault";
    rule.path = "/v1/*/sign/*";
    return rule;
}

/// The failure and the report of a load whose second and third second were bad.
void expect_told(const Played& played, int status, std::string_view meaning) {
    const auto& measured = played.outcome.measured;
    EXPECT_EQ(played.outcome.verdict, run::Verdict::fail);
    EXPECT_EQ(measured.asked, 150U);
    EXPECT_GT(measured.done, 0U);
    EXPECT_GT(measured.failed, 50U);
    expect_all_told(measured);
    ASSERT_FALSE(measured.troubles.empty());
    EXPECT_EQ(measured.troubles.front().status, status);
    EXPECT_NE(measured.troubles.front().meaning.find(meaning), std::string::npos)
        << measured.troubles.front().meaning;
    EXPECT_GE(measured.troubles.front().first, 900ms);
    EXPECT_EQ(played.outcome.verification.verified, measured.done);
    EXPECT_EQ(played.outcome.verification.wrong_leaves(), 0U);
    const auto report = to_markdown(played.outcome, "sim", 1);
    EXPECT_NE(report.find("## What failed"), std::string::npos);
    EXPECT_NE(report.find(meaning), std::string::npos);
}

TEST(Trouble, IsToldByWhatTheServerSays) {
    auto unavailable = on_signing();
    unavailable.status = 503;
    auto busy = on_signing();
    busy.status = 429;
    busy.retry_after = 30s;
    auto reset = on_signing();
    reset.reset = fakes::ResetPoint::before;
    auto slow = on_signing();
    slow.latency = fakes::Latency{fakes::Latency::Shape::fixed, 10s, {}, 0};
    for (const auto& [rule, status, meaning] :
         {std::tuple(unavailable, 503, "is not available"), std::tuple(busy, 429, "rate limit"),
          std::tuple(reset, 0, "no answer"), std::tuple(slow, 0, "no answer")}) {
        const auto played = play_struck(for_three_seconds(), {.chaos = {rule}});
        expect_told(played, status, meaning);
        EXPECT_EQ(played.left, std::vector<std::string>{}) << meaning;
    }
}

// As a Vault does that has tens of thousands of tokens to revoke first.
TEST(Trouble, ARemovalThatTakesLongIsAskedForAgain) {
    fakes::ChaosRule rule;
    rule.name = "long removal";
    rule.server = "vault";
    rule.methods = {"DELETE"};
    rule.path = "/v1/sys/auth/*";
    rule.first = 2;
    rule.status = 504;
    const auto played = play_struck(for_three_seconds(), {.chaos = {rule}});
    EXPECT_EQ(played.outcome.left, std::vector<std::string>{});
    EXPECT_EQ(played.outcome.verdict, run::Verdict::pass);
    EXPECT_EQ(played.left, std::vector<std::string>{});
}

TEST(Trouble, EndsTheLoadByItselfWhenItLasts) {
    auto rule = on_signing();
    rule.status = 503;
    auto options = for_three_seconds();
    options.duration = 60s;
    const auto played = play_struck(options, {.chaos = {rule}});
    EXPECT_EQ(played.outcome.measured.ended, Ended::aborted);
    EXPECT_EQ(played.outcome.verdict, run::Verdict::fail);
    EXPECT_GT(played.outcome.measured.not_asked, 2000U);
    EXPECT_EQ(played.left, std::vector<std::string>{});
}

TEST(Trouble, ATokenThatIsRevokedIsToldAndTheLoadRemovesItsThings) {
    const auto played = play_struck(for_three_seconds(Profile::sign), {.revoked = true});
    expect_told(played, 403, "the Vault token is no longer good");
    EXPECT_EQ(played.left, std::vector<std::string>{});
}

TEST(Trouble, ATokenThatExpiresIsToldFromThenOn) {
    auto options = for_three_seconds(Profile::sign);
    options.duration = 4s;
    const auto played = play_struck(options, {.expiring = true});
    const auto& measured = played.outcome.measured;
    EXPECT_EQ(played.outcome.verdict, run::Verdict::fail);
    EXPECT_EQ(measured.ended, Ended::planned);
    EXPECT_EQ(measured.asked, 200U);
    expect_all_told(measured);
    ASSERT_EQ(measured.troubles.size(), 1U);
    const auto& trouble = measured.troubles.front();
    EXPECT_EQ(trouble.status, 403);
    EXPECT_NE(trouble.meaning.find("the Vault token is no longer good"), std::string::npos)
        << trouble.meaning;
    // It lives on for a second, and nothing is signed after that.
    EXPECT_GE(trouble.first, 1900ms);
    EXPECT_GE(measured.done, 95U);
    EXPECT_GT(measured.failed, 80U);
    EXPECT_EQ(played.left, std::vector<std::string>{});
}

TEST(Trouble, AVaultThatIsSealedIsToldWithWhatStays) {
    const auto played = play_struck(for_three_seconds(), {.sealed = true});
    expect_told(played, 503, "Vault is sealed");
    EXPECT_FALSE(played.outcome.left.empty());
    bool told = false;
    for (const auto& failure : played.outcome.failures) {
        told |= failure.starts_with("clean-up: ");
    }
    EXPECT_TRUE(told) << testing::PrintToString(played.outcome.failures);
}

TEST(Trouble, ALoadThatIsStoppedTellsWhatItHas) {
    const auto played = play_struck(for_three_seconds(), {.stopped = true});
    const auto& outcome = played.outcome;
    EXPECT_EQ(outcome.verdict, run::Verdict::blocked);
    EXPECT_EQ(outcome.measured.ended, Ended::stopped);
    EXPECT_GT(outcome.measured.done, 40U);
    EXPECT_EQ(outcome.measured.asked + outcome.measured.not_asked, 150U);
    EXPECT_EQ(outcome.verification.verified, outcome.measured.done);
    EXPECT_EQ(played.left, std::vector<std::string>{});
    EXPECT_NE(outcome_lines(outcome).front().find("blocked"), std::string::npos);
}

}  // namespace
}  // namespace meshproof::load
