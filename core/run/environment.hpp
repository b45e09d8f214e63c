#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>

#include "core/http/transport.hpp"
#include "core/run/result.hpp"
#include "core/run/target.hpp"

namespace meshproof::run {

/// What a setting can do beside the common ground. A scenario states its needs; the runner skips
/// with the reason.
enum class Capability {
    virtual_time,       ///< days cost nothing
    seal_vault,         ///< the first Vault may be sealed and unsealed
    two_vaults,         ///< a second Vault is there
    two_clusters,       ///< a second API server is there
    cut_vault_to_kube,  ///< we stand between Vault and the API server
};
[[nodiscard]] std::string_view to_string(Capability capability);
/// Why a target lacks it and what would give it, for the reason of a skip.
[[nodiscard]] std::string_view missing_reason(Capability capability);

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
    /// "fake openbao 2.7.2" and so on, for servers that we started ourselves; nothing for real
    /// ones.
    [[nodiscard]] virtual bool fake_vaults() const = 0;
    [[nodiscard]] virtual bool fake_clusters() const = 0;
    /// Runs the event loop until `work` has ended.
    virtual void drive(Task<void> work) = 0;
    /// Runs `callback` on the event loop; may be called from any thread.
    virtual void post(std::function<void()> callback) = 0;
};

}  // namespace meshproof::run
