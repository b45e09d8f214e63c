#pragma once

#include <string>
#include <vector>

#include "conformance/twin/story.hpp"

namespace meshproof::twin {

/// Something that both servers hold from the start: the real one, and the fake by an export of it.
struct Held {
    std::string path;                   ///< where it was written: "pki/roles/mesh"
    bool issuer = false;                ///< `path` is a mount that has its issuers from there
    std::vector<std::string> unlike{};  ///< members that are each side's own: an address, a token
};

/// A story for each, that reads it on both and changes nothing. What cannot be read back has none.
[[nodiscard]] std::vector<Story> stories_of_state(const std::vector<Held>& held);

}  // namespace meshproof::twin
