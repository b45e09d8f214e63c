#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/mesh/observer.hpp"
#include "core/world/trace.hpp"

namespace meshproof::run {

/// The invariants that hold after every event of every scenario. A violation is a failure of the
/// scenario, whatever else it expects.
class Monitors final : public mesh::Observer {
  public:
    /// `slack`: how far an event's time may lie from the moment that it speaks of (zero in virtual
    /// time).
    Monitors(Trace& trace, Duration slack) : trace_(&trace), slack_(slack) {}

    void on_leaf(const mesh::LeafIssued& seen) override;
    void on_handshake(const mesh::HandshakeSeen& seen) override;
    void on_event(const mesh::Event& event) override;

    /// Leaves by this issuer may live at most so long (the signing role's max_ttl).
    void limit_leaves(const crypto::Certificate& issuer, Duration max_ttl);
    /// Who is refused waits so long before it can be refused again, unless its cluster is
    /// connected anew or its agent restarted meanwhile (mesh::first_wait).
    void space_refusals(Duration least) { between_refusals_ = least; }
    /// A request that left one of our parties: no private key may be in it.
    void on_request(std::string_view caller, std::string_view method, std::string_view target,
                    std::string_view body);
    void violate(std::string text);

    [[nodiscard]] const std::vector<std::string>& violations() const { return violations_; }
    [[nodiscard]] std::size_t leaves() const { return serials_.size(); }
    /// How much was left of a leaf when it came, by the date of its mesh.
    [[nodiscard]] std::optional<Duration> left_on_arrival(const std::string& serial) const;
    [[nodiscard]] std::size_t handshakes() const { return handshakes_; }
    /// How many leaves their agents refused.
    [[nodiscard]] std::size_t rejected_leaves() const { return rejected_leaves_; }
    /// Whether the last leaf of a pod was refused and this was not asked before.
    [[nodiscard]] bool take_rejected(const std::string& pod) { return rejected_.erase(pod) > 0; }

  private:
    void add(TraceEvent event);
    void check_pace(const mesh::Event& event);
    void check_spread(const mesh::LeafIssued& seen);

    Trace* trace_;
    Duration slack_;
    std::vector<std::string> violations_;
    std::map<std::pair<std::string, std::string>, Duration>
        serials_;  // serial, issuer's fingerprint -> what was left on arrival
    std::map<std::string, std::string> key_owner_;           // hash of a public key -> pod uid
    std::map<std::string, Duration> max_ttl_;                // issuer fingerprint -> limit
    Duration between_refusals_{};
    std::map<std::pair<std::string, std::string>, Duration> refused_at_;  // cluster, pod
    std::map<std::string, Duration> out_of_turn_at_;  // when a cluster's agents last had a reason
    std::set<std::pair<std::string, std::string>> spared_;  // refused once since then
    std::size_t handshakes_ = 0, rejected_leaves_ = 0;
    std::string arrived_at_;          // the pod whose leaf came last
    std::set<std::string> rejected_;  // pods whose last one was refused

    struct Arrival {
        Duration at{};    ///< of the trace
        Duration left{};  ///< of the leaf that came then
    };
    std::map<std::string, Arrival> last_leaf_;  // by pod uid
    std::vector<double> shares_;                // the last renewals' (check_spread)
    std::optional<Duration> share_noted_;       ///< when the last of them came
};

}  // namespace meshproof::run
