#include "fakes/vault/pki/sign/issue.hpp"

#include <boost/algorithm/string/case_conv.hpp>

#include "core/base/text.hpp"
#include "fakes/vault/pki/ground/key_types.hpp"
#include "fakes/vault/pki/ground/pem.hpp"
#include "fakes/vault/pki/sign/certify.hpp"
#include "fakes/vault/pki/sign/csr.hpp"
#include "fakes/vault/pki/sign/names.hpp"
#include "fakes/vault/pki/sign/ttl.hpp"

namespace meshproof::fakes::vault::pki {

namespace {

// The issuer in the path wins over the role's (row 124).
std::string issuer_reference(const Mount& mount, const Role& role, const Call& call) {
    const auto of_the_role =
        mount.defect("pki/ignore-issuer-of-the-role") ? "default" : role.issuer_ref;
    return mount.defect("pki/ignore-issuer-of-the-path") ? of_the_role
                                                         : call.captured("issuer_ref", of_the_role);
}

Checked<Role> role_of(const Mount& mount, const Call& call) {
    const auto name = call.captured("role");
    const auto role = mount.roles.find(name);
    if (role == mount.roles.end()) {
        return tl::unexpected(BackendResponse::error(
            "unknown role: " + name, mount.defect("pki/unknown-role-is-404") ? 404 : 400));
    }
    return role->second;
}

BackendResponse answer_leaf(Mount& mount, const Order& order, Certified made,
                            const std::string& format) {
    const auto& call = order.call;
    const auto& certificate = made.certificate;
    auto chain = chain_of(mount, *order.ca->issuer);
    if (call.fields.boolean("remove_roots_from_chain")) {
        std::erase_if(chain, [](const auto& one) { return one.self_signed(); });
    }
    const auto serial = certificate.serial();
    const auto final_newline = mount.defect("pki/certificate-ends-with-a-newline") ? "\n" : "";
    const auto& issuing_ca =
        mount.defect("pki/issuing-ca-is-the-leaf") ? certificate : order.ca->issuer->certificate;
    Json data = {
        {"certificate", certificate_text(certificate, format) + final_newline},
        {"issuing_ca", certificate_text(issuing_ca, format)},
        {"serial_number",
         mount.defect("pki/serial-number-in-capitals") ? boost::to_upper_copy(serial) : serial},
        {"expiration", unix_seconds(certificate.not_after())}};
    if (mount.openbao()) {
        data["not_before"] = unix_seconds(certificate.not_before());
    }
    if (mount.defect("pki/sign-answers-a-key-type")) {
        data["private_key_type"] = "ec";
    }
    if (mount.defect("pki/expiration-a-minute-early")) {
        data["expiration"] = unix_seconds(certificate.not_after()) - 60;
    }
    const auto texts =
        certificate_texts(chain, mount.defect("pki/chain-is-always-pem") ? "pem" : format);
    if (!texts.empty() || mount.defect("pki/empty-chain-is-listed")) {
        data["ca_chain"] = texts;
    }
    std::vector<std::string> bundle;
    if (order.generated) {
        auto key_format = call.fields.text("private_key_format", "der");
        if (mount.defect("pki/issue-always-answers-pkcs8")) {
            key_format = "pkcs8";
        } else if (mount.defect("pki/ignore-private-key-format")) {
            key_format = "der";
        }
        const auto key = private_key_text(*order.generated, format, key_format);
        data["private_key"] = key.text;
        if (!mount.defect("pki/issue-answers-no-key-type")) {
            data["private_key_type"] = key.type;
        }
        if (!mount.defect("pki/bundle-without-the-key")) {
            bundle.push_back(private_key_text(*order.generated, format, "").text);
        }
    }
    if (format == "pem_bundle") {
        bundle.push_back(data["certificate"]);
        if (!mount.defect("pki/bundle-without-the-chain")) {
            bundle.insert(bundle.end(), texts.begin(), texts.end());
        }
        data["certificate"] = join(bundle, "\n");
    }

    auto answer = BackendResponse::with(std::move(data), std::move(made.warnings));
    if ((order.role.generate_lease && !order.role.no_store) || mount.defect("pki/always-lease")) {
        const Duration duration = mount.defect("pki/lease-of-a-minute")
                                      ? Duration(std::chrono::minutes(1))
                                      : certificate.not_after() - call.now();
        answer.lease = LeaseGrant{duration, false, {{"serial_number", serial}}};
    }
    if (!order.role.no_store || mount.defect("pki/ignore-no-store")) {
        mount.certificates[serial] = certificate;
    }
    if (order.csr != nullptr) {
        if (order.role.use_csr_common_name && !call.fields.text("common_name").empty() &&
            !mount.defect("pki/no-warning-of-common-name")) {
            answer.warnings.emplace_back(
                "the common_name field was provided but the role is set with "
                "\"use_csr_common_name\" set to true");
        }
        if (order.role.use_csr_sans && !call.fields.text("alt_names").empty() &&
            !mount.defect("pki/no-warning-of-alt-names")) {
            answer.warnings.emplace_back(
                "the alt_names field was provided but the role is set with \"use_csr_sans\" set "
                "to true");
        }
    }
    return answer;
}

BackendResponse sign_csr(Mount& mount, const Call& call, const Role& role, Making kind) {
    if (mount.defect("pki/csr-before-issuer") && !csr_of(mount, call)) {
        return csr_of(mount, call).error();
    }
    const auto format =
        mount.defect("pki/any-format-is-pem") ? Checked<std::string>("pem") : format_of(call);
    // Row 103: only OpenBao looks for the issuer first.
    if (!format && !mount.openbao()) {
        return format.error();
    }
    const auto ca = signing_ca(mount, issuer_reference(mount, role, call));
    if (!ca) {
        return ca.error();
    }
    if (mount.defect("pki/csr-before-format") && !csr_of(mount, call)) {
        return csr_of(mount, call).error();
    }
    if (!format) {
        return format.error();
    }
    if (mount.defect("pki/times-before-csr")) {
        if (const auto times = validity(mount, role, call, std::nullopt, NotBefore::read); !times) {
            return times.error();
        }
    }
    const auto csr = csr_of(mount, call);
    if (!csr) {
        return csr.error();
    }
    if (mount.defect("pki/names-before-key")) {
        if (const auto names = requested_names(mount, role, call, &*csr); !names) {
            return names.error();
        }
    }
    if (auto key = check_csr_key(mount, role, csr->public_key()); !key) {
        return key.error();
    }
    const Order order{.kind = kind, .role = role, .call = call, .ca = *ca, .csr = &*csr};
    auto made = certify(mount, order);
    return made ? answer_leaf(mount, order, std::move(*made), *format) : made.error();
}

// key_type and key_bits of the request count only where the role leaves the type open (row 122).
Checked<bool> settle_issued_key(const Mount& mount, const Call& call, Role& role) {
    const bool given = call.fields.has("key_type") || call.fields.has("key_bits");
    if (role.key_type != "any") {
        return given;
    }
    if (!call.fields.has("key_type") && mount.defect("pki/issue-for-any-type")) {
        role.key_type = "ec";
        return false;
    }
    if (!call.fields.has("key_type")) {
        return refuse(std::string("role key type \"any\" not allowed for issuing certificates") +
                      (mount.openbao()
                           ? " without providing key_type and/or key_bits request parameters"
                           : ", only signing"));
    }
    role.key_type = call.fields.text("key_type");
    role.key_bits =
        mount.defect("pki/issue-ignores-key-bits") ? 0 : call.fields.integer("key_bits");
    if (const auto type = key_type_of(role.key_type, role.key_bits); !type) {
        return go_error("failed to validate role: " + type.error().text);
    }
    return false;
}

}  // namespace

BackendResponse sign(Mount& mount, const Call& call) {
    if (mount.defect("pki/issuer-before-role") && !signing_ca(mount, "default")) {
        return signing_ca(mount, "default").error();
    }
    const auto role = role_of(mount, call);
    return role ? sign_csr(mount, call, *role, Making::leaf) : role.error();
}

BackendResponse issue(Mount& mount, const Call& call) {
    auto role = role_of(mount, call);
    if (!role) {
        return role.error();
    }
    const auto ignored_key = settle_issued_key(mount, call, *role);
    if (!ignored_key) {
        return ignored_key.error();
    }
    const auto format = format_of(call);
    if (!format && !mount.openbao()) {
        return format.error();
    }
    const auto ca = signing_ca(mount, issuer_reference(mount, *role, call));
    if (!ca) {
        return ca.error();
    }
    if (!format) {
        return format.error();
    }
    const auto type = key_type_of(role->key_type, role->key_bits);
    if (!type) {
        return type.error();
    }
    const Order order{
        .role = *role, .call = call, .ca = *ca, .generated = crypto::Key::generate(*type)};
    auto made = certify(mount, order);
    if (!made) {
        return made.error();
    }
    auto answer = answer_leaf(mount, order, std::move(*made), *format);
    if (*ignored_key && !mount.defect("pki/no-warning-of-key-type")) {
        answer.warnings.emplace_back(
            "parameters key_type and key_bits ignored as role had specific values");
    }
    return answer;
}

BackendResponse sign_verbatim(Mount& mount, const Call& call) {
    auto role = permissive_role();
    role.issuer_ref = call.fields.text("issuer_ref", "default");
    if (!call.captured("role").empty()) {
        const auto lender = role_of(mount, call);
        if (!lender) {
            return lender.error();
        }
        if (!mount.defect("pki/verbatim-with-its-own-ttl")) {
            role.ttl = lender->ttl;
            role.max_ttl = lender->max_ttl;
        }
        role.no_store = lender->no_store && !mount.defect("pki/verbatim-always-stores");
        role.generate_lease = lender->generate_lease && !mount.defect("pki/verbatim-never-leases");
        role.issuer_ref = lender->issuer_ref;
        role.not_before_duration = lender->not_before_duration;
    }
    if (call.fields.has("key_usage")) {
        role.key_usage = call.fields.list("key_usage");
    }
    role.server_flag = mount.defect("pki/verbatim-with-purposes");
    role.ext_key_usage = call.fields.list("ext_key_usage");
    role.ext_key_usage_oids = call.fields.list("ext_key_usage_oids");
    role.signature_bits = call.fields.integer("signature_bits");
    role.use_pss = call.fields.boolean("use_pss");
    return sign_csr(mount, call, role, Making::verbatim);
}

}  // namespace meshproof::fakes::vault::pki
