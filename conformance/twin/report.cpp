#include "conformance/twin/report.hpp"

#include <algorithm>

#include "conformance/twin/curl.hpp"
#include "core/base/text.hpp"

namespace meshproof::twin {
namespace {

/// Of those that the sentence names: whoever wants all has the report.
constexpr std::size_t most_named = 8;

std::string where_it_differs(const Difference& one) {
    return fmt::format("{} {}{}{}", one.key, one.aspect, one.member.empty() ? "" : " ", one.member);
}

std::string figures(const TwinResult& result) {
    const auto size = size_of(result.description);
    const double minutes = std::chrono::duration<double, std::ratio<60>>(result.took).count();
    std::string out = "| | |\n|---|---|\n";
    const auto row = [&out](std::string_view name, const std::string& value) {
        out += fmt::format("| {} | {} |\n", name, value);
    };
    row("server", fmt::format("{} {}", result.description.title, result.real_version));
    row("fake", "plays " + result.fake_version);
    row("described in all",
        fmt::format("{}, {}, {}", counted(size.paths, "path"),
                    counted(size.operations, "operation"), counted(size.parameters, "parameter")));
    row("seed", fmt::format("{}", result.seed));
    row("asked of both", fmt::format("{} in {}", counted(result.requests, "request", "requests"),
                                     counted(result.stories, "story", "stories")));
    row("minutes", fmt::format("{:.1f}", minutes));
    row("not tried alone yet", counted(result.not_tried_yet, "operation or value of a parameter",
                                       "operations and values of parameters")
                                   .text());
    row("unexplained differences", fmt::format("{}", result.findings.size()));
    row("known differences met", fmt::format("{}", result.known.size()));
    return out;
}

/// A list below its heading, or that there is nothing to list.
std::string listed(std::string_view heading, const std::vector<std::string>& lines,
                   std::string_view none) {
    std::string out = fmt::format("\n## {}\n\n", heading);
    for (const auto& line : lines) {
        out += fmt::format("- {}\n", line);
    }
    return lines.empty() ? fmt::format("{}{}\n", out, none) : out;
}

/// Keys hold braces and stars, which are no markup.
std::vector<std::string> as_code(std::vector<std::string> lines) {
    for (auto& line : lines) {
        const auto colon = line.find(": ");
        line = colon == std::string::npos
                   ? fmt::format("`{}`", line)
                   : fmt::format("`{}`: {}", line.substr(0, colon), line.substr(colon + 2));
    }
    return lines;
}

}  // namespace

std::string distance(const TwinResult& result) {
    const auto answers = counted(result.findings.size(), "answer", "answers");
    if (result.real_version == result.fake_version) {
        return fmt::format("this {} differs from the played {} in {}", result.real_version,
                           result.fake_version, answers);
    }
    std::vector<std::string> named;
    for (const auto& finding : result.findings) {
        if (named.size() == most_named) {
            named.push_back(fmt::format("and {} more", result.findings.size() - most_named));
            break;
        }
        named.push_back(where_it_differs(finding.difference));
    }
    return fmt::format("your {} differs from the played {} in {}{}{}", result.real_version,
                       result.fake_version, answers, named.empty() ? "" : ": ", join(named, "; "));
}

std::string report_markdown(const TwinResult& result) {
    auto out = fmt::format("# {} {} beside the played {}\n\n{}\n{}\n{}", result.description.title,
                           result.real_version, result.fake_version, figures(result),
                           distance(result) + ".\n", result.coverage.markdown());
    out += listed("Never reached", as_code(result.coverage.never_reached()),
                  "Every operation and parameter that is played was asked.");
    if (!result.not_waited.empty()) {
        out += listed("Not waited for", result.not_waited, "");
        out +=
            "\nFrom there on the fake was asked alone, its date moved, and held against what is "
            "written in the story.\n";
    }
    out += "\n## Differences\n\n";
    for (const auto& finding : result.findings) {
        out += fmt::format("### {}\n\n```sh\n{}\n```\n\n", headline(finding),
                           join(to_curl(finding.story), "\n"));
    }
    return result.findings.empty() ? out + "None that nothing explains.\n" : out;
}

}  // namespace meshproof::twin
