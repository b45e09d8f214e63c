#include "perf/load/signing_path.hpp"

#include <algorithm>

#include "core/base/answer.hpp"
#include "core/base/json_text.hpp"
#include "core/vault/client.hpp"

namespace meshproof::load {
namespace {

/// A parameter of an inline login: base64url without padding, or OpenBao answers 500.
std::string inline_parameter(std::string_view key, std::string_view value) {
    return to_base64url(nlohmann::json{{"key", key}, {"value", value}}.dump());
}

/// The failure of an answer outside 2xx, as core/vault tells it, without the secret of the request.
Failure refusal_of(const http::Request& request, http::Response response, const Secret& secret) {
    vault::Reply reply;
    reply.status = response.status;
    reply.body = std::move(response.body);
    reply.json = json_or_null(reply.body);
    return conceal(vault::failure_of(request.method, request.target, reply), secret);
}

Refused refused(mesh::Step step, Failure failure) {
    return {step, std::move(failure)};
}

}  // namespace

SigningPath::SigningPath(http::Transport& wire, const Ground& ground, const Options& options)
    : wire_(wire),
      endpoint_(ground.vault.endpoint),
      prefix_(ground.vault.endpoint.url.path + "/v1/"),
      namespace_name_(ground.vault.namespace_name),
      login_path_(fmt::format("auth/{}/login", ground.page.auth_mount)),
      sign_path_(ground.page.pki_path()),
      auth_role_(ground.page.auth_role),
      account_tokens_(ground.account_tokens),
      token_(ground.token) {
    endpoint_.timeout = options.timeout;
    endpoint_.caller = "load";
}

http::Request SigningPath::request(std::string method, std::string_view path) const {
    http::Request made;
    made.method = std::move(method);
    made.target = prefix_ + std::string(path);
    made.headers.set("X-Vault-Request", "true");
    if (!namespace_name_.empty()) {
        made.headers.set("X-Vault-Namespace", namespace_name_);
    }
    return made;
}

Task<tl::expected<Secret, Refused>> SigningPath::login(std::size_t transaction) const {
    const auto& jwt = account_token(transaction);
    auto asked = request("PUT", login_path_);
    asked.headers.set("Content-Type", "application/json");
    asked.body = nlohmann::json{{"role", auth_role_}, {"jwt", jwt.reveal()}}.dump();
    auto response = co_await wire_.send(endpoint_, asked);
    if (!response) {
        co_return tl::unexpected(refused(mesh::Step::login, std::move(response.error())));
    }
    if (response->status != 200) {
        co_return tl::unexpected(
            refused(mesh::Step::login, refusal_of(asked, std::move(*response), jwt)));
    }
    const auto json = json_or_null(response->body);
    AnswerFields fields(json, "PUT " + login_path_);
    Secret token(fields.text("auth.client_token"));
    if (fields.problem()) {
        co_return tl::unexpected(refused(mesh::Step::login, *fields.problem()));
    }
    co_return token;
}

Task<tl::expected<std::string, Refused>> SigningPath::sign(std::size_t transaction, const Pod& pod,
                                                           Secret token) const {
    auto asked = request("PUT", sign_path_);
    asked.headers.set("Content-Type", "application/json");
    asked.body = pod.sign_body;
    if (token.empty()) {
        asked.headers.set("X-Vault-Inline-Auth-Path", login_path_);
        asked.headers.set("X-Vault-Inline-Auth-Parameter-role",
                          inline_parameter("role", auth_role_));
        asked.headers.set("X-Vault-Inline-Auth-Parameter-jwt",
                          inline_parameter("jwt", account_token(transaction).reveal()));
    } else {
        asked.headers.set("X-Vault-Token", token.reveal());
    }
    auto response = co_await wire_.send(endpoint_, asked);
    if (!response) {
        co_return tl::unexpected(refused(mesh::Step::sign, std::move(response.error())));
    }
    if (response->status != 200) {
        co_return tl::unexpected(
            refused(mesh::Step::sign, refusal_of(asked, std::move(*response), token)));
    }
    co_return std::move(response->body);
}

Task<tl::expected<void, Refused>> SigningPath::health() const {
    const auto asked = request("GET", "sys/health?standbyok=true&perfstandbyok=true");
    auto response = co_await wire_.send(endpoint_, asked);
    if (!response) {
        co_return tl::unexpected(Refused{std::nullopt, std::move(response.error())});
    }
    if (response->status != 200) {
        co_return tl::unexpected(
            Refused{std::nullopt, refusal_of(asked, std::move(*response), Secret())});
    }
    co_return tl::expected<void, Refused>();
}

}  // namespace meshproof::load
