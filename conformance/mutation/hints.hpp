#pragma once

#include "conformance/mutation/play.hpp"

namespace meshproof::conformance::mutation {

/// The source around a place, from so many lines before it; "" where it is not below the working
/// directory.
[[nodiscard]] std::string source_near(const At& at, std::size_t before, std::size_t after);

/// The texts in quotes near a place in the source that may be names of headers or members, or whole
/// values. Nothing where the source is not below the working directory.
[[nodiscard]] Hints hints_near(const At& at);
[[nodiscard]] Hints hints_in(std::string_view source);

}  // namespace meshproof::conformance::mutation
