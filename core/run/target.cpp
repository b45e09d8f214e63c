#include "core/run/target.hpp"

#include "core/base/text.hpp"
#include "core/run/reach.hpp"

namespace meshproof::run {
namespace {

constexpr DurationLimits leaf_ttls{.shortest = std::chrono::seconds(5),
                                   .longest = std::chrono::hours(24),
                                   .expected = "a duration from 5s to 24h"};

Secret read_token(YamlSection& section, const Variables& variables) {
    if (refuse_token_as_name(section, "token_file")) {
        return {};
    }
    auto text = section.file("token_file");
    warn_of_others(section, "token_file");
    if (!text) {
        text = filled(variables, "VAULT_TOKEN");
    }
    if (const auto home = filled(variables, "HOME"); !text && home) {
        // Where `vault login` leaves it; being absent is no fault.
        if (auto saved = read_file(*home + "/.vault-token")) {
            text = std::move(*saved);
        }
    }
    if (!text) {
        section.needs("token_file", "a file with a token, or VAULT_TOKEN");
        return {};
    }
    if (trim(*text).empty()) {
        section.refuse("token_file", "the token is empty");
    }
    return read_secret_word(section, "token_file", *text);
}

std::vector<Secret> read_unseal_keys(YamlSection& section) {
    const auto text = section.file("unseal_keys_file");
    warn_of_others(section, "unseal_keys_file");
    std::vector<Secret> keys;
    for (const auto& line : split(text.value_or(""), '\n')) {
        if (!trim(line).empty()) {
            keys.emplace_back(std::string(trim(line)));
        }
    }
    if (text && keys.empty()) {
        section.refuse("unseal_keys_file", "expected one key a line, got none");
    }
    return keys;
}

/// The fields by which every Vault is reached.
VaultTarget read_reach(YamlSection& section, const Variables& variables) {
    VaultTarget vault;
    vault.config.endpoint = read_vault_endpoint(section, variables);
    return vault;
}

VaultTarget read_vault(YamlSection& section, const Variables& variables) {
    // Before the check for unknown fields: this one deserves its own words.
    if (section.has("token")) {
        section.refuse("token",
                       "a token does not belong in a target file: put it in a file of its own and "
                       "name that in token_file");
    }
    section.only({"address", "allow_seal", "ca_file", "namespace", "product", "skip_verify",
                  "tls_server_name", "token_file", "unseal_keys_file"});
    auto vault = read_reach(section, variables);
    vault.config.token = read_token(section, variables);
    const auto namespace_name = section.text("namespace");
    vault.config.namespace_name =
        namespace_name ? *namespace_name : filled(variables, "VAULT_NAMESPACE").value_or("");
    if (const auto product = section.text("product")) {
        if (*product != "openbao" && *product != "vault") {
            section.refuse("product", "expected openbao or vault, got {}", *product);
        }
        vault.product = *product == "openbao" ? vault::Product::openbao : vault::Product::vault;
    }
    vault.allow_seal = section.flag("allow_seal").value_or(false);
    vault.unseal_keys = read_unseal_keys(section);
    if (vault.allow_seal && !section.has("unseal_keys_file")) {
        section.refuse("allow_seal",
                       "needs unseal_keys_file: a Vault that was sealed must be opened again");
    }
    return vault;
}

/// A server that nobody initialised has neither a token nor keys.
VaultTarget read_new_vault(YamlSection& section, const Variables& variables) {
    section.only({"address", "ca_file", "skip_verify", "tls_server_name"});
    return read_reach(section, variables);
}

kube::Access read_cluster(YamlSection& section, const Variables& variables) {
    section.only({"context", "kubeconfig"});
    return read_kubeconfig_access(section, variables);
}

template <class T>
using Read = T (*)(YamlSection& section, const Variables& variables);

/// A list of servers, or the word fake. Where it is absent and `variable` is set, one server that
/// the environment names.
template <class T>
std::vector<T> read_servers(YamlSection& root, const char* name, const char* variable,
                            const Variables& variables, bool& fake, Read<T> read) {
    constexpr std::string_view expected = "a list with at least one entry, or the word fake";
    std::vector<T> servers;
    if (!root.has(name)) {
        if (!filled(variables, variable)) {
            root.needs(name,
                       fmt::format("a list or the word fake, or {} in the environment", variable));
            return servers;
        }
        auto section = root.unwritten(fmt::format("{}[0]", name));
        servers.push_back(read(section, variables));
        return servers;
    }
    if (root.is_text(name) && root.text(name) == "fake") {
        fake = true;
        return servers;
    }
    for (auto& section : root.sections(name, expected)) {
        servers.push_back(read(section, variables));
    }
    if (servers.empty()) {
        root.refuse(name, "expected {}", expected);
    }
    return servers;
}

/// Servers of which checks may do what they like. Absent = none.
std::vector<VaultTarget> read_spare_vaults(YamlSection& root, const char* name,
                                           const Variables& variables, Read<VaultTarget> read) {
    std::vector<VaultTarget> servers;
    for (auto& section : root.sections(name)) {
        servers.push_back(read(section, variables));
    }
    return servers;
}

std::map<std::string, std::string> read_deviations(YamlSection& root) {
    auto section = root.inner("deviations", "a map of check to reason");
    if (!section) {
        return {};
    }
    std::map<std::string, std::string> deviations;
    for (const auto& id : section->names()) {
        deviations[id] = section->text(id, "the reason").value_or("");
        section->needs(id, "the reason");
    }
    return deviations;
}

Result<Target> read_target(YamlSection root, const Variables& variables) {
    root.only({"clusters", "deviations", "leaf_ttl", "mesh_namespace", "name", "nodes",
               "uninitialised", "vaults", "workload_namespace"});
    Target target;
    root.needs("name", "a word for reports, like openbao-2.7.2");
    target.name = root.text("name").value_or("");
    target.mesh_namespace = root.text("mesh_namespace").value_or(target.mesh_namespace);
    target.workload_namespace = root.text("workload_namespace").value_or(target.workload_namespace);
    target.leaf_ttl = root.duration("leaf_ttl", leaf_ttls).value_or(target.leaf_ttl);
    target.deviations = read_deviations(root);
    target.vaults = read_servers<VaultTarget>(root, "vaults", "VAULT_ADDR", variables,
                                              target.fake_vaults, read_vault);
    target.clusters = read_servers<kube::Access>(root, "clusters", "KUBECONFIG", variables,
                                                 target.fake_clusters, read_cluster);
    target.nodes = read_spare_vaults(root, "nodes", variables, read_vault);
    target.uninitialised = read_spare_vaults(root, "uninitialised", variables, read_new_vault);
    if (target.fake_vaults && target.fake_clusters) {
        root.refuse("clusters",
                    "vaults and clusters are both fake: use --target loopback for that");
    }
    if (!target.vaults.empty() || !target.clusters.empty()) {
        warn_of_ignored(variables);
    }
    return checked_whole(std::move(target), root);
}

}  // namespace

Result<Target> Target::load(const std::string& path, const Variables& variables) {
    const auto text = read_file(path);
    if (!text) {
        return propagate(text);
    }
    return parse(*text, path, variables);
}

Result<Target> Target::parse(std::string_view yaml, std::string_view path,
                             const Variables& variables) {
    const auto root = YamlSection::parse(
        yaml, {.path = std::string(path),
               .what = "target",
               .no_map = "expected a target: a map with name, vaults and clusters"});
    return root ? read_target(*root, variables) : propagate(root);
}

}  // namespace meshproof::run
