#include "fakes/kube/builtin_roles.hpp"

#include "fakes/kube/managed_fields.hpp"

namespace meshproof::fakes::kube {
namespace {

struct BuiltinRole {
    const char* name;
    Json rules;
    std::vector<const char*> groups;  ///< bound to them under a binding of the same name
};

Json rule(Json groups, Json resources, Json verbs) {
    return {{"apiGroups", std::move(groups)},
            {"resources", std::move(resources)},
            {"verbs", std::move(verbs)}};
}

Json urls(Json paths) {
    return {{"nonResourceURLs", std::move(paths)}, {"verbs", {"get"}}};
}

std::vector<BuiltinRole> builtin_roles() {
    const Json read = {"get", "list", "watch"};
    const Json write = {"create", "delete", "deletecollection", "patch", "update"};
    const Json reviews = rule({"authorization.k8s.io"}, {"subjectaccessreviews"}, {"create"});
    const Json token_reviews = rule({"authentication.k8s.io"}, {"tokenreviews"}, {"create"});
    const Json readable = {"configmaps", "pods",     "serviceaccounts", "events",
                           "namespaces", "services", "services/status"};
    const Json writable = {"configmaps",      "pods",   "secrets",
                           "serviceaccounts", "events", "services"};
    const Json tokens = rule({""}, {"serviceaccounts/token"}, {"create"});
    const Json apps = {"deployments",  "deployments/scale",  "deployments/status",
                       "replicasets",  "replicasets/scale",  "replicasets/status",
                       "statefulsets", "statefulsets/scale", "statefulsets/status"};
    const Json leases =
        rule({"coordination.k8s.io"}, {"leases"},
             {"create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"});
    const Json edit = {rule({""}, readable, read),
                       rule({""}, {"secrets"}, read),
                       rule({""}, writable, write),
                       tokens,
                       rule({"apps"}, apps, read),
                       rule({"apps"}, apps, write),
                       leases};
    Json admin = edit;
    admin.push_back(rule({"rbac.authorization.k8s.io"}, {"roles", "rolebindings"}, {"*"}));
    admin.push_back(rule({"authorization.k8s.io"}, {"localsubjectaccessreviews"}, {"create"}));
    const Json discovery = urls({"/api", "/api/*", "/apis", "/apis/*", "/healthz", "/livez",
                                 "/openapi", "/openapi/*", "/readyz", "/version", "/version/"});
    return {
        {"cluster-admin",
         {rule({"*"}, {"*"}, {"*"}), Json{{"nonResourceURLs", {"*"}}, {"verbs", {"*"}}}},
         {"system:masters"}},
        {"admin", admin, {}},
        {"edit", edit, {}},
        {"view", {rule({""}, readable, read), rule({"apps"}, apps, read)}, {}},
        {"system:auth-delegator", {token_reviews, reviews}, {}},
        {"system:basic-user",
         {rule({"authorization.k8s.io"}, {"selfsubjectaccessreviews", "selfsubjectrulesreviews"},
               {"create"}),
          rule({"authentication.k8s.io"}, {"selfsubjectreviews"}, {"create"})},
         {"system:authenticated"}},
        {"system:discovery", Json::array({discovery}), {"system:authenticated"}},
        {"system:public-info-viewer",
         Json::array({urls({"/healthz", "/livez", "/readyz", "/version", "/version/"})}),
         {"system:authenticated", "system:unauthenticated"}},
        {"system:service-account-issuer-discovery",
         Json::array(
             {urls({"/.well-known/openid-configuration", "/.well-known/openid-configuration/",
                    "/openid/v1/jwks", "/openid/v1/jwks/"})}),
         {"system:serviceaccounts"}},
    };
}

}  // namespace

void add_builtin_roles(Store& store, const Clock& clock) {
    const auto add = [&](const ResourceType& type, Json object) {
        note_creation(clock, type, object, "kube-apiserver");
        store.add(type, std::move(object));
    };
    const Json labels = {{"kubernetes.io/bootstrapping", "rbac-defaults"}};
    for (auto& role : builtin_roles()) {
        const Json metadata = {
            {"name", role.name},
            {"labels", labels},
            {"annotations", {{"rbac.authorization.kubernetes.io/autoupdate", "true"}}}};
        add(type::cluster_roles, {{"metadata", metadata}, {"rules", std::move(role.rules)}});
        Json subjects = Json::array();
        for (const auto* group : role.groups) {
            subjects.push_back(
                {{"kind", "Group"}, {"apiGroup", "rbac.authorization.k8s.io"}, {"name", group}});
        }
        if (!subjects.empty()) {
            add(type::cluster_role_bindings, {{"metadata", metadata},
                                              {"roleRef",
                                               {{"apiGroup", "rbac.authorization.k8s.io"},
                                                {"kind", "ClusterRole"},
                                                {"name", role.name}}},
                                              {"subjects", std::move(subjects)}});
        }
    }
}

}  // namespace meshproof::fakes::kube
