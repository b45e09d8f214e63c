#pragma once

#include <string>
#include <vector>

#include "core/run/recipe.hpp"
#include "core/run/survey.hpp"
#include "perf/load/options.hpp"

namespace meshproof::load {

/// What a load makes on the target and what that costs its owner, said before anything is made.
struct Footprint {
    std::vector<std::string> made;  ///< "secrets engine meshproof-k3f9a2-pki", …
    std::size_t transactions = 0;   ///< asked in all; of find-max, at most
    std::size_t certificates = 0;   ///< signed at most
    std::size_t stored_certificates = 0, leases = 0, stored_tokens = 0;  ///< at most
    std::size_t clients = 0;         ///< service accounts that log in
    std::vector<http::Url> asks;     ///< where it asks: none may be somebody else's
    std::vector<std::string> notes;  ///< what else a person should know before it begins
};
[[nodiscard]] Footprint footprint_of(const Options& options, std::size_t transactions,
                                     const run::RunMark& mark);

/// Whether somebody pays for each certificate and each client: the first Vault is an Enterprise
/// one, as its version says ("1.19.0+ent", "1.19.0+ent.hsm").
[[nodiscard]] bool billed(const run::Survey& found);
/// Why the load may not be made, since Vault Enterprise could bill more for it than the options
/// allow; "" where it may.
[[nodiscard]] std::string over_the_bill(const Options& options, const Footprint& print,
                                        const run::Survey& found);

/// Why requests cannot bring their login along ("inline") at the first Vault; "" where they can:
/// OpenBao does that from 2.4 on. Others answer each such request with 403, which tells nothing.
[[nodiscard]] std::string no_inline_logins(const run::Survey& found);

/// What a load runs on.
struct Ground {
    vault::Config vault;                    ///< without a token
    std::vector<http::Endpoint> addresses;  ///< where transactions go; empty = `vault` alone
    run::Prepared page;
    std::vector<std::string> further_auth_mounts;  ///< of the second cluster and so on
    /// Of the service accounts, for logins: as many of each cluster, and the clusters take turns.
    std::vector<Secret> account_tokens;
    Secret token;  ///< of a login made ahead, where nobody logs in by himself
    std::vector<crypto::Certificate> trust;  ///< what leaves have to chain to
    bool chain_in_answer = false;  ///< with the issuers that an answer has beside its leaf
    Duration backdated = std::chrono::seconds(30);  ///< of a leaf: both products' default
    TokenMode token_mode = TokenMode::service;      ///< what a login gives; of a mesh's own account
    Duration token_ttl{};                           ///< the same
};

/// Where it is made, and by what.
struct Site {
    vault::Client vault;
    kube::Client kube;
    std::string review_url, cluster_ca_pem, mesh_namespace;
    std::vector<http::Endpoint> addresses{};  ///< of the Vault, where there are several
};
/// The first Vault, or the first of the `nodes`, and the first cluster. CannotGoOn where the target
/// lacks one of them.
[[nodiscard]] Site site_of(const run::Survey& found, http::Transport& wire,
                           const Options& options = {});

/// Where nobody of the load has a token of his own.
[[nodiscard]] bool needs_token_ahead(const Options& options);
/// How many service account tokens logins take turns at: as many of each cluster.
[[nodiscard]] std::size_t tokens_needed(const Options& options, std::size_t transactions);

/// Makes it all under the ledger's mark, each undo written down before its step. CannotGoOn where a
/// server does not let it happen.
[[nodiscard]] Task<Ground> prepare_ground(run::Ledger& ledger, Site site, Options options,
                                          std::size_t transactions);

/// Until each of several addresses takes logins: a standby of OpenBao learns of a new auth method's
/// configuration within 30 s. CannotGoOn where one does not.
[[nodiscard]] Task<void> wait_for_logins(Clock& clock, http::Transport& wire, Ground ground);

/// Removes it, then sweeps for what else carries the run's mark, such as what logins left. Gives
/// what could not be removed, and why.
[[nodiscard]] Task<std::vector<std::string>> clear_ground(run::Ledger& ledger, Site site);

}  // namespace meshproof::load
