#include "fakes/kube/controllers/controllers.hpp"

namespace meshproof::fakes::kube {

void add_default_account(ApiState& api, const std::string& namespace_name) {
    api.store->add(type::service_accounts,
                   {{"metadata", {{"name", "default"}, {"namespace", namespace_name}}}});
}

void keep_default_account(ApiState& api, const Json& removed) {
    const auto space = meta(removed, "namespace");
    if (meta(removed, "name") == "default" && api.store->find(type::namespaces, "", space)) {
        add_default_account(api, space);
    }
}

}  // namespace meshproof::fakes::kube
