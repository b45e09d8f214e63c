#include "fakes/vault/token/create.hpp"

#include <algorithm>

#include "core/base/text.hpp"
#include "fakes/vault/logical/globs.hpp"
#include "fakes/vault/logical/go_text.hpp"
#include "fakes/vault/server/login.hpp"
#include "fakes/vault/server/server.hpp"
#include "fakes/vault/server/ttl.hpp"

/// auth/token/create and its forms: rows 67, 180 and 181.
namespace meshproof::fakes::vault {

namespace {

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
        quoted.push_back(go_quoted(name));
    }
    return "[" + join(quoted, " ") + "]";
}

bool contains(const std::vector<std::string>& names, const std::string& name) {
    return std::ranges::find(names, name) != names.end();
}

bool limits_policies(const TokenRole& role) {
    return !role.allowed.empty() || !role.allowed_globs.empty() || !role.disallowed.empty() ||
           !role.disallowed_globs.empty();
}

// The text of a refusal; nothing where the creation goes on.
using Refusal = std::optional<std::string>;

// What a role with limits lets the token have.
Refusal apply_role(const TokenRole& role, bool no_default, const std::vector<std::string>& parents,
                   std::vector<std::string>& policies) {
    const bool adds_default = !no_default && !role.no_default_policy &&
                              !contains(role.disallowed, "default") &&
                              !listed_by_glob(role.disallowed_globs, "default");
    if (!policies.empty()) {
        policies = tidy_policies(policies, adds_default);
    }
    if (!role.allowed.empty() || !role.allowed_globs.empty()) {
        const auto allowed = tidy_policies(role.allowed, adds_default);
        if (policies.empty()) {
            policies = allowed;
        }
        for (const auto& name : policies) {
            if (!contains(allowed, name) && !listed_by_glob(role.allowed_globs, name)) {
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
        if (contains(role.disallowed, name) || listed_by_glob(role.disallowed_globs, name)) {
            return fmt::format("token policy {} is disallowed by this role", go_quoted(name));
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

// A token in the making, which each step takes further.
struct Creation {
    Server& server;
    const BuiltinCall& call;
    const LogicalRequest& request = call.request;
    const FieldData& data = call.fields;
    const Token& parent = *call.request.token;
    bool sudo = false;                ///< the parent has it on this path
    const TokenRole* role = nullptr;  ///< null = made without one
    Token token{};
    Duration ttl{};
    /// What decides the time to live. A role's bounds are the role's: the token shows its own only.
    Duration period{}, explicit_max_ttl{};
    std::vector<std::string> warnings{};
};

// What is no letter, digit or hyphen becomes a hyphen, of however many bytes it is; one hyphen at
// the end is dropped.
std::string display_name_of(std::string_view given) {
    std::string shown = "token";
    if (given.empty()) {
        return shown;
    }
    shown += '-';
    for (const char c : given) {
        const bool inside_character = (static_cast<unsigned char>(c) & 0xC0U) == 0x80U;
        if (!inside_character) {
            shown += letter_or_digit(c) ? c : '-';
        }
    }
    if (shown.ends_with('-')) {
        shown.pop_back();
    }
    return shown;
}

Creation begin(Server& server, const BuiltinCall& call) {
    Creation creation{.server = server, .call = call};
    const auto& request = creation.request;
    const auto path = Server::path_for(creation.parent, *request.ns, request.path);
    creation.sudo = path && server.acl_of(creation.parent)->sudo(Operation::update, *path);
    auto& token = creation.token;
    token.id = creation.data.text("id");
    token.path = request.path;
    token.namespace_path = request.ns->path;
    token.display_name = display_name_of(creation.data.text("display_name"));
    token.metadata = creation.data.pairs("meta");
    return creation;
}

Refusal find_role(Creation& creation) {
    const auto name = creation.call.captured("role_name");
    if (name.empty()) {
        return std::nullopt;
    }
    const auto& roles = creation.request.ns->token_roles;
    const auto found = roles.find(name);
    if (found == roles.end()) {
        return "unknown role " + name;
    }
    creation.role = &found->second;
    creation.token.token_role = name;
    return std::nullopt;
}

Refusal check_parent(Creation& creation) {
    if (!creation.server.tokens.find(creation.request.token_id)) {
        return "parent token lookup failed: no parent found";  // of an inline login
    }
    if (creation.parent.is_batch()) {
        return "batch tokens cannot create more tokens";
    }
    if (creation.parent.num_uses > 0 || creation.parent.used_up) {
        return "restricted use token cannot generate child tokens";
    }
    return std::nullopt;
}

Refusal read_uses(Creation& creation) {
    const auto asked = creation.data.integer("num_uses");
    if (asked < 0) {
        return "number of uses cannot be negative";
    }
    const auto of_role = creation.role == nullptr ? 0 : creation.role->num_uses;
    creation.token.num_uses =
        asked == 0 || of_role == 0 ? std::max(asked, of_role) : std::min(asked, of_role);
    return std::nullopt;
}

Refusal read_type(Creation& creation) {
    const auto type = creation.data.text("type");
    if (!type.empty() && type != "service" && type != "batch") {
        return "invalid 'token_type' value";
    }
    auto& token = creation.token;
    token.type = type.empty() ? "service" : type;
    if (const auto* role = creation.role) {
        const bool settled = role->type == "service" || role->type == "batch";
        token.type = settled                                         ? role->type
                     : type.empty() && role->type == "default-batch" ? "batch"
                                                                     : token.type;
    }
    return std::nullopt;
}

// What would have to be kept and counted cannot be had of a batch token. The first that is given
// decides, and a zero of it lets the others be.
Refusal refuse_batch_bounds(Creation& creation) {
    const auto& data = creation.data;
    if (!creation.token.is_batch()) {
        return std::nullopt;
    }
    const bool uses = data.text("explicit_max_ttl").empty() && data.integer("num_uses") != 0;
    const auto* name = uses                                    ? "num_uses"
                       : data.text("explicit_max_ttl").empty() ? "period"
                                                               : "explicit_max_ttl";
    if (!uses && data.text(name).empty()) {
        return std::nullopt;
    }
    if (!uses) {
        const auto read = read_duration(data.text(name), creation.server.options.product);
        if (!read) {
            return fmt::format("{0}{1}{0} value could not be parsed",
                               creation.server.openbao() ? '\'' : '"', name);
        }
        if (*read == Duration{}) {
            return std::nullopt;
        }
    }
    return fmt::format("batch tokens cannot have \"{}\" set", name);
}

// The one refusal that is 403.
constexpr auto disabled_entity = "entity from given entity alias is disabled";

Refusal join_entity(Creation& creation) {
    const auto given = creation.data.text("entity_alias");
    if (given.empty()) {
        return std::nullopt;
    }
    const auto alias = lower(given);
    if (creation.role == nullptr) {
        return "'entity_alias' is only allowed in combination with token role";
    }
    const auto names = creation.role->entity_aliases.value_or(std::vector<std::string>());
    if (!contains(names, alias) && !listed_by_glob(names, alias)) {
        return "invalid 'entity_alias' value";
    }
    AuthGrant grant;
    grant.alias_name = given;
    creation.token.entity_id = entity_of(creation.server, creation.request, grant);
    const auto& entities = creation.server.entities;
    const auto entity = entities.find(creation.token.entity_id);
    return entity != entities.end() && entity->second.disabled ? Refusal(disabled_entity)
                                                               : std::nullopt;
}

Refusal allow_id(Creation& creation) {
    return creation.token.id.empty() || creation.sudo
               ? Refusal()
               : Refusal("root or sudo privileges required to specify token id");
}

// What an id is, is looked at last of all.
Refusal check_id(Creation& creation) {
    auto& token = creation.token;
    if (token.id.empty()) {
        return std::nullopt;
    }
    creation.warnings.emplace_back(
        "Supplying a custom ID for the token uses the weaker SHA1 hashing instead of the more "
        "secure SHA2-256 HMAC for token obfuscation. SHA1 hashed tokens on the wire leads to "
        "less secure lookups.");
    if (token.is_batch()) {
        token.id.clear();  // its text is what it says, so nobody can choose it
        return std::nullopt;
    }
    for (const auto* prefix : {"s.", "hvs."}) {
        if (token.id.starts_with(prefix)) {
            return fmt::format("custom token ID cannot have the '{}' prefix", prefix);
        }
    }
    if (token.id.find('.') != std::string::npos) {
        return "custom token ID cannot have a '.' in the value";
    }
    if (creation.server.tokens.find(token.id)) {
        return "cannot create a token with a duplicate ID";
    }
    return std::nullopt;
}

// Those that the caller names, of which the parent has to have every one.
Refusal named_policies(const Creation& creation, std::vector<std::string>& policies) {
    const auto& parents = creation.parent.policies;
    policies = tidy_policies(policies, false);
    for (const auto& name : policies) {
        if (!creation.sudo && !contains(parents, name)) {
            return "child policies must be subset of parent";
        }
    }
    const bool parent_has_default = creation.sudo || contains(parents, "default");
    policies =
        tidy_policies(policies, !creation.data.boolean("no_default_policy") && parent_has_default);
    return std::nullopt;
}

// The role's, else the named ones that the parent has, else the parent's.
Refusal choose_policies(Creation& creation) {
    const auto& parent = creation.parent;
    auto policies = creation.data.list("policies");
    const bool no_default = creation.data.boolean("no_default_policy");
    Refusal refused;
    if (creation.role != nullptr && limits_policies(*creation.role)) {
        refused = apply_role(*creation.role, no_default, parent.policies, policies);
    } else if (policies.empty()) {
        policies = parent.policies;
    } else {
        refused = named_policies(creation, policies);
    }
    if (refused) {
        return refused;
    }
    if (contains(policies, "root") && !parent.is_root()) {
        return "root tokens may not be created without parent token being root";
    }
    if (no_default) {
        std::erase(policies, "default");
    }
    if (contains(policies, "response-wrapping")) {
        return "cannot assign policy \"response-wrapping\"";
    }
    creation.token.policies = std::move(policies);
    if (creation.token.is_batch() && creation.token.is_root()) {
        return "batch tokens cannot be root tokens";
    }
    return std::nullopt;
}

Refusal choose_parent(Creation& creation) {
    auto& token = creation.token;
    if (creation.role != nullptr) {
        token.orphan = creation.role->orphan;
        if (!creation.role->path_suffix.empty()) {
            token.path += "/" + creation.role->path_suffix;
        }
    } else if (creation.data.boolean("no_parent")) {
        if (!creation.sudo) {
            return "root or sudo privileges required to create orphan token";
        }
        token.orphan = true;
    } else if (creation.request.path == "auth/token/create-orphan") {
        token.orphan = true;
    }
    if (!token.orphan) {
        token.parent = creation.parent.id;
        if (creation.role == nullptr) {
            token.bound_cidrs = creation.parent.bound_cidrs;
        }
        if (token.entity_id.empty()) {
            token.entity_id = creation.parent.entity_id;
        }
    }
    return std::nullopt;
}

Refusal read_times(Creation& creation) {
    auto& token = creation.token;
    // The older name counts, and is looked at, only where the newer one says nothing.
    const auto* ttl = creation.data.text("ttl").empty() ? "lease" : "ttl";
    for (const auto& [name, time] :
         {std::pair("explicit_max_ttl", &token.explicit_max_ttl),
          std::pair("period", &token.period), std::pair(ttl, &creation.ttl)}) {
        const auto read = duration_of(creation.data, name, creation.server.options.product);
        if (!read) {
            return read.error();
        }
        *time = *read;
        if (token.period > Duration{} && !creation.sudo) {
            return "root or sudo privileges required to create periodic token";
        }
    }
    creation.period = token.period;
    creation.explicit_max_ttl = token.explicit_max_ttl;
    if (const auto* role = creation.role; role != nullptr && !token.is_batch()) {
        creation.explicit_max_ttl = lesser("Explicit max TTL", token.explicit_max_ttl,
                                           role->explicit_max_ttl, creation.warnings);
        creation.period = lesser("Period", token.period, role->period, creation.warnings);
    }
    return std::nullopt;
}

Refusal grant_ttl(Creation& creation) {
    auto& token = creation.token;
    const auto* role = creation.role;
    const bool only_capped =
        token.is_root() && creation.ttl == Duration{} && creation.period == Duration{};
    if (only_capped && creation.explicit_max_ttl == Duration{} && !creation.parent.expires) {
        token.renewable = false;  // it lives for ever, and counts from everywhere
        token.bound_cidrs.clear();
        return std::nullopt;
    }
    token.renewable =
        creation.data.boolean("renewable", true) && (role == nullptr || role->renewable);
    if (role != nullptr) {
        token.bound_cidrs = role->bound_cidrs;
    }
    if (only_capped && creation.explicit_max_ttl > Duration{}) {
        token.lease_ttl = creation.explicit_max_ttl;  // a root token knows no other bound
        return std::nullopt;
    }
    if (only_capped && creation.parent.expires) {
        return "expiring root tokens cannot create non-expiring root tokens";
    }
    const auto view = creation.request.mount->view();
    const auto granted = decide_ttl({.increment = {},
                                     .ttl = creation.ttl,
                                     .period = creation.period,
                                     .max_ttl = {},
                                     .explicit_max_ttl = creation.explicit_max_ttl,
                                     .mount_default = view.default_lease_ttl,
                                     .mount_max = view.max_lease_ttl,
                                     .issued = creation.request.now,
                                     .now = creation.request.now});
    token.lease_ttl = granted.ttl;
    creation.warnings.insert(creation.warnings.end(), granted.warnings.begin(),
                             granted.warnings.end());
    return std::nullopt;
}

void warn_of_unknown_policies(Creation& creation) {
    for (const auto& name : creation.token.policies) {
        if (name != "root" && !creation.request.ns->policies.contains(name)) {
            creation.warnings.push_back(fmt::format("Policy {} does not exist", go_quoted(name)));
        }
    }
}

}  // namespace

LogicalReply create_token(Server& server, const BuiltinCall& call) {
    auto creation = begin(server, call);
    for (const auto step :
         {find_role, check_parent, read_type, refuse_batch_bounds, read_uses, join_entity, allow_id,
          choose_policies, choose_parent, read_times, grant_ttl, check_id}) {
        if (const auto refused = step(creation)) {
            return BackendResponse::error(*refused, *refused == disabled_entity ? 403 : 400);
        }
    }
    warn_of_unknown_policies(creation);
    LogicalReply reply(BackendResponse::with(Json(), std::move(creation.warnings)));
    reply.issued = issue(server, *call.request.ns, std::move(creation.token), call.request.now);
    return reply;
}

}  // namespace meshproof::fakes::vault
