// Three properties of a mesh, each over random histories, and each shown to fail under a deliberate
// defect.
#include <gtest/gtest.h>

#include "scenarios/tests/histories.hpp"

namespace meshproof::scenarios::histories {
namespace {

using Kind = Command::Kind;
using Defect = std::function<Setting(std::uint64_t seed)>;

constexpr int cases = 15;

/// A property: what may happen, and what is checked after each step (MeshStory::check).
struct Property {
    std::string name;
    std::vector<Kind> kinds;
};

const Property expiry{"a leaf is accepted exactly in its validity interval",
                      {Kind::advance, Kind::to_the_edge, Kind::cut, Kind::restore}};
const Property ca_deletion{
    "after the CA is deleted pods talk until their leaves expire, never after, and get no new ones",
    {Kind::advance, Kind::to_the_edge, Kind::deploy, Kind::delete_account, Kind::delete_issuer}};
const Property pod_restart{
    "a restart costs no traffic while the CA works, and yields no leaf after its deletion",
    {Kind::restart, Kind::restart, Kind::advance, Kind::delete_account, Kind::delete_issuer}};

bool holds(const Property& property, const Defect& setting_of, std::string& told) {
    constexpr std::size_t longest = 7;
    const auto result =
        check<std::vector<Command>>(property.name, cases, commands(property.kinds, longest),
                                    [&](std::uint64_t seed, const std::vector<Command>& history) {
                                        return tell(setting_of(seed), history);
                                    });
    return held(result, told);
}

Setting sound(std::uint64_t seed) {
    return setting(seed);
}

Defect broken(std::string defect) {
    return [defect = std::move(defect)](std::uint64_t seed) { return setting(seed, {defect}); };
}

Setting with_a_wrong_date(std::uint64_t seed) {
    auto made = setting(seed);
    made.skew = made.sim.servers.leaf_ttl / 4;
    return made;
}

TEST(Expiry, ALeafIsAcceptedExactlyInItsValidityInterval) {
    std::string told;
    EXPECT_TRUE(holds(expiry, sound, told)) << told;
}

TEST(Expiry, FailsWhereVerificationGoesByAWrongDate) {
    std::string told;
    EXPECT_FALSE(holds(expiry, with_a_wrong_date, told)) << told;
    EXPECT_NE(told.find("seed"), std::string::npos) << told;
}

TEST(Expiry, FailsWhereVaultSignsForTomorrow) {
    std::string told;
    EXPECT_FALSE(holds(expiry, broken("pki/not-yet-valid"), told)) << told;
}

TEST(CaDeletion, PodsTalkUntilTheirLeavesExpireAndGetNoNewOnes) {
    std::string told;
    EXPECT_TRUE(holds(ca_deletion, sound, told)) << told;
}

TEST(CaDeletion, FailsWhereVaultSignsWithADeletedIssuer) {
    std::string told;
    EXPECT_FALSE(holds(ca_deletion, broken("pki/sign-after-issuer-deleted"), told)) << told;
    EXPECT_NE(told.find("delete the issuer in Vault"), std::string::npos) << told;
}

TEST(PodRestart, CostsNothingWhileTheCaWorksAndYieldsNothingAfterwards) {
    std::string told;
    EXPECT_TRUE(holds(pod_restart, sound, told)) << told;
}

TEST(PodRestart, FailsWhereVaultSignsWithADeletedIssuer) {
    std::string told;
    EXPECT_FALSE(holds(pod_restart, broken("pki/sign-after-issuer-deleted"), told)) << told;
}

TEST(PodRestart, FailsWhereVaultSignsAnotherKey) {
    std::string told;
    EXPECT_FALSE(holds(pod_restart, broken("pki/wrong-csr-key"), told)) << told;
}

}  // namespace
}  // namespace meshproof::scenarios::histories
