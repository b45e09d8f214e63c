#include "reports/gate/policy.hpp"

#include <charconv>

#include "core/base/text.hpp"
#include "core/stats/percentile.hpp"
#include "core/yaml/section.hpp"

namespace meshproof::reports::gate {
namespace {

using Kind = Measure::Kind;

/// An expectation that names less than this of itself would allow the whole scenario.
constexpr std::size_t least_words = 8;
constexpr std::int64_t most_samples = 1'000'000'000'000;

Where where_of(const YamlSection& section, std::string_view name) {
    return {section.line_of(name), section.place_of(name)};
}

std::optional<double> decimal(std::string_view text) {
    double value = 0;
    const auto* end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, value, std::chars_format::fixed);
    return read.ec == std::errc() && read.ptr == end ? std::optional(value) : std::nullopt;
}

/// `0.1%` or 0.001.
std::optional<double> share_at(YamlSection& section, std::string_view name) {
    const auto text = section.text(name, "a share such as 0.1% or 0.001");
    if (!text) {
        return std::nullopt;
    }
    const bool of_hundred = text->ends_with('%');
    const auto number =
        decimal(trim(std::string_view(*text).substr(0, text->size() - (of_hundred ? 1 : 0))));
    const auto share = number.value_or(-1) / (of_hundred ? 100 : 1);
    if (!(share >= 0) || share > 1) {
        section.refuse(name, "expected a share such as 0.1% or 0.001, got {}", *text);
        return std::nullopt;
    }
    return share;
}

/// `p99.9`
std::optional<double> percentile_named(std::string_view name) {
    const auto value = name.starts_with('p') ? decimal(name.substr(1)) : std::optional<double>();
    return value && *value > 0 && *value < 100 ? value : std::nullopt;
}

/// Lived with until the end of that day, by UTC.
std::optional<Time> day_after(YamlSection& section, std::string_view name) {
    const auto text = section.text(name, "a day, such as 2027-03-31");
    if (!text) {
        return std::nullopt;
    }
    const auto day = parse_rfc3339(*text + "T00:00:00Z");
    // A date that our times cannot hold would be another one.
    if (!day || !rfc3339(*day).starts_with(*text)) {
        section.refuse(name, "expected a day before 2262, such as 2027-03-31, got {}", *text);
        return std::nullopt;
    }
    return *day + std::chrono::days(1);
}

Scope scope_at(YamlSection& section) {
    section.needs("id", "a result's id, or the beginning of one");
    auto id = section.text("id", "a result's id, or the beginning of one").value_or("");
    while (id.ends_with('/')) {
        id.pop_back();
    }
    return {std::move(id), section.text("target").value_or("")};
}

Allowance allowance_at(YamlSection section) {
    Allowance out{where_of(section, "id"), scope_at(section)};
    // The place is the entry's, since it is the entry that allows.
    out.where.place = section.place_of("");
    section.needs("reason", "why this may be so, for whoever reads the report");
    out.reason = section.text("reason").value_or("");
    out.until = day_after(section, "until");
    return out;
}

Allowance deviation_at(YamlSection section) {
    section.only({"expectation", "id", "reason", "target", "until"});
    auto out = allowance_at(section);
    section.needs("expectation",
                  "the words of one failed expectation, as the report has them; * stands for any "
                  "text");
    out.expectation = section.text("expectation").value_or("");
    const auto named =
        out.expectation.size() - static_cast<std::size_t>(std::ranges::count(out.expectation, '*'));
    if (section.has("expectation") && named < least_words) {
        section.refuse("expectation",
                       "expected at least {} characters beside *: an allowance is for one "
                       "expectation, not for a whole scenario",
                       least_words);
    }
    return out;
}

Allowance skip_at(YamlSection section) {
    section.only({"id", "reason", "target", "until"});
    return allowance_at(section);
}

Required required_at(YamlSection section) {
    section.only({"id", "least", "target"});
    Required out{where_of(section, "id"), scope_at(section)};
    out.where.place = section.place_of("");
    out.least = static_cast<std::uint64_t>(section.integer("least", 1, 1'000'000).value_or(1));
    return out;
}

/// What the thresholds of one entry have in common.
Threshold load_scope(YamlSection& section) {
    Threshold out;
    out.profile = section.text("profile").value_or("");
    out.target = section.text("target").value_or("");
    out.min_samples =
        static_cast<std::uint64_t>(section.integer("min_samples", 1, most_samples).value_or(1));
    return out;
}

void add_responses(YamlSection section, const Threshold& scope, Policy& policy) {
    for (const auto& name : section.names()) {
        const auto percentile = percentile_named(name);
        if (!percentile) {
            section.refuse(name, "expected a percentile such as p99 or p99.9");
            continue;
        }
        auto out = scope;
        out.where = where_of(section, name);
        out.measure = {Kind::response, *percentile};
        section.needs(name, "the longest response time, such as 50ms");
        const auto limit = section.duration(
            name, {.shortest = Duration(1), .expected = "a time like 200us, 50ms or 2s"});
        out.bound = std::chrono::duration<double, std::micro>(limit.value_or(Duration())).count();
        policy.thresholds.push_back(std::move(out));
    }
}

void add_thresholds(YamlSection section, Policy& policy) {
    section.only({"cpu_per_leaf", "errors", "min_per_second", "min_samples", "profile", "response",
                  "target"});
    const auto scope = load_scope(section);
    const auto before = policy.thresholds.size();
    const auto add = [&](std::string_view name, Kind kind, std::optional<double> bound) {
        if (bound) {
            auto out = scope;
            out.where = where_of(section, name);
            out.measure = {kind, 0};
            out.bound = *bound;
            policy.thresholds.push_back(std::move(out));
        }
    };
    if (auto response = section.inner("response", "a map of percentile to time")) {
        add_responses(*response, scope, policy);
    }
    add("errors", Kind::errors, share_at(section, "errors"));
    add("min_per_second", Kind::rate, section.number("min_per_second", 0, 1e9));
    if (const auto limit = section.duration("cpu_per_leaf", {.shortest = Duration(1)})) {
        add("cpu_per_leaf", Kind::cpu_per_leaf,
            std::chrono::duration<double, std::micro>(*limit).count());
    }
    if (policy.thresholds.size() == before) {
        section.refuse("", "expected response, errors, min_per_second or cpu_per_leaf");
    }
}

const Words<Measure>& trend_words() {
    static const Words<Measure> words = {{"p50", {Kind::response, 50}},
                                         {"p90", {Kind::response, 90}},
                                         {"p95", {Kind::response, 95}},
                                         {"p99", {Kind::response, 99}},
                                         {"p99.9", {Kind::response, 99.9}},
                                         {"rate", {Kind::rate, 0}},
                                         {"cpu_per_leaf", {Kind::cpu_per_leaf, 0}}};
    return words;
}

Trend trend_at(YamlSection section) {
    section.only({"margin", "of", "profile", "required", "target"});
    Trend out;
    section.needs("of", "what is compared: p50 to p99.9, rate or cpu_per_leaf");
    out.where = where_of(section, "of");
    out.where.place = section.place_of("");
    out.measure = section.word("of", trend_words()).value_or(Measure{});
    section.needs("margin", "how much worse is still good, such as 10%");
    out.margin = share_at(section, "margin").value_or(0);
    out.profile = section.text("profile").value_or("");
    out.target = section.text("target").value_or("");
    out.required = section.flag("required").value_or(true);
    return out;
}

}  // namespace

std::string name_of(const Measure& measure) {
    switch (measure.kind) {
        case Kind::response:
            return fmt::format("p{:g}", measure.percentile);
        case Kind::errors:
            return "errors";
        case Kind::rate:
            return "rate";
        case Kind::cpu_per_leaf:
            return "cpu_per_leaf";
    }
    return {};
}

std::string text_of(const Measure& measure, double value) {
    switch (measure.kind) {
        case Kind::errors:
            return fmt::format("{:.3g} %", value * 100);
        case Kind::rate:
            return fmt::format("{:.4g}/s", value);
        case Kind::response:
        case Kind::cpu_per_leaf:
            break;
    }
    return stats::latency_text(
        std::chrono::duration_cast<Duration>(std::chrono::duration<double, std::micro>(value)));
}

Result<Policy> Policy::parse(std::string_view yaml, std::string path) {
    auto parsed =
        YamlSection::parse(yaml, {.path = path, .what = "the policy", .may_be_empty = true});
    if (!parsed) {
        return propagate(parsed);
    }
    auto& root = *parsed;
    root.only({"deviations", "loads", "name", "require", "skips", "trends"});
    Policy policy;
    policy.path = std::move(path);
    policy.name = root.text("name").value_or("");
    policy.deviations_line = std::max(root.line_of("deviations"), 1);
    policy.skips_line = std::max(root.line_of("skips"), 1);
    for (auto& section : root.sections("require")) {
        policy.required.push_back(required_at(section));
    }
    for (auto& section : root.sections("deviations")) {
        policy.deviations.push_back(deviation_at(section));
    }
    for (auto& section : root.sections("skips")) {
        policy.skips.push_back(skip_at(section));
    }
    for (auto& section : root.sections("loads")) {
        add_thresholds(section, policy);
    }
    for (auto& section : root.sections("trends")) {
        policy.trends.push_back(trend_at(section));
    }
    return checked_whole(std::move(policy), root);
}

Result<Policy> Policy::read(const std::string& path) {
    const auto text = read_file(path);
    return text ? parse(*text, path) : propagate(text);
}

bool means(std::string_view id, std::string_view result) {
    const bool above =
        result.size() > id.size() && result.starts_with(id) && result[id.size()] == '/';
    return above || fits_pattern(id, result);
}

bool is_or_any(std::string_view pattern, std::string_view name) {
    return pattern.empty() || fits_pattern(pattern, name);
}

}  // namespace meshproof::reports::gate
