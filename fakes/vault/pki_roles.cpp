#include <boost/asio/ip/network_v4.hpp>
#include <boost/asio/ip/network_v6.hpp>

#include "fakes/vault/pki_handlers.hpp"
#include "fakes/vault/pki_issuers.hpp"
#include "fakes/vault/pki_keytypes.hpp"
#include "fakes/vault/pki_names.hpp"

namespace meshproof::fakes::pki {

namespace {

bool is_oid(std::string_view text) {
    return text.find('.') != std::string_view::npos && text.front() != '.' && text.back() != '.' &&
           text.find_first_not_of("0123456789.") == std::string_view::npos;
}

bool is_cidr(const std::string& text) {
    boost::system::error_code v4, v6;
    boost::asio::ip::make_network_v4(text, v4);
    boost::asio::ip::make_network_v6(text, v6);
    return !v4 || !v6;
}

Checked<> check_bounds(const Mount& mount, const Role& role) {
    const auto& after = role.not_after_bound;
    if (after != "permit" && after != "ttl-limited" && after != "forbid" && !parse_rfc3339(after) &&
        !mount.defect("pki/any-not-after-bound")) {
        return refuse(
            "Unknown value for field `not_after_bound`. Possible values are `permit`, "
            "`ttl-limited`, `forbid`, or an explicit timestamp.");
    }
    const auto& before = role.not_before_bound;
    if (before != "permit" && before != "duration" && before != "forbid") {
        return refuse(
            "Unknown value for field `not_before_bound`. Possible values are `permit` `duration` "
            "or `forbid`");
    }
    for (const auto& cidr : role.allowed_ip_sans_cidr) {
        if (!is_cidr(cidr)) {
            return refuse("error parsing allowed_ip_sans_cidr: invalid CIDR address: " + cidr);
        }
    }
    return {};
}

// Fills in what depends on the key type: bits, and the hash on Vault (row 118).
Checked<> settle_key(const Mount& mount, Role& role) {
    if (role.key_type == "any") {
        role.key_bits = 0;
        if (!mount.openbao() || mount.defect("pki/any-keeps-no-signature-bits")) {
            role.signature_bits = 0;
        }
        return {};
    }
    if (const auto type = key_type_of(role.key_type, role.key_bits);
        !type && !mount.defect("pki/any-key-type")) {
        return tl::unexpected(type.error());
    }
    if (!mount.defect("pki/key-bits-stay-0")) {
        role.key_bits = default_key_bits(role.key_type, role.key_bits);
    }
    if (!mount.openbao() && role.key_type == "rsa") {
        if (role.signature_bits == 0) {
            role.signature_bits = 256;
        } else if (digest_of(role.signature_bits).empty()) {
            return refuse(
                fmt::format("unsupported hash signature algorithm: {}", role.signature_bits));
        }
    }
    return {};
}

Checked<> check_role(const Mount& mount, Role& role) {
    if (const auto others = parse_other_sans(role.allowed_other_sans);
        !others && role.allowed_other_sans != std::vector<std::string>{"*"}) {
        return refuse("error parsing allowed_other_sans: " + others.error().message);
    }
    if (role.max_ttl > Duration{} && role.ttl > role.max_ttl &&
        !mount.defect("pki/role-ttl-above-max-ttl")) {
        return refuse("\"ttl\" value must be less than \"max_ttl\" value");
    }
    if (auto key = settle_key(mount, role); !key) {
        return key;
    }
    for (const auto& oid : role.ext_key_usage_oids) {
        if (!is_oid(oid)) {
            return refuse(fmt::format(
                "\"{}\" could not be parsed as a valid oid for an extended key usage", oid));
        }
    }
    for (const auto& policy : role.policy_identifiers) {
        if (!is_oid(policy)) {
            return go_error(fmt::format(
                "{} identifier \"{}\" is neither a valid OID: strconv.Atoi: parsing \"{}\": "
                "invalid syntax, Nor JSON Policy Identifier: invalid character",
                mount.openbao() ? "policy" : "Policy", policy, policy));
        }
    }
    for (const auto& validation : role.cn_validations) {
        if (validation != "email" && validation != "hostname" && validation != "disabled" &&
            !mount.defect("pki/any-cn-validations")) {
            return go_error(
                fmt::format("cn_validations value incorrect: unknown type: `{}`", validation));
        }
    }
    if (role.issuer_ref.empty()) {
        role.issuer_ref = "default";
    }
    return mount.openbao() ? check_bounds(mount, role) : Checked<>{};
}

std::vector<std::string> role_warnings(Mount& mount, const Role& role, bool asked_for_lease) {
    std::vector<std::string> warnings;
    if (asked_for_lease && role.no_store) {
        warnings.emplace_back(
            "mutually exclusive values no_store=true and generate_lease=true were both specified; "
            "no_store=true takes priority");
    } else if (role.generate_lease && !mount.defect("pki/no-warning-of-leases")) {
        warnings.push_back(fmt::format(
            "it is encouraged to disable generate_lease and rely on PKI's native capabilities when "
            "possible; this option can cause {}-wide issues with large numbers of issued "
            "certificates",
            mount.openbao() ? "instance" : "Vault"));
    }
    if (!find_issuer(mount, role.issuer_ref) &&
        !mount.defect("pki/no-warning-of-a-missing-issuer")) {
        warnings.push_back(
            role.issuer_ref == "default"
                ? "Issuing Certificate was set to default, but no default issuing certificate "
                  "(configurable at /config/issuers) is currently set"
                : fmt::format("Issuing Certificate was set to {} but no issuing certificate "
                              "currently has that name",
                              role.issuer_ref));
    }
    return warnings;
}

}  // namespace

BackendResponse list_roles(Mount& mount, const Call&) {
    auto names = Json::array();
    for (const auto& [name, role] : mount.roles) {
        names.push_back(name);
    }
    return names.empty() ? not_found() : BackendResponse::with({{"keys", names}});
}

BackendResponse read_role(Mount& mount, const Call& call) {
    const auto role = mount.roles.find(call.captured("name"));
    return role == mount.roles.end()
               ? not_found()
               : BackendResponse::with(role_json(role->second, mount.product));
}

BackendResponse write_role(Mount& mount, const Call& call) {
    const auto name = call.captured("name");
    Role role;
    role.allow_localhost = !mount.defect("pki/role-allows-no-localhost");
    if (mount.defect("pki/role-write-merges") && mount.roles.contains(name)) {
        role = mount.roles.at(name);
    }
    if (call.patch() && !mount.defect("pki/role-patch-overwrites")) {
        const auto old = mount.roles.find(name);
        if (old == mount.roles.end()) {
            return BackendResponse::error("Unable to fetch role entry to patch");
        }
        role = old->second;
    }
    assign_role(role, call.fields, mount.product);
    const bool asked_for_lease = role.generate_lease;
    if (role.no_store && !mount.defect("pki/no-store-with-lease")) {
        role.generate_lease = false;
    }
    if (auto checked = check_role(mount, role); !checked) {
        return checked.error();
    }
    mount.roles[name] = role;
    auto data = role_json(role, mount.product);
    if (mount.defect("pki/role-durations-as-text")) {
        data["ttl"] = go_duration(role.ttl);
    }
    return BackendResponse::with(std::move(data), role_warnings(mount, role, asked_for_lease));
}

BackendResponse delete_role(Mount& mount, const Call& call) {
    if (mount.roles.erase(call.captured("name")) == 0 &&
        mount.defect("pki/absent-role-cannot-be-removed")) {
        return not_found();
    }
    return BackendResponse::nothing();
}

}  // namespace meshproof::fakes::pki
