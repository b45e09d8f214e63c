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

    /// Which part of its transaction a request is: without keep-alive, it opens and closes the
    /// transaction's connection.
    enum class Part { only, first, last };

    // `times` takes what the wire did, where an answer came; the caller awaits the end.

    [[nodiscard]] Task<tl::expected<Secret, Refused>> login(
        std::size_t transaction, Part part, std::optional<http::ExchangeTimes>& times) const;
    /// The answer's body. With an empty token, the request logs in by itself ("inline").
    [[nodiscard]] Task<tl::expected<std::string, Refused>> sign(
        std::size_t transaction, const Pod& pod, Secret token, Part part,
        std::optional<http::ExchangeTimes>& times) const;
    [[nodiscard]] Task<tl::expected<void, Refused>> health(
        std::size_t transaction, std::optional<http::ExchangeTimes>& times) const;

    /// Where the transactions go, in turn.
    [[nodiscard]] const std::vector<http::Endpoint>& addresses() const { return addresses_; }
    [[nodiscard]] std::size_t address_of(std::size_t transaction) const {
        return transaction % addresses_.size();
    }

    /// The token that was made ahead.
    [[nodiscard]] const Secret& token() const { return token_; }

  private:
    [[nodiscard]] http::Endpoint endpoint(std::size_t transaction, Part part) const;
    [[nodiscard]] http::Request request(const http::Endpoint& to, std::string method,
                                        std::string_view path) const;
    [[nodiscard]] Task<Result<http::Response>> send(
        http::Endpoint to, http::Request request, std::optional<http::ExchangeTimes>& times) const;
    /// How many transactions went to the same address before it. So whoever takes turns at
    /// addresses meets every cluster at each.
    [[nodiscard]] std::size_t turn(std::size_t transaction) const {
        return transaction / addresses_.size();
    }
    [[nodiscard]] const std::string& login_path(std::size_t transaction) const {
        return login_paths_[turn(transaction) % login_paths_.size()];
    }
    [[nodiscard]] const Secret& account_token(std::size_t transaction) const {
        return account_tokens_[turn(transaction) % account_tokens_.size()];
    }

    http::Transport& wire_;
    std::vector<http::Endpoint> addresses_;
    bool keep_alive_;
    std::string namespace_name_;
    std::vector<std::string> login_paths_;  // of the clusters
    std::string sign_path_, auth_role_;
    std::vector<Secret> account_tokens_;
    Secret token_;
};

}  // namespace meshproof::load
