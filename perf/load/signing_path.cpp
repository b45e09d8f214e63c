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
Failure refusal_of(std::string_view method, const std::string& target, http::Response response,
                   const Secret& secret) {
    vault::Reply reply;
    reply.status = response.status;
    reply.body = std::move(response.body);
    reply.json = json_or_null(reply.body);
    return conceal(vault::failure_of(method, target, reply), secret);
}

Refused refused(mesh::Step step, Failure failure) {
    return {step, std::move(failure)};
}

}  // namespace

SigningPath::SigningPath(http::Transport& wire, const Ground& ground, const Options& options)
    : wire_(wire),
      addresses_(ground.addresses),
      keep_alive_(options.keep_alive),
      namespace_name_(ground.vault.namespace_name),
      sign_path_(ground.page.pki_path()),
      auth_role_(ground.page.auth_role),
      account_tokens_(ground.account_tokens),
      token_(ground.token) {
    if (addresses_.empty()) {
        addresses_.push_back(ground.vault.endpoint);
    }
    for (auto& one : addresses_) {
        one.timeout = options.timeout;
        one.caller = "load";
        one.tls.resume = true;  // as agents' clients do
    }
    login_paths_.push_back(fmt::format("auth/{}/login", ground.page.auth_mount));
    for (const auto& mount : ground.further_auth_mounts) {
        login_paths_.push_back(fmt::format("auth/{}/login", mount));
    }
}

http::Endpoint SigningPath::endpoint(std::size_t transaction, Part part) const {
    auto to = addresses_[address_of(transaction)];
    if (!keep_alive_) {
        to.reuse = part != Part::only;
        to.fresh = part == Part::first;
        to.last = part == Part::last;
    }
    return to;
}

http::Request SigningPath::request(const http::Endpoint& to, std::string method,
                                   std::string_view path) const {
    http::Request made;
    made.method = std::move(method);
    made.target = fmt::format("{}/v1/{}", to.url.path, path);
    made.headers.set("X-Vault-Request", "true");
    if (!namespace_name_.empty()) {
        made.headers.set("X-Vault-Namespace", namespace_name_);
    }
    return made;
}

Task<Result<http::Response>> SigningPath::send(http::Endpoint to, http::Request request,
                                               std::optional<http::ExchangeTimes>& times) const {
    auto response = co_await wire_.send(std::move(to), std::move(request));
    if (response) {
        times = response->times;
    }
    co_return response;
}

Task<tl::expected<Secret, Refused>> SigningPath::login(
    std::size_t transaction, Part part, std::optional<http::ExchangeTimes>& times) const {
    const auto& jwt = account_token(transaction);
    const auto& path = login_path(transaction);
    auto to = endpoint(transaction, part);
    auto asked = request(to, "PUT", path);
    asked.headers.set("Content-Type", "application/json");
    asked.body = nlohmann::json{{"role", auth_role_}, {"jwt", jwt.reveal()}}.dump();
    const auto target = asked.target;
    auto response = co_await send(std::move(to), std::move(asked), times);
    if (!response) {
        co_return tl::unexpected(refused(mesh::Step::login, std::move(response.error())));
    }
    if (response->status != 200) {
        co_return tl::unexpected(
            refused(mesh::Step::login, refusal_of("PUT", target, std::move(*response), jwt)));
    }
    const auto json = json_or_null(response->body);
    AnswerFields fields(json, "PUT " + path);
    Secret token(fields.text("auth.client_token"));
    if (fields.problem()) {
        co_return tl::unexpected(refused(mesh::Step::login, *fields.problem()));
    }
    co_return token;
}

Task<tl::expected<std::string, Refused>> SigningPath::sign(
    std::size_t transaction, const Pod& pod, Secret token, Part part,
    std::optional<http::ExchangeTimes>& times) const {
    auto to = endpoint(transaction, part);
    auto asked = request(to, "PUT", sign_path_);
    asked.headers.set("Content-Type", "application/json");
    asked.body = pod.sign_body;
    if (token.empty()) {
        asked.headers.set("X-Vault-Inline-Auth-Path", login_path(transaction));
        asked.headers.set("X-Vault-Inline-Auth-Parameter-role",
                          inline_parameter("role", auth_role_));
        asked.headers.set("X-Vault-Inline-Auth-Parameter-jwt",
                          inline_parameter("jwt", account_token(transaction).reveal()));
    } else {
        asked.headers.set("X-Vault-Token", token.reveal());
    }
    const auto target = asked.target;
    auto response = co_await send(std::move(to), std::move(asked), times);
    if (!response) {
        co_return tl::unexpected(refused(mesh::Step::sign, std::move(response.error())));
    }
    if (response->status != 200) {
        co_return tl::unexpected(
            refused(mesh::Step::sign, refusal_of("PUT", target, std::move(*response), token)));
    }
    co_return std::move(response->body);
}

Task<tl::expected<void, Refused>> SigningPath::health(
    std::size_t transaction, std::optional<http::ExchangeTimes>& times) const {
    auto to = endpoint(transaction, Part::only);
    auto asked = request(to, "GET", "sys/health?standbyok=true&perfstandbyok=true");
    const auto target = asked.target;
    auto response = co_await send(std::move(to), std::move(asked), times);
    if (!response) {
        co_return tl::unexpected(Refused{std::nullopt, std::move(response.error())});
    }
    if (response->status != 200) {
        co_return tl::unexpected(
            Refused{std::nullopt, refusal_of("GET", target, std::move(*response), Secret())});
    }
    co_return tl::expected<void, Refused>();
}

}  // namespace meshproof::load
