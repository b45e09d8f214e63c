#pragma once

#include "perf/load/curve.hpp"

namespace meshproof::load {

/// Whoever is asked takes the same time.
inline Quantiles always(Duration time, std::uint64_t count = 1000) {
    Quantiles times;
    times.count = count;
    times.mean = time;
    times.at.fill(time);
    return times;
}

/// A step whose server takes 40 ms, or less where the response does.
inline CurveStep step_of(double asked, double got, Duration response, bool hold = false) {
    CurveStep step;
    step.asked = asked;
    step.got = got;
    step.lasted = std::chrono::seconds(10);
    step.transactions = static_cast<std::uint64_t>(asked * 10);
    step.hold = hold;
    step.response = always(response);
    step.service = always(std::min<Duration>(response, std::chrono::milliseconds(40)));
    return step;
}

/// A search up to a server's limit of 50/s, whose p99 passes 50 ms between 45/s and 50/s.
inline Curve known_curve() {
    using namespace std::chrono_literals;
    Curve curve;
    curve.version = "1.0.0";
    curve.measured = from_unix_seconds(1'767'225'600);
    curve.target = "vault.yaml";
    curve.product = "openbao";
    curve.server_version = "2.7.2";
    curve.connections = 64;
    curve.slo.latencies = {{99, 50ms}};
    curve.steps = {step_of(10, 10, 40ms), step_of(20, 20, 40ms),
                   step_of(40, 40, 42ms), step_of(80, 50, 5s),
                   step_of(60, 50, 3s),   step_of(50, 50, 60ms),
                   step_of(45, 45, 48ms), step_of(45, 45, 49ms, /*hold=*/true)};
    return curve;
}

/// The same server with another kind of token: every rate is `times` as large.
inline Curve scaled_curve(TokenMode token, double times) {
    auto curve = known_curve();
    curve.token = token;
    for (auto& step : curve.steps) {
        step.asked *= times;
        step.got *= times;
    }
    return curve;
}

}  // namespace meshproof::load
