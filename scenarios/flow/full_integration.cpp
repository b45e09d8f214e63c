#include "scenarios/steps.hpp"

// The integration page from its first step to its last, with the recipe of step 1 corrected
// (docs/decisions, 0003).
namespace meshproof::scenarios {
namespace {

using vault::Json;

// The page's own numbers.
const Duration root_life = as_written("8760h"), intermediate_life = as_written("4380h"),
               role_max_ttl = as_written("720h"), token_life = as_written("1h");

Task<Json> read_back(run::PreparedVault prepared, std::string path) {
    co_return require(co_await prepared.site->admin.call("GET", path), "read " + path).data();
}

void expect_field(World& world, const Json& data, const std::string& field, const Json& wanted) {
    const auto found = data.value(field, Json());
    world.expect(found == wanted, "{} is {}: expected {}", field, found.dump(), wanted.dump());
}

bool lasts(const crypto::Certificate& certificate, Duration life, Duration slack) {
    const auto lived = certificate.not_after() - certificate.not_before();
    return lived > life - slack && lived < life + slack;
}

// Step 1 b: the PKI secrets engines, the policy and the signing role.
Task<void> expect_pki(World& world, run::PreparedVault prepared) {
    const auto chain = require(crypto::Certificate::all_from_pem(prepared.ca_chain_pem));
    const auto& root = chain.back();
    const auto& intermediate = chain.front();
    world.expect(root.self_signed() && root.subject().common_name == "svc", "the root is {}",
                 root.subject_line());
    world.expect(lasts(root, root_life, token_life),
                 "the root does not live for 8760 h: it was capped");
    world.expect(intermediate.signed_by(root), "the intermediate is not signed by the root");
    world.expect(lasts(intermediate, intermediate_life, token_life),
                 "the intermediate does not live for 4380 h");
    world.expect(root.public_key().algorithm() == "rsa", "the root's key is {}",
                 root.public_key().algorithm());
    const auto served = co_await prepared.site->admin.ca_chain(prepared.intermediate_mount);
    if (world.expect_ok(served, "the intermediate's CA chain")) {
        world.expect(!served->empty() && served->front() == intermediate,
                     "the mount serves another CA than was installed");
    }
    const auto urls = co_await read_back(prepared, prepared.root_mount + "/config/urls");
    world.expect(!urls.value("issuing_certificates", Json::array()).empty() &&
                     !urls.value("crl_distribution_points", Json::array()).empty(),
                 "the root's engine has no URLs: {}", urls.dump());
    const auto policy = co_await read_back(prepared, "sys/policies/acl/" + prepared.policy);
    world.expect(policy.value("policy", "").find(prepared.pki_path()) != std::string::npos,
                 "the policy does not name {}", prepared.pki_path());
    const auto role =
        co_await read_back(prepared, prepared.intermediate_mount + "/roles/" + prepared.pki_role);
    expect_field(world, role, "allowed_domains", {"svc"});
    expect_field(world, role, "allow_subdomains", true);
    expect_field(world, role, "max_ttl", whole_seconds(role_max_ttl));
    expect_field(world, role, "require_cn", false);
    expect_field(world, role, "allowed_uri_sans", {"spiffe://" + prepared.trust_domain + "/*"});
}

// "policies is the policy that gives read access to the paths of the PKI secrets engine": with the
// token of a login, and no more than that.
Task<void> expect_rights(World& world, run::PreparedVault prepared) {
    const auto jwt = co_await token_of(world, world.kube(), prepared.service_account);
    const auto granted = co_await logged_in(prepared, jwt);
    const auto service = prepared.site->admin.with_token(granted.token);
    const auto role = prepared.intermediate_mount + "/roles/" + prepared.pki_role;
    world.expect_ok(co_await service.call("GET", role), "reading the PKI engine as a service");
    world.expect_refused(co_await service.call("PUT", role, Json{{"allow_any_name", true}}),
                         "permission denied", "writing to the PKI engine as a service");
}

// Steps 1 c and d: the CA comes out of a service account's Secret.
Task<void> expect_cluster_ca(World& world) {
    const auto kube = world.kube().admin;
    const auto name = world.name("ca-reader");
    const auto ns = world.target().workload_namespace;
    const kube::ObjectMeta meta{.name = name,
                                .namespace_name = ns,
                                .uid = {},
                                .resource_version = {},
                                .labels = world.labels(),
                                .annotations = {{"kubernetes.io/service-account.name", name}}};
    world.at_end("service account " + name,
                 [kube, ns, name] { return kube.delete_service_account(ns, name); });
    require(co_await kube.create_service_account(meta), "create a service account");
    world.at_end("secret " + name, [kube, ns, name] { return kube.delete_secret(ns, name); });
    require(co_await kube.create_secret(
                {.meta = meta, .type = "kubernetes.io/service-account-token", .data = {}}),
            "create its secret");
    // The controller fills it in a moment later (row 166).
    std::string ca_pem;
    const auto until = world.clock().elapsed() + world.leaf_ttl();
    while (ca_pem.empty() && world.clock().elapsed() < until) {
        auto secret = require(co_await kube.secret(ns, name), "read the secret");
        ca_pem = secret.data["ca.crt"];
        co_await world.clock().sleep_for(world.leaf_ttl() / 100);
    }
    const auto found = crypto::Certificate::all_from_pem(ca_pem);
    const auto known = crypto::Certificate::all_from_pem(world.kube().ca_pem);
    world.expect(found && known && *found == *known, "SA_CA_CRT is not the CA of the API server");
}

// Steps 1 e to g: the cluster's auth method, its config and its named role.
Task<void> expect_auth(World& world, run::PreparedVault prepared) {
    const auto config = co_await read_back(prepared, "auth/" + prepared.auth_mount + "/config");
    expect_field(world, config, "kubernetes_host", world.kube().review_url);
    world.expect(!config.value("kubernetes_ca_cert", "").empty(),
                 "the auth method has no kubernetes_ca_cert");
    const auto role = co_await read_back(
        prepared, fmt::format("auth/{}/role/{}", prepared.auth_mount, prepared.auth_role));
    expect_field(world, role, "bound_service_account_names", {prepared.service_account});
    expect_field(world, role, "bound_service_account_namespaces", {world.target().mesh_namespace});
    expect_field(world, role, "token_policies", {prepared.policy});
    expect_field(world, role, "token_ttl", whole_seconds(token_life));
    const auto again = co_await prepared.site->admin.enable_auth(prepared.auth_mount, "kubernetes");
    world.expect_refused(again, "path is already in use",
                         "\"Make sure that the cluster name is unique\"");
}

// Steps 2 to 7 and onboarding, with what the dialogs refuse.
Task<mesh::Cluster> onboard(World& world, run::PreparedVault prepared) {
    auto& mesh = world.mesh();
    world.expect_ok(mesh.add_account(world.account_for(prepared, "vault-one")),
                    "saving the account");
    auto labelled = world.account_for(prepared, "vault-two");
    labelled.label = "our own label";
    world.expect_ok(mesh.add_account(labelled), "saving a second account with a label of its own");
    world.expect(mesh.accounts().size() == 2 &&
                     mesh.accounts()[0].label() == "Certificate Authority: vault-one" &&
                     mesh.accounts()[1].label() == "our own label",
                 "the labels are not the generated one and the given one");

    mesh::ClusterSpec spec{.name = "alpha",
                           .ca_label = "Certificate Authority: vault-one",
                           .kube = world.kube().admin,
                           .mesh_namespace = world.target().mesh_namespace,
                           .workload_namespace = world.target().workload_namespace};
    world.expect_refused(co_await mesh.onboard(spec), "trust domain",
                         "onboarding before the trust domain is set");
    world.expect_refused(co_await mesh.create_global_namespace("shop", {"alpha"}), "trust domain",
                         "a global namespace before the trust domain is set");
    world.expect_refused(mesh.set_trust_domain("spiffe://" + prepared.trust_domain), "trust domain",
                         "a URI as trust domain");
    world.expect_ok(mesh.set_trust_domain(prepared.trust_domain), "setting the trust domain");
    auto unlabelled = spec;
    unlabelled.ca_label = "Certificate Authority: nobody";
    world.expect_refused(co_await mesh.onboard(unlabelled), "no account has the CA label",
                         "onboarding with an unknown label");
    auto cluster = require(co_await mesh.onboard(spec), "onboard the cluster");
    world.expect_refused(co_await mesh.onboard(spec), "alpha",
                         "onboarding under a name that is taken");
    co_return cluster;
}

// "During onboarding, the Vault CA configuration is pushed … and the root and intermediate
// certificates are uploaded."
Task<void> expect_onboarded(World& world, run::PreparedVault prepared, mesh::Cluster cluster) {
    const auto& ns = world.target().mesh_namespace;
    world.expect_ok(co_await world.kube().admin.service_account(ns, prepared.service_account),
                    "the service account in the mesh's namespace");
    bool pushed = false;
    for (const auto& secret :
         require(co_await world.kube().admin.list_secrets(ns), "list the secrets of " + ns)) {
        pushed |= std::ranges::any_of(secret.data, [&](const auto& entry) {
            return entry.second.find(prepared.pki_path()) != std::string::npos;
        });
    }
    world.expect(pushed, "no CA configuration that names {} is in {}", prepared.pki_path(), ns);
    const auto trust = cluster.trust_store();
    for (const auto& certificate :
         require(crypto::Certificate::all_from_pem(prepared.ca_chain_pem))) {
        world.expect(std::ranges::find(trust, certificate) != trust.end(),
                     "the trust store lacks \"{}\"", certificate.subject_line());
    }
}

Task<void> expect_workloads(World& world, run::PreparedVault prepared, mesh::Cluster cluster) {
    co_await deploy_ready(world, cluster, {"web", "api"});
    const auto issuer = require(crypto::Certificate::all_from_pem(prepared.ca_chain_pem)).front();
    for (const auto& workload : {"web", "api"}) {
        const auto leaf = leaf_of(cluster, workload);
        const auto id = spiffe::svid_id(leaf);
        world.expect(id && *id == world.workload_id(world.mesh().trust_domain(), workload),
                     "the leaf of {} is for {}", workload, id ? id->text() : id.error().message);
        world.expect(leaf.signed_by(issuer), "the leaf of {} is not signed by the intermediate",
                     workload);
    }
    co_await expect_talk(world, {cluster, "web"}, {cluster, "api"}, "after onboarding");
}

// Results: the health of the CA, by cluster and by global namespace. What to do next: editing and
// deleting accounts.
Task<void> expect_results(World& world) {
    auto& mesh = world.mesh();
    const auto health = co_await await_health(world, "alpha", true);
    world.expect(health.text() == "CA: Connected", "the cluster is \"{}\": {}", health.text(),
                 health.reason);
    world.expect_ok(co_await mesh.create_global_namespace("shop", {"alpha"}),
                    "creating a global namespace");
    const auto shop = co_await mesh.global_namespace_health("shop");
    if (world.expect_ok(shop, "the global namespace's health")) {
        world.expect(shop->healthy, "the global namespace is not Healthy: {}", shop->reason);
        const auto alpha = shop->clusters.find("alpha");
        const auto shown = alpha == shop->clusters.end() ? mesh::CaHealth{} : alpha->second;
        world.expect(shown.connected, "the global namespace shows its cluster as \"{}\": {}",
                     shown.text(), shown.reason);
    }
    world.expect_ok(co_await mesh.edit_account(
                        "vault-one", {.description = "the first one", .service_account = {}}),
                    "editing the description");
    world.expect(mesh.accounts().front().description() == "the first one",
                 "the description was not changed");
    world.expect_ok(co_await mesh.delete_account("vault-two"),
                    "deleting an account that no cluster uses");
    world.expect_refused(co_await mesh.delete_account("vault-one"), "alpha",
                         "deleting an account in use without a word");
}

Task<void> full_integration(World& world) {
    run::Recipe recipe;
    recipe.root_ttl = root_life;
    recipe.intermediate_ttl = intermediate_life;
    recipe.role_max_ttl = role_max_ttl;
    recipe.ca_key_type = "rsa";
    const auto prepared = co_await world.prepare_vault(world.vault(), world.kube(), recipe);
    co_await expect_pki(world, prepared);
    co_await expect_cluster_ca(world);
    co_await expect_auth(world, prepared);
    const auto cluster = co_await onboard(world, prepared);
    co_await expect_onboarded(world, prepared, cluster);
    co_await expect_rights(world, prepared);
    co_await expect_workloads(world, prepared, cluster);
    co_await expect_results(world);
}

}  // namespace

extern const run::Scenario flow_full_integration{
    .id = "flow/full-integration",
    .sentence =
        "Every step of the integration page, in its order, ends with CA: Connected and mTLS "
        "between the services.",
    .source =
        "integration page §2 §4-8 §12-14 §17-23 §25 §36-38 §40-41 §43 §45-46 §48 (Procedure and "
        "Results); wire contract K",
    .run = full_integration,
};

}  // namespace meshproof::scenarios
