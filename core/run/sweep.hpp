#pragma once

#include <string>
#include <vector>

#include "core/kube/client.hpp"
#include "core/vault/client.hpp"

namespace meshproof::run {

/// Everything that meshproof creates on a server begins with this, then the run's id.
inline constexpr std::string_view name_prefix = "meshproof-";
/// The label with the run's id on every Kubernetes object of ours.
inline constexpr std::string_view run_label = "meshproof.io/run";

/// What a sweep found and did.
struct Swept {
    std::vector<std::string> found;  ///< "secrets engine meshproof-k3f9a2-pki", …
    std::vector<std::string> removed;
    std::vector<std::string> problems;  ///< what could not be listed or removed, and why
};

/// Removes what a run left on a Vault: secrets engines, auth methods, policies, namespaces, quotas
/// and token roles. `run_id` empty = of every run. With `only_look`, nothing is removed.
[[nodiscard]] Task<Swept> sweep_vault(vault::Client admin, std::string run_id, bool only_look);

/// Removes what a run left in a cluster: pods, secrets, service accounts, namespaces, cluster role
/// bindings, by label.
[[nodiscard]] Task<Swept> sweep_cluster(kube::Client admin, std::vector<std::string> namespaces,
                                        std::string run_id, bool only_look);

}  // namespace meshproof::run
