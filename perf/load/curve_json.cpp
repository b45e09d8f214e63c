#include <nlohmann/json.hpp>

#include "core/base/json_text.hpp"
#include "core/base/text.hpp"
#include "perf/load/capacity.hpp"
#include "perf/load/curve.hpp"

namespace meshproof::load {
namespace {

// Ordered: people read these files too.
using Json = nlohmann::ordered_json;

/// "p50", "p99.9"
std::string percentile_name(double percentile) {
    return fmt::format("p{:g}", percentile);
}

Json json_of(const Quantiles& times) {
    Json out = {{"count", times.count}, {"mean_ns", times.mean.count()}};
    Json percentiles = Json::object();
    for (std::size_t i = 0; i < kept_percentiles.size(); ++i) {
        percentiles[percentile_name(kept_percentiles[i])] = times.at[i].count();
    }
    out["percentiles_ns"] = std::move(percentiles);
    return out;
}

Json json_of(const Slo& slo) {
    Json latencies = Json::array();
    for (const auto& [percentile, limit] : slo.latencies) {
        latencies.push_back({{"percentile", percentile}, {"limit_ns", limit.count()}});
    }
    return {{"errors", slo.errors}, {"latencies", std::move(latencies)}};
}

Json json_of(const Slo& slo, const CurveStep& step) {
    Json stages = Json::object();
    for (const auto& [name, times] : step.stages) {
        stages[name] = json_of(times);
    }
    return {{"asked_per_s", step.asked},        {"got_per_s", step.got},
            {"lasted_ns", step.lasted.count()}, {"transactions", step.transactions},
            {"error_share", step.error_share},  {"hold", step.hold},
            {"kept", keeps(slo, step)},         {"response", json_of(step.response)},
            {"service", json_of(step.service)}, {"stages", std::move(stages)}};
}

Json json_of(const Curve& curve) {
    Json steps = Json::array();
    for (const auto& step : curve.steps) {
        steps.push_back(json_of(curve.slo, step));
    }
    const auto best = best_rate(curve, curve.slo);
    const auto knee = knee_of(curve);
    const auto full = saturation(curve);
    return {{"version", curve.version},
            {"measured", rfc3339(curve.measured)},
            {"target", curve.target},
            {"product", curve.product},
            {"server_version", curve.server_version},
            {"profile", to_string(curve.profile)},
            {"token", to_string(curve.token)},
            {"storage", to_string(curve.storage)},
            {"key_type", crypto::to_string(curve.key_type)},
            {"ca_key_type", curve.ca_key_type},
            {"connections", curve.connections},
            {"slo", json_of(curve.slo)},
            {"best", best ? Json({{"rate_per_s", best->rate}, {"held", best->held}}) : Json()},
            {"knee_per_s", knee ? Json(*knee) : Json()},
            {"saturation", {{"rate_per_s", full.rate}, {"reached", full.reached}}},
            {"steps", std::move(steps)}};
}

/// One place of the document. A reader takes all that it wants and asks once whether something was
/// wrong: the first problem is kept, with its path and what was expected.
class Place {
  public:
    Place(const Json* value, std::string path, std::string& problem)
        : value_(value), path_(std::move(path)), problem_(&problem) {}

    [[nodiscard]] Place operator[](const std::string& name) const {
        const bool known = value_ != nullptr && value_->is_object() && value_->contains(name);
        return {known ? &value_->at(name) : nullptr,
                path_.empty() ? name : fmt::format("{}.{}", path_, name), *problem_};
    }
    [[nodiscard]] std::vector<Place> items() const {
        std::vector<Place> out;
        if (value_ == nullptr || !value_->is_array()) {
            wrong("a list");
            return out;
        }
        for (std::size_t i = 0; i < value_->size(); ++i) {
            out.emplace_back(&value_->at(i), fmt::format("{}[{}]", path_, i), *problem_);
        }
        return out;
    }
    /// The members' names; none where it is no object.
    [[nodiscard]] std::vector<std::string> names() const {
        std::vector<std::string> out;
        if (value_ == nullptr || !value_->is_object()) {
            wrong("an object");
            return out;
        }
        for (const auto& [name, value] : value_->items()) {
            out.push_back(name);
        }
        return out;
    }
    [[nodiscard]] std::string text() const {
        if (value_ == nullptr || !value_->is_string()) {
            wrong("a string");
            return {};
        }
        return value_->get<std::string>();
    }
    [[nodiscard]] bool flag() const {
        if (value_ == nullptr || !value_->is_boolean()) {
            wrong("true or false");
            return false;
        }
        return value_->get<bool>();
    }
    [[nodiscard]] std::uint64_t whole(std::uint64_t least, std::uint64_t most) const {
        const bool number = value_ != nullptr && value_->is_number_unsigned();
        const auto value = number ? value_->get<std::uint64_t>() : 0;
        if (!number || value < least || value > most) {
            wrong(fmt::format("a whole number from {} to {}", least, most));
            return least;
        }
        return value;
    }
    [[nodiscard]] double number(double least, double most) const {
        const auto value =
            value_ != nullptr && value_->is_number() ? value_->get<double>() : least - 1;
        if (!(value >= least && value <= most)) {
            wrong(fmt::format("a number from {:g} to {:g}", least, most));
            return least;
        }
        return value;
    }
    [[nodiscard]] Duration time() const {
        constexpr std::uint64_t ten_years = 315'360'000'000'000'000;
        return Duration(whole(0, ten_years));
    }
    template <class Value, std::size_t count>
    [[nodiscard]] Value one_of(const std::array<Value, count>& all) const {
        std::vector<std::string> names;
        for (const auto value : all) {
            names.emplace_back(to_string(value));
            if (value_ != nullptr && *value_ == names.back()) {
                return value;
            }
        }
        wrong("one of " + join(names, ", "));
        return all.front();
    }
    void wrong(std::string_view expected) const {
        if (problem_->empty()) {
            *problem_ = fmt::format("{}: expected {}, got {}",
                                    path_.empty() ? "the document" : path_, expected, shown());
        }
    }

  private:
    [[nodiscard]] std::string shown() const {
        if (value_ == nullptr || value_->is_structured()) {
            return value_ == nullptr ? "nothing" : value_->is_array() ? "a list" : "an object";
        }
        constexpr std::size_t most = 60;
        return value_->dump(-1, ' ', /*ensure_ascii=*/true, Json::error_handler_t::replace)
            .substr(0, most);
    }

    const Json* value_;
    std::string path_;
    std::string* problem_;
};

constexpr std::uint64_t most_counted = 1'000'000'000'000;

Quantiles quantiles_at(const Place& place) {
    Quantiles times;
    times.count = place["count"].whole(0, most_counted);
    times.mean = place["mean_ns"].time();
    const auto percentiles = place["percentiles_ns"];
    for (std::size_t i = 0; i < kept_percentiles.size(); ++i) {
        const auto at = percentiles[percentile_name(kept_percentiles[i])];
        times.at[i] = at.time();
        if (i > 0 && times.at[i] < times.at[i - 1]) {
            at.wrong("no less than of the percentile before");
        }
    }
    return times;
}

CurveStep step_at(const Place& place) {
    CurveStep step;
    constexpr double least = 1e-6;
    step.asked = place["asked_per_s"].number(least, highest_rate);
    step.got = place["got_per_s"].number(0, highest_rate);
    step.lasted = place["lasted_ns"].time();
    step.transactions = place["transactions"].whole(0, most_counted);
    step.error_share = place["error_share"].number(0, 1);
    step.hold = place["hold"].flag();
    step.response = quantiles_at(place["response"]);
    step.service = quantiles_at(place["service"]);
    const auto stages = place["stages"];
    for (const auto& name : stages.names()) {
        if (!std::ranges::all_of(name, [](char c) { return letter_or_digit(c) || c == '-'; })) {
            stages.wrong("stages by their names, such as login");
            break;
        }
        step.stages.emplace(name, quantiles_at(stages[name]));
    }
    return step;
}

Slo slo_at(const Place& place) {
    Slo slo;
    slo.errors = place["errors"].number(0, 1);
    for (const auto& latency : place["latencies"].items()) {
        slo.latencies.push_back(
            {latency["percentile"].number(lowest_percentile, highest_percentile),
             latency["limit_ns"].time()});
    }
    return slo;
}

Curve curve_at(const Place& place) {
    Curve curve;
    curve.version = place["version"].text();
    const auto measured = parse_rfc3339(place["measured"].text());
    if (!measured) {
        place["measured"].wrong("a date such as 2026-01-02T03:04:05Z");
    }
    curve.measured = measured.value_or(Time());
    curve.target = place["target"].text();
    curve.product = place["product"].text();
    curve.server_version = place["server_version"].text();
    curve.profile = place["profile"].one_of(all_profiles);
    curve.token = place["token"].one_of(all_tokens);
    curve.storage = place["storage"].one_of(all_storages);
    curve.key_type = place["key_type"].one_of(leaf_keys);
    curve.ca_key_type = place["ca_key_type"].text();
    curve.connections = place["connections"].whole(1, most_counted);
    curve.slo = slo_at(place["slo"]);
    const auto steps = place["steps"];
    for (const auto& step : steps.items()) {
        curve.steps.push_back(step_at(step));
    }
    if (curve.steps.empty()) {
        steps.wrong("at least one step");
    }
    return curve;
}

}  // namespace

std::string curves_json(const std::vector<Curve>& curves) {
    Json all = Json::array();
    for (const auto& curve : curves) {
        all.push_back(json_of(curve));
    }
    const Json document = {{"schema", curve_schema}, {"curves", std::move(all)}};
    return document.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

Result<std::vector<Curve>> parse_curves(std::string_view text) {
    const auto json = too_deep(text) ? Json(Json::value_t::discarded)
                                     : Json::parse(text, nullptr, /*allow_exceptions=*/false);
    if (json.is_discarded()) {
        return fail(FailureKind::invalid,
                    "expected the JSON that meshproof load --find-max --curve writes");
    }
    std::string problem;
    const Place document(&json, "", problem);
    std::vector<Curve> curves;
    if (document["schema"].text() != curve_schema) {
        document["schema"].wrong(curve_schema);
    } else {
        for (const auto& curve : document["curves"].items()) {
            curves.push_back(curve_at(curve));
        }
    }
    if (!problem.empty()) {
        return fail(FailureKind::invalid, "{}", problem);
    }
    return curves;
}

Result<std::vector<Curve>> read_curves(const std::string& path) {
    const auto text = read_file(path);
    if (!text) {
        return propagate(text);
    }
    auto curves = parse_curves(*text);
    return curves ? std::move(curves) : propagate(curves, path);
}

}  // namespace meshproof::load
