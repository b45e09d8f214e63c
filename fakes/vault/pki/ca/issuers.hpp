#pragma once

#include "fakes/vault/pki/ground/mount.hpp"

namespace meshproof::fakes::vault::pki {

/// The issuer of a reference ("default", name or id), or why there is none: the bare text of
/// row 83.
[[nodiscard]] tl::expected<Issuer*, std::string> find_issuer(Mount& mount,
                                                             const std::string& reference);
/// The same for keys (row 86).
[[nodiscard]] tl::expected<SigningKey*, std::string> find_key(Mount& mount,
                                                              const std::string& reference);

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
/// The URLs that go into what the issuer signs: its own, else the mount's, templates filled in; or
/// why they cannot be. A root that is being made has no id to fill in yet (null).
[[nodiscard]] tl::expected<AiaUrls, std::string> aia_urls(const Mount& mount, const Issuer* issuer);
/// The long warning of row 72, or nothing where URLs are set.
[[nodiscard]] std::optional<std::string> aia_warning(const AiaUrls& urls);
/// What a write of templated URLs says that nothing could be issued with.
[[nodiscard]] std::optional<std::string> template_warning(const Mount& mount, const AiaUrls& urls);

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

/// `issuer_name` of a request, or the text of row 84.
[[nodiscard]] Checked<std::string> new_issuer_name(Mount& mount, const Call& call);
/// Whether issuers and keys may be called that.
[[nodiscard]] bool is_name(std::string_view name);
[[nodiscard]] Checked<std::string> new_key_name(Mount& mount, const Call& call);

/// What this product takes for a URL.
[[nodiscard]] bool is_url(const Mount& mount, std::string_view text);
/// The first URL in the lists that is none (row 74).
[[nodiscard]] Checked<> check_urls(const Mount& mount, const AiaUrls& urls);

}  // namespace meshproof::fakes::vault::pki
