#include "core/mesh/ca_config.hpp"

#include "core/base/json_text.hpp"

namespace meshproof::mesh {

using Json = nlohmann::json;

CaConfig CaConfig::of(const IntegrationAccount& account, std::uint64_t generation) {
    CaConfig config;
    config.generation = generation;
    config.account = account.name();
    config.label = account.label();
    config.url = account.url();
    config.service_account = account.service_account();
    config.role = account.role();
    config.pki_path = account.pki_path();
    config.auth_mount = account.auth_mount();
    config.vault_namespace = account.vault_namespace();
    if (const auto& bundle = account.ca_chain()) {
        for (const auto& certificate : bundle->certificates()) {
            config.chain.push_back(certificate.fingerprint());
        }
    }
    return config;
}

Result<CaConfig> CaConfig::parse(std::string_view text) {
    const auto json = json_or_null(text);
    if (!json.is_object()) {
        return fail(FailureKind::malformed, "the CA configuration is no JSON object");
    }
    CaConfig config;
    const auto generation = json.find("generation");
    if (generation == json.end() || !generation->is_number_unsigned()) {
        return fail(FailureKind::malformed, "the CA configuration has no generation");
    }
    config.generation = generation->get<std::uint64_t>();
    std::string url;
    for (const auto& [name, field] : std::initializer_list<std::pair<const char*, std::string*>>{
             {"account", &config.account},
             {"label", &config.label},
             {"url", &url},
             {"serviceAccount", &config.service_account},
             {"role", &config.role},
             {"pkiPath", &config.pki_path},
             {"authMount", &config.auth_mount},
             {"namespace", &config.vault_namespace}}) {
        const auto found = json.find(name);
        if (found == json.end() || !found->is_string()) {
            return fail(FailureKind::malformed, "the CA configuration has no {}", name);
        }
        *field = found->get<std::string>();
    }
    // Without this word a root would pass for publicly trusted that never was.
    const auto chain = json.find("chain");
    if (chain == json.end() || !chain->is_array() ||
        !std::ranges::all_of(*chain, [](const Json& one) { return one.is_string(); })) {
        return fail(FailureKind::malformed, "the CA configuration has no chain");
    }
    config.chain = chain->get<std::vector<std::string>>();
    auto parsed = http::Url::parse(url);
    if (!parsed) {
        return propagate(parsed, "the CA configuration's url");
    }
    config.url = std::move(*parsed);
    return config;
}

std::string CaConfig::json() const {
    const Json json = {{"generation", generation},
                       {"account", account},
                       {"label", label},
                       {"url", url.text()},
                       {"serviceAccount", service_account},
                       {"role", role},
                       {"pkiPath", pki_path},
                       {"authMount", auth_mount},
                       {"namespace", vault_namespace},
                       {"chain", chain}};
    return json.dump();
}

}  // namespace meshproof::mesh
