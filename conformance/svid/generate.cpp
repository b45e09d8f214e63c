// Makes the X509-SVID vectors anew: `meshproof_svid_vectors conformance/svid/vectors`.
//
// Dates are fixed, keys and signatures are fresh at every run (docs/svid-vectors.md).
#include <cstdio>
#include <filesystem>
#include <functional>

#include "conformance/svid/vectors.hpp"
#include "core/base/text.hpp"

namespace meshproof::conformance::svid {
namespace {

using crypto::Certificate;
using crypto::CertificateSpec;
using crypto::Key;
using crypto::KeyType;
using spiffe::RuleLevel;
using namespace std::chrono_literals;

using Change = std::function<void(CertificateSpec&)>;
using Words = std::vector<std::string>;
using Chain = std::vector<Certificate>;

Time date(std::string_view text) {
    return parse_rfc3339(text).value();
}

const Time now = date("2030-06-01T12:00:00Z");
const std::string domain = "example.org";
const std::string web = "spiffe://example.org/ns/default/sa/web";

void nothing(CertificateSpec& /*spec*/) {}

Change uris(Words names) {
    return [names = std::move(names)](CertificateSpec& spec) { spec.alt_names.uris = names; };
}
Change uri(std::string name) {
    return uris({std::move(name)});
}
Change usage(unsigned bits) {
    return [bits](CertificateSpec& spec) { spec.key_usage = bits; };
}
Change purposes(Words oids) {
    return [oids = std::move(oids)](CertificateSpec& spec) { spec.extended_key_usage = oids; };
}
Change period(std::string_view from, std::string_view to) {
    return [from = date(from), to = date(to)](CertificateSpec& spec) {
        spec.not_before = from;
        spec.not_after = to;
    };
}
Change digest(std::string name) {
    return [name = std::move(name)](CertificateSpec& spec) { spec.digest = name; };
}
Change extra(std::string oid, bool critical, std::string value) {
    const auto bytes = as_bytes(value);
    return [extension = crypto::RawExtension{.oid = std::move(oid),
                                             .critical = critical,
                                             .value = Bytes(bytes.begin(), bytes.end())}](
               CertificateSpec& spec) { spec.extra.push_back(extension); };
}
Change both(Change one, Change other) {
    return [one = std::move(one), other = std::move(other)](CertificateSpec& spec) {
        one(spec);
        other(spec);
    };
}

// --- DER, for extensions that no CertificateSpec writes ---

std::string der(unsigned char tag, std::string_view content) {
    std::string out(1, static_cast<char>(tag));
    if (content.size() < 0x80) {
        out += static_cast<char>(content.size());
    } else {
        out += static_cast<char>(0x82);
        out += static_cast<char>(content.size() >> 8U);
        out += static_cast<char>(content.size() & 0xffU);
    }
    return out.append(content);
}

constexpr unsigned char sequence = 0x30;
constexpr unsigned char dns_name = 0x82;
constexpr unsigned char uri_name = 0x86;
constexpr std::string_view san_oid = "2.5.29.17";
constexpr std::string_view key_usage_oid = "2.5.29.15";
constexpr std::string_view basic_constraints_oid = "2.5.29.19";
constexpr std::string_view extended_key_usage_oid = "2.5.29.37";
constexpr std::string_view name_constraints_oid = "2.5.29.30";

std::string san(const Words& names) {
    std::string list;
    for (const auto& name : names) {
        list += der(uri_name, name);
    }
    return der(sequence, list);
}

Change name_constraints(const Words& permitted, const Words& excluded) {
    const auto subtrees = [](const Words& hosts) {
        std::string list;
        for (const auto& host : hosts) {
            list += der(sequence, der(uri_name, host));
        }
        return list;
    };
    std::string value;
    if (!permitted.empty()) {
        value += der(0xa0, subtrees(permitted));
    }
    if (!excluded.empty()) {
        value += der(0xa1, subtrees(excluded));
    }
    return extra(std::string(name_constraints_oid), true, der(sequence, value));
}

// --- certificates ---

struct Authority {
    Certificate certificate;
    Key key;
};

CertificateSpec signing_spec(std::string_view name, const std::string& trust_domain) {
    CertificateSpec spec;
    spec.subject.organization = {"meshproof vectors"};
    spec.subject.common_name = name;
    spec.not_before = date("2030-01-01T00:00:00Z");
    spec.not_after = date("2040-01-01T00:00:00Z");
    spec.is_ca = true;
    spec.key_usage = crypto::cert_sign | crypto::crl_sign;
    spec.alt_names.uris = {"spiffe://" + trust_domain};
    return spec;
}

struct AuthorityPlan {
    std::string name;
    std::string trust_domain = domain;
    const Authority* issuer = nullptr;  ///< self-signed without
    Change change = nothing;
    KeyType key = KeyType::p256;
    std::optional<Key> same_key{};  ///< instead of a fresh one
};

Authority authority(const AuthorityPlan& plan) {
    auto spec = signing_spec(plan.name, plan.trust_domain);
    plan.change(spec);
    const Key key = plan.same_key ? *plan.same_key : Key::generate(plan.key);
    if (plan.same_key) {
        spec.serial = {0x51, 0x02};  // another certificate for the same key
    }
    auto certificate = crypto::sign_certificate(
        spec, key.public_key(), plan.issuer != nullptr ? plan.issuer->key : key,
        plan.issuer != nullptr ? &plan.issuer->certificate : nullptr);
    return {std::move(certificate), key};
}

CertificateSpec leaf_spec() {
    CertificateSpec spec;
    spec.subject.organization = {"meshproof vectors"};
    spec.not_before = date("2030-06-01T00:00:00Z");
    spec.not_after = date("2030-06-02T00:00:00Z");
    spec.is_ca = false;
    spec.key_usage = crypto::digital_signature;
    spec.extended_key_usage = {std::string(crypto::eku_server_auth),
                               std::string(crypto::eku_client_auth)};
    spec.alt_names.uris = {web};
    return spec;
}

Authority make_leaf(const Authority& issuer, const Change& change, KeyType type = KeyType::p256) {
    auto spec = leaf_spec();
    change(spec);
    const auto key = Key::generate(type);
    return {crypto::sign_certificate(spec, key.public_key(), issuer.key, &issuer.certificate), key};
}

/// The same certificate with a bit of its signature turned.
Certificate spoiled(const Certificate& certificate) {
    auto bytes = certificate.der();
    bytes.back() = static_cast<char>(bytes.back() ^ 1);
    return require(Certificate::from_der(bytes));
}

Vector::Bundle bundle(const Chain& authorities) {
    return {.pem = crypto::to_pem(authorities), .jwks = {}};
}
Vector::Bundle jwks(const nlohmann::json& document) {
    return {.pem = {}, .jwks = document.dump()};
}
nlohmann::json entry(const Certificate& certificate) {
    return nlohmann::json::parse(spiffe::write_bundle(std::span(&certificate, 1)))["keys"][0];
}

using Bundles = std::map<std::string, Vector::Bundle>;

struct Case {
    std::string id;
    std::string description;
    Words rules{};  ///< without: those that are broken
    Words broken{};
    std::optional<bool> accepted{};  ///< without: if nothing is broken
    RuleLevel level = RuleLevel::must;
    std::string notes{};
    Change change = nothing;  ///< to the leaf
    KeyType key = KeyType::p256;
    const Authority* issuer = nullptr;  ///< without: the usual intermediate
    std::optional<Chain> chain{};       ///< without: the usual intermediate
    std::optional<Bundles> bundles{};   ///< without: example.org's usual root
    Time at = now;
    std::optional<std::string> trust_domain = domain;
    std::optional<Authority> leaf{};  ///< instead of one made by `change`, `key` and `issuer`
};

constexpr auto should = RuleLevel::should;
constexpr auto optional = RuleLevel::optional;

class Book {
  public:
    void add(const Case& plan) {
        const Authority leaf = plan.leaf
                                   ? *plan.leaf
                                   : make_leaf(plan.issuer != nullptr ? *plan.issuer : intermediate,
                                               plan.change, plan.key);
        Vector vector;
        vector.id = plan.id;
        vector.description = plan.description;
        vector.rules = plan.rules.empty() ? plan.broken : plan.rules;
        vector.broken = plan.broken;
        vector.accepted = plan.accepted.value_or(plan.broken.empty());
        vector.level = plan.level;
        vector.notes = plan.notes;
        vector.validation_time = plan.at;
        vector.trust_domain = plan.trust_domain;
        if (vector.accepted) {
            vector.spiffe_id =
                require(spiffe::SpiffeId::parse(leaf.certificate.alt_names().uris.front())).text();
        }
        vector.bundles = plan.bundles.value_or(Bundles{{domain, bundle({root.certificate})}});
        vector.leaf = leaf.certificate.pem();
        for (const auto& signer : plan.chain.value_or(Chain{intermediate.certificate})) {
            vector.chain.push_back(signer.pem());
        }
        vector.leaf_key = leaf.key.pkcs8_pem();
        vectors.push_back(std::move(vector));
    }

    const Authority root = authority({.name = "root"});
    const Authority intermediate = authority({.name = "intermediate", .issuer = &root});
    std::vector<Vector> vectors;
};

// --- good ones ---

void good_paths(Book& book) {
    const auto& root = book.root;
    const auto& intermediate = book.intermediate;
    const auto second = authority({.name = "second intermediate", .issuer = &intermediate});
    const auto third = authority({.name = "third intermediate", .issuer = &second});
    book.add({.id = "path/root-issued",
              .description = "The root itself signed the leaf.",
              .rules = {"V1"},
              .issuer = &root,
              .chain = Chain{}});
    book.add({.id = "path/one-intermediate",
              .description = "The usual shape: leaf, intermediate, root.",
              .rules = {"V1", "V7"}});
    book.add({.id = "path/two-intermediates",
              .description = "Leaf, two intermediates, root.",
              .rules = {"V1", "C8"},
              .issuer = &second,
              .chain = Chain{second.certificate, intermediate.certificate}});
    book.add({.id = "path/three-intermediates",
              .description = "Leaf, three intermediates, root.",
              .rules = {"V1", "C8"},
              .issuer = &third,
              .chain = Chain{third.certificate, second.certificate, intermediate.certificate}});
    book.add({.id = "path/chain-out-of-order",
              .description = "Two intermediates, sent in the wrong order.",
              .rules = {"V1"},
              .level = should,
              .notes = "TLS 1.3 (RFC 8446 4.4.2) wants readers to cope with any order.",
              .issuer = &second,
              .chain = Chain{intermediate.certificate, second.certificate}});
    book.add({.id = "path/chain-with-root",
              .description = "The root is sent along.",
              .rules = {"V1"},
              .chain = Chain{intermediate.certificate, root.certificate}});
    book.add(
        {.id = "path/chain-with-stranger",
         .description = "A certificate that has nothing to do with the path is sent along.",
         .rules = {"V1"},
         .level = optional,
         .notes = "RFC 8446 4.4.2 wants readers to cope with extraneous certificates.",
         .chain = Chain{intermediate.certificate, authority({.name = "stranger"}).certificate}});
    book.add({.id = "path/chain-with-intermediate-twice",
              .description = "The intermediate is sent twice.",
              .rules = {"V1"},
              .level = optional,
              .chain = Chain{intermediate.certificate, intermediate.certificate}});
    const auto twin = authority({.name = "intermediate", .issuer = &root});
    book.add({.id = "path/two-intermediates-of-one-name",
              .description = "Two intermediates with the same name and other keys are sent; only "
                             "the second signed the leaf.",
              .rules = {"V1"},
              .chain = Chain{twin.certificate, intermediate.certificate}});
    const auto twin_root = authority({.name = "root"});
    book.add({.id = "path/two-roots-of-one-name",
              .description = "The bundle has two roots with the same name and other keys, as while "
                             "a root is rotated; the second is the one.",
              .rules = {"V1", "V7"},
              .bundles = Bundles{{domain, bundle({twin_root.certificate, root.certificate})}}});
    book.add({.id = "path/two-roots",
              .description = "The bundle has two roots, one of them the path's.",
              .rules = {"V1", "V7"},
              .bundles = Bundles{{domain, bundle({authority({.name = "old root"}).certificate,
                                                  root.certificate})}}});
    book.add({.id = "path/authority-not-self-signed",
              .description = "The bundle's only authority is the intermediate.",
              .rules = {"V1", "B2"},
              .level = should,
              .notes =
                  "A bundle's certificates should be self-signed (B2); RFC 5280 6.1.1 lets any "
                  "be a trust anchor.",
              .chain = Chain{},
              .bundles = Bundles{{domain, bundle({intermediate.certificate})}}});
    book.add({.id = "path/root-and-intermediate-in-bundle",
              .description = "The bundle has the intermediate beside the root; the peer sends its "
                             "leaf alone.",
              .rules = {"V1", "V7"},
              .level = should,
              .chain = Chain{},
              .bundles = Bundles{{domain, bundle({root.certificate, intermediate.certificate})}}});
    book.add(
        {.id = "path/domain-among-others",
         .description = "Bundles of three trust domains; the leaf's is the second.",
         .rules = {"V7"},
         .bundles = Bundles{
             {"a.example.org",
              bundle({authority({.name = "a", .trust_domain = "a.example.org"}).certificate})},
             {domain, bundle({root.certificate})},
             {"z.example.org",
              bundle({authority({.name = "z", .trust_domain = "z.example.org"}).certificate})}}});
    book.add({.id = "path/root-of-two-domains",
              .description = "Two trust domains share one root; the leaf is of one of them.",
              .rules = {"V7"},
              .bundles = Bundles{{domain, bundle({root.certificate})},
                                 {"prod.example.org", bundle({root.certificate})}}});
}

void good_cross_signed(Book& book) {
    const auto& root = book.root;
    const auto old_root = authority({.name = "old root"});
    const auto crossed = authority({.name = "root", .issuer = &old_root, .same_key = root.key});
    book.add({.id = "path/cross-signed-to-the-old-root",
              .description =
                  "The bundle has only the old root, which has cross-signed the new one; "
                  "the cross certificate is sent along.",
              .rules = {"V1", "C8"},
              .chain = Chain{book.intermediate.certificate, crossed.certificate},
              .bundles = Bundles{{domain, bundle({old_root.certificate})}}});
    book.add({.id = "path/cross-signed-to-the-new-root",
              .description =
                  "The cross certificate is sent along to a reader that has only the new "
                  "root.",
              .rules = {"V1"},
              .chain = Chain{book.intermediate.certificate, crossed.certificate}});
    const auto ended = authority({.name = "root",
                                  .issuer = &old_root,
                                  .change = period("2030-01-01T00:00:00Z", "2030-05-01T00:00:00Z"),
                                  .same_key = root.key});
    book.add({.id = "path/cross-signed-expired",
              .description = "The cross certificate that is sent along has expired; the new root, "
                             "which the reader has, makes another path.",
              .rules = {"V1"},
              .level = should,
              .notes =
                  "RFC 5280 6 validates paths and does not say how to find them; a reader that "
                  "tries only the path as sent refuses.",
              .chain = Chain{book.intermediate.certificate, ended.certificate},
              .bundles = Bundles{{domain, bundle({old_root.certificate, root.certificate})}}});
    const auto foreign = authority({.name = "foreign root", .trust_domain = "example.com"});
    const auto adopted = authority({.name = "root", .issuer = &foreign, .same_key = root.key});
    book.add({.id = "path/cross-signed-by-another-domain",
              .description =
                  "example.com's root signed example.org's, and example.org's bundle has "
                  "that root of example.com.",
              .rules = {"C7", "C8"},
              .level = should,
              .notes = "C7 is broken, and is a rule that one should keep.",
              .chain = Chain{book.intermediate.certificate, adopted.certificate},
              .bundles = Bundles{{domain, bundle({foreign.certificate})}}});
}

void good_keys(Book& book) {
    for (const auto& [type, name] :
         {std::pair(KeyType::p384, "EC P-384"), std::pair(KeyType::p521, "EC P-521"),
          std::pair(KeyType::rsa_2048, "RSA 2048"), std::pair(KeyType::rsa_3072, "RSA 3072"),
          std::pair(KeyType::ed25519, "Ed25519")}) {
        book.add({.id = fmt::format("key/leaf-{}", to_string(type)),
                  .description = fmt::format("The leaf's key is {}.", name),
                  .rules = {"V1"},
                  .level = type == KeyType::ed25519 ? optional : RuleLevel::must,
                  .key = type});
    }
    for (const auto& [type, name] :
         {std::pair(KeyType::p384, "EC P-384"), std::pair(KeyType::rsa_2048, "RSA 2048"),
          std::pair(KeyType::ed25519, "Ed25519")}) {
        const auto root = authority({.name = "root", .key = type});
        book.add({.id = fmt::format("key/root-{}", to_string(type)),
                  .description = fmt::format("The root's key is {}, the leaf's EC P-256.", name),
                  .rules = {"V1"},
                  .level = type == KeyType::ed25519 ? optional : RuleLevel::must,
                  .issuer = &root,
                  .chain = Chain{},
                  .bundles = Bundles{{domain, bundle({root.certificate})}}});
    }
    const auto rsa =
        authority({.name = "root", .change = digest("sha512"), .key = KeyType::rsa_2048});
    book.add({.id = "key/rsa-sha512",
              .description = "An RSA root that signs with SHA-512.",
              .rules = {"V1"},
              .change = digest("sha512"),
              .issuer = &rsa,
              .chain = Chain{},
              .bundles = Bundles{{domain, bundle({rsa.certificate})}}});
}

void good_leaves(Book& book) {
    const auto server = std::string(crypto::eku_server_auth);
    const auto client = std::string(crypto::eku_client_auth);
    book.add({.id = "leaf/empty-subject",
              .description = "An empty subject, and a critical SAN.",
              .rules = {"L4"},
              .change = [](auto& spec) { spec.subject = {}; }});
    book.add({.id = "leaf/subject-with-critical-san",
              .description = "A subject, and a critical SAN all the same.",
              .rules = {"L4"},
              .change = extra(std::string(san_oid), true, san({web}))});
    book.add({.id = "leaf/common-name",
              .description = "The subject has a common name.",
              .rules = {"L1"},
              .change = [](auto& spec) { spec.subject.common_name = "web.default.svc"; }});
    book.add({.id = "leaf/dns-sans",
              .description = "Two DNS SANs beside the URI.",
              .rules = {"L2"},
              .change = [](auto& spec) {
                  spec.alt_names.dns = {"web.default.svc", "web.default.svc.cluster.local"};
              }});
    book.add({.id = "leaf/ip-san",
              .description = "An IPv4 and an IPv6 SAN beside the URI.",
              .rules = {"L2"},
              .change = [](auto& spec) { spec.alt_names.ips = {"10.0.0.7", "2001:db8::7"}; }});
    book.add({.id = "leaf/email-san",
              .description = "An e-mail SAN beside the URI.",
              .rules = {"L2"},
              .change = [](auto& spec) { spec.alt_names.emails = {"web@example.org"}; }});
    book.add({.id = "leaf/other-name-san",
              .description = "An otherName SAN (a user principal name) beside the URI.",
              .rules = {"L2"},
              .change = [](auto& spec) {
                  spec.alt_names.others = {{"1.3.6.1.4.1.311.20.2.3", "web@example.org"}};
              }});
    book.add(
        {.id = "leaf/basic-constraints-absent",
         .description = "No basicConstraints: RFC 5280 4.2.1.9 has such a certificate as no CA.",
         .rules = {"L5", "V3"},
         .notes = "Vault's and OpenBao's roles make leaves like this.",
         .change = [](auto& spec) { spec.is_ca.reset(); }});
    book.add({.id = "leaf/basic-constraints-not-critical",
              .description = "basicConstraints without cA and not critical.",
              .rules = {"L5"},
              .change = extra(std::string(basic_constraints_oid), false, der(sequence, ""))});
    book.add({.id = "leaf/key-encipherment",
              .description = "An RSA leaf with keyEncipherment.",
              .rules = {"L8"},
              .change = usage(crypto::digital_signature | crypto::key_encipherment),
              .key = KeyType::rsa_2048});
    book.add({.id = "leaf/key-agreement",
              .description = "An EC leaf with keyAgreement.",
              .rules = {"L8"},
              .change = usage(crypto::digital_signature | crypto::key_agreement)});
    book.add(
        {.id = "leaf/vault-default-usages",
         .description = "digitalSignature, keyEncipherment and keyAgreement: what Vault's roles "
                        "give.",
         .rules = {"L7", "L8"},
         .change =
             usage(crypto::digital_signature | crypto::key_encipherment | crypto::key_agreement)});
    book.add({.id = "leaf/content-commitment",
              .description = "contentCommitment beside digitalSignature: no rule speaks of it.",
              .rules = {"L7"},
              .level = optional,
              .change = usage(crypto::digital_signature | crypto::content_commitment)});
    book.add({.id = "leaf/eku-absent",
              .description = "No extKeyUsage, which one should have.",
              .rules = {"L11", "L12"},
              .change = purposes({})});
    book.add({.id = "leaf/eku-critical",
              .description = "A critical extKeyUsage.",
              .rules = {"L11"},
              .change = extra(std::string(extended_key_usage_oid), true,
                              der(sequence, der(6, "\x2b\x06\x01\x05\x05\x07\x03\x01") +
                                                der(6, "\x2b\x06\x01\x05\x05\x07\x03\x02")))});
    book.add({.id = "leaf/eku-with-a-third",
              .description = "extKeyUsage has emailProtection beside the two.",
              .rules = {"L12"},
              .change = purposes({server, client, "1.3.6.1.5.5.7.3.4"})});
    book.add({.id = "leaf/eku-client-first",
              .description = "clientAuth before serverAuth.",
              .rules = {"L12"},
              .change = purposes({client, server})});
    book.add({.id = "leaf/no-key-ids",
              .description = "No subjectKeyIdentifier and no authorityKeyIdentifier.",
              .rules = {"V1"},
              .level = should,
              .change = [](auto& spec) {
                  spec.subject_key_id = false;
                  spec.authority_key_id = false;
              }});
    book.add({.id = "leaf/urls",
              .description = "CRL, OCSP and issuer URLs.",
              .rules = {"V1"},
              .change = [](auto& spec) {
                  spec.crl_urls = {"http://ca.example.org/crl"};
                  spec.ocsp_urls = {"http://ca.example.org/ocsp"};
                  spec.issuing_certificate_urls = {"http://ca.example.org/ca"};
              }});
    book.add({.id = "leaf/policies",
              .description = "A certificate policy.",
              .rules = {"V1"},
              .change = [](auto& spec) { spec.policy_oids = {"1.3.6.1.4.1.11129.2.5.3"}; }});
    book.add({.id = "leaf/unknown-extension",
              .description = "An extension that nobody knows, not critical.",
              .rules = {"V1"},
              .change = extra("1.3.6.1.4.1.99999.1", false, der(5, ""))});
    book.add({.id = "leaf/serial-of-20-bytes",
              .description = "The longest serial number, 20 bytes.",
              .rules = {"V1"},
              .change = [](auto& spec) { spec.serial = Bytes(20, 0x7f); }});
    book.add({.id = "leaf/lives-a-second",
              .description = "The leaf begins and ends in the second of validation.",
              .rules = {"V1"},
              .change = period("2030-06-01T12:00:00Z", "2030-06-01T12:00:00Z")});
    book.add({.id = "leaf/outlives-its-issuer",
              .description = "The leaf ends after its issuer; both are valid now.",
              .rules = {"V1"},
              .notes = "RFC 5280 asks that each certificate is valid now, not that one lies in the "
                       "other.",
              .change = period("2030-06-01T00:00:00Z", "2050-01-02T00:00:00Z")});
}

void good_ids(Book& book) {
    const auto id = [&](std::string name, std::string text, std::string value, Words rules) {
        const auto rest = value.substr(std::string("spiffe://").size());
        const auto trust_domain = rest.substr(0, rest.find('/'));
        const auto root = trust_domain == domain
                              ? book.root
                              : authority({.name = "root", .trust_domain = trust_domain});
        book.add({.id = "id/" + std::move(name),
                  .description = std::move(text),
                  .rules = std::move(rules),
                  .change = uri(value),
                  .issuer = &root,
                  .chain = Chain{},
                  .bundles = Bundles{{trust_domain, bundle({root.certificate})}},
                  .trust_domain = trust_domain});
    };
    const std::string head = web.substr(0, std::string("spiffe://example.org/").size());
    id("2048-bytes", "The longest ID.", head + std::string(2048 - head.size(), 'a'), {"I5"});
    id("domain-of-255-bytes", "The longest trust domain.",
       "spiffe://" + std::string(255, 'd') + "/web", {"I5"});
    id("ipv4-looking", "A trust domain that looks like an IPv4 address.", "spiffe://10.1.2.3/web",
       {"I3"});
    id("single-label", "A trust domain without a dot.", "spiffe://prod/web", {"I2"});
    id("underscore", "A trust domain with an underscore.", "spiffe://prod_1.example.org/web",
       {"I2"});
    id("hyphens", "A trust domain that begins and ends with a hyphen.",
       "spiffe://-prod.example-/web", {"I2"});
    id("digits", "A trust domain of digits.", "spiffe://1234/web", {"I2"});
    id("istio", "Istio's convention.", "spiffe://cluster.local/ns/istio-system/sa/istiod", {"I4"});
    id("path-alphabet", "A path with every character that it may have.",
       head + "abcdefghijklmnopqrstuvwxyz/ABCDEFGHIJKLMNOPQRSTUVWXYZ/0123456789.-_", {"I4"});
    id("path-upper-case", "A path in capitals, which stay.", head + "NS/Default/SA/Web",
       {"I4", "I6"});
    id("path-three-dots",
       "A segment of three dots, which is none of the two that stand for others.", head + ".../web",
       {"I4"});
    id("path-dot-first", "Segments that begin or end with a dot.", head + ".hidden/web.", {"I4"});
    id("path-single-character", "The shortest path.", head + "a", {"I4", "V6"});
    id("path-of-many-segments", "A path of 200 segments.",
       [&] {
           auto value = head + "a";
           for (int i = 1; i < 200; ++i) {
               value += "/a";
           }
           return value;
       }(),
       {"I4"});
    const auto dotted = authority({.name = "root", .trust_domain = ".a..b."});
    book.add({.id = "id/dots",
              .description = "A trust domain with dots in a row and at its ends.",
              .rules = {"I2"},
              .level = optional,
              .notes = "Its alphabet is all that I2 asks; parsers of URIs may want a DNS name.",
              .change = uri("spiffe://.a..b./web"),
              .issuer = &dotted,
              .chain = Chain{},
              .bundles = Bundles{{".a..b.", bundle({dotted.certificate})}},
              .trust_domain = ".a..b."});
    book.add({.id = "id/scheme-upper-case",
              .description = "The scheme in capitals: schemes compare without regard to case.",
              .rules = {"I6", "V5"},
              .level = optional,
              .notes = "RFC 3986 3.1: one should write schemes in lower case and accept both.",
              .change = uri("SPIFFE://example.org/web")});
    book.add({.id = "id/bundle-in-capitals",
              .description = "The reader knows the trust domain under a name in capitals.",
              .rules = {"I6", "V7"},
              .level = optional,
              .bundles = Bundles{{"Example.ORG", bundle({book.root.certificate})}},
              .trust_domain = "Example.ORG"});
}

void good_signing(Book& book) {
    const auto under = [&](std::string name, std::string text, Words rules, Change change,
                           RuleLevel level = RuleLevel::must, std::string notes = {}) {
        const auto signer =
            authority({.name = "intermediate", .issuer = &book.root, .change = std::move(change)});
        book.add({.id = "signing/" + std::move(name),
                  .description = std::move(text),
                  .rules = std::move(rules),
                  .level = level,
                  .notes = std::move(notes),
                  .issuer = &signer,
                  .chain = Chain{signer.certificate}});
    };
    const auto no_id = [](CertificateSpec& spec) { spec.alt_names = {}; };
    under("without-id", "The intermediate has no SPIFFE ID, and should.", {"C5"}, no_id);
    under("dns-san", "The intermediate has a DNS SAN in place of a SPIFFE ID.", {"C5"},
          [](auto& spec) {
              spec.alt_names = {};
              spec.alt_names.dns = {"ca.example.org"};
          });
    under("two-uri-sans", "The intermediate has two SPIFFE IDs, so it is no SVID.", {"C5"},
          uris({"spiffe://example.org", "spiffe://example.com"}), optional,
          "An SVID has exactly one URI SAN; a signing certificate should be one, and need not.");
    under("another-domain", "The intermediate's ID is of another trust domain.", {"C7", "C8"},
          uri("spiffe://ca.example.com"), should);
    under("without-crl-sign", "The intermediate has keyCertSign alone.", {"C2", "C3"},
          usage(crypto::cert_sign));
    under("digital-signature", "The intermediate has digitalSignature too.", {"C2"},
          usage(crypto::cert_sign | crypto::crl_sign | crypto::digital_signature), optional,
          "X509-SVID's appendix has digitalSignature for leaves only, its text does not.");
    under("path-length-0", "The intermediate's pathLen is 0, and it signs a leaf.", {"C4"},
          [](auto& spec) { spec.path_length = 0; });
    under("eku-both", "The intermediate has extKeyUsage with serverAuth and clientAuth.", {"C11"},
          purposes({std::string(crypto::eku_server_auth), std::string(crypto::eku_client_auth)}));
    under("eku-other", "The intermediate's extKeyUsage has codeSigning only.", {"C11"},
          purposes({"1.3.6.1.5.5.7.3.3"}), optional,
          "Some libraries hold an issuer's extKeyUsage against what it signs, RFC 5280 does not.");
    under("name-constraints", "The intermediate may sign for example.org only.", {"C10"},
          name_constraints({domain}, {}), optional,
          "Libraries that cannot do URI name constraints must refuse them, for they are critical.");
    under("name-constraints-excluded", "The intermediate may not sign for example.com.", {"C10"},
          name_constraints({}, {"example.com"}), optional);
    under("name-constraints-two", "The intermediate may sign for example.com and example.org.",
          {"C10"}, name_constraints({"example.com", domain}, {}), optional);
    under("until-2060", "The intermediate ends after 2049, so as GeneralizedTime.", {"V1"},
          period("2030-01-01T00:00:00Z", "2060-01-01T00:00:00Z"));
    under("unknown-extension", "The intermediate has an unknown extension, not critical.", {"V1"},
          extra("1.3.6.1.4.1.99999.1", false, der(5, "")));
    under(
        "name-of-the-root", "The intermediate has the root's own name: self-issued.", {"V1"},
        [](auto& spec) { spec.subject.common_name = "root"; }, should);

    const auto limited =
        authority({.name = "root", .change = [](auto& spec) { spec.path_length = 1; }});
    const auto below = authority({.name = "intermediate", .issuer = &limited});
    book.add({.id = "signing/path-length-just-enough",
              .description = "The root's pathLen is 1, and there is one intermediate.",
              .rules = {"C4", "V1"},
              .issuer = &below,
              .chain = Chain{below.certificate},
              .bundles = Bundles{{domain, bundle({limited.certificate})}}});
    const auto nameless = authority({.name = "root", .change = no_id});
    const auto nameless_too =
        authority({.name = "intermediate", .issuer = &nameless, .change = no_id});
    book.add({.id = "signing/no-ids-at-all",
              .description = "Neither root nor intermediate has a SPIFFE ID, as in most meshes.",
              .rules = {"C5"},
              .issuer = &nameless_too,
              .chain = Chain{nameless_too.certificate},
              .bundles = Bundles{{domain, bundle({nameless.certificate})}}});
    const auto foreign = authority({.name = "root of example.com", .trust_domain = "example.com"});
    const auto ours = authority({.name = "intermediate", .issuer = &foreign});
    book.add({.id = "signing/root-of-another-domain",
              .description = "example.org's bundle holds a root with an ID of example.com.",
              .rules = {"C7", "C8"},
              .level = should,
              .issuer = &ours,
              .chain = Chain{ours.certificate},
              .bundles = Bundles{{domain, bundle({foreign.certificate})}}});
    const auto sha1 = authority({.name = "root", .change = digest("sha1")});
    book.add({.id = "signing/sha1-root",
              .description = "The root signed itself with SHA-1, which nobody needs to check.",
              .rules = {"V1"},
              .level = optional,
              .issuer = &sha1,
              .chain = Chain{},
              .bundles = Bundles{{domain, bundle({sha1.certificate})}}});
}

// --- one rule broken ---

void bad_leaves(Book& book) {
    const auto bad = [&](std::string name, std::string text, Words broken, Change change,
                         RuleLevel level = should, std::string notes = {}) {
        book.add({.id = "leaf/" + std::move(name),
                  .description = std::move(text),
                  .broken = std::move(broken),
                  .level = level,
                  .notes = std::move(notes),
                  .change = std::move(change)});
    };
    const auto must = RuleLevel::must;
    bad("no-san", "No SAN at all.", {"L1"}, [](auto& spec) { spec.alt_names = {}; }, must);
    bad(
        "dns-san-only", "A DNS SAN and no URI.", {"L1"},
        [](auto& spec) {
            spec.alt_names = {};
            spec.alt_names.dns = {"web.default.svc"};
        },
        must);
    bad(
        "id-in-common-name", "The ID is the common name, there is no SAN.", {"L1"},
        [](auto& spec) {
            spec.alt_names = {};
            spec.subject.common_name = web;
        },
        must);
    bad("id-in-dns-san", "The ID is written as a DNS SAN.", {"L1"},
        extra(std::string(san_oid), false, der(sequence, der(dns_name, web))), must);
    bad("id-in-issuer-alt-name", "The ID is an issuer's alternative name.", {"L1"},
        both([](auto& spec) { spec.alt_names = {}; }, extra("2.5.29.18", false, san({web}))), must);
    bad("two-uri-sans", "Two SPIFFE IDs of one trust domain.", {"L1", "V2"},
        uris({web, "spiffe://example.org/ns/default/sa/api"}), must);
    bad("two-uri-sans-of-two-domains", "Two SPIFFE IDs of two trust domains.", {"L1", "V2"},
        uris({web, "spiffe://example.com/ns/default/sa/web"}), must);
    bad("same-uri-san-twice", "The same SPIFFE ID twice.", {"L1", "V2"}, uris({web, web}), must);
    bad("uri-san-beside-the-id", "A URI of another scheme after the ID.", {"L1", "V2"},
        uris({web, "https://example.org/web"}), must);
    bad("uri-san-before-the-id", "A URI of another scheme before the ID.", {"L1", "V2"},
        uris({"https://example.org/web", web}), must);
    bad(
        "hundred-uri-sans", "A hundred SPIFFE IDs.", {"L1", "V2"},
        [](auto& spec) {
            for (int i = 0; i < 99; ++i) {
                spec.alt_names.uris.push_back(fmt::format("{}{}", web, i));
            }
        },
        must);
    bad("two-san-extensions", "Two SAN extensions with one ID each.", {"L1"},
        both(extra(std::string(san_oid), false, san({web})),
             extra(std::string(san_oid), false, san({web}))),
        must, "RFC 5280 4.2: an extension is there once only.");
    bad("no-path", "The ID has no path.", {"L3", "V6"}, uri("spiffe://example.org"), must);
    bad("root-path", "The ID's path is \"/\".", {"L3", "V6", "I4"}, uri("spiffe://example.org/"),
        must);
    bad("empty-subject-san-not-critical", "An empty subject, and the SAN is not critical.", {"L4"},
        both([](auto& spec) { spec.subject = {}; }, extra(std::string(san_oid), false, san({web}))),
        should, "A rule for issuers (RFC 5280 4.2.1.6).");
    bad("ca", "cA is true.", {"L5", "V3"}, [](auto& spec) { spec.is_ca = true; }, must);
    bad(
        "ca-with-path-length", "cA is true with pathLen 0.", {"L5", "V3"},
        [](auto& spec) {
            spec.is_ca = true;
            spec.path_length = 0;
        },
        must);
    bad("ca-not-critical", "cA is true in a basicConstraints that is not critical.", {"L5", "V3"},
        extra(std::string(basic_constraints_oid), false, der(sequence, der(1, "\xff"))), must);
    bad("no-key-usage", "No keyUsage.", {"L6"}, [](auto& spec) { spec.key_usage.reset(); });
    bad("key-usage-not-critical", "keyUsage is not critical.", {"L6"},
        extra(std::string(key_usage_oid), false, der(3, "\x07\x80")));
    bad("key-encipherment-only", "keyUsage has keyEncipherment only.", {"L7"},
        usage(crypto::key_encipherment));
    bad("key-agreement-only", "keyUsage has keyAgreement only.", {"L7"},
        usage(crypto::key_agreement));
    bad("content-commitment-only", "keyUsage has contentCommitment only.", {"L7"},
        usage(crypto::content_commitment));
    bad("key-usage-empty", "keyUsage has no bit set.", {"L7", "V1"},
        extra(std::string(key_usage_oid), true, der(3, std::string(1, '\0'))), should,
        "RFC 5280 4.2.1.3 wants at least one bit set, so the path is not valid either.");
    bad("cert-sign", "keyUsage has keyCertSign.", {"L9", "V4"},
        usage(crypto::digital_signature | crypto::cert_sign), must);
    bad("crl-sign", "keyUsage has cRLSign.", {"L10", "V4"},
        usage(crypto::digital_signature | crypto::crl_sign), must);
    bad("cert-sign-and-crl-sign", "keyUsage has keyCertSign and cRLSign.", {"L9", "L10", "V4"},
        usage(crypto::digital_signature | crypto::cert_sign | crypto::crl_sign), must);
    bad("eku-server-only", "extKeyUsage has serverAuth only.", {"L12"},
        purposes({std::string(crypto::eku_server_auth)}));
    bad("eku-client-only", "extKeyUsage has clientAuth only.", {"L12"},
        purposes({std::string(crypto::eku_client_auth)}));
    bad("eku-any-only", "extKeyUsage has anyExtendedKeyUsage only.", {"L12"},
        purposes({"2.5.29.37.0"}), should, "It stands for both, and is neither.");
    bad("eku-email-only", "extKeyUsage has emailProtection only.", {"L12"},
        purposes({"1.3.6.1.5.5.7.3.4"}));
}

void bad_ids(Book& book) {
    const auto bad = [&](std::string name, std::string text, std::string value, Words broken,
                         RuleLevel level = should, std::string notes = {}) {
        book.add({.id = "id/" + std::move(name),
                  .description = std::move(text),
                  .broken = std::move(broken),
                  .level = level,
                  .notes = std::move(notes),
                  .change = uri(std::move(value))});
    };
    const auto must = RuleLevel::must;
    bad("scheme-http", "The scheme is http.", "http://example.org/web", {"V5", "I1"}, must);
    bad("scheme-https", "The scheme is https.", "https://example.org/web", {"V5", "I1"}, must);
    bad("scheme-longer", "The scheme is spiffee.", "spiffee://example.org/web", {"V5", "I1"}, must);
    bad("scheme-shorter", "The scheme is spiff.", "spiff://example.org/web", {"V5", "I1"}, must);
    bad("scheme-missing", "There is no scheme.", "//example.org/web", {"V5", "I1"}, must);
    bad("urn", "The URI is a UUID's URN.", "urn:uuid:6e1dc7a4-17f2-4a8b-9d4e-0c5ad6a1f3b2",
        {"V5", "I1", "I2", "I4"}, must);
    bad("empty", "The URI is empty.", "", {"L3", "V5", "V6", "I1", "I2"}, must);
    bad("query", "The ID has a query.", "spiffe://example.org/web?env=prod", {"I1"});
    bad("query-empty", "The ID has an empty query.", "spiffe://example.org/web?", {"I1"});
    bad("fragment", "The ID has a fragment.", "spiffe://example.org/web#main", {"I1"});
    bad("fragment-empty", "The ID has an empty fragment.", "spiffe://example.org/web#", {"I1"});
    bad("domain-empty", "The trust domain is empty.", "spiffe:///web", {"I2"});
    bad("one-slash", "One slash after the scheme: a path and no trust domain.",
        "spiffe:/example.org/web", {"I2"});
    bad("no-slashes", "No slash after the scheme.", "spiffe:example.org/web", {"I2"});
    bad("domain-upper-case", "The trust domain has capitals.", "spiffe://Example.org/web", {"I2"},
        optional, "It compares equal to the one in lower case (I6), and may not be issued (I2).");
    bad("domain-escape", "The trust domain has a percent escape of a letter.",
        "spiffe://ex%61mple.org/web", {"I2"});
    bad("domain-escaped-slash", "The trust domain has an escaped slash.",
        "spiffe://example.org%2Fweb/a", {"I2"});
    bad("user-info", "The trust domain has a user before it.", "spiffe://web@example.org/web",
        {"I2"});
    bad("user-info-empty", "The trust domain has an empty user before it.",
        "spiffe://@example.org/web", {"I2"});
    bad("password", "The trust domain has user and password before it.",
        "spiffe://web:secret@example.org/web", {"I2"});
    bad("port", "The trust domain has a port.", "spiffe://example.org:8443/web", {"I2"});
    bad("port-empty", "The trust domain has a colon without a port.", "spiffe://example.org:/web",
        {"I2"});
    bad("ipv6", "The trust domain is an IPv6 address.", "spiffe://[2001:db8::7]/web", {"I2", "I3"});
    bad("domain-not-ascii", "The trust domain has a letter that is not ASCII.",
        "spiffe://ex\xc3\xa4mple.org/web", {"I2"});
    bad("domain-space", "The trust domain has a space.", "spiffe://example .org/web", {"I2"});
    bad("domain-star", "The trust domain has a wildcard.", "spiffe://*.example.org/web", {"I2"});
    bad("domain-of-256-bytes", "The trust domain has a byte too many.",
        "spiffe://" + std::string(256, 'd') + "/web", {"I5"});
    bad("2049-bytes", "The ID has a byte too many.",
        "spiffe://example.org/" + std::string(2049 - 21, 'a'), {"I5"}, optional,
        "Readers must take 2048 bytes; more are for issuers to avoid.");
    bad("path-escape", "The path has a percent escape of a letter.", "spiffe://example.org/w%65b",
        {"I4"});
    bad("path-escaped-space", "The path has an escaped space.", "spiffe://example.org/web%20api",
        {"I4"});
    bad("path-escaped-slash", "The path has an escaped slash.", "spiffe://example.org/ns%2Fdefault",
        {"I4"});
    bad("path-escaped-dots", "The path has escaped dots.", "spiffe://example.org/a/%2E%2E/web",
        {"I4"});
    bad("path-two-slashes-first", "The path begins with two slashes.", "spiffe://example.org//web",
        {"I4"});
    bad("path-empty-segment", "The path has an empty segment.",
        "spiffe://example.org/ns//default/web", {"I4"});
    bad("path-dot", "The path has a segment \".\".", "spiffe://example.org/./web", {"I4"});
    bad("path-dot-last", "The path ends with a segment \".\".", "spiffe://example.org/web/.",
        {"I4"});
    bad("path-dots", "The path has a segment \"..\".", "spiffe://example.org/api/../web", {"I4"});
    bad("path-dots-last", "The path ends with a segment \"..\".", "spiffe://example.org/web/..",
        {"I4"});
    bad("trailing-slash", "The path ends with a slash.", "spiffe://example.org/web/", {"I4"});
    for (const auto& [name, value] : std::vector<std::pair<std::string, std::string>>{
             {"colon", "web:v1"},
             {"at", "web@v1"},
             {"tilde", "~web"},
             {"plus", "web+v1"},
             {"comma", "web,api"},
             {"equals", "sa=web"},
             {"semicolon", "web;v=1"},
             {"star", "*"},
             {"backslash", "web\\api"},
             {"space", "web api"},
             {"not-ascii",
              "w\xc3\xa4"
              "b"},
             {"newline", "web\n"},
             {"zero-byte", std::string("web\0api", 7)}}) {
        bad("path-" + name, fmt::format("The path has a character outside the alphabet: {}.", name),
            "spiffe://example.org/" + value, {"I4"});
    }
    bad("space-first", "A space before the ID.", " " + web, {"V5", "I1"}, must);
}

void bad_signing(Book& book) {
    const auto under = [&](std::string name, std::string text, Words broken, Change change,
                           RuleLevel level = RuleLevel::must, std::string notes = {},
                           Words rules = {}) {
        const auto signer =
            authority({.name = "intermediate", .issuer = &book.root, .change = std::move(change)});
        book.add({.id = "signing/" + std::move(name),
                  .description = std::move(text),
                  .rules = std::move(rules),
                  .broken = std::move(broken),
                  .level = level,
                  .notes = std::move(notes),
                  .issuer = &signer,
                  .chain = Chain{signer.certificate}});
    };
    under("ca-false", "The intermediate's cA is false.", {"C1", "V1"},
          [](auto& spec) { spec.is_ca = false; });
    under("basic-constraints-absent", "The intermediate has no basicConstraints.", {"C1", "V1"},
          [](auto& spec) { spec.is_ca.reset(); });
    under("no-cert-sign", "The intermediate's keyUsage has cRLSign only.", {"C2", "V1"},
          usage(crypto::crl_sign));
    under("digital-signature-only", "The intermediate's keyUsage has digitalSignature only.",
          {"C2", "V1"}, usage(crypto::digital_signature));
    under(
        "no-key-usage", "The intermediate has no keyUsage.", {"C2"},
        [](auto& spec) { spec.key_usage.reset(); }, should,
        "RFC 5280 6.1.4 (n) checks keyUsage only where there is one.");
    under("key-usage-not-critical", "The intermediate's keyUsage is not critical.", {"C2"},
          extra(std::string(key_usage_oid), false, der(3, std::string_view("\x01\x06"))), should);
    under("id-with-path", "The intermediate's ID has a path.", {"C6"},
          uri("spiffe://example.org/ca"), should);
    under("id-with-workload-path", "The intermediate's ID is a workload's.", {"C6"}, uri(web),
          should);
    under("another-domains-id-with-path",
          "The intermediate's ID is of another domain, with a path.", {"C6"},
          uri("spiffe://example.com/ca"), should);
    under("name-constraints-violated", "The intermediate may sign for example.com only.", {"V1"},
          both(name_constraints({"example.com"}, {}), [](auto& spec) { spec.alt_names = {}; }),
          RuleLevel::must, {}, {"C10", "V1"});
    under("name-constraints-excluded-violated", "The intermediate may not sign for example.org.",
          {"V1"}, both(name_constraints({}, {domain}), [](auto& spec) { spec.alt_names = {}; }),
          RuleLevel::must, {}, {"C10", "V1"});
    under("name-constraints-subdomain",
          "The intermediate may sign for names below example.org, "
          "which that itself is not.",
          {"V1"},
          both(name_constraints({".example.org"}, {}), [](auto& spec) { spec.alt_names = {}; }),
          RuleLevel::must,
          "RFC 5280 4.2.1.10: a constraint that begins with a dot does not cover "
          "the name without it.",
          {"C10", "V1"});
    under("unknown-critical-extension", "The intermediate has an unknown critical extension.",
          {"V1"}, extra("1.3.6.1.4.1.99999.1", true, der(5, "")));
    under("expired", "The intermediate has expired.", {"V1"},
          period("2030-01-01T00:00:00Z", "2030-06-01T00:00:00Z"));
    under("not-yet-valid", "The intermediate is not valid yet.", {"V1"},
          period("2030-06-02T00:00:00Z", "2031-01-01T00:00:00Z"));

    const auto rooted = [&](std::string name, std::string text, Words broken, Change change,
                            RuleLevel level, std::string notes = {}, Words rules = {}) {
        const auto root = authority({.name = "root", .change = std::move(change)});
        const auto signer = authority({.name = "intermediate", .issuer = &root});
        book.add({.id = "signing/root-" + std::move(name),
                  .description = std::move(text),
                  .rules = std::move(rules),
                  .broken = std::move(broken),
                  .level = level,
                  .notes = std::move(notes),
                  .issuer = &signer,
                  .chain = Chain{signer.certificate},
                  .bundles = Bundles{{domain, bundle({root.certificate})}}});
    };
    const std::string anchors = "RFC 5280 6.1.1 takes no more than name and key of a trust anchor.";
    rooted("path-length-0", "The root's pathLen is 0, and there is an intermediate.", {"V1"},
           [](auto& spec) { spec.path_length = 0; }, RuleLevel::should, anchors, {"C4", "V1"});
    rooted("expired", "The root has expired.", {"V1"},
           period("2030-01-01T00:00:00Z", "2030-06-01T00:00:00Z"), optional, anchors);
    rooted("not-yet-valid", "The root is not valid yet.", {"V1"},
           period("2030-06-02T00:00:00Z", "2031-01-01T00:00:00Z"), optional, anchors);
    rooted("id-with-path", "The root's ID has a path.", {"C6"}, uri("spiffe://example.org/root"),
           should);
    rooted(
        "key-usage-absent", "The root has no keyUsage.", {"C2"},
        [](auto& spec) { spec.key_usage.reset(); }, should, anchors);
    rooted(
        "ca-false", "The root's cA is false.", {"C1", "V1"}, [](auto& spec) { spec.is_ca = false; },
        optional, anchors);
    rooted("no-cert-sign", "The root's keyUsage has cRLSign only.", {"C2", "V1"},
           usage(crypto::crl_sign), optional, anchors);
    rooted("name-constraints-violated", "The root may sign for example.com only.", {"V1"},
           both(name_constraints({"example.com"}, {}), [](auto& spec) { spec.alt_names = {}; }),
           optional, anchors, {"C10", "V1"});

    const auto limited = authority(
        {.name = "limited", .issuer = &book.root, .change = [](auto& s) { s.path_length = 0; }});
    const auto below = authority({.name = "below", .issuer = &limited});
    book.add({.id = "signing/path-length-exceeded",
              .description = "An intermediate with pathLen 0 signed another one.",
              .rules = {"C4", "V1"},
              .broken = {"V1"},
              .issuer = &below,
              .chain = Chain{below.certificate, limited.certificate}});
    const auto one = authority(
        {.name = "one", .issuer = &book.root, .change = [](auto& spec) { spec.path_length = 1; }});
    const auto two = authority({.name = "two", .issuer = &one});
    const auto three = authority({.name = "three", .issuer = &two});
    book.add({.id = "signing/path-length-1-exceeded",
              .description = "An intermediate with pathLen 1 has two more below it.",
              .rules = {"C4", "V1"},
              .broken = {"V1"},
              .issuer = &three,
              .chain = Chain{three.certificate, two.certificate, one.certificate}});

    book.add({.id = "signing/presented-as-a-leaf",
              .description = "The intermediate itself is presented.",
              .rules = {"C9", "V3", "V4"},
              .broken = {"L3", "L5", "L7", "L9", "L10", "C9", "V3", "V4", "V6"},
              .chain = Chain{},
              .leaf = book.intermediate});
    const auto with_path =
        authority({.name = "CA with a path", .issuer = &book.root, .change = [](auto& spec) {
                       spec.alt_names.uris = {web};
                       spec.key_usage = crypto::cert_sign | crypto::digital_signature;
                   }});
    book.add({.id = "signing/presented-with-a-workloads-id",
              .description = "A signing certificate with a workload's ID and digitalSignature is "
                             "presented.",
              .rules = {"C9"},
              .broken = {"L5", "L9", "C9", "V3", "V4"},
              .chain = Chain{},
              .leaf = with_path});
    const auto presented_root = authority({.name = "root"});
    book.add({.id = "signing/root-presented-as-a-leaf",
              .description = "A root is presented that is in the bundle itself.",
              .rules = {"C9", "V3", "V4"},
              .broken = {"L3", "L5", "L7", "L9", "L10", "C9", "V1", "V3", "V4", "V6"},
              .chain = Chain{},
              .bundles = Bundles{{domain, bundle({presented_root.certificate})}},
              .leaf = presented_root});
}

void bad_paths(Book& book) {
    const auto& root = book.root;
    const auto& intermediate = book.intermediate;
    const Words v1 = {"V1"};
    book.add({.id = "path/expired",
              .description = "The leaf has expired.",
              .broken = v1,
              .change = period("2030-05-01T00:00:00Z", "2030-05-02T00:00:00Z")});
    book.add({.id = "path/expired-a-second-ago",
              .description = "The leaf's last second is the one before.",
              .broken = v1,
              .change = period("2030-06-01T00:00:00Z", "2030-06-01T11:59:59Z")});
    book.add({.id = "path/in-the-last-second",
              .description = "The leaf's last second is this one, which is still its own.",
              .rules = v1,
              .notes = "RFC 5280 4.1.2.5: the period includes notAfter.",
              .change = period("2030-06-01T00:00:00Z", "2030-06-01T12:00:00Z")});
    book.add({.id = "path/in-the-first-second",
              .description = "The leaf's first second is this one.",
              .rules = v1,
              .change = period("2030-06-01T12:00:00Z", "2030-06-02T00:00:00Z")});
    book.add({.id = "path/not-yet-valid",
              .description = "The leaf is valid from tomorrow.",
              .broken = v1,
              .change = period("2030-06-02T00:00:00Z", "2030-06-03T00:00:00Z")});
    book.add({.id = "path/valid-in-a-second",
              .description = "The leaf is valid from the next second.",
              .broken = v1,
              .change = period("2030-06-01T12:00:01Z", "2030-06-02T00:00:00Z")});
    book.add({.id = "path/ends-before-it-begins",
              .description = "The leaf ends before it begins.",
              .broken = v1,
              .change = period("2030-06-02T00:00:00Z", "2030-06-01T00:00:00Z")});
    book.add({.id = "path/after-its-issuer",
              .description = "The leaf is still valid, its issuer is not any more.",
              .broken = v1,
              .change = period("2030-06-01T00:00:00Z", "2050-01-02T00:00:00Z"),
              .at = date("2045-01-01T00:00:00Z")});

    auto leaf = make_leaf(intermediate, nothing);
    book.add({.id = "path/signature-spoiled",
              .description = "A bit of the leaf's signature is turned.",
              .broken = v1,
              .leaf = Authority{spoiled(leaf.certificate), leaf.key}});
    book.add({.id = "path/intermediate-signature-spoiled",
              .description = "A bit of the intermediate's signature is turned.",
              .broken = v1,
              .chain = Chain{spoiled(intermediate.certificate)}});
    const Authority pretender{intermediate.certificate, Key::generate(KeyType::p256)};
    book.add({.id = "path/wrong-issuer-key",
              .description = "Another key signed the leaf in the intermediate's name.",
              .broken = v1,
              .issuer = &pretender});
    const Authority root_pretender{root.certificate, Key::generate(KeyType::p256)};
    const auto false_intermediate = authority({.name = "intermediate", .issuer = &root_pretender});
    book.add({.id = "path/intermediate-wrong-issuer-key",
              .description = "Another key signed the intermediate in the root's name.",
              .broken = v1,
              .issuer = &false_intermediate,
              .chain = Chain{false_intermediate.certificate}});
    const Authority renamed{authority({.name = "nobody", .issuer = &root}).certificate,
                            intermediate.key};
    book.add({.id = "path/wrong-issuer-name",
              .description = "The intermediate's key signed the leaf, which names another issuer.",
              .broken = v1,
              .issuer = &renamed});
    book.add({.id = "path/missing-intermediate",
              .description = "The intermediate is not sent.",
              .broken = v1,
              .chain = Chain{}});
    const auto second = authority({.name = "second intermediate", .issuer = &intermediate});
    book.add({.id = "path/missing-upper-intermediate",
              .description = "Of two intermediates, the one next to the root is not sent.",
              .broken = v1,
              .issuer = &second,
              .chain = Chain{second.certificate}});
    const auto stranger = authority({.name = "stranger"});
    book.add({.id = "path/unknown-root",
              .description = "A root that nobody trusts signed the leaf, and is sent along.",
              .broken = v1,
              .issuer = &stranger,
              .chain = Chain{stranger.certificate}});
    const auto same_name = authority({.name = "root"});
    book.add({.id = "path/unknown-root-of-the-same-name",
              .description = "A root with the trusted one's name signed the leaf.",
              .broken = v1,
              .issuer = &same_name,
              .chain = Chain{}});
    const auto workload = make_leaf(root, uri("spiffe://example.org/ns/default/sa/api"));
    book.add({.id = "path/signed-by-a-leaf",
              .description = "Another workload's leaf signed this one.",
              .rules = {"V1", "C1"},
              .broken = {"C1", "C2", "C6", "V1"},
              .issuer = &workload,
              .chain = Chain{workload.certificate}});
    auto self = leaf_spec();
    self.subject.common_name = "self-signed";
    const auto key = Key::generate(KeyType::p256);
    const Authority self_signed{crypto::sign_certificate(self, key.public_key(), key, nullptr),
                                key};
    book.add({.id = "path/self-signed",
              .description = "The leaf signed itself, and nobody trusts it.",
              .broken = v1,
              .chain = Chain{},
              .leaf = self_signed});
    book.add({.id = "path/leaf-in-the-bundle",
              .description = "The leaf signed itself and is in the bundle, which is for CAs.",
              .rules = {"V1", "B2"},
              .broken = v1,
              .level = optional,
              .chain = Chain{},
              .bundles = Bundles{{domain, bundle({self_signed.certificate})}},
              .leaf = self_signed});
    book.add({.id = "path/unknown-critical-extension",
              .description = "The leaf has an unknown critical extension.",
              .broken = v1,
              .change = extra("1.3.6.1.4.1.99999.1", true, der(5, ""))});
    const auto rsa = authority({.name = "root", .key = KeyType::rsa_2048});
    const std::string digests = "RFC 5280 forbids no digest; nobody should take this one any more.";
    for (const auto& [name, title] : {std::pair("sha1", "SHA-1"), std::pair("md5", "MD5")}) {
        book.add({.id = fmt::format("path/leaf-signed-with-{}", name),
                  .description = fmt::format("The leaf is signed with {}.", title),
                  .broken = v1,
                  .level = should,
                  .notes = digests,
                  .change = digest(name),
                  .issuer = &rsa,
                  .chain = Chain{},
                  .bundles = Bundles{{domain, bundle({rsa.certificate})}}});
    }
    const auto old_fashioned =
        authority({.name = "intermediate", .issuer = &root, .change = digest("sha1")});
    book.add({.id = "path/intermediate-signed-with-sha1",
              .description = "The intermediate is signed with SHA-1.",
              .broken = v1,
              .level = should,
              .notes = digests,
              .issuer = &old_fashioned,
              .chain = Chain{old_fashioned.certificate}});
    book.add({.id = "path/leaf-ecdsa-with-sha1",
              .description = "The leaf is signed with ECDSA and SHA-1.",
              .broken = v1,
              .level = should,
              .notes = digests,
              .change = digest("sha1")});
}

void bad_domains(Book& book) {
    const auto& root = book.root;
    const auto foreign = authority({.name = "root of example.com", .trust_domain = "example.com"});
    const auto both_bundles = Bundles{{domain, bundle({root.certificate})},
                                      {"example.com", bundle({foreign.certificate})}};
    const Words v7 = {"V7"};
    book.add({.id = "domain/of-another-root",
              .description = "example.com's root signed a leaf with an ID of example.org.",
              .broken = v7,
              .issuer = &foreign,
              .chain = Chain{},
              .bundles = both_bundles});
    book.add({.id = "domain/other-way-round",
              .description = "example.org's root signed a leaf with an ID of example.com.",
              .rules = {"V7", "C7"},
              .broken = v7,
              .change = uri("spiffe://example.com/web"),
              .bundles = both_bundles,
              .trust_domain = "example.com"});
    const auto below = authority({.name = "intermediate", .issuer = &foreign});
    book.add({.id = "domain/intermediate-of-the-same-domain",
              .description = "The intermediate's ID is of example.org like the leaf's, its root is "
                             "example.com's.",
              .broken = v7,
              .issuer = &below,
              .chain = Chain{below.certificate},
              .bundles = both_bundles});
    book.add({.id = "domain/no-bundle",
              .description = "The reader has no bundle of the leaf's trust domain.",
              .broken = v7,
              .bundles = Bundles{{"example.com", bundle({foreign.certificate})}}});
    book.add(
        {.id = "domain/root-under-another-name",
         .description = "The path's root is known, as the bundle of another trust domain only.",
         .broken = v7,
         .bundles = Bundles{{"example.com", bundle({root.certificate})}}});
    book.add({.id = "domain/empty-bundle",
              .description = "The bundle of the leaf's trust domain has no authority.",
              .broken = v7,
              .bundles = Bundles{{domain, bundle({})}}});
    book.add({.id = "domain/no-bundles-at-all",
              .description = "The reader has no bundles.",
              .broken = v7,
              .bundles = Bundles{}});
    for (const auto& [name, text, other] : std::vector<std::array<std::string, 3>>{
             {"subdomain", "prod.example.org, below the bundle's example.org", "prod.example.org"},
             {"parent", "org, above the bundle's example.org", "org"},
             {"longer", "example.org.evil.com, which begins with the bundle's example.org",
              "example.org.evil.com"},
             {"dot-last", "\"example.org.\": with a dot at its end it is another name",
              "example.org."}}) {
        book.add({.id = "domain/" + name,
                  .description = fmt::format("The leaf's trust domain is {}.", text),
                  .broken = v7,
                  .change = uri("spiffe://" + other + "/web"),
                  .trust_domain = other});
    }
}

// --- bundles as JWKS ---

void bundles(Book& book) {
    const auto& root = book.root.certificate;
    const auto other = authority({.name = "other root"}).certificate;
    const auto with = [&](std::string name, std::string text, Words rules, Words broken,
                          bool accepted, const nlohmann::json& document,
                          RuleLevel level = RuleLevel::must, std::string notes = {}) {
        book.add({.id = "bundle/" + std::move(name),
                  .description = std::move(text),
                  .rules = std::move(rules),
                  .broken = std::move(broken),
                  .accepted = accepted,
                  .level = level,
                  .notes = std::move(notes),
                  .bundles = Bundles{{domain, jwks(document)}}});
    };
    const auto keys = [](std::vector<nlohmann::json> entries) {
        return nlohmann::json{{"keys", std::move(entries)}};
    };
    /// `root`'s entry with one member changed; null removes it.
    const auto changed = [&](const std::string& member, nlohmann::json value) {
        auto it = entry(root);
        if (value.is_null()) {
            it.erase(member);
        } else {
            it[member] = std::move(value);
        }
        return it;
    };
    const auto x5c = [](const Certificate& certificate) { return to_base64(certificate.der()); };
    auto jwt_entry = entry(other);
    jwt_entry["use"] = "jwt-svid";
    jwt_entry["kid"] = "a";
    jwt_entry.erase("x5c");

    with("one-authority", "One entry, the root.", {"B1", "B2"}, {}, true, keys({entry(root)}));
    with("two-authorities", "Two entries, the second is the path's root.", {"B1"}, {}, true,
         keys({entry(other), entry(root)}));
    with("rsa-authority-beside", "An RSA authority beside the root.", {"B1"}, {}, true,
         keys({entry(authority({.name = "rsa", .key = KeyType::rsa_2048}).certificate),
               entry(root)}));
    with("jwt-svid-beside", "A jwt-svid entry beside the root's.", {"B4"}, {}, true,
         keys({jwt_entry, entry(root)}));
    with("unknown-use-beside", "An entry with a use that nobody knows beside the root's.", {"B4"},
         {}, true, keys({changed("use", "x509-svid-2"), entry(root)}));
    auto document = keys({entry(root)});
    document["spiffe_sequence"] = 42;
    document["spiffe_refresh_hint"] = 300;
    with("sequence-and-refresh-hint", "The document has a sequence number and a refresh hint.",
         {"B1"}, {}, true, document);
    document["issuer"] = "somebody";
    with("unknown-member", "The document has a member that nobody knows.", {"B1"}, {}, true,
         document);
    with("entry-without-x5c-beside", "An x509-svid entry without x5c beside the root's.",
         {"B2", "B3"}, {"B2"}, true, keys({changed("x5c", nullptr), entry(root)}));
    with("entry-with-empty-x5c-beside", "An x509-svid entry with an empty x5c beside the root's.",
         {"B2", "B3"}, {"B2"}, true, keys({changed("x5c", nlohmann::json::array()), entry(root)}));
    with("two-values-root-first", "The entry's x5c has two values, the first is the root.",
         {"B2", "B3"}, {"B2"}, true, keys({changed("x5c", {x5c(root), x5c(other)})}));
    with("kid", "The root's entry has a kid.", {"B1"}, {"B1"}, true,
         keys({changed("kid", "root-1")}), optional,
         "A rule for those who publish; readers are not told to refuse.");
    with("intermediate", "The entry is the intermediate, which is not self-signed.", {"B2"}, {},
         true, keys({entry(book.intermediate.certificate)}), should,
         "It should be self-signed, and need not.");

    with("only-without-x5c", "The only entry has no x5c.", {"B2", "B3", "B4"}, {"V7", "B2"}, false,
         keys({changed("x5c", nullptr)}));
    with("only-with-empty-x5c", "The only entry's x5c is empty.", {"B2", "B3"}, {"V7", "B2"}, false,
         keys({changed("x5c", nlohmann::json::array())}));
    with("two-values-root-second", "The entry's x5c has two values, the second is the root.",
         {"B2", "B3"}, {"V1", "B2"}, false, keys({[&] {
             auto it = entry(other);
             it["x5c"] = {x5c(other), x5c(root)};
             return it;
         }()}));
    with("use-sig", "The root's entry has use sig.", {"B1", "B4"}, {"V7"}, false,
         keys({changed("use", "sig")}));
    with("use-jwt-svid", "The root's entry has use jwt-svid.", {"B1", "B4"}, {"V7"}, false,
         keys({[&] {
             auto it = changed("use", "jwt-svid");
             it["kid"] = "a";
             return it;
         }()}));
    with("use-upper-case", "The root's entry has use X509-SVID, in capitals.", {"B1", "B4"}, {"V7"},
         false, keys({changed("use", "X509-SVID")}));
    with("use-absent", "The root's entry has no use.", {"B1", "B4"}, {"V7"}, false,
         keys({changed("use", nullptr)}));
    with("jwt-svid-only", "The bundle has a jwt-svid entry only.", {"B4"}, {"V7"}, false,
         keys({jwt_entry}));
    with("no-entries", "The bundle has no entries.", {"B4"}, {"V7"}, false, keys({}));
    with("another-root", "The bundle has another root.", {"B1", "V1"}, {"V1"}, false,
         keys({entry(other)}));
    with("no-keys", "The document has no keys.", {"B4"}, {"V7"}, false, nlohmann::json::object(),
         should, "The document is malformed (SPIFFE Trust Domain and Bundle 4.1.3).");
    with("keys-not-an-array", "The document's keys are an object.", {"B4"}, {"V7"}, false,
         nlohmann::json{{"keys", entry(root)}}, should);
    with("x5c-not-base64", "The entry's x5c is not base64.", {"B2"}, {"V7"}, false,
         keys({changed("x5c", {"!" + x5c(root)})}), should);
    with("x5c-pem", "The entry's x5c is PEM.", {"B2"}, {"V7"}, false,
         keys({changed("x5c", {root.pem()})}), should, "RFC 7517 4.7: base64 of DER, not PEM.");
    with("x5c-cut", "The entry's x5c is cut short.", {"B2"}, {"V7"}, false,
         keys({changed("x5c", {to_base64(root.der().substr(0, 150))})}), should);

    const auto self_key = Key::generate(KeyType::p256);
    const Authority leaf_like{
        crypto::sign_certificate(leaf_spec(), self_key.public_key(), self_key, nullptr), self_key};
    book.add({.id = "bundle/authority-no-ca",
              .description = "The entry's certificate is the self-signed leaf itself, no CA.",
              .rules = {"B2"},
              .broken = {"V7", "B2"},
              .level = optional,
              .chain = Chain{},
              .bundles = Bundles{{domain, jwks(keys({entry(leaf_like.certificate)}))}},
              .leaf = leaf_like});
    const auto foreign = authority({.name = "foreign", .trust_domain = "example.com"}).certificate;
    book.add({.id = "bundle/of-the-right-domain-empty",
              .description = "example.org's bundle is empty, example.com's has the root.",
              .rules = {"B4", "V7"},
              .broken = {"V7"},
              .bundles = Bundles{{domain, jwks(keys({}))},
                                 {"example.com", jwks(keys({entry(root), entry(foreign)}))}}});
}

}  // namespace
}  // namespace meshproof::conformance::svid

int main(int argc, char** argv) {
    using namespace meshproof;
    using namespace meshproof::conformance::svid;
    if (argc != 2) {
        std::fputs("usage: meshproof_svid_vectors FOLDER   (made anew, FOLDER's old vectors go)\n",
                   stderr);
        return 2;
    }
    try {
        Book book;
        for (const auto add :
             {good_paths, good_cross_signed, good_keys, good_leaves, good_ids, good_signing,
              bad_leaves, bad_ids, bad_signing, bad_paths, bad_domains, bundles}) {
            add(book);
        }
        std::filesystem::remove_all(argv[1]);
        for (const auto& vector : book.vectors) {
            require(write_vector(vector, argv[1]));
        }
        fmt::print("{} vectors in {}\n", book.vectors.size(), argv[1]);
    } catch (const CannotGoOn& error) {
        fmt::print(stderr, "meshproof_svid_vectors: error: {}\n", error.what());
        return 1;
    }
    return 0;
}
