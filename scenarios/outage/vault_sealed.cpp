#include "core/base/text.hpp"
#include "scenarios/steps.hpp"

namespace meshproof::scenarios {
namespace {

Task<void> expect_no_failure(World& world, mesh::Cluster cluster, Duration duration,
                             std::string when) {
    const auto traffic = co_await world.drive(cluster, "web", "api", duration);
    world.expect(traffic.attempted > 0, "{}: no request was sent, so nothing was shown", when);
    world.expect(traffic.failures.empty(), "{}: {} of {} requests failed", when,
                 traffic.failures.size(), traffic.attempted);
}

// A refusal's wait grows to a twentieth of a life, each from its half on.
constexpr double refusals_a_life = 40;
constexpr double first_refusals = 8;  // of two outages, while the wait grows

void expect_no_storm(World& world, const mesh::PodView& pod, Duration sealed) {
    world.expect(pod.logins <= pod.leaves, "the pod of {} logged in {} for {}: a storm",
                 pod.workload, counted(pod.logins, "time"), counted(pod.leaves, "leaf", "leaves"));
    const auto lives =
        static_cast<double>(sealed.count()) / static_cast<double>(world.leaf_ttl().count());
    const auto refused =
        static_cast<double>(pod.login_attempts - pod.logins + pod.sign_attempts - pod.leaves);
    world.expect(refused > 0, "the pod of {} asked nothing of the sealed Vault", pod.workload);
    world.expect(refused <= refusals_a_life * lives + first_refusals,
                 "the pod of {} was refused {} times in {} lives of a leaf: a storm", pod.workload,
                 refused, lives);
}

// Renewal starts at two thirds of a leaf's life, so a quarter of a life without Vault must be
// survivable.
Task<void> vault_sealed(World& world) {
    const auto life = world.leaf_ttl();
    const auto cluster = (co_await world.start_pair("web", "api")).cluster;
    co_await expect_no_failure(world, cluster, life / 2, "before the outage");
    auto begin = world.clock().elapsed();
    co_await world.seal(world.vault());
    co_await expect_no_failure(world, cluster, life / 4, "in a quarter of a life without Vault");
    co_await world.unseal(world.vault());
    auto sealed = world.clock().elapsed() - begin;
    co_await expect_no_failure(world, cluster, life / 4, "after a short outage");

    // Longer than a life: traffic must end, and nobody may hold a leaf that no Vault signed.
    begin = world.clock().elapsed();
    co_await world.seal(world.vault());
    const auto end = std::max(end_of(leaf_of(cluster, "web")), end_of(leaf_of(cluster, "api")));
    const auto health = co_await await_health(world, cluster.name(), false);
    world.expect(!health.connected && health.reason.find("sealed") != std::string::npos,
                 "with its Vault sealed the cluster is \"{}\": {}", health.text(), health.reason);
    co_await world.clock().sleep_until(end);
    co_await expect_silence(world, {cluster, "web"}, {cluster, "api"},
                            "with Vault sealed for longer than a leaf lives");

    co_await world.unseal(world.vault());
    sealed += world.clock().elapsed() - begin;
    co_await all_ready(world, cluster);
    co_await expect_talk(world, {cluster, "web"}, {cluster, "api"}, "after Vault was unsealed");
    for (const auto& pod : cluster.pods()) {
        expect_no_storm(world, pod, sealed);
    }
}

}  // namespace

extern const run::Scenario outage_vault_sealed{
    .id = "outage/vault-sealed",
    .sentence =
        "A quarter of a leaf's life without Vault costs nothing; longer than a life ends mTLS, and "
        "unsealing heals it "
        "without a storm of logins, refused ones counted.",
    .source = "cert-manager issues 3941 and 7097; wire contract 27 and 31",
    .needs = {run::Feature::seal},
    .exclusive = true,
    .run = vault_sealed,
};

}  // namespace meshproof::scenarios
