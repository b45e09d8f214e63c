#pragma once

#include <optional>

#include "core/mesh/decision.hpp"
#include "core/time/time.hpp"

/// When an agent renews, retries and gives up: pure, as `decide` is. Nearly every length is a share
/// of a leaf's life, so that the same page is right for leaves of a day and of thirty seconds.
///
/// An agent never gives up for good. What needs a person is tried rarely (`Action::retry_slowly`);
/// a leaf that ended stays until the next one comes, and the pod is not ready meanwhile.
namespace meshproof::mesh {

struct Schedule {
    double renew_at = 2.0 / 3.0;       ///< of what is left of a leaf when it arrives
    double renew_jitter = 0.05;        ///< plus or minus, of the same
    double first_wait = 1.0 / 200.0;   ///< of a leaf's life, at least 50 ms: after a first refusal
    double longest_wait = 1.0 / 20.0;  ///< of a leaf's life
    double projected_token = 0.8;  ///< of its life a projected token is used, as the kubelet does
    double vault_token = 0.9;      ///< of its lease: in its last tenth nothing is begun with it
};

/// A time to wait is drawn evenly from these, both included.
struct WaitRange {
    Duration least{}, most{};
    friend bool operator==(const WaitRange&, const WaitRange&) = default;
};

/// `life` is what leaves are asked to live, in all of these.
///
/// The shortest wait after a refusal, and the least time between two logins of one agent.
[[nodiscard]] Duration first_wait(const Schedule& schedule, Duration life);
[[nodiscard]] Duration longest_wait(const Schedule& schedule, Duration life);

/// Before the next attempt: it doubles with every refusal in a row (`refusals` before this one), up
/// to the longest, each from its half on.
[[nodiscard]] WaitRange retry_wait(const Schedule& schedule, Duration life, int refusals);
/// For what needs a person: the longest wait and a little.
[[nodiscard]] WaitRange slow_wait(const Schedule& schedule, Duration life);
/// Whichever of the two the decision about a refusal asks for.
[[nodiscard]] WaitRange wait_after(Action action, const Schedule& schedule, Duration life,
                                   int refusals);

/// A leaf that was accepted, and when.
struct Arrival {
    Time at, not_after;
};
/// When to ask for the next leaf; `chance` from [0, 1) spreads the agents.
[[nodiscard]] Time renewal_due(const Schedule& schedule, Duration life, const Arrival& leaf,
                               double chance);
/// The first moment at which a leaf is no longer valid: certificates hold whole seconds, and are
/// valid through the last one (RFC 5280 4.1.2.5).
[[nodiscard]] Time leaf_end(Time not_after);

/// The first moment at which an agent may log in (again).
[[nodiscard]] Time login_allowed(const Schedule& schedule, Duration life, Time last_login);
/// Until when a projected token that was asked for at `asked` is used.
[[nodiscard]] Time projected_token_until(const Schedule& schedule, Time asked, Time expires);
/// Until when signing is begun with the Vault token of a login.
[[nodiscard]] Time vault_token_until(const Schedule& schedule, Time login, Duration lease);

/// How long one call to a server may take: a quarter of a life, and never longer than 30 s.
[[nodiscard]] Duration call_limit(Duration life);

}  // namespace meshproof::mesh
