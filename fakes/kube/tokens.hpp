#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/crypto/jwt.hpp"
#include "core/crypto/key.hpp"
#include "core/time/clock.hpp"
#include "fakes/kube/options.hpp"
#include "fakes/kube/store.hpp"
#include "fakes/kube/user.hpp"

namespace meshproof::fakes::kube {

struct TokenVerdict {
    std::optional<User> user;
    std::vector<std::string> audiences;  ///< those asked for that the token has
    std::string error;                   ///< why there is no user (wire contract 160)
};

/// Service-account tokens: makes them, and tells whom a token speaks for, with the ten-second
/// memory of successes (wire contract 159 to 161, 164 to 166).
class Tokens {
  public:
    Tokens(const FakeKubeOptions& options, Store& store, const Clock& clock);
    /// With the key of another, for a copy of its store.
    Tokens(const Tokens& of, const FakeKubeOptions& options, Store& store, const Clock& clock);

    [[nodiscard]] TokenVerdict authenticate(const std::string& token,
                                            const std::vector<std::string>& audiences);
    [[nodiscard]] const std::vector<std::string>& api_audiences() const { return api_audiences_; }

    struct Request {
        Json service_account;
        std::vector<std::string> audiences;
        std::int64_t seconds = 3600;
        Json pod, node,
            secret;  ///< the bound object; null = none. A pod's node goes along in `node`
    };
    [[nodiscard]] Secret mint(const Request& request);
    /// The endless token of a Secret of type kubernetes.io/service-account-token.
    [[nodiscard]] Secret mint_legacy(const Json& secret, const Json& service_account);

    [[nodiscard]] const crypto::Key& key() const { return key_; }  ///< what signs them
    void use_key(crypto::Key key);

    [[nodiscard]] std::string jwks() const;       ///< JSON text
    [[nodiscard]] std::string algorithm() const;  ///< "RS256" or "ES256"

  private:
    [[nodiscard]] TokenVerdict judge(const std::string& token,
                                     const std::vector<std::string>& audiences);
    /// Fills `user`, or says why not.
    [[nodiscard]] std::string check_claims(const Json& claims, User& user) const;
    [[nodiscard]] std::string check_legacy(const Json& claims, const std::string& token,
                                           User& user);
    [[nodiscard]] std::string check_account(const std::string& namespace_name,
                                            const std::string& name, const std::string& uid,
                                            User& user) const;
    [[nodiscard]] std::string check_bound(const ResourceType& type,
                                          const std::string& namespace_name,
                                          const Json& claim) const;

    const FakeKubeOptions& options_;
    Store& store_;
    const Clock& clock_;
    crypto::Key key_;
    crypto::PublicKey public_key_;
    std::string key_id_;
    std::vector<std::string> api_audiences_;

    using CacheKey = std::pair<std::string, std::vector<std::string>>;
    struct Cached {
        Time until;
        TokenVerdict verdict;
    };
    std::map<CacheKey, Cached> cache_;
    std::deque<std::pair<Time, CacheKey>> cached_;  ///< in order of their end
};

}  // namespace meshproof::fakes::kube
