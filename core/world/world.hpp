#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "core/mesh/control_plane.hpp"
#include "core/run/ending.hpp"
#include "core/run/environment.hpp"
#include "core/run/ledger.hpp"
#include "core/run/recipe.hpp"
#include "core/run/survey.hpp"
#include "core/time/prng.hpp"
#include "core/world/monitors.hpp"
#include "core/world/trace.hpp"

namespace meshproof::run {

/// One Vault of the target.
struct VaultSite {
    VaultSite(std::string site_name, vault::Client client)
        : name(std::move(site_name)), admin(std::move(client)) {}

    std::string name;     ///< "vault-0"
    vault::Client admin;  ///< with the target's token
    vault::Product product = vault::Product::openbao;
    std::string version;
    http::Url agent_url;         ///< what accounts name: our link before the server
    http::Link* link = nullptr;  ///< agent -> Vault
    crypto::TlsParty tls;        ///< how clusters trust it
    std::vector<Secret> unseal_keys;
    bool may_seal = false;
};

/// One API server of the target.
struct KubeSite {
    KubeSite(std::string site_name, kube::Client client)
        : name(std::move(site_name)), admin(std::move(client)) {}

    std::string name;  ///< "kube-0"
    kube::Client admin;
    std::string version;
    std::string ca_pem;          ///< for kubernetes_ca_cert
    std::string review_url;      ///< kubernetes_host: our link where there is one
    http::Link* link = nullptr;  ///< Vault -> API server; null where we cannot stand there
};

/// A Vault that was prepared by step 1 of the page, and for which cluster.
struct PreparedVault : Prepared {
    VaultSite* site = nullptr;
    KubeSite* cluster = nullptr;
};

/// What `drive` sent.
struct Traffic {
    std::size_t attempted = 0;
    std::vector<mesh::TrafficAttempt> failures;
    [[nodiscard]] std::size_t succeeded() const { return attempted - failures.size(); }
};

/// A scenario's whole world: servers, mesh, time, chance, expectations and clean-up. Names made by
/// `name()` carry the run's id.
class World final {
  public:
    /// `seams`: those of its mesh, where a test has put a saboteur into them.
    World(Environment& environment, std::uint64_t seed, std::string run_id, mesh::Seams seams = {});
    ~World();
    World(const World&) = delete;
    World& operator=(const World&) = delete;

    [[nodiscard]] Clock& clock();
    [[nodiscard]] http::Transport& transport();  ///< inspected: every request passes the monitors
    [[nodiscard]] Prng& prng();
    [[nodiscard]] Trace& trace();
    [[nodiscard]] Monitors& monitors();
    [[nodiscard]] AgentCounts agents() const;  ///< what they asked of Vault so far
    [[nodiscard]] mesh::ControlPlane& mesh();
    [[nodiscard]] bool has(Feature feature) const;
    [[nodiscard]] Duration leaf_ttl() const;
    [[nodiscard]] const Target& target() const;
    [[nodiscard]] VaultSite& vault(std::size_t index = 0);
    [[nodiscard]] KubeSite& kube(std::size_t index = 0);
    /// What everything that is created on a server carries.
    [[nodiscard]] const RunMark& mark() const;
    /// mark().name(base)
    [[nodiscard]] std::string name(std::string_view base) const;
    /// The SPIFFE ID of a workload's pods: its service account carries the run's id.
    [[nodiscard]] spiffe::SpiffeId workload_id(const spiffe::TrustDomain& domain,
                                               std::string_view workload) const;
    /// The run's label, for every Kubernetes object.
    [[nodiscard]] kube::Labels labels() const;

    // Step 1 of the page, corrected. CannotGoOn (blocked) where the target does not let it happen.
    [[nodiscard]] Task<PreparedVault> prepare_vault(VaultSite& site, KubeSite& cluster,
                                                    Recipe recipe = {});
    /// What a person would type into the account dialog for it.
    [[nodiscard]] mesh::AccountSpec account_for(const PreparedVault& prepared,
                                                std::string_view account_name) const;
    /// Steps 1 to 7 and onboarding: a cluster that is connected to its Vault. `name` also names the
    /// account.
    [[nodiscard]] Task<mesh::Cluster> connected_cluster(std::string name,
                                                        std::size_t vault_index = 0,
                                                        std::size_t kube_index = 0);
    /// As above, with what was prepared at hand.
    [[nodiscard]] Task<mesh::Cluster> connected_cluster_with(std::string name,
                                                             PreparedVault prepared);
    /// `connected_cluster` plus one pod each of two workloads, all ready; gives the pods' names.
    struct Pair {
        mesh::Cluster cluster;
        std::string client, server;  ///< workload names
    };
    [[nodiscard]] Task<Pair> start_pair(std::string client = "web", std::string server = "api");

    /// One request between the first pods of two workloads (in any clusters).
    [[nodiscard]] Task<mesh::TrafficAttempt> request(mesh::Cluster from, std::string client,
                                                     mesh::Cluster to, std::string server,
                                                     mesh::Travel travel = {});
    /// A request every fortieth of a leaf's life for `duration`.
    [[nodiscard]] Task<Traffic> drive(mesh::Cluster cluster, std::string client, std::string server,
                                      Duration duration);

    [[nodiscard]] Task<void> seal(VaultSite& site);
    [[nodiscard]] Task<void> unseal(VaultSite& site);

    /// From here on (or no longer) a false expectation is none: the scenario is cut off, and what
    /// it asked gets no answer.
    void expect_nothing(bool from_here_on);
    /// An expectation of the scenario: a false one is a failure with this text; the scenario goes
    /// on.
    template <class... Args>
    void expect(bool holds, fmt::format_string<Args...> format, Args&&... args) {
        if (!holds) {
            fail(fmt::format(format, std::forward<Args>(args)...));
        }
    }
    /// Expects success; a failure is told with `what`.
    template <class T>
    bool expect_ok(const Result<T>& result, std::string_view what) {
        if (!result) {
            fail(fmt::format("{}: {}", what, result.error().message));
        }
        return result.has_value();
    }
    /// Expects a failure whose message or server texts hold `text`.
    template <class T>
    void expect_refused(const Result<T>& result, std::string_view text, std::string_view what) {
        if (result) {
            fail(fmt::format("{}: expected a refusal with \"{}\", it went through", what, text));
        } else {
            expect_text(result.error(), text, what);
        }
    }
    /// A line of the trace: logical fields only.
    template <class... Args>
    void note(fmt::format_string<Args...> format, Args&&... args) {
        add_note(fmt::format(format, std::forward<Args>(args)...));
    }
    /// Cleans up at the end, also after a failure or a signal; last registered first.
    void at_end(std::string what, Ledger::Undo undo);

    // For the runner.
    [[nodiscard]] Task<void> start();
    /// Undoes everything. What a scenario forgot is removed and a failure, unless it was
    /// `cut_short`.
    [[nodiscard]] Task<void> finish(bool cut_short = false);
    [[nodiscard]] const std::vector<std::string>& failures() const;
    [[nodiscard]] std::vector<ServerVersion> servers() const;
    [[nodiscard]] const std::set<Feature>& features() const;

  private:
    [[nodiscard]] Ledger& ledger();
    [[nodiscard]] int& counter();  // prepared Vaults so far, for distinct names
    void fail(std::string text);
    [[nodiscard]] Task<void> open_vault(const SurveyedVault& found);
    [[nodiscard]] Task<void> open_cluster(const SurveyedCluster& found);
    /// What a sweep found at the end is a failure: clean-up had forgotten it.
    void note_left(const struct Swept& swept, const std::string& where, bool cut_short);
    void expect_text(const Failure& failure, std::string_view text, std::string_view what);
    void add_note(std::string text);

    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace meshproof::run
