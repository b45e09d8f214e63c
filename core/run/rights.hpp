#pragma once

#include <string>
#include <vector>

#include "core/base/task.hpp"
#include "core/kube/client.hpp"
#include "core/vault/client.hpp"

namespace meshproof::run {

// What a run has to be allowed. One clear error now, before anything is made, instead of a refusal
// a scenario and others of its clean-up. What a server does not tell about its caller is found out
// by trying.

/// Whether capabilities of a path (sys/capabilities-self) are for more than to look.
[[nodiscard]] bool may_write(const std::vector<std::string>& capabilities);

/// Of a Vault's token: CannotGoOn names all that it may not, and what to do about it. `to_sweep`:
/// what is needed to look for what was left, too.
[[nodiscard]] Task<void> expect_vault_rights(vault::Client client, std::string where,
                                             bool to_sweep);

/// What somebody does with objects of a kind.
struct ClusterRight {
    std::vector<std::string> verbs;
    std::string group, resource, subresource;
    std::string namespace_name;  ///< "" = the kind has none
    std::string name;            ///< "" = of any name
};
/// Of who plays scenarios or histories with these namespaces, and of who makes a load.
[[nodiscard]] std::vector<ClusterRight> rights_of_runs(const std::string& mesh_namespace,
                                                       const std::string& workload_namespace);
[[nodiscard]] std::vector<ClusterRight> rights_of_loads(const std::string& mesh_namespace);
/// Of a kubeconfig's user, as expect_vault_rights.
[[nodiscard]] Task<void> expect_cluster_rights(kube::Client client, std::string where,
                                               std::vector<ClusterRight> rights);

}  // namespace meshproof::run
