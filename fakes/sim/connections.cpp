#include "fakes/sim/connections.hpp"

#include <algorithm>

#include "core/base/assert.hpp"

namespace meshproof::fakes {
namespace {

bool in_time(const std::optional<crypto::TlsIdentity>& identity, Time at) {
    return !identity || identity->leaf.valid_at(at);
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

bool judge_each_other(const crypto::TlsParty& client, const crypto::TlsParty& server) {
    return client.judge_peer && server.judge_peer && client.identity && server.identity;
}

crypto::TlsParty without_judges(crypto::TlsParty party) {
    party.judge_peer = nullptr;  // they hold others' state
    party.check_peer = nullptr;
    return party;
}

}  // namespace

// A handshake shows that both hold the keys of their leaves, and that on these terms they can talk.
// What could be otherwise the next time (dates, trust, identities) their judges alone decide.
std::optional<crypto::HandshakeResult> Connections::meet_again(const crypto::TlsParty& client,
                                                               const crypto::TlsParty& server) {
    const auto found = std::ranges::find_if(met_, [&](const Meeting& known) {
        return same_party(known.client, client) && same_party(known.server, server);
    });
    if (found == met_.end()) {
        return std::nullopt;
    }
    std::rotate(found, found + 1, met_.end());
    auto again = crypto::handshake_again(met_.back().result, client, server);
    if (!again) {
        met_.pop_back();
    }
    return again;
}

crypto::HandshakeResult Connections::meet(const crypto::TlsParty& client,
                                          const crypto::TlsParty& server) {
    constexpr std::size_t most = 256;  // a mesh's pairs that talk, and those before their renewal
    if (!judge_each_other(client, server)) {
        ++handshakes_;
        return crypto::handshake_in_memory(client, server);
    }
    if (auto again = meet_again(client, server)) {
        return *std::move(again);
    }
    ++handshakes_;
    auto result = crypto::handshake_in_memory(client, server);
    if (met_.size() == most) {
        met_.erase(met_.begin());
    }
    met_.push_back({{without_judges(client), without_judges(server)}, result});
    return result;
}

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
            return client.judge_peer ? !crypto::decide_again(client, connection.server.shown())
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
    const auto result = meet(client, server);
    if (!result.accepted()) {
        return tl::unexpected(refusal(ends, result));
    }
    if (result.server.fault != crypto::ChainFault::none) {  // asked for, shown, worth nothing
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
