#include "fakes/state.hpp"

#include "fakes/kube/cluster.hpp"
#include "fakes/kube/schema.hpp"

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
    crypto::Key key;
    read_member(state, "signing_key", key);
    cluster.tokens.use_key(std::move(key));
    std::uint64_t version = 0;
    read_member(state, "resource_version", version);
    cluster.store->go_on_from(version);
    const auto& objects = state.at("objects");
    for (const auto& type : all_types()) {
        if (!type.stored) {
            continue;
        }
        read_each(objects, type.resource(), [&](Json object, const std::string&) {
            if (meta(object, "name").empty() || meta(object, "uid").empty() ||
                type.namespaced == meta(object, "namespace").empty()) {
                refuse_state("it has no proper name");
            }
            if (const auto known = conform(object, object_type(type.kind)); !known) {
                refuse_state("{}", known.error().text);
            }
            cluster.store->restore(type, std::move(object));
        });
    }
}

}  // namespace meshproof::fakes::kube
