#include "fakes/vault/sys/init.hpp"

#include <optional>

#include "core/base/text.hpp"
#include "fakes/vault/logical/envelope.hpp"
#include "fakes/vault/server/request_parts.hpp"
#include "fakes/vault/server/server.hpp"

namespace meshproof::fakes::vault {

namespace {

std::optional<std::string> wrong_shares(std::int64_t shares, std::int64_t threshold) {
    if (shares < 1) {
        return "shares must be at least one";
    }
    if (threshold < 1) {
        return "threshold must be at least one";
    }
    if (shares > 1 && threshold == 1) {
        return "threshold must be greater than one for multiple shares";
    }
    if (shares > 255) {
        return "shares must be less than 256";
    }
    if (threshold > 255) {
        return "threshold must be less than 256";
    }
    if (threshold > shares) {
        return "threshold cannot be larger than shares";
    }
    return std::nullopt;
}

// A number of a strict body; a number of another type is a failure with Go's own text.
tl::expected<std::int64_t, http::Response> number(const Server& server, const Json& body,
                                                  const char* name) {
    const auto found = body.find(name);
    if (found == body.end() || found->is_null()) {
        return 0;
    }
    if (!found->is_number_integer()) {
        return tl::unexpected(error_answer(
            400, fmt::format("failed to {} JSON input: json: cannot unmarshal {} into Go struct "
                             "field InitRequest.{} of type int",
                             server.openbao() ? "decode" : "parse",
                             found->is_string() ? "string" : found->type_name(), name)));
    }
    return found->get<std::int64_t>();
}

}  // namespace

http::Response serve_init(Server& server, const BareCall& call) {
    auto& node = call.node;
    const auto& request = call.request;
    const bool known = node.joined && server.barrier.initialised();
    if (request.method == "GET") {
        return bare_answer(200, Json{{"initialized", known}});
    }
    const auto body =
        strict_body(server.options.product, request, "http.InitRequest", call.early);
    if (!body) {
        return body.error();
    }
    const auto shares = number(server, *body, "secret_shares");
    const auto threshold = number(server, *body, "secret_threshold");
    for (const auto* read : {&shares, &threshold}) {
        if (!*read) {
            return read->error();
        }
    }
    for (const auto* name : {"recovery_shares", "recovery_threshold", "stored_shares"}) {
        const auto other = number(server, *body, name);
        if (other && *other != 0 && std::string_view(name) != "stored_shares") {
            return error_answer(
                400, fmt::format("parameters {} not applicable to seal type shamir", name));
        }
    }
    if (const auto wrong = wrong_shares(*shares, *threshold)) {
        return error_answer(400, "invalid seal configuration: " + *wrong);
    }
    if (known) {
        return error_answer(400, "Vault is already initialized");
    }
    Token root;
    root.path = "auth/token/root";
    root.display_name = "root";
    root.id = (server.openbao() ? "s." : "hvs.") + server.tokens.base62(24);
    const auto root_id = root.id;
    server.initialise(static_cast<int>(*shares), static_cast<int>(*threshold), std::move(root));
    node.joined = true;
    auto hex = Json::array();
    auto base64 = Json::array();
    for (const auto& key : server.barrier.keys()) {
        hex.push_back(key.reveal());
        const auto bytes = share_bytes(key.reveal());
        base64.push_back(to_base64(std::string(bytes->begin(), bytes->end())));
    }
    return bare_answer(200, Json{{"keys", hex}, {"keys_base64", base64}, {"root_token", root_id}});
}

}  // namespace meshproof::fakes::vault
