#include "fakes/vault/pki/ca/issuers.hpp"

#include <algorithm>

#include "core/base/text.hpp"
#include "fakes/vault/logical/go_text.hpp"
#include "fakes/vault/pki/ground/crl.hpp"
#include "fakes/vault/pki/ground/issuer_store.hpp"
#include "fakes/vault/pki/ground/urls.hpp"
#include "fakes/vault/pki/ground/usage.hpp"

namespace meshproof::fakes::vault::pki {

namespace {

Json issuer_json(Mount& mount, const Issuer& issuer) {
    auto chain = Json::array();
    for (const auto& certificate : chain_of(mount, issuer)) {
        chain.push_back(certificate.pem());
    }
    Json data = {
        {"issuer_id", issuer.id},
        {"issuer_name", issuer.name},
        {"key_id", issuer.key_id},
        {"certificate", issuer.certificate.pem()},
        {"ca_chain", chain},
        {"manual_chain", issuer.manual_chain.empty() ? Json() : Json(issuer.manual_chain)},
        {"leaf_not_after_behavior", issuer.leaf_not_after_behavior},
        {"usage", usage_names(issuer.usage)},
        {"revocation_signature_algorithm", issuer.revocation_signature_algorithm},
        {"revoked", issuer.revoked_at.has_value()},
        {"issuing_certificates", Json::array()},
        {"crl_distribution_points", Json::array()},
        {"ocsp_servers", Json::array()},
    };
    if (mount.openbao()) {
        data["delta_crl_distribution_points"] = Json::array();
    }
    if (issuer.revoked_at) {
        data["revocation_time"] = unix_seconds(*issuer.revoked_at);
        data["revocation_time_rfc3339"] = rfc3339_nano(*issuer.revoked_at);
    }
    if (issuer.aia) {
        // Lists that were never set are null once the issuer has URLs of its own (row 83).
        auto aia = *issuer.aia;
        for (const auto& [name, urls] : lists_of(aia)) {
            if (data.contains(name)) {
                const bool never = urls->empty() && !issuer.emptied_urls.contains(name);
                data[name] = never ? Json() : Json(*urls);
            }
        }
        data["enable_aia_url_templating"] = aia.templating;
    }
    return data;
}

BackendResponse whole_issuer(Mount& mount, const Issuer& issuer) {
    auto answer = BackendResponse::with(issuer_json(mount, issuer));
    if (issuer.revocation_signature_algorithm.ends_with("PSS")) {
        answer.warnings.emplace_back(
            "Issuer uses a PSS Revocation Signature Algorithm. This algorithm will be downgraded "
            "to PKCS#1v1.5 signature scheme on OCSP responses, due to limitations in the OCSP "
            "library.");
    }
    return answer;
}

Checked<Issuer*> issuer_of_call(Mount& mount, const PkiCall& call) {
    auto found = find_issuer(mount, call.captured("issuer_ref", "default"));
    if (!found) {
        return go_error(found.error());
    }
    return *found;
}

// Go's x509.SignatureAlgorithm.String().
std::string go_word(const SignatureName& algorithm) {
    const auto bits = algorithm.digest.empty() ? "" : algorithm.digest.substr(3);
    return algorithm.key == "ed25519" ? "Ed25519"
           : algorithm.key == "mldsa" ? "ML-DSA-" + algorithm.name.substr(5)
           : algorithm.key == "ec"    ? "ECDSA-SHA" + bits
           : algorithm.pss            ? fmt::format("SHA{}-RSAPSS", bits)
                                      : fmt::format("SHA{}-RSA", bits);
}

// One body for both verbs: a write overwrites all with defaults for what it leaves out, PATCH keeps
// that (rows 84, 175).
bool changes(const PkiCall& call, std::string_view field) {
    return !call.patch() || call.fields.has(field);
}

Checked<> change_name(Mount& mount, Issuer& issuer, const PkiCall& call) {
    if (call.fields.has("issuer_name") && go_trimmed(call.fields.text("issuer_name")).empty() &&
        !call.patch()) {
        return refuse("expected non-empty issuer name");
    }
    if (changes(call, "issuer_name") &&
        go_trimmed(call.fields.text("issuer_name")) != issuer.name) {
        auto name = new_issuer_name(mount, call);
        if (!name) {
            return tl::unexpected(name.error());
        }
        issuer.name = std::move(*name);
    }
    return {};
}

Checked<> change_behavior(Issuer& issuer, const PkiCall& call) {
    if (!changes(call, "leaf_not_after_behavior")) {
        return {};
    }
    const auto word = call.fields.text("leaf_not_after_behavior", "err");
    if (word != "err" && word != "truncate" && word != "permit") {
        return refuse(
            "Unknown value for field `leaf_not_after_behavior`. Possible values are `err`, "
            "`truncate`, and `permit`.");
    }
    issuer.leaf_not_after_behavior = word;
    return {};
}

Checked<unsigned> requested_usage(const PkiCall& call) {
    if (!call.fields.has("usage")) {
        return every_usage;
    }
    const auto names = call.fields.list("usage");
    const auto usage = parse_usage(names);
    if (!usage) {
        return refuse(fmt::format("Unable to parse specified usages: [{}] - valid values are {}",
                                  join(names, " "), usage_names(every_usage)));
    }
    return *usage;
}

Checked<std::optional<SignatureName>> requested_algorithm(const Mount& mount, const PkiCall& call) {
    const auto name = call.fields.text("revocation_signature_algorithm");
    const auto algorithm = parse_signature_name(name);
    const auto has = [&](const SignatureName& one) {
        return mount.openbao() || one.key != "mldsa";
    };
    if (!name.empty() && (!algorithm || !has(*algorithm))) {
        std::vector<std::string> known;
        for (const auto& one : signature_names()) {
            if (has(one)) {
                known.push_back(lower(one.name));
            }
        }
        return refuse(fmt::format("Unknown signature algorithm value: 0 - valid values are {}",
                                  join(known, ", ")));
    }
    return algorithm;
}

Checked<> change_urls(const Mount& mount, Issuer& issuer, const PkiCall& call) {
    auto aia = issuer.aia.value_or(AiaUrls{});
    take_url_lists(call, !call.patch(), aia);
    if (changes(call, "enable_aia_url_templating")) {
        aia.templating = call.fields.boolean("enable_aia_url_templating");
    }
    if (auto urls = check_urls(mount, aia); !urls) {
        return urls;
    }
    if (!issuer.aia && !call.patch()) {  // a write never sets them with the first URLs of an issuer
        aia.delta_crl_distribution_points.clear();
    }
    auto before = issuer.aia.value_or(AiaUrls{});
    const auto old_lists = lists_of(before), new_lists = lists_of(aia);
    for (std::size_t i = 0; i < new_lists.size(); ++i) {
        if (new_lists[i].second->empty() && !old_lists[i].second->empty()) {
            issuer.emptied_urls.emplace(new_lists[i].first);
        }
    }
    if (aia.empty()) {
        issuer.emptied_urls.clear();
    }
    issuer.aia = aia.empty() ? std::nullopt : std::optional(aia);
    return {};
}

Checked<> change_usage(Issuer& issuer, unsigned usage) {
    if (issuer.revoked_at && (usage & issuing_certificates) != 0) {
        return refuse(
            "This issuer was revoked; unable to modify its usage to include certificate signing "
            "again. Reissue this certificate (preferably with a new key) and modify that entry "
            "instead.");
    }
    if ((usage & crl_signing) != 0 &&
        (issuer.certificate.key_usage().value_or(0) & crypto::crl_sign) == 0) {
        return refuse(
            "This issuer's underlying certificate lacks the CRLSign KeyUsage value; unable to set "
            "CRLSigningUsage on this issuer as a result.");
    }
    issuer.usage = usage;
    return {};
}

Checked<> change_algorithm(Issuer& issuer, const std::optional<SignatureName>& algorithm) {
    const auto key = issuer.certificate.public_key().algorithm();
    if (algorithm && algorithm->key != key) {
        return go_error(fmt::format("unable to use issuer of type {} to sign with {} key type",
                                    key == "rsa"  ? "RSA"
                                    : key == "ec" ? "ECDSA"
                                                  : "Ed25519",
                                    go_word(*algorithm)));
    }
    issuer.revocation_signature_algorithm = !algorithm                    ? ""
                                            : algorithm->key == "ed25519" ? "Ed25519"
                                                                          : algorithm->name;
    return {};
}

Checked<> change_chain(Mount& mount, Issuer& issuer, const std::vector<std::string>& references) {
    std::vector<std::string> chain;
    for (const auto& reference : references) {
        const auto found =
            find_issuer(mount, chain.empty() && reference == "self" ? issuer.id : reference);
        if (!found) {
            return go_error(found.error());
        }
        if (chain.empty() && (*found)->id != issuer.id) {
            return refuse(
                fmt::format("expected first cert in chain to be a self-reference, but was: {}/{}",
                            reference, (*found)->id));
        }
        chain.push_back((*found)->id);
    }
    issuer.manual_chain = std::move(chain);
    return {};
}

Checked<> change_issuer(Mount& mount, Issuer& issuer, const PkiCall& call) {
    auto changed = issuer;
    if (auto name = change_name(mount, changed, call); !name) {
        return name;
    }
    if (auto behavior = change_behavior(changed, call); !behavior) {
        return behavior;
    }
    // First whether anything can be read, then whether it fits this issuer.
    const auto usage = requested_usage(call);
    if (!usage) {
        return tl::unexpected(usage.error());
    }
    const auto algorithm = requested_algorithm(mount, call);
    if (!algorithm) {
        return tl::unexpected(algorithm.error());
    }
    if (auto urls = change_urls(mount, changed, call); !urls) {
        return urls;
    }
    if (changes(call, "usage")) {
        if (auto fits = change_usage(changed, *usage); !fits) {
            return fits;
        }
    }
    if (changes(call, "revocation_signature_algorithm")) {
        if (auto fits = change_algorithm(changed, *algorithm); !fits) {
            return fits;
        }
    }
    if (changes(call, "manual_chain")) {
        if (auto chain = change_chain(mount, changed, call.fields.list("manual_chain")); !chain) {
            return chain;
        }
    }
    issuer = std::move(changed);
    return {};
}

// Roles that named a removed issuer, or the default that is no more (row 85).
void warn_of_roles(const Mount& mount, const std::string& name, BackendResponse& answer) {
    const auto count = std::count_if(mount.roles.begin(), mount.roles.end(), [&](const auto& role) {
        return role.second.issuer_ref == name;
    });
    if (!name.empty() && count > 0) {
        answer.warnings.push_back(fmt::format("{} roles reference {}", count, name));
    }
}

}  // namespace

BackendResponse list_issuers(Mount& mount, const PkiCall&) {
    std::vector<std::string> keys;
    Json info = Json::object();
    for (const auto& issuer : mount.issuers) {
        keys.push_back(issuer.id);
        info[issuer.id] = {{"issuer_name", issuer.name},
                           {"is_default", issuer.id == mount.default_issuer},
                           {"key_id", issuer.key_id},
                           {"serial_number", issuer.certificate.serial()}};
    }
    std::ranges::sort(keys);
    auto answer = list_answer(keys);
    if (!keys.empty()) {
        answer.data["key_info"] = std::move(info);
    }
    return answer;
}

BackendResponse read_issuer(Mount& mount, const PkiCall& call) {
    const auto issuer = issuer_of_call(mount, call);
    return issuer ? whole_issuer(mount, **issuer) : issuer.error();
}

BackendResponse write_issuer(Mount& mount, const PkiCall& call) {
    const auto issuer = issuer_of_call(mount, call);
    if (!issuer) {
        return issuer.error();
    }
    const auto old_name = (*issuer)->name;
    if (auto changed = change_issuer(mount, **issuer, call); !changed) {
        return changed.error();
    }
    (*issuer)->changed_at = call.now();
    auto answer = whole_issuer(mount, **issuer);
    if ((*issuer)->aia) {
        if (const auto warning = template_warning(mount, *(*issuer)->aia, (*issuer)->id)) {
            answer.warnings.push_back(*warning);
        }
    }
    if (old_name != (*issuer)->name) {
        warn_of_roles(mount, old_name, answer);
    }
    return answer;
}

BackendResponse delete_issuer(Mount& mount, const PkiCall& call) {
    const auto reference = call.captured("issuer_ref");
    auto answer = BackendResponse::with(Json());
    const auto found = find_issuer(mount, reference);
    if (!found) {
        return answer;
    }
    const auto issuer = **found;
    if (const auto* key = mount.key(issuer.key_id)) {
        mount.saboteur_memory.removed_ca = RemovedCa{issuer, *key};
    }
    warn_of_roles(mount, issuer.name, answer);
    warn_of_roles(mount, issuer.id, answer);
    if (issuer.id == mount.default_issuer) {
        mount.default_issuer.clear();
        answer.warnings.push_back(fmt::format(
            "Deleted issuer {} (via issuer_ref {}); this was configured as the default issuer. "
            "Operations without an explicit issuer will not work until a new default is "
            "configured.",
            issuer.id, reference));
        warn_of_roles(mount, "default", answer);
    }
    std::erase_if(mount.issuers, [&](const auto& one) { return one.id == issuer.id; });
    if (mount.openbao()) {  // Vault leaves the CRLs of the others as they are
        rebuild_crls(mount, call.now());
        for (auto& warning : crl_warnings(mount)) {
            answer.warnings.push_back(std::move(warning));
        }
    }
    return answer;
}

BackendResponse read_issuer_json(Mount& mount, const PkiCall& call) {
    const auto issuer = issuer_of_call(mount, call);
    if (!issuer) {
        return issuer.error();
    }
    const auto all = issuer_json(mount, **issuer);
    return BackendResponse::with({{"issuer_id", all["issuer_id"]},
                                  {"issuer_name", all["issuer_name"]},
                                  {"certificate", all["certificate"]},
                                  {"ca_chain", all["ca_chain"]}});
}

BackendResponse read_issuer_pem(Mount& mount, const PkiCall& call) {
    const auto issuer = issuer_of_call(mount, call);
    return issuer ? raw_answer("application/pem-certificate-chain", (*issuer)->certificate.pem())
                  : issuer.error();
}

BackendResponse read_issuer_der(Mount& mount, const PkiCall& call) {
    const auto issuer = issuer_of_call(mount, call);
    return issuer ? raw_answer("application/pkix-cert", (*issuer)->certificate.der())
                  : issuer.error();
}

BackendResponse read_issuers_config(Mount& mount, const PkiCall&) {
    return BackendResponse::with(
        {{"default", mount.default_issuer},
         {"default_follows_latest_issuer", mount.default_follows_latest_issuer}});
}

BackendResponse write_issuers_config(Mount& mount, const PkiCall& call) {
    // root/replace takes the issuer called "next" where none is named (row 177).
    const bool replace = call.request.path == "root/replace";
    const auto reference = call.fields.text("default", replace ? "next" : "");
    if (reference.empty() || reference == "default") {
        return BackendResponse::error(
            "Invalid issuer specification; must be non-empty and can't be 'default'.");
    }
    const auto found = find_issuer(mount, reference);
    if (!found) {
        return BackendResponse::error("Error resolving issuer reference: " + found.error());
    }
    mount.default_issuer = (*found)->id;
    if (!replace) {
        mount.default_follows_latest_issuer = call.fields.boolean(
            "default_follows_latest_issuer", mount.default_follows_latest_issuer);
    }
    auto answer = read_issuers_config(mount, call);
    if ((*found)->key_id.empty()) {
        answer.warnings.emplace_back(
            "This selected default issuer has no key associated with it. Some operations like "
            "issuing certificates and signing CRLs will be unavailable with the requested default "
            "issuer until a key is imported or the default issuer is changed.");
    }
    return answer;
}

}  // namespace meshproof::fakes::vault::pki
