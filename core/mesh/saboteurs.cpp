#include "core/mesh/saboteurs.hpp"

#include <memory>
#include <set>

#include "core/base/assert.hpp"

namespace meshproof::mesh {
namespace {

constexpr Duration never = std::chrono::hours(24 * 365 * 100);
constexpr int hasty = 20;  // times as often as it should

Duration life_of(const crypto::Certificate& leaf) {
    return leaf.not_after() - leaf.not_before();
}

/// One key for all that `owner_of` takes for one.
void reuse_keys(Seams& seams, std::string (*owner_of)(const std::string& pod_uid)) {
    seams.key.put([owner_of, first = std::make_shared<std::map<std::string, crypto::Key>>()](
                      crypto::Key fresh, const std::string& pod_uid) {
        return first->emplace(owner_of(pod_uid), std::move(fresh)).first->second;
    });
}

const std::vector<Saboteur> table = {
    // The schedule.
    {"agent/never-renews", "a leaf is renewed before it ends",
     [](Seams& seams) {
         seams.renewal_due.put([](Time due, const auto&) { return due + never; });
     }},
    {"agent/renews-after-the-end", "a leaf is renewed before it ends",
     [](Seams& seams) {
         seams.renewal_due.put(
             [](Time, const auto& leaf) { return leaf.not_after() + life_of(leaf) / 20; });
     }},
    {"agent/renews-at-once", "a leaf is used for most of its life",
     [](Seams& seams) {
         seams.renewal_due.put([](Time due, const auto& leaf) { return due - life_of(leaf) / 2; });
     }},
    {"agent/gives-up", "a refusal is followed by another attempt",
     [](Seams& seams) { seams.wait.put([](Duration, std::string_view) { return never; }); }},
    {"agent/storms-a-refused-login", "refused logins are spread over a leaf's life",
     [](Seams& seams) {
         seams.wait.put([](Duration wait, std::string_view after) {
             return after == "login refused" ? wait / hasty : wait;
         });
         seams.login_allowed.put([](Time allowed) { return allowed - never; });
     }},
    {"agent/storms-a-refused-signature", "refused signatures are spread over a leaf's life",
     [](Seams& seams) {
         seams.wait.put([](Duration wait, std::string_view after) {
             return after == "sign refused" ? wait / hasty : wait;
         });
     }},
    {"agent/asks-in-a-loop", "a leaf that cannot be used is not asked for again at once",
     [](Seams& seams) {
         seams.wait.put([](Duration wait, std::string_view after) {
             return after == "leaf rejected" ? wait / hasty : wait;
         });
     }},
    {"agent/keeps-a-refused-token", "a Vault token that is refused is given up",
     [](Seams& seams) {
         seams.decision.put([](Decision decision, Step) {
             if (decision.action == Action::login_again) {
                 decision.action = Action::retry;
             }
             return decision;
         });
     }},
    {"agent/logs-in-for-every-csr", "one login serves for as long as its Vault token lives",
     [](Seams& seams) { seams.kept_token.put([](Secret) { return Secret(); }); }},
    // Keys and leaves.
    {"agent/shares-a-key-between-pods", "every pod has a key of its own",
     [](Seams& seams) { reuse_keys(seams, [](const std::string&) { return std::string(); }); }},
    {"agent/renews-with-the-old-key", "every leaf has a fresh key",
     [](Seams& seams) { reuse_keys(seams, [](const std::string& pod_uid) { return pod_uid; }); }},
    {"agent/sends-its-key", "a private key never leaves its pod",
     [](Seams& seams) {
         seams.sign_request.put([](vault::SignRequest request, const crypto::Key& key) {
             request.csr_pem += key.pkcs8_pem();
             return request;
         });
     }},
    {"agent/tells-its-token", "no secret is in the trace",
     [](Seams& seams) {
         seams.login_event.put([](EventFields fields, const Secret& token) {
             fields.emplace_back("token", token.reveal());
             return fields;
         });
     }},
    {"agent/takes-any-leaf", "a leaf is judged before it is used",
     [](Seams& seams) { seams.leaf_judgement.put([](const auto&) { return Result<void>(); }); }},
    {"agent/shows-its-first-leaf-for-ever", "the newest leaf is shown",
     [](Seams& seams) {
         seams.shown.put([](crypto::TlsIdentity fresh, const auto& current) {
             return current.value_or(std::move(fresh));
         });
     }},
    // The port.
    {"agent/stops-its-clock", "a peer's leaf is not accepted after its end",
     [](Seams& seams) {
         seams.handshake.put([](crypto::TlsParty party, TlsRole) {
             if (party.identity) {
                 const auto& leaf = party.identity->leaf;
                 party.at = std::min(*party.at, leaf.not_after() - life_of(leaf) / 20);
             }
             return party;
         });
     }},
    {"agent/accepts-foreign-members", "a server takes members of its trust domain only",
     [](Seams& seams) {
         seams.handshake.put([](crypto::TlsParty party, TlsRole role) {
             if (role == TlsRole::server) {
                 party.check_peer = [](const auto&) { return Result<void>(); };
             }
             return party;
         });
     }},
    {"agent/asks-no-server-who-it-is", "a client talks to the identity that it asked for",
     [](Seams& seams) {
         seams.handshake.put([](crypto::TlsParty party, TlsRole role) {
             if (role == TlsRole::client) {
                 party.check_peer = [](const auto&) { return Result<void>(); };
             }
             return party;
         });
     }},
    {"agent/trusts-every-root", "clusters of different roots do not trust each other",
     [](Seams& seams) {
         seams.handshake.put([all = std::make_shared<std::vector<crypto::Certificate>>()](
                                 crypto::TlsParty party, TlsRole) {
             for (const auto& root : party.trust) {
                 if (std::ranges::find(*all, root) == all->end()) {
                     all->push_back(root);
                 }
             }
             party.trust = *all;
             return party;
         });
     }},
    {"agent/is-ready-for-ever", "a pod is ready only while its leaf is valid",
     [](Seams& seams) {
         seams.readiness.put([](bool, const auto& shown) { return shown.has_value(); });
     }},
    // Clusters and workloads.
    {"cluster/never-reads-again", "what is pushed to a cluster is applied there",
     [](Seams& seams) { seams.applies_changes = false; }},
    {"cluster/keeps-deleted-pods", "a deleted pod ends",
     [](Seams& seams) { seams.stops_deleted_pods = false; }},
    {"cluster/replaces-no-pod", "a deleted pod is replaced",
     [](Seams& seams) { seams.replaces_lost_pods = false; }},
    // The control plane.
    {"control-plane/leaves-the-old-trust-store", "another CA brings its own trust store",
     [](Seams& seams) {
         seams.pushed_trust.put([first = std::make_shared<std::map<std::string, std::string>>()](
                                    std::string pem, const std::string& cluster) {
             return first->emplace(cluster, std::move(pem)).first->second;
         });
     }},
    {"control-plane/pushes-to-the-wrong-cluster", "a cluster's label decides which Vault signs",
     [](Seams& seams) {
         seams.pushed_config.put([first = std::make_shared<std::optional<CaConfig>>()](
                                     CaConfig config, const std::string&) {
             auto wrong = first->emplace(first->value_or(config));
             wrong.generation = config.generation;
             return wrong;
         });
     }},
    {"control-plane/is-always-connected", "CA: Connected means that a certificate can be had now",
     [](Seams& seams) { seams.health.put([](const CaHealth&) { return CaHealth{true, {}}; }); }},
    {"control-plane/asks-for-no-signature", "CA: Connected means that a certificate can be had now",
     [](Seams& seams) { seams.health_signs = false; }},
    {"control-plane/is-always-healthy",
     "a global namespace is healthy only if its configuration is applied in its clusters",
     [](Seams& seams) { seams.synced.put([](const auto&) { return Result<void>(); }); }},
    {"control-plane/deletes-without-a-word", "deleting an account in use is warned of",
     [](Seams& seams) { seams.warns_of_users = false; }},
    {"control-plane/goes-on-with-a-deleted-account", "a deleted account signs nothing any more",
     [](Seams& seams) { seams.disconnects_deleted_accounts = false; }},
    {"control-plane/leaves-old-service-accounts",
     "a service account that is no longer used is removed",
     [](Seams& seams) { seams.removes_old_service_accounts = false; }},
    {"control-plane/leaves-all-behind", "nothing that the mesh made outlives it",
     [](Seams& seams) { seams.cleans_up = false; }},
};

}  // namespace

std::span<const Saboteur> saboteurs() {
    return table;
}

Seams sabotaged(std::string_view name) {
    const auto found = std::ranges::find(table, name, &Saboteur::name);
    MESHPROOF_ASSERT(found != table.end(), "no saboteur is named {}", name);
    Seams seams;
    found->plant(seams);
    return seams;
}

}  // namespace meshproof::mesh
