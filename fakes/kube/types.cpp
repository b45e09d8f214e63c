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
constexpr std::string_view coordination = "coordination.k8s.io";
constexpr std::string_view extensions = "apiextensions.k8s.io";
constexpr std::string_view events_group = "events.k8s.io";

// The order is that of GET /apis; the groups of others come first there.
constexpr std::array<ResourceType, 24> types{{
    {"", "v1", "namespaces", "namespace", "Namespace", "ns", false, true},
    {"", "v1", "serviceaccounts", "serviceaccount", "ServiceAccount", "sa", true, true},
    {"", "v1", "secrets", "secret", "Secret", "", true, true},
    {"", "v1", "configmaps", "configmap", "ConfigMap", "cm", true, true},
    {"", "v1", "pods", "pod", "Pod", "po", true, true},
    {"", "v1", "nodes", "node", "Node", "no", false, true},
    {"", "v1", "events", "event", "Event", "ev", true, true},
    {"", "v1", "services", "service", "Service", "svc", true, true},
    {apps, "v1", "deployments", "deployment", "Deployment", "deploy", true, true},
    {apps, "v1", "replicasets", "replicaset", "ReplicaSet", "rs", true, true},
    {apps, "v1", "statefulsets", "statefulset", "StatefulSet", "sts", true, true},
    {events_group, "v1", "events", "event", "Event", "ev", true, true},
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
    {extensions, "v1", "customresourcedefinitions", "customresourcedefinition",
     "CustomResourceDefinition", "crd crds", false, true},
    {coordination, "v1", "leases", "lease", "Lease", "", true, true},
}};

constexpr const ResourceType& named_type(std::string_view group, std::string_view plural) {
    std::size_t at = 0;
    while (types[at].group != group || types[at].plural != plural) {
        ++at;  // past the end it would be no constant
    }
    return types[at];
}
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

bool known_group(std::string_view group) {
    return std::ranges::find(types, group, &ResourceType::group) != types.end();
}

bool is_workload(const ResourceType& type) {
    return &type == &type::deployments || &type == &type::replica_sets ||
           &type == &type::stateful_sets;
}

const ResourceType& kept_type(const ResourceType& type) {
    if (type.kept_as != nullptr) {
        return *type.kept_as;
    }
    return &type == &type::new_events ? type::events : type;
}

bool updates_blindly(const ResourceType& type) {
    return type.custom == nullptr && &type != &type::leases && &type != &type::definitions;
}

namespace type {
const ResourceType& namespaces = named_type("", "namespaces");
const ResourceType& service_accounts = named_type("", "serviceaccounts");
const ResourceType& secrets = named_type("", "secrets");
const ResourceType& config_maps = named_type("", "configmaps");
const ResourceType& pods = named_type("", "pods");
const ResourceType& nodes = named_type("", "nodes");
const ResourceType& events = named_type("", "events");
const ResourceType& new_events = named_type(events_group, "events");
const ResourceType& services = named_type("", "services");
const ResourceType& deployments = named_type(apps, "deployments");
const ResourceType& replica_sets = named_type(apps, "replicasets");
const ResourceType& stateful_sets = named_type(apps, "statefulsets");
const ResourceType& leases = named_type(coordination, "leases");
const ResourceType& definitions = named_type(extensions, "customresourcedefinitions");
const ResourceType& roles = named_type(rbac, "roles");
const ResourceType& role_bindings = named_type(rbac, "rolebindings");
const ResourceType& cluster_roles = named_type(rbac, "clusterroles");
const ResourceType& cluster_role_bindings = named_type(rbac, "clusterrolebindings");
}  // namespace type

}  // namespace meshproof::fakes::kube
