#include "core/crypto/jwt.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace meshproof::crypto {
namespace {

using Json = nlohmann::json;

constexpr std::string_view claims = R"({"iss":"https://kubernetes.default.svc","sub":"system:x"})";

struct Algorithm {
    KeyType type;
    const char* algorithm;
    std::size_t signature_size;
};

class EveryAlgorithm : public testing::TestWithParam<Algorithm> {};

TEST_P(EveryAlgorithm, MakesTheRoundTrip) {
    const Key key = Key::generate(GetParam().type);
    const Secret token = sign_jwt(claims, "key-1", key);
    const auto jwt = Jwt::decode(token.reveal());
    ASSERT_TRUE(jwt) << jwt.error().message;
    EXPECT_EQ(jwt->algorithm, GetParam().algorithm);
    EXPECT_EQ(jwt->key_id, "key-1");
    EXPECT_EQ(jwt->claims, claims);
    EXPECT_EQ(Json::parse(jwt->header), (Json{{"alg", GetParam().algorithm}, {"kid", "key-1"}}));
    EXPECT_EQ(jwt->signature.size(), GetParam().signature_size);
    EXPECT_TRUE(jwt->verify(key.public_key()));
    EXPECT_FALSE(jwt->verify(Key::generate(GetParam().type).public_key()));
    EXPECT_FALSE(jwt->verify(Key::generate(KeyType::ed25519).public_key()));
    EXPECT_FALSE(jwt->verify(PublicKey()));
}

TEST_P(EveryAlgorithm, AnyChangeIsNoticed) {
    const Key key = Key::generate(GetParam().type);
    const Jwt good = require(Jwt::decode(sign_jwt(claims, "", key).reveal()));
    EXPECT_EQ(good.key_id, "");
    EXPECT_TRUE(good.verify(key.public_key()));

    Jwt changed = good;
    changed.signed_part.back() ^= 1;
    EXPECT_FALSE(changed.verify(key.public_key()));
    changed = good;
    changed.signature[3] ^= 1;
    EXPECT_FALSE(changed.verify(key.public_key()));
    changed = good;
    changed.signature.pop_back();
    EXPECT_FALSE(changed.verify(key.public_key()));
    changed = good;
    changed.signature.push_back('x');
    EXPECT_FALSE(changed.verify(key.public_key()));
    changed = good;
    changed.signature.clear();
    EXPECT_FALSE(changed.verify(key.public_key()));
    for (const char* other : {"none", "HS256", "PS256", "EdDSA", "ES999", ""}) {
        changed = good;
        changed.algorithm = other;
        EXPECT_FALSE(changed.verify(key.public_key())) << other;
    }
}

// More keys than contexts are kept for, one after the other and then again.
TEST(Jwt, IsSignedByTheKeyThatIsMeantHoweverManySign) {
    std::vector<Key> keys;
    for (int i = 0; i < 40; ++i) {
        keys.push_back(Key::generate(i % 8 == 7 ? KeyType::p384 : KeyType::p256));
    }
    for (int round = 0; round < 2; ++round) {
        for (std::size_t i = 0; i < keys.size(); ++i) {
            const auto jwt = require(Jwt::decode(sign_jwt(claims, "", keys[i]).reveal()));
            EXPECT_TRUE(jwt.verify(keys[i].public_key())) << i;
            EXPECT_FALSE(jwt.verify(keys[(i + 1) % keys.size()].public_key())) << i;
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Jwts, EveryAlgorithm,
                         testing::Values(Algorithm{KeyType::rsa_2048, "RS256", 256},
                                         Algorithm{KeyType::p256, "ES256", 64},
                                         Algorithm{KeyType::p384, "ES384", 96},
                                         Algorithm{KeyType::p521, "ES512", 132}),
                         [](const auto& info) { return std::string(info.param.algorithm); });

// The example of RFC 7515 A.3: its key, its token.
TEST(Jwt, OfTheStandardIsAccepted) {
    const std::string token =
        "eyJhbGciOiJFUzI1NiJ9"
        ".eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0"
        "cnVlfQ"
        ".DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
    const std::string point =
        from_base64url("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU").value() +
        from_base64url("x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0").value();
    const std::string spki =
        std::string(
            "\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03"
            "\x01\x07\x03\x42\x00\x04",
            27) +
        point;
    const PublicKey key = require(
        PublicKey::from_pem("-----BEGIN PUBLIC KEY-----\n" + to_base64(spki).substr(0, 64) + "\n" +
                            to_base64(spki).substr(64) + "\n-----END PUBLIC KEY-----\n"));
    const Jwt jwt = require(Jwt::decode(token));
    EXPECT_EQ(jwt.algorithm, "ES256");
    EXPECT_TRUE(jwt.verify(key));
    const Json published = Json::parse(jwk(key, "a3"));
    EXPECT_EQ(published, (Json{{"kty", "EC"},
                               {"crv", "P-256"},
                               {"use", "sig"},
                               {"alg", "ES256"},
                               {"kid", "a3"},
                               {"x", "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"},
                               {"y", "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}}));
}

// 256 bits make no P-256 (RFC 7518 3.4).
TEST(Jwt, OfAnotherCurveIsNotVerified) {
    const PublicKey secp256k1 = require(
        PublicKey::from_pem("-----BEGIN PUBLIC KEY-----\n"
                            "MFYwEAYHKoZIzj0CAQYFK4EEAAoDQgAEfqXDHWo96AcCQB9uAWHcAaX2eJUZAqJ7\n"
                            "D5YtvgiKSc/h0jFcyaBRiMSKhXZg35JnISufKc858CTHx+LADK74ag==\n"
                            "-----END PUBLIC KEY-----\n"));
    EXPECT_EQ(secp256k1.bits(), 256);
    const Key key = Key::generate(KeyType::p256);
    const Jwt jwt = require(Jwt::decode(sign_jwt("{}", "k", key).reveal()));
    EXPECT_TRUE(jwt.verify(key.public_key()));
    EXPECT_FALSE(jwt.verify(secp256k1));
}

TEST(Jwt, OfRsaIsPublishedAsAJwk) {
    const Key key = Key::generate(KeyType::rsa_2048);
    const Json published = Json::parse(jwk(key.public_key(), "k"));
    EXPECT_EQ(published["kty"], "RSA");
    EXPECT_EQ(published["alg"], "RS256");
    EXPECT_EQ(published["use"], "sig");
    EXPECT_EQ(published["kid"], "k");
    EXPECT_EQ(published["e"], "AQAB");
    EXPECT_EQ(from_base64url(published["n"].get<std::string>())->size(), 256U);
}

TEST(Jwt, AJwkIsReadAsTheKeyThatItWasWrittenFrom) {
    for (const auto type : {KeyType::rsa_2048, KeyType::p256, KeyType::p384, KeyType::p521}) {
        const auto key = Key::generate(type).public_key();
        const auto read = read_jwk(jwk(key, "id"));
        ASSERT_TRUE(read) << read.error().message;
        EXPECT_EQ(*read, key) << to_string(type);
    }
}

TEST(Jwt, AJwkWithoutAKeyIsRefused) {
    const auto good = jwk(Key::generate(KeyType::p256).public_key(), "id");
    auto other_curve = good;
    other_curve.replace(other_curve.find("P-256"), 5, "P-384");
    for (const std::string& text :
         {std::string("{}"), std::string("null"), std::string("["), other_curve,
          std::string(R"({"kty":"RSA","n":"AQAB"})"), std::string(R"({"kty":"oct","k":"AQAB"})"),
          std::string(R"({"kty":"EC","crv":"P-256","x":"AQ","y":"AQ"})")}) {
        EXPECT_FALSE(read_jwk(text)) << text;
    }
}

TEST(Jwt, KubernetesKeyIdIsTheHashOfTheKey) {
    const Key key = Key::generate(KeyType::p256);
    EXPECT_EQ(kubernetes_key_id(key.public_key()).size(), 43U);
    EXPECT_EQ(kubernetes_key_id(key.public_key()), kubernetes_key_id(key.public_key()));
    EXPECT_NE(kubernetes_key_id(key.public_key()),
              kubernetes_key_id(Key::generate(KeyType::p256).public_key()));
}

TEST(Jwt, WithoutASignatureIsDecodedButNeverVerified) {
    const auto jwt =
        Jwt::decode(to_base64url(R"({"alg":"none"})") + "." + to_base64url(claims) + ".");
    ASSERT_TRUE(jwt) << jwt.error().message;
    EXPECT_EQ(jwt->algorithm, "none");
    EXPECT_TRUE(jwt->signature.empty());
    for (const KeyType type : {KeyType::rsa_2048, KeyType::p256, KeyType::ed25519}) {
        EXPECT_FALSE(jwt->verify(Key::generate(type).public_key()));
    }
}

TEST(Jwt, RefusesOtherForms) {
    const std::string header = to_base64url(R"({"alg":"RS256"})");
    const std::string payload = to_base64url(claims);
    for (const std::string& text :
         {std::string(), std::string("junk"), header + "." + payload,
          header + "." + payload + ".x.y", "!." + payload + ".AA",
          to_base64url("[]") + "." + payload + ".AA", to_base64url("{}") + "." + payload + ".AA",
          to_base64url(R"({"alg":1})") + "." + payload + ".AA",
          header + "." + to_base64url("[1]") + ".AA", header + "." + to_base64url("{") + ".AA",
          header + "." + payload + ".A!"}) {
        const auto jwt = Jwt::decode(text);
        ASSERT_FALSE(jwt) << text;
        EXPECT_EQ(jwt.error().kind, FailureKind::invalid);
        EXPECT_EQ(jwt.error().message.find(payload), std::string::npos);
    }
}

}  // namespace
}  // namespace meshproof::crypto
