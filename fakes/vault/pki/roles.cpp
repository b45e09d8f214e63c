#include "fakes/vault/pki/roles.hpp"

#include <algorithm>
#include <boost/asio/ip/network_v4.hpp>
#include <boost/asio/ip/network_v6.hpp>

#include "core/base/json_text.hpp"
#include "core/base/text.hpp"
#include "fakes/vault/logical/go_text.hpp"
#include "fakes/vault/logical/go_time.hpp"
#include "fakes/vault/logical/json_fault.hpp"
#include "fakes/vault/pki/ground/der.hpp"
#include "fakes/vault/pki/ground/issuer_store.hpp"
#include "fakes/vault/pki/ground/key_types.hpp"
#include "fakes/vault/pki/sign/names.hpp"

namespace meshproof::fakes::vault::pki {

namespace {

// Numbers with dots between them; nobody looks whether they make an OID.
bool is_numbers(std::string_view text) {
    const auto arcs = split(text, '.');
    return std::ranges::all_of(arcs,
                               [](const auto& arc) { return go_integer(arc, 10).has_value(); });
}

// The network that the text names, without the bits of a host.
std::optional<std::string> network_of(const std::string& text) {
    boost::system::error_code error;
    if (const auto v4 = boost::asio::ip::make_network_v4(text, error); !error) {
        return v4.canonical().to_string();
    }
    if (const auto v6 = boost::asio::ip::make_network_v6(text, error); !error) {
        return v6.canonical().to_string();
    }
    return std::nullopt;
}

Checked<> check_bounds(Role& role) {
    const auto& after = role.not_after_bound;
    if (after != "permit" && after != "ttl-limited" && after != "forbid" && !parse_go_time(after)) {
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
    for (auto& cidr : role.allowed_ip_sans_cidr) {
        const auto network = network_of(cidr);
        if (!network) {
            return refuse("error parsing allowed_ip_sans_cidr: invalid CIDR address: " + cidr);
        }
        cidr = *network;
    }
    return {};
}

// Fills in what depends on the key type: bits, and the hash on Vault (row 118).
Checked<> settle_key(const Mount& mount, Role& role) {
    if (role.key_type == "any" || role.key_type == "ed25519") {
        if (!mount.openbao()) {
            role.signature_bits = 0;
        }
        return {};
    }
    if (const auto type = key_type_of(role.key_type, role.key_bits);
        !type && !is_largest_rsa(role.key_type, role.key_bits)) {
        return tl::unexpected(type.error());
    }
    role.key_bits = default_key_bits(role.key_type, role.key_bits);
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

Checked<> settle_validations(Role& role) {
    if (role.cn_validations.empty()) {
        role.cn_validations = Role().cn_validations;
    }
    std::set<std::string> seen;
    for (auto& validation : role.cn_validations) {
        const auto given = std::exchange(validation, lower(validation));
        if (validation != "email" && validation != "hostname" && validation != "disabled") {
            return go_error(
                fmt::format("cn_validations value incorrect: unknown type: `{}`", given));
        }
        if (!seen.insert(validation).second) {
            return go_error(fmt::format(
                "cn_validations value incorrect: `{}` specified multiple times", validation));
        }
    }
    if (seen.contains("disabled") && seen.size() > 1) {
        return go_error(
            "cn_validations value incorrect: cannot specify `disabled` along with `email` or "
            "`hostname`");
    }
    return {};
}

// Why the text is no JSON of a policy, as Go's encoding/json says it.
std::string policy_fault(const Mount& mount, const std::string& text) {
    if (auto fault = json_fault(text, mount.product); !fault.empty()) {
        return fault;
    }
    constexpr std::string_view type = "PolicyIdentifierWithQualifierEntry";
    const auto kind = [](const Json& value) {
        return value.is_number() ? "number" : value.is_boolean() ? "bool" : value.type_name();
    };
    const auto json = json_or_null(text);
    if (!json.is_object()) {
        return fmt::format("json: cannot unmarshal {} into Go value of type certutil.{}",
                           kind(json), type);
    }
    for (const auto& [name, value] : json.items()) {
        const auto field = lower(name);
        const bool read = field == "oid" || field == "cps" || field == "notice";
        if (read && !value.is_string() && !value.is_null()) {
            return fmt::format(
                "json: cannot unmarshal {} into Go struct field {}.{} of type string", kind(value),
                mount.openbao() ? "" : type, field);
        }
    }
    return {};
}

Checked<> check_policy(const Mount& mount, const std::string& text) {
    if (trim(text) == "null") {  // nothing, to Go
        return {};
    }
    const auto policy = parse_policy_identifier(text);
    if (!policy) {
        return go_error(
            fmt::format("{} {} is neither a valid OID: {}, Nor JSON Policy Identifier: {}",
                        mount.openbao() ? "policy identifier" : "Policy Identifier",
                        go_quoted(text), oid_fault(text), policy_fault(mount, text)));
    }
    if (const auto fault = oid_fault(policy->oid); !fault.empty()) {
        return go_error(fault.starts_with("strconv")
                            ? fault
                            : "asn1: structure error: invalid object identifier");
    }
    return {};
}

Checked<> check_role(const Mount& mount, Role& role) {
    if (mount.openbao()) {
        if (auto bounds = check_bounds(role); !bounds) {
            return bounds;
        }
    }
    if (const auto others = parse_other_sans(role.allowed_other_sans);
        !others && role.allowed_other_sans != std::vector<std::string>{"*"}) {
        return refuse("error parsing allowed_other_sans: " + others.error().message);
    }
    if (role.max_ttl > Duration{} && role.ttl > role.max_ttl) {
        return refuse("\"ttl\" value must be less than \"max_ttl\" value");
    }
    if (auto key = settle_key(mount, role); !key) {
        return key;
    }
    for (const auto& oid : role.ext_key_usage_oids) {
        if (!is_numbers(oid)) {
            return refuse(fmt::format(
                "{} could not be parsed as a valid oid for an extended key usage", go_quoted(oid)));
        }
    }
    for (const auto& policy : role.policy_identifiers) {
        if (auto checked = check_policy(mount, policy); !policy.empty() && !checked) {
            return checked;
        }
    }
    if (auto validations = settle_validations(role); !validations) {
        return validations;
    }
    if (role.issuer_ref.empty()) {
        role.issuer_ref = "default";
    }
    return {};
}

std::vector<std::string> role_warnings(Mount& mount, const Role& role, bool asked_for_lease) {
    std::vector<std::string> warnings;
    if (!find_issuer(mount, role.issuer_ref)) {
        warnings.push_back(
            role.issuer_ref == "default"
                ? "Issuing Certificate was set to default, but no default issuing certificate "
                  "(configurable at /config/issuers) is currently set"
                : fmt::format("Issuing Certificate was set to {} but no issuing certificate "
                              "currently has that name",
                              role.issuer_ref));
    }
    if (asked_for_lease && role.no_store) {
        warnings.emplace_back(
            "mutually exclusive values no_store=true and generate_lease=true were both specified; "
            "no_store=true takes priority");
    } else if (role.generate_lease) {
        warnings.push_back(fmt::format(
            "it is encouraged to disable generate_lease and rely on PKI's native capabilities when "
            "possible; this option can cause {}-wide issues with large numbers of issued "
            "certificates",
            mount.openbao() ? "instance" : "Vault"));
    }
    return warnings;
}

}  // namespace

BackendResponse list_roles(Mount& mount, const PkiCall&) {
    std::vector<std::string> names;
    for (const auto& [name, role] : mount.roles) {
        names.push_back(name);
    }
    return list_answer(names);
}

BackendResponse read_role(Mount& mount, const PkiCall& call) {
    const auto role = mount.roles.find(call.captured("name"));
    return role == mount.roles.end()
               ? not_found()
               : BackendResponse::with(role_json(role->second, mount.product));
}

BackendResponse write_role(Mount& mount, const PkiCall& call) {
    const auto name = call.captured("name");
    Role role;
    if (call.patch()) {
        const auto old = mount.roles.find(name);
        if (old == mount.roles.end()) {
            return BackendResponse::error("Unable to fetch role entry to patch");
        }
        role = old->second;
    }
    assign_role(role, call.fields, mount.product);
    const auto policies = call.request.data.find("policy_identifiers");
    if (policies != call.request.data.end() && policies->is_string()) {
        if (auto listed = parse_policy_list(policies->get<std::string>())) {
            role.policy_identifiers = std::move(*listed);
        }
    }
    const bool asked_for_lease = role.generate_lease;
    if (role.no_store) {
        role.generate_lease = false;
    }
    if (auto checked = check_role(mount, role); !checked) {
        return checked.error();
    }
    mount.roles[name] = role;
    return BackendResponse::with(role_json(role, mount.product),
                                 role_warnings(mount, role, asked_for_lease));
}

BackendResponse delete_role(Mount& mount, const PkiCall& call) {
    mount.roles.erase(call.captured("name"));
    return BackendResponse::nothing();
}

}  // namespace meshproof::fakes::vault::pki
