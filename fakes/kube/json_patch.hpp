#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>

namespace meshproof::fakes::kube {

using Json = nlohmann::json;

/// What kube-apiserver applies of one JSON patch: handlers/patch.go (maxJSONPatchOperations) and
/// server.Config.JSONPatchMaxCopyBytes.
inline constexpr std::size_t most_patch_operations = 10'000;
inline constexpr std::size_t most_copied_bytes = 3U << 20;

/// RFC 6902 on `document`, an operation at a time: a patch that copies a value into itself would
/// otherwise double, or deepen, what is there with each of its operations. False where an operation
/// does not apply or goes over a limit; the document is then half changed, and worth nothing.
[[nodiscard]] bool apply_json_patch(Json& document, const Json& operations);

}  // namespace meshproof::fakes::kube
