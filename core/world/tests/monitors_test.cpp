#include "core/world/monitors.hpp"

#include <gtest/gtest.h>

#include "core/crypto/tests/fixtures.hpp"
#include "core/time/sim_clock.hpp"

namespace meshproof::run {
namespace {

using namespace std::chrono_literals;
using crypto::fixtures::Pki;
using Lines = std::vector<std::string>;

const Time now = crypto::fixtures::now;

/// Every test tells a history in which one invariant is broken, and the same history with that one
/// thing right.
struct MonitorsTest : testing::Test {
    boost::asio::io_context context;
    SimClock clock{context, now};
    Pki pki;
    std::uint8_t serials = 0;

    /// Monitors of their own for each history.
    struct Watch {
        explicit Watch(const Clock& clock, Duration slack = Duration::zero())
            : trace(clock, false), monitors(trace, slack) {}
        Trace trace;
        Monitors monitors;
    };
    [[nodiscard]] Lines after(const std::vector<mesh::LeafIssued>& history) const {
        Watch watch(clock);
        for (const auto& seen : history) {
            watch.monitors.on_leaf(seen);
        }
        return watch.monitors.violations();
    }
    [[nodiscard]] Lines after(const mesh::HandshakeSeen& seen,
                              Duration slack = Duration::zero()) const {
        Watch watch(clock, slack);
        watch.monitors.on_handshake(seen);
        EXPECT_EQ(watch.monitors.handshakes(), 1);
        return watch.monitors.violations();
    }

    static spiffe::SpiffeId id(std::string_view account) {
        return require(
            spiffe::SpiffeId::parse(fmt::format("spiffe://example.org/ns/default/sa/{}", account)));
    }
    crypto::CertificateSpec spec() {
        auto spec = crypto::fixtures::leaf_spec("web");
        spec.serial = {1, ++serials};
        return spec;
    }
    [[nodiscard]] mesh::LeafIssued issued(
        const std::string& pod, const crypto::CertificateSpec& spec,
        const crypto::Key& key = crypto::Key::generate(crypto::KeyType::p256)) const {
        return {.cluster = "alpha",
                .pod = pod,
                .pod_uid = "uid of " + pod,
                .leaf = crypto::sign_certificate(spec, key.public_key(), pki.intermediate.key,
                                                 &pki.intermediate.certificate),
                .chain = {pki.intermediate.certificate, pki.root.certificate},
                .requested_key = key.public_key(),
                .requested_id = id("web"),
                .requested_ttl = {},
                .at = now};
    }
    [[nodiscard]] mesh::HandshakeSeen::Side side(const std::string& account) const {
        return side(account, crypto::fixtures::leaf_spec(account));
    }
    [[nodiscard]] mesh::HandshakeSeen::Side side(const std::string& account,
                                                 const crypto::CertificateSpec& spec) const {
        auto identity = pki.leaf(spec);
        return {.cluster = "alpha",
                .pod = account + "-1",
                .leaf = identity.leaf,
                .intermediates = identity.intermediates,
                .trust = {pki.root.certificate},
                .trust_domain = require(spiffe::TrustDomain::parse("example.org"))};
    }
    /// web asks api, and both have all that they need.
    [[nodiscard]] mesh::HandshakeSeen handshake() const {
        return {.client = side("web"),
                .server = side("api"),
                .expected_server = id("api"),
                .accepted = true,
                .error = {},
                .at = now};
    }
};

TEST_F(MonitorsTest, LeafOfAnotherKey) {
    auto seen = issued("web-1", spec());
    EXPECT_EQ(after({seen}), Lines{});
    seen.requested_key = crypto::Key::generate(crypto::KeyType::p256).public_key();
    EXPECT_EQ(after({seen}),
              Lines{"monitor: the leaf of pod web-1 certifies another key than its request's"});
}

TEST_F(MonitorsTest, KeyThatAnotherPodUsed) {
    const auto key = crypto::Key::generate(crypto::KeyType::p256);
    const auto first = issued("web-1", spec(), key);
    EXPECT_EQ(after({first, issued("web-1", spec(), key)}), Lines{}) << "a renewal may keep it";
    EXPECT_EQ(after({first, issued("web-2", spec())}), Lines{});
    EXPECT_EQ(after({first, issued("web-2", spec(), key)}),
              Lines{"monitor: the leaf of pod web-2 holds a key that another pod used"});
}

// A pod's renewals, each after such a share of what was left of the leaf before.
TEST_F(MonitorsTest, RenewalsThatNobodySpreads) {
    const auto renewed = [this](const std::vector<double>& shares) {
        Watch watch(clock);
        for (std::size_t i = 0; i <= shares.size(); ++i) {
            auto its = spec();
            its.not_before = clock.now() - 30s;
            its.not_after = clock.now() + 1h;
            auto seen = issued("web-1", its);
            seen.at = clock.now();
            watch.monitors.on_leaf(seen);
            if (i < shares.size()) {
                clock.run(clock.sleep_for(part_of(1h, shares[i])));
            }
        }
        // How its issuer dates it is nothing of the agent's.
        auto found = watch.monitors.violations();
        std::erase_if(found, [](const auto& text) {
            return text.find("renewals in a row") == std::string::npos;
        });
        return found.size();
    };
    EXPECT_EQ(renewed({0.62, 0.71, 0.65, 0.69, 0.66, 0.64, 0.70, 0.63}), 0U);
    EXPECT_EQ(renewed({0.6667, 0.6667, 0.6667, 0.6667, 0.6667, 0.6667}), 0U) << "too few";
    EXPECT_EQ(renewed({0.6667, 0.6667, 0.6667, 0.6667, 0.6667, 0.6667, 0.6667}), 1U);
    EXPECT_EQ(renewed({0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1}), 0U) << "they were made to renew";
}

TEST_F(MonitorsTest, LeafWithoutItsIssuer) {
    auto seen = issued("web-1", spec());
    EXPECT_EQ(after({seen}), Lines{});
    seen.chain.clear();
    EXPECT_EQ(after({seen}), Lines{"monitor: the leaf of pod web-1 came without its issuer"});
}

TEST_F(MonitorsTest, SerialThatTheIssuerUsedBefore) {
    const auto first = issued("web-1", spec());
    auto again = spec();
    again.serial = {1, 1};
    EXPECT_EQ(after({first, issued("web-2", spec())}), Lines{});
    EXPECT_EQ(after({first, issued("web-2", again)}),
              Lines{"monitor: the leaf of pod web-2 has a serial number that its issuer used "
                    "before"});
    auto elsewhere = issued("web-2", again);
    elsewhere.chain = {Pki().intermediate.certificate};
    EXPECT_EQ(after({first, elsewhere}), Lines{}) << "serials are each issuer's own";
}

TEST_F(MonitorsTest, LeafThatOutlivesItsIssuer) {
    auto longest = spec();
    longest.not_after = pki.intermediate.certificate.not_after();
    EXPECT_EQ(after({issued("web-1", longest)}), Lines{});
    longest.not_after += 1s;
    EXPECT_EQ(after({issued("web-1", longest)}),
              Lines{fmt::format(
                  "monitor: the leaf of pod web-1 outlives its issuer: {} is after {}",
                  rfc3339(longest.not_after), rfc3339(pki.intermediate.certificate.not_after()))});
}

TEST_F(MonitorsTest, LeafThatOutlivesItsRole) {
    const auto told = [&](Duration life, Duration limit, Duration slack = Duration::zero()) {
        auto its_spec = spec();
        its_spec.not_after = now + life;
        Watch watch(clock, slack);
        watch.monitors.limit_leaves(pki.intermediate.certificate, limit);
        watch.monitors.on_leaf(issued("web-1", its_spec));
        return watch.monitors.violations();
    };
    const Lines outlives{"monitor: the leaf of pod web-1 outlives its role's max_ttl of " +
                         human_duration(1h)};
    EXPECT_EQ(told(1h, 1h), Lines{});
    EXPECT_EQ(told(1h + 1s, 1h), Lines{}) << "certificates hold whole seconds";
    EXPECT_EQ(told(1h + 2s, 1h), outlives);
    EXPECT_EQ(told(1h + 2s, 1h, 1s), Lines{}) << "the answer took a second";
    EXPECT_EQ(told(1h + 3s, 1h, 1s), outlives);
}

TEST_F(MonitorsTest, WidestRoleOfAnIssuerBoundsItsLeaves) {
    Watch watch(clock);
    watch.monitors.limit_leaves(pki.intermediate.certificate, 48h);
    watch.monitors.limit_leaves(pki.intermediate.certificate, 1h);
    watch.monitors.limit_leaves(pki.root.certificate, 1min);
    watch.monitors.on_leaf(issued("web-1", spec()));
    EXPECT_EQ(watch.monitors.violations(), Lines{});
    EXPECT_EQ(watch.monitors.leaves(), 1);
}

TEST_F(MonitorsTest, ExpiredLeafAccepted) {
    auto old = crypto::fixtures::leaf_spec("web");
    auto seen = handshake();
    EXPECT_EQ(after(seen), Lines{});
    old.not_after = now;
    seen.client = side("web", old);
    EXPECT_EQ(after(seen), Lines{}) << "it was still valid in its last second";
    old.not_after = now - 1s;
    seen.client = side("web", old);
    const Lines expired{
        "monitor: handshake web-1 -> api-1: the leaf of web-1 was accepted after "
        "it expired at " +
        rfc3339(old.not_after)};
    EXPECT_EQ(after(seen), expired);
    EXPECT_EQ(after(seen, 2s), Lines{}) << "it is told up to two seconds later";
    seen.accepted = false;
    EXPECT_EQ(after(seen), Lines{});
}

TEST_F(MonitorsTest, ExpiredLeafOfTheServerAccepted) {
    auto old = crypto::fixtures::leaf_spec("api");
    old.not_after = now - 2s;
    auto seen = handshake();
    seen.server = side("api", old);
    EXPECT_EQ(after(seen), Lines{"monitor: handshake web-1 -> api-1: the leaf of api-1 was "
                                 "accepted after it expired at " +
                                 rfc3339(old.not_after)});
}

TEST_F(MonitorsTest, LeafAcceptedBeforeItIsValid) {
    auto early = crypto::fixtures::leaf_spec("api");
    early.not_before = now;
    auto seen = handshake();
    seen.server = side("api", early);
    EXPECT_EQ(after(seen), Lines{});
    early.not_before = now + 1s;
    seen.server = side("api", early);
    EXPECT_EQ(after(seen), Lines{"monitor: handshake web-1 -> api-1: the leaf of api-1 was "
                                 "accepted before it is valid at " +
                                 rfc3339(early.not_before)});
}

TEST_F(MonitorsTest, HandshakeWithoutALeafAccepted) {
    auto seen = handshake();
    seen.client.leaf.reset();
    EXPECT_EQ(after(seen), Lines{"monitor: handshake web-1 -> api-1: the leaf of web-1 was "
                                 "accepted and there is none"});
    seen.accepted = false;
    EXPECT_EQ(after(seen), Lines{});
}

TEST_F(MonitorsTest, LeafThatIsNoSvidAccepted) {
    auto nameless = crypto::fixtures::leaf_spec("web");
    nameless.alt_names.uris.clear();
    auto seen = handshake();
    seen.client = side("web", nameless);
    const auto told = after(seen);
    ASSERT_EQ(told.size(), 1);
    EXPECT_TRUE(
        told[0].starts_with("monitor: handshake web-1 -> api-1: the leaf of web-1 was "
                            "accepted and is no SVID: "))
        << told[0];
    nameless.alt_names.uris = {"spiffe://example.org/ns/default/sa/web"};
    seen.client = side("web", nameless);
    EXPECT_EQ(after(seen), Lines{});
}

TEST_F(MonitorsTest, LeafOfAForeignTrustDomainAccepted) {
    auto foreign = crypto::fixtures::leaf_spec("web");
    foreign.alt_names.uris = {"spiffe://example.com/ns/default/sa/web"};
    auto seen = handshake();
    seen.client = side("web", foreign);
    EXPECT_EQ(after(seen), Lines{"monitor: handshake web-1 -> api-1: the leaf of web-1 was "
                                 "accepted from the foreign trust domain example.com"});
    // The judge's own trust domain counts, not the other side's.
    seen.server.trust_domain = require(spiffe::TrustDomain::parse("example.com"));
    EXPECT_EQ(after(seen), Lines{});
}

TEST_F(MonitorsTest, LeafOutsideTheTrustStoreAccepted) {
    const auto stranger = Pki().root.certificate;
    auto seen = handshake();
    seen.server.trust = {stranger};
    const auto told = after(seen);
    ASSERT_EQ(told.size(), 1) << "only the server judges by this store";
    EXPECT_TRUE(
        told[0].starts_with("monitor: handshake web-1 -> api-1: the leaf of web-1 was "
                            "accepted and does not chain to the trust store: "))
        << told[0];
    seen.server.trust = {stranger, pki.root.certificate};
    EXPECT_EQ(after(seen), Lines{});
    seen.server.intermediates.clear();
    EXPECT_EQ(after(seen).size(), 1) << "the server did not send its intermediate";
    seen.client.trust.push_back(pki.intermediate.certificate);
    EXPECT_EQ(after(seen), Lines{}) << "the client holds it";
}

TEST_F(MonitorsTest, WrongServerAnswered) {
    auto seen = handshake();
    seen.expected_server = id("db");
    EXPECT_EQ(after(seen), Lines{"monitor: handshake web-1 -> api-1: " + id("api").text() +
                                 " answered for " + id("db").text()});
    seen.server = side("db");
    EXPECT_EQ(after(seen), Lines{});
}

TEST_F(MonitorsTest, RefusedAgainTooSoon) {
    // Refused, something else after `wait`, refused again at once.
    const auto after_waiting = [&](Duration wait, const mesh::Event& meanwhile) {
        Watch watch(clock);
        watch.monitors.space_refusals(10s);
        watch.monitors.on_event({"login refused", {{"cluster", "alpha"}, {"pod", "web-1"}}});
        clock.run(clock.sleep_for(wait));
        watch.monitors.on_event(meanwhile);
        watch.monitors.on_event({"sign refused", {{"cluster", "alpha"}, {"pod", "web-1"}}});
        return watch.monitors.violations();
    };
    const mesh::Event nothing{"login ok", {{"cluster", "alpha"}, {"pod", "web-1"}}};
    EXPECT_EQ(after_waiting(9s, nothing),
              Lines{"monitor: pod web-1 was refused again after 9 s (sign refused): it must wait "
                    "for 10 s"});
    EXPECT_EQ(after_waiting(10s, nothing), Lines{});
    EXPECT_EQ(after_waiting(1s, {"ca connected", {{"cluster", "alpha"}}}), Lines{});
    EXPECT_EQ(after_waiting(1s, {"node agent restarted", {{"cluster", "alpha"}}}), Lines{});
    EXPECT_EQ(after_waiting(1s, {"asked to renew now", {{"cluster", "alpha"}}}), Lines{});
    EXPECT_EQ(after_waiting(1s, {"asked to renew now", {{"cluster", "beta"}}}).size(), 1U);
    EXPECT_EQ(after_waiting(1s, {"ca connected", {{"cluster", "beta"}}}).size(), 1U);
    // Another pod's refusal is another matter.
    EXPECT_EQ(after_waiting(10s, {"login refused", {{"cluster", "alpha"}, {"pod", "api-1"}}}),
              Lines{});
}

// A request that was under way when the account changed is refused, and another follows at once.
TEST_F(MonitorsTest, RefusedOnceMoreAfterAChange) {
    Watch watch(clock);
    watch.monitors.space_refusals(10s);
    const auto refuse = [&](const char* pod) {
        watch.monitors.on_event({"sign refused", {{"cluster", "alpha"}, {"pod", pod}}});
        clock.run(clock.sleep_for(1s));
    };
    watch.monitors.on_event({"ca connected", {{"cluster", "alpha"}}});
    refuse("web-1");
    refuse("web-2");
    refuse("web-1");
    refuse("web-2");
    EXPECT_EQ(watch.monitors.violations(), Lines{});
    refuse("web-1");
    EXPECT_EQ(watch.monitors.violations().size(), 1U) << "a third is a storm";
    watch.monitors.on_event({"ca connected", {{"cluster", "alpha"}}});
    clock.run(clock.sleep_for(10s));
    refuse("web-1");
    refuse("web-1");
    EXPECT_EQ(watch.monitors.violations().size(), 2U) << "long after a change nothing is under way";
}

TEST_F(MonitorsTest, PrivateKeyInARequest) {
    const auto key = crypto::Key::generate(crypto::KeyType::p256);
    const auto body = [](const std::string& pem) { return nlohmann::json{{"csr", pem}}.dump(); };
    Watch watch(clock);
    watch.monitors.on_request("web-1", "PUT", "/v1/pki/sign/mesh", body(key.public_key().pem()));
    EXPECT_EQ(watch.monitors.violations(), Lines{});
    watch.monitors.on_request("web-1", "PUT", "/v1/pki/sign/mesh", body(key.pkcs8_pem()));
    watch.monitors.on_request("web-2", "PUT", "/v1/pki/sign/mesh", body(key.traditional_pem()));
    EXPECT_EQ(watch.monitors.violations(),
              (Lines{"monitor: a private key left web-1 in PUT /v1/pki/sign/mesh",
                     "monitor: a private key left web-2 in PUT /v1/pki/sign/mesh"}));
}

TEST_F(MonitorsTest, SecretInAnEvent) {
    Watch watch(clock);
    watch.trace.learn(Secret("s.0123456789"));
    watch.monitors.on_event({"login", {{"token", fmt::format("{}", Secret("s.0123456789"))}}});
    EXPECT_EQ(watch.monitors.violations(), Lines{});
    watch.monitors.on_event({"login", {{"token", "s.0123456789"}}});
    EXPECT_EQ(watch.monitors.violations(),
              Lines{"monitor: a secret reached the trace in \"login\""});
    EXPECT_EQ(watch.trace.lines()[0], "login token=[secret]");
    EXPECT_EQ(watch.trace.lines()[1], "[a line that held a secret]");
}

TEST_F(MonitorsTest, ViolationsThemselvesTellNoSecret) {
    Watch watch(clock);
    watch.trace.learn(Secret("s.0123456789"));
    watch.monitors.on_request("web-1", "PUT", "/v1/x?token=s.0123456789", "PRIVATE KEY");
    EXPECT_EQ(watch.monitors.violations(), (Lines{"monitor: [a line that held a secret]",
                                                  "monitor: a secret reached the trace"}));
}

TEST_F(MonitorsTest, TellsTheFirstTwentyViolations) {
    Watch watch(clock);
    for (int i = 0; i < 30; ++i) {
        watch.monitors.violate(fmt::format("number {}", i));
    }
    ASSERT_EQ(watch.monitors.violations().size(), 20);
    EXPECT_EQ(watch.monitors.violations().back(), "monitor: number 19");
    EXPECT_EQ(watch.trace.lines().back(), "monitor violated: number 29");
}

TEST_F(MonitorsTest, TraceTellsOfLeavesAndHandshakes) {
    Watch watch(clock);
    watch.monitors.on_leaf(issued("web-1", spec()));
    auto seen = handshake();
    watch.monitors.on_handshake(seen);
    seen.accepted = false;
    watch.monitors.on_handshake(seen);
    EXPECT_EQ(watch.trace.lines(),
              (Lines{"leaf cluster=alpha pod=web-1 id=spiffe://example.org/ns/default/sa/web",
                     "mtls accepted from=web-1 to=api-1", "mtls refused from=web-1 to=api-1"}));
    for (const auto& event : watch.trace.events()) {
        EXPECT_EQ(event.actor, "alpha/web-1") << event.kind;
    }
    EXPECT_EQ(watch.monitors.leaves(), 1);
    EXPECT_EQ(watch.monitors.handshakes(), 2);
}

}  // namespace
}  // namespace meshproof::run
