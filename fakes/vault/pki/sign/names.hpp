#pragma once

#include <string>
#include <vector>

#include "fakes/vault/pki/ground/mount.hpp"

namespace meshproof::fakes::vault::pki {

/// Subject and names that a certificate shall have.
struct Requested {
    crypto::Subject subject;
    crypto::AltNames alt_names;
};

/// Rows 104 to 115 in the order of row 103: from the CSR (null for `issue`), the parameters and the
/// role.
[[nodiscard]] Checked<Requested> requested_names(const Mount& mount, const Role& role,
                                                 const PkiCall& call, const crypto::Csr* csr);
/// Row 103's last role check: the user ids of the parameter, else of the CSR, for the subject.
[[nodiscard]] Checked<std::vector<std::string>> user_ids(const Role& role, const PkiCall& call,
                                                         const crypto::Csr* csr);

/// "1.2.3;UTF8:value" entries; the failure says what is malformed.
[[nodiscard]] Result<std::vector<crypto::AltNames::Other>> parse_other_sans(
    const std::vector<std::string>& entries);

}  // namespace meshproof::fakes::vault::pki
