#include "conformance/svid/vectors.hpp"

#include <gtest/gtest.h>

#include <set>

namespace meshproof::conformance::svid {
namespace {

const std::vector<Vector>& vectors() {
    static const auto all = require(read_vectors("conformance/svid/vectors"));
    return all;
}

std::string reasons(const Judgement& judgement) {
    std::string text;
    for (const auto* findings : {&judgement.verdict.findings, &judgement.bundles}) {
        for (const auto& finding : findings->all()) {
            if (finding.state == mesh::RuleState::broken) {
                text += fmt::format("\n  {} {}: {}", finding.rule->id, to_string(finding.level),
                                    finding.detail);
            }
        }
    }
    return text;
}

TEST(Vectors, OurValidatorAnswersAsExpectedAndNamesTheRules) {
    for (const auto& vector : vectors()) {
        const auto judgement = judge(vector);
        ASSERT_TRUE(judgement) << vector.id << ": " << judgement.error().message;
        EXPECT_EQ(judgement->verdict.accepted(), vector.accepted)
            << vector.id << ": " << vector.description << reasons(*judgement);
        EXPECT_EQ(judgement->broken(), vector.broken) << vector.id << reasons(*judgement);
        if (vector.accepted) {
            EXPECT_EQ(judgement->verdict.id->text(), vector.spiffe_id) << vector.id;
        }
    }
}

}  // namespace
}  // namespace meshproof::conformance::svid
