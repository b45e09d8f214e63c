#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/kube/client.hpp"
#include "core/mesh/account.hpp"
#include "core/mesh/observer.hpp"
#include "core/spiffe/identity.hpp"
#include "core/time/prng.hpp"
#include "core/vault/client.hpp"

namespace meshproof::mesh {

/// CA: Connected when a certificate can really be had now; CA: Unknown otherwise, with the reason.
struct CaHealth {
    bool connected = false;
    std::string reason;
    [[nodiscard]] std::string text() const { return connected ? "CA: Connected" : "CA: Unknown"; }
};

/// One pod as the mesh sees it now.
struct PodView {
    std::string name, uid, workload, cluster;
    bool ready = false;  ///< holds a certificate that is valid now
    std::string reason;  ///< why not ready
    spiffe::SpiffeId id;
    std::optional<crypto::Certificate> leaf;  ///< the current one, expired or not
    std::size_t leaves = 0;                   ///< how many it received so far
    std::size_t logins = 0;                   ///< how often its agent logged in
};

/// One request over mutual TLS.
struct Exchange {
    bool ok = false;
    std::string from, to;
    std::optional<Failure> failure;
    Time at;
};

struct WorkloadSpec {
    std::string name;             ///< "web": pods are NAME-xxxxx
    std::string service_account;  ///< default = name; only part of the SPIFFE id
    int replicas = 1;
};

class ControlPlane;

/// An onboarded cluster: its CA configuration, trust store, node agent and pods. Owned by the
/// control plane.
class Cluster {
  public:
    struct State;
    explicit Cluster(std::shared_ptr<State> state) : state_(std::move(state)) {}

    [[nodiscard]] const std::string& name() const;
    [[nodiscard]] const std::string& ca_label() const;
    [[nodiscard]] const kube::Client& kube() const;
    [[nodiscard]] std::vector<crypto::Certificate> trust_store() const;

    /// Creates the workload's pods in the API server and keeps their number: a deleted pod is
    /// replaced by a new one.
    [[nodiscard]] Task<Result<void>> deploy(WorkloadSpec spec);
    /// Deletes one pod in the API server, as kubectl would. The replacement comes by itself, ready
    /// or not.
    [[nodiscard]] Task<Result<void>> delete_pod(std::string pod);
    /// Deletes every pod of the cluster ("restart all the pods").
    [[nodiscard]] Task<Result<void>> restart_all_pods();
    [[nodiscard]] std::vector<PodView> pods() const;  ///< all, by name
    [[nodiscard]] std::vector<PodView> pods_of(std::string_view workload) const;
    /// True once every replica of every workload (or of this one) is ready; false when `limit`
    /// passes.
    [[nodiscard]] Task<bool> wait_ready(Duration limit, std::string workload = {});
    /// Waits until the pod is gone and its replacement exists (ready or not): gives the
    /// replacement's name.
    [[nodiscard]] Task<Result<std::string>> wait_replaced(std::string pod, Duration limit);
    /// Lets the agents of these pods renew now (as a restart of the agent would), without waiting
    /// for their schedule.
    void renew_now();

  private:
    std::shared_ptr<State> state_;
};

struct ClusterSpec {
    std::string name;
    std::string ca_label;
    kube::Client kube;  ///< administrator of the cluster, as the mesh's own operator is
    std::string mesh_namespace = "istio-system";
    std::string workload_namespace = "default";
};

struct GlobalNamespaceHealth {
    bool healthy = false;  ///< the configuration is synced and applied to all of its clusters
    std::string reason;
    std::map<std::string, CaHealth> clusters;
};

struct ControlPlaneOptions {
    kube::Labels labels;      ///< put on every Kubernetes object that is made (the run's id)
    std::string name_suffix;  ///< appended to pod names and config objects ("-r1x2y3"), "" in sim
    std::optional<Duration>
        requested_ttl;  ///< the `ttl` that agents ask for; nothing = the role decides
    crypto::KeyType key_type = crypto::KeyType::p256;
    double renew_at = 2.0 / 3.0;         ///< of a leaf's life
    double renew_jitter = 0.05;          ///< plus or minus, of a leaf's life
    double backoff_first = 1.0 / 200.0;  ///< of a leaf's life (at least 50 ms)
    double backoff_most = 1.0 / 20.0;
    bool reuse_token = true;  ///< false: log in for every CSR, as Istio's agent did
};

/// The mesh's management side, as the integration page describes it.
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

    [[nodiscard]] Result<void> set_trust_domain(std::string name);
    [[nodiscard]] const spiffe::TrustDomain& trust_domain() const;

    [[nodiscard]] Result<void> add_account(
        AccountSpec spec);  ///< conflict where the name or label is taken
    [[nodiscard]] std::vector<IntegrationAccount> accounts() const;
    struct AccountEdit {
        std::optional<std::string> description, service_account;
    };
    /// Only these two can be edited. A new service account name is created and pushed in every
    /// cluster that uses the account.
    [[nodiscard]] Task<Result<void>> edit_account(std::string name, AccountEdit edit);
    /// Refused (conflict, listing the clusters) while clusters use it, unless `understood` ("I
    /// understand the consequences…").
    [[nodiscard]] Task<Result<void>> delete_account(std::string name, bool understood = false);

    /// Needs a trust domain, a unique name and a label of an account. Creates the service account,
    /// pushes the CA configuration, imports the trust store, starts the node agent.
    [[nodiscard]] Task<Result<Cluster>> onboard(ClusterSpec spec);
    [[nodiscard]] std::vector<Cluster> clusters() const;
    /// Connects another CA to an onboarded cluster: its configuration and trust store are replaced.
    /// Running pods keep their leaves.
    [[nodiscard]] Task<Result<void>> connect_ca(std::string cluster, std::string ca_label);

    /// By the same calls that a pod makes: TokenRequest, login, sign of a throwaway key.
    [[nodiscard]] Task<CaHealth> check_health(std::string cluster);

    [[nodiscard]] Task<Result<void>> create_global_namespace(std::string name,
                                                             std::vector<std::string> clusters);
    [[nodiscard]] Task<Result<GlobalNamespaceHealth>> global_namespace_health(std::string name);

    /// One HTTP request over mutual TLS from a ready-or-not pod to another, any clusters.
    [[nodiscard]] Task<Exchange> request(std::string from_pod, std::string to_pod);

    /// Stops agents and node agents and removes what was made in the clusters. Always call it
    /// before destruction.
    [[nodiscard]] Task<void> shut_down();

  private:
    struct State;
    std::shared_ptr<State> state_;
};

}  // namespace meshproof::mesh
