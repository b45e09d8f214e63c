#include <algorithm>

#include "core/vault/client.hpp"
#include "core/vault/reading.hpp"

namespace meshproof::vault {

Task<Result<void>> Client::configure_kubernetes(std::string mount, KubernetesConfig config) const {
    // The whole configuration each time: what is left out is cleared (row 138).
    Json body{{"kubernetes_host", config.host}, {"kubernetes_ca_cert", config.ca_pem}};
    if (!config.reviewer_token.empty()) {
        body["token_reviewer_jwt"] = config.reviewer_token.reveal();
    }
    co_return done(co_await call("PUT", fmt::format("auth/{}/config", mount), std::move(body)));
}

Task<Result<void>> Client::write_kubernetes_role(std::string mount, std::string role,
                                                 KubernetesRole spec) const {
    // `policies` and `ttl` as the integration page writes them; token_policies and token_ttl are
    // the same (row 140).
    Json body;
    body["bound_service_account_names"] = spec.service_accounts;
    body["bound_service_account_namespaces"] = spec.namespaces;
    body["policies"] = spec.policies;
    if (spec.ttl > Duration::zero()) {
        body["ttl"] = reading::ttl(spec.ttl);
    }
    if (spec.max_ttl > Duration::zero()) {
        body["max_ttl"] = reading::ttl(spec.max_ttl);
    }
    if (!spec.audience.empty()) {
        body["audience"] = spec.audience;
    }
    if (!spec.token_type.empty()) {
        body["token_type"] = spec.token_type;
    }
    co_return done(
        co_await call("PUT", fmt::format("auth/{}/role/{}", mount, role), std::move(body)));
}

Task<Result<Login>> Client::login_kubernetes(std::string mount, std::string role,
                                             Secret jwt) const {
    const std::string path = fmt::format("auth/{}/login", mount);
    Json body{{"role", role}, {"jwt", jwt.reveal()}};
    const auto reply = co_await with_token(Secret()).call("PUT", path, std::move(body));
    if (!reply) {
        co_return propagate(reply);
    }
    co_return reading::login(*reply, reading::what("PUT", path));
}

Task<Result<TokenInfo>> Client::lookup_self() const {
    const auto reply = co_await call("GET", "auth/token/lookup-self");
    if (!reply) {
        co_return propagate(reply);
    }
    AnswerFields fields(reply->json, "GET auth/token/lookup-self");
    TokenInfo info;
    info.accessor = fields.text_or_empty("data.accessor");
    info.display_name = fields.text_or_empty("data.display_name");
    info.path = fields.text_or_empty("data.path");
    info.type = fields.text_or_empty("data.type");
    info.policies = fields.texts("data.policies");
    info.ttl = fields.seconds("data.ttl");
    info.creation_ttl = fields.seconds_or_zero("data.creation_ttl");
    info.period = fields.seconds_or_zero("data.period");
    info.renewable = fields.flag_or_false("data.renewable");
    info.orphan = fields.flag_or_false("data.orphan");
    info.root = std::ranges::find(info.policies, "root") != info.policies.end();
    info.num_uses = fields.integer_or_zero("data.num_uses");
    co_return checked(std::move(info), fields);
}

Task<Result<void>> Client::revoke_self() const {
    co_return done(co_await call("PUT", "auth/token/revoke-self"));
}

}  // namespace meshproof::vault
