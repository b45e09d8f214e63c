#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/crypto/certificate.hpp"
#include "core/spiffe/identity.hpp"
#include "core/time/time.hpp"

/// What the mesh shows of itself.
namespace meshproof::mesh {

/// CA: Connected when a certificate can really be had now; CA: Unknown otherwise, with the reason.
struct CaHealth {
    bool connected = false;
    std::string reason;
    /// What is not as it should be, connected or not: "out of sync: …", a namespace that this Vault
    /// ignores.
    std::vector<std::string> warnings{};
    [[nodiscard]] std::string text() const { return connected ? "CA: Connected" : "CA: Unknown"; }
};

struct GlobalNamespaceHealth {
    bool healthy = false;  ///< the configuration is synced and applied to all of its clusters
    std::string reason;
    std::map<std::string, CaHealth> clusters;
};

/// One pod as the mesh sees it now.
struct PodView {
    std::string name, uid, workload, cluster;
    bool ready = false;  ///< holds a certificate that is valid now, and that its peers accept
    std::string reason;  ///< why not ready
    spiffe::SpiffeId id;
    std::optional<crypto::Certificate> leaf;  ///< the current one, expired or not
    std::size_t leaves = 0;                   ///< how many it received so far
    std::size_t logins = 0;                   ///< how often its agent logged in
    std::size_t login_attempts = 0;  ///< how often it tried to, refused and unanswered ones too
    std::size_t sign_attempts = 0;   ///< how often it asked for a signature, likewise
};

/// How a request travels from pod to pod.
struct Travel {
    /// Over the connection of an earlier request of this kind, while that may go on; else over a
    /// fresh one each time.
    bool keep = false;
    std::string arrives_at;  ///< this pod instead: somebody on the way leads it astray
};

/// One request over mutual TLS, and what came of it.
struct TrafficAttempt {
    bool ok = false;
    bool judged = false;  ///< certificates were shown and decided it: not an outage, nor a lack
    std::string from, to;
    std::optional<Failure> failure;
    Time at;
};

}  // namespace meshproof::mesh
