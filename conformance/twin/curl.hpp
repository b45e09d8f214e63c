#pragma once

#include <string>
#include <vector>

#include "conformance/twin/story.hpp"

namespace meshproof::twin {

/// The story as commands for a shell where VAULT_ADDR, VAULT_TOKEN and VAULT_CACERT are set, one a
/// request. What a later one needs of an answer is kept in a file of the request's number, and read
/// with jq. Secrets stand as variables; names are plain ones ("twin-a").
[[nodiscard]] std::vector<std::string> to_curl(const Story& story);

}  // namespace meshproof::twin
