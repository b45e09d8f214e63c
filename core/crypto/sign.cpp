#include <openssl/err.h>
#include <openssl/obj_mac.h>
#include <openssl/objects.h>

#include "core/crypto/certificate.hpp"
#include "core/crypto/names.hpp"
#include "core/crypto/openssl.hpp"
#include "core/crypto/quick.hpp"
#include "core/crypto/spki.hpp"

namespace meshproof::crypto {
namespace {

constexpr std::size_t serial_bytes = 20;  // RFC 5280 4.1.2.2

/// Adds extensions in the order in which Go's crypto/x509 does, leaving out those that `extra`
/// replaces.
class ExtensionWriter {
  public:
    ExtensionWriter(X509* certificate, const std::vector<RawExtension>& extra)
        : certificate_(certificate) {
        for (const RawExtension& extension : extra) {
            replaced_.push_back(OBJ_obj2nid(to_object(extension.oid).get()));
        }
    }

    void add(int nid, bool critical, void* value) {
        if (std::ranges::find(replaced_, nid) == replaced_.end()) {
            succeed(
                X509_add1_ext_i2d(certificate_, nid, value, critical ? 1 : 0, X509V3_ADD_DEFAULT),
                "cannot add an extension");
        }
    }

    void add(const RawExtension& extension) {
        succeed(X509_add_ext(certificate_, write_extension(extension).get(), -1));
    }

  private:
    X509* certificate_;
    std::vector<int> replaced_;
};

void add_key_usage(ExtensionWriter& writer, unsigned usage) {
    const auto bits = own<ASN1_BIT_STRING_free>(ASN1_BIT_STRING_new());
    for (unsigned bit = 0; bit <= 8; ++bit) {
        if ((usage >> bit & 1U) != 0) {
            succeed(ASN1_BIT_STRING_set_bit(bits.get(), static_cast<int>(bit), 1));
        }
    }
    writer.add(NID_key_usage, true, bits.get());
}

void add_extended_key_usage(ExtensionWriter& writer, const std::vector<std::string>& oids) {
    const auto usages = own<EXTENDED_KEY_USAGE_free>(EXTENDED_KEY_USAGE_new());
    for (const std::string& oid : oids) {
        succeed(sk_ASN1_OBJECT_push(usages.get(), to_object(oid).release()));
    }
    writer.add(NID_ext_key_usage, false, usages.get());
}

void add_basic_constraints(ExtensionWriter& writer, bool is_ca, std::optional<int> path_length) {
    const auto constraints = own<BASIC_CONSTRAINTS_free>(BASIC_CONSTRAINTS_new());
    constraints->ca = is_ca ? 0xff : 0;
    if (path_length) {
        constraints->pathlen = to_asn1_integer(static_cast<std::uint64_t>(*path_length)).release();
    }
    writer.add(NID_basic_constraints, true, constraints.get());
}

void add_authority_key_id(ExtensionWriter& writer, const Bytes& id) {
    const auto authority = own<AUTHORITY_KEYID_free>(AUTHORITY_KEYID_new());
    authority->keyid = to_octets(id).release();
    writer.add(NID_authority_key_identifier, false, authority.get());
}

Handle<GENERAL_NAME, GENERAL_NAME_free> uri_name(const std::string& uri) {
    auto text = own<ASN1_STRING_free>(ASN1_IA5STRING_new());
    succeed(ASN1_STRING_set(text.get(), uri.data(), static_cast<int>(uri.size())));
    auto name = own<GENERAL_NAME_free>(GENERAL_NAME_new());
    GENERAL_NAME_set0_value(name.get(), GEN_URI, text.release());
    return name;
}

void add_information_access(ExtensionWriter& writer, const std::vector<std::string>& ocsp,
                            const std::vector<std::string>& issuers) {
    const auto access = own<AUTHORITY_INFO_ACCESS_free>(AUTHORITY_INFO_ACCESS_new());
    const auto push = [&](int method, const std::string& url) {
        auto description = own<ACCESS_DESCRIPTION_free>(ACCESS_DESCRIPTION_new());
        ASN1_OBJECT_free(description->method);
        description->method = OBJ_nid2obj(method);
        GENERAL_NAME_free(description->location);
        description->location = uri_name(url).release();
        succeed(sk_ACCESS_DESCRIPTION_push(access.get(), description.get()));
        (void)description.release();
    };
    for (const std::string& url : ocsp) {
        push(NID_ad_OCSP, url);
    }
    for (const std::string& url : issuers) {
        push(NID_ad_ca_issuers, url);
    }
    writer.add(NID_info_access, false, access.get());
}

void add_policies(ExtensionWriter& writer, const std::vector<std::string>& oids) {
    const auto policies = own<CERTIFICATEPOLICIES_free>(CERTIFICATEPOLICIES_new());
    for (const std::string& oid : oids) {
        auto policy = own<POLICYINFO_free>(POLICYINFO_new());
        ASN1_OBJECT_free(policy->policyid);
        policy->policyid = to_object(oid).release();
        succeed(sk_POLICYINFO_push(policies.get(), policy.get()));
        (void)policy.release();
    }
    writer.add(NID_certificate_policies, false, policies.get());
}

void add_crl_urls(ExtensionWriter& writer, const std::vector<std::string>& urls) {
    const auto points = own<CRL_DIST_POINTS_free>(CRL_DIST_POINTS_new());
    for (const std::string& url : urls) {
        auto names = own<GENERAL_NAMES_free>(GENERAL_NAMES_new());
        auto name = uri_name(url);
        succeed(sk_GENERAL_NAME_push(names.get(), name.get()));
        (void)name.release();
        auto point = own<DIST_POINT_free>(DIST_POINT_new());
        point->distpoint = present(DIST_POINT_NAME_new());
        point->distpoint->type = 0;  // fullName
        point->distpoint->name.fullname = names.release();
        succeed(sk_DIST_POINT_push(points.get(), point.get()));
        (void)point.release();
    }
    writer.add(NID_crl_distribution_points, false, points.get());
}

}  // namespace

Bytes serial_of(Bytes subject_key_id) {
    subject_key_id.front() = static_cast<std::uint8_t>((subject_key_id.front() & 0x3fU) | 0x40U);
    return subject_key_id;
}

Bytes issuer_key_id(const Key& issuer_key, const Certificate* issuer) {
    Bytes id = issuer != nullptr ? issuer->subject_key_id() : Bytes();
    return id.empty() ? issuer_key.public_key().key_id() : id;
}

void write_extensions(X509* x509, const CertificateSpec& spec, const PublicKey& subject_key,
                      const Key& issuer_key, const Certificate* issuer) {
    ExtensionWriter writer(x509, spec.extra);
    if (spec.key_usage) {
        add_key_usage(writer, *spec.key_usage);
    }
    if (!spec.extended_key_usage.empty()) {
        add_extended_key_usage(writer, spec.extended_key_usage);
    }
    if (spec.is_ca) {
        add_basic_constraints(writer, *spec.is_ca, spec.path_length);
    }
    if (spec.subject_key_id) {
        writer.add(NID_subject_key_identifier, false,
                   to_octets(spec.other_subject_key_id.value_or(subject_key.key_id())).get());
    }
    if (spec.authority_key_id) {
        add_authority_key_id(writer, issuer_key_id(issuer_key, issuer));
    }
    if (!spec.ocsp_urls.empty() || !spec.issuing_certificate_urls.empty()) {
        add_information_access(writer, spec.ocsp_urls, spec.issuing_certificate_urls);
    }
    if (!spec.alt_names.empty()) {
        const bool critical =
            X509_NAME_entry_count(X509_get_subject_name(x509)) == 0;  // RFC 5280 4.2.1.6
        writer.add(NID_subject_alt_name, critical, write_alt_names(spec.alt_names).get());
    }
    if (!spec.policy_oids.empty()) {
        add_policies(writer, spec.policy_oids);
    }
    if (spec.policies) {
        writer.add(*spec.policies);
    }
    if (spec.name_constraints) {
        writer.add(*spec.name_constraints);
    }
    if (!spec.crl_urls.empty()) {
        add_crl_urls(writer, spec.crl_urls);
    }
    for (const RawExtension& extension : spec.extra) {
        writer.add(extension);
    }
}

std::string general_certificate(const CertificateSpec& spec, const PublicKey& subject_key,
                                const Key& issuer_key, const Certificate* issuer) {
    MESHPROOF_ASSERT(spec.serial.size() <= serial_bytes, "a serial of {} bytes",
                     spec.serial.size());
    const auto certificate = own<X509_free>(X509_new());
    X509* const x509 = certificate.get();
    succeed(X509_set_version(x509, X509_VERSION_3));
    succeed(X509_set_serialNumber(
        x509, to_asn1_integer(spec.serial.empty() ? serial_of(subject_key.key_id()) : spec.serial)
                  .get()));

    const auto subject =
        spec.subject_der
            ? own<X509_NAME_free>(
                  parse_der<X509_NAME_free>(d2i_X509_NAME, *spec.subject_der).release(),
                  "subject_der cannot be read")
            : write_name(spec.subject);
    succeed(X509_set_subject_name(x509, subject.get()));
    succeed(X509_set_issuer_name(
        x509, issuer != nullptr ? X509_get_subject_name(issuer->native()) : subject.get()));
    succeed(X509_set1_notBefore(x509, to_asn1(spec.not_before).get()));
    succeed(X509_set1_notAfter(x509, to_asn1(spec.not_after).get()));
    if (!write_spki(X509_get_X509_PUBKEY(x509), subject_key)) {
        succeed(X509_set_pubkey(x509, subject_key.native()));
    }

    write_extensions(x509, spec, subject_key, issuer_key, issuer);

    const EVP_MD* digest = digest_or_usual(spec.digest, issuer_key);
    if (spec.pss && issuer_key.public_key().algorithm() == "rsa") {
        succeed(X509_sign_ctx(x509, pss_context(issuer_key, digest).get()),
                "cannot sign a certificate");
    } else {
        succeed(X509_sign(x509, issuer_key.native(), digest), "cannot sign a certificate");
    }
    return to_der(i2d_X509, x509);
}

Certificate sign_certificate(const CertificateSpec& spec, const PublicKey& subject_key,
                             const Key& issuer_key, const Certificate* issuer) {
    if (auto der = quick::certificate(spec, subject_key, issuer_key, issuer)) {
        return Certificate::made(std::move(*der));
    }
    // Read anew: what is handed on is exactly what a peer would read.
    return require(
        Certificate::from_der(general_certificate(spec, subject_key, issuer_key, issuer)));
}

}  // namespace meshproof::crypto
