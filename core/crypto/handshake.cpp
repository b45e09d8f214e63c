#include <openssl/err.h>
#include <openssl/ssl.h>

#include "core/crypto/openssl.hpp"
#include "core/crypto/tls.hpp"

namespace meshproof::crypto {
namespace {

constexpr int enough_quiet_rounds = 64;
constexpr std::string_view what_failed = "handshake failed";

/// One end of the conversation: shakes hands, sends one byte and waits for one. With TLS 1.3 a
/// client learns only by reading that the server refused its leaf.
class End {
  public:
    End(const std::shared_ptr<SSL_CTX>& context, const TlsParty& party, bool server,
        Handle<BIO, BIO_free> wire)
        : ssl_(own<SSL_free>(SSL_new(context.get()))) {
        BIO* bio = wire.release();
        SSL_set_bio(ssl_.get(), bio, bio);
        prepare_tls(ssl_.get(), party, server);
        if (server) {
            SSL_set_accept_state(ssl_.get());
        } else {
            SSL_set_connect_state(ssl_.get());
        }
    }

    /// Goes on as far as it can with what has arrived; false where that was nowhere.
    bool advance() {
        const Step before = step_;
        while (step_ < Step::done && perform()) {
        }
        return step_ != before;
    }

    [[nodiscard]] bool settled() const { return step_ >= Step::done; }
    [[nodiscard]] SSL* ssl() const { return ssl_.get(); }

    [[nodiscard]] HandshakeSide outcome() const {
        return {.accepted = step_ == Step::done,
                .error = step_ == Step::done ? std::string()
                         : !error_.empty()   ? error_
                                             : "the peer gave up without an alert",
                .fault = tls_fault(ssl_.get()),
                .peer = tls_peer(ssl_.get())};
    }

  private:
    enum class Step { shake_hands, send, receive, done, failed };

    /// One step; false where it must wait or has failed.
    bool perform() {
        ERR_clear_error();
        char byte = 'm';
        const int result = step_ == Step::shake_hands ? SSL_do_handshake(ssl_.get())
                           : step_ == Step::send      ? SSL_write(ssl_.get(), &byte, 1)
                                                      : SSL_read(ssl_.get(), &byte, 1);
        if (result == 1) {
            step_ = static_cast<Step>(static_cast<int>(step_) + 1);
            return true;
        }
        const int reason = SSL_get_error(ssl_.get(), result);
        if (reason != SSL_ERROR_WANT_READ && reason != SSL_ERROR_WANT_WRITE) {
            error_ = tls_failure(ssl_.get(), what_failed).message;
            step_ = Step::failed;
        }
        return false;
    }

    Handle<SSL, SSL_free> ssl_;
    Step step_ = Step::shake_hands;
    std::string error_;
};

/// Contexts of those who shook hands last. A mesh's pods meet again and again, and a context costs
/// a fifth of a handshake. It holds nothing of a connection: sessions are not kept. Whoever judges
/// his peer himself needs nothing of one but its settings, so all of them share it.
class Contexts {
  public:
    Result<std::shared_ptr<SSL_CTX>> of(const TlsParty& party, bool server) {
        const auto found = std::ranges::find_if(known_, [&](const Known& known) {
            return known.server == server && known.judged == (party.judge_peer != nullptr) &&
                   (known.judged ? same_settings(known.party, party)
                                 : same_party(known.party, party));
        });
        if (found != known_.end()) {
            std::rotate(found, found + 1, known_.end());
            return known_.back().context;
        }
        auto made = make_tls_context(party, server);
        if (made && !party.resume) {
            constexpr std::size_t most = 64;
            if (known_.size() == most) {
                known_.erase(known_.begin());
            }
            known_.push_back({party, server, party.judge_peer != nullptr, *made});
            known_.back().party.check_peer = nullptr;  // asked per connection; holds others' state
            known_.back().party.judge_peer = nullptr;
        }
        return made;
    }

  private:
    static bool same_settings(TlsParty a, const TlsParty& b) {
        const bool alike = a.identity.has_value() == b.identity.has_value();
        a.identity = b.identity;
        a.trust = b.trust;
        a.system_trust = b.system_trust;  // a judge asks for himself
        return alike && same_party(a, b);
    }

    struct Known {
        TlsParty party;
        bool server;
        bool judged;  ///< by a judge, so that the context needs no roots
        std::shared_ptr<SSL_CTX> context;
    };
    std::vector<Known> known_;  // the latest last
};

/// One end of the wire, or why the party has nothing to begin with: the same whether its context
/// was kept or is made now.
Result<std::unique_ptr<End>> end_of(const TlsParty& party, bool server,
                                    Handle<BIO, BIO_free> wire) {
    thread_local Contexts contexts;
    const auto context = contexts.of(party, server);
    if (!context) {
        return propagate(context);
    }
    auto end = std::make_unique<End>(*context, party, server, std::move(wire));
    if (party.judge_peer && party.identity) {  // the context may have been another's
        if (auto shown = show_on(end->ssl(), *party.identity); !shown) {
            return propagate(shown);
        }
    }
    return end;
}

/// Asks the side's judge again; false where he decides otherwise than before.
bool decides_alike(HandshakeSide& side, bool refused, const TlsParty& judge, const TlsParty& peer) {
    const auto verdict = decide_again(judge, peer.shown());
    if (!verdict) {
        side.fault = refusal_fault(verdict.error());
        side.error = fmt::format("{}: {}", what_failed, verdict.error().message);
    }
    return verdict.has_value() != refused;
}

}  // namespace

HandshakeResult handshake_in_memory(const TlsParty& client, const TlsParty& server) {
    HandshakeResult result;
    BIO* client_wire = nullptr;
    BIO* server_wire = nullptr;
    succeed(BIO_new_bio_pair(&client_wire, 0, &server_wire, 0));
    const auto client_end = end_of(client, false, Handle<BIO, BIO_free>(client_wire));
    const auto server_end = end_of(server, true, Handle<BIO, BIO_free>(server_wire));
    if (!client_end || !server_end) {
        constexpr std::string_view absent = "the peer has nothing to begin a handshake with";
        result.client.error = client_end ? absent : client_end.error().message;
        result.server.error = server_end ? absent : server_end.error().message;
        return result;
    }
    End& asking = **client_end;
    End& answering = **server_end;

    // A flight can take several rounds without completing a step (the pair holds 17 KiB), so one
    // quiet round says nothing yet; this many do.
    int quiet_rounds = 0;
    while (quiet_rounds < enough_quiet_rounds && !(asking.settled() && answering.settled())) {
        const bool client_moved = asking.advance();
        const bool server_moved = answering.advance();
        quiet_rounds = client_moved || server_moved ? 0 : quiet_rounds + 1;
    }
    result.client = asking.outcome();
    result.server = answering.outcome();
    result.protocol = SSL_get_version(asking.ssl());
    return result;
}

std::optional<HandshakeResult> handshake_again(HandshakeResult before, const TlsParty& client,
                                               const TlsParty& server) {
    // Only a judge leaves a fault here. What else ended it (a key that is not the leaf's) is left
    // to a handshake.
    const bool client_refused = before.client.fault != ChainFault::none;
    const bool server_refused = before.server.fault != ChainFault::none;
    if (!before.accepted() && !client_refused && !server_refused) {
        return std::nullopt;
    }
    // The client judges first; whom it refuses has nobody to judge any more.
    const bool alike =
        decides_alike(before.client, client_refused, client, server) &&
        (client_refused || decides_alike(before.server, server_refused, server, client));
    return alike ? std::optional(std::move(before)) : std::nullopt;
}

}  // namespace meshproof::crypto
