// The serving half of BeastTransport: a session is read, handle, write, over and over.
#include <fcntl.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/system/system_error.hpp>
#include <memory>
#include <new>

#include "core/base/assert.hpp"
#include "core/base/log.hpp"
#include "core/base/memory_reserve.hpp"
#include "core/base/text.hpp"
#include "core/http/beast_transport.hpp"
#include "core/http/feed.hpp"
#include "core/http/gated_executor.hpp"
#include "core/http/wire.hpp"
#include "core/time/task_group.hpp"
#include "core/time/within.hpp"

namespace meshproof::http {
namespace asio = boost::asio;
namespace beast_http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

constexpr Duration handshake_limit = std::chrono::seconds(10);
constexpr Duration farewell_limit = std::chrono::milliseconds(500);
constexpr Duration shortest_sweep = std::chrono::milliseconds(10);

struct Session;

/// One served port. Its coroutines share it; they all run through a gate that closes with the
/// listener.
class Service final : public Closable {
  public:
    Service(tcp::acceptor listening, ListenSpec what, Handler& answers, Clock& time,
            std::shared_ptr<OpenSet> set)
        : Closable(std::move(set)),
          acceptor(std::move(listening)),
          spec(std::move(what)),
          handler(answers),
          clock(time) {}

    void close() override {
        if (*gate == Gate::closed) {
            return;  // the sessions may be destroyed already: there is nobody left to cancel
        }
        error_code ignored;
        acceptor.close(ignored);
        // What waits is woken, to be destroyed at the gate rather than when its wait is over.
        *gate = Gate::closing;
        try {
            sessions.cancel();
            connections->close_all();
        } catch (const std::bad_alloc&) {
            // Without memory nobody is woken: they are destroyed with their loop.
        }
        *gate = Gate::closed;
    }

    /// The context for what the party shows now: made anew only when it has changed.
    [[nodiscard]] Result<std::shared_ptr<SSL_CTX>> context_for(const crypto::TlsParty& party) {
        if (!context_ || !crypto::same_party(party, context_party_)) {
            auto made = crypto::make_tls_context(party, /*server=*/true);
            if (!made) {
                return propagate(made);
            }
            context_ = std::move(*made);
            context_party_ = party;
        }
        return context_;
    }

    tcp::acceptor acceptor;
    ListenSpec spec;
    Handler& handler;
    Clock& clock;
    std::shared_ptr<Gate> gate = std::make_shared<Gate>(Gate::open);
    std::shared_ptr<OpenSet> connections = std::make_shared<OpenSet>();
    std::set<Session*> talking;
    bool sweeping = false;
    std::optional<Duration> refusals_told;  ///< when it was said last that connections are refused
    TaskGroup sessions;  // joined by nobody once the gate is closed: they are destroyed, not ended

  private:
    crypto::TlsParty context_party_;
    std::shared_ptr<SSL_CTX> context_;
};

/// One connection's side of the conversation.
struct Session {
    using Parser = beast_http::request_parser<beast_http::string_body>;

    Session(std::shared_ptr<Service> whose, std::shared_ptr<Wire> connection)
        : service(std::move(whose)), wire(std::move(connection)) {
        service->talking.insert(this);
    }
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;
    ~Session() { service->talking.erase(this); }

    /// What is waited for now must come within `limit`; the sweep sees to it (a timer for each
    /// request would cost more than the rest of its way in).
    void expect_within(Duration limit) { overdue = service->clock.elapsed() + limit; }

    std::shared_ptr<Service> service;
    std::shared_ptr<Wire> wire;
    Peer peer;
    boost::beast::flat_buffer buffer;  // came and not yet parsed
    std::optional<Parser> parser;      // of the request at hand
    std::string out;                   // kept for its capacity
    std::optional<Duration>
        overdue;  // when, of the clock's elapsed time, the peer has waited too long
};

/// Ends the waiting of connections whose time is over.
Task<void> sweep(std::shared_ptr<Service> service) {
    const auto& spec = service->spec;
    const auto shortest =
        std::min({spec.idle_timeout, spec.head_timeout, spec.request_timeout, spec.write_timeout});
    const auto pause = std::max(shortest_sweep, shortest / 2);
    for (;;) {
        try {
            co_await service->clock.sleep_for(pause);
            const auto now = service->clock.elapsed();
            for (const auto* session : service->talking) {
                if (session->overdue && *session->overdue <= now) {
                    session->wire->wake();  // posts: nobody is resumed here
                }
            }
        } catch (const std::bad_alloc&) {
            service->sweeping = false;  // the next connection that is taken begins it anew
            co_return;
        }
    }
}

enum class Framing { length, chunked, until_close, none };

bool same_text(std::string_view a, std::string_view b) {
    return boost::beast::iequals({a.data(), a.size()}, {b.data(), b.size()});
}

/// A field as it may stand on the wire: a value that echoes somebody's line break must not start a
/// new line.
void append_field(std::string& out, std::string_view name, std::string_view value) {
    const auto start = out.size();
    out += name;
    out += ": ";
    out += value;
    for (auto i = start; i < out.size(); ++i) {
        if (out[i] == '\r' || out[i] == '\n') {
            out[i] = ' ';
        }
    }
    out += "\r\n";
}

std::string reason_of(int status) {
    return std::string(
        beast_http::obsolete_reason(beast_http::int_to_status(static_cast<unsigned>(status))));
}

void append_head(std::string& out, const Response& response, Framing framing, bool close) {
    fmt::format_to(std::back_inserter(out), "HTTP/1.1 {} {}\r\n", response.status,
                   reason_of(response.status));
    for (const auto& [name, value] : response.headers.fields()) {
        if (!same_text(name, "Content-Length") && !same_text(name, "Transfer-Encoding") &&
            !same_text(name, "Connection")) {
            append_field(out, name, value);
        }
    }
    if (framing == Framing::length) {
        fmt::format_to(std::back_inserter(out), "Content-Length: {}\r\n", response.body.size());
    } else if (framing == Framing::chunked) {
        out += "Transfer-Encoding: chunked\r\n";
    }
    if (response.status == 101) {
        out += "Connection: Upgrade\r\n";
    } else if (close) {
        out += "Connection: close\r\n";
    }
    out += "\r\n";
}

void append_chunk(std::string& out, std::string_view piece) {
    fmt::format_to(std::back_inserter(out), "{:x}\r\n", piece.size());
    out += piece;
    out += "\r\n";
}

/// A body in three chunks, so that no reader gets away with reading the first one only.
void append_in_chunks(std::string& out, std::string_view body) {
    const auto size = body.size() / 3 + 1;
    for (std::size_t at = 0; at < body.size(); at += size) {
        append_chunk(out, body.substr(at, size));
    }
    out += "0\r\n\r\n";
}

/// Ends when the peer has closed its side, or says more than a next request's head: what it says
/// meanwhile is kept until the stream ends, which may be never.
Task<void> peer_leaves(std::shared_ptr<Session> session) {
    Moved moved;
    while (!moved.error && session->buffer.size() <= session->service->spec.header_limit) {
        const auto space = session->buffer.prepare(read_size);
        moved = co_await session->wire->read_some({static_cast<char*>(space.data()), space.size()});
        session->buffer.commit(moved.bytes);
    }
}

/// Hands on what the peer says on an upgraded connection. Ends when it has closed its side.
Task<void> peer_talks(std::shared_ptr<Session> session, std::shared_ptr<BodySource> source) {
    Moved moved;
    do {
        const auto said = session->buffer.cdata();
        source->hear({static_cast<const char*>(said.data()), said.size()});
        session->buffer.clear();
        const auto space = session->buffer.prepare(read_size);
        moved = co_await session->wire->read_some({static_cast<char*>(space.data()), space.size()});
        session->buffer.commit(moved.bytes);
    } while (!moved.error);
}

/// Sends a source's pieces as they come. False where the connection cannot be used any more.
Task<bool> stream_body(std::shared_ptr<Session> session, std::shared_ptr<BodySource> source,
                       bool chunked, bool upgraded) {
    using namespace boost::asio::experimental::awaitable_operators;
    auto& out = session->out;
    for (;;) {
        auto peer = upgraded ? peer_talks(session, source) : peer_leaves(session);
        auto first = co_await (source->next(session->service->clock) || std::move(peer));
        if (first.index() == 1) {
            co_return false;
        }
        const auto& piece = std::get<0>(first);
        out.clear();
        if (!piece) {
            out = chunked ? "0\r\n\r\n" : "";
        } else if (chunked && !piece->empty()) {  // an empty chunk would be the end
            append_chunk(out, *piece);
        } else {
            out = *piece;
        }
        session->expect_within(session->service->spec.write_timeout);
        if (co_await session->wire->write(out)) {
            co_return false;
        }
        session->overdue.reset();
        if (!piece) {
            co_return chunked;
        }
    }
}

/// Asks the handler. What it throws is a defect of ours or a CannotGoOn: the client sees a 500.
Task<Response> ask(Handler& handler, Request request, Peer peer) {
    std::string problem;
    try {
        co_return co_await handler.handle(std::move(request), std::move(peer));
    } catch (const boost::system::system_error& error) {
        if (error.code() == asio::error::operation_aborted) {
            throw;
        }
        problem = error.what();
    } catch (const std::exception& error) {
        problem = error.what();
    }
    log::error(fmt::format("a request handler failed: {}", problem));
    Response response;
    response.status = 500;
    co_return response;
}

/// A reset that takes back nothing of what was written.
Task<void> reset_behind(std::shared_ptr<Session> session) {
    constexpr Duration pause = std::chrono::milliseconds(1);
    for (Duration waited{}; waited < farewell_limit && session->wire->unacknowledged() > 0;
         waited += pause) {
        co_await session->service->clock.sleep_for(pause);
    }
    session->wire->reset();
}

/// Sends as much of an answer as is to arrive before its connection breaks. `head` is the size of
/// its head in `out`.
Task<void> respond_broken(std::shared_ptr<Session> session, Break broken, std::size_t head) {
    auto& out = session->out;
    if (broken == Break::before) {
        session->wire->reset();
    } else {
        if (broken == Break::during) {
            out.resize(head + (out.size() - head) / 2);
        }
        if (!co_await session->wire->write(out)) {
            co_await reset_behind(session);
        }
    }
}

/// Writes the response; false where the connection must end.
Task<bool> respond(std::shared_ptr<Session> session, Response response, bool head_request,
                   unsigned http_version, bool keep_alive) {
    if (response.broken == Break::unanswered) {
        co_return false;
    }
    const bool upgraded = response.status == 101 && response.source;
    const bool bodiless = !upgraded && (response.status == 204 || response.status == 304 ||
                                        response.status / 100 == 1);
    auto framing = Framing::length;
    if (bodiless || upgraded) {
        framing = Framing::none;
    } else if (response.chunked || response.source) {
        // HTTP/1.0 knows no chunks.
        framing = http_version >= 11 ? Framing::chunked
                  : response.source  ? Framing::until_close
                                     : Framing::length;
    }
    const auto wish = response.headers.find("Connection");
    const bool close =
        !keep_alive || framing == Framing::until_close || (wish && same_text(*wish, "close"));

    auto& out = session->out;
    out.clear();
    append_head(out, response, framing, close);
    const auto head = out.size();
    const bool with_body = !head_request && !bodiless;
    if (with_body && !response.source) {
        if (framing == Framing::chunked) {
            append_in_chunks(out, response.body);
        } else {
            out += response.body;
        }
    }
    session->expect_within(session->service->spec.write_timeout);
    const bool streams = with_body && response.source;
    if (response.broken != Break::none && !(streams && response.broken == Break::after)) {
        co_await respond_broken(session, response.broken, head);
        co_return false;
    }
    if (co_await session->wire->write(out)) {
        co_return false;
    }
    session->overdue.reset();
    const bool whole = !streams || co_await stream_body(session, response.source,
                                                        framing == Framing::chunked, upgraded);
    if (response.broken == Break::after) {
        co_await reset_behind(session);
    }
    co_return whole && !close && response.broken == Break::none;
}

/// An answer that is not the handler's, in plain text as Go's server gives it. The connection ends
/// with it.
Task<void> refuse(std::shared_ptr<Session> session, int status, std::string detail) {
    Response response;
    response.status = status;
    response.headers = {{"Content-Type", "text/plain; charset=utf-8"}};
    response.body = status == 501 ? "Unsupported transfer encoding"  // byte for byte as Go
                                  : fmt::format("{} {}{}", status, reason_of(status), detail);
    auto& out = session->out;
    out.clear();
    append_head(out, response, Framing::length, /*close=*/true);
    out += response.body;
    session->expect_within(session->service->spec.write_timeout);
    if (!co_await session->wire->write(out)) {
        (void)co_await within(session->service->clock, farewell_limit, session->wire->drain());
    }
}

/// The status for what cannot be parsed, or nothing where it is the connection that broke.
/// `message` is what was parsed of it.
std::optional<int> refusal_of(error_code error, const Session::Parser::value_type& message) {
    if (error.category() != error_code(beast_http::error::body_limit).category()) {
        return std::nullopt;
    }
    if (error == beast_http::error::body_limit) {
        return 413;
    }
    // A coding behind "chunked"; a length before a coding is no matter of codings.
    if (error == beast_http::error::bad_transfer_encoding &&
        message.count(beast_http::field::transfer_encoding) > 0) {
        return 501;
    }
    return error == beast_http::error::header_limit ? 431 : 400;
}

/// Reads one request into a new parser. An error of the parser, or of the connection.
Task<error_code> read_request(std::shared_ptr<Session> session) {
    auto& buffer = session->buffer;
    const auto& spec = session->service->spec;
    auto& parser = session->parser.emplace();
    parser.eager(true);
    parser.header_limit(static_cast<std::uint32_t>(spec.header_limit));
    parser.body_limit(spec.body_limit);
    bool begun = false, head_done = false;
    Feed feed;
    // A new connection owes its first request at once, a kept one may rest.
    const bool resting = session->peer.served > 0 && buffer.size() == 0;
    session->expect_within(resting ? spec.idle_timeout : spec.head_timeout);
    for (;;) {
        while (!parser.is_done() && feed.worthwhile(buffer)) {
            if (const auto error = feed.give(parser, buffer)) {
                co_return error;
            }
        }
        if (parser.is_done()) {
            session->overdue.reset();
            co_return error_code();
        }
        if (parser.is_header_done() && !head_done) {
            head_done = true;
            session->expect_within(spec.request_timeout);
            const auto expect = parser.get()[beast_http::field::expect];
            if (same_text({expect.data(), expect.size()}, "100-continue")) {
                const auto error = co_await session->wire->write("HTTP/1.1 100 Continue\r\n\r\n");
                if (error) {
                    co_return error;
                }
            }
        }
        const auto space = buffer.prepare(read_size);
        const auto moved =
            co_await session->wire->read_some({static_cast<char*>(space.data()), space.size()});
        if (resting && moved.bytes > 0 && !begun) {
            begun = true;
            session->expect_within(spec.head_timeout);
        }
        buffer.commit(moved.bytes);
        if (moved.error) {
            session->overdue.reset();
            co_return moved.error;
        }
    }
}

Request take_request(Session& session) {
    auto& message = session.parser->get();
    Request request;
    request.method = std::string(message.method_string());
    request.target = std::string(message.target());
    for (const auto& field : message) {
        request.headers.add(std::string_view(field.name_string()), std::string(field.value()));
    }
    request.body = std::move(message.body());
    return request;
}

/// A refusal of a head that Beast takes and Go's net/http does not.
struct HeadFault {
    int status;
    const char* detail;
};

bool is_host_text(std::string_view text) {
    return std::ranges::all_of(text, [](char c) {
        constexpr std::string_view others = "!$%&'()*+,-.:;=[]_~";
        return letter_or_digit(c) || others.find(c) != others.npos;
    });
}

// Beast has no body where the coding is another than chunked: what follows would be taken for the
// next request.
std::optional<HeadFault> fault_of_head(const Session::Parser::value_type& message) {
    using beast_http::field;
    const bool newer = message.version() >= 11;
    std::size_t codings = 0, hosts = 0;
    bool chunked = true, measured = true, host = true;
    for (const auto& one : message) {
        const std::string_view value(one.value().data(), one.value().size());
        if (one.name() == field::transfer_encoding) {
            ++codings;
            chunked = chunked && same_text(value, "chunked");
        } else if (one.name() == field::content_length) {
            measured = measured && value.find_first_not_of("0123456789") == value.npos;
        } else if (one.name() == field::host) {
            ++hosts;
            host = host && is_host_text(value);
        }
    }
    if (hosts > 1) {
        return HeadFault{400, ""};
    }
    if (newer && codings > 0 && (codings > 1 || !chunked)) {
        return HeadFault{501, ""};
    }
    if (!measured) {
        return HeadFault{400, ""};
    }
    if (newer && hosts == 0) {
        return HeadFault{400, ": missing required Host header"};
    }
    return host ? std::nullopt : std::optional(HeadFault{400, ": malformed Host header"});
}

/// One request and its response; false where the connection must end.
Task<bool> serve_one(std::shared_ptr<Session> session) {
    if (const auto error = co_await read_request(session)) {
        if (const auto status = refusal_of(error, session->parser->get())) {
            co_await refuse(session, *status, "");
        }
        co_return false;
    }
    const auto& message = session->parser->get();
    const auto version = message.version();
    // Clients of HTTP/1.0 get one answer a connection.
    const bool keep_alive = version >= 11 && session->parser->keep_alive();
    const bool head_request = message.method() == beast_http::verb::head;
    if (const auto fault = fault_of_head(message)) {
        co_await refuse(session, fault->status, fault->detail);
        co_return false;
    }
    auto response = co_await ask(session->service->handler, take_request(*session), session->peer);
    ++session->peer.served;
    co_return co_await respond(session, std::move(response), head_request, version, keep_alive);
}

/// Shakes hands, or tells a client that speaks plain HTTP why not.
Task<Result<void>> greet(std::shared_ptr<Session> session) {
    constexpr unsigned char handshake_record = 0x16;  // RFC 8446 5.1
    const auto first = co_await session->wire->peek();
    if (!first) {
        co_return fail(FailureKind::closed, "the client left before its handshake");
    }
    if (*first != handshake_record) {
        // Byte for byte what Go's net/http says.
        const auto error = co_await session->wire->write(
            "HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n");
        co_return fail(FailureKind::tls, "not a TLS handshake{}", error ? "; and it left" : "");
    }
    const auto& spec = session->service->spec;
    auto party = spec.party();
    if (spec.reception) {
        auto reception = spec.reception(session->peer);
        if (reception.alert) {
            // RFC 8446 5.1 and 6: an alert record of TLS 1.2's version, fatal. The hello is read by
            // drain().
            const std::array<char, 7> record{
                0x15, 0x03, 0x03, 0x00, 0x02, 0x02, static_cast<char>(*reception.alert)};
            const auto error = co_await session->wire->write({record.data(), record.size()});
            co_return fail(FailureKind::tls, "refused with an alert{}",
                           error ? "; and it left" : "");
        }
        if (reception.identity) {
            party.identity = std::move(reception.identity);
        }
    }
    const auto context = session->service->context_for(party);
    if (!context) {
        log::warning(fmt::format("a served port has nothing to show: {}", context.error().message));
        co_return propagate(context);
    }
    const auto shaken = co_await session->wire->handshake(*context, party, /*server=*/true);
    if (shaken && (party.verify_peer || party.ask_peer)) {
        auto [shown, chain] = crypto::tls_shown(session->wire->ssl());
        session->peer.bad_certificate =
            shown && crypto::tls_fault(session->wire->ssl()) != crypto::ChainFault::none;
        if (shown && !session->peer.bad_certificate) {
            session->peer.certificate = std::move(shown);
            session->peer.chain = std::move(chain);
        }
    }
    co_return shaken;
}

Task<void> converse(std::shared_ptr<Session> session) {
    session->peer.address = session->wire->peer_address();
    if (session->service->spec.tls) {
        auto& clock = session->service->clock;
        const auto shaken = co_await within(clock, handshake_limit, greet(session));
        if (!shaken) {
            log::detail(fmt::format("a handshake failed: {}", shaken.error().message));
            (void)co_await within(clock, farewell_limit, session->wire->drain());
            co_return;
        }
    }
    while (co_await serve_one(session)) {
    }
    (void)co_await within(session->service->clock, farewell_limit, session->wire->finish());
}

/// Says why connections are refused, now and then.
void tell_refusals(Service& service, const error_code& error) {
    auto& told = service.refusals_told;
    constexpr Duration pause = std::chrono::seconds(10);
    const auto now = service.clock.elapsed();
    if (told && now - *told < pause) {
        return;
    }
    told = now;
    try {
        log::warning(fmt::format("connections are refused: {}",
                                 error == asio::error::connection_refused
                                     ? fmt::format("{} are open", service.spec.connection_limit)
                                     : error.message()));
    } catch (const std::bad_alloc&) {
        told.reset();  // no memory to say so: the next time, perhaps
    }
}

Task<void> run_session(std::shared_ptr<Service> service, std::shared_ptr<Wire> wire) {
    const auto session = std::make_shared<Session>(std::move(service), std::move(wire));
    // A body source that failed, or memory: the peer sees the connection break.
    std::string problem;
    bool no_memory = false;
    try {
        co_await converse(session);
    } catch (const std::bad_alloc&) {
        no_memory = true;
    } catch (const std::exception& error) {
        problem = error.what();
    }
    if (no_memory) {
        tell_refusals(*session->service, asio::error::no_memory);
    } else if (!problem.empty()) {
        log::error(fmt::format("a served connection ended: {}", problem));
    }
}

/// Kept back for the moment when there is no more: memory for the way to a refusal, and a
/// descriptor to take a connection that is then refused.
class Spare {
  public:
    Spare() = default;
    ~Spare() { let_go(); }
    Spare(const Spare&) = delete;
    Spare& operator=(const Spare&) = delete;

    /// Where it was let go.
    void take() {
        constexpr std::size_t size = 256U << 10;
        if (!memory_) {
            memory_.reset(new (std::nothrow) char[size]);
        }
        if (file_ < 0) {
            file_ = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
        }
    }
    void let_go() {
        memory_.reset();
        if (file_ >= 0) {
            ::close(file_);
            file_ = -1;
        }
    }

  private:
    std::unique_ptr<char[]> memory_;
    int file_ = -1;
};

/// Refuses connections that wait, without any memory: their clients are told so at once.
void refuse_waiting(Service& service) {
    constexpr int at_once = 128;
    for (int i = 0; i < at_once; ++i) {
        const int taken = ::accept4(service.acceptor.native_handle(), nullptr, nullptr,
                                    SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (taken < 0) {
            return;
        }
        ::close(taken);
    }
}

/// Takes one connection, and starts its session. An error where it cannot.
Task<error_code> accept_one(std::shared_ptr<Service> service) {
    error_code error;
    tcp::socket socket(co_await asio::this_coro::executor);
    co_await service->acceptor.async_accept(socket,
                                            asio::redirect_error(asio::use_awaitable, error));
    if (error) {
        co_return error;
    }
    if (service->sessions.running() > service->spec.connection_limit) {
        co_return asio::error::connection_refused;  // it is closed here
    }
    if (memory_reserve::spent()) {
        co_return asio::error::no_memory;
    }
    auto wire = std::make_shared<Wire>(std::move(socket), service->connections);
    co_await service->sessions.spawn(run_session(service, std::move(wire)));
    co_return error_code();
}

Task<void> accept_all(std::shared_ptr<Service> service) {
    Spare spare;
    while (service->acceptor.is_open()) {
        spare.take();
        error_code error;
        try {
            if (!service->sweeping) {
                co_await service->sessions.spawn(sweep(service));
                service->sweeping = true;
            }
            error = co_await accept_one(service);
        } catch (const std::bad_alloc&) {
            error = asio::error::no_memory;
        }
        if (error && service->acceptor.is_open()) {
            // Out of descriptors or memory, most likely: connections that are open must end first.
            spare.let_go();
            refuse_waiting(*service);
            tell_refusals(*service, error);
            co_await service->clock.sleep_for(std::chrono::milliseconds(10));
        }
    }
}

class BeastListener final : public Listener {
  public:
    BeastListener(std::shared_ptr<Service> service, Url url)
        : service_(std::move(service)), url_(std::move(url)) {}
    ~BeastListener() override { service_->close(); }
    [[nodiscard]] Url url() const override { return url_; }
    void drop_connections() override { service_->connections->close_all(); }

  private:
    std::shared_ptr<Service> service_;
    Url url_;
};

Task<Result<std::unique_ptr<Listener>>> listen_on(std::shared_ptr<OpenSet> open, Clock& clock,
                                                  ListenSpec spec, Handler& handler) {
    if (open->closed()) {
        co_return fail(FailureKind::cancelled, "the transport has ended");
    }
    MESHPROOF_ASSERT(!spec.tls || spec.party, "a TLS port without a party");
    const auto executor = co_await asio::this_coro::executor;
    tcp::acceptor acceptor(executor);
    error_code error;
    const auto address = asio::ip::make_address(spec.address, error);
    if (error) {
        co_return fail(FailureKind::invalid, "\"{}\" is no IP address to listen on", spec.address);
    }
    const tcp::endpoint wanted(address, spec.port);
    acceptor.open(wanted.protocol(), error);
    if (!error) {
        acceptor.set_option(tcp::acceptor::reuse_address(true), error);
    }
    if (!error) {
        acceptor.bind(wanted, error);
    }
    if (!error) {
        acceptor.listen(asio::socket_base::max_listen_connections, error);
    }
    if (error) {
        co_return fail(
            error == asio::error::address_in_use ? FailureKind::conflict : FailureKind::unreachable,
            "cannot listen on {}{}{}:{}: {}", address.is_v6() ? "[" : "", spec.address,
            address.is_v6() ? "]" : "", spec.port, error.message());
    }
    // Where every address is listened on, this machine's own is the one to tell.
    const std::string own = address.is_v6() ? "::1" : "127.0.0.1";
    const Url url{spec.tls ? "https" : "http", address.is_unspecified() ? own : spec.address,
                  acceptor.local_endpoint().port(), ""};
    const auto service = std::make_shared<Service>(std::move(acceptor), std::move(spec), handler,
                                                   clock, std::move(open));
    asio::co_spawn(GatedExecutor(executor, service->gate), accept_all(service), asio::detached);
    co_return std::make_unique<BeastListener>(service, url);
}

}  // namespace

Task<Result<std::unique_ptr<Listener>>> BeastTransport::listen(ListenSpec spec, Handler& handler) {
    return listen_on(open_, clock_, std::move(spec), handler);
}

}  // namespace meshproof::http
