#include "fakes/vault/kubernetes_auth/state.hpp"

#include "fakes/state.hpp"

namespace meshproof::fakes::vault {

MESHPROOF_SAVED(KubernetesConfig, host, ca_pem, issuer, reviewer_jwt, pem_keys,
                disable_iss_validation, disable_local_ca_jwt)
MESHPROOF_SAVED(KubernetesRole, names, namespaces, names_namespaces, namespace_selector, audience,
                alias_name_source, policies, bound_cidrs, ttl, max_ttl, period, explicit_max_ttl,
                num_uses, no_default_policy, strictly_bind_ip, token_type, legacy)

Json save_kubernetes(const KubernetesState& state) {
    return {{"config", state.config}, {"roles", state.roles}};
}

KubernetesState load_kubernetes(const Json& state) {
    KubernetesState kept;
    read_member(state, "config", kept.config);
    read_member(state, "roles", kept.roles);
    if (kept.config) {
        for (const auto& pem : kept.config->pem_keys) {
            kept.config->keys.push_back(require(crypto::PublicKey::from_pem(pem), "pem_keys"));
        }
    }
    return kept;
}

}  // namespace meshproof::fakes::vault
