#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "core/http/transport.hpp"
#include "core/run/result.hpp"
#include "core/run/target.hpp"

namespace meshproof::run {

/// Where scenarios run: a clock, a wire, and the servers of a target. One per scenario, on one
/// event loop.
class Environment {
  public:
    Environment() = default;
    Environment(const Environment&) = delete;
    Environment& operator=(const Environment&) = delete;
    virtual ~Environment() = default;

    [[nodiscard]] virtual std::string_view setting() const = 0;  ///< "sim", "loopback" or "live"
    [[nodiscard]] virtual Clock& clock() = 0;
    [[nodiscard]] virtual http::Transport& transport() = 0;
    [[nodiscard]] virtual bool virtual_time() const = 0;
    /// Starts what is ours to start and says where everything is.
    [[nodiscard]] virtual Task<Result<Target>> start() = 0;
    /// Whether these servers are fakes that we start ourselves.
    [[nodiscard]] virtual bool fake_vaults() const = 0;
    [[nodiscard]] virtual bool fake_clusters() const = 0;
    /// From now on the date of this server ("vault-0", "kube-0") is so far ahead of clock(); false
    /// where nobody can do that.
    [[nodiscard]] virtual bool skew_server(std::string_view /*server*/, Duration /*ahead*/) {
        return false;
    }
    /// Runs the event loop until `work` has ended.
    virtual void drive(Task<void> work) = 0;
    /// Runs `callback` on the event loop; may be called from any thread.
    virtual void post(std::function<void()> callback) = 0;
};

}  // namespace meshproof::run
