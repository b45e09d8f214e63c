#pragma once

#include "core/mesh/cluster_context.hpp"

/// The CA configuration and the trust store as Secrets in the cluster's mesh namespace.
namespace meshproof::mesh {

/// Writes both, over what was there.
[[nodiscard]] Task<Result<void>> push_configuration(std::shared_ptr<ClusterContext> context,
                                                    CaConfig config, std::string ca_pem);
/// Removes the CA configuration; the trust store stays.
[[nodiscard]] Task<Result<void>> remove_configuration(std::shared_ptr<ClusterContext> context);

struct StoredConfiguration {
    std::optional<CaConfig> config;  ///< nothing = no CA is connected
    std::vector<crypto::Certificate> trust;
};
[[nodiscard]] Task<Result<StoredConfiguration>> read_configuration(
    std::shared_ptr<ClusterContext> context);

}  // namespace meshproof::mesh
