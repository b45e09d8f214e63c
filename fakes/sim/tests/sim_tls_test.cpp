#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>

#include "core/crypto/tests/fixtures.hpp"
#include "fakes/sim/sim_network.hpp"

namespace meshproof::fakes {
namespace {

using namespace std::chrono_literals;

namespace fixtures = crypto::fixtures;

/// Answers with the common name of the client certificate that it was given, "-" without one, "?"
/// where it was worth nothing.
class WhoIs final : public http::Handler {
  public:
    [[nodiscard]] Task<http::Response> handle(http::Request, http::Peer peer) override {
        http::Response response;
        response.body = peer.certificate       ? peer.certificate->subject().common_name
                        : peer.bad_certificate ? "?"
                                               : "-";
        ++handled;
        co_return response;
    }
    int handled = 0;
};

struct Authority {
    [[nodiscard]] crypto::TlsIdentity leaf(std::string_view name, Duration life) const {
        auto spec = fixtures::leaf_spec(name);
        spec.not_after = fixtures::now + life;
        return fixtures::make_leaf(spec, issuer);
    }
    fixtures::Issuer issuer = fixtures::make_ca(fixtures::ca_spec("root"));
};

Task<void> pause(SimClock& clock, Duration duration) {
    co_await clock.sleep_for(duration);
}

struct Tls : testing::Test {
    std::unique_ptr<http::Listener> listen(bool mutual) {
        http::ListenSpec spec;
        spec.name = "api";
        spec.party = [this, mutual] {
            crypto::TlsParty party;
            party.identity = server;
            party.verify_peer = mutual;
            party.trust = {authority.issuer.certificate};
            return party;
        };
        return require(clock.run(network.listen(std::move(spec), whois)));
    }
    http::Endpoint endpoint(const http::Url& url, bool mutual) {
        http::Endpoint out;
        out.url = url;
        out.tls.trust = {authority.issuer.certificate};
        if (mutual) {
            out.tls.identity = client;
        }
        out.caller = "web";
        return out;
    }
    Result<http::Response> send(http::Endpoint to) {
        return clock.run(network.send(std::move(to), http::Request{}));
    }
    void pass_time(Duration duration) { clock.run(pause(clock, duration)); }

    Authority authority;
    crypto::TlsIdentity server = authority.leaf("api", 2h);
    crypto::TlsIdentity client = authority.leaf("web", 1h);
    WhoIs whois;
    boost::asio::io_context context;
    SimClock clock{context, fixtures::now};
    SimNetwork network{clock, Prng(3)};
};

TEST_F(Tls, AServerThatOnlyAsksIsToldWhatALeafIsWorth) {
    http::ListenSpec spec;
    spec.name = "api";
    spec.party = [this] {
        crypto::TlsParty party;
        party.identity = server;
        party.verify_peer = false;
        party.ask_peer = true;
        party.trust = {authority.issuer.certificate};
        return party;
    };
    const auto listener = require(clock.run(network.listen(std::move(spec), whois)));
    const auto foreign = Authority().leaf("web", 1h);
    for (int i = 0; i < 2; ++i) {
        EXPECT_EQ(require(send(endpoint(listener->url(), true))).body, "web");
        EXPECT_EQ(require(send(endpoint(listener->url(), false))).body, "-");
        auto stranger = endpoint(listener->url(), false);
        stranger.tls.identity = foreign;
        EXPECT_EQ(require(send(stranger)).body, "?");
    }
}

TEST_F(Tls, ServerAloneIsCheckedOnceAndRemembered) {
    const auto listener = listen(false);
    EXPECT_EQ(listener->url().origin(), "https://api:443");
    for (int i = 0; i < 5; ++i) {
        const auto answer = send(endpoint(listener->url(), false));
        ASSERT_TRUE(answer) << answer.error().message;
        EXPECT_EQ(answer->body, "-");
    }
    EXPECT_EQ(network.handshakes(), 1U);
    network.drop_idle();
    ASSERT_TRUE(send(endpoint(listener->url(), false)));
    EXPECT_EQ(network.handshakes(), 2U);
}

TEST_F(Tls, RememberedServerLeafIsStillCheckedByDate) {
    const auto listener = listen(false);
    ASSERT_TRUE(send(endpoint(listener->url(), false)));
    pass_time(2h + 1s);
    const auto late = send(endpoint(listener->url(), false));
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().kind, FailureKind::expired) << late.error().message;
    server = authority.leaf("api", 4h);
    EXPECT_TRUE(send(endpoint(listener->url(), false))) << "a new leaf is asked for";
}

TEST_F(Tls, FailuresAreNotRemembered) {
    const auto listener = listen(false);
    auto stranger = endpoint(listener->url(), false);
    stranger.tls.trust = {Authority().issuer.certificate};
    for (int i = 1; i <= 2; ++i) {
        const auto answer = send(stranger);
        ASSERT_FALSE(answer);
        EXPECT_EQ(answer.error().kind, FailureKind::tls);
        EXPECT_NE(answer.error().message.find("client refused"), std::string::npos)
            << answer.error().message;
        EXPECT_EQ(network.handshakes(), static_cast<std::uint64_t>(i));
    }
    EXPECT_EQ(whois.handled, 0);
    EXPECT_TRUE(send(endpoint(listener->url(), false)));
}

TEST_F(Tls, NameIsCheckedThroughALinkToo) {
    const auto listener = listen(false);
    const auto link = require(clock.run(network.open_link(listener->url(), "api-link")));
    EXPECT_EQ(send(endpoint(link->url(), false)).error().kind, FailureKind::tls);
    auto named = endpoint(link->url(), false);
    named.tls.server_name = "api";
    EXPECT_TRUE(send(named));
}

TEST_F(Tls, MutualShowsTheClientLeafToTheHandler) {
    const auto listener = listen(true);
    auto to = endpoint(listener->url(), true);
    to.reuse = false;
    for (int i = 1; i <= 3; ++i) {
        const auto answer = send(to);
        ASSERT_TRUE(answer) << answer.error().message;
        EXPECT_EQ(answer->body, "web");
        EXPECT_EQ(network.handshakes(), static_cast<std::uint64_t>(i));
    }
    to.reuse = true;
    ASSERT_TRUE(send(to));
    ASSERT_TRUE(send(to));
    EXPECT_EQ(network.handshakes(), 4U);
}

TEST_F(Tls, ServerRefusesAMissingClientLeaf) {
    const auto listener = listen(true);
    const auto answer = send(endpoint(listener->url(), false));
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().kind, FailureKind::tls) << answer.error().message;
    EXPECT_EQ(whois.handled, 0);
}

TEST_F(Tls, ExpiredClientLeafIsRefusedByTheServer) {
    const auto listener = listen(true);
    for (const bool reuse : {false, true}) {
        auto to = endpoint(listener->url(), true);
        to.reuse = reuse;
        if (reuse) {
            client = authority.leaf("web", 90min);
            to = endpoint(listener->url(), true);
            ASSERT_TRUE(send(to));
            pass_time(31min);
        } else {
            pass_time(61min);
        }
        const auto late = send(to);
        ASSERT_FALSE(late);
        EXPECT_EQ(late.error().kind, FailureKind::expired) << late.error().message;
        EXPECT_NE(late.error().message.find("server refused"), std::string::npos)
            << late.error().message;
    }
}

TEST_F(Tls, ExpiredServerLeafIsRefusedByTheClient) {
    client = authority.leaf("web", 24h);
    const auto listener = listen(true);
    pass_time(3h);
    const auto late = send(endpoint(listener->url(), true));
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().kind, FailureKind::expired) << late.error().message;
    EXPECT_NE(late.error().message.find("client refused"), std::string::npos)
        << late.error().message;
}

TEST_F(Tls, ASkewedCallerJudgesAtItsOwnDate) {
    const auto listener = listen(false);
    auto to = endpoint(listener->url(), false);
    to.tls.at = fixtures::now + 3h;
    EXPECT_EQ(send(to).error().kind, FailureKind::expired);
}

Result<void> refuse_everyone(const crypto::Certificate&) {
    return fail(FailureKind::tls, "not the peer that was meant");
}

TEST_F(Tls, PeerCheckDecidesInsteadOfTheName) {
    const auto listener = listen(true);
    const auto link = require(clock.run(network.open_link(listener->url(), "elsewhere")));
    auto to = endpoint(link->url(), true);
    to.tls.check_peer = [](const crypto::Certificate&) { return Result<void>(); };
    EXPECT_TRUE(send(to)) << "no name check beside a peer check";
    to.tls.check_peer = refuse_everyone;
    to.reuse = false;
    EXPECT_EQ(send(to).error().kind, FailureKind::tls);
}

/// Two who judge each other themselves, each over a new connection every time.
struct Judged : Tls {
    crypto::PeerJudge judge(int& asked, const bool& accepts) {
        return [this, &asked, &accepts](const crypto::PeerShown&) {
            ++asked;
            return accepts ? Result<void>() : Result<void>(fail(refuses_as, "not any more"));
        };
    }
    std::unique_ptr<http::Listener> listen_judging() {
        http::ListenSpec spec;
        spec.name = "api";
        spec.party = [this] {
            crypto::TlsParty party;
            party.identity = server;
            party.trust = {authority.issuer.certificate};
            party.judge_peer = judge(asked_server, server_accepts);
            return party;
        };
        return require(clock.run(network.listen(std::move(spec), whois)));
    }
    Result<http::Response> ask(const http::Url& url) {
        auto to = endpoint(url, true);
        to.reuse = false;
        to.tls.judge_peer = judge(asked_client, client_accepts);
        return send(std::move(to));
    }

    int asked_client = 0, asked_server = 0;
    bool client_accepts = true, server_accepts = true;
    FailureKind refuses_as = FailureKind::tls;
};

TEST_F(Judged, ShakeHandsOnceAndAreBothAskedAgain) {
    const auto listener = listen_judging();
    for (int i = 1; i <= 3; ++i) {
        const auto answer = ask(listener->url());
        ASSERT_TRUE(answer) << answer.error().message;
        EXPECT_EQ(answer->body, "web");
        EXPECT_EQ(asked_client, i);
        EXPECT_EQ(asked_server, i);
    }
    EXPECT_EQ(network.handshakes(), 1U);
    client = authority.leaf("web", 90min);
    ASSERT_TRUE(ask(listener->url()));
    EXPECT_EQ(network.handshakes(), 2U) << "another leaf is another key";
    server = authority.leaf("api", 3h);
    ASSERT_TRUE(ask(listener->url()));
    EXPECT_EQ(network.handshakes(), 3U);
}

TEST_F(Judged, WhoRefusesNowRefusesInAHandshake) {
    const auto listener = listen_judging();
    ASSERT_TRUE(ask(listener->url()));
    for (auto* accepts : {&client_accepts, &server_accepts}) {
        *accepts = false;
        const auto before = network.handshakes();
        const auto refused = ask(listener->url());
        ASSERT_FALSE(refused);
        EXPECT_NE(refused.error().message.find("not any more"), std::string::npos)
            << refused.error().message;
        EXPECT_EQ(network.handshakes(), before + 1);
        *accepts = true;
        ASSERT_TRUE(ask(listener->url()));
        EXPECT_EQ(network.handshakes(), before + 2) << "decided otherwise than the last time";
    }
    EXPECT_EQ(whois.handled, 3);
}

TEST_F(Judged, ARefusalThatStandsIsToldTheSameWithoutAHandshake) {
    const auto listener = listen_judging();
    for (auto* accepts : {&client_accepts, &server_accepts}) {
        *accepts = false;
        const auto first = ask(listener->url());
        ASSERT_FALSE(first);
        const auto before = network.handshakes();
        for (const auto kind : {FailureKind::tls, FailureKind::expired, FailureKind::tls}) {
            refuses_as = kind;  // of the same two: only why, and at which date, can differ
            const int asked = asked_client + asked_server;
            const auto again = ask(listener->url());
            ASSERT_FALSE(again);
            EXPECT_EQ(again.error().kind, kind);
            EXPECT_EQ(again.error().message, first.error().message);
            EXPECT_EQ(asked_client + asked_server, asked + (accepts == &client_accepts ? 1 : 2));
        }
        EXPECT_EQ(network.handshakes(), before);
        *accepts = true;
    }
    // The server refused before; now the client does, who is asked first.
    server_accepts = false;
    ASSERT_FALSE(ask(listener->url()));
    const auto before = network.handshakes();
    client_accepts = false;
    const auto refused = ask(listener->url());
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().message.find("the client refused"), std::string::npos)
        << refused.error().message;
    EXPECT_EQ(network.handshakes(), before + 1);
    EXPECT_EQ(whois.handled, 0);
}

// To have met its owner before is no proof of the key.
TEST_F(Judged, ALeafWithoutItsKeyIsRefused) {
    const auto listener = listen_judging();
    ASSERT_TRUE(ask(listener->url()));
    for (auto* identity : {&client, &server}) {
        const auto right = identity->key;
        identity->key = crypto::Key::generate(crypto::KeyType::p256).claiming(right.public_key());
        for (int i = 0; i < 2; ++i) {  // nor is having been refused
            const auto before = network.handshakes();
            EXPECT_FALSE(ask(listener->url()));
            EXPECT_EQ(network.handshakes(), before + 1);
        }
        EXPECT_EQ(whois.handled, 1);
        identity->key = right;
    }
    const auto before = network.handshakes();
    ASSERT_TRUE(ask(listener->url()));
    EXPECT_EQ(network.handshakes(), before);
}

TEST_F(Tls, WrongSchemeIsRefused) {
    const auto listener = listen(false);
    auto to = endpoint(listener->url(), false);
    to.url.scheme = "http";
    EXPECT_EQ(send(to).error().kind, FailureKind::closed);
}

}  // namespace
}  // namespace meshproof::fakes
