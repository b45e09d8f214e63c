#include "core/http/wire.hpp"

#include <linux/sockios.h>
#include <openssl/ssl.h>
#include <sys/ioctl.h>

#include <array>
#include <boost/asio/connect.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/write.hpp>

#include "core/base/assert.hpp"
#include "core/time/signal.hpp"

namespace meshproof::http {
namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

/// A host lookup under way. The system's resolver cannot be interrupted, so it runs on its own and
/// whoever waits for it can be cancelled at once.
struct Lookup {
    std::vector<tcp::endpoint> found;
    error_code error;
    Signal ended;
};

Task<void> look_up(std::shared_ptr<Lookup> lookup, std::string host, std::uint16_t port) {
    tcp::resolver resolver(co_await asio::this_coro::executor);
    const auto results = co_await resolver.async_resolve(
        host, std::to_string(port), asio::redirect_error(asio::use_awaitable, lookup->error));
    for (const auto& result : results) {
        lookup->found.push_back(result.endpoint());
    }
    lookup->ended.notify_all();
}

Task<Result<std::vector<tcp::endpoint>>> resolve(Url url) {
    error_code not_an_address;
    const auto address = asio::ip::make_address(url.host, not_an_address);
    if (!not_an_address) {
        co_return std::vector{tcp::endpoint(address, url.port)};
    }
    if (url.host == "localhost") {  // RFC 6761 6.3: always the loopback, and no question to anyone
        co_return std::vector{tcp::endpoint(asio::ip::address_v4::loopback(), url.port),
                              tcp::endpoint(asio::ip::address_v6::loopback(), url.port)};
    }
    const auto lookup = std::make_shared<Lookup>();
    // It ends in a later turn of the loop, so not before we wait.
    asio::co_spawn(co_await asio::this_coro::executor, look_up(lookup, url.host, url.port),
                   asio::detached);
    co_await lookup->ended.wait();
    if (lookup->error) {
        co_return fail(FailureKind::unreachable, "no such host: {}", lookup->error.message());
    }
    co_return std::move(lookup->found);
}

}  // namespace

struct Wire::Tls {
    Tls(tcp::socket& socket, SSL* ssl) : stream(socket, ssl) {}  // takes over `ssl`
    asio::ssl::stream<tcp::socket&> stream;
};

Wire::Wire(tcp::socket socket, std::shared_ptr<OpenSet> set)
    : Closable(std::move(set)), socket_(std::move(socket)) {
    if (socket_.is_open()) {
        error_code ignored;  // the peer may be gone already
        socket_.set_option(tcp::no_delay(true), ignored);
    }
}

Wire::~Wire() = default;

Task<Result<void>> Wire::dial(Url url) {
    const auto endpoints = co_await resolve(url);
    if (!endpoints) {
        co_return propagate(endpoints);
    }
    error_code error;
    co_await asio::async_connect(socket_, *endpoints,
                                 asio::redirect_error(asio::use_awaitable, error));
    if (error == asio::error::operation_aborted) {
        co_return fail(FailureKind::cancelled, "given up");
    }
    if (error) {
        co_return fail(FailureKind::unreachable, "cannot connect: {}", error.message());
    }
    socket_.set_option(tcp::no_delay(true), error);
    co_return Result<void>();
}

Task<Result<void>> Wire::handshake(std::shared_ptr<SSL_CTX> context, crypto::TlsParty party,
                                   bool server) {
    SSL* ssl = SSL_new(context.get());
    MESHPROOF_ASSERT(ssl != nullptr, "SSL_new failed");
    tls_ = std::make_unique<Tls>(socket_, ssl);
    crypto::prepare_tls(ssl, party, server);
    error_code error;
    co_await tls_->stream.async_handshake(
        server ? asio::ssl::stream_base::server : asio::ssl::stream_base::client,
        asio::redirect_error(asio::use_awaitable, error));
    if (error) {
        co_return tl::unexpected(failure(error));
    }
    co_return Result<void>();
}

Task<Moved> Wire::read_some(std::span<char> into) {
    const auto buffer = asio::buffer(into.data(), into.size());
    Moved moved;
    if (tls_) {
        moved.bytes = co_await tls_->stream.async_read_some(
            buffer, asio::redirect_error(asio::use_awaitable, moved.error));
    } else {
        moved.bytes = co_await socket_.async_read_some(
            buffer, asio::redirect_error(asio::use_awaitable, moved.error));
    }
    co_return moved;
}

Task<error_code> Wire::write(std::string_view bytes) {
    const auto buffer = asio::buffer(bytes.data(), bytes.size());
    error_code error;
    if (tls_) {
        co_await asio::async_write(tls_->stream, buffer,
                                   asio::redirect_error(asio::use_awaitable, error));
    } else {
        co_await asio::async_write(socket_, buffer,
                                   asio::redirect_error(asio::use_awaitable, error));
    }
    co_return error;
}

Task<std::optional<unsigned char>> Wire::peek() {
    unsigned char first = 0;
    error_code error;
    const auto count =
        co_await socket_.async_receive(asio::buffer(&first, 1), tcp::socket::message_peek,
                                       asio::redirect_error(asio::use_awaitable, error));
    if (error || count == 0) {
        co_return std::nullopt;
    }
    co_return first;
}

Task<Result<void>> Wire::finish() {
    error_code ignored;
    if (tls_) {
        // As if the peer's own close_notify had come: nobody waits for it.
        SSL_set_shutdown(ssl(), SSL_get_shutdown(ssl()) | SSL_RECEIVED_SHUTDOWN);
        co_await tls_->stream.async_shutdown(asio::redirect_error(asio::use_awaitable, ignored));
    }
    socket_.shutdown(tcp::socket::shutdown_send, ignored);
    co_return Result<void>();
}

Task<Result<void>> Wire::drain() {
    constexpr std::size_t limit = 256U << 10;  // as much as Go's server takes
    std::array<char, 4096> dropped;
    error_code error;
    socket_.shutdown(tcp::socket::shutdown_send, error);
    for (std::size_t total = 0; !error && total < limit;) {
        total += co_await socket_.async_read_some(asio::buffer(dropped),
                                                  asio::redirect_error(asio::use_awaitable, error));
    }
    co_return Result<void>();
}

void Wire::close() {
    error_code ignored;
    socket_.close(ignored);
}

void Wire::reset() {
    error_code ignored;
    socket_.set_option(asio::socket_base::linger(true, 0), ignored);
    socket_.close(ignored);
}

void Wire::wake() {
    error_code ignored;
    socket_.cancel(ignored);
}

std::size_t Wire::unacknowledged() {
    int count = 0;
    return ::ioctl(socket_.native_handle(), SIOCOUTQ, &count) == 0 && count > 0
               ? static_cast<std::size_t>(count)
               : 0;
}

SSL* Wire::ssl() const {
    return tls_ ? tls_->stream.native_handle() : nullptr;
}

std::string Wire::peer_address() const {
    error_code error;
    const auto endpoint = socket_.remote_endpoint(error);
    return error ? std::string() : endpoint.address().to_string();
}

Failure Wire::failure(error_code error) const {
    if (error == asio::error::operation_aborted || error == asio::error::bad_descriptor) {
        return {FailureKind::cancelled, "the connection was closed on this side", 0, {}};
    }
    if (error.category() == asio::error::get_ssl_category()) {
        return crypto::tls_failure(ssl(), error.message());
    }
    if (error == asio::error::eof || error == boost::asio::ssl::error::stream_truncated) {
        return {FailureKind::closed, "the peer closed the connection", 0, {}};
    }
    return {FailureKind::closed, "the connection broke: " + error.message(), 0, {}};
}

bool Wire::quiet() {
    char byte = 0;
    return ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 &&
           (errno == EAGAIN || errno == EWOULDBLOCK);
}

bool Wire::clean_end(error_code error) {
    return error == asio::error::eof;
}

}  // namespace meshproof::http
