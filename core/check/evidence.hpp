#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include "core/http/transport.hpp"
#include "core/run/result.hpp"

namespace meshproof::run {

/// Of a body. Long enough for every answer that an expectation is about; a report of hundreds of
/// checks stays readable.
inline constexpr std::size_t evidence_bytes = 3000;

/// Knows the secrets of one check and takes them out of texts. It learns from what is sent and
/// answered (fields and headers that hold secrets by their name) and knows private keys, JWTs and
/// Vault tokens by their looks.
class Redactor {
  public:
    /// `name` without `$`: numbered where it is taken by another secret.
    void learn(const std::string& secret, std::string name, bool numbered = true);
    void learn_from(const nlohmann::json& body);
    void learn_from(const http::Headers& headers);
    [[nodiscard]] std::string apply(std::string_view text) const;

  private:
    using Secrets = std::map<std::string, std::string, std::less<>>;

    /// The longest secret that the text begins with.
    [[nodiscard]] Secrets::const_iterator longest_at(std::string_view text) const;

    Secrets secrets_;                               ///< text -> "$NAME"
    std::unordered_set<std::uint64_t> beginnings_;  ///< of all of them
    std::map<std::string, int> used_;
};

/// Passes everything on and keeps what was said.
class RecordingTransport final : public http::Transport {
  public:
    explicit RecordingTransport(http::Transport& wire) : wire_(wire) {}

    /// Names the server of an origin ("vault") in the evidence.
    void name_origin(const http::Url& url, std::string name);
    [[nodiscard]] Redactor& redactor() { return redactor_; }
    [[nodiscard]] const Redactor& redactor() const { return redactor_; }
    [[nodiscard]] std::size_t exchanges() const { return exchanges_.size(); }
    /// All exchanges so far, redacted; bodies at most so long.
    [[nodiscard]] std::vector<Exchange> evidence(std::size_t longest = evidence_bytes) const;

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
    Exchange begin(const http::Endpoint& endpoint, const http::Request& request);

    http::Transport& wire_;
    Redactor redactor_;
    std::map<std::string, std::string> origins_;
    std::vector<Exchange> exchanges_;
};

/// The exchange as a command for a shell where VAULT_ADDR, VAULT_TOKEN and VAULT_CACERT are set
/// (for an API server: KUBE_ADDR, KUBE_TOKEN and KUBE_CACERT).
[[nodiscard]] std::string to_curl(const Exchange& exchange);
/// The name of the variable that a `$` at this place of a text stands for, "TOKEN_1" of $TOKEN_1
/// and ${TOKEN_1}; "" where it is a sign like others.
[[nodiscard]] std::string_view variable_at(std::string_view text, std::size_t dollar);

}  // namespace meshproof::run
