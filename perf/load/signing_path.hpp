#pragma once

#include "core/http/transport.hpp"
#include "core/mesh/decision.hpp"
#include "perf/load/pool.hpp"
#include "perf/load/preparation.hpp"

namespace meshproof::load {

/// A call that was refused, or that got no answer.
struct Refused {
    std::optional<mesh::Step> step;  ///< nothing for sys/health
    Failure failure;
};

/// The requests of a mesh agent, on their bare wire: what an answer says is read only as far as the
/// next request needs it, and left to the verifier otherwise.
class SigningPath {
  public:
    /// `wire` outlives it.
    SigningPath(http::Transport& wire, const Ground& ground, const Options& options);

    [[nodiscard]] Task<tl::expected<Secret, Refused>> login(std::size_t transaction) const;
    /// The answer's body. With an empty token, the request logs in by itself ("inline").
    [[nodiscard]] Task<tl::expected<std::string, Refused>> sign(std::size_t transaction,
                                                                const Pod& pod, Secret token) const;
    [[nodiscard]] Task<tl::expected<void, Refused>> health() const;

    /// The token that was made ahead.
    [[nodiscard]] const Secret& token() const { return token_; }

  private:
    [[nodiscard]] http::Request request(std::string method, std::string_view path) const;
    [[nodiscard]] const Secret& account_token(std::size_t transaction) const {
        return account_tokens_[transaction % account_tokens_.size()];
    }

    http::Transport& wire_;
    http::Endpoint endpoint_;
    std::string prefix_, namespace_name_;
    std::string login_path_, sign_path_, auth_role_;
    std::vector<Secret> account_tokens_;
    Secret token_;
};

}  // namespace meshproof::load
