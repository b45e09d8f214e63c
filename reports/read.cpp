#include <array>
#include <limits>
#include <nlohmann/json.hpp>

#include "core/base/json_text.hpp"
#include "core/base/text.hpp"
#include "reports/report.hpp"

namespace meshproof::reports {
namespace {

// Ordered: the fields of a trace's event keep the order of its text.
using Json = nlohmann::ordered_json;

/// The value as a message shows it: short, and in ASCII.
std::string shown(const Json& value) {
    if (value.is_array() || value.is_object()) {
        return value.is_array() ? "a list" : "an object";
    }
    constexpr std::size_t most = 60;
    auto text = value.dump(-1, ' ', /*ensure_ascii=*/true, Json::error_handler_t::replace);
    return text.size() > most ? text.substr(0, most) + "..." : text;
}

/// One place of the document, or where one should be. A reader takes all that it wants and asks
/// once whether something was wrong: the first problem is kept, with its path and what was
/// expected.
class Place {
  public:
    Place(const Json* value, std::string path, std::string& problem)
        : value_(value), path_(std::move(path)), problem_(&problem) {}

    [[nodiscard]] bool exists() const { return value_ != nullptr; }

    [[nodiscard]] Place operator[](const std::string& name) const {
        auto path = path_.empty() ? name : fmt::format("{}.{}", path_, name);
        if (exists() && !value_->is_object()) {
            wrong("an object");
        }
        const bool known = exists() && value_->is_object() && value_->contains(name);
        return {known ? &value_->at(name) : nullptr, std::move(path), *problem_};
    }
    [[nodiscard]] std::vector<Place> items() const {
        std::vector<Place> out;
        if (is(Json::value_t::array, "a list")) {
            for (std::size_t i = 0; i < value_->size(); ++i) {
                out.emplace_back(&value_->at(i), fmt::format("{}[{}]", path_, i), *problem_);
            }
        }
        return out;
    }
    [[nodiscard]] run::TraceEvent::Fields text_members() const {
        run::TraceEvent::Fields out;
        if (is(Json::value_t::object, "an object")) {
            for (const auto& [name, value] : value_->items()) {
                out.emplace_back(name, (*this)[name].text());
            }
        }
        return out;
    }
    [[nodiscard]] std::string text() const {
        return is(Json::value_t::string, "a string") ? value_->get<std::string>() : std::string();
    }
    [[nodiscard]] std::vector<std::string> texts() const {
        std::vector<std::string> out;
        for (const auto& item : items()) {
            out.push_back(item.text());
        }
        return out;
    }
    [[nodiscard]] bool flag() const {
        return is(Json::value_t::boolean, "true or false") && value_->get<bool>();
    }
    [[nodiscard]] std::uint64_t whole(
        std::uint64_t least = 0,
        std::uint64_t most = std::numeric_limits<std::uint64_t>::max()) const {
        const bool number = exists() && value_->is_number_unsigned();
        const auto value = number ? value_->get<std::uint64_t>() : 0;
        if (!number || value < least || value > most) {
            wrong(fmt::format("a whole number from {} to {}", least, most));
            return least;
        }
        return value;
    }
    [[nodiscard]] std::chrono::milliseconds milliseconds() const {
        constexpr std::uint64_t most = 9'000'000'000'000;  // 285 years; Duration ends at 292
        return std::chrono::milliseconds(whole(0, most));
    }
    [[nodiscard]] Time date() const {
        const auto parsed = parse_rfc3339(text());
        if (!parsed) {
            wrong("a date such as 2026-01-02T03:04:05Z");
        }
        return std::chrono::floor<std::chrono::milliseconds>(parsed.value_or(Time()));
    }
    template <class Value, std::size_t count>
    [[nodiscard]] Value one_of(const std::array<Value, count>& all) const {
        std::string names;
        for (const auto value : all) {
            const std::string_view name = to_string(value);
            if (exists() && value_->is_string() && value_->get_ref<const std::string&>() == name) {
                return value;
            }
            names += fmt::format("{}{}", names.empty() ? "" : ", ", name);
        }
        wrong("one of " + names);
        return all.front();
    }
    void wrong(std::string_view expected) const {
        if (problem_->empty()) {
            *problem_ =
                fmt::format("{}: expected {}, got {}", path_.empty() ? "the document" : path_,
                            expected, exists() ? shown(*value_) : "nothing");
        }
    }

  private:
    [[nodiscard]] bool is(Json::value_t type, std::string_view name) const {
        if (exists() && value_->type() == type) {
            return true;
        }
        wrong(name);
        return false;
    }

    const Json* value_;
    std::string path_;
    std::string* problem_;
};

enum class Kind { scenario, check };
std::string_view to_string(Kind kind) {
    return kind == Kind::check ? "check" : "scenario";
}

std::vector<std::pair<std::string, std::string>> headers_at(const Place& place) {
    std::vector<std::pair<std::string, std::string>> out;
    for (const auto& item : place.items()) {
        const auto line = item.text();
        const auto colon = line.find(": ");
        if (colon == std::string::npos) {
            item.wrong("\"NAME: VALUE\"");
        } else {
            out.emplace_back(line.substr(0, colon), line.substr(colon + 2));
        }
    }
    return out;
}

run::Exchange exchange_at(const Place& place) {
    run::Exchange exchange;
    exchange.server = place["server"].text();
    exchange.method = place["method"].text();
    exchange.target = place["target"].text();
    exchange.headers = headers_at(place["headers"]);
    if (const auto body = place["body"]; body.exists()) {
        exchange.body = body.text();
    }
    if (const auto none = place["no_answer"]; none.exists()) {
        exchange.failure = none.text();
        return exchange;
    }
    const auto answer = place["answer"];
    exchange.status = static_cast<int>(answer["status"].whole(100, 999));
    exchange.answer_headers = headers_at(answer["headers"]);
    exchange.answer = answer["body"].text();
    return exchange;
}

run::TraceEvent event_at(const Place& place) {
    return {place["at_ms"].milliseconds(), place["actor"].text(), place["kind"].text(),
            place["fields"].text_members()};
}

run::ScenarioOutcome scenario_at(const Place& place) {
    run::ScenarioOutcome scenario;
    scenario.trace_digest = place["trace_digest"].text();
    if (const auto trace = place["trace"]; trace.exists()) {
        for (const auto& event : trace.items()) {
            scenario.trace.push_back(event_at(event));
        }
    }
    return scenario;
}

run::CheckOutcome check_at(const Place& place) {
    run::CheckOutcome check;
    check.requirement = place["requirement"].text();
    check.source = place["source"].text();
    check.level = place["level"].one_of(run::all_levels);
    check.features = place["features"].texts();
    if (const auto profile = place["profile"]; profile.text() != profile_of(check)) {
        profile.wrong(fmt::format("{}, as features say", profile_of(check)));
    }
    for (const auto& exchange : place["evidence"].items()) {
        check.evidence.push_back(exchange_at(exchange));
    }
    return check;
}

run::Outcome outcome_at(const Place& place) {
    run::Outcome outcome;
    outcome.id = place["id"].text();
    outcome.verdict = place["verdict"].one_of(run::all_verdicts);
    outcome.reason = place["reason"].text();
    outcome.duration = place["duration_ms"].milliseconds();
    outcome.virtual_duration = place["virtual_duration_ms"].milliseconds();
    if (place["kind"].one_of(std::array{Kind::scenario, Kind::check}) == Kind::check) {
        outcome.detail = check_at(place);
    } else {
        outcome.detail = scenario_at(place);
    }
    if (const auto failures = place["failures"]; failures.exists()) {
        outcome.failures = failures.texts();
    }
    return outcome;
}

run::RunResult result_at(const Place& place) {
    run::RunResult result;
    result.version = place["version"].text();
    result.command = place["command"].one_of(run::all_commands);
    const auto target = place["target"];
    result.target = target["name"].text();
    result.setting = target["setting"].one_of(run::all_settings);
    for (const auto& server : target["servers"].items()) {
        result.servers.push_back({server["role"].text(), server["product"].text(),
                                  server["version"].text(), server["address"].text()});
    }
    result.features = target["features"].texts();
    result.seed = place["seed"].whole();
    result.started = place["started"].date();
    result.duration = place["duration_ms"].milliseconds();
    result.interrupted = place["interrupted"].flag();
    if (const auto problem = place["problem"]; problem.exists()) {
        result.problem = problem.text();
    }
    for (const auto& outcome : place["results"].items()) {
        result.outcomes.push_back(outcome_at(outcome));
    }
    for (const auto verdict : run::all_verdicts) {
        const auto counted = place["summary"][std::string(run::to_string(verdict))];
        if (counted.whole() != result.count(verdict)) {
            counted.wrong(fmt::format("{}, as results say", result.count(verdict)));
        }
    }
    return result;
}

/// The document, or what is wrong with its JSON and where.
Json json_of(std::string_view text, std::string& problem) {
    if (too_deep(text)) {
        problem = fmt::format("expected JSON nested at most {} deep", deepest_json);
        return {};
    }
    std::size_t at = 0;
    try {
        return Json::parse(text);
    } catch (const Json::parse_error& error) {
        at = std::min(std::max<std::size_t>(error.byte, 1) - 1, text.size());
    } catch (const Json::exception&) {  // a number beyond all bounds: it does not say where
        problem = "expected JSON, got a number that nothing can hold";
        return {};
    }
    const auto before = text.substr(0, at);
    problem = fmt::format("line {}, byte {}: expected JSON",
                          std::count(before.begin(), before.end(), '\n') + 1,
                          at - (before.rfind('\n') + 1) + 1);
    return {};
}

}  // namespace

Result<run::RunResult> parse_report(std::string_view text) {
    std::string problem;
    const auto json = json_of(text, problem);
    run::RunResult result;
    if (problem.empty()) {
        const Place document(&json, "", problem);
        const auto schema = document["schema"].text();
        if (problem.empty() && schema != report_schema) {
            document["schema"].wrong(schema.starts_with("meshproof.report/")
                                         ? fmt::format("{}, and another version of meshproof wrote "
                                                       "this: make it anew with this one",
                                                       report_schema)
                                         : std::string(report_schema));
        }
        if (problem.empty()) {
            result = result_at(document);
        }
    }
    if (!problem.empty()) {
        return fail(FailureKind::invalid, "{}", problem);
    }
    return result;
}

Result<run::RunResult> read_report(const std::string& path) {
    const auto text = read_file(path);
    if (!text) {
        return propagate(text);
    }
    auto result = parse_report(*text);
    return result ? std::move(result) : propagate(result, path);
}

}  // namespace meshproof::reports
