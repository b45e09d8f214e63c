#pragma once

#include "core/mesh/cluster_context.hpp"

/// The CA configuration and the trust store as Secrets in the cluster's mesh namespace.
namespace meshproof::mesh {

/// Writes both, over what was there.
[[nodiscard]] Task<Result<void>> push_configuration(std::shared_ptr<ClusterContext> context,
                                                    CaConfig config, TrustStore trust);
/// Writes the trust store alone.
[[nodiscard]] Task<Result<void>> push_trust(std::shared_ptr<ClusterContext> context,
                                            TrustStore trust);
/// Removes the CA configuration; the trust store stays.
[[nodiscard]] Task<Result<void>> remove_configuration(std::shared_ptr<ClusterContext> context);

/// The two Secrets as they were at one moment.
struct StoredSecrets {
    using Data = std::map<std::string, std::string>;
    std::optional<Data> config, trust;  ///< nothing = there is none
    std::string resource_version;       ///< to watch from
};
[[nodiscard]] Task<Result<StoredSecrets>> read_secrets(std::shared_ptr<ClusterContext> context);

struct StoredConfiguration {
    std::optional<CaConfig> config;  ///< nothing = no CA is connected
    TrustStore trust;
};
[[nodiscard]] Result<StoredConfiguration> parse_secrets(const StoredSecrets& secrets);

}  // namespace meshproof::mesh
