// Who may do what: the reviews that ask, and RBAC itself.
#include "conformance/kube/steps.hpp"

namespace meshproof::conformance {
namespace {

using namespace kube_steps;

const std::string access = "/apis/authorization.k8s.io/v1/";

Json asks(std::string_view verb, std::string_view resource, std::string_view ns) {
    return {{"resourceAttributes", {{"verb", verb}, {"resource", resource}, {"namespace", ns}}}};
}

Json rule(std::string_view resource, std::string_view verb) {
    return {{"apiGroups", {""}},
            {"resources", Json::array({resource})},
            {"verbs", Json::array({verb})}};
}

/// Asks until the answer is 200: a binding takes effect once every watcher has seen it.
Task<Reply> once_allowed(Probe& probe, std::string path, Secret caller) {
    auto reply = co_await probe.kube("GET", path, {}, As::bearer(caller));
    for (int round = 0; reply.status == 403 && round < 20; ++round) {
        co_await probe.wait(std::chrono::milliseconds(200));
        reply = co_await probe.kube("GET", path, {}, As::bearer(caller));
    }
    co_return reply;
}

}  // namespace

std::vector<Check> kube_errors_access() {
    return {
        {.name = "who-am-i",
         .requirement = "A SelfSubjectReview tells the caller's username, groups and credential.",
         .rows = {167, 190},
         .level = Level::should,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const std::string path = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
             const auto home = co_await kube_steps::home(probe);
             const auto caller = co_await token(probe, home);
             const auto reply =
                 co_await probe.kube("POST", path, Json::object(), As::bearer(caller));
             probe.expect_status(reply, 201);
             const auto user = at(reply.json, "/status/userInfo");
             probe.expect_equal(at(user, "/username"), home.user(), "username");
             const Json groups = {"system:serviceaccounts", "system:serviceaccounts:" + home.ns,
                                  "system:authenticated"};
             probe.expect_equal(at(user, "/groups"), groups, "groups");
             probe.expect_keys(at(user, "/extra"), {"authentication.kubernetes.io/credential-id"},
                               "extra");
         }},

        {.name = "may-i",
         .requirement = "A SelfSubjectAccessReview answers 201 with allowed true or false, and 401 "
                        "for a token that is not known.",
         .rows = {167, 190},
         .level = Level::should,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto home = co_await kube_steps::home(probe);
             const auto caller = co_await token(probe, home);
             Json mine = {{"spec", asks("list", "secrets", home.ns)}};
             const auto no = co_await probe.kube("POST", access + "selfsubjectaccessreviews", mine,
                                                 As::bearer(caller));
             probe.expect_status(no, 201);
             probe.expect_equal(at(no.json, "/status/allowed"), false,
                                "status.allowed of a stranger");
             const auto yes =
                 co_await probe.kube("POST", access + "selfsubjectaccessreviews", mine);
             probe.expect_equal(at(yes.json, "/status/allowed"), true,
                                "status.allowed of the admin");
             const auto unknown = co_await probe.kube("POST", access + "selfsubjectaccessreviews",
                                                      mine, As::bearer(Secret("no-such-token")));
             expect_refusal(probe, unknown, 401, "Unauthorized", "Unauthorized");
         }},

        {.name = "may-they",
         .requirement = "A SubjectAccessReview follows a new ClusterRoleBinding, and names it as "
                        "the reason.",
         .rows = {167},
         .level = Level::should,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto home = co_await kube_steps::home(probe);
             const auto path = access + "subjectaccessreviews";
             Json body = {{"spec", asks("get", "pods", home.ns)}};
             body["spec"]["user"] = home.user();
             const auto before = co_await probe.kube("POST", path, body);
             probe.expect_status(before, 201);
             probe.expect_equal(at(before.json, "/status/allowed"), false, "status.allowed before");
             co_await grant(probe, home, rule("pods", "get"));
             auto after = co_await probe.kube("POST", path, body);
             for (int round = 0; at(after.json, "/status/allowed") != true && round < 20; ++round) {
                 co_await probe.wait(std::chrono::milliseconds(200));
                 after = co_await probe.kube("POST", path, body);
             }
             probe.expect_equal(at(after.json, "/status/allowed"), true, "status.allowed after");
             const auto why = text_at(after.json, "/status/reason");
             probe.expect(why.find("RBAC: allowed by ClusterRoleBinding") != std::string::npos,
                          "status.reason is \"{}\"", why);
         }},

        {.name = "review-needs-a-subject",
         .requirement = "A SubjectAccessReview without user and group, or without a question, is "
                        "422.",
         .rows = {163, 167},
         .level = Level::may,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto home = co_await kube_steps::home(probe);
             Json nobody = {{"spec", asks("get", "pods", home.ns)}};
             const auto reply =
                 co_await probe.kube("POST", access + "subjectaccessreviews", std::move(nobody));
             expect_refusal(probe, reply, 422, "Invalid",
                            "at least one of user or group must be specified");
             Json nothing = {{"spec", {{"user", "jane"}}}};
             const auto empty =
                 co_await probe.kube("POST", access + "subjectaccessreviews", std::move(nothing));
             expect_refusal(
                 probe, empty, 422, "Invalid",
                 "exactly one of nonResourceAttributes or resourceAttributes must be specified");
         }},

        {.name = "one-name-only",
         .requirement = "A rule with resourceNames grants that object alone, and a list of it by "
                        "fieldSelector.",
         .rows = {162, 189},
         .level = Level::should,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto home = co_await kube_steps::home(probe);
             const auto caller = co_await token(probe, home);
             auto one = rule("serviceaccounts", "get");
             one["verbs"] = {"get", "list"};
             one["resourceNames"] = Json::array({home.account});
             co_await grant(probe, home, std::move(one));
             const auto own =
                 co_await once_allowed(probe, home.accounts() + "/" + home.account, caller);
             probe.expect_status(own, 200);
             const auto other =
                 co_await probe.kube("GET", home.accounts() + "/default", {}, As::bearer(caller));
             expect_refusal(probe, other, 403, "Forbidden",
                            "serviceaccounts \"default\" is forbidden");
             const auto all = co_await probe.kube("GET", home.accounts(), {}, As::bearer(caller));
             expect_refusal(probe, all, 403, "Forbidden", "cannot list resource");
             const auto by_name =
                 co_await probe.kube("GET", home.accounts() + "?fieldSelector=metadata.name%3Dapp",
                                     {}, As::bearer(caller));
             probe.expect_status(by_name, 200);
         }},

        {.name = "subresources-are-apart",
         .requirement = "A rule for serviceaccounts/token grants tokens, not service accounts.",
         .rows = {162, 164},
         .level = Level::must,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto home = co_await kube_steps::home(probe);
             const auto caller = co_await token(probe, home);
             co_await grant(probe, home, rule("serviceaccounts/token", "create"));
             auto made =
                 co_await probe.kube("POST", home.token_path(), Json::object(), As::bearer(caller));
             for (int round = 0; made.status == 403 && round < 20; ++round) {
                 co_await probe.wait(std::chrono::milliseconds(200));
                 made = co_await probe.kube("POST", home.token_path(), Json::object(),
                                            As::bearer(caller));
             }
             probe.expect_status(made, 201);
             const auto account =
                 co_await probe.kube("POST", home.accounts(), Json::object(), As::bearer(caller));
             expect_refusal(probe, account, 403, "Forbidden",
                            "cannot create resource \"serviceaccounts\"");
         }},

        {.name = "roles-end-at-their-namespace",
         .requirement = "A Role grants in its own namespace only.",
         .rows = {162},
         .level = Level::must,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto home = co_await kube_steps::home(probe);
             const auto elsewhere = co_await probe.kube_namespace("other");
             const auto caller = co_await token(probe, home);
             const std::string rbac = "/apis/rbac.authorization.k8s.io/v1/namespaces/" + home.ns;
             Json role = {{"metadata", {{"name", "reader"}}},
                          {"rules", Json::array({rule("configmaps", "list")})}};
             (void)co_await make(probe, rbac + "/roles", std::move(role));
             const Json subject = {{"kind", "ServiceAccount"}, {"name", home.account}};
             Json binding = {{"metadata", {{"name", "reader"}}},
                             {"roleRef",
                              {{"apiGroup", "rbac.authorization.k8s.io"},
                               {"kind", "Role"},
                               {"name", "reader"}}},
                             {"subjects", Json::array({subject})}};
             binding["subjects"][0]["namespace"] = home.ns;
             (void)co_await make(probe, rbac + "/rolebindings", std::move(binding));
             const auto own =
                 co_await once_allowed(probe, core_path(home.ns, "configmaps"), caller);
             probe.expect_status(own, 200);
             const auto other = co_await probe.kube("GET", core_path(elsewhere, "configmaps"), {},
                                                    As::bearer(caller));
             probe.expect_status(other, 403);
             const auto everywhere =
                 co_await probe.kube("GET", "/api/v1/configmaps", {}, As::bearer(caller));
             expect_refusal(probe, everywhere, 403, "Forbidden", "at the cluster scope");
         }},

        {.name = "role-refs-are-fixed",
         .requirement = "A binding's roleRef cannot be changed: 422.",
         .rows = {163},
         .level = Level::may,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto home = co_await kube_steps::home(probe);
             const auto path = co_await bind_cluster_role(probe, home, "view");
             Json change = {{"roleRef", {{"name", "edit"}}}};
             const auto reply =
                 co_await probe.kube("PATCH", path, std::move(change), As::admin(),
                                     {{"Content-Type", "application/merge-patch+json"}});
             expect_refusal(probe, reply, 422, "Invalid", "cannot change roleRef");
         }},

        {.name = "impersonation",
         .requirement = "Impersonate-User makes an administrator that user; others need the right "
                        "to impersonate.",
         .rows = {162, 190},
         .level = Level::should,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const std::string path = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
             const auto home = co_await kube_steps::home(probe);
             const auto as_account = co_await probe.kube("POST", path, Json::object(), As::admin(),
                                                         {{"Impersonate-User", home.user()}});
             probe.expect_status(as_account, 201);
             probe.expect_equal(at(as_account.json, "/status/userInfo/username"), home.user(),
                                "username");
             const auto caller = co_await token(probe, home);
             const auto refused = co_await probe.kube(
                 "POST", path, Json::object(), As::bearer(caller), {{"Impersonate-User", "jane"}});
             expect_refusal(
                 probe, refused, 403, "Forbidden",
                 fmt::format("users \"jane\" is forbidden: User \"{}\" cannot impersonate "
                             "resource \"users\"",
                             home.user()));
         }},
    };
}

}  // namespace meshproof::conformance
