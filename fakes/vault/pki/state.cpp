#include "fakes/vault/pki/state.hpp"

#include "core/base/text.hpp"
#include "fakes/state.hpp"

namespace meshproof::fakes::vault::pki {

MESHPROOF_SAVED(AiaUrls, issuing_certificates, crl_distribution_points,
                delta_crl_distribution_points, ocsp_servers, templating)
MESHPROOF_SAVED(SigningKey, id, name, key)
MESHPROOF_SAVED(Issuer, id, name, key_id, certificate, manual_chain, leaf_not_after_behavior, usage,
                revocation_signature_algorithm, revoked_at, aia, emptied_urls, changed_at)
MESHPROOF_SAVED(Revocation, certificate, at, issuer_id, by_issuer)
MESHPROOF_SAVED(CrlConfig, expiry, disable, ocsp_disable, ocsp_expiry, auto_rebuild,
                auto_rebuild_grace_period, enable_delta, delta_rebuild_interval,
                allow_expired_cert_revocation, cross_cluster_revocation, unified_crl,
                unified_crl_on_existing_paths)
MESHPROOF_SAVED(CrlPair, number, base, complete, delta, expires, listed, delta_listed)
MESHPROOF_SAVED(Timers, started, last_look, last_delta, last_tidy)

namespace {

// The lists' names are of bytes, which JSON has no text for.
Json save_crls(const Mount& mount) {
    auto all = Json::array();
    for (const auto& [name, pair] : mount.crls) {
        all.push_back({{"ca", to_base64(name)}, {"lists", pair}});
    }
    return all;
}

void load_crls(Mount& mount, const Json& state) {
    read_each(state, "crls", [&](const Json& saved, const std::string&) {
        const auto name = from_base64(saved.at("ca").get<std::string>());
        if (!name) {
            refuse_state("its CA is not base64");
        }
        read_member(saved, "lists", mount.crls[*name]);
    });
}

// What the background work reads of it.
void check_auto_tidy(const Json& settings) {
    if (settings.is_null()) {
        return;
    }
    bool enabled = false;
    read_member(settings, "enabled", enabled);
    constexpr std::int64_t longest = 4'000'000'000;
    for (const auto* name : {"interval_duration", "safety_buffer"}) {
        std::int64_t seconds = 0;
        read_member(settings, name, seconds);
        if (seconds < 0 || seconds > longest) {
            refuse_state("{}: expected a number of seconds, got {}", name, seconds);
        }
    }
}

}  // namespace

Json save_mount(const Mount& mount) {
    auto roles = Json::object();
    for (const auto& [name, role] : mount.roles) {
        roles[name] = save_role(role);
    }
    return {{"uuid", mount.uuid},
            {"issuers", mount.issuers},
            {"keys", mount.keys},
            {"default_issuer", mount.default_issuer},
            {"default_key", mount.default_key},
            {"default_follows_latest_issuer", mount.default_follows_latest_issuer},
            {"urls", mount.urls},
            {"cluster_path", mount.cluster_path},
            {"cluster_aia_path", mount.cluster_aia_path},
            {"roles", std::move(roles)},
            {"certificates", mount.certificates},
            {"revocations", mount.revocations},
            {"crl_config", mount.crl_config},
            {"crls", save_crls(mount)},
            {"lists_signed_at", mount.lists_signed_at},
            {"tidy_status", mount.tidy_status},
            {"auto_tidy", mount.auto_tidy},
            {"timers", mount.timers}};
}

void load_mount(Mount& mount, const Json& state) {
    read_member(state, "uuid", mount.uuid);
    read_member(state, "issuers", mount.issuers);
    read_member(state, "keys", mount.keys);
    read_member(state, "default_issuer", mount.default_issuer);
    read_member(state, "default_key", mount.default_key);
    read_member(state, "default_follows_latest_issuer", mount.default_follows_latest_issuer);
    read_member(state, "urls", mount.urls);
    read_member(state, "cluster_path", mount.cluster_path);
    read_member(state, "cluster_aia_path", mount.cluster_aia_path);
    read_each(state, "roles", [&](const Json& role, const std::string& name) {
        mount.roles[name] = load_role(role);
    });
    read_member(state, "certificates", mount.certificates);
    read_member(state, "revocations", mount.revocations);
    read_member(state, "crl_config", mount.crl_config);
    load_crls(mount, state);
    read_member(state, "lists_signed_at", mount.lists_signed_at);
    mount.tidy_status = state.at("tidy_status");
    mount.auto_tidy = state.at("auto_tidy");
    in_part("auto_tidy", [&] { check_auto_tidy(mount.auto_tidy); });
    read_member(state, "timers", mount.timers);
}

}  // namespace meshproof::fakes::vault::pki
