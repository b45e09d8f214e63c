#include "fakes/kube/controllers/controllers.hpp"

namespace meshproof::fakes::kube {

void add_namespace(Cluster& cluster, Json object) {
    const auto name = meta(object, "name");
    object["metadata"]["labels"]["kubernetes.io/metadata.name"] = name;
    object["spec"]["finalizers"] = Json::array({"kubernetes"});
    object["status"] = {{"phase", "Active"}};
    cluster.store->add(type::namespaces, std::move(object));
    add_default_account(cluster, name);
    publish_root_ca(cluster, name);
}

void empty_namespace(Cluster& cluster, const std::string& name) {
    for (const auto& stored : all_types()) {
        if (stored.namespaced && stored.stored) {
            for (const auto& inside : cluster.store->list(stored, name)) {
                cluster.store->remove(stored, name, meta(*inside, "name"));
            }
        }
    }
}

}  // namespace meshproof::fakes::kube
