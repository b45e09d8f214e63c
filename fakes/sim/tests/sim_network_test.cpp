#include "fakes/sim/sim_network.hpp"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>

#include "core/time/signal.hpp"
#include "core/time/task_group.hpp"

namespace meshproof::fakes {
namespace {

using namespace std::chrono_literals;

const Time start = from_unix_seconds(1'800'000'000);

/// Answers with the request's body, after `work` of virtual time.
class Echo final : public http::Handler {
  public:
    explicit Echo(Clock& clock) : clock_(clock) {}
    [[nodiscard]] Task<http::Response> handle(http::Request request, http::Peer peer) override {
        began.push_back(peer.address + " " + request.method + " " + request.target);
        if (work > Duration::zero()) {
            co_await clock_.sleep_for(work);
        }
        ++ended;
        http::Response response;
        response.body = request.body;
        co_return response;
    }

    Duration work{};
    std::vector<std::string> began;
    int ended = 0;

  private:
    Clock& clock_;
};

/// Three lines, a second apart, then the end.
class Lines final : public http::BodySource {
  public:
    [[nodiscard]] Task<std::optional<std::string>> next(Clock& clock) override {
        if (sent_ == 3) {
            co_return std::nullopt;
        }
        co_await clock.sleep_for(1s);
        co_return fmt::format("line {}\n", sent_++);
    }

  private:
    int sent_ = 0;
};

class Watched final : public http::Handler {
  public:
    [[nodiscard]] Task<http::Response> handle(http::Request, http::Peer) override {
        http::Response response;
        response.source = std::make_shared<Lines>();
        co_return response;
    }
};

struct Net {
    explicit Net(FaultPlan plan = {}, std::uint64_t seed = 7) : network(clock, Prng(seed), plan) {}

    std::unique_ptr<http::Listener> listen(std::string name, http::Handler& handler) {
        http::ListenSpec spec;
        spec.name = std::move(name);
        spec.tls = false;
        return require(clock.run(network.listen(std::move(spec), handler)));
    }
    Result<http::Response> send(const http::Url& url, std::string body = {},
                                Duration timeout = 60s) {
        return clock.run(network.send(endpoint(url, timeout), request(std::move(body))));
    }
    static http::Endpoint endpoint(const http::Url& url, Duration timeout = 60s) {
        http::Endpoint out;
        out.url = url;
        out.timeout = timeout;
        out.caller = "web";
        return out;
    }
    static http::Request request(std::string body) {
        http::Request out;
        out.method = "POST";
        out.target = "/echo";
        out.body = std::move(body);
        return out;
    }

    boost::asio::io_context context;
    SimClock clock{context, start};
    SimNetwork network;
};

/// Acts on every request, and closes a kept connection without an answer.
class ClosesKept final : public http::Handler {
  public:
    [[nodiscard]] Task<http::Response> handle(http::Request request, http::Peer peer) override {
        acted.push_back(request.method);
        http::Response response;
        if (peer.served > 0) {
            response.broken = http::Break::unanswered;
        }
        co_return response;
    }
    std::vector<std::string> acted;
};

TEST(SimNetwork, RepeatsOnlyWhatChangesNothing) {
    Net net;
    ClosesKept server;
    const auto listener = net.listen("api", server);
    const auto send = [&](const std::string& method) {
        auto request = Net::request("");
        request.method = method;
        return net.clock.run(net.network.send(Net::endpoint(listener->url()), request));
    };
    for (const std::string method : {"PUT", "POST", "PATCH", "DELETE"}) {
        ASSERT_TRUE(send("GET"));
        server.acted.clear();
        const auto lost = send(method);
        ASSERT_FALSE(lost) << method;
        EXPECT_EQ(lost.error().kind, FailureKind::closed);
        EXPECT_EQ(server.acted, std::vector{method});
    }
    ASSERT_TRUE(send("GET"));
    server.acted.clear();
    ASSERT_TRUE(send("GET"));
    EXPECT_EQ(server.acted, (std::vector<std::string>{"GET", "GET"}));
}

TEST(SimNetwork, ARequestOverAConnectionOfItsOwnLeavesTheKeptOneAsItIs) {
    Net net;
    ClosesKept server;
    const auto listener = net.listen("api", server);
    auto apart = Net::endpoint(listener->url());
    apart.reuse = false;
    ASSERT_TRUE(net.send(listener->url()));
    ASSERT_TRUE(net.clock.run(net.network.send(apart, Net::request(""))));
    EXPECT_EQ(net.send(listener->url()).error().kind, FailureKind::closed);
}

TEST(SimNetwork, CarriesRequestAndAnswerInVirtualTime) {
    Net net;
    Echo echo(net.clock);
    const auto listener = net.listen("api", echo);
    EXPECT_EQ(listener->url().origin(), "http://api:80");
    const auto answer = net.send(listener->url(), "hello");
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->body, "hello");
    EXPECT_EQ(echo.began, std::vector<std::string>{"web POST /echo"});
    EXPECT_GE(net.clock.elapsed(), 400us);
    EXPECT_LE(net.clock.elapsed(), 4ms);
}

TEST(SimNetwork, DelaysDoNotDependOnSizes) {
    Duration elapsed[2];
    for (const std::size_t size : {0UL, 1'000'000UL}) {
        Net net;
        Echo echo(net.clock);
        const auto listener = net.listen("api", echo);
        ASSERT_TRUE(net.send(listener->url(), std::string(size, 'x')));
        elapsed[size != 0] = net.clock.elapsed();
    }
    EXPECT_EQ(elapsed[0], elapsed[1]);
}

Task<void> call_often(SimNetwork& network, http::Endpoint endpoint, int times,
                      std::vector<std::string>& log, SimClock& clock) {
    for (int i = 0; i < times; ++i) {
        const auto caller = endpoint.caller;
        const auto answer = co_await network.send(endpoint, Net::request("x"));
        log.push_back(fmt::format("{} {} {}", caller, clock.elapsed().count(),
                                  answer ? "ok" : answer.error().message));
    }
}

Task<void> call_beside(SimNetwork& network, http::Url url, std::vector<std::string> callers,
                       std::vector<std::string>& log, SimClock& clock) {
    TaskGroup group;
    for (const auto& caller : callers) {
        auto endpoint = Net::endpoint(url, 3s);
        endpoint.caller = caller;
        co_await group.spawn(call_often(network, endpoint, 50, log, clock));
    }
    co_await group.join();
}

std::vector<std::string> event_log(std::uint64_t seed, std::vector<std::string> callers) {
    FaultPlan plan;
    plan.refuse = plan.reset_before = plan.reset_after = plan.stall = 0.1;
    Net net(plan, seed);
    Echo echo(net.clock);
    echo.work = 1ms;
    const auto listener = net.listen("api", echo);
    std::vector<std::string> log;
    net.clock.run(call_beside(net.network, listener->url(), std::move(callers), log, net.clock));
    return log;
}

TEST(SimNetwork, SameSeedSameEventOrder) {
    const auto log = event_log(1, {"a", "b", "c"});
    EXPECT_EQ(log.size(), 150U);
    EXPECT_EQ(log, event_log(1, {"a", "b", "c"}));
    EXPECT_NE(log, event_log(2, {"a", "b", "c"}));
}

TEST(SimNetwork, OnePartysDrawsDoNotDisturbAnothers) {
    const auto alone = event_log(1, {"a"});
    auto beside = event_log(1, {"b", "a", "c"});
    std::erase_if(beside, [](const std::string& line) { return !line.starts_with("a "); });
    EXPECT_EQ(alone, beside);
}

TEST(SimNetwork, UnknownHostAndStoppedListenerAreUnreachable) {
    Net net;
    Echo echo(net.clock);
    auto listener = net.listen("api", echo);
    const auto url = listener->url();
    auto elsewhere = url;
    elsewhere.host = "nobody";
    EXPECT_EQ(net.send(elsewhere).error().kind, FailureKind::unreachable);
    ASSERT_TRUE(net.send(url));
    listener.reset();
    EXPECT_EQ(net.send(url).error().kind, FailureKind::unreachable);
    listener = net.listen("api", echo);
    EXPECT_TRUE(net.send(url));
}

TEST(SimNetwork, FaultsAreWhatTheirNamesSay) {
    struct Case {
        double FaultPlan::* field;
        FailureKind kind;
        int handled;
    };
    for (const auto& [field, kind, handled] :
         {Case{&FaultPlan::refuse, FailureKind::unreachable, 0},
          Case{&FaultPlan::reset_before, FailureKind::closed, 0},
          Case{&FaultPlan::reset_after, FailureKind::closed, 1},
          Case{&FaultPlan::stall, FailureKind::timed_out, 0}}) {
        FaultPlan plan;
        plan.*field = 1;
        Net net(plan);
        Echo echo(net.clock);
        const auto listener = net.listen("api", echo);
        const auto answer = net.send(listener->url(), "x", 5s);
        ASSERT_FALSE(answer);
        EXPECT_EQ(answer.error().kind, kind) << answer.error().message;
        EXPECT_EQ(echo.ended, handled);
        EXPECT_EQ(net.clock.elapsed() >= 5s, kind == FailureKind::timed_out);
        net.network.set_plan({});
        EXPECT_TRUE(net.send(listener->url()));
    }
}

Task<void> sleep_past(SimClock& clock) {
    co_await clock.sleep_for(1min);
}

TEST(SimNetwork, HandlerEndsAfterItsCallerGaveUp) {
    Net net;
    Echo echo(net.clock);
    echo.work = 30s;
    const auto listener = net.listen("api", echo);
    const auto answer = net.send(listener->url(), "x", 10s);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().kind, FailureKind::timed_out);
    EXPECT_EQ(net.clock.elapsed(), 10s);
    EXPECT_EQ(echo.ended, 0);
    net.clock.run(sleep_past(net.clock));
    EXPECT_EQ(echo.ended, 1);
}

Task<void> cancel_a_caller(SimNetwork& network, http::Endpoint endpoint, SimClock& clock) {
    TaskGroup group;
    std::vector<std::string> log;
    co_await group.spawn(call_often(network, endpoint, 1, log, clock));
    co_await clock.sleep_for(1s);
    group.cancel();
    co_await group.join();  // throws what was not a cancellation
    EXPECT_TRUE(log.empty());
}

TEST(SimNetwork, CancelledCallerLeavesTheHandlerRunning) {
    Net net;
    Echo echo(net.clock);
    echo.work = 30s;
    const auto listener = net.listen("api", echo);
    net.clock.run(cancel_a_caller(net.network, Net::endpoint(listener->url()), net.clock));
    net.clock.run(sleep_past(net.clock));
    EXPECT_EQ(echo.ended, 1);
}

Task<void> break_later(SimClock& clock, std::function<void()> action) {
    co_await clock.sleep_for(5s);
    action();
}

Task<Result<http::Response>> send_and_break(SimNetwork& network, http::Endpoint endpoint,
                                            SimClock& clock, std::function<void()> action) {
    TaskGroup group;
    co_await group.spawn(break_later(clock, std::move(action)));
    auto answer = co_await network.send(endpoint, Net::request("x"));
    co_await group.join();
    co_return answer;
}

TEST(SimNetwork, StoppingAListenerClosesWhatIsInFlight) {
    Net net;
    Echo echo(net.clock);
    echo.work = 30s;
    auto listener = net.listen("api", echo);
    const auto answer = net.clock.run(send_and_break(net.network, Net::endpoint(listener->url()),
                                                     net.clock, [&] { listener.reset(); }));
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().kind, FailureKind::closed);
    EXPECT_EQ(net.clock.elapsed(), 5s);
    net.clock.run(sleep_past(net.clock));
    EXPECT_EQ(echo.ended, 0) << "a stopped server goes on working";
}

/// Notes in a variable of its own how its work ended.
class Notes final : public http::Handler {
  public:
    explicit Notes(Clock& clock) : clock_(clock) {}
    [[nodiscard]] Task<http::Response> handle(http::Request, http::Peer) override {
        try {
            co_await clock_.sleep_for(30s);
        } catch (...) {
            ended_badly = true;
        }
        co_return http::Response{};
    }
    bool ended_badly = false;

  private:
    Clock& clock_;
};

TEST(SimNetwork, AHandlerMayBeDestroyedRightAfterItsListener) {
    Net net;
    auto handler = std::make_unique<Notes>(net.clock);
    auto listener = net.listen("api", *handler);
    const auto answer =
        net.clock.run(send_and_break(net.network, Net::endpoint(listener->url()), net.clock, [&] {
            listener.reset();
            handler.reset();
        }));
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().kind, FailureKind::closed);
    net.clock.run(sleep_past(net.clock));
}

TEST(SimLink, PassesRefusesAndHeals) {
    Net net;
    Echo echo(net.clock);
    const auto listener = net.listen("api", echo);
    auto link = require(net.clock.run(net.network.open_link(listener->url(), "api-link")));
    EXPECT_EQ(link->url().origin(), "http://api-link:80");
    EXPECT_TRUE(net.send(link->url()));
    link->set(http::LinkMode::refuse);
    EXPECT_EQ(net.send(link->url()).error().kind, FailureKind::unreachable);
    EXPECT_TRUE(net.send(listener->url())) << "the upstream itself is not touched";
    link->set(http::LinkMode::pass);
    EXPECT_TRUE(net.send(link->url()));
    const auto url = link->url();
    link.reset();
    EXPECT_EQ(net.send(url).error().kind, FailureKind::unreachable);
}

TEST(SimLink, StallHoldsUntilPassOrTheDeadline) {
    Net net;
    Echo echo(net.clock);
    const auto listener = net.listen("api", echo);
    auto link = require(net.clock.run(net.network.open_link(listener->url(), "api-link")));
    link->set(http::LinkMode::stall);
    const auto late = net.send(link->url(), "x", 10s);
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().kind, FailureKind::timed_out);
    EXPECT_EQ(net.clock.elapsed(), 10s);
    EXPECT_TRUE(echo.began.empty());
    EXPECT_TRUE(net.clock.run(send_and_break(net.network, Net::endpoint(link->url()), net.clock,
                                             [&] { link->set(http::LinkMode::pass); })));
    EXPECT_GE(net.clock.elapsed(), 15s);
}

TEST(SimLink, StallHoldsTheAnswerToo) {
    Net net;
    Echo echo(net.clock);
    echo.work = 20s;
    const auto listener = net.listen("api", echo);
    auto link = require(net.clock.run(net.network.open_link(listener->url(), "api-link")));
    const auto answer =
        net.clock.run(send_and_break(net.network, Net::endpoint(link->url(), 40s), net.clock,
                                     [&] { link->set(http::LinkMode::stall); }));
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().kind, FailureKind::timed_out);
    EXPECT_EQ(echo.ended, 1);
}

TEST(SimLink, CutAndRefuseCloseWhatIsInFlight) {
    for (const bool refuse : {false, true}) {
        Net net;
        Echo echo(net.clock);
        echo.work = 30s;
        const auto listener = net.listen("api", echo);
        auto link = require(net.clock.run(net.network.open_link(listener->url(), "api-link")));
        const auto answer =
            net.clock.run(send_and_break(net.network, Net::endpoint(link->url()), net.clock, [&] {
                refuse ? link->set(http::LinkMode::refuse) : link->cut();
            }));
        ASSERT_FALSE(answer);
        EXPECT_EQ(answer.error().kind, FailureKind::closed);
        EXPECT_EQ(net.send(link->url()).has_value(), !refuse);
    }
}

TEST(SimNetwork, DrainsASourceForAPlainSend) {
    Net net;
    Watched watched;
    const auto listener = net.listen("api", watched);
    const auto answer = net.send(listener->url());
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->body, "line 0\nline 1\nline 2\n");
}

Task<std::vector<std::string>> read_all(SimNetwork& network, http::Endpoint endpoint,
                                        SimClock& clock, int at_piece,
                                        std::function<void()> action) {
    std::vector<std::string> out;
    auto opened = co_await network.open(endpoint, Net::request({}));
    if (!opened) {
        out.emplace_back(to_string(opened.error().kind));
        co_return out;
    }
    auto stream = std::move(*opened);
    while (true) {
        const auto piece = co_await stream->next();
        if (!piece) {
            out.emplace_back(to_string(piece.error().kind));
            co_return out;
        }
        if (!*piece) {
            out.push_back(fmt::format("end at {} s", clock.elapsed() / 1s));
            co_return out;
        }
        out.push_back(**piece);
        if (static_cast<int>(out.size()) == at_piece) {
            action();
        }
    }
}

TEST(SimStream, DeliversPiecesInOrderAndEnds) {
    Net net;
    Watched watched;
    const auto listener = net.listen("api", watched);
    const auto pieces =
        net.clock.run(read_all(net.network, Net::endpoint(listener->url()), net.clock, -1, [] {}));
    EXPECT_EQ(pieces, (std::vector<std::string>{"line 0\n", "line 1\n", "line 2\n", "end at 3 s"}));
}

TEST(SimStream, EndsClosedWhenItsLinkIsCut) {
    Net net;
    Watched watched;
    const auto listener = net.listen("api", watched);
    auto link = require(net.clock.run(net.network.open_link(listener->url(), "api-link")));
    const auto pieces = net.clock.run(
        read_all(net.network, Net::endpoint(link->url()), net.clock, 2, [&] { link->cut(); }));
    EXPECT_EQ(pieces, (std::vector<std::string>{"line 0\n", "line 1\n", "closed"}));
}

TEST(SimStream, GivesAPlainAnswerAsOnePiece) {
    Net net;
    Echo echo(net.clock);
    const auto listener = net.listen("api", echo);
    const auto pieces =
        net.clock.run(read_all(net.network, Net::endpoint(listener->url()), net.clock, -1, [] {}));
    EXPECT_EQ(pieces, std::vector<std::string>{"end at 0 s"});
}

class Throws final : public http::Handler {
  public:
    [[nodiscard]] Task<http::Response> handle(http::Request, http::Peer) override {
        throw CannotGoOn({FailureKind::invalid, "broken", 0, {}});
        co_return http::Response{};
    }
};

TEST(SimNetwork, AHandlersExceptionReachesTheCaller) {
    Net net;
    Throws handler;
    const auto listener = net.listen("api", handler);
    EXPECT_THROW((void)net.send(listener->url()), CannotGoOn);
}

}  // namespace
}  // namespace meshproof::fakes
