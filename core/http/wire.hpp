#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "core/base/result.hpp"
#include "core/base/task.hpp"
#include "core/crypto/tls.hpp"
#include "core/http/message.hpp"
#include "core/http/open_set.hpp"

namespace meshproof::http {

/// What is made ready for one read.
inline constexpr std::size_t read_size = 16U << 10;

/// How much went through, and why no more did.
struct Moved {
    std::size_t bytes = 0;
    boost::system::error_code error;
};

/// One TCP connection, plain or with TLS over it. Whoever waits on it keeps it alive.
/// Failures tell what happened, not where: the caller knows the address.
class Wire final : public Closable {
  public:
    Wire(boost::asio::ip::tcp::socket socket, std::shared_ptr<OpenSet> set);
    ~Wire() override;

    /// Looks the host up and connects. Fails with `unreachable`.
    [[nodiscard]] Task<Result<void>> dial(Url url);
    /// Fails with `tls`, `expired` or `closed`.
    [[nodiscard]] Task<Result<void>> handshake(std::shared_ptr<SSL_CTX> context,
                                               crypto::TlsParty party, bool server);
    [[nodiscard]] Task<Moved> read_some(std::span<char> into);
    /// All of `bytes`, which the caller keeps.
    [[nodiscard]] Task<boost::system::error_code> write(std::string_view bytes);
    /// The first byte that the peer sent, left where it is; nothing if none came.
    [[nodiscard]] Task<std::optional<unsigned char>> peek();
    /// Says goodbye: a TLS close_notify where there is TLS, then the end of our bytes.
    [[nodiscard]] Task<Result<void>> finish();
    /// Reads and drops what still comes (at most 256 KiB) until the peer closes. Closing a socket
    /// with unread bytes resets the connection, and a reset may overtake the last words: an alert,
    /// a 413.
    [[nodiscard]] Task<Result<void>> drain();

    void close() override;
    /// Closes with a reset instead of an orderly end.
    void reset();
    /// Ends what waits on this connection, which stays open: with `cancelled`.
    void wake();
    /// Bytes that were written and that the peer has not acknowledged yet: a reset would take them
    /// back.
    [[nodiscard]] std::size_t unacknowledged();
    [[nodiscard]] bool is_open() const { return socket_.is_open(); }
    /// Nothing came that was not read, not even the peer's goodbye: a connection at rest.
    [[nodiscard]] bool quiet();
    [[nodiscard]] boost::asio::ip::tcp::socket& socket() { return socket_; }
    [[nodiscard]] SSL* ssl() const;  ///< null without TLS
    [[nodiscard]] std::string peer_address() const;

    /// What an error of read_some() or write() means: `closed`, `tls`, `expired` or `cancelled`.
    [[nodiscard]] Failure failure(boost::system::error_code error) const;
    /// The peer ended the connection in the orderly way of the protocol in use.
    [[nodiscard]] static bool clean_end(boost::system::error_code error);

  private:
    struct Tls;
    boost::asio::ip::tcp::socket socket_;
    std::unique_ptr<Tls> tls_;
};

}  // namespace meshproof::http
