#include "core/base/text.hpp"
#include "scenarios/steps.hpp"

namespace meshproof::scenarios {
namespace {

/// One name of an account that is not what Vault has, and by which words that is told.
struct Slip {
    const char* account;
    void (*change)(mesh::AccountSpec& spec);
    std::string (*told)(const mesh::AccountSpec& spec);
};

constexpr std::string_view auth_paths = "/v1/";

const Slip slips[] = {
    {"wrong-role", [](mesh::AccountSpec& spec) { spec.role += "-typo"; },
     [](const mesh::AccountSpec& spec) {
         return fmt::format("role {} is not in the auth mount", spec.role);
     }},
    // As the page itself slips: its engine is pki_int, and its example of a path is pki-int/sign/…
    {"wrong-pki-path", [](mesh::AccountSpec& spec) { spec.pki_path = "typo-" + spec.pki_path; },
     [](const mesh::AccountSpec& spec) { return spec.pki_path + ", or nothing is there"; }},
    {"wrong-mount-path", [](mesh::AccountSpec& spec) { spec.mount_path += "-typo"; },
     [](const mesh::AccountSpec& spec) {
         return "nothing is mounted at " + spec.mount_path.substr(auth_paths.size());
     }},
};

Task<void> expect_told(World& world, run::PreparedVault prepared, Slip slip) {
    auto spec = world.account_for(prepared, slip.account);
    slip.change(spec);
    const auto words = slip.told(spec);
    require(world.mesh().add_account(spec), "add the account " + spec.name);
    require(co_await world.mesh().connect_ca("alpha", "Certificate Authority: " + spec.name),
            "connect it");
    const auto health = co_await await_health(world, "alpha", false);
    world.expect(!health.connected && health.reason.find(words) != std::string::npos,
                 "with {} the cluster is \"{}\" and does not say \"{}\": {}", spec.name,
                 health.text(), words, health.reason);
}

Task<void> wrong_names(World& world) {
    const auto prepared = co_await world.prepare_vault(world.vault(), world.kube());
    auto cluster = co_await world.connected_cluster_with("alpha", prepared);
    co_await deploy_ready(world, cluster, {"web"});
    co_await expect_told(world, prepared, slips[0]);
    require(co_await cluster.deploy({.name = "late", .service_account = "late"}), "deploy late");
    co_await expect_told(world, prepared, slips[1]);
    co_await expect_told(world, prepared, slips[2]);
    const auto late = pod_of(cluster, "late");
    world.expect(!late.ready && late.leaves == 0 && late.login_attempts > 0,
                 "by wrong names a pod got {}, after {} to log in",
                 counted(late.leaves, "leaf", "leaves"), counted(late.login_attempts, "attempt"));

    require(co_await world.mesh().connect_ca("alpha", "Certificate Authority: alpha"),
            "connect the account that has the right names");
    co_await all_ready(world, cluster);
    co_await expect_talk(world, {cluster, "web"}, {cluster, "late"}, "with the right names");
    const auto healed = co_await await_health(world, "alpha", true);
    world.expect(healed.connected, "with the right names the cluster is \"{}\": {}", healed.text(),
                 healed.reason);
}

}  // namespace

extern const run::Scenario security_wrong_names{
    .id = "security/wrong-names",
    .sentence =
        "An account whose role, PKI path or mount path is not what Vault has gives no leaf, and "
        "the cluster's health names the one to correct.",
    .source =
        "integration page §28-30 §42 (step 5, Role, PKI Path, Mount Path); wire contract 18 and 40",
    .run = wrong_names,
};

}  // namespace meshproof::scenarios
