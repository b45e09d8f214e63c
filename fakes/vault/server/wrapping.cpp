#include "fakes/vault/server/wrapping.hpp"

#include "fakes/vault/server/server.hpp"

namespace meshproof::fakes::vault {

Json keep_wrapped(Server& server, const LogicalRequest& request, WrappedAnswer wrapped) {
    Token token;
    token.namespace_path = request.ns->path;
    token.path = "sys/wrapping/wrap";
    token.policies = {"response-wrapping"};
    token.num_uses = 1;
    token.orphan = true;
    token.issued = wrapped.created;
    token.expires = wrapped.created + wrapped.ttl;
    token.creation_ttl = token.lease_ttl = wrapped.ttl;
    const auto kept = server.tokens.add(std::move(token), request.ns->id);
    Json told{{"token", kept->id},
              {"accessor", kept->accessor},
              {"ttl", whole_seconds(wrapped.ttl)},
              {"creation_time", rfc3339_nano(wrapped.created)},
              {"creation_path", wrapped.creation_path}};
    server.wrapped_answers[kept->id] = std::move(wrapped);
    return told;
}

}  // namespace meshproof::fakes::vault
