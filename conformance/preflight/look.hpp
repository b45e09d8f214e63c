#pragma once

#include "conformance/preflight/facts.hpp"
#include "core/http/transport.hpp"
#include "core/time/clock.hpp"

namespace meshproof::preflight {

/// A preflight answers in half a minute, whatever hangs. One request may take a sixth of it.
inline constexpr Duration usual_look = std::chrono::seconds(28);

struct LookOptions {
    bool read_only = false;       ///< no canary: neither a login nor a signature
    std::string upgrade_to{};     ///< "2.7.2": what this version would break is judged, too
    Duration limit = usual_look;  ///< for all that is asked; what there is no time for is unknown
};

/// Gathers the facts of an account. It only reads, but for the canary: one login, whose token is
/// revoked, and one leaf, which is revoked where somebody's token may do that. A seventh of the
/// limit is kept for that. Never throws for what a server says: what could not be found out is a
/// fact that says why.
[[nodiscard]] Task<Facts> look(Clock& clock, http::Transport& transport, run::Account account,
                               LookOptions options = {});

/// The paths whose rights a login's token is asked for, beside the sign path itself.
[[nodiscard]] std::vector<std::string> judged_paths(const Facts& facts);

}  // namespace meshproof::preflight
