#pragma once

#include <string_view>

#include "fakes/kube/status.hpp"

/// The binary form in which kubectl's typed commands send what they create.
namespace meshproof::fakes::kube {

constexpr std::string_view protobuf_media_type = "application/vnd.kubernetes.protobuf";

/// A body of that type in its JSON form, without fields that only the server sets. An envelope
/// that names no kind means `kind`. Throws Refused: 400 in the API server's words for a malformed
/// body, 415 for a kind that this fake takes as JSON only.
[[nodiscard]] Json json_of_protobuf(std::string_view body, std::string_view kind);

}  // namespace meshproof::fakes::kube
