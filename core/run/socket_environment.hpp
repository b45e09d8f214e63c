#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <string>

#include "core/run/environment.hpp"

namespace meshproof::run {

/// Real time and sockets: `live` on a target's servers, `loopback` (or one side of live) on servers
/// that `starter` starts first.
class SocketEnvironment final : public Environment {
  public:
    /// Starts what is ours on this environment's loop and transport, and completes the target with
    /// where it is.
    using Starter = std::function<Task<Result<Target>>(Environment& environment, Target target)>;

    SocketEnvironment(std::string setting, Target target, Starter starter = {});
    ~SocketEnvironment() override;

    [[nodiscard]] std::string_view setting() const override { return setting_; }
    [[nodiscard]] Clock& clock() override;
    [[nodiscard]] http::Transport& transport() override;
    [[nodiscard]] bool virtual_time() const override { return false; }
    [[nodiscard]] Task<Result<Target>> start() override;
    [[nodiscard]] bool fake_vaults() const override { return target_.fake_vaults; }
    [[nodiscard]] bool fake_clusters() const override { return target_.fake_clusters; }
    void drive(Task<void> work) override;
    void post(std::function<void()> callback) override;

  private:
    struct State;
    std::string setting_;
    Target target_;
    Starter starter_;
    std::unique_ptr<State> state_;
};

}  // namespace meshproof::run
