#pragma once

#include <optional>
#include <span>
#include <string>

#include "core/http/message.hpp"
#include "core/time/time.hpp"
#include "fakes/kube/negotiation.hpp"
#include "fakes/kube/request_info.hpp"
#include "fakes/kube/store.hpp"

/// What `kubectl get` shows: columns that the API server makes where it is asked for a Table.
namespace meshproof::fakes::kube {

/// An object that is asked for as a list of metadata, or a list as one object's.
[[nodiscard]] http::Response wrong_shape(const ResourceType& type, Shape asked);
[[nodiscard]] Json metadata_only(const Json& object);

struct TableSpec {
    const ResourceType* type = nullptr;
    std::string include_object;  ///< "None", "Metadata" (also where empty) or "Object"
    bool headers = true;         ///< a watch sends them with its first event only
};
/// The query's part of it.
[[nodiscard]] TableSpec table_asked(const ResourceType& type, const RequestInfo& info);

/// How long ago that was, as `kubectl get` tells it: "5m".
[[nodiscard]] Json age_text(const std::string& date, Time now);

/// `metadata` is the list's own.
[[nodiscard]] Json table_of(const TableSpec& spec, std::span<const Object> objects, Json metadata,
                            Time now);

}  // namespace meshproof::fakes::kube
