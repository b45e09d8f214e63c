#pragma once

#include "core/mesh/issuance.hpp"
#include "core/mesh/pod_server.hpp"
#include "core/mesh/pod_status.hpp"
#include "core/mesh/schedule.hpp"
#include "core/mesh/views.hpp"
#include "core/time/task_group.hpp"

namespace meshproof::mesh {

/// A pod's own agent: it gets the pod a certificate, keeps it fresh, serves the pod's port and
/// reports its status. It works by its own schedule, and never faster than one backoff step between
/// two logins.
class Agent {
  public:
    struct Pod {
        std::string name, uid, workload, service_account;
    };

    Agent(std::shared_ptr<ClusterContext> context, Pod pod);

    /// Starts its coroutines on the caller's executor; they keep the agent alive.
    [[nodiscard]] static Task<void> start(std::shared_ptr<Agent> agent);
    /// Ends them and closes the port.
    [[nodiscard]] Task<void> stop();

    /// The cluster's CA configuration or trust store may have changed.
    void wake() { wake_.ring(); }
    void renew_now();
    /// It was deleted in the API server, whose watch has not told us yet.
    void mark_deleted() { deleted_ = true; }

    [[nodiscard]] const Pod& pod() const { return pod_; }
    [[nodiscard]] const PodServer& server() const { return server_; }
    [[nodiscard]] bool ready() const;
    [[nodiscard]] bool deleted() const { return deleted_; }
    [[nodiscard]] PodView view() const;

  private:
    static Task<void> live(std::shared_ptr<Agent> agent);
    /// One attempt. It goes on beside live(), which tells of readiness and looks at the
    /// configuration while an answer is awaited.
    static Task<void> try_once(std::shared_ptr<Agent> agent);
    static Task<void> report(std::shared_ptr<Agent> agent);

    [[nodiscard]] Task<void> open_port();
    /// Gives up what is under way for another one.
    [[nodiscard]] Task<void> notice_configuration();
    /// What waits are counted by: it does not jump.
    [[nodiscard]] Duration elapsed() const;
    [[nodiscard]] bool due() const;
    [[nodiscard]] Task<void> attempt();
    [[nodiscard]] Task<Result<void>> log_in(CaConfig config, Caller caller);
    /// A projected token, as the kubelet keeps it in a pod's volume: the one at hand for most of
    /// its life, whatever becomes of logins with it, then a fresh one. A refusal that may be about
    /// the token brings another at once, which no kubelet does: it cannot know of one. Where the
    /// API server gives no fresh one there is none; a kubelet leaves the old one until its end.
    [[nodiscard]] Task<Result<void>> have_projected_token(CaConfig config, Caller caller);
    [[nodiscard]] bool token_usable() const;
    [[nodiscard]] bool valid() const;    ///< the leaf that it shows, now
    [[nodiscard]] bool trusted() const;  ///< by its peers; only where it shows a leaf
    // Not a leaf that ends before another can follow, while the one that is shown is good for
    // longer.
    [[nodiscard]] Result<void> no_worse(const vault::Issued& other) const;
    [[nodiscard]] Arrival arrives(const crypto::Certificate& leaf,
                                  const crypto::Certificate& issuer) const;
    void adopt(crypto::TlsIdentity identity, const crypto::Certificate& issuer);
    void reject(const Failure& failure);
    void refused(Step step, const Failure& failure, const Asked& asked);
    void tell_readiness();
    [[nodiscard]] std::string why_not_ready() const;
    [[nodiscard]] Task<void> rest(std::uint64_t seen);

    std::shared_ptr<ClusterContext> context_;
    Pod pod_;
    Prng prng_;
    Backoff backoff_;
    PodServer server_;
    PodStatus status_;
    TaskGroup tasks_, attempt_;
    Bell wake_;

    // Moments without a date are of elapsed().
    Duration due_;  ///< of the next attempt
    std::optional<Time>
        renew_by_;  ///< the same as a date, for the day on which the civil clock jumps ahead
    std::optional<Time>
        begins_;  ///< the leaf's own first moment, for the day on which the civil clock steps back
    Duration life_;         ///< paces retries and renewals: as long as the last leaf's
    bool failing_ = false;  ///< the last attempt failed
    bool attempting_ = false, giving_up_ = false;  ///< it is under way; it shall end
    int unanswered_ = 0;  ///< calls in a row for whose answer it did not wait long enough
    std::string problem_ = "waiting for its first certificate";
    bool deleted_ = false;

    std::optional<std::uint64_t>
        generation_;  ///< of the configuration that the tokens below are for
    std::optional<kube::IssuedToken> projected_;
    Duration projected_fresh_until_{};
    Secret vault_token_;
    Duration vault_token_until_{};
    std::optional<Duration> last_login_;

    std::optional<std::pair<bool, std::string>> told_;  ///< readiness as last told
    /// Until when peers take the leaf that it shows, by one state of the trust store: a chain is
    /// too dear to be verified whenever somebody asks.
    struct Trust {
        std::uint64_t version = 0;
        crypto::Certificate leaf;
        std::optional<Time> until;
    };
    mutable std::optional<Trust> trust_;
    std::size_t leaves_ = 0, logins_ = 0;
    std::size_t login_attempts_ = 0, sign_attempts_ = 0;  ///< answered or not
};

}  // namespace meshproof::mesh
