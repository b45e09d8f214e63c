#pragma once

#include "conformance/preflight/facts.hpp"
#include "core/http/transport.hpp"
#include "core/time/clock.hpp"

namespace meshproof::preflight {

struct LookOptions {
    bool read_only = false;    ///< no canary: neither a login nor a signature
    std::string upgrade_to{};  ///< "2.7.2": what this version would break is judged, too
};

/// Gathers the facts of an account. It only reads, but for the canary: one login, whose token is
/// revoked, and one leaf, which is revoked where somebody's token may do that. Never throws for
/// what a server says: what could not be found out is a fact that says why.
[[nodiscard]] Task<Facts> look(Clock& clock, http::Transport& transport, run::Account account,
                               LookOptions options = {});

/// The paths whose rights a login's token is asked for, beside the sign path itself.
[[nodiscard]] std::vector<std::string> judged_paths(const Facts& facts);

}  // namespace meshproof::preflight
