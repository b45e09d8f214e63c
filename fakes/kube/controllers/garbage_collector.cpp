#include "fakes/kube/controllers/controllers.hpp"
#include "fakes/kube/managed_fields.hpp"

namespace meshproof::fakes::kube {
namespace {

void collect_of_owner(ApiState& api, const Json& owner, bool orphan) {
    const auto uid = meta(owner, "uid");
    for (const auto* kept : kept_types(api.store->custom())) {
        const auto& stored = *kept;
        if (!stored.namespaced) {
            continue;
        }
        for (const auto& object : api.store->owned_by(stored, meta(owner, "namespace"), uid)) {
            const auto& owners = object->at("metadata").at("ownerReferences");
            const auto its = std::ranges::find_if(
                owners, [&](const Json& one) { return text_at(one, "/uid") == uid; });
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

/// One owner within another's turn.
class CollectingScope {
  public:
    explicit CollectingScope(ApiState& api) : api_(api) { ++api_.collecting; }
    ~CollectingScope() { --api_.collecting; }
    CollectingScope(const CollectingScope&) = delete;
    CollectingScope& operator=(const CollectingScope&) = delete;

  private:
    ApiState& api_;
};

}  // namespace

void collect_dependents(ApiState& api, const Json& owner, bool orphan) {
    // What goes may own what goes then, thousands of times: on the stack they would end the
    // process.
    constexpr int deepest = 50;
    if (api.collecting >= deepest) {
        api.uncollected.emplace_back(owner, orphan);
        return;
    }
    const bool first = api.collecting == 0;
    const CollectingScope scope(api);
    collect_of_owner(api, owner, orphan);
    while (first && !api.uncollected.empty()) {
        const auto [next, orphans] = std::move(api.uncollected.front());
        api.uncollected.pop_front();
        collect_of_owner(api, next, orphans);
    }
}

}  // namespace meshproof::fakes::kube
