#pragma once

#include "core/mesh/mesh.hpp"

namespace meshproof::mesh {

/// Waiting times between attempts: doubling from backoff_first to backoff_most of a leaf's life,
/// each with jitter.
class Backoff {
  public:
    explicit Backoff(Prng prng) : prng_(std::move(prng)) {}

    /// The shortest wait there is: also the least time between two logins.
    [[nodiscard]] static Duration first(const ControlPlaneOptions& options, Duration life);
    [[nodiscard]] static Duration most(const ControlPlaneOptions& options, Duration life);

    [[nodiscard]] Duration next(const ControlPlaneOptions& options, Duration life);
    /// For what needs a person: the longest wait and a little.
    [[nodiscard]] Duration slow(const ControlPlaneOptions& options, Duration life);
    void reset() { step_ = 0; }

  private:
    Prng prng_;
    int step_ = 0;
};

}  // namespace meshproof::mesh
