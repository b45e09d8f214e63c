#pragma once

#include <string>
#include <vector>

#include "fakes/kube/api_state.hpp"

/// CustomResourceDefinitions and their objects. Schemas are followed as far as defaults, types,
/// required fields, enums, sizes, limits of numbers and keyed lists go; patterns, formats, anyOf,
/// oneOf, not, CEL rules, scale and conversion by webhooks are not.
namespace meshproof::fakes::kube {

/// Defaults of a definition; `faults` is what is wrong with it.
void complete_definition(Json& definition, std::vector<Cause>& faults);
/// What an update of a definition may not change.
[[nodiscard]] std::vector<Cause> definition_changes(const Json& before, const Json& after);
/// Whether its objects are served.
[[nodiscard]] bool established(const Json& definition);
/// Accepts the names of a new or changed definition and serves its objects, as the controllers
/// inside the API server do a moment later; of a removed one, ends both.
void follow_definition(ApiState& api, const Json& definition);
/// What a deletion answers: the definition while its objects are removed.
[[nodiscard]] Json ending_definition(const ApiState& api, const Json& definition);

/// Defaults of a custom object, and what is wrong with it.
void complete_custom(const ResourceType& type, Json& object, std::vector<Cause>& faults);

/// Of one group's version, for its OpenAPI document, by name.
[[nodiscard]] Json custom_schemas(const Store& store, std::string_view group,
                                  std::string_view version);

/// The columns of `kubectl get`, after the name.
[[nodiscard]] Json custom_column_definitions(const ResourceType& type);
[[nodiscard]] Json custom_cells(const ResourceType& type, const Json& object, Time now);

}  // namespace meshproof::fakes::kube
