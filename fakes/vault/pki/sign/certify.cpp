#include "fakes/vault/pki/sign/certify.hpp"

#include <algorithm>

#include "core/base/text.hpp"
#include "fakes/vault/logical/go_text.hpp"
#include "fakes/vault/pki/ground/der.hpp"
#include "fakes/vault/pki/ground/key_types.hpp"
#include "fakes/vault/pki/ground/urls.hpp"
#include "fakes/vault/pki/ground/usage.hpp"
#include "fakes/vault/pki/sign/names.hpp"
#include "fakes/vault/pki/sign/ttl.hpp"

namespace meshproof::fakes::vault::pki {

namespace {

constexpr std::string_view oid_subject_alt_name = "2.5.29.17", oid_subject_key_id = "2.5.29.14",
                           oid_key_usage = "2.5.29.15", oid_basic_constraints = "2.5.29.19",
                           oid_authority_key_id = "2.5.29.35", oid_extended_key_usage = "2.5.29.37",
                           oid_name_constraints = "2.5.29.30", oid_policies = "2.5.29.32";

// Row 118. Vault settles a role's hash by the CSR's key type where the role takes any.
std::string digest_for(const Mount& mount, const Order& order, const crypto::PublicKey& subject,
                       const crypto::PublicKey& signer) {
    if (signer.algorithm() == "ed25519") {
        return {};
    }
    if (mount.defect("pki/rsa-signs-with-sha-384") && signer.algorithm() == "rsa") {
        return "sha384";
    }
    for (const auto* digest : {"sha256", "sha384", "sha512"}) {
        if (mount.defect(std::string("pki/always-") + digest)) {
            return digest;
        }
    }
    if (order.kind == Making::root && signer.algorithm() == "ec" &&
        !mount.defect("pki/root-by-signature-bits")) {
        return {};
    }
    auto bits = order.role.signature_bits;
    if (bits == 0 && !mount.openbao() && order.role.key_type == "any" &&
        order.kind != Making::root && subject.algorithm() == "rsa") {
        bits = 256;
    }
    return digest_of(bits);
}

// Vault settles on PSS only together with a hash of its own choice (row 118).
bool uses_pss(const Mount& mount, const Order& order, const std::string& digest) {
    return order.role.use_pss && (mount.openbao() || order.kind == Making::root || !digest.empty());
}

// sign-intermediate's `skid`: hex, its bytes perhaps apart.
Checked<Bytes> call_skid(const Order& order) {
    if (order.kind != Making::intermediate) {
        return Bytes();
    }
    auto text = order.call.fields.text("skid");
    std::erase_if(text, [](char c) { return c == ':' || c == '-' || c == ' '; });
    const auto bad = text.find_first_not_of("0123456789abcdefABCDEF");
    if (bad != std::string::npos || text.size() % 2 != 0) {
        return refuse("cannot parse requested SKID value as hex: encoding/hex: " +
                      (bad == std::string::npos
                           ? std::string("odd length hex string")
                           : fmt::format("invalid byte: U+{:04X} '{}'",
                                         static_cast<unsigned char>(text[bad]), text[bad])));
    }
    Bytes bytes;
    for (std::size_t i = 0; i < text.size(); i += 2) {
        bytes.push_back(static_cast<std::uint8_t>(std::stoul(text.substr(i, 2), nullptr, 16)));
    }
    return bytes;
}

// Everything that the CSR asks for but basicConstraints goes in as it is (row 123).
void copy_csr_values(crypto::CertificateSpec& spec, const crypto::Csr& csr, bool openbao) {
    spec.subject = csr.subject();
    // Vault writes the names that it has read, OpenBao the bytes.
    spec.subject_der = openbao ? subject_der(csr) : rewritten_subject(csr);
    for (auto& extension : csr.extensions()) {
        const bool rebuilt =
            extension.oid == oid_subject_alt_name && !spec.alt_names.others.empty();
        if (extension.oid == oid_basic_constraints || rebuilt) {
            continue;
        }
        if (extension.oid == oid_key_usage) {
            spec.key_usage.reset();
        } else if (extension.oid == oid_extended_key_usage) {
            spec.extended_key_usage.clear();
        } else if (extension.oid == oid_subject_key_id) {
            spec.subject_key_id = false;
        } else if (extension.oid == oid_authority_key_id) {
            spec.authority_key_id = false;
        } else if (extension.oid == oid_name_constraints) {
            spec.name_constraints.reset();
        } else if (extension.oid == oid_policies) {
            spec.policies.reset();
        }
        spec.extra.push_back(std::move(extension));
    }
    auto others = std::move(spec.alt_names.others);
    spec.alt_names = {};
    if (!others.empty()) {
        spec.alt_names = csr.alt_names();
        spec.alt_names.others = std::move(others);
    }
}

// The key that the certificate is for.
crypto::PublicKey subject_key(Mount& mount, const Order& order) {
    if (order.csr == nullptr) {
        return order.generated->public_key();
    }
    auto key = order.csr->public_key();
    const auto previous = std::exchange(mount.previous_csr_key, key);
    return mount.defect("pki/wrong-csr-key") && previous ? *previous : key;
}

// -1 in the real servers' words: no limit.
Checked<std::optional<int>> path_length(const Mount& mount, const Order& order) {
    const auto asked = order.call.fields.integer("max_path_length", -1);
    const auto of_issuer =
        order.ca ? order.ca->issuer->certificate.path_length() : std::optional<int>();
    if (of_issuer == 0 && !mount.defect("pki/path-length-0-signs-cas")) {
        return refuse(
            "signing certificate has a max path length of zero, and cannot issue further CA "
            "certificates");
    }
    if (asked < -1) {
        return go_error(
            std::string(order.kind == Making::intermediate ? "error signing cert: " : "") +
            "unable to create certificate: x509: invalid MaxPathLen, must be greater or "
            "equal to -1");
    }
    if (order.call.fields.has("max_path_length")) {
        return asked < 0 ? std::optional<int>() : std::optional<int>(static_cast<int>(asked));
    }
    return of_issuer ? std::optional(*of_issuer - 1) : std::nullopt;
}

std::optional<IssuerLimit> issuer_limit(const Mount& mount, const Order& order) {
    if (!order.ca) {
        return std::nullopt;
    }
    // Row 77: an intermediate may outlive its issuer.
    const bool permitted = order.kind == Making::intermediate &&
                           !mount.defect("pki/intermediate-ends-with-its-issuer");
    return IssuerLimit{order.ca->issuer->certificate.not_after(),
                       permitted ? "permit" : order.ca->issuer->leaf_not_after_behavior};
}

// Domains that Go cannot write, or not read again.
Checked<> check_constraints(const Order& order, const std::vector<std::string>& domains) {
    const std::string where = order.kind == Making::intermediate ? "error signing cert: " : "";
    for (const auto& domain : domains) {
        if (std::ranges::any_of(domain, [](char c) { return (c & 0x80) != 0; })) {
            return go_error(fmt::format(
                "{}unable to create certificate: x509: {} cannot be encoded as an IA5String", where,
                go_quoted(domain)));
        }
    }
    for (const auto& domain : domains) {
        if (std::ranges::any_of(domain, [](char c) { return c < '!' || c > '~'; })) {
            return go_error(
                fmt::format("{}unable to parse created certificate: x509: failed to parse dnsName "
                            "constraint {}",
                            where, go_quoted(domain)));
        }
    }
    return {};
}

// Vault takes a hash for an RSA key only from those that it knows, and looks late.
Checked<> check_hash(const Mount& mount, const Order& order) {
    const auto bits = order.role.signature_bits;
    if (mount.openbao() || bits == 0 || !digest_of(bits).empty() || order.csr == nullptr ||
        order.role.key_type != "any" || order.csr->public_key().algorithm() != "rsa") {
        return {};
    }
    return go_error(
        fmt::format("{}unknown internal error updating default values: unsupported hash signature "
                    "algorithm: {}",
                    order.kind == Making::intermediate ? "error signing cert: " : "", bits));
}

// What Go cannot write into a certificate.
Checked<> check_encodable(const Role& role, const Requested& requested) {
    for (const auto& oid : role.ext_key_usage_oids) {
        if (oid_fault(oid).starts_with("cryptobyte") && oid.find('-') == std::string::npos) {
            return go_error(
                "unable to create certificate: asn1: structure error: invalid object identifier");
        }
    }
    for (const auto& email : requested.alt_names.emails) {
        if (std::ranges::any_of(email, [](char c) { return (c & 0x80) != 0; })) {
            return go_error(fmt::format(
                "unable to create certificate: x509: {} cannot be encoded as an IA5String",
                go_quoted(email)));
        }
    }
    for (const auto& other : requested.alt_names.others) {
        if (const auto fault = oid_fault(other.oid); !fault.empty()) {
            return go_error("error marshaling other SANs: " + fault);
        }
    }
    return {};
}

// Only a leaf with a key made here begins when it was asked to (row 96).
NotBefore not_before_use(const Order& order) {
    if (order.kind == Making::verbatim) {
        return NotBefore::ignored;
    }
    if (order.kind == Making::root) {
        return NotBefore::unread;
    }
    return order.csr == nullptr ? NotBefore::honoured : NotBefore::read;
}

// What defects do to a leaf's keyUsage and extKeyUsage.
void spoil_usages(const Mount& mount, crypto::CertificateSpec& spec) {
    if (mount.defect("pki/leaf-lacks-key-usage")) {
        spec.key_usage.reset();
    }
    if (mount.defect("pki/key-usage-never-empty") && !spec.key_usage) {
        spec.key_usage = crypto::digital_signature;
    }
    if (mount.defect("pki/leaf-lacks-digital-signature") && spec.key_usage) {
        *spec.key_usage &= ~unsigned{crypto::digital_signature};
    }
    if (mount.defect("pki/leaf-only-signs") && spec.key_usage) {
        spec.key_usage = crypto::digital_signature;
    }
    if (mount.defect("pki/leaf-lacks-client-auth")) {
        std::erase(spec.extended_key_usage, crypto::eku_client_auth);
    }
    if (mount.defect("pki/purposes-are-fixed")) {
        spec.extended_key_usage = {std::string(crypto::eku_server_auth),
                                   std::string(crypto::eku_client_auth)};
    }
}

}  // namespace

Checked<std::string> format_of(const Call& call) {
    auto format = call.fields.text("format", "pem");
    if (format != "pem" && format != "pem_bundle" && format != "der") {
        return refuse("the \"format\" path parameter must be \"pem\", \"der\", or \"pem_bundle\"");
    }
    return format;
}

Checked<Certified> certify(Mount& mount, const Order& order) {
    const auto requested = requested_names(mount, order.role, order.call, order.csr);
    if (!requested) {
        return tl::unexpected(requested.error());
    }
    if (order.csr != nullptr && mount.defect("pki/csr-signature-before-times") &&
        !order.csr->signature_valid()) {
        return refuse("request signature invalid");
    }
    const auto times =
        validity(mount, order.role, order.call, issuer_limit(mount, order), not_before_use(order));
    if (!times) {
        return tl::unexpected(times.error());
    }
    const bool makes_ca = order.kind == Making::root || order.kind == Making::intermediate;
    const auto ids = makes_ca ? Checked<std::vector<std::string>>()
                              : user_ids(order.role, order.call, order.csr);
    if (!ids) {
        return tl::unexpected(ids.error());
    }
    if (order.csr != nullptr && !order.csr->signature_valid() &&
        !mount.defect("pki/ignore-csr-signature")) {
        return refuse("request signature invalid");
    }

    if (auto encodable = check_encodable(order.role, *requested); !encodable) {
        if (order.kind == Making::intermediate) {
            encodable.error().text = "error signing cert: " + encodable.error().text;
        }
        if (mount.defect("pki/bad-oid-is-400")) {
            encodable.error().status = 400;
        }
        return tl::unexpected(encodable.error());
    }
    if (auto known = check_hash(mount, order); !known) {
        return tl::unexpected(known.error());
    }
    if (mount.defect("pki/unknown-parameters-refused") &&
        !order.call.fields.unrecognized().empty()) {
        return refuse("unknown parameters");
    }

    Certified made{{}, times->warnings};
    crypto::CertificateSpec spec;
    spec.serial = mount.new_serial();
    spec.subject = requested->subject;
    spec.subject.user_ids = *ids;
    if (!makes_ca && mount.defect("pki/subject-never-empty") && spec.subject.empty()) {
        spec.subject.organization = {"meshproof"};
    }
    if (!makes_ca && mount.defect("pki/common-name-dropped")) {
        spec.subject = {};
    }
    spec.alt_names = requested->alt_names;
    spec.not_before = times->not_before;
    spec.not_after = times->not_after;
    const auto urls = aia_urls(mount, order.ca ? order.ca->issuer : nullptr).value_or(AiaUrls{});
    spec.issuing_certificate_urls = urls.issuing_certificates;
    spec.ocsp_urls = urls.ocsp_servers;
    spec.crl_urls = urls.crl_distribution_points;
    if (!urls.empty() && !urls.delta_crl_distribution_points.empty()) {
        spec.extra.push_back(freshest_crl(urls.delta_crl_distribution_points));
    }
    if (const auto& identifiers = order.role.policy_identifiers; !identifiers.empty()) {
        std::vector<Policy> policies;
        for (const auto& identifier : identifiers) {
            if (identifier.empty()) {
                continue;
            }
            policies.push_back(parse_policy_identifier(identifier).value_or(Policy{"0.0", "", ""}));
        }
        spec.policies = certificate_policies(policies);
    }
    if (makes_ca) {
        const auto length = path_length(mount, order);
        if (!length) {
            return tl::unexpected(length.error());
        }
        spec.is_ca = true;
        if (!mount.defect("pki/path-length-unwritten")) {
            spec.path_length = *length;
        }
        // Of the parameter, which OpenBao alone knows, only what a CA may do besides is taken.
        spec.key_usage = crypto::cert_sign | crypto::crl_sign |
                         (key_usage_bits(order.call.fields.list("key_usage")).value_or(0) &
                          crypto::digital_signature);
        spec.extended_key_usage = extended_key_usages(order.role);
        if (order.kind == Making::intermediate) {
            spec.is_ca = !mount.defect("pki/intermediate-is-no-ca");
        }
        if (mount.defect("pki/ca-lacks-cert-sign")) {
            spec.key_usage = crypto::crl_sign;
        }
        if (mount.defect("pki/ca-has-purposes")) {
            spec.extended_key_usage = {std::string(crypto::eku_server_auth)};
        }
        if (mount.defect("pki/ca-always-has-an-id") && spec.alt_names.uris.empty()) {
            spec.alt_names.uris = {"spiffe://vault"};
        }
        if (const auto domains = order.call.fields.list("permitted_dns_domains");
            !domains.empty() && !mount.defect("pki/name-constraints-unwritten")) {
            if (auto readable = check_constraints(order, domains); !readable) {
                return tl::unexpected(readable.error());
            }
            if (mount.defect("pki/name-constraints-last")) {
                spec.extra.push_back(dns_name_constraints(domains));
            } else {
                spec.name_constraints = dns_name_constraints(domains);
            }
        }
    } else {
        if ((order.role.basic_constraints_valid_for_non_ca &&
             !mount.defect("pki/no-basic-constraints-on-leaves")) ||
            mount.defect("pki/leaf-has-basic-constraints")) {
            spec.is_ca = false;
        }
        if (mount.defect("pki/csr-basic-constraints-obeyed") && order.csr != nullptr &&
            order.csr->has_basic_constraints()) {
            spec.is_ca = true;
        }
        spec.key_usage = key_usage_bits(order.role.key_usage);
        spec.extended_key_usage = extended_key_usages(order.role);
        spoil_usages(mount, spec);
        if (mount.defect("pki/leaf-can-sign")) {
            spec.key_usage = spec.key_usage.value_or(0) | crypto::cert_sign;
        }
        // Row 116: OpenBao is silent where the role puts the extension in anyway.
        if (order.csr != nullptr && order.csr->has_basic_constraints() &&
            !mount.defect("pki/no-warning-of-basic-constraints") &&
            !(mount.openbao() && order.role.basic_constraints_valid_for_non_ca)) {
            made.warnings.emplace_back(
                "specified CSR contained a Basic Constraints extension that was ignored during "
                "issuance");
        }
    }
    const bool verbatim =
        (order.kind == Making::verbatim && !mount.defect("pki/verbatim-drops-extensions")) ||
        (order.kind == Making::leaf && mount.defect("pki/csr-extensions-are-copied"));
    const bool csr_values =
        order.call.fields.boolean("use_csr_values") && !mount.defect("pki/csr-values-ignored");
    if (order.csr != nullptr && (verbatim || csr_values)) {
        copy_csr_values(spec, *order.csr,
                        mount.openbao() != mount.defect("pki/subject-as-the-other-product"));
    }

    if (!spec.alt_names.others.empty() && !mount.defect("pki/other-names-in-place")) {
        spec.extra.push_back(names_with_others(spec.alt_names));
        spec.alt_names = {};
    }
    if (!makes_ca && mount.defect("pki/leaf-without-urls")) {
        spec.issuing_certificate_urls = spec.crl_urls = {};
    }
    if (mount.defect("pki/leaf-without-policies")) {
        spec.policies.reset();
    }
    if (mount.defect("pki/leaf-without-authority-key-id")) {
        spec.authority_key_id = false;
    }

    const auto key = subject_key(mount, order);
    const auto& signer = order.ca ? order.ca->key->key : *order.generated;
    if (const auto skid = call_skid(order); !skid) {
        return tl::unexpected(skid.error());
    } else if (!skid->empty()) {
        spec.other_subject_key_id = *skid;
    }
    if (order.ca && order.ca->issuer->certificate.subject_key_id().empty()) {
        spec.authority_key_id = false;  // nothing to point to
    }
    spec.digest = digest_for(mount, order, key, signer.public_key());
    spec.pss = uses_pss(mount, order, spec.digest);
    made.certificate = crypto::sign_certificate(
        spec, key, signer, order.ca ? &order.ca->issuer->certificate : nullptr);
    return made;
}

}  // namespace meshproof::fakes::vault::pki
