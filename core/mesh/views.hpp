#pragma once

#include <map>
#include <optional>
#include <string>

#include "core/crypto/certificate.hpp"
#include "core/spiffe/identity.hpp"
#include "core/time/time.hpp"

/// What the mesh shows of itself.
namespace meshproof::mesh {

/// CA: Connected when a certificate can really be had now; CA: Unknown otherwise, with the reason.
struct CaHealth {
    bool connected = false;
    std::string reason;
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
    bool ready = false;  ///< holds a certificate that is valid now
    std::string reason;  ///< why not ready
    spiffe::SpiffeId id;
    std::optional<crypto::Certificate> leaf;  ///< the current one, expired or not
    std::size_t leaves = 0;                   ///< how many it received so far
    std::size_t logins = 0;                   ///< how often its agent logged in
};

/// One request over mutual TLS, and what came of it.
struct TrafficAttempt {
    bool ok = false;
    std::string from, to;
    std::optional<Failure> failure;
    Time at;
};

}  // namespace meshproof::mesh
