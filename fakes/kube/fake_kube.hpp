#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "core/base/secret.hpp"
#include "core/http/transport.hpp"
#include "core/time/prng.hpp"

namespace meshproof {
class Worker;
}  // namespace meshproof

namespace meshproof::fakes {

/// The version of kube-apiserver that is played.
inline constexpr std::string_view played_kube_version = "1.34.4";

struct FakeKubeOptions {
    std::uint64_t seed = 1;
    Secret admin_token{"admin"};                            ///< a user in system:masters
    std::string issuer = "https://kubernetes.default.svc";  ///< also the API audience
    std::string name = "kube";                              ///< its host name in sim
    std::string ca_pem;  ///< the CA of its serving port, for kube-root-ca and legacy tokens' ca.crt
    bool es256 = false;  ///< sign tokens with P-256 instead of RSA-2048
    /// Reads large bodies while others are served; null = everything in its turn. Outlives the
    /// server.
    Worker* worker = nullptr;
};

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
