#include "core/run/environment.hpp"

namespace meshproof::run {

std::string_view to_string(Capability capability) {
    switch (capability) {
        case Capability::virtual_time:
            return "virtual_time";
        case Capability::seal_vault:
            return "seal_vault";
        case Capability::two_vaults:
            return "two_vaults";
        case Capability::two_clusters:
            return "two_clusters";
        case Capability::cut_vault_to_kube:
            return "cut_vault_to_kube";
    }
    return "unknown";
}

std::string_view missing_reason(Capability capability) {
    switch (capability) {
        case Capability::virtual_time:
            return "needs virtual time, which only --target sim has";
        case Capability::seal_vault:
            return "seals the Vault, which the target does not allow (allow_seal and "
                   "unseal_keys_file)";
        case Capability::two_vaults:
            return "needs a second Vault, and the target names one";
        case Capability::two_clusters:
            return "needs a second API server, and the target names one";
        case Capability::cut_vault_to_kube:
            return "must stand between Vault and the API server, which only works on one machine";
    }
    return "the target lacks a capability";
}

}  // namespace meshproof::run
