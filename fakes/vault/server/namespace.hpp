#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "fakes/vault/server/policy.hpp"

/// A namespace and what is in it: mounts, policies, token roles.
namespace meshproof::fakes::vault {

inline constexpr Duration system_lease_ttl = std::chrono::hours(768);

/// A mounted engine or auth method. Built-in ones (sys, token, cubbyhole, identity) have no
/// backend.
struct MountEntry {
    std::string path;  ///< within its namespace, with the slash: "pki/", "auth/c1/"
    std::string type, description, accessor, uuid;
    Duration default_ttl{}, max_ttl{};  ///< zero = the system's
    std::string token_type;             ///< auth methods only
    Json options = Json::object();
    std::string visibility;  ///< listing_visibility
    /// By their parameters: passthrough_request_headers, allowed_response_headers, …
    std::map<std::string, std::vector<std::string>, std::less<>> lists;
    bool local = false, force_no_cache = false, seal_wrap = false, external_entropy_access = false;
    std::optional<Lockout> lockout;  ///< as tuned, zeros being the defaults; nothing = never
    std::shared_ptr<Backend>
        backend;  ///< shared: a request in flight keeps it alive after the mount is gone

    [[nodiscard]] bool is_auth() const { return path.starts_with("auth/"); }
    [[nodiscard]] MountView view() const;
};

struct TokenRole {
    std::vector<std::string> allowed, disallowed, allowed_globs, disallowed_globs, bound_cidrs;
    std::optional<std::vector<std::string>> entity_aliases;  ///< nothing = never given
    Duration period{}, explicit_max_ttl{};
    std::set<std::string> old_names;  ///< of the fields that were given without "token_"
    bool orphan = false, renewable = true, no_default_policy = false;
    std::string path_suffix, type = "default-service";
    std::int64_t num_uses = 0;
};

struct Namespace {
    std::string path;  ///< "" for the root, else "ns1/"
    std::string id, uuid;
    Json custom_metadata = Json::object();
    std::map<std::string, std::shared_ptr<MountEntry>, std::less<>> mounts;
    std::map<std::string, Policy, std::less<>> policies;
    std::map<std::string, TokenRole, std::less<>> token_roles;
};

}  // namespace meshproof::fakes::vault
