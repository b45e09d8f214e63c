#include "core/crypto/quick.hpp"

#include <gtest/gtest.h>
#include <openssl/err.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "core/crypto/names.hpp"
#include "core/crypto/reading.hpp"
#include "core/crypto/signature.hpp"
#include "core/crypto/tests/fixtures.hpp"

/// The quick way and the general one give the same verdict and the same bytes: on what is valid, on
/// what was damaged, and on what another key signed. The general way is OpenSSL's own here.
namespace meshproof::crypto {
namespace {

using namespace fixtures;

// ---- what is made ----

rc::Gen<std::string> word() {
    return rc::gen::weightedOneOf<std::string>(
        {{40, rc::gen::nonEmpty(rc::gen::container<std::string>(
                  rc::gen::elementOf(std::string("abcXYZ019 .-:@*&_"))))},
         {1, rc::gen::just(std::string())},
         {1, rc::gen::just(std::string("w\xc3\xa9"
                                       "b"))},
         {1, rc::gen::just(std::string(200, 'x'))}});
}

rc::Gen<std::vector<std::string>> words() {
    return rc::gen::weightedOneOf<std::vector<std::string>>(
        {{12, rc::gen::just(std::vector<std::string>())},
         {12, rc::gen::container<std::vector<std::string>>(1, word())},
         {1, rc::gen::container<std::vector<std::string>>(2, word())}});
}

Subject some_subject() {
    Subject subject;
    subject.common_name = *word();
    subject.serial_number = *rc::gen::oneOf(rc::gen::just(std::string()), word());
    subject.organization = *words();
    subject.organizational_unit = *words();
    subject.country = *words();
    subject.locality = *words();
    subject.province = *words();
    subject.street_address = *words();
    subject.postal_code = *words();
    subject.user_ids = *rc::gen::weightedElement<std::vector<std::string>>({{9, {}}, {1, {"id"}}});
    return *rc::gen::weightedElement<Subject>({{3, subject}, {1, Subject()}});
}

AltNames some_names() {
    AltNames names;
    names.dns = *words();
    names.emails = *words();
    names.uris = *words();
    names.ips = *rc::gen::weightedElement<std::vector<std::string>>({{9, {}}, {1, {"10.0.0.1"}}});
    return names;
}

Bytes some_bytes(std::size_t most) {
    auto bytes = *rc::gen::arbitrary<Bytes>();
    bytes.resize(std::min(bytes.size(), most));
    return bytes;
}

CertificateSpec some_spec() {
    CertificateSpec spec;
    spec.serial = some_bytes(20);
    spec.subject = some_subject();
    spec.not_before = from_unix_seconds(*rc::gen::weightedOneOf<std::int64_t>(
        {{9, rc::gen::inRange<std::int64_t>(-631'152'000, 2'524'608'000)},
         {1, rc::gen::inRange<std::int64_t>(2'524'607'990, 4'000'000'000)}}));
    spec.not_after = spec.not_before + std::chrono::seconds(*rc::gen::inRange(0, 100'000));
    spec.alt_names = some_names();
    spec.is_ca = *rc::gen::elementOf(std::vector<std::optional<bool>>{{}, false, true});
    spec.path_length = *rc::gen::weightedElement<std::optional<int>>({{19, std::nullopt}, {1, 3}});
    spec.key_usage = *rc::gen::oneOf(rc::gen::just(std::optional<unsigned>()),
                                     rc::gen::map(rc::gen::inRange(0U, 512U), [](unsigned bits) {
                                         return std::optional(bits);
                                     }));
    spec.extended_key_usage = *rc::gen::container<std::vector<std::string>>(
        *rc::gen::inRange<std::size_t>(0, 3),
        rc::gen::weightedElement<std::string>({{19, std::string(eku_server_auth)},
                                               {19, std::string(eku_client_auth)},
                                               {1, "1.3.6.1.5.5.7.3.17"},
                                               {1, "1.2.3.4"}}));
    spec.issuing_certificate_urls = *words();
    spec.ocsp_urls = *words();
    spec.crl_urls = *words();
    spec.subject_key_id = *rc::gen::arbitrary<bool>();
    spec.authority_key_id = *rc::gen::arbitrary<bool>();
    if (*rc::gen::inRange(0, 4) == 0) {
        spec.other_subject_key_id = some_bytes(300);
    }
    spec.digest = *rc::gen::weightedElement<std::string>({{16, ""}, {3, "sha256"}, {1, "sha384"}});
    return spec;
}

/// A leaf as a mesh's role makes it, which is to go the quick way.
CertificateSpec mesh_leaf() {
    auto spec = leaf_spec("web");
    spec.serial = some_bytes(20);
    spec.crl_urls = {"http://ca/crl"};
    spec.issuing_certificate_urls = {"http://ca/der"};
    spec.ocsp_urls = {"http://ca/ocsp"};
    return spec;
}

const Key& key_of(KeyType type) {
    static const Key p256 = Key::generate(KeyType::p256), p384 = Key::generate(KeyType::p384),
                     rsa = Key::generate(KeyType::rsa_2048), ed = Key::generate(KeyType::ed25519);
    return type == KeyType::p256       ? p256
           : type == KeyType::p384     ? p384
           : type == KeyType::rsa_2048 ? rsa
                                       : ed;
}

rc::Gen<KeyType> key_type() {
    return rc::gen::weightedElement<KeyType>(
        {{6, KeyType::p256}, {3, KeyType::rsa_2048}, {1, KeyType::p384}, {1, KeyType::ed25519}});
}

Certificate ca_with(const Key& key) {
    return sign_certificate(ca_spec("a CA"), key.public_key(), key, nullptr);
}

// ---- OpenSSL's own reading ----

using Request = Handle<X509_REQ, X509_REQ_free>;
using Object = Handle<X509, X509_free>;

Request openssl_request(std::string_view der) {
    auto request = parse_der<X509_REQ_free>(d2i_X509_REQ, der);
    ERR_clear_error();
    return request;
}

Object openssl_certificate(std::string_view der) {
    auto certificate = parse_der<X509_free>(d2i_X509, der);
    ERR_clear_error();
    return certificate;
}

AltNames openssl_names(X509_REQ* request) {
    auto* extensions = X509_REQ_get_extensions(request);
    const Handle<GENERAL_NAMES, GENERAL_NAMES_free> names(static_cast<GENERAL_NAMES*>(
        X509V3_get_d2i(extensions, NID_subject_alt_name, nullptr, nullptr)));
    sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
    ERR_clear_error();
    return names != nullptr ? read_alt_names(names.get()) : AltNames{};
}

std::string signed_part(const X509_REQ* request) {
    return to_der(i2d_re_X509_REQ_tbs, const_cast<X509_REQ*>(request));
}

std::string signed_part(const X509* certificate) {
    return to_der(i2d_re_X509_tbs, const_cast<X509*>(certificate));
}

bool openssl_verdict(X509_REQ* request) {
    EVP_PKEY* key = X509_REQ_get0_pubkey(request);
    const bool valid = key != nullptr && X509_REQ_verify(request, key) == 1;
    ERR_clear_error();
    return valid;
}

std::string openssl_key(EVP_PKEY* key) {
    const std::string der = key != nullptr ? to_der(i2d_PUBKEY, key) : std::string();
    ERR_clear_error();
    return der;
}

std::string our_key(const PublicKey& key) {
    return key.empty() ? std::string() : openssl_key(key.native());
}

/// Damaged here and there, or not at all.
std::string damaged(std::string der) {
    const auto blows = *rc::gen::weightedElement<int>({{1, 0}, {6, 1}, {2, 2}});
    for (int i = 0; i < blows && !der.empty(); ++i) {
        const auto at = *rc::gen::inRange<std::size_t>(0, der.size());
        switch (*rc::gen::inRange(0, 4)) {
            case 0:
                der[at] = static_cast<char>(der[at] ^ (1 << *rc::gen::inRange(0, 8)));
                break;
            case 1:
                der[at] = *rc::gen::arbitrary<char>();
                break;
            case 2:
                der.erase(at, *rc::gen::inRange<std::size_t>(1, 4));
                break;
            default:
                der.insert(at, 1, *rc::gen::arbitrary<char>());
        }
    }
    return der;
}

// ---- writing ----

RC_GTEST_PROP(Quick, WritesTheSameRequests, ()) {
    Csr::Spec spec;
    spec.subject = some_subject();
    spec.alt_names = some_names();
    const Key& key = key_of(*key_type());
    const auto quick = quick::request(spec, key);
    RC_CLASSIFY(quick.has_value());
    RC_PRE(quick.has_value());
    const auto mine = openssl_request(*quick);
    const auto general = openssl_request(general_request(spec, key));
    RC_ASSERT(mine != nullptr && general != nullptr);
    RC_ASSERT(signed_part(mine.get()) == signed_part(general.get()));
    RC_ASSERT(openssl_verdict(mine.get()));
}

RC_GTEST_PROP(Quick, WritesTheSameCertificates, ()) {
    const auto spec = some_spec();
    const auto type = *key_type();
    const Key& issuer_key = key_of(type);
    const auto issuer = ca_with(issuer_key);
    const auto subject = key_of(*key_type()).public_key();
    const auto quick = quick::certificate(spec, subject, issuer_key, &issuer);
    RC_CLASSIFY(quick.has_value());
    RC_PRE(quick.has_value());
    const auto general = general_certificate(spec, subject, issuer_key, &issuer);
    const auto mine = openssl_certificate(*quick);
    RC_ASSERT(mine != nullptr);
    RC_ASSERT(signed_part(mine.get()) == signed_part(openssl_certificate(general).get()));
    RC_ASSERT(X509_verify(mine.get(), issuer_key.native()) == 1);
    const auto facts = quick::facts_of(*quick);
    const auto read = require(Certificate::from_der(general));
    RC_ASSERT(facts.has_value());
    RC_ASSERT(serial_text(facts->serial) == read.serial());
    RC_ASSERT(facts->not_before == read.not_before());
    RC_ASSERT(facts->not_after == read.not_after());
    if (type == KeyType::rsa_2048) {
        RC_ASSERT(*quick == general);  // its signatures have no chance in them
    }
}

// Lengths of one byte, of two, and of more: a request with some thousand names has those.
TEST(Quick, WritesTheSameHoweverLongItIs) {
    const Key& rsa = key_of(KeyType::rsa_2048);
    const Key& key = key_of(KeyType::p256);
    const auto issuer = ca_with(rsa);
    std::vector<AltNames> cases(1);
    for (int i = 0; i < 5'000; ++i) {
        cases.back().dns.push_back(fmt::format("web-{}.example.com", i));
    }
    for (const std::size_t size : {127U, 128U, 255U, 256U, 65'535U, 65'536U, 70'000U, 17U << 20}) {
        cases.emplace_back().uris = {std::string(size, 'a')};
    }
    for (const auto& names : cases) {
        auto spec = leaf_spec("web");
        spec.serial = {1, 2, 3};
        spec.alt_names = names;
        const auto quick = quick::certificate(spec, key.public_key(), rsa, &issuer);
        ASSERT_TRUE(quick.has_value());
        EXPECT_TRUE(*quick == general_certificate(spec, key.public_key(), rsa, &issuer));
        EXPECT_TRUE(quick::facts_of(*quick).has_value());
        Csr::Spec asked;
        asked.alt_names = names;
        const auto request = quick::request(asked, key);
        ASSERT_TRUE(request.has_value());
        EXPECT_TRUE(signed_part(openssl_request(*request).get()) ==
                    signed_part(openssl_request(general_request(asked, key)).get()));
    }
}

RC_GTEST_PROP(Quick, IsTakenForWhatAMeshIssues, ()) {
    const auto key = Key::generate(KeyType::p256);
    for (const auto type : {KeyType::p256, KeyType::rsa_2048}) {
        const auto issuer = ca_with(key_of(type));
        RC_ASSERT(
            quick::certificate(mesh_leaf(), key.public_key(), key_of(type), &issuer).has_value());
    }
    Csr::Spec spec;
    spec.alt_names.uris = {"spiffe://example.org/ns/default/sa/web"};
    RC_ASSERT(quick::request(spec, key).has_value());
}

// ---- reading ----

std::string some_request() {
    Csr::Spec spec;
    spec.subject = some_subject();
    spec.alt_names = some_names();
    return Csr::make(spec, key_of(*key_type())).der();
}

/// One that somebody else has signed: the signature of another request over the same key's.
std::string signed_by_another() {
    Csr::Spec spec;
    spec.subject.common_name = "web";
    const auto right = Csr::make(spec, key_of(KeyType::p256)).der();
    const auto wrong = Csr::make(spec, Key::generate(KeyType::p256)).der();
    const auto parts = read_request(right);
    const auto others = read_request(wrong);
    std::swap(parts->signature, others->signature);
    return to_der(*parts);
}

void same_reading(const std::string& der) {
    const auto mine = Csr::from_der(der);
    const auto openssl = openssl_request(der);
    RC_ASSERT(mine.has_value() == (openssl != nullptr));
    RC_CLASSIFY(mine.has_value(), "readable");
    if (!mine) {
        return;
    }
    RC_ASSERT(mine->der() == to_der(i2d_X509_REQ, openssl.get()));
    RC_ASSERT(mine->subject() == read_name(X509_REQ_get_subject_name(openssl.get())));
    RC_ASSERT(our_key(mine->public_key()) == openssl_key(X509_REQ_get0_pubkey(openssl.get())));
    RC_ASSERT(mine->signature_valid() == openssl_verdict(openssl.get()));
    RC_CLASSIFY(mine->signature_valid(), "valid");
    const auto in_one_pass = quick::read_request(der);
    RC_CLASSIFY(in_one_pass.has_value(), "in one pass");
    if (in_one_pass) {
        RC_ASSERT(mine->der() == der);
        RC_ASSERT(mine->alt_names() == openssl_names(openssl.get()));
        RC_ASSERT(!mine->has_basic_constraints());
        RC_ASSERT(mine->extensions().size() == (mine->alt_names().empty() ? 0U : 1U));
        RC_ASSERT(in_one_pass->content == signed_part(openssl.get()));
    }
}

RC_GTEST_PROP(Quick, ReadsRequestsAsOpenSslDoes, ()) {
    same_reading(damaged(some_request()));
}

/// The shorter, the more of it is what the pass looks at, and not what it hands on.
RC_GTEST_PROP(Quick, ReadsShortRequestsAsOpenSslDoes, ()) {
    Csr::Spec spec;
    spec.subject.common_name = *rc::gen::element<std::string>("", "web");
    spec.alt_names.uris = *rc::gen::elementOf(std::vector<std::vector<std::string>>{{}, {"a:b"}});
    same_reading(damaged(Csr::make(spec, key_of(KeyType::p256)).der()));
}

TEST(Quick, ReadsAMeshsRequestInOnePass) {
    const Key& key = key_of(KeyType::p256);
    Csr::Spec spec;
    for (const auto* name : {"", "web"}) {
        spec.subject.common_name = name;
        for (const auto* uri : {"spiffe://example.org/ns/default/sa/web", ""}) {
            spec.alt_names.uris = std::vector<std::string>(*uri == '\0' ? 0 : 1, uri);
            const auto der = Csr::make(spec, key).der();
            const auto read = quick::read_request(der);
            ASSERT_TRUE(read.has_value());
            EXPECT_EQ(read->subject, spec.subject);
            EXPECT_EQ(read->alt_names, spec.alt_names);
            EXPECT_EQ(read->point, *key.public_key().point());
            EXPECT_TRUE(require(Csr::from_der(der)).signature_valid());
        }
    }
}

TEST(Quick, LeavesOtherRequestsToOpenSsl) {
    Csr::Spec spec;
    spec.alt_names.uris = {"spiffe://example.org/ns/default/sa/web"};
    const auto usual = Csr::make(spec, key_of(KeyType::p256)).der();
    std::vector<std::string> others = {"",
                                       usual + '\0',
                                       usual.substr(0, usual.size() - 1),
                                       Csr::make(spec, key_of(KeyType::p384)).der(),
                                       Csr::make(spec, key_of(KeyType::rsa_2048)).der(),
                                       Csr::make(spec, key_of(KeyType::ed25519)).der()};
    spec.alt_names.uris = {"a:b"};
    const auto brief = Csr::make(spec, key_of(KeyType::p256)).der();
    ASSERT_EQ(brief[1], '\x81');
    auto longer = brief;  // the same in BER: a length that could be shorter
    longer.replace(1, 1, std::string("\x82\0", 2));
    others.push_back(longer);
    auto other = spec;
    other.extensions = {{"2.5.29.19", false, {0x30, 0x00}}};  // basicConstraints
    others.push_back(Csr::make(other, key_of(KeyType::p256)).der());
    other = spec;
    other.digest = "sha384";
    others.push_back(Csr::make(other, key_of(KeyType::p256)).der());
    other = spec;
    other.alt_names.ips = {"10.0.0.1"};
    others.push_back(Csr::make(other, key_of(KeyType::p256)).der());
    other = spec;
    other.subject.user_ids = {"web"};
    others.push_back(Csr::make(other, key_of(KeyType::p256)).der());
    for (std::size_t i = 0; i < others.size(); ++i) {
        EXPECT_FALSE(quick::read_request(others[i]).has_value()) << i;
    }
    EXPECT_EQ(require(Csr::from_der(longer)).der(), brief);
}

RC_GTEST_PROP(Quick, SeesThatAnotherKeySigned, ()) {
    const auto der = signed_by_another();
    RC_ASSERT(!require(Csr::from_der(der)).signature_valid());
    same_reading(der);
}

RC_GTEST_PROP(Quick, ReadsCertificatesAsOpenSslDoes, ()) {
    const Key& issuer_key = key_of(*key_type());
    const auto issuer = ca_with(issuer_key);
    const auto subject = key_of(*key_type()).public_key();
    const auto der = damaged(sign_certificate(some_spec(), subject, issuer_key, &issuer).der());
    const auto mine = Certificate::from_der(der);
    const auto openssl = openssl_certificate(der);
    const bool readable_times = openssl != nullptr &&
                                readable(X509_get0_notBefore(openssl.get())) &&
                                readable(X509_get0_notAfter(openssl.get()));
    RC_ASSERT(mine.has_value() == readable_times);
    RC_CLASSIFY(mine.has_value(), "readable");
    if (!mine) {
        return;
    }
    RC_ASSERT(mine->der() == to_der(i2d_X509, openssl.get()));
    RC_ASSERT(our_key(mine->public_key()) == openssl_key(X509_get0_pubkey(openssl.get())));
    const bool names = X509_NAME_cmp(X509_get_issuer_name(openssl.get()),
                                     X509_get_subject_name(issuer.native())) == 0;
    const bool verified = X509_verify(openssl.get(), issuer_key.native()) == 1;
    ERR_clear_error();
    RC_ASSERT(mine->signed_by(issuer) == (names && verified));
    RC_CLASSIFY(verified, "valid");
}

// ---- chains ----

/// What the quick way accepts, the general way accepts, by the same path.
RC_GTEST_PROP(Quick, AcceptsOnlyWhatOpenSslAccepts, ()) {
    static const Pki pki;
    ChainQuestion question;
    question.intermediates = {pki.intermediate.certificate};
    question.all_anchors = *rc::gen::arbitrary<bool>();
    question.trust = {pki.root.certificate};
    if (*rc::gen::arbitrary<bool>()) {
        question.trust.push_back(pki.intermediate.certificate);
    }
    if (question.all_anchors && *rc::gen::arbitrary<bool>()) {
        question.trust = {pki.intermediate.certificate};
    }
    question.at = now;
    question.purpose =
        *rc::gen::elementOf(std::vector{Purpose::any, Purpose::tls_client, Purpose::tls_server});
    question.leaf = pki.leaf("web").leaf;
    RC_ASSERT(verify_chain(question).accepted());  // from here on its CA is known
    RC_ASSERT(quick::chain(question).has_value());

    auto spec = *rc::gen::arbitrary<bool>() ? mesh_leaf() : some_spec();
    if (*rc::gen::arbitrary<bool>()) {
        spec.not_before = now - 24h;
        spec.not_after = now + std::chrono::seconds(*rc::gen::inRange(-2, 3));
    }
    const auto issuer =
        rc::gen::weightedElement<const Issuer*>({{8, &pki.intermediate}, {1, &pki.root}});
    const auto *signer = *issuer, *named = *issuer;
    const auto leaf =
        sign_certificate(spec, key_of(*key_type()).public_key(), signer->key, &named->certificate);
    const auto read =
        Certificate::from_der(*rc::gen::arbitrary<bool>() ? leaf.der() : damaged(leaf.der()));
    if (!read) {
        return;
    }
    question.leaf = *read;
    if (*rc::gen::inRange(0, 8) == 0) {
        question.trust.push_back(question.leaf);
    }
    const auto quick = quick::chain(question);
    const auto general = general_verdict(question);
    RC_CLASSIFY(general.accepted(), "accepted");
    RC_CLASSIFY(quick.has_value(), "quick");
    if (quick) {
        RC_ASSERT(quick->accepted());
        RC_ASSERT(general.accepted());
        RC_ASSERT(quick->path == general.path);
    }
}

/// A refusal is kept; at whatever date it is asked again, the answer is the general way's.
RC_GTEST_PROP(Quick, ARefusalIsWhatOpenSslSaysAtEachDate, ()) {
    static const Pki pki;
    static const Pki foreign;
    ChainQuestion question;
    question.all_anchors = *rc::gen::arbitrary<bool>();
    const auto& believed = *rc::gen::arbitrary<bool>() ? pki : foreign;
    question.trust = {believed.root.certificate};
    if (*rc::gen::arbitrary<bool>()) {
        question.intermediates = {pki.intermediate.certificate};
    }
    auto spec = mesh_leaf();
    spec.not_before = now + std::chrono::seconds(*rc::gen::inRange(-3, 4));
    spec.not_after = spec.not_before + std::chrono::seconds(*rc::gen::inRange(0, 6));
    question.leaf = sign_certificate(spec, key_of(KeyType::p256).public_key(),
                                     pki.intermediate.key, &pki.intermediate.certificate);
    const auto edges = std::vector{spec.not_before, spec.not_after, pki.root.certificate.not_after(),
                                   pki.intermediate.certificate.not_after(), now};
    for (const int seconds : *rc::gen::container<std::vector<int>>(8, rc::gen::inRange(-3, 4))) {
        question.at = *rc::gen::elementOf(edges) + std::chrono::seconds(seconds);
        question.purpose = *rc::gen::elementOf(std::vector{Purpose::any, Purpose::tls_client});
        const auto told = verify_chain(question);
        const auto again = verify_chain(question);
        const auto general = general_verdict(question);
        RC_CLASSIFY(quick::refused_before(question).has_value(), "kept");
        for (const auto* one : {&told, &again}) {
            RC_ASSERT(one->fault == general.fault);
            RC_ASSERT(one->detail == general.detail);
            RC_ASSERT(one->path == general.path);
        }
    }
}

/// What is an anchor where every certificate of the trust store is one is none where only roots
/// are.
TEST(Quick, TellsAnchorsApart) {
    const Pki pki;
    ChainQuestion question;
    question.leaf = pki.leaf("web").leaf;
    question.trust = {pki.intermediate.certificate};
    question.at = now;
    question.all_anchors = true;
    ASSERT_TRUE(verify_chain(question).accepted());
    EXPECT_TRUE(quick::chain(question).has_value());
    question.all_anchors = false;
    EXPECT_FALSE(quick::chain(question).has_value());
    EXPECT_FALSE(verify_chain(question).accepted());
    question.all_anchors = true;
    question.trust.push_back(question.leaf);  // where its path ends, OpenSSL says
    EXPECT_FALSE(quick::chain(question).has_value());
    EXPECT_TRUE(verify_chain(question).accepted());
    EXPECT_FALSE(quick::chain(question).has_value());
}

RC_GTEST_PROP(Quick, ReadsPemAsOpenSslDoes, ()) {
    const auto text = damaged(pem_block("CERTIFICATE REQUEST", some_request()));
    const auto quick = quick::pem_content(text, "CERTIFICATE REQUEST");
    RC_CLASSIFY(quick.has_value(), "quick");
    if (quick) {
        const auto blocks = pem_blocks(text);
        RC_ASSERT(blocks.size() == 1U);
        RC_ASSERT(blocks.front().der == *quick);
    }
}

/// After a thousand signatures a table verifies: the same verdicts again.
TEST(Quick, ATableVerifiesAsOpenSslDoes) {
    const auto key = Key::generate(KeyType::p256);
    const auto& point = *key.public_key().point();
    const Bytes message{1, 2, 3};
    constexpr std::string_view ecdsa("\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02", 12);
    const auto signature = sign_as(ecdsa, as_text(message), key).value();
    const auto verify = [&](const Bytes& text, const std::string& claimed) {
        return quick::verify(point, text, as_bytes(claimed), quick::Signer::authority);
    };
    for (int i = 0; i < 1001; ++i) {
        ASSERT_TRUE(verify(message, signature));
    }
    EXPECT_TRUE(rc::check([&] {
        const auto text = *rc::gen::arbitrary<Bytes>();
        auto claimed = sign_as(ecdsa, as_text(text), key).value();
        RC_ASSERT(verify(text, claimed));
        claimed = damaged(claimed);
        RC_ASSERT(verify(text, claimed) ==
                  quick::verify(point, text, as_bytes(claimed), quick::Signer::anyone));
    }));
}

TEST(Quick, APointOffTheCurveIsNoKey) {
    auto point = *Key::generate(KeyType::p256).public_key().point();
    EXPECT_TRUE(quick::on_curve(point));
    point.back() ^= 1;
    EXPECT_FALSE(quick::on_curve(point));
}

TEST(Quick, AKeyOfAPointIsTheKey) {
    const auto key = Key::generate(KeyType::p256);
    const PublicKey made(*key.public_key().point());
    EXPECT_EQ(made, key.public_key());
    EXPECT_EQ(made.pem(), PublicKey(std::shared_ptr<EVP_PKEY>(key.native(), [](auto*) {})).pem());
    EXPECT_EQ(made.key_id(), key.public_key().key_id());
    EXPECT_EQ(EVP_PKEY_eq(made.native(), key.native()), 1);
}

}  // namespace
}  // namespace meshproof::crypto
