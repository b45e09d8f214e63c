#include "fakes/vault/pki_state.hpp"

#include "fakes/state.hpp"

namespace meshproof::fakes::pki {

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(AiaUrls, issuing_certificates, crl_distribution_points,
                                   delta_crl_distribution_points, ocsp_servers, templating)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(SigningKey, id, name, key)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Issuer, id, name, key_id, certificate, manual_chain,
                                   leaf_not_after_behavior, usage, revocation_signature_algorithm,
                                   revoked_at, aia, changed_at)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Revocation, certificate, at, issuer_id, by_issuer)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(CrlConfig, expiry, disable, ocsp_disable, ocsp_expiry,
                                   auto_rebuild, auto_rebuild_grace_period, enable_delta,
                                   delta_rebuild_interval, allow_expired_cert_revocation,
                                   cross_cluster_revocation, unified_crl,
                                   unified_crl_on_existing_paths)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(CrlPair, number, base, complete, delta, signed_at, expires,
                                   listed, delta_listed)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Timers, started, last_look, last_delta, last_tidy)

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
    for (const auto& saved : state) {
        const auto name = from_base64(saved.at("ca").get<std::string>());
        if (!name) {
            refuse_state("a list's CA is not base64");
        }
        mount.crls[*name] = saved.at("lists").get<CrlPair>();
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
            {"tidy_status", mount.tidy_status},
            {"auto_tidy", mount.auto_tidy},
            {"timers", mount.timers}};
}

void load_mount(Mount& mount, const Json& state) {
    state.at("uuid").get_to(mount.uuid);
    state.at("issuers").get_to(mount.issuers);
    state.at("keys").get_to(mount.keys);
    state.at("default_issuer").get_to(mount.default_issuer);
    state.at("default_key").get_to(mount.default_key);
    state.at("default_follows_latest_issuer").get_to(mount.default_follows_latest_issuer);
    state.at("urls").get_to(mount.urls);
    state.at("cluster_path").get_to(mount.cluster_path);
    state.at("cluster_aia_path").get_to(mount.cluster_aia_path);
    for (const auto& [name, role] : state.at("roles").items()) {
        mount.roles[name] = load_role(role);
    }
    state.at("certificates").get_to(mount.certificates);
    state.at("revocations").get_to(mount.revocations);
    state.at("crl_config").get_to(mount.crl_config);
    load_crls(mount, state.at("crls"));
    mount.tidy_status = state.at("tidy_status");
    mount.auto_tidy = state.at("auto_tidy");
    state.at("timers").get_to(mount.timers);
}

}  // namespace meshproof::fakes::pki
