#include "fakes/vault/pki/revoke/ocsp.hpp"

#include "core/base/text.hpp"
#include "core/crypto/ocsp.hpp"
#include "fakes/vault/pki/ground/issuer_store.hpp"

// Wire contract rows 172 and 173.
namespace meshproof::fakes::vault::pki {

namespace {

constexpr std::size_t request_limit = 2048;
constexpr int malformed_request = 1, internal_error = 2, unauthorized = 6;  // RFC 6960 4.2.1

BackendResponse ocsp_answer(int status, std::string der) {
    auto answer = raw_answer("application/ocsp-response", std::move(der));
    answer.raw.status = status;
    return answer;
}

BackendResponse failure(int status) {
    const int http = status == malformed_request ? 400 : status == unauthorized ? 401 : 500;
    return ocsp_answer(http, crypto::make_ocsp_failure(status));
}

std::optional<std::string> request_der(const PkiCall& call) {
    const auto given = call.request.operation == Operation::read
                           ? from_base64(call.captured("request"))
                           : std::optional(call.request.body);
    return given && given->size() < request_limit ? given : std::nullopt;
}

// The issuer that the request means and may be answered for; where it is ours but may not sign
// answers, the failure is unauthorized.
tl::expected<SigningCa, int> issuer_of(Mount& mount, const crypto::OcspCertId& id,
                                       const std::string& revoked_by) {
    bool without_usage = false;
    for (const auto& issuer : mount.issuers) {
        const bool of_interest = revoked_by.empty() || revoked_by == issuer.id;
        const auto* key = of_interest ? mount.key(issuer.key_id) : nullptr;
        if (key == nullptr || !id.issued_by(issuer.certificate)) {
            continue;
        }
        if ((issuer.usage & ocsp_signing) != 0) {
            return SigningCa{&issuer, key};
        }
        without_usage = true;
    }
    return tl::unexpected(without_usage ? unauthorized : 0);
}

// Who says "unknown" of a certificate that no issuer here has signed.
std::optional<SigningCa> default_responder(Mount& mount) {
    const auto* issuer = mount.issuer(mount.default_issuer);
    const auto* key = issuer != nullptr ? mount.key(issuer->key_id) : nullptr;
    if (key == nullptr || (issuer->usage & ocsp_signing) == 0) {
        return std::nullopt;
    }
    return SigningCa{issuer, key};
}

BackendResponse answer_for(Mount& mount, const PkiCall& call, const crypto::OcspCertId& id) {
    crypto::OcspStatement statement;
    statement.id = id;
    statement.status = crypto::CertificateStatus::good;
    std::string revoked_by;
    if (const auto revoked = mount.revocations.find(crypto::serial_text(id.serial));
        revoked != mount.revocations.end()) {
        statement.status = crypto::CertificateStatus::revoked;
        statement.revoked_at = revoked->second.at;
        revoked_by = revoked->second.issuer_id;
    }
    const auto found = issuer_of(mount, id, revoked_by);
    std::optional<SigningCa> responder;
    if (found) {
        responder = *found;
    } else if (found.error() == 0) {
        responder = default_responder(mount);
        statement.status = crypto::CertificateStatus::unknown;
        statement.revoked_at.reset();
    }
    if (!responder) {
        return failure(unauthorized);
    }
    // Go's OCSP library signs with RSA and ECDSA only.
    if (responder->key->key.public_key().algorithm() == "ed25519") {
        return failure(internal_error);
    }
    statement.this_update = statement.produced_at = call.now();
    const auto& expiry = mount.crl_config.ocsp_expiry;
    const auto life =
        expiry.empty() ? Duration{} : parse_duration(expiry).value_or(std::chrono::hours(12));
    if (life > Duration{} || !mount.openbao()) {
        statement.next_update = call.now() + life;
    }
    return ocsp_answer(200, crypto::make_ocsp_response(statement, responder->issuer->certificate,
                                                       responder->key->key));
}

}  // namespace

BackendResponse ocsp(Mount& mount, const PkiCall& call) {
    if (mount.crl_config.ocsp_disable) {
        return failure(unauthorized);
    }
    const auto der = request_der(call);
    const auto id = der ? crypto::parse_ocsp_request(*der)
                        : Result<crypto::OcspCertId>(fail(FailureKind::invalid, "no request"));
    return id ? answer_for(mount, call, *id) : failure(malformed_request);
}

}  // namespace meshproof::fakes::vault::pki
