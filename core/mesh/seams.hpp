#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/crypto/tls.hpp"
#include "core/mesh/ca_config.hpp"
#include "core/mesh/decision.hpp"
#include "core/mesh/observer.hpp"
#include "core/mesh/views.hpp"
#include "core/spiffe/svid.hpp"
#include "core/vault/client.hpp"

/// Where a deliberate fault can get into the mesh (saboteurs.hpp). In a mesh without one, all of
/// this does nothing.
namespace meshproof::mesh {

/// A place that a value passes: it comes out as it went in, unless a saboteur changed it.
template <class Value, class... About>
class Seam {
  public:
    using Fault = std::function<Value(Value, const About&...)>;
    [[nodiscard]] Value operator()(Value value, const About&... about) const {
        return fault_ ? fault_(std::move(value), about...) : value;
    }
    void put(Fault fault) { fault_ = std::move(fault); }

  private:
    Fault fault_;
};

/// Which side of a connection a pod is.
enum class TlsRole { client, server };

struct Seams {
    // An agent's schedule.
    Seam<double> renewal_chance;  ///< from [0, 1): where in its range a renewal lies
    Seam<Duration, crypto::Certificate, Duration>
        renewal_wait;  ///< after the arrival of this leaf, of those asked to live so long
    Seam<Decision, Step> decision;
    Seam<Duration> between_logins;
    Seam<Duration, std::string_view> wait;  ///< after "login refused", "leaf rejected", …
    bool waits_by_elapsed_time = true;
    bool counts_refusals = true;  ///< or else each wait is as short as the first one

    // What an agent asks for, and what it makes of the answer.
    Seam<crypto::Key, std::string> key;  ///< fresh, for the pod of this uid
    Seam<vault::SignRequest, crypto::Key> sign_request;
    Seam<CaConfig, std::string> used_config;  ///< by the pod of this uid
    bool renews_projected_tokens = true;      ///< or else the first one is used for ever
    Seam<Secret> kept_token;                  ///< Vault's, for the next signature
    Seam<std::string> vault_namespace;
    Seam<Result<void>> leaf_judgement;
    Seam<crypto::TlsIdentity, std::optional<crypto::TlsIdentity>>
        shown;  ///< from now on, in the place of this one
    Seam<EventFields, Secret> login_event;

    // A pod's port.
    Seam<spiffe::SvidQuestion, TlsRole> peer_question;  ///< about whoever it shakes hands with
    bool asks_servers_who_they_are = true;
    bool judges_open_connections = true;
    Seam<std::string> told_caller;  ///< the id of whoever asked, in a pod's answer
    Seam<bool, std::optional<crypto::TlsIdentity>> readiness;
    bool readiness_asks_for_trust = true;

    // A cluster's agent and its workloads. What is only done or not done is a plain word.
    bool applies_changes = true;
    bool watches_configuration = true;
    bool notices_deletions = true;    ///< of Secrets
    bool wakes_pods = true;           ///< when what they go by has changed
    bool watches_pods_again = true;   ///< when a watch has ended
    bool takes_pods_up_again = true;  ///< that are there when a cluster's agent begins anew
    bool stops_deleted_pods = true;
    bool replaces_lost_pods = true;
    bool removes_outdated_pods = true;  ///< of a workload that was defined anew
    Seam<std::string> service_account;  ///< of a pod that is created
    Seam<int> replicas;                 ///< that are created

    // The control plane.
    Seam<CaConfig, std::string> pushed_config;  ///< to this cluster
    Seam<std::string, std::string> pushed_trust;
    Seam<CaHealth> health;
    Seam<Result<void>> synced;
    bool health_signs = true;
    bool warns_of_users = true;
    bool disconnects_deleted_accounts = true;
    bool removes_old_service_accounts = true;
    bool compares_trust = true;  ///< the wanted trust store with the one that is there
    bool keeps_trust_without_ca = true;
    bool keeps_old_anchors = true;           ///< while a leaf below them lives
    bool drops_spent_anchors = true;         ///< when none does any more
    bool drops_anchors_only_in_sync = true;  ///< not while pods may still get leaves below them
    bool tries_again = true;                 ///< what could not be applied
    bool restores_service_accounts = true;   ///< that somebody deleted by hand
    bool counts_applied_users = true;        ///< clusters that run a CA and shall not any more
    bool public_roots_count = true;          ///< for an account without a bundle
    bool pushes_edits = true;                ///< of an account, to the clusters that use it
    bool labels_are_unique = true;
    bool keeps_trust_domain = true;    ///< while clusters are onboarded with it
    bool restarts_all_pods = true;     ///< or else one of them
    bool looks_at_all_members = true;  ///< of a global namespace, or else at the first
    Seam<spiffe::SpiffeId, spiffe::SpiffeId> health_id;  ///< a pod's; the mesh's own is beside it
    bool cleans_up = true;
};

}  // namespace meshproof::mesh
