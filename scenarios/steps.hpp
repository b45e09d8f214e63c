#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "core/world/scenario.hpp"

/// Steps that several scenarios take. Waiting is bounded by fractions of a leaf's life, never by a
/// number of seconds.
namespace meshproof::scenarios {

using run::World;

/// Deploys one pod of each workload and waits until it is ready; ends the scenario with the reasons
/// where one is not.
[[nodiscard]] Task<void> deploy_ready(World& world, mesh::Cluster cluster,
                                      std::vector<std::string> workloads);
/// Waits for every pod of the cluster, at most a leaf's life; ends the scenario with the reasons
/// where one is not ready.
[[nodiscard]] Task<void> all_ready(World& world, mesh::Cluster cluster);
/// The one pod of a workload; ends the scenario where there is none.
[[nodiscard]] mesh::PodView pod_of(const mesh::Cluster& cluster, std::string_view workload);
/// The leaf of a workload's pod; ends the scenario where there is none.
[[nodiscard]] crypto::Certificate leaf_of(const mesh::Cluster& cluster, std::string_view workload);

/// A workload in a cluster: one end of traffic.
struct Place {
    mesh::Cluster cluster;
    std::string workload;
};
/// Expects that requests succeed in both directions; `when` tells the moment in a failure's text.
[[nodiscard]] Task<void> expect_talk(World& world, Place one, Place other, std::string when,
                                     mesh::Travel travel = {});
/// Of what has to be done before a moment and failed: CannotGoOn (blocked) where the machine was so
/// slow that the moment is over. That shows nothing of the mesh.
void require_in_time(World& world, Time moment, std::string_view what);
/// Expects that both directions are refused, for what somebody found in the other's certificate: an
/// outage, or a pod without one, is silent too and shows nothing.
[[nodiscard]] Task<void> expect_silence(World& world, Place one, Place other, std::string when,
                                        mesh::Travel travel = {});
/// Expects the same of one attempt.
void expect_refusal(World& world, const mesh::TrafficAttempt& seen, std::string_view what);

/// Waits until `holds`, at most `limit`; false where it never did.
[[nodiscard]] Task<bool> await(World& world, std::function<bool()> holds, Duration limit);
/// Waits until the cluster's CA health is as wanted, at most a leaf's life; gives the last one
/// seen.
[[nodiscard]] Task<mesh::CaHealth> await_health(World& world, std::string cluster, bool connected);

/// The first moment at which a leaf is no longer valid: certificates hold whole seconds and are
/// valid through the last one (RFC 5280 4.1.2.5).
[[nodiscard]] Time end_of(const crypto::Certificate& leaf);

/// Makes a namespace of this run in a Vault, below the target's own, and removes it at the end;
/// gives its full name.
[[nodiscard]] Task<std::string> make_namespace(World& world, run::VaultSite& site,
                                               std::string base);

/// Patches one of the two Secrets that the mesh keeps in its namespace, as a person's kubectl
/// would: the one that holds `key`. With `immutable` the mesh cannot write over it.
[[nodiscard]] Task<void> patch_mesh_secret(World& world, std::string key,
                                           std::map<std::string, std::string> data, bool immutable);
/// Deletes that Secret, as a person would.
[[nodiscard]] Task<void> delete_mesh_secret(World& world, std::string key);
/// The keys of the two.
inline constexpr const char* config_key = "config.json";
inline constexpr const char* trust_key = "ca.pem";

/// A length of time as the page and Vault write it: "8760h". For what is configured, never for
/// waiting.
[[nodiscard]] Duration as_written(std::string_view ttl);

/// A token of a service account in the mesh's namespace, as the mesh asks for one, made by the
/// cluster's administrator.
[[nodiscard]] Task<Secret> token_of(World& world, run::KubeSite& cluster,
                                    std::string service_account);
/// A login as the mesh's agents make it, with nothing but the JWT.
[[nodiscard]] Task<Result<vault::Login>> login(run::VaultSite& site, std::string mount,
                                               std::string role, Secret jwt);

/// The same by the role that was prepared, where nothing goes without it: a refusal is told with
/// what an agent would say of it, since Vault gives no reason.
[[nodiscard]] Task<vault::Login> logged_in(run::PreparedVault prepared, Secret jwt);

/// What an agent sends to have a fresh key of that type signed for one URI.
[[nodiscard]] vault::SignRequest request_for(std::string uri, crypto::KeyType type);

/// Expects 403 with nothing but "permission denied": neither a hint at the reason nor the policy
/// wrapper (rows 18, 148).
void expect_bare_denial(World& world, const Result<vault::Login>& result, std::string_view what);

}  // namespace meshproof::scenarios
