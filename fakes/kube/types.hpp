#pragma once

#include <span>
#include <string>
#include <string_view>

namespace meshproof::fakes::kube {

struct CustomVersion;

/// A kind of object that the API server knows, as discovery lists it.
struct ResourceType {
    std::string_view group;    ///< "" = core
    std::string_view version;  ///< "v1"
    std::string_view plural;   ///< "serviceaccounts"
    std::string_view singular;
    std::string_view kind;
    std::string_view short_name;  ///< "sa", "" for none; several with blanks between them
    bool namespaced = false;
    bool stored = true;                     ///< false: a review, which can only be created
    const CustomVersion* custom = nullptr;  ///< of a CustomResourceDefinition
    const ResourceType* kept_as = nullptr;  ///< the type of which its objects are kept; null = it

    [[nodiscard]] std::string api_version() const;  ///< "v1", "rbac.authorization.k8s.io/v1"
    [[nodiscard]] std::string resource()
        const;  ///< as messages name it: "clusterroles.rbac.authorization.k8s.io"
};

[[nodiscard]] std::span<const ResourceType> all_types();
/// Deployments, ReplicaSets and StatefulSets.
[[nodiscard]] bool is_workload(const ResourceType& type);
/// Whether any type of the API's own is of this group, "" = core.
[[nodiscard]] bool known_group(std::string_view group);
/// What its objects are kept as: events of the group events.k8s.io are the core ones, and a custom
/// resource's versions share their objects.
[[nodiscard]] const ResourceType& kept_type(const ResourceType& type);
/// Whether an update may leave its resourceVersion out.
[[nodiscard]] bool updates_blindly(const ResourceType& type);

/// The types that the rules themselves speak of.
namespace type {
extern const ResourceType& namespaces;
extern const ResourceType& service_accounts;
extern const ResourceType& secrets;
extern const ResourceType& config_maps;
extern const ResourceType& pods;
extern const ResourceType& nodes;
extern const ResourceType& events;
extern const ResourceType& new_events;  ///< of events.k8s.io
extern const ResourceType& services;
extern const ResourceType& stateful_sets;
extern const ResourceType& leases;
extern const ResourceType& definitions;  ///< CustomResourceDefinitions
extern const ResourceType& deployments;
extern const ResourceType& replica_sets;
extern const ResourceType& roles;
extern const ResourceType& role_bindings;
extern const ResourceType& cluster_roles;
extern const ResourceType& cluster_role_bindings;
}  // namespace type

}  // namespace meshproof::fakes::kube
