#include "fakes/vault/token/roles.hpp"

#include <algorithm>

#include "core/base/text.hpp"
#include "fakes/vault/logical/addresses.hpp"
#include "fakes/vault/logical/go_text.hpp"
#include "fakes/vault/logical/names.hpp"
#include "fakes/vault/server/server.hpp"

/// auth/token/roles: row 181.
namespace meshproof::fakes::vault {

namespace {

Json describe(const std::string& name, const TokenRole& role) {
    const auto old = [&role](const char* field, Json value) {
        return role.old_names.contains(field) ? std::move(value) : Json(0);
    };
    auto data =
        Json{{"name", name},
             {"allowed_entity_aliases", role.entity_aliases ? Json(*role.entity_aliases) : Json()},
             {"allowed_policies", role.allowed},
             {"allowed_policies_glob", role.allowed_globs},
             {"disallowed_policies", role.disallowed},
             {"disallowed_policies_glob", role.disallowed_globs},
             {"explicit_max_ttl", old("explicit_max_ttl", whole_seconds(role.explicit_max_ttl))},
             {"orphan", role.orphan},
             {"path_suffix", role.path_suffix},
             {"period", old("period", whole_seconds(role.period))},
             {"renewable", role.renewable},
             {"token_explicit_max_ttl", whole_seconds(role.explicit_max_ttl)},
             {"token_no_default_policy", role.no_default_policy},
             {"token_period", whole_seconds(role.period)},
             {"token_type", role.type}};
    if (role.num_uses > 0) {
        data["token_num_uses"] = role.num_uses;
    }
    if (!role.bound_cidrs.empty()) {
        data["token_bound_cidrs"] = role.bound_cidrs;
        if (role.old_names.contains("bound_cidrs")) {
            data["bound_cidrs"] = role.bound_cidrs;
        }
    }
    return data;
}

std::vector<std::string> sorted_lower(const std::vector<std::string>& names) {
    std::set<std::string> sorted;
    for (const auto& name : names) {
        if (auto text = lower(trim(name)); !text.empty()) {
            sorted.insert(std::move(text));
        }
    }
    return {sorted.begin(), sorted.end()};
}

// A field by its name with "token_", or by the old one, of which the first counts.
template <class Apply>
void read_either(const FieldData& data, TokenRole& role, const std::string& old_name,
                 std::vector<std::string>& warnings, Apply apply) {
    const auto name = "token_" + old_name;
    if (data.has(name)) {
        apply(name);
        if (data.has(old_name)) {
            warnings.push_back(
                fmt::format("Both '{}' and deprecated '{}' value supplied, ignoring "
                            "the deprecated value",
                            name, old_name));
        }
        role.old_names.erase(old_name);
    } else if (data.has(old_name)) {
        apply(old_name);
        role.old_names.insert(old_name);
    }
}

// It is enough that such a part is in it: two word characters, and between them one or more of
// what a name holds.
bool good_suffix(std::string_view suffix) {
    std::optional<std::size_t> first;
    for (std::size_t at = 0; at < suffix.size(); ++at) {
        if (!inside_name(suffix[at])) {
            first.reset();
        } else if (word_character(suffix[at])) {
            first = first.value_or(at);
            if (at - *first >= 2) {
                return true;
            }
        }
    }
    return false;
}

std::optional<std::string> refuse_batch(const TokenRole& role) {
    if (role.type != "batch") {
        return std::nullopt;
    }
    constexpr std::string_view front =
        "'token_type' cannot be 'batch' when role is set to generate ";
    const auto* what = !role.orphan                         ? "non-orphan tokens"
                       : role.period > Duration{}           ? "periodic tokens"
                       : role.renewable                     ? "renewable tokens"
                       : role.explicit_max_ttl > Duration{} ? "tokens with an explicit max TTL"
                                                            : nullptr;
    return what == nullptr ? std::nullopt : std::optional(std::string(front) + what);
}

void read_policies(const FieldData& data, TokenRole& role) {
    for (const auto& [field, list] :
         {std::pair("allowed_policies", &role.allowed),
          std::pair("allowed_policies_glob", &role.allowed_globs),
          std::pair("disallowed_policies", &role.disallowed),
          std::pair("disallowed_policies_glob", &role.disallowed_globs)}) {
        if (data.has(field)) {
            *list = sorted_lower(data.list(field));
        }
    }
    // Where root is allowed, nothing else counts.
    for (auto* allowed : {&role.allowed, &role.allowed_globs}) {
        if (std::ranges::find(*allowed, "root") != allowed->end()) {
            *allowed = {"root"};
        }
    }
}

std::optional<std::string> read_cidrs(const FieldData& data, TokenRole& role, const char* field,
                                      std::string_view told_as) {
    auto blocks = read_addresses(data.list(field));
    if (!blocks) {
        return fmt::format("error parsing {}: {}", told_as, blocks.error());
    }
    role.bound_cidrs = std::move(*blocks);
    return std::nullopt;
}

// By its old name it is read after all else that may be refused.
std::optional<std::string> read_old_cidrs(const FieldData& data, TokenRole& role,
                                          std::vector<std::string>& warnings) {
    std::optional<std::string> bad_address;
    read_either(data, role, "bound_cidrs", warnings, [&](const std::string& field) {
        if (field == "bound_cidrs") {
            bad_address = read_cidrs(data, role, "bound_cidrs", field);
        }
    });
    return bad_address;
}

// It is looked at as it was sent: null is given, and no type.
std::optional<std::string> refuse_null_type(const Json& sent) {
    const auto type = sent.find("token_type");
    return type != sent.end() && type->is_null()
               ? std::optional<std::string>("Invalid 'token_type' value: null")
               : std::nullopt;
}

std::optional<std::string> read_by_new_names(const FieldData& data, TokenRole& role) {
    if (data.has("token_bound_cidrs")) {
        if (auto refused = read_cidrs(data, role, "token_bound_cidrs", "role fields")) {
            return refused;
        }
    } else {
        requote_sockets(role.bound_cidrs);
    }
    if (data.integer("token_num_uses") < 0) {
        return "error parsing role fields: 'token_num_uses' cannot be negative";
    }
    role.num_uses = data.integer("token_num_uses", role.num_uses);
    if (data.has("token_type")) {
        role.type = data.text("token_type");
        static const std::set<std::string> types{"service", "batch", "default-service",
                                                 "default-batch"};
        if (!types.contains(role.type)) {
            return "invalid 'token_type' value " + go_quoted(role.type);
        }
    }
    return std::nullopt;
}

void read_times(const FieldData& data, TokenRole& role, Duration limit,
                std::vector<std::string>& warnings) {
    read_either(data, role, "period", warnings,
                [&](const std::string& field) { role.period = data.duration(field); });
    read_either(data, role, "explicit_max_ttl", warnings,
                [&](const std::string& field) { role.explicit_max_ttl = data.duration(field); });
    // What the old name gave is told of at every write.
    const bool told =
        data.has("token_explicit_max_ttl") || role.old_names.contains("explicit_max_ttl");
    if (told && role.explicit_max_ttl > limit) {
        warnings.push_back(fmt::format(
            "Given explicit max TTL of {} is greater than system/mount allowed value of {} "
            "seconds; until this is fixed attempting to create tokens against this role will "
            "result in an error",
            whole_seconds(role.explicit_max_ttl), whole_seconds(limit)));
    }
}

std::optional<std::string> read_path_suffix(const FieldData& data, TokenRole& role) {
    if (const auto suffix = data.text("path_suffix"); !suffix.empty() && !good_suffix(suffix)) {
        return "given role path suffix contains invalid characters; must match \\w[\\w-.]+\\w";
    }
    role.path_suffix = data.text("path_suffix", role.path_suffix);
    return role.path_suffix.find("..") == std::string::npos
               ? std::nullopt
               : std::optional<std::string>(
                     "error registering path suffix: path cannot contain parent references");
}

}  // namespace

LogicalReply write_token_role(Server&, const BuiltinCall& call) {
    const auto& request = call.request;
    const auto& data = call.fields;
    const auto name = call.captured("role_name");
    const auto held = request.ns->token_roles.find(name);
    auto role = held == request.ns->token_roles.end() ? TokenRole{} : held->second;
    read_policies(data, role);
    if (data.has("allowed_entity_aliases")) {
        role.entity_aliases = sorted_lower(data.list("allowed_entity_aliases"));
    }
    role.orphan = data.boolean("orphan", role.orphan);
    role.renewable = data.boolean("renewable", role.renewable);
    role.no_default_policy = data.boolean("token_no_default_policy", role.no_default_policy);
    std::vector<std::string> warnings;
    if (auto refused = read_path_suffix(data, role)) {
        return BackendResponse::error(*refused);
    }
    if (auto refused = refuse_null_type(request.data)) {
        return BackendResponse::error(*refused);
    }
    if (auto refused = read_by_new_names(data, role)) {
        return BackendResponse::error(*refused);
    }
    if (auto refused = read_old_cidrs(data, role, warnings)) {
        return BackendResponse::error(*refused);
    }
    read_times(data, role, request.mount->view().max_lease_ttl, warnings);
    if (auto refused = refuse_batch(role)) {
        return BackendResponse::error(*refused);
    }
    request.ns->token_roles[name] = std::move(role);
    BackendResponse response;
    response.warnings = std::move(warnings);
    return response;
}

LogicalReply list_token_roles(Server&, const BuiltinCall& call) {
    std::vector<std::string> names;
    for (const auto& [name, role] : call.request.ns->token_roles) {
        names.push_back(name);
    }
    return list_answer(names);
}

LogicalReply read_token_role(Server&, const BuiltinCall& call) {
    const auto& roles = call.request.ns->token_roles;
    const auto found = roles.find(call.captured("role_name"));
    return found == roles.end() ? BackendResponse::nothing()
                                : BackendResponse::with(describe(found->first, found->second));
}

LogicalReply delete_token_role(Server&, const BuiltinCall& call) {
    call.request.ns->token_roles.erase(call.captured("role_name"));
    return BackendResponse::nothing();
}

}  // namespace meshproof::fakes::vault
