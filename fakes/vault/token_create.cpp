#include <algorithm>

#include "core/base/text.hpp"
#include "fakes/vault/core.hpp"

/// auth/token/create and its forms: rows 67, 180 and 181.
namespace meshproof::fakes {

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
tl::expected<Duration, std::string> duration_of(const FieldData& data, const char* name) {
    const auto text = data.text(name);
    if (text.empty()) {
        return Duration{};
    }
    const auto parsed = parse_duration(text);
    if (!parsed) {
        return tl::unexpected(fmt::format("time: invalid duration \"{}\"", text));
    }
    if (*parsed < Duration{}) {
        return tl::unexpected(fmt::format("{} must be positive", name));
    }
    return *parsed;
}

std::string quoted_list(const std::vector<std::string>& names) {
    std::vector<std::string> quoted;
    for (const auto& name : names) {
        quoted.push_back("\"" + name + "\"");
    }
    return "[" + join(quoted, " ") + "]";
}

bool contains(const std::vector<std::string>& names, const std::string& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

bool glob(const std::vector<std::string>& patterns, const std::string& name) {
    return std::any_of(patterns.begin(), patterns.end(), [&](const std::string& pattern) {
        return pattern.ends_with('*') ? name.starts_with(pattern.substr(0, pattern.size() - 1))
                                      : name == pattern;
    });
}

// What the role lets the token have.
std::optional<std::string> apply_role(const TokenRole& role, bool no_default,
                                      std::vector<std::string>& policies) {
    const bool limited = !role.allowed.empty() || !role.allowed_globs.empty();
    if (policies.empty() && !role.allowed.empty()) {
        policies = role.allowed;
    }
    policies = tidy_policies(policies, !no_default);
    if (limited) {
        auto allowed = tidy_policies(role.allowed, !no_default);
        for (const auto& name : policies) {
            if (!contains(allowed, name) && !glob(role.allowed_globs, name)) {
                return fmt::format(
                    "token policies ({}) must be subset of the role's allowed policies ({}) or "
                    "glob "
                    "policies ({})",
                    quoted_list(policies), quoted_list(allowed), quoted_list(role.allowed_globs));
            }
        }
    }
    for (const auto& name : policies) {
        if (contains(role.disallowed, name) || glob(role.disallowed_globs, name)) {
            return fmt::format("token policy \"{}\" is disallowed by this role", name);
        }
    }
    return std::nullopt;
}

}  // namespace

CoreReply create_token(VaultCore& core, const LogicalRequest& request) {
    static const Fields fields{{{"id", FieldType::text},
                                {"policies", FieldType::json},
                                {"meta", FieldType::json},
                                {"metadata", FieldType::json},
                                {"no_parent", FieldType::boolean},
                                {"no_default_policy", FieldType::boolean},
                                {"renewable", FieldType::boolean},
                                {"lease", FieldType::text},
                                {"ttl", FieldType::text},
                                {"explicit_max_ttl", FieldType::text},
                                {"display_name", FieldType::text},
                                {"num_uses", FieldType::integer},
                                {"period", FieldType::text},
                                {"type", FieldType::text},
                                {"entity_alias", FieldType::text}}};
    MESHPROOF_FIELDS(data, fields, request, core);
    const auto& parent = *request.token;
    const auto path = request.under("auth/token/").value_or("");
    const bool orphan_path = path == "create-orphan";
    const auto role_name = path.starts_with("create/") ? path.substr(7) : std::string();
    const auto own_path = VaultCore::path_for(parent, *request.ns, request.path);
    const bool sudo = own_path && core.acl_of(parent)->sudo(Operation::update, *own_path);
    const TokenRole* role = nullptr;
    if (!role_name.empty()) {
        const auto found = request.ns->token_roles.find(role_name);
        if (found == request.ns->token_roles.end()) {
            return BackendResponse::error(
                "unknown role " + role_name,
                core.options.defects.on("token/unknown-role-is-404") ? 404 : 400);
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
    const auto type = data.text("type");
    if (type.empty() || type == "service") {
        token.type = role != nullptr && type.empty() &&
                             (role->type == "batch" || role->type == "default-batch")
                         ? "batch"
                         : "service";
    } else if (type == "batch") {
        token.type = "batch";
    } else {
        return BackendResponse::error("invalid 'token_type' value");
    }
    if (!data.text("entity_alias").empty() && role == nullptr) {
        return BackendResponse::error(
            "'entity_alias' is only allowed in combination with token role");
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
    for (const auto* name : {"meta", "metadata"}) {
        if (data.json(name).is_object()) {
            for (const auto& [key, value] : data.json(name).items()) {
                token.metadata[key] = value.is_string() ? value.get<std::string>() : value.dump();
            }
        }
    }
    std::vector<std::string> warnings;
    if (!token.id.empty()) {
        if (!sudo) {
            return BackendResponse::error("root or sudo privileges required to specify token id");
        }
        for (const auto* prefix : {"s.", "hvs."}) {
            if (token.id.starts_with(prefix) &&
                !core.options.defects.on("token/reserved-id-accepted")) {
                return BackendResponse::error(
                    fmt::format("custom token ID cannot have the '{}' prefix", prefix));
            }
        }
        if (token.is_batch()) {
            return BackendResponse::error("custom token IDs cannot be used with batch tokens");
        }
        if (core.tokens.find(token.id)) {
            return BackendResponse::error("cannot create a token with a duplicate ID");
        }
        warnings.emplace_back(
            "Supplying a custom ID for the token uses the weaker SHA1 hashing instead of the more "
            "secure SHA2-256 HMAC for token obfuscation. SHA1 hashed tokens on the wire leads to "
            "less secure lookups.");
    }

    // Policies: the role's, else the named ones that the parent has, else the parent's.
    auto policies = policy_names(data.json("policies"));
    const bool no_default =
        data.boolean("no_default_policy") || (role != nullptr && role->no_default_policy);
    if (role != nullptr) {
        if (auto refused = apply_role(*role, no_default, policies);
            refused && !core.options.defects.on("token/role-allows-all-policies")) {
            return BackendResponse::error(*refused);
        }
        if (policies.empty()) {
            policies = parent.policies;
        }
    } else if (policies.empty() && !core.options.defects.on("token/no-policies-from-the-parent")) {
        policies = parent.policies;
        if (data.boolean("no_default_policy")) {
            std::erase(policies, "default");
        }
    } else {
        policies = tidy_policies(policies, false);
        for (const auto& name : policies) {
            if (!sudo && !contains(parent.policies, name) && name != "default" &&
                !core.options.defects.on("token/any-policies-for-a-child")) {
                return BackendResponse::error("child policies must be subset of parent");
            }
        }
        const bool parent_has_default = sudo || contains(parent.policies, "default");
        policies =
            tidy_policies(policies, !no_default && parent_has_default &&
                                        !core.options.defects.on("token/default-never-added"));
    }
    if (contains(policies, "root") && !parent.is_root()) {
        return BackendResponse::error(
            "root tokens may not be created without parent token being root");
    }
    token.policies = policies;
    if (token.is_batch() && token.is_root()) {
        return BackendResponse::error("batch tokens cannot be root tokens");
    }
    for (const auto& name : token.policies) {
        if (name != "root" && !request.ns->policies.contains(name) &&
            !core.options.defects.on("policy/unknown-unwarned")) {
            warnings.push_back(fmt::format("Policy \"{}\" does not exist", name));
        }
    }

    // Parent.
    if (role != nullptr) {
        token.orphan = role->orphan;
        token.token_role = role_name;
        if (!role->path_suffix.empty() && !core.options.defects.on("token/role-suffix-ignored")) {
            token.path += "/" + role->path_suffix;
        }
    } else if (orphan_path) {
        token.orphan = !core.options.defects.on("token/create-orphan-has-a-parent");
    } else if (data.boolean("no_parent")) {
        if (!sudo && !core.options.defects.on("token/no-parent-for-all")) {
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
        const auto read = duration_of(data, name);
        if (!read && core.options.defects.on("token/negative-ttl-accepted")) {
            continue;
        }
        if (!read) {
            return BackendResponse::error(read.error());
        }
        times[name] = *read;
    }
    token.period = times["period"];
    token.explicit_max_ttl = core.options.defects.on("token/explicit-max-ignored")
                                 ? Duration{}
                                 : times["explicit_max_ttl"];
    if (role != nullptr) {
        if (role->period > Duration{}) {
            token.period = role->period;
        }
        if (role->explicit_max_ttl > Duration{} &&
            (token.explicit_max_ttl == Duration{} ||
             role->explicit_max_ttl < token.explicit_max_ttl)) {
            token.explicit_max_ttl = role->explicit_max_ttl;
        }
    } else if (token.period > Duration{} && !sudo) {
        return BackendResponse::error("root or sudo privileges required to create periodic token");
    }
    if (token.is_batch()) {
        token.period = token.explicit_max_ttl = Duration{};
    }
    const auto ttl = times["ttl"] > Duration{} ? times["ttl"] : times["lease"];
    token.renewable = data.boolean("renewable", true) && (role == nullptr || role->renewable);
    const bool eternal = token.is_root() && ttl == Duration{} && token.period == Duration{} &&
                         token.explicit_max_ttl == Duration{} && !parent.expires;
    if (eternal) {
        token.renewable = false;
    } else {
        if (token.is_root() && ttl == Duration{} && parent.expires) {
            return BackendResponse::error(
                "expiring root tokens cannot create non-expiring root tokens");
        }
        const auto view = request.mount->view();
        auto granted = decide_ttl({.increment = {},
                                   .ttl = ttl,
                                   .period = token.period,
                                   .max_ttl = {},
                                   .explicit_max_ttl = token.explicit_max_ttl,
                                   .mount_default = view.default_lease_ttl,
                                   .mount_max = view.max_lease_ttl,
                                   .issued = request.now,
                                   .now = request.now});
        token.lease_ttl = granted.ttl;
        warnings.insert(warnings.end(), granted.warnings.begin(), granted.warnings.end());
    }
    CoreReply reply(BackendResponse::with(Json(), std::move(warnings)));
    data.warn_unrecognized(reply.base);
    reply.issued = issue(core, *request.ns, std::move(token), request.now);
    return reply;
}

}  // namespace meshproof::fakes
