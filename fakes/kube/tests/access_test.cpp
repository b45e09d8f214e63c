#include "core/crypto/certificate.hpp"
#include "fixture.hpp"

namespace meshproof::fakes {
namespace {

Json binding_to(const std::string& role, const std::string& account) {
    return {
        {"metadata", {{"name", "b-" + account}}},
        {"roleRef",
         {{"apiGroup", "rbac.authorization.k8s.io"}, {"kind", "ClusterRole"}, {"name", role}}},
        {"subjects",
         Json::array({{{"kind", "ServiceAccount"}, {"name", account}, {"namespace", "default"}}})}};
}

TEST_F(Kube, ReviewNeedsAuthDelegator) {  // wire contract 162
    create_account("app");
    const auto token = token_of("app");
    const Json body = {{"spec", {{"token", token}}}};
    const auto refused = call("POST", reviews, body, token);
    EXPECT_EQ(refused.status, 403);
    EXPECT_EQ(refused.body["reason"], "Forbidden");
    EXPECT_EQ(
        refused.body["message"],
        "tokenreviews.authentication.k8s.io is forbidden: User "
        "\"system:serviceaccount:default:app\" cannot create resource \"tokenreviews\" in API "
        "group \"authentication.k8s.io\" at the cluster scope");
    EXPECT_EQ(call("POST", bindings, binding_to("system:auth-delegator", "app")).status, 201);
    EXPECT_EQ(call("POST", reviews, body, token).status, 201);
    EXPECT_EQ(call("GET", pods, std::nullopt, token).status, 403);
    EXPECT_EQ(call("DELETE", bindings + "/b-app").status, 200);
    EXPECT_EQ(call("POST", reviews, body, token).status, 403);
}

TEST_F(Kube, BadCredentialsAndNoneAreDifferent) {
    const auto bad = call("GET", pods, std::nullopt, "nonsense");
    EXPECT_EQ(bad.status, 401);
    EXPECT_EQ(bad.body["message"], "Unauthorized");
    EXPECT_EQ(bad.body["reason"], "Unauthorized");
    const auto none = call("GET", pods, std::nullopt, "");
    EXPECT_EQ(none.status, 403);
    EXPECT_EQ(
        none.body["message"],
        "pods is forbidden: User \"system:anonymous\" cannot list resource \"pods\" in API group "
        "\"\" in the namespace \"default\"");
    EXPECT_EQ(call("GET", "/version", std::nullopt, "").status, 200);
    EXPECT_EQ(call("GET", "/apis", std::nullopt, "").status, 403);
    create_account("app");
    const auto elsewhere = token_of("app", {{"audiences", {"vault"}}});
    EXPECT_EQ(call("GET", pods, std::nullopt, elsewhere).status, 401);
}

TEST_F(Kube, ClusterAdminAndStoredRolesGrant) {
    create_account("boss");
    EXPECT_EQ(call("POST", bindings, binding_to("cluster-admin", "boss")).status, 201);
    EXPECT_EQ(call("GET", "/api/v1/secrets", std::nullopt, token_of("boss")).status, 200);

    create_account("app");
    const auto token = token_of("app");
    const std::string rbac = "/apis/rbac.authorization.k8s.io/v1/namespaces/default/";
    EXPECT_EQ(call("POST", rbac + "roles",
                   Json{{"metadata", {{"name", "minter"}}},
                        {"rules", Json::array({{{"apiGroups", {""}},
                                                {"resources", {"serviceaccounts/token"}},
                                                {"resourceNames", {"app"}},
                                                {"verbs", {"create"}}}})}})
                  .status,
              201);
    auto binding = binding_to("minter", "app");
    binding["roleRef"]["kind"] = "Role";
    EXPECT_EQ(call("POST", accounts + "/app/token", Json::object(), token).status, 403);
    EXPECT_EQ(call("POST", rbac + "rolebindings", binding).status, 201);
    EXPECT_EQ(call("POST", accounts + "/app/token", Json::object(), token).status, 201);
    const auto other = call("POST", accounts + "/boss/token", Json::object(), token);
    EXPECT_EQ(other.status, 403);
    EXPECT_EQ(other.body["message"],
              "serviceaccounts \"boss\" is forbidden: User \"system:serviceaccount:default:app\" "
              "cannot create resource \"serviceaccounts/token\" in API group \"\" in the namespace "
              "\"default\"");
}

TEST_F(Kube, AccessReviewsAnswerForOneselfAndForOthers) {  // 167, 190
    create_account("app");
    const auto token = token_of("app");
    const std::string group = "/apis/authorization.k8s.io/v1/";
    const Json asked = {
        {"verb", "create"}, {"group", "authentication.k8s.io"}, {"resource", "tokenreviews"}};
    const Json body = {{"spec", {{"resourceAttributes", asked}}}};
    auto answer = call("POST", group + "selfsubjectaccessreviews", body, token);
    EXPECT_EQ(answer.status, 201);
    EXPECT_EQ(answer.body["status"]["allowed"], false);
    EXPECT_EQ(call("POST", bindings, binding_to("system:auth-delegator", "app")).status, 201);
    answer = call("POST", group + "selfsubjectaccessreviews", body, token);
    EXPECT_EQ(answer.body["status"]["allowed"], true);
    EXPECT_EQ(
        answer.body["status"]["reason"],
        "RBAC: allowed by ClusterRoleBinding \"b-app\" of ClusterRole \"system:auth-delegator\" "
        "to ServiceAccount \"app/default\"");
    auto of_other = body;
    of_other["spec"]["user"] = "somebody";
    EXPECT_EQ(call("POST", group + "subjectaccessreviews", of_other).body["status"]["allowed"],
              false);
    EXPECT_EQ(call("POST", group + "subjectaccessreviews", body).status, 422);
    const auto who =
        call("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", Json::object(), token);
    EXPECT_EQ(who.status, 201);
    EXPECT_EQ(who.body["status"]["userInfo"]["username"], "system:serviceaccount:default:app");
}

TEST_F(Kube, ImpersonationAndClientCertificates) {
    const http::Headers as = {{"Impersonate-User", "system:serviceaccount:default:app"}};
    EXPECT_EQ(call("GET", pods, std::nullopt, "admin", "", as).status, 403);
    create_account("app");
    EXPECT_EQ(call("GET", pods, std::nullopt, token_of("app"), "", as).status, 403);

    const auto key = crypto::Key::generate(crypto::KeyType::p256);
    crypto::CertificateSpec spec;
    spec.serial = {1};
    spec.subject.common_name = "root-user";
    spec.subject.organization = {"system:masters"};
    spec.not_before = clock.now();
    spec.not_after = clock.now() + 1h;
    const auto leaf = crypto::sign_certificate(spec, key.public_key(), key, nullptr);
    http::Request request;
    request.target = pods;
    EXPECT_EQ(ask(request, {"x", leaf}).status, 200);
}

TEST_F(Kube, DiscoveryListsWhatThereIs) {
    EXPECT_EQ(call("GET", "/api").body["versions"], Json::array({"v1"}));
    EXPECT_EQ(call("GET", "/apis").body["groups"].size(), 4U);
    const auto core = call("GET", "/api/v1").body;
    EXPECT_TRUE(std::ranges::any_of(core["resources"], [](const Json& entry) {
        return entry["name"] == "serviceaccounts/token" && entry["kind"] == "TokenRequest";
    }));
    EXPECT_EQ(call("GET", "/apis/rbac.authorization.k8s.io/v1").body["groupVersion"],
              "rbac.authorization.k8s.io/v1");
    EXPECT_EQ(call("GET", "/apis/batch/v1").status, 404);
    const auto nothing = call("GET", "/nothing/here");
    EXPECT_EQ(nothing.status, 404);
    EXPECT_EQ(nothing.raw.body, "404 page not found\n");
    EXPECT_EQ(call("GET", "/readyz").raw.body, "ok");
    EXPECT_EQ(call("GET", "/version").body["gitVersion"], "v1.34.4");
    EXPECT_TRUE(call("GET", "/openapi/v3/api/v1")
                    .body["paths"]["/api/v1/namespaces/{namespace}/pods/{name}"]
                    .contains("patch"));
}

}  // namespace
}  // namespace meshproof::fakes
