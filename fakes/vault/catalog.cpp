#include "fakes/vault/catalog.hpp"

#include "fakes/vault/approle/backend.hpp"
#include "fakes/vault/identity/cubbyhole.hpp"
#include "fakes/vault/identity/identity.hpp"
#include "fakes/vault/kubernetes_auth/backend.hpp"
#include "fakes/vault/pki/backend.hpp"
#include "fakes/vault/sys/paths.hpp"
#include "fakes/vault/token/paths.hpp"

namespace meshproof::fakes::vault {

namespace {

std::shared_ptr<Backend> make_backend(const MountEntry& entry, BackendContext context,
                                      http::Transport& outgoing) {
    if (entry.is_auth() && entry.type == "kubernetes") {
        return make_kubernetes_backend(std::move(context), outgoing);
    }
    if (entry.is_auth() && entry.type == "approle") {
        return make_approle_backend(std::move(context));
    }
    if (!entry.is_auth() && entry.type == "pki") {
        return make_pki_backend(std::move(context));
    }
    return nullptr;
}

}  // namespace

Catalog whole_catalog(const FakeVaultOptions& options) {
    return {{{"sys/", Router(sys_routes(options))},
             {"auth/token/", Router(token_routes())},
             {"cubbyhole/", Router(cubbyhole_routes())},
             {"identity/", Router(identity_routes())}},
            make_backend};
}

}  // namespace meshproof::fakes::vault
