#pragma once

#include <vector>

#include "fakes/kube/api_state.hpp"

/// Rules of the kinds that operators lean on: Service, Lease, Event, Node.
namespace meshproof::fakes::kube {

/// Defaults, and what is wrong.
void complete_service(Json& service, std::vector<Cause>& faults);
void complete_lease(Json& lease, std::vector<Cause>& faults);
/// Of either group: each has rules of its own.
void complete_event(const ResourceType& type, const Json& event, std::vector<Cause>& faults);
void complete_node(Json& node, std::vector<Cause>& faults);

/// What admission adds to a new object.
void admit_new(const ResourceType& type, Json& object);
/// What an update that does not name them keeps: a Service's addresses and ports.
void keep_allocated(const ResourceType& type, const Json& before, Json& after);
/// What an update may not change, and did.
[[nodiscard]] std::vector<Cause> service_changes(const Json& before, const Json& after);
[[nodiscard]] std::vector<Cause> event_changes(const Json& before, const Json& after);

/// Last, what no field manager owns: addresses and ports drawn for a Service, and fields that Go
/// writes even where they are empty. 422 where a wanted address or port is taken.
[[nodiscard]] Checked<> settle_fields(ApiState& api, const ResourceType& type, Json& object);

/// The Service of the API server itself, in the namespace default; nothing else changes by it.
void add_own_service(ApiState& api);

}  // namespace meshproof::fakes::kube
