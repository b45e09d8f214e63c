#include "fakes/vault/sys/wrapping.hpp"

#include "fakes/vault/logical/envelope.hpp"
#include "fakes/vault/logical/fields.hpp"
#include "fakes/vault/server/server.hpp"

/// sys/wrapping: row 21.
namespace meshproof::fakes::vault {

namespace {

BackendResponse invalid() {
    return BackendResponse::error("wrapping token is not valid or does not exist");
}

}  // namespace

LogicalReply serve_wrapping(Server& server, const LogicalRequest& request) {
    const bool looks = request.reads() && request.path == "sys/wrapping/lookup";
    if (!request.writes() && !looks) {
        return BackendResponse::unsupported_operation();
    }
    if (request.path == "sys/wrapping/wrap") {
        if (!request.wrap_ttl) {
            return BackendResponse::error("endpoint requires response wrapping to be used");
        }
        return BackendResponse::with(request.data);
    }
    static const Fields fields{{{"token", FieldType::text}}};
    MESHPROOF_FIELDS(data, fields, request, server);
    const auto id = data.has("token") ? data.text("token") : request.token_id;
    if (id.empty()) {
        return BackendResponse::error("error validating wrapping token: token is empty", 403);
    }
    const auto found = server.wrapped_answers.find(id);
    if (found == server.wrapped_answers.end()) {
        return invalid();
    }
    if (request.path == "sys/wrapping/lookup") {
        return BackendResponse::with(
            Json{{"creation_path", found->second.creation_path},
                 {"creation_time", rfc3339_nano(found->second.created)},
                 {"creation_ttl",
                  std::chrono::duration_cast<std::chrono::seconds>(found->second.ttl).count()}});
    }
    const auto kept = found->second;
    if (!server.options.defects.on("http/unwraps-again")) {
        server.tokens.revoke(id);
    }
    BackendResponse response;
    response.kind = BackendResponse::Kind::raw;
    if (request.path == "sys/wrapping/unwrap") {
        response.raw = kept.answer;
        return response;
    }
    if (request.path == "sys/wrapping/rewrap") {
        Envelope envelope;
        envelope.wrap_info =
            keep_wrapped(server, request, {kept.answer, kept.creation_path, request.now, kept.ttl});
        response.raw = bare_answer(200, envelope_json(envelope));
        return response;
    }
    return BackendResponse::unsupported_path();
}

}  // namespace meshproof::fakes::vault
