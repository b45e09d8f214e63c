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

/// Whose fixes a version gets: those of Vault go to several lines of the enterprise edition, and to
/// the newest line alone of the community's.
enum class Edition { openbao, community, enterprise };
/// By what a server says of itself: "1.21.12+ent" is of the enterprise edition.
[[nodiscard]] Edition edition_of(bool openbao, std::string_view version);

/// Whether the list of changes reaches a version: by its line, and no newer than 2026-11, when the
/// list was gathered. docs/preflight.md says which release notes were read for it. Of other
/// versions nobody here knows.
[[nodiscard]] bool is_listed(bool openbao, const Version& version);
/// The first of a version's line that has what was mended on the paths of a mesh; of lines that got
/// nothing, the first of the newest line.
[[nodiscard]] Version mended_in(Edition edition, const Version& version);
/// Whether a version's line still gets fixes, as of 2026-11.
[[nodiscard]] bool gets_fixes(Edition edition, const Version& version);

}  // namespace meshproof::preflight
