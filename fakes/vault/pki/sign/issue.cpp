#include "fakes/vault/pki/sign/issue.hpp"

#include "core/base/text.hpp"
#include "fakes/vault/pki/ground/key_types.hpp"
#include "fakes/vault/pki/ground/pem.hpp"
#include "fakes/vault/pki/sign/certify.hpp"
#include "fakes/vault/pki/sign/csr.hpp"
#include "fakes/vault/pki/sign/templates.hpp"

namespace meshproof::fakes::vault::pki {

namespace {

// The issuer in the path wins over the role's (row 124).
std::string issuer_reference(const Role& role, const PkiCall& call) {
    return call.captured("issuer_ref", role.issuer_ref);
}

Checked<const Role*> role_of(const Mount& mount, const PkiCall& call) {
    const auto name = call.captured("role");
    const auto role = mount.roles.find(name);
    if (role == mount.roles.end()) {
        return refuse("unknown role: " + name);
    }
    return &role->second;
}

// Certificate, chain and, where it was made here, the key, as `format` asks.
Json leaf_data(Mount& mount, const Order& order, const crypto::Certificate& certificate,
               const std::string& format) {
    const auto& fields = order.call.fields;
    auto chain = chain_of(mount, *order.ca->issuer);
    if (fields.boolean("remove_roots_from_chain")) {
        std::erase_if(chain, [](const auto& one) { return one.self_signed(); });
    }
    Json data = {{"certificate", certificate_text(certificate, format)},
                 {"issuing_ca", certificate_text(order.ca->issuer->certificate, format)},
                 {"serial_number", certificate.serial()},
                 {"expiration", unix_seconds(certificate.not_after())}};
    if (mount.openbao()) {
        data["not_before"] = unix_seconds(certificate.not_before());
    }
    const auto texts = certificate_texts(chain, format);
    if (!texts.empty()) {
        data["ca_chain"] = texts;
    }
    std::vector<std::string> bundle;
    if (order.generated) {
        const auto key =
            private_key_text(*order.generated, format, fields.text("private_key_format", "der"));
        data["private_key"] = key.text;
        data["private_key_type"] = key.type;
        bundle.push_back(private_key_text(*order.generated, format, "").text);
    }
    if (format == "pem_bundle") {
        bundle.push_back(data["certificate"]);
        bundle.insert(bundle.end(), texts.begin(), texts.end());
        data["certificate"] = join(bundle, "\n");
    }
    return data;
}

// What the role takes from the CSR although the request says otherwise.
void warn_of_ignored_names(std::vector<std::string>& warnings, const Role& role,
                           const PkiCall& call) {
    if (role.use_csr_common_name && !call.fields.text("common_name").empty()) {
        warnings.emplace_back(
            "the common_name field was provided but the role is set with "
            "\"use_csr_common_name\" set to true");
    }
    if (role.use_csr_sans && !call.fields.text("alt_names").empty()) {
        warnings.emplace_back(
            "the alt_names field was provided but the role is set with \"use_csr_sans\" set "
            "to true");
    }
}

BackendResponse answer_leaf(Mount& mount, const Order& order, const Certified& made,
                            const std::string& format) {
    const auto& certificate = made.certificate;
    const auto serial = certificate.serial();
    std::vector<std::string> warnings;
    if (order.csr != nullptr) {
        warn_of_ignored_names(warnings, order.role, order.call);
    }
    warnings.insert(warnings.end(), made.warnings.begin(), made.warnings.end());
    auto answer =
        BackendResponse::with(leaf_data(mount, order, certificate, format), std::move(warnings));
    if (order.role.generate_lease && !order.role.no_store) {
        // A leaf that is over has a lease all the same, of the usual length.
        const auto life = certificate.not_after() - order.call.now();
        answer.lease =
            LeaseGrant{life > Duration{} ? life : order.call.request.mount.default_lease_ttl,
                       false,
                       {{"serial_number", serial}}};
    }
    if (!order.role.no_store) {
        mount.certificates[serial] = certificate;
    }
    return answer;
}

// Who signs, and in which form it is answered.
struct Signing {
    SigningCa ca;
    std::string format;
};

// Row 103: only OpenBao looks for the issuer first.
Checked<Signing> signing_of(Mount& mount, const PkiCall& call, const Role& role) {
    const auto format = format_of(call);
    if (!format && !mount.openbao()) {
        return tl::unexpected(format.error());
    }
    const auto ca = signing_ca(mount, issuer_reference(role, call));
    if (!ca) {
        return tl::unexpected(ca.error());
    }
    if (!format) {
        return tl::unexpected(format.error());
    }
    return Signing{*ca, *format};
}

BackendResponse sign_csr(Mount& mount, const PkiCall& call, const Role& role, Making kind) {
    const auto signing = signing_of(mount, call, role);
    if (!signing) {
        return signing.error();
    }
    const auto csr = csr_of(mount, call);
    if (!csr) {
        return csr.error();
    }
    if (auto key = check_csr_key(role, csr->public_key()); !key) {
        return key.error();
    }
    const Order order{.kind = kind, .role = role, .call = call, .ca = signing->ca, .csr = &*csr};
    auto made = certify(mount, order);
    return made ? answer_leaf(mount, order, *made, signing->format) : made.error();
}

// key_type and key_bits of the request count only where the role leaves the type open (row 122).
Checked<bool> settle_issued_key(const Mount& mount, const PkiCall& call, Role& role) {
    const bool given = call.fields.has("key_type") || call.fields.has("key_bits");
    if (role.key_type != "any") {
        return given;
    }
    if (!call.fields.has("key_type")) {
        return refuse(std::string("role key type \"any\" not allowed for issuing certificates") +
                      (mount.openbao()
                           ? " without providing key_type and/or key_bits request parameters"
                           : ", only signing"));
    }
    role.key_type = call.fields.text("key_type");
    role.key_bits = call.fields.integer("key_bits");
    if (role.key_type == "any" || is_largest_rsa(role.key_type, role.key_bits)) {
        return false;
    }
    if (const auto type = key_type_of(role.key_type, role.key_bits); !type) {
        return go_error("failed to validate role: " + type.error().text);
    }
    return false;
}

}  // namespace

BackendResponse sign(Mount& mount, const PkiCall& call) {
    const auto role = role_of(mount, call);
    if (!role) {
        return role.error();
    }
    if (has_templates(**role)) {
        return sign_csr(mount, call, filled_in_for(mount, **role, call), Making::leaf);
    }
    return sign_csr(mount, call, **role, Making::leaf);
}

BackendResponse issue(Mount& mount, const PkiCall& call) {
    const auto known = role_of(mount, call);
    if (!known) {
        return known.error();
    }
    auto role = has_templates(**known) ? filled_in_for(mount, **known, call) : **known;
    const auto ignored_key = settle_issued_key(mount, call, role);
    if (!ignored_key) {
        return ignored_key.error();
    }
    const auto signing = signing_of(mount, call, role);
    if (!signing) {
        return signing.error();
    }
    // Of no type, it fails when the rest was looked at with another.
    const bool no_type = role.key_type == "any";
    const auto type = no_type ? crypto::KeyType::p256 : key_type_of(role.key_type, role.key_bits);
    if (!type) {
        return type.error();
    }
    const Order order{.role = role,
                      .call = call,
                      .ca = signing->ca,
                      .generated = crypto::Key::generate(*type),
                      .keyless = no_type};
    auto made = certify(mount, order);
    if (!made) {
        return made.error();
    }
    auto answer = answer_leaf(mount, order, *made, signing->format);
    if (*ignored_key) {
        answer.warnings.emplace_back(
            "parameters key_type and key_bits ignored as role had specific values");
    }
    return answer;
}

BackendResponse sign_verbatim(Mount& mount, const PkiCall& call) {
    auto role = permissive_role();
    role.issuer_ref = given_reference(call, "issuer_ref");
    if (!call.captured("role").empty()) {
        const auto lender = role_of(mount, call);
        if (!lender) {
            return lender.error();
        }
        role.ttl = (*lender)->ttl;
        role.max_ttl = (*lender)->max_ttl;
        role.no_store = (*lender)->no_store;
        role.generate_lease = (*lender)->generate_lease;
        role.issuer_ref = (*lender)->issuer_ref;
        role.not_before_duration = (*lender)->not_before_duration;
        role.basic_constraints_valid_for_non_ca =
            mount.openbao() && (*lender)->basic_constraints_valid_for_non_ca;
    } else if (issuer_reference(role, call).empty()) {
        constexpr auto missing = "missing issuer reference";
        return mount.openbao() ? BackendResponse::go_error(missing)
                               : BackendResponse::error(missing);
    }
    if (call.fields.has("key_usage")) {
        role.key_usage = call.fields.list("key_usage");
    }
    // Only OpenBao knows this parameter, which counts more than the role's.
    role.basic_constraints_valid_for_non_ca = call.fields.boolean(
        "basic_constraints_valid_for_non_ca", role.basic_constraints_valid_for_non_ca);
    role.ext_key_usage = call.fields.list("ext_key_usage");
    role.ext_key_usage_oids = call.fields.list("ext_key_usage_oids");
    role.signature_bits = call.fields.integer("signature_bits");
    role.use_pss = call.fields.boolean("use_pss");
    return sign_csr(mount, call, role, Making::verbatim);
}

}  // namespace meshproof::fakes::vault::pki
