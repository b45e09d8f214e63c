#include "fakes/vault/server/respond.hpp"

#include "fakes/vault/logical/envelope.hpp"
#include "fakes/vault/logical/names.hpp"
#include "fakes/vault/server/server.hpp"

namespace meshproof::fakes::vault {

namespace {

using Kind = BackendResponse::Kind;

Json auth_block(const Token& token) {
    auto auth = Json{{"client_token", token.id},
                     {"accessor", token.accessor},
                     {"policies", token.policies},
                     {"metadata", token.metadata.empty() ? Json() : Json(token.metadata)},
                     {"lease_duration", whole_seconds(token.lease_ttl)},
                     {"renewable", token.renewable},
                     {"entity_id", token.entity_id},
                     {"token_type", token.type},
                     {"orphan", token.orphan},
                     {"mfa_requirement", Json()},
                     {"num_uses", token.num_uses}};
    if (!token.policies.empty()) {
        auth["token_policies"] = token.policies;
    }
    return auth;
}

// A read of nothing and a list of nothing are 404 with no text (rows 4 and 14).
bool is_absent(const LogicalRequest& request, const BackendResponse& response) {
    if (request.operation == Operation::read) {
        return response.kind == Kind::none && response.warnings.empty();
    }
    if (request.operation != Operation::list) {
        return false;
    }
    if (response.kind == Kind::none) {
        return response.warnings.empty();
    }
    if (response.kind != Kind::data) {
        return false;
    }
    const auto keys = response.data.is_object() ? response.data.find("keys") : response.data.end();
    if (!response.data.is_object() || response.data.empty()) {
        return response.warnings.empty();
    }
    return keys != response.data.end() && (keys->is_null() || keys->empty());
}

std::optional<http::Response> refusal(const LogicalRequest& request,
                                      const BackendResponse& response, const Defects& defects) {
    if (defects.on("http/absent-is-204") && response.status == 404 && response.text.empty()) {
        return empty_answer();
    }
    if (response.kind == Kind::error) {
        if (defects.on("http/coercion-errors-are-500") &&
            response.text.starts_with("Field validation failed")) {
            return error_answer(500, response.text);
        }
        const auto text = response.text.empty() ? std::nullopt : std::optional(response.text);
        return error_answer(response.status == 0 ? 400 : response.status, text);
    }
    if (response.kind == Kind::go_error) {
        if (defects.on("http/list-paths-are-read") && request.reads() && response.status == 405) {
            return error_answer(404);
        }
        const bool plain = request.unauthenticated ? !defects.on("http/wraps-for-anybody")
                                                   : defects.on("http/never-wraps");
        if (defects.on("http/go-errors-are-400") && response.status == 500) {
            return error_answer(400, wrapped(response.text));
        }
        return error_answer(response.status == 0 ? 500 : response.status,
                            plain ? response.text : wrapped(response.text));
    }
    if (request.scan) {
        return error_answer(405, wrapped("unsupported operation"));
    }
    if (is_absent(request, response) && !defects.on("http/absent-is-204")) {
        return error_answer(404);
    }
    return std::nullopt;
}

http::Response wrap(Server& server, const LogicalRequest& request, http::Response answer,
                    const std::shared_ptr<Token>& issued) {
    Envelope envelope;
    envelope.wrap_info = keep_wrapped(
        server, request, {std::move(answer), request.path, request.now, *request.wrap_ttl});
    if (issued && !issued->accessor.empty()) {
        envelope.wrap_info["wrapped_accessor"] = issued->accessor;
    }
    return bare_answer(200, envelope_json(envelope));
}

}  // namespace

http::Response respond(Server& server, const LogicalRequest& request, LogicalReply reply) {
    const auto& defects = server.options.defects;
    auto& response = reply.base;
    if (auto refused = refusal(request, response, defects)) {
        return std::move(*refused);
    }
    const bool silent = response.kind == Kind::none && response.warnings.empty() && !reply.issued;
    if (silent && !defects.on("http/nothing-is-200")) {
        return empty_answer();
    }
    http::Response answer;
    if (response.kind == Kind::raw) {
        answer = std::move(response.raw);
    } else {
        if (defects.on("http/unknown-fields-unwarned")) {
            std::erase_if(response.warnings,
                          [](const auto& text) { return text.starts_with("Endpoint ignored"); });
        }
        if (defects.on("http/empty-answer-is-204") && response.data.is_null() && !reply.issued) {
            return empty_answer();
        }
        Envelope envelope;
        if (response.status != 202) {  // what starts a tidy is written without (row 176)
            envelope.request_id = make_uuid(server.ids);
        }
        envelope.data = std::move(response.data);
        envelope.warnings = std::move(response.warnings);
        if (response.lease) {
            // A lease that nobody could revoke any more is not handed out (row 65).
            if (request.token && request.token->used_up) {
                if (request.mount->backend) {
                    request.mount->backend->revoke_lease(response.lease->internal, request.now);
                }
                return error_answer(400,
                                    "Secret cannot be returned; token had one use left, so leased "
                                    "credentials were immediately revoked.");
            }
            Lease lease;
            lease.id = fmt::format("{}/{}{}", request.path, server.tokens.base62(24),
                                   request.ns->id.empty() ? "" : "." + request.ns->id);
            lease.namespace_path = request.ns->path;
            lease.token = request.token ? request.token->id : "";
            lease.issued = request.now;
            lease.expires = request.now + response.lease->duration;
            lease.renewable = response.lease->renewable;
            lease.backend = request.mount->backend;
            lease.internal = response.lease->internal;
            envelope.lease_id = lease.id;
            envelope.renewable = lease.renewable;
            envelope.lease_duration = whole_seconds(response.lease->duration);
            server.lease_ends.emplace(lease.expires, lease.id);
            const auto id = lease.id;
            server.leases[id] = std::move(lease);
        }
        if (reply.issued) {
            envelope.auth = auth_block(*reply.issued);
            envelope.data = Json();
        }
        if (reply.repeat_data && !defects.on("sys/mounts-only-in-data")) {
            envelope.top_level = envelope.data;
        }
        auto body = envelope_json(envelope);
        if (defects.on("http/envelope-omits-nulls")) {
            for (const auto* key : {"data", "wrap_info", "warnings", "auth"}) {
                if (body[key].is_null()) {
                    body.erase(key);
                }
            }
        }
        answer = bare_answer(response.status == 0 ? 200 : response.status, body);
    }
    if (request.wrap_ttl && !defects.on("http/wrap-ttl-ignored") &&
        !request.path.starts_with("sys/wrapping/unwrap") &&
        !request.path.starts_with("sys/wrapping/rewrap") &&
        !request.path.starts_with("sys/wrapping/lookup")) {
        return wrap(server, request, std::move(answer), reply.issued);
    }
    return answer;
}

BackendResponse tidy_started(const Server& server) {
    BackendResponse response;
    response.status = 202;
    response.warnings = {fmt::format(
        "Tidy operation successfully started. Any information from the operation will be printed "
        "to {}'s server logs.",
        server.product_name())};
    return response;
}

}  // namespace meshproof::fakes::vault
