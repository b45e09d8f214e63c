#include "fakes/vault/server/inline_login.hpp"

#include "core/base/json_text.hpp"
#include "core/base/text.hpp"
#include "fakes/vault/logical/envelope.hpp"
#include "fakes/vault/server/login.hpp"
#include "fakes/vault/server/respond.hpp"
#include "fakes/vault/server/serve.hpp"
#include "fakes/vault/server/server.hpp"
#include "fakes/vault/server/standby.hpp"

/// A login within the headers of the request that needs its token: rows 191 to 194.
namespace meshproof::fakes::vault {

namespace {

constexpr auto path_header = "X-Vault-Inline-Auth-Path";
constexpr auto operation_header = "X-Vault-Inline-Auth-Operation";
constexpr auto namespace_header = "X-Vault-Inline-Auth-Namespace";
constexpr std::string_view parameter_header = "x-vault-inline-auth-parameter-";

using Refused = tl::unexpected<std::string>;

std::vector<std::string> values_of(const http::Headers& headers, std::string_view wanted) {
    std::vector<std::string> values;
    for (const auto& [name, value] : headers.fields()) {
        if (lower(name) == lower(wanted)) {
            values.push_back(value);
        }
    }
    return values;
}

// The value of a header that is given once, or else what counts without it.
tl::expected<std::string, std::string> only(const http::Headers& headers, std::string_view name,
                                            std::string otherwise) {
    auto values = values_of(headers, name);
    if (values.size() > 1) {
        return Refused(fmt::format("expected {} one value for {}",
                                   name == namespace_header ? "at most" : "exactly", name));
    }
    return values.empty() ? std::move(otherwise) : std::move(values.front());
}

tl::expected<Operation, std::string> operation_of(std::string_view text) {
    if (text == "update" || text == "create") {
        return Operation::update;
    }
    if (text == "read") {
        return Operation::read;
    }
    return Refused("expected a valid login operation in X-Vault-Inline-Auth-Operation");
}

// One parameter, whose name counts inside the value and not in the header: {"key":…,"value":…}.
tl::expected<void, std::string> read_parameter(const std::string& encoded, Json& parameters) {
    const auto text = from_base64url(encoded);
    if (!text) {
        return Refused("failed raw url-safe base64 decoding header value");
    }
    auto read = too_deep(*text) ? Json(Json::value_t::discarded)
                                : Json::parse(valid_utf8(*text), nullptr, false);
    if (read.is_null()) {
        read = Json::object();
    }
    if (!read.is_object()) {
        return Refused("failed json decoding header value");
    }
    if (!read.contains("key")) {
        return Refused("decoded header lacked `key` field");
    }
    if (!read["key"].is_string()) {
        return Refused("decoded header had incorrect type for `key` field");
    }
    if (!read.contains("value")) {
        return Refused("decoded header lacked `value` field");
    }
    if (read.size() != 2) {
        return Refused("unexpected field in decoded request parameter");
    }
    parameters[read["key"].get<std::string>()] = std::move(read["value"]);
    return {};
}

tl::expected<Json, std::string> parameters_of(const http::Headers& headers) {
    auto parameters = Json::object();
    for (const auto& [name, value] : headers.fields()) {
        if (!lower(name).starts_with(parameter_header)) {
            continue;
        }
        if (values_of(headers, name).size() > 1) {
            return Refused("expected exactly one value for each auth header parameter");
        }
        if (auto read = read_parameter(value, parameters); !read) {
            return Refused(read.error());
        }
    }
    return parameters;
}

// The login that the headers ask for; else what is wrong with them, in the order of the server.
tl::expected<LogicalRequest, std::string> login_in(const Server& server,
                                                   const LogicalRequest& request) {
    const auto& headers = request.headers;
    LogicalRequest login;
    auto path = only(headers, path_header, "");
    if (!path) {
        return Refused(path.error());
    }
    if (!request.token_id.empty()) {
        return Refused("cannot layer inline authentication with token authentication");
    }
    const auto operation = only(headers, operation_header, "update").and_then(operation_of);
    if (!operation) {
        return Refused(operation.error());
    }
    const auto outer = headers.find("X-Vault-Namespace").value_or("");
    const auto space = only(headers, namespace_header, outer);
    if (!space) {
        return Refused(space.error());
    }
    login.ns = server.resolve_namespace(*space, *path);
    if (!login.ns) {
        return Refused("inline auth namespace was not found");
    }
    auto parameters = parameters_of(headers);
    if (!parameters) {
        return Refused(parameters.error());
    }
    login.operation = *operation;
    login.path = std::move(*path);
    login.data = std::move(*parameters);
    login.headers = headers;
    login.remote_address = request.remote_address;
    login.node = request.node;
    login.at_standby = request.at_standby;
    login.now = request.now;
    login.is_inline_login = true;
    return login;
}

// Of the headers, and of a login that ends with a Go error. Clients try again after a 500.
http::Response failed(std::string_view why, int status = 500) {
    return error_answer(status, fmt::format("failed to perform inline authentication: {}", why));
}

// What the login itself answered, even with success, is told by a header.
http::Response of_login(http::Response answer) {
    answer.headers.set("X-Vault-Inline-Auth-Failed", "true");
    return answer;
}

http::Response without_token(Server& server, const LogicalRequest& login, LogicalReply reply) {
    using Kind = BackendResponse::Kind;
    const auto& base = reply.base;
    if (base.kind == Kind::go_error) {
        return failed(base.text, base.status == 0 ? 500 : base.status);
    }
    const bool no_text = base.kind == Kind::error && base.text.empty();
    if (no_text || (base.kind == Kind::none && base.warnings.empty())) {
        return failed("specified authentication path was not found", 404);
    }
    return of_login(respond(server, login, std::move(reply)));
}

}  // namespace

bool has_inline_login(const LogicalRequest& request) {
    return request.headers.find(path_header).has_value();
}

Task<std::optional<http::Response>> log_in_inline(Server& server, LogicalRequest& request) {
    if (!server.openbao() || !has_inline_login(request)) {
        co_return std::nullopt;
    }
    auto login = login_in(server, request);
    if (!login) {
        co_return failed(login.error());
    }
    if (auto refused = refuse_folder(*login)) {
        co_return of_login(std::move(*refused));
    }
    login->mount = server.find_mount(*login->ns, login->path);
    login->unauthenticated = is_unauthenticated(server, *login);
    if (!login->unauthenticated) {  // it has no token either
        co_return of_login(error_answer(403, "permission denied"));
    }
    auto reply = co_await dispatch(server, *login);
    if (is_unwritten_grant(reply)) {
        if (auto refused = hand_over(server, request)) {
            co_return refused;
        }
        login->node = request.node;
        login->at_standby = false;
        login->now = request.now;
        reply = co_await dispatch(server, *login);
    }
    request.now = server.clock.now();
    if (!reply.issued) {
        co_return without_token(server, *login, std::move(reply));
    }
    request.inline_token = reply.issued;
    request.token_id = reply.issued->id;
    co_return std::nullopt;
}

}  // namespace meshproof::fakes::vault
