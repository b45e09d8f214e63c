// CAs that stand in for others say the same, and are signed by each other in the same order.
#include "fakes/setup/stand_ins.hpp"

#include <gtest/gtest.h>

namespace meshproof::fakes {
namespace {

using namespace std::chrono_literals;

const Time epoch = from_unix_seconds(1'900'000'000);

struct Ca {
    crypto::Key key;
    crypto::Certificate certificate;
};

Ca make(std::string name, crypto::KeyType type, const Ca* issuer = nullptr) {
    Ca ca{crypto::Key::generate(type), {}};
    crypto::CertificateSpec spec;
    spec.subject.common_name = std::move(name);
    spec.not_before = epoch;
    spec.not_after = epoch + 1000h;
    spec.is_ca = true;
    spec.path_length = issuer == nullptr ? 1 : 0;
    spec.key_usage = crypto::cert_sign | crypto::crl_sign;
    ca.certificate = crypto::sign_certificate(spec, ca.key.public_key(),
                                              issuer == nullptr ? ca.key : issuer->key,
                                              issuer == nullptr ? nullptr : &issuer->certificate);
    return ca;
}

TEST(StandIns, SayTheSameButForTheirKeys) {
    for (const auto type :
         {crypto::KeyType::rsa_2048, crypto::KeyType::p384, crypto::KeyType::ed25519}) {
        const auto original = make("root", type).certificate;
        StandIns stand_ins;
        const auto one = stand_ins.of(original);
        EXPECT_EQ(one.subject_der(), original.subject_der());
        EXPECT_EQ(one.not_before(), original.not_before());
        EXPECT_EQ(one.not_after(), original.not_after());
        EXPECT_EQ(one.path_length(), original.path_length());
        EXPECT_EQ(one.key_usage(), original.key_usage());
        EXPECT_EQ(one.is_ca(), true);
        EXPECT_EQ(one.serial(), original.serial());
        EXPECT_EQ(one.public_key().algorithm(), original.public_key().algorithm());
        EXPECT_EQ(one.public_key().bits(), original.public_key().bits());
        EXPECT_TRUE(one.self_signed());
        EXPECT_FALSE(one.public_key() == original.public_key());
        EXPECT_TRUE(stand_ins.key_of(original.public_key()).public_key() == one.public_key());
        EXPECT_TRUE(stand_ins.of(original) == one) << "one original has one";
    }
}

TEST(StandIns, AreSignedByThoseOfTheirIssuers) {
    const auto root = make("root", crypto::KeyType::p256);
    const auto intermediate = make("int", crypto::KeyType::p256, &root);
    StandIns stand_ins;
    stand_ins.know(std::vector{intermediate.certificate, root.certificate});
    const auto below = stand_ins.of(intermediate.certificate);
    EXPECT_TRUE(below.signed_by(stand_ins.of(root.certificate)));
    EXPECT_FALSE(below.signed_by(root.certificate));
}

TEST(StandIns, OfAnUnknownIssuerAreSignedByNobodyKnown) {
    const auto root = make("root", crypto::KeyType::p256);
    const auto other = make("root", crypto::KeyType::p256);  // the same name, another key
    const auto intermediate = make("int", crypto::KeyType::p256, &root);
    StandIns stand_ins;
    stand_ins.know(std::vector{other.certificate});
    const auto below = stand_ins.of(intermediate.certificate);
    EXPECT_EQ(below.issuer_der(), intermediate.certificate.issuer_der());
    EXPECT_FALSE(below.signed_by(stand_ins.of(other.certificate)));
}

}  // namespace
}  // namespace meshproof::fakes
