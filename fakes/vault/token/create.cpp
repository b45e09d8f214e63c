#include "fakes/vault/token/create.hpp"

#include <algorithm>
#include <cctype>

#include "core/base/text.hpp"
#include "fakes/vault/logical/go_text.hpp"
#include "fakes/vault/server/login.hpp"
#include "fakes/vault/server/server.hpp"
#include "fakes/vault/server/ttl.hpp"

/// auth/token/create and its forms: rows 67, 180 and 181.
namespace meshproof::fakes::vault {

namespace {

// This endpoint reads its body without the loose coercion of the others: a string is one policy,
// commas and all.
std::vector<std::string> policy_names(const Json& value) {
    std::vector<std::string> names;
    if (value.is_array()) {
        for (const auto& item : value) {
            names.push_back(item.is_string() ? item.get<std::string>() : item.dump());
        }
    } else if (value.is_string() && !value.get<std::string>().empty()) {
        names.push_back(value.get<std::string>());
    } else if (value.is_number()) {
        names.push_back(value.dump());
    }
    return names;
}

// Durations are texts here; a negative one has a text of its own.
tl::expected<Duration, std::string> duration_of(const FieldData& data, const char* name,
                                                Product product) {
    auto read = read_duration(data.text(name), product);
    if (read && *read < Duration{}) {
        return tl::unexpected(fmt::format("{} must be positive", name));
    }
    return read;
}

std::string quoted_list(const std::vector<std::string>& names) {
    std::vector<std::string> quoted;
    for (const auto& name : names) {
        quoted.push_back("\"" + name + "\"");
    }
    return "[" + join(quoted, " ") + "]";
}

bool contains(const std::vector<std::string>& names, const std::string& name) {
    return std::ranges::find(names, name) != names.end();
}

bool glob(const std::vector<std::string>& patterns, const std::string& name) {
    return std::ranges::any_of(patterns, [&](const std::string& pattern) {
        return pattern.ends_with('*') ? name.starts_with(pattern.substr(0, pattern.size() - 1))
                                      : name == pattern;
    });
}

bool limits_policies(const TokenRole& role) {
    return !role.allowed.empty() || !role.allowed_globs.empty() || !role.disallowed.empty() ||
           !role.disallowed_globs.empty();
}

// What a role with limits lets the token have.
std::optional<std::string> apply_role(const TokenRole& role, bool no_default,
                                      const std::vector<std::string>& parents,
                                      std::vector<std::string>& policies) {
    const bool adds_default = !no_default && !role.no_default_policy &&
                              !contains(role.disallowed, "default") &&
                              !glob(role.disallowed_globs, "default");
    if (!policies.empty()) {
        policies = tidy_policies(policies, adds_default);
    }
    if (!role.allowed.empty() || !role.allowed_globs.empty()) {
        const auto allowed = tidy_policies(role.allowed, adds_default);
        if (policies.empty()) {
            policies = allowed;
        }
        for (const auto& name : policies) {
            if (!contains(allowed, name) && !glob(role.allowed_globs, name)) {
                return fmt::format(
                    "token policies ({}) must be subset of the role's allowed policies ({}) or "
                    "glob policies ({})",
                    quoted_list(policies), quoted_list(allowed), quoted_list(role.allowed_globs));
            }
        }
    } else if (policies.empty()) {
        policies = tidy_policies(parents, adds_default);
    }
    for (const auto& name : policies) {
        if (contains(role.disallowed, name) || glob(role.disallowed_globs, name)) {
            return fmt::format("token policy \"{}\" is disallowed by this role", name);
        }
    }
    return std::nullopt;
}

// Of a bound that both the request and the role give, the lesser.
Duration lesser(std::string_view what, Duration asked, Duration of_role,
                std::vector<std::string>& warnings) {
    if (asked == Duration{} || of_role == Duration{}) {
        return std::max(asked, of_role);
    }
    const auto used = std::min(asked, of_role);
    warnings.push_back(fmt::format(
        "{} specified both during creation call and in role; using the lesser value of {} seconds",
        what, whole_seconds(used)));
    return used;
}

}  // namespace

LogicalReply create_token(Server& server, const BuiltinCall& call) {
    const auto& request = call.request;
    const auto& data = call.fields;
    const auto role_name = call.captured("role_name");
    const auto& parent = *request.token;
    const bool orphan_path = request.path == "auth/token/create-orphan";
    const auto own_path = Server::path_for(parent, *request.ns, request.path);
    const bool sudo = own_path && server.acl_of(parent)->sudo(Operation::update, *own_path);
    const TokenRole* role = nullptr;
    if (!role_name.empty()) {
        const auto found = request.ns->token_roles.find(role_name);
        if (found == request.ns->token_roles.end()) {
            return BackendResponse::error(
                "unknown role " + role_name,
                server.options.defects.on("token/unknown-role-is-404") ? 404 : 400);
        }
        role = &found->second;
    }
    if (parent.is_batch()) {
        return BackendResponse::error("batch tokens cannot create more tokens");
    }
    if (parent.num_uses > 0 || parent.used_up) {
        return BackendResponse::error("restricted use token cannot generate child tokens");
    }

    Token token;
    token.id = data.text("id");
    token.display_name = "token";
    token.path = request.path;
    token.namespace_path = request.ns->path;
    if (data.integer("num_uses") < 0) {
        return BackendResponse::error("number of uses cannot be negative");
    }
    token.num_uses = data.integer("num_uses");
    if (role != nullptr && role->num_uses > 0 &&
        !server.options.defects.on("token/role-uses-ignored")) {
        token.num_uses =
            token.num_uses == 0 ? role->num_uses : std::min(token.num_uses, role->num_uses);
    }
    const auto type = data.text("type");
    if (!type.empty() && type != "service" && type != "batch") {
        return BackendResponse::error("invalid 'token_type' value");
    }
    token.type = type.empty() ? "service" : type;
    if (role != nullptr) {
        const bool settled = role->type == "service" || role->type == "batch";
        token.type = settled                                         ? role->type
                     : type.empty() && role->type == "default-batch" ? "batch"
                                                                     : token.type;
    }
    if (const auto alias = lower(data.text("entity_alias")); !alias.empty()) {
        if (role == nullptr) {
            return BackendResponse::error(
                "'entity_alias' is only allowed in combination with token role");
        }
        const auto names = role->entity_aliases.value_or(std::vector<std::string>());
        if (!contains(names, alias) && !glob(names, alias)) {
            return BackendResponse::error("invalid 'entity_alias' value");
        }
        AuthGrant grant;
        grant.alias_name = alias;
        token.entity_id = entity_of(server, request, grant);
    }
    if (!data.text("display_name").empty()) {
        auto name = data.text("display_name");
        for (auto& c : name) {
            if (std::isalnum(static_cast<unsigned char>(c)) == 0 && c != '-') {
                c = '-';
            }
        }
        token.display_name += "-" + name;
    }
    if (const auto& pairs = data.json("meta");
        pairs.is_object() && !server.options.defects.on("token/meta-lost")) {
        token.metadata = pairs.get<std::map<std::string, std::string>>();
    }
    std::vector<std::string> warnings;
    if (!token.id.empty()) {
        if (!sudo) {
            return BackendResponse::error("root or sudo privileges required to specify token id");
        }
        for (const auto* prefix : {"s.", "hvs."}) {
            if (token.id.starts_with(prefix) &&
                !server.options.defects.on("token/reserved-id-accepted")) {
                return BackendResponse::error(
                    fmt::format("custom token ID cannot have the '{}' prefix", prefix));
            }
        }
        if (token.id.find('.') != std::string::npos &&
            !server.options.defects.on("token/reserved-id-accepted")) {
            return BackendResponse::error("custom token ID cannot have a '.' in the value");
        }
        if (token.is_batch()) {
            return BackendResponse::error("custom token IDs cannot be used with batch tokens");
        }
        if (server.tokens.find(token.id)) {
            return BackendResponse::error("cannot create a token with a duplicate ID");
        }
        warnings.emplace_back(
            "Supplying a custom ID for the token uses the weaker SHA1 hashing instead of the more "
            "secure SHA2-256 HMAC for token obfuscation. SHA1 hashed tokens on the wire leads to "
            "less secure lookups.");
    }

    // Policies: the role's, else the named ones that the parent has, else the parent's.
    auto policies = policy_names(data.json("policies"));
    const bool no_default = data.boolean("no_default_policy");
    if (role != nullptr && limits_policies(*role)) {
        if (auto refused = apply_role(*role, no_default, parent.policies, policies);
            refused && !server.options.defects.on("token/role-allows-all-policies")) {
            return BackendResponse::error(*refused);
        }
    } else if (policies.empty() &&
               !server.options.defects.on("token/no-policies-from-the-parent")) {
        policies = parent.policies;
        if (data.boolean("no_default_policy")) {
            std::erase(policies, "default");
        }
    } else {
        policies = tidy_policies(policies, false);
        for (const auto& name : policies) {
            if (!sudo && !contains(parent.policies, name) && name != "default" &&
                !server.options.defects.on("token/any-policies-for-a-child")) {
                return BackendResponse::error("child policies must be subset of parent");
            }
        }
        const bool parent_has_default = sudo || contains(parent.policies, "default");
        policies =
            tidy_policies(policies, !no_default && parent_has_default &&
                                        !server.options.defects.on("token/default-never-added"));
    }
    if (contains(policies, "root") && !parent.is_root()) {
        return BackendResponse::error(
            "root tokens may not be created without parent token being root");
    }
    if (no_default) {
        std::erase(policies, "default");
    }
    if (contains(policies, "response-wrapping")) {
        return BackendResponse::error("cannot assign policy \"response-wrapping\"");
    }
    token.policies = policies;
    if (token.is_batch() && token.is_root()) {
        return BackendResponse::error("batch tokens cannot be root tokens");
    }
    // Parent.
    if (role != nullptr) {
        token.orphan = role->orphan;
        token.token_role = role_name;
        if (!role->path_suffix.empty() && !server.options.defects.on("token/role-suffix-ignored")) {
            token.path += "/" + role->path_suffix;
        }
    } else if (orphan_path) {
        token.orphan = !server.options.defects.on("token/create-orphan-has-a-parent");
    } else if (data.boolean("no_parent")) {
        if (!sudo && !server.options.defects.on("token/no-parent-for-all")) {
            return BackendResponse::error(
                "root or sudo privileges required to create orphan token");
        }
        token.orphan = true;
    }
    if (!token.orphan) {
        token.parent = parent.id;
    }

    // Time to live.
    std::map<std::string, Duration> times;
    for (const auto* name : {"explicit_max_ttl", "period", "ttl", "lease"}) {
        const auto read = duration_of(data, name, server.options.product);
        if (!read && server.options.defects.on("token/negative-ttl-accepted")) {
            continue;
        }
        if (!read) {
            return BackendResponse::error(read.error());
        }
        times[name] = *read;
    }
    token.period = times["period"];
    token.explicit_max_ttl = server.options.defects.on("token/explicit-max-ignored")
                                 ? Duration{}
                                 : times["explicit_max_ttl"];
    if (role == nullptr && token.period > Duration{} && !sudo) {
        return BackendResponse::error("root or sudo privileges required to create periodic token");
    }
    if (token.is_batch()) {
        token.period = token.explicit_max_ttl = Duration{};
    }
    // A role's bounds decide this ttl, but they are the role's: the token shows its own only.
    auto period = token.period;
    auto explicit_max_ttl = token.explicit_max_ttl;
    if (role != nullptr && !token.is_batch()) {
        period = lesser("Period", period, role->period, warnings);
        if (server.options.defects.on("token/role-period-shown")) {
            token.period = period;
        }
        explicit_max_ttl =
            lesser("Explicit max TTL", explicit_max_ttl, role->explicit_max_ttl, warnings);
    }
    const auto ttl = times["ttl"] > Duration{} ? times["ttl"] : times["lease"];
    token.renewable = data.boolean("renewable", true) && (role == nullptr || role->renewable);
    const bool eternal = token.is_root() && ttl == Duration{} && period == Duration{} &&
                         explicit_max_ttl == Duration{} && !parent.expires;
    if (role != nullptr && !eternal) {
        token.bound_cidrs = role->bound_cidrs;
    }
    if (eternal) {
        token.renewable = false;
    } else if (token.is_root() && ttl == Duration{} && period == Duration{} &&
               explicit_max_ttl > Duration{}) {
        token.lease_ttl = explicit_max_ttl;  // a root token knows no other bound
    } else {
        if (token.is_root() && ttl == Duration{} && parent.expires) {
            return BackendResponse::error(
                "expiring root tokens cannot create non-expiring root tokens");
        }
        const auto view = request.mount->view();
        auto granted = decide_ttl({.increment = {},
                                   .ttl = ttl,
                                   .period = period,
                                   .max_ttl = {},
                                   .explicit_max_ttl = explicit_max_ttl,
                                   .mount_default = view.default_lease_ttl,
                                   .mount_max = view.max_lease_ttl,
                                   .issued = request.now,
                                   .now = request.now});
        token.lease_ttl = granted.ttl;
        warnings.insert(warnings.end(), granted.warnings.begin(), granted.warnings.end());
    }
    for (const auto& name : token.policies) {
        if (name != "root" && !request.ns->policies.contains(name) &&
            !server.options.defects.on("policy/unknown-unwarned")) {
            warnings.push_back(fmt::format("Policy \"{}\" does not exist", name));
        }
    }
    LogicalReply reply(BackendResponse::with(Json(), std::move(warnings)));
    data.warn_unrecognized(reply.base);
    reply.issued = issue(server, *request.ns, std::move(token), request.now);
    return reply;
}

}  // namespace meshproof::fakes::vault
