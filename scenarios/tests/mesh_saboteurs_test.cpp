// Every saboteur of the mesh is noticed by a scenario, be it by what that expects or by a monitor.
#include "core/mesh/saboteurs.hpp"

#include <gtest/gtest.h>

#include "core/base/text.hpp"
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

namespace {

const std::vector<Notice> notices = {
    {"agent/never-renews", "lifecycle/renewal", "held an expired leaf though the CA works"},
    {"agent/renews-after-the-end", "lifecycle/renewal", "certificate has expired"},
    {"agent/renews-at-once", "lifecycle/renewal", "it renews more often than at half of a life"},
    {"agent/gives-up", "outage/vault-sealed", "did not become ready"},
    {"agent/storms-a-refused-login", "security/wrong-service-account", "must wait for"},
    {"agent/storms-a-refused-signature", "security/wrong-trust-domain", "must wait for"},
    {"agent/asks-in-a-loop", "rotation/truncated-issuer", "times in half a leaf's life"},
    {"agent/renews-by-the-asked-life", "lifecycle/short-leaves",
     "is not ready though the CA works"},
    {"agent/forgets-jitter", "lifecycle/spread-renewals", "renewed together"},
    {"agent/keeps-a-refused-token", "lifecycle/vault-token", "after the tokens were revoked"},
    {"agent/logs-in-for-every-csr", "lifecycle/vault-token", "logged in"},
    {"agent/shares-a-key-between-pods", "flow/full-integration", "monitor: the leaf of pod"},
    {"agent/renews-with-the-old-key", "lifecycle/renewal", "used 1 keys for"},
    {"agent/sends-its-key", "flow/full-integration", "monitor: a private key left"},
    {"agent/tells-its-token", "flow/full-integration", "a secret reached the trace"},
    {"agent/takes-any-leaf", "rotation/truncated-issuer",
     "with an expired issuer the cluster is \"CA: Connected\""},
    {"agent/shows-its-first-leaf-for-ever", "lifecycle/renewal",
     "held an expired leaf though the CA works"},
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
    {"cluster/never-reads-again", "lifecycle/replace-ca", "the trust store lacks"},
    {"cluster/keeps-deleted-pods", "lifecycle/pod-restart", "has no replacement"},
    {"cluster/replaces-no-pod", "lifecycle/pod-restart", "has no replacement"},
    {"control-plane/leaves-the-old-trust-store", "lifecycle/replace-ca", "the trust store lacks"},
    {"control-plane/pushes-to-the-wrong-cluster", "flow/two-vaults", "is not that of account"},
    {"control-plane/is-always-connected", "lifecycle/ca-deletion", "after its account was deleted"},
    {"control-plane/asks-for-no-signature", "security/wrong-trust-domain",
     "of another trust domain the cluster is \"CA: Connected\""},
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

/// What no scenario can bring about: a civil clock that jumps, a server that asks to be left alone.
/// The file tests each of these by its name.
constexpr auto tests_of_agents = "core/mesh/tests/agent_test.cpp";
const std::vector<std::string_view> noticed_by_tests = {"agent/waits-by-the-civil-clock",
                                                        "agent/ignores-retry-after"};

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

TEST(MeshSaboteurs, AreAllInTheTable) {
    std::set<std::string_view> known;
    for (const auto& saboteur : mesh::saboteurs()) {
        EXPECT_TRUE(known.insert(saboteur.name).second) << saboteur.name << " is there twice";
        EXPECT_NE(saboteur.breaks, "") << saboteur.name;
        EXPECT_EQ(std::ranges::count(notices, saboteur.name, &Notice::saboteur) +
                      std::ranges::count(noticed_by_tests, saboteur.name),
                  1)
            << saboteur.name << ": say which scenario notices it";
    }
    const auto tests = require(read_file(tests_of_agents));
    for (const auto name : noticed_by_tests) {
        EXPECT_NE(tests.find(fmt::format("\"{}\"", name)), std::string::npos) << name;
    }
    for (const auto& notice : notices) {
        EXPECT_TRUE(known.contains(notice.saboteur)) << notice.saboteur;
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
