#include "conformance/twin/vocabulary.hpp"

#include "conformance/twin/topics.hpp"
#include "core/crypto/certificate.hpp"

namespace meshproof::twin {
namespace {

using WordList = std::vector<Word>;

std::string request_pem(crypto::KeyType type, std::string common_name, crypto::AltNames names) {
    crypto::Csr::Spec spec;
    spec.subject.common_name = std::move(common_name);
    spec.alt_names = std::move(names);
    return crypto::Csr::make(spec, crypto::Key::generate(type)).pem();
}

/// The first has the SPIFFE id of the reviewer's own service account, the second another's.
std::vector<Json> requests(const Reviewer& reviewer) {
    crypto::AltNames own, svid;
    own.uris = {fmt::format("spiffe://cluster.local/ns/{}/sa/{}", reviewer.namespace_name,
                            reviewer.account)};
    svid.uris = {"spiffe://cluster.local/ns/a/sa/b"};
    crypto::AltNames many;
    many.dns = {"a.example.com", "*.example.com"};
    many.ips = {"127.0.0.1"};
    many.emails = {"a@example.com"};
    return {request_pem(crypto::KeyType::p256, "", own),
            request_pem(crypto::KeyType::p256, "", svid),
            request_pem(crypto::KeyType::p256, "a.example.com", many),
            request_pem(crypto::KeyType::rsa_2048, "a.example.com", {}),
            request_pem(crypto::KeyType::ed25519, "b.example.com", {})};
}

struct ForeignCa {
    std::string certificate, key;  ///< PEM
};

/// A CA that no server made: what imports and cross-signing take. The two dates are far enough that
/// no run meets them.
ForeignCa foreign_ca(crypto::KeyType type) {
    constexpr std::int64_t of_2025 = 1'735'689'600, of_2045 = 2'366'841'600;
    crypto::CertificateSpec spec;
    spec.subject.common_name = "a foreign root";
    spec.not_before = from_unix_seconds(of_2025);
    spec.not_after = from_unix_seconds(of_2045);
    spec.is_ca = true;
    spec.key_usage = crypto::cert_sign | crypto::crl_sign;
    const auto key = crypto::Key::generate(type);
    return {crypto::sign_certificate(spec, key.public_key(), key, nullptr).pem(), key.pkcs8_pem()};
}

void add_pki_names(WordList& words) {
    const std::vector<Json> uris = {"spiffe://cluster.local/ns/a/sa/b", "https://example.com/a"};
    words.insert(
        words.end(),
        {{"* {pki}*",
          "common_name",
          {"a.example.com", "b.example.com", "localhost", "*.example.com", "a@example.com"},
          0.9},
         {"* {pki}*",
          "alt_names",
          {"b.example.com", "a.example.com,b.example.com", "a@example.com",
           "xn--bcher-kva.example.com"}},
         {"* {pki}*", "ip_sans", {"127.0.0.1", "127.0.0.1,::1"}},
         {"* {pki}*", "uri_sans", uris},
         {"* {pki}*", "other_sans", {"1.3.6.1.4.1.311.20.2.3;utf8:a@example.com"}},
         {"* {pki}*",
          "allowed_domains",
          {Json::array({"example.com"}), Json::array({"example.com", "localhost"})},
          0.3},
         {"* {pki}*", "allow_any_name", {true, false}, 0.5},
         {"* {pki}*",
          "allowed_uri_sans",
          {Json::array({"spiffe://cluster.local/*"}), Json::array({"*"})},
          0.3},
         {"* {pki}*",
          "allowed_other_sans",
          {Json::array({"*"}), Json::array({"1.3.6.1.4.1.311.20.2.3;utf8:*"})}},
         {"* {pki}*",
          "permitted_dns_domains",
          {Json::array({"example.com"}), Json::array({".example.com"})}},
         {"* {pki}*", "key_type", {"ec", "any", "ed25519"}, 0.8},
         {"* {pki}*", "key_bits", {0, 256, 384, 2048}},
         {"* {pki}*", "signature_bits", {0, 256, 384, 512}},
         {"* {pki}*", "not_after", {"2098-12-31T23:59:59Z", "2020-01-01T00:00:00Z"}},
         {"* {pki}*",
          "key_usage",
          {Json::array({"DigitalSignature", "KeyAgreement"}), Json::array()}},
         {"* {pki}*",
          "ext_key_usage",
          {Json::array({"ServerAuth"}), Json::array({"TimeStamping"})}},
         {"* {pki}*", "ext_key_usage_oids", {Json::array({"1.3.6.1.5.5.7.3.1"})}},
         {"* {pki}*",
          "policy_identifiers",
          {Json::array({"1.3.6.1.4.1.7.8"}), R"([{"oid":"1.3.6.1.4.1.7.8","notice":"x"}])",
           R"([{"oid":"1.3.6.1.4.1.7.8","notice":"x","cps":"https://example.com"}])"}},
         {"* {pki}*",
          "cn_validations",
          {Json::array({"email", "hostname"}), Json::array({"disabled"})}},
         {"* {pki}*",
          "usage",
          {"read-only,issuing-certificates", "crl-signing",
           "read-only,issuing-certificates,crl-signing,ocsp-signing"}},
         {"* {pki}*", "leaf_not_after_behavior", {"err", "truncate", "permit"}},
         {"* {pki}*", "country", {"CH", "DE,FR"}},
         {"* {pki}*", "serial_number", {"12345"}}});
}

void add_pki_objects(WordList& words, const Reviewer& reviewer) {
    const std::vector<Json> urls = {Json::array({"http://127.0.0.1/a"}),
                                    Json::array({"http://127.0.0.1/a", "http://127.0.0.1/b"})};
    const auto foreign = foreign_ca(crypto::KeyType::p256);
    std::vector<Json> roots;
    for (const auto type : {crypto::KeyType::p384, crypto::KeyType::p521, crypto::KeyType::rsa_2048,
                            crypto::KeyType::ed25519}) {
        roots.emplace_back(foreign_ca(type).certificate);
    }
    words.insert(
        words.end(),
        {{"* {pki}*", "csr", requests(reviewer), 1},
         {"* {pki}*", "pem_bundle", {foreign.certificate + foreign.key, foreign.certificate}, 1},
         {"* {pki}*sign-self-issued", "certificate", roots, 1},
         {"* {pki}*", "exported", {"internal", "exported", "existing"}},
         {"* {pki}*", "issuer_ref", {"default", "a"}, 0.2},
         {"* {pki}*", "key_ref", {"default", "a"}, 0.2},
         {"* {pki}/config/issuers", "default", {"a", "default"}, 0.8},
         {"* {pki}/config/keys", "default", {"a", "default"}, 0.8},
         {"* {pki}*", "issuer_name", {"a", "b"}},
         {"* {pki}*", "key_name", {"a", "b"}},
         {"* {pki}/roles/*", "name", {"a", "b"}},
         {"* {pki}*", "role", {"a", "a", "b"}},
         {"* {pki}*", "serial", {"ca", "11:22:33"}},
         {"* {pki}*", "issuing_certificates", urls},
         {"* {pki}*", "crl_distribution_points", urls},
         {"* {pki}*", "ocsp_servers", urls},
         {"* {pki}*", "delta_rebuild_interval", {"15m", "1h"}},
         {"* {pki}*", "expiry", {"72h", "1h"}},
         {"* {pki}*", "safety_buffer", {"1s", "72h"}},
         {"* {pki}/config/cluster", "*path", {"http://127.0.0.1/v1/pki"}},
         {"* {pki}*", "key_id", {"nothing"}},
         {"* {pki}*", "managed_key_*", {""}}});
}

void add_auth(WordList& words, const Reviewer& reviewer) {
    constexpr std::string_view config = "* auth/{kubernetes}/config";
    constexpr std::string_view role = "* auth/{kubernetes}/role/*";
    words.insert(
        words.end(),
        {// Nobody but the run's own API server is ever asked.
         {config,
          "kubernetes_host",
          {reviewer.url.empty() ? "https://127.0.0.1:1" : reviewer.url},
          1,
          true},
         {config, "kubernetes_ca_cert", {reviewer.ca_pem}, 0.9},
         {config, "token_reviewer_jwt", {reviewer.reviewer_jwt}, 0.9},
         {config, "disable_local_ca_jwt", {true, false}, 0.3},
         {"* auth/{kubernetes}/login", "jwt", {reviewer.jwt}, 1},
         {"* auth/{kubernetes}/login", "role", {"a", "a", "b"}, 1},
         {role, "name", {"a", "b"}},
         {role,
          "bound_service_account_names",
          {Json::array({reviewer.account}), Json::array({"*"}), Json::array({"nobody"})},
          0.8},
         {role,
          "bound_service_account_namespaces",
          {Json::array({reviewer.namespace_name}), Json::array({"*"})},
          0.8},
         {role,
          "bound_service_account_namespace_selector",
          {R"({"matchLabels":{"a":"b"}})",
           R"({"matchExpressions":[{"key":"a","operator":"Exists"}]})"}},
         {role, "alias_name_source", {"serviceaccount_uid", "serviceaccount_name"}},
         {role, "*bound_cidrs", {Json::array({"127.0.0.0/8"}), Json::array({"10.0.0.0/8"})}},
         {role, "token_type", {"service", "batch", "default", "default-service"}},
         {role, "*policies", {Json::array({"default"}), Json::array({"a", "default"})}}});
}

void add_shared(WordList& words) {
    const Json own_policy = Json::array({"@{own:a}"});
    words.insert(
        words.end(),
        {{"* auth/token/*", "role_name", {"@{own:a}", "@{own:b}"}, 0, true},
         {"* auth/token/*", "type", {"service", "batch", "default"}},
         {"* auth/token/*", "token_type", {"service", "batch", "default-service"}},
         {"* auth/token/create*", "policies", {own_policy, Json::array({"default"})}, 0.5},
         {"* auth/token/*", "*policies", {own_policy, Json::array({"default"})}},
         {"* auth/token/*", "*bound_cidrs", {Json::array({"127.0.0.0/8"})}},
         // A token whose id could be guessed is no token to leave on anybody's server.
         {"* auth/token/create*", "id", {""}, 0, true},
         // A token that nobody keeps ends by itself should the run be killed.
         {"* auth/token/create*", "ttl", {"10m", 600, "1h"}, 0.9},
         {"* sys/polic*", "name", {"@{own:a}", "@{own:b}"}, 0, true},
         {"* sys/polic*",
          "policy",
          {R"(path "secret/*" { capabilities = ["read", "list"] })",
           R"(path "a/b" { capabilities = ["create", "update"] allowed_parameters = { "x" = [] } })",
           R"({"path":{"a":{"capabilities":["deny"]}}})", R"(path "a" { capabilities = ["fly"] })",
           "path \"a\" {"},
          0.95},
         {"* sys/capabilities*",
          "path*",
          {Json::array({"secret/a"}), Json::array({"a/b", "sys/"})},
          0.9},
         // A tune of an auth method may come by the table of engines, as Go's client sends it.
         {"* sys/mounts*", "path", {"@{own:m}", "@{own:m}", "@{own:n}", "auth/@{own:m}"}, 0, true},
         {"* sys/internal/ui/mounts*", "path", {"@{own:m}", "auth/@{own:m}"}, 0, true},
         {"* sys/auth*", "path", {"@{own:m}", "@{own:m}", "@{own:n}"}, 0, true},
         // Only what carries the mark inside may be removed after a kill.
         {"* sys/mounts/*", "description", {"@{mark}", "@{mark} ä,b"}, 1, true},
         {"* sys/auth/*", "description", {"@{mark}", "@{mark} ä,b"}, 1, true},
         {"* sys/mounts/*", "type", {"pki", "pki", "nothing"}, 1},
         {"* sys/auth/*", "type", {"kubernetes", "kubernetes", "nothing"}, 1},
         {"* sys/*",
          "config",
          {Json{{"max_lease_ttl", "24h"}}, Json{{"default_lease_ttl", "1h"}},
           Json{{"listing_visibility", "unauth"}}, Json{{"listing_visibility", "bogus"}},
           Json{{"force_no_cache", true}}, Json{{"max_lease_ttl", "-1"}},
           Json{{"allowed_response_headers", {"X-A"}}, {"passthrough_request_headers", {"X-B"}}},
           Json{{"audit_non_hmac_request_keys", {"a"}}, {"audit_non_hmac_response_keys", {"b"}}},
           Json{{"token_type", "batch"}}, Json{{"token_type", "bogus"}}}},
         {"* sys/*tune", "token_type", {"batch", "service", "default-service", "bogus"}},
         {"* sys/*tune", "*lease_ttl", {"1h", 3600, "24h", "-1", "system"}},
         {"* sys/*", "listing_visibility", {"unauth", "hidden"}},
         {"* sys/*", "plugin_name", {"pki", "kubernetes"}},
         {"* sys/*", "plugin_version", {""}},
         {"* identity/*", "name", {"@{own:a}", "@{own:b}"}, 1, true},
         {"* identity/group*", "type", {"internal", "external"}},
         {"* identity/*", "policies", {own_policy, Json::array({"default"})}},
         {"* identity/lookup/*", "alias_name", {"@{own:a}"}},
         {"* sys/wrapping/wrap", "*", {"a"}},
         {"* sys/leases/*", "prefix", {"@{own:pki}", "@{own:pki}/"}, 0.9, true},
         {"* sys/revoke*", "prefix", {"@{own:pki}"}, 0.9, true}});
}

std::vector<Yield> all_yields() {
    return {{"issuer_ref", "POST {pki}/*generate*", "/data/issuer_id"},
            {"issuer_ref", "POST {pki}/issuers/import/*", "/data/imported_issuers/0"},
            {"default", "POST {pki}/*root/generate*", "/data/issuer_id"},
            {"key_ref", "POST {pki}/*generate*", "/data/key_id"},
            {"serial*", "POST {pki}/issue/*", "/data/serial_number"},
            {"serial*", "POST {pki}/*sign/*", "/data/serial_number"},
            {"certificate", "POST {pki}/issue/*", "/data/certificate"},
            {"certificate", "POST {pki}/*sign-*", "/data/certificate"},
            {"private_key", "POST {pki}/issue/*", "/data/private_key"},
            {"csr", "POST {pki}/*intermediate*", "/data/csr"},
            {"token", "POST auth/token/create*", "/auth/client_token"},
            {"token", "POST sys/wrapping/wrap", "/wrap_info/token"},
            {"token", "POST auth/{kubernetes}/login", "/auth/client_token"},
            {"accessor", "POST auth/token/create*", "/auth/accessor"},
            {"*lease_id", "POST {pki}/issue/*", "/lease_id"},
            {"id", "POST identity/entity*", "/data/id"},
            {"id", "POST identity/group*", "/data/id"},
            {"id", "POST identity/persona*", "/data/id"},
            {"id", "POST identity/alias*", "/data/id"},
            {"*entity_id", "POST identity/entity", "/data/id"},
            {"entity_id", "POST identity/entity", "/data/id"},
            {"*entity_ids", "POST identity/entity", "/data/id"},
            {"canonical_id", "POST identity/entity", "/data/id"},
            {"canonical_id", "POST identity/group", "/data/id"},
            {"member_group_ids", "POST identity/group", "/data/id"},
            {"*mount_accessor", "GET sys/auth/{path}", "/data/accessor"}};
}

}  // namespace

const Word* Vocabulary::find(std::string_view key, std::string_view parameter) const {
    for (const auto& word : words) {
        if (matches(word.parameter, parameter) && matches(word.key, key)) {
            return &word;
        }
    }
    return nullptr;
}

Vocabulary vocabulary(const Reviewer& reviewer) {
    Vocabulary out;
    add_pki_names(out.words);
    add_pki_objects(out.words, reviewer);
    add_auth(out.words, reviewer);
    add_shared(out.words);
    out.yields = all_yields();
    return out;
}

}  // namespace meshproof::twin
