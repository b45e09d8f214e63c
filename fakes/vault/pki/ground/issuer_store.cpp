#include "fakes/vault/pki/ground/issuer_store.hpp"

#include <algorithm>

#include "core/base/text.hpp"
#include "fakes/vault/logical/go_text.hpp"
#include "fakes/vault/pki/ground/urls.hpp"

namespace meshproof::fakes::vault::pki {

namespace {

// `what` the references are to: "issuer" or "key".
template <class Item>
tl::expected<Item*, std::string> referenced(std::vector<Item>& items, std::string_view what,
                                            const std::string& default_id,
                                            const std::string& reference) {
    const bool by_default = reference == "default";
    Item* found = nullptr;
    for (auto& item : items) {
        const bool meant =
            by_default ? item.id == default_id : item.id == reference || item.name == reference;
        // An empty reference is to what has no name: to the first by its id.
        if (meant && (found == nullptr || item.id < found->id)) {
            found = &item;
        }
    }
    if (found != nullptr) {
        return found;
    }
    return tl::unexpected(
        by_default ? fmt::format("no default {} currently configured", what)
                   : fmt::format("unable to find PKI {} for reference: {}", what, reference));
}

}  // namespace

tl::expected<Issuer*, std::string> find_issuer(Mount& mount, const std::string& reference) {
    return referenced(mount.issuers, "issuer", mount.default_issuer, reference);
}

tl::expected<SigningKey*, std::string> find_key(Mount& mount, const std::string& reference) {
    return referenced(mount.keys, "key", mount.default_key, reference);
}

std::string issuer_label(const Issuer& issuer) {
    return issuer.name.empty() ? "id:" + issuer.id
                               : fmt::format("id:{} / name:{}", issuer.id, issuer.name);
}

Checked<SigningCa> signing_ca(Mount& mount, const std::string& reference) {
    constexpr auto unavailable = "could not fetch the CA certificate (was one set?): {}";
    const auto found = find_issuer(mount, reference);
    if (!found) {
        if (const auto& removed = mount.saboteur_memory.removed_ca;
            removed && mount.saboteurs->on("pki/sign-after-issuer-deleted")) {
            return SigningCa{&removed->issuer, &removed->key};
        }
        return go_error(fmt::format(unavailable, found.error()));
    }
    const auto& issuer = **found;
    if ((issuer.usage & issuing_certificates) == 0) {
        return go_error(fmt::format(
            "error fetching CA certificate: error while attempting to use issuer {}: requested "
            "usage issuing-certificates for issuer [{}] but only had usage {}",
            issuer.id, issuer_label(issuer), usage_names(issuer.usage)));
    }
    const auto* key = mount.key(issuer.key_id);
    if (key == nullptr) {
        return go_error(fmt::format(
            unavailable,
            fmt::format("unable to fetch corresponding key for issuer {}; unable to use this "
                        "issuer for signing",
                        issuer.id)));
    }
    if (const auto urls = aia_urls(mount, &issuer); !urls) {
        return go_error("error fetching CA certificate: unable to fetch AIA URL information: " +
                        urls.error());
    }
    return SigningCa{&issuer, key};
}

std::vector<crypto::Certificate> chain_of(Mount& mount, const Issuer& issuer) {
    std::vector<crypto::Certificate> chain;
    if (!issuer.manual_chain.empty()) {
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
                if (child.signed_by(parent) && parent.self_signed() == roots &&
                    std::ranges::find(chain, parent) == chain.end()) {
                    chain.push_back(parent);
                }
            }
        }
    }
    return chain;
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
    if (mount.default_issuer.empty() && !issuer.key_id.empty()) {
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

std::string given_reference(const PkiCall& call, std::string_view field) {
    auto reference = std::string(go_trimmed(call.fields.text(field, "default")));
    return lower(reference) == "default" ? "default" : reference;
}

std::string external_key_reference(const PkiCall& call) {
    return std::string(go_trimmed(call.fields.text("external_key_ref")));
}

std::string missing_external_key(const PkiCall& call) {
    const auto reference = external_key_reference(call);
    const auto parts = split(reference, ':');
    return parts.size() == 2 && is_name(parts[0]) && is_name(parts[1])
               ? fmt::format("key {} does not exist", go_quoted(reference))
               : "invalid key reference: must be \"<config name>:<key name>\"";
}

std::string_view managed_key_fault(const PkiCall& call) {
    const bool by_name = !go_trimmed(call.fields.text("managed_key_name")).empty();
    const bool by_id = !go_trimmed(call.fields.text("managed_key_id")).empty();
    if (by_name && by_id) {
        return "only one argument of managed_key_name or managed_key_id should be specified";
    }
    return by_name || by_id ? "" : "missing argument managed_key_name or managed_key_id";
}

Checked<std::string> new_issuer_name(Mount& mount, const PkiCall& call) {
    auto name = std::string(go_trimmed(call.fields.text("issuer_name")));
    if (name.empty() && call.fields.has("issuer_name") && !call.patch()) {
        return refuse("expected non-empty issuer name");
    }
    if (name.empty()) {
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

Checked<std::string> new_key_name(Mount& mount, const PkiCall& call) {
    auto name = std::string(go_trimmed(call.fields.text("key_name")));
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

}  // namespace meshproof::fakes::vault::pki
