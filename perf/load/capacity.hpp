#pragma once

#include <optional>
#include <string>
#include <vector>

#include "perf/load/curve.hpp"

/// What follows from a curve for a mesh: pure functions. Rates are transactions a second. Pods
/// renew as core/mesh has them renew: at two thirds of a leaf's life on average, each time with a
/// login and a signature.
namespace meshproof::load {

/// Whether a step keeps an SLO and its server kept up with it. Between two kept percentiles the
/// slower one counts.
[[nodiscard]] bool keeps(const Slo& slo, const CurveStep& step);

struct BestRate {
    double rate = 0;
    bool held = false;  ///< confirmed by a hold
};
/// The largest rate that kept the SLO and lies below every rate that did not; one that was held
/// rather than one a little above it that was not.
[[nodiscard]] std::optional<BestRate> best_rate(const Curve& curve, const Slo& slo);

struct Saturation {
    double rate = 0;       ///< the most that was got, at whatever latency
    bool reached = false;  ///< more was asked than was got; else the server may give more
};
[[nodiscard]] Saturation saturation(const Curve& curve);

/// The knee by latency: where throughput divided by mean response time is largest. Beyond it, a
/// rate costs more in waiting than it gives. Nothing where nothing was answered.
[[nodiscard]] std::optional<double> knee_of(const Curve& curve);

/// As many pods as renew leaves of this life at this rate.
[[nodiscard]] std::size_t largest_mesh(double rate, Duration life);
/// The shortest life of leaves, in whole seconds, whose renewals by this many pods need no more
/// than this rate.
[[nodiscard]] Duration shortest_life(double rate, std::size_t pods);

/// Pods that restart within a time, evenly spread.
struct Storm {
    std::size_t pods = 0;
    Duration within{};            ///< zero = all at one moment
    std::size_t connections = 0;  ///< under way at once, at most; 0 = no limit
};
struct StormPrediction {
    Duration last_ready{};  ///< since the first restarted
    bool at_most = false;   ///< the curve does not reach the server's limit: it may be sooner
};
/// A fluid. The last one is ready when everything has drained at the rate of saturation (which
/// fewer connections than the server can use make smaller), and then as much later as the slowest
/// hundredth takes where nobody waits: the waiting is in the draining already. But no sooner than
/// the last to restart is, by the response times of the rate that is offered. Nothing where the
/// server answered nothing.
[[nodiscard]] std::optional<StormPrediction> predict_storm(const Curve& curve, const Storm& storm);
/// As many pods as are all ready this long after they restart at one moment.
[[nodiscard]] std::size_t largest_restart(const Curve& curve, Duration within);

/// A server of the curve's speed, for simulations: so many workers, each on one request at a time,
/// whose service times come from the slowest measured rate, where nobody waits, scaled so that all
/// workers together give the curve's saturation rate. Where that was not reached they are not
/// scaled: the server is at least as fast.
struct ServerModel {
    struct Point {
        double share = 0;  ///< of the requests, 0 to 1: so many take at most `time`
        Duration time{};
    };
    std::size_t workers = 1;
    std::vector<Point> login, sign;  ///< none = that takes no time
};
/// Nothing where the server answered nothing.
[[nodiscard]] std::optional<ServerModel> server_model(const Curve& curve);

/// "service tokens", "inline logins", …
[[nodiscard]] std::string_view token_words(TokenMode mode);
/// What a curve says of meshes with leaves of this life, "this Vault carries 4,100 pods …", and of
/// one with so many pods.
[[nodiscard]] std::vector<std::string> capacity_lines(const Curve& curve, Duration life,
                                                      std::size_t pods = Options().pods);

}  // namespace meshproof::load
