#include "fakes/vault/core.hpp"

/// auth/token/roles: row 181.
namespace meshproof::fakes {

namespace {

std::int64_t seconds(Duration duration) {
    return std::chrono::duration_cast<std::chrono::seconds>(duration).count();
}

Json describe(const std::string& name, const TokenRole& role) {
    auto data = Json{{"name", name},
                     {"allowed_entity_aliases", Json()},
                     {"allowed_policies", role.allowed},
                     {"allowed_policies_glob", role.allowed_globs},
                     {"disallowed_policies", role.disallowed},
                     {"disallowed_policies_glob", role.disallowed_globs},
                     {"explicit_max_ttl", 0},
                     {"orphan", role.orphan},
                     {"path_suffix", role.path_suffix},
                     {"period", seconds(role.period)},
                     {"renewable", role.renewable},
                     {"token_explicit_max_ttl", seconds(role.explicit_max_ttl)},
                     {"token_no_default_policy", role.no_default_policy},
                     {"token_period", seconds(role.period)},
                     {"token_type", role.type}};
    if (role.num_uses > 0) {
        data["token_num_uses"] = role.num_uses;
    }
    return data;
}

CoreReply write_role(VaultCore& core, const LogicalRequest& request, const std::string& name) {
    static const Fields fields{{{"allowed_policies", FieldType::list},
                                {"allowed_policies_glob", FieldType::list},
                                {"disallowed_policies", FieldType::list},
                                {"disallowed_policies_glob", FieldType::list},
                                {"orphan", FieldType::boolean},
                                {"period", FieldType::duration},
                                {"token_period", FieldType::duration},
                                {"explicit_max_ttl", FieldType::duration},
                                {"token_explicit_max_ttl", FieldType::duration},
                                {"path_suffix", FieldType::text},
                                {"renewable", FieldType::boolean},
                                {"token_type", FieldType::text},
                                {"token_no_default_policy", FieldType::boolean},
                                {"token_num_uses", FieldType::integer},
                                {"token_bound_cidrs", FieldType::list},
                                {"bound_cidrs", FieldType::list},
                                {"allowed_entity_aliases", FieldType::list}}};
    MESHPROOF_FIELDS(data, fields, request, core);
    const auto held = request.ns->token_roles.find(name);
    auto role = held == request.ns->token_roles.end() ? TokenRole{} : held->second;
    for (const auto& [field, list] :
         {std::pair("allowed_policies", &role.allowed),
          std::pair("allowed_policies_glob", &role.allowed_globs),
          std::pair("disallowed_policies", &role.disallowed),
          std::pair("disallowed_policies_glob", &role.disallowed_globs)}) {
        if (data.has(field)) {
            *list = tidy_policies(data.list(field), false);
        }
    }
    role.orphan = data.boolean("orphan", role.orphan);
    role.period = data.duration("token_period", data.duration("period", role.period));
    role.explicit_max_ttl = data.duration("token_explicit_max_ttl",
                                          data.duration("explicit_max_ttl", role.explicit_max_ttl));
    role.path_suffix = data.text("path_suffix", role.path_suffix);
    role.renewable = data.boolean("renewable", role.renewable);
    role.no_default_policy = data.boolean("token_no_default_policy", role.no_default_policy);
    role.num_uses = data.integer("token_num_uses", role.num_uses);
    role.type = data.text("token_type", role.type);
    if (role.type == "batch" && !role.orphan &&
        !core.options.defects.on("token/batch-role-with-parents")) {
        return BackendResponse::error(
            "'token_type' cannot be 'batch' when role is set to generate non-orphan tokens");
    }
    request.ns->token_roles[name] = std::move(role);
    return core.options.defects.on("token/role-write-is-200")
               ? BackendResponse::with(Json::object())
               : BackendResponse::nothing();
}

}  // namespace

CoreReply serve_token_roles(VaultCore& core, const LogicalRequest& request) {
    const auto path = *request.under("auth/token/roles");
    if (path.empty()) {
        if (request.operation != Operation::list) {
            return BackendResponse::unsupported_operation();
        }
        std::vector<std::string> names;
        for (const auto& [name, role] : request.ns->token_roles) {
            names.push_back(name);
        }
        return list_answer(names);
    }
    const auto name = path.substr(1);
    if (request.reads()) {
        const auto found = request.ns->token_roles.find(name);
        return found == request.ns->token_roles.end()
                   ? BackendResponse::nothing()
                   : BackendResponse::with(describe(name, found->second));
    }
    if (request.writes()) {
        return write_role(core, request, name);
    }
    if (request.operation == Operation::remove) {
        request.ns->token_roles.erase(name);
        return BackendResponse::nothing();
    }
    return BackendResponse::unsupported_operation();
}

}  // namespace meshproof::fakes
