#include "fakes/vault/server/token_fields.hpp"

#include "fakes/vault/logical/addresses.hpp"
#include "fakes/vault/logical/go_text.hpp"

namespace meshproof::fakes::vault {

namespace {

// Whatever a role has got by an older name is looked at with the next write.
std::optional<std::string> refuse_combination(const TokenFields& role) {
    if (role.num_uses < 0) {
        return "'token_num_uses' cannot be negative";
    }
    constexpr std::string_view front =
        "'token_type' cannot be 'batch' or 'default_batch' when set to generate ";
    if (role.token_type == "batch" && role.period != Duration{}) {
        return std::string(front) + "periodic tokens";
    }
    if (role.token_type == "batch" && role.num_uses != 0) {
        return std::string(front) + "tokens with limited use count";
    }
    if (role.max_ttl > Duration{} && role.ttl > role.max_ttl) {
        return "'token_ttl' cannot be greater than 'token_max_ttl'";
    }
    if (role.strictly_bind_ip && !role.bound_cidrs.empty()) {
        return "'token_strictly_bind_ip' conflicts with 'token_bound_cidrs'; set only one";
    }
    return std::nullopt;
}

std::optional<std::string> read_role_type(TokenFields& role, const FieldData& data) {
    if (data.has("token_type")) {
        const auto type = data.text("token_type");
        if (!type.empty() && type != "default" && type != "service" && type != "batch") {
            return "invalid 'token_type' value " + go_quoted(type);
        }
        role.token_type = type.empty() ? "default" : type;
    }
    return std::nullopt;
}

}  // namespace

void declare_token_fields(Fields& fields, Product product) {
    const std::map<std::string, FieldType, std::less<>> shared{
        {"token_bound_cidrs", FieldType::list}, {"token_explicit_max_ttl", FieldType::duration},
        {"token_max_ttl", FieldType::duration}, {"token_no_default_policy", FieldType::boolean},
        {"token_num_uses", FieldType::integer}, {"token_period", FieldType::duration},
        {"token_policies", FieldType::list},    {"token_ttl", FieldType::duration},
        {"token_type", FieldType::text}};
    fields.types.insert(shared.begin(), shared.end());
    if (product == Product::openbao) {
        fields.types.emplace("token_strictly_bind_ip", FieldType::boolean);
    }
}

std::optional<std::string> read_token_fields(TokenFields& role, const FieldData& data) {
    if (data.has("token_bound_cidrs")) {
        auto blocks = read_addresses(data.list("token_bound_cidrs"));
        if (!blocks) {
            return blocks.error();
        }
        role.bound_cidrs = std::move(*blocks);
    } else {
        requote_sockets(role.bound_cidrs);
    }
    role.explicit_max_ttl = data.duration("token_explicit_max_ttl", role.explicit_max_ttl);
    role.max_ttl = data.duration("token_max_ttl", role.max_ttl);
    role.no_default_policy = data.boolean("token_no_default_policy", role.no_default_policy);
    role.strictly_bind_ip = data.boolean("token_strictly_bind_ip", role.strictly_bind_ip);
    role.period = data.duration("token_period", role.period);
    if (data.has("token_policies")) {
        role.policies = data.list("token_policies");
    }
    if (auto refused = read_role_type(role, data)) {
        return refused;
    }
    role.num_uses = data.integer("token_num_uses", role.num_uses);
    role.ttl = data.duration("token_ttl", role.ttl);
    return refuse_combination(role);
}

void describe_token_fields(const TokenFields& role, Product product, Json& data) {
    data["token_bound_cidrs"] = role.bound_cidrs;
    data["token_explicit_max_ttl"] = whole_seconds(role.explicit_max_ttl);
    data["token_max_ttl"] = whole_seconds(role.max_ttl);
    data["token_no_default_policy"] = role.no_default_policy;
    data["token_num_uses"] = role.num_uses;
    data["token_period"] = whole_seconds(role.period);
    data["token_policies"] = role.policies;
    data["token_ttl"] = whole_seconds(role.ttl);
    data["token_type"] = role.token_type;
    if (product == Product::openbao) {
        data["token_strictly_bind_ip"] = role.strictly_bind_ip;
    }
}

void grant_token_fields(const TokenFields& role, AuthGrant& grant) {
    grant.policies = role.policies;
    grant.ttl = role.ttl;
    grant.max_ttl = role.max_ttl;
    grant.period = role.period;
    grant.explicit_max_ttl = role.explicit_max_ttl;
    grant.num_uses = role.num_uses;
    grant.bound_cidrs = role.bound_cidrs;
    grant.no_default_policy = role.no_default_policy;
    grant.token_type = role.token_type;
}

}  // namespace meshproof::fakes::vault
