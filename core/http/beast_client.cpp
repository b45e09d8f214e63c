// The client half of BeastTransport: one round trip over a kept or a fresh connection.
#include <boost/asio/this_coro.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include "core/http/beast_transport.hpp"
#include "core/http/connection_pool.hpp"
#include "core/http/deadlines.hpp"
#include "core/http/feed.hpp"
#include "core/time/within.hpp"

namespace meshproof::http {
namespace beast_http = boost::beast::http;
using boost::system::error_code;

namespace {

constexpr std::size_t body_limit = 64U << 20;
constexpr int most_promises = 100;  // nobody sends as many; Go's client took five

/// What a call needs of the transport, which may be gone before the call has ended.
struct Shared {
    std::shared_ptr<OpenSet> open;
    std::shared_ptr<ConnectionPool> pool;
    std::shared_ptr<Deadlines> deadlines;
    Clock& clock;  // outlives the transport and its calls
};

/// One request under way, and its answer.
struct RoundTrip {
    using Parser = beast_http::response_parser<beast_http::string_body>;

    RoundTrip(std::shared_ptr<Connection> over, bool is_head, bool whole_body, Clock& its_clock)
        : connection(std::move(over)), head_only(is_head), whole(whole_body), clock(its_clock) {
        expect_head();
    }

    void took(std::size_t bytes) {
        if (!answered && bytes > 0) {
            answered = true;
            times.first_byte = clock.elapsed() - sent;
        }
    }

    void expect_head() {
        parser.emplace();
        feed = {};
        parser->eager(true);
        parser->skip(head_only);
        if (whole) {
            parser->body_limit(body_limit);
        } else {
            parser->body_limit(boost::none);
        }
    }

    [[nodiscard]] Response head() const {
        const auto& message = parser->get();
        Response response;
        response.status = static_cast<int>(message.result_int());
        response.times = times;
        response.chunked = parser->chunked();
        for (const auto& field : message) {
            response.headers.add(std::string_view(field.name_string()), std::string(field.value()));
        }
        return response;
    }
    [[nodiscard]] std::string take_body() { return std::exchange(parser->get().body(), {}); }
    /// Nothing is left over on the connection, and both sides want to go on with it.
    [[nodiscard]] bool reusable() const {
        return parser->is_done() && parser->keep_alive() && connection->buffer.size() == 0 &&
               !write_error && !upgraded();
    }
    /// Its time is over: nobody may wait for the peer any more.
    [[nodiscard]] bool late() const { return deadline && deadline->passed(); }
    /// What comes now is no HTTP any more.
    [[nodiscard]] bool upgraded() const {
        return parser->is_header_done() &&
               parser->get().result() == beast_http::status::switching_protocols;
    }

    std::shared_ptr<Connection> connection;
    std::unique_ptr<Deadlines::Entry> deadline;  // of its connection; null once nobody waits
    std::optional<Parser> parser;
    Feed feed;
    bool head_only;         // the answer to HEAD has no body
    bool whole;             // false: the body is taken piece by piece, however long
    bool answered = false;  // a byte came
    int promises = 0;       // heads of 1xx, which only say that an answer will come
    error_code write_error;
    Clock& clock;
    Duration sent{};  // when the request was written, by the clock
    ExchangeTimes times;
};

bool has_line_break(std::string_view text) {
    return text.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos;
}

bool has_gap(std::string_view text) {
    return text.find_first_of(std::string_view(" \r\n\0", 4)) != std::string_view::npos;
}

/// The request as bytes. A caller that sets Transfer-Encoding: chunked gets its body sent in
/// chunks.
Result<std::string> request_text(const Endpoint& endpoint, const Request& request) {
    if (request.method.empty() || request.target.empty() || has_gap(request.method) ||
        has_gap(request.target)) {
        return fail(FailureKind::invalid, "the request line would be broken: blank or line break");
    }
    std::string text;
    text.reserve(512 + request.body.size());
    text.append(request.method).append(" ").append(request.target).append(" HTTP/1.1\r\n");
    if (!request.headers.find("Host")) {
        const auto origin = endpoint.url.origin();
        text += fmt::format("Host: {}\r\n", origin.substr(origin.find("//") + 2));
    }
    for (const auto& [name, value] : request.headers.fields()) {
        if (has_line_break(name) || has_line_break(value)) {
            return fail(FailureKind::invalid, "a header field has a line break");
        }
        text.append(name).append(": ").append(value).append("\r\n");
    }
    if ((!endpoint.reuse || endpoint.last) && !request.headers.find("Connection")) {
        text += "Connection: close\r\n";
    }
    const bool chunked = request.headers.find("Transfer-Encoding") == "chunked";
    const bool sized = request.headers.find("Content-Length").has_value();
    const bool usually_has_body =
        request.method == "POST" || request.method == "PUT" || request.method == "PATCH";
    if (!chunked && !sized && (usually_has_body || !request.body.empty())) {
        text += fmt::format("Content-Length: {}\r\n", request.body.size());
    }
    text += "\r\n";
    if (chunked) {
        if (!request.body.empty()) {
            text += fmt::format("{:x}\r\n{}\r\n", request.body.size(), request.body);
        }
        text += "0\r\n\r\n";
    } else {
        text += request.body;
    }
    return text;
}

enum class Until { head, piece, end };

bool enough(const RoundTrip& trip, Until until) {
    const auto& parser = *trip.parser;
    switch (until) {
        case Until::head:
            return parser.is_header_done();
        case Until::piece:
            return !parser.get().body().empty() || parser.is_done();
        case Until::end:
            return parser.is_done();
    }
    return true;
}

/// Feeds the parser what is buffered.
Result<void> parse(RoundTrip& trip) {
    auto& buffer = trip.connection->buffer;
    const auto error = trip.feed.give(*trip.parser, buffer);
    if (error == beast_http::error::body_limit) {
        return fail(FailureKind::malformed, "the answer's body is over {} MiB", body_limit >> 20);
    }
    if (error) {
        return fail(FailureKind::malformed, "not an HTTP answer: {}", error.message());
    }
    const auto& message = trip.parser->get();
    if (trip.parser->is_header_done() && message.result_int() / 100 == 1 &&
        message.result() != beast_http::status::switching_protocols) {
        if (++trip.promises > most_promises) {
            return fail(FailureKind::malformed, "not an HTTP answer: over {} that announce one",
                        most_promises);
        }
        trip.expect_head();  // 100 Continue and the like: the answer is still to come
    }
    return {};
}

/// Reads until that much of the answer is there.
Task<Result<void>> receive(std::shared_ptr<RoundTrip> trip, Until until) {
    auto& buffer = trip->connection->buffer;
    auto& wire = trip->connection->wire;
    for (;;) {
        while (!enough(*trip, until) && trip->feed.worthwhile(buffer)) {
            if (const auto parsed = parse(*trip); !parsed) {
                co_return propagate(parsed);
            }
        }
        if (enough(*trip, until)) {
            co_return Result<void>();
        }
        if (trip->late()) {
            co_return fail(FailureKind::timed_out, "too late");  // begin() says what was allowed
        }
        const auto space = buffer.prepare(read_size);
        const auto moved =
            co_await wire.read_some({static_cast<char*>(space.data()), space.size()});
        buffer.commit(moved.bytes);
        trip->took(moved.bytes);
        if (Wire::clean_end(moved.error) && trip->parser->is_header_done()) {
            // The end of the connection may be the end of the body.
            error_code error;
            trip->parser->put_eof(error);
            if (!error) {
                continue;
            }
        }
        if (moved.error) {
            co_return tl::unexpected(wire.failure(moved.error));
        }
    }
}

/// `times` takes what it took; the caller keeps it and the endpoint, and awaits the end.
Task<Result<std::shared_ptr<Connection>>> connect(Shared shared, const Endpoint& endpoint,
                                                  ExchangeTimes& times) {
    if (shared.open->closed()) {
        co_return fail(FailureKind::cancelled, "the transport has ended");
    }
    const auto connection = std::make_shared<Connection>(
        boost::asio::ip::tcp::socket(co_await boost::asio::this_coro::executor), shared.open);
    const auto began = shared.clock.elapsed();
    if (const auto dialled = co_await connection->wire.dial(endpoint.url); !dialled) {
        co_return propagate(dialled);
    }
    times.opened = true;
    times.connect = shared.clock.elapsed() - began;
    if (endpoint.url.scheme == "https") {
        const auto context = shared.pool->context_for(endpoint);
        if (!context) {
            co_return propagate(context);
        }
        const auto shaken =
            co_await connection->wire.handshake(*context, endpoint.tls, /*server=*/false);
        if (!shaken) {
            co_return propagate(shaken);
        }
        times.resumed = crypto::tls_resumed(connection->wire.ssl());
        times.tls = shared.clock.elapsed() - began - times.connect;
    }
    co_return connection;
}

tl::unexpected<Failure> no_answer(const Endpoint& endpoint) {
    return fail(FailureKind::timed_out, "no answer within {}", human_duration(endpoint.timeout));
}

/// A new connection, by that moment of the clock's elapsed time.
Task<Result<std::shared_ptr<Connection>>> connect_by(Shared shared, const Endpoint& endpoint,
                                                     Duration deadline, ExchangeTimes& times) {
    auto fresh = co_await within(shared.clock, deadline - shared.clock.elapsed(),
                                 connect(shared, endpoint, times));
    if (!fresh && fresh.error().kind == FailureKind::timed_out) {
        co_return no_answer(endpoint);
    }
    co_return fresh;
}

/// Sends the request and reads the head of the answer, or all of it, within the endpoint's timeout.
/// The caller keeps what it gives, and awaits the end.
Task<Result<std::shared_ptr<RoundTrip>>> begin(Shared shared, const Endpoint& endpoint,
                                               const Request& request, bool whole) {
    const auto text = request_text(endpoint, request);
    if (!text) {
        co_return propagate(text);
    }
    const auto deadline = shared.clock.elapsed() + endpoint.timeout;
    const auto executor = co_await boost::asio::this_coro::executor;
    auto kept = endpoint.reuse && !endpoint.fresh ? shared.pool->take(endpoint) : nullptr;
    for (;;) {
        const bool was_idle = kept != nullptr;
        ExchangeTimes times;
        auto connection = std::exchange(kept, nullptr);
        if (!connection) {
            auto fresh = co_await connect_by(shared, endpoint, deadline, times);
            if (!fresh) {
                co_return propagate(fresh);
            }
            connection = std::move(*fresh);
        }
        const auto trip = std::make_shared<RoundTrip>(
            std::move(connection), request.method == "HEAD", whole, shared.clock);
        trip->times = times;
        trip->deadline = shared.deadlines->watch(executor, trip->connection->wire, deadline);
        // A server may answer and close before it has read all (413, or a TLS alert), so a failed
        // write is no reason not to read.
        trip->write_error = co_await trip->connection->wire.write(*text);
        trip->sent = shared.clock.elapsed();
        const auto received = co_await receive(trip, whole ? Until::end : Until::head);
        if (received) {
            co_return trip;
        }
        if (trip->late()) {
            co_return no_answer(endpoint);
        }
        // The server closed an idle connection just when we used it: the one case for another try.
        // What it made of the request nobody knows, so only what changes nothing is sent again.
        if (!was_idle || trip->answered || received.error().kind != FailureKind::closed ||
            !repeatable(request.method)) {
            co_return propagate(received);
        }
    }
}

/// The next bytes of an upgraded connection, as they come; nothing at its end.
Task<Result<std::optional<std::string>>> raw_piece(std::shared_ptr<RoundTrip> trip) {
    auto& buffer = trip->connection->buffer;
    auto& wire = trip->connection->wire;
    if (buffer.size() == 0) {
        const auto space = buffer.prepare(read_size);
        const auto moved =
            co_await wire.read_some({static_cast<char*>(space.data()), space.size()});
        buffer.commit(moved.bytes);
        if (moved.error && moved.bytes == 0) {
            if (Wire::clean_end(moved.error)) {
                co_return std::nullopt;
            }
            co_return tl::unexpected(wire.failure(moved.error));
        }
    }
    const auto came = buffer.cdata();
    std::string piece(static_cast<const char*>(came.data()), came.size());
    buffer.clear();
    co_return piece;
}

/// The caller keeps what it gives, and awaits the end.
Task<Result<Response>> whole_trip(Shared shared, const Endpoint& endpoint, const Request& request) {
    const auto trip = co_await begin(shared, endpoint, request, /*whole=*/true);
    if (!trip) {
        co_return propagate(trip);
    }
    auto response = (*trip)->head();
    response.body = (*trip)->take_body();
    while ((*trip)->upgraded() && response.body.size() < body_limit) {
        const auto piece = co_await raw_piece(*trip);
        if ((*trip)->late()) {
            co_return no_answer(endpoint);
        }
        if (!piece) {
            co_return propagate(piece);
        }
        if (!*piece) {
            break;
        }
        response.body += **piece;
    }
    (*trip)->deadline.reset();
    if (endpoint.reuse && !endpoint.last && (*trip)->reusable()) {
        shared.pool->keep(endpoint, (*trip)->connection);
    }
    co_return response;
}

/// A server's name to verify: the URL's host, unless somebody else decides who the peer is.
Endpoint complete(Endpoint endpoint) {
    auto& tls = endpoint.tls;
    if (tls.server_name.empty() && tls.verify_peer && !tls.decides_who()) {
        tls.server_name = endpoint.url.host;
    }
    return endpoint;
}

Task<Result<Response>> send_over(Shared shared, Endpoint endpoint, Request request) {
    auto response = co_await whole_trip(shared, endpoint, request);
    if (!response) {
        co_return propagate(response, endpoint.url.origin());
    }
    co_return response;
}

Task<Result<std::optional<std::string>>> next_piece(std::shared_ptr<RoundTrip> trip,
                                                    std::string origin) {
    if (trip->upgraded()) {
        auto raw = co_await raw_piece(trip);
        if (!raw) {
            co_return propagate(raw, origin);
        }
        co_return std::move(*raw);
    }
    if (const auto received = co_await receive(trip, Until::piece); !received) {
        co_return propagate(received, origin);
    }
    auto piece = trip->take_body();
    if (piece.empty()) {
        trip->connection->wire.close();
        co_return std::nullopt;
    }
    co_return piece;
}

class BeastStream final : public Stream {
  public:
    BeastStream(std::shared_ptr<RoundTrip> trip, std::string origin)
        : trip_(std::move(trip)), origin_(std::move(origin)), head_(trip_->head()) {}
    ~BeastStream() override { trip_->connection->wire.close(); }

    [[nodiscard]] const Response& head() const override { return head_; }
    [[nodiscard]] Task<Result<std::optional<std::string>>> next() override {
        return next_piece(trip_, origin_);
    }

  private:
    std::shared_ptr<RoundTrip> trip_;
    std::string origin_;
    Response head_;
};

Task<Result<std::unique_ptr<Stream>>> open_over(Shared shared, Endpoint endpoint, Request request) {
    auto trip = co_await begin(shared, endpoint, request, /*whole=*/false);
    if (!trip) {
        co_return propagate(trip, endpoint.url.origin());
    }
    (*trip)->deadline.reset();  // a stream's pieces come when they come
    co_return std::make_unique<BeastStream>(std::move(*trip), endpoint.url.origin());
}

}  // namespace

BeastTransport::BeastTransport(Clock& clock)
    : clock_(clock),
      open_(std::make_shared<OpenSet>()),
      pool_(std::make_shared<ConnectionPool>()),
      deadlines_(std::make_shared<Deadlines>(clock)) {}

BeastTransport::~BeastTransport() {
    open_->close_for_good();
    pool_->close_for_good();
}

Task<Result<Response>> BeastTransport::send(Endpoint endpoint, Request request) {
    return send_over({open_, pool_, deadlines_, clock_}, complete(std::move(endpoint)),
                     std::move(request));
}

Task<Result<std::unique_ptr<Stream>>> BeastTransport::open(Endpoint endpoint, Request request) {
    return open_over({open_, pool_, deadlines_, clock_}, complete(std::move(endpoint)),
                     std::move(request));
}

void BeastTransport::drop_idle() {
    pool_->clear();
}

}  // namespace meshproof::http
