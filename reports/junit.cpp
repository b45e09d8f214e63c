#include "core/base/text.hpp"
#include "reports/report.hpp"

namespace meshproof::reports {
namespace {

/// Text for XML 1.0, which cannot hold most control characters even escaped.
std::string xml(std::string_view text) {
    std::string out;
    for (const char c : text) {
        switch (c) {
            case '&':
                out += "&amp;";
                break;
            case '<':
                out += "&lt;";
                break;
            case '>':
                out += "&gt;";
                break;
            case '"':
                out += "&quot;";
                break;
            case '\n':
                out += "&#10;";
                break;
            default:
                if (static_cast<unsigned char>(c) >= 0x20 || c == '\t') {
                    out += c;
                } else {
                    out += '?';
                }
        }
    }
    return out;
}

double seconds(Duration duration) {
    return std::chrono::duration<double>(duration).count();
}

std::string body(const run::Outcome& outcome) {
    switch (outcome.verdict) {
        case run::Verdict::pass:
            return {};
        case run::Verdict::fail:
            return fmt::format("    <failure message=\"{}\">{}</failure>\n", xml(outcome.reason),
                               xml(join(outcome.failures, "\n")));
        case run::Verdict::blocked:
            return fmt::format("    <error message=\"{}\"/>\n", xml("blocked: " + outcome.reason));
        case run::Verdict::skip:
            return fmt::format("    <skipped message=\"{}\"/>\n", xml(outcome.reason));
        case run::Verdict::deviates:
            return fmt::format("    <skipped message=\"{}\"/>\n",
                               xml("deviates: " + outcome.reason));
    }
    return {};
}

/// What was said, for whoever looks at one test case.
std::string evidence(const run::Outcome& outcome) {
    if (outcome.evidence.empty()) {
        return {};
    }
    std::string text;
    for (const auto& exchange : outcome.evidence) {
        constexpr std::size_t enough = 300;
        text += fmt::format(
            "{} {}\n  {} {}\n", exchange.method, exchange.target, exchange.status,
            exchange.status == 0 ? exchange.failure : exchange.answer.substr(0, enough));
    }
    return fmt::format("    <system-out>{}</system-out>\n", xml(text));
}

}  // namespace

std::string to_junit(const run::RunResult& result) {
    using run::Verdict;
    std::string cases;
    for (const auto& outcome : result.outcomes) {
        const auto slash = outcome.id.rfind('/');
        const auto group = slash == std::string::npos ? outcome.kind : outcome.id.substr(0, slash);
        const auto content = body(outcome) + evidence(outcome);
        cases += fmt::format("  <testcase classname=\"{}\" name=\"{}\" time=\"{:.3f}\"{}",
                             xml(group), xml(outcome.id), seconds(outcome.duration),
                             content.empty() ? "/>\n" : ">\n");
        if (!content.empty()) {
            cases += content + "  </testcase>\n";
        }
    }
    return fmt::format(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        "<testsuite name=\"meshproof {} {}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" "
        "skipped=\"{}\" time=\"{:.3f}\" "
        "timestamp=\"{}\">\n"
        "  <properties>\n"
        "    <property name=\"version\" value=\"{}\"/>\n"
        "    <property name=\"seed\" value=\"{}\"/>\n"
        "  </properties>\n{}</testsuite>\n",
        xml(result.command), xml(result.target), result.outcomes.size(),
        result.count(Verdict::fail), result.count(Verdict::blocked),
        result.count(Verdict::skip) + result.count(Verdict::deviates), seconds(result.duration),
        rfc3339(result.started), MESHPROOF_VERSION, result.seed, cases);
}

}  // namespace meshproof::reports
