#include "core/run/recipe.hpp"

#include "core/run/sweep.hpp"

namespace meshproof::run {
namespace {

using vault::Json;

std::string seconds_text(Duration duration) {
    return fmt::format("{}s", std::chrono::floor<std::chrono::seconds>(duration).count());
}

/// What every step needs. Lives as long as `prepare` runs.
struct Steps {
    Ledger& ledger;
    const RecipePlace& place;
    const Recipe& recipe;
    int number;
    Prepared made{};

    [[nodiscard]] std::string name(std::string_view base) const {
        return ledger.mark().name(number == 1 ? std::string(base)
                                              : fmt::format("{}-{}", base, number));
    }
    /// The recipe's own time, or so many lives of a leaf.
    [[nodiscard]] Duration time(Duration asked, int lives) const {
        return asked > Duration::zero() ? asked : place.leaf_ttl * lives;
    }
};

std::string policy_hcl(const Prepared& made) {
    // `issue` needs update: with the page's `create` alone every call is 403 (row 51).
    return fmt::format(
        "path \"{0}*\" {{ capabilities = [\"read\", \"list\"] }}\n"
        "path \"{0}/sign/{1}\" {{ capabilities = [\"create\", \"update\"] }}\n"
        "path \"{0}/issue/{1}\" {{ capabilities = [\"create\", \"update\"] }}\n",
        made.intermediate_mount, made.pki_role);
}

Task<void> enable_pki(Steps& steps, std::string mount, Duration longest, std::string whose) {
    const auto& vault = steps.place.vault;
    steps.ledger.at_end("secrets engine " + mount,
                        [vault, mount] { return vault.disable_secrets(mount); });
    require(co_await vault.enable_secrets(mount, "pki", steps.ledger.mark().text()),
            fmt::format("enable the {}'s PKI engine", whose));
    // Without the tuning, 768 h cap the page's 8760 h silently (row 70).
    require(co_await vault.tune_secrets(mount, longest),
            fmt::format("tune the {}'s PKI engine", whose));
}

Task<crypto::Certificate> make_root(Steps& steps) {
    const auto& vault = steps.place.vault;
    const auto& mount = steps.made.root_mount;
    constexpr int lives = 30;
    const auto ttl = steps.time(steps.recipe.root_ttl, lives);
    co_await enable_pki(steps, mount, ttl, "root");
    const Json parameters{
        {"common_name", "svc"}, {"ttl", seconds_text(ttl)}, {"key_type", steps.recipe.ca_key_type}};
    const auto root = require(co_await vault.generate_root(mount, parameters), "generate the root");
    const auto base = vault.config().endpoint.url.origin() + "/v1/" + mount;
    const Json urls{{"issuing_certificates", base + "/ca"},
                    {"crl_distribution_points", base + "/crl"}};
    require(co_await vault.configure_urls(mount, urls), "configure the root's URLs");
    co_return root.certificate;
}

Task<void> make_intermediate(Steps& steps, crypto::Certificate root) {
    const auto& vault = steps.place.vault;
    const auto& mount = steps.made.intermediate_mount;
    constexpr int lives = 20;
    const auto ttl = steps.time(steps.recipe.intermediate_ttl, lives);
    co_await enable_pki(steps, mount, ttl, "intermediate");
    const Json request{{"common_name", "svc Intermediate Authority"},
                       {"key_type", steps.recipe.ca_key_type}};
    const auto csr = require(co_await vault.generate_intermediate_csr(mount, request),
                             "generate the intermediate's request");
    const Json signing{{"csr", csr}, {"format", "pem_bundle"}, {"ttl", seconds_text(ttl)}};
    const auto answer = require(co_await vault.sign_intermediate(steps.made.root_mount, signing),
                                "sign the intermediate");
    require(co_await vault.set_signed(mount, answer.certificate_pem), "install the intermediate");
    const auto& intermediate = answer.certificates.front();
    steps.made.ca_chain_pem = intermediate.pem() + root.pem();
    steps.made.issuer = intermediate;
}

Task<void> write_policy(Steps& steps) {
    const auto& vault = steps.place.vault;
    const auto& policy = steps.made.policy;
    steps.ledger.at_end("policy " + policy,
                        [vault, policy] { return vault.delete_policy(policy); });
    require(
        co_await vault.write_policy(policy, steps.ledger.mark().in_policy(policy_hcl(steps.made))),
        "write the policy");
}

Task<void> write_signing_role(Steps& steps) {
    const auto& recipe = steps.recipe;
    steps.made.role_max_ttl = steps.time(recipe.role_max_ttl, 1);
    Json role{{"allowed_domains", "svc"},
              {"allow_subdomains", true},
              {"max_ttl", seconds_text(steps.made.role_max_ttl)},
              {"require_cn", false},
              {"allowed_uri_sans", recipe.allowed_uri_sans.empty()
                                       ? fmt::format("spiffe://{}/*", recipe.trust_domain)
                                       : recipe.allowed_uri_sans},
              // The default, rsa, refuses the EC keys that mesh agents make (row 102).
              {"key_type", "any"}};
    role.update(recipe.signing_role);
    require(co_await steps.place.vault.write_role(steps.made.intermediate_mount,
                                                  steps.made.pki_role, std::move(role)),
            "write the signing role");
}

// Steps a to d.
Task<void> make_pki(Steps& steps) {
    steps.made.root_mount = steps.name("pki");
    steps.made.intermediate_mount = steps.name("pki-int");
    steps.made.policy = steps.name("policy");
    auto root = co_await make_root(steps);
    co_await make_intermediate(steps, std::move(root));
    co_await write_policy(steps);
    co_await write_signing_role(steps);
}

void share_pki(Steps& steps, const Prepared& other) {
    steps.made.root_mount = other.root_mount;
    steps.made.intermediate_mount = other.intermediate_mount;
    steps.made.policy = other.policy;
    steps.made.pki_role = other.pki_role;
    steps.made.ca_chain_pem = other.ca_chain_pem;
}

std::vector<std::string> accounts(const Steps& steps) {
    std::vector<std::string> all{steps.made.service_account};
    const auto& further = steps.recipe.further_accounts;
    all.insert(all.end(), further.begin(), further.end());
    return all;
}

// Steps e to g: the cluster's Kubernetes auth method.
Task<void> enable_auth(Steps& steps) {
    const auto& vault = steps.place.vault;
    auto& made = steps.made;
    made.auth_mount = steps.name("auth");
    made.auth_role = "mesh";
    made.service_account = steps.name(steps.recipe.service_account);
    steps.ledger.at_end("auth method " + made.auth_mount, [vault, mount = made.auth_mount] {
        return remove_auth_method(vault, mount);
    });
    require(co_await vault.enable_auth(made.auth_mount, "kubernetes", steps.ledger.mark().text()),
            "enable Kubernetes auth");
    const vault::Client::KubernetesConfig config{
        .host = steps.place.review_url, .ca_pem = steps.place.cluster_ca_pem, .reviewer_token = {}};
    require(co_await vault.configure_kubernetes(made.auth_mount, config),
            "configure Kubernetes auth");
    const vault::Client::KubernetesRole role{.service_accounts = accounts(steps),
                                             .namespaces = {steps.place.mesh_namespace},
                                             .policies = {made.policy},
                                             .ttl = steps.recipe.token_ttl,
                                             .max_ttl = {},
                                             .audience = {},
                                             .token_type = steps.recipe.token_type};
    require(co_await vault.write_kubernetes_role(made.auth_mount, made.auth_role, role),
            "write the Kubernetes auth role");
}

// Without a reviewer's token, the login's own token reviews itself, and needs this (rows 151, 162).
Task<void> let_it_review_tokens(Steps& steps) {
    const auto& kube = steps.place.kube;
    const auto all = accounts(steps);
    for (std::size_t i = 0; i < all.size(); ++i) {
        const auto binding =
            steps.name(i == 0 ? "delegator" : fmt::format("delegator-of-{}", i + 1));
        steps.ledger.at_end("cluster role binding " + binding,
                            [kube, binding] { return kube.delete_cluster_role_binding(binding); });
        require(co_await kube.bind_auth_delegator(binding, steps.place.mesh_namespace, all[i],
                                                  steps.ledger.mark().labels()),
                "grant system:auth-delegator");
    }
}

}  // namespace

Task<Prepared> prepare(Ledger& ledger, RecipePlace place, Recipe recipe, int number) {
    Steps steps{ledger, place, recipe, number};
    steps.made.trust_domain = recipe.trust_domain;
    steps.made.pki_role = recipe.role_name;
    if (recipe.shared_pki != nullptr) {
        share_pki(steps, *recipe.shared_pki);
    } else {
        co_await make_pki(steps);
    }
    co_await enable_auth(steps);
    co_await let_it_review_tokens(steps);
    co_return std::move(steps.made);
}

}  // namespace meshproof::run
