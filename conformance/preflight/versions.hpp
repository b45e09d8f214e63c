#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace meshproof::preflight {

/// Major, minor, patch.
using Version = std::array<int, 3>;
/// "1.19.17+ent" -> {1, 19, 17}; what is not there is 0.
[[nodiscard]] Version version_of(std::string_view text);
/// "1.19.17"
[[nodiscard]] std::string version_text(const Version& version);

/// When something came to a product: the first version of each line that has it, oldest first.
/// Lines before the first never got it, lines after the last have it from their beginning.
using Since = std::vector<Version>;
[[nodiscard]] bool has_it(const Since& since, const Version& version);

/// Whether the list of changes reaches a version: by its line, and no newer than 2026-11, when the
/// list was gathered. It holds the changes on a mesh's path that we had heard of, each with its
/// version; release notes were not read through for it, so it may lack some. Of other versions
/// nobody here knows.
[[nodiscard]] bool is_listed(bool openbao, const Version& version);
/// The first of a version's line that has what was mended on the paths of a mesh.
[[nodiscard]] Version mended_in(bool openbao, const Version& version);

}  // namespace meshproof::preflight
