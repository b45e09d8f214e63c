#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/task.hpp"
#include "core/http/message.hpp"
#include "core/time/prng.hpp"
#include "core/time/time.hpp"
#include "fakes/saboteurs.hpp"
#include "fakes/vault/logical/json.hpp"
#include "fakes/vault/logical/product.hpp"
#include "fakes/vault/logical/templates.hpp"

/// What stands between FakeVault's server (envelope, tokens, policies, routing) and its mounted
/// backends (pki, kubernetes auth, token).
namespace meshproof::fakes::vault {

enum class Operation { read, update, create, remove, list, patch, help };

/// What a request has to have for a path: no token, one, or the `sudo` capability besides (row 57).
enum class Needs { nothing, token, sudo };

/// How many failed logins in a row lock who logs in, and for how long.
struct Lockout {
    std::uint64_t threshold = 5;
    Duration duration = std::chrono::minutes(15);       ///< since the last failure
    Duration counter_reset = std::chrono::minutes(15);  ///< failures before that do not count
    bool disabled = false;
};

/// A mounted engine or auth method, as its backend sees it.
struct MountView {
    std::string path;              ///< "pki_int/" or "auth/c1/", with the trailing slash
    Duration default_lease_ttl{};  ///< system default (768 h) substituted
    Duration max_lease_ttl{};      ///< system default (768 h) substituted
    Lockout lockout{};             ///< of a method that has one; defaults substituted
};

/// A node that may not write, as what it runs sees it.
struct StandbyView {
    std::string node;
    Time since;  ///< it has run its engines and methods since then, and since they were mounted
};

/// A logical request after routing, authorisation and body parsing.
struct BackendRequest {
    Operation operation = Operation::read;
    std::string path;  ///< relative to the mount, no leading slash: "sign/r", "ca/pem"
    Json data;  ///< object: the body's fields (form bodies too) or, for read/list/remove, the
                ///< query's
    std::string body;       ///< of an OCSP request as it came: it is no JSON, and `data` is empty
    http::Headers headers;  ///< those that the mount passes through
    MountView mount;
    Time now;
    bool unauthenticated = false;  ///< the path is one of the backend's unauthenticated ones
    std::string remote_address;
    std::string namespace_path;          ///< "" = root
    TemplateValues identity;             ///< of the caller's entity; null where there is none
    std::optional<StandbyView> standby;  ///< who serves it, where that is not the active node
};

/// A login's or token creation's outcome: the server makes the token from it.
struct AuthGrant {
    std::string display_name;
    std::vector<std::string> policies, bound_cidrs;
    std::map<std::string, std::string> metadata;
    Duration ttl{}, max_ttl{}, period{}, explicit_max_ttl{};
    std::int64_t num_uses = 0;
    bool renewable = true;
    bool orphan = true;
    bool no_default_policy = false;
    std::string token_type = "service";
    std::string alias_name;  ///< one entity per (mount, alias)
    Json internal;           ///< kept with the token for its renewal (the login JWT on OpenBao)
    std::string role;        ///< token role or auth role by which it is renewed
};

/// A secret that the server shall register a lease for.
struct LeaseGrant {
    Duration duration{};
    bool renewable = false;
    Json internal;  ///< given back to Backend::revoke_lease
};

/// What a backend answers. Exactly one shape applies, by `kind`.
struct BackendResponse {
    enum class Kind {
        none,      ///< 204 (200 with data null where there are warnings)
        data,      ///< 200, envelope with `data` (null allowed: an empty but non-nil response)
        raw,       ///< `raw` as it is
        error,     ///< a backend error response: 400 (or `status`) with the plain text
        go_error,  ///< a Go error: 500 (or `status`), wrapped as "1 error occurred" on
                   ///< authenticated paths (row 5)
        auth,      ///< 200 with an auth block
    };
    Kind kind = Kind::none;
    int status = 0;  ///< 0 = the kind's own default
    Json data;
    std::vector<std::string> warnings;
    std::string text;  ///< of error and go_error
    http::Response raw;
    std::optional<AuthGrant> auth;
    std::optional<LeaseGrant> lease;

    [[nodiscard]] static BackendResponse nothing() { return {}; }
    [[nodiscard]] static BackendResponse with(Json data, std::vector<std::string> warnings = {});
    [[nodiscard]] static BackendResponse error(std::string text, int status = 400);
    [[nodiscard]] static BackendResponse go_error(std::string text, int status = 500);
    [[nodiscard]] static BackendResponse unsupported_path() {
        return go_error("unsupported path", 404);
    }
    [[nodiscard]] static BackendResponse unsupported_operation() {
        return go_error("unsupported operation", 405);
    }
};

struct RouteShape;  // help.hpp

/// A mounted backend: rules and state of one mount. No socket, no clock.
class Backend {
  public:
    Backend() = default;
    Backend(const Backend&) = delete;
    Backend& operator=(const Backend&) = delete;
    virtual ~Backend() = default;

    [[nodiscard]] virtual std::string type() const = 0;  ///< "pki", "kubernetes"
    /// Whether this is what the path (relative to the mount) needs for the operation.
    [[nodiscard]] virtual bool needs(Needs what, Operation operation,
                                     std::string_view path) const = 0;
    /// An existence check turns update into create for what is absent (row 51); nothing = the path
    /// has no such check.
    [[nodiscard]] virtual std::optional<bool> exists(std::string_view path) const = 0;
    /// What an existence check says of fields that it cannot read; nothing = it reads them, or the
    /// path has no such check.
    [[nodiscard]] virtual std::optional<BackendResponse> misread(std::string_view path,
                                                                 const Json& data) const {
        (void)path;
        (void)data;
        return std::nullopt;
    }
    /// OpenBao: the path as policies, answers and wrapped answers have it, where names may be
    /// written in any case.
    [[nodiscard]] virtual std::string canonical(std::string_view path) const {
        return std::string(path);
    }
    [[nodiscard]] virtual Task<BackendResponse> handle(BackendRequest request) = 0;
    /// What the path takes, or of "" what paths there are; nothing where there is none.
    [[nodiscard]] virtual std::optional<std::string> help(std::string_view path) const {
        (void)path;
        return std::nullopt;
    }
    /// Its routes, for a description of the API.
    [[nodiscard]] virtual std::vector<RouteShape> shapes() const = 0;
    /// Renewal of a token that this backend's login granted (row 156). `internal` is
    /// AuthGrant::internal.
    [[nodiscard]] virtual Task<BackendResponse> renew(BackendRequest request, AuthGrant grant) {
        (void)request;
        (void)grant;
        co_return BackendResponse::unsupported_operation();
    }
    /// Whether a node that may not write goes ahead with the update (row 170): nothing is written
    /// here. What comes of a granted login is the server's to write.
    [[nodiscard]] virtual bool standby_serves(std::string_view path) const {
        (void)path;
        return false;
    }
    virtual void revoke_lease(const Json& internal, Time now) {
        (void)internal;
        (void)now;
    }
    /// All that the mount holds, private keys too.
    [[nodiscard]] virtual Json save() const = 0;
    /// Puts what save() gave into a mount that holds nothing yet. Throws what load_state() catches
    /// (fakes/state.hpp).
    virtual void load(const Json& state) = 0;
};

/// What every backend is made with.
struct BackendContext {
    Product product = Product::openbao;
    Prng prng;
    const Saboteurs* saboteurs = nullptr;  ///< never null
    Time made{};                           ///< when it was mounted, or loaded
};

/// `{"keys": […]}`, of none `{}`: that is a 404 in the end (row 14), but with a warning.
[[nodiscard]] BackendResponse list_answer(const std::vector<std::string>& keys);

}  // namespace meshproof::fakes::vault
