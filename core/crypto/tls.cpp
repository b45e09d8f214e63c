#include "core/crypto/tls.hpp"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "core/crypto/openssl.hpp"
#include "core/crypto/verification.hpp"

namespace meshproof::crypto {
namespace {

/// What we keep beside one SSL: what it shall check, and what it found.
struct Connection {
    PeerCheck check_peer;
    PeerJudge judge_peer;
    Certificate peer;
    std::vector<Certificate> sent;  ///< by the peer, after its leaf
    ChainFault fault = ChainFault::none;
    int depth = 0;
    bool asks = false;    ///< a bad chain is noted, and does not end the handshake
    std::string refusal;  ///< why the peer was not accepted; empty = it was, or it showed nothing
};

void free_connection(void* /*ssl*/, void* connection, CRYPTO_EX_DATA* /*all*/, int /*index*/,
                     long /*argument*/, void* /*argument*/) {
    delete static_cast<Connection*>(connection);
}

int connection_index() {
    static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, free_connection);
    return index;
}

Connection* connection_of(const SSL* ssl) {
    return static_cast<Connection*>(SSL_get_ex_data(ssl, connection_index()));
}

Connection& fresh_connection(SSL* ssl) {
    delete connection_of(ssl);
    auto connection = std::make_unique<Connection>();
    succeed(SSL_set_ex_data(ssl, connection_index(), connection.get()));
    return *connection.release();
}

Certificate share_certificate(X509* certificate) {
    X509_up_ref(certificate);
    return Certificate(std::shared_ptr<X509>(certificate, X509_free));
}

/// An exception must not cross OpenSSL's frames.
template <class Decision, class Shown>
Result<void> ask(const Decision& decision, const Shown& shown) {
    try {
        return decision(shown);
    } catch (const std::exception& error) {
        return fail(FailureKind::tls, "the check of the peer failed: {}", error.what());
    }
}

std::vector<Certificate> sent_after_leaf(X509_STORE_CTX* context) {
    std::vector<Certificate> sent;
    const STACK_OF(X509)* all = X509_STORE_CTX_get0_untrusted(context);
    for (int i = 1; i < sk_X509_num(all); ++i) {  // the leaf is the first
        sent.push_back(share_certificate(sk_X509_value(all, i)));
    }
    return sent;
}

// One that was met before is known with what was read and verified of it.
Certificate known_again(const Certificate& shown) {
    auto known = Certificate::met(shown.der());
    return known ? std::move(*known) : shown;
}

/// The party's own judge in OpenSSL's place.
int judge(X509_STORE_CTX* context, Connection& connection) {
    connection.peer = known_again(connection.peer);
    std::ranges::transform(connection.sent, connection.sent.begin(), known_again);
    const auto verdict = ask(connection.judge_peer, PeerShown{connection.peer, connection.sent});
    if (verdict) {
        X509_STORE_CTX_set_error(context, X509_V_OK);
        return 1;
    }
    connection.fault = refusal_fault(verdict.error());
    connection.refusal = verdict.error().message;
    X509_STORE_CTX_set_error(context, connection.fault == ChainFault::expired
                                          ? X509_V_ERR_CERT_HAS_EXPIRED
                                          : X509_V_ERR_APPLICATION_VERIFICATION);
    return 0;
}

/// Runs inside the handshake, so that a peer that is refused, for its chain or by the check, gets
/// its alert.
int verify_peer(X509_STORE_CTX* context, void* /*argument*/) {
    auto* ssl = static_cast<SSL*>(
        X509_STORE_CTX_get_ex_data(context, SSL_get_ex_data_X509_STORE_CTX_idx()));
    MESHPROOF_ASSERT(ssl != nullptr && connection_of(ssl) != nullptr,
                     "a handshake without prepare_tls");
    Connection& connection = *connection_of(ssl);
    connection.peer = share_certificate(X509_STORE_CTX_get0_cert(context));
    connection.sent = sent_after_leaf(context);
    if (SSL_get_verify_mode(ssl) == SSL_VERIFY_NONE) {
        return 1;
    }
    if (connection.judge_peer) {
        return judge(context, connection);
    }
    if (!validate(context)) {
        const ChainVerdict verdict = verdict_of(context);
        connection.fault = verdict.fault;
        connection.depth = X509_STORE_CTX_get_error_depth(context);
        if (connection.asks) {
            X509_STORE_CTX_set_error(context, X509_V_OK);
            return 1;
        }
        connection.refusal = verdict.detail;
        return 0;
    }
    if (connection.check_peer) {
        if (const auto answer = ask(connection.check_peer, connection.peer); !answer) {
            connection.refusal = answer.error().message;
            X509_STORE_CTX_set_error(context, X509_V_ERR_APPLICATION_VERIFICATION);
            return 0;
        }
    }
    return 1;
}

/// The sessions that a client's context may take up again, the latest last.
struct Sessions {
    std::vector<Handle<SSL_SESSION, SSL_SESSION_free>> kept;
};

void free_sessions(void* /*context*/, void* sessions, CRYPTO_EX_DATA* /*all*/, int /*index*/,
                   long /*argument*/, void* /*argument*/) {
    delete static_cast<Sessions*>(sessions);
}

int sessions_index() {
    static const int index = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, free_sessions);
    return index;
}

Sessions* sessions_of(const SSL_CTX* context) {
    return static_cast<Sessions*>(SSL_CTX_get_ex_data(context, sessions_index()));
}

/// A copy: the connection's own is worth nothing any more once the connection was ended without
/// its closing words, as HTTP clients do. 0 says that no reference was taken.
int keep_session(SSL* ssl, SSL_SESSION* session) {
    constexpr std::size_t most = 1024;
    auto* const sessions = sessions_of(SSL_get_SSL_CTX(ssl));
    if (sessions == nullptr || SSL_SESSION_is_resumable(session) != 1) {
        return 0;
    }
    auto& kept = sessions->kept;
    if (kept.size() == most) {
        kept.erase(kept.begin());
    }
    kept.emplace_back(SSL_SESSION_dup(session));
    return 0;
}

/// Each serves once: TLS 1.3 wants that of tickets (RFC 8446 C.4), and in 1.2 the next handshake
/// brings another.
void take_up_session(SSL* ssl) {
    auto* const sessions = sessions_of(SSL_get_SSL_CTX(ssl));
    if (sessions == nullptr || sessions->kept.empty()) {
        return;
    }
    const auto session = std::move(sessions->kept.back());
    sessions->kept.pop_back();
    if (SSL_set_session(ssl, session.get()) != 1) {
        (void)drain_errors();  // a whole handshake, then
    }
}

void allow_resuming(SSL_CTX* context, const TlsParty& party, bool server) {
    SSL_CTX_clear_options(context, SSL_OP_NO_TICKET);
    if (server) {
        succeed(SSL_CTX_set_num_tickets(context, 1));  // as Go's servers
        return;
    }
    if (!party.decides_who()) {
        auto sessions = std::make_unique<Sessions>();
        succeed(SSL_CTX_set_ex_data(context, sessions_index(), sessions.get()));
        (void)sessions.release();
        SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
        SSL_CTX_sess_set_new_cb(context, keep_session);
    }
}

bool is_address(const std::string& name) {
    std::array<unsigned char, sizeof(in6_addr)> address{};
    return inet_pton(AF_INET, name.c_str(), address.data()) == 1 ||
           inet_pton(AF_INET6, name.c_str(), address.data()) == 1;
}

void expect_name(SSL* ssl, const std::string& name) {
    X509_VERIFY_PARAM* param = SSL_get0_param(ssl);
    if (is_address(name)) {
        succeed(X509_VERIFY_PARAM_set1_ip_asc(param, name.c_str()),
                "cannot set the server's address");
        return;
    }
    // As Go and browsers: alternative names only, a wildcard stands for one whole label.
    X509_VERIFY_PARAM_set_hostflags(
        param, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    succeed(X509_VERIFY_PARAM_set1_host(param, name.data(), name.size()),
            "cannot set the server's name");
    succeed(SSL_set_tlsext_host_name(ssl, name.c_str()), "cannot set the server's name");
}

Result<void> use_identity(SSL_CTX* context, const TlsIdentity& identity) {
    MESHPROOF_ASSERT(identity.leaf && identity.key, "a TLS identity without leaf or key");
    const BorrowedList chain = borrow(identity.intermediates);
    if (SSL_CTX_use_cert_and_key(context, identity.leaf.native(), identity.key.native(),
                                 chain.get(), 1) != 1) {
        return fail(FailureKind::tls, "the leaf {} and its key cannot be used: {}",
                    identity.leaf.subject_line(), drain_errors());
    }
    return {};
}

bool same_identity(const std::optional<TlsIdentity>& a, const std::optional<TlsIdentity>& b) {
    // A leaf can be had without its key: who shows it has still to prove that he holds that.
    return a.has_value() == b.has_value() &&
           (!a || (a->key.native() == b->key.native() && a->leaf == b->leaf &&
                   a->intermediates == b->intermediates));
}

}  // namespace

bool same_party(const TlsParty& a, const TlsParty& b) {
    return a.server_name == b.server_name && a.verify_peer == b.verify_peer &&
           a.ask_peer == b.ask_peer && a.system_trust == b.system_trust && a.resume == b.resume &&
           same_identity(a.identity, b.identity) && a.trust == b.trust;
}

Result<std::shared_ptr<SSL_CTX>> make_tls_context(const TlsParty& party, bool server) {
    auto context =
        own<SSL_CTX_free>(SSL_CTX_new(server ? TLS_server_method() : TLS_client_method()));
    SSL_CTX* const ctx = context.get();
    succeed(SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION));
    std::array groups{NID_X25519, NID_X9_62_prime256v1};
    succeed(SSL_CTX_set1_groups(ctx, groups.data(), static_cast<long>(groups.size())));
    // Tickets and sessions live by the machine's clock, and a resumed session shows no certificate.
    SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION);
    succeed(SSL_CTX_set_num_tickets(ctx, 0));
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_mode(ctx, SSL_MODE_NO_AUTO_CHAIN);
    if (party.resume && !(server && (party.verify_peer || party.ask_peer))) {
        allow_resuming(ctx, party, server);
    }

    if (party.identity) {
        if (auto used = use_identity(ctx, *party.identity); !used) {
            return propagate(used);
        }
    } else if (server) {
        return fail(FailureKind::tls, "a TLS server needs a leaf and its key");
    }
    add_trust(SSL_CTX_get_cert_store(ctx), party.trust);
    // A judge asks for himself (verify_chain).
    if (party.system_trust && !party.judge_peer && SSL_CTX_set_default_verify_paths(ctx) != 1) {
        return fail(FailureKind::tls, "the machine's CA store cannot be used: {}", drain_errors());
    }
    SSL_CTX_set_verify(ctx,
                       party.verify_peer ? SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT
                       : server && party.ask_peer ? SSL_VERIFY_PEER
                                                  : SSL_VERIFY_NONE,
                       nullptr);
    SSL_CTX_set_cert_verify_callback(ctx, verify_peer, nullptr);
    return share(std::move(context));
}

void prepare_tls(SSL* ssl, const TlsParty& party, bool server) {
    Connection& connection = fresh_connection(ssl);
    connection.check_peer = party.check_peer;
    connection.judge_peer = party.judge_peer;
    connection.asks = server && party.ask_peer;
    if (party.at) {
        X509_VERIFY_PARAM_set_time(SSL_get0_param(ssl), unix_seconds(*party.at));
    }
    if (!server && !party.server_name.empty()) {
        expect_name(ssl, party.server_name);
    }
    if (!server && party.resume && !party.decides_who()) {
        take_up_session(ssl);
    }
}

Result<void> show_on(SSL* ssl, const TlsIdentity& identity) {
    MESHPROOF_ASSERT(identity.leaf && identity.key, "a TLS identity without leaf or key");
    SSL_certs_clear(ssl);  // else one for another kind of key would stand beside it
    const BorrowedList chain = borrow(identity.intermediates);
    if (SSL_use_cert_and_key(ssl, identity.leaf.native(), identity.key.native(), chain.get(), 1) !=
        1) {
        return fail(FailureKind::tls, "the leaf {} and its key cannot be used: {}",
                    identity.leaf.subject_line(), drain_errors());
    }
    return {};
}

Failure tls_failure(SSL* ssl, std::string_view what) {
    const std::string errors = drain_errors();
    const Connection* connection = connection_of(ssl);
    if (connection != nullptr && !connection->refusal.empty()) {
        const bool out_of_time =
            connection->depth == 0 && (connection->fault == ChainFault::expired ||
                                       connection->fault == ChainFault::not_yet_valid);
        return {out_of_time ? FailureKind::expired : FailureKind::tls,
                fmt::format("{}: {}", what, connection->refusal),
                0,
                {}};
    }
    return {FailureKind::tls,
            errors.empty() ? std::string(what) : fmt::format("{}: {}", what, errors),
            0,
            {}};
}

ChainFault refusal_fault(const Failure& refusal) {
    return refusal.kind == FailureKind::expired ? ChainFault::expired : ChainFault::other;
}

ChainFault tls_fault(SSL* ssl) {
    const Connection* connection = connection_of(ssl);
    return connection != nullptr ? connection->fault : ChainFault::none;
}

Result<void> decide_again(const TlsParty& party, const PeerShown& peer) {
    if (party.judge_peer) {
        return ask(party.judge_peer, peer);
    }
    return party.check_peer ? ask(party.check_peer, peer.leaf) : Result<void>();
}

PeerShown tls_shown(SSL* ssl) {
    const Connection* connection = connection_of(ssl);
    return {tls_peer(ssl), connection != nullptr ? connection->sent : std::vector<Certificate>()};
}

bool tls_resumed(SSL* ssl) {
    return SSL_session_reused(ssl) == 1;
}

Certificate tls_peer(SSL* ssl) {
    const Connection* connection = connection_of(ssl);
    if (connection != nullptr && connection->peer) {
        return connection->peer;
    }
    X509* peer = SSL_get0_peer_certificate(ssl);
    return peer != nullptr ? share_certificate(peer) : Certificate();
}

ServerCredentials make_server_credentials(std::string_view common_name, Time now, Duration life,
                                          const std::vector<std::string>& names) {
    // Clients whose clock is a little behind are no subject of a test of something else.
    const Time not_before = now - std::chrono::hours(1);
    ServerCredentials credentials;
    credentials.ca_key = Key::generate(KeyType::p256);
    CertificateSpec ca;
    ca.subject.common_name = fmt::format("{} CA", common_name);
    ca.not_before = not_before;
    ca.not_after = now + life;
    ca.is_ca = true;
    ca.key_usage = KeyUsage::cert_sign | KeyUsage::crl_sign;
    credentials.ca =
        sign_certificate(ca, credentials.ca_key.public_key(), credentials.ca_key, nullptr);

    credentials.identity.key = Key::generate(KeyType::p256);
    CertificateSpec leaf;
    leaf.subject.common_name = common_name;
    leaf.not_before = not_before;
    leaf.not_after = now + life;
    leaf.key_usage = KeyUsage::digital_signature;
    leaf.extended_key_usage = {std::string(eku_server_auth)};
    leaf.alt_names.dns = {"localhost"};
    leaf.alt_names.ips = {"127.0.0.1", "::1"};
    for (const std::string& name : names) {
        (is_address(name) ? leaf.alt_names.ips : leaf.alt_names.dns).push_back(name);
    }
    credentials.identity.leaf = sign_certificate(leaf, credentials.identity.key.public_key(),
                                                 credentials.ca_key, &credentials.ca);
    return credentials;
}

}  // namespace meshproof::crypto
