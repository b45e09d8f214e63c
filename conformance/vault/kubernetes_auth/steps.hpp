#pragma once

#include <deque>

#include "conformance/check.hpp"
#include "core/crypto/key.hpp"

/// What the checks of Kubernetes auth have in common: an API server of our own that answers
/// TokenReviews as it is told, so that every case of a login can be made.
namespace meshproof::conformance::kubernetes_auth {

/// What a workload's token says of it.
struct Workload {
    std::string name = "web", namespace_name = "shop", uid = "11111111-2222-3333-4444-555555555555";
};

/// A role bound to the default workload, and `more`.
[[nodiscard]] Json bound_role(Json more = Json::object());

/// The headers by which a request logs in at `path` by itself, a parameter each (row 191).
[[nodiscard]] http::Headers inline_headers(std::string path, const Json& parameters);

/// A stand-in API server. It knows every token whose claims it can read, unless `answer` is set.
class StandInApi final : public http::Handler {
  public:
    [[nodiscard]] Task<http::Response> handle(http::Request request, http::Peer peer) override;

    std::optional<http::Response> answer;  ///< given instead of a review, whatever is asked
    Json overrides = Json::object();       ///< merged into the review's status
    Json namespace_labels = Json::object();
    bool hangs = false;  ///< answers after a day, on `clock`
    Clock* clock = nullptr;
    std::vector<http::Request> reviews;  ///< TokenReviews, in order
    std::vector<std::string> others;     ///< "GET /api/v1/namespaces/shop"
};

/// An auth mount that is configured for a stand-in API server.
class Bench {
  public:
    explicit Bench(Probe& probe) : probe_(probe) {}

    /// Mounts, serves and configures. `more` is added to the configuration.
    [[nodiscard]] Task<void> open(Json more = Json::object());
    [[nodiscard]] Task<Reply> configure(Json more);
    /// Writes role `name`, bound to the default workload unless `more` says otherwise; refused =
    /// blocked.
    [[nodiscard]] Task<void> role(std::string name = "app", Json more = Json::object());
    /// A role, whatever comes of it.
    [[nodiscard]] Task<Reply> write_role(std::string name, Json parameters);
    [[nodiscard]] Task<Reply> login(std::string role, std::string jwt);
    [[nodiscard]] Task<Reply> login() { return login("app", jwt()); }
    /// The headers of the same login, for another request.
    [[nodiscard]] http::Headers inline_login(std::string role = "app") const;

    /// The claims of a projected token of the workload, aud ["vault"], good for an hour.
    [[nodiscard]] Json claims(Workload workload = {}) const;
    [[nodiscard]] std::string jwt(const Json& claims) const;  ///< signed with ES256
    [[nodiscard]] std::string jwt() const { return jwt(claims()); }
    /// With any `alg` in its header, and bytes of no meaning for a signature.
    [[nodiscard]] std::string jwt_with(std::string_view algorithm) const;
    [[nodiscard]] std::string public_key_pem() const { return key_.public_key().pem(); }

    [[nodiscard]] const std::string& mount() const { return mount_; }
    void drop_connections() { served_.listener->drop_connections(); }
    [[nodiscard]] StandInApi& api() { return api_; }
    [[nodiscard]] std::int64_t now() const;  ///< seconds since 1970

  private:
    Probe& probe_;
    StandInApi api_;
    run::StandIn served_;
    std::string mount_;
    crypto::Key key_ = crypto::Key::generate(crypto::KeyType::p256);
};

/// `auth.client_token` of a login, which must have succeeded.
[[nodiscard]] Secret token_of(Probe& probe, const Reply& login);

}  // namespace meshproof::conformance::kubernetes_auth
