#include "scenarios/steps.hpp"

namespace meshproof::scenarios {
namespace {

Task<void> allow_only(run::PreparedVault prepared, Duration max_ttl, std::string path) {
    require(co_await prepared.site->admin.write_role(
                prepared.intermediate_mount, prepared.pki_role,
                vault::Json{{"allowed_uri_sans",
                             fmt::format("spiffe://{}/ns/{}", prepared.trust_domain, path)},
                            {"require_cn", false},
                            {"key_type", "any"},
                            {"max_ttl", fmt::format("{}s", whole_seconds(max_ttl))}}),
            "write the signing role");
}

Task<void> health_of_pods(World& world) {
    const auto& target = world.target();
    const auto prepared = co_await world.prepare_vault(world.vault(), world.kube());
    auto cluster = co_await world.connected_cluster_with("alpha", prepared);

    // A role for the workloads alone: that is all that the services need.
    co_await allow_only(prepared, world.leaf_ttl(), target.workload_namespace + "/*");
    co_await deploy_ready(world, cluster, {"web"});
    const auto connected = co_await await_health(world, "alpha", true);
    world.expect(connected.connected,
                 "with a role for the workloads alone the cluster is \"{}\": {}", connected.text(),
                 connected.reason);

    // A role for the mesh's own service account alone: no service gets anything.
    co_await allow_only(prepared, world.leaf_ttl(),
                        target.mesh_namespace + "/sa/" + prepared.service_account);
    const auto unknown = co_await await_health(world, "alpha", false);
    world.expect(!unknown.connected && unknown.reason.find("allowed_uri_sans") != std::string::npos,
                 "with a role for no workload the cluster is \"{}\": {}", unknown.text(),
                 unknown.reason);
    require(co_await cluster.deploy({.name = "late", .service_account = "late"}), "deploy late");
    world.expect(!co_await cluster.wait_ready(world.leaf_ttl() / 10, "late"),
                 "a pod got its leaf though its role does not allow it");
}

}  // namespace

extern const run::Scenario security_health_of_pods{
    .id = "security/health-of-pods",
    .sentence =
        "CA: Connected says that the cluster's own services can have certificates, and nothing "
        "about an identity that none of them has.",
    .source =
        "integration page §41 (Results, \"services in the cluster can successfully have "
        "certificates\")",
    .without_mtls = true,
    .run = health_of_pods,
};

}  // namespace meshproof::scenarios
