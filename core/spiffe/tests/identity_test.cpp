#include "core/spiffe/identity.hpp"

#include <gtest/gtest.h>

#include "core/crypto/tests/fixtures.hpp"

namespace meshproof::spiffe {
namespace {

using namespace crypto::fixtures;
using crypto::KeyUsage;

TEST(TrustDomain, TakesTheAlphabetAndNothingElse) {
    EXPECT_EQ(TrustDomain::parse("cluster.local")->name(), "cluster.local");
    EXPECT_EQ(TrustDomain::parse("a-b_c.9")->name(), "a-b_c.9");
    EXPECT_EQ(TrustDomain::parse("10.0.0.1")->name(), "10.0.0.1");  // I3: a name like any other
    EXPECT_TRUE(TrustDomain::parse(std::string(255, 'a')));         // I5
    for (const std::string& bad :
         {std::string(), std::string("Cluster.local"), std::string("a:8080"), std::string("u@a"),
          std::string("a%62"), std::string("[::1]"), std::string("a/b"), std::string("a b"),
          std::string("spiffe://a"), std::string(256, 'a')}) {
        const auto parsed = TrustDomain::parse(bad);
        ASSERT_FALSE(parsed) << bad;
        EXPECT_EQ(parsed.error().kind, FailureKind::invalid);
    }
}

TEST(SpiffeId, KeepsDomainAndPathApart) {
    const auto id = SpiffeId::parse("spiffe://cluster.local/ns/default/sa/Web_1.x-y");
    ASSERT_TRUE(id);
    EXPECT_EQ(id->trust_domain().name(), "cluster.local");
    EXPECT_EQ(id->path(), "/ns/default/sa/Web_1.x-y");
    EXPECT_EQ(id->text(), "spiffe://cluster.local/ns/default/sa/Web_1.x-y");
    EXPECT_EQ(SpiffeId::workload(*TrustDomain::parse("td"), "istio-system", "issuer").text(),
              "spiffe://td/ns/istio-system/sa/issuer");
    EXPECT_EQ(SpiffeId::parse("spiffe://td")->path(), "");
}

TEST(SpiffeId, ComparesSchemeAndDomainWithoutCaseAndThePathWithIt) {  // I6
    EXPECT_EQ(*SpiffeId::parse("SPIFFE://TD.example/a"), *SpiffeId::parse("spiffe://td.EXAMPLE/a"));
    EXPECT_FALSE(*SpiffeId::parse("spiffe://td/a") == *SpiffeId::parse("spiffe://td/A"));
}

TEST(SpiffeId, RefusesWhatTheRulesRefuseAndNamesTheRule) {
    const std::vector<std::pair<std::string, std::string>> refused = {
        {"https://td/a", "(I1)"},      {"spiffe:/td/a", "(I2)"},     {"", "(I1)"},
        {"spiffe://td/a?x=1", "(I1)"}, {"spiffe://td/a#x", "(I1)"},  {"spiffe://", "(I2)"},
        {"spiffe:///a", "(I2)"},       {"spiffe://td:80/a", "(I2)"}, {"spiffe://u@td/a", "(I2)"},
        {"spiffe://t%64/a", "(I2)"},   {"spiffe://td/", "(I4)"},     {"spiffe://td/a/", "(I4)"},
        {"spiffe://td//a", "(I4)"},    {"spiffe://td/./a", "(I4)"},  {"spiffe://td/a/..", "(I4)"},
        {"spiffe://td/a%20b", "(I4)"}, {"spiffe://td/a b", "(I4)"},  {"spiffe://td/ä", "(I4)"}};
    for (const auto& [uri, rule] : refused) {
        const auto parsed = SpiffeId::parse(uri);
        ASSERT_FALSE(parsed) << uri;
        EXPECT_NE(parsed.error().message.find(rule), std::string::npos)
            << uri << ": " << parsed.error().message;
    }
    const std::string head = "spiffe://td/";
    EXPECT_TRUE(SpiffeId::parse(head + std::string(2048 - head.size(), 'a')));  // I5
    EXPECT_FALSE(SpiffeId::parse(head + std::string(2049 - head.size(), 'a')));
}

// A leaf as Vault's default role makes it, with one thing changed.
Result<SpiffeId> id_of(void (*change)(crypto::CertificateSpec&)) {
    static const Pki pki;
    auto spec = leaf_spec("web");
    spec.subject = {};
    spec.alt_names.dns.clear();
    change(spec);
    return svid_id(pki.leaf(spec).leaf);
}

TEST(Svid, IsALeafThatObeysTheRules) {
    const auto id = id_of([](crypto::CertificateSpec&) {});
    ASSERT_TRUE(id) << id.error().message;
    EXPECT_EQ(id->text(), "spiffe://example.org/ns/default/sa/web");
    EXPECT_TRUE(id_of([](auto& spec) { spec.is_ca = false; }));                          // L5
    EXPECT_TRUE(id_of([](auto& spec) { spec.alt_names.dns = {"web.svc"}; }));            // L2
    EXPECT_TRUE(id_of([](auto& spec) { spec.extended_key_usage.clear(); }));             // L11
    EXPECT_TRUE(id_of([](auto& spec) { *spec.key_usage |= KeyUsage::key_agreement; }));  // L8
}

TEST(Svid, IsRefusedWithTheRuleThatItBreaks) {
    using Change = void (*)(crypto::CertificateSpec&);
    const std::vector<std::pair<std::string, Change>> refused = {
        {"(L1)", [](auto& spec) { spec.alt_names.uris.clear(); }},
        {"(L1)", [](auto& spec) { spec.alt_names.uris.emplace_back("spiffe://example.org/b"); }},
        {"(I1)", [](auto& spec) { spec.alt_names.uris = {"https://example.org/a"}; }},
        {"(L3)", [](auto& spec) { spec.alt_names.uris = {"spiffe://example.org"}; }},
        {"(L5)", [](auto& spec) { spec.is_ca = true; }},
        {"(L6)", [](auto& spec) { spec.key_usage.reset(); }},
        {"(L7)", [](auto& spec) { spec.key_usage = KeyUsage::key_agreement; }},
        {"(L9)", [](auto& spec) { *spec.key_usage |= KeyUsage::cert_sign; }},
        {"(L10)", [](auto& spec) { *spec.key_usage |= KeyUsage::crl_sign; }},
        {"(L12)", [](auto& spec) { spec.extended_key_usage.pop_back(); }},
        {"(L12)",
         [](auto& spec) { spec.extended_key_usage.erase(spec.extended_key_usage.begin()); }}};
    for (const auto& [rule, change] : refused) {
        const auto id = id_of(change);
        ASSERT_FALSE(id) << rule;
        EXPECT_NE(id.error().message.find(rule), std::string::npos)
            << rule << ": " << id.error().message;
    }
}

}  // namespace
}  // namespace meshproof::spiffe
