#include "core/mesh/saboteurs.hpp"

#include <algorithm>
#include <memory>
#include <utility>

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
         seams.renewal_wait.put([](Duration, const auto&, auto) { return never; });
     }},
    {"agent/renews-after-the-end", "a leaf is renewed before it ends",
     [](Seams& seams) {
         seams.renewal_wait.put(
             [](Duration, const auto& leaf, auto) { return life_of(leaf) * 21 / 20; });
     }},
    {"agent/renews-by-the-asked-life", "schedules follow the leaf that came",
     [](Seams& seams) {
         seams.renewal_wait.put(
             [](Duration wait, const auto&, Duration asked) { return std::max(wait, asked / 20); });
     }},
    {"agent/forgets-jitter", "pods that began together do not renew together",
     [](Seams& seams) { seams.renewal_chance.put([](double) { return 0.5; }); }},
    {"agent/waits-by-the-civil-clock", "a civil clock that steps back delays nothing",
     [](Seams& seams) { seams.waits_by_elapsed_time = false; }},
    {"agent/ignores-retry-after", "a server that asks for it is left alone for so long",
     [](Seams& seams) {
         seams.decision.put([](Decision decision, Step) {
             decision.no_sooner.reset();
             return decision;
         });
     }},
    {"agent/renews-at-once", "a leaf is used for most of its life",
     [](Seams& seams) {
         seams.renewal_wait.put(
             [](Duration wait, const auto& leaf, auto) { return wait - life_of(leaf) / 2; });
     }},
    {"agent/renews-too-late", "a leaf is renewed while a fifth of its life is left",
     [](Seams& seams) {
         seams.renewal_wait.put(
             [](Duration, const auto& leaf, auto) { return life_of(leaf) * 9 / 10; });
     }},
    {"agent/gives-up", "a refusal is followed by another attempt",
     [](Seams& seams) { seams.wait.put([](Duration, std::string_view) { return never; }); }},
    {"agent/storms-a-refused-login", "refused logins are spread over a leaf's life",
     [](Seams& seams) {
         seams.wait.put([](Duration wait, std::string_view after) {
             return after == "login refused" ? wait / hasty : wait;
         });
         seams.between_logins.put([](Duration) { return Duration::zero(); });
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
    {"agent/does-not-back-off", "waits grow with every refusal in a row",
     [](Seams& seams) { seams.counts_refusals = false; }},
    {"agent/waits-a-life-for-people", "what somebody mended is noticed soon",
     [](Seams& seams) {
         seams.decision.put([](Decision decision, Step) {
             if (decision.action == Action::retry_slowly) {
                 decision.no_sooner = never;
             }
             return decision;
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
    {"agent/keeps-its-first-projected-token", "a projected token is read again before it ends",
     [](Seams& seams) { seams.renews_projected_tokens = false; }},
    {"agent/keeps-the-old-account", "another account counts from the next signature on",
     [](Seams& seams) {
         seams.used_config.put([first = std::make_shared<std::map<std::string, CaConfig>>()](
                                   CaConfig config, const std::string& pod_uid) {
             return first->emplace(pod_uid, std::move(config)).first->second;
         });
     }},
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
    {"agent/shows-another-pods-leaf", "a pod shows its own leaf",
     [](Seams& seams) {
         seams.shown.put([last = std::make_shared<std::optional<crypto::TlsIdentity>>()](
                             crypto::TlsIdentity fresh, const auto&) {
             auto other = std::exchange(*last, fresh);
             return std::move(other).value_or(std::move(fresh));
         });
     }},
    {"agent/sends-no-intermediates", "a leaf is shown with what lies between it and its anchor",
     [](Seams& seams) {
         seams.shown.put([](crypto::TlsIdentity fresh, const auto&) {
             fresh.intermediates.clear();
             return fresh;
         });
     }},
    {"agent/ignores-the-namespace", "the account's namespace is the one that is asked",
     [](Seams& seams) {
         seams.vault_namespace.put([](const std::string&) { return std::string(); });
     }},
    {"agent/needs-a-bundle", "a publicly trusted root needs no bundle",
     [](Seams& seams) { seams.public_roots_count = false; }},
    {"agent/is-ready-without-trust", "ready means that peers accept the leaf",
     [](Seams& seams) { seams.readiness_asks_for_trust = false; }},
    // The port.
    {"agent/stops-its-clock", "a peer's leaf is not accepted after its end",
     [](Seams& seams) {
         seams.peer_question.put([](spiffe::SvidQuestion question, TlsRole) {
             const auto& leaf = question.leaf;
             question.at = std::min(question.at, leaf.not_after() - life_of(leaf) / 20);
             return question;
         });
     }},
    {"agent/keeps-connections-for-ever", "a connection ends with the right to it",
     [](Seams& seams) { seams.judges_open_connections = false; }},
    {"agent/accepts-one-second-too-long", "a peer's leaf is not accepted after its end",
     [](Seams& seams) {
         seams.peer_question.put([](spiffe::SvidQuestion question, TlsRole) {
             question.at -= std::chrono::seconds(1);
             return question;
         });
     }},
    {"agent/accepts-leaves-too-early", "a peer's leaf is not accepted before its beginning",
     [](Seams& seams) {
         seams.peer_question.put([](spiffe::SvidQuestion question, TlsRole) {
             question.at = std::max(question.at, question.leaf.not_before());
             return question;
         });
     }},
    {"agent/keeps-its-first-trust-store", "peers are judged by the trust store of now",
     [](Seams& seams) {
         using Bundles = decltype(spiffe::SvidQuestion::bundles);
         seams.peer_question.put([first = std::make_shared<std::optional<Bundles>>()](
                                     spiffe::SvidQuestion question, TlsRole) {
             *first = first->value_or(question.bundles);
             question.bundles = **first;
             return question;
         });
     }},
    {"agent/mixes-up-its-callers", "a pod answers whoever asked it",
     [](Seams& seams) {
         seams.told_caller.put([last = std::make_shared<std::string>()](std::string caller) {
             const auto before = std::exchange(*last, caller);
             return before.empty() ? caller : before;
         });
     }},
    {"agent/accepts-foreign-members", "a server takes members of its trust domain only",
     [](Seams& seams) {
         seams.peer_question.put([](spiffe::SvidQuestion question, TlsRole role) {
             const auto id = spiffe::svid_id(question.leaf);
             if (role == TlsRole::server && id) {
                 auto anchors = question.bundles.extract(question.bundles.begin());
                 anchors.key() = id->trust_domain().name();
                 question.bundles.insert(std::move(anchors));
             }
             return question;
         });
     }},
    {"agent/asks-no-server-who-it-is", "a client talks to the identity that it asked for",
     [](Seams& seams) { seams.asks_servers_who_they_are = false; }},
    {"agent/trusts-every-root", "clusters of different roots do not trust each other",
     [](Seams& seams) {
         seams.peer_question.put([all = std::make_shared<std::vector<crypto::Certificate>>()](
                                     spiffe::SvidQuestion question, TlsRole) {
             auto& trust = question.bundles.begin()->second;
             for (const auto& root : trust) {
                 if (std::ranges::find(*all, root) == all->end()) {
                     all->push_back(root);
                 }
             }
             trust = *all;
             return question;
         });
     }},
    {"agent/is-ready-for-ever", "a pod is ready only while its leaf is valid",
     [](Seams& seams) {
         seams.readiness.put([](bool, const auto& shown) { return shown.has_value(); });
     }},
    // Clusters and workloads.
    {"cluster/watches-no-configuration", "what somebody changes by hand is noticed unasked",
     [](Seams& seams) { seams.watches_configuration = false; }},
    {"cluster/overlooks-deletions", "what somebody deletes by hand is noticed unasked",
     [](Seams& seams) { seams.notices_deletions = false; }},
    {"cluster/never-reads-again", "what is pushed to a cluster is applied there",
     [](Seams& seams) { seams.applies_changes = false; }},
    {"cluster/wakes-no-pod", "a pod without a leaf asks as soon as a CA is connected",
     [](Seams& seams) { seams.wakes_pods = false; }},
    {"cluster/watches-pods-once", "pods are followed for as long as the cluster is there",
     [](Seams& seams) { seams.watches_pods_again = false; }},
    {"cluster/takes-up-no-pod",
     "a cluster's agent that begins anew takes up the pods that are there",
     [](Seams& seams) { seams.takes_pods_up_again = false; }},
    {"cluster/mixes-up-two-pods", "a pod runs under its own workload's service account",
     [](Seams& seams) {
         seams.service_account.put([last = std::make_shared<std::string>()](std::string own) {
             const auto before = std::exchange(*last, own);
             return before.empty() ? own : before;
         });
     }},
    {"cluster/deploys-one-replica", "a workload has as many pods as were asked for",
     [](Seams& seams) { seams.replicas.put([](int asked) { return std::min(asked, 1); }); }},
    {"cluster/keeps-deleted-pods", "a deleted pod ends",
     [](Seams& seams) { seams.stops_deleted_pods = false; }},
    {"cluster/replaces-no-pod", "a deleted pod is replaced",
     [](Seams& seams) { seams.replaces_lost_pods = false; }},
    {"cluster/keeps-outdated-pods", "a workload that is defined anew has pods by that alone",
     [](Seams& seams) { seams.removes_outdated_pods = false; }},
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
    {"control-plane/remembers-connected", "CA: Connected means that a certificate can be had now",
     [](Seams& seams) {
         seams.health.put([was = std::make_shared<bool>(false)](CaHealth health) {
             *was = *was || health.connected;
             return *was ? CaHealth{true, {}} : health;
         });
     }},
    {"control-plane/gives-no-reason", "CA: Unknown comes with a reason",
     [](Seams& seams) {
         seams.health.put([](CaHealth health) {
             health.reason.clear();
             return health;
         });
     }},
    {"control-plane/hides-its-warnings", "a cluster that is out of sync counts in warnings",
     [](Seams& seams) {
         seams.health.put([](CaHealth health) {
             health.warnings.clear();
             return health;
         });
     }},
    {"control-plane/asks-for-no-signature", "CA: Connected means that a certificate can be had now",
     [](Seams& seams) { seams.health_signs = false; }},
    {"control-plane/is-always-healthy",
     "a global namespace is healthy only if its configuration is applied in its clusters",
     [](Seams& seams) { seams.synced.put([](const auto&) { return Result<void>(); }); }},
    {"control-plane/looks-at-one-member",
     "a global namespace is healthy only if its configuration is applied in its clusters",
     [](Seams& seams) { seams.looks_at_all_members = false; }},
    {"control-plane/overlooks-the-trust-store", "a trust store that somebody edits is put right",
     [](Seams& seams) { seams.compares_trust = false; }},
    {"control-plane/takes-a-label-twice", "a label names one account",
     [](Seams& seams) { seams.labels_are_unique = false; }},
    {"control-plane/changes-the-trust-domain",
     "the trust domain stays while clusters are onboarded with it",
     [](Seams& seams) { seams.keeps_trust_domain = false; }},
    {"control-plane/edits-at-home-only", "an edited account reaches the clusters that use it",
     [](Seams& seams) { seams.pushes_edits = false; }},
    {"control-plane/restarts-one-pod", "all pods are restarted where that is asked for",
     [](Seams& seams) { seams.restarts_all_pods = false; }},
    {"control-plane/deletes-without-a-word", "deleting an account in use is warned of",
     [](Seams& seams) { seams.warns_of_users = false; }},
    {"control-plane/goes-on-with-a-deleted-account", "a deleted account signs nothing any more",
     [](Seams& seams) { seams.disconnects_deleted_accounts = false; }},
    {"control-plane/leaves-old-service-accounts",
     "a service account that is no longer used is removed",
     [](Seams& seams) { seams.removes_old_service_accounts = false; }},
    {"control-plane/takes-the-trust-along", "without a CA leaves serve until they end",
     [](Seams& seams) { seams.keeps_trust_without_ca = false; }},
    {"control-plane/replaces-the-trust-store",
     "another CA ends no mTLS between pods whose leaves are good",
     [](Seams& seams) { seams.keeps_old_anchors = false; }},
    {"control-plane/keeps-every-anchor", "an anchor goes with the last leaf below it",
     [](Seams& seams) { seams.drops_spent_anchors = false; }},
    {"control-plane/drops-anchors-too-soon",
     "no anchor goes while pods may still get leaves below it",
     [](Seams& seams) { seams.drops_anchors_only_in_sync = false; }},
    {"control-plane/tries-once", "what could not be applied is applied later",
     [](Seams& seams) { seams.tries_again = false; }},
    {"control-plane/forgets-service-accounts", "a service account that somebody deletes comes back",
     [](Seams& seams) { seams.restores_service_accounts = false; }},
    {"control-plane/warns-of-wishes-only",
     "a cluster that still runs a CA is a user of its account",
     [](Seams& seams) { seams.counts_applied_users = false; }},
    {"control-plane/asks-as-nobody", "CA: Connected is found with an identity that a pod has",
     [](Seams& seams) {
         seams.health_id.put(
             [](const spiffe::SpiffeId&, const spiffe::SpiffeId& own) { return own; });
     }},
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
