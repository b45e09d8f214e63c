#include "fakes/vault/approle/role.hpp"

#include "core/base/text.hpp"
#include "fakes/vault/approle/parts.hpp"
#include "fakes/vault/logical/addresses.hpp"
#include "fakes/vault/logical/names.hpp"
#include "fakes/vault/server/tokens.hpp"

/// AppRole's roles as a whole: row 197.
namespace meshproof::fakes::vault::approle {

namespace {

using RoleRefusal = std::optional<BackendResponse>;

Fields role_fields(Product product) {
    Fields fields{{{"bind_secret_id", FieldType::boolean},
                   {"bound_cidr_list", FieldType::list},
                   {"secret_id_bound_cidrs", FieldType::list},
                   {"secret_id_num_uses", FieldType::integer},
                   {"secret_id_ttl", FieldType::duration},
                   {"local_secret_ids", FieldType::boolean},
                   {"role_id", FieldType::text},
                   {"policies", FieldType::list},
                   {"period", FieldType::duration}}};
    declare_token_fields(fields, product);
    return fields;
}

// A token_type that only mounts know becomes the role's word for it.
FieldData with_plain_type(const Mount& mount, const Call& call,
                          std::vector<std::string>& warnings) {
    const auto type = call.fields.text("token_type");
    for (const auto* plain : {"service", "batch"}) {
        if (type == std::string("default-") + plain) {
            warnings.push_back(
                fmt::format("default-{} has no useful meaning; adjusting to {}", plain, plain));
            auto data = call.request.data;
            data["token_type"] = plain;
            return require(
                FieldData::read(role_fields(mount.product), data, mount.product, call.path));
        }
    }
    return call.fields;
}

RoleRefusal read_binding(Mount& mount, Role& role, const FieldData& data, bool made) {
    if (data.has("local_secret_ids")) {
        if (!made) {
            return BackendResponse::error(
                "local_secret_ids can only be modified during role creation");
        }
        role.local_secret_ids = data.boolean("local_secret_ids");
    }
    if (data.has("role_id")) {
        role.role_id = data.text("role_id");
    } else if (made) {
        role.role_id = make_uuid(mount.prng);
    }
    if (role.role_id.empty()) {
        return BackendResponse::error("invalid role_id supplied, or failed to generate a role_id");
    }
    role.bind_secret_id = data.boolean("bind_secret_id", role.bind_secret_id);
    for (const auto* name : {"secret_id_bound_cidrs", "bound_cidr_list"}) {
        if (data.has(name)) {
            role.secret_id_bound_cidrs = data.list(name);
            break;
        }
    }
    if (const auto wrong = wrong_block(role.secret_id_blocks())) {
        return BackendResponse::go_error("failed to validate CIDR blocks: " + *wrong);
    }
    return std::nullopt;
}

// The old names: alone they set both, beside the new ones they only say that they were used.
void read_old_names(Role& role, const FieldData& data) {
    if (data.has("token_policies")) {
        role.old_policies = data.has("policies") ? role.policies : std::vector<std::string>();
    } else if (data.has("policies")) {
        role.old_policies = role.policies = tidy_policies(data.list("policies"), false);
    }
    if (data.has("token_period")) {
        role.old_period = data.has("period") ? role.period : Duration{};
    } else if (data.has("period")) {
        role.old_period = role.period = data.duration("period");
    }
}

RoleRefusal read_limits(Role& role, const FieldData& data, const MountView& view,
                        std::vector<std::string>& warnings) {
    role.secret_id_num_uses = data.integer("secret_id_num_uses", role.secret_id_num_uses);
    if (role.secret_id_num_uses < 0) {
        return BackendResponse::error("secret_id_num_uses cannot be negative");
    }
    role.secret_id_ttl = data.duration("secret_id_ttl", role.secret_id_ttl);
    read_old_names(role, data);
    if (role.old_period > view.max_lease_ttl) {
        return BackendResponse::error(period_too_long(role, view));
    }
    if (role.max_ttl > view.max_lease_ttl) {
        warnings.emplace_back(
            "token_max_ttl is greater than the backend mount's maximum TTL value; issued tokens' "
            "max TTL value will be truncated");
    }
    return std::nullopt;
}

BackendResponse write_approle(Mount& mount, const Call& call) {
    const auto* known = mount.role(call.role_name());
    auto role = known == nullptr ? Role{} : *known;
    std::vector<std::string> warnings;
    const auto data = with_plain_type(mount, call, warnings);
    if (auto refused = read_token_fields(role, data)) {
        return BackendResponse::error(*refused);
    }
    if (auto refused = read_binding(mount, role, data, known == nullptr)) {
        return *refused;
    }
    if (auto refused = read_limits(role, data, call.request.mount, warnings)) {
        return *refused;
    }
    return keep(mount, call.role_name(), std::move(role), std::move(warnings));
}

BackendResponse read_approle(Mount& mount, const Call& call) {
    const auto* role = mount.role(call.role_name());
    if (role == nullptr) {
        return BackendResponse::nothing();
    }
    auto data = Json{{"bind_secret_id", role->bind_secret_id},
                     {"local_secret_ids", role->local_secret_ids},
                     {"secret_id_bound_cidrs",
                      role->secret_id_bound_cidrs ? Json(*role->secret_id_bound_cidrs) : Json()},
                     {"secret_id_num_uses", role->secret_id_num_uses},
                     {"secret_id_ttl", whole_seconds(role->secret_id_ttl)}};
    describe_token_fields(*role, mount.product, data);
    if (role->old_period != Duration{}) {
        data["period"] = whole_seconds(role->old_period);
    }
    if (!role->old_policies.empty()) {
        data["policies"] = role->old_policies;
    }
    return BackendResponse::with(std::move(data));
}

BackendResponse delete_approle(Mount& mount, const Call& call) {
    mount.roles.erase(lower(call.role_name()));
    return BackendResponse::nothing();
}

BackendResponse list_approles(Mount& mount, const Call&) {
    std::vector<std::string> names;
    for (const auto& [name, role] : mount.roles) {
        names.push_back(name);
    }
    return list_answer(names);
}

}  // namespace

Role* Mount::role(std::string_view name) {
    const auto found = roles.find(lower(name));
    return found == roles.end() ? nullptr : &found->second;
}

BackendResponse keep(Mount& mount, std::string_view name, Role role,
                     std::vector<std::string> warnings) {
    if (!role.bind_secret_id && role.secret_id_blocks().empty() && role.bound_cidrs.empty()) {
        return BackendResponse::go_error("at least one constraint should be enabled on the role");
    }
    const auto kept_as = lower(name);
    for (const auto& [other, held] : mount.roles) {
        if (other != kept_as && held.role_id == role.role_id) {
            return BackendResponse::go_error("role_id already in use");
        }
    }
    mount.roles[kept_as] = std::move(role);
    BackendResponse response;
    response.warnings = std::move(warnings);
    return response;
}

std::vector<Route<Function>> role_routes(Product product) {
    using enum Operation;
    std::vector<Route<Function>> table = {
        {"role/?", {{list, list_approles}}},
        {"role/:role_name", {{read, read_approle}, {remove, delete_approle}}},
        {"role/:role_name", {{update, write_approle}}, role_fields(product), Needs::token, true},
    };
    for (auto& route : part_routes(product)) {
        table.push_back(std::move(route));
    }
    return table;
}

}  // namespace meshproof::fakes::vault::approle
