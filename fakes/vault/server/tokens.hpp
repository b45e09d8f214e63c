#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/time/prng.hpp"
#include "fakes/vault/logical/backend.hpp"
#include "fakes/vault/logical/fields.hpp"

/// Tokens as the server keeps them (wire contract section E).
namespace meshproof::fakes::vault {

struct Token {
    std::string id;
    std::string accessor;  ///< "" for batch tokens
    std::string lease;     ///< the last segment of its lease id, "h…"
    std::string namespace_path;
    std::string path;  ///< what made it: "auth/c1/login", "auth/token/create"
    std::string display_name;
    std::string entity_id;
    std::string parent;      ///< id; "" = orphan
    std::string token_role;  ///< made by auth/token/create/ROLE
    std::string type = "service";
    std::vector<std::string> policies;     ///< sorted
    std::vector<std::string> bound_cidrs;  ///< whence it may be used; none = from everywhere
    Pairs metadata;
    Time issued;
    std::optional<Time> expires;  ///< nothing = never
    std::optional<Time> last_renewal;
    Duration creation_ttl{};
    Duration lease_ttl{};  ///< the last granted
    Duration period{}, explicit_max_ttl{};
    std::int64_t num_uses = 0;      ///< 0 = no limit
    std::int64_t uses_granted = 0;  ///< as made: what auth blocks tell
    bool used_up = false;           ///< the last permitted use is running
    bool renewable = false;
    bool orphan = false;
    std::optional<AuthGrant> grant;  ///< of a login, for its renewal

    [[nodiscard]] bool is_batch() const { return type == "batch"; }
    [[nodiscard]] bool is_root() const;
    [[nodiscard]] std::string lease_id() const { return path + "/" + lease; }
};

/// Ids, expiry and revocation of all tokens. A revoked token takes its children with it; orphans
/// live on. Batch tokens, of which a real server keeps nothing, are kept here like the others.
class TokenStore {
  public:
    TokenStore(Product product, Prng prng) : product_(product), prng_(std::move(prng)) {}

    /// Called for each token that ends, by revocation or expiry.
    void on_end(std::function<void(const Token&)> ended) { ended_ = std::move(ended); }

    /// The token with id, accessor and lease, which are drawn where they are empty. Nobody can use
    /// it by its id until it is kept.
    [[nodiscard]] Token named(Token token, std::string_view namespace_id);
    /// Names the token and keeps it.
    std::shared_ptr<Token> add(Token token, std::string_view namespace_id);
    /// Keeps a token that has all of these.
    std::shared_ptr<Token> keep(Token token);
    /// By the id or by its inner one: Vault takes either.
    [[nodiscard]] std::shared_ptr<Token> find(std::string_view id) const;
    [[nodiscard]] std::shared_ptr<Token> find_accessor(std::string_view accessor) const;
    [[nodiscard]] std::shared_ptr<Token> find_lease(std::string_view lease_id) const;
    [[nodiscard]] const std::map<std::string, std::shared_ptr<Token>, std::less<>>& all() const {
        return tokens_;
    }

    void renewed(Token& token, std::optional<Time> expires);
    void revoke(std::string_view id);
    void revoke_orphaning_children(std::string_view id);
    /// Service tokens whose lease id begins so. Batch tokens have no lease.
    void revoke_prefix(std::string_view namespace_path, std::string_view prefix);
    void revoke_namespace(std::string_view namespace_path);
    void expire(Time now);

    /// `count` characters of [A-Za-z0-9].
    [[nodiscard]] std::string base62(std::size_t count);

  private:
    void end(const std::shared_ptr<Token>& token, bool children);
    [[nodiscard]] std::string make_id(const Token& token, std::string_view suffix);

    Product product_;
    Prng prng_;
    std::function<void(const Token&)> ended_;
    std::map<std::string, std::shared_ptr<Token>, std::less<>> tokens_;
    std::map<std::string, std::string, std::less<>> accessors_;
    std::map<std::string, std::string, std::less<>> by_inner_id_;
    std::set<std::pair<Time, std::string>> expiries_;
    std::multimap<std::string, std::string, std::less<>> children_;
};

/// What Vault keeps of a service token is signed and wrapped for its holder: "hvs.CAES…" holds
/// "hvs." and 24 letters, which is what it keeps, and takes and sometimes tells. Any other id is
/// its own.
[[nodiscard]] std::string inner_id(std::string_view id);

/// Lower case, no blanks, sorted, each once; `default` added unless unwanted (row 68).
[[nodiscard]] std::vector<std::string> tidy_policies(const std::vector<std::string>& policies,
                                                     bool add_default);

/// Whether a token or accessor says that it is of a namespace that is not there. Vault reads what
/// follows the last dot as one, and there are none but the root's.
[[nodiscard]] bool of_no_namespace(Product product, std::string_view id);
/// The same of a lease, in the last part of its path.
[[nodiscard]] bool lease_of_no_namespace(Product product, std::string_view id);

/// Remaining seconds as lookups tell them.
[[nodiscard]] std::int64_t remaining_seconds(const std::optional<Time>& expires, Time now);

}  // namespace meshproof::fakes::vault
