// Whom a pod talks to, and for how long.
#include <gtest/gtest.h>

#include "core/mesh/pod_server.hpp"
#include "core/mesh/tests/stage.hpp"

namespace meshproof::mesh::testing {
namespace {

namespace fixtures = crypto::fixtures;

crypto::TlsParty stranger(std::optional<crypto::TlsIdentity> identity) {
    crypto::TlsParty party;
    party.identity = std::move(identity);
    party.verify_peer = false;
    return party;
}

crypto::TlsIdentity leaf_for(const fixtures::Pki& pki, std::string id) {
    auto spec = fixtures::leaf_spec("stranger");
    spec.alt_names.uris = {std::move(id)};
    return pki.leaf(spec);
}

void expect_refused(const TrafficAttempt& seen, std::string_view text) {
    EXPECT_FALSE(seen.ok);
    EXPECT_TRUE(seen.judged) << "no certificate decided it";
    ASSERT_TRUE(seen.failure);
    EXPECT_NE(seen.failure->message.find(text), std::string::npos) << seen.failure->message;
}

Task<void> strangers(Stage& stage) {
    const auto cluster = co_await two_pods(stage);
    const auto api = only(cluster, "api");
    const auto& ca = stage.vault.ca();
    const std::string web = "spiffe://cluster.local/ns/default/sa/web";
    expect_refused(co_await stage.mesh.request_as(stranger({}), api.name), "certificate");
    const fixtures::Pki own;
    expect_refused(co_await stage.mesh.request_as(stranger(leaf_for(own, web)), api.name),
                   "unknown issuer");
    expect_refused(co_await stage.mesh.request_as(
                       stranger(leaf_for(ca, "spiffe://other.local/ns/default/sa/web")), api.name),
                   "no authority of other.local");
    auto two = fixtures::leaf_spec("stranger");
    two.alt_names.uris = {web, web + "2"};
    expect_refused(co_await stage.mesh.request_as(stranger(ca.leaf(two)), api.name), "URI SANs");
    // Its path is as RFC 5280 has it: only SPIFFE's own rules know that a workload signs nobody.
    auto signer_spec = fixtures::ca_spec("a workload");
    signer_spec.alt_names.uris = {"spiffe://cluster.local/ns/default/sa/job"};
    const auto signer = fixtures::make_ca(signer_spec, &ca.root);
    auto below = fixtures::leaf_spec("stranger");
    below.alt_names.uris = {web};
    const auto disowned = fixtures::make_leaf(below, signer, {signer.certificate});
    expect_refused(co_await stage.mesh.request_as(stranger(disowned), api.name), "(C6)");
    // A leaf of the right CA and domain is a member's, whoever shows it.
    EXPECT_TRUE((co_await stage.mesh.request_as(stranger(leaf_for(ca, web)), api.name)).ok);
    EXPECT_FALSE((co_await stage.mesh.request_as(stranger({}), "nobody")).judged);
}

TEST(Peer, AStrangerIsRefusedByThePod) {
    run(strangers);
}

Task<void> astray(Stage& stage) {
    auto cluster = co_await two_pods(stage);
    require(co_await cluster.deploy({.name = "job", .service_account = {}}));
    EXPECT_TRUE(co_await cluster.wait_ready(1h));
    const auto web = only(cluster, "web"), api = only(cluster, "api"), job = only(cluster, "job");
    expect_refused(
        co_await stage.mesh.request(web.name, api.name, {.keep = false, .arrives_at = job.name}),
        "sa/job answered instead of spiffe://cluster.local/ns/default/sa/api");
    EXPECT_EQ(stage.recorder.handshakes.back().server.pod, job.name);
    EXPECT_FALSE(stage.recorder.handshakes.back().accepted);
    EXPECT_TRUE((co_await stage.mesh.request(web.name, api.name)).ok);
}

TEST(Peer, AClientTalksToNobodyElse) {
    run(astray);
}

Task<std::size_t> ask_both_ways(Stage& stage, const PodView& one, const PodView& other) {
    std::size_t ok = 0;
    for (const auto& [from, to] : {std::pair(one.name, other.name), {other.name, one.name}}) {
        const auto seen = co_await stage.mesh.request(from, to, {.keep = true, .arrives_at = {}});
        ok += seen.ok ? 1 : 0;
        if (!seen.ok) {
            EXPECT_EQ(seen.failure->kind, FailureKind::expired) << seen.failure->message;
            EXPECT_TRUE(seen.judged);
        }
    }
    co_return ok;
}

// How many of two directions still worked over kept connections once the first leaf had ended.
Task<std::size_t> after_the_first_end(Stage& stage) {
    auto cluster = co_await onboarded(stage);
    require(co_await cluster.deploy({.name = "web", .service_account = {}}));
    co_await stage.clock.sleep_for(1min);  // so that their leaves do not end in one second
    require(co_await cluster.deploy({.name = "api", .service_account = {}}));
    EXPECT_TRUE(co_await cluster.wait_ready(1h));
    const auto web = only(cluster, "web"), api = only(cluster, "api");
    EXPECT_EQ(co_await ask_both_ways(stage, web, api), 2U);
    const auto handshakes = stage.network.handshakes();
    EXPECT_EQ(co_await ask_both_ways(stage, web, api), 2U);
    EXPECT_EQ(stage.network.handshakes(), handshakes) << "no connection was kept";
    stage.vault_link->set(http::LinkMode::refuse);
    const auto end = leaf_end(std::min(web.leaf->not_after(), api.leaf->not_after()));
    co_await stage.clock.sleep_until(end - 10ms);
    EXPECT_EQ(co_await ask_both_ways(stage, web, api), 2U);
    co_await stage.clock.sleep_until(end);
    co_return co_await ask_both_ways(stage, web, api);
}

Task<void> kept_until_the_end(Stage& stage) {
    EXPECT_EQ(co_await after_the_first_end(stage), 0U);
    stage.vault_link->set(http::LinkMode::pass);
    co_await stage.clock.sleep_for(3h);
    const auto cluster = stage.mesh.clusters().front();
    EXPECT_EQ(co_await ask_both_ways(stage, only(cluster, "web"), only(cluster, "api")), 2U);
}

TEST(Peer, AKeptConnectionEndsWithEitherLeaf) {
    run(kept_until_the_end);
}

Task<void> kept_for_ever(Stage& stage) {
    EXPECT_GT(co_await after_the_first_end(stage), 0U);
}

TEST(Peer, ASaboteurKeepsIt) {
    run(kept_for_ever, Stage::with("agent/keeps-connections-for-ever"));
}

// What counts is the date when hands are shaken, and not when somebody set out.
Task<void> ends_on_the_way(Stage& stage) {
    const auto cluster = co_await two_pods(stage);
    const auto web = only(cluster, "web"), api = only(cluster, "api");
    stage.vault_link->set(http::LinkMode::refuse);
    fakes::FaultPlan slow;
    slow.min_delay = slow.max_delay = 3s;
    const auto end = leaf_end(std::min(web.leaf->not_after(), api.leaf->not_after()));
    co_await stage.clock.sleep_until(end - 20s);
    stage.network.set_plan(slow);
    const auto in_time = co_await stage.mesh.request(web.name, api.name);
    EXPECT_TRUE(in_time.ok) << in_time.failure->message;
    co_await stage.clock.sleep_until(end - 1s);
    const auto late = co_await stage.mesh.request(web.name, api.name);
    EXPECT_FALSE(late.ok) << "it went by the date of its beginning";
    EXPECT_TRUE(late.judged);
    EXPECT_EQ(late.failure ? late.failure->kind : FailureKind::invalid, FailureKind::expired);
    EXPECT_FALSE(stage.recorder.handshakes.back().accepted);
}

TEST(Peer, ALeafThatEndsOnTheWayIsRefused) {
    run(ends_on_the_way);
}

Task<void> trust_goes(Stage& stage) {
    co_await open_ports(stage);
    const auto mesh =
        std::make_shared<Mesh>(stage.civil, stage.network, Prng(3), stage.recorder, Stage::usual());
    mesh->trust_domain = require(spiffe::TrustDomain::parse("example.org"));
    const auto context = std::make_shared<ClusterContext>(mesh, stage.cluster());
    const auto& ca = stage.vault.ca();
    context->trust = {ca.root.certificate};
    PodServer server(context, "api",
                     spiffe::SpiffeId::workload(mesh->trust_domain, "default", "api"));
    const auto client = ca.leaf("web");
    http::Peer peer;
    peer.certificate = client.leaf;
    peer.chain = client.intermediates;
    peer.served = 1;
    EXPECT_EQ((co_await server.handle({}, peer)).broken, http::Break::none);
    context->trust = {fixtures::Pki().root.certificate};
    EXPECT_EQ((co_await server.handle({}, peer)).broken, http::Break::unanswered);
    peer.served = 0;  // the handshake has judged it just now
    EXPECT_EQ((co_await server.handle({}, peer)).broken, http::Break::none);
}

TEST(Peer, AKeptConnectionEndsWithTheTrustInIt) {
    run(trust_goes);
}

}  // namespace
}  // namespace meshproof::mesh::testing
