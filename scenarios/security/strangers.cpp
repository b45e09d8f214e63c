#include "scenarios/impostors.hpp"
#include "scenarios/steps.hpp"

namespace meshproof::scenarios {
namespace {

Task<void> strangers(World& world) {
    const auto prepared = co_await world.prepare_vault(world.vault(), world.kube());
    auto cluster = co_await world.connected_cluster_with("alpha", prepared);
    co_await deploy_ready(world, cluster, {"web", "api", "job"});
    const auto web = pod_of(cluster, "web"), api = pod_of(cluster, "api"),
               job = pod_of(cluster, "job");

    expect_refusal(world, co_await world.mesh().request_as(showing({}), api.name),
                   "somebody without a certificate");
    expect_refusal(world,
                   co_await world.mesh().request_as(showing(of_own_ca(world, web.id)), api.name),
                   "an impostor, whose leaf for web is of his own CA");
    const auto foreign =
        require(co_await of_foreign_domain(world, prepared), "sign for another trust domain");
    expect_refusal(world, co_await world.mesh().request_as(showing(foreign), api.name),
                   "a member of another trust domain, whose leaf is of the mesh's CA");

    // The client's half: whoever leads its request astray finds it closed.
    expect_refusal(
        world,
        co_await world.mesh().request(web.name, api.name, {.keep = false, .arrives_at = job.name}),
        "a request to api that arrives at job");
    co_await expect_talk(world, {cluster, "web"}, {cluster, "api"}, "after strangers were refused");
}

}  // namespace

extern const run::Scenario security_strangers{
    .id = "security/strangers",
    .sentence =
        "A pod refuses a peer without a certificate, an impostor with a CA of his own and a member "
        "of another trust domain under the same CA, and a client talks to nobody but the identity "
        "that it asked for.",
    .source =
        "integration page §3, introduction (\"mTLS authenticated and encrypted connections\"); "
        "docs/svid-rules.md V1 and V7",
    .run = strangers,
};

}  // namespace meshproof::scenarios
