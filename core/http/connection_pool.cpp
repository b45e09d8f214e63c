#include "core/http/connection_pool.hpp"

namespace meshproof::http {

ConnectionPool::Route ConnectionPool::route_of(const Endpoint& endpoint) {
    return {endpoint.connections.empty() ? endpoint.caller : "\n" + endpoint.connections,
            endpoint.url.origin()};
}

std::shared_ptr<KnownParty> ConnectionPool::known(const Endpoint& endpoint) {
    // Leaves are renewed again and again: what was made for the old ones must go some day.
    constexpr std::size_t parties_per_route = 8;
    auto& parties = routes_[route_of(endpoint)];
    const auto found = std::ranges::find_if(parties, [&endpoint](const auto& candidate) {
        return crypto::same_party(candidate->party, endpoint.tls);
    });
    if (found != parties.end()) {
        parties.splice(parties.begin(), parties, found);
    } else {
        parties.push_front(std::make_shared<KnownParty>(KnownParty{endpoint.tls, nullptr, {}}));
        if (parties.size() > parties_per_route) {
            parties.pop_back();
        }
    }
    return parties.front();
}

Result<std::shared_ptr<SSL_CTX>> ConnectionPool::context_for(const Endpoint& endpoint) {
    const auto own = known(endpoint);
    if (!own->context) {
        auto made = crypto::make_tls_context(endpoint.tls, false);
        if (!made) {
            return propagate(made);
        }
        own->context = std::move(*made);
    }
    return own->context;
}

std::shared_ptr<Connection> ConnectionPool::take(const Endpoint& endpoint) {
    const auto own = known(endpoint);
    auto connection = take_idle(*own, endpoint);
    if (!connection && !endpoint.connections.empty()) {
        for (const auto& other : routes_[route_of(endpoint)]) {
            if ((connection = take_idle(*other, endpoint))) {
                break;
            }
        }
    }
    if (connection) {
        connection->home = own;
    }
    return connection;
}

std::shared_ptr<Connection> ConnectionPool::take_idle(KnownParty& known, const Endpoint& endpoint) {
    auto& idle = known.idle;
    while (!idle.empty()) {
        auto connection = std::move(idle.back());
        idle.pop_back();
        if (!connection->wire.quiet()) {
            continue;  // the peer has ended it, or says what nobody asked for
        }
        SSL* const ssl = connection->wire.ssl();
        if (ssl == nullptr || crypto::decide_again(endpoint.tls, crypto::tls_shown(ssl))) {
            return connection;
        }
    }
    return nullptr;
}

void ConnectionPool::keep(const Endpoint& endpoint, std::shared_ptr<Connection> connection) {
    if (closed_ || !connection->wire.is_open()) {
        return;
    }
    // Only the pool owns parties: one that still lives was not forgotten meanwhile.
    auto home = connection->home.lock();
    if (!home) {
        home = known(endpoint);
    }
    home->idle.push_back(std::move(connection));
}

void ConnectionPool::close_for_good() {
    closed_ = true;
    clear();
}

}  // namespace meshproof::http
