// Step 1 of the integration page, corrected where the real servers refuse the page's own words
// (decision 0003).
#include "core/run/sweep.hpp"
#include "core/run/world.hpp"

namespace meshproof::run {
namespace {

std::string seconds_text(Duration duration) {
    return fmt::format("{}s", std::chrono::floor<std::chrono::seconds>(duration).count());
}

std::string policy_hcl(const PreparedVault& prepared) {
    // `issue` needs update: with the page's `create` alone every call is 403 (row 51).
    return fmt::format(
        "path \"{0}*\" {{ capabilities = [\"read\", \"list\"] }}\n"
        "path \"{0}/sign/{1}\" {{ capabilities = [\"create\", \"update\"] }}\n"
        "path \"{0}/issue/{1}\" {{ capabilities = [\"create\", \"update\"] }}\n",
        prepared.intermediate_mount, prepared.pki_role);
}

}  // namespace

Task<PreparedVault> World::prepare_vault(VaultSite& site, KubeSite& cluster, Recipe recipe) {
    const auto& admin = site.admin;
    const auto life = leaf_ttl();
    const int number = ++counter();
    const auto numbered = [&](std::string_view base) {
        return name(number == 1 ? std::string(base) : fmt::format("{}-{}", base, number));
    };
    const auto root_ttl = recipe.root_ttl > Duration::zero() ? recipe.root_ttl : life * 30;
    const auto intermediate_ttl =
        recipe.intermediate_ttl > Duration::zero() ? recipe.intermediate_ttl : life * 20;
    const auto role_max_ttl = recipe.role_max_ttl > Duration::zero() ? recipe.role_max_ttl : life;

    PreparedVault made;
    made.site = &site;
    made.cluster = &cluster;
    made.trust_domain = recipe.trust_domain;
    made.pki_role = recipe.role_name;
    if (recipe.shared_pki != nullptr) {
        made.root_mount = recipe.shared_pki->root_mount;
        made.intermediate_mount = recipe.shared_pki->intermediate_mount;
        made.policy = recipe.shared_pki->policy;
        made.pki_role = recipe.shared_pki->pki_role;
        made.ca_chain_pem = recipe.shared_pki->ca_chain_pem;
    } else {
        made.root_mount = numbered("pki");
        made.intermediate_mount = numbered("pki-int");
        made.policy = numbered("policy");

        // b. The PKI secrets engines. Undo is registered before each step: a lost answer may still
        // have created the thing.
        at_end("secrets engine " + made.root_mount,
               [admin, mount = made.root_mount] { return admin.disable_secrets(mount); });
        require(co_await admin.enable_secrets(made.root_mount, "pki", mark().text()),
                "enable the root's PKI engine");
        // Without the tuning, 768 h cap the page's 8760 h silently (row 70).
        require(co_await admin.tune_secrets(made.root_mount, root_ttl),
                "tune the root's PKI engine");
        const auto root =
            require(co_await admin.generate_root(made.root_mount,
                                                 vault::Json{{"common_name", "svc"},
                                                             {"ttl", seconds_text(root_ttl)},
                                                             {"key_type", recipe.ca_key_type}}),
                    "generate the root");
        const auto base = site.admin.config().endpoint.url.origin() + "/v1/" + made.root_mount;
        require(co_await admin.configure_urls(
                    made.root_mount, vault::Json{{"issuing_certificates", base + "/ca"},
                                                 {"crl_distribution_points", base + "/crl"}}),
                "configure the root's URLs");

        at_end("secrets engine " + made.intermediate_mount,
               [admin, mount = made.intermediate_mount] { return admin.disable_secrets(mount); });
        require(co_await admin.enable_secrets(made.intermediate_mount, "pki", mark().text()),
                "enable the intermediate's PKI engine");
        require(co_await admin.tune_secrets(made.intermediate_mount, intermediate_ttl),
                "tune the intermediate's PKI engine");
        const auto csr = require(
            co_await admin.generate_intermediate_csr(
                made.intermediate_mount, vault::Json{{"common_name", "svc Intermediate Authority"},
                                                     {"key_type", recipe.ca_key_type}}),
            "generate the intermediate's request");
        const auto signed_intermediate =
            require(co_await admin.sign_intermediate(
                        made.root_mount, vault::Json{{"csr", csr},
                                                     {"format", "pem_bundle"},
                                                     {"ttl", seconds_text(intermediate_ttl)}}),
                    "sign the intermediate");
        require(
            co_await admin.set_signed(made.intermediate_mount, signed_intermediate.certificate_pem),
            "install the intermediate");
        const auto& intermediate = signed_intermediate.certificates.front();
        made.ca_chain_pem = intermediate.pem() + root.certificate.pem();
        monitors().limit_leaves(intermediate, role_max_ttl);

        at_end("policy " + made.policy,
               [admin, policy = made.policy] { return admin.delete_policy(policy); });
        require(co_await admin.write_policy(made.policy, mark().in_policy(policy_hcl(made))),
                "write the policy");
        const auto uris = recipe.allowed_uri_sans.empty()
                              ? fmt::format("spiffe://{}/*", recipe.trust_domain)
                              : recipe.allowed_uri_sans;
        require(co_await admin.write_role(
                    made.intermediate_mount, made.pki_role,
                    vault::Json{
                        {"allowed_domains", "svc"},
                        {"allow_subdomains", true},
                        {"max_ttl", seconds_text(role_max_ttl)},
                        {"require_cn", false},
                        {"allowed_uri_sans", uris},
                        // The default, rsa, refuses the EC keys that mesh agents make (row 102).
                        {"key_type", "any"}}),
                "write the signing role");
    }

    // e. to g. The cluster's Kubernetes auth method.
    made.auth_mount = numbered("auth");
    made.auth_role = "mesh";
    made.service_account = name(number == 1 ? recipe.service_account
                                            : fmt::format("{}-{}", recipe.service_account, number));
    at_end("auth method " + made.auth_mount,
           [admin, mount = made.auth_mount] { return remove_auth_method(admin, mount); });
    require(co_await admin.enable_auth(made.auth_mount, "kubernetes", mark().text()),
            "enable Kubernetes auth");
    require(co_await admin.configure_kubernetes(
                made.auth_mount,
                {.host = cluster.review_url, .ca_pem = cluster.ca_pem, .reviewer_token = {}}),
            "configure Kubernetes auth");
    require(co_await admin.write_kubernetes_role(made.auth_mount, made.auth_role,
                                                 {.service_accounts = {made.service_account},
                                                  .namespaces = {target().mesh_namespace},
                                                  .policies = {made.policy},
                                                  .ttl = std::chrono::hours(1),
                                                  .max_ttl = {},
                                                  .audience = {},
                                                  .token_type = {}}),
            "write the Kubernetes auth role");
    // Without a reviewer's token, the login's own token reviews itself, and needs this (rows 151,
    // 162).
    const auto binding = numbered("delegator");
    at_end("cluster role binding " + binding,
           [kube = cluster.admin, binding] { return kube.delete_cluster_role_binding(binding); });
    require(co_await cluster.admin.bind_auth_delegator(binding, target().mesh_namespace,
                                                       made.service_account, labels()),
            "grant system:auth-delegator");
    co_return made;
}

mesh::AccountSpec World::account_for(const PreparedVault& prepared,
                                     std::string_view account_name) const {
    return {.name = std::string(account_name),
            .description = {},
            .label = {},
            .url = prepared.site->agent_url.text(),
            .service_account = prepared.service_account,
            .role = prepared.auth_role,
            .pki_path = prepared.pki_path(),
            .mount_path = prepared.mount_path(),
            .vault_namespace = prepared.site->admin.config().namespace_name,
            .ca_chain_pem = prepared.ca_chain_pem};
}

Task<mesh::Cluster> World::connected_cluster_with(std::string cluster_name,
                                                  PreparedVault prepared) {
    require(mesh().add_account(account_for(prepared, cluster_name)), "add the integration account");
    if (mesh().trust_domain().empty()) {
        require(mesh().set_trust_domain(prepared.trust_domain), "set the trust domain");
    }
    co_return require(co_await mesh().onboard({.name = cluster_name,
                                               .ca_label = "Certificate Authority: " + cluster_name,
                                               .kube = prepared.cluster->admin,
                                               .mesh_namespace = target().mesh_namespace,
                                               .workload_namespace = target().workload_namespace}),
                      "onboard the cluster");
}

Task<mesh::Cluster> World::connected_cluster(std::string cluster_name, std::size_t vault_index,
                                             std::size_t kube_index) {
    auto prepared = co_await prepare_vault(vault(vault_index), kube(kube_index));
    co_return co_await connected_cluster_with(std::move(cluster_name), std::move(prepared));
}

Task<World::Pair> World::start_pair(std::string client, std::string server) {
    Pair pair{co_await connected_cluster("alpha"), client, server};
    require(co_await pair.cluster.deploy({.name = client, .service_account = client}),
            "deploy " + client);
    require(co_await pair.cluster.deploy({.name = server, .service_account = server}),
            "deploy " + server);
    if (!co_await pair.cluster.wait_ready(leaf_ttl())) {
        std::string reasons;
        for (const auto& pod : pair.cluster.pods()) {
            if (!pod.ready) {
                reasons +=
                    fmt::format("{}{}: {}", reasons.empty() ? "" : "; ", pod.workload, pod.reason);
            }
        }
        throw ScenarioEnded("pods did not become ready: " + reasons);
    }
    co_return pair;
}

}  // namespace meshproof::run
