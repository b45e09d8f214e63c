#pragma once

#include <string>
#include <vector>

#include "fakes/vault/pki/ground/mount.hpp"

/// The issuers and keys of a mount: found, added, followed to their roots.
namespace meshproof::fakes::vault::pki {

/// The issuer of a reference ("default", name or id), or why there is none: the bare text of
/// row 83.
[[nodiscard]] tl::expected<Issuer*, std::string> find_issuer(Mount& mount,
                                                             const std::string& reference);
/// The same for keys (row 86).
[[nodiscard]] tl::expected<SigningKey*, std::string> find_key(Mount& mount,
                                                              const std::string& reference);

/// As errors name it: "id:… / name:…".
[[nodiscard]] std::string issuer_label(const Issuer& issuer);

/// Who signs: pointers into the mount, valid until issuers or keys change.
struct SigningCa {
    const Issuer* issuer = nullptr;
    const SigningKey* key = nullptr;
};
/// The CA of a reference with usage and key checked, or the answer of rows 99 and 100.
[[nodiscard]] Checked<SigningCa> signing_ca(Mount& mount, const std::string& reference);

/// The issuer first, its root last, as far as they are in the mount; a manual chain is followed
/// exactly (rows 88, 178).
[[nodiscard]] std::vector<crypto::Certificate> chain_of(Mount& mount, const Issuer& issuer);

/// Adds the certificate as an issuer, or finds it there already. It becomes the default where none
/// is set and it has a key.
struct Imported {
    Issuer* issuer = nullptr;
    bool existing = false;
};
Imported add_issuer(Mount& mount, const crypto::Certificate& certificate, std::string name);
struct ImportedKey {
    SigningKey* key = nullptr;
    bool existing = false;
};
ImportedKey add_key(Mount& mount, const crypto::Key& key, std::string name);

/// A reference that the request's body gives, without blanks around it; "default" in any case and
/// where none is given, and "" is none.
[[nodiscard]] std::string given_reference(const PkiCall& call, std::string_view field);

/// OpenBao's `external_key_ref` without the blanks around it, "" where none is given.
[[nodiscard]] std::string external_key_reference(const PkiCall& call);
/// OpenBao: why the KMS key of a given `external_key_ref` cannot be had. None is configured.
[[nodiscard]] std::string missing_external_key(const PkiCall& call);
/// Vault: what is wrong with how the request names a managed key; "" = nothing, but this edition
/// has none.
[[nodiscard]] std::string_view managed_key_fault(const PkiCall& call);
inline constexpr std::string_view no_managed_keys =
    "managed keys are supported within enterprise edition only";

/// `issuer_name` of a request without blanks around it, or the text of row 84.
[[nodiscard]] Checked<std::string> new_issuer_name(Mount& mount, const PkiCall& call);
[[nodiscard]] Checked<std::string> new_key_name(Mount& mount, const PkiCall& call);

}  // namespace meshproof::fakes::vault::pki
