#include "scenarios/steps.hpp"

namespace meshproof::scenarios {
namespace {

// A new intermediate under the same root, made the default: sign goes on with the old one until
// that is done (row 80).
Task<void> rotate(World& world, run::PreparedVault prepared) {
    const auto& admin = prepared.site->admin;
    const auto csr =
        require(co_await admin.generate_intermediate_csr(
                    prepared.intermediate_mount,
                    vault::Json{{"common_name", "svc Intermediate Authority"}, {"key_type", "ec"}}),
                "generate another intermediate's request");
    const auto life = std::chrono::floor<std::chrono::seconds>(world.leaf_ttl() * 10);
    require(co_await admin.tune_secrets(prepared.intermediate_mount, life),
            "tune the intermediate's mount");
    const auto made =
        require(co_await admin.sign_intermediate(
                    prepared.root_mount,
                    vault::Json{{"csr", csr}, {"ttl", fmt::format("{}s", life.count())}}),
                "sign another intermediate");
    const auto imported = require(
        co_await admin.set_signed(prepared.intermediate_mount, made.certificate_pem), "install it");
    for (const auto& [issuer, key] : imported.mapping) {
        if (!key.empty() && std::ranges::find(imported.issuers, issuer) != imported.issuers.end()) {
            require(co_await admin.use_issuer_by_default(prepared.intermediate_mount, issuer),
                    "make it the default");
            co_return;
        }
    }
    throw run::ScenarioEnded("set-signed names no new issuer that has a key");
}

Task<void> run(World& world) {
    const auto life = world.leaf_ttl();
    run::Recipe recipe;
    recipe.intermediate_ttl = life * 3 / 2;
    const auto prepared = co_await world.prepare_vault(world.vault(), world.kube(), recipe);
    auto cluster = co_await world.connected_cluster_with("alpha", prepared);
    co_await deploy_ready(world, cluster, {"web", "api"});
    const auto web = leaf_of(cluster, "web");
    const auto end = std::min(end_of(web), end_of(leaf_of(cluster, "api")));
    const auto issuer = require(crypto::Certificate::all_from_pem(prepared.ca_chain_pem)).front();

    // Renewal asks for a whole life, which the CA no longer has: refused before the CA itself has
    // expired.
    const auto traffic =
        co_await world.drive(cluster, "web", "api", end - world.clock().now() - life / 10);
    world.expect(traffic.failures.empty(), "{} of {} requests failed before the leaves expired",
                 traffic.failures.size(), traffic.attempted);
    world.expect(leaf_of(cluster, "web") == web, "a leaf was renewed past the end of its issuer");
    world.expect(world.clock().now() < issuer.not_after(),
                 "the issuer has expired already: nothing was shown");
    const auto health = co_await await_health(world, "alpha", false);
    world.expect(!health.connected && health.reason.find("CA expires sooner") != std::string::npos,
                 "with a CA that ends sooner than a leaf the cluster is \"{}\": {}", health.text(),
                 health.reason);

    co_await rotate(world, prepared);
    co_await await(world, [&] { return !(leaf_of(cluster, "web") == web); }, life);
    co_await all_ready(world, cluster);
    world.expect(!leaf_of(cluster, "web").signed_by(issuer),
                 "after the rotation the old issuer still signs");
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
    .source = "field notes D S2; wire contract 80 and 95",
    .run = run,
};

}  // namespace meshproof::scenarios
