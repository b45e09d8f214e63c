// What a TokenReview answers for a token that is good.
#include "conformance/kube/steps.hpp"

namespace meshproof::conformance {
namespace {

using namespace kube_steps;

}  // namespace

std::vector<Check> kube_tokenreview_answer() {
    return {
        {.name = "is-created-and-complete",
         .requirement = "A TokenReview is created (201), and the answer has kind, apiVersion, "
                        "metadata, the spec that was sent and a status.",
         .rows = {158, 159},
         .level = Level::must,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto home = co_await kube_steps::home(probe);
             const auto good = co_await token(probe, home);
             const auto reply = co_await review(probe, good);
             expect_authenticated(probe, reply);
             probe.expect_keys(reply.json, {"kind", "apiVersion", "metadata", "spec", "status"},
                               "the body");
             probe.expect_equal(at(reply.json, "/kind"), "TokenReview", "kind");
             probe.expect_equal(at(reply.json, "/apiVersion"), "authentication.k8s.io/v1",
                                "apiVersion");
             probe.expect(text_at(reply.json, "/spec/token") == good.reveal(),
                          "spec.token is not the token that was asked about");
         }},

        {.name = "kind-may-be-omitted",
         .requirement = "kind and apiVersion may be left out of a TokenReview, as OpenBao and "
                        "Vault do.",
         .rows = {149, 158},
         .level = Level::must,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             Json spec = {{"token", "garbage"}};
             Json bare = {{"spec", spec}};
             const auto without =
                 co_await probe.kube("POST", std::string(token_reviews), std::move(bare));
             probe.expect_status(without, 201);
             Json named = {{"kind", "TokenReview"},
                           {"apiVersion", "authentication.k8s.io/v1"},
                           {"spec", spec}};
             const auto with =
                 co_await probe.kube("POST", std::string(token_reviews), std::move(named));
             probe.expect_status(with, 201);
             Json vaults = {{"metadata", {{"creationTimestamp", nullptr}}},
                            {"spec", spec},
                            {"status", {{"user", Json::object()}}}};
             const auto as_vault =
                 co_await probe.kube("POST", std::string(token_reviews), std::move(vaults));
             probe.expect_status(as_vault, 201);
         }},

        {.name = "can-only-be-created",
         .requirement = "GET and DELETE of tokenreviews are 405 MethodNotAllowed.",
         .rows = {158},
         .level = Level::should,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto read = co_await probe.kube("GET", std::string(token_reviews));
             expect_refusal(probe, read, 405, "MethodNotAllowed", "does not allow this method");
             const auto removed = co_await probe.kube("DELETE", std::string(token_reviews));
             expect_refusal(probe, removed, 405, "MethodNotAllowed", "does not allow this method");
         }},

        {.name = "v1beta1-is-gone",
         .requirement = "TokenReview v1beta1 is not served: 404 with a Status.",
         .rows = {158},
         .level = Level::should,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             Json body = {{"spec", {{"token", "garbage"}}}};
             const auto reply = co_await probe.kube(
                 "POST", "/apis/authentication.k8s.io/v1beta1/tokenreviews", std::move(body));
             expect_refusal(probe, reply, 404, "NotFound", "could not find the requested resource");
         }},

        {.name = "needs-a-token",
         .requirement = "A TokenReview with an empty token is 400 \"token is required for "
                        "TokenReview in authentication\".",
         .rows = {158},
         .level = Level::should,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             Json body = {{"spec", {{"token", ""}}}};
             const auto reply =
                 co_await probe.kube("POST", std::string(token_reviews), std::move(body));
             expect_refusal(probe, reply, 400, "BadRequest",
                            "token is required for TokenReview in authentication");
         }},

        {.name = "needs-a-body",
         .requirement = "A TokenReview without a body is 400.",
         .rows = {158},
         .level = Level::should,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             http::Headers headers = {{"Content-Type", "application/json"}};
             const auto reply = co_await probe.kube_raw("POST", std::string(token_reviews), "",
                                                        As::admin(), std::move(headers));
             expect_refusal(probe, reply, 400, "BadRequest", "couldn't get version/kind");
         }},

        {.name = "names-the-user",
         .requirement = "The user of a service account's token is "
                        "system:serviceaccount:NAMESPACE:NAME with the account's uid and its three "
                        "groups.",
         .rows = {150, 159},
         .level = Level::must,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto home = co_await kube_steps::home(probe);
             const auto account =
                 co_await probe.set_up_kube("GET", home.accounts() + "/" + home.account);
             const auto good = co_await token(probe, home);
             const auto reply = co_await review(probe, good);
             const auto user = at(reply.json, "/status/user");
             probe.expect_equal(at(user, "/username"), home.user(), "username");
             probe.expect_equal(at(user, "/uid"), at(account.json, "/metadata/uid"), "uid");
             const Json groups = {"system:serviceaccounts", "system:serviceaccounts:" + home.ns,
                                  "system:authenticated"};
             probe.expect_equal(at(user, "/groups"), groups, "groups");
         }},

        {.name = "tells-the-credential",
         .requirement = "The user's extra names the token's id, \"JTI=…\", under "
                        "authentication.kubernetes.io/credential-id.",
         .rows = {159},
         .level = Level::may,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto home = co_await kube_steps::home(probe);
             const auto good = co_await token(probe, home);
             const auto reply = co_await review(probe, good);
             const auto claims = claims_of(probe, good);
             const Json id = Json::array({"JTI=" + text_at(claims, "/jti")});
             probe.expect_equal(
                 at(reply.json, "/status/user/extra/authentication.kubernetes.io~1credential-id"),
                 id, "credential-id");
         }},

        {.name = "audiences-default-to-the-api",
         .requirement = "A review that names no audience answers with the API server's own.",
         .rows = {159, 164},
         .level = Level::should,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto home = co_await kube_steps::home(probe);
             const auto good = co_await token(probe, home);
             const auto reply = co_await review(probe, good);
             expect_authenticated(probe, reply);
             probe.expect_equal(at(reply.json, "/status/audiences"),
                                at(claims_of(probe, good), "/aud"), "audiences");
         }},

        {.name = "audiences-are-the-common-ones",
         .requirement = "The answer's audiences are those that were asked for and that the token "
                        "has.",
         .rows = {150, 159},
         .level = Level::must,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto home = co_await kube_steps::home(probe);
             Json spec = {{"audiences", {"vault", "web", "db"}}};
             const auto good = co_await token(probe, home, std::move(spec));
             Json asked = {"other", "db", "vault"};
             const auto reply = co_await review(probe, good, std::move(asked));
             expect_authenticated(probe, reply);
             auto common = at(reply.json, "/status/audiences");
             probe.expect(common.is_array() && common.size() == 2 &&
                              std::ranges::find(common, "db") != common.end() &&
                              std::ranges::find(common, "vault") != common.end(),
                          "the audiences are {}, not db and vault", common.dump());
         }},

        {.name = "tells-the-bound-pod",
         .requirement = "For a token bound to a pod on a node, the user's extra names pod and "
                        "node, each with its uid.",
         .rows = {159, 186},
         .level = Level::should,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto home = co_await kube_steps::home(probe);
             const auto node = probe.name("node");
             Json node_body = {{"metadata", {{"name", node}}}};
             probe.at_end_kube("DELETE", "/api/v1/nodes/" + node);
             const auto node_uid = co_await make(probe, "/api/v1/nodes", std::move(node_body));
             const auto uid = co_await pod(probe, home, "web-0", node);
             Json spec = {
                 {"boundObjectRef", {{"kind", "Pod"}, {"apiVersion", "v1"}, {"name", "web-0"}}}};
             const auto bound = co_await token(probe, home, std::move(spec));
             const auto reply = co_await review(probe, bound);
             expect_authenticated(probe, reply);
             const auto extra = at(reply.json, "/status/user/extra");
             const Json expected = {{"pod-name", "web-0"},
                                    {"pod-uid", uid},
                                    {"node-name", node},
                                    {"node-uid", node_uid}};
             for (const auto& [key, value] : expected.items()) {
                 const auto pointer = "/authentication.kubernetes.io~1" + key;
                 probe.expect_equal(at(extra, pointer.c_str()), Json::array({value}), key);
             }
             co_await remove(probe, core_path(home.ns, "pods", "web-0"));
         }},
    };
}

}  // namespace meshproof::conformance
