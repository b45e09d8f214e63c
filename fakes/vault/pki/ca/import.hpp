#pragma once

#include <string>
#include <vector>

#include "fakes/vault/pki/ground/mount.hpp"
#include "fakes/vault/pki/ground/pem.hpp"

namespace meshproof::fakes::vault::pki {

/// The blocks of a PEM text of at least `least` bytes, or what both import routes say of one
/// that holds none.
[[nodiscard]] Checked<std::vector<PemBlock>> bundle_blocks(const Mount& mount,
                                                           const std::string& pem,
                                                           std::size_t least);
[[nodiscard]] BackendResponse import_certificates(Mount& mount, const PkiCall& call);
[[nodiscard]] BackendResponse import_bundle(Mount& mount, const PkiCall& call);

}  // namespace meshproof::fakes::vault::pki
