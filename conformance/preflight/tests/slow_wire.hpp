#pragma once

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "core/base/text.hpp"
#include "core/http/transport.hpp"
#include "core/time/clock.hpp"

namespace meshproof::preflight {

/// Passes everything on; what is chosen waits before, and is not answered where the asking side
/// does not wait so long.
class SlowWire final : public http::Transport {
  public:
    struct Slow {
        std::string method;   ///< "" = any
        std::string pattern;  ///< of the request's target; * stands for any text
        Duration wait;
    };
    /// The first that fits a request counts.
    SlowWire(Clock& clock, http::Transport& wire, std::vector<Slow> slow)
        : clock_(clock), wire_(wire), slow_(std::move(slow)) {}

    Task<Result<http::Response>> send(http::Endpoint endpoint, http::Request request) override {
        const auto wait = wait_of(request);
        co_await clock_.sleep_for(std::min(wait, endpoint.timeout));
        if (wait >= endpoint.timeout) {
            co_return fail(FailureKind::timed_out, "no answer within {}",
                           human_duration(endpoint.timeout));
        }
        endpoint.timeout -= wait;
        co_return co_await wire_.send(std::move(endpoint), std::move(request));
    }
    Task<Result<std::unique_ptr<http::Stream>>> open(http::Endpoint endpoint,
                                                     http::Request request) override {
        return wire_.open(std::move(endpoint), std::move(request));
    }
    Task<Result<std::unique_ptr<http::Listener>>> listen(http::ListenSpec spec,
                                                         http::Handler& handler) override {
        return wire_.listen(std::move(spec), handler);
    }
    Task<Result<std::unique_ptr<http::Link>>> open_link(http::Url upstream,
                                                        std::string name) override {
        return wire_.open_link(std::move(upstream), std::move(name));
    }
    void drop_idle() override { wire_.drop_idle(); }

  private:
    [[nodiscard]] Duration wait_of(const http::Request& request) const {
        const auto found = std::ranges::find_if(slow_, [&](const Slow& one) {
            return (one.method.empty() || one.method == request.method) &&
                   fits_pattern(one.pattern, request.target);
        });
        return found == slow_.end() ? Duration::zero() : found->wait;
    }

    Clock& clock_;
    http::Transport& wire_;
    std::vector<Slow> slow_;
};

}  // namespace meshproof::preflight
