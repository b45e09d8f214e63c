#include "fakes/kube/controllers/controllers.hpp"
#include "fakes/kube/managed_fields.hpp"

namespace meshproof::fakes::kube {

void add_namespace(ApiState& api, Json object) {
    const auto name = meta(object, "name");
    object["metadata"]["labels"]["kubernetes.io/metadata.name"] = name;
    if (!object["metadata"].contains("managedFields")) {
        note_creation(api.clock, type::namespaces, object, "kube-apiserver");
    }
    object["spec"]["finalizers"] = Json::array({"kubernetes"});
    object["status"] = {{"phase", "Active"}};
    api.store->add(type::namespaces, std::move(object));
    add_default_account(api, name);
    publish_root_ca(api, name);
}

void empty_namespace(ApiState& api, const std::string& name) {
    for (const auto* stored : kept_types(api.store->custom())) {
        if (stored->namespaced) {
            for (const auto& inside : api.store->list(*stored, name)) {
                api.store->remove(*stored, name, meta(*inside, "name"));
            }
        }
    }
}

}  // namespace meshproof::fakes::kube
