#pragma once

#include <string>
#include <vector>

#include "fakes/kube/api_state.hpp"
#include "fakes/kube/schema.hpp"

/// metadata.managedFields: who set which field, in the form of FieldsV1.
namespace meshproof::fakes::kube {

/// A set of fields: {"f:spec":{"f:replicas":{}}}. A node without children, or with ".", is in it.
using FieldSet = Json;

/// All fields that the object has, but for those that only the server sets.
[[nodiscard]] FieldSet fields_of(const Json& object, const ObjectType& type);
/// Those of `after` that `before` lacks or has otherwise.
[[nodiscard]] FieldSet changed_fields(const Json& before, const Json& after,
                                      const ObjectType& type);
/// Each item that a list has once more under the same key, in structured-merge-diff's words; of a
/// few thousand the first ones.
[[nodiscard]] std::vector<std::string> repeated_items(const Json& object, const ObjectType& type);
[[nodiscard]] FieldSet without(const FieldSet& set, const FieldSet& less);
[[nodiscard]] FieldSet both(const FieldSet& a, const FieldSet& b);
[[nodiscard]] FieldSet either(FieldSet a, const FieldSet& b);
/// The JSON in a key of a set, which names an item of a list: k:{"name":"c"}, v:"a". Null where it
/// is nested too deep: within a text, the body's reader did not see that.
[[nodiscard]] Json value_in_key(std::string_view key);
/// As messages name them: ".data.a", ".spec.containers[name=\"c\"].image".
[[nodiscard]] std::vector<std::string> paths_of(const FieldSet& set);

/// What the caller calls itself: fieldManager, else the first word of its User-Agent.
[[nodiscard]] std::string field_manager(const ApiCall& call);
/// Who writes fields, and through what.
struct ManagerOf {
    std::string name, api_version, subresource;
};
/// An entry of managedFields for an update of now.
[[nodiscard]] Json manager_entry(const Clock& clock, const ManagerOf& manager, FieldSet set);
/// A caller's managedFields as the server reads them. Nothing where it cannot: they are as good as
/// none.
[[nodiscard]] std::optional<Json> read_managers(Json entries);
/// As the server orders them: appliers first, then by time and name.
void sort_managers(Json& entries);

/// Writes into `after` who set what, for a create, an update or a patch. `before` is {} for a
/// create. An object that has no managers gets none by an update, only by an apply.
void note_update(const ApiState& api, const ApiCall& call, const Json& before, Json& after);
void note_update(const ApiState& api, const ManagerOf& manager, const Json& before, Json& after,
                 const ObjectType& type);
/// A pod without what admission added to the spec that was sent: that is nobody's.
[[nodiscard]] Json before_admission(Json pod, const Json& given);
/// The same for what a component of the cluster creates; its status is nobody's yet.
void note_creation(const Clock& clock, const ResourceType& type, Json& object,
                   const std::string& manager);

}  // namespace meshproof::fakes::kube
