// Every saboteur of the mesh is noticed by a scenario, be it by what that expects or by a monitor.
#include "core/mesh/saboteurs.hpp"

#include <gtest/gtest.h>

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
    {"agent/keeps-a-refused-token", "lifecycle/replace-ca", ""},
    {"agent/logs-in-for-every-csr", "lifecycle/renewal", ""},
    {"agent/shares-a-key-between-pods", "flow/full-integration", "monitor: the leaf of pod"},
    {"agent/renews-with-the-old-key", "lifecycle/renewal", "used 1 keys for"},
    {"agent/sends-its-key", "flow/full-integration", "monitor: a private key left"},
    {"agent/tells-its-token", "flow/full-integration", "a secret reached the trace"},
    {"agent/takes-any-leaf", "rotation/truncated-issuer",
     "with an expired issuer the cluster is \"CA: Connected\""},
    {"agent/shows-its-first-leaf-for-ever", "lifecycle/renewal",
     "held an expired leaf though the CA works"},
    {"agent/stops-its-clock", "lifecycle/certificate-expiry", "was accepted after it expired"},
    {"agent/accepts-foreign-members", "security/wrong-trust-domain", ""},
    {"agent/asks-no-server-who-it-is", "flow/full-integration", ""},
    {"agent/trusts-every-root", "flow/two-vaults", "does not chain to the trust store"},
    {"agent/is-ready-for-ever", "lifecycle/certificate-expiry",
     "is still ready with an expired leaf"},
    {"cluster/never-reads-again", "lifecycle/replace-ca", "the trust store lacks"},
    {"cluster/keeps-deleted-pods", "lifecycle/pod-restart", "has no replacement"},
    {"cluster/replaces-no-pod", "lifecycle/pod-restart", "has no replacement"},
    {"control-plane/leaves-the-old-trust-store", "lifecycle/replace-ca", "the trust store lacks"},
    {"control-plane/pushes-to-the-wrong-cluster", "flow/two-vaults",
     "pods of beta did not become ready"},
    {"control-plane/is-always-connected", "lifecycle/ca-deletion", "after its account was deleted"},
    {"control-plane/asks-for-no-signature", "security/wrong-trust-domain",
     "of another trust domain the cluster is \"CA: Connected\""},
    {"control-plane/is-always-healthy", "flow/two-clusters-one-vault", ""},
    {"control-plane/deletes-without-a-word", "lifecycle/ca-deletion", "expected a refusal"},
    {"control-plane/goes-on-with-a-deleted-account", "lifecycle/ca-deletion",
     "a pod holds another leaf than when the CA was deleted"},
    {"control-plane/leaves-old-service-accounts", "lifecycle/service-account-rename", ""},
    {"control-plane/leaves-all-behind", "flow/full-integration", "clean-up had forgotten"},
};

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
                           [&scenario](run::World& world, Clock&) { return scenario.run(world); });
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
        EXPECT_EQ(std::ranges::count(notices, saboteur.name, &Notice::saboteur), 1)
            << saboteur.name << ": say which scenario notices it";
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
