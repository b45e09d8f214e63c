#pragma once

#include "fakes/vault/pki/ground/der.hpp"
#include "fakes/vault/pki/ground/mount.hpp"

namespace meshproof::fakes::vault::pki {

/// Whether the pattern covers the text; '*' stands for any run of characters, everything else for
/// itself (row 112).
[[nodiscard]] bool glob_matches(std::string_view pattern, std::string_view text);
/// What Vault takes for a host name, one wildcard label in front allowed.
[[nodiscard]] bool is_host_name(std::string_view name);
/// The first of the names that the role does not allow (rows 107 to 109).
[[nodiscard]] std::optional<std::string> first_bad_name(const Mount& mount, const Role& role,
                                                        const std::vector<std::string>& names);

/// Why the servers write no OID from this text, in Go's words; "" if they do.
[[nodiscard]] std::string oid_fault(std::string_view oid);

/// A role's policy identifier: an OID (which is not looked at), or JSON with `oid`, `cps` and
/// `notice`; nothing where it is neither.
[[nodiscard]] std::optional<Policy> parse_policy_identifier(const std::string& text);

/// Subject and names that a certificate shall have.
struct Requested {
    crypto::Subject subject;
    crypto::AltNames alt_names;
};

/// Rows 104 to 115 in the order of row 103: from the CSR (null for `issue`), the parameters and the
/// role.
[[nodiscard]] Checked<Requested> requested_names(const Mount& mount, const Role& role,
                                                 const Call& call, const crypto::Csr* csr);
/// Row 103's last role check: the user ids of the parameter, else of the CSR, for the subject.
[[nodiscard]] Checked<std::vector<std::string>> user_ids(const Role& role, const Call& call,
                                                         const crypto::Csr* csr);

/// "1.2.3;UTF8:value" entries; the failure says what is malformed.
[[nodiscard]] Result<std::vector<crypto::AltNames::Other>> parse_other_sans(
    const std::vector<std::string>& entries);

}  // namespace meshproof::fakes::vault::pki
