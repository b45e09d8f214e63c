#include "core/crypto/crl.hpp"

#include <gtest/gtest.h>

#include "core/crypto/tests/fixtures.hpp"

namespace meshproof::crypto {
namespace {

using namespace fixtures;

TEST(Crl, SaysEverythingThatTheSpecSays) {
    const Pki pki;
    const TlsIdentity revoked = pki.leaf("revoked");
    const TlsIdentity kept = pki.leaf("kept");
    Crl::Spec spec{.number = 7,
                   .delta_base = {},
                   .this_update = now,
                   .next_update = now + 72h,
                   .entries = {{Bytes{0x7f, 0x01}, now - 1h},
                               {parse_serial(revoked.leaf.serial()).value(), now - 2h},
                               {Bytes{0x02}, now - 3h}}};
    const Crl made = Crl::make(spec, pki.intermediate.certificate, pki.intermediate.key);
    for (const Crl& crl :
         {made, require(Crl::from_pem(made.pem())), require(Crl::from_der(made.der()))}) {
        EXPECT_EQ(crl.number(), 7U);
        EXPECT_EQ(crl.this_update(), now);
        EXPECT_EQ(crl.next_update(), now + 72h);
        EXPECT_TRUE(crl.signed_by(pki.intermediate.certificate));
        EXPECT_FALSE(crl.signed_by(pki.root.certificate));
        EXPECT_FALSE(crl.signed_by(Pki().intermediate.certificate));
        EXPECT_TRUE(crl.contains(revoked.leaf));
        EXPECT_FALSE(crl.contains(kept.leaf));
        std::map<Bytes, Time> entries;
        for (const Crl::Entry& entry : crl.entries()) {
            entries[entry.serial] = entry.revoked_at;
        }
        EXPECT_EQ(entries.size(), 3U);
        EXPECT_EQ(entries[(Bytes{0x02})], now - 3h);
        EXPECT_EQ(entries[(Bytes{0x7f, 0x01})], now - 1h);
    }
    EXPECT_TRUE(made.pem().starts_with("-----BEGIN X509 CRL-----\n"));
    EXPECT_TRUE(made.pem().ends_with("-----END X509 CRL-----\n"));
}

TEST(Crl, OfAnotherIssuerContainsNoneOfOurs) {
    const Pki pki;
    const TlsIdentity leaf = pki.leaf("web");
    const Crl crl = Crl::make({.number = 1,
                               .delta_base = {},
                               .this_update = now,
                               .next_update = now + 1h,
                               .entries = {{parse_serial(leaf.leaf.serial()).value(), now}}},
                              pki.root.certificate, pki.root.key);
    EXPECT_EQ(crl.entries().size(), 1U);
    EXPECT_FALSE(crl.contains(leaf.leaf));
}

TEST(Crl, EmptyAndDeltaListsAreRead) {
    const Pki pki;
    const Crl delta = Crl::make({.number = 1ULL << 40U,
                                 .delta_base = 5,
                                 .this_update = now,
                                 .next_update = now + 1h,
                                 .entries = {}},
                                pki.root.certificate, pki.root.key);
    EXPECT_TRUE(delta.entries().empty());
    EXPECT_EQ(delta.number(), 1ULL << 40U);
    EXPECT_TRUE(delta.signed_by(pki.root.certificate));
}

TEST(Crl, RefusesWhatIsNone) {
    for (const auto& refused : {Crl::from_pem(""), Crl::from_pem(Pki().root.certificate.pem()),
                                Crl::from_der("junk"), Crl::from_der("")}) {
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().kind, FailureKind::invalid);
    }
}

}  // namespace
}  // namespace meshproof::crypto
