#include "fakes/vault/pki/revoke/revoke.hpp"

#include <algorithm>

#include "core/base/text.hpp"
#include "fakes/vault/pki/ca/issuers.hpp"
#include "fakes/vault/pki/ground/crl.hpp"
#include "fakes/vault/pki/ground/issuer_store.hpp"
#include "fakes/vault/pki/ground/key_types.hpp"
#include "fakes/vault/pki/ground/pem.hpp"

namespace meshproof::fakes::vault::pki {

namespace {

Json revoked_json(Time at) {
    return {{"revocation_time", unix_seconds(at)},
            {"revocation_time_rfc3339", rfc3339_nano(at)},
            {"state", "revoked"}};
}

// `certificate` of a revocation: one that is stored, or one that an issuer of this mount signed
// (row 120).
Checked<crypto::Certificate> presented_certificate(Mount& mount, const std::string& pem) {
    if (pem.size() < 75) {
        return go_error(
            "provided certificate data was too short; perhaps a path was passed to the API rather "
            "than the contents of a PEM file");
    }
    const auto blocks = pem_blocks(pem);
    if (blocks.empty()) {
        return go_error("certificate contains no PEM data");
    }
    const auto certificate = crypto::Certificate::from_der(blocks.front().der);
    if (!certificate) {
        return go_error("certificate could not be parsed: x509: malformed certificate");
    }
    const auto stored = mount.certificates.find(certificate->serial());
    if (stored != mount.certificates.end()) {
        if (!(stored->second == *certificate)) {
            return go_error(
                "certificate with same serial but unequal value already present in this cluster's "
                "storage; refusing to revoke");
        }
        return *certificate;
    }
    if (signer_of(mount, *certificate) == nullptr) {
        return go_error(
            "unable to verify signature on presented cert from any present issuer in this mount; "
            "certificates from previous CAs will need to have their issuing CA and key re-imported "
            "if revocation is necessary");
    }
    return *certificate;
}

}  // namespace

const Issuer* signer_of(const Mount& mount, const crypto::Certificate& certificate) {
    for (const auto& issuer : mount.issuers) {
        if (certificate.signed_by(issuer.certificate)) {
            return &issuer;
        }
    }
    return nullptr;
}

std::string normal_serial(std::string_view serial) {
    auto text = lower(serial);
    std::ranges::replace(text, '-', ':');
    return text;
}

BackendResponse revoke_certificate(Mount& mount, const crypto::Certificate& certificate, Time now) {
    const auto serial = certificate.serial();
    for (const auto& issuer : mount.issuers) {
        if (issuer.certificate == certificate) {
            return BackendResponse::error(
                fmt::format("adding issuer (id: {}) to its own CRL is not allowed", issuer.id));
        }
    }
    if (const auto known = mount.revocations.find(serial); known != mount.revocations.end()) {
        return BackendResponse::with(revoked_json(known->second.at));
    }
    // What ends within two seconds has ended: leases know whole seconds only.
    if (certificate.not_after() < now + std::chrono::seconds(2) &&
        !mount.crl_config.allow_expired_cert_revocation) {
        return BackendResponse::with(
            Json(),
            {fmt::format("certificate with serial {} already expired; refusing to add to CRL{}",
                         serial,
                         mount.openbao() ? ". Enable 'AllowExpiredCertRevocation' to allow "
                                           "revoking expired certificates."
                                         : "")});
    }
    const auto* issuer = signer_of(mount, certificate);
    mount.revocations[serial] = {certificate, now, issuer != nullptr ? issuer->id : ""};
    return BackendResponse::with(revoked_json(now), crls_changed(mount, now));
}

namespace {

// What revoke-with-key wants proven: the key is the certificate's (row 131).
Checked<> proves_possession(const crypto::Certificate& certificate, const std::string& pem) {
    if (pem_blocks(pem).empty()) {
        return go_error("provided key PEM block contained no data or failed to parse");
    }
    const auto key = known_key(pem);
    if (!key) {
        return go_error("failed to parse provided private key: " + key.error().message);
    }
    const auto theirs = certificate.public_key(), ours = key->public_key();
    if (theirs.algorithm() != ours.algorithm()) {
        return go_error("provided private key type does not match certificate's public key type");
    }
    if (!(theirs == ours)) {
        return go_error("provided private key does not match certificate's public key");
    }
    return {};
}

BackendResponse revoke_named(Mount& mount, const PkiCall& call,
                             const std::optional<std::string>& key) {
    const bool by_serial = call.fields.has("serial_number");
    const bool by_certificate = call.fields.has("certificate");
    if (!by_serial && !by_certificate) {
        return BackendResponse::error(
            "The serial number or certificate to revoke must be provided.");
    }
    if (by_serial && by_certificate) {
        return BackendResponse::error(
            "Must provide either the certificate or the serial to revoke; not both.");
    }
    if (by_certificate) {
        const auto certificate = presented_certificate(mount, call.fields.text("certificate"));
        if (!certificate) {
            return certificate.error();
        }
        if (key) {
            if (auto proven = proves_possession(*certificate, *key); !proven) {
                return proven.error();
            }
        }
        mount.certificates[certificate->serial()] = *certificate;
        return revoke_certificate(mount, *certificate, call.now());
    }
    const auto serial = call.fields.text("serial_number");
    if (serial.empty()) {
        return BackendResponse::error("The serial number must be provided");
    }
    const auto stored = mount.certificates.find(normal_serial(serial));
    if (stored == mount.certificates.end()) {
        return BackendResponse::error(fmt::format("certificate with serial {} not found.", serial));
    }
    const auto certificate = stored->second;
    if (key) {
        if (auto proven = proves_possession(certificate, *key); !proven) {
            return proven.error();
        }
    }
    return revoke_certificate(mount, certificate, call.now());
}

}  // namespace

BackendResponse revoke(Mount& mount, const PkiCall& call) {
    return revoke_named(mount, call, std::nullopt);
}

BackendResponse revoke_with_key(Mount& mount, const PkiCall& call) {
    // Which certificate is meant is asked first, then the key.
    const bool by_serial = call.fields.has("serial_number");
    if (by_serial == call.fields.has("certificate")) {
        return revoke_named(mount, call, std::nullopt);
    }
    const auto pem = call.fields.text("private_key");
    if (!call.fields.has("private_key")) {
        return BackendResponse::error(
            "Must have private key to revoke via the /revoke-with-key path.");
    }
    if (pem.size() < 64) {
        return BackendResponse::error(
            "Provided data for private_key was too short; perhaps a path was passed to the API "
            "rather than the contents of a PEM file?");
    }
    return revoke_named(mount, call, pem);
}

namespace {

// Another issuer of the mount before the issuer itself, which is not on its own list. Names do not
// count: a root of another name that has this one's key is one.
std::string signer_of_issuer(const Mount& mount, const Issuer& issuer) {
    for (const auto& one : mount.issuers) {
        if (one.id != issuer.id && issuer.certificate.verified_by(one.certificate)) {
            return one.id;
        }
    }
    return issuer.id;
}

}  // namespace

BackendResponse revoke_issuer(Mount& mount, const PkiCall& call) {
    const auto found = find_issuer(mount, call.captured("issuer_ref"));
    if (!found) {
        return BackendResponse::go_error(found.error());
    }
    auto& issuer = **found;
    if (issuer.revoked_at) {
        return read_issuer(mount, call);
    }
    issuer.revoked_at = call.now();
    issuer.usage &= ~static_cast<unsigned>(issuing_certificates);
    auto answer = read_issuer(mount, call);
    // What this mount signed, a root by itself too, is revoked like any other certificate.
    const auto serial = issuer.certificate.serial();
    if (mount.certificates.contains(serial)) {
        mount.revocations.try_emplace(serial, Revocation{issuer.certificate, *issuer.revoked_at,
                                                         signer_of_issuer(mount, issuer), true});
    }
    // Under auto_rebuild too.
    const auto told = rebuild_enabled_crls(mount, call.now());
    answer.warnings.insert(answer.warnings.end(), told.begin(), told.end());
    if (issuer.certificate.verified_by(issuer.certificate)) {
        answer.warnings.emplace_back(
            "This issuer is a self-signed (potentially root) certificate. This means it may not "
            "be considered revoked if there is not an external, cross-signed variant of this "
            "certificate. This issuer's serial number will not appear on its own CRL.");
    }
    if (signer_of_issuer(mount, issuer) == issuer.id) {
        answer.warnings.emplace_back(
            "This issuer lacks another parent issuer within the mount. This means it will not "
            "appear on any other CRLs and may not be considered revoked by clients. Consider "
            "adding this issuer to its issuer's CRL as well if it is not self-signed.");
    }
    if (issuer.id == mount.default_issuer) {
        answer.warnings.emplace_back(
            "This issuer is currently configured as the default issuer for this mount; operations "
            "such as certificate issuance may not work until a new default issuer is selected.");
    }
    return answer;
}

BackendResponse rotate_crl(Mount& mount, const PkiCall& call) {
    auto warnings = rebuild_enabled_crls(mount, call.now());
    return BackendResponse::with({{"success", true}}, std::move(warnings));
}

BackendResponse rotate_delta_crl(Mount& mount, const PkiCall& call) {
    auto answer = BackendResponse::with({{"success", true}});
    if (mount.crl_config.enable_delta) {
        if (!mount.crl_config.disable) {
            rebuild_delta_crls(mount, call.now());
        }
    } else {
        answer.warnings.emplace_back(
            "requested rebuild of delta CRL when delta CRL is not enabled; this is a no-op");
    }
    return answer;
}

}  // namespace meshproof::fakes::vault::pki
