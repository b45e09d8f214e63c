#pragma once

#include <string>
#include <vector>

#include "core/run/account.hpp"
#include "perf/load/preparation.hpp"

namespace meshproof::load {

// A load on a mesh's own account: its auth role and its sign path, which somebody else made. In
// Vault nothing is made but what logins and signatures leave there themselves, in Kubernetes
// nothing at all: tokens are only asked for.

/// The account's Vault, as it is found without a token. CannotGoOn where it does not answer or is
/// sealed.
[[nodiscard]] Task<run::Survey> survey_account(std::string setting, const run::Account& account,
                                               http::Transport& wire);

/// What it leaves behind and what that costs, said before anything is asked.
[[nodiscard]] Footprint footprint_of(const Options& options, std::size_t transactions,
                                     const run::Account& account);

/// Asks for tokens of the account's service account, then logs in once and signs once, to find out
/// what a login gives and how leaves are dated there. The token of that login is revoked by the
/// ledger. CannotGoOn, with what to correct, where one of these is refused, a leaf would not live
/// as long as asked, or the token at hand expires before the load's end.
[[nodiscard]] Task<Ground> existing_ground(run::Ledger& ledger, const run::Account& account,
                                           http::Transport& wire, Clock& clock, Options options,
                                           std::size_t transactions);

/// What logins will leave in the Vault, now that it is known what they give.
[[nodiscard]] std::vector<std::string> existing_lines(const Options& options, const Ground& ground,
                                                      std::size_t transactions);

}  // namespace meshproof::load
