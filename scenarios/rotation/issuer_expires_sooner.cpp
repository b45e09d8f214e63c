#include "scenarios/steps.hpp"

namespace meshproof::scenarios {
namespace {

// A new intermediate under the same root, made the default: sign goes on with the old one until
// that is done (row 80).
Task<crypto::Certificate> rotate(run::PreparedVault prepared, Duration life) {
    const auto& admin = prepared.site->admin;
    const auto csr =
        require(co_await admin.generate_intermediate_csr(
                    prepared.intermediate_mount,
                    vault::Json{{"common_name", "svc Intermediate Authority"}, {"key_type", "ec"}}),
                "generate another intermediate's request");
    const auto ttl = whole_seconds(life);
    const auto made = require(
        co_await admin.sign_intermediate(
            prepared.root_mount, vault::Json{{"csr", csr}, {"ttl", fmt::format("{}s", ttl)}}),
        "sign another intermediate");
    const auto imported = require(
        co_await admin.set_signed(prepared.intermediate_mount, made.certificate_pem), "install it");
    for (const auto& [issuer, key] : imported.mapping) {
        if (!key.empty() && std::ranges::find(imported.issuers, issuer) != imported.issuers.end()) {
            require(co_await admin.use_issuer_by_default(prepared.intermediate_mount, issuer),
                    "make it the default");
            co_return made.certificates.front();
        }
    }
    throw run::ScenarioEnded("set-signed names no new issuer that has a key");
}

Task<void> issuer_expires_sooner(World& world) {
    const auto life = world.leaf_ttl();
    const auto prepared = co_await world.prepare_vault(world.vault(), world.kube());
    auto cluster = co_await world.connected_cluster_with("alpha", prepared);
    co_await deploy_ready(world, cluster, {"web", "api"});
    const auto web = leaf_of(cluster, "web"), api = leaf_of(cluster, "api");
    const auto end = std::min(end_of(web), end_of(api));
    const auto sooner = co_await rotate(prepared, life / 2);

    // Whoever asks for a whole life is refused although the CA is valid: it no longer has so much.
    const auto health = co_await await_health(world, "alpha", false);
    world.expect(!health.connected && health.reason.find("CA expires sooner") != std::string::npos,
                 "with a CA that ends sooner than a leaf the cluster is \"{}\": {}", health.text(),
                 health.reason);
    world.expect(sooner.valid_at(world.clock().now()),
                 "the issuer has expired already: nothing was shown");
    const auto traffic =
        co_await world.drive(cluster, "web", "api", end - world.clock().now() - life / 10);
    world.expect(traffic.attempted > 0, "no request was sent before the leaves expired");
    world.expect(traffic.failures.empty(), "{} of {} requests failed before the leaves expired",
                 traffic.failures.size(), traffic.attempted);
    world.expect(leaf_of(cluster, "web") == web && leaf_of(cluster, "api") == api,
                 "a leaf was renewed past the end of its issuer");

    const auto later = co_await rotate(prepared, life * 10);
    const auto renewed = [&] {
        return !(leaf_of(cluster, "web") == web) && !(leaf_of(cluster, "api") == api);
    };
    world.expect(co_await await(world, renewed, life),
                 "no pod got a new leaf from the rotated issuer");
    co_await all_ready(world, cluster);
    world.expect(leaf_of(cluster, "web").signed_by(later),
                 "after the rotation another issuer signs");
    co_await expect_talk(world, {cluster, "web"}, {cluster, "api"}, "after the issuer was rotated");
    const auto healed = co_await await_health(world, "alpha", true);
    world.expect(healed.connected, "after the rotation the cluster is \"{}\": {}", healed.text(),
                 healed.reason);
}

}  // namespace

extern const run::Scenario rotation_issuer_expires_sooner{
    .id = "rotation/issuer-expires-sooner",
    .sentence =
        "A CA that ends sooner than a leaf would refuses every renewal before it expires itself; "
        "rotating it heals the mesh.",
    .source = "canonical/vault-k8s-operator issue 500; wire contract 80 and 95",
    .run = issuer_expires_sooner,
};

}  // namespace meshproof::scenarios
