#pragma once

#include <span>
#include <string_view>

#include "core/mesh/seams.hpp"

namespace meshproof::mesh {

/// A deliberate fault of the mesh itself: tests plant it to see that a scenario, a monitor or a
/// property fails. Nothing else ever does.
struct Saboteur {
    std::string_view name;    ///< "agent/never-renews": who, and what it does wrong
    std::string_view breaks;  ///< what no longer holds
    void (*plant)(Seams& seams);
};
[[nodiscard]] std::span<const Saboteur> saboteurs();

/// The seams of one mesh with this saboteur in them. Its name must be in the table.
[[nodiscard]] Seams sabotaged(std::string_view name);

}  // namespace meshproof::mesh
