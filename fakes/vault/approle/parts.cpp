#include "fakes/vault/approle/parts.hpp"

#include "fakes/vault/logical/addresses.hpp"
#include "fakes/vault/logical/go_text.hpp"
#include "fakes/vault/server/tokens.hpp"

/// A role's fields one by one: row 198.
namespace meshproof::fakes::vault::approle {

namespace {

using PartRefusal = std::optional<BackendResponse>;

struct Part {
    const char* path;  ///< "secret-id-ttl"
    Fields fields;
    Json (*read)(const Role& role);
    /// Null = it is only read.
    PartRefusal (*write)(Role& role, const FieldData& data, const MountView& view);
    void (*clear)(Role& role);  ///< null = it cannot be put back
};

PartRefusal refuse_part(std::string text) {
    return BackendResponse::error(std::move(text));
}

Json list_or_null(const std::vector<std::string>& list) {
    return list.empty() ? Json() : Json(list);
}

PartRefusal write_policies(Role& role, const FieldData& data, const MountView&) {
    if (!data.has("token_policies") && !data.has("policies")) {
        return refuse_part("missing token_policies");
    }
    const auto* given = data.has("token_policies") ? "token_policies" : "policies";
    role.policies = tidy_policies(data.list(given), false);
    role.old_policies = data.has("policies") ? role.policies : std::vector<std::string>();
    return std::nullopt;
}

Json read_policies(const Role& role) {
    auto data = Json{{"token_policies", role.policies}};
    if (!role.old_policies.empty()) {
        data["policies"] = role.old_policies;
    }
    return data;
}

PartRefusal write_blocks(Role& role, const FieldData& data, const MountView&) {
    for (const auto* name : {"secret_id_bound_cidrs", "bound_cidr_list"}) {
        if (!data.has(name)) {
            continue;
        }
        auto blocks = data.list(name);
        if (blocks.empty()) {
            return refuse_part("missing bound_cidr_list");
        }
        if (const auto wrong = wrong_block(blocks)) {
            return refuse_part("failed to validate CIDR blocks: " + *wrong);
        }
        role.secret_id_bound_cidrs = std::move(blocks);
    }
    return std::nullopt;
}

PartRefusal write_token_blocks(Role& role, const FieldData& data, const MountView&) {
    if (!data.has("token_bound_cidrs")) {
        return std::nullopt;
    }
    auto blocks = read_addresses(data.list("token_bound_cidrs"));
    if (!blocks) {
        return refuse_part("failed to parse token_bound_cidrs: " + blocks.error());
    }
    role.bound_cidrs = std::move(*blocks);
    return std::nullopt;
}

PartRefusal write_binding(Role& role, const FieldData& data, const MountView&) {
    if (!data.has("bind_secret_id")) {
        return refuse_part("missing bind_secret_id");
    }
    role.bind_secret_id = data.boolean("bind_secret_id");
    return std::nullopt;
}

PartRefusal write_secret_uses(Role& role, const FieldData& data, const MountView&) {
    if (!data.has("secret_id_num_uses")) {
        return refuse_part("missing secret_id_num_uses");
    }
    if (data.integer("secret_id_num_uses") < 0) {
        return refuse_part("secret_id_num_uses cannot be negative");
    }
    role.secret_id_num_uses = data.integer("secret_id_num_uses");
    return std::nullopt;
}

PartRefusal write_secret_ttl(Role& role, const FieldData& data, const MountView&) {
    if (!data.has("secret_id_ttl")) {
        return refuse_part("missing secret_id_ttl");
    }
    role.secret_id_ttl = data.duration("secret_id_ttl");
    return std::nullopt;
}

PartRefusal write_period(Role& role, const FieldData& data, const MountView& view) {
    if (!data.has("token_period") && !data.has("period")) {
        return refuse_part("missing period");
    }
    role.period = data.duration(data.has("token_period") ? "token_period" : "period");
    role.old_period = data.has("period") ? role.period : Duration{};
    if (role.period > view.max_lease_ttl) {
        return refuse_part(period_too_long(role, view));
    }
    return std::nullopt;
}

Json read_period(const Role& role) {
    auto data = Json{{"token_period", whole_seconds(role.period)}};
    if (role.old_period != Duration{}) {
        data["period"] = whole_seconds(role.old_period);
    }
    return data;
}

// Here it may be negative, unlike with the role as a whole.
PartRefusal write_token_uses(Role& role, const FieldData& data, const MountView&) {
    if (!data.has("token_num_uses")) {
        return refuse_part("missing token_num_uses");
    }
    role.num_uses = data.integer("token_num_uses");
    return std::nullopt;
}

PartRefusal write_token_ttl(Role& role, const FieldData& data, const MountView&) {
    if (!data.has("token_ttl")) {
        return refuse_part("missing token_ttl");
    }
    role.ttl = data.duration("token_ttl");
    if (role.max_ttl > Duration{} && role.ttl > role.max_ttl) {
        return refuse_part("token_ttl should not be greater than token_max_ttl");
    }
    return std::nullopt;
}

PartRefusal write_token_max_ttl(Role& role, const FieldData& data, const MountView&) {
    if (!data.has("token_max_ttl")) {
        return refuse_part("missing token_max_ttl");
    }
    role.max_ttl = data.duration("token_max_ttl");
    if (role.max_ttl > Duration{} && role.ttl > role.max_ttl) {
        return refuse_part("token_max_ttl should be greater than or equal to token_ttl");
    }
    return std::nullopt;
}

PartRefusal write_role_id(Role& role, const FieldData& data, const MountView&) {
    if (data.text("role_id").empty()) {
        return refuse_part("missing role_id");
    }
    role.role_id = data.text("role_id");
    return std::nullopt;
}

std::vector<Part> secret_id_parts(Product product) {
    std::vector<Part> parts = {
        {"bound-cidr-list",
         {{{"bound_cidr_list", FieldType::list}}},
         [](const Role&) { return Json{{"bound_cidr_list", Json()}}; },
         write_blocks,
         [](Role&) {}},
        {"secret-id-bound-cidrs",
         {{{"secret_id_bound_cidrs", FieldType::list}}},
         [](const Role& role) {
             return Json{{"secret_id_bound_cidrs", list_or_null(role.secret_id_blocks())}};
         },
         write_blocks,
         [](Role& role) { role.secret_id_bound_cidrs.reset(); }},
        {"secret-id-num-uses",
         {{{"secret_id_num_uses", FieldType::integer}}},
         [](const Role& role) { return Json{{"secret_id_num_uses", role.secret_id_num_uses}}; },
         write_secret_uses,
         [](Role& role) { role.secret_id_num_uses = 0; }},
        {"secret-id-ttl",
         {{{"secret_id_ttl", FieldType::duration}}},
         [](const Role& role) {
             return Json{{"secret_id_ttl", whole_seconds(role.secret_id_ttl)}};
         },
         write_secret_ttl,
         [](Role& role) { role.secret_id_ttl = Duration{}; }},
        {"local-secret-ids",
         {},
         [](const Role& role) { return Json{{"local_secret_ids", role.local_secret_ids}}; },
         nullptr,
         nullptr},
        {"role-id",
         {{{"role_id", FieldType::text}}},
         [](const Role& role) { return Json{{"role_id", role.role_id}}; },
         write_role_id,
         nullptr},
    };
    if (product == Product::vault) {
        parts.push_back(
            {"bind-secret-id",
             {{{"bind_secret_id", FieldType::boolean}}},
             [](const Role& role) { return Json{{"bind_secret_id", role.bind_secret_id}}; },
             write_binding,
             [](Role& role) { role.bind_secret_id = true; }});
    }
    return parts;
}

std::vector<Part> token_parts() {
    return {
        {"policies",
         {{{"token_policies", FieldType::list}, {"policies", FieldType::list}}},
         read_policies,
         write_policies,
         [](Role& role) {
             role.policies.clear();
             role.old_policies.clear();
         }},
        {"token-bound-cidrs",
         {{{"token_bound_cidrs", FieldType::list}}},
         [](const Role& role) {
             return Json{{"token_bound_cidrs", list_or_null(role.bound_cidrs)}};
         },
         write_token_blocks,
         [](Role& role) { role.bound_cidrs.clear(); }},
        {"period",
         {{{"token_period", FieldType::duration}, {"period", FieldType::duration}}},
         read_period,
         write_period,
         [](Role& role) { role.period = role.old_period = Duration{}; }},
        {"token-num-uses",
         {{{"token_num_uses", FieldType::integer}}},
         [](const Role& role) { return Json{{"token_num_uses", role.num_uses}}; },
         write_token_uses,
         [](Role& role) { role.num_uses = 0; }},
        {"token-ttl",
         {{{"token_ttl", FieldType::duration}}},
         [](const Role& role) { return Json{{"token_ttl", whole_seconds(role.ttl)}}; },
         write_token_ttl,
         [](Role& role) { role.ttl = Duration{}; }},
        {"token-max-ttl",
         {{{"token_max_ttl", FieldType::duration}}},
         [](const Role& role) { return Json{{"token_max_ttl", whole_seconds(role.max_ttl)}}; },
         write_token_max_ttl,
         [](Role& role) { role.max_ttl = Duration{}; }},
    };
}

BackendResponse read_part(const Part& part, Mount& mount, const Call& call) {
    const auto* role = mount.role(call.role_name());
    if (role == nullptr) {
        return BackendResponse::nothing();
    }
    auto response = BackendResponse::with(part.read(*role));
    if (std::string_view(part.path) == "bound-cidr-list") {
        response.warnings.emplace_back(
            "The \"bound_cidr_list\" field is deprecated and will be removed. Please use "
            "\"secret_id_bound_cidrs\" instead.");
    }
    return response;
}

BackendResponse write_part(const Part& part, Mount& mount, const Call& call) {
    const auto* known = mount.role(call.role_name());
    if (known == nullptr) {
        return BackendResponse::unsupported_path();
    }
    auto role = *known;
    if (auto refused = part.write(role, call.fields, call.request.mount)) {
        return *refused;
    }
    return keep(mount, call.role_name(), std::move(role));
}

BackendResponse clear_part(const Part& part, Mount& mount, const Call& call) {
    const auto* known = mount.role(call.role_name());
    if (known == nullptr) {
        return BackendResponse::nothing();
    }
    auto role = *known;
    part.clear(role);
    return keep(mount, call.role_name(), std::move(role));
}

Route<Function> route_of(const Part& part) {
    const auto bound = [&part](auto function) {
        return Function([part, function](Mount& mount, const Call& call) {
            return function(part, mount, call);
        });
    };
    Route<Function> route{std::string("role/:role_name/") + part.path, {}, part.fields};
    route.operations.emplace_back(Operation::read, bound(read_part));
    if (part.write != nullptr) {
        route.operations.emplace_back(Operation::update, bound(write_part));
    }
    if (part.clear != nullptr) {
        route.operations.emplace_back(Operation::remove, bound(clear_part));
    }
    return route;
}

}  // namespace

std::optional<std::string> wrong_block(const std::vector<std::string>& blocks) {
    for (const auto& block : blocks) {
        if (!is_address_block(block)) {
            return "invalid CIDR address: " + block;
        }
    }
    return std::nullopt;
}

std::string period_too_long(const Role& role, const MountView& view) {
    return fmt::format("period of {} is greater than the backend's maximum lease TTL of {}",
                       go_quoted(go_duration(role.old_period)),
                       go_quoted(go_duration(view.max_lease_ttl)));
}

std::vector<Route<Function>> part_routes(Product product) {
    std::vector<Route<Function>> table;
    for (const auto& part : secret_id_parts(product)) {
        table.push_back(route_of(part));
    }
    for (const auto& part : token_parts()) {
        table.push_back(route_of(part));
    }
    return table;
}

}  // namespace meshproof::fakes::vault::approle
