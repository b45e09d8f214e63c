#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/crypto/tls.hpp"
#include "core/http/message.hpp"

namespace meshproof::http {

/// Who is asking, as the serving side sees it.
struct Peer {
    std::string address;  ///< "127.0.0.1" or the caller's name in sim
    std::optional<crypto::Certificate>
        certificate;               ///< the verified client certificate, where there is one
    bool bad_certificate = false;  ///< one was shown that none of our CAs stands for (ask_peer)
    std::size_t served = 0;        ///< requests that came on this connection before
    std::vector<crypto::Certificate> chain = {};  ///< what the client sent after its certificate
};

/// What awaits a new connection instead of the usual: what chaos asks for. TLS ports only.
struct Reception {
    std::optional<unsigned char>
        alert;  ///< the client's hello gets this fatal alert (RFC 8446 6.2), and that is all
    std::optional<crypto::TlsIdentity> identity;  ///< shown instead of the party's own
};

/// One party's rules: a request in, a response out. Lives longer than what serves it.
class Handler {
  public:
    Handler() = default;
    Handler(const Handler&) = delete;
    Handler& operator=(const Handler&) = delete;
    virtual ~Handler() = default;
    [[nodiscard]] virtual Task<Response> handle(Request request, Peer peer) = 0;
};

/// Where a request goes and how. `tls` is used for https only; its server_name defaults to the
/// URL's host unless tls.check_peer or tls.judge_peer is set (then they alone decide who the peer
/// is) or verify_peer is off.
/// A kept connection that ends just when a request is sent over it is made anew, and the request
/// sent again, only if it changes nothing (`repeatable`): else `closed`, and the caller decides.
struct Endpoint {
    Url url;
    crypto::TlsParty tls;
    Duration timeout =
        std::chrono::seconds(60);  ///< for the whole exchange; for a stream, until its head
    bool reuse = true;             ///< keep connections alive between requests of the same endpoint
    bool fresh = false;  ///< opens a connection although an idle one may be there, and keeps it
    bool last = false;   ///< may use an idle connection, and closes it after the answer
    std::string caller;  ///< a name for logs and for per-caller faults
    /// Where it is set, an open connection of the same name to the same address is used whatever
    /// the TLS settings have become since, as Go's clients do; "" = only where they are the same.
    std::string connections;
};

/// An open answer whose body comes in pieces (a watch).
class Stream {
  public:
    Stream() = default;
    Stream(const Stream&) = delete;
    Stream& operator=(const Stream&) = delete;
    virtual ~Stream() = default;
    [[nodiscard]] virtual const Response& head() const = 0;  ///< status and headers; no body
    /// The next piece, nothing at the clean end, `closed` where the connection broke.
    [[nodiscard]] virtual Task<Result<std::optional<std::string>>> next() = 0;
};

/// What serves on a port. Each new connection asks `party` for what to show, so it can be swapped
/// at any time. The four times end connections that wait too long, at the latest half of the
/// shortest one late; real servers' own values (OpenBao, Vault) unless told otherwise.
struct ListenSpec {
    std::string name;                   ///< host name in sim
    std::string address = "127.0.0.1";  ///< IP address that a socket listener binds
    std::uint16_t port = 0;             ///< 0 = any free one
    bool tls = true;
    std::function<crypto::TlsParty()>
        party;  ///< asked per connection; verify_peer = require a client certificate
    std::function<Reception(const Peer& peer)> reception;  ///< asked per connection; may be empty
    std::size_t body_limit = 32U << 20;                    ///< larger bodies get 413
    std::size_t header_limit = 64U << 10;
    std::size_t connection_limit = 20'000;            ///< open at once; others are closed
    Duration idle_timeout = std::chrono::minutes(5);  ///< between two requests of a connection
    Duration head_timeout =
        std::chrono::seconds(10);  ///< for a request's head, from its first byte
    Duration request_timeout = std::chrono::seconds(30);  ///< for the whole request, from there
    /// Until the peer has taken what is written at once: an answer, or a piece of a stream. Real
    /// servers wait for ever; each reader that never reads would hold its answer here.
    Duration write_timeout = std::chrono::minutes(1);
};

/// A served port. Destroying it stops the service and closes its connections.
class Listener {
  public:
    Listener() = default;
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;
    virtual ~Listener() = default;
    [[nodiscard]] virtual Url url() const = 0;
    /// Closes every open connection, keeps listening.
    virtual void drop_connections() = 0;
};

enum class LinkMode {
    pass,    ///< traffic goes through
    refuse,  ///< new connections are refused at once, open ones are cut
    stall,   ///< connections are taken and nothing moves any more, in either direction
};

/// A controllable stretch of wire before somebody's port: how faults reach servers that are not
/// ours.
class Link {
  public:
    Link() = default;
    Link(const Link&) = delete;
    Link& operator=(const Link&) = delete;
    virtual ~Link() = default;
    [[nodiscard]] virtual Url url() const = 0;  ///< use this instead of the upstream's
    virtual void set(LinkMode mode) = 0;
    virtual void cut() = 0;  ///< resets the open connections now
    [[nodiscard]] virtual LinkMode mode() const = 0;
};

/// The wire. Two implementations: BeastTransport (sockets) and SimNetwork (fakes/, no sockets).
/// Failures: unreachable, timed_out, closed, tls, expired (TLS: the peer's leaf), malformed. Any
/// HTTP status is a success here.
class Transport {
  public:
    Transport() = default;
    Transport(const Transport&) = delete;
    Transport& operator=(const Transport&) = delete;
    virtual ~Transport() = default;

    [[nodiscard]] virtual Task<Result<Response>> send(Endpoint endpoint, Request request) = 0;
    [[nodiscard]] virtual Task<Result<std::unique_ptr<Stream>>> open(Endpoint endpoint,
                                                                     Request request) = 0;
    [[nodiscard]] virtual Task<Result<std::unique_ptr<Listener>>> listen(ListenSpec spec,
                                                                         Handler& handler) = 0;
    /// Stands before `upstream`. The link keeps the upstream's scheme; TLS passes through
    /// untouched.
    [[nodiscard]] virtual Task<Result<std::unique_ptr<Link>>> open_link(Url upstream,
                                                                        std::string name) = 0;
    /// Forgets idle connections (a Vault's changed CA only affects new ones).
    virtual void drop_idle() = 0;
};

}  // namespace meshproof::http
