#pragma once

#include "core/mesh/cluster_state.hpp"

/// What is wanted of a cluster, and how it gets there. The control plane's calls say what they
/// want, at once and without waiting; `keep_in_sync` alone applies it, tries again while that
/// fails, and repairs what somebody else changed. So no call that fails in the middle leaves a
/// cluster half done for ever, and of two at once the later one holds.
namespace meshproof::mesh {

/// From now on the cluster shall be connected to this account's CA, or to none.
void want(Cluster::State& cluster, std::optional<IntegrationAccount> account);

/// What of `found` is not as it is wanted; "" = nothing.
[[nodiscard]] std::string difference(const Cluster::State& cluster,
                                     const StoredConfiguration& found);
/// Why what is wanted is not (all) applied; "" = it is.
[[nodiscard]] std::string out_of_sync(const Cluster::State& cluster);

/// One attempt to apply what is wanted.
[[nodiscard]] Task<Result<void>> synchronise(std::shared_ptr<Cluster::State> cluster);
/// Applies what is wanted whenever it is not applied, until cancelled.
[[nodiscard]] Task<void> keep_in_sync(std::shared_ptr<Cluster::State> cluster);
/// Until one attempt for what is wanted now has ended, well or not.
[[nodiscard]] Task<void> tried(std::shared_ptr<Cluster::State> cluster);

}  // namespace meshproof::mesh
