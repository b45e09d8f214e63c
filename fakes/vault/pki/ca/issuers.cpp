#include "fakes/vault/pki/ca/issuers.hpp"

#include <algorithm>

#include "core/base/text.hpp"
#include "core/http/message.hpp"
#include "fakes/vault/pki/ground/crl.hpp"
#include "fakes/vault/pki/ground/pem.hpp"
#include "fakes/vault/pki/ground/uri.hpp"
#include "fakes/vault/pki/ground/usage.hpp"
#include "fakes/vault/pki/handlers.hpp"

namespace meshproof::fakes::vault::pki {

namespace {

std::string issuer_label(const Issuer& issuer) {
    return issuer.name.empty() ? "id:" + issuer.id
                               : fmt::format("id:{} / name:{}", issuer.id, issuer.name);
}

// What the defect "pki/sign-after-issuer-deleted" goes on signing with.
std::optional<SigningCa> removed_ca(const Mount& mount) {
    if (!mount.defect("pki/sign-after-issuer-deleted") || !mount.removed_issuer ||
        !mount.removed_issuer_key) {
        return std::nullopt;
    }
    return SigningCa{&*mount.removed_issuer, &*mount.removed_issuer_key};
}

void replace_all(std::string& text, std::string_view what, const std::string& with) {
    for (auto at = text.find(what); at != std::string::npos;
         at = text.find(what, at + with.size())) {
        text.replace(at, what.size(), with);
    }
}

Json issuer_json(Mount& mount, const Issuer& issuer) {
    auto chain = Json::array();
    for (const auto& certificate : chain_of(mount, issuer)) {
        chain.push_back(certificate.pem());
    }
    const auto pem = issuer.certificate.pem();
    Json data = {
        {"issuer_id", issuer.id},
        {"issuer_name", issuer.name},
        {"key_id", issuer.key_id},
        {"certificate",
         mount.defect("pki/issuer-pem-without-newline") ? pem_text(issuer.certificate) : pem},
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
        const auto list = [&](const std::vector<std::string>& urls) {
            return urls.empty() && !mount.defect("pki/unset-issuer-urls-are-empty") ? Json()
                                                                                    : Json(urls);
        };
        data["issuing_certificates"] = list(issuer.aia->issuing_certificates);
        data["crl_distribution_points"] = list(issuer.aia->crl_distribution_points);
        data["ocsp_servers"] = list(issuer.aia->ocsp_servers);
        data["enable_aia_url_templating"] = issuer.aia->templating;
        if (mount.openbao()) {
            data["delta_crl_distribution_points"] = list(issuer.aia->delta_crl_distribution_points);
        }
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

Checked<Issuer*> issuer_of_call(Mount& mount, const Call& call) {
    auto found = find_issuer(mount, call.captured("issuer_ref", "default"));
    if (!found && mount.defect("pki/unknown-issuer-is-404")) {
        return tl::unexpected(not_found());
    }
    if (!found) {
        return go_error(found.error());
    }
    return *found;
}

// Go's x509.SignatureAlgorithm.String().
std::string go_word(const SignatureName& algorithm) {
    const auto bits = algorithm.digest.empty() ? "" : algorithm.digest.substr(3);
    return algorithm.key == "ed25519" ? "Ed25519"
           : algorithm.key == "ec"    ? "ECDSA-SHA" + bits
           : algorithm.pss            ? fmt::format("SHA{}-RSAPSS", bits)
                                      : fmt::format("SHA{}-RSA", bits);
}

Checked<> change_usage(Issuer& issuer, const std::vector<std::string>& names) {
    const auto usage = parse_usage(names);
    if (!usage) {
        return refuse(fmt::format("Unable to parse specified usages: [{}] - valid values are {}",
                                  join(names, " "), usage_names(every_usage)));
    }
    if (issuer.revoked_at && (*usage & issuing_certificates) != 0) {
        return refuse(
            "This issuer was revoked; unable to modify its usage to include certificate signing "
            "again. Reissue this certificate (preferably with a new key) and modify that entry "
            "instead.");
    }
    if ((*usage & crl_signing) != 0 &&
        (issuer.certificate.key_usage().value_or(0) & crypto::crl_sign) == 0) {
        return refuse(
            "This issuer's underlying certificate lacks the CRLSign KeyUsage value; unable to set "
            "CRLSigningUsage on this issuer as a result.");
    }
    issuer.usage = *usage;
    return {};
}

Checked<> change_algorithm(Issuer& issuer, const std::string& name) {
    const auto algorithm = parse_signature_name(name);
    if (!algorithm && !name.empty()) {
        std::vector<std::string> known;
        for (const auto& one : signature_names()) {
            known.push_back(lower(one.name));
        }
        return refuse(fmt::format("Unknown signature algorithm value: 0 - valid values are {}",
                                  join(known, ", ")));
    }
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

// One body for both verbs: a write overwrites all with defaults for what it leaves out, PATCH keeps
// that (rows 84, 175).
Checked<> change_issuer(Mount& mount, Issuer& issuer, const Call& call) {
    const auto changes = [&](std::string_view field) {
        const bool overwrites = !call.patch() ? !mount.defect("pki/issuer-write-merges")
                                              : mount.defect("pki/issuer-patch-overwrites");
        return overwrites || call.fields.has(field);
    };
    auto changed = issuer;
    if (call.fields.has("issuer_name") && call.fields.text("issuer_name").empty() &&
        !call.patch()) {
        return refuse("expected non-empty issuer name");
    }
    if (changes("issuer_name") && call.fields.text("issuer_name") != issuer.name) {
        auto name = new_issuer_name(mount, call);
        if (!name) {
            return tl::unexpected(name.error());
        }
        changed.name = std::move(*name);
    }
    if (changes("leaf_not_after_behavior")) {
        changed.leaf_not_after_behavior = call.fields.text("leaf_not_after_behavior", "err");
        if (const auto& word = changed.leaf_not_after_behavior;
            word != "err" && word != "truncate" && word != "permit") {
            return refuse(
                "Unknown value for field `leaf_not_after_behavior`. Possible values are `err`, "
                "`truncate`, and `permit`.");
        }
    }
    // First whether anything can be read, then whether it fits this issuer.
    if (const auto names = call.fields.list("usage");
        !parse_usage(names) && !mount.defect("pki/any-usage")) {
        return change_usage(changed, names);
    }
    if (const auto name = call.fields.text("revocation_signature_algorithm");
        !name.empty() && !parse_signature_name(name)) {
        return change_algorithm(changed, name);
    }
    auto aia = issuer.aia.value_or(AiaUrls{});
    const auto take = [&](std::string_view field, std::vector<std::string>& urls) {
        if (changes(field)) {
            urls = call.fields.list(field);
        }
    };
    take("issuing_certificates", aia.issuing_certificates);
    take("crl_distribution_points", aia.crl_distribution_points);
    take("delta_crl_distribution_points", aia.delta_crl_distribution_points);
    take("ocsp_servers", aia.ocsp_servers);
    if (changes("enable_aia_url_templating")) {
        aia.templating = call.fields.boolean("enable_aia_url_templating");
    }
    if (auto urls = check_urls(mount, aia); !urls) {
        return urls;
    }
    if (changes("usage")) {
        const auto names = call.fields.has("usage") ? call.fields.list("usage")
                                                    : split(usage_names(every_usage), ',');
        if (auto usage = change_usage(changed, names); !usage && !mount.defect("pki/any-usage")) {
            return usage;
        }
    }
    if (changes("revocation_signature_algorithm")) {
        if (auto algorithm =
                change_algorithm(changed, call.fields.text("revocation_signature_algorithm"));
            !algorithm) {
            return algorithm;
        }
    }
    if (!issuer.aia && !call.patch()) {  // a write never sets them with the first URLs of an issuer
        aia.delta_crl_distribution_points.clear();
    }
    changed.aia = aia.empty() ? std::nullopt : std::optional(aia);
    if (changes("manual_chain")) {
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

tl::expected<Issuer*, std::string> find_issuer(Mount& mount, const std::string& reference) {
    if (reference == "default") {
        if (auto* issuer = mount.issuer(mount.default_issuer)) {
            return issuer;
        }
        return tl::unexpected<std::string>("no default issuer currently configured");
    }
    for (auto& issuer : mount.issuers) {
        if (issuer.id == reference || issuer.name == reference) {
            return &issuer;
        }
    }
    return tl::unexpected("unable to find PKI issuer for reference: " + reference);
}

tl::expected<SigningKey*, std::string> find_key(Mount& mount, const std::string& reference) {
    if (reference == "default") {
        if (auto* key = mount.key(mount.default_key)) {
            return key;
        }
        return tl::unexpected<std::string>("no default key currently configured");
    }
    for (auto& key : mount.keys) {
        if (key.id == reference || key.name == reference) {
            return &key;
        }
    }
    return tl::unexpected("unable to find PKI key for reference: " + reference);
}

Checked<SigningCa> signing_ca(Mount& mount, const std::string& reference) {
    constexpr auto unavailable = "could not fetch the CA certificate (was one set?): {}";
    const auto found = find_issuer(mount, reference);
    if (!found) {
        if (const auto removed = removed_ca(mount)) {
            return *removed;
        }
        return tl::unexpected(
            BackendResponse::go_error(fmt::format(unavailable, found.error()),
                                      mount.defect("pki/no-issuer-is-400") ? 400 : 500));
    }
    const auto& issuer = **found;
    if ((issuer.usage & issuing_certificates) == 0 && !mount.defect("pki/ignore-issuer-usage")) {
        return go_error(fmt::format(
            "error fetching CA certificate: error while attempting to use issuer {}: requested "
            "usage issuing-certificates for issuer [{}] but only had usage {}",
            issuer.id, issuer_label(issuer), usage_names(issuer.usage)));
    }
    const auto* key = mount.key(issuer.key_id);
    if (key == nullptr) {
        return tl::unexpected(BackendResponse::go_error(
            fmt::format(
                unavailable,
                fmt::format("unable to fetch corresponding key for issuer {}; unable to use this "
                            "issuer for signing",
                            issuer.id)),
            mount.defect("pki/no-key-is-400") ? 400 : 500));
    }
    if (const auto urls = aia_urls(mount, &issuer);
        !urls && !mount.defect("pki/issue-with-unfilled-urls")) {
        return go_error("error fetching CA certificate: unable to fetch AIA URL information: " +
                        urls.error());
    }
    return SigningCa{&issuer, key};
}

std::vector<crypto::Certificate> chain_of(Mount& mount, const Issuer& issuer) {
    std::vector<crypto::Certificate> chain;
    if (!issuer.manual_chain.empty() && !mount.defect("pki/manual-chain-ignored")) {
        for (const auto& id : issuer.manual_chain) {
            if (const auto* member = mount.issuer(id)) {
                chain.push_back(member->certificate);
            }
        }
        return chain;
    }
    chain.push_back(issuer.certificate);
    // Breadth first; a self-signed parent goes before its cross-signed twins.
    for (std::size_t at = 0; at < chain.size(); ++at) {
        const auto child = chain[at];
        for (const bool roots : {true, false}) {
            for (const auto& candidate : mount.issuers) {
                const auto& parent = candidate.certificate;
                if (parent.self_signed() == roots && child.signed_by(parent) &&
                    std::ranges::find(chain, parent) == chain.end()) {
                    chain.push_back(parent);
                }
            }
        }
    }
    if (mount.defect("pki/chain-is-reversed")) {
        std::ranges::reverse(chain);
    }
    if (mount.defect("pki/chain-ends-at-issuer")) {
        chain.resize(1);
    }
    if (mount.defect("pki/chain-lacks-the-issuer")) {
        chain.erase(chain.begin());
    }
    return chain;
}

namespace {

using UrlLists = std::array<std::pair<std::string_view, std::vector<std::string>*>, 4>;

UrlLists lists_of(AiaUrls& urls) {
    return {{{"issuing_certificates", &urls.issuing_certificates},
             {"crl_distribution_points", &urls.crl_distribution_points},
             {"delta_crl_distribution_points", &urls.delta_crl_distribution_points},
             {"ocsp_servers", &urls.ocsp_servers}}};
}

constexpr std::string_view issuer_id_field = "{{issuer_id}}", path_field = "{{cluster_path}}",
                           aia_path_field = "{{cluster_aia_path}}";

tl::expected<AiaUrls, std::string> filled_in(const Mount& mount, AiaUrls urls,
                                             const std::string& issuer_id) {
    const std::array<std::tuple<std::string_view, std::string_view, const std::string&>, 2> paths =
        {{{path_field, "path", mount.cluster_path},
          {aia_path_field, "aia_path", mount.cluster_aia_path}}};
    for (const auto& [field, name, value] : paths) {
        for (const auto& [list, texts] : lists_of(urls)) {
            for (auto& url : *texts) {
                if (url.find(field) != std::string::npos && value.empty()) {
                    return tl::unexpected(fmt::format(
                        "unable to template AIA URLs as we lack local cluster address information "
                        "({})",
                        name));
                }
                replace_all(url, field, value);
            }
        }
    }
    for (const auto& [list, texts] : lists_of(urls)) {
        for (auto& url : *texts) {
            replace_all(url, issuer_id_field, issuer_id);
            if (!url.empty() && !is_url(mount, url)) {
                return tl::unexpected(
                    fmt::format("error validating templated {}; invalid URI: {}", list, url));
            }
        }
    }
    return urls;
}

bool names_its_issuer(AiaUrls urls) {
    for (const auto& [name, texts] : lists_of(urls)) {
        for (const auto& url : *texts) {
            if (url.find(issuer_id_field) != std::string::npos) {
                return true;
            }
        }
    }
    return false;
}

}  // namespace

tl::expected<AiaUrls, std::string> aia_urls(const Mount& mount, const Issuer* issuer) {
    const auto& urls = issuer != nullptr && issuer->aia ? *issuer->aia : mount.urls;
    if (!urls.templating || mount.defect("pki/urls-go-unfilled")) {
        return urls;
    }
    // A root gets no URLs at all where they would name an issuer that does not exist yet.
    auto filled = filled_in(mount, urls, issuer != nullptr ? issuer->id : "");
    return filled && issuer == nullptr && names_its_issuer(urls) ? AiaUrls{} : filled;
}

std::optional<std::string> template_warning(const Mount& mount, const AiaUrls& urls) {
    const auto filled = filled_in(mount, urls, "issuer");
    if (!urls.templating || filled || mount.issuers.empty()) {
        return std::nullopt;
    }
    return fmt::format(
        "issuance may fail: {}\n\nConsider setting the cluster-local address if it is not already "
        "set.",
        filled.error());
}

std::optional<std::string> aia_warning(const AiaUrls& urls) {
    if (!urls.empty()) {
        return std::nullopt;
    }
    return "This mount hasn't configured any authority information access (AIA) fields; this may "
           "make it harder for systems to find missing certificates in the chain or to validate "
           "revocation status of certificates. Consider updating /config/urls or the newly "
           "generated issuer with this information.";
}

Imported add_issuer(Mount& mount, const crypto::Certificate& certificate, std::string name) {
    for (auto& issuer : mount.issuers) {
        if (issuer.certificate == certificate) {
            return {&issuer, true};
        }
    }
    Issuer issuer;
    issuer.id = make_uuid(mount.prng);
    issuer.name = std::move(name);
    issuer.certificate = certificate;
    for (const auto& key : mount.keys) {
        if (key.key.public_key() == certificate.public_key()) {
            issuer.key_id = key.id;
        }
    }
    if ((certificate.key_usage().value_or(0) & crypto::crl_sign) == 0) {
        issuer.usage &= ~static_cast<unsigned>(crl_signing);
    }
    const bool keyed = !issuer.key_id.empty() || mount.defect("pki/keyless-issuer-becomes-default");
    if ((mount.default_issuer.empty() && keyed &&
         !mount.defect("pki/first-issuer-is-no-default")) ||
        mount.defect("pki/latest-issuer-is-the-default")) {
        mount.default_issuer = issuer.id;
    }
    mount.issuers.push_back(std::move(issuer));
    return {&mount.issuers.back(), false};
}

ImportedKey add_key(Mount& mount, const crypto::Key& key, std::string name) {
    for (auto& known : mount.keys) {
        if (known.key.public_key() == key.public_key()) {
            return {&known, true};
        }
    }
    mount.keys.push_back({make_uuid(mount.prng), std::move(name), key});
    const auto& id = mount.keys.back().id;
    if (mount.default_key.empty()) {
        mount.default_key = id;
    }
    for (auto& issuer : mount.issuers) {
        if (issuer.key_id.empty() && issuer.certificate.public_key() == key.public_key()) {
            issuer.key_id = id;
        }
    }
    return {&mount.keys.back(), false};
}

// [\w][\w.-]*[\w] as the real servers' names.
bool is_name(std::string_view name) {
    const auto word = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '_';
    };
    return !name.empty() && word(name.front()) && word(name.back()) &&
           std::ranges::all_of(name, [&](char c) { return word(c) || c == '-' || c == '.'; });
}

Checked<std::string> new_issuer_name(Mount& mount, const Call& call) {
    auto name = call.fields.text("issuer_name");
    if (name.empty() && call.fields.has("issuer_name") && !call.patch()) {
        return refuse("expected non-empty issuer name");
    }
    if (name.empty()) {
        return name;
    }
    if (mount.defect("pki/any-issuer-name")) {
        return name;
    }
    if (lower(name) == "default") {
        return refuse("reserved keyword 'default' can not be used as issuer name");
    }
    if (!is_name(name)) {
        return refuse("issuer name contained invalid characters");
    }
    if (find_issuer(mount, name)) {
        return refuse("issuer name already in use");
    }
    return name;
}

Checked<std::string> new_key_name(Mount& mount, const Call& call) {
    auto name = call.fields.text("key_name");
    if (!call.fields.has("key_name")) {
        return name;
    }
    if (lower(name) == "default") {
        return refuse("reserved keyword 'default' can not be used as key name");
    }
    if (!is_name(name)) {
        return refuse("key name contained invalid characters");
    }
    if (find_key(mount, name)) {
        return refuse("key name already in use");
    }
    return name;
}

namespace {

// The host names that Vault 1.14 takes: letters beyond ASCII too, an underscore only before the
// last label, digits alone only as an address.
bool is_url_host(std::string_view host) {
    if (host.starts_with('[')) {
        return true;
    }
    if (host.ends_with('.')) {
        host.remove_suffix(1);
    }
    const auto labels = split(host, '.');
    const auto alphanumeric = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               (c & 0x80) != 0;
    };
    const auto number = [](std::string_view label) {
        return label.find_first_not_of("0123456789") == std::string_view::npos;
    };
    for (const auto& label : labels) {
        const bool last = &label == &labels.back();
        if (label.empty() || !alphanumeric(label.front()) || !alphanumeric(label.back()) ||
            !std::ranges::all_of(label, [&](char c) {
                return alphanumeric(c) || c == '-' || (c == '_' && !last);
            })) {
            return false;
        }
    }
    if (!number(labels.back()) || labels.size() == 1) {
        return true;
    }
    return labels.size() == 4 && std::ranges::all_of(labels, [&](const auto& label) {
               return number(label) && label.size() <= 3 && std::stoi(label) < 256;
           });
}

}  // namespace

bool is_url(const Mount& mount, std::string_view text) {
    auto rest = text;
    std::string_view scheme;
    if (const auto end = text.find("://"); end != std::string_view::npos) {
        scheme = text.substr(0, end);
        rest = text.substr(end + 3);
    }
    if (!mount.openbao()) {
        constexpr std::array<std::string_view, 7> schemes = {"ftp", "tcp",  "udp",  "ws",
                                                             "wss", "http", "https"};
        const bool dotted = rest.find_first_of(".:") != std::string_view::npos;
        if (text.find_first_of(" \t\n") != std::string_view::npos ||
            (scheme.empty() ? !dotted : std::ranges::find(schemes, scheme) == schemes.end())) {
            return false;
        }
    } else if (scheme.empty()) {
        return false;
    }
    auto host = rest.substr(0, rest.find_first_of("/?#"));
    host = host.substr(host.rfind('@') == std::string_view::npos ? 0 : host.rfind('@') + 1);
    const auto parsed =
        rewritten_uri(std::string(scheme.empty() ? "http://" : "") + std::string(text));
    if (host.empty() || !parsed) {
        return false;
    }
    if (!host.starts_with('[')) {
        host = host.substr(0, host.find(':'));
    }
    return mount.openbao() || is_url_host(host);
}

Checked<> check_urls(const Mount& mount, const AiaUrls& urls) {
    if (urls.templating) {
        return {};
    }
    auto given = urls;
    for (const auto& [name, list] : lists_of(given)) {
        for (const auto& url : *list) {
            if (url.empty()) {
                break;  // nobody looks at what follows it
            }
            const bool fields = std::ranges::any_of(
                std::array{issuer_id_field, path_field, aia_path_field},
                [&](auto field) { return url.find(field) != std::string::npos; });
            if ((!is_url(mount, url) ||
                 (fields && !mount.defect("pki/fields-without-templating"))) &&
                !mount.defect("pki/any-url")) {
                return refuse(fmt::format(
                    "invalid URL found in Authority Information Access (AIA) parameter {}: {}",
                    name, url));
            }
        }
    }
    return {};
}

BackendResponse list_issuers(Mount& mount, const Call&) {
    std::vector<std::string> keys;
    Json info = Json::object();
    for (const auto& issuer : mount.issuers) {
        keys.push_back(issuer.id);
        info[issuer.id] = {{"issuer_name", issuer.name},
                           {"is_default", issuer.id == mount.default_issuer},
                           {"key_id", issuer.key_id},
                           {"serial_number", issuer.certificate.serial()}};
    }
    if (!mount.defect("pki/lists-by-age")) {
        std::ranges::sort(keys);
    }
    return keys.empty() ? not_found() : BackendResponse::with({{"keys", keys}, {"key_info", info}});
}

BackendResponse read_issuer(Mount& mount, const Call& call) {
    const auto issuer = issuer_of_call(mount, call);
    return issuer ? whole_issuer(mount, **issuer) : issuer.error();
}

BackendResponse write_issuer(Mount& mount, const Call& call) {
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
        if (const auto warning = template_warning(mount, *(*issuer)->aia)) {
            answer.warnings.push_back(*warning);
        }
    }
    if (old_name != (*issuer)->name) {
        warn_of_roles(mount, old_name, answer);
    }
    return answer;
}

BackendResponse delete_issuer(Mount& mount, const Call& call) {
    const auto reference = call.captured("issuer_ref");
    auto answer = BackendResponse::with(Json());
    const auto found = find_issuer(mount, reference);
    if (!found && mount.defect("pki/delete-of-nothing-is-404")) {
        return not_found();
    }
    if (!found) {
        return answer;
    }
    const auto issuer = **found;
    if (const auto* key = mount.key(issuer.key_id)) {
        mount.removed_issuer = issuer;
        mount.removed_issuer_key = *key;
    }
    if (issuer.id == mount.default_issuer) {
        mount.default_issuer.clear();
        answer.warnings.push_back(fmt::format(
            "Deleted issuer {} (via issuer_ref {}); this was configured as the default issuer. "
            "Operations without an explicit issuer will not work until a new default is "
            "configured.",
            issuer.id, reference));
        warn_of_roles(mount, "default", answer);
    }
    warn_of_roles(mount, issuer.id, answer);
    warn_of_roles(mount, issuer.name, answer);
    std::erase_if(mount.issuers, [&](const auto& one) { return one.id == issuer.id; });
    if (mount.defect("pki/deleted-default-is-replaced") && !mount.issuers.empty()) {
        mount.default_issuer = mount.issuers.back().id;
    }
    if (mount.defect("pki/orphans-are-lost")) {
        std::erase_if(mount.revocations,
                      [&](const auto& one) { return one.second.issuer_id == issuer.id; });
    }
    rebuild_crls(mount, call.now());
    return answer;
}

BackendResponse read_issuer_json(Mount& mount, const Call& call) {
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

BackendResponse read_issuer_pem(Mount& mount, const Call& call) {
    const auto issuer = issuer_of_call(mount, call);
    return issuer ? raw_answer("application/pem-certificate-chain", (*issuer)->certificate.pem())
                  : issuer.error();
}

BackendResponse read_issuer_der(Mount& mount, const Call& call) {
    const auto issuer = issuer_of_call(mount, call);
    if (!issuer) {
        return issuer.error();
    }
    const auto& certificate = (*issuer)->certificate;
    return raw_answer("application/pkix-cert", mount.defect("pki/issuer-der-is-pem")
                                                   ? certificate.pem()
                                                   : certificate.der());
}

BackendResponse read_issuers_config(Mount& mount, const Call&) {
    return BackendResponse::with(
        {{"default", mount.default_issuer},
         {"default_follows_latest_issuer", mount.default_follows_latest_issuer}});
}

BackendResponse write_issuers_config(Mount& mount, const Call& call) {
    // root/replace takes the issuer called "next" where none is named (row 177).
    const bool replace = call.request.path == "root/replace";
    auto reference = call.fields.text(
        "default", replace && !mount.defect("pki/replace-knows-no-next") ? "next" : "");
    if (reference.empty() && mount.defect("pki/follow-without-a-default")) {
        reference = mount.default_issuer;
    }
    if (reference.empty() || reference == "default") {
        return BackendResponse::error(
            "Invalid issuer specification; must be non-empty and can't be 'default'.");
    }
    const auto found = find_issuer(mount, reference);
    if (!found && mount.defect("pki/any-default-issuer")) {
        return read_issuers_config(mount, call);
    }
    if (!found) {
        return BackendResponse::error("Error resolving issuer reference: " + found.error());
    }
    mount.default_issuer = (*found)->id;
    if (!replace) {
        mount.default_follows_latest_issuer = call.fields.boolean(
            "default_follows_latest_issuer", mount.default_follows_latest_issuer);
    }
    auto answer = read_issuers_config(mount, call);
    if ((*found)->key_id.empty() && !mount.defect("pki/no-warning-of-a-keyless-default")) {
        answer.warnings.emplace_back(
            "This selected default issuer has no key associated with it. Some operations like "
            "issuing certificates and signing CRLs will be unavailable with the requested default "
            "issuer until a key is imported or the default issuer is changed.");
    }
    return answer;
}

}  // namespace meshproof::fakes::vault::pki
