#pragma once

#include <span>
#include <string>
#include <string_view>

namespace meshproof::fakes::kube {

/// A kind of object that the API server knows, as discovery lists it.
struct ResourceType {
    std::string_view group;    ///< "" = core
    std::string_view version;  ///< "v1"
    std::string_view plural;   ///< "serviceaccounts"
    std::string_view singular;
    std::string_view kind;
    std::string_view short_name;  ///< "sa", "" for none
    bool namespaced = false;
    bool stored = true;  ///< false: a review, which can only be created

    [[nodiscard]] std::string api_version() const;  ///< "v1", "rbac.authorization.k8s.io/v1"
    [[nodiscard]] std::string resource()
        const;  ///< as messages name it: "clusterroles.rbac.authorization.k8s.io"
};

[[nodiscard]] std::span<const ResourceType> all_types();
/// Deployments and ReplicaSets.
[[nodiscard]] bool is_workload(const ResourceType& type);
/// Whether any type is of this group, "" = core.
[[nodiscard]] bool known_group(std::string_view group);
[[nodiscard]] const ResourceType* find_type(std::string_view group, std::string_view version,
                                            std::string_view plural);

/// The types that the rules themselves speak of.
namespace type {
extern const ResourceType& namespaces;
extern const ResourceType& service_accounts;
extern const ResourceType& secrets;
extern const ResourceType& config_maps;
extern const ResourceType& pods;
extern const ResourceType& nodes;
extern const ResourceType& deployments;
extern const ResourceType& replica_sets;
extern const ResourceType& roles;
extern const ResourceType& role_bindings;
extern const ResourceType& cluster_roles;
extern const ResourceType& cluster_role_bindings;
}  // namespace type

}  // namespace meshproof::fakes::kube
