#pragma once

#include <memory>
#include <nlohmann/json.hpp>

#include "core/http/transport.hpp"
#include "core/time/clock.hpp"
#include "fakes/kube/options.hpp"

namespace meshproof::fakes {

/// kube-apiserver 1.34 as rules: (Request, Time) -> Response. No socket and no clock of its own;
/// `clock` outlives it. The namespaces default, kube-system and istio-system exist from the start.
/// Wire contract section J.
class FakeKube final : public http::Handler {
  public:
    FakeKube(FakeKubeOptions options, const Clock& clock);
    /// The server that save() saw, but for its name and CA, which the options say: its objects,
    /// issuer, admin token and signing key are the saved ones. An `invalid` failure tells
    /// what is wrong with the state.
    [[nodiscard]] static Result<std::unique_ptr<FakeKube>> restored(const nlohmann::json& state,
                                                                    FakeKubeOptions options,
                                                                    const Clock& clock);
    ~FakeKube() override;

    /// Everything that clients can see, secrets too.
    [[nodiscard]] nlohmann::json save() const;

    [[nodiscard]] Task<http::Response> handle(http::Request request, http::Peer peer) override;

    [[nodiscard]] const FakeKubeOptions& options() const;

  private:
    struct State;
    explicit FakeKube(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace meshproof::fakes
