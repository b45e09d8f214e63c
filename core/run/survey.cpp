#include "core/run/survey.hpp"

#include <algorithm>

#include "core/kube/client.hpp"
#include "core/run/needed.hpp"
#include "core/run/rights.hpp"

namespace meshproof::run {
namespace {

void expect_open(const vault::SealStatus& status, const std::string& where) {
    if (!status.initialized || status.sealed) {
        throw CannotGoOn({FailureKind::sealed,
                          fmt::format("Vault {} is {}", where,
                                      status.initialized ? "sealed" : "not initialised"),
                          503,
                          {}},
                         status.initialized ? "unseal it: vault operator unseal"
                                            : "initialise it: vault operator init");
    }
}

void expect_product(const SurveyedVault& found) {
    if (found.target.product && *found.target.product != found.product) {
        throw CannotGoOn(
            {FailureKind::invalid,
             fmt::format("Vault {} is {} {}, and the target file says {}", found.where,
                         to_string(found.product), found.version, to_string(*found.target.product)),
             0,
             {}},
            "correct `product` in the target file");
    }
}

/// What to do where the token cannot even look at itself.
std::string token_hint(const Result<vault::TokenInfo>& self) {
    // The Vault looks for the namespace before it looks at the token.
    if (!self && self.error().kind == FailureKind::not_found) {
        return "check the namespace in the target file, or in VAULT_NAMESPACE";
    }
    // Nothing was said of the token: a proxy's 503, a limit, a broken connection.
    if (!self && self.error().kind != FailureKind::denied &&
        self.error().kind != FailureKind::rejected) {
        return "the Vault, or what stands before it, is not available now: vault status shows what "
               "it says of itself";
    }
    return "give a token that may mount engines and auth methods and write policies: vault token "
           "lookup shows what it is";
}

Task<SurveyedVault> survey_vault(http::Transport& wire, VaultTarget target, bool fake) {
    SurveyedVault found;
    found.where = target.config.endpoint.url.origin();
    const vault::Client client(wire, target.config);
    const auto status = needed(co_await client.seal_status(), "Vault " + found.where,
                               "check its address and ca_file in the target file");
    expect_open(status, found.where);
    const auto self = co_await client.lookup_self();
    (void)needed(self, fmt::format("the token for Vault {}", found.where), token_hint(self));
    // Of a fake's root token nobody has to ask more than what was always asked.
    co_await expect_vault_rights(client, found.where, !fake);
    found.product = status.product;
    found.version = status.version;
    found.storage = status.storage_type;
    found.may_seal = target.allow_seal && !target.unseal_keys.empty();
    found.target = std::move(target);
    expect_product(found);
    co_return found;
}

Task<SurveyedCluster> survey_cluster(http::Transport& wire, kube::Access access) {
    SurveyedCluster found;
    found.where = access.endpoint.url.origin();
    const kube::Client client(wire, access);
    found.version = needed(co_await client.version(), "API server " + found.where,
                           "check the kubeconfig that the target file names");
    found.access = std::move(access);
    co_return found;
}

bool all_on_this_machine(const Target& target) {
    const auto near = [](const auto& one) { return one.loopback(); };
    return std::ranges::all_of(target.vaults, near,
                               [](const VaultTarget& one) { return one.config.endpoint.url; }) &&
           std::ranges::all_of(target.clusters, near,
                               [](const kube::Access& one) { return one.endpoint.url; });
}

Task<bool> is_new(http::Transport& wire, VaultTarget target) {
    const vault::Client client(wire, std::move(target.config));
    const auto state = co_await client.seal_status();
    co_return state && !state->initialized;
}

Task<std::set<Feature>> features_of(Environment& environment, http::Transport& wire,
                                    const Survey& found) {
    std::set<Feature> features;
    const auto add = [&features](bool there, Feature feature) {
        if (there) {
            features.insert(feature);
        }
    };
    add(environment.virtual_time(), Feature::virtual_time);
    add(found.setting != "loopback", Feature::patience);
    add(!found.clusters.empty(), Feature::kubernetes);
    add(found.vaults.size() > 1, Feature::two_vaults);
    add(found.clusters.size() > 1, Feature::two_clusters);
    add(!found.clusters.empty() &&
            (environment.virtual_time() || all_on_this_machine(found.target)),
        Feature::cut_vault_to_kube);
    if (found.vaults.empty()) {
        co_return features;
    }
    const auto& first = found.vaults.front();
    features.insert(Feature::vault);
    add(first.product == Product::openbao, Feature::openbao);
    add(first.product == Product::openbao, Feature::namespaces);
    add(first.may_seal, Feature::seal);
    add(first.storage == "raft", Feature::raft);
    add(found.target.nodes.size() > 2, Feature::nodes);
    add(environment.fake_vaults() || first.target.config.endpoint.url.loopback(),
        Feature::call_back);
    if (!found.target.uninitialised.empty()) {
        add(co_await is_new(wire, found.target.uninitialised.front()), Feature::uninitialised);
    }
    co_return features;
}

std::vector<ServerVersion> servers_of(const Environment& environment, const Survey& found) {
    std::vector<ServerVersion> servers;
    for (const auto& one : found.vaults) {
        servers.push_back(
            {"vault",
             fmt::format("{}{}", environment.fake_vaults() ? "fake " : "", to_string(one.product)),
             one.version, one.where});
    }
    for (const auto& one : found.clusters) {
        servers.push_back(
            {"kubernetes",
             fmt::format("{}kube-apiserver", environment.fake_clusters() ? "fake " : ""),
             one.version, one.where});
    }
    return servers;
}

}  // namespace

Task<Survey> survey(Environment& environment, http::Transport& wire, std::string caller) {
    Survey found;
    found.setting = std::string(environment.setting());
    found.target = require(co_await environment.start());
    for (auto& target : found.target.vaults) {
        target.config.endpoint.caller = caller;
        found.vaults.push_back(co_await survey_vault(wire, target, environment.fake_vaults()));
    }
    for (auto& access : found.target.clusters) {
        access.endpoint.caller = caller;
        found.clusters.push_back(co_await survey_cluster(wire, access));
    }
    found.features = co_await features_of(environment, wire, found);
    found.servers = servers_of(environment, found);
    co_return found;
}

Task<bool> may_make_tokens(http::Transport& wire, SurveyedVault vault) {
    const vault::Client client(wire, vault.target.config);
    const auto capabilities = co_await client.capabilities_self("auth/token/create");
    co_return !capabilities || may_write(*capabilities);
}

}  // namespace meshproof::run
