#pragma once

#include <string>

#include "fakes/kube/status.hpp"

/// The older OpenAPI document in binary, with which kubectl checks what can only be created.
namespace meshproof::fakes::kube {

/// As messages of its .proto name themselves there; "@v1.0" is older than ".v1.0".
inline constexpr std::string_view openapi_v2_media =
    "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";
inline constexpr std::string_view openapi_v2_older_media =
    "application/com.github.proto-openapi.spec.v2@v1.0+protobuf";

/// `document` is that of OpenAPI 2 in JSON: its info and definitions.
[[nodiscard]] std::string protobuf_of_openapi(const Json& document);

}  // namespace meshproof::fakes::kube
