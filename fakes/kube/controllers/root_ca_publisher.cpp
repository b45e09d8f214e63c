#include "fakes/kube/controllers/controllers.hpp"
#include "fakes/kube/managed_fields.hpp"

namespace meshproof::fakes::kube {

void publish_root_ca(ApiState& api, const std::string& namespace_name) {
    Json map = {{"metadata",
                 {{"name", "kube-root-ca.crt"},
                  {"namespace", namespace_name},
                  {"annotations",
                   {{"kubernetes.io/description",
                     "Contains a CA bundle that can be used to verify the kube-apiserver "
                     "when using internal endpoints such as the internal service IP or "
                     "kubernetes.default.svc. No other usage is guaranteed across "
                     "distributions of Kubernetes clusters."}}}}},
                {"data", {{"ca.crt", api.options.ca_pem}}}};
    note_creation(api.clock, type::config_maps, map, controller_manager);
    api.store->add(type::config_maps, std::move(map));
}

void keep_root_ca(ApiState& api, const Json& removed) {
    const auto space = meta(removed, "namespace");
    if (meta(removed, "name") == "kube-root-ca.crt" &&
        api.store->find(type::namespaces, "", space)) {
        publish_root_ca(api, space);
    }
}

}  // namespace meshproof::fakes::kube
