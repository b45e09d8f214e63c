#pragma once

#include "fakes/vault/pki/ground/mount.hpp"

/// The routes of keys (row 86).
namespace meshproof::fakes::vault::pki {

[[nodiscard]] BackendResponse list_keys(Mount& mount, const PkiCall& call);
[[nodiscard]] BackendResponse read_key(Mount& mount, const PkiCall& call);
[[nodiscard]] BackendResponse write_key(Mount& mount, const PkiCall& call);
[[nodiscard]] BackendResponse delete_key(Mount& mount, const PkiCall& call);
[[nodiscard]] BackendResponse generate_key(Mount& mount, const PkiCall& call);
[[nodiscard]] BackendResponse import_key(Mount& mount, const PkiCall& call);
[[nodiscard]] BackendResponse read_keys_config(Mount& mount, const PkiCall& call);
[[nodiscard]] BackendResponse write_keys_config(Mount& mount, const PkiCall& call);

}  // namespace meshproof::fakes::vault::pki
