#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/run/reach.hpp"
#include "core/vault/client.hpp"

namespace meshproof::run {

/// A Vault named by a target file.
struct VaultTarget {
    vault::Config config;                   ///< address, CA, token, namespace
    std::optional<vault::Product> product;  ///< what the file says; checked against the server
    std::vector<Secret> unseal_keys;
    bool allow_seal = false;
};

/// A target file: the servers a run works against. Either side may be the word `fake`.
/// Environment values VAULT_ADDR, VAULT_TOKEN, VAULT_CACERT, VAULT_NAMESPACE, VAULT_SKIP_VERIFY,
/// ~/.vault-token and KUBECONFIG fill in what the file leaves out.
struct Target {
    std::string name;
    bool fake_vaults = false, fake_clusters = false;
    std::vector<VaultTarget> vaults;
    /// For checks only: all nodes of one cluster on raft storage, of the first Vault's product, and
    /// a server that nobody initialised yet (at most one). Checks seal, unseal and initialise them.
    std::vector<VaultTarget> nodes, uninitialised;
    std::vector<kube::Access> clusters;
    std::string mesh_namespace = "istio-system";
    std::string workload_namespace = "default";
    Duration leaf_ttl = std::chrono::seconds(30);
    /// Known deviations: id of a check or scenario -> reason.
    std::map<std::string, std::string> deviations;

    /// Reads and checks the file and everything it refers to. Failures are one line: file, field,
    /// what was expected.
    [[nodiscard]] static Result<Target> load(const std::string& path,
                                             const Variables& variables = machine_variable);
    /// `path` is for messages, and its folder for the files that the text names.
    [[nodiscard]] static Result<Target> parse(std::string_view yaml, std::string_view path,
                                              const Variables& variables = machine_variable);
};

}  // namespace meshproof::run
