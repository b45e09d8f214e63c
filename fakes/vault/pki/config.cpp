#include "fakes/vault/pki/config.hpp"

#include <algorithm>

#include "fakes/vault/logical/go_text.hpp"
#include "fakes/vault/pki/ground/crl.hpp"
#include "fakes/vault/pki/ground/urls.hpp"

namespace meshproof::fakes::vault::pki {

namespace {

Json crl_json(const Mount& mount) {
    const auto& config = mount.crl_config;
    Json data = {{"expiry", config.expiry},
                 {"disable", config.disable},
                 {"ocsp_disable", config.ocsp_disable},
                 {"ocsp_expiry", config.ocsp_expiry},
                 {"auto_rebuild", config.auto_rebuild},
                 {"auto_rebuild_grace_period", config.auto_rebuild_grace_period},
                 {"enable_delta", config.enable_delta},
                 {"delta_rebuild_interval", config.delta_rebuild_interval}};
    if (mount.openbao()) {
        data["allow_expired_cert_revocation"] = config.allow_expired_cert_revocation;
    } else {
        data["cross_cluster_revocation"] = config.cross_cluster_revocation;
        data["unified_crl"] = config.unified_crl;
        data["unified_crl_on_existing_paths"] = config.unified_crl_on_existing_paths;
    }
    return data;
}

// "" is no time at all, and kept as it is.
Checked<> take_duration(Product product, const PkiCall& call, std::string_view field,
                        std::string& value) {
    if (!call.fields.has(field)) {
        return {};
    }
    const auto text = call.fields.text(field);
    if (const auto duration = read_duration(text, product); !duration) {
        return refuse(fmt::format("given {} could not be decoded: {}", field, duration.error()));
    }
    value = text;
    return {};
}

void take_flag(const PkiCall& call, std::string_view field, bool& value) {
    value = call.fields.boolean(field, value);
}

Checked<CrlConfig> changed_config(const Mount& mount, const PkiCall& call) {
    auto config = mount.crl_config;
    take_flag(call, "disable", config.disable);
    take_flag(call, "ocsp_disable", config.ocsp_disable);
    take_flag(call, "auto_rebuild", config.auto_rebuild);
    take_flag(call, "enable_delta", config.enable_delta);
    take_flag(call, "allow_expired_cert_revocation", config.allow_expired_cert_revocation);
    take_flag(call, "cross_cluster_revocation", config.cross_cluster_revocation);
    take_flag(call, "unified_crl", config.unified_crl);
    take_flag(call, "unified_crl_on_existing_paths", config.unified_crl_on_existing_paths);
    const std::array<std::pair<std::string_view, std::string*>, 4> durations = {{
        {"expiry", &config.expiry},
        {"ocsp_expiry", &config.ocsp_expiry},
        {"auto_rebuild_grace_period", &config.auto_rebuild_grace_period},
        {"delta_rebuild_interval", &config.delta_rebuild_interval},
    }};
    for (const auto& [field, value] : durations) {
        if (auto taken = take_duration(mount.product, call, field, *value); !taken) {
            return tl::unexpected(taken.error());
        }
    }
    if (config.unified_crl_on_existing_paths && !config.unified_crl) {
        return refuse("unified_crl_on_existing_paths cannot be enabled if unified_crl is disabled");
    }
    const auto length = [&](const std::string& text) {
        return *read_duration(text, mount.product);
    };
    if (const auto life = length(config.ocsp_expiry); life < Duration{}) {
        return refuse(fmt::format("ocsp_expiry must be greater than or equal to 0 got: -{}",
                                  go_duration(-life)));
    }
    const auto expiry = length(config.expiry);
    if (config.auto_rebuild && length(config.auto_rebuild_grace_period) >= expiry) {
        return refuse(fmt::format(
            "CRL auto-rebuilding grace period ({}) must be strictly shorter than CRL expiry ({}) "
            "value when auto-rebuilding of CRLs is enabled",
            config.auto_rebuild_grace_period, config.expiry));
    }
    if (config.enable_delta && length(config.delta_rebuild_interval) >= expiry) {
        return refuse(fmt::format(
            "CRL delta rebuild window ({}) must be strictly shorter than CRL expiry ({}) value "
            "when delta CRLs are enabled",
            config.delta_rebuild_interval, config.expiry));
    }
    if (config.enable_delta && !config.auto_rebuild) {
        return refuse(
            "Delta CRLs cannot be enabled when auto rebuilding is disabled as the complete CRL is "
            "always regenerated!");
    }
    if (config.cross_cluster_revocation && !config.auto_rebuild) {
        return refuse(
            "Global, cross-cluster revocation queue cannot be enabled when auto rebuilding is "
            "disabled as the local cluster may not have the certificate entry!");
    }
    if (config.unified_crl || config.cross_cluster_revocation) {
        return refuse(fmt::format("{} can only be enabled on Vault Enterprise",
                                  config.unified_crl ? "unified_crl" : "cross_cluster_revocation"));
    }
    return config;
}

}  // namespace

BackendResponse read_urls(Mount& mount, const PkiCall&) {
    Json data = {{"issuing_certificates", mount.urls.issuing_certificates},
                 {"crl_distribution_points", mount.urls.crl_distribution_points},
                 {"ocsp_servers", mount.urls.ocsp_servers},
                 {"enable_templating", mount.urls.templating}};
    if (mount.openbao()) {
        data["delta_crl_distribution_points"] = mount.urls.delta_crl_distribution_points;
    }
    return BackendResponse::with(std::move(data));
}

BackendResponse write_urls(Mount& mount, const PkiCall& call) {
    auto urls = mount.urls;
    take_url_lists(call, false, urls);
    take_flag(call, "enable_templating", urls.templating);
    if (auto checked = check_urls(mount, urls); !checked) {
        return checked.error();
    }
    mount.urls = std::move(urls);
    auto answer = read_urls(mount, call);
    // They are tried with the first issuer that is listed.
    const auto first = std::ranges::min_element(mount.issuers, {}, &Issuer::id);
    if (first == mount.issuers.end()) {
        return answer;
    }
    if (const auto warning = template_warning(mount, mount.urls, first->id)) {
        answer.warnings.push_back(*warning);
    }
    return answer;
}

BackendResponse read_cluster(Mount& mount, const PkiCall&) {
    return BackendResponse::with(
        {{"path", mount.cluster_path}, {"aia_path", mount.cluster_aia_path}});
}

BackendResponse write_cluster(Mount& mount, const PkiCall& call) {
    const auto path = call.fields.text("path", mount.cluster_path);
    const auto aia_path = call.fields.text("aia_path", mount.cluster_aia_path);
    for (const auto& [url, what] : {std::pair(path, "path"), std::pair(aia_path, "aia_path")}) {
        if (call.fields.has(what) && !is_url(mount, url)) {
            return BackendResponse::go_error(
                fmt::format("invalid, non-URL {} given to cluster: {}", what, url));
        }
    }
    mount.cluster_path = path;
    mount.cluster_aia_path = aia_path;
    return read_cluster(mount, call);
}

// ACME is there to be asked about, and stays off: its orders are not played.
BackendResponse read_acme(Mount&, const PkiCall&) {
    return BackendResponse::with({{"allow_role_ext_key_usage", false},
                                  {"allowed_issuers", Json::array({"*"})},
                                  {"allowed_roles", Json::array({"*"})},
                                  {"default_directory_policy", "sign-verbatim"},
                                  {"dns_resolver", ""},
                                  {"eab_policy", "not-required"},
                                  {"enabled", false}});
}

BackendResponse write_acme(Mount& mount, const PkiCall& call) {
    const auto policy = call.fields.text("default_directory_policy", "sign-verbatim");
    if (policy != "sign-verbatim" && policy != "forbid" && !policy.starts_with("role:")) {
        return BackendResponse::go_error(fmt::format(
            "invalid default_directory_policy: string {} not a valid Default Directory Policy",
            policy));
    }
    if (!call.fields.boolean("enabled")) {
        return read_acme(mount, call);
    }
    return BackendResponse::go_error(
        mount.cluster_path.empty()
            ? "ACME feature requires local cluster 'path' field configuration to be set"
            : "this fake does not play ACME");
}

BackendResponse acme_is_off(Mount&, const PkiCall&) {
    auto off = raw_answer("application/json", "");
    off.raw.status = 404;
    return off;
}

BackendResponse read_crl_config(Mount& mount, const PkiCall&) {
    return BackendResponse::with(crl_json(mount));
}

BackendResponse write_crl_config(Mount& mount, const PkiCall& call) {
    const auto config = changed_config(mount, call);
    if (!config) {
        return config.error();
    }
    const auto old = std::exchange(mount.crl_config, *config);
    auto data = crl_json(mount);
    // Told as "" once, then the default.
    for (const auto member : {&CrlConfig::expiry, &CrlConfig::delta_rebuild_interval}) {
        if ((mount.crl_config.*member).empty()) {
            mount.crl_config.*member = CrlConfig().*member;
        }
    }
    std::vector<std::string> warnings;
    // Turning auto_rebuild off brings the lists up to date at once (row 174).
    if (old.disable != config->disable || (old.auto_rebuild && !config->auto_rebuild) ||
        old.enable_delta != config->enable_delta) {
        rebuild_crls(mount, call.now());
        warnings = crl_warnings(mount);
    }
    return BackendResponse::with(std::move(data), std::move(warnings));
}

}  // namespace meshproof::fakes::vault::pki
