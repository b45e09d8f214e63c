#pragma once

#include <string>
#include <string_view>

#include "fakes/kube/status.hpp"

/// The binary form in which kubectl's typed commands send what they create.
namespace meshproof::fakes::kube {

constexpr std::string_view protobuf_media_type = "application/vnd.kubernetes.protobuf";

/// A body of that type in its JSON form, without fields that only the server sets. An envelope
/// that names no kind means `kind`. Else 400 in the API server's words for a malformed body, 415
/// for a kind that this fake takes as JSON only.
[[nodiscard]] Checked<Json> json_of_protobuf(std::string_view body, std::string_view kind);

/// As the API server quotes a body that it could not read: hex, unless it looks like JSON.
[[nodiscard]] std::string body_summary(std::string_view body);

}  // namespace meshproof::fakes::kube
