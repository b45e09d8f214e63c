// How a served connection ends that waits too long, or that is to break.
#include <boost/asio/experimental/awaitable_operators.hpp>

#include "core/http/tests/wire_test.hpp"

namespace meshproof::http {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

struct Heard {
    std::string text;
    boost::system::error_code end;
};

/// As raw_exchange, with how it ended.
Task<Heard> hear(std::uint16_t port, std::string bytes) {
    tcp::socket socket(co_await asio::this_coro::executor);
    co_await socket.async_connect({asio::ip::address_v4::loopback(), port}, asio::use_awaitable);
    Heard heard;
    co_await asio::async_write(socket, asio::buffer(bytes), asio::use_awaitable);
    while (!heard.end) {
        std::array<char, 4096> piece;
        const auto count = co_await socket.async_read_some(
            asio::buffer(piece), asio::redirect_error(asio::use_awaitable, heard.end));
        heard.text.append(piece.data(), count);
    }
    co_return heard;
}

constexpr auto ask = "GET /x HTTP/1.1\r\nHost: a\r\n\r\n";

class EndingTest : public WireTest {
  protected:
    Heard break_with(Break broken, bool chunked = false) {
        Echo echo;
        echo.answer.body = "0123456789";
        echo.answer.chunked = chunked;
        echo.answer.broken = broken;
        const auto listener = serve_plain(echo);
        auto heard = run(hear(listener->url().port, ask));
        EXPECT_EQ(echo.requests.size(), 1U);
        return heard;
    }
    /// Only the time that is under test is short.
    static ListenSpec patient() {
        ListenSpec spec;
        spec.idle_timeout = spec.head_timeout = spec.request_timeout = hours(1);
        return spec;
    }
};

TEST_F(EndingTest, UnansweredEndsInTheOrderlyWay) {
    const auto heard = break_with(Break::unanswered);
    EXPECT_EQ(heard.text, "");
    EXPECT_EQ(heard.end, asio::error::eof);
}

TEST_F(EndingTest, ResetBeforeTheAnswer) {
    const auto heard = break_with(Break::before);
    EXPECT_EQ(heard.text, "");
    EXPECT_EQ(heard.end, asio::error::connection_reset);
}

TEST_F(EndingTest, ResetInTheBody) {
    const auto heard = break_with(Break::during);
    EXPECT_TRUE(heard.text.ends_with("Content-Length: 10\r\n\r\n01234")) << heard.text;
    EXPECT_EQ(heard.end, asio::error::connection_reset);
}

TEST_F(EndingTest, ResetAmongChunks) {
    const auto heard = break_with(Break::during, true);
    EXPECT_NE(heard.text.find("Transfer-Encoding: chunked\r\n\r\n4\r\n0123"), std::string::npos)
        << heard.text;
    EXPECT_EQ(heard.text.find("\r\n0\r\n\r\n"), std::string::npos) << heard.text;
    EXPECT_EQ(heard.end, asio::error::connection_reset);
}

TEST_F(EndingTest, ResetAfterTheAnswer) {
    const auto heard = break_with(Break::after);
    EXPECT_TRUE(heard.text.ends_with("\r\n\r\n0123456789")) << heard.text;
    EXPECT_EQ(heard.end, asio::error::connection_reset);
}

TEST_F(EndingTest, ALargeAnswerArrivesWholeBeforeItsReset) {
    Echo echo;
    echo.answer.body = std::string(4U << 20, 'x');
    echo.answer.broken = Break::after;
    const auto listener = serve_plain(echo);
    const auto heard = run(hear(listener->url().port, ask));
    EXPECT_TRUE(heard.text.ends_with(echo.answer.body));
    EXPECT_EQ(heard.end, asio::error::connection_reset);
}

TEST_F(EndingTest, AKeptConnectionMayNotRestForEver) {
    Echo echo;
    auto spec = patient();
    spec.idle_timeout = milliseconds(20);
    const auto listener = serve_plain(echo, spec);
    const auto heard = run(hear(listener->url().port, ask));
    EXPECT_TRUE(heard.text.ends_with("GET /x ")) << heard.text;
    EXPECT_EQ(heard.end, asio::error::eof);
}

TEST_F(EndingTest, AHeadMustCome) {
    Echo echo;
    auto spec = patient();
    spec.head_timeout = milliseconds(20);
    const auto listener = serve_plain(echo, spec);
    for (const std::string bytes : {"GET /x HTTP/1.1\r\nHost", "G"}) {
        const auto heard = run(hear(listener->url().port, bytes));
        EXPECT_EQ(heard.text, "") << "Go's server says nothing either";
    }
    // After a first request too.
    const auto heard = run(hear(listener->url().port, std::string(ask) + "GET /y"));
    EXPECT_TRUE(heard.text.ends_with("GET /x ")) << heard.text;
    EXPECT_EQ(echo.requests.size(), 1U);
}

TEST_F(EndingTest, ABodyMustCome) {
    Echo echo;
    auto spec = patient();
    spec.request_timeout = milliseconds(20);
    const auto listener = serve_plain(echo, spec);
    const auto heard = run(
        hear(listener->url().port, "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhi"));
    EXPECT_EQ(heard.text, "");
    EXPECT_TRUE(echo.requests.empty());
}

/// Lets the handler go on once another connection, opened later, has been ended for its silence.
Task<void> release_late(Stuck& stuck, std::uint16_t port, Heard& silent) {
    if (stuck.calls == 0) {
        co_await stuck.called.wait();
    }
    silent = co_await hear(port, "");
    stuck.released.notify_all();
}

Task<Result<Response>> answer_late(Transport& transport, Stuck& stuck, Endpoint endpoint,
                                   Heard& silent) {
    using namespace boost::asio::experimental::awaitable_operators;
    const auto port = endpoint.url.port;
    co_return co_await (transport.send(std::move(endpoint), Request{}) &&
                        release_late(stuck, port, silent));
}

TEST_F(EndingTest, WhoWorksOnAnAnswerIsNotHurried) {
    Stuck stuck;
    ListenSpec spec;
    spec.idle_timeout = spec.head_timeout = spec.request_timeout = milliseconds(20);
    const auto listener = serve_plain(stuck, spec);
    Heard silent;
    const auto answer = run(answer_late(*transport_, stuck, to(listener->url()), silent));
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(silent.text, "");
    EXPECT_EQ(silent.end, asio::error::eof);
}

TEST_F(EndingTest, CountsTheRequestsOfAConnection) {
    Echo echo;
    const auto listener = serve_plain(echo);
    for (int i = 0; i < 3; ++i) {
        ASSERT_TRUE(send(to(listener->url())));
    }
    auto once = to(listener->url());
    once.reuse = false;
    ASSERT_TRUE(send(once));
    std::vector<std::size_t> served;
    for (const auto& peer : echo.peers) {
        served.push_back(peer.served);
    }
    EXPECT_EQ(served, (std::vector<std::size_t>{0, 1, 2, 0}));
}

TEST_F(EndingTest, ClosesConnectionsBeyondItsLimitAndGoesOn) {
    Echo echo;
    ListenSpec spec;
    spec.connection_limit = 1;
    const auto listener = serve_plain(echo, spec);
    const auto kept = to(listener->url());
    ASSERT_TRUE(send(kept));
    auto once = kept;
    once.reuse = false;
    EXPECT_FALSE(send(once)) << "a second connection";
    EXPECT_TRUE(send(kept)) << "the first one is not disturbed";
    EXPECT_EQ(echo.requests.size(), 2U);
}

TEST_F(EndingTest, ListensWhereItIsTold) {
    Echo echo;
    ListenSpec spec;
    spec.address = "127.0.0.2";
    const auto listener = serve_plain(echo, spec);
    EXPECT_EQ(listener->url().host, "127.0.0.2");
    EXPECT_TRUE(send(to(listener->url())));
    spec.address = "0.0.0.0";
    const auto everywhere = serve_plain(echo, spec);
    EXPECT_EQ(everywhere->url().host, "127.0.0.1") << "an address that one can connect to";
    EXPECT_TRUE(send(to(everywhere->url())));
    spec.address = "localhost";
    spec.tls = false;
    const auto refused = run(transport_->listen(spec, echo));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, FailureKind::invalid);
}

TEST_F(EndingTest, AReceptionMayBeAnAlertOrAnotherLeaf) {
    const auto now = clock_.now();
    const auto right = crypto::make_server_credentials("right", now, hours(1));
    const auto wrong = crypto::make_server_credentials("wrong", now, hours(1));
    Echo echo;
    Reception reception;
    ListenSpec spec;
    spec.party = [&right] {
        crypto::TlsParty party;
        party.identity = right.identity;
        party.verify_peer = false;
        return party;
    };
    std::string address;
    spec.reception = [&](const Peer& peer) {
        address = peer.address;
        return reception;
    };
    const auto listener = require(run(transport_->listen(std::move(spec), echo)));
    auto endpoint = to(listener->url());
    endpoint.tls.trust = {right.ca};
    endpoint.reuse = false;
    EXPECT_TRUE(send(endpoint));
    EXPECT_EQ(address, "127.0.0.1");
    reception.alert = 80;
    const auto alerted = send(endpoint);
    ASSERT_FALSE(alerted);
    EXPECT_EQ(alerted.error().kind, FailureKind::tls);
    EXPECT_NE(alerted.error().message.find("alert internal error"), std::string::npos)
        << alerted.error().message;
    reception = {std::nullopt, wrong.identity};
    EXPECT_FALSE(send(endpoint));
    endpoint.tls.trust = {wrong.ca};
    EXPECT_TRUE(send(endpoint));
    EXPECT_EQ(echo.requests.size(), 2U);
}

}  // namespace
}  // namespace meshproof::http
