#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/crypto/key.hpp"
#include "fakes/vault/kubernetes_auth/role.hpp"

namespace meshproof::fakes::vault {

/// What auth/…/config holds (row 138).
struct KubernetesConfig {
    std::string host, ca_pem, issuer, reviewer_jwt;
    std::vector<std::string> pem_keys;
    std::vector<crypto::PublicKey> keys;  ///< the same, read
    bool disable_iss_validation = true;
    bool disable_local_ca_jwt = false;
    std::string connections;  ///< http::Endpoint::connections; not saved
};

/// All that a mount of the Kubernetes auth method holds.
struct KubernetesState {
    std::optional<KubernetesConfig> config;
    std::map<std::string, KubernetesRole, std::less<>> roles;
};

[[nodiscard]] Json save_kubernetes(const KubernetesState& state);
/// Throws what load_state() catches.
[[nodiscard]] KubernetesState load_kubernetes(const Json& state);

}  // namespace meshproof::fakes::vault
