#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/crypto/certificate.hpp"
#include "core/spiffe/identity.hpp"
#include "core/time/time.hpp"

namespace meshproof::mesh {

/// A leaf that a pod's agent received.
struct LeafIssued {
    std::string cluster, pod, pod_uid;
    crypto::Certificate leaf;
    std::vector<crypto::Certificate> chain;  ///< as answered: issuing CA first
    crypto::PublicKey requested_key;         ///< of the CSR that was sent
    spiffe::SpiffeId requested_id;
    std::optional<Duration> requested_ttl;
    Time at;
};

/// One mutual TLS attempt between two pods, with what both sides had at that moment.
struct HandshakeSeen {
    struct Side {
        std::string cluster, pod;
        std::optional<crypto::Certificate> leaf;
        std::vector<crypto::Certificate> intermediates;
        std::vector<crypto::Certificate> trust;
        spiffe::TrustDomain trust_domain;
    };
    Side client, server;
    spiffe::SpiffeId expected_server;
    bool accepted = false;
    std::string error;
    Time at;
};

/// Anything else worth a line in the trace: logical fields only, never a secret, a length or a
/// random byte.
using EventFields = std::vector<std::pair<std::string, std::string>>;
struct Event {
    std::string what;  ///< "pod ready", "login refused"
    EventFields fields;
};

/// Sees everything that happens in the mesh; monitors and the trace hang on it.
class Observer {
  public:
    Observer() = default;
    Observer(const Observer&) = delete;
    Observer& operator=(const Observer&) = delete;
    virtual ~Observer() = default;
    virtual void on_leaf(const LeafIssued& seen) = 0;
    virtual void on_handshake(const HandshakeSeen& seen) = 0;
    virtual void on_event(const Event& event) = 0;
};

}  // namespace meshproof::mesh
