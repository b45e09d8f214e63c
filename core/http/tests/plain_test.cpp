// BeastTransport without TLS: framing, limits, deadlines, streams, and how things end.
#include <boost/asio/experimental/awaitable_operators.hpp>

#include "core/http/tests/wire_test.hpp"

namespace meshproof::http {
namespace {

class PlainTest : public WireTest {};

TEST_F(PlainTest, CarriesARequestAndItsResponse) {
    Echo echo;
    echo.answer.status = 418;
    echo.answer.headers = {{"X-Kind", "tea"}, {"X-Two", "1"}, {"X-Two", "2"}};
    const auto listener = serve_plain(echo);
    const auto response =
        send(to(listener->url()), {"POST", "/v1/a?b=c", {{"X-Asked", "yes"}}, "body"});
    ASSERT_TRUE(response) << response.error().message;
    EXPECT_EQ(response->status, 418);
    EXPECT_EQ(response->body, "POST /v1/a?b=c body");
    EXPECT_EQ(response->headers.find("x-kind"), "tea");
    EXPECT_EQ(response->headers.fields().size(), 4U);  // and Content-Length
    ASSERT_EQ(echo.requests.size(), 1U);
    EXPECT_EQ(echo.requests[0].headers.find("x-asked"), "yes");
    EXPECT_EQ(echo.requests[0].headers.find("host"),
              fmt::format("127.0.0.1:{}", listener->url().port));
    EXPECT_EQ(echo.peers[0].address, "127.0.0.1");
    EXPECT_FALSE(echo.peers[0].certificate);
}

TEST_F(PlainTest, CarriesLargeBodiesBothWays) {
    Echo echo;
    const auto listener = serve_plain(echo);
    const std::string large(3U << 20, 'x');
    const auto response = send(to(listener->url()), {"PUT", "/", {}, large});
    ASSERT_TRUE(response) << response.error().message;
    EXPECT_EQ(response->body, "PUT / " + large);
}

TEST_F(PlainTest, CarriesChunksBothWays) {
    Echo echo;
    echo.answer.chunked = true;
    const auto listener = serve_plain(echo);
    for (const auto& body : {std::string(), std::string("ab"), std::string(100000, 'x')}) {
        const auto response =
            send(to(listener->url()), {"POST", "/", {{"Transfer-Encoding", "chunked"}}, body});
        ASSERT_TRUE(response) << response.error().message;
        EXPECT_TRUE(response->chunked);
        EXPECT_EQ(response->body, "POST / " + body);
        EXPECT_EQ(response->headers.find("Content-Length"), std::nullopt);
    }
}

TEST_F(PlainTest, BodilessAnswersHaveNone) {
    Echo echo;
    const auto listener = serve_plain(echo);
    for (const bool chunked : {false, true}) {
        echo.answer.chunked = chunked;
        echo.answer.status = 200;
        const auto head = send(to(listener->url()), {"HEAD", "/", {}, ""});
        ASSERT_TRUE(head) << head.error().message;
        EXPECT_EQ(head->body, "");
        EXPECT_EQ(head->headers.find("Content-Length").has_value(), !chunked);
        for (const int status : {204, 304}) {
            echo.answer.status = status;
            const auto response = send(to(listener->url()));
            ASSERT_TRUE(response) << response.error().message;
            EXPECT_EQ(response->status, status);
            EXPECT_EQ(response->body, "");
            EXPECT_EQ(response->headers.find("Content-Length"), std::nullopt);
            EXPECT_EQ(response->headers.find("Transfer-Encoding"), std::nullopt);
        }
    }
}

TEST_F(PlainTest, AnswersPipelinedRequestsInOrder) {
    Echo echo;
    const auto listener = serve_plain(echo);
    const auto answer =
        run(raw_exchange(listener->url().port,
                         "GET /1 HTTP/1.1\r\nHost: a\r\n\r\n"
                         "POST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi"
                         "GET /3 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"));
    const auto first = answer.find("GET /1 "), second = answer.find("POST /2 hi"),
               third = answer.find("GET /3 ");
    EXPECT_LT(first, second);
    EXPECT_LT(second, third);
    EXPECT_NE(third, std::string::npos) << answer;
}

/// Sends the body only when told to go on. All that the server said.
Task<std::string> ask_first(std::uint16_t port, std::string head, std::string body) {
    tcp::socket socket(co_await asio::this_coro::executor);
    co_await socket.async_connect({asio::ip::address_v4::loopback(), port}, asio::use_awaitable);
    co_await asio::async_write(socket, asio::buffer(head), asio::use_awaitable);
    std::string answer;
    boost::system::error_code error;
    while (!error) {
        std::array<char, 4096> piece;
        const auto count = co_await socket.async_read_some(
            asio::buffer(piece), asio::redirect_error(asio::use_awaitable, error));
        answer.append(piece.data(), count);
        if (answer == "HTTP/1.1 100 Continue\r\n\r\n") {
            co_await asio::async_write(socket, asio::buffer(body), asio::use_awaitable);
        }
    }
    co_return answer;
}

TEST_F(PlainTest, SaysContinueToThoseWhoAsk) {
    Echo echo;
    ListenSpec spec;
    spec.body_limit = 10;
    const auto listener = serve_plain(echo, spec);
    constexpr auto head =
        "POST /x HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: {}\r\n"
        "Connection: close\r\n\r\n";
    const auto allowed = run(ask_first(listener->url().port, fmt::format(head, 2), "hi"));
    EXPECT_EQ(allowed.find("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n"), 0U) << allowed;
    EXPECT_NE(allowed.find("POST /x hi"), std::string::npos) << allowed;
    const auto refused = run(ask_first(listener->url().port, fmt::format(head, 11), "never"));
    EXPECT_EQ(refused.find("HTTP/1.1 413 "), 0U) << refused;
}

TEST_F(PlainTest, ClosesAfterHttp10) {
    Echo echo;
    echo.answer.chunked = true;  // which HTTP/1.0 does not know
    const auto listener = serve_plain(echo);
    const auto answer = run(raw_exchange(listener->url().port, "GET /a HTTP/1.0\r\n\r\n"));
    EXPECT_NE(answer.find("Content-Length: 7\r\nConnection: close\r\n\r\nGET /a "),
              std::string::npos)
        << answer;
}

TEST_F(PlainTest, RefusesWhatIsNotHttp) {
    Echo echo;
    ListenSpec spec;
    spec.header_limit = 4096;
    spec.body_limit = 100;
    const auto listener = serve_plain(echo, spec);
    const std::string whole = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    const std::pair<std::string, const char*> cases[] = {
        {"nonsense\r\n\r\n", "HTTP/1.1 400 "},
        {std::string("\0\1\2\3\r\n\r\n", 8), "HTTP/1.1 400 "},
        {"GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 400 "},  // no Host
        {"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", "HTTP/1.1 400 "},
        {"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", "HTTP/1.1 400 "},
        {"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1, 1\r\n\r\nx", "HTTP/1.1 400 "},
        // What follows is no request, whatever it looks like.
        {"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n" + whole,
         "HTTP/1.1 501 "},
        {"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n" + whole,
         "HTTP/1.1 501 "},
        {"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: "
         "chunked\r\n\r\n0\r\n\r\n" +
             whole,
         "HTTP/1.1 501 "},
        // Beast says so itself of what stands behind "chunked" or a length; Go takes the latter.
        {"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: "
         "gzip\r\n\r\n" +
             whole,
         "HTTP/1.1 501 "},
        {"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\nTransfer-Encoding: "
         "chunked\r\n\r\n0\r\n\r\n" +
             whole,
         "HTTP/1.1 501 "},
        {"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: "
         "chunked\r\n\r\n0\r\n\r\n" +
             whole,
         "HTTP/1.1 400 "},
        {"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
         "HTTP/1.1 400 "},
        {"GET / HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n", "HTTP/1.1 400 "},
        {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "HTTP/1.1 400 "},
        {"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n", "HTTP/1.1 400 "},
        {"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "HTTP/1.1 400 "},
        {"GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(5000, 'x') + "\r\n\r\n", "HTTP/1.1 431 "},
        {"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 101\r\n\r\n", "HTTP/1.1 413 "},
        {"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n65\r\n" +
             std::string(101, 'x') + "\r\n0\r\n\r\n",
         "HTTP/1.1 413 "},
    };
    for (const auto& [bytes, status] : cases) {
        const auto answer = run(raw_exchange(listener->url().port, bytes));
        EXPECT_EQ(answer.substr(0, 13), status) << bytes;
        EXPECT_NE(answer.find("Connection: close"), std::string::npos) << bytes;
    }
    EXPECT_TRUE(echo.requests.empty());
}

TEST_F(PlainTest, AnswersTooLargeABodyBeforeItHasReadIt) {
    Echo echo;
    ListenSpec spec;
    spec.body_limit = 1000;
    const auto listener = serve_plain(echo, spec);
    const auto small = send(to(listener->url()), {"POST", "/", {}, std::string(1000, 'x')});
    ASSERT_TRUE(small) << small.error().message;
    EXPECT_EQ(small->status, 200);
    const auto large = send(to(listener->url()), {"POST", "/", {}, std::string(100000, 'x')});
    ASSERT_TRUE(large) << large.error().message;
    EXPECT_EQ(large->status, 413);
}

TEST_F(PlainTest, KeepsLineBreaksOutOfHeaders) {
    Echo echo;
    echo.answer.headers = {{"X-Echo", "a\r\nX-Evil: 1"}};
    const auto listener = serve_plain(echo);
    const auto response = send(to(listener->url()));
    ASSERT_TRUE(response);
    EXPECT_EQ(response->headers.find("X-Evil"), std::nullopt);
    const Request broken[] = {{"GET", "/", {{"X-Token", "hvs.secret\r\nX: 1"}}, ""},
                              {"GET", "/a b", {}, ""},
                              {"GET", "", {}, ""},
                              {"GE T", "/", {}, ""}};
    for (const auto& request : broken) {
        const auto refused = send(to(listener->url()), request);
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().kind, FailureKind::invalid);
        EXPECT_EQ(refused.error().message.find("hvs.secret"), std::string::npos);
    }
    EXPECT_EQ(echo.requests.size(), 1U);
}

TEST_F(PlainTest, NobodyThereIsUnreachable) {
    Url url{"http", "127.0.0.1", 0, ""};
    {
        const RawServer server(context_, "");
        url.port = server.url().port;
    }
    settle();
    const auto refused = send(to(url));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, FailureKind::unreachable);
    EXPECT_EQ(refused.error().message.find(url.origin()), 0U) << refused.error().message;
}

TEST_F(PlainTest, NoSuchHostIsUnreachable) {
    const auto refused = send(to({"http", "no-such-host.invalid", 80, ""}));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, FailureKind::unreachable);
}

TEST_F(PlainTest, UnderstandsEveryFramingOrSaysWhyNot) {
    struct Case {
        const char* answer;
        std::optional<FailureKind> failure;
        const char* body;
    };
    const Case cases[] = {
        {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", std::nullopt, "hi"},
        {"HTTP/1.1 200 OK\r\n\r\nuntil the end", std::nullopt, "until the end"},
        {"HTTP/1.0 200 OK\r\n\r\nold", std::nullopt, "old"},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n2;x=y\r\nbc\r\n0\r\n\r\n",
         std::nullopt, "abc"},
        {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nX: 1\r\n\r\n"
         "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi",
         std::nullopt, "hi"},
        {"HTTP/1.1 204 No Content\r\n\r\n", std::nullopt, ""},
        {"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nhi", FailureKind::closed, ""},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n", FailureKind::closed,
         ""},
        {"HTTP/1.1 200 OK\r\nContent-", FailureKind::closed, ""},
        {"", FailureKind::closed, ""},
        {"nonsense\r\n\r\n", FailureKind::malformed, ""},
        {"HTTP/1.1 2x0 OK\r\n\r\n", FailureKind::malformed, ""},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", FailureKind::malformed, ""},
        {"HTTP/1.1 200 OK\r\nContent-Length: 67108865\r\n\r\n", FailureKind::malformed, ""},
    };
    for (const auto& one : cases) {
        const RawServer server(context_, one.answer);
        const auto response = send(to(server.url()));
        ASSERT_EQ(response.has_value(), !one.failure) << one.answer;
        if (response) {
            EXPECT_EQ(response->body, one.body) << one.answer;
        } else {
            EXPECT_EQ(response.error().kind, *one.failure)
                << one.answer << ": " << response.error().message;
        }
        EXPECT_EQ(server.accepted(), 1) << one.answer;
    }
}

TEST_F(PlainTest, WaitsForNoAnswerThatIsOnlyAnnounced) {
    // Without an end they keep a core at work until the deadline.
    const auto announced = [](int times) {
        std::string bytes;
        for (int i = 0; i < times; ++i) {
            bytes += "HTTP/1.1 100 Continue\r\n\r\n";
        }
        return bytes + "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
    };
    const RawServer patient(context_, announced(100));
    const auto answer = send(to(patient.url()));
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->body, "hi");
    const RawServer endless(context_, announced(101));
    const auto refused = send(to(endless.url()));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, FailureKind::malformed);
}

TEST_F(PlainTest, GivesUpAtTheDeadline) {
    Stuck stuck;
    const auto listener = serve_plain(stuck);
    auto endpoint = to(listener->url());
    endpoint.timeout = std::chrono::milliseconds(50);
    const auto response = send(endpoint);
    ASSERT_FALSE(response);
    EXPECT_EQ(response.error().kind, FailureKind::timed_out);
    EXPECT_EQ(response.error().message, endpoint.url.origin() + ": no answer within 50 ms");
    const auto stream = run(transport_->open(endpoint, {}));
    ASSERT_FALSE(stream);
    EXPECT_EQ(stream.error().kind, FailureKind::timed_out);
    EXPECT_EQ(stuck.calls, 2);
    EXPECT_EQ(stuck.answered, 0);
}

/// Once somebody else waits for an answer: asks too, and lets that other one have its own when this
/// has ended.
Task<Result<Response>> ask_second(Transport& transport, Endpoint endpoint, Stuck& stuck) {
    while (stuck.calls == 0) {
        co_await stuck.called.wait();
    }
    auto response = co_await transport.send(std::move(endpoint), {});
    stuck.released.notify_all();
    co_return response;
}

TEST_F(PlainTest, ALaterRequestMayHaveTheEarlierDeadline) {
    using namespace asio::experimental::awaitable_operators;
    Stuck stuck;
    const auto listener = serve_plain(stuck);
    auto patient = to(listener->url()), hasty = patient;
    patient.timeout = std::chrono::hours(1);
    hasty.timeout = std::chrono::milliseconds(50);
    const auto [first, second] =
        run(transport_->send(patient, {}) && ask_second(*transport_, hasty, stuck));
    EXPECT_TRUE(first);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().kind, FailureKind::timed_out);
}

/// A byte now and then, for ever.
class Dripping : public BodySource {
  public:
    Task<std::optional<std::string>> next(Clock& clock) override {
        co_await clock.sleep_for(std::chrono::milliseconds(1));
        co_return "x";
    }
};

TEST_F(PlainTest, BytesThatKeepComingPutOffNoDeadline) {
    Echo echo;
    echo.answer.source = std::make_shared<Dripping>();
    const auto listener = serve_plain(echo);
    auto endpoint = to(listener->url());
    endpoint.timeout = std::chrono::milliseconds(50);
    const auto response = send(endpoint);
    ASSERT_FALSE(response);
    EXPECT_EQ(response.error().kind, FailureKind::timed_out);
}

class Throwing : public Handler {
  public:
    Task<Response> handle(Request /*request*/, Peer /*peer*/) override {
        throw std::runtime_error("defect");
        co_return Response{};
    }
};

TEST_F(PlainTest, AHandlerThatThrowsAnswers500) {
    Throwing throwing;
    const auto listener = serve_plain(throwing);
    for (int i = 0; i < 2; ++i) {
        const auto response = send(to(listener->url()));
        ASSERT_TRUE(response) << response.error().message;
        EXPECT_EQ(response->status, 500);
    }
}

// Keeping connections.

TEST_F(PlainTest, RetriesOnceWhenAnIdleConnectionHadGone) {
    Echo echo;
    const auto listener = serve_plain(echo);
    ASSERT_TRUE(send(to(listener->url())));
    listener->drop_connections();
    settle();
    const auto again = send(to(listener->url()), {"POST", "/again", {}, "x"});
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_EQ(again->body, "POST /again x");
    EXPECT_EQ(echo.requests.size(), 2U);
}

/// Acts on every request, and closes a kept connection without an answer.
class ClosesKept : public Handler {
  public:
    Task<Response> handle(Request request, Peer peer) override {
        acted.push_back(request.method);
        Response response;
        if (peer.served > 0) {
            response.broken = Break::unanswered;
        }
        co_return response;
    }
    std::vector<std::string> acted;
};

TEST_F(PlainTest, RepeatsOnlyWhatChangesNothing) {
    ClosesKept server;
    const auto listener = serve_plain(server);
    for (const std::string method : {"PUT", "POST", "PATCH", "DELETE"}) {
        ASSERT_TRUE(send(to(listener->url()))) << "a fresh connection, kept";
        server.acted.clear();
        const auto lost = send(to(listener->url()), {method, "/x", {}, "x"});
        ASSERT_FALSE(lost) << method;
        EXPECT_EQ(lost.error().kind, FailureKind::closed);
        EXPECT_EQ(server.acted, std::vector{method}) << "one request was acted on twice";
    }
    for (const std::string method : {"GET", "OPTIONS", "LIST"}) {
        listener->drop_connections();
        settle();
        ASSERT_TRUE(send(to(listener->url())));
        server.acted.clear();
        ASSERT_TRUE(send(to(listener->url()), {method, "/x", {}, {}})) << method;
        EXPECT_EQ(server.acted, (std::vector{method, method}));
    }
}

TEST_F(PlainTest, DoesNotReuseAConnectionThatHoldsMoreThanItsAnswer) {
    const RawServer server(context_,
                           "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"
                           "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil");
    for (int i = 1; i <= 2; ++i) {
        const auto response = send(to(server.url()));
        ASSERT_TRUE(response) << response.error().message;
        EXPECT_EQ(response->body, "hi");
        EXPECT_EQ(server.accepted(), i);
    }
}

// Streams.

/// Gives `pieces`, then ends or waits for ever. Notifies `gone`, where there is one, when it is
/// destroyed.
class Pieces : public BodySource {
  public:
    Pieces(std::vector<std::string> pieces, bool ends, Signal* gone = nullptr)
        : pieces_(std::move(pieces)), ends_(ends), gone_(gone) {}
    ~Pieces() override {
        if (gone_ != nullptr) {
            gone_->notify_all();
        }
    }
    Task<std::optional<std::string>> next(Clock& /*clock*/) override {
        if (given_ < pieces_.size()) {
            co_return pieces_[given_++];
        }
        if (!ends_) {
            co_await never_.wait();
        }
        co_return std::nullopt;
    }

  private:
    std::vector<std::string> pieces_;
    bool ends_;
    Signal* gone_;
    Signal never_;
    std::size_t given_ = 0;
};

Task<std::string> read_all(std::shared_ptr<Stream> stream, std::size_t enough) {
    std::string all;
    while (all.size() < enough) {
        auto piece = co_await stream->next();
        if (!piece) {
            co_return all + "!" + std::string(to_string(piece.error().kind));
        }
        if (!*piece) {
            co_return all + "$";
        }
        all += **piece;
    }
    co_return all;
}

TEST_F(PlainTest, StreamsToTheCleanEnd) {
    Echo echo;
    echo.answer.source =
        std::make_shared<Pieces>(std::vector<std::string>{"one,", "", "two,", "three"}, true);
    const auto listener = serve_plain(echo);
    std::shared_ptr<Stream> stream = require(run(transport_->open(to(listener->url()), {})));
    EXPECT_EQ(stream->head().status, 200);
    EXPECT_EQ(stream->head().headers.find("Transfer-Encoding"), "chunked");
    EXPECT_EQ(run(read_all(stream, 1000)), "one,two,three$");
    EXPECT_EQ(run(read_all(stream, 1000)), "$");
}

TEST_F(PlainTest, AWholeResponseMayComeFromASource) {
    Echo echo;
    echo.answer.source = std::make_shared<Pieces>(std::vector<std::string>{"one,", "two"}, true);
    const auto listener = serve_plain(echo);
    const auto response = send(to(listener->url()));
    ASSERT_TRUE(response) << response.error().message;
    EXPECT_EQ(response->body, "one,two");
    const auto old = run(raw_exchange(listener->url().port, "GET / HTTP/1.0\r\n\r\n"));
    EXPECT_EQ(old.find("chunked"), std::string::npos) << old;
}

TEST_F(PlainTest, AStreamTellsWhenTheConnectionBreaks) {
    Echo echo;
    echo.answer.source = std::make_shared<Pieces>(std::vector<std::string>{"one"}, false);
    const auto listener = serve_plain(echo);
    std::shared_ptr<Stream> stream = require(run(transport_->open(to(listener->url()), {})));
    EXPECT_EQ(run(read_all(stream, 3)), "one");
    listener->drop_connections();
    EXPECT_EQ(run(read_all(stream, 1000)), "!closed");
}

Task<void> wait_for(Signal& signal) {
    co_await signal.wait();
}

TEST_F(PlainTest, AServerNoticesThatTheWatcherLeft) {
    Signal gone;
    Echo echo;
    echo.answer.source = std::make_shared<Pieces>(std::vector<std::string>{"one"}, false, &gone);
    const auto listener = serve_plain(echo);
    auto stream = require(run(transport_->open(to(listener->url()), {})));
    echo.answer.source = nullptr;  // the session holds the last one
    stream = nullptr;
    run(wait_for(gone));  // or the test hangs
}

/// Answers with a stream of one large piece that does not end, and says when it is gone.
class Streams : public Handler {
  public:
    explicit Streams(std::size_t size) : size_(size) {}
    Task<Response> handle(Request /*request*/, Peer /*peer*/) override {
        Response response;
        response.source = std::make_shared<Pieces>(
            std::vector<std::string>{std::string(size_, 'x')}, /*ends=*/false, &gone);
        co_return response;
    }
    Signal gone;

  private:
    std::size_t size_;
};

/// Asks, says something more, and reads nothing until the server has let go of its stream.
Task<void> read_nothing(std::uint16_t port, std::string more, Signal& gone) {
    tcp::socket socket(co_await asio::this_coro::executor);
    co_await socket.async_connect({asio::ip::address_v4::loopback(), port}, asio::use_awaitable);
    const auto bytes = "GET / HTTP/1.1\r\nHost: a\r\n\r\n" + more;
    co_await asio::async_write(socket, asio::buffer(bytes), asio::use_awaitable);
    co_await gone.wait();
}

TEST_F(PlainTest, WaitsForNoReaderThatNeverReads) {
    Streams streams(32U << 20);  // more than the system's buffers hold
    ListenSpec spec;
    spec.write_timeout = std::chrono::milliseconds(20);
    const auto listener = serve_plain(streams, spec);
    run(read_nothing(listener->url().port, "", streams.gone));  // or the test hangs
}

/// The first answer is larger than the system's buffers; the others are small.
class LargeAtFirst : public Handler {
  public:
    Task<Response> handle(Request /*request*/, Peer /*peer*/) override {
        Response response;
        response.body.assign(asked_++ == 0 ? 32U << 20 : 1, 'x');
        called.notify_all();
        co_return response;
    }
    Signal called;

  private:
    int asked_ = 0;
};

Task<void> only_ask(tcp::socket& socket, std::uint16_t port) {
    co_await socket.async_connect({asio::ip::address_v4::loopback(), port}, asio::use_awaitable);
    co_await asio::async_write(socket, asio::buffer("GET / HTTP/1.1\r\nHost: a\r\n\r\n", 27),
                               asio::use_awaitable);
}

TEST_F(PlainTest, WaitsForNoReaderOfAPlainAnswerEither) {
    LargeAtFirst handler;
    ListenSpec spec;
    spec.write_timeout = std::chrono::milliseconds(20);
    spec.connection_limit = 1;
    const auto listener = serve_plain(handler, spec);
    tcp::socket deaf(context_);
    asio::co_spawn(context_, only_ask(deaf, listener->url().port), asio::detached);
    run(wait_for(handler.called));
    while (!send(to(listener->url()))) {  // or the test hangs: there is room for one
    }
}

TEST_F(PlainTest, KeepsNoMoreThanAHeadBesideAStream) {
    Streams streams(1);
    ListenSpec spec;
    spec.header_limit = 1000;
    const auto listener = serve_plain(streams, spec);
    run(read_nothing(listener->url().port, std::string(2000, 'x'), streams.gone));
}

// How things end.

Task<void> send_into(Transport& transport, Endpoint endpoint,
                     std::optional<Result<Response>>& result) {
    result = co_await transport.send(std::move(endpoint), {});
}

TEST_F(PlainTest, NoHandlerRunsOnceItsListenerIsGone) {
    auto stuck = std::make_unique<Stuck>();
    auto listener = serve_plain(*stuck);
    std::optional<Result<Response>> result;
    asio::co_spawn(context_, send_into(*transport_, to(listener->url()), result), asio::detached);
    run(wait_for(stuck->called));
    // Its wait is over and it is about to be resumed; and yet it must not be.
    stuck->released.notify_all();
    listener = nullptr;
    EXPECT_EQ(stuck->answered, 0);
    stuck = nullptr;
    context_.restart();
    while (!result && context_.run_one() > 0) {
    }
    ASSERT_TRUE(result);
    ASSERT_FALSE(*result);
    EXPECT_EQ(result->error().kind, FailureKind::closed);
}

TEST_F(PlainTest, AListenerLetsGoOfItsPort) {
    Echo echo;
    auto listener = serve_plain(echo);
    ASSERT_TRUE(send(to(listener->url())));
    ListenSpec spec;
    spec.tls = false;
    spec.port = listener->url().port;
    const auto taken = run(transport_->listen(spec, echo));
    ASSERT_FALSE(taken);
    EXPECT_EQ(taken.error().kind, FailureKind::conflict);
    listener = nullptr;
    const auto again = run(transport_->listen(spec, echo));
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_TRUE(send(to((*again)->url())));
}

TEST_F(PlainTest, TheTransportEndsEverythingThatItOpened) {
    Stuck stuck;
    const auto listener = serve_plain(stuck);
    std::optional<Result<Response>> result;
    asio::co_spawn(context_, send_into(*transport_, to(listener->url()), result), asio::detached);
    run(wait_for(stuck.called));
    transport_ = nullptr;
    context_.restart();
    while (!result && context_.run_one() > 0) {
    }
    ASSERT_TRUE(result);
    ASSERT_FALSE(*result);
    EXPECT_EQ(result->error().kind, FailureKind::cancelled);
    EXPECT_EQ(stuck.answered, 0);
}

TEST_F(PlainTest, EverythingMayBeLeftOpenAtTheEnd) {
    Stuck stuck;
    Echo echo;
    echo.answer.source = std::make_shared<Pieces>(std::vector<std::string>{"one"}, false);
    const auto listener = serve_plain(stuck);
    const auto other = serve_plain(echo);
    const auto stream = require(run(transport_->open(to(other->url()), {})));
    std::optional<Result<Response>> result;
    asio::co_spawn(context_, send_into(*transport_, to(listener->url()), result), asio::detached);
    run(wait_for(stuck.called));
}

}  // namespace
}  // namespace meshproof::http
