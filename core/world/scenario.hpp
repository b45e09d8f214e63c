#pragma once

#include <set>
#include <string_view>
#include <vector>

#include "core/world/world.hpp"

namespace meshproof::run {

/// One sentence about the integration, proven by running it. `id` = the file's path under
/// scenarios/; the symbol is the path with _.
struct Scenario {
    std::string_view id;        ///< "lifecycle/ca-deletion"
    std::string_view sentence;  ///< what it proves
    std::string_view source;    ///< a document or section that can be opened
    std::set<Feature> needs{};
    bool exclusive = false;  ///< disturbs everybody on the same servers (seals them): runs alone on
                             ///< a live target
    bool without_mtls = false;  ///< it shows nothing of it; whoever does and makes the monitors see
                                ///< no handshake has shown nothing
    Task<void> (*run)(World&) = nullptr;
};

}  // namespace meshproof::run
