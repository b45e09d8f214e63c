#include "conformance/mutation/hints.hpp"

#include <algorithm>
#include <map>
#include <regex>

#include "core/base/text.hpp"

namespace meshproof::conformance::mutation {
namespace {

constexpr std::size_t longest = 60;

void keep(std::vector<std::string>& list, std::string text) {
    if (std::ranges::find(list, text) == list.end()) {
        list.push_back(std::move(text));
    }
}

}  // namespace

Hints hints_in(std::string_view source) {
    static const std::regex quoted(R"re("((?:[^"\\]|\\.)*)")re");
    static const std::regex header("[A-Z][A-Za-z]*(-[A-Z][A-Za-z]*)*");
    static const std::regex member("[A-Za-z_][A-Za-z0-9_.-]*");
    Hints hints;
    const std::string text(source);
    for (std::sregex_iterator match(text.begin(), text.end(), quoted), end; match != end; ++match) {
        const auto found = (*match)[1].str();
        if (found.empty() || found.size() > longest || found.find('{') != std::string::npos) {
            continue;
        }
        // "/status/user": the last step names the member.
        const auto name = found.substr(found.rfind('/') + 1);
        if (std::regex_match(found, header)) {
            keep(hints.headers, found);
        }
        if (std::regex_match(name, member)) {
            keep(hints.members, name);
        }
        keep(hints.texts, found);
    }
    return hints;
}

std::string source_near(const At& at, std::size_t before, std::size_t after) {
    thread_local std::map<std::string, std::vector<std::string>> read;
    auto found = read.find(at.file);
    if (found == read.end()) {
        const auto text = read_file(at.file);
        found = read.emplace(at.file, split(text.value_or(""), '\n')).first;
    }
    const auto& lines = found->second;
    std::string near;
    for (auto i = at.line > before ? at.line - before : 0;
         i < std::min<std::size_t>(lines.size(), at.line + after); ++i) {
        near += lines[i] + "\n";
    }
    return near;
}

Hints hints_near(const At& at) {
    constexpr std::size_t before = 14, after = 4;
    return hints_in(source_near(at, before, after));
}

}  // namespace meshproof::conformance::mutation
