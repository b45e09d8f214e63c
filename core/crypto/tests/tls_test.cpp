#include "core/crypto/tls.hpp"

#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include "core/crypto/tests/fixtures.hpp"

namespace meshproof::crypto {
namespace {

using namespace fixtures;

bool mentions(const std::string& text, std::string_view word) {
    return text.find(word) != std::string::npos;
}

/// Of somebody who has the leaf and not its key.
TlsIdentity without_key(TlsIdentity identity) {
    identity.key = Key::generate(KeyType::p256).claiming(identity.key.public_key());
    return identity;
}

class Handshake : public testing::Test {
  protected:
    [[nodiscard]] TlsParty party(const TlsIdentity& identity, Time at = now) const {
        TlsParty result;
        result.identity = identity;
        result.trust = {pki_.root.certificate};
        result.at = at;
        return result;
    }

    Pki pki_;
    TlsIdentity web_ = pki_.leaf("web");
    TlsIdentity api_ = pki_.leaf("api");
};

TEST_F(Handshake, OfTwoGoodPartiesIsAccepted) {
    const auto result = handshake_in_memory(party(web_), party(api_));
    EXPECT_TRUE(result.accepted()) << result.client.error << " / " << result.server.error;
    EXPECT_EQ(result.protocol, "TLSv1.3");
    EXPECT_EQ(result.client.peer, api_.leaf);
    EXPECT_EQ(result.server.peer, web_.leaf);
    EXPECT_EQ(result.client.error, "");
    EXPECT_EQ(result.server.error, "");
}

TEST_F(Handshake, AConnectionServesAnotherPartyWhereAllThatItDecidesIsTheSame) {
    const auto web = party(web_);
    EXPECT_TRUE(same_party(web, party(web_, now + std::chrono::hours(1))));  // the date aside
    EXPECT_FALSE(same_party(web, party(api_)));
    auto resuming = web;
    resuming.resume = true;
    EXPECT_FALSE(same_party(web, resuming));
    EXPECT_FALSE(same_party(web, party(pki_.leaf("web"))));
    const auto differs = [&web](const auto& change) {
        auto other = web;
        change(other);
        return !same_party(web, other) && !same_party(other, web);
    };
    EXPECT_TRUE(differs([](TlsParty& other) { other.identity.reset(); }));
    EXPECT_TRUE(differs([](TlsParty& other) { other.identity = without_key(*other.identity); }));
    EXPECT_TRUE(differs([](TlsParty& other) { other.identity->intermediates.clear(); }));
    EXPECT_TRUE(differs([](TlsParty& other) { other.trust.clear(); }));
    EXPECT_TRUE(differs([](TlsParty& other) { other.server_name = "api"; }));
    EXPECT_TRUE(differs([](TlsParty& other) { other.verify_peer = !other.verify_peer; }));
    EXPECT_TRUE(differs([](TlsParty& other) { other.ask_peer = !other.ask_peer; }));
    EXPECT_TRUE(differs([](TlsParty& other) { other.system_trust = !other.system_trust; }));
}

TEST_F(Handshake, EveryKindOfLeafWorks) {
    for (const KeyType type : {KeyType::rsa_2048, KeyType::p256, KeyType::p384, KeyType::ed25519}) {
        TlsIdentity server;
        server.key = Key::generate(type);
        server.intermediates = {pki_.intermediate.certificate};
        server.leaf = sign_certificate(leaf_spec("api"), server.key.public_key(),
                                       pki_.intermediate.key, &pki_.intermediate.certificate);
        const auto result = handshake_in_memory(party(web_), party(server));
        EXPECT_TRUE(result.accepted()) << to_string(type) << ": " << result.client.error;
    }
}

TEST_F(Handshake, ALongChainPassesThroughTheWire) {
    Issuer issuer = pki_.root;
    std::vector<Certificate> chain;
    for (int i = 0; i < 8; ++i) {
        auto spec = ca_spec(fmt::format("ca {}", i));
        spec.extra = {{"1.2.3.4", false, Bytes(4000, 0x42)}};  // 32 kB in all: twice the BIO pair
        issuer = make_ca(spec, &issuer);
        chain.insert(chain.begin(), issuer.certificate);
    }
    const TlsIdentity deep = make_leaf(leaf_spec("deep"), issuer, chain);
    const auto result = handshake_in_memory(party(deep), party(deep));
    EXPECT_TRUE(result.accepted()) << result.client.error << " / " << result.server.error;
}

TEST_F(Handshake, AnExpiredClientLeafIsRefusedByTheServer) {
    const Time later = web_.leaf.not_after();
    auto api_spec = leaf_spec("api");
    api_spec.not_after = now + 48h;
    const TlsIdentity api = pki_.leaf(api_spec);
    EXPECT_TRUE(handshake_in_memory(party(web_, later), party(api, later)).accepted())
        << "the last second counts";
    const auto result = handshake_in_memory(party(web_, later + 1s), party(api, later + 1s));
    EXPECT_FALSE(result.client.accepted);
    EXPECT_FALSE(result.server.accepted);
    EXPECT_EQ(result.server.fault, ChainFault::expired);
    EXPECT_TRUE(mentions(result.server.error, "certificate has expired")) << result.server.error;
    EXPECT_EQ(result.server.peer, web_.leaf);
    EXPECT_EQ(result.client.fault, ChainFault::none);
    EXPECT_TRUE(mentions(result.client.error, "alert certificate expired")) << result.client.error;
}

TEST_F(Handshake, AnExpiredServerLeafIsRefusedByTheClient) {
    auto web_spec = leaf_spec("web");
    web_spec.not_after = now + 48h;
    const TlsIdentity web = pki_.leaf(web_spec);
    const Time later = api_.leaf.not_after() + 1s;
    const auto result = handshake_in_memory(party(web, later), party(api_, later));
    EXPECT_FALSE(result.client.accepted);
    EXPECT_FALSE(result.server.accepted);
    EXPECT_EQ(result.client.fault, ChainFault::expired);
    EXPECT_EQ(result.client.peer, api_.leaf);
    EXPECT_TRUE(mentions(result.server.error, "alert certificate expired")) << result.server.error;
}

TEST_F(Handshake, EachPartyHasItsOwnDate) {
    const auto result = handshake_in_memory(party(web_), party(api_, now - 1h));
    EXPECT_EQ(result.server.fault, ChainFault::not_yet_valid);
    EXPECT_EQ(result.client.fault, ChainFault::none);
    EXPECT_FALSE(result.accepted());
}

TEST_F(Handshake, AStrangersRootIsRefusedOnEitherSide) {
    const Pki other;
    auto stranger = party(other.leaf("web"));
    stranger.trust = {pki_.root.certificate};
    auto result = handshake_in_memory(stranger, party(api_));
    EXPECT_EQ(result.server.fault, ChainFault::unknown_issuer);
    EXPECT_TRUE(mentions(result.client.error, "alert unknown ca")) << result.client.error;
    EXPECT_FALSE(result.accepted());

    auto suspicious = party(web_);
    suspicious.trust = {other.root.certificate};
    result = handshake_in_memory(suspicious, party(api_));
    EXPECT_EQ(result.client.fault, ChainFault::unknown_issuer);
    EXPECT_TRUE(mentions(result.server.error, "alert unknown ca")) << result.server.error;

    suspicious.trust = {};
    EXPECT_EQ(handshake_in_memory(suspicious, party(api_)).client.fault,
              ChainFault::unknown_issuer);
    suspicious.trust = {pki_.intermediate.certificate};
    EXPECT_EQ(handshake_in_memory(suspicious, party(api_)).client.fault, ChainFault::unknown_issuer)
        << "an intermediate is no anchor";
}

TEST_F(Handshake, AMissingIntermediateIsTakenFromTheTrustStore) {
    TlsIdentity bare = api_;
    bare.intermediates.clear();
    auto client = party(web_);
    EXPECT_EQ(handshake_in_memory(client, party(bare)).client.fault, ChainFault::unknown_issuer);
    client.trust.push_back(pki_.intermediate.certificate);
    EXPECT_TRUE(handshake_in_memory(client, party(bare)).accepted());
}

TEST_F(Handshake, AServerThatVerifiesRequiresALeaf) {
    TlsParty client = party(web_);
    client.identity = std::nullopt;
    const auto result = handshake_in_memory(client, party(api_));
    EXPECT_FALSE(result.server.accepted);
    EXPECT_TRUE(mentions(result.server.error, "peer did not return a certificate"))
        << result.server.error;
    EXPECT_FALSE(result.client.accepted);
    EXPECT_TRUE(mentions(result.client.error, "alert certificate required")) << result.client.error;
    EXPECT_FALSE(result.server.peer);

    TlsParty server = party(api_);
    server.verify_peer = false;
    EXPECT_TRUE(handshake_in_memory(client, server).accepted());
}

TEST_F(Handshake, AClientThatDoesNotVerifyAcceptsAnything) {
    TlsParty client = party(web_);
    client.trust = {};
    client.verify_peer = false;
    client.server_name = "other";
    client.check_peer = [](const Certificate&) -> Result<void> {
        return fail(FailureKind::tls, "never asked");
    };
    const auto result = handshake_in_memory(client, party(api_));
    EXPECT_TRUE(result.accepted()) << result.client.error;
    EXPECT_EQ(result.client.peer, api_.leaf);
}

TEST_F(Handshake, TheServersNameMustMatch) {
    auto spec = leaf_spec("api");
    spec.alt_names.dns = {"api.default.svc", "*.wild.example", "w*.part.example"};
    spec.alt_names.ips = {"10.0.0.1", "fd00::1"};
    const TlsIdentity api = pki_.leaf(spec);
    auto client = party(web_);
    for (const char* good : {"api.default.svc", "API.default.svc", "a.wild.example", "10.0.0.1",
                             "fd00::1", "fd00:0::1", ""}) {
        client.server_name = good;
        const auto result = handshake_in_memory(client, party(api));
        EXPECT_TRUE(result.accepted()) << good << ": " << result.client.error;
    }
    for (const char* bad :
         {"api", "other", "a.b.wild.example", "web.part.example", "10.0.0.2", "fd00::2"}) {
        client.server_name = bad;
        const auto result = handshake_in_memory(client, party(api));
        EXPECT_FALSE(result.client.accepted) << bad;
        EXPECT_FALSE(result.server.accepted) << bad;
        EXPECT_EQ(result.client.fault, ChainFault::other);
        EXPECT_TRUE(mentions(result.client.error, "mismatch")) << result.client.error;
    }
}

TEST_F(Handshake, ThePeerCheckHasTheLastWordOnEitherSide) {
    const auto only = [](const std::string& uri) -> PeerCheck {
        return [uri](const Certificate& leaf) -> Result<void> {
            if (leaf.alt_names().uris != std::vector{uri}) {
                return fail(FailureKind::tls, "expected {}", uri);
            }
            return {};
        };
    };
    const std::string web_id = "spiffe://example.org/ns/default/sa/web";
    const std::string api_id = "spiffe://example.org/ns/default/sa/api";
    auto client = party(web_);
    auto server = party(api_);
    client.check_peer = only(api_id);
    server.check_peer = only(web_id);
    EXPECT_TRUE(handshake_in_memory(client, server).accepted());

    server.check_peer = only(api_id);
    auto result = handshake_in_memory(client, server);
    EXPECT_FALSE(result.client.accepted);
    EXPECT_FALSE(result.server.accepted);
    EXPECT_TRUE(mentions(result.server.error, "expected " + api_id)) << result.server.error;
    EXPECT_EQ(result.server.fault, ChainFault::none);
    EXPECT_TRUE(mentions(result.client.error, "alert handshake failure")) << result.client.error;

    server.check_peer = only(web_id);
    client.check_peer = only(web_id);
    result = handshake_in_memory(client, server);
    EXPECT_FALSE(result.client.accepted);
    EXPECT_TRUE(mentions(result.client.error, "expected " + web_id)) << result.client.error;
    EXPECT_TRUE(mentions(result.server.error, "alert handshake failure")) << result.server.error;

    client.check_peer = [](const Certificate&) -> Result<void> {
        throw std::runtime_error("boom");
    };
    result = handshake_in_memory(client, server);
    EXPECT_FALSE(result.client.accepted);
    EXPECT_TRUE(mentions(result.client.error, "boom")) << result.client.error;
}

TEST_F(Handshake, ThePeerCheckIsNotAskedAboutABadChain) {
    int asked = 0;
    auto client = party(web_);
    client.trust = {Pki().root.certificate};
    client.check_peer = [&asked](const Certificate&) -> Result<void> {
        ++asked;
        return {};
    };
    EXPECT_FALSE(handshake_in_memory(client, party(api_)).accepted());
    EXPECT_EQ(asked, 0);
}

TEST_F(Handshake, AJudgeDecidesAloneOnEitherSide) {
    auto client = party(web_);
    auto server = party(api_);
    client.trust.clear();
    server.trust.clear();
    std::vector<PeerShown> shown;
    const PeerJudge accept = [&shown](const PeerShown& peer) -> Result<void> {
        shown.push_back(peer);
        return {};
    };
    client.judge_peer = server.judge_peer = accept;
    EXPECT_TRUE(handshake_in_memory(client, server).accepted()) << "no trust store was asked";
    ASSERT_EQ(shown.size(), 2U);
    EXPECT_EQ(shown.front().leaf, api_.leaf);
    EXPECT_EQ(shown.front().chain, api_.intermediates);
    EXPECT_EQ(shown.back().leaf, web_.leaf);

    server.judge_peer = [](const PeerShown&) { return fail(FailureKind::tls, "not you"); };
    auto result = handshake_in_memory(client, server);
    EXPECT_FALSE(result.accepted());
    EXPECT_TRUE(mentions(result.server.error, "not you")) << result.server.error;
    EXPECT_NE(result.server.fault, ChainFault::none);
    EXPECT_TRUE(mentions(result.client.error, "alert")) << result.client.error;

    server.judge_peer = [](const PeerShown&) { return fail(FailureKind::expired, "too late"); };
    result = handshake_in_memory(client, server);
    EXPECT_EQ(result.server.fault, ChainFault::expired);
    EXPECT_TRUE(mentions(result.client.error, "certificate expired")) << result.client.error;

    EXPECT_TRUE(decide_again(client, {api_.leaf, {}}));
    EXPECT_EQ(decide_again(server, {web_.leaf, {}}).error().message, "too late");
    auto nobody = server;
    nobody.judge_peer = nullptr;
    EXPECT_TRUE(decide_again(nobody, {web_.leaf, {}}));

    client.identity.reset();  // without a certificate there is nothing to judge
    server.judge_peer = accept;
    EXPECT_FALSE(handshake_in_memory(client, server).accepted());
}

// They share what is the same for all of them: whom one showed himself as does not stay behind.
TEST_F(Handshake, EachOfManyJudgesShowsWhatIsHisOwn) {
    auto rsa = web_;
    rsa.key = Key::generate(KeyType::rsa_2048);
    rsa.leaf = sign_certificate(leaf_spec("web"), rsa.key.public_key(), pki_.intermediate.key,
                                &pki_.intermediate.certificate);
    auto bare = api_;
    bare.intermediates.clear();
    const std::vector<TlsIdentity> all = {web_, rsa, api_, bare, web_};
    PeerShown seen;
    const PeerJudge look = [&seen](const PeerShown& peer) -> Result<void> {
        seen = peer;
        return {};
    };
    const PeerJudge accept = [](const PeerShown&) { return Result<void>(); };
    for (const auto& one : all) {
        for (const auto& other : all) {
            auto client = party(one), server = party(other);
            client.judge_peer = look;
            server.judge_peer = accept;
            EXPECT_TRUE(handshake_in_memory(client, server).accepted());
            EXPECT_EQ(seen.leaf, other.leaf);
            EXPECT_EQ(seen.chain, other.intermediates);
            client.judge_peer = accept;
            server.judge_peer = look;
            EXPECT_TRUE(handshake_in_memory(client, server).accepted());
            EXPECT_EQ(seen.leaf, one.leaf);
            EXPECT_EQ(seen.chain, one.intermediates);
        }
    }
}

// Who came before him, and so what is kept, changes nothing of what is told of him.
TEST_F(Handshake, AKeyOfAnotherLeafIsToldTheSameWhateverIsKept) {
    const PeerJudge accept = [](const PeerShown&) { return Result<void>(); };
    auto client = party(web_), server = party(api_);
    client.judge_peer = server.judge_peer = accept;
    EXPECT_TRUE(handshake_in_memory(client, server).accepted());
    for (auto* mixed : {&client, &server}) {
        auto& key = mixed->identity->key;
        const auto right = std::exchange(key, mixed == &client ? api_.key : web_.key);
        const auto known = handshake_in_memory(client, server);
        mixed->resume = true;  // what such a party is judged under is made for it alone
        const auto fresh = handshake_in_memory(client, server);
        const auto& side = mixed == &client ? known.client : known.server;
        EXPECT_TRUE(mentions(side.error, "cannot be used")) << side.error;
        EXPECT_FALSE(known.client.accepted);
        EXPECT_FALSE(known.server.accepted);
        EXPECT_EQ(known.client.error, fresh.client.error);
        EXPECT_EQ(known.server.error, fresh.server.error);
        EXPECT_EQ(known.protocol, fresh.protocol);
        mixed->resume = false;
        key = right;
    }
}

TEST_F(Handshake, ALeafWithoutItsKeyIsRefusedHoweverOftenItWasSeen) {
    const PeerJudge accept = [](const PeerShown&) { return Result<void>(); };
    for (const bool judged : {false, true}) {
        auto client = party(web_), server = party(api_);
        if (judged) {
            client.judge_peer = server.judge_peer = accept;
        }
        EXPECT_TRUE(handshake_in_memory(client, server).accepted());
        for (auto* thief : {&client, &server}) {
            const auto right = std::exchange(thief->identity, without_key(*thief->identity));
            const auto result = handshake_in_memory(client, server);
            EXPECT_FALSE(result.client.accepted);
            EXPECT_FALSE(result.server.accepted);
            thief->identity = right;
            EXPECT_TRUE(handshake_in_memory(client, server).accepted());
        }
    }
}

// What is kept of a peer is not that he was accepted: dates and trust are asked anew each time.
TEST_F(Handshake, AJudgedLeafIsAcceptedThroughItsLastSecondHoweverOftenItWasSeen) {
    std::vector<Certificate> trust = {pki_.root.certificate};
    Time date = now;
    const PeerJudge judge = [&](const PeerShown& peer) -> Result<void> {
        const auto verdict = verify_chain({.leaf = peer.leaf,
                                           .intermediates = peer.chain,
                                           .trust = trust,
                                           .at = date,
                                           .crls = {}});
        const bool ended = verdict.fault == ChainFault::expired;
        return verdict.accepted()
                   ? Result<void>()
                   : Result<void>(fail(ended ? FailureKind::expired : FailureKind::tls, "{}",
                                       verdict.detail));
    };
    const auto accepted_at = [&](Time at) {
        date = at;
        auto client = party(web_, at), server = party(api_, at);
        client.judge_peer = server.judge_peer = judge;
        return handshake_in_memory(client, server).accepted();
    };
    const auto last = web_.leaf.not_after();
    for (int i = 0; i < 3; ++i) {
        EXPECT_TRUE(accepted_at(now));
        EXPECT_TRUE(accepted_at(last));
        EXPECT_FALSE(accepted_at(last + 1s));
        EXPECT_FALSE(accepted_at(web_.leaf.not_before() - 1s));
        const auto before = std::exchange(trust, {Pki().root.certificate});
        EXPECT_FALSE(accepted_at(now));
        trust = before;
    }
}

TEST_F(Handshake, AWrongPurposeIsRefused) {
    auto spec = leaf_spec("web");
    spec.extended_key_usage = {std::string(eku_server_auth)};
    const auto result = handshake_in_memory(party(pki_.leaf(spec)), party(api_));
    EXPECT_EQ(result.server.fault, ChainFault::wrong_purpose);
    EXPECT_TRUE(mentions(result.client.error, "alert unsupported certificate"))
        << result.client.error;
    spec.extended_key_usage = {};
    EXPECT_TRUE(handshake_in_memory(party(pki_.leaf(spec)), party(api_)).accepted());
}

TEST_F(Handshake, AnIdentityCanBeSwappedBetweenHandshakes) {
    auto server = party(api_);
    EXPECT_EQ(handshake_in_memory(party(web_), server).client.peer, api_.leaf);
    const TlsIdentity renewed = pki_.leaf("api");
    server.identity = renewed;
    const auto result = handshake_in_memory(party(web_), server);
    EXPECT_TRUE(result.accepted());
    EXPECT_EQ(result.client.peer, renewed.leaf);
    EXPECT_NE(renewed.leaf, api_.leaf);
}

TEST_F(Handshake, WithAKeyThatIsNotTheLeafsDoesNotBegin) {
    TlsIdentity mixed = api_;
    mixed.key = web_.key;
    const auto context = make_tls_context(party(mixed), true);
    ASSERT_FALSE(context);
    EXPECT_EQ(context.error().kind, FailureKind::tls);
    EXPECT_TRUE(mentions(context.error().message, "CN=api")) << context.error().message;
    const auto result = handshake_in_memory(party(web_), party(mixed));
    EXPECT_FALSE(result.accepted());
    EXPECT_EQ(result.server.error, context.error().message);
    EXPECT_FALSE(result.client.error.empty());

    TlsParty nobody;
    EXPECT_FALSE(make_tls_context(nobody, true));
    EXPECT_TRUE(make_tls_context(nobody, false));
}

/// A handshake by hand, as the socket streams do it: both ends on one BIO pair.
struct Wire {
    Wire(const TlsParty& client_party, const TlsParty& server_party, int protocol = TLS1_3_VERSION)
        : client_context(require(make_tls_context(client_party, false))),
          server_context(require(make_tls_context(server_party, true))),
          client(SSL_new(client_context.get()), SSL_free),
          server(SSL_new(server_context.get()), SSL_free) {
        BIO* one = nullptr;
        BIO* two = nullptr;
        BIO_new_bio_pair(&one, 0, &two, 0);
        SSL_set_bio(client.get(), one, one);
        SSL_set_bio(server.get(), two, two);
        SSL_set_max_proto_version(client.get(), protocol);
        prepare_tls(client.get(), client_party, false);
        prepare_tls(server.get(), server_party, true);
    }
    void shake_hands() const {
        for (int round = 0; round < 8; ++round) {
            (void)SSL_connect(client.get());
            (void)SSL_accept(server.get());
        }
    }
    std::shared_ptr<SSL_CTX> client_context, server_context;
    std::shared_ptr<SSL> client, server;
};

TEST_F(Handshake, TheFailureTellsExpiredFromTheRest) {
    const Time later = api_.leaf.not_after() + 1s;
    const Wire expired(party(web_, later), party(api_, later));
    expired.shake_hands();
    const Failure failure = tls_failure(expired.client.get(), "connecting");
    EXPECT_EQ(failure.kind, FailureKind::expired);
    EXPECT_TRUE(failure.message.starts_with("connecting: certificate has expired (depth 0"))
        << failure.message;
    EXPECT_EQ(tls_fault(expired.client.get()), ChainFault::expired);
    EXPECT_EQ(tls_peer(expired.client.get()), api_.leaf);

    auto stranger = party(web_);
    stranger.trust = {};
    const Wire unknown(stranger, party(api_));
    unknown.shake_hands();
    EXPECT_EQ(tls_failure(unknown.client.get(), "connecting").kind, FailureKind::tls);
    EXPECT_EQ(tls_failure(unknown.server.get(), "accepting").kind, FailureKind::tls);

    auto short_ca = ca_spec("short");
    short_ca.not_after = now + 1h;
    const Issuer issuer = make_ca(short_ca, &pki_.root);
    const TlsIdentity leaf = make_leaf(leaf_spec("api"), issuer, {issuer.certificate});
    const Wire old_ca(party(web_, now + 2h), party(leaf, now + 2h));
    old_ca.shake_hands();
    EXPECT_EQ(tls_failure(old_ca.client.get(), "connecting").kind, FailureKind::tls)
        << "only the leaf itself counts";
    EXPECT_EQ(tls_fault(old_ca.client.get()), ChainFault::expired);

    const Wire good(party(web_), party(api_));
    good.shake_hands();
    EXPECT_EQ(tls_failure(good.client.get(), "reading").message, "reading");
    EXPECT_EQ(tls_peer(good.server.get()), web_.leaf);
}

TEST_F(Handshake, NothingIsRemembered) {
    for (const int protocol : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        const Wire wire(party(web_), party(api_), protocol);
        wire.shake_hands();
        char byte = 'x';
        ASSERT_EQ(SSL_write(wire.server.get(), &byte, 1), 1);
        ASSERT_EQ(SSL_read(wire.client.get(), &byte, 1), 1);
        EXPECT_EQ(SSL_version(wire.client.get()), protocol);
        EXPECT_EQ(SSL_SESSION_has_ticket(SSL_get0_session(wire.client.get())), 0);
    }
}

TEST_F(Handshake, OlderThanTls12IsRefused) {
    // Debian's security level would refuse it as well, so the setting is looked at too.
    const Wire wire(party(web_), party(api_), TLS1_1_VERSION);
    EXPECT_EQ(SSL_CTX_get_min_proto_version(wire.client_context.get()), TLS1_2_VERSION);
    EXPECT_EQ(SSL_CTX_get_min_proto_version(wire.server_context.get()), TLS1_2_VERSION);
    wire.shake_hands();
    EXPECT_FALSE(SSL_is_init_finished(wire.client.get()));
    EXPECT_FALSE(SSL_is_init_finished(wire.server.get()));
}

TEST_F(Handshake, PreparedAgainItAsksTheNewCheck) {
    const Wire wire(party(web_), party(api_));
    auto again = party(web_);
    again.check_peer = [](const Certificate&) -> Result<void> {
        return fail(FailureKind::tls, "the second check");
    };
    prepare_tls(wire.client.get(), again, false);
    wire.shake_hands();
    EXPECT_TRUE(mentions(tls_failure(wire.client.get(), "connecting").message, "the second check"));
}

TEST(ServerCredentials, AreGoodForOurOwnPorts) {
    const auto credentials =
        make_server_credentials("fake-vault", now, 24h, {"vault.example.org", "10.1.2.3"});
    EXPECT_TRUE(credentials.ca.self_signed());
    EXPECT_TRUE(credentials.identity.leaf.signed_by(credentials.ca));
    EXPECT_EQ(credentials.ca.public_key(), credentials.ca_key.public_key());
    TlsParty server;
    server.identity = credentials.identity;
    server.verify_peer = false;
    for (const char* name : {"localhost", "127.0.0.1", "::1", "vault.example.org", "10.1.2.3"}) {
        TlsParty client;
        client.trust = {credentials.ca};
        client.server_name = name;
        for (const Time at : {now, now + 24h}) {
            client.at = at;
            const auto result = handshake_in_memory(client, server);
            EXPECT_TRUE(result.accepted()) << name << ": " << result.client.error;
        }
        client.at = now + 24h + 1s;
        EXPECT_EQ(handshake_in_memory(client, server).client.fault, ChainFault::expired);
    }
}

}  // namespace
}  // namespace meshproof::crypto
