#pragma once

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <string>

#include "core/base/assert.hpp"
#include "core/http/beast_transport.hpp"
#include "core/time/real_clock.hpp"
#include "core/time/sim_clock.hpp"

/// What the fuzz targets of both halves of BeastTransport share: one loop and one transport for all
/// inputs.
namespace meshproof::http {

struct Loopback {
    boost::asio::io_context context;
    RealClock clock;
    BeastTransport transport{clock};
};

inline bool clean_field(std::string_view text) {
    return text.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos;
}

inline void check_headers(const Headers& headers) {
    for (const auto& [name, value] : headers.fields()) {
        MESHPROOF_ASSERT(!name.empty() && clean_field(name) && clean_field(value));
    }
}

/// Writes all, says that no more comes, and reads what the peer says until it ends. Then the
/// connection is gone without a trace (no TIME_WAIT: thousands of inputs a second would use up the
/// ports).
inline Task<std::string> write_and_read(boost::asio::ip::tcp::socket& socket, std::string bytes) {
    namespace asio = boost::asio;
    boost::system::error_code error, ignored;
    co_await asio::async_write(socket, asio::buffer(bytes),
                               asio::redirect_error(asio::use_awaitable, error));
    socket.shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
    std::string answer;
    error = {};
    while (!error) {
        std::array<char, 4096> piece;
        const auto count = co_await socket.async_read_some(
            asio::buffer(piece), asio::redirect_error(asio::use_awaitable, error));
        answer.append(piece.data(), count);
    }
    socket.set_option(asio::socket_base::linger(true, 0), ignored);
    socket.close(ignored);
    co_return answer;
}

}  // namespace meshproof::http
