#include "fakes/kube/controllers/controllers.hpp"

namespace meshproof::fakes::kube {

void add_default_account(Cluster& cluster, const std::string& namespace_name) {
    cluster.store->add(type::service_accounts,
                       {{"metadata", {{"name", "default"}, {"namespace", namespace_name}}}});
}

void keep_default_account(Cluster& cluster, const Json& removed) {
    const auto space = meta(removed, "namespace");
    if (meta(removed, "name") == "default" && cluster.store->find(type::namespaces, "", space)) {
        add_default_account(cluster, space);
    }
}

}  // namespace meshproof::fakes::kube
