#pragma once

#include <optional>

#include "core/mesh/decision.hpp"
#include "core/time/time.hpp"

/// When an agent renews, retries and gives up: pure, as `decide` is. Nearly every length is a share
/// of a leaf's life, so that the same page is right for leaves of a day and of thirty seconds.
///
/// A civil clock may jump, so whatever is waited for is a length of time, counted by a clock that
/// does not (`Clock::elapsed`). Only what a certificate says of itself is a date.
///
/// An agent never gives up for good. What needs a person is tried rarely (`Action::retry_slowly`);
/// a leaf that ended stays until the next one comes, and the pod is not ready meanwhile.
namespace meshproof::mesh {

struct Schedule {
    double renew_at = 2.0 / 3.0;       ///< of what is left of a leaf when it arrives
    double renew_jitter = 0.05;        ///< plus or minus, of the same
    double first_wait = 1.0 / 200.0;   ///< of a leaf's life, at least 50 ms: after a first refusal
    double longest_wait = 1.0 / 20.0;  ///< of a leaf's life; also how soon a jump of the civil
                                       ///< clock is noticed
    double projected_token = 0.8;  ///< of its life a projected token is used, as the kubelet does
    double vault_token = 0.9;      ///< of its lease: in its last tenth nothing is begun with it
};

/// A time to wait is drawn evenly from these, both included.
struct WaitRange {
    Duration least{}, most{};
    friend bool operator==(const WaitRange&, const WaitRange&) = default;
};

/// `life` is what paces an agent, in all of these (`life_after`).
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
/// The same where the server said for how long it wants to be left alone: no sooner than that, and
/// spread as far as before. It is obeyed for at most a life: no server puts a pod off for ever.
[[nodiscard]] WaitRange no_sooner(const WaitRange& wait, Duration told, Duration life);

/// A leaf that was accepted, and when.
struct Arrival {
    Time at, not_before, not_after;
    Time issuer_not_after;  ///< of the certificate that signed it
};
/// What paces an agent once this leaf has come: the leaf's own life, and at most what it asks for.
/// A leaf that ends with its issuer was cut short, and tells nothing of the next one's life: then
/// it stays as it is. (A CA near its end cuts ever shorter; asking ever faster would storm it.)
[[nodiscard]] Duration life_after(Duration asked, Duration life, const Arrival& leaf);
/// How long after its arrival the next leaf is asked for; `chance` from [0, 1) spreads the agents.
[[nodiscard]] Duration renewal_wait(const Schedule& schedule, Duration life, const Arrival& leaf,
                                    double chance);
/// Whether another leaf can follow before this one ends. A server whose date is wrong may give one
/// that ends as it arrives: it passes every judgement, and the next moment nobody accepts it.
[[nodiscard]] bool can_be_followed(const Schedule& schedule, Duration life, const Arrival& leaf);
/// The first moment at which a leaf is no longer valid: certificates hold whole seconds, and are
/// valid through the last one (RFC 5280 4.1.2.5).
[[nodiscard]] Time leaf_end(Time not_after);

/// How long a projected token of that life is used, from when it was asked for: the kubelet makes
/// another then, or after a day (requiresRefresh in
/// github.com/kubernetes/kubernetes, pkg/kubelet/token/token_manager.go).
[[nodiscard]] Duration projected_token_use(const Schedule& schedule, Duration life);
/// How long signing is begun with the Vault token of a login, from when it was asked for.
[[nodiscard]] Duration vault_token_use(const Schedule& schedule, Duration lease);

/// How long one call to a server may take: a quarter of a life, and never longer than 30 s.
[[nodiscard]] Duration call_limit(Duration life);
/// The same after so many calls in a row that nobody answered in time: twice as long each, and never
/// longer than the longest wait. A server goes on with what its caller has given up, so a queue that
/// is longer than their patience would serve nobody for as long as they come again.
[[nodiscard]] Duration call_limit(const Schedule& schedule, Duration life, int unanswered);

}  // namespace meshproof::mesh
