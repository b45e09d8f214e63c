#include "core/crypto/chain.hpp"

#include <gtest/gtest.h>

#include "core/crypto/tests/fixtures.hpp"

namespace meshproof::crypto {
namespace {

using namespace fixtures;

class Chain : public testing::Test {
  protected:
    [[nodiscard]] ChainQuestion question(const TlsIdentity& identity) const {
        return {.leaf = identity.leaf,
                .intermediates = identity.intermediates,
                .trust = {pki_.root.certificate},
                .at = now,
                .purpose = Purpose::any,
                .crls = {}};
    }

    Pki pki_;
    TlsIdentity web_ = pki_.leaf("web");
};

TEST_F(Chain, LeadsToTheRoot) {
    for (const Purpose purpose : {Purpose::any, Purpose::tls_client, Purpose::tls_server}) {
        auto asked = question(web_);
        asked.purpose = purpose;
        const ChainVerdict verdict = verify_chain(asked);
        EXPECT_TRUE(verdict.accepted()) << verdict.detail;
        EXPECT_EQ(verdict.path,
                  (std::vector{web_.leaf, pki_.intermediate.certificate, pki_.root.certificate}));
    }
}

TEST_F(Chain, IntermediatesOfTheTrustStoreHelpButAreNoAnchors) {
    auto asked = question(web_);
    asked.intermediates.clear();
    asked.trust.push_back(pki_.intermediate.certificate);
    EXPECT_TRUE(verify_chain(asked).accepted());
    asked.trust = {pki_.intermediate.certificate};
    EXPECT_EQ(verify_chain(asked).fault, ChainFault::unknown_issuer);
}

TEST_F(Chain, BoundsAreWholeSeconds) {
    const auto fault_at = [&](Time time) {
        auto asked = question(web_);
        asked.at = time;
        return verify_chain(asked).fault;
    };
    const Time from = web_.leaf.not_before();
    const Time until = web_.leaf.not_after();
    EXPECT_EQ(fault_at(from - 1ns), ChainFault::not_yet_valid);
    EXPECT_EQ(fault_at(from), ChainFault::none);
    EXPECT_EQ(fault_at(until - 1s), ChainFault::none);
    EXPECT_EQ(fault_at(until), ChainFault::none);
    EXPECT_EQ(fault_at(until + 999ms), ChainFault::none);
    EXPECT_EQ(fault_at(until + 1s), ChainFault::expired);
}

TEST_F(Chain, AnExpiredIssuerCountsToo) {
    auto spec = ca_spec("short");
    spec.not_after = now - 1s;
    const Issuer expired = make_ca(spec, &pki_.root);
    const auto verdict =
        verify_chain(question(make_leaf(leaf_spec("web"), expired, {expired.certificate})));
    EXPECT_EQ(verdict.fault, ChainFault::expired);
    EXPECT_NE(verdict.detail.find("depth 1: CN=short"), std::string::npos) << verdict.detail;
    EXPECT_EQ(verdict.path.size(), 3U);
}

TEST_F(Chain, WithoutAPathTheIssuerIsUnknown) {
    const Pki other;
    auto asked = question(web_);
    asked.trust = {other.root.certificate};  // same name, other key
    EXPECT_EQ(verify_chain(asked).fault, ChainFault::unknown_issuer);
    EXPECT_TRUE(verify_chain(asked).path.empty());
    asked.trust = {};
    EXPECT_EQ(verify_chain(asked).fault, ChainFault::unknown_issuer);
    asked = question(web_);
    asked.intermediates.clear();
    EXPECT_EQ(verify_chain(asked).fault, ChainFault::unknown_issuer);
    asked = question({.leaf = other.root.certificate, .intermediates = {}, .key = {}});
    EXPECT_EQ(verify_chain(asked).fault, ChainFault::unknown_issuer);
}

TEST_F(Chain, ASignatureByAnotherKeyIsBad) {
    // The issuer's name and key id, but not its key.
    const Key forger = Key::generate(KeyType::p256);
    const TlsIdentity forged =
        make_leaf(leaf_spec("web"), {.certificate = pki_.intermediate.certificate, .key = forger},
                  {pki_.intermediate.certificate});
    EXPECT_EQ(verify_chain(question(forged)).fault, ChainFault::bad_signature);
}

TEST_F(Chain, IssuersMustBeCas) {
    const auto fault_through = [&](const CertificateSpec& spec) {
        const Issuer issuer = make_ca(spec, &pki_.root);
        return verify_chain(question(make_leaf(leaf_spec("web"), issuer, {issuer.certificate})))
            .fault;
    };
    EXPECT_EQ(fault_through(ca_spec("ca")), ChainFault::none);
    auto spec = ca_spec("ca:false");
    spec.is_ca = false;
    EXPECT_EQ(fault_through(spec), ChainFault::not_a_ca);
    spec.is_ca = std::nullopt;
    EXPECT_EQ(fault_through(spec), ChainFault::not_a_ca);
    spec = ca_spec("no keyCertSign");
    spec.key_usage = KeyUsage::crl_sign | KeyUsage::digital_signature;
    EXPECT_EQ(fault_through(spec), ChainFault::not_a_ca);
    spec.key_usage = std::nullopt;
    EXPECT_EQ(fault_through(spec), ChainFault::none);
    EXPECT_EQ(verify_chain(question(make_leaf(leaf_spec("under"), {web_.leaf, web_.key},
                                              {web_.leaf, pki_.intermediate.certificate})))
                  .fault,
              ChainFault::not_a_ca);
}

TEST_F(Chain, ARootMustBeACaToo) {
    const auto fault_under = [&](std::optional<bool> is_ca) {
        auto spec = ca_spec("root");
        spec.is_ca = is_ca;
        const Issuer root = make_ca(spec);
        auto asked = question(make_leaf(leaf_spec("web"), root));
        asked.trust = {root.certificate};
        return verify_chain(asked).fault;
    };
    EXPECT_EQ(fault_under(true), ChainFault::none);
    EXPECT_EQ(fault_under(false), ChainFault::not_a_ca);
    EXPECT_EQ(fault_under(std::nullopt), ChainFault::not_a_ca);
}

TEST_F(Chain, PathLengthIsKept) {
    auto spec = ca_spec("no more CAs");
    spec.path_length = 0;
    const Issuer last = make_ca(spec, &pki_.root);
    EXPECT_TRUE(
        verify_chain(question(make_leaf(leaf_spec("web"), last, {last.certificate}))).accepted());
    const Issuer beyond = make_ca(ca_spec("beyond"), &last);
    const auto verdict = verify_chain(
        question(make_leaf(leaf_spec("web"), beyond, {beyond.certificate, last.certificate})));
    EXPECT_EQ(verdict.fault, ChainFault::other);
    EXPECT_NE(verdict.detail.find("path length"), std::string::npos) << verdict.detail;
}

TEST_F(Chain, TheLeafMustFitThePurpose) {
    const auto fault_for = [&](const CertificateSpec& spec, Purpose purpose) {
        auto asked = question(pki_.leaf(spec));
        asked.purpose = purpose;
        return verify_chain(asked).fault;
    };
    auto spec = leaf_spec("client only");
    spec.extended_key_usage = {std::string(eku_client_auth)};
    EXPECT_EQ(fault_for(spec, Purpose::tls_client), ChainFault::none);
    EXPECT_EQ(fault_for(spec, Purpose::tls_server), ChainFault::wrong_purpose);
    EXPECT_EQ(fault_for(spec, Purpose::any), ChainFault::none);
    spec.extended_key_usage = {std::string(eku_server_auth)};
    EXPECT_EQ(fault_for(spec, Purpose::tls_client), ChainFault::wrong_purpose);
    EXPECT_EQ(fault_for(spec, Purpose::tls_server), ChainFault::none);
    spec.extended_key_usage = {};
    EXPECT_EQ(fault_for(spec, Purpose::tls_client), ChainFault::none);
    EXPECT_EQ(fault_for(spec, Purpose::tls_server), ChainFault::none);
    spec.key_usage = KeyUsage::key_agreement;
    EXPECT_EQ(fault_for(spec, Purpose::tls_client), ChainFault::wrong_purpose);
    EXPECT_EQ(fault_for(spec, Purpose::tls_server), ChainFault::wrong_purpose);
    EXPECT_EQ(fault_for(spec, Purpose::any), ChainFault::none);
    spec.key_usage = std::nullopt;
    EXPECT_EQ(fault_for(spec, Purpose::tls_client), ChainFault::none);
    spec = leaf_spec("ca");
    spec.is_ca = true;
    EXPECT_EQ(fault_for(spec, Purpose::tls_server), ChainFault::wrong_purpose);
    spec.is_ca = false;
    EXPECT_EQ(fault_for(spec, Purpose::tls_server), ChainFault::none);
}

TEST_F(Chain, CrlsAreCheckedWhereGiven) {
    const auto serial = parse_serial(web_.leaf.serial());
    ASSERT_TRUE(serial);
    const auto crl = [&](std::vector<Crl::Entry> entries) {
        return Crl::make({.number = 1,
                          .delta_base = {},
                          .this_update = now - 1h,
                          .next_update = now + 72h,
                          .entries = std::move(entries)},
                         pki_.intermediate.certificate, pki_.intermediate.key);
    };
    auto asked = question(web_);
    asked.crls = {crl({{*serial, now - 1h}})};
    EXPECT_EQ(verify_chain(asked).fault, ChainFault::revoked);
    asked.crls = {crl({{Bytes{0x01, 0x02}, now - 1h}})};
    EXPECT_EQ(verify_chain(asked).fault, ChainFault::none);
    // The other CA's list says nothing about this leaf.
    const Issuer stranger = make_ca(ca_spec("stranger"));
    asked.crls = {Crl::make({.number = 1,
                             .delta_base = {},
                             .this_update = now - 1h,
                             .next_update = now + 72h,
                             .entries = {{*serial, now - 1h}}},
                            stranger.certificate, stranger.key)};
    EXPECT_EQ(verify_chain(asked).fault, ChainFault::none);
    asked = question(web_);
    asked.crls = {crl({})};
    asked.at = now + 73h;
    asked.leaf = pki_.leaf([] {
                         auto spec = leaf_spec("long");
                         spec.not_after = now + 100h;
                         return spec;
                     }())
                     .leaf;
    EXPECT_EQ(verify_chain(asked).fault, ChainFault::other) << "the list itself is out of date";
}

TEST(ChainFault, EachHasItsName) {
    std::set<std::string_view> names;
    for (int fault = 0; fault <= static_cast<int>(ChainFault::other); ++fault) {
        names.insert(to_string(static_cast<ChainFault>(fault)));
    }
    EXPECT_EQ(names.size(), static_cast<std::size_t>(ChainFault::other) + 1);
    EXPECT_FALSE(names.contains("?"));
}

}  // namespace
}  // namespace meshproof::crypto
