#include "fakes/vault/catalog.hpp"

#include "fakes/vault/identity/cubbyhole.hpp"
#include "fakes/vault/identity/identity.hpp"
#include "fakes/vault/kubernetes_auth/backend.hpp"
#include "fakes/vault/pki/backend.hpp"
#include "fakes/vault/server/server.hpp"
#include "fakes/vault/sys/paths.hpp"
#include "fakes/vault/token/paths.hpp"

namespace meshproof::fakes::vault {

namespace {

Task<LogicalReply> cubbyhole(Server& server, LogicalRequest request) {
    co_return serve_cubbyhole(server, request);
}

Task<LogicalReply> identity(Server& server, LogicalRequest request) {
    co_return serve_identity(server, request);
}

std::shared_ptr<Backend> make_backend(const MountEntry& entry, BackendContext context,
                                      http::Transport& outgoing) {
    if (entry.is_auth() && entry.type == "kubernetes") {
        return make_kubernetes_backend(std::move(context), outgoing);
    }
    if (!entry.is_auth() && entry.type == "pki") {
        return make_pki_backend(std::move(context));
    }
    return nullptr;
}

}  // namespace

Catalog whole_catalog() {
    return {{{"sys/", serve_sys, sys_needs_sudo, sys_unauthenticated},
             {"auth/token/", serve_tokens, tokens_need_sudo},
             {"cubbyhole/", cubbyhole},
             {"identity/", identity}},
            make_backend};
}

}  // namespace meshproof::fakes::vault
