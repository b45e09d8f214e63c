#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/base/result.hpp"
#include "core/spiffe/identity.hpp"
#include "core/time/time.hpp"

namespace meshproof::mesh {

/// Which call of the signing path failed.
enum class Step { token_request, login, sign };

/// What the agent does about it (wire contract section L).
enum class Action {
    login_again,   ///< the Vault token is no good: log in, with backoff
    retry,         ///< transient: same call again, with backoff
    retry_slowly,  ///< needs a person or a CA change: report, and try rarely
};

struct Decision {
    Action action = Action::retry;
    std::string reason;  ///< one line for people: what it means and what to fix
    std::optional<Duration> no_sooner =
        std::nullopt;  ///< for how long the server wants to be left alone
    /// The projected token may be what a login was refused for: the next one shows another.
    bool other_projected_token = false;
};

/// What was asked for, so that the reason can name it.
struct Asked {
    std::string auth_role;  ///< the Kubernetes auth role
    std::string pki_path;   ///< MOUNT/sign/ROLE
    std::string service_account;
    spiffe::SpiffeId id;
    std::string vault_namespace = {};  ///< "" = none
    std::string auth_mount = {};       ///< of the Kubernetes auth method, as in auth/NAME
};

/// The client-side decision table: pure.
[[nodiscard]] Decision decide(Step step, const Failure& failure, const Asked& asked = {});

}  // namespace meshproof::mesh
