// Other verifiers' answers to the vectors, kept as data: where one differs from ours, the reason is
// data too.
#include <gtest/gtest.h>

#include <set>

#include "conformance/svid/vectors.hpp"
#include "core/base/text.hpp"

namespace meshproof::conformance::svid {
namespace {

using nlohmann::json;

json file(const std::string& name) {
    return json::parse(require(read_file("conformance/svid/answers/" + name + ".json")));
}

bool names(const json& list, const std::string& word) {
    return std::ranges::find(list, json(word)) != list.end();
}

/// Whether a difference's entry speaks of this vector.
bool explains(const json& entry, const std::string& verifier, const std::string& outcome,
              const Vector& vector) {
    if (!names(entry["verifiers"], verifier) || entry["outcome"] != outcome) {
        return false;
    }
    if (entry.contains("vectors")) {
        return names(entry["vectors"], vector.id);
    }
    return std::ranges::all_of(vector.broken,
                               [&](const auto& rule) { return names(entry["rules"], rule); });
}

class Answers : public testing::TestWithParam<const char*> {};

TEST_P(Answers, DifferFromOursForAReason) {
    const std::string verifier = GetParam();
    const auto answers = file(verifier)["answers"];
    const auto differences = file("differences");
    const auto vectors = require(read_vectors("conformance/svid/vectors"));
    std::set<std::size_t> used;
    std::size_t asked = 0;
    for (const auto& vector : vectors) {
        ASSERT_TRUE(answers.contains(vector.id))
            << vector.id << ": ask again: conformance/svid/answers/ask " << verifier;
        const auto& answer = answers[vector.id];
        const auto outcome = answer["outcome"].get<std::string>();
        if (outcome == "not-asked") {
            continue;
        }
        ++asked;
        if ((outcome == "accept") == vector.accepted) {
            continue;
        }
        bool explained = false;
        for (std::size_t i = 0; i < differences.size(); ++i) {
            if (explains(differences[i], verifier, outcome, vector)) {
                used.insert(i);
                explained = true;
            }
        }
        EXPECT_TRUE(explained) << vector.id << ": " << verifier << " says " << outcome << " ("
                               << answer["said"] << "), and no difference has a reason for it";
    }
    EXPECT_EQ(answers.size(), vectors.size()) << "answers to vectors that are no more";
    EXPECT_GT(asked, 200U);
    for (std::size_t i = 0; i < differences.size(); ++i) {
        EXPECT_TRUE(used.contains(i) || !names(differences[i]["verifiers"], verifier))
            << verifier << " does not differ as this says: " << differences[i];
    }
}

INSTANTIATE_TEST_SUITE_P(Verifiers, Answers,
                         testing::Values("openssl", "gnutls", "go-spiffe", "go-spiffe-parse"),
                         [](const auto& info) {
                             std::string name = info.param;
                             std::ranges::replace(name, '-', '_');
                             return name;
                         });

}  // namespace
}  // namespace meshproof::conformance::svid
