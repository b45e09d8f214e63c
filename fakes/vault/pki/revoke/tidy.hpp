#pragma once

#include "fakes/vault/pki/ground/mount.hpp"

namespace meshproof::fakes::vault::pki {

/// What config/auto-tidy asks for, once.
void tidy_automatically(Mount& mount, Time now);
[[nodiscard]] BackendResponse tidy(Mount& mount, const PkiCall& call);
[[nodiscard]] BackendResponse tidy_cancel(Mount& mount, const PkiCall& call);
[[nodiscard]] BackendResponse read_tidy_status(Mount& mount, const PkiCall& call);
[[nodiscard]] BackendResponse read_auto_tidy(Mount& mount, const PkiCall& call);
[[nodiscard]] BackendResponse write_auto_tidy(Mount& mount, const PkiCall& call);

}  // namespace meshproof::fakes::vault::pki
