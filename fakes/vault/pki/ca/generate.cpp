#include "fakes/vault/pki/ca/generate.hpp"

#include "core/base/text.hpp"
#include "fakes/vault/pki/ground/crl.hpp"
#include "fakes/vault/pki/ground/der.hpp"
#include "fakes/vault/pki/ground/key_types.hpp"
#include "fakes/vault/pki/ground/pem.hpp"
#include "fakes/vault/pki/ground/urls.hpp"
#include "fakes/vault/pki/ground/usage.hpp"
#include "fakes/vault/pki/sign/certify.hpp"
#include "fakes/vault/pki/sign/csr.hpp"
#include "fakes/vault/pki/sign/names.hpp"
#include "fakes/vault/pki/sign/ttl.hpp"

namespace meshproof::fakes::vault::pki {

namespace {

constexpr auto no_subject_warning =
    "This issuer certificate was generated without a Subject; this makes it likely that issuing "
    "leaf certs with this certificate will cause TLS validation libraries to reject this "
    "certificate.";

// A CA's subject comes from the request (root, sign-intermediate, intermediate/generate).
Role ca_role(const PkiCall& call) {
    auto role = permissive_role();
    role.ou = call.fields.list("ou");
    role.organization = call.fields.list("organization");
    role.country = call.fields.list("country");
    role.locality = call.fields.list("locality");
    role.province = call.fields.list("province");
    role.street_address = call.fields.list("street_address");
    role.postal_code = call.fields.list("postal_code");
    role.not_before_duration = call.fields.duration("not_before_duration");
    role.signature_bits = call.fields.integer("signature_bits");
    role.use_pss = call.fields.boolean("use_pss");
    // OpenBao reads the OIDs in the names' stead, as names: only those of usages count (row 258).
    role.ext_key_usage = call.fields.list(
        call.fields.has("ext_key_usage_oids") ? "ext_key_usage_oids" : "ext_key_usage");
    return role;
}

// How the key of a generated root or CSR is had.
struct KeyOrder {
    bool exported = false;
    std::string format, name;
    bool any_type = false;                // a role's word, which only the validation knows
    std::optional<crypto::KeyType> type;  // of a new one
    crypto::Key key;
};

// Looked at before everything else.
Checked<> check_kind(const Mount& mount, const PkiCall& call, const std::string& kind) {
    if (kind != "internal" && kind != "exported" && kind != "existing" && kind != "kms") {
        return refuse(
            "the \"exported\" path parameter must be \"internal\", \"existing\", exported\" or "
            "\"kms\"");
    }
    const bool elsewhere = !external_key_reference(call).empty();
    if (mount.openbao() && kind == "kms" && !elsewhere) {
        return refuse("must specify \"external_key_ref\" on \"kms\"-typed generation requests");
    }
    if (mount.openbao() && kind != "kms" && elsewhere) {
        return refuse(fmt::format(
            "cannot specify \"external_key_ref\" on \"{}\"-typed generation requests", kind));
    }
    return {};
}

// Keys that a KMS holds are not played: none is configured.
tl::unexpected<BackendResponse> refuse_key_elsewhere(const Mount& mount, const PkiCall& call) {
    if (mount.openbao()) {
        return refuse("failed to get external key: " + missing_external_key(call));
    }
    const auto fault = managed_key_fault(call);
    return refuse(fault.empty() ? fmt::format("failed to lookup public key from managed key: {}",
                                              no_managed_keys)
                                : fmt::format("unable to determine managed key id: {}", fault));
}

Checked<crypto::Key> existing_key(Mount& mount, const PkiCall& call) {
    const auto reference = given_reference(call, "key_ref");
    if (reference.empty()) {
        return refuse(
            "failed to lookup public key from existing key: missing argument key_ref for existing "
            "type");
    }
    const auto key = find_key(mount, reference);
    if (!key) {
        return refuse("failed to lookup public key from existing key: " + key.error());
    }
    if (!mount.openbao() && (*key)->key.public_key().algorithm() == "ed25519") {
        return refuse("unsupported public key: ed25519.PublicKey{}");
    }
    return (*key)->key;
}

// Nothing is generated yet: names are looked at in between.
Checked<KeyOrder> ordered_key(Mount& mount, const PkiCall& call, const std::string& kind) {
    KeyOrder order;
    order.exported = kind == "exported";
    auto format = format_of(call);
    if (!format) {
        return tl::unexpected(format.error());
    }
    order.format = std::move(*format);
    if ((kind == "existing" || kind == "kms") &&
        (call.fields.has("key_type") || call.fields.has("key_bits"))) {
        return refuse(
            "invalid parameter for the kms/existing path parameter, key_type nor key_bits "
            "arguments can be set in this mode");
    }
    if (kind == "kms") {
        return refuse_key_elsewhere(mount, call);
    }
    if (kind == "existing") {
        auto key = existing_key(mount, call);
        if (!key) {
            return tl::unexpected(key.error());
        }
        order.key = std::move(*key);
        return order;
    }
    const auto word = call.fields.text("key_type", "rsa");
    if (word == "any") {
        order.any_type = true;
        return order;
    }
    const auto type = key_type_of(word, call.fields.integer("key_bits"));
    if (!type) {
        return tl::unexpected(type.error());
    }
    if (const auto bits = call.fields.integer("signature_bits");
        bits != 0 && digest_of(bits).empty() && word == "rsa") {
        return refuse(fmt::format("unsupported hash signature algorithm: {}", bits));
    }
    order.type = *type;
    return order;
}

Checked<> name_and_generate(Mount& mount, const PkiCall& call, KeyOrder& order) {
    auto name = new_key_name(mount, call);
    if (!name) {
        return tl::unexpected(name.error());
    }
    order.name = std::move(*name);
    // Of no type, it fails when the rest was looked at with this one.
    if (order.any_type) {
        order.type = crypto::KeyType::p256;
    }
    if (order.type) {
        order.key = crypto::Key::generate(*order.type);
    }
    return {};
}

void add_private_key(Json& data, const PkiCall& call, const KeyOrder& order,
                     std::string_view field) {
    if (!order.exported) {
        return;
    }
    const auto key =
        private_key_text(order.key, order.format, call.fields.text("private_key_format", "der"));
    data["private_key"] = key.text;
    data["private_key_type"] = key.type;
    if (order.format == "pem_bundle") {
        data[std::string(field)] = key.text + "\n" + data[std::string(field)].get<std::string>();
    }
}

BackendResponse generate_csr(Mount& mount, const PkiCall& call, const std::string& kind) {
    if (auto known = check_kind(mount, call, kind); !known) {
        return known.error();
    }
    auto order = ordered_key(mount, call, kind);
    if (!order) {
        return order.error();
    }
    if (auto named = name_and_generate(mount, call, *order); !named) {
        return named.error();
    }
    const auto requested = requested_names(mount, ca_role(call), call, nullptr);
    if (!requested) {
        return requested.error();
    }
    // Nothing of it goes into the request.
    const auto times = validity(mount, ca_role(call), call, std::nullopt, NotBefore::ignored);
    if (!times) {
        return times.error();
    }
    if (order->any_type) {
        return BackendResponse::error(std::string(no_such_key));
    }
    crypto::Csr::Spec spec{requested->subject, requested->alt_names, {}};
    if (!spec.alt_names.others.empty()) {
        spec.extensions.push_back(names_with_others(spec.alt_names));
        spec.alt_names = {};
    }
    if (call.fields.boolean("add_basic_constraints")) {
        spec.extensions.push_back({"2.5.29.19", true, {0x30, 0x03, 0x01, 0x01, 0xFF}});
    }
    // Of other keys the curve decides, whatever is asked for (row 118).
    if (order->key.public_key().algorithm() == "rsa") {
        spec.digest = digest_of(call.fields.integer("signature_bits"));
        spec.pss = mount.openbao() && call.fields.boolean("use_pss");
    }
    const auto csr = crypto::Csr::make(spec, order->key);
    const auto* key = add_key(mount, order->key, order->name).key;
    Json data = {{"csr", order->format == "der" ? to_base64(csr.der()) : pem_text(csr)},
                 {"key_id", key->id}};
    add_private_key(data, call, *order, "csr");
    auto answer = BackendResponse::with(std::move(data));
    if (const auto warning = aia_warning(mount.urls)) {
        answer.warnings.push_back(
            *warning +
            " Since this certificate is an intermediate, it might be useful to regenerate this "
            "certificate after fixing this problem for the root mount.");
    }
    answer.warnings.insert(answer.warnings.end(), times->warnings.begin(), times->warnings.end());
    return answer;
}

// As Go names key algorithms.
std::string_view go_algorithm(std::string_view algorithm) {
    return algorithm == "rsa" ? "RSA" : algorithm == "ec" ? "ECDSA" : "Ed25519";
}

std::string rotated_name(Mount& mount, const PkiCall& call, std::string name) {
    const bool rotates = call.request.path.starts_with("root/rotate/");
    return rotates && name.empty() && !find_issuer(mount, "next") ? "next" : name;
}

// Keeps the root as an issuer and as a certificate, and signs its first lists.
const Issuer& add_root(Mount& mount, const PkiCall& call, const crypto::Certificate& certificate,
                       std::string name) {
    auto& issuer =
        *add_issuer(mount, certificate, rotated_name(mount, call, std::move(name))).issuer;
    issuer.revocation_signature_algorithm = go_signature_name(certificate);
    if (mount.default_follows_latest_issuer) {
        mount.default_issuer = issuer.id;
    }
    mount.certificates[certificate.serial()] = certificate;
    rebuild_crls(mount, call.now());
    return issuer;
}

void warn_of_root(const Mount& mount, const crypto::Certificate& certificate, const AiaUrls& urls,
                  BackendResponse& answer) {
    if (certificate.subject_is_empty()) {
        answer.warnings.emplace_back(no_subject_warning);
    }
    if (const auto warning = aia_warning(urls)) {
        answer.warnings.push_back(*warning);
    }
    const auto of_lists = crl_warnings(mount);
    answer.warnings.insert(answer.warnings.end(), of_lists.begin(), of_lists.end());
    if (certificate.path_length() == 0) {
        answer.warnings.emplace_back(
            "Max path length of the generated certificate is zero. This certificate cannot be used "
            "to issue intermediate CA certificates.");
    }
    // Vault says it twice, the second time as whoever built the lists said it.
    for (const auto& warning : of_lists) {
        if (!mount.openbao()) {
            answer.warnings.push_back(warning.substr(warning.find("warning from local")));
        }
    }
}

// Whose signature is asked for: the path's issuer, or the body's, the default where it gives none.
Checked<std::string> ca_reference(const PkiCall& call) {
    auto reference = call.captured("issuer_ref", given_reference(call, "issuer_ref"));
    if (reference.empty()) {
        return refuse("missing issuer reference");
    }
    return reference;
}

}  // namespace

BackendResponse generate_root(Mount& mount, const PkiCall& call) {
    if (auto kind = check_kind(mount, call, call.captured("exported")); !kind) {
        return kind.error();
    }
    auto order = ordered_key(mount, call, call.captured("exported"));
    if (!order) {
        return order.error();
    }
    auto name = new_issuer_name(mount, call);
    if (!name) {
        return name.error();
    }
    if (auto named = name_and_generate(mount, call, *order); !named) {
        return named.error();
    }
    const auto role = ca_role(call);
    const auto urls = aia_urls(mount, nullptr);
    if (!urls) {
        return BackendResponse::go_error(
            "unable to parse AIA URL information: " + urls.error() +
            "\nUsing templated AIA URL's {{issuer_id}} field when generating root certificates is "
            "not supported.");
    }
    auto made = certify(mount, {.kind = Making::root,
                                .role = role,
                                .call = call,
                                .generated = order->key,
                                .keyless = order->any_type});
    if (!made) {
        return made.error();
    }
    const auto& certificate = made->certificate;
    const auto* key = add_key(mount, order->key, order->name).key;
    const auto& issuer = add_root(mount, call, certificate, std::move(*name));
    Json data = {{"certificate", certificate_text(certificate, order->format)},
                 {"issuing_ca", certificate_text(certificate, order->format)},
                 {"expiration", unix_seconds(certificate.not_after())},
                 {"serial_number", certificate.serial()},
                 {"issuer_id", issuer.id},
                 {"issuer_name", issuer.name},
                 {"key_id", key->id},
                 {"key_name", key->name}};
    add_private_key(data, call, *order, "certificate");
    auto answer = BackendResponse::with(std::move(data));
    // Vault loses the TTL warning here (row 70).
    if (mount.openbao()) {
        answer.warnings = std::move(made->warnings);
    }
    warn_of_root(mount, certificate, *urls, answer);
    return answer;
}

BackendResponse delete_root(Mount& mount, const PkiCall&) {
    mount.issuers.clear();
    mount.keys.clear();
    mount.crls.clear();
    mount.default_issuer.clear();
    mount.default_key.clear();
    return BackendResponse::with(
        Json(),
        {"DELETE /root deletes all keys and issuers; prefer the new DELETE /key/:key_ref and "
         "DELETE "
         "/issuer/:issuer_ref for finer granularity, unless removal of all keys and issuers is "
         "desired."});
}

BackendResponse generate_intermediate(Mount& mount, const PkiCall& call) {
    return generate_csr(mount, call, call.captured("exported"));
}

BackendResponse cross_sign(Mount& mount, const PkiCall& call) {
    return generate_csr(mount, call, "existing");
}

BackendResponse sign_intermediate(Mount& mount, const PkiCall& call) {
    const auto issuer_ref = ca_reference(call);
    if (!issuer_ref) {
        return issuer_ref.error();
    }
    const auto format = format_of(call);
    if (!format) {
        return BackendResponse::error("The \"format\" path parameter must be \"pem\" or \"der\"");
    }
    const auto ca = signing_ca(mount, *issuer_ref);
    if (!ca) {
        return ca.error();
    }
    const auto csr = csr_of(mount, call);
    if (!csr) {
        return csr.error();
    }
    auto role = ca_role(call);
    if (auto key = check_csr_key(role, csr->public_key()); !key) {
        return key.error();
    }
    role.use_csr_common_name = call.fields.text("common_name").empty();
    role.use_csr_sans = false;
    auto made = certify(
        mount, {.kind = Making::intermediate, .role = role, .call = call, .ca = *ca, .csr = &*csr});
    if (!made) {
        return made.error();
    }
    const auto& certificate = made->certificate;
    const auto& issuer = *ca->issuer;
    auto chain = chain_of(mount, issuer);
    chain.insert(chain.begin(), certificate);
    const auto texts = certificate_texts(chain, *format);
    mount.certificates[certificate.serial()] = certificate;
    auto answer = BackendResponse::with(
        {{"certificate", *format == "pem_bundle" ? join(texts, "\n") : texts.front()},
         {"issuing_ca", certificate_text(issuer.certificate, *format)},
         {"ca_chain", texts},
         {"expiration", unix_seconds(certificate.not_after())},
         {"serial_number", certificate.serial()}},
        std::move(made->warnings));
    if (issuer.certificate.not_after() < certificate.not_after()) {
        answer.warnings.emplace_back(
            "The expiration time for the signed certificate is after the CA's expiration time. If "
            "the new certificate is not treated as a root, validation paths with the certificate "
            "past the issuing CA's expiration time will fail.");
    }
    if (certificate.subject_is_empty()) {
        answer.warnings.emplace_back(no_subject_warning);
    }
    if (const auto warning = aia_warning(aia_urls(mount, &issuer).value_or(AiaUrls{}))) {
        answer.warnings.push_back(*warning);
    }
    if (certificate.path_length() == 0) {
        answer.warnings.emplace_back(
            "Max path length of the signed certificate is zero. This certificate cannot be used to "
            "issue intermediate CA certificates.");
    }
    return answer;
}

namespace {

// A certificate keeps its hash, and PSS, where the signing key is of the kind that signed it; of
// hashes that Go does not sign with it keeps none.
void keep_signature(crypto::CertificateSpec& spec, const crypto::Certificate& given,
                    std::string_view signer) {
    const auto algorithm = given.signature_algorithm();
    const bool by_rsa = algorithm == "rsassaPss" || algorithm.ends_with("WithRSAEncryption");
    const bool by_ec = algorithm.starts_with("ecdsa-with-");
    const auto digest = given.signature_digest();
    const bool known =
        digest == "sha1" || digest == "sha256" || digest == "sha384" || digest == "sha512";
    if (known && ((by_rsa && signer == "rsa") || (by_ec && signer == "ec"))) {
        spec.digest = digest;
        spec.pss = algorithm == "rsassaPss";
    }
}

}  // namespace

BackendResponse sign_self_issued(Mount& mount, const PkiCall& call) {
    const auto issuer_ref = ca_reference(call);
    if (!issuer_ref) {
        return issuer_ref.error();
    }
    const auto blocks = pem_blocks(call.fields.text("certificate"));
    if (blocks.empty()) {
        return BackendResponse::error("certificate could not be PEM-decoded");
    }
    const auto given = crypto::Certificate::from_der(blocks.front().der);
    if (!given) {
        return BackendResponse::error("error parsing certificate: " + given.error().message);
    }
    if (given->is_ca() != true) {
        return BackendResponse::error("given certificate is not a CA certificate");
    }
    if (given->subject_der() != given->issuer_der()) {
        return BackendResponse::error("given certificate is not self-issued");
    }
    const auto ca = signing_ca(mount, *issuer_ref);
    if (!ca) {
        return ca.error();
    }
    if (given->public_key().empty()) {
        return BackendResponse::go_error(
            fmt::format("error determining template algorithm type: &{{%!e(string=x509: only RSA, "
                        "ECDSA{} keys supported)}}",
                        mount.openbao() ? ", Ed25519, and ML-DSA" : " and Ed25519"));
    }
    const auto signer = ca->key->key.public_key().algorithm();
    const auto subject = given->public_key().algorithm();
    if (signer != subject && call.fields.boolean("require_matching_certificate_algorithms")) {
        return BackendResponse::go_error(
            fmt::format("signing certificate's public key algorithm ({}) does not match submitted "
                        "certificate's ({}), and require_matching_certificate_algorithms is true",
                        go_algorithm(signer), go_algorithm(subject)));
    }
    const auto urls = aia_urls(mount, ca->issuer).value_or(AiaUrls{});
    crypto::CertificateSpec spec;
    spec.serial = *crypto::parse_serial(given->serial());
    spec.subject = given->subject();
    spec.subject_der = given->subject_der();
    spec.not_before = given->not_before();
    spec.not_after = given->not_after();
    spec.alt_names = given->alt_names();
    spec.is_ca = true;
    spec.path_length = given->path_length();
    spec.key_usage = given->key_usage();
    spec.extended_key_usage = given->extended_key_usage().value_or(std::vector<std::string>());
    if (const auto id = given->subject_key_id(); !id.empty()) {
        spec.other_subject_key_id = id;
    }
    spec.issuing_certificate_urls = urls.issuing_certificates;
    spec.ocsp_urls = urls.ocsp_servers;
    spec.crl_urls = urls.crl_distribution_points;
    keep_signature(spec, *given, signer);
    const auto certificate =
        crypto::sign_certificate(spec, given->public_key(), ca->key->key, &ca->issuer->certificate);
    return BackendResponse::with({{"certificate", pem_text(certificate)},
                                  {"issuing_ca", pem_text(ca->issuer->certificate)}});
}

}  // namespace meshproof::fakes::vault::pki
