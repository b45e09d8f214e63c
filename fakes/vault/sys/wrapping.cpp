#include "fakes/vault/sys/wrapping.hpp"

#include "fakes/vault/logical/envelope.hpp"
#include "fakes/vault/server/server.hpp"

/// sys/wrapping: row 21.
namespace meshproof::fakes::vault {

namespace {

using Wrapped = std::map<std::string, WrappedAnswer, std::less<>>::iterator;

// The answer of the token that is named, or is the caller's.
tl::expected<Wrapped, BackendResponse> wrapped_of(Server& server, const BuiltinCall& call) {
    const auto id = call.fields.has("token") ? call.fields.text("token") : call.request.token_id;
    if (id.empty()) {
        return tl::unexpected(
            BackendResponse::error("error validating wrapping token: token is empty", 403));
    }
    const auto found = server.wrapped_answers.find(id);
    if (found == server.wrapped_answers.end()) {
        return tl::unexpected(
            BackendResponse::error("wrapping token is not valid or does not exist"));
    }
    return found;
}

// A token unwraps once.
WrappedAnswer taken(Server& server, const Wrapped& found) {
    const auto [id, kept] = *found;
    server.tokens.revoke(id);
    return kept;
}

LogicalReply as_it_is(http::Response answer) {
    BackendResponse response;
    response.kind = BackendResponse::Kind::raw;
    response.raw = std::move(answer);
    return response;
}

}  // namespace

LogicalReply wrap(Server&, const BuiltinCall& call) {
    return call.request.wrap_ttl
               ? BackendResponse::with(call.request.data)
               : BackendResponse::error("endpoint requires response wrapping to be used");
}

LogicalReply look_up_wrapped(Server& server, const BuiltinCall& call) {
    const auto found = wrapped_of(server, call);
    if (!found) {
        return found.error();
    }
    const auto& wrapped = (*found)->second;
    return BackendResponse::with(Json{{"creation_path", wrapped.creation_path},
                                      {"creation_time", rfc3339_nano(wrapped.created)},
                                      {"creation_ttl", whole_seconds(wrapped.ttl)}});
}

LogicalReply unwrap(Server& server, const BuiltinCall& call) {
    const auto found = wrapped_of(server, call);
    return found ? as_it_is(taken(server, *found).answer) : LogicalReply(found.error());
}

LogicalReply rewrap(Server& server, const BuiltinCall& call) {
    const auto found = wrapped_of(server, call);
    if (!found) {
        return found.error();
    }
    const auto kept = taken(server, *found);
    Envelope envelope;
    envelope.wrap_info = keep_wrapped(
        server, call.request, {kept.answer, kept.creation_path, call.request.now, kept.ttl});
    return as_it_is(bare_answer(200, envelope_json(envelope)));
}

}  // namespace meshproof::fakes::vault
