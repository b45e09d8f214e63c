#pragma once

#include <string>
#include <vector>

#include "fakes/vault/logical/fields.hpp"

namespace meshproof::fakes::vault::pki {

/// A role: what may be issued through it (rows 102 to 121). The defaults are the real servers'.
struct Role {
    Duration ttl{}, max_ttl{};
    Duration not_before_duration = std::chrono::seconds(30);
    std::string not_after;
    std::string not_before, not_before_bound = "permit", not_after_bound = "permit";  ///< OpenBao
    std::string issuer_ref = "default";
    bool allow_any_name = false, allow_bare_domains = false, allow_glob_domains = false,
         allow_ip_sans = true, allow_localhost = true, allow_subdomains = false,
         allow_token_displayname = false, allow_wildcard_certificates = true,
         allowed_domains_template = false, allowed_uri_sans_template = false,
         allow_globs_in_identity_templates = false, basic_constraints_valid_for_non_ca = false,
         client_flag = true, code_signing_flag = false, email_protection_flag = false,
         enforce_hostnames = true, generate_lease = false, no_store = false, require_cn = true,
         server_flag = true, use_csr_common_name = true, use_csr_sans = true, use_pss = false;
    std::vector<std::string> allowed_domains, allowed_ip_sans_cidr, allowed_other_sans,
        allowed_serial_numbers, allowed_uri_sans, allowed_user_ids;
    std::vector<std::string> cn_validations = {"email", "hostname"};
    std::vector<std::string> country, locality, organization, ou, postal_code, province,
        street_address;
    std::vector<std::string> ext_key_usage, ext_key_usage_oids, policy_identifiers;
    std::vector<std::string> key_usage = {"DigitalSignature", "KeyAgreement", "KeyEncipherment"};
    std::string key_type = "rsa";
    std::int64_t key_bits = 0, signature_bits = 0;
};

/// The parameters of a role write, for this product.
[[nodiscard]] Fields role_fields(Product product);
/// As the role routes answer it.
[[nodiscard]] Json role_json(const Role& role, Product product);
/// Overwrites what the request names.
void assign_role(Role& role, const FieldData& fields, Product product);

/// All of it, for a saved state, and back.
[[nodiscard]] Json save_role(const Role& role);
[[nodiscard]] Role load_role(const Json& state);

/// A role that lets everything pass: for CA certificates and sign-verbatim.
[[nodiscard]] Role permissive_role();

}  // namespace meshproof::fakes::vault::pki
