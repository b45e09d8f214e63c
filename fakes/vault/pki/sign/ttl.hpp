#pragma once

#include <optional>
#include <string>
#include <vector>

#include "fakes/vault/pki/ground/mount.hpp"

namespace meshproof::fakes::vault::pki {

struct Validity {
    Time not_before, not_after;
    std::vector<std::string> warnings;
};

/// What the issuer's own expiry means for a certificate that would outlive it.
struct IssuerLimit {
    Time not_after;
    std::string behavior;  ///< err, truncate or permit
};

/// What becomes of OpenBao's parameter `not_before`: nothing, or it has to be a time, or it counts.
enum class NotBefore { ignored, read, honoured };

/// Rows 92 to 97: from `ttl`, `not_after`, `not_before`, the role, the mount and (where there is
/// one) the issuer.
[[nodiscard]] Checked<Validity> validity(const Mount& mount, const Role& role, const PkiCall& call,
                                         const std::optional<IssuerLimit>& issuer, NotBefore use);
/// Whether it begins before it ends: OpenBao looks at it once the certificate's key is there.
[[nodiscard]] Checked<> check_span(const Validity& times);

}  // namespace meshproof::fakes::vault::pki
