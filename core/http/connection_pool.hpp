#pragma once

#include <boost/beast/core/flat_buffer.hpp>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/http/transport.hpp"
#include "core/http/wire.hpp"

namespace meshproof::http {

struct KnownParty;

/// A client's connection, and the bytes that came and were not read yet.
struct Connection {
    Connection(boost::asio::ip::tcp::socket socket, std::shared_ptr<OpenSet> set)
        : wire(std::move(socket), std::move(set)) {}
    Wire wire;
    boost::beast::flat_buffer buffer;
    std::weak_ptr<KnownParty> home;  ///< of one that was taken: where it goes back to
};

/// Who asks, with which identity and trust: what is kept for him.
struct KnownParty {
    crypto::TlsParty party;
    std::shared_ptr<SSL_CTX> context;  ///< null until it is needed
    std::vector<std::shared_ptr<Connection>> idle;
};

/// Idle connections and ready SSL contexts (costly to make), by who asks whom and with which
/// identity and trust.
class ConnectionPool {
  public:
    /// The SSL context for this endpoint; made now where there is none yet.
    [[nodiscard]] Result<std::shared_ptr<SSL_CTX>> context_for(const Endpoint& endpoint);
    /// An idle connection that fits and that the peer has not ended, the latest first, or null.
    /// Where the endpoint decides who its peer is, the connection's peer is judged again.
    [[nodiscard]] std::shared_ptr<Connection> take(const Endpoint& endpoint);
    /// The endpoint is the one with which it was taken or made.
    void keep(const Endpoint& endpoint, std::shared_ptr<Connection> connection);
    void clear() { routes_.clear(); }
    /// Keeps nothing any more.
    void close_for_good();

  private:
    using Route = std::pair<std::string, std::string>;
    [[nodiscard]] static Route route_of(const Endpoint& endpoint);
    [[nodiscard]] std::shared_ptr<KnownParty> known(const Endpoint& endpoint);
    [[nodiscard]] static std::shared_ptr<Connection> take_idle(KnownParty& known,
                                                               const Endpoint& endpoint);

    // By caller (or the connections' own name) and origin; the parties of one route, the latest
    // used first.
    std::map<Route, std::list<std::shared_ptr<KnownParty>>> routes_;
    bool closed_ = false;
};

}  // namespace meshproof::http
