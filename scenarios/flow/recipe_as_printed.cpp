#include "core/crypto/life.hpp"
#include "core/run/sweep.hpp"
#include "scenarios/steps.hpp"

// Step 1 of the integration page word for word, and where the servers refuse it.
namespace meshproof::scenarios {
namespace {

using vault::Json;

const Duration system_max_ttl = as_written("768h");  // of an untuned mount (row 70)
constexpr std::string_view longer_than = "is longer than permitted maxTTL";

struct Printed {
    std::string root, pki, auth, service_account;
};

bool warned(const std::vector<std::string>& warnings) {
    return std::ranges::any_of(
        warnings, [](const auto& text) { return text.find(longer_than) != std::string::npos; });
}

bool capped(const crypto::Certificate& certificate, Duration took) {
    const auto dated_back = as_written("30s");  // row 71
    return crypto::lives_for(certificate, system_max_ttl + dated_back, took);
}

// A mount that nobody tuned cuts the page's 8760 h and 4380 h to 768 h.
Task<void> set_up_pki(World& world, Printed printed) {
    const auto& site = world.vault();
    const auto admin = site.admin;
    for (const auto& mount : {printed.root, printed.pki}) {
        world.at_end("secrets engine " + mount,
                     [admin, mount] { return admin.disable_secrets(mount); });
        require(co_await admin.enable_secrets(mount, "pki", world.mark().text()),
                "enable " + mount);
    }
    const auto before = world.clock().elapsed();
    const auto root = require(
        co_await admin.generate_root(printed.root, Json{{"common_name", "svc"}, {"ttl", "8760h"}}),
        "generate the root");
    world.expect(capped(root.certificate, world.clock().elapsed() - before),
                 "the root of an untuned mount is not cut to 768 h: it ends at {}",
                 rfc3339(root.certificate.not_after()));
    const bool says_so = site.product == vault::Product::openbao;
    world.expect(warned(root.warnings) == says_so, "{} {} about the root's ttl",
                 vault::to_string(site.product), says_so ? "does not warn" : "warns");
    const auto csr = require(co_await admin.generate_intermediate_csr(
                                 printed.pki, Json{{"common_name", "svc Intermediate Authority"}}),
                             "generate the intermediate's request");
    const auto made =
        require(co_await admin.sign_intermediate(
                    printed.root, Json{{"csr", csr}, {"format", "pem_bundle"}, {"ttl", "4380h"}}),
                "sign the intermediate");
    world.expect(warned(made.warnings), "nobody warns about the intermediate's ttl");
    world.expect(capped(made.certificates.front(), {}),
                 "the intermediate of an untuned mount is not cut to 768 h");
    require(co_await admin.set_signed(printed.pki, made.certificate_pem),
            "install the intermediate");

    world.at_end("policy " + printed.pki,
                 [admin, policy = printed.pki] { return admin.delete_policy(policy); });
    require(
        co_await admin.write_policy(
            printed.pki,
            world.mark().in_policy(fmt::format(
                "path \"{0}*\" {{ capabilities = [\"read\", \"list\"] }}\n"
                "path \"{0}/sign/example-dot-com\" {{ capabilities = [\"create\", \"update\"] }}\n"
                "path \"{0}/issue/example-dot-com\" {{ capabilities = [\"create\"] }}\n",
                printed.pki))),
        "write the policy");
}

Task<void> write_role(World& world, Printed printed, Json changes) {
    Json role{{"allowed_domains", "svc"},
              {"allow_subdomains", true},
              {"max_ttl", "720h"},
              {"require_cn", false},
              {"allowed_uri_sans", "spiffe://cluster.local/*"}};
    role.update(changes);
    require(co_await world.vault().admin.write_role(printed.pki, "example-dot-com", role),
            "write the signing role");
}

Task<Secret> set_up_auth(World& world, Printed printed) {
    const auto admin = world.vault().admin;
    const auto kube = world.kube().admin;
    const auto ns = world.target().mesh_namespace;
    world.at_end("auth method " + printed.auth,
                 [admin, mount = printed.auth] { return run::remove_auth_method(admin, mount); });
    require(co_await admin.enable_auth(printed.auth, "kubernetes", world.mark().text()),
            "enable Kubernetes auth");
    require(co_await admin.configure_kubernetes(printed.auth, {.host = world.kube().review_url,
                                                               .ca_pem = world.kube().ca_pem,
                                                               .reviewer_token = {}}),
            "configure Kubernetes auth");
    require(co_await admin.write_kubernetes_role(printed.auth, "pki_int",
                                                 {.service_accounts = {printed.service_account},
                                                  .namespaces = {ns},
                                                  .policies = {printed.pki},
                                                  .ttl = as_written("1h"),
                                                  .max_ttl = {},
                                                  .audience = {},
                                                  .token_type = {}}),
            "write the named role");
    world.at_end("service account " + printed.service_account,
                 [kube, ns, name = printed.service_account] {
                     return kube.delete_service_account(ns, name);
                 });
    require(co_await kube.create_service_account({.name = printed.service_account,
                                                  .namespace_name = ns,
                                                  .uid = {},
                                                  .resource_version = {},
                                                  .labels = world.labels(),
                                                  .annotations = {}}),
            "create the service account");
    co_return co_await token_of(world, world.kube(), printed.service_account);
}

// The page does not say that the service account must be allowed to review tokens (rows 151 and
// 162).
Task<Secret> log_in(World& world, Printed printed, Secret jwt) {
    expect_bare_denial(world, co_await login(world.vault(), printed.auth, "pki_int", jwt),
                       "a login without system:auth-delegator");
    const auto kube = world.kube().admin;
    const auto binding = world.name("printed-delegator");
    world.at_end("cluster role binding " + binding,
                 [kube, binding] { return kube.delete_cluster_role_binding(binding); });
    require(co_await kube.bind_auth_delegator(binding, world.target().mesh_namespace,
                                              printed.service_account, world.labels()),
            "grant system:auth-delegator");
    // The API server takes up new bindings a moment later.
    const auto until = world.clock().elapsed() + world.leaf_ttl();
    auto granted = co_await login(world.vault(), printed.auth, "pki_int", jwt);
    while (!granted && world.clock().elapsed() < until) {
        co_await world.clock().sleep_for(world.leaf_ttl() / 100);
        granted = co_await login(world.vault(), printed.auth, "pki_int", jwt);
    }
    if (!granted) {
        throw run::ScenarioEnded("a login with system:auth-delegator: " + granted.error().message);
    }
    co_return granted->token;
}

Task<void> recipe_as_printed(World& world) {
    const Printed printed{world.name("printed-pki"), world.name("printed-pki-int"),
                          world.name("printed-cluster"), world.name("printed-issuer")};
    const std::string uri = "spiffe://cluster.local/ns/default/sa/web";
    co_await set_up_pki(world, printed);
    co_await write_role(world, printed, Json::object());
    const auto jwt = co_await set_up_auth(world, printed);
    const auto workload = world.vault().admin.with_token(co_await log_in(world, printed, jwt));

    const auto ec = co_await workload.sign(printed.pki, "example-dot-com",
                                           request_for(uri, crypto::KeyType::p256));
    world.expect_refused(ec, "role requires keys of type rsa",
                         "signing an EC key, as mesh agents have");
    world.expect(!ec && ec.error().status == 400, "the refusal of an EC key is not 400");

    const auto issued =
        co_await workload.issue(printed.pki, "example-dot-com", Json{{"uri_sans", uri}});
    world.expect_refused(issued, "1 error occurred", "issue under a policy of only `create`");
    world.expect(!issued && issued.error().status == 403,
                 "issue under a policy of only `create` is not 403");

    // "For example, if you use the default project in Tanzu Service Mesh, set allowed_uri_sans to
    // cluster.local."
    const auto rsa = request_for(uri, crypto::KeyType::rsa_2048);
    co_await write_role(world, printed, Json{{"allowed_uri_sans", "cluster.local"}});
    world.expect_refused(co_await workload.sign(printed.pki, "example-dot-com", rsa),
                         "URI Subject Alternative Names",
                         "signing with allowed_uri_sans set to the bare trust domain");

    co_await write_role(world, printed, Json{{"key_type", "any"}});
    const auto corrected = co_await workload.sign(printed.pki, "example-dot-com",
                                                  request_for(uri, crypto::KeyType::p256));
    if (world.expect_ok(corrected, "signing an EC key with key_type=any")) {
        world.expect(warned(corrected->warnings),
                     "a request without a ttl is not warned of the cap of 720 h (row 92)");
    }
}

}  // namespace

extern const run::Scenario flow_recipe_as_printed{
    .id = "flow/recipe-as-printed",
    .sentence =
        "Step 1 of the page, word for word, is refused where it says less than the servers need: "
        "key type, token "
        "reviews, issue, the mount's max TTL and the bare trust domain.",
    .source = "integration page §13 §16 (step 1); wire contract K, 51, 70, 92, 102, 111, 151",
    .without_mtls = true,
    .run = recipe_as_printed,
};

}  // namespace meshproof::scenarios
