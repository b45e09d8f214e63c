// Three properties of a mesh, each over random histories, and each shown to fail under a saboteur.
#include <gtest/gtest.h>

#include "scenarios/tests/histories.hpp"

namespace meshproof::scenarios::histories {
namespace {

using SettingOf = std::function<Setting(std::uint64_t seed)>;

/// A property: what may happen. The model (scenarios/explore) is what is checked after each step.
struct Property {
    std::string name;
    std::vector<std::string> commands;
};

const Property expiry{"a leaf is accepted exactly in its validity interval",
                      {"wait", "wait-for-edge", "vault-refuses", "heal-vault"}};
const Property ca_deletion{
    "after the CA is deleted pods talk until their leaves expire, never after, and get no new ones",
    {"wait", "wait-for-edge", "deploy", "delete-account-understood", "delete-issuer"}};
const Property pod_restart{
    "a restart costs no traffic while the CA works, and yields no leaf after its deletion",
    {"restart-pod", "restart-pod", "wait", "delete-account-understood", "delete-issuer"}};

bool holds(const Property& property, Effort effort, const SettingOf& setting_of,
           std::string& told) {
    constexpr int longest = 8;
    const auto result = check<std::vector<explore::Step>>(
        property.name, effort, steps_by(property.commands, longest),
        [&](std::uint64_t seed, const std::vector<explore::Step>& history) {
            return tell(setting_of(seed), history);
        });
    return held(result, told);
}

void expect_holds(const Property& property) {
    std::string told;
    EXPECT_TRUE(holds(
        property, everyday, [](std::uint64_t seed) { return setting(seed); }, told))
        << told;
}

/// It fails, its shrunk history is `most` commands or fewer, and it is told with these words.
void expect_fails(const Property& property, const SettingOf& setting_of,
                  const std::vector<std::string>& words, std::ptrdiff_t most) {
    std::string told;
    EXPECT_FALSE(holds(property, until_it_fails, setting_of, told)) << told;
    for (const auto& word : words) {
        EXPECT_NE(told.find(word), std::string::npos) << "no \"" << word << "\" in:\n" << told;
    }
    const auto story = told.substr(0, told.find("seed:"));
    EXPECT_LE(std::ranges::count(story, ','), most - 1) << told;
}

SettingOf broken(std::string saboteur) {
    return
        [saboteur = std::move(saboteur)](std::uint64_t seed) { return setting(seed, {saboteur}); };
}

Setting with_a_wrong_date(std::uint64_t seed) {
    auto made = setting(seed);
    made.skew = made.sim.servers.leaf_ttl / 4;
    return made;
}

TEST(Expiry, ALeafIsAcceptedExactlyInItsValidityInterval) {
    expect_holds(expiry);
}

TEST(Expiry, FailsWhereVerificationGoesByAWrongDate) {
    // A wait that begins late in a leaf's life needs the step that leads there: shrinking only leaves out.
    expect_fails(expiry, with_a_wrong_date, {"seed"}, 3);
}

TEST(Expiry, FailsWhereVaultSignsForTomorrow) {
    expect_fails(expiry, broken("pki/not-yet-valid"), {"seed"}, 1);
}

TEST(CaDeletion, PodsTalkUntilTheirLeavesExpireAndGetNoNewOnes) {
    expect_holds(ca_deletion);
}

TEST(CaDeletion, FailsWhereVaultSignsWithADeletedIssuer) {
    expect_fails(ca_deletion, broken("pki/sign-after-issuer-deleted"),
                 {"delete-issuer", "its CA does not work"}, 3);
}

TEST(PodRestart, CostsNothingWhileTheCaWorksAndYieldsNothingAfterwards) {
    expect_holds(pod_restart);
}

TEST(PodRestart, FailsWhereVaultSignsWithADeletedIssuer) {
    expect_fails(pod_restart, broken("pki/sign-after-issuer-deleted"),
                 {"delete-issuer", "its CA does not work"}, 3);
}

TEST(PodRestart, FailsWhereVaultSignsAnotherKey) {
    expect_fails(pod_restart, broken("pki/wrong-csr-key"), {"is ready"}, 1);
}

}  // namespace
}  // namespace meshproof::scenarios::histories
