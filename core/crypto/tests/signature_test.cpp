#include "core/crypto/signature.hpp"

#include <gtest/gtest.h>

#include "core/crypto/certificate.hpp"

namespace meshproof::crypto {
namespace {

/// Tag, length and content of the DER value at `at`, and where the next one begins.
std::string value_at(std::string_view der, std::size_t& at) {
    const auto begin = at++;
    std::size_t length = static_cast<unsigned char>(der.at(at++));
    if (length > 0x7f) {
        const auto bytes = length & 0x7fU;
        length = 0;
        for (std::size_t i = 0; i < bytes; ++i) {
            length = length << 8U | static_cast<unsigned char>(der.at(at++));
        }
    }
    at += length;
    return std::string(der.substr(begin, at - begin));
}

struct Parts {
    std::string message, algorithm, signature;
};

Parts parts_of(const std::string& certificate) {
    std::size_t at = certificate[1] == '\x82' ? 4 : 3;
    Parts parts;
    parts.message = value_at(certificate, at);
    parts.algorithm = value_at(certificate, at);
    parts.signature = value_at(certificate, at);
    const auto head = static_cast<unsigned char>(parts.signature[1]) == 0x82   ? 5U
                      : static_cast<unsigned char>(parts.signature[1]) == 0x81 ? 4U
                                                                               : 3U;
    parts.signature.erase(0, head);  // the bit string's own head and its count of unused bits
    return parts;
}

std::string root(const Key& key, bool pss = false) {
    CertificateSpec spec;
    spec.subject.common_name = "root";
    spec.not_before = from_unix_seconds(0);
    spec.not_after = from_unix_seconds(1'000'000);
    spec.pss = pss;
    return sign_certificate(spec, key.public_key(), key, nullptr).der();
}

TEST(Signature, VerifiesAndMakesThoseOfCertificates) {
    for (const auto type : {KeyType::p256, KeyType::p384, KeyType::ed25519, KeyType::rsa_2048}) {
        SCOPED_TRACE(to_string(type));
        const auto key = Key::generate(type);
        for (const bool pss : {false, true}) {
            const auto parts = parts_of(root(key, pss));
            EXPECT_TRUE(
                verify_as(parts.algorithm, parts.message, parts.signature, key.public_key()));
            EXPECT_FALSE(
                verify_as(parts.algorithm, parts.message + "x", parts.signature, key.public_key()));
            const auto own = sign_as(parts.algorithm, "another", key);
            ASSERT_TRUE(own);
            EXPECT_TRUE(verify_as(parts.algorithm, "another", *own, key.public_key()));
            EXPECT_FALSE(verify_as(parts.algorithm, "other", *own, key.public_key()));
        }
    }
}

TEST(Signature, RefusesKeysOfAnotherKind) {
    const auto parts = parts_of(root(Key::generate(KeyType::p256)));
    const auto other = Key::generate(KeyType::ed25519);
    EXPECT_FALSE(sign_as(parts.algorithm, parts.message, other));
    EXPECT_FALSE(verify_as(parts.algorithm, parts.message, parts.signature, other.public_key()));
    EXPECT_FALSE(sign_as("no algorithm", parts.message, other));
}

}  // namespace
}  // namespace meshproof::crypto
