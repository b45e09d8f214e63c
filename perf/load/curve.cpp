#include "perf/load/curve.hpp"

#include <algorithm>
#include <tuple>

#include "core/base/assert.hpp"
#include "core/base/text.hpp"

namespace meshproof::load {
namespace {

CurveStep step_of(const Step& step) {
    const auto& measured = step.measured;
    CurveStep made;
    made.asked = step.rate;
    made.got = measured.settled_rate();
    made.lasted = measured.planned;
    made.transactions = measured.asked;
    made.error_share = measured.error_share();
    made.hold = step.hold;
    made.response = quantiles_of(measured.whole.response);
    made.service = quantiles_of(measured.whole.service);
    for (const auto& [name, times] : measured.stages) {
        made.stages.emplace(name, quantiles_of(times.service));
    }
    return made;
}

/// What two curves have in common of which one replaces the other.
auto subject_of(const Curve& curve) {
    return std::tie(curve.target, curve.product, curve.server_version, curve.profile, curve.token,
                    curve.storage, curve.key_type, curve.ca_key_type, curve.connections);
}

std::string time_text(Duration time) {
    const auto milliseconds = std::chrono::duration<double, std::milli>(time).count();
    return milliseconds < 1000 ? fmt::format("{:g}ms", milliseconds)
                               : fmt::format("{:g}s", milliseconds / 1000);
}

}  // namespace

Duration Quantiles::from(double percentile) const {
    const auto found = std::ranges::lower_bound(kept_percentiles, percentile);
    MESHPROOF_ASSERT(found != kept_percentiles.end(), "there is no percentile {}", percentile);
    return at[static_cast<std::size_t>(found - kept_percentiles.begin())];
}

Quantiles quantiles_of(const stats::Histogram& histogram) {
    Quantiles made;
    made.count = histogram.count();
    made.mean = histogram.mean();
    std::ranges::transform(kept_percentiles, made.at.begin(),
                           [&](double percentile) { return histogram.at(percentile); });
    return made;
}

bool Curve::gives_leaves() const {
    return profile == Profile::login_sign || profile == Profile::soak;
}

Curve curve_of(const Outcome& outcome, std::string_view target) {
    const auto& options = outcome.options;
    Curve curve;
    curve.version = MESHPROOF_VERSION;
    curve.target = target;
    const auto vault = std::ranges::find(outcome.servers, "vault", &run::ServerVersion::role);
    if (vault != outcome.servers.end()) {
        curve.product = vault->product;
        curve.server_version = vault->version;
    }
    curve.profile = options.profile;
    curve.token = options.token;
    curve.storage = options.storage;
    curve.key_type = options.key_type;
    curve.ca_key_type = options.ca_key_type;
    curve.connections = options.connections;
    curve.slo = options.slo;
    for (const auto& step : outcome.steps) {
        if (step.measured.ended != Ended::stopped) {
            curve.steps.push_back(step_of(step));
        }
    }
    if (!outcome.steps.empty()) {
        curve.measured =
            std::chrono::floor<std::chrono::seconds>(outcome.steps.front().measured.began);
    }
    return curve;
}

void add_curve(std::vector<Curve>& curves, Curve curve) {
    const auto same = std::ranges::find_if(
        curves, [&](const Curve& other) { return subject_of(other) == subject_of(curve); });
    if (same == curves.end()) {
        curves.push_back(std::move(curve));
    } else {
        *same = std::move(curve);
    }
}

std::string mode_text(const Curve& curve) {
    return fmt::format("{}, {} tokens, {} keys, {} CA, certificates {}, {}",
                       to_string(curve.profile), to_string(curve.token), to_string(curve.key_type),
                       curve.ca_key_type,
                       curve.storage == Storage::stored     ? "stored"
                       : curve.storage == Storage::no_store ? "not stored"
                                                            : "stored with a lease",
                       counted(curve.connections, "connection"));
}

std::string slo_text(const Slo& slo) {
    std::string text;
    for (const auto& [percentile, limit] : slo.latencies) {
        text += fmt::format("p{:g}={},", percentile, time_text(limit));
    }
    return text + fmt::format("errors={:g}%", slo.errors * 100);
}

}  // namespace meshproof::load
