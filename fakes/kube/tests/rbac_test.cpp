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

}  // namespace
}  // namespace meshproof::fakes
