#include "fakes/kube/controllers/owners.hpp"

namespace meshproof::fakes::kube {
namespace {

bool owned_by(const Json& object, const std::string& uid) {
    const auto& metadata = object.at("metadata");
    const auto owners = metadata.find("ownerReferences");
    return owners != metadata.end() && std::ranges::any_of(*owners, [&](const Json& owner) {
               return text_at(owner, "/uid") == uid && owner.value("controller", false);
           });
}

}  // namespace

std::vector<Object> owned(const ApiState& api, const ResourceType& type, const Json& owner) {
    const auto uid = meta(owner, "uid");
    auto objects = api.store->owned_by(type, meta(owner, "namespace"), uid);
    std::erase_if(objects, [&](const Object& object) { return !owned_by(*object, uid); });
    return objects;
}

Object owner_of(const ApiState& api, const ResourceType& type, const Json& object) {
    for (const auto& owner : object["metadata"].value("ownerReferences", Json::array())) {
        const auto found =
            api.store->find(type, meta(object, "namespace"), text_at(owner, "/name"));
        if (found && text_at(owner, "/kind") == type.kind &&
            meta(*found, "uid") == text_at(owner, "/uid")) {
            return found;
        }
    }
    return nullptr;
}

Json owner_reference(const ResourceType& type, const Json& owner) {
    return {{"apiVersion", type.api_version()}, {"kind", type.kind},  {"name", meta(owner, "name")},
            {"uid", meta(owner, "uid")},        {"controller", true}, {"blockOwnerDeletion", true}};
}

bool leaving(const Json& object) {
    return !meta(object, "deletionTimestamp").empty();
}

}  // namespace meshproof::fakes::kube
