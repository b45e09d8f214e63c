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

enum class TlsRole { client, server };

struct Seams {
    // An agent's schedule.
    Seam<Time, crypto::Certificate> renewal_due;  ///< after this leaf
    Seam<Decision, Step> decision;
    Seam<Time> login_allowed;
    Seam<Duration, std::string_view> wait;  ///< after "login refused", "leaf rejected", …

    // What an agent asks for, and what it makes of the answer.
    Seam<crypto::Key, std::string> key;  ///< fresh, for the pod of this uid
    Seam<vault::SignRequest, crypto::Key> sign_request;
    Seam<Secret> kept_token;  ///< Vault's, for the next signature
    Seam<Result<void>> leaf_judgement;
    Seam<crypto::TlsIdentity, std::optional<crypto::TlsIdentity>>
        shown;  ///< from now on, in the place of this one
    Seam<EventFields, Secret> login_event;

    // A pod's port.
    Seam<crypto::TlsParty, TlsRole> handshake;
    Seam<bool, std::optional<crypto::TlsIdentity>> readiness;

    // A cluster's agent and its workloads. What is only done or not done is a plain word.
    bool applies_changes = true;
    bool stops_deleted_pods = true;
    bool replaces_lost_pods = true;

    // The control plane.
    Seam<CaConfig, std::string> pushed_config;  ///< to this cluster
    Seam<std::string, std::string> pushed_trust;
    Seam<CaHealth> health;
    Seam<Result<void>> synced;
    bool health_signs = true;
    bool warns_of_users = true;
    bool disconnects_deleted_accounts = true;
    bool removes_old_service_accounts = true;
    bool cleans_up = true;
};

}  // namespace meshproof::mesh
