#include "fakes/vault/pki/ground/role.hpp"

#include "fakes/state.hpp"

namespace meshproof::fakes::vault::pki {

namespace {

using Member = std::variant<bool Role::*, std::string Role::*, std::vector<std::string> Role::*,
                            std::int64_t Role::*, Duration Role::*>;

struct RoleField {
    std::string_view name;
    Member member;
    bool openbao_only = false;
    bool settable = true;
};

#define FIELD(name) {#name, &Role::name}
#define OPENBAO_FIELD(name) {#name, &Role::name, true}
const std::vector<RoleField> fields_of_a_role = {
    FIELD(allow_any_name),
    FIELD(allow_bare_domains),
    FIELD(allow_glob_domains),
    OPENBAO_FIELD(allow_globs_in_identity_templates),
    FIELD(allow_ip_sans),
    FIELD(allow_localhost),
    FIELD(allow_subdomains),
    {"allow_token_displayname", &Role::allow_token_displayname, false, false},
    FIELD(allow_wildcard_certificates),
    FIELD(allowed_domains),
    FIELD(allowed_domains_template),
    OPENBAO_FIELD(allowed_ip_sans_cidr),
    FIELD(allowed_other_sans),
    FIELD(allowed_serial_numbers),
    FIELD(allowed_uri_sans),
    FIELD(allowed_uri_sans_template),
    FIELD(allowed_user_ids),
    FIELD(basic_constraints_valid_for_non_ca),
    FIELD(client_flag),
    FIELD(cn_validations),
    FIELD(code_signing_flag),
    FIELD(country),
    FIELD(email_protection_flag),
    FIELD(enforce_hostnames),
    FIELD(ext_key_usage),
    FIELD(ext_key_usage_oids),
    FIELD(generate_lease),
    FIELD(issuer_ref),
    FIELD(key_bits),
    FIELD(key_type),
    FIELD(key_usage),
    FIELD(locality),
    FIELD(max_ttl),
    FIELD(no_store),
    FIELD(not_after),
    OPENBAO_FIELD(not_after_bound),
    OPENBAO_FIELD(not_before),
    OPENBAO_FIELD(not_before_bound),
    FIELD(not_before_duration),
    FIELD(organization),
    FIELD(ou),
    FIELD(policy_identifiers),
    FIELD(postal_code),
    FIELD(province),
    FIELD(require_cn),
    FIELD(server_flag),
    FIELD(signature_bits),
    FIELD(street_address),
    FIELD(ttl),
    FIELD(use_csr_common_name),
    FIELD(use_csr_sans),
    FIELD(use_pss),
};
#undef FIELD
#undef OPENBAO_FIELD

// How one kind of member is declared, printed and read.
struct Declare {
    FieldType operator()(bool Role::*) const { return FieldType::boolean; }
    FieldType operator()(std::string Role::*) const { return FieldType::text; }
    FieldType operator()(std::vector<std::string> Role::*) const { return FieldType::list; }
    FieldType operator()(std::int64_t Role::*) const { return FieldType::integer; }
    FieldType operator()(Duration Role::*) const { return FieldType::duration; }
};

struct Print {
    const Role& role;
    template <class T>
    Json operator()(T Role::* member) const {
        return role.*member;
    }
    Json operator()(Duration Role::* member) const { return whole_seconds(role.*member); }
};

struct Save {
    const Role& role;
    template <class T>
    Json operator()(T Role::* member) const {
        return role.*member;
    }
    Json operator()(Duration Role::* member) const { return (role.*member).count(); }
};

struct Load {
    Role& role;
    const Json& value;
    template <class T>
    void operator()(T Role::* member) const {
        value.get_to(role.*member);
    }
    void operator()(Duration Role::* member) const {
        role.*member = Duration(value.get<std::int64_t>());
    }
};

struct Assign {
    Role& role;
    const FieldData& fields;
    std::string_view name;
    void operator()(bool Role::* member) const { role.*member = fields.boolean(name); }
    void operator()(std::string Role::* member) const { role.*member = fields.text(name); }
    void operator()(std::vector<std::string> Role::* member) const {
        role.*member = fields.list(name);
    }
    void operator()(std::int64_t Role::* member) const { role.*member = fields.integer(name); }
    void operator()(Duration Role::* member) const { role.*member = fields.duration(name); }
};

bool known_to(const RoleField& field, Product product) {
    return !field.openbao_only || product == Product::openbao;
}

}  // namespace

Fields role_fields(Product product) {
    Fields fields;
    for (const auto& field : fields_of_a_role) {
        if (known_to(field, product) && field.settable) {
            fields.types.emplace(field.name, std::visit(Declare{}, field.member));
        }
    }
    return fields;
}

Json role_json(const Role& role, Product product) {
    auto data = Json::object();
    for (const auto& field : fields_of_a_role) {
        if (known_to(field, product)) {
            data[std::string(field.name)] = std::visit(Print{role}, field.member);
        }
    }
    return data;
}

void assign_role(Role& role, const FieldData& fields, Product product) {
    for (const auto& field : fields_of_a_role) {
        if (known_to(field, product) && fields.has(field.name)) {
            std::visit(Assign{role, fields, field.name}, field.member);
        }
    }
}

Json save_role(const Role& role) {
    auto state = Json::object();
    for (const auto& field : fields_of_a_role) {
        state[std::string(field.name)] = std::visit(Save{role}, field.member);
    }
    return state;
}

Role load_role(const Json& state) {
    Role role;
    for (const auto& field : fields_of_a_role) {
        const auto& value = state.at(std::string(field.name));
        in_part(field.name, [&] { std::visit(Load{role, value}, field.member); });
    }
    return role;
}

Role permissive_role() {
    Role role;
    role.allow_any_name = true;
    role.enforce_hostnames = false;
    role.require_cn = false;
    role.key_type = "any";
    role.allowed_other_sans = {"*"};
    role.allowed_serial_numbers = {"*"};
    role.allowed_uri_sans = {"*"};
    role.allowed_user_ids = {"*"};
    role.cn_validations = {"disabled"};
    role.server_flag = false;
    role.client_flag = false;
    return role;
}

}  // namespace meshproof::fakes::vault::pki
