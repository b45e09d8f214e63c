#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/run/environment.hpp"
#include "core/run/feature.hpp"

namespace meshproof::run {

using vault::Product;

/// One Vault of the target, as it was found.
struct SurveyedVault {
    VaultTarget target;  ///< as the target file has it
    std::string where;   ///< "https://127.0.0.1:8200"
    Product product = Product::openbao;
    std::string version, storage;  ///< "2.7.2", "raft"
    bool may_seal = false;         ///< allowed by the target file, and the unseal keys are there
};

/// One API server of the target, as it was found.
struct SurveyedCluster {
    kube::Access access;
    std::string where, version;  ///< "v1.34.4"
};

/// What a target is: found out once, before anything is made there.
struct Survey {
    std::string setting;  ///< "sim", "loopback" or "live"
    Target target;
    std::vector<SurveyedVault> vaults;
    std::vector<SurveyedCluster> clusters;
    std::set<Feature> features;
    std::vector<ServerVersion> servers;  ///< for reports

    /// Of the first Vault; openbao where there is none.
    [[nodiscard]] Product product() const {
        return vaults.empty() ? Product::openbao : vaults.front().product;
    }
    [[nodiscard]] bool has(Feature feature) const { return features.contains(feature); }
};

/// Starts what the environment has to start, and finds out what the target's servers are and offer:
/// reachable, unsealed, of the product that the target file names, the token good. Asks over `wire`
/// as `caller` (http::Endpoint), which the endpoints of the result keep. Throws CannotGoOn, with
/// what to do about it, where a server cannot be used.
[[nodiscard]] Task<Survey> survey(Environment& environment, http::Transport& wire,
                                  std::string caller = {});

/// Whether the token for a Vault may make others, as most checks of tokens and policies do; true
/// where the Vault does not tell.
[[nodiscard]] Task<bool> may_make_tokens(http::Transport& wire, SurveyedVault vault);

}  // namespace meshproof::run
