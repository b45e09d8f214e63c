#include "reports/gate/trends.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "core/base/text.hpp"
#include "reports/gate/judge.hpp"
#include "reports/gate/loads.hpp"

namespace meshproof::reports::gate {
namespace {

/// The values that runs of one kind gave, and why some gave none.
struct Series {
    std::vector<double> values;
    std::string missing;
};

Series series_of(const LoadGroup* group, const Measure& measure) {
    Series out;
    if (group == nullptr) {
        return out;
    }
    for (const auto& run : group->runs) {
        const auto measured = measured_of(*run.load, measure);
        // A ratio to nothing says nothing.
        if (measured.value && *measured.value > 0) {
            out.values.push_back(*measured.value);
        } else if (out.missing.empty()) {
            out.missing = fmt::format("; {}: {}", run.source->path, measured.text);
        }
    }
    return out;
}

std::string side_text(const Measure& measure, const MedianInterval& side, std::size_t runs) {
    return fmt::format("{} [{}, {}] of {}", text_of(measure, side.median),
                       text_of(measure, side.low), text_of(measure, side.high), runs);
}

void compare(const Trend& rule, const Series& now, const Series& before, RuleResult& out) {
    const auto undecided = rule.required ? Answer::undecided : Answer::note;
    const auto change = median_interval(now.values);
    const auto baseline = median_interval(before.values);
    if (!change || !baseline) {
        out.answer = undecided;
        out.measured = fmt::format("not enough data: {} and {} of the baseline{}{}",
                                   counted(now.values.size(), "run"), before.values.size(),
                                   now.missing, before.missing);
        return;
    }
    // Of a rate, less is worse.
    const bool more_is_worse = rule.measure.kind != Measure::Kind::rate;
    const auto& worse = more_is_worse ? *change : *baseline;
    const auto& better = more_is_worse ? *baseline : *change;
    const auto low = worse.low / better.high, high = worse.high / better.low;
    const auto course = course_of(low, high, rule.margin);
    out.answer = course == Course::worse       ? Answer::broken
                 : course == Course::not_worse ? Answer::holds
                                               : undecided;
    out.measured = fmt::format("{}{}, baseline {}: {:.3f} times as bad, between {:.3f} and {:.3f}",
                               course == Course::not_enough_data ? "not enough data to tell: " : "",
                               side_text(rule.measure, *change, now.values.size()),
                               side_text(rule.measure, *baseline, before.values.size()),
                               worse.median / better.median, low, high);
}

/// That k of n tosses of a coin are heads. By logarithms, so that n may be large.
double likelihood(std::size_t n, std::size_t k) {
    const auto all = static_cast<double>(n), heads = static_cast<double>(k);
    return std::exp(std::lgamma(all + 1) - std::lgamma(heads + 1) - std::lgamma(all - heads + 1) -
                    all * std::numbers::ln2);
}

RuleResult judge_trend(const Trend& rule, const LoadGroup& group,
                       const std::vector<LoadGroup>& baseline) {
    RuleResult out{Answer::undecided, "trend", rule.where, group.text()};
    out.subject = fmt::format("{} of {}", name_of(rule.measure), group.text());
    out.wanted =
        fmt::format("at most {:.3g} times, {} runs or more each", 1 + rule.margin, least_runs);
    const auto same = std::ranges::find_if(baseline, [&](const LoadGroup& other) {
        return other.id == group.id && other.target == group.target &&
               other.options() == group.options();
    });
    compare(rule, series_of(&group, rule.measure),
            series_of(same == baseline.end() ? nullptr : &*same, rule.measure), out);
    if (same == baseline.end() && !baseline.empty()) {
        out.measured += "; its runs were asked otherwise";
    }
    return out;
}

}  // namespace

std::optional<MedianInterval> median_interval(std::vector<double> values) {
    const auto n = values.size();
    if (n < least_runs) {
        return std::nullopt;
    }
    std::ranges::sort(values);
    // The k-th from either end bounds the median unless fewer than k of n lie on one side of it,
    // each by the toss of a coin; five runs leave 1/32 for each side.
    constexpr double risk_of_a_side = 1.0 / 32;
    double below = likelihood(n, 0);
    std::size_t k = 1;
    while (k < n / 2 && below + likelihood(n, k) <= risk_of_a_side) {
        below += likelihood(n, k++);
    }
    const auto middle = n / 2;
    const auto median = n % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
    return MedianInterval{values[k - 1], median, values[n - k]};
}

Course course_of(double ratio_low, double ratio_high, double margin) {
    return ratio_low > 1 + margin     ? Course::worse
           : ratio_high <= 1 + margin ? Course::not_worse
                                      : Course::not_enough_data;
}

std::vector<RuleResult> judge_trends(const Policy& policy, const std::vector<Source>& reports,
                                     const std::vector<Source>& baseline) {
    std::vector<RuleResult> out;
    for (const auto& rule : policy.trends) {
        const auto groups = load_groups(reports, rule.profile, rule.target);
        const auto before = load_groups(baseline, rule.profile, rule.target);
        for (const auto& group : groups) {
            out.push_back(judge_trend(rule, group, before));
        }
        if (groups.empty()) {
            out.push_back({rule.required ? Answer::undecided : Answer::note, "trend", rule.where,
                           fmt::format("{} of load/{}", name_of(rule.measure),
                                       rule.profile.empty() ? "*" : rule.profile),
                           "not enough data: no such load in the reports", ""});
        }
    }
    return out;
}

}  // namespace meshproof::reports::gate
