#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/mesh/account.hpp"
#include "core/vault/client.hpp"

namespace meshproof::mesh {

/// The Vault CA configuration of one cluster, as it is pushed there and read back: no secrets in
/// it.
struct CaConfig {
    std::uint64_t generation = 0;  ///< counts what was pushed to this cluster
    std::string account, label;
    http::Url url;
    std::string service_account, role, pki_path, auth_mount, vault_namespace;
    /// Fingerprints of the account's bundle: new leaves chain to these, whatever else the trust
    /// store holds. None = the root is publicly trusted.
    std::vector<std::string> chain;

    [[nodiscard]] static CaConfig of(const IntegrationAccount& account, std::uint64_t generation);
    [[nodiscard]] static Result<CaConfig> parse(std::string_view json);
    [[nodiscard]] std::string json() const;
    friend bool operator==(const CaConfig&, const CaConfig&) = default;
};

}  // namespace meshproof::mesh
