// Each kind of change, on a small example.
#include <gtest/gtest.h>

#include <algorithm>

#include "conformance/mutation/edit.hpp"
#include "core/crypto/crl.hpp"
#include "core/crypto/jwt.hpp"
#include "core/crypto/ocsp.hpp"

namespace meshproof::conformance::mutation {
namespace {

using crypto::Certificate;
using crypto::CertificateSpec;
using crypto::Key;
using crypto::KeyType;
using nlohmann::json;

constexpr std::int64_t begin_of_time = 1'767'225'600;

/// What the edit of this name makes of `text`; "" where there is none, or it found no place.
std::string made(const std::vector<Edit>& edits, const std::string& name, const std::string& text,
                 const Keys& keys = {}) {
    for (const auto& edit : edits) {
        if (edit.name() == name) {
            return edit.apply(text, keys).value_or("");
        }
    }
    ADD_FAILURE() << "no edit " << name;
    return {};
}

std::string in_json(const std::string& text, const std::string& name) {
    return made(json_edits(text), name, text);
}

TEST(JsonEdits, ChangeOneMember) {
    const std::string text = R"({"ttl":60,"ok":true,"name":"a b","list":["x","y"],"none":null})"
                             "\n";
    EXPECT_EQ(in_json(text, "/ttl removed"),
              R"({"ok":true,"name":"a b","list":["x","y"],"none":null})"
              "\n");
    const auto changed = [&](const std::string& name, const std::string& pointer) {
        return json::parse(in_json(text, name)).value(json::json_pointer(pointer), json("gone"));
    };
    EXPECT_EQ(changed("/ttl one more", "/ttl"), 61);
    EXPECT_EQ(changed("/ttl one less", "/ttl"), 59);
    EXPECT_EQ(changed("/ttl made zero", "/ttl"), 0);
    EXPECT_EQ(changed("/ttl made a text", "/ttl"), "60");
    EXPECT_EQ(changed("/ok flipped", "/ok"), false);
    EXPECT_EQ(changed("/name emptied", "/name"), "");
    EXPECT_EQ(changed("/name made null", "/name"), nullptr);
    EXPECT_EQ(changed("/name made a number", "/name"), 7);
    EXPECT_EQ(changed("/name word 1 exchanged", "/name"), "a other");
    EXPECT_EQ(changed("/list without its last element", "/list"), json({"x"}));
    EXPECT_EQ(changed("/list without its first element", "/list"), json({"y"}));
    EXPECT_EQ(changed("/list its last element twice", "/list"), json({"x", "y", "y"}));
    EXPECT_EQ(changed("/list reversed", "/list"), json({"y", "x"}));
    EXPECT_EQ(changed("/list emptied", "/list"), json::array());
    EXPECT_EQ(changed("/list/1 emptied", "/list"), json({"x", ""}));
    EXPECT_EQ(changed("/none made a text", "/none"), "other");
    EXPECT_EQ(changed("a member added", "/meshproof"), "other");
}

TEST(JsonEdits, FindTheSamePlaceInALaterAnswer) {
    const auto edits = json_edits(R"({"data":{"serial":"11:22"}})");
    EXPECT_EQ(
        made(edits, "/data/serial last character exchanged", R"({"data":{"serial":"33:44"}})"),
        R"({"data":{"serial":"33:4x"}})");
    for (const auto& edit : edits) {
        EXPECT_FALSE(edit.path == "/data/serial" && edit.apply(R"({"data":{}})", {}))
            << edit.name() << ": there is no such member";
    }
}

TEST(JsonEdits, OfAWatchChangeOneLine) {
    const std::string text = "{\"type\":\"ADDED\"}\n{\"type\":\"DELETED\"}\n";
    EXPECT_EQ(in_json(text, "line 0 dropped"), "{\"type\":\"DELETED\"}\n");
    EXPECT_EQ(in_json(text, "line 1 before the one before"),
              "{\"type\":\"DELETED\"}\n{\"type\":\"ADDED\"}\n");
    EXPECT_EQ(in_json(text, "line 1 /type emptied"), "{\"type\":\"ADDED\"}\n{\"type\":\"\"}\n");
}

TEST(TextEdits, ChangeAWordATimeOrTheCase) {
    const auto edited = [](const std::string& text, const std::string& name) {
        return made(text_edits(text), name, text);
    };
    EXPECT_EQ(edited("permission denied", "word 0 exchanged"), "other denied");
    EXPECT_EQ(edited("permission denied", "in another case"), "PERMISSION DENIED");
    EXPECT_EQ(edited("permission denied", "emptied"), "");
    EXPECT_EQ(edited("2026-01-01T00:00:30Z", "a minute later"), "2026-01-01T00:01:30Z");
    EXPECT_EQ(edited("2026-01-01T00:00:30.25Z", "a minute earlier"), "2025-12-31T23:59:30.25Z");
}

TEST(TextEdits, OfATokenChangeOneClaimAndSignItAnew) {
    const auto key = Key::generate(KeyType::p256);
    const auto token = crypto::sign_jwt(R"({"exp":100,"sub":"a"})", "k1", key).reveal();
    const Keys keys = [&] { return std::vector<Key>{Key::generate(KeyType::p256), key}; };
    const auto later =
        crypto::Jwt::decode(made(text_edits(token), "claims /exp one more", token, keys)).value();
    EXPECT_EQ(later.claims, R"({"exp":101,"sub":"a"})");
    EXPECT_EQ(later.key_id, "k1");
    EXPECT_TRUE(later.verify(key.public_key()));
    const auto unsigned_one =
        crypto::Jwt::decode(made(text_edits(token), "claims /exp one more", token)).value();
    EXPECT_FALSE(unsigned_one.verify(key.public_key()));
    const auto headed =
        crypto::Jwt::decode(made(text_edits(token), "header /kid emptied", token, keys)).value();
    EXPECT_EQ(headed.key_id, "");
    const auto broken =
        crypto::Jwt::decode(made(text_edits(token), "signature broken", token, keys)).value();
    EXPECT_EQ(broken.claims, R"({"exp":100,"sub":"a"})");
    EXPECT_FALSE(broken.verify(key.public_key()));
}

struct Authority {
    Key key = Key::generate(KeyType::p256);
    Certificate certificate;
    Keys keys;

    explicit Authority(KeyType type = KeyType::p256) : key(Key::generate(type)) {
        CertificateSpec spec;
        spec.subject.common_name = "root";
        spec.not_before = from_unix_seconds(begin_of_time);
        spec.not_after = from_unix_seconds(begin_of_time + 1'000'000);
        spec.is_ca = true;
        spec.key_usage = crypto::cert_sign | crypto::crl_sign;
        certificate = sign_certificate(spec, key.public_key(), key, nullptr);
        keys = [this] { return std::vector<Key>{Key::generate(KeyType::p256), key}; };
    }

    [[nodiscard]] Certificate leaf() const {
        CertificateSpec spec;
        spec.serial = {0x11, 0x22};
        spec.subject.common_name = "web.test";
        spec.not_before = from_unix_seconds(begin_of_time);
        spec.not_after = from_unix_seconds(begin_of_time + 3600);
        spec.alt_names.dns = {"web.test"};
        spec.alt_names.uris = {"spiffe://mesh.test/web"};
        spec.key_usage = crypto::digital_signature | crypto::key_agreement;
        spec.extended_key_usage = {std::string(crypto::eku_server_auth),
                                   std::string(crypto::eku_client_auth)};
        spec.crl_urls = {"http://crl.test/x"};
        return sign_certificate(spec, Key::generate(KeyType::p256).public_key(), key, &certificate);
    }
};

class CertificateEdits : public testing::Test {
  protected:
    Authority authority_;
    std::string der_ = authority_.leaf().der();

    Certificate made_by(const std::string& name) {
        const auto der = made(signed_edits(der_), "certificate " + name, der_, authority_.keys);
        auto read = Certificate::from_der(der);
        EXPECT_TRUE(read) << name;
        return read ? *read : Certificate();
    }
};

TEST_F(CertificateEdits, ChangeOnePropertyEach) {
    EXPECT_EQ(made_by("serial changed").serial(), "11:23");
    EXPECT_EQ(made_by("notBefore a minute later").not_before(),
              from_unix_seconds(begin_of_time + 60));
    EXPECT_EQ(made_by("notAfter a minute earlier").not_after(),
              from_unix_seconds(begin_of_time + 3540));
    EXPECT_EQ(made_by("subject.0 changed").subject().common_name, "web.tesx");
    EXPECT_TRUE(made_by("subject.0 dropped").subject_is_empty());
    EXPECT_EQ(made_by("subject an organization added").subject().organization,
              std::vector<std::string>{"other"});
    EXPECT_EQ(made_by("issuer.0 changed").issuer_line(), "CN=roox");
    EXPECT_EQ(made_by("keyUsage bit 0 flipped").key_usage(), unsigned(crypto::key_agreement));
    EXPECT_EQ(made_by("keyUsage bit 5 flipped").key_usage(),
              crypto::digital_signature | crypto::key_agreement | crypto::cert_sign);
    EXPECT_FALSE(made_by("keyUsage dropped").key_usage());
    EXPECT_FALSE(made_by("keyUsage criticality flipped").key_usage_critical());
    EXPECT_TRUE(made_by("subjectAltName criticality flipped").alt_names_critical());
    EXPECT_EQ(made_by("subjectAltName value.0 dropped").alt_names().dns,
              std::vector<std::string>{});
    EXPECT_EQ(made_by("subjectAltName value.1 changed").alt_names().uris,
              std::vector<std::string>{"spiffe://mesh.test/wex"});
    EXPECT_EQ(made_by("subjectAltName value an IP address added").alt_names().ips,
              std::vector<std::string>{"10.1.2.3"});
    EXPECT_EQ(made_by("extKeyUsage value.0 dropped").extended_key_usage(),
              std::vector<std::string>{std::string(crypto::eku_client_auth)});
    EXPECT_EQ(made_by("basicConstraints added").is_ca(), true);
    EXPECT_NE(made_by("subjectKeyIdentifier value changed").subject_key_id(),
              authority_.leaf().subject_key_id());
    EXPECT_EQ(made_by("algorithm exchanged").signature_algorithm(), "ecdsa-with-SHA384");
    EXPECT_EQ(made_by("key of another kind").public_key().bits(), 384);
}

TEST_F(CertificateEdits, AreSignedAnewByWhoSignedIt) {
    const auto before = *Certificate::from_der(der_);
    std::size_t edits = 0;
    for (const auto& edit : signed_edits(der_)) {
        SCOPED_TRACE(edit.name());
        const auto der = edit.apply(der_, authority_.keys);
        ASSERT_TRUE(der);
        const auto read = Certificate::from_der(*der);
        ASSERT_TRUE(read);
        EXPECT_FALSE(*read == before);
        const bool other_issuer = edit.name().starts_with("certificate issuer") ||
                                  edit.name() == "certificate signature broken";
        EXPECT_EQ(read->signed_by(authority_.certificate), !other_issuer);
        ++edits;
    }
    EXPECT_GT(edits, 50U);
}

TEST_F(CertificateEdits, WithoutTheKeyBreakTheSignature) {
    const auto der = made(signed_edits(der_), "certificate serial changed", der_);
    EXPECT_FALSE(Certificate::from_der(der)->signed_by(authority_.certificate));
}

TEST(SignedEdits, OfEveryKindOfKeyAreSignedAnew) {
    for (const auto type : {KeyType::p384, KeyType::rsa_2048, KeyType::ed25519}) {
        const Authority authority(type);
        const auto der = authority.leaf().der();
        const auto after =
            made(signed_edits(der), "certificate serial changed", der, authority.keys);
        EXPECT_TRUE(Certificate::from_der(after)->signed_by(authority.certificate))
            << to_string(type);
    }
}

TEST(SignedEdits, OfACrl) {
    const Authority authority;
    crypto::Crl::Spec spec;
    spec.number = 7;
    spec.this_update = from_unix_seconds(begin_of_time);
    spec.next_update = from_unix_seconds(begin_of_time + 3600);
    spec.entries = {{{0x11}, spec.this_update}, {{0x22}, spec.this_update}};
    const auto der = crypto::Crl::make(spec, authority.certificate, authority.key).der();
    const auto made_by = [&](const std::string& name) {
        const auto read =
            crypto::Crl::from_der(made(signed_edits(der), "CRL " + name, der, authority.keys));
        EXPECT_TRUE(read && read->signed_by(authority.certificate)) << name;
        return *read;
    };
    EXPECT_EQ(made_by("cRLNumber value changed").number(), 8U);
    EXPECT_EQ(made_by("entries.0 dropped").entries().size(), 1U);
    EXPECT_EQ(made_by("entries one added").entries().size(), 3U);
    EXPECT_EQ(made_by("nextUpdate a minute later").next_update(),
              spec.next_update + std::chrono::minutes(1));
    EXPECT_EQ(made_by("deltaCRLIndicator added").delta_base(), 1U);
    EXPECT_EQ(made_by("entries.1.0 changed").entries().at(1).serial, Bytes{0x23});
}

TEST(SignedEdits, OfAnOcspResponse) {
    const Authority authority;
    crypto::OcspStatement statement;
    statement.id = crypto::OcspCertId::of(authority.certificate, {0x11});
    statement.status = crypto::CertificateStatus::revoked;
    statement.revoked_at = from_unix_seconds(begin_of_time);
    statement.this_update = statement.produced_at = from_unix_seconds(begin_of_time);
    statement.next_update = from_unix_seconds(begin_of_time + 3600);
    const auto der = crypto::make_ocsp_response(statement, authority.certificate, authority.key);
    const auto made_by = [&](const std::string& name) {
        auto read = crypto::OcspResponse::from_der(
            made(signed_edits(der), "OCSP response " + name, der, authority.keys));
        EXPECT_TRUE(read && read->statement && read->signed_by(authority.certificate)) << name;
        return *read->statement;
    };
    EXPECT_EQ(made_by("status good").status, crypto::CertificateStatus::good);
    EXPECT_EQ(made_by("nextUpdate dropped").next_update, std::nullopt);
    EXPECT_EQ(made_by("producedAt a minute later").produced_at,
              statement.produced_at + std::chrono::minutes(1));
    EXPECT_TRUE(made_by("extensions a nonce added").extensions);
    // Of another key than the one that signed.
    const auto by_key = crypto::OcspResponse::from_der(
        made(signed_edits(der), "OCSP response responder by its key", der, authority.keys));
    ASSERT_TRUE(by_key && by_key->statement);
    EXPECT_FALSE(by_key->statement->by_name);
    EXPECT_FALSE(by_key->signed_by(authority.certificate));
    EXPECT_EQ(crypto::OcspResponse::from_der(
                  made(signed_edits(der), "OCSP response of another status", der))
                  ->status,
              1);
}

TEST(SignedEdits, OfACsr) {
    crypto::Csr::Spec spec;
    spec.subject.common_name = "ca.test";
    const auto key = Key::generate(KeyType::p256);
    const auto der = crypto::Csr::make(spec, key).der();
    const Keys keys = [&] { return std::vector<Key>{key}; };
    const auto made_by = [&](const std::string& name) {
        const auto read = crypto::Csr::from_der(made(signed_edits(der), "CSR " + name, der, keys));
        EXPECT_TRUE(read && read->signature_valid()) << name;
        return *read;
    };
    EXPECT_EQ(made_by("subject.0 changed").subject().common_name, "ca.tesx");
    EXPECT_FALSE(made_by("key exchanged").public_key() == key.public_key());
    const auto broken =
        crypto::Csr::from_der(made(signed_edits(der), "CSR signature broken", der, keys));
    EXPECT_FALSE(broken->signature_valid());
}

TEST(PemEdits, ChangeBlocksAndWhatIsInThem) {
    const Authority authority;
    const auto leaf = authority.leaf();
    const auto chain = leaf.pem() + authority.certificate.pem();
    const auto made_by = [&](const std::string& name) {
        return made(pem_edits(chain), name, chain, authority.keys);
    };
    EXPECT_EQ(made_by("block 0 dropped"), authority.certificate.pem());
    EXPECT_EQ(made_by("blocks reversed"), authority.certificate.pem() + leaf.pem());
    EXPECT_EQ(made_by("final newline toggled"), chain.substr(0, chain.size() - 1));
    EXPECT_EQ(made_by("last block twice"), chain + authority.certificate.pem());
    const auto other = Certificate::all_from_pem(made_by("block 0 certificate serial changed"));
    ASSERT_TRUE(other);
    EXPECT_EQ(other->at(0).serial(), "11:23");
    EXPECT_TRUE(other->at(0).signed_by(authority.certificate));
    EXPECT_EQ(other->at(1), authority.certificate);
    const auto key = authority.key.traditional_pem();
    EXPECT_EQ(Key::from_pem(made(pem_edits(key), "block 0 EC PRIVATE KEY in the other form", key))
                  ->pkcs8_pem(),
              authority.key.pkcs8_pem());
    EXPECT_NE(Key::from_pem(made(pem_edits(key), "block 0 another key", key))->pkcs8_pem(),
              authority.key.pkcs8_pem());
}

TEST(TextEdits, LookIntoBase64) {
    const Authority authority;
    const auto der = authority.leaf().der();
    const auto text = to_base64(der);
    const auto after =
        made(text_edits(text), "base64 certificate serial changed", text, authority.keys);
    EXPECT_EQ(Certificate::from_der(from_base64(after).value())->serial(), "11:23");
}

}  // namespace
}  // namespace meshproof::conformance::mutation
