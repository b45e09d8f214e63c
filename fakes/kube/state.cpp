#include "fakes/state.hpp"

#include "fakes/kube/cluster.hpp"

namespace meshproof::fakes::kube {

Json save_cluster(const Cluster& cluster) {
    auto objects = Json::object();
    for (const auto& type : all_types()) {
        if (type.stored) {
            auto& kept = objects[type.resource()] = Json::array();
            for (const auto& object : cluster.store->list(type)) {
                kept.push_back(*object);
            }
        }
    }
    return {{"starts", cluster.starts},
            {"admin_token", cluster.options.admin_token},
            {"issuer", cluster.options.issuer},
            {"signing_key", cluster.tokens.key()},
            {"resource_version", cluster.store->version()},
            {"objects", std::move(objects)}};
}

void load_cluster(Cluster& cluster, const Json& state) {
    cluster.tokens.use_key(state.at("signing_key").get<crypto::Key>());
    cluster.store->go_on_from(state.at("resource_version").get<std::uint64_t>());
    const auto& objects = state.at("objects");
    for (const auto& type : all_types()) {
        if (!type.stored) {
            continue;
        }
        for (const auto& object : objects.at(type.resource())) {
            if (meta(object, "name").empty() || meta(object, "uid").empty() ||
                type.namespaced == meta(object, "namespace").empty()) {
                refuse_state("one of the {} has no proper name", type.resource());
            }
            cluster.store->restore(type, object);
        }
    }
}

}  // namespace meshproof::fakes::kube
