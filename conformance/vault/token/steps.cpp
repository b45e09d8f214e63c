#include "conformance/vault/token/steps.hpp"

namespace meshproof::conformance::token {

Task<Made> make(Probe& probe, Json parameters, std::string path, As as) {
    if (!parameters.contains("ttl") && !parameters.contains("period")) {
        parameters["ttl"] = "10m";
    }
    const auto reply =
        co_await probe.set_up("POST", std::move(path), std::move(parameters), std::move(as));
    Made made;
    made.auth = reply.json.value("auth", Json::object());
    made.token = Secret(made.auth.value("client_token", ""));
    made.warnings = reply.warnings();
    if (const auto accessor = made.auth.value("accessor", std::string()); !accessor.empty()) {
        Json body{{"accessor", accessor}};
        probe.at_end("POST", "auth/token/revoke-accessor", std::move(body));
    }
    co_return made;
}

Task<Reply> lookup_self(Probe& probe, Secret token) {
    return probe.vault("GET", "auth/token/lookup-self", {}, As::bearer(std::move(token)));
}

Task<Reply> renew_self(Probe& probe, Secret token, Json body) {
    return probe.vault("POST", "auth/token/renew-self", std::move(body),
                       As::bearer(std::move(token)));
}

std::int64_t lease_of(const Reply& reply) {
    const auto auth = reply.json.is_object() ? reply.json.value("auth", Json()) : Json();
    return auth.is_object() ? auth.value("lease_duration", std::int64_t{-1}) : -1;
}

}  // namespace meshproof::conformance::token
