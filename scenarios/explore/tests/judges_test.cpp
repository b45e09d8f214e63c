// What each judge is for: a deliberate fault that it finds in a history of a few steps, in which an
// honest mesh does nothing wrong.
#include <gtest/gtest.h>

#include "scenarios/explore/commands.hpp"
#include "scenarios/explore/player.hpp"
#include "scenarios/explore/tests/saboteurs.hpp"

namespace meshproof::scenarios::explore {

/// A saboteur, and where it shows.
struct Shows {
    const char* saboteur;
    const char* world;  ///< its fields beside those of all, as in a file
    std::vector<const char*> steps;
    const char* says;  ///< words of what is then said; "" = anything
};
void PrintTo(const Shows& shows, std::ostream* out) {
    *out << shows.saboteur;
}

namespace {

constexpr auto wait_a_little = "{do: wait, after: 0.1}";
constexpr auto wait_a_life = "{do: wait, after: 1}";
constexpr auto seal = "{do: seal, vault: 0}";
constexpr auto ask_health = "{do: ask-health, cluster: alpha}";
constexpr auto forbid_signing = "{do: forbid-signing, account: alpha}";
constexpr auto rename = "{do: rename-service-account, account: alpha, to: second}";
constexpr auto add_next = "{do: add-account, account: next, vault: 0, cluster: alpha}";
constexpr auto connect_in_outage = "{do: connect-in-outage, cluster: alpha, account: next}";
constexpr auto be_quiet = "{do: vault-asks-for-quiet, vault: 0}";

const std::vector<Shows> all = {
    {"agent/renews-after-the-end",
     "",
     {"{do: wait-for-edge, edge: last-fifth}"},
     "nobody renewed it"},
    {"agent/renews-by-the-asked-life", "", {"{do: short-leaves, account: alpha}"}, ""},
    {"agent/forgets-jitter", "", std::vector<const char*>(9, wait_a_life), "renew together"},
    {"agent/forgets-jitter",
     "replicas: 3",
     {"{do: wait, after: 0.3}", "{do: wait, after: 0.6}"},
     "renewed in one second"},
    {"agent/waits-by-the-civil-clock",
     "",
     {"{do: jump-clock, ahead: 2}", wait_a_life},
     "not every pod is ready"},
    {"agent/ignores-retry-after", "", {be_quiet, wait_a_life, wait_a_life}, "to be left alone"},
    {"agent/ignores-retry-after",
     "",
     {"{do: vault-says-when-back, vault: 0}", wait_a_life, wait_a_life},
     "to be left alone"},
    {"agent/asks-in-a-loop",
     "",
     {"{do: replace-root, account: alpha}", "{do: restart-pod, cluster: alpha, workload: web}",
      "{do: wait, after: 0.5}"},
     ""},
    {"agent/renews-at-once", "", {"{do: wait, after: 2}"}, "are enough"},
    {"agent/waits-a-life-for-people",
     "",
     {forbid_signing, "{do: restart-pod, cluster: alpha, workload: web}",
      "{do: mend-ca, account: alpha, after: 0.1}"},
     "not every pod is ready"},
    {"agent/takes-any-leaf",
     "",
     {"{do: jump-vault-clock, vault: 0, ahead: 0.5}"},
     "gave up a good leaf"},
    {"agent/keeps-a-refused-token", "tokens: one-use", {wait_a_life, wait_a_life}, ""},
    {"agent/logs-in-for-every-csr", "tokens: long", {"{do: wait, after: 4}"}, "are enough"},
    // An account that no cluster uses says nothing of what the others' logins give.
    {"agent/logs-in-for-every-csr",
     "",
     {"{do: change-tokens, account: alpha, tokens: long}", add_next, wait_a_life,
      "{do: wait, after: 7}"},
     "are enough"},
    {"agent/trusts-every-root", "clusters: 2", {wait_a_little}, ""},
    {"agent/renews-with-the-old-key", "", {wait_a_life}, "have one key"},
    {"agent/ignores-the-namespace", "namespace: true", {wait_a_little}, ""},
    {"agent/needs-a-bundle", "public_root: true", {wait_a_little}, ""},
    {"agent/is-ready-without-trust", "", {"{do: hold-trust}"}, "pods of alpha are ready, or"},
    {"agent/keeps-connections-for-ever",
     "",
     {wait_a_life, seal, "{do: wait-for-edge, edge: leaf-end}"},
     ""},
    {"agent/accepts-foreign-members",
     "",
     {"{do: stranger-asks, cluster: alpha, workload: web, who: foreign}"},
     "answered a stranger"},
    {"agent/asks-no-server-who-it-is",
     "",
     {"{do: lead-astray, cluster: alpha, workload: web}"},
     "answered for"},
    {"cluster/wakes-no-pod",
     "",
     {add_next, "{do: connect-anew, cluster: alpha, account: next}"},
     "not every pod is ready"},
    {"cluster/deploys-one-replica", "replicas: 2", {wait_a_little}, "1 of 2 pods"},
    {"control-plane/remembers-connected",
     "",
     {ask_health, seal, ask_health},
     "its CA does not work"},
    {"control-plane/hides-its-warnings",
     "",
     {"{do: kube-refuses, cluster: alpha}", rename, ask_health},
     "does not warn of it"},
    {"control-plane/asks-for-no-signature", "", {forbid_signing}, "its CA does not work"},
    {"control-plane/looks-at-one-member", "clusters: 2", {wait_a_little}, "tells the health of 1"},
    {"control-plane/edits-at-home-only", "", {rename}, "service account"},
    {"control-plane/leaves-old-service-accounts", "", {rename}, "service account"},
    {"control-plane/drops-anchors-too-soon",
     "replicas: 3",
     {"{do: kube-throttles, cluster: alpha}", "{do: wait, after: 2}", add_next,
      "{do: connect-ca, cluster: alpha, account: next}", "{do: wait, after: 0.4}"},
     ""},
    {"control-plane/warns-of-wishes-only",
     "",
     {add_next, connect_in_outage},
     "was deleted without a word"},
    {"control-plane/asks-as-nobody", "", {wait_a_little}, "its CA works"},
    {"pki/sign-after-issuer-deleted",
     "",
     {wait_a_little, "{do: delete-issuer, account: alpha}", wait_a_life},
     "got a leaf though no CA of"},
    {"capacity/ignored",
     "signers: 1, signing_ms: 100",
     {"{do: sign-at-once, account: alpha, clients: 4, each: 2}"},
     "1 at once take"},
    {"auth/takes-any-service-account",
     "",
     {"{do: stranger-logs-in, account: alpha}"},
     "does not name logged in"},
};

History history_of(const Shows& shows) {
    std::string world = "product: openbao";
    if (*shows.world != '\0') {
        world += fmt::format(", {}", shows.world);
    }
    auto yaml = fmt::format("history: judge\nseed: 1\nworld: {{{}}}\nsteps:\n", world);
    for (const auto* step : shows.steps) {
        yaml += fmt::format("  - {}\n", step);
    }
    return require(parse_history(yaml, shows.saboteur, vocabulary()));
}

std::string tell(const Shows& shows, const WorldSaboteur* saboteur) {
    return told_of(history_of(shows), saboteur, "player");
}

class Judge : public testing::TestWithParam<Shows> {};

TEST_P(Judge, FindsTheFault) {
    const auto known = world_saboteurs();
    const auto saboteur =
        std::ranges::find(known, std::string_view(GetParam().saboteur), &WorldSaboteur::name);
    ASSERT_NE(saboteur, known.end());
    const auto told = tell(GetParam(), &*saboteur);
    EXPECT_NE(told, "");
    EXPECT_NE(told.find(GetParam().says), std::string::npos) << told;
}

TEST_P(Judge, LeavesAnHonestMeshAlone) {
    EXPECT_EQ(tell(GetParam(), nullptr), "");
}

INSTANTIATE_TEST_SUITE_P(All, Judge, testing::ValuesIn(all));

}  // namespace
}  // namespace meshproof::scenarios::explore
