// What a projected token says, and what it can be bound to.
#include "conformance/kube/steps.hpp"

namespace meshproof::conformance {
namespace {

using namespace kube_steps;

constexpr std::int64_t year = 31536000;
// What kubelets ask for (--service-account-extend-token-expiration).
constexpr std::int64_t kubelets_hour = 3607;

Json to(std::string_view kind, std::string_view name) {
    return {{"kind", kind}, {"apiVersion", "v1"}, {"name", name}};
}

std::int64_t number_at(const Json& object, const char* pointer) {
    const auto value = at(object, pointer);
    return value.is_number_integer() ? value.get<std::int64_t>() : 0;
}

Task<Reply> bound(Probe& probe, Home home, Json reference) {
    Json body = {{"spec", {{"boundObjectRef", std::move(reference)}}}};
    co_return co_await probe.kube("POST", home.token_path(), std::move(body));
}

}  // namespace

std::vector<Check> kube_tokenrequest_claims() {
    return {
        {.name = "claims-are-complete",
         .requirement = "A token has aud (a list), exp, iat, nbf = iat, iss, a jti of its own, sub "
                        "and kubernetes.io with namespace and serviceaccount, and no other claim.",
         .rows = {165},
         .level = Level::must,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto home = co_await kube_steps::home(probe);
             const auto account =
                 co_await probe.set_up_kube("GET", home.accounts() + "/" + home.account);
             Json spec = {{"audiences", {"vault"}}};
             const auto claims = claims_of(probe, co_await token(probe, home, std::move(spec)));
             probe.expect_keys(claims,
                               {"aud", "exp", "iat", "nbf", "iss", "jti", "sub", "kubernetes.io"},
                               "the claims");
             probe.expect_equal(at(claims, "/aud"), Json::array({"vault"}), "aud");
             probe.expect_equal(at(claims, "/nbf"), at(claims, "/iat"), "nbf");
             probe.expect_equal(at(claims, "/sub"), home.user(), "sub");
             const Json own = {
                 {"namespace", home.ns},
                 {"serviceaccount",
                  {{"name", home.account}, {"uid", at(account.json, "/metadata/uid")}}}};
             probe.expect_equal(at(claims, "/kubernetes.io"), own, "kubernetes.io");
             const auto again = claims_of(probe, co_await token(probe, home));
             probe.expect(at(claims, "/jti") != at(again, "/jti"), "two tokens have the same jti");
         }},

        {.name = "header-names-the-key",
         .requirement = "A token's header has alg RS256 or ES256 and a kid.",
         .rows = {165},
         .level = Level::must,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto home = co_await kube_steps::home(probe);
             const auto header = header_of(probe, co_await token(probe, home));
             const auto algorithm = text_at(header, "/alg");
             probe.expect(algorithm == "RS256" || algorithm == "ES256", "alg is \"{}\"", algorithm);
             probe.expect(!text_at(header, "/kid").empty(), "there is no kid");
         }},

        {.name = "a-kubelets-token-is-extended",
         .requirement = "A token of exactly 3607 s, bound to a pod and for the API server, lives a "
                        "year and says warnafter, while the answer says 3607 s.",
         .rows = {165},
         .level = Level::should,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto home = co_await kube_steps::home(probe);
             (void)co_await pod(probe, home, "web-0");
             Json body = {
                 {"spec",
                  {{"expirationSeconds", kubelets_hour}, {"boundObjectRef", to("Pod", "web-0")}}}};
             const auto reply =
                 co_await probe.set_up_kube("POST", home.token_path(), std::move(body));
             const auto claims = claims_of(probe, Secret(text_at(reply.json, "/status/token")));
             const auto issued = number_at(claims, "/iat");
             probe.expect_equal(number_at(claims, "/exp") - issued, year, "exp - iat");
             probe.expect_equal(number_at(claims, "/kubernetes.io/warnafter") - issued,
                                kubelets_hour, "warnafter - iat");
             const auto told_at = parse_rfc3339(text_at(reply.json, "/status/expirationTimestamp"));
             // The server looks at its clock twice.
             probe.expect(told_at && std::abs(unix_seconds(*told_at) - issued - kubelets_hour) <= 1,
                          "status.expirationTimestamp is not 3607 s after iat");
         }},

        {.name = "no-other-is-extended",
         .requirement = "An unbound token of 3607 s, one for another audience and one of 3608 s "
                        "live as long as was asked.",
         .rows = {165},
         .level = Level::must,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto home = co_await kube_steps::home(probe);
             (void)co_await pod(probe, home, "web-0");
             const Json specs[] = {{{"expirationSeconds", kubelets_hour}},
                                   {{"expirationSeconds", kubelets_hour},
                                    {"boundObjectRef", to("Pod", "web-0")},
                                    {"audiences", {"vault"}}},
                                   {{"expirationSeconds", kubelets_hour + 1},
                                    {"boundObjectRef", to("Pod", "web-0")}}};
             for (const auto& spec : specs) {
                 const auto claims = claims_of(probe, co_await token(probe, home, spec));
                 probe.expect_equal(number_at(claims, "/exp") - number_at(claims, "/iat"),
                                    spec["expirationSeconds"], "exp - iat");
                 probe.expect(at(claims, "/kubernetes.io/warnafter").is_null(),
                              "warnafter is there");
             }
         }},

        {.name = "pods-are-named",
         .requirement = "A token bound to a pod names the pod with its uid, and the answer echoes "
                        "the reference.",
         .rows = {165, 186},
         .level = Level::must,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto home = co_await kube_steps::home(probe);
             const auto uid = co_await pod(probe, home, "web-0");
             Json reference = to("Pod", "web-0");
             reference["uid"] = uid;
             Json body = {{"spec", {{"boundObjectRef", reference}}}};
             const auto reply = co_await probe.kube("POST", home.token_path(), std::move(body));
             probe.expect_status(reply, 201);
             probe.expect_equal(at(reply.json, "/spec/boundObjectRef"), reference,
                                "spec.boundObjectRef");
             const auto claims = claims_of(probe, Secret(text_at(reply.json, "/status/token")));
             const Json expected = {{"name", "web-0"}, {"uid", uid}};
             probe.expect_equal(at(claims, "/kubernetes.io/pod"), expected, "kubernetes.io.pod");
             probe.expect(at(claims, "/kubernetes.io/node").is_null(), "a node is named");
         }},

        {.name = "a-pods-node-is-named",
         .requirement = "A token bound to a pod that is on a node names the node as well.",
         .rows = {165, 186},
         .level = Level::should,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto home = co_await kube_steps::home(probe);
             const auto node = probe.name("node");
             Json node_body = {{"metadata", {{"name", node}}}};
             probe.at_end_kube("DELETE", "/api/v1/nodes/" + node);
             const auto uid = co_await make(probe, "/api/v1/nodes", std::move(node_body));
             (void)co_await pod(probe, home, "web-0", node);
             Json spec = {{"boundObjectRef", to("Pod", "web-0")}};
             const auto claims = claims_of(probe, co_await token(probe, home, std::move(spec)));
             const Json expected = {{"name", node}, {"uid", uid}};
             probe.expect_equal(at(claims, "/kubernetes.io/node"), expected, "kubernetes.io.node");
             co_await remove(probe, core_path(home.ns, "pods", "web-0"));
         }},

        {.name = "secrets-are-named",
         .requirement = "A token bound to a Secret names the Secret with its uid.",
         .rows = {165, 186},
         .level = Level::should,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto home = co_await kube_steps::home(probe);
             Json secret = {{"metadata", {{"name", "s"}}}};
             const auto uid =
                 co_await make(probe, core_path(home.ns, "secrets"), std::move(secret));
             Json spec = {{"boundObjectRef", to("Secret", "s")}};
             const auto claims = claims_of(probe, co_await token(probe, home, std::move(spec)));
             const Json expected = {{"name", "s"}, {"uid", uid}};
             probe.expect_equal(at(claims, "/kubernetes.io/secret"), expected,
                                "kubernetes.io.secret");
         }},

        {.name = "absent-objects-are-404",
         .requirement = "A token bound to a pod, Secret or node that is not there is 404.",
         .rows = {164, 186},
         .level = Level::must,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto home = co_await kube_steps::home(probe);
             const auto no_pod = co_await bound(probe, home, to("Pod", "nothing"));
             expect_refusal(probe, no_pod, 404, "NotFound", "pods \"nothing\" not found");
             const auto no_secret = co_await bound(probe, home, to("Secret", "nothing"));
             expect_refusal(probe, no_secret, 404, "NotFound", "secrets \"nothing\" not found");
             const auto node = probe.name("nothing");
             const auto no_node = co_await bound(probe, home, to("Node", node));
             expect_refusal(probe, no_node, 404, "NotFound",
                            fmt::format("nodes \"{}\" not found", node));
         }},

        {.name = "another-uid-is-409",
         .requirement = "A reference with another uid than the object's is 409 Conflict.",
         .rows = {186},
         .level = Level::must,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto home = co_await kube_steps::home(probe);
             (void)co_await pod(probe, home, "web-0");
             auto reference = to("Pod", "web-0");
             reference["uid"] = "11111111-2222-3333-4444-555555555555";
             const auto reply = co_await bound(probe, home, std::move(reference));
             expect_refusal(probe, reply, 409, "Conflict", "UID");
         }},

        {.name = "another-accounts-pod-is-400",
         .requirement = "A token cannot be bound to a pod of another service account: 400.",
         .rows = {186},
         .level = Level::must,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto home = co_await kube_steps::home(probe);
             co_await probe.service_account(home.ns, "other");
             (void)co_await pod(probe, {home.ns, "other"}, "web-0");
             const auto reply = co_await bound(probe, home, to("Pod", "web-0"));
             expect_refusal(probe, reply, 400, "BadRequest",
                            "cannot bind token for serviceaccount \"app\"");
         }},

        {.name = "other-kinds-are-400",
         .requirement = "A token cannot be bound to a ConfigMap: 400 with the kind.",
         .rows = {186},
         .level = Level::should,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto home = co_await kube_steps::home(probe);
             const auto reply = co_await bound(probe, home, to("ConfigMap", "kube-root-ca.crt"));
             expect_refusal(probe, reply, 400, "BadRequest",
                            "cannot bind token to object of type /v1, Kind=ConfigMap");
         }},
    };
}

}  // namespace meshproof::conformance
