#include "core/base/text.hpp"
#include "fakes/kube/controllers/controllers.hpp"

namespace meshproof::fakes::kube {
namespace {

constexpr std::string_view token_type = "kubernetes.io/service-account-token";
constexpr auto account_of = "/metadata/annotations/kubernetes.io~1service-account.name";

}  // namespace

void fill_token_secret(ApiState& api, const Object& secret) {
    if (text_at(*secret, "/type") != token_type) {
        return;
    }
    const auto space = meta(*secret, "namespace");
    const auto account =
        api.store->find(type::service_accounts, space, text_at(*secret, account_of));
    if (!account) {
        api.store->remove(type::secrets, space, meta(*secret, "name"));
        return;
    }
    Json filled = *secret;
    filled["metadata"]["annotations"]["kubernetes.io/service-account.uid"] = meta(*account, "uid");
    filled["data"]["token"] = to_base64(api.tokens.mint_legacy(*secret, *account).reveal());
    filled["data"]["ca.crt"] = to_base64(api.options.ca_pem);
    filled["data"]["namespace"] = to_base64(space);
    api.store->replace(type::secrets, std::move(filled));
}

void remove_token_secrets(ApiState& api, const Json& account) {
    const auto space = meta(account, "namespace");
    const auto name = meta(account, "name");
    for (const auto& secret : api.store->list(type::secrets, space)) {
        if (text_at(*secret, "/type") == token_type && text_at(*secret, account_of) == name) {
            api.store->remove(type::secrets, space, meta(*secret, "name"));
        }
    }
}

}  // namespace meshproof::fakes::kube
