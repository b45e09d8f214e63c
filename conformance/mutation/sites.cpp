#include "conformance/mutation/sites.hpp"

#include <algorithm>
#include <filesystem>
#include <regex>

#include "core/base/text.hpp"

namespace meshproof::conformance::mutation {
namespace {

namespace fs = std::filesystem;

/// Where the parenthesis that opens at `open` closes; texts in quotes do not count.
std::size_t closing(std::string_view source, std::size_t open) {
    int depth = 0;
    for (auto i = open; i < source.size(); ++i) {
        if (source.substr(i).starts_with("R\"(")) {
            i = std::min(source.find(")\"", i), source.size() - 1) + 1;
        } else if (source[i] == '"') {
            for (++i; i < source.size() && source[i] != '"'; ++i) {
                i += source[i] == '\\' ? 1 : 0;
            }
        } else if (source[i] == '(') {
            ++depth;
        } else if (source[i] == ')' && --depth == 0) {
            return i;
        }
    }
    return source.size();
}

bool holds_checks(const std::string& path) {
    return path.ends_with(".cpp") && path.find("/tests/") == std::string::npos &&
           path.find("/mutation/") == std::string::npos;
}

}  // namespace

std::vector<Site> sites_in(const std::string& file, std::string_view source) {
    static const std::regex call(R"(probe_?(\.|->)(expect[a-z_]*|give_up)\()");
    std::vector<Site> sites;
    const auto line_at = [&](std::size_t offset) {
        return 1 + static_cast<unsigned>(std::count(
                       source.begin(), source.begin() + static_cast<std::ptrdiff_t>(offset), '\n'));
    };
    const std::string text(source);
    for (std::sregex_iterator match(text.begin(), text.end(), call), end; match != end; ++match) {
        const auto begin = static_cast<std::size_t>(match->position());
        const auto open = begin + static_cast<std::size_t>(match->length()) - 1;
        sites.push_back(
            {{file, line_at(begin), 0}, line_at(std::min(closing(source, open), source.size()))});
    }
    return sites;
}

std::vector<Site> sites_below(const std::string& folder) {
    std::vector<Site> sites;
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
        const auto path = entry.path().string();
        if (holds_checks(path)) {
            std::ranges::move(sites_in(path, read_file(path).value_or("")),
                              std::back_inserter(sites));
        }
    }
    std::ranges::sort(sites, {}, &Site::at);
    return sites;
}

std::vector<At> unreached(const std::vector<Site>& sites, const std::set<At>& noted) {
    std::vector<At> found;
    for (const auto& site : sites) {
        const auto first = noted.lower_bound(site.at);
        if (first == noted.end() || first->file != site.at.file || first->line > site.last) {
            found.push_back(site.at);
        }
    }
    return found;
}

}  // namespace meshproof::conformance::mutation
