#include "fakes/kube/controllers/controllers.hpp"
#include "fakes/kube/managed_fields.hpp"

namespace meshproof::fakes::kube {

void collect_dependents(ApiState& api, const Json& owner, bool orphan) {
    const auto uid = meta(owner, "uid");
    for (const auto* kept : kept_types(api.store->custom())) {
        const auto& stored = *kept;
        if (!stored.namespaced) {
            continue;
        }
        for (const auto& object : api.store->list(stored, meta(owner, "namespace"))) {
            const auto owners = object->at("metadata").value("ownerReferences", Json::array());
            const auto its = std::ranges::find_if(
                owners, [&](const Json& one) { return text_at(one, "/uid") == uid; });
            if (its == owners.end()) {
                continue;
            }
            if (orphan) {
                Json free = *object;
                auto& references = free["metadata"]["ownerReferences"];
                references.erase(static_cast<std::size_t>(its - owners.begin()));
                if (references.empty()) {
                    free["metadata"].erase("ownerReferences");
                }
                note_update(api, {std::string(controller_manager), stored.api_version(), ""},
                            *object, free, object_type(stored));
                api.store->replace(stored, std::move(free));
            } else if (owners.size() == 1) {
                (void)delete_object(api, stored, object, Json::object());
            }
        }
    }
}

}  // namespace meshproof::fakes::kube
