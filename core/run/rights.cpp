#include "core/run/rights.hpp"

#include <algorithm>

#include "core/base/text.hpp"

namespace meshproof::run {
namespace {

/// A path of a Vault, by any of our names, and what is done there.
struct PathRight {
    std::string_view deed, path;
};

/// What nobody can do without who prepares a Vault.
constexpr PathRight to_prepare[] = {{"write", "sys/mounts/meshproof-x"},
                                    {"write", "sys/auth/meshproof-x"},
                                    {"write", "sys/policies/acl/meshproof-x"}};
/// And who looks afterwards whether anything was left. A list's path ends with a slash: a rule for
/// all below it allows the list, too, and would not be found without.
constexpr PathRight to_look[] = {
    {"read", "sys/mounts"}, {"read", "sys/auth"}, {"list", "sys/policies/acl/"}};

bool allows(const std::vector<std::string>& capabilities, std::string_view deed) {
    return deed == "write" ? may_write(capabilities)
                           : std::ranges::any_of(capabilities, [deed](const std::string& one) {
                                 return one == "root" || one == deed;
                             });
}

Task<void> ask(vault::Client client, PathRight right, std::vector<std::string>& missing) {
    const auto capabilities = co_await client.capabilities_self(std::string(right.path));
    if (capabilities && !allows(*capabilities, right.deed)) {
        missing.push_back(fmt::format("{} {}", right.deed, right.path));
    }
}

[[noreturn]] void deny(const std::string& who, const std::vector<std::string>& missing,
                       std::string hint) {
    throw CannotGoOn({FailureKind::denied,
                      fmt::format("{} may not {}", who, join(missing, ", ")),
                      403,
                      {}},
                     std::move(hint));
}

/// "create/delete pods/status in default".
std::string told(const ClusterRight& right, const std::vector<std::string>& verbs) {
    auto text = fmt::format("{} {}", join(verbs, "/"), right.resource);
    if (!right.subresource.empty()) {
        text += "/" + right.subresource;
    }
    if (!right.name.empty()) {
        text += " " + right.name;
    } else if (!right.namespace_name.empty()) {
        text += " in " + right.namespace_name;
    }
    return text;
}

/// Whether the API server says that the caller may not.
Task<bool> refuses(const kube::Client& client, const ClusterRight& right, std::string verb) {
    kube::Json attributes = {{"verb", std::move(verb)}, {"resource", right.resource}};
    const auto add = [&attributes](const char* name, const std::string& value) {
        if (!value.empty()) {
            attributes[name] = value;
        }
    };
    add("group", right.group);
    add("subresource", right.subresource);
    add("namespace", right.namespace_name);
    add("name", right.name);
    kube::Json review = {{"apiVersion", "authorization.k8s.io/v1"},
                         {"kind", "SelfSubjectAccessReview"},
                         {"spec", {{"resourceAttributes", std::move(attributes)}}}};
    const auto answer = co_await client.call(
        "POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", std::move(review));
    const auto* status = answer && answer->is_object() ? &*answer : nullptr;
    if (status == nullptr || !status->contains("status") || !(*status)["status"].is_object()) {
        co_return false;
    }
    const auto allowed = (*status)["status"].find("allowed");
    co_return allowed != (*status)["status"].end() && allowed->is_boolean() &&
        !allowed->get<bool>();
}

void add_objects(std::vector<ClusterRight>& rights, const std::string& where, std::string resource,
                 std::vector<std::string> verbs) {
    rights.push_back({std::move(verbs), "", std::move(resource), "", where, ""});
}

/// What has no namespace: it is made, or looked through for what is left.
void add_whole_cluster(std::vector<ClusterRight>& rights) {
    rights.push_back({{"list"}, "", "namespaces", "", "", ""});
    rights.push_back({{"create", "list", "delete"},
                      "rbac.authorization.k8s.io",
                      "clusterrolebindings",
                      "",
                      "",
                      ""});
}

void add_namespace(std::vector<ClusterRight>& rights, const std::string& name) {
    rights.push_back({{"get"}, "", "namespaces", "", name, name});
}

}  // namespace

bool may_write(const std::vector<std::string>& capabilities) {
    return !std::ranges::all_of(capabilities, [](const std::string& one) {
        return one == "deny" || one == "read" || one == "list";
    });
}

Task<void> expect_vault_rights(vault::Client client, std::string where, bool to_sweep) {
    std::vector<std::string> missing;
    for (const auto& right : to_prepare) {
        co_await ask(client, right, missing);
    }
    if (to_sweep) {
        for (const auto& right : to_look) {
            co_await ask(client, right, missing);
        }
    }
    if (!missing.empty()) {
        deny(fmt::format("the token for Vault {}", where), missing,
             "give it the policy of docs/target.md: it may make and remove what is named "
             "meshproof-*, and list what there is; conform and twin want a root token");
    }
}

std::vector<ClusterRight> rights_of_runs(const std::string& mesh_namespace,
                                         const std::string& workload_namespace) {
    const std::vector<std::string> look = {"list"}, make = {"create", "list", "delete"},
                                   follow = {"create", "list", "watch", "delete"},
                                   edit = {"create", "list", "watch", "update", "patch", "delete"};
    std::vector<ClusterRight> rights;
    add_namespace(rights, mesh_namespace);
    add_objects(rights, mesh_namespace, "serviceaccounts", make);
    rights.push_back({{"create"}, "", "serviceaccounts", "token", mesh_namespace, ""});
    add_objects(rights, mesh_namespace, "secrets", edit);
    if (workload_namespace != mesh_namespace) {
        add_namespace(rights, workload_namespace);
        add_objects(rights, workload_namespace, "serviceaccounts", make);
        add_objects(rights, workload_namespace, "secrets", look);
        add_objects(rights, mesh_namespace, "pods", look);
    }
    add_objects(rights, workload_namespace, "pods", follow);
    rights.push_back({{"patch"}, "", "pods", "status", workload_namespace, ""});
    add_whole_cluster(rights);
    return rights;
}

std::vector<ClusterRight> rights_of_loads(const std::string& mesh_namespace) {
    std::vector<ClusterRight> rights;
    add_objects(rights, mesh_namespace, "serviceaccounts", {"create", "list", "delete"});
    rights.push_back({{"create"}, "", "serviceaccounts", "token", mesh_namespace, ""});
    add_objects(rights, mesh_namespace, "secrets", {"list"});
    add_objects(rights, mesh_namespace, "pods", {"list"});
    add_whole_cluster(rights);
    return rights;
}

Task<void> expect_cluster_rights(kube::Client client, std::string where,
                                 std::vector<ClusterRight> rights) {
    std::vector<std::string> missing;
    for (const auto& right : rights) {
        std::vector<std::string> verbs;
        for (const auto& verb : right.verbs) {
            if (co_await refuses(client, right, verb)) {
                verbs.push_back(verb);
            }
        }
        if (!verbs.empty()) {
            missing.push_back(told(right, verbs));
        }
    }
    if (!missing.empty()) {
        deny(fmt::format("the kubeconfig's user at API server {}", where), missing,
             "give it the cluster role of docs/target.md");
    }
}

}  // namespace meshproof::run
