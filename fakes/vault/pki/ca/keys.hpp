#pragma once

#include "fakes/vault/pki/ground/mount.hpp"

/// The endpoints of keys (row 86).
namespace meshproof::fakes::vault::pki {

[[nodiscard]] BackendResponse list_keys(Mount& mount, const Call& call);
[[nodiscard]] BackendResponse read_key(Mount& mount, const Call& call);
[[nodiscard]] BackendResponse write_key(Mount& mount, const Call& call);
[[nodiscard]] BackendResponse delete_key(Mount& mount, const Call& call);
[[nodiscard]] BackendResponse generate_key(Mount& mount, const Call& call);
[[nodiscard]] BackendResponse import_key(Mount& mount, const Call& call);
[[nodiscard]] BackendResponse read_keys_config(Mount& mount, const Call& call);
[[nodiscard]] BackendResponse write_keys_config(Mount& mount, const Call& call);

}  // namespace meshproof::fakes::vault::pki
