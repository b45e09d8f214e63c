#include "fakes/sim/connections.hpp"

#include "core/base/assert.hpp"

namespace meshproof::fakes {
namespace {

bool in_time(const std::optional<crypto::TlsIdentity>& identity, Time at) {
    return !identity || identity->leaf.valid_at(at);
}

crypto::PeerShown shown_by(const crypto::TlsParty& party) {
    return party.identity ? crypto::PeerShown{party.identity->leaf, party.identity->intermediates}
                          : crypto::PeerShown{};
}

Failure refusal(const Connections::Ends& ends, const crypto::HandshakeResult& result) {
    using crypto::ChainFault;
    const bool expired =
        result.client.fault == ChainFault::expired || result.server.fault == ChainFault::expired;
    // The side that found a fault is named first: what the other one saw is only the alert.
    const bool server_found = !result.server.accepted &&
                              (result.server.fault != ChainFault::none || result.client.accepted);
    const auto& side = server_found ? result.server : result.client;
    return Failure{expired ? FailureKind::expired : FailureKind::tls,
                   fmt::format("tls handshake of {} with {}: the {} refused: {}",
                               ends.caller.empty() ? "a client" : ends.caller, ends.via,
                               server_found ? "server" : "client", side.error),
                   0,
                   {}};
}

}  // namespace

Result<Connections::Shown> Connections::connect(const Ends& ends, const crypto::TlsParty& client,
                                                const crypto::TlsParty& server) {
    MESHPROOF_ASSERT(client.at && server.at, "a simulated handshake needs its date");
    const bool mutual = client.identity.has_value() || server.verify_peer;
    // Without a client certificate and a peer check the outcome is the same for every caller that
    // trusts the same roots, so one handshake stands for all of them.
    const bool per_caller = mutual || client.decides_who() || ends.any_settings;
    const bool remember = ends.reuse || !per_caller;
    Shown shown;
    if ((server.verify_peer || server.ask_peer) && client.identity) {
        shown.certificate = client.identity->leaf;
        shown.chain = client.identity->intermediates;
    }

    const Key key{ends.via, ends.host, per_caller ? ends.caller : std::string()};
    if (const auto found = open_.find(key); remember && found != open_.end()) {
        std::erase_if(found->second, [&](const Connection& connection) {
            return client.judge_peer ? !crypto::decide_again(client, shown_by(connection.server))
                                     : !in_time(connection.client.identity, *server.at) ||
                                           !in_time(connection.server.identity, *client.at);
        });
        if (std::ranges::any_of(found->second, [&](const Connection& connection) {
                return (ends.any_settings || same_party(connection.client, client)) &&
                       same_party(connection.server, server);
            })) {
            return shown;  // one that was not accepted is never kept
        }
    }
    ++handshakes_;
    const auto result = crypto::handshake_in_memory(client, server);
    if (!result.accepted()) {
        return tl::unexpected(refusal(ends, result));
    }
    if (result.server.fault != crypto::ChainFault::none) {  // asked for, shown, and worth nothing
        return Shown{{}, /*worthless=*/true, {}};
    }
    if (remember) {
        open_[key].push_back({client, server});
    }
    return shown;
}

void Connections::end(const Ends& ends) {
    open_.erase({ends.via, ends.host, ends.caller});
}

void Connections::forget() {
    open_.clear();
}

void Connections::forget(std::string_view address) {
    std::erase_if(open_, [&](const auto& entry) {
        return entry.first.via == address || entry.first.host == address;
    });
}

}  // namespace meshproof::fakes
