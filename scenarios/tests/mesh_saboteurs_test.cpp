// Every saboteur is noticed: by a scenario, be it by what that expects or by a monitor, or else by
// a history.
#include <gtest/gtest.h>

#include "core/base/text.hpp"
#include "scenarios/explore/commands.hpp"
#include "scenarios/explore/tests/saboteurs.hpp"
#include "scenarios/index.hpp"
#include "scenarios/tests/histories.hpp"

namespace meshproof::scenarios {

/// Who notices a saboteur, and some words of what is then said.
struct Notice {
    const char* saboteur;
    const char* scenario;
    const char* says;  ///< "" = the scenario should notice, and does not yet
};
void PrintTo(const Notice& notice, std::ostream* out) {
    *out << notice.saboteur << " in " << notice.scenario;
}

/// The same where no scenario brings it about, and a history does: it stands here with its steps.
struct HistoryNotice {
    const char* saboteur;
    int clusters;
    std::vector<const char*> steps;  ///< as in a file
    const char* says;
};
void PrintTo(const HistoryNotice& notice, std::ostream* out) {
    *out << notice.saboteur << " in a history of " << notice.steps.size() << " steps";
}

namespace {

const std::vector<Notice> notices = {
    {"agent/never-renews", "lifecycle/renewal", "held an expired leaf though the CA works"},
    {"agent/renews-after-the-end", "lifecycle/renewal", "certificate has expired"},
    {"agent/renews-at-once", "lifecycle/renewal", "it renews more often than at half of a life"},
    {"agent/gives-up", "outage/vault-sealed", "did not become ready"},
    {"agent/waits-a-life-for-people", "security/wrong-service-account", "the pod does not name"},
    {"agent/storms-a-refused-login", "security/wrong-service-account", "must wait for"},
    {"agent/storms-a-refused-signature", "security/wrong-trust-domain", "must wait for"},
    {"agent/asks-in-a-loop", "rotation/truncated-issuer", "times in half a leaf's life"},
    {"agent/renews-by-the-asked-life", "lifecycle/short-leaves",
     "is not ready though the CA works"},
    {"agent/forgets-jitter", "lifecycle/spread-renewals", "renewed together"},
    {"agent/keeps-a-refused-token", "lifecycle/vault-token", "after the tokens were revoked"},
    {"agent/keeps-its-first-projected-token", "lifecycle/renewal",
     "held an expired leaf though the CA works"},
    {"agent/logs-in-for-every-csr", "lifecycle/vault-token", "logged in"},
    {"agent/shares-a-key-between-pods", "flow/full-integration", "monitor: the leaf of pod"},
    {"agent/renews-with-the-old-key", "lifecycle/renewal", "used 1 key for"},
    {"agent/sends-its-key", "flow/full-integration", "monitor: a private key left"},
    {"agent/tells-its-token", "flow/full-integration", "a secret reached the trace"},
    {"agent/takes-any-leaf", "rotation/truncated-issuer",
     "with an expired issuer the cluster is \"CA: Connected\""},
    {"agent/shows-its-first-leaf-for-ever", "lifecycle/renewal",
     "held an expired leaf though the CA works"},
    {"agent/shows-another-pods-leaf", "flow/full-integration", "is for spiffe://"},
    {"agent/sends-no-intermediates", "rotation/issuer-expires-sooner",
     "pods of alpha did not become ready"},
    {"agent/mixes-up-its-callers", "flow/full-integration", "api could not talk to web"},
    {"agent/stops-its-clock", "lifecycle/certificate-expiry", "was accepted after it expired"},
    {"agent/keeps-connections-for-ever", "lifecycle/kept-connections",
     "over kept connections, after a leaf's end"},
    {"agent/accepts-one-second-too-long", "lifecycle/certificate-expiry", "they still talked"},
    {"agent/accepts-foreign-members", "security/strangers", "a member of another trust domain"},
    {"agent/asks-no-server-who-it-is", "security/strangers",
     "answered for spiffe://cluster.local/ns/default/sa/api"},
    {"agent/trusts-every-root", "flow/two-vaults", "does not chain to the trust store"},
    {"agent/is-ready-for-ever", "lifecycle/certificate-expiry",
     "is still ready with an expired leaf"},
    {"agent/ignores-the-namespace", "flow/vault-namespace", "pods of alpha did not become ready"},
    {"agent/needs-a-bundle", "flow/public-root", "pods of alpha did not become ready"},
    {"agent/is-ready-without-trust", "security/trust-store-edited",
     "pods are ready though the trust store"},
    {"cluster/watches-no-configuration", "security/trust-store-edited",
     "nobody noticed that the CA configuration was deleted"},
    {"cluster/overlooks-deletions", "security/trust-store-edited",
     "nobody noticed that the CA configuration was deleted"},
    {"cluster/mixes-up-two-pods", "flow/full-integration", "is for spiffe://"},
    {"cluster/deploys-one-replica", "lifecycle/spread-renewals",
     "pods of alpha did not become ready"},
    {"cluster/never-reads-again", "lifecycle/replace-ca", "the trust store lacks"},
    {"cluster/keeps-deleted-pods", "lifecycle/pod-restart", "has no replacement"},
    {"cluster/replaces-no-pod", "lifecycle/pod-restart", "has no replacement"},
    {"control-plane/leaves-the-old-trust-store", "lifecycle/replace-ca", "the trust store lacks"},
    {"control-plane/pushes-to-the-wrong-cluster", "flow/two-vaults", "is not that of account"},
    {"control-plane/is-always-connected", "lifecycle/ca-deletion", "after its account was deleted"},
    {"control-plane/asks-for-no-signature", "security/wrong-trust-domain",
     "of another trust domain the cluster is \"CA: Connected\""},
    {"control-plane/gives-no-reason", "outage/vault-sealed",
     "with its Vault sealed the cluster is"},
    {"control-plane/hides-its-warnings", "outage/half-done", "does not say that it is out of sync"},
    {"control-plane/overlooks-the-trust-store", "security/trust-store-edited",
     "with a foreign trust store the global namespace is Healthy"},
    {"control-plane/takes-a-label-twice", "validation/integration-account",
     "a second account with the same label"},
    {"control-plane/edits-at-home-only", "lifecycle/service-account-rename",
     "is still in the mesh's namespace"},
    {"control-plane/restarts-one-pod", "lifecycle/replace-ca",
     "not every pod was replaced after the restart"},
    {"control-plane/takes-the-trust-along", "lifecycle/ca-deletion",
     "requests failed before the leaves expired"},
    {"control-plane/is-always-healthy", "outage/half-done",
     "the global namespace is Healthy though its configuration is not applied"},
    {"control-plane/deletes-without-a-word", "lifecycle/ca-deletion", "expected a refusal"},
    {"control-plane/goes-on-with-a-deleted-account", "lifecycle/ca-deletion",
     "a pod holds another leaf than when the CA was deleted"},
    {"control-plane/leaves-old-service-accounts", "lifecycle/service-account-rename",
     "is still in the mesh's namespace"},
    {"control-plane/replaces-the-trust-store", "lifecycle/replace-ca",
     "connecting another CA made the pod of"},
    {"control-plane/keeps-every-anchor", "lifecycle/replace-ca",
     "the trust store still holds the CA before"},
    {"control-plane/tries-once", "outage/half-done", "what could be applied again was not"},
    {"control-plane/warns-of-wishes-only", "outage/half-done",
     "deleting an account whose CA a cluster still runs"},
    {"control-plane/asks-as-nobody", "security/health-of-pods",
     "with a role for the workloads alone the cluster is"},
    {"control-plane/leaves-all-behind", "flow/full-integration", "clean-up had forgotten"},
};

constexpr auto add_next = "{do: add-account, account: next, vault: 0, cluster: alpha}";
constexpr auto connect_next = "{do: connect-ca, cluster: alpha, account: next}";
constexpr auto restart_web = "{do: restart-pod, cluster: alpha, workload: web}";
constexpr auto ask_health = "{do: ask-health, cluster: alpha}";
constexpr auto wait_a_little = "{do: wait, after: 0.1}";

const std::vector<HistoryNotice> by_histories = {
    {"agent/renews-too-late", 1, {"{do: wait, after: 0.85}"}, "nobody renewed it"},
    {"agent/does-not-back-off",
     1,
     {"{do: vault-refuses, vault: 0}", "{do: wait, after: 3}"},
     "are enough"},
    {"agent/keeps-the-old-account",
     1,
     {add_next, connect_next, "{do: wait, after: 1.5}"},
     "not every pod is ready"},
    {"agent/accepts-leaves-too-early", 1, {"{do: set-clock, ahead: -0.5}"}, "was accepted at"},
    {"agent/keeps-its-first-trust-store",
     1,
     {add_next, connect_next, restart_web},
     "was refused at"},
    {"cluster/wakes-no-pod",
     1,
     {"{do: delete-account-understood, account: alpha}", restart_web, add_next, connect_next},
     "not every pod is ready"},
    {"cluster/watches-pods-once",
     1,
     {"{do: wait, after: 0.5}", restart_web},
     "the pod of web has no replacement"},
    {"cluster/keeps-outdated-pods",
     1,
     {"{do: redefine-workload, cluster: alpha, workload: web, replicas: 2}"},
     "its pods are others"},
    {"cluster/takes-up-no-pod",
     1,
     {wait_a_little, "{do: restart-node-agent, cluster: alpha}"},
     "knows 0 of 2 pods"},
    {"control-plane/drops-anchors-too-soon",
     1,
     {"{do: deploy, cluster: alpha, workload: late, replicas: 3}",
      "{do: kube-throttles, cluster: alpha}", "{do: wait, after: 2}", add_next, connect_next,
      "{do: heal-all, after: 0.4}"},
     "holds no anchor above it"},
    {"control-plane/remembers-connected",
     1,
     {ask_health, "{do: seal, vault: 0}", ask_health},
     "its CA does not work"},
    {"control-plane/looks-at-one-member",
     2,
     {"{do: create-namespace, namespace: shop}", "{do: kube-refuses, cluster: beta}",
      "{do: ask-namespace, namespace: shop}"},
     "tells the health of 1 cluster, and has 2"},
    {"control-plane/forgets-service-accounts",
     1,
     {"{do: delete-service-account, cluster: alpha, workload: web}"},
     "nobody made it again"},
    {"control-plane/changes-the-trust-domain",
     1,
     {"{do: change-trust-domain}"},
     "the trust domain was changed under"},
    // Of the servers.
    {"auth/takes-any-service-account",
     1,
     {"{do: deny-logins, account: alpha}", ask_health},
     "its CA does not work"},
    {"auth/remembers-reviews",
     1,
     {"{do: review-refuses, cluster: alpha}", ask_health},
     "its CA does not work"},
    {"seal/serves-while-sealed", 1, {"{do: seal, vault: 0}", ask_health}, "its CA does not work"},
    {"pki/repeat-serial", 1, {wait_a_little}, "a serial number that its issuer used before"},
    {"pki/first-csr-names", 1, {wait_a_little}, "not every pod is ready"},
    {"pki/ignores-max-ttl", 1, {wait_a_little}, "outlives its role's max_ttl"},
};

/// What no scenario can bring about: a civil clock that jumps, a server that asks to be left alone.
/// The file tests each of these by its name.
constexpr auto tests_of_agents = "core/mesh/tests/agent_test.cpp";
const std::vector<std::string_view> noticed_by_tests = {"agent/waits-by-the-civil-clock",
                                                        "agent/ignores-retry-after"};
/// Whom random histories find, and a property is shown to find.
constexpr auto properties = "scenarios/tests/mesh_properties_test.cpp";
const std::vector<std::string_view> noticed_by_properties = {
    "pki/wrong-csr-key", "pki/not-yet-valid", "pki/sign-after-issuer-deleted"};

/// And what a history shows in a world of a special kind only.
constexpr auto judges = "scenarios/explore/tests/judges_test.cpp";
const std::vector<std::string_view> noticed_by_judges = {"capacity/ignored"};

const run::Scenario& scenario_of(std::string_view id) {
    for (const auto* scenario : all_scenarios()) {
        if (scenario->id == id) {
            return *scenario;
        }
    }
    throw CannotGoOn({FailureKind::not_found, fmt::format("no scenario {}", id), 0, {}});
}

/// What is wrong with the scenario in a sim world, with this saboteur in the mesh.
std::vector<std::string> play(const run::Scenario& scenario, mesh::Seams seams) {
    histories::Setting setting;
    setting.seed = setting.sim.seed = 1;
    setting.seams = std::move(seams);
    return histories::play(std::move(setting),
                           [&scenario](run::World& world) { return scenario.run(world); });
}

class MeshSaboteur : public testing::TestWithParam<Notice> {};

TEST_P(MeshSaboteur, IsNoticed) {
    const auto& notice = GetParam();
    const auto wrong = play(scenario_of(notice.scenario), mesh::sabotaged(notice.saboteur));
    const auto told = fmt::format("{}", fmt::join(wrong, "\n"));
    if (*notice.says == '\0') {
        EXPECT_EQ(told, "") << "it is noticed now: put what is said into the table";
    } else {
        EXPECT_NE(told.find(notice.says), std::string::npos) << told;
    }
}

INSTANTIATE_TEST_SUITE_P(All, MeshSaboteur, testing::ValuesIn(notices));

explore::History history_of(const HistoryNotice& notice) {
    auto yaml = fmt::format(
        "history: notice\nseed: 1\nworld: {{vaults: 1, clusters: {}, product: openbao, "
        "workloads: [web, api]}}\nsteps:\n",
        notice.clusters);
    for (const auto* step : notice.steps) {
        yaml += fmt::format("  - {}\n", step);
    }
    return require(explore::parse_history(yaml, notice.saboteur, explore::vocabulary()));
}

std::string tell(const HistoryNotice& notice, const explore::WorldSaboteur* saboteur) {
    return explore::told_of(history_of(notice), saboteur, "storys");
}

class SaboteurInHistory : public testing::TestWithParam<HistoryNotice> {};

TEST_P(SaboteurInHistory, IsNoticed) {
    const auto& notice = GetParam();
    const auto all = explore::world_saboteurs();
    const auto saboteur =
        std::ranges::find(all, std::string_view(notice.saboteur), &explore::WorldSaboteur::name);
    ASSERT_NE(saboteur, all.end()) << notice.saboteur;
    const auto told = tell(notice, &*saboteur);
    EXPECT_NE(told.find(notice.says), std::string::npos) << told;
}

TEST_P(SaboteurInHistory, AndNobodyElse) {
    EXPECT_EQ(tell(GetParam(), nullptr), "");
}

INSTANTIATE_TEST_SUITE_P(All, SaboteurInHistory, testing::ValuesIn(by_histories));

void expect_names_in(const char* file, const std::vector<std::string_view>& names) {
    const auto tests = require(read_file(file));
    for (const auto name : names) {
        EXPECT_NE(tests.find(fmt::format("\"{}\"", name)), std::string::npos) << name;
    }
}

TEST(MeshSaboteurs, AreAllInTheTable) {
    std::set<std::string_view> known;
    std::size_t in_mesh = 0;
    for (const auto& saboteur : explore::world_saboteurs()) {
        in_mesh += saboteur.of_servers ? 0 : 1;
        EXPECT_TRUE(known.insert(saboteur.name).second) << saboteur.name << " is there twice";
        EXPECT_NE(saboteur.breaks, "") << saboteur.name;
        EXPECT_EQ(std::ranges::count(notices, saboteur.name, &Notice::saboteur) +
                      std::ranges::count(by_histories, saboteur.name, &HistoryNotice::saboteur) +
                      std::ranges::count(noticed_by_properties, saboteur.name) +
                      std::ranges::count(noticed_by_judges, saboteur.name) +
                      std::ranges::count(noticed_by_tests, saboteur.name),
                  1)
            << saboteur.name << ": say who notices it";
    }
    EXPECT_GE(known.size(), 60U);
    EXPECT_GE(in_mesh, 40U);
    for (const auto& names : {noticed_by_tests, noticed_by_properties, noticed_by_judges}) {
        for (const auto name : names) {
            EXPECT_TRUE(known.contains(name)) << name;
        }
    }
    expect_names_in(tests_of_agents, noticed_by_tests);
    expect_names_in(properties, noticed_by_properties);
    expect_names_in(judges, noticed_by_judges);
    for (const auto& notice : notices) {
        EXPECT_TRUE(known.contains(notice.saboteur)) << notice.saboteur;
    }
}

// A Vault that mixes up what it is asked for at once is noticed on every target.
TEST(MeshSaboteurs, SignaturesUnderFaultsAreToldApart) {
    const auto& scenario = scenario_of("outage/signing-meets-faults");
    for (const auto& [saboteur, says] : {std::pair("", ""),
                                         {"pki/repeat-serial", "was given twice"},
                                         {"pki/wrong-csr-key", "certifies another key"}}) {
        std::set<std::string, std::less<>> saboteurs;
        if (*saboteur != '\0') {
            saboteurs.insert(saboteur);
        }
        const auto wrong =
            histories::play(histories::setting(1, std::move(saboteurs)),
                            [&scenario](run::World& world) { return scenario.run(world); });
        const auto told = fmt::format("{}", fmt::join(wrong, "\n"));
        EXPECT_EQ(wrong.empty(), *says == '\0') << told;
        EXPECT_NE(told.find(says), std::string::npos) << saboteur << ": " << told;
    }
}

TEST(MeshSaboteurs, LeaveAnHonestMeshAlone) {
    std::set<std::string_view> scenarios;
    for (const auto& notice : notices) {
        scenarios.insert(notice.scenario);
    }
    for (const auto scenario : scenarios) {
        const auto wrong = play(scenario_of(scenario), {});
        EXPECT_TRUE(wrong.empty()) << scenario << ": " << fmt::format("{}", fmt::join(wrong, "\n"));
    }
}

}  // namespace
}  // namespace meshproof::scenarios
