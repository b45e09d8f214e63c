#pragma once

#include <optional>
#include <string>

#include "core/crypto/certificate.hpp"
#include "core/kube/client.hpp"
#include "core/run/ledger.hpp"
#include "core/vault/client.hpp"

namespace meshproof::run {

/// Step 1 of the integration page: how one Vault is prepared for one cluster. Times and names have
/// the page's own defaults, corrected where the real servers refuse its words (decision 0003).
struct Recipe {
    std::string trust_domain = "cluster.local";
    std::string service_account = "vault-issuer";
    std::string role_name = "example-dot-com";
    Duration root_ttl{};                               ///< zero = 30 leaf lives
    Duration intermediate_ttl{};                       ///< zero = 20 leaf lives
    Duration role_max_ttl{};                           ///< zero = the leaf's life
    std::string ca_key_type = "ec";                    ///< the page has rsa; ec saves seconds
    std::string allowed_uri_sans;                      ///< "" = spiffe://TRUST_DOMAIN/*
    vault::Json signing_role = vault::Json::object();  ///< its fields beside the page's
    std::string token_type;                            ///< of logins; "" = the Vault's default
    Duration token_ttl = std::chrono::hours(1);        ///< of logins
    std::vector<std::string> further_accounts;  ///< may log in too, as may review their own tokens
    /// Another recipe's mounts and policy, for a second cluster on the same PKI: only the auth
    /// mount is made anew.
    const struct Prepared* shared_pki = nullptr;
};

/// Where a recipe is followed.
struct RecipePlace {
    vault::Client vault;  ///< with a token that may mount engines and auth methods, write policies
    kube::Client kube;    ///< with a token that may bind roles
    std::string review_url;      ///< kubernetes_host: where the Vault reaches the API server
    std::string cluster_ca_pem;  ///< kubernetes_ca_cert
    std::string mesh_namespace = "istio-system";
    Duration leaf_ttl{};
};

/// What step 1 made, and what the account dialog asks for.
struct Prepared {
    std::string root_mount, intermediate_mount, policy, pki_role, auth_mount, auth_role,
        service_account;
    std::string trust_domain;
    std::string ca_chain_pem;  ///< intermediate, then root
    /// Of a PKI that this recipe made: the issuer, and the longest life that its role gives.
    std::optional<crypto::Certificate> issuer;
    Duration role_max_ttl{};

    [[nodiscard]] std::string pki_path() const { return intermediate_mount + "/sign/" + pki_role; }
    [[nodiscard]] std::string mount_path() const { return "/v1/auth/" + auth_mount; }
};

/// Follows the recipe. `number` tells several of one ledger apart by their names (1 is the first).
/// Each undo stands in the ledger before its step. CannotGoOn where a server does not let it
/// happen.
[[nodiscard]] Task<Prepared> prepare(Ledger& ledger, RecipePlace place, Recipe recipe,
                                     int number = 1);

}  // namespace meshproof::run
