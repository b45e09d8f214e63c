#include "core/crypto/key.hpp"

#include <gtest/gtest.h>

#include "core/crypto/certificate.hpp"

namespace meshproof::crypto {
namespace {

struct KeyForm {
    KeyType type;
    const char* name;
    const char* algorithm;
    int bits;
    const char* traditional_label;
};

class EveryKey : public testing::TestWithParam<KeyForm> {};

TEST_P(EveryKey, MakesTheRoundTripThroughPem) {
    const KeyForm& expected = GetParam();
    const Key key = Key::generate(expected.type);
    EXPECT_EQ(to_string(expected.type), expected.name);
    EXPECT_EQ(key.public_key().algorithm(), expected.algorithm);
    EXPECT_EQ(key.public_key().bits(), expected.bits);

    EXPECT_TRUE(key.pkcs8_pem().starts_with("-----BEGIN PRIVATE KEY-----\n"));
    EXPECT_TRUE(key.traditional_pem().starts_with(
        fmt::format("-----BEGIN {}-----\n", expected.traditional_label)));
    for (const std::string& pem : {key.pkcs8_pem(), key.traditional_pem()}) {
        const auto read = Key::from_pem(pem);
        ASSERT_TRUE(read) << read.error().message;
        EXPECT_EQ(read->public_key(), key.public_key());
        EXPECT_EQ(read->pkcs8_pem(), key.pkcs8_pem());
    }

    const auto published = PublicKey::from_pem(key.public_key().pem());
    ASSERT_TRUE(published) << published.error().message;
    EXPECT_EQ(*published, key.public_key());
    EXPECT_EQ(published->spki_der(), key.public_key().spki_der());
    EXPECT_EQ(published->key_id(), key.public_key().key_id());
    EXPECT_EQ(published->key_id().size(), 20U);
    EXPECT_EQ(published->bits(), expected.bits);
}

INSTANTIATE_TEST_SUITE_P(
    Keys, EveryKey,
    testing::Values(KeyForm{KeyType::rsa_1024, "rsa-1024", "rsa", 1024, "RSA PRIVATE KEY"},
                    KeyForm{KeyType::rsa_2048, "rsa-2048", "rsa", 2048, "RSA PRIVATE KEY"},
                    KeyForm{KeyType::rsa_3072, "rsa-3072", "rsa", 3072, "RSA PRIVATE KEY"},
                    KeyForm{KeyType::rsa_4096, "rsa-4096", "rsa", 4096, "RSA PRIVATE KEY"},
                    KeyForm{KeyType::p224, "p-224", "ec", 224, "EC PRIVATE KEY"},
                    KeyForm{KeyType::p256, "p-256", "ec", 256, "EC PRIVATE KEY"},
                    KeyForm{KeyType::p384, "p-384", "ec", 384, "EC PRIVATE KEY"},
                    KeyForm{KeyType::p521, "p-521", "ec", 521, "EC PRIVATE KEY"},
                    KeyForm{KeyType::ed25519, "ed25519", "ed25519", 0, "PRIVATE KEY"}),
    [](const auto& info) {
        std::string name = info.param.name;
        std::erase(name, '-');
        return name;
    });

// Made with `openssl pkey -pubin -outform DER` and `openssl x509 … subjectKeyIdentifier=hash`.
TEST(PublicKey, SpkiAndKeyIdAreThoseOfOthers) {
    const auto key = PublicKey::from_pem(
        "-----BEGIN PUBLIC KEY-----\n"
        "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE+sl7bvKV4BYP02xvaoNni5eNMrSe\n"
        "FjU6LWhhcjLjDyOPrXazH+6LF9knTTyvtxheF6Q+0Qfk+URZeJxqHZLR6Q==\n"
        "-----END PUBLIC KEY-----\n");
    ASSERT_TRUE(key) << key.error().message;
    EXPECT_EQ(
        to_base64(as_text(key->spki_der())),
        "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE+sl7bvKV4BYP02xvaoNni5eNMrSeFjU6LWhhcjLjDyOPrXazH+"
        "6LF9knTTyvtxheF6Q+0Qfk+URZeJxqHZLR6Q==");
    EXPECT_EQ(to_hex(key->key_id()), "1021924500242615224e2c3bd881b3405df8ece1");
}

TEST(PublicKey, DiffersFromOthersAndFromNone) {
    const Key one = Key::generate(KeyType::p256);
    const Key two = Key::generate(KeyType::p256);
    const Key three = Key::generate(KeyType::ed25519);
    EXPECT_NE(one.public_key(), two.public_key());
    EXPECT_NE(one.public_key(), three.public_key());
    EXPECT_NE(one.public_key(), PublicKey());
    EXPECT_EQ(PublicKey(), PublicKey());
    EXPECT_FALSE(Key());
}

TEST(PublicKey, IsReadFromACertificate) {
    const Key key = Key::generate(KeyType::p256);
    CertificateSpec spec;
    spec.not_after = from_unix_seconds(1000);
    const Certificate certificate = sign_certificate(spec, key.public_key(), key, nullptr);
    const auto read = PublicKey::from_pem(certificate.pem());
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(*read, key.public_key());
}

TEST(Key, RefusesWhatIsNoKey) {
    const std::string pem = Key::generate(KeyType::p256).pkcs8_pem();
    for (const std::string& text :
         {std::string(), std::string("junk"), pem.substr(0, pem.size() / 2),
          Key::generate(KeyType::p256).public_key().pem()}) {
        const auto read = Key::from_pem(text);
        ASSERT_FALSE(read);
        EXPECT_EQ(read.error().kind, FailureKind::invalid);
        EXPECT_TRUE(read.error().message.starts_with("private key cannot be read: "))
            << read.error().message;
    }
    EXPECT_FALSE(PublicKey::from_pem(""));
    EXPECT_FALSE(PublicKey::from_pem(pem));
    EXPECT_FALSE(
        PublicKey::from_pem("-----BEGIN PUBLIC KEY-----\nMAA=\n-----END PUBLIC KEY-----\n"));
    EXPECT_FALSE(
        PublicKey::from_pem("-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"));
}

}  // namespace
}  // namespace meshproof::crypto
