#include "fakes/vault/pki/ca/import.hpp"

#include <algorithm>
#include <functional>

#include "fakes/vault/pki/ground/crl.hpp"
#include "fakes/vault/pki/ground/der.hpp"
#include "fakes/vault/pki/ground/issuer_store.hpp"
#include "fakes/vault/pki/ground/key_types.hpp"
#include "fakes/vault/pki/ground/urls.hpp"

namespace meshproof::fakes::vault::pki {

namespace {

Json id_list(const std::vector<std::string>& ids) {
    return ids.empty() ? Json() : Json(ids);
}

BackendResponse import_pem(Mount& mount, const Call& call, bool keys_allowed) {
    auto pem = call.fields.text("pem_bundle");
    if (pem.empty()) {
        pem = call.fields.text("certificate");
    }
    if (pem.empty()) {
        return BackendResponse::error("'pem_bundle' and 'certificate' parameters were empty");
    }
    const auto bundle = bundle_blocks(mount, pem, 75);
    if (!bundle) {
        return bundle.error();
    }
    const auto& blocks = *bundle;
    const auto is_key = [](const PemBlock& block) {
        return block.label != "CERTIFICATE" && block.label != "EC PARAMETERS" &&
               block.label != "X509 CRL";
    };
    if (!keys_allowed && std::ranges::any_of(blocks, is_key)) {
        return BackendResponse::error(
            "private keys found in the PEM bundle but not allowed by the path; use "
            "/issuers/import/bundle");
    }
    // The keys are read first.
    std::vector<PemBlock> ordered;
    std::ranges::copy_if(blocks, std::back_inserter(ordered), is_key);
    std::ranges::copy_if(blocks, std::back_inserter(ordered), std::not_fn(is_key));
    std::vector<crypto::Key> keys;
    std::vector<crypto::Certificate> certificates;
    for (const auto& block : ordered) {
        if (block.label == "EC PARAMETERS" || block.label == "X509 CRL") {
            continue;
        }
        if (block.label != "CERTIFICATE") {
            auto key = known_key(pem_of(block));
            if (!key) {
                return BackendResponse::error(
                    fmt::format("Error parsing key {}: failed to parse PEM block: {}", keys.size(),
                                key.error().message));
            }
            keys.push_back(std::move(*key));
        } else {
            auto certificate = crypto::Certificate::from_der(block.der);
            if (!certificate) {
                return BackendResponse::error(
                    fmt::format("Error parsing issuer {}: x509: malformed certificate\n{}",
                                certificates.size(), pem_of(block)));
            }
            if (certificate->public_key().native() == nullptr) {
                return BackendResponse::error(fmt::format(
                    "Error parsing issuer {}: Refusing to import CA certificate with empty "
                    "PublicKey. This usually means the SubjectPublicKeyInfo field has an OID not "
                    "recognized by Go, such as 1.2.840.113549.1.1.10 for rsaPSS.\n{}",
                    certificates.size(), certificate->pem()));
            }
            const auto* trouble =
                !of_known_curve(certificate->public_key()) ? "x509: unsupported elliptic curve"
                : certificate->is_ca() != true && !mount.defect("pki/leaf-becomes-an-issuer")
                    ? "Refusing to import non-CA certificate"
                    : nullptr;
            if (trouble != nullptr) {
                return BackendResponse::error(fmt::format("Error parsing issuer {}: {}\n{}",
                                                          certificates.size(), trouble,
                                                          certificate->pem()));
            }
            certificates.push_back(std::move(*certificate));
        }
    }

    std::vector<std::string> new_keys, old_keys, new_issuers, old_issuers;
    auto mapping = Json::object();
    for (const auto& key : keys) {
        const auto imported = add_key(mount, key, "");
        (imported.existing ? old_keys : new_keys).push_back(imported.key->id);
    }
    if (mount.defect("pki/imports-the-first-only") && !certificates.empty()) {
        certificates.resize(1);
    }
    std::string keyed;
    for (const auto& certificate : certificates) {
        const auto imported = add_issuer(mount, certificate, "");
        const bool existing = imported.existing && !mount.defect("pki/imported-again-is-new");
        (existing ? old_issuers : new_issuers).push_back(imported.issuer->id);
        mapping[imported.issuer->id] = imported.issuer->key_id;
        if (!imported.existing && !imported.issuer->key_id.empty()) {
            keyed = imported.issuer->id;
        }
    }
    if (mount.default_follows_latest_issuer && !keyed.empty()) {
        mount.default_issuer = keyed;
    }
    const bool changed = !new_issuers.empty();
    if (changed) {
        rebuild_crls(mount, call.now());
    }
    auto answer = BackendResponse::with({{"imported_keys", id_list(new_keys)},
                                         {"imported_issuers", id_list(new_issuers)},
                                         {"existing_keys", id_list(old_keys)},
                                         {"existing_issuers", id_list(old_issuers)},
                                         {"mapping", mapping}});
    if (changed) {
        answer.warnings = crl_warnings(mount);
    }
    if (const auto warning = aia_warning(mount.urls)) {
        answer.warnings.push_back(*warning);
    }
    return answer;
}

}  // namespace

Checked<std::vector<PemBlock>> bundle_blocks(const Mount& mount, const std::string& pem,
                                             std::size_t least) {
    if (pem.size() < least) {
        if (mount.defect("pki/junk-is-an-internal-error")) {
            return go_error("provided data for import was too short");
        }
        return refuse(
            "provided data for import was too short; perhaps a path was passed to the API rather "
            "than the contents of a PEM file");
    }
    auto blocks = pem_blocks(pem);
    if (blocks.empty() || junk_after_blocks(pem)) {
        return refuse(mount.openbao() ? fmt::format("error when parsing block {}: invalid PEM data",
                                                    blocks.size() + 1)
                                      : "provided PEM block contained no data");
    }
    return blocks;
}

BackendResponse import_certificates(Mount& mount, const Call& call) {
    // intermediate/set-signed does not know the other endpoints' parameter.
    const auto& data = call.request.data;
    if (mount.defect("pki/set-signed-takes-bundles") && data.contains("pem_bundle")) {
        return BackendResponse::with(Json::object());
    }
    return import_pem(mount, call, false);
}

BackendResponse import_bundle(Mount& mount, const Call& call) {
    return import_pem(mount, call, true);
}

}  // namespace meshproof::fakes::vault::pki
