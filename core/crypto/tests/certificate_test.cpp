#include "core/crypto/certificate.hpp"

#include "core/crypto/key_id.hpp"

#include <gtest/gtest.h>

#include "core/crypto/tests/fixtures.hpp"

namespace meshproof::crypto {
namespace {

using namespace fixtures;

const Key& ca_key() {
    static const Key key = Key::generate(KeyType::p256);
    return key;
}

Certificate self_signed(const CertificateSpec& spec) {
    return sign_certificate(spec, ca_key().public_key(), ca_key(), nullptr);
}

CertificateSpec plain() {
    CertificateSpec spec;
    spec.subject.common_name = "plain";
    spec.not_before = now;
    spec.not_after = now + 1h;
    return spec;
}

TEST(Certificate, SaysEverythingThatTheSpecSays) {
    const Pki pki;
    CertificateSpec spec;
    spec.serial = {0x07, 0x42, 0x00, 0xff};
    spec.subject.common_name = "web";
    spec.subject.organization = {"Acme"};
    spec.not_before = now + 700ms;
    spec.not_after = now + 24h + 700ms;
    spec.alt_names = {.dns = {"web.default.svc", "*.example.org"},
                      .emails = {"web@example.org"},
                      .ips = {"10.0.0.1", "fd00::1"},
                      .uris = {"spiffe://example.org/ns/default/sa/web"},
                      .others = {{"1.3.6.1.4.1.311.20.2.3", "wéb"}}};
    spec.is_ca = true;
    spec.path_length = 3;
    spec.key_usage =
        KeyUsage::digital_signature | KeyUsage::key_agreement | KeyUsage::decipher_only;
    spec.extended_key_usage = {std::string(eku_client_auth), "1.2.3.4.5"};
    spec.issuing_certificate_urls = {"http://ca/1", "http://ca/2"};
    spec.ocsp_urls = {"http://ocsp/"};
    spec.crl_urls = {"http://crl/1", "http://crl/2"};
    spec.policy_oids = {"1.2.3.4"};
    spec.extra = {{"1.2.3.4.6", true, {0x05, 0x00}}};
    const Key key = Key::generate(KeyType::p384);
    const Certificate leaf =
        sign_certificate(spec, key.public_key(), pki.root.key, &pki.root.certificate);

    EXPECT_EQ(leaf.serial(), "07:42:00:ff");
    EXPECT_EQ(leaf.subject(), spec.subject);
    EXPECT_EQ(leaf.subject_line(), "CN=web,O=Acme");
    EXPECT_EQ(leaf.issuer_line(), "CN=root");
    EXPECT_EQ(leaf.issuer_der(), pki.root.certificate.subject_der());
    EXPECT_EQ(leaf.not_before(), now);
    EXPECT_EQ(leaf.not_after(), now + 24h);
    EXPECT_EQ(leaf.alt_names(), spec.alt_names);
    EXPECT_FALSE(leaf.alt_names_critical());
    EXPECT_EQ(leaf.is_ca(), true);
    EXPECT_EQ(leaf.path_length(), 3);
    EXPECT_EQ(leaf.key_usage(), spec.key_usage);
    EXPECT_TRUE(leaf.key_usage_critical());
    EXPECT_EQ(leaf.extended_key_usage(), spec.extended_key_usage);
    EXPECT_EQ(leaf.issuing_certificate_urls(), spec.issuing_certificate_urls);
    EXPECT_EQ(leaf.crl_urls(), spec.crl_urls);
    EXPECT_EQ(leaf.subject_key_id(), key.public_key().key_id());
    EXPECT_EQ(leaf.authority_key_id(), pki.root.certificate.subject_key_id());
    EXPECT_EQ(leaf.signature_algorithm(), "ecdsa-with-SHA256");
    EXPECT_EQ(leaf.public_key(), key.public_key());
    EXPECT_TRUE(leaf.signed_by(pki.root.certificate));
    EXPECT_FALSE(leaf.signed_by(pki.intermediate.certificate));
    EXPECT_FALSE(leaf.self_signed());

    std::vector<std::string> oids;
    for (const RawExtension& extension : leaf.extensions()) {
        oids.push_back(extension.oid);
    }
    // The order of Go's crypto/x509.
    EXPECT_EQ(oids, (std::vector<std::string>{"2.5.29.15", "2.5.29.37", "2.5.29.19", "2.5.29.14",
                                              "2.5.29.35", "1.3.6.1.5.5.7.1.1", "2.5.29.17",
                                              "2.5.29.32", "2.5.29.31", "1.2.3.4.6"}));
    EXPECT_TRUE(leaf.extensions().back().critical);
    EXPECT_EQ(leaf.extensions().back().value, (Bytes{0x05, 0x00}));
}

TEST(Certificate, WithoutExtensionsSaysThatTheyAreAbsent) {
    CertificateSpec spec = plain();
    spec.subject_key_id = false;
    spec.authority_key_id = false;
    const Certificate leaf = self_signed(spec);
    EXPECT_TRUE(leaf.extensions().empty());
    EXPECT_EQ(leaf.is_ca(), std::nullopt);
    EXPECT_EQ(leaf.path_length(), std::nullopt);
    EXPECT_EQ(leaf.key_usage(), std::nullopt);
    EXPECT_FALSE(leaf.key_usage_critical());
    EXPECT_EQ(leaf.extended_key_usage(), std::nullopt);
    EXPECT_TRUE(leaf.alt_names().empty());
    EXPECT_TRUE(leaf.subject_key_id().empty());
    EXPECT_TRUE(leaf.authority_key_id().empty());
    EXPECT_TRUE(leaf.issuing_certificate_urls().empty());
    EXPECT_TRUE(leaf.crl_urls().empty());
    EXPECT_TRUE(leaf.self_signed());
}

TEST(Certificate, AnEmptySubjectMakesAltNamesCritical) {
    CertificateSpec spec = plain();
    spec.subject = {};
    spec.alt_names.uris = {"spiffe://example.org/x"};
    const Certificate leaf = self_signed(spec);
    EXPECT_TRUE(leaf.subject().empty());
    EXPECT_TRUE(leaf.alt_names_critical());
}

TEST(Certificate, AnExtraExtensionReplacesTheOneWithItsOid) {
    CertificateSpec spec = plain();
    spec.key_usage = KeyUsage::digital_signature;
    spec.extra = {{"2.5.29.15", false, {0x03, 0x02, 0x05, 0x20}}};  // keyEncipherment, not critical
    const Certificate leaf = self_signed(spec);
    EXPECT_EQ(leaf.key_usage(), KeyUsage::key_encipherment);
    EXPECT_FALSE(leaf.key_usage_critical());
}

TEST(Certificate, IsValidFromTheFirstToTheLastSecond) {
    const Certificate leaf = self_signed(plain());
    EXPECT_FALSE(leaf.valid_at(now - 1ns));
    EXPECT_TRUE(leaf.valid_at(now));
    EXPECT_TRUE(leaf.valid_at(now + 1h));
    EXPECT_TRUE(leaf.valid_at(now + 1h + 999ms));
    EXPECT_FALSE(leaf.valid_at(now + 1h + 1s));
}

TEST(Certificate, DatesBeyond2049AreRead) {
    CertificateSpec spec = plain();
    spec.not_after = from_unix_seconds(4'000'000'000);  // 2096: GeneralizedTime
    EXPECT_EQ(self_signed(spec).not_after(), spec.not_after);
}

TEST(Certificate, SubjectIsWrittenAsGoWritesIt) {
    CertificateSpec spec = plain();
    spec.subject = {.common_name = "web *.example.org",
                    .serial_number = "42",
                    .organization = {"Zeta", "Acme & Söhne"},
                    .organizational_unit = {"mesh"},
                    .country = {"DE"},
                    .locality = {"Berlin"},
                    .province = {"BE"},
                    .street_address = {"Street 1"},
                    .postal_code = {"10115"}};
    const Certificate leaf = self_signed(spec);
    EXPECT_EQ(leaf.subject(), spec.subject);
    // pkix.Name of the same fields through Go 1.26's asn1.Marshal(name.ToRDNSequence()).
    EXPECT_EQ(
        to_hex(as_bytes(leaf.subject_der())),
        "3081ab310b3009060355040613024445310b3009060355040813024245310f300d060355040713064265726c"
        "696e3111300f060355040913085374726565742031310e300c0603550411130531303131353123300b060355"
        "040a13045a6574613014060355040a0c0d41636d6520262053c3b6686e65310d300b060355040b13046d6573"
        "68311a301806035504030c11776562202a2e6578616d706c652e6f7267310b3009060355040513023432");

    CertificateSpec copied = plain();
    copied.subject_der = leaf.subject_der();
    EXPECT_EQ(self_signed(copied).subject_der(), leaf.subject_der());
}

TEST(Certificate, SignatureFollowsTheIssuersKeyUnlessADigestIsGiven) {
    const struct {
        KeyType type;
        const char* usual;
        const char* sha512;
    } cases[] = {{KeyType::rsa_2048, "sha256WithRSAEncryption", "sha512WithRSAEncryption"},
                 {KeyType::p224, "ecdsa-with-SHA256", "ecdsa-with-SHA512"},
                 {KeyType::p256, "ecdsa-with-SHA256", "ecdsa-with-SHA512"},
                 {KeyType::p384, "ecdsa-with-SHA384", "ecdsa-with-SHA512"},
                 {KeyType::p521, "ecdsa-with-SHA512", "ecdsa-with-SHA512"},
                 {KeyType::ed25519, "ED25519", "ED25519"}};
    for (const auto& expected : cases) {
        SCOPED_TRACE(to_string(expected.type));
        const Key key = Key::generate(expected.type);
        CertificateSpec spec = plain();
        const Certificate usual = sign_certificate(spec, key.public_key(), key, nullptr);
        EXPECT_EQ(usual.signature_algorithm(), expected.usual);
        EXPECT_TRUE(usual.self_signed());
        EXPECT_EQ(usual.public_key(), key.public_key());
        spec.digest = "sha512";
        EXPECT_EQ(sign_certificate(spec, key.public_key(), key, nullptr).signature_algorithm(),
                  expected.sha512);
    }
}

TEST(Certificate, SerialIsMadeFromTheKeyWhereNoneIsGiven) {
    const Certificate one = self_signed(plain());
    EXPECT_EQ(one.serial().size(), 59U);
    for (int i = 0; i < 20; ++i) {  // positive and twenty bytes long, whatever the key
        const Key key = Key::generate(KeyType::p256);
        const std::string serial =
            sign_certificate(plain(), key.public_key(), key, nullptr).serial();
        EXPECT_EQ(serial.size(), 59U);
        EXPECT_TRUE(serial[0] >= '4' && serial[0] <= '7') << serial;
    }
    EXPECT_EQ(one.serial(), self_signed(plain()).serial());
    const Key other = Key::generate(KeyType::p256);
    EXPECT_NE(one.serial(), sign_certificate(plain(), other.public_key(), other, nullptr).serial());
}

TEST(Certificate, PemAndDerMakeTheRoundTrip) {
    const Pki pki;
    const Certificate& one = pki.root.certificate;
    const Certificate& two = pki.intermediate.certificate;
    EXPECT_TRUE(one.pem().starts_with("-----BEGIN CERTIFICATE-----\n"));
    EXPECT_TRUE(one.pem().ends_with("\n-----END CERTIFICATE-----\n"));
    EXPECT_EQ(require(Certificate::from_pem(one.pem())), one);
    EXPECT_EQ(require(Certificate::from_der(one.der())), one);
    EXPECT_NE(one, two);
    EXPECT_NE(one, Certificate());
    EXPECT_EQ(one.fingerprint().size(), 64U);
    EXPECT_NE(one.fingerprint(), two.fingerprint());

    const std::string bundle = to_pem(std::vector{two, one});
    EXPECT_EQ(bundle, two.pem() + one.pem());
    EXPECT_EQ(require(Certificate::from_pem("text before\n" + bundle)), two);
    const std::string mixed = "junk\n" + two.pem() + pki.root.key.pkcs8_pem() + one.pem() + "more";
    EXPECT_EQ(require(Certificate::all_from_pem(mixed)), (std::vector{two, one}));
}

// Known again by all of its bytes, and by nothing less.
TEST(Certificate, OneThatWasMetIsKnownAgainAndTakenForNoOther) {
    const Pki pki;
    const auto leaf = pki.leaf("web").leaf;
    const auto known = require(Certificate::met(leaf.der()));
    EXPECT_EQ(known, leaf);
    EXPECT_EQ(require(Certificate::met(leaf.der())).native(), known.native());
    EXPECT_TRUE(known.signed_by(pki.intermediate.certificate));
    auto changed = leaf.der();
    changed.back() = static_cast<char>(changed.back() ^ 1);  // of its signature
    const auto other = Certificate::met(changed);
    EXPECT_TRUE(!other || (!(*other == known) && !other->signed_by(pki.intermediate.certificate)));
    EXPECT_FALSE(known.signed_by(pki.root.certificate));
    EXPECT_FALSE(Certificate::met(leaf.der() + "x"));
    EXPECT_FALSE(Certificate::met(leaf.der().substr(1)));
    // More of them than are kept.
    std::vector<Certificate> many;
    for (int i = 0; i < 200; ++i) {
        many.push_back(pki.leaf(fmt::format("web-{}", i)).leaf);
        EXPECT_EQ(require(Certificate::met(many.back().der())), many.back());
    }
    for (const auto& one : many) {
        EXPECT_EQ(require(Certificate::met(one.der())), one);
    }
}

TEST(Certificate, UnreadableInputIsAnInvalidFailure) {
    const std::string pem = Pki().root.certificate.pem();
    const std::string der = require(Certificate::from_pem(pem)).der();
    for (const auto& refused :
         {Certificate::from_pem(""), Certificate::from_pem("junk"), Certificate::from_der(""),
          Certificate::from_der("junk"), Certificate::from_der(der + "x"),
          Certificate::from_der(der.substr(0, der.size() - 1)),
          Certificate::from_pem(
              "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n")}) {
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().kind, FailureKind::invalid);
        EXPECT_FALSE(refused.error().message.empty());
    }
    const auto second = Certificate::all_from_pem(
        pem + "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n");
    ASSERT_FALSE(second);
    EXPECT_TRUE(second.error().message.starts_with("block 2: ")) << second.error().message;
    const auto cut = Certificate::all_from_pem(pem + pem.substr(0, pem.size() / 2));
    ASSERT_FALSE(cut);
    EXPECT_TRUE(cut.error().message.starts_with("block 2: ")) << cut.error().message;
    EXPECT_FALSE(Certificate::all_from_pem(""));
}

TEST(Serial, TextIsThatOfVault) {
    EXPECT_EQ(serial_text(Bytes{0x07, 0x42, 0xab}), "07:42:ab");
    EXPECT_EQ(serial_text(Bytes{0x00, 0x81}), "81");
    EXPECT_EQ(key_id_text(Bytes{0x00, 0x81}), "00:81");
    EXPECT_EQ(parse_serial("07:42:ab"), (Bytes{0x07, 0x42, 0xab}));
    EXPECT_EQ(parse_serial("07-42-AB"), (Bytes{0x07, 0x42, 0xab}));
    EXPECT_EQ(parse_serial("07"), (Bytes{0x07}));
    for (const char* text : {"", "7", "0742", "07:4", "07:42:", "07:4g", "07 42", ":07:42"}) {
        EXPECT_EQ(parse_serial(text), std::nullopt) << text;
    }
}

TEST(Csr, SaysEverythingThatTheSpecSays) {
    const Key key = Key::generate(KeyType::p256);
    Csr::Spec spec;
    spec.subject.common_name = "web";
    spec.subject.organization = {"Acme"};
    spec.alt_names = {
        .dns = {"web"}, .emails = {}, .ips = {"::1"}, .uris = {"spiffe://td/x"}, .others = {}};
    spec.extensions = {{"2.5.29.19", true, {0x30, 0x03, 0x01, 0x01, 0xff}}};
    const Csr made = Csr::make(spec, key);
    for (const Csr& csr :
         {made, require(Csr::from_pem(made.pem())), require(Csr::from_der(made.der()))}) {
        EXPECT_EQ(csr.subject(), spec.subject);
        EXPECT_EQ(csr.alt_names(), spec.alt_names);
        EXPECT_TRUE(csr.has_basic_constraints());
        ASSERT_EQ(csr.extensions().size(), 2U);
        EXPECT_EQ(csr.extensions()[0].oid, "2.5.29.17");
        EXPECT_EQ(csr.extensions()[1].value, spec.extensions[0].value);
        EXPECT_EQ(csr.public_key(), key.public_key());
        EXPECT_TRUE(csr.signature_valid());
    }
    CertificateSpec same = plain();
    same.subject = spec.subject;
    EXPECT_EQ(made.subject_der(), self_signed(same).subject_der());
}

TEST(Csr, WithoutExtensionsAsksForNone) {
    const Csr csr = require(Csr::from_pem(Csr::make({}, Key::generate(KeyType::ed25519)).pem()));
    EXPECT_TRUE(csr.subject().empty());
    EXPECT_TRUE(csr.alt_names().empty());
    EXPECT_TRUE(csr.extensions().empty());
    EXPECT_FALSE(csr.has_basic_constraints());
    EXPECT_TRUE(csr.signature_valid());
}

TEST(Csr, OfEveryKindOfKeyIsValid) {
    for (const KeyType type : {KeyType::rsa_1024, KeyType::rsa_2048, KeyType::p224, KeyType::p256,
                               KeyType::p384, KeyType::p521, KeyType::ed25519}) {
        const Key key = Key::generate(type);
        const Csr csr = require(Csr::from_pem(Csr::make({}, key).pem()));
        EXPECT_TRUE(csr.signature_valid()) << to_string(type);
        EXPECT_EQ(csr.public_key(), key.public_key()) << to_string(type);
    }
}

TEST(Csr, AChangedByteSpoilsTheSignature) {
    Csr::Spec spec;
    spec.subject.common_name = "web";
    std::string der = Csr::make(spec, Key::generate(KeyType::p256)).der();
    der[der.find("web")] = 'W';
    const auto changed = Csr::from_der(der);
    ASSERT_TRUE(changed) << changed.error().message;
    EXPECT_EQ(changed->subject().common_name, "Web");
    EXPECT_FALSE(changed->signature_valid());
}

TEST(Csr, PemIsReadAsTheServersReadIt) {  // wire contract 101
    const Csr csr = Csr::make({}, Key::generate(KeyType::p256));
    std::string pem = csr.pem();
    std::string crlf;
    for (const char c : pem) {
        crlf += c == '\n' ? std::string("\r\n") : std::string(1, c);
    }
    std::string other_label = pem;
    for (auto at = other_label.find("CERTIFICATE REQUEST"); at != std::string::npos;
         at = other_label.find("CERTIFICATE REQUEST")) {
        other_label.replace(at, 19, "SOMETHING");
    }
    const std::string second = Csr::make({}, Key::generate(KeyType::p256)).pem();
    for (const std::string& text : {pem, crlf, other_label, "text before\n" + pem, pem + second}) {
        const auto read = Csr::from_pem(text);
        ASSERT_TRUE(read) << text << read.error().message;
        EXPECT_EQ(read->der(), csr.der());
    }

    std::string one_line = pem;
    std::erase(one_line, '\n');
    for (const std::string& text :
         {std::string(), std::string("junk"), to_base64(csr.der()), one_line}) {
        const auto read = Csr::from_pem(text);
        ASSERT_FALSE(read) << text;
        EXPECT_EQ(read.error().message, "csr contains no data");
    }
    for (const std::string& text :
         {std::string(
              "-----BEGIN CERTIFICATE REQUEST-----\nMAA=\n-----END CERTIFICATE REQUEST-----\n"),
          Pki().root.certificate.pem()}) {
        const auto read = Csr::from_pem(text);
        ASSERT_FALSE(read);
        EXPECT_EQ(read.error().kind, FailureKind::invalid);
        EXPECT_TRUE(read.error().message.starts_with("certificate request could not be parsed: "))
            << read.error().message;
    }
}

// From Go's x509.CreateCertificateRequest.
TEST(Csr, OfGoIsRead) {
    const Csr csr = require(Csr::from_pem(R"(-----BEGIN CERTIFICATE REQUEST-----
MIIBRjCB7AIBADAOMQwwCgYDVQQDEwN3ZWIwWTATBgcqhkjOPQIBBggqhkjOPQMB
BwNCAARi7w51L97qVvob9jFACeiKoRRpu3tBTTeZE3PfBEo9qUQ+ReogIB30o9Xa
EuTAGopZQA6kXQjQMxIN7xAKe87JoHwwegYJKoZIhvcNAQkOMW0wazBpBgNVHREE
YjBggg93ZWIuZGVmYXVsdC5zdmOBDWFAZXhhbXBsZS5vcmeHBAoAAAGHEP0AAAAA
AAAAAAAAAAAAAAGGJnNwaWZmZTovL2V4YW1wbGUub3JnL25zL2RlZmF1bHQvc2Ev
d2ViMAoGCCqGSM49BAMCA0kAMEYCIQD7ajEtfpU/icHQQ3aYnQpEKRqAw1AQn99v
8V2UK2ifUQIhAJ/6+TPL9B2/e0hLl/w/EZT+ZVk5J5uBmWCE/nbc337w
-----END CERTIFICATE REQUEST-----
)"));
    EXPECT_TRUE(csr.signature_valid());
    EXPECT_EQ(csr.subject().common_name, "web");
    const AltNames expected{.dns = {"web.default.svc"},
                            .emails = {"a@example.org"},
                            .ips = {"10.0.0.1", "fd00::1"},
                            .uris = {"spiffe://example.org/ns/default/sa/web"},
                            .others = {}};
    EXPECT_EQ(csr.alt_names(), expected);
    // What we write asks for the same in the same bytes.
    const Csr ours = Csr::make({.subject = csr.subject(), .alt_names = expected, .extensions = {}},
                               Key::generate(KeyType::p256));
    EXPECT_EQ(ours.subject_der(), csr.subject_der());
    EXPECT_EQ(ours.extensions()[0].value, csr.extensions()[0].value);
    EXPECT_FALSE(ours.extensions()[0].critical);
}

}  // namespace
}  // namespace meshproof::crypto
