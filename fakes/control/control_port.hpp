#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/secret.hpp"
#include "fakes/control/journal.hpp"
#include "fakes/world/fake_servers.hpp"

namespace meshproof::fakes {

/// What one may ask a control port (docs/control-api.yaml).
struct ControlRoute {
    std::string method, path;
};

/// Gives servers that begin anew what they are to hold from the start.
using SetUp = std::function<Task<Result<void>>(FakeServers&)>;

struct ControlPortOptions {
    /// Where the servers' loop does nothing for so long, a caller is told so.
    Duration patience = std::chrono::seconds(5);
    SetUp set_up{};  ///< after a reset; may be empty
    /// What callers show as `Authorization: Bearer TOKEN`; only /health and /openapi.yaml do
    /// without. Empty = nobody needs one, and only loopback addresses are allowed.
    Secret token{};
};

/// The description of the port, docs/control-api.yaml.
extern const std::string_view control_api_yaml;

/// Governs fake servers from outside, over plain HTTP on a port of its own: chaos, date, seal,
/// connections, contents, journal. It answers from threads of its own, also while the servers'
/// ports stall on purpose; what it does to the servers, it does on their event loop.
class ControlPort {
  public:
    /// Listens at once. Called on the servers' event loop; servers and journal outlive the result,
    /// which ends on the same loop.
    [[nodiscard]] static Task<Result<std::unique_ptr<ControlPort>>> start(
        ListenAddress where, FakeServers& servers, Journal& journal,
        ControlPortOptions options = {});
    ~ControlPort();

    [[nodiscard]] http::Url url() const;
    [[nodiscard]] static std::vector<ControlRoute> routes();

  private:
    struct State;
    explicit ControlPort(std::shared_ptr<State> state);
    std::shared_ptr<State> state_;
};

}  // namespace meshproof::fakes
