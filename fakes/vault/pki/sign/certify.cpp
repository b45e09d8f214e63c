#include "fakes/vault/pki/sign/certify.hpp"

#include <algorithm>

#include "core/base/text.hpp"
#include "fakes/vault/logical/go_text.hpp"
#include "fakes/vault/pki/ground/der.hpp"
#include "fakes/vault/pki/ground/key_types.hpp"
#include "fakes/vault/pki/ground/saboteurs.hpp"
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

bool makes_ca(const Order& order) {
    return order.kind == Making::root || order.kind == Making::intermediate;
}

// What sign-intermediate puts before an error of the signing itself.
std::string prefix(const Order& order) {
    return order.kind == Making::intermediate ? "error signing cert: " : "";
}

// Row 118. Vault settles a role's hash by the CSR's key type where the role takes any.
std::string digest_for(const Mount& mount, const Order& order, const crypto::PublicKey& subject,
                       const crypto::PublicKey& signer) {
    if (signer.algorithm() == "ed25519") {
        return {};
    }
    if (order.kind == Making::root && signer.algorithm() == "ec") {
        return {};
    }
    // Vault takes no hash for a key of Ed25519, although it is the issuer's key that signs.
    if (!mount.openbao() && order.kind != Making::root && subject.algorithm() == "ed25519") {
        return digest_of(0);
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
    if (const auto fault = go_hex_fault(text); !fault.empty()) {
        return refuse("cannot parse requested SKID value as hex: " + fault);
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
    if (asked < -1) {
        return go_error(
            prefix(order) +
            "unable to create certificate: x509: invalid MaxPathLen, must be greater or "
            "equal to -1");
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

// Domains that Go cannot write, or not read again.
Checked<> check_constraints(const Order& order, const std::vector<std::string>& domains) {
    for (const auto& domain : domains) {
        if (std::ranges::any_of(domain, [](char c) { return (c & 0x80) != 0; })) {
            return go_error(fmt::format(
                "{}unable to create certificate: x509: {} cannot be encoded as an IA5String",
                prefix(order), go_quoted(domain)));
        }
    }
    for (const auto& domain : domains) {
        if (std::ranges::any_of(domain, [](char c) { return c < '!' || c > '~'; })) {
            return go_error(
                fmt::format("{}unable to parse created certificate: x509: failed to parse dnsName "
                            "constraint {}",
                            prefix(order), go_quoted(domain)));
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
                    prefix(order), bits));
}

// What Go cannot write into a certificate.
Checked<> check_encodable(const Order& order, const crypto::AltNames& names) {
    for (const auto& oid : order.role.ext_key_usage_oids) {
        if (oid_fault(oid).starts_with("cryptobyte") && oid.find('-') == std::string::npos) {
            return go_error(prefix(order) +
                            "unable to create certificate: asn1: structure error: invalid object "
                            "identifier");
        }
    }
    for (const auto& email : names.emails) {
        if (std::ranges::any_of(email, [](char c) { return (c & 0x80) != 0; })) {
            return go_error(fmt::format(
                "{}unable to create certificate: x509: {} cannot be encoded as an IA5String",
                prefix(order), go_quoted(email)));
        }
    }
    for (const auto& other : names.others) {
        if (const auto fault = oid_fault(other.oid); !fault.empty()) {
            return go_error(prefix(order) + "error marshaling other SANs: " + fault);
        }
    }
    return {};
}

// Only a leaf with a key made here begins when it was asked to (row 96).
NotBefore not_before_use(const Order& order) {
    if (order.kind == Making::verbatim || order.kind == Making::root) {
        return NotBefore::ignored;
    }
    return order.csr == nullptr ? NotBefore::honoured : NotBefore::read;
}

// What a certificate is made of, with every check of row 103 behind it.
struct Granted {
    Requested names;
    Validity times;
    std::vector<std::string> user_ids;
};

Checked<Granted> grant(const Mount& mount, const Order& order) {
    auto names = requested_names(mount, order.role, order.call, order.csr);
    if (!names) {
        return tl::unexpected(names.error());
    }
    auto times =
        validity(mount, order.role, order.call, issuer_limit(order), not_before_use(order));
    if (!times) {
        return tl::unexpected(times.error());
    }
    auto ids = makes_ca(order) ? Checked<std::vector<std::string>>()
                               : user_ids(order.role, order.call, order.csr);
    if (!ids) {
        return tl::unexpected(ids.error());
    }
    if (order.keyless) {
        return refuse(std::string(no_such_key));
    }
    if (mount.openbao() && order.csr == nullptr) {
        if (auto span = check_span(*times); !span) {
            return tl::unexpected(span.error());
        }
    }
    if (order.csr != nullptr && !order.csr->signature_valid()) {
        return refuse("request signature invalid");
    }
    if (auto encodable = check_encodable(order, names->alt_names); !encodable) {
        return tl::unexpected(encodable.error());
    }
    if (auto known = check_hash(mount, order); !known) {
        return tl::unexpected(known.error());
    }
    return Granted{std::move(*names), std::move(*times), std::move(*ids)};
}

void add_urls(crypto::CertificateSpec& spec, const Mount& mount, const Order& order) {
    const auto urls = aia_urls(mount, order.ca ? order.ca->issuer : nullptr).value_or(AiaUrls{});
    spec.issuing_certificate_urls = urls.issuing_certificates;
    spec.ocsp_urls = urls.ocsp_servers;
    spec.crl_urls = urls.crl_distribution_points;
    if (!urls.empty() && !urls.delta_crl_distribution_points.empty()) {
        spec.extra.push_back(freshest_crl(urls.delta_crl_distribution_points));
    }
}

void add_policies(crypto::CertificateSpec& spec, const Role& role) {
    if (role.policy_identifiers.empty()) {
        return;
    }
    std::vector<Policy> policies;
    for (const auto& identifier : role.policy_identifiers) {
        if (!identifier.empty() && trim(identifier) != "null") {
            policies.push_back(parse_policy_identifier(identifier).value_or(Policy{"0.0", "", ""}));
        }
    }
    spec.policies = certificate_policies(policies);
}

Checked<> add_ca_extensions(crypto::CertificateSpec& spec, const Order& order) {
    const auto length = path_length(order);
    if (!length) {
        return tl::unexpected(length.error());
    }
    spec.is_ca = true;
    spec.path_length = *length;
    // Of the parameter, which OpenBao alone knows, only what a CA may do besides is taken.
    spec.key_usage = crypto::cert_sign | crypto::crl_sign |
                     (key_usage_bits(order.call.fields.list("key_usage")).value_or(0) &
                      crypto::digital_signature);
    spec.extended_key_usage = extended_key_usages(order.role);
    if (const auto domains = order.call.fields.list("permitted_dns_domains"); !domains.empty()) {
        if (auto readable = check_constraints(order, domains); !readable) {
            return tl::unexpected(readable.error());
        }
        spec.name_constraints = dns_name_constraints(domains);
    }
    return {};
}

void add_leaf_extensions(crypto::CertificateSpec& spec, const Role& role) {
    if (role.basic_constraints_valid_for_non_ca) {
        spec.is_ca = false;
    }
    spec.key_usage = key_usage_bits(role.key_usage);
    spec.extended_key_usage = extended_key_usages(role);
}

// Row 116: OpenBao is silent where the role puts the extension in anyway.
bool warns_of_basic_constraints(const Mount& mount, const Order& order) {
    return !makes_ca(order) && order.csr != nullptr && order.csr->has_basic_constraints() &&
           !(mount.openbao() && order.role.basic_constraints_valid_for_non_ca);
}

// All but what depends on the signing key.
Checked<crypto::CertificateSpec> fill_in(Mount& mount, const Order& order, const Granted& granted) {
    crypto::CertificateSpec spec;
    spec.serial = mount.new_serial();
    spec.subject = granted.names.subject;
    spec.subject.user_ids = granted.user_ids;
    spec.alt_names = granted.names.alt_names;
    spec.not_before = granted.times.not_before;
    spec.not_after = granted.times.not_after;
    add_urls(spec, mount, order);
    add_policies(spec, order.role);
    if (!makes_ca(order)) {
        add_leaf_extensions(spec, order.role);
    } else if (auto added = add_ca_extensions(spec, order); !added) {
        return tl::unexpected(added.error());
    }
    if (order.csr != nullptr &&
        (order.kind == Making::verbatim || order.call.fields.boolean("use_csr_values"))) {
        copy_csr_values(spec, *order.csr, mount.openbao());
    }
    if (!spec.alt_names.others.empty()) {
        spec.extra.push_back(names_with_others(spec.alt_names));
        spec.alt_names = {};
    }
    auto skid = call_skid(order);
    if (!skid) {
        return tl::unexpected(skid.error());
    }
    if (!skid->empty()) {
        spec.other_subject_key_id = std::move(*skid);
    }
    return spec;
}

}  // namespace

Checked<std::string> format_of(const PkiCall& call) {
    auto format = call.fields.text("format", "pem");
    if (format != "pem" && format != "pem_bundle" && format != "der") {
        return refuse("the \"format\" path parameter must be \"pem\", \"der\", or \"pem_bundle\"");
    }
    return format;
}

Checked<Certified> certify(Mount& mount, const Order& order) {
    auto granted = grant(mount, order);
    if (!granted) {
        return tl::unexpected(granted.error());
    }
    auto spec = fill_in(mount, order, *granted);
    if (!spec) {
        return tl::unexpected(spec.error());
    }
    const auto key = order.csr != nullptr ? order.csr->public_key() : order.generated->public_key();
    const auto* issuer = order.ca ? &order.ca->issuer->certificate : nullptr;
    const auto& signer = order.ca ? order.ca->key->key : *order.generated;
    if (issuer != nullptr && issuer->subject_key_id().empty()) {
        spec->authority_key_id = false;  // nothing to point to
    }
    spec->digest = digest_for(mount, order, key, signer.public_key());
    spec->pss = uses_pss(mount, order, spec->digest);

    ToBeSigned draft{std::move(*spec), key, order.csr != nullptr, order.call.now()};
    sabotage(mount, draft);
    Certified made{crypto::sign_certificate(draft.spec, draft.key, signer, issuer),
                   std::move(granted->times.warnings)};
    if (warns_of_basic_constraints(mount, order)) {
        made.warnings.emplace_back(
            "specified CSR contained a Basic Constraints extension that was ignored during "
            "issuance");
    }
    return made;
}

}  // namespace meshproof::fakes::vault::pki
