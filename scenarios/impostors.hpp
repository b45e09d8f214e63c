#pragma once

#include "core/world/world.hpp"

/// Who is no member of the mesh, and asks its pods none the less.
namespace meshproof::scenarios {

/// A client with this certificate, or none. He does not care who answers him: what refuses him is
/// the pod.
[[nodiscard]] crypto::TlsParty showing(std::optional<crypto::TlsIdentity> identity);

/// A root of nobody's, that signs itself.
struct OwnCa {
    crypto::Key key;
    crypto::Certificate root;
};
[[nodiscard]] OwnCa own_ca(run::World& world);
/// A leaf that is right in everything but for who signed it: a CA of his own.
[[nodiscard]] crypto::TlsIdentity of_own_ca(run::World& world, const spiffe::SpiffeId& id);

/// A leaf that the mesh's own CA signs for another trust domain, by a role of its own, which goes
/// with its mount. The failure is of a CA that cannot sign.
[[nodiscard]] Task<Result<crypto::TlsIdentity>> of_foreign_domain(run::World& world,
                                                                  run::PreparedVault prepared);

}  // namespace meshproof::scenarios
