#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/mesh/account.hpp"
#include "core/mesh/cluster.hpp"
#include "core/mesh/observer.hpp"
#include "core/time/prng.hpp"

namespace meshproof::mesh {

/// The mesh's management side, as the integration page describes it.
///
/// What its calls change is wanted from then on, and is tried once in the clusters before they
/// return. Where that fails, a call has succeeded none the less: the cluster is "out of sync"
/// (Cluster::status), and the rest is tried again until it is done. A failure means that nothing
/// has changed.
class ControlPlane {
  public:
    ControlPlane(Clock& clock, http::Transport& transport, Prng prng, Observer& observer,
                 ControlPlaneOptions options);
    ~ControlPlane();
    ControlPlane(const ControlPlane&) = delete;
    ControlPlane& operator=(const ControlPlane&) = delete;

    /// What the clusters' machines trust for HTTPS to this server: their own CA store, which the
    /// page takes for granted.
    void trust_server(http::Url url, crypto::TlsParty tls);

    /// A root of the CA store of the clusters' machines, beside those that this machine has in its
    /// own: what accounts without a bundle are trusted by. Before the first cluster is onboarded.
    void trust_public_root(crypto::Certificate root);

    [[nodiscard]] Result<void> set_trust_domain(std::string name);
    [[nodiscard]] const spiffe::TrustDomain& trust_domain() const;

    [[nodiscard]] Result<void> add_account(
        AccountSpec spec);  ///< conflict where the name or label is taken
    [[nodiscard]] std::vector<IntegrationAccount> accounts() const;
    struct AccountEdit {
        std::optional<std::string> description, service_account;
    };
    /// Only these two can be edited. A new service account name is created and pushed in every
    /// cluster that uses the account, and the old one is removed there.
    [[nodiscard]] Task<Result<void>> edit_account(std::string name, AccountEdit edit);
    /// Refused (conflict, listing the clusters) while clusters use it, unless `understood` ("I
    /// understand the consequences…"). A cluster that still has its configuration uses it, too.
    [[nodiscard]] Task<Result<void>> delete_account(std::string name, bool understood = false);

    /// Needs a trust domain, a unique name and a label of an account. Creates the service account,
    /// pushes the CA configuration, imports the trust store, starts the cluster agent.
    [[nodiscard]] Task<Result<Cluster>> onboard(ClusterSpec spec);
    [[nodiscard]] std::vector<Cluster> clusters() const;
    /// Ends what runs in the cluster and removes what was made there: its pods, its configuration,
    /// its service accounts. Nobody uses its account there any more, and its name is free. Nothing
    /// changes where its API server gives no answer.
    [[nodiscard]] Task<Result<void>> offboard(std::string cluster);
    /// Connects another CA to an onboarded cluster. Running pods keep their leaves, and the trust
    /// store keeps the old anchors until the last leaf below them has ended or been replaced.
    [[nodiscard]] Task<Result<void>> connect_ca(std::string cluster, std::string ca_label);

    /// By the same calls that a pod makes: TokenRequest, login, and a throwaway key signed for each
    /// identity that the cluster's pods have. It changes nothing in the cluster.
    [[nodiscard]] Task<CaHealth> check_health(std::string cluster);

    [[nodiscard]] Task<Result<void>> create_global_namespace(std::string name,
                                                             std::vector<std::string> clusters);
    [[nodiscard]] Task<Result<GlobalNamespaceHealth>> global_namespace_health(std::string name);

    /// One HTTP request over mutual TLS from a ready-or-not pod to another, any clusters.
    [[nodiscard]] Task<TrafficAttempt> request(std::string from_pod, std::string to_pod,
                                               Travel travel = {});
    /// Somebody who is no pod of the mesh asks one, and shows what he has.
    [[nodiscard]] Task<TrafficAttempt> request_as(crypto::TlsParty stranger, std::string to_pod);

    /// Stops agents and cluster agents and removes what was made in the clusters. Always call it
    /// before destruction.
    [[nodiscard]] Task<void> shut_down();

  private:
    struct State;
    std::shared_ptr<State> state_;
};

}  // namespace meshproof::mesh
