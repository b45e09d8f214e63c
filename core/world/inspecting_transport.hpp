#pragma once

#include <set>
#include <string>

#include "core/http/transport.hpp"
#include "core/run/result.hpp"
#include "core/world/monitors.hpp"

namespace meshproof::run {

/// Passes everything on to another transport, and shows each outgoing request to the monitors; the
/// tokens in it and in its answer are learnt, so that a trace which holds one is caught. What
/// agents ask of Vault is counted.
class InspectingTransport final : public http::Transport {
  public:
    /// What an agent asks of Vault, of what is counted.
    enum class AgentRequest { none, login, signature };

    InspectingTransport(http::Transport& wire, Monitors& monitors, Trace& trace)
        : wire_(wire), monitors_(monitors), trace_(trace) {}

    [[nodiscard]] AgentCounts agents() const;

    [[nodiscard]] Task<Result<http::Response>> send(http::Endpoint endpoint,
                                                    http::Request request) override;
    [[nodiscard]] Task<Result<std::unique_ptr<http::Stream>>> open(http::Endpoint endpoint,
                                                                   http::Request request) override;
    [[nodiscard]] Task<Result<std::unique_ptr<http::Listener>>> listen(
        http::ListenSpec spec, http::Handler& handler) override;
    [[nodiscard]] Task<Result<std::unique_ptr<http::Link>>> open_link(http::Url upstream,
                                                                      std::string name) override;
    void drop_idle() override { wire_.drop_idle(); }

  private:
    void inspect(const http::Endpoint& endpoint, const http::Request& request);
    void count(const std::string& caller, AgentRequest asked,
               const Result<http::Response>& response);

    http::Transport& wire_;
    Monitors& monitors_;
    Trace& trace_;
    AgentCounts agents_;            ///< but for the leaves, which the monitors see
    std::set<std::string> failed_;  ///< callers whose last request of these was
};

}  // namespace meshproof::run
