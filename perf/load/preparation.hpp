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
    std::size_t clients = 0;  ///< service accounts that log in
};
[[nodiscard]] Footprint footprint_of(const Options& options, std::size_t transactions,
                                     const run::RunMark& mark);

/// What a load runs on.
struct Ground {
    vault::Config vault;  ///< without a token
    run::Prepared page;
    std::vector<Secret> account_tokens;  ///< of the service accounts, for logins
    Secret token;                        ///< of a login made ahead, where nobody logs in by himself
    std::vector<crypto::Certificate> trust;  ///< what leaves have to chain to
};

/// Where it is made, and by what.
struct Site {
    vault::Client vault;
    kube::Client kube;
    std::string review_url, cluster_ca_pem, mesh_namespace;
};
/// The first Vault and the first cluster. CannotGoOn where the target lacks one of them.
[[nodiscard]] Site site_of(const run::Survey& found, http::Transport& wire);

/// Makes it all under the ledger's mark, each undo written down before its step. CannotGoOn where a
/// server does not let it happen.
[[nodiscard]] Task<Ground> prepare_ground(run::Ledger& ledger, Site site, Options options,
                                          std::size_t transactions);

/// Removes it, then sweeps for what else carries the run's mark, such as what logins left. Gives
/// what could not be removed, and why.
[[nodiscard]] Task<std::vector<std::string>> clear_ground(run::Ledger& ledger, Site site);

}  // namespace meshproof::load
