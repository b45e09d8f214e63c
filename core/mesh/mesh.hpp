#pragma once

#include <map>
#include <set>
#include <string>

#include "core/mesh/observer.hpp"
#include "core/mesh/options.hpp"
#include "core/time/prng.hpp"

namespace meshproof::mesh {

/// What every part of one mesh shares: clock, wire, observer, options.
struct Mesh {
    Mesh(Clock& its_clock, http::Transport& its_transport, Prng its_prng, Observer& its_observer,
         ControlPlaneOptions its_options)
        : clock(its_clock),
          transport(its_transport),
          observer(its_observer),
          prng(std::move(its_prng)),
          options(std::move(its_options)) {}

    Clock& clock;
    http::Transport& transport;
    Observer& observer;
    Prng prng;  ///< only forked, never drawn from
    ControlPlaneOptions options;
    spiffe::TrustDomain trust_domain;
    std::map<std::string, crypto::TlsParty>
        servers;  ///< by origin: what the clusters' machines trust
    std::vector<crypto::Certificate>
        public_roots;  ///< of the machines' own CA store, beside what this machine has there
    std::set<std::string>
        pod_names;  ///< all that were ever given: a pod's name is unique in the mesh

    void tell(std::string what, EventFields fields) const;
    /// A pod's name without the run's suffix, for events.
    [[nodiscard]] std::string logical(std::string_view pod) const;
    /// The life of a leaf that nobody has seen yet.
    [[nodiscard]] Duration usual_life() const;
};

/// The same client, each call bounded by `limit`.
[[nodiscard]] kube::Client bounded(const Mesh& mesh, const kube::Client& client, Duration limit);

/// Labels of every object that is made in a cluster, and the selector that finds them again.
inline constexpr std::string_view cluster_label = "meshproof.io/cluster";
inline constexpr std::string_view workload_label = "meshproof.io/workload";
[[nodiscard]] std::string selector_of(const kube::Labels& labels);

}  // namespace meshproof::mesh
