#include "fakes/vault/pki/ca/import.hpp"

#include <algorithm>

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

bool is_key(const PemBlock& block) {
    return block.label != "CERTIFICATE" && block.label != "EC PARAMETERS" &&
           block.label != "X509 CRL";
}

Checked<std::vector<PemBlock>> given_blocks(const Mount& mount, const PkiCall& call,
                                            bool keys_allowed) {
    auto pem = call.fields.text("pem_bundle");
    if (pem.empty()) {
        pem = call.fields.text("certificate");
    }
    if (pem.empty()) {
        return refuse("'pem_bundle' and 'certificate' parameters were empty");
    }
    auto blocks = bundle_blocks(mount, pem, 75);
    if (blocks && !keys_allowed && std::ranges::any_of(*blocks, is_key)) {
        return refuse(
            "private keys found in the PEM bundle but not allowed by the path; use "
            "/issuers/import/bundle");
    }
    return blocks;
}

Checked<crypto::Key> parsed_key(const PemBlock& block, std::size_t number) {
    auto key = known_key(pem_of(block));
    if (!key) {
        return refuse(fmt::format("Error parsing key {}: failed to parse PEM block: {}", number,
                                  key.error().message));
    }
    return std::move(*key);
}

Checked<crypto::Certificate> parsed_issuer(const PemBlock& block, std::size_t number) {
    auto certificate = crypto::Certificate::from_der(block.der);
    if (!certificate) {
        return refuse(fmt::format("Error parsing issuer {}: x509: malformed certificate\n{}",
                                  number, pem_of(block)));
    }
    if (!known_to_go(certificate->public_key())) {
        return refuse(fmt::format(
            "Error parsing issuer {}: Refusing to import CA certificate with empty "
            "PublicKey. This usually means the SubjectPublicKeyInfo field has an OID not "
            "recognized by Go, such as 1.2.840.113549.1.1.10 for rsaPSS.\n{}",
            number, certificate->pem()));
    }
    const auto* trouble = !of_known_curve(certificate->public_key())
                              ? "x509: unsupported elliptic curve"
                          : certificate->is_ca() != true ? "Refusing to import non-CA certificate"
                                                         : nullptr;
    if (trouble != nullptr) {
        return refuse(
            fmt::format("Error parsing issuer {}: {}\n{}", number, trouble, certificate->pem()));
    }
    return std::move(*certificate);
}

struct Bundle {
    std::vector<crypto::Key> keys;
    std::vector<crypto::Certificate> issuers;
};

Checked<Bundle> parsed_bundle(const std::vector<PemBlock>& blocks) {
    Bundle bundle;
    // The keys are read first.
    for (const auto& block : blocks) {
        if (is_key(block)) {
            auto key = parsed_key(block, bundle.keys.size());
            if (!key) {
                return tl::unexpected(key.error());
            }
            bundle.keys.push_back(std::move(*key));
        }
    }
    for (const auto& block : blocks) {
        if (block.label == "CERTIFICATE") {
            auto issuer = parsed_issuer(block, bundle.issuers.size());
            if (!issuer) {
                return tl::unexpected(issuer.error());
            }
            bundle.issuers.push_back(std::move(*issuer));
        }
    }
    return bundle;
}

// The ids of what a bundle held.
struct ImportedIds {
    std::vector<std::string> new_keys, old_keys, new_issuers, old_issuers;
    std::vector<std::string> keyed;  ///< new issuers whose keys are here
    Json mapping = Json::object();   ///< issuers to their keys
};

ImportedIds add_bundle(Mount& mount, const Bundle& bundle) {
    ImportedIds ids;
    for (const auto& key : bundle.keys) {
        const auto imported = add_key(mount, key, "");
        (imported.existing ? ids.old_keys : ids.new_keys).push_back(imported.key->id);
    }
    for (const auto& certificate : bundle.issuers) {
        const auto [issuer, existing] = add_issuer(mount, certificate, "");
        (existing ? ids.old_issuers : ids.new_issuers).push_back(issuer->id);
        ids.mapping[issuer->id] = issuer->key_id;
        if (!existing && !issuer->key_id.empty()) {
            ids.keyed.push_back(issuer->id);
        }
    }
    return ids;
}

// What becomes of the default issuer, and what is to be said of it.
std::vector<std::string> settle_default(Mount& mount, const ImportedIds& ids) {
    std::vector<std::string> warnings;
    if (mount.default_follows_latest_issuer && ids.keyed.size() == 1) {
        mount.default_issuer = ids.keyed.front();
    } else if (mount.default_follows_latest_issuer && ids.keyed.size() > 1) {
        warnings.emplace_back(
            "Default issuer left unchanged: could not select new issuer automatically as multiple "
            "imported issuers had key material in Vault.");
    }
    const auto& chosen = mount.default_issuer;
    if (ids.mapping.value(chosen, "none") == "") {
        warnings.emplace_back(
            "The default issuer has no key associated with it. Some operations like issuing "
            "certificates and signing CRLs will be unavailable with the requested default issuer "
            "until a key is imported or the default issuer is changed.");
    }
    if (ids.keyed.size() > 1 &&
        std::ranges::find(ids.new_issuers, chosen) != ids.new_issuers.end()) {
        warnings.emplace_back(
            "The imported bundle contained multiple certs matching keys, the default issuer that "
            "was selected should be verified and manually changed if incorrect.");
    }
    return warnings;
}

BackendResponse import_pem(Mount& mount, const PkiCall& call, bool keys_allowed) {
    // Each of them is looked at wherever a chain is built.
    constexpr std::size_t most_issuers = 1'000;
    const auto blocks = given_blocks(mount, call, keys_allowed);
    if (!blocks) {
        return blocks.error();
    }
    if (blocks->size() + mount.issuers.size() > most_issuers) {
        return BackendResponse::error(
            fmt::format("expected at most {} issuers in a mount, got {} beside its {}",
                        most_issuers, blocks->size(), mount.issuers.size()));
    }
    const auto bundle = parsed_bundle(*blocks);
    if (!bundle) {
        return bundle.error();
    }
    const auto ids = add_bundle(mount, *bundle);
    auto answer = BackendResponse::with({{"imported_keys", id_list(ids.new_keys)},
                                         {"imported_issuers", id_list(ids.new_issuers)},
                                         {"existing_keys", id_list(ids.old_keys)},
                                         {"existing_issuers", id_list(ids.old_issuers)},
                                         {"mapping", ids.mapping}});
    auto& warnings = answer.warnings;
    const auto rebuild = [&] {
        if (!ids.new_issuers.empty()) {
            rebuild_crls(mount, call.now());
            const auto told = crl_warnings(mount);
            warnings.insert(warnings.end(), told.begin(), told.end());
        }
    };
    // Vault signs the lists at first, and OpenBao at last.
    if (!mount.openbao()) {
        rebuild();
    }
    const auto of_default = settle_default(mount, ids);
    warnings.insert(warnings.end(), of_default.begin(), of_default.end());
    if (const auto warning = aia_warning(mount.urls)) {
        warnings.push_back(*warning);
    }
    if (mount.openbao()) {
        rebuild();
    }
    return answer;
}

}  // namespace

Checked<std::vector<PemBlock>> bundle_blocks(const Mount& mount, const std::string& pem,
                                             std::size_t least) {
    if (pem.size() < least) {
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

BackendResponse import_certificates(Mount& mount, const PkiCall& call) {
    return import_pem(mount, call, false);
}

BackendResponse import_bundle(Mount& mount, const PkiCall& call) {
    return import_pem(mount, call, true);
}

}  // namespace meshproof::fakes::vault::pki
