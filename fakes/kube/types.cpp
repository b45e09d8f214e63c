#include "fakes/kube/types.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace meshproof::fakes::kube {
namespace {
constexpr std::string_view apps = "apps";
constexpr std::string_view rbac = "rbac.authorization.k8s.io";
constexpr std::string_view authentication = "authentication.k8s.io";
constexpr std::string_view authorization = "authorization.k8s.io";

// The order is that of GET /apis; the groups of others come first there.
constexpr std::array<ResourceType, 19> types{{
    {"", "v1", "namespaces", "namespace", "Namespace", "ns", false, true},
    {"", "v1", "serviceaccounts", "serviceaccount", "ServiceAccount", "sa", true, true},
    {"", "v1", "secrets", "secret", "Secret", "", true, true},
    {"", "v1", "configmaps", "configmap", "ConfigMap", "cm", true, true},
    {"", "v1", "pods", "pod", "Pod", "po", true, true},
    {"", "v1", "nodes", "node", "Node", "no", false, true},
    {"", "v1", "events", "event", "Event", "ev", true, true},
    {apps, "v1", "deployments", "deployment", "Deployment", "deploy", true, true},
    {apps, "v1", "replicasets", "replicaset", "ReplicaSet", "rs", true, true},
    {rbac, "v1", "roles", "role", "Role", "", true, true},
    {rbac, "v1", "rolebindings", "rolebinding", "RoleBinding", "", true, true},
    {rbac, "v1", "clusterroles", "clusterrole", "ClusterRole", "", false, true},
    {rbac, "v1", "clusterrolebindings", "clusterrolebinding", "ClusterRoleBinding", "", false,
     true},
    {authentication, "v1", "tokenreviews", "tokenreview", "TokenReview", "", false, false},
    {authentication, "v1", "selfsubjectreviews", "selfsubjectreview", "SelfSubjectReview", "",
     false, false},
    {authorization, "v1", "subjectaccessreviews", "subjectaccessreview", "SubjectAccessReview", "",
     false, false},
    {authorization, "v1", "selfsubjectaccessreviews", "selfsubjectaccessreview",
     "SelfSubjectAccessReview", "", false, false},
    {authorization, "v1", "localsubjectaccessreviews", "localsubjectaccessreview",
     "LocalSubjectAccessReview", "", true, false},
    {authorization, "v1", "selfsubjectrulesreviews", "selfsubjectrulesreview",
     "SelfSubjectRulesReview", "", false, false},
}};
}  // namespace

std::string ResourceType::api_version() const {
    return group.empty() ? std::string(version) : fmt::format("{}/{}", group, version);
}

std::string ResourceType::resource() const {
    return group.empty() ? std::string(plural) : fmt::format("{}.{}", plural, group);
}

std::span<const ResourceType> all_types() {
    return types;
}

bool is_workload(const ResourceType& type) {
    return &type == &type::deployments || &type == &type::replica_sets;
}

bool known_group(std::string_view group) {
    return std::ranges::find(types, group, &ResourceType::group) != types.end();
}

const ResourceType* find_type(std::string_view group, std::string_view version,
                              std::string_view plural) {
    const auto found = std::ranges::find_if(types, [&](const ResourceType& type) {
        return type.group == group && type.version == version && type.plural == plural;
    });
    return found == types.end() ? nullptr : &*found;
}

namespace type {
const ResourceType& namespaces = types[0];
const ResourceType& service_accounts = types[1];
const ResourceType& secrets = types[2];
const ResourceType& config_maps = types[3];
const ResourceType& pods = types[4];
const ResourceType& nodes = types[5];
const ResourceType& deployments = types[7];
const ResourceType& replica_sets = types[8];
const ResourceType& roles = types[9];
const ResourceType& role_bindings = types[10];
const ResourceType& cluster_roles = types[11];
const ResourceType& cluster_role_bindings = types[12];
}  // namespace type

}  // namespace meshproof::fakes::kube
