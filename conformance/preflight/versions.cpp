#include "conformance/preflight/versions.hpp"

#include <algorithm>
#include <charconv>

#include "core/base/text.hpp"

namespace meshproof::preflight {

Version version_of(std::string_view text) {
    Version version{};
    const auto parts = split(text, '.');
    for (std::size_t i = 0; i < parts.size() && i < version.size(); ++i) {
        std::from_chars(parts[i].data(), parts[i].data() + parts[i].size(), version[i]);
    }
    return version;
}

std::string version_text(const Version& version) {
    return fmt::format("{}.{}.{}", version[0], version[1], version[2]);
}

bool has_it(const Since& since, const Version& version) {
    if (since.empty()) {
        return false;
    }
    const auto line = std::ranges::find_if(since, [&](const Version& first) {
        return first[0] == version[0] && first[1] == version[1];
    });
    return line != since.end() ? version >= *line : version > since.back();
}

bool is_listed(bool openbao, const Version& version) {
    constexpr int closed = 1000;  // the line's last release is older than the list
    constexpr std::array<Version, 4> of_openbao{
        {{2, 4, closed}, {2, 5, closed}, {2, 6, 2}, {2, 7, 2}}};
    constexpr std::array<Version, 5> of_vault{
        {{1, 19, 17}, {1, 20, 11}, {1, 21, 6}, {2, 0, 2}, {2, 1, 0}}};
    const auto within = [&](const Version& last) {
        return last[0] == version[0] && last[1] == version[1] && version <= last;
    };
    return openbao ? std::ranges::any_of(of_openbao, within)
                   : std::ranges::any_of(of_vault, within);
}

Version mended_in(bool openbao, const Version& version) {
    if (openbao) {
        return {2, 6, 2};
    }
    constexpr std::array<Version, 4> of_vault{{{1, 19, 17}, {1, 20, 11}, {1, 21, 6}, {2, 0, 1}}};
    for (const auto& one : of_vault) {
        if (one[0] == version[0] && one[1] == version[1]) {
            return one;
        }
    }
    return of_vault.front();  // older lines got nothing any more, newer ones have it
}

}  // namespace meshproof::preflight
