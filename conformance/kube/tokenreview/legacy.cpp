// The endless tokens of Secrets of type kubernetes.io/service-account-token.
#include "conformance/kube/steps.hpp"
#include "core/base/text.hpp"

namespace meshproof::conformance {
namespace {

using namespace kube_steps;

constexpr const char* account_annotation =
    "/metadata/annotations/kubernetes.io~1service-account.uid";

Json secret_for(std::string_view name, Json annotations) {
    return {{"metadata", {{"name", name}, {"annotations", std::move(annotations)}}},
            {"type", "kubernetes.io/service-account-token"}};
}

/// Whether the Secret is gone within ten seconds.
Task<bool> goes(Probe& probe, std::string path) {
    for (int round = 0; round < 50; ++round) {
        const auto reply = co_await probe.kube("GET", path);
        if (reply.status == 404) {
            co_return true;
        }
        co_await probe.wait(std::chrono::milliseconds(200));
    }
    co_return false;
}

}  // namespace

std::vector<Check> kube_tokenreview_legacy() {
    return {
        {.name = "is-filled",
         .requirement = "A Secret of type kubernetes.io/service-account-token is filled with "
                        "token, ca.crt and namespace, and annotated with the account's uid.",
         .rows = {166},
         .level = Level::must,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto home = co_await kube_steps::home(probe);
             const auto account =
                 co_await probe.set_up_kube("GET", home.accounts() + "/" + home.account);
             const auto secret = co_await legacy_secret(probe, home, "token");
             probe.expect_keys(at(secret, "/data"), {"token", "ca.crt", "namespace"}, "data");
             probe.expect_equal(from_base64(text_at(secret, "/data/namespace")).value_or(""),
                                home.ns, "data.namespace");
             const auto ca = from_base64(text_at(secret, "/data/ca.crt")).value_or("");
             probe.expect(ca.find("BEGIN CERTIFICATE") != std::string::npos,
                          "data.ca.crt is no certificate");
             probe.expect_equal(at(secret, account_annotation), at(account.json, "/metadata/uid"),
                                "annotation kubernetes.io/service-account.uid");
         }},

        {.name = "needs-its-annotation",
         .requirement = "Such a Secret without the annotation kubernetes.io/service-account.name "
                        "is 422.",
         .rows = {166},
         .level = Level::should,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto home = co_await kube_steps::home(probe);
             const auto reply = co_await probe.kube("POST", core_path(home.ns, "secrets"),
                                                    secret_for("token", Json::object()));
             expect_refusal(probe, reply, 422, "Invalid", "kubernetes.io/service-account.name");
             const auto causes = at(reply.json, "/details/causes");
             probe.expect(causes.is_array() && !causes.empty() &&
                              text_at(causes.at(0), "/reason") == "FieldValueRequired",
                          "the cause is not FieldValueRequired");
         }},

        {.name = "claims-are-flat",
         .requirement = "A legacy token's claims are flat, of issuer kubernetes/serviceaccount, "
                        "without aud, exp, iat, nbf and jti.",
         .rows = {166},
         .level = Level::should,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto home = co_await kube_steps::home(probe);
             const auto account =
                 co_await probe.set_up_kube("GET", home.accounts() + "/" + home.account);
             const auto secret = co_await legacy_secret(probe, home, "token");
             const auto claims = claims_of(probe, token_in(probe, secret));
             const Json expected = {
                 {"iss", "kubernetes/serviceaccount"},
                 {"kubernetes.io/serviceaccount/namespace", home.ns},
                 {"kubernetes.io/serviceaccount/secret.name", "token"},
                 {"kubernetes.io/serviceaccount/service-account.name", home.account},
                 {"kubernetes.io/serviceaccount/service-account.uid",
                  at(account.json, "/metadata/uid")},
                 {"sub", home.user()}};
             probe.expect_equal(claims, expected, "the claims");
         }},

        {.name = "is-for-the-api-alone",
         .requirement = "A legacy token is good for the API server's own audience, without extra, "
                        "and for no other.",
         .rows = {159, 166},
         .level = Level::must,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto home = co_await kube_steps::home(probe);
             const auto endless = token_in(probe, co_await legacy_secret(probe, home, "token"));
             const auto good = co_await review(probe, endless);
             expect_authenticated(probe, good);
             probe.expect(at(good.json, "/status/user/extra").is_null(),
                          "the user of a legacy token has no extra");
             Json other = {"vault"};
             const auto refused = co_await review(probe, endless, std::move(other));
             expect_unauthenticated(probe, refused,
                                    "is invalid for the target audiences [\"vault\"]");
         }},

        {.name = "its-use-is-noted",
         .requirement = "Use of a legacy token labels its Secret with the day: "
                        "kubernetes.io/legacy-token-last-used.",
         .rows = {166},
         .level = Level::may,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto home = co_await kube_steps::home(probe);
             const auto endless = token_in(probe, co_await legacy_secret(probe, home, "token"));
             const auto good = co_await review(probe, endless);
             expect_authenticated(probe, good);
             const auto secret =
                 co_await probe.set_up_kube("GET", core_path(home.ns, "secrets", "token"));
             const auto date =
                 text_at(secret.json, "/metadata/labels/kubernetes.io~1legacy-token-last-used");
             probe.expect_equal(date, rfc3339(probe.clock().now()).substr(0, 10),
                                "the day of its last use");
         }},

        {.name = "ends-with-its-secret",
         .requirement = "A legacy token whose Secret is gone is refused: Token has been "
                        "invalidated.",
         .rows = {160, 166},
         .level = Level::must,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto home = co_await kube_steps::home(probe);
             const auto endless = token_in(probe, co_await legacy_secret(probe, home, "token"));
             co_await remove(probe, core_path(home.ns, "secrets", "token"));
             const auto reply = co_await review(probe, endless);
             expect_unauthenticated(probe, reply, "Token has been invalidated");
         }},

        {.name = "of-nobody-is-removed",
         .requirement = "A token Secret that names an account that is not there is removed.",
         .rows = {166},
         .level = Level::may,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto home = co_await kube_steps::home(probe);
             Json annotations = {{"kubernetes.io/service-account.name", "nobody"}};
             (void)co_await make(probe, core_path(home.ns, "secrets"),
                                 secret_for("token", std::move(annotations)));
             const bool gone = co_await goes(probe, core_path(home.ns, "secrets", "token"));
             probe.expect(gone, "the Secret of an account that is not there stays");
         }},

        {.name = "goes-with-its-account",
         .requirement = "A service account's token Secrets go with it.",
         .rows = {166},
         .level = Level::should,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto home = co_await kube_steps::home(probe);
             (void)co_await legacy_secret(probe, home, "token");
             co_await remove(probe, home.accounts() + "/" + home.account);
             const bool gone = co_await goes(probe, core_path(home.ns, "secrets", "token"));
             probe.expect(gone, "the Secret of a deleted account stays");
         }},

        {.name = "is-not-made-unasked",
         .requirement = "A new service account has no token Secret.",
         .rows = {166},
         .level = Level::may,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto home = co_await kube_steps::home(probe);
             const auto secrets = co_await probe.set_up_kube("GET", core_path(home.ns, "secrets"));
             probe.expect_equal(at(secrets.json, "/items"), Json::array(),
                                "the namespace's Secrets");
             const auto account =
                 co_await probe.set_up_kube("GET", home.accounts() + "/" + home.account);
             probe.expect(at(account.json, "/secrets").is_null(), "the account lists Secrets");
         }},
    };
}

}  // namespace meshproof::conformance
