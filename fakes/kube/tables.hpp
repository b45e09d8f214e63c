#pragma once

#include <span>
#include <string>

#include "core/http/message.hpp"
#include "core/time/time.hpp"
#include "fakes/kube/request_info.hpp"
#include "fakes/kube/store.hpp"

/// What `kubectl get` shows: columns that the API server makes where it is asked for a Table.
namespace meshproof::fakes::kube {

/// Whether the first media type that the caller accepts is a Table.
[[nodiscard]] bool wants_table(const http::Request& request);

/// Whether it is the metadata alone, PartialObjectMetadata.
[[nodiscard]] bool wants_metadata(const http::Request& request);
[[nodiscard]] Json metadata_only(const Json& object);

struct TableSpec {
    const ResourceType* type = nullptr;
    std::string include_object;  ///< "None", "Metadata" (also where empty) or "Object"
    bool headers = true;         ///< a watch sends them with its first event only
};
/// The query's part of it.
[[nodiscard]] TableSpec table_asked(const ResourceType& type, const RequestInfo& info);

/// `metadata` is the list's own.
[[nodiscard]] Json table_of(const TableSpec& spec, std::span<const Object> objects, Json metadata,
                            Time now);

}  // namespace meshproof::fakes::kube
