#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "fakes/kube/status.hpp"

/// The binary form that clients made of Go's types speak: kubectl's typed commands, controllers.
namespace meshproof::fakes::kube {

constexpr std::string_view protobuf_media_type = "application/vnd.kubernetes.protobuf";

/// Whether objects of this kind have that form; those of CustomResourceDefinitions have none.
[[nodiscard]] bool has_protobuf(std::string_view kind, std::string_view api_version);

/// A body of that type in its JSON form. An envelope that names no kind means `kind`. Else 400 in
/// the API server's words for a malformed body; of a kind that there is none of, only its name.
[[nodiscard]] Checked<Json> json_of_protobuf(std::string_view body, std::string_view kind,
                                             std::string_view api_version = "");

/// Why the body is no envelope of that form, in the API server's words; "" where it is one.
[[nodiscard]] std::string protobuf_fault(std::string_view body);

/// An object or a list, byte for byte as Go writes it; nothing where its kind has no such form.
[[nodiscard]] std::optional<std::string> protobuf_of(const Json& object);
/// One event of a watch: a message of WebSockets, or a frame's content.
[[nodiscard]] std::string protobuf_event(std::string_view type, const Json& object);

/// As the API server quotes a body that it could not read: hex, unless it looks like JSON.
[[nodiscard]] std::string body_summary(std::string_view body);

}  // namespace meshproof::fakes::kube
