#include "core/world/inspecting_transport.hpp"

#include <gtest/gtest.h>

#include "core/crypto/tls.hpp"
#include "core/time/sim_clock.hpp"

namespace meshproof::run {
namespace {

using Lines = std::vector<std::string>;

/// A wire whose far end gives one answer to everything.
class OneAnswer final : public http::Transport {
  public:
    Result<http::Response> answer;

    Task<Result<http::Response>> send(http::Endpoint /*endpoint*/,
                                      http::Request /*request*/) override {
        co_return answer;
    }
    Task<Result<std::unique_ptr<http::Stream>>> open(http::Endpoint /*endpoint*/,
                                                     http::Request /*request*/) override {
        co_return fail(FailureKind::unsupported, "no streams");
    }
    Task<Result<std::unique_ptr<http::Listener>>> listen(http::ListenSpec /*spec*/,
                                                         http::Handler& /*handler*/) override {
        co_return fail(FailureKind::unsupported, "no listeners");
    }
    Task<Result<std::unique_ptr<http::Link>>> open_link(http::Url /*upstream*/,
                                                        std::string /*name*/) override {
        co_return fail(FailureKind::unsupported, "no links");
    }
    void drop_idle() override {}
};

struct InspectingTransportTest : testing::Test {
    boost::asio::io_context context;
    SimClock clock{context, from_unix_seconds(1'900'000'000)};
    Trace trace{clock, false};
    Monitors monitors{trace, Duration::zero()};
    OneAnswer wire;
    InspectingTransport transport{wire, monitors, trace};

    Result<http::Response> send(const std::string& caller, http::Request request) {
        http::Endpoint endpoint;
        endpoint.url = require(http::Url::parse("https://vault-0:8200"));
        endpoint.caller = caller;
        return clock.run(transport.send(std::move(endpoint), std::move(request)));
    }
};

TEST_F(InspectingTransportTest, LearnsTheSecretsThatPass) {
    for (const auto* secret :
         {"s.0123456789", "kube.token.1", "projected.jwt.1", "watch.token.1"}) {
        EXPECT_FALSE(trace.leaks(secret));
    }
    (void)send("web-1", {.method = "GET",
                         .target = "/v1/x",
                         .headers = {{"x-vault-token", "s.0123456789"}},
                         .body = {}});
    (void)send("web-1", {.method = "GET",
                         .target = "/api",
                         .headers = {{"authorization", "Bearer kube.token.1"}},
                         .body = {}});
    (void)send("web-1", {.method = "PUT",
                         .target = "/v1/auth/kubernetes/login",
                         .headers = {},
                         .body = R"({"jwt":"projected.jwt.1","role":"mesh"})"});
    (void)clock.run(transport.open({}, {.method = "GET",
                                        .target = "/api/v1/pods?watch=1",
                                        .headers = {{"Authorization", "Bearer watch.token.1"}},
                                        .body = {}}));
    for (const auto* secret :
         {"s.0123456789", "kube.token.1", "projected.jwt.1", "watch.token.1"}) {
        EXPECT_TRUE(trace.leaks(secret)) << secret;
    }
    EXPECT_FALSE(trace.leaks(R"({"jwt":"another","role":"mesh"})"));
}

TEST_F(InspectingTransportTest, LearnsTheTokensThatAreGiven) {
    wire.answer->body = R"({"auth":{"client_token":"hvs.0123456789","accessor":"a.0123456789"}})";
    (void)send("web-1", {.method = "PUT", .target = "/v1/x", .headers = {}, .body = {}});
    wire.answer->body = R"({"kind":"TokenRequest","status":{"token":"projected.jwt.2"}})";
    (void)send("web-1", {.method = "POST", .target = "/api", .headers = {}, .body = {}});
    EXPECT_TRUE(trace.leaks("hvs.0123456789"));
    EXPECT_TRUE(trace.leaks("projected.jwt.2"));
    EXPECT_FALSE(trace.leaks("a.0123456789"));
}

/// What is answered to a login, and to a request for a signature.
constexpr std::string_view good_body =
    R"({"request_id":"1","auth":{"client_token":"s.1"},"data":{"certificate":"PEM"}})";

TEST_F(InspectingTransportTest, CountsWhatAgentsAskOfVault) {
    const auto login = [&](const std::string& caller) {
        (void)send(
            caller,
            {.method = "PUT", .target = "/v1/auth/kubernetes/login", .headers = {}, .body = {}});
    };
    const auto sign = [&](const std::string& caller) {
        (void)send(caller,
                   {.method = "PUT", .target = "/v1/pki/sign/mesh", .headers = {}, .body = {}});
    };
    wire.answer->status = 200;
    wire.answer->body = good_body;
    login("web-1");
    sign("web-1");
    wire.answer->status = 503;
    sign("web-1");
    login("web-2");
    wire.answer = fail(FailureKind::timed_out, "no answer");
    login("web-1");  // again after its refused signature
    wire.answer = http::Response{};
    wire.answer->status = 200;
    wire.answer->body = good_body;
    login("web-1");  // and after silence
    sign("web-1");
    login("admin");  // no agent
    (void)send("web-1", {.method = "GET", .target = "/", .headers = {}, .body = {}});
    const AgentCounts expected{.logins = 2,
                               .signatures = 2,
                               .refused_logins = 1,
                               .refused_signatures = 1,
                               .unanswered = 1,
                               .retries = 2};
    EXPECT_EQ(transport.agents(), expected);
}

// A proxy that answers 200 with a page of its own, and one that cuts what it passes on, have given
// nothing: the agent asks again.
TEST_F(InspectingTransportTest, CountsAnswersThatHoldNothing) {
    const std::string whole(good_body);
    wire.answer->status = 200;
    const auto ask = [&](const std::string& body, std::string target) {
        wire.answer->body = body;
        (void)send("web-1",
                   {.method = "PUT", .target = std::move(target), .headers = {}, .body = {}});
    };
    for (const auto& body :
         {std::string(), std::string("<html>Sign in</html>"), whole.substr(0, whole.size() / 2),
          "{" + whole, std::string(R"({"request_id"="1","data":{"certificate":"PEM"}})"),
          std::string(R"({"request_id":"1","data":{"issuing_ca":"PEM"}})")}) {
        ask(body, "/v1/pki/sign/mesh");
    }
    ask(whole, "/v1/pki/sign/mesh");
    ask(R"({"request_id":"1","auth":null})", "/v1/auth/kubernetes/login");
    ask(" " + whole + "\n", "/v1/auth/kubernetes/login");
    const AgentCounts expected{.logins = 1, .signatures = 1, .unusable = 7, .retries = 7};
    EXPECT_EQ(transport.agents(), expected);
    EXPECT_EQ(expected.faults(), 7U);
}

TEST_F(InspectingTransportTest, CountsTheLeavesThatAgentsReject) {
    wire.answer->status = 200;
    wire.answer->body = good_body;
    const auto sign = [&](const std::string& caller) {
        (void)send(caller,
                   {.method = "PUT", .target = "/v1/pki/sign/mesh", .headers = {}, .body = {}});
        mesh::LeafIssued seen;
        seen.pod = caller;
        seen.leaf = crypto::make_server_credentials("ca", clock.now(), std::chrono::hours(1)).ca;
        seen.requested_key = seen.leaf.public_key();
        seen.chain = {seen.leaf};
        monitors.on_leaf(seen);
    };
    sign("web-1-x");
    monitors.on_event({"leaf rejected", {{"cluster", "alpha"}, {"pod", "web-1"}}});
    sign("api-1-x");  // another's
    sign("web-1-x");  // again
    sign("web-1-x");  // the next renewal, which is none
    const auto agents = transport.agents();
    EXPECT_EQ(agents.signatures, 4U);
    EXPECT_EQ(agents.rejected_leaves, 1U);
    EXPECT_EQ(agents.retries, 1U);
    EXPECT_EQ(agents.faults(), 1U);
}

TEST_F(InspectingTransportTest, ShowsRequestsToTheMonitors) {
    (void)send("web-1", {.method = "PUT", .target = "/v1/x", .headers = {}, .body = "{}"});
    EXPECT_EQ(monitors.violations(), Lines{});
    const std::string key = "-----BEGIN EC PRIVATE KEY-----";
    (void)send("web-1", {.method = "PUT", .target = "/v1/x", .headers = {}, .body = key});
    (void)send("", {.method = "PUT", .target = "/v1/x", .headers = {}, .body = key});
    EXPECT_EQ(monitors.violations(),
              (Lines{"monitor: a private key left web-1 in PUT /v1/x",
                     "monitor: a private key left https://vault-0:8200 in PUT /v1/x"}));
}

TEST_F(InspectingTransportTest, TellsWhatTheAdministratorDoesAndNobodyElse) {
    wire.answer->status = 204;
    EXPECT_EQ(
        send("admin", {.method = "PUT", .target = "/v1/x", .headers = {}, .body = {}})->status,
        204);
    EXPECT_EQ(
        send("web-1", {.method = "PUT", .target = "/v1/x", .headers = {}, .body = {}})->status,
        204);
    wire.answer = fail(FailureKind::unreachable, "connection refused");
    EXPECT_EQ(send("admin", {.method = "GET", .target = "/v1/y", .headers = {}, .body = {}})
                  .error()
                  .message,
              "connection refused");
    EXPECT_EQ(trace.lines(),
              (Lines{"admin PUT /v1/x 204",
                     fmt::format("admin GET /v1/y {}", to_string(FailureKind::unreachable))}));
}

TEST_F(InspectingTransportTest, SecretInATargetIsAViolation) {
    trace.learn(Secret("s.0123456789"));
    (void)send("admin",
               {.method = "GET", .target = "/v1/x?t=s.0123456789", .headers = {}, .body = {}});
    EXPECT_EQ(monitors.violations(),
              Lines{"monitor: a secret reached the trace in the target of a request"});
}

}  // namespace
}  // namespace meshproof::run
