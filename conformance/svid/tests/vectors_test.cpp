#include "conformance/svid/vectors.hpp"

#include <gtest/gtest.h>

#include <set>

#include "core/base/text.hpp"
#include "core/crypto/tls.hpp"

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
            if (finding.state == spiffe::RuleState::broken) {
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

/// Both ends of one handshake: one shows the vector's leaf and asks nothing, the other asks the
/// judge that a pod has.
struct Ends {
    crypto::TlsParty shows, judges;
    std::size_t judged = 0;
};

void set_up(Ends& ends, const Vector& vector, const spiffe::SvidQuestion& question,
            const crypto::TlsIdentity& own) {
    ends.shows.identity = crypto::TlsIdentity{question.leaf, question.chain,
                                              require(crypto::Key::from_pem(vector.leaf_key))};
    ends.shows.verify_peer = false;
    ends.judges.identity = own;
    ends.judges.judge_peer = [&ends, question](const crypto::PeerShown& peer) -> Result<void> {
        ++ends.judged;
        auto asked = question;
        asked.leaf = peer.leaf;
        asked.chain = peer.chain;
        const auto id = spiffe::authenticate(asked);
        return id ? Result<void>() : propagate(id);
    };
}

TEST(Vectors, AHandshakeAnswersAsTheValidatorDoes) {
    const auto own = crypto::make_server_credentials("own", vectors().front().validation_time,
                                                     std::chrono::hours(24));
    std::size_t judged = 0;
    for (const auto& vector : vectors()) {
        const auto asked = question_of(vector);
        ASSERT_TRUE(asked) << vector.id << ": " << asked.error().message;
        for (const bool as_client : {true, false}) {
            Ends ends;
            set_up(ends, vector, asked->question, own.identity);
            const auto result = as_client ? crypto::handshake_in_memory(ends.shows, ends.judges)
                                          : crypto::handshake_in_memory(ends.judges, ends.shows);
            const auto& judge = as_client ? result.server : result.client;
            EXPECT_EQ(judge.accepted, vector.accepted)
                << vector.id << " as a " << (as_client ? "client" : "server") << ": "
                << vector.description << ": " << judge.error;
            judged += ends.judged;
        }
    }
    // A leaf whose key or signature OpenSSL does not even show is refused before anybody judges it.
    EXPECT_GT(judged, vectors().size() * 2 * 9 / 10);
}

// Whatever is done to one vector, another answer comes: the runner can fail.
TEST(Vectors, AreJudgedByWhatTheyHold) {
    auto vector = vectors().front();
    for (const auto& other : vectors()) {
        if (other.id == "path/one-intermediate") {
            vector = other;
        }
    }
    ASSERT_TRUE(judge(vector)->verdict.accepted());
    auto late = vector;
    late.validation_time += std::chrono::hours(24);
    EXPECT_EQ(judge(late)->broken(), std::vector<std::string>{"V1"});
    auto alone = vector;
    alone.chain.clear();
    EXPECT_EQ(judge(alone)->broken(), std::vector<std::string>{"V1"});
    auto untrusted = vector;
    untrusted.bundles.clear();
    EXPECT_EQ(judge(untrusted)->broken(), std::vector<std::string>{"V7"});
    auto no_leaf = vector;
    no_leaf.leaf = "-----BEGIN CERTIFICATE-----";
    EXPECT_FALSE(judge(no_leaf));
}

TEST(Vectors, AreAboutEveryRuleAndBreakEveryRuleThatOneMustKeep) {
    std::set<std::string> about;
    std::set<std::string> broken;
    for (const auto& vector : vectors()) {
        about.insert(vector.rules.begin(), vector.rules.end());
        broken.insert(vector.broken.begin(), vector.broken.end());
    }
    for (const auto& rule : spiffe::svid_rules()) {
        const std::string id(rule.id);
        EXPECT_TRUE(about.contains(id)) << "no vector is about " << id;
        // B3, B4 and I6 tell readers what to do, and V7 follows where they leave nothing.
        const bool for_readers = id == "B3" || id == "B4" || id == "I6";
        if (rule.level == spiffe::RuleLevel::must && !for_readers) {
            EXPECT_TRUE(broken.contains(id)) << "no vector breaks " << id;
        }
    }
    EXPECT_GE(vectors().size(), 120U);
}

TEST(Rules, AreInTheDocument) {
    const auto document = require(read_file("docs/svid-rules.md"));
    for (const auto& rule : spiffe::svid_rules()) {
        const auto row = fmt::format("| {} | {} | {} | {} |", rule.id, to_string(rule.level),
                                     rule.text, rule.source);
        EXPECT_NE(document.find(row), std::string::npos) << row;
    }
}

}  // namespace
}  // namespace meshproof::conformance::svid
