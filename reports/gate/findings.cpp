#include "reports/gate/findings.hpp"

#include <algorithm>

#include "core/base/json_text.hpp"
#include "core/base/text.hpp"
#include "reports/html/parts.hpp"
#include "reports/place.hpp"

namespace meshproof::reports::gate {
namespace {

using run::Verdict;
using Outcomes = std::vector<run::Outcome>;

run::Outcome result_of(std::string id, Verdict verdict, std::vector<std::string> failures = {}) {
    run::Outcome out;
    out.id = std::move(id);
    out.verdict = verdict;
    out.reason = failures.empty() ? std::string() : failures.front();
    out.failures = std::move(failures);
    out.detail = run::ScenarioOutcome{};
    return out;
}

run::Outcome failed(std::string_view group, const Place& finding) {
    return result_of(fmt::format("{}/{}", group, finding["id"].text()), Verdict::fail,
                     {fmt::format("{}: {}", finding["object"].text(), finding["evidence"].text())});
}

bool is_error(const Place& finding) {
    return finding["severity"].text() == "error";
}

Outcomes of_account(const Place& root) {
    Outcomes all;
    for (const auto& finding : root["findings"].items()) {
        if (is_error(finding)) {
            all.push_back(failed("preflight", finding));
        }
    }
    for (const auto& unknown : root["unknown"].items()) {
        if (is_error(unknown)) {
            all.push_back(result_of("preflight/" + unknown["id"].text(), Verdict::skip));
            all.back().reason = "unknown: " + unknown["why"].text();
        }
    }
    for (const auto& held : root["held"].texts()) {
        all.push_back(result_of("preflight/" + held, Verdict::pass));
    }
    return all;
}

Outcomes of_plan(const Place& root) {
    const auto plan = root["plan"];
    std::vector<std::string> failures;
    for (const auto& stop : plan["stops"].items()) {
        failures.push_back(fmt::format("{} would be refused at {}: {}", stop["id"].text(),
                                       stop["step"].text(), stop["words"].text()));
    }
    if (plan["keeps"].items().empty()) {
        failures.emplace_back("nobody has a leaf after the change, so nothing was shown");
    }
    const auto verdict = failures.empty() ? Verdict::pass : Verdict::fail;
    Outcomes all{result_of("plan/leaves", verdict, std::move(failures))};
    const auto appear = plan["appears"].texts();
    for (const auto& finding : root["findings"].items()) {
        const bool is_new =
            std::ranges::find(appear, finding["fingerprint"].text()) != appear.end();
        if (is_new && is_error(finding)) {
            all.push_back(failed("plan", finding));
        }
    }
    return all;
}

std::string told_of(const Place& root) {
    if (const auto plan = root["plan"]; plan.exists()) {
        const auto left_out = plan["not_played"].whole();
        return fmt::format("{} stop, {} keep their leaves{}", plan["stops"].items().size(),
                           plan["keeps"].items().size(),
                           left_out > 0 ? fmt::format(", {} were not played", left_out) : "");
    }
    const auto counts = root["counts"];
    std::vector<std::string> parts;
    for (const auto* count : {"error", "warning", "advice", "accepted", "held", "unknown"}) {
        parts.push_back(fmt::format("{} {}", counts[count].whole(), count));
    }
    return join(parts, ", ");
}

}  // namespace

bool is_of_preflight(std::string_view text) {
    constexpr std::size_t head = 200;
    return text.substr(0, head).find("\"meshproof.preflight/v1\"") != std::string_view::npos;
}

Result<Source> read_findings(std::string_view text, Source source) {
    const auto document = too_deep(text)
                              ? Place::Json()
                              : Place::Json::parse(text, nullptr, /*allow_exceptions=*/false);
    if (!document.is_object()) {
        return fail(FailureKind::invalid, "{}: expected a JSON object", source.report);
    }
    std::string problem;
    const Place root(&document, "", problem);
    const bool plan = root["plan"].exists();
    source.of_preflight = plan ? "plan" : "preflight";
    source.result.target = root["account"].text();
    source.result.setting = run::Setting::live;
    source.result.outcomes = plan ? of_plan(root) : of_account(root);
    source.told = told_of(root);
    source.again = plan ? std::string()
                        : "meshproof preflight --account " + pages::shell_word(root["file"].text());
    if (root["unreachable"].flag()) {
        source.result.problem = "the Vault did not answer";
    } else if (const auto cut = root["cut"]; cut.exists() && !cut.text().empty()) {
        source.result.problem = "not all could be judged, since " + cut.text();
    }
    if (!problem.empty()) {
        return fail(FailureKind::invalid, "{}: {}", source.report, problem);
    }
    return source;
}

}  // namespace meshproof::reports::gate
