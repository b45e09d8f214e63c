#pragma once

#include <string>
#include <vector>

#include "core/http/transport.hpp"
#include "core/run/account.hpp"
#include "core/time/clock.hpp"

namespace meshproof::preflight {

/// The configuration that an account's path touches, in the words of `serve --setup`
/// (docs/serve.md). It holds no secret: issuers are told by their certificates, and the API
/// server's address and CA and a reviewer's token are references that the fakes fill in.
struct Export {
    std::string yaml;
    std::string unreachable;  ///< why the Vault did not answer, or not in time; "" = it did
    std::vector<std::string> left_out;  ///< what is not in it, and why: a line each
};

/// Only reads, neither logs in nor signs. Never throws for what a server says.
[[nodiscard]] Task<Export> export_configuration(Clock& clock, http::Transport& transport,
                                                run::Account account);

}  // namespace meshproof::preflight
