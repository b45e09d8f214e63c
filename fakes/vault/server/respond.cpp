#include "fakes/vault/server/respond.hpp"

#include <algorithm>

#include "fakes/vault/logical/envelope.hpp"
#include "fakes/vault/logical/names.hpp"
#include "fakes/vault/server/server.hpp"

namespace meshproof::fakes::vault {

namespace {

using Kind = BackendResponse::Kind;

Json auth_block(const Server& server, const Token& token) {
    auto auth = Json{{"client_token", token.id},
                     {"accessor", token.accessor},
                     {"policies", token.policies},
                     {"metadata", shown(token.metadata)},
                     {"lease_duration", whole_seconds(token.lease_ttl)},
                     {"renewable", token.renewable},
                     {"entity_id", token.entity_id},
                     {"token_type", token.type},
                     {"orphan", token.orphan},
                     {"mfa_requirement", Json()},
                     {"num_uses", token.uses_granted}};
    if (!token.policies.empty()) {
        auth["token_policies"] = token.policies;
    }
    if (const auto more = tidy_policies(identity_policies(server, token), false); !more.empty()) {
        auto all = token.policies;
        all.insert(all.end(), more.begin(), more.end());
        auth["policies"] = tidy_policies(all, false);
        auth["identity_policies"] = more;
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

// An empty list is looked at before it would be wrapped, and worded otherwise there.
http::Response absent_answer(const LogicalRequest& request, const BackendResponse& response) {
    const bool list = request.operation == Operation::list && response.kind == Kind::data;
    return list && request.wrap_ttl ? error_answer(404, "unsupported path") : error_answer(404);
}

std::optional<http::Response> refusal(const LogicalRequest& request,
                                      const BackendResponse& response) {
    if (response.kind == Kind::error) {
        const auto text = response.text.empty() ? std::nullopt : std::optional(response.text);
        return error_answer(response.status == 0 ? 400 : response.status, text);
    }
    if (response.kind == Kind::go_error) {
        return error_answer(response.status == 0 ? 500 : response.status,
                            request.unauthenticated ? response.text : wrapped(response.text));
    }
    if (request.scan) {
        return error_answer(405, wrapped("unsupported operation"));
    }
    if (is_absent(request, response)) {
        return absent_answer(request, response);
    }
    return std::nullopt;
}

// For how long the answer is wrapped, if it is. A rewrap has its own token already. The refusals of
// OCSP requests are one object each for all requests in the real servers: what was once asked of
// one is told everybody (row 240).
std::optional<Duration> wrapped_for(Server& server, const LogicalRequest& request,
                                    const http::Response& answer) {
    if (request.path.starts_with("sys/wrapping/rewrap")) {
        return std::nullopt;
    }
    const auto type = answer.headers.find("Content-Type").value_or("");
    const bool unwrapped = request.path.starts_with("sys/wrapping/");
    if (answer.status < 400 || type != "application/ocsp-response" || unwrapped) {
        return request.wrap_ttl;
    }
    auto& kept = server.wrapped_refusals[answer.status];
    if (request.wrap_ttl) {
        kept = std::min(kept.value_or(*request.wrap_ttl), *request.wrap_ttl);
    }
    return kept;
}

http::Response wrap(Server& server, const LogicalRequest& request, http::Response answer,
                    Duration ttl, const std::shared_ptr<Token>& issued) {
    Envelope envelope;
    envelope.wrap_info =
        keep_wrapped(server, request, {std::move(answer), request.path, request.now, ttl});
    if (issued && !issued->accessor.empty()) {
        envelope.wrap_info["wrapped_accessor"] = issued->accessor;
    }
    return bare_answer(200, envelope_json(envelope));
}

// A lease that nobody could revoke any more is not handed out (rows 65 and 194).
std::optional<http::Response> refuse_lease(const LogicalRequest& request, const LeaseGrant& grant) {
    const bool used_up = request.token && request.token->used_up;
    if (!used_up && !request.inline_token) {
        return std::nullopt;
    }
    if (request.mount->backend) {
        request.mount->backend->revoke_lease(grant.internal, request.now);
    }
    return used_up
               ? error_answer(400,
                              "Secret cannot be returned; token had one use left, so leased "
                              "credentials were immediately revoked.")
               : error_answer(500, "requests with inline authentication cannot generate leases");
}

// A lease ends with the batch token that asked for it; a service token ends its leases itself.
void end_with_token(const LogicalRequest& request, LeaseGrant& grant) {
    const auto& token = request.token;
    if (token && token->is_batch() && *token->expires < request.now + grant.duration) {
        grant.duration = *token->expires - request.now;
    }
}

const Lease& keep_lease(Server& server, const LogicalRequest& request, const LeaseGrant& grant) {
    Lease lease;
    lease.id = fmt::format("{}/{}{}", request.path, server.tokens.base62(24),
                           request.ns->id.empty() ? "" : "." + request.ns->id);
    lease.namespace_path = request.ns->path;
    lease.token = request.token ? request.token->id : "";
    lease.issued = request.now;
    lease.expires = request.now + grant.duration;
    lease.renewable = grant.renewable;
    lease.backend = request.mount->backend;
    lease.internal = grant.internal;
    server.lease_ends.emplace(lease.expires, lease.id);
    const auto id = lease.id;
    return server.leases[id] = std::move(lease);
}

}  // namespace

http::Response respond(Server& server, const LogicalRequest& request, LogicalReply reply) {
    auto& response = reply.base;
    if (auto refused = refusal(request, response)) {
        return std::move(*refused);
    }
    if (response.kind == Kind::none && response.warnings.empty() && !reply.issued) {
        return empty_answer();
    }
    http::Response answer;
    if (response.kind == Kind::raw) {
        answer = std::move(response.raw);
    } else {
        Envelope envelope;
        if (response.status != 202) {  // what starts a tidy is written without (row 176)
            envelope.request_id = make_uuid(server.ids);
        }
        envelope.data = std::move(response.data);
        envelope.warnings = std::move(response.warnings);
        if (response.lease) {
            if (auto refused = refuse_lease(request, *response.lease)) {
                return std::move(*refused);
            }
            end_with_token(request, *response.lease);
            const auto& lease = keep_lease(server, request, *response.lease);
            envelope.lease_id = lease.id;
            envelope.renewable = lease.renewable;
            envelope.lease_duration =
                whole_seconds(std::chrono::round<std::chrono::seconds>(response.lease->duration));
        }
        if (reply.issued) {
            envelope.auth = auth_block(server, *reply.issued);
            envelope.data = Json();
        }
        if (reply.repeat_data) {
            envelope.top_level = envelope.data;
        }
        // The data is most of it, so it is put in rather than copied.
        auto data = std::exchange(envelope.data, Json());
        auto body = envelope_json(envelope);
        body["data"] = std::move(data);
        answer = bare_answer(response.status == 0 ? 200 : response.status, body);
    }
    if (const auto ttl = wrapped_for(server, request, answer)) {
        return wrap(server, request, std::move(answer), *ttl, reply.issued);
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
