#pragma once

#include <string_view>

namespace meshproof::cli {

/// What the program was built from: "commit 0123456789ab of 2026-11-29", with ", with changes"
/// where files differed from it, or "of no known commit". Its file is made by cmake/commit.cmake.
[[nodiscard]] std::string_view built_commit();

}  // namespace meshproof::cli
