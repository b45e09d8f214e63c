#include "core/base/text.hpp"
#include "fakes/vault/pki_der.hpp"
#include "fakes/vault/pki_issue.hpp"
#include "fakes/vault/pki_keytypes.hpp"
#include "fakes/vault/pki_names.hpp"
#include "fakes/vault/pki_pem.hpp"
#include "fakes/vault/pki_ttl.hpp"
#include "fakes/vault/pki_usage.hpp"

namespace meshproof::fakes::pki {

namespace {

constexpr std::string_view oid_subject_key_id = "2.5.29.14", oid_key_usage = "2.5.29.15",
                           oid_basic_constraints = "2.5.29.19", oid_authority_key_id = "2.5.29.35",
                           oid_extended_key_usage = "2.5.29.37";

// Row 118. Vault settles a role's hash by the CSR's key type where the role takes any.
std::string digest_for(const Mount& mount, const Order& order, const crypto::PublicKey& subject,
                       const crypto::PublicKey& signer) {
    if (signer.algorithm() == "ed25519") {
        return {};
    }
    if (order.kind == Making::root && signer.algorithm() == "ec") {
        return {};
    }
    auto bits = order.role.signature_bits;
    if (bits == 0 && !mount.openbao() && order.role.key_type == "any" &&
        order.kind != Making::root && subject.algorithm() == "rsa") {
        bits = 256;
    }
    return digest_of(bits);
}

// Everything that the CSR asks for but basicConstraints goes in as it is (row 123).
void copy_csr_values(crypto::CertificateSpec& spec, const crypto::Csr& csr) {
    spec.subject = csr.subject();
    spec.subject_der = subject_der(csr);
    spec.alt_names = {};
    for (auto& extension : csr.extensions()) {
        if (extension.oid == oid_basic_constraints) {
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
        }
        spec.extra.push_back(std::move(extension));
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
Checked<std::optional<int>> path_length(const Order& order) {
    const auto asked = order.call.fields.integer("max_path_length", -1);
    const auto of_issuer =
        order.ca ? order.ca->issuer->certificate.path_length() : std::optional<int>();
    if (of_issuer == 0) {
        return refuse(
            "signing certificate has a max path length of zero, and cannot issue further CA "
            "certificates");
    }
    if (order.call.fields.has("max_path_length")) {
        return asked < 0 ? std::optional<int>() : std::optional<int>(static_cast<int>(asked));
    }
    return of_issuer ? std::optional(*of_issuer - 1) : std::nullopt;
}

std::optional<IssuerLimit> issuer_limit(const Order& order) {
    if (!order.ca) {
        return std::nullopt;
    }
    // Row 77: an intermediate may outlive its issuer.
    return IssuerLimit{
        order.ca->issuer->certificate.not_after(),
        order.kind == Making::intermediate ? "permit" : order.ca->issuer->leaf_not_after_behavior};
}

}  // namespace

Checked<std::string> format_of(const Call& call) {
    auto format = call.fields.text("format", "pem");
    if (format != "pem" && format != "pem_bundle" && format != "der") {
        return refuse("the \"format\" path parameter must be \"pem\", \"der\", or \"pem_bundle\"");
    }
    return format;
}

Checked<crypto::Csr> csr_of(const Call& call) {
    const auto text = call.fields.text("csr");
    if (text.empty()) {
        return refuse("\"csr\" is empty");
    }
    const auto blocks = pem_blocks(text);
    if (blocks.empty()) {
        return refuse("csr contains no data");
    }
    auto csr = crypto::Csr::from_der(blocks.front().der);
    if (!csr) {
        return refuse("certificate request could not be parsed: " + csr.error().message);
    }
    return std::move(*csr);
}

Checked<> check_csr_key(const Role& role, const crypto::PublicKey& key) {
    const auto algorithm = key.algorithm();
    if (role.key_type != "any" && role.key_type != algorithm) {
        return refuse("role requires keys of type " + role.key_type);
    }
    if (role.key_type == "any" && algorithm == "rsa" && key.bits() < 2048) {
        return refuse("RSA keys < 2048 bits are unsafe and not supported");
    }
    const auto least = role.key_type == "any" ? (algorithm == "ec" ? 224 : 0)
                                              : default_key_bits(role.key_type, role.key_bits);
    if (algorithm != "ed25519" && key.bits() < least) {
        return refuse(
            fmt::format("role requires a minimum of a {}-bit key, but CSR's key is {} bits", least,
                        key.bits()));
    }
    return {};
}

Checked<Certified> certify(Mount& mount, const Order& order) {
    const auto requested = requested_names(mount, order.role, order.call, order.csr);
    if (!requested) {
        return tl::unexpected(requested.error());
    }
    const auto times =
        validity(mount, order.role, order.call, issuer_limit(order), order.csr == nullptr);
    if (!times) {
        return tl::unexpected(times.error());
    }
    if (auto ids = check_user_ids(order.role, order.call); !ids) {
        return tl::unexpected(ids.error());
    }
    if (order.csr != nullptr && !order.csr->signature_valid()) {
        return refuse("request signature invalid");
    }

    const bool makes_ca = order.kind == Making::root || order.kind == Making::intermediate;
    Certified made{{}, times->warnings};
    crypto::CertificateSpec spec;
    spec.serial = mount.new_serial();
    spec.subject = requested->subject;
    spec.alt_names = requested->alt_names;
    spec.not_before = times->not_before;
    spec.not_after = times->not_after;
    const auto urls = aia_urls(mount, order.ca ? order.ca->issuer : nullptr);
    spec.issuing_certificate_urls = urls.issuing_certificates;
    spec.ocsp_urls = urls.ocsp_servers;
    spec.crl_urls = urls.crl_distribution_points;
    if (!urls.delta_crl_distribution_points.empty()) {
        spec.extra.push_back(freshest_crl(urls.delta_crl_distribution_points));
    }
    spec.policy_oids = order.role.policy_identifiers;
    if (makes_ca) {
        const auto length = path_length(order);
        if (!length) {
            return tl::unexpected(length.error());
        }
        spec.is_ca = true;
        spec.path_length = *length;
        spec.key_usage = crypto::cert_sign | crypto::crl_sign;
    } else {
        if (order.role.basic_constraints_valid_for_non_ca) {
            spec.is_ca = false;
        }
        spec.key_usage = key_usage_bits(order.role.key_usage);
        spec.extended_key_usage = extended_key_usages(order.role);
        if (mount.defect("pki/leaf-can-sign")) {
            spec.key_usage = spec.key_usage.value_or(0) | crypto::cert_sign;
        }
        // Row 116: OpenBao is silent where the role puts the extension in anyway.
        if (order.csr != nullptr && order.csr->has_basic_constraints() &&
            !(mount.openbao() && order.role.basic_constraints_valid_for_non_ca)) {
            made.warnings.emplace_back(
                "specified CSR contained a Basic Constraints extension that was ignored during "
                "issuance");
        }
    }
    if (order.csr != nullptr &&
        (order.kind == Making::verbatim || order.call.fields.boolean("use_csr_values"))) {
        copy_csr_values(spec, *order.csr);
    }

    const auto key = subject_key(mount, order);
    const auto& signer = order.ca ? order.ca->key->key : *order.generated;
    spec.digest = digest_for(mount, order, key, signer.public_key());
    made.certificate = crypto::sign_certificate(
        spec, key, signer, order.ca ? &order.ca->issuer->certificate : nullptr);
    return made;
}

std::string certificate_text(const crypto::Certificate& certificate, std::string_view format) {
    return format == "der" ? to_base64(certificate.der()) : pem_text(certificate);
}

std::vector<std::string> certificate_texts(const std::vector<crypto::Certificate>& chain,
                                           std::string_view format) {
    std::vector<std::string> texts;
    for (const auto& certificate : chain) {
        texts.push_back(certificate_text(certificate, format));
    }
    return texts;
}

}  // namespace meshproof::fakes::pki
