#include "conformance/vault/approle/steps.hpp"

namespace meshproof::conformance::approle {

Task<std::string> method(Probe& probe) {
    co_return "auth/" + co_await probe.auth_mount("approle", "approle");
}

Task<void> role(Probe& probe, std::string method, Json parameters, std::string name) {
    Json body{{"role_id", "id-" + name}};
    body.merge_patch(parameters);
    (void)co_await probe.set_up("POST", method + "/role/" + name, std::move(body));
}

Task<Json> secret_id(Probe& probe, std::string method, Json parameters, std::string name) {
    const auto reply = co_await probe.set_up("POST", method + "/role/" + name + "/secret-id",
                                             std::move(parameters));
    co_return reply.data();
}

Task<Reply> log_in(Probe& probe, std::string method, std::string secret_id, std::string role_id) {
    Json body{{"role_id", std::move(role_id)}, {"secret_id", std::move(secret_id)}};
    return probe.vault("POST", method + "/login", std::move(body), As::nobody());
}

Json auth_of(Probe& probe, const Reply& login) {
    auto auth = login.json.value("auth", Json());
    if (login.status != 200 || !auth.is_object()) {
        probe.give_up(fmt::format("{}: {} without a token", login.asked, login.status));
    }
    return auth;
}

}  // namespace meshproof::conformance::approle
