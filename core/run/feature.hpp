#pragma once

#include <set>
#include <string_view>

namespace meshproof::run {

/// What a target may have beside the common ground. A scenario or check names what it needs; on a
/// target without it, it is skipped with the reason, and counted.
enum class Feature {
    vault,          ///< a Vault is there at all
    kubernetes,     ///< an API server is there, and the Vault can reach it
    openbao,        ///< only OpenBao has it
    namespaces,     ///< namespaces are real (OpenBao, Vault Enterprise)
    raft,           ///< integrated storage
    nodes,          ///< a cluster of several nodes (`nodes` in the target file)
    uninitialised,  ///< a server that nobody initialised yet (`uninitialised` in the target file)
    seal,           ///< the Vault may be sealed and unsealed (`allow_seal` and unseal keys)
    two_vaults,     ///< a second Vault is there
    two_clusters,   ///< a second API server is there
    call_back,      ///< the Vault can reach what we serve ourselves (stand-in API servers)
    cut_vault_to_kube,  ///< we stand between Vault and the API server
    virtual_time,       ///< days cost nothing
    patience,           ///< a check may wait for minutes (not over sockets to our own fakes)
};
[[nodiscard]] std::string_view to_string(Feature feature);
/// Why a target lacks it and what would give it, for the reason of a skip.
[[nodiscard]] std::string_view missing_reason(Feature feature);
/// The reason for the first that is needed and not there; "" where all are.
[[nodiscard]] std::string_view missing_of(const std::set<Feature>& needed,
                                          const std::set<Feature>& there);

}  // namespace meshproof::run
