#include "fakes/vault/pki/routes.hpp"

#include "fakes/vault/pki/ca/generate.hpp"
#include "fakes/vault/pki/ca/import.hpp"
#include "fakes/vault/pki/ca/issuers.hpp"
#include "fakes/vault/pki/ca/keys.hpp"
#include "fakes/vault/pki/config.hpp"
#include "fakes/vault/pki/revoke/fetch.hpp"
#include "fakes/vault/pki/revoke/ocsp.hpp"
#include "fakes/vault/pki/revoke/resign_crls.hpp"
#include "fakes/vault/pki/revoke/revoke.hpp"
#include "fakes/vault/pki/revoke/tidy.hpp"
#include "fakes/vault/pki/roles.hpp"
#include "fakes/vault/pki/sign/issue.hpp"

namespace meshproof::fakes::vault::pki {

namespace {

using Names = std::initializer_list<const char*>;

// The parameters of one route, put together from the groups that the real servers share.
class Parameters {
  public:
    explicit Parameters(Product product)
        : product_(product), openbao_(product == Product::openbao) {}
    operator Fields() const { return fields_; }

    Parameters with(FieldType type, Names names) const {
        auto more = *this;
        for (const auto* name : names) {
            more.fields_.types.emplace(name, type);
        }
        return more;
    }
    Parameters openbao_with(FieldType type, Names names) const {
        return openbao_ ? with(type, names) : *this;
    }
    Parameters vault_with(FieldType type, Names names) const {
        return openbao_ ? *this : with(type, names);
    }

    Parameters texts(Names names) const { return with(FieldType::text, names); }
    Parameters lists(Names names) const { return with(FieldType::list, names); }
    Parameters flags(Names names) const { return with(FieldType::boolean, names); }
    Parameters integers(Names names) const { return with(FieldType::integer, names); }
    Parameters durations(Names names) const { return with(FieldType::duration, names); }

    Parameters any_certificate() const {
        return flags({"exclude_cn_from_sans"})
            .texts({"format", "private_key_format", "common_name", "alt_names", "serial_number",
                    "not_after"})
            .lists({"ip_sans", "uri_sans", "other_sans"})
            .durations({"ttl"})
            .openbao_with(FieldType::text, {"not_before"});
    }
    Parameters leaf() const {
        return any_certificate()
            .flags({"remove_roots_from_chain"})
            .lists({"user_ids"})
            .texts({"role", "issuer_ref"});
    }
    Parameters verbatim() const {
        return leaf()
            .texts({"csr"})
            .lists({"key_usage", "ext_key_usage", "ext_key_usage_oids"})
            .integers({"signature_bits"})
            .flags({"use_pss"})
            .openbao_with(FieldType::boolean, {"basic_constraints_valid_for_non_ca"});
    }
    Parameters issued() const {
        return leaf()
            .openbao_with(FieldType::text, {"key_type"})
            .openbao_with(FieldType::integer, {"key_bits"});
    }
    Parameters ca() const {
        return any_certificate()
            .lists({"ou", "organization", "country", "locality", "province", "street_address",
                    "postal_code"})
            .durations({"not_before_duration"})
            .integers({"signature_bits"});
    }
    Parameters generated_key() const {
        return texts({"key_type", "key_name", "key_ref"}).integers({"key_bits"}).keys_elsewhere();
    }
    Parameters keys_elsewhere() const {
        return openbao_with(FieldType::text, {"external_key_ref"})
            .vault_with(FieldType::text, {"managed_key_name", "managed_key_id"});
    }
    Parameters ca_limits() const {
        return integers({"max_path_length"})
            .flags({"use_pss"})
            .lists({"permitted_dns_domains"})
            .texts({"issuer_name"})
            .openbao_with(FieldType::list, {"key_usage", "ext_key_usage", "ext_key_usage_oids"});
    }
    Parameters urls() const {
        return lists({"issuing_certificates", "crl_distribution_points", "ocsp_servers"})
            .openbao_with(FieldType::list, {"delta_crl_distribution_points"});
    }
    Parameters issuer() const {
        return urls()
            .texts({"issuer_name", "leaf_not_after_behavior", "revocation_signature_algorithm"})
            .lists({"usage", "manual_chain"})
            .flags({"enable_aia_url_templating"});
    }
    Parameters crl() const {
        return texts(
                   {"expiry", "ocsp_expiry", "auto_rebuild_grace_period", "delta_rebuild_interval"})
            .flags({"disable", "ocsp_disable", "auto_rebuild", "enable_delta"})
            .openbao_with(FieldType::boolean, {"allow_expired_cert_revocation"})
            .vault_with(FieldType::boolean, {"cross_cluster_revocation", "unified_crl",
                                             "unified_crl_on_existing_paths"});
    }
    Parameters tidy() const {
        return flags({"tidy_cert_store", "tidy_revocation_list", "tidy_revoked_certs",
                      "tidy_revoked_cert_issuer_associations", "tidy_expired_issuers",
                      "tidy_move_legacy_ca_bundle", "tidy_acme"})
            .durations({"safety_buffer", "issuer_safety_buffer", "acme_account_safety_buffer"})
            .texts({"pause_duration"})
            .vault_with(FieldType::boolean,
                        {"tidy_revocation_queue", "tidy_cross_cluster_revoked_certs"})
            .vault_with(FieldType::duration, {"revocation_queue_safety_buffer"})
            .openbao_with(FieldType::integer, {"page_size"})
            .openbao_with(FieldType::boolean, {"tidy_invalid_certs"})
            .openbao_with(FieldType::duration, {"revoked_safety_buffer"});
    }
    Parameters auto_tidy() const {
        return tidy()
            .flags({"enabled", "maintain_stored_certificate_counts",
                    "publish_stored_certificate_count_metrics"})
            .durations({"interval_duration"});
    }
    Parameters role() const {
        auto more = *this;
        more.fields_ = role_fields(product_);
        return more.texts({"backend"});
    }

  private:
    Product product_;
    bool openbao_;
    Fields fields_;
};

// Where the ACME protocol is served: by itself, under an issuer, a role, or both.
constexpr std::array<std::string_view, 4> acme_places = {"", "issuer/:issuer_ref/", "roles/:role/",
                                                         "issuer/:issuer_ref/roles/:role/"};

struct AcmePath {
    std::string_view path;
    Operation operation;
};
// Ids are UUIDs, which ":serial" takes for hex. None needs a token, but with a last slash.
constexpr std::array<AcmePath, 14> acme_paths = {{
    {"acme/directory", Operation::read},
    {"acme/new-nonce", Operation::read},
    {"acme/new-account", Operation::update},
    {"acme/account/:serial", Operation::update},
    {"acme/new-order", Operation::update},
    {"acme/orders", Operation::update},
    {"acme/order/:serial", Operation::update},
    {"acme/order/:serial/finalize", Operation::update},
    {"acme/order/:serial/cert", Operation::update},
    {"acme/authorization/:name", Operation::update},
    {"acme/authorization/:name/", Operation::update},
    {"acme/challenge/:name/:type", Operation::update},
    {"acme/challenge/:name/:type/", Operation::update},
    {"acme/revoke-cert", Operation::update},
}};

using enum Operation;
using Routes = std::vector<Route<RouteFunction>>;

Routes authorities(const Parameters& none) {
    const auto generated_root = none.ca().generated_key().ca_limits();
    const auto generated_csr = none.ca()
                                   .generated_key()
                                   .flags({"add_basic_constraints"})
                                   .openbao_with(FieldType::boolean, {"use_pss"});
    const auto signed_ca =
        none.ca().ca_limits().texts({"csr", "skid", "issuer_ref"}).flags({"use_csr_values"});
    const auto self_issued = none.texts({"certificate", "issuer_ref"})
                                 .flags({"require_matching_certificate_algorithms"});
    const auto imported = none.texts({"pem_bundle"});
    return {
        {"root/generate/:exported", {{update, generate_root}}, generated_root},
        {"issuers/generate/root/:exported", {{update, generate_root}}, generated_root},
        {"root/rotate/:exported", {{update, generate_root}}, generated_root},
        {"root/replace", {{update, write_issuers_config}}, none.texts({"default"})},
        {"root", {{remove, delete_root}}, none, Needs::sudo},
        {"root/sign-intermediate", {{update, sign_intermediate}}, signed_ca},
        {"issuer/:issuer_ref/sign-intermediate", {{update, sign_intermediate}}, signed_ca},
        {"root/sign-self-issued", {{update, sign_self_issued}}, self_issued, Needs::sudo},
        {"issuer/:issuer_ref/sign-self-issued", {{update, sign_self_issued}}, self_issued},
        {"intermediate/generate/:exported", {{update, generate_intermediate}}, generated_csr},
        {"issuers/generate/intermediate/:exported",
         {{update, generate_intermediate}},
         generated_csr},
        {"intermediate/cross-sign",
         {{update, cross_sign}},
         generated_csr.texts({"exported"}).flags({"add_basic_constraints"})},
        {"intermediate/set-signed", {{update, import_certificates}}, none.texts({"certificate"})},
        {"issuers/import/cert", {{update, import_certificates}}, imported},
        {"issuers/import/bundle", {{update, import_bundle}}, imported},
        {"config/ca", {{update, import_bundle}}, imported},
    };
}

Routes issuers(const Parameters& none) {
    const auto foreign =
        none.integers({"crl_number", "delta_crl_base_number"}).texts({"next_update", "format"});
    return {
        {"config/issuers",
         {{read, read_issuers_config}, {update, write_issuers_config}},
         none.texts({"default"}).flags({"default_follows_latest_issuer"})},
        {"issuers", {{list, list_issuers}}, none},
        {"issuers/", {{list, list_issuers}}, none, Needs::nothing},
        {"issuer/:issuer_ref",
         {{read, read_issuer},
          {update, write_issuer},
          {patch, write_issuer},
          {remove, delete_issuer}},
         none.issuer()},
        {"issuer/:issuer_ref/json", {{read, read_issuer_json}}, none, Needs::nothing},
        {"issuer/:issuer_ref/pem", {{read, read_issuer_pem}}, none, Needs::nothing},
        {"issuer/:issuer_ref/der", {{read, read_issuer_der}}, none, Needs::nothing},
        {"issuer/:issuer_ref/crl", {{read, fetch_issuer_crl}}, none, Needs::nothing},
        {"issuer/:issuer_ref/crl/pem", {{read, fetch_issuer_crl}}, none, Needs::nothing},
        {"issuer/:issuer_ref/crl/der", {{read, fetch_issuer_crl}}, none, Needs::nothing},
        {"issuer/:issuer_ref/crl/delta", {{read, fetch_issuer_crl}}, none, Needs::nothing},
        {"issuer/:issuer_ref/crl/delta/pem", {{read, fetch_issuer_crl}}, none, Needs::nothing},
        {"issuer/:issuer_ref/crl/delta/der", {{read, fetch_issuer_crl}}, none, Needs::nothing},
        {"issuer/:issuer_ref/revoke", {{update, revoke_issuer}}, none},
        {"issuer/:issuer_ref/resign-crls",
         {{update, resign_crls}},
         foreign.with(FieldType::strings, {"crls"})},
        {"issuer/:issuer_ref/sign-revocation-list",
         {{update, sign_revocation_list}},
         foreign.with(FieldType::json, {"revoked_certs", "extensions"})},
    };
}

Routes keys(const Parameters& none) {
    const auto new_key =
        none.texts({"key_name", "key_type"}).integers({"key_bits"}).keys_elsewhere();
    return {
        {"keys/?", {{list, list_keys}}, none},
        {"key/:key_ref",
         {{read, read_key}, {update, write_key}, {remove, delete_key}},
         none.texts({"key_name"})},
        {"keys/generate/internal", {{update, generate_key}}, new_key},
        {"keys/generate/exported", {{update, generate_key}}, new_key},
        {"keys/generate/kms", {{update, generate_key}}, new_key},
        {"keys/import", {{update, import_key}}, none.texts({"key_name", "pem_bundle"})},
        {"config/keys",
         {{read, read_keys_config}, {update, write_keys_config}},
         none.texts({"default"})},
    };
}

Routes signing(const Parameters& none) {
    return {
        {"roles/?", {{list, list_roles}}, none},
        {"roles/:name",
         {{read, read_role}, {update, write_role}, {patch, write_role}, {remove, delete_role}},
         none.role()},
        {"sign/:role", {{update, sign}}, none.leaf().texts({"csr"})},
        {"issuer/:issuer_ref/sign/:role", {{update, sign}}, none.leaf().texts({"csr"})},
        {"issue/:role", {{update, issue}}, none.issued()},
        {"issuer/:issuer_ref/issue/:role", {{update, issue}}, none.issued()},
        {"sign-verbatim/:role?", {{update, sign_verbatim}}, none.verbatim()},
        {"sign-verbatim/:role/?", {{update, sign_verbatim}}, none.verbatim()},
        {"sign-verbatim/:role+", {{update, sign_verbatim}}, none.verbatim()},
        {"issuer/:issuer_ref/sign-verbatim/:role?", {{update, sign_verbatim}}, none.verbatim()},
        {"issuer/:issuer_ref/sign-verbatim/:role/?", {{update, sign_verbatim}}, none.verbatim()},
        {"issuer/:issuer_ref/sign-verbatim/:role+", {{update, sign_verbatim}}, none.verbatim()},
    };
}

Routes settings(const Parameters& none) {
    return {
        {"config/urls",
         {{read, read_urls}, {update, write_urls}},
         none.urls().flags({"enable_templating"})},
        {"config/cluster",
         {{read, read_cluster}, {update, write_cluster}},
         none.texts({"path", "aia_path"})},
        {"config/acme",
         {{read, read_acme}, {update, write_acme}},
         none.flags({"allow_role_ext_key_usage", "enabled"})
             .texts({"default_directory_policy", "dns_resolver", "eab_policy"})
             .lists({"allowed_issuers", "allowed_roles"})},
        {"config/crl", {{read, read_crl_config}, {update, write_crl_config}}, none.crl()},
        {"crl/rotate", {{read, rotate_crl}}, none},
        {"crl/rotate-delta", {{read, rotate_delta_crl}}, none},
    };
}

Routes revocation(const Parameters& none) {
    return {
        {"revoke", {{update, revoke}}, none.texts({"serial_number", "certificate"})},
        {"revoke-with-key",
         {{update, revoke_with_key}},
         none.texts({"serial_number", "certificate", "private_key"})},
        {"ocsp", {{update, ocsp}}, none, Needs::nothing},
        {"ocsp/:request*", {{read, ocsp}}, none, Needs::nothing},
        {"ca", {{read, fetch_ca}}, none, Needs::nothing},
        {"ca/pem", {{read, fetch_ca_pem}}, none, Needs::nothing},
        {"ca_chain", {{read, fetch_ca_chain}}, none, Needs::nothing},
        {"crl", {{read, fetch_crl}}, none, Needs::nothing},
        {"crl/pem", {{read, fetch_crl}}, none, Needs::nothing},
        {"crl/delta", {{read, fetch_crl}}, none, Needs::nothing},
        {"crl/delta/pem", {{read, fetch_crl}}, none, Needs::nothing},
        {"cert/ca", {{read, fetch_cert_ca}}, none, Needs::nothing},
        {"cert/ca_chain", {{read, fetch_cert_ca_chain}}, none, Needs::nothing},
        {"cert/crl", {{read, fetch_cert_crl}}, none, Needs::nothing},
        {"cert/delta-crl", {{read, fetch_cert_crl}}, none, Needs::nothing},
        {"cert/:serial", {{read, fetch_certificate}}, none, Needs::nothing},
        {"cert/:serial/raw", {{read, fetch_certificate_raw}}, none, Needs::nothing},
        {"cert/:serial/raw/pem", {{read, fetch_certificate_pem}}, none, Needs::nothing},
        {"certs/?", {{list, list_certificates}}, none},
        {"certs/revoked/?", {{list, list_revoked}}, none},
    };
}

Routes tidying(const Parameters& none) {
    return {
        {"tidy", {{update, tidy}}, none.tidy()},
        {"tidy-cancel", {{update, tidy_cancel}}, none},
        {"tidy-status", {{read, read_tidy_status}}, none},
        {"config/auto-tidy", {{read, read_auto_tidy}, {update, write_auto_tidy}}, none.auto_tidy()},
    };
}

Routes acme() {
    Routes all;
    for (const auto place : acme_places) {
        for (const auto& [path, operation] : acme_paths) {
            all.push_back({std::string(place) + std::string(path),
                           {{operation, acme_is_off}},
                           {},
                           path.ends_with('/') ? Needs::token : Needs::nothing});
        }
    }
    return all;
}

// Open and not played; OpenBao dropped the unified lists and asks for a token there (row 126).
Routes open_paths(Product product) {
    Routes all;
    for (const auto* path :
         {"cert/:rest*", "unified-crl", "unified-crl/pem", "unified-ocsp", "unified-ocsp/:rest*",
          "issuer/:issuer_ref/unified-crl", "issuer/:issuer_ref/unified-crl/pem"}) {
        if (product == Product::vault || std::string_view(path).starts_with("cert/")) {
            all.push_back({path, {}, {}, Needs::nothing});
        }
    }
    return all;
}

}  // namespace

std::vector<Route<RouteFunction>> routes(Product product) {
    const Parameters none(product);
    Routes all;
    for (auto& part : {authorities(none), issuers(none), keys(none), signing(none), settings(none),
                       revocation(none), tidying(none), acme(), open_paths(product)}) {
        all.insert(all.end(), part.begin(), part.end());
    }
    return all;
}

}  // namespace meshproof::fakes::vault::pki
