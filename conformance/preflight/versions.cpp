#include "conformance/preflight/versions.hpp"

#include <algorithm>
#include <charconv>
#include <span>

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

Edition edition_of(bool openbao, std::string_view version) {
    if (openbao) {
        return Edition::openbao;
    }
    return version.find("+ent") == std::string_view::npos ? Edition::community
                                                          : Edition::enterprise;
}

bool is_listed(bool openbao, const Version& version) {
    constexpr int closed = 1000;  // the line's last release is older than the list
    constexpr std::array<Version, 4> of_openbao{
        {{2, 4, closed}, {2, 5, closed}, {2, 6, 4}, {2, 7, 2}}};
    constexpr std::array<Version, 6> of_vault{
        {{1, 19, 18}, {1, 20, 12}, {1, 21, 7}, {2, 0, 4}, {2, 1, 2}, {2, 2, 2}}};
    const auto within = [&](const Version& last) {
        return last[0] == version[0] && last[1] == version[1] && version <= last;
    };
    return openbao ? std::ranges::any_of(of_openbao, within)
                   : std::ranges::any_of(of_vault, within);
}

Version mended_in(Edition edition, const Version& version) {
    // The newest line first. OpenBao by the record of CVE-2026-115356, Vault by that of
    // CVE-2026-89322, which has the lines of both editions.
    static constexpr std::array<Version, 2> of_openbao{{{2, 7, 1}, {2, 6, 4}}};
    static constexpr std::array<Version, 4> of_vault{
        {{2, 1, 2}, {1, 21, 12}, {1, 20, 17}, {1, 19, 23}}};
    std::span<const Version> lines = of_vault;
    if (edition == Edition::openbao) {
        lines = of_openbao;
    } else if (edition == Edition::community) {
        lines = lines.first(1);
    }
    const auto line = std::ranges::find_if(
        lines, [&](const Version& one) { return one[0] == version[0] && one[1] == version[1]; });
    return line != lines.end() ? *line : lines.front();
}

bool gets_fixes(Edition edition, const Version& version) {
    switch (edition) {
        case Edition::openbao:
            // The fix of CVE-2026-115356 came in 2.6.4 after 2.7.0, and for no older line.
            return version >= Version{2, 6, 0};
        case Edition::community:
            // By the records of CVE-2026-92735 and others of 2026-11-12: 2.2.2 alone has the fix.
            return version >= Version{2, 2, 0};
        case Edition::enterprise:
            // By the same: 1.19.25 and 1.21.14 too, and neither 1.20 nor 2.0 and 2.1.
            return version >= Version{2, 2, 0} ||
                   (version[0] == 1 && (version[1] == 19 || version[1] == 21));
    }
    return true;
}

}  // namespace meshproof::preflight
