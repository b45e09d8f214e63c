// Logins that the target's own API server decides.
#include "conformance/kube/steps.hpp"
#include "conformance/vault/kubernetes_auth/steps.hpp"

namespace meshproof::conformance {
namespace {

using kube_steps::bind_cluster_role;
using kubernetes_auth::token_of;

/// An auth mount for the target's API server, a namespace, and two accounts: `reviewer`, which may
/// review tokens, and `web`.
struct Ground {
    std::string mount, ns;
    Secret reviewer;
};

/// The ClusterRole that lets an account review tokens.
constexpr auto* delegator = "system:auth-delegator";

Task<void> configure(Probe& probe, std::string mount, Secret reviewer) {
    const auto& access = probe.site().target.clusters.front();
    Json body{{"kubernetes_host", access.endpoint.url.text()},
              {"kubernetes_ca_cert", access.ca_pem}};
    if (!reviewer.empty()) {
        body["token_reviewer_jwt"] = reviewer.reveal();
    }
    (void)co_await probe.set_up("POST", fmt::format("auth/{}/config", mount), std::move(body));
}

Task<Ground> ground(Probe& probe) {
    Ground made;
    made.ns = co_await probe.kube_namespace();
    co_await probe.service_account(made.ns, "reviewer");
    co_await probe.service_account(made.ns, "web");
    co_await bind_cluster_role(probe, {made.ns, "reviewer"}, delegator);
    made.reviewer = co_await probe.service_account_token(made.ns, "reviewer");
    made.mount = co_await probe.auth_mount();
    co_await configure(probe, made.mount, made.reviewer);
    co_return made;
}

Task<void> role(Probe& probe, Ground ground, Json more = Json::object()) {
    Json body{{"bound_service_account_names", "web"},
              {"bound_service_account_namespaces", ground.ns},
              {"token_ttl", "10m"}};
    body.merge_patch(more);
    (void)co_await probe.set_up("POST", fmt::format("auth/{}/role/app", ground.mount),
                                std::move(body));
}

Task<Reply> login(Probe& probe, std::string mount, Secret jwt) {
    Json body{{"role", "app"}, {"jwt", jwt.reveal()}};
    return probe.vault("POST", fmt::format("auth/{}/login", mount), std::move(body), As::nobody());
}

kube::TokenRequest for_audience(std::vector<std::string> audiences) {
    kube::TokenRequest request;
    request.audiences = std::move(audiences);
    return request;
}

/// The endless token of the account's own Secret "ACCOUNT-token".
Task<Secret> legacy_token(Probe& probe, std::string ns, std::string account) {
    const auto secret =
        co_await kube_steps::legacy_secret(probe, {ns, account}, account + "-token");
    co_return kube_steps::token_in(probe, secret);
}

}  // namespace

std::vector<Check> vault_kubernetes_auth_cluster() {
    return {
        {.name = "a-projected-token",
         .requirement = "A token that the API server issued for the role's audience and account "
                        "logs in, and another account's does not.",
         .rows = {145, 146, 149, 153},
         .level = Level::must,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto made = co_await ground(probe);
             co_await role(probe, made, Json{{"audience", "vault"}});
             const auto jwt =
                 co_await probe.service_account_token(made.ns, "web", for_audience({"vault"}));
             const auto reply = co_await login(probe, made.mount, jwt);
             probe.expect_status(reply, 200);
             const auto metadata =
                 reply.json.value("auth", Json::object()).value("metadata", Json::object());
             probe.expect_equal(metadata.value("service_account_name", Json()), "web",
                                "metadata.service_account_name");
             const auto other =
                 co_await probe.service_account_token(made.ns, "reviewer", for_audience({"vault"}));
             const auto refused = co_await login(probe, made.mount, other);
             probe.expect_plain_error(refused, 403, "service account name not authorized");
         }},

        {.name = "its-own-review-needs-two-audiences",
         .requirement = "Without a reviewer, a token for Vault's audience alone cannot review "
                        "itself; one that is also for the API server can.",
         .rows = {151},
         .level = Level::must,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto made = co_await ground(probe);
             co_await configure(probe, made.mount, Secret());
             co_await role(probe, made);
             co_await bind_cluster_role(probe, {made.ns, "web"}, delegator);
             const auto narrow =
                 co_await probe.service_account_token(made.ns, "web", for_audience({"vault"}));
             const auto refused = co_await login(probe, made.mount, narrow);
             probe.expect_plain_error(refused, 403, "permission denied");
             // The API server's own audience: that of a token which asks for none.
             const auto plain = co_await probe.service_account_token(made.ns, "web");
             const auto own = kube_steps::text_at(kube_steps::claims_of(probe, plain), "/aud/0");
             const auto wide =
                 co_await probe.service_account_token(made.ns, "web", for_audience({"vault", own}));
             const auto good = co_await login(probe, made.mount, wide);
             probe.expect_status(good, 200);
         }},

        {.name = "its-own-review-needs-the-right",
         .requirement = "Without a reviewer, the workload needs system:auth-delegator.",
         .rows = {151},
         .level = Level::should,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto made = co_await ground(probe);
             co_await configure(probe, made.mount, Secret());
             co_await role(probe, made);
             const auto jwt = co_await probe.service_account_token(made.ns, "web");
             const auto refused = co_await login(probe, made.mount, jwt);
             probe.expect_plain_error(refused, 403, "permission denied");
         }},

        {.name = "a-deleted-account",
         .requirement = "A deleted account can no longer log in once the API server has noticed, "
                        "and the tokens that it has live on.",
         .rows = {156, 148, 187},
         .level = Level::must,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto made = co_await ground(probe);
             co_await role(probe, made);
             const auto jwt = co_await probe.service_account_token(made.ns, "web");
             const auto before = co_await login(probe, made.mount, jwt);
             const auto token = token_of(probe, before);
             (void)co_await probe.set_up_kube(
                 "DELETE", fmt::format("/api/v1/namespaces/{}/serviceaccounts/web", made.ns));
             // The API server may know the token for some ten seconds more.
             Reply after;
             for (int second = 0; second < 15; ++second) {
                 after = co_await login(probe, made.mount, jwt);
                 if (after.status == 403) {
                     break;
                 }
                 co_await probe.wait(std::chrono::seconds(1));
             }
             probe.expect_plain_error(after, 403, "permission denied");
             const auto self =
                 co_await probe.vault("GET", "auth/token/lookup-self", {}, As::bearer(token));
             probe.expect_status(self, 200);
         }},

        {.name = "a-legacy-token",
         .requirement = "A legacy token logs in where the role has no audience, and its Secret is "
                        "named in the metadata.",
         .rows = {187, 153},
         .level = Level::should,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto made = co_await ground(probe);
             co_await role(probe, made);
             const auto jwt = co_await legacy_token(probe, made.ns, "web");
             const auto reply = co_await login(probe, made.mount, jwt);
             probe.expect_status(reply, 200);
             const auto metadata =
                 reply.json.value("auth", Json::object()).value("metadata", Json::object());
             probe.expect_equal(metadata.value("service_account_secret_name", Json()), "web-token",
                                "metadata.service_account_secret_name");
             co_await role(probe, made, Json{{"audience", "vault"}});
             const auto bound = co_await login(probe, made.mount, jwt);
             probe.expect_plain_error(bound, 403, "invalid audience (aud) claim");
         }},

        {.name = "a-legacy-reviewer",
         .requirement = "A legacy token is good as reviewer, for clients of any audience.",
         .rows = {187},
         .level = Level::should,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto made = co_await ground(probe);
             const auto reviewer = co_await legacy_token(probe, made.ns, "reviewer");
             co_await configure(probe, made.mount, reviewer);
             co_await role(probe, made, Json{{"audience", "vault"}});
             const auto jwt =
                 co_await probe.service_account_token(made.ns, "web", for_audience({"vault"}));
             const auto reply = co_await login(probe, made.mount, jwt);
             probe.expect_status(reply, 200);
         }},
    };
}

}  // namespace meshproof::conformance
