// The vectors of conformance/svid show each rule broken; here is what they do not see: states,
// levels, bundles.
#include "core/spiffe/svid.hpp"

#include <gtest/gtest.h>

#include "core/crypto/tests/fixtures.hpp"

namespace meshproof::spiffe {
namespace {

using namespace crypto::fixtures;

RuleState state(const SvidFindings& findings, std::string_view rule) {
    const auto* finding = findings.find(rule);
    return finding != nullptr ? finding->state : RuleState::absent;
}

TEST(SvidRules, AreFoundByTheirIds) {
    EXPECT_EQ(svid_rules().size(), 40U);
    EXPECT_EQ(find_svid_rule("L11")->level, RuleLevel::should);
    EXPECT_EQ(find_svid_rule("X1"), nullptr);
}

TEST(SvidFindings, KeepTheWorstOfSeveral) {
    SvidFindings findings;
    findings.add("B2", RuleState::absent);
    findings.add("B2", RuleState::holds, "good");
    EXPECT_EQ(findings.find("B2")->detail, "good");
    findings.add("B2", RuleState::broken, RuleLevel::should, "advice");
    EXPECT_TRUE(findings.accepted());
    findings.add("B2", RuleState::broken, "wrong");
    findings.add("B2", RuleState::broken, RuleLevel::should, "advice");
    findings.add("B2", RuleState::holds, "good");
    EXPECT_EQ(findings.first_broken()->detail, "wrong");
    EXPECT_EQ(findings.broken(), std::vector<std::string>{"B2"});
    EXPECT_TRUE(findings.broken(RuleLevel::should).empty());
}

TEST(CheckLeaf, TellsAbsentFromHeld) {
    static const Pki pki;
    auto spec = leaf_spec("web");
    const auto bare = check_leaf(pki.leaf(spec).leaf);
    EXPECT_TRUE(bare.accepted());
    for (const auto* rule : {"L4", "L5", "L8", "I3"}) {
        EXPECT_EQ(state(bare, rule), RuleState::absent) << rule;
    }
    spec.is_ca = false;
    spec.subject = {};
    *spec.key_usage |= crypto::key_agreement;
    spec.alt_names.uris = {"spiffe://10.0.0.1/web"};
    const auto full = check_leaf(pki.leaf(spec).leaf);
    for (const auto* rule : {"L2", "L4", "L5", "L8", "L11", "L12", "I3"}) {
        EXPECT_EQ(state(full, rule), RuleState::holds) << rule;
    }
    spec.key_usage.reset();
    spec.extended_key_usage.clear();
    const auto poor = check_leaf(pki.leaf(spec).leaf);
    EXPECT_EQ(poor.broken(), std::vector<std::string>{"L6"});
    EXPECT_EQ(poor.broken(RuleLevel::should), std::vector<std::string>{"L11"});
    for (const auto* rule : {"L7", "L9", "L10", "L12"}) {
        EXPECT_EQ(state(poor, rule), RuleState::absent) << rule;
    }
}

TEST(CheckSigning, AdvisesAnIdAndForbidsItAPath) {
    auto spec = ca_spec("root");
    EXPECT_TRUE(check_signing(make_ca(spec).certificate).accepted());
    EXPECT_EQ(check_signing(make_ca(spec).certificate).broken(RuleLevel::should),
              std::vector<std::string>{"C5"});
    spec.alt_names.uris = {"spiffe://example.org"};
    EXPECT_EQ(state(check_signing(make_ca(spec).certificate), "C6"), RuleState::holds);
    spec.alt_names.uris = {"spiffe://example.org/ca"};
    EXPECT_EQ(check_signing(make_ca(spec).certificate).broken(), std::vector<std::string>{"C6"});
}

TEST(Authenticate, GivesTheIdOrSaysWhatIsWrong) {
    static const Pki pki;
    const auto shown = pki.leaf("web");
    SvidQuestion question;
    question.leaf = shown.leaf;
    question.chain = shown.intermediates;
    question.bundles["example.org"] = {pki.root.certificate};
    question.at = now;
    const auto id = authenticate(question);
    ASSERT_TRUE(id) << id.error().message;
    EXPECT_EQ(id->text(), "spiffe://example.org/ns/default/sa/web");
    // Valid through its last second, and not one longer.
    question.at = shown.leaf.not_after();
    EXPECT_TRUE(authenticate(question));
    question.at += 1s;
    EXPECT_EQ(authenticate(question).error().kind, FailureKind::expired);
    // Another fault than its date is the one that is told.
    question.bundles["example.org"] = {Pki().root.certificate};
    EXPECT_EQ(authenticate(question).error().kind, FailureKind::tls);
    question.at = now;
    const auto foreign = authenticate(question);
    EXPECT_EQ(foreign.error().kind, FailureKind::tls);
    EXPECT_TRUE(foreign.error().message.ends_with("(V1)")) << foreign.error().message;
    question.bundles.clear();
    EXPECT_TRUE(authenticate(question).error().message.ends_with("(V7)"));
    question.system_trust = true;  // no machine trusts this root
    EXPECT_TRUE(authenticate(question).error().message.ends_with("(V1)"));
}

// More leaves and CAs than are kept, half of each with a fault of their own, at dates that turn.
TEST(Validate, FindsOfEachWhatIsItsOwnHoweverManyAreAsked) {
    std::vector<crypto::fixtures::Issuer> cas;
    for (int i = 0; i < 20; ++i) {
        auto spec = ca_spec(fmt::format("ca-{}", i));
        spec.alt_names.uris = {i % 2 == 0 ? "spiffe://example.org" : "spiffe://example.org/ca"};
        cas.push_back(make_ca(spec));
    }
    std::vector<crypto::Certificate> leaves;
    for (std::size_t i = 0; i < 100; ++i) {
        auto spec = leaf_spec(fmt::format("web-{}", i));
        if (i % 3 == 0) {
            spec.extended_key_usage = {std::string(crypto::eku_server_auth)};
        }
        leaves.push_back(make_leaf(spec, cas[i % cas.size()]).leaf);
    }
    for (int round = 0; round < 3; ++round) {
        for (std::size_t i = 0; i < leaves.size(); ++i) {
            SvidQuestion question;
            question.leaf = leaves[i];
            question.bundles["example.org"] = {cas[i % cas.size()].certificate};
            const bool ended = (i + static_cast<std::size_t>(round)) % 2 == 0;
            question.at = ended ? leaves[i].not_after() + 1s : leaves[i].not_after();
            const auto verdict = validate(question);
            EXPECT_EQ(verdict.id->path(), fmt::format("/ns/default/sa/web-{}", i));
            EXPECT_EQ(state(verdict.findings, "V1") == RuleState::broken, ended) << i;
            EXPECT_EQ(state(verdict.findings, "L12") == RuleState::broken, i % 3 == 0) << i;
            if (!ended) {  // else nobody knows whom it goes to
                EXPECT_EQ(state(verdict.findings, "C6") == RuleState::broken, i % 2 == 1) << i;
            }
        }
    }
}

TEST(Bundle, IsReadAsItWasWritten) {
    const std::vector roots = {make_ca(ca_spec("one")).certificate,
                               make_ca(ca_spec("two")).certificate};
    const auto text = write_bundle(roots);
    const auto bundle = read_bundle(text);
    ASSERT_TRUE(bundle) << bundle.error().message;
    EXPECT_EQ(bundle->authorities, roots);
    EXPECT_TRUE(bundle->findings.broken().empty());
    EXPECT_EQ(text.find("\"kid\""), std::string::npos);  // base64 may hold the letters
    EXPECT_FALSE(bundle->sequence);

    auto document = nlohmann::json::parse(text);
    document["spiffe_sequence"] = 7;
    document["spiffe_refresh_hint"] = 60;
    document["keys"][0]["use"] = "jwt-svid";
    const auto one = read_bundle(document.dump());
    EXPECT_EQ(one->sequence, 7U);
    EXPECT_EQ(one->refresh_hint, 60s);
    EXPECT_EQ(one->authorities.size(), 1U);
}

TEST(Bundle, ThatCannotBeReadIsMalformed) {
    for (const auto* text :
         {"", "[]", "{}", R"({"keys": 1})", R"({"keys": [{"use": "x509-svid", "x5c": ["?"]}]})",
          R"({"keys": [{"use": "x509-svid", "x5c": [1]}]})"}) {
        const auto bundle = read_bundle(text);
        ASSERT_FALSE(bundle) << text;
        EXPECT_EQ(bundle.error().kind, FailureKind::malformed);
    }
    EXPECT_EQ(state(read_bundle(R"({"keys": [1, {"use": "sig"}]})")->findings, "B4"),
              RuleState::holds);
}

}  // namespace
}  // namespace meshproof::spiffe
