#include "fakes/state.hpp"

#include "fakes/kube/api_state.hpp"
#include "fakes/kube/custom_resources.hpp"
#include "fakes/kube/kinds.hpp"
#include "fakes/kube/schema.hpp"

namespace meshproof::fakes::kube {
namespace {

// A state of before there was the kind has none.
void load_objects(ApiState& api, const Json& objects, const ResourceType& type) {
    if (!objects.contains(type.resource())) {
        return;
    }
    read_each(objects, type.resource(), [&](Json object, const std::string&) {
        if (meta(object, "name").empty() || meta(object, "uid").empty() ||
            type.namespaced == meta(object, "namespace").empty()) {
            refuse_state("it has no proper name");
        }
        if (const auto known = conform(object, type); !known) {
            refuse_state("{}", known.error().text);
        }
        if (&type == &type::events) {
            (void)settle_fields(api, type, object);  // its nulls, which mean something there
        }
        api.store->restore(type, std::move(object));
    });
}

}  // namespace

Json save_api_state(const ApiState& api) {
    auto objects = Json::object();
    for (const auto* type : kept_types(api.store->custom())) {
        auto& kept = objects[type->resource()] = Json::array();
        for (const auto& object : api.store->list(*type)) {
            kept.push_back(*object);
        }
    }
    return {{"starts", api.starts},
            {"admin_token", api.options.admin_token},
            {"issuer", api.options.issuer},
            {"signing_key", api.tokens.key()},
            {"resource_version", api.store->version()},
            {"objects", std::move(objects)}};
}

void load_api_state(ApiState& api, const Json& state) {
    crypto::Key key;
    read_member(state, "signing_key", key);
    api.tokens.use_key(std::move(key));
    std::uint64_t version = 0;
    read_member(state, "resource_version", version);
    api.store->go_on_from(version);
    const auto& objects = state.at("objects");
    for (const auto* type : kept_types(api.store->custom())) {
        load_objects(api, objects, *type);
    }
    for (const auto& definition : api.store->list(type::definitions)) {
        if (established(*definition)) {
            api.store->custom().serve(*definition);
        }
    }
    for (const auto* type : api.store->custom().kept()) {
        load_objects(api, objects, *type);
    }
}

}  // namespace meshproof::fakes::kube
