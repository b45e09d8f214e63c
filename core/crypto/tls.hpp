#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/crypto/certificate.hpp"
#include "core/crypto/chain.hpp"

typedef struct ssl_ctx_st SSL_CTX;  // NOLINT: OpenSSL's own opaque types
typedef struct ssl_st SSL;          // NOLINT

namespace meshproof::crypto {

/// What one shows in a handshake: a leaf, the intermediates to send after it, and the leaf's key.
struct TlsIdentity {
    Certificate leaf;
    std::vector<Certificate> intermediates;
    Key key;
};

/// Decides, after the chain was accepted, whether the peer is the right one (its SPIFFE id).
using PeerCheck = std::function<Result<void>(const Certificate& leaf)>;

/// What a peer showed in a handshake.
struct PeerShown {
    Certificate leaf;
    std::vector<Certificate> chain;  ///< what it sent after its leaf
};

/// Judges all that there is to a peer, in the place of OpenSSL's path validation against `trust` at
/// `at`: chain, dates, purpose, identity. A failure of kind `expired` means that the leaf is out of
/// its time; every other one refuses as well.
using PeerJudge = std::function<Result<void>(const PeerShown& peer)>;

/// One side of a TLS connection. TLS 1.2 or later; sessions are taken up again only by `resume`.
struct TlsParty {
    std::optional<TlsIdentity> identity;
    std::vector<Certificate> trust;
    bool system_trust = false;  ///< the machine's own CA store as well
    bool verify_peer =
        true;  ///< a server with verify_peer asks for a client certificate and requires it
    bool ask_peer = false;  ///< a server that asks for a client certificate and goes on with any or
                            ///< none: tls_fault tells what it is worth. Not with verify_peer
    std::string server_name;  ///< client: name or IP address that the server's leaf must hold;
                              ///< empty = no name check
    PeerCheck check_peer;     ///< may be empty
    PeerJudge judge_peer;     ///< may be empty; needs verify_peer
    std::optional<Time> at;   ///< the date of verification; nothing = the machine's own
    /// A client takes up the sessions of earlier connections of its context, one each, unless it
    /// has a peer check; a server gives tickets for that, unless it asks for client certificates. A
    /// handshake that takes one up shows no certificate and checks none again: what was found when
    /// the session began holds, by the machine's own clock.
    bool resume = false;

    /// Who the peer is, is not a matter of the server's name.
    [[nodiscard]] bool decides_who() const {
        return check_peer != nullptr || judge_peer != nullptr;
    }

    /// What its peer sees of it.
    [[nodiscard]] PeerShown shown() const {
        return identity ? PeerShown{identity->leaf, identity->intermediates} : PeerShown{};
    }
};

/// What the party's own judge and check say now of the peer of an open connection.
[[nodiscard]] Result<void> decide_again(const TlsParty& party, const PeerShown& peer);

/// Would a connection made for one of these serve the other as well? Their date and their peer
/// check aside: those are asked on new connections.
[[nodiscard]] bool same_party(const TlsParty& a, const TlsParty& b);

/// An SSL_CTX made from the party. The peer's purpose (server or client) follows from `server`.
[[nodiscard]] Result<std::shared_ptr<SSL_CTX>> make_tls_context(const TlsParty& party, bool server);

/// How one side's handshake ended.
struct HandshakeSide {
    bool accepted = false;
    std::string error;  ///< OpenSSL's words, the verification fault, or the alert that came
    ChainFault fault = ChainFault::none;  ///< as tls_fault
    Certificate peer;                     ///< as far as it was shown
};

struct HandshakeResult {
    HandshakeSide client, server;
    std::string protocol;  ///< "TLSv1.3"
    [[nodiscard]] bool accepted() const { return client.accepted && server.accepted; }
};

/// A whole mutual handshake and one byte each way, in memory (BIO pair), at the parties' dates. No
/// socket, no waiting.
[[nodiscard]] HandshakeResult handshake_in_memory(const TlsParty& client, const TlsParty& server);
/// How another one of the same two ends, where that is certain without it: both judge their peers
/// themselves, `before` is how their last one ended, and their judges, asked again in their order,
/// decide as they did then. Nothing else of it could turn out otherwise.
[[nodiscard]] std::optional<HandshakeResult> handshake_again(HandshakeResult before,
                                                             const TlsParty& client,
                                                             const TlsParty& server);

/// This connection shows that, whatever its context has. Before its handshake.
[[nodiscard]] Result<void> show_on(SSL* ssl, const TlsIdentity& identity);
/// For sockets: sets name, peer check and date on one connection, before its handshake. Every SSL
/// of a context from make_tls_context needs it.
void prepare_tls(SSL* ssl, const TlsParty& party, bool server);
/// What this side found wrong with its peer's chain, none where nothing was or where only
/// `check_peer` refused.
[[nodiscard]] ChainFault tls_fault(SSL* ssl);
/// The same of a judge's refusal.
[[nodiscard]] ChainFault refusal_fault(const Failure& refusal);
/// The failure behind a handshake error of this connection: kind `tls`, or `expired` where the
/// peer's leaf was out of its time.
[[nodiscard]] Failure tls_failure(SSL* ssl, std::string_view what);
[[nodiscard]] Certificate tls_peer(SSL* ssl);
/// The peer's leaf and what came with it.
[[nodiscard]] PeerShown tls_shown(SSL* ssl);
/// Whether the handshake took up an earlier session.
[[nodiscard]] bool tls_resumed(SSL* ssl);

/// Self-signed CA plus server leaf for "localhost", 127.0.0.1, ::1 and `names`, for our own TLS
/// ports.
struct ServerCredentials {
    Certificate ca;
    Key ca_key;
    TlsIdentity identity;
};
[[nodiscard]] ServerCredentials make_server_credentials(std::string_view common_name, Time now,
                                                        Duration life,
                                                        const std::vector<std::string>& names = {});

}  // namespace meshproof::crypto
