#pragma once

#include <memory>
#include <string>
#include <vector>

#include "fakes/control/journal.hpp"
#include "fakes/world/fake_servers.hpp"

namespace meshproof::fakes {

/// What one may ask a control port (docs/control-api.yaml).
struct ControlRoute {
    std::string method, path;
};

/// Governs fake servers from outside, over plain HTTP on a port of its own: chaos, date, seal,
/// connections, contents, journal. It answers from threads of its own, also while the servers'
/// ports stall on purpose; what it does to the servers, it does on their event loop.
class ControlPort {
  public:
    /// Listens at once. Called on the servers' event loop; servers and journal outlive the result,
    /// which ends on the same loop. Only a loopback address is allowed. Where the loop does nothing
    /// for `patience`, a caller is told so.
    [[nodiscard]] static Task<Result<std::unique_ptr<ControlPort>>> start(
        ListenAddress where, FakeServers& servers, Journal& journal,
        Duration patience = std::chrono::seconds(5));
    ~ControlPort();

    [[nodiscard]] http::Url url() const;
    [[nodiscard]] static std::vector<ControlRoute> routes();

  private:
    struct State;
    explicit ControlPort(std::shared_ptr<State> state);
    std::shared_ptr<State> state_;
};

}  // namespace meshproof::fakes
