// BeastTransport over TLS: who is believed, who is refused and with which words, and which
// connections are kept.
#include "core/http/tests/wire_test.hpp"

namespace meshproof::http {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

class TlsTest : public WireTest {
  protected:
    TlsTest() {
        server_.identity = credentials_.identity;
        server_.verify_peer = false;
    }

    std::unique_ptr<Listener> serve(Handler& handler) {
        ListenSpec spec;
        spec.party = [this] {
            ++accepted_;
            return server_;
        };
        return require(run(transport_->listen(std::move(spec), handler)));
    }
    Endpoint trusting(const Url& url, const crypto::Certificate& ca) const {
        auto endpoint = to(url);
        endpoint.tls.trust = {ca};
        return endpoint;
    }
    Endpoint trusting(const Url& url) const { return trusting(url, credentials_.ca); }

    crypto::TlsIdentity leaf(const std::string& name, Time not_before, Time not_after,
                             std::string_view usage = crypto::eku_client_auth) const {
        crypto::TlsIdentity identity;
        identity.key = crypto::Key::generate(crypto::KeyType::p256);
        crypto::CertificateSpec spec;
        spec.subject.common_name = name;
        spec.not_before = not_before;
        spec.not_after = not_after;
        spec.alt_names.dns = {name};
        spec.key_usage = crypto::KeyUsage::digital_signature;
        spec.extended_key_usage = {std::string(usage)};
        identity.leaf = crypto::sign_certificate(spec, identity.key.public_key(),
                                                 credentials_.ca_key, &credentials_.ca);
        return identity;
    }
    crypto::TlsIdentity client_leaf(const std::string& name) const {
        return leaf(name, now_ - hours(1), now_ + hours(1));
    }

    Time now_ = clock_.now();
    crypto::ServerCredentials credentials_ =
        crypto::make_server_credentials("meshproof test", now_, hours(24));
    crypto::TlsParty server_;
    int accepted_ = 0;
};

void expect_failure(const Result<Response>& response, FailureKind kind, std::string_view text) {
    ASSERT_FALSE(response);
    EXPECT_EQ(response.error().kind, kind) << response.error().message;
    EXPECT_NE(response.error().message.find(text), std::string::npos) << response.error().message;
}

TEST_F(TlsTest, CarriesARequestAndItsResponse) {
    Echo echo;
    const auto listener = serve(echo);
    EXPECT_EQ(listener->url().scheme, "https");
    const std::string large(1U << 20, 'x');
    for (const bool chunked : {false, true}) {
        echo.answer.chunked = chunked;
        const auto response = send(trusting(listener->url()), {"POST", "/a", {}, large});
        ASSERT_TRUE(response) << response.error().message;
        EXPECT_EQ(response->body, "POST /a " + large);
    }
    EXPECT_FALSE(echo.peers[0].certificate);
}

TEST_F(TlsTest, RefusesAnUnknownCa) {
    Echo echo;
    const auto listener = serve(echo);
    const auto other = crypto::make_server_credentials("other", now_, hours(1));
    const auto response = send(trusting(listener->url(), other.ca));
    expect_failure(response, FailureKind::tls, listener->url().origin());
    EXPECT_TRUE(echo.requests.empty());
    auto anything = trusting(listener->url(), other.ca);
    anything.tls.verify_peer = false;
    EXPECT_TRUE(send(anything));
}

TEST_F(TlsTest, RefusesAnExpiredLeaf) {
    Echo echo;
    server_.identity =
        leaf("localhost", now_ - minutes(50), now_ - minutes(10), crypto::eku_server_auth);
    const auto listener = serve(echo);
    auto endpoint = trusting(listener->url());
    endpoint.tls.server_name = "localhost";
    expect_failure(send(endpoint), FailureKind::expired, "expired");
    endpoint.tls.at = now_ - minutes(30);
    EXPECT_TRUE(send(endpoint));
}

TEST_F(TlsTest, RefusesAnotherName) {
    Echo echo;
    server_.identity =
        leaf("api.example", now_ - hours(1), now_ + hours(1), crypto::eku_server_auth);
    const auto listener = serve(echo);
    auto endpoint = trusting(listener->url());
    expect_failure(send(endpoint), FailureKind::tls, "");  // the URL's host by default
    endpoint.tls.server_name = "other.example";
    expect_failure(send(endpoint), FailureKind::tls, "");
    endpoint.tls.server_name = "api.example";
    EXPECT_TRUE(send(endpoint));
}

TEST_F(TlsTest, KnowsTheClientByItsLeafAndSwapsItsOwn) {
    Echo echo;
    server_.verify_peer = true;
    server_.trust = {credentials_.ca};
    const auto listener = serve(echo);
    auto endpoint = trusting(listener->url());
    endpoint.tls.identity = client_leaf("web");
    std::vector<crypto::Certificate> shown;
    endpoint.tls.check_peer = [&shown](const crypto::Certificate& seen) {
        shown.push_back(seen);
        return Result<void>();
    };
    ASSERT_TRUE(send(endpoint));
    ASSERT_TRUE(echo.peers[0].certificate);
    EXPECT_EQ(*echo.peers[0].certificate, endpoint.tls.identity->leaf);

    const auto before = server_.identity->leaf;
    server_.identity = leaf("new", now_ - hours(1), now_ + hours(1), crypto::eku_server_auth);
    ASSERT_TRUE(send(endpoint));  // over the kept connection
    EXPECT_EQ(accepted_, 1);
    EXPECT_EQ(shown.back(), before);
    transport_->drop_idle();
    ASSERT_TRUE(send(endpoint));
    EXPECT_EQ(accepted_, 2);
    EXPECT_EQ(shown.back(), server_.identity->leaf);
}

TEST_F(TlsTest, AClientWithoutALeafIsToldSo) {
    Echo echo;
    server_.verify_peer = true;
    server_.trust = {credentials_.ca};
    const auto listener = serve(echo);
    expect_failure(send(trusting(listener->url())), FailureKind::tls, "alert");
    auto foreign = trusting(listener->url());
    foreign.tls.identity = crypto::make_server_credentials("x", now_, hours(1)).identity;
    expect_failure(send(foreign), FailureKind::tls, "alert");
    auto expired = trusting(listener->url());
    expired.tls.identity = leaf("web", now_ - hours(2), now_ - hours(1));
    expect_failure(send(expired), FailureKind::tls, "alert");
    const auto stream = run(transport_->open(expired, {}));
    ASSERT_FALSE(stream);
    EXPECT_EQ(stream.error().kind, FailureKind::tls);
    EXPECT_TRUE(echo.requests.empty());
}

TEST_F(TlsTest, AServerThatOnlyAsksTakesAnyLeafOrNone) {
    Echo echo;
    server_.ask_peer = true;
    server_.trust = {credentials_.ca};
    const auto listener = serve(echo);
    auto named = trusting(listener->url());
    named.tls.identity = client_leaf("web");
    ASSERT_TRUE(send(named));
    ASSERT_TRUE(send(trusting(listener->url())));
    auto foreign = trusting(listener->url());
    foreign.tls.identity = crypto::make_server_credentials("x", now_, hours(1)).identity;
    ASSERT_TRUE(send(foreign));
    ASSERT_EQ(echo.peers.size(), 3U);
    ASSERT_TRUE(echo.peers[0].certificate);
    EXPECT_EQ(*echo.peers[0].certificate, named.tls.identity->leaf);
    EXPECT_FALSE(echo.peers[0].bad_certificate);
    EXPECT_FALSE(echo.peers[1].certificate);
    EXPECT_FALSE(echo.peers[1].bad_certificate);
    EXPECT_FALSE(echo.peers[2].certificate);
    EXPECT_TRUE(echo.peers[2].bad_certificate);
}

TEST_F(TlsTest, ThePeerCheckDecidesForKeptConnectionsToo) {
    Echo echo;
    const auto listener = serve(echo);
    auto endpoint = trusting(listener->url());
    ASSERT_TRUE(send(endpoint));
    endpoint.tls.server_name = "127.0.0.1";  // what the default above stood for
    endpoint.tls.check_peer = [](const crypto::Certificate&) -> Result<void> {
        return fail(FailureKind::tls, "not the one that was expected");
    };
    expect_failure(send(endpoint), FailureKind::tls, "not the one that was expected");
    EXPECT_EQ(echo.requests.size(), 1U);
}

TEST_F(TlsTest, TheJudgeIsAskedAgainBeforeEveryRequest) {
    Echo echo;
    const auto listener = serve(echo);
    auto endpoint = trusting(listener->url());
    int asked = 0;
    bool good = true;
    endpoint.tls.judge_peer = [&](const crypto::PeerShown& peer) -> Result<void> {
        ++asked;
        EXPECT_TRUE(peer.leaf);
        return good ? Result<void>() : fail(FailureKind::expired, "its time is over");
    };
    for (int i = 1; i <= 2; ++i) {
        ASSERT_TRUE(send(endpoint));
        EXPECT_EQ(asked, i);
        EXPECT_EQ(accepted_, 1);
    }
    good = false;  // the kept one ends; what a fresh one finds is told
    expect_failure(send(endpoint), FailureKind::expired, "its time is over");
    EXPECT_EQ(echo.requests.size(), 2U);
}

TEST_F(TlsTest, KeepsConnectionsApartByCallerAndIdentity) {
    Echo echo;
    const auto listener = serve(echo);
    auto endpoint = trusting(listener->url());
    for (int i = 0; i < 3; ++i) {
        ASSERT_TRUE(send(endpoint));
    }
    EXPECT_EQ(accepted_, 1);
    auto other_caller = endpoint;
    other_caller.caller = "b";
    ASSERT_TRUE(send(other_caller));
    EXPECT_EQ(accepted_, 2);
    auto with_leaf = endpoint;
    with_leaf.tls.identity = client_leaf("web");
    ASSERT_TRUE(send(with_leaf));
    EXPECT_EQ(accepted_, 3);
    auto more_trust = endpoint;
    more_trust.tls.trust.push_back(client_leaf("ca").leaf);
    ASSERT_TRUE(send(more_trust));
    EXPECT_EQ(accepted_, 4);
    ASSERT_TRUE(send(endpoint));
    EXPECT_EQ(accepted_, 4);
    auto once = endpoint;
    once.reuse = false;
    ASSERT_TRUE(send(once));
    EXPECT_EQ(echo.requests.back().headers.find("Connection"), "close");
    ASSERT_TRUE(send(once));
    EXPECT_EQ(accepted_, 6);
    echo.answer.headers = {{"Connection", "close"}};  // the server's wish
    ASSERT_TRUE(send(endpoint));
    EXPECT_EQ(accepted_, 6);
    ASSERT_TRUE(send(endpoint));
    EXPECT_EQ(accepted_, 7);
}

TEST_F(TlsTest, RetriesOnceWhenAnIdleConnectionHadGone) {
    Echo echo;
    const auto listener = serve(echo);
    ASSERT_TRUE(send(trusting(listener->url())));
    listener->drop_connections();
    settle();
    const auto again = send(trusting(listener->url()), {"POST", "/again", {}, "x"});
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_EQ(accepted_, 2);
    EXPECT_EQ(echo.requests.size(), 2U);
}

TEST_F(TlsTest, TellsAPlainClientWhatIsWrong) {
    Echo echo;
    const auto listener = serve(echo);
    const auto answer =
        run(raw_exchange(listener->url().port, "GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
    EXPECT_EQ(answer,
              "HTTP/1.0 400 Bad Request\r\n\r\n"
              "Client sent an HTTP request to an HTTPS server.\n");
    auto plain = to(listener->url());
    plain.url.scheme = "http";
    const auto response = send(plain);
    ASSERT_TRUE(response) << response.error().message;
    EXPECT_EQ(response->status, 400);
    EXPECT_EQ(accepted_, 0);
}

TEST_F(TlsTest, APlainServerIsNotBelieved) {
    const RawServer server(context_, "HTTP/1.1 400 Bad Request\r\n\r\n");
    auto endpoint = trusting(server.url());
    endpoint.url.scheme = "https";
    expect_failure(send(endpoint), FailureKind::tls, "");
    const RawServer silent(context_, "");
    endpoint.url.port = silent.url().port;
    expect_failure(send(endpoint), FailureKind::closed, "");
}

TEST_F(TlsTest, GarbageInsteadOfAHandshakeEndsTheConnection) {
    Echo echo;
    const auto listener = serve(echo);
    const auto answer =
        run(raw_exchange(listener->url().port, std::string("\x16\x03\x01\x00\x08hi there", 13)));
    EXPECT_EQ(answer.substr(0, 1), "\x15");  // an alert
    EXPECT_TRUE(send(trusting(listener->url())));
}

TEST_F(TlsTest, AServerWithNothingToShowServesNobody) {
    Echo echo;
    const auto listener = serve(echo);
    const auto kept = std::exchange(server_.identity, std::nullopt);
    expect_failure(send(trusting(listener->url())), FailureKind::closed, "");
    server_.identity = kept;
    EXPECT_TRUE(send(trusting(listener->url())));
}

TEST_F(TlsTest, GivesUpAtTheDeadlineAndLeavesNothingBehind) {
    Stuck stuck;
    auto listener = serve(stuck);
    auto endpoint = trusting(listener->url());
    endpoint.timeout = std::chrono::milliseconds(50);
    expect_failure(send(endpoint), FailureKind::timed_out, "no answer within");
    EXPECT_EQ(stuck.calls, 1);
    listener = nullptr;
}

class Watch : public BodySource {
  public:
    explicit Watch(int pieces) : left_(pieces) {}
    Task<std::optional<std::string>> next(Clock& /*clock*/) override {
        if (left_ == 0) {
            co_await never_.wait();
        }
        --left_;
        co_return std::string(1000, 'x');
    }

  private:
    int left_;
    Signal never_;
};

Task<std::size_t> read_bytes(std::shared_ptr<Stream> stream, std::size_t enough) {
    std::size_t count = 0;
    while (count < enough) {
        const auto piece = co_await stream->next();
        if (!piece || !*piece) {
            break;
        }
        count += (*piece)->size();
    }
    co_return count;
}

TEST_F(TlsTest, Streams) {
    Echo echo;
    echo.answer.source = std::make_shared<Watch>(100);
    auto listener = serve(echo);
    std::shared_ptr<Stream> stream = require(run(transport_->open(trusting(listener->url()), {})));
    EXPECT_EQ(run(read_bytes(stream, 100000)), 100000U);
    listener = nullptr;
    const auto end = run(stream->next());
    ASSERT_FALSE(end);
    EXPECT_EQ(end.error().kind, FailureKind::closed);
    EXPECT_EQ(end.error().message.find("https://127.0.0.1:"), 0U);
}

TEST_F(TlsTest, TellsWhatAnExchangeTook) {
    Echo echo;
    const auto listener = serve(echo);
    const auto first = send(trusting(listener->url()));
    ASSERT_TRUE(first) << first.error().message;
    EXPECT_TRUE(first->times.opened);
    EXPECT_FALSE(first->times.resumed);
    EXPECT_GT(first->times.connect, Duration::zero());
    EXPECT_GT(first->times.tls, Duration::zero());
    EXPECT_GT(first->times.first_byte, Duration::zero());
    const auto second = send(trusting(listener->url()));
    ASSERT_TRUE(second) << second.error().message;
    EXPECT_FALSE(second->times.opened);
    EXPECT_EQ(second->times.connect, Duration::zero());
    EXPECT_EQ(second->times.tls, Duration::zero());
    EXPECT_GT(second->times.first_byte, Duration::zero());
}

TEST_F(TlsTest, OpensAFreshConnectionAndClosesTheLast) {
    Echo echo;
    const auto listener = serve(echo);
    auto fresh = trusting(listener->url());
    fresh.fresh = true;
    auto last = trusting(listener->url());
    last.last = true;
    EXPECT_TRUE(send(fresh).value().times.opened);
    EXPECT_TRUE(send(fresh).value().times.opened);
    EXPECT_EQ(accepted_, 2);
    // Both are idle now, and each is the last one's once.
    for (int idle = 0; idle < 2; ++idle) {
        EXPECT_FALSE(send(last).value().times.opened);
        EXPECT_EQ(echo.peers.back().served, 1U);
        EXPECT_EQ(echo.requests.back().headers.find("Connection"), "close");
    }
    EXPECT_TRUE(send(last).value().times.opened);
}

TEST_F(TlsTest, TakesUpASessionOnlyWhereItIsAskedTo) {
    Echo echo;
    server_.resume = true;
    const auto listener = serve(echo);
    auto endpoint = trusting(listener->url());
    endpoint.reuse = false;
    const auto resumed = [&] {
        const auto response = send(endpoint);
        EXPECT_TRUE(response);
        return response && response->times.resumed;
    };
    EXPECT_FALSE(resumed());
    EXPECT_FALSE(resumed());
    endpoint.tls.resume = true;
    EXPECT_FALSE(resumed());
    EXPECT_TRUE(resumed());
    EXPECT_TRUE(resumed());
    EXPECT_EQ(accepted_, 5);
    // Whoever decides about the peer himself sees it each time.
    auto checked = endpoint;
    int asked = 0;
    checked.tls.server_name = "localhost";
    checked.tls.check_peer = [&asked](const crypto::Certificate&) -> Result<void> {
        ++asked;
        return {};
    };
    EXPECT_FALSE(send(checked).value().times.resumed);
    EXPECT_FALSE(send(checked).value().times.resumed);
    EXPECT_EQ(asked, 2);
}

TEST_F(TlsTest, ASessionServesNobodyWithOtherTrust) {
    Echo echo;
    server_.resume = true;
    const auto listener = serve(echo);
    auto endpoint = trusting(listener->url());
    endpoint.reuse = false;
    endpoint.tls.resume = true;
    EXPECT_TRUE(send(endpoint));
    auto other =
        trusting(listener->url(), crypto::make_server_credentials("other", now_, hours(1)).ca);
    other.reuse = false;
    other.tls.resume = true;
    expect_failure(send(other), FailureKind::tls, "");
    EXPECT_TRUE(send(endpoint).value().times.resumed);
}

TEST_F(TlsTest, AServerThatAsksForClientCertificatesResumesNothing) {
    Echo echo;
    server_.resume = true;
    server_.ask_peer = true;
    server_.trust = {credentials_.ca};
    const auto listener = serve(echo);
    auto endpoint = trusting(listener->url());
    endpoint.reuse = false;
    endpoint.tls.resume = true;
    endpoint.tls.identity = client_leaf("web");
    for (int i = 0; i < 2; ++i) {
        EXPECT_FALSE(send(endpoint).value().times.resumed);
        EXPECT_TRUE(echo.peers.back().certificate);
    }
}

}  // namespace
}  // namespace meshproof::http
