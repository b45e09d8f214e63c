#include "fakes/vault/sys/rekey.hpp"

#include "fakes/vault/logical/envelope.hpp"
#include "fakes/vault/server/server.hpp"

namespace meshproof::fakes::vault {

http::Response serve_rekey(const Server& server, const BareCall& call) {
    if (call.node.seal.sealed()) {
        const bool told =
            !server.openbao() && !server.nodes.raft() && call.path == "sys/rekey/init";
        return error_answer(503, told ? "node is not active" : "Vault is sealed");
    }
    if (server.openbao()) {
        return error_answer(405, "unsupported operation");
    }
    if (call.request.method != "GET") {
        return error_answer(405);
    }
    if (call.path == "sys/rekey/init") {
        return bare_answer(200, Json{{"nonce", ""},
                                     {"started", false},
                                     {"t", 0},
                                     {"n", 0},
                                     {"progress", 0},
                                     {"required", server.barrier.threshold()},
                                     {"pgp_fingerprints", Json()},
                                     {"backup", false},
                                     {"verification_required", false}});
    }
    return bare_answer(200, Json{{"nonce", ""},
                                 {"started", false},
                                 {"progress", 0},
                                 {"required", server.barrier.threshold()},
                                 {"complete", false},
                                 {"encoded_token", ""},
                                 {"encoded_root_token", ""},
                                 {"pgp_fingerprint", ""},
                                 {"otp", ""},
                                 {"otp_length", 28}});
}

}  // namespace meshproof::fakes::vault
