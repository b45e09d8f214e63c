// The link: a stretch of wire that passes, refuses, stalls and is cut.
#include "core/http/tests/wire_test.hpp"

namespace meshproof::http {
namespace {

class LinkTest : public WireTest {
  protected:
    void SetUp() override {
        listener_ = serve_plain(echo_);
        link_ = open_link(listener_->url());
        endpoint_ = to(link_->url());
    }
    std::unique_ptr<Link> open_link(Url upstream) {
        return require(run(transport_->open_link(std::move(upstream), "test")));
    }
    Result<Response> send_quickly() {
        auto endpoint = endpoint_;
        endpoint.timeout = std::chrono::milliseconds(50);
        return send(endpoint);
    }
    void expect_failure(FailureKind kind) {
        const auto response = send(endpoint_);
        ASSERT_FALSE(response);
        EXPECT_EQ(response.error().kind, kind) << response.error().message;
    }

    Echo echo_;
    std::unique_ptr<Listener> listener_;
    std::unique_ptr<Link> link_;
    Endpoint endpoint_;
};

TEST_F(LinkTest, Passes) {
    EXPECT_EQ(link_->mode(), LinkMode::pass);
    EXPECT_NE(link_->url().port, listener_->url().port);
    const std::string large(1U << 20, 'x');
    const auto response = send(endpoint_, {"POST", "/a", {}, large});
    ASSERT_TRUE(response) << response.error().message;
    EXPECT_EQ(response->body, "POST /a " + large);
}

TEST_F(LinkTest, KeepsTheUpstreamsSchemeNameAndPath) {
    const auto named = open_link({"https", "localhost", 1, "/prefix"});
    EXPECT_EQ(named->url(), (Url{"https", "localhost", named->url().port, "/prefix"}));
    const auto far = open_link({"http", "vault.example", 80, ""});
    EXPECT_EQ(far->url().host, "127.0.0.1");
}

TEST_F(LinkTest, RefusesAtOnceAndPassesAgainOnTheSamePort) {
    ASSERT_TRUE(send(endpoint_));
    const auto port = link_->url().port;
    for (int i = 0; i < 3; ++i) {
        link_->set(LinkMode::refuse);
        expect_failure(FailureKind::unreachable);  // the kept connection is cut, a new one refused
        link_->set(LinkMode::pass);
        EXPECT_EQ(link_->url().port, port);
        const auto response = send(endpoint_);
        ASSERT_TRUE(response) << response.error().message;
    }
}

TEST_F(LinkTest, NobodyElseGetsThePortMeanwhile) {
    link_->set(LinkMode::refuse);
    ListenSpec spec;
    spec.tls = false;
    spec.port = link_->url().port;
    EXPECT_FALSE(run(transport_->listen(spec, echo_)));
}

TEST_F(LinkTest, StallsOldAndNewConnectionsAndGoesOn) {
    ASSERT_TRUE(send(endpoint_));
    link_->set(LinkMode::stall);
    for (int i = 0; i < 2; ++i) {  // the kept connection, then a fresh one
        const auto response = send_quickly();
        ASSERT_FALSE(response);
        EXPECT_EQ(response.error().kind, FailureKind::timed_out) << response.error().message;
    }
    EXPECT_EQ(echo_.requests.size(), 1U);
    link_->set(LinkMode::pass);
    EXPECT_TRUE(send(endpoint_));
}

Task<void> send_into(Transport* transport, Endpoint endpoint,
                     std::optional<Result<Response>>* result) {
    *result = co_await transport->send(std::move(endpoint), {});
}

TEST_F(LinkTest, WhatWasStalledArrivesLater) {
    link_->set(LinkMode::stall);
    std::optional<Result<Response>> result;
    asio::co_spawn(context_, send_into(transport_.get(), endpoint_, &result), asio::detached);
    settle();
    EXPECT_FALSE(result);
    link_->set(LinkMode::pass);
    context_.restart();
    while (!result && context_.run_one() > 0) {
    }
    ASSERT_TRUE(*result) << result->error().message;
}

TEST_F(LinkTest, RefusesAfterAStall) {
    ASSERT_TRUE(send(endpoint_));
    link_->set(LinkMode::stall);
    EXPECT_FALSE(send_quickly());
    link_->set(LinkMode::refuse);
    expect_failure(FailureKind::unreachable);
    link_->set(LinkMode::stall);
    EXPECT_EQ(send_quickly().error().kind, FailureKind::timed_out);
    link_->set(LinkMode::pass);
    EXPECT_TRUE(send(endpoint_));
}

TEST_F(LinkTest, ACutEndsARequestUnderWay) {
    Stuck stuck;
    const auto listener = serve_plain(stuck);
    const auto link = open_link(listener->url());
    std::optional<Result<Response>> result;
    asio::co_spawn(context_, send_into(transport_.get(), to(link->url()), &result), asio::detached);
    context_.restart();
    while (stuck.calls == 0 && context_.run_one() > 0) {
    }
    link->cut();
    while (!result && context_.run_one() > 0) {
    }
    ASSERT_FALSE(*result);
    EXPECT_EQ(result->error().kind, FailureKind::closed);
    EXPECT_EQ(link->mode(), LinkMode::pass);
}

TEST_F(LinkTest, AnUpstreamThatIsGoneBreaksTheConnection) {
    listener_ = nullptr;
    expect_failure(FailureKind::closed);
}

TEST_F(LinkTest, PassesTheEndOfOneDirectionOn) {
    const RawServer server(context_, "HTTP/1.1 200 OK\r\n\r\nuntil the end");
    const auto link = open_link(server.url());
    const auto response = send(to(link->url()));
    ASSERT_TRUE(response) << response.error().message;
    EXPECT_EQ(response->body, "until the end");
}

TEST_F(LinkTest, ALinkThatIsGoneIsUnreachable) {
    ASSERT_TRUE(send(endpoint_));
    link_ = nullptr;
    expect_failure(FailureKind::unreachable);
}

TEST_F(LinkTest, TheTransportEndsItsLinks) {
    ASSERT_TRUE(send(endpoint_));
    transport_ = std::make_unique<BeastTransport>(clock_);
    expect_failure(FailureKind::unreachable);
    link_->set(LinkMode::refuse);  // harmless
    link_->set(LinkMode::pass);
    expect_failure(FailureKind::unreachable);
}

TEST_F(LinkTest, MayBeLeftStalledAtTheEnd) {
    link_->set(LinkMode::stall);
    std::optional<Result<Response>> result;
    endpoint_.timeout = std::chrono::milliseconds(50);
    asio::co_spawn(context_, send_into(transport_.get(), endpoint_, &result), asio::detached);
    context_.restart();
    while (!result && context_.run_one() > 0) {
    }
}

}  // namespace
}  // namespace meshproof::http
