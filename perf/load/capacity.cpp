#include "perf/load/capacity.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/mesh/schedule.hpp"
#include "core/stats/percentile.hpp"
#include "perf/load/arrivals.hpp"
#include "perf/load/find_max.hpp"
#include "perf/load/seconds.hpp"
#include "perf/load/text.hpp"

namespace meshproof::load {
namespace {

/// So that rounding takes no whole pod or second away.
constexpr double hair = 1e-6;

bool keeps_up(const CurveStep& step) {
    return step.got >= kept_up * step.asked;
}

/// Of those that answered anything, the one with the lowest rate: its server had the least to do.
const CurveStep* calmest(const Curve& curve) {
    const CurveStep* found = nullptr;
    for (const auto& step : curve.steps) {
        if (step.got > 0 && step.service.count > 0 && step.service.mean > Duration::zero() &&
            (found == nullptr || step.asked < found->asked)) {
            found = &step;
        }
    }
    return found;
}

/// What the slowest hundredth waits; of too few samples, the slowest one.
Duration slow(const Quantiles& times) {
    constexpr double percentile = 99;
    return times.from(times.count < stats::samples_needed(percentile) ? 100 : percentile);
}

/// What the slow ones wait at this rate: by the nearest measured rate above it that the server kept
/// up with, else by the largest below.
Duration tail_at(const Curve& curve, const CurveStep& least, double rate) {
    const CurveStep* nearest = nullptr;
    for (const auto& step : curve.steps) {
        if (!keeps_up(step) || step.response.count == 0) {
            continue;
        }
        const bool closer =
            nearest == nullptr ||
            (nearest->asked < rate ? step.asked > nearest->asked
                                   : step.asked >= rate && step.asked < nearest->asked);
        nearest = closer ? &step : nearest;
    }
    return nearest == nullptr ? slow(least.service) : slow(nearest->response);
}

std::vector<ServerModel::Point> points_of(const Quantiles& times, double scale) {
    std::vector<ServerModel::Point> points;
    for (std::size_t i = 0; i < kept_percentiles.size(); ++i) {
        points.push_back({kept_percentiles[i] / 100, of_seconds(in_seconds(times.at[i]) * scale)});
    }
    return points;
}

/// Of the straight lines between the points, which is what a simulation draws from.
double mean_seconds(const std::vector<ServerModel::Point>& points) {
    double sum = 0;
    for (std::size_t i = 1; i < points.size(); ++i) {
        sum += (points[i].share - points[i - 1].share) *
               (in_seconds(points[i].time) + in_seconds(points[i - 1].time)) / 2;
    }
    return sum;
}

}  // namespace

bool keeps(const Slo& slo, const CurveStep& step) {
    return step.error_share <= slo.errors && keeps_up(step) &&
           std::ranges::all_of(slo.latencies, [&](const Slo::Latency& latency) {
               return step.response.count >= stats::samples_needed(latency.percentile) &&
                      step.response.from(latency.percentile) <= latency.limit;
           });
}

std::optional<BestRate> best_rate(const Curve& curve, const Slo& slo) {
    auto failing = std::numeric_limits<double>::infinity();
    for (const auto& step : curve.steps) {
        failing = keeps(slo, step) ? failing : std::min(failing, step.asked);
    }
    std::optional<BestRate> best;
    double held = 0;
    for (const auto& step : curve.steps) {
        if (step.asked >= failing) {
            continue;
        }
        held = step.hold ? std::max(held, step.asked) : held;
        best = BestRate{std::max(best ? best->rate : 0, step.asked), false};
    }
    return best && held >= best->rate * (1 - near_enough) ? BestRate{held, true} : best;
}

Saturation saturation(const Curve& curve) {
    Saturation found;
    for (const auto& step : curve.steps) {
        found.rate = std::max(found.rate, step.got);
        found.reached = found.reached || !keeps_up(step);
    }
    return found;
}

std::optional<double> knee_of(const Curve& curve) {
    std::optional<double> knee;
    double most = 0;
    for (const auto& step : curve.steps) {
        const auto waited = in_seconds(step.response.mean);
        if (waited > 0 && step.got / waited > most) {
            most = step.got / waited;
            knee = step.asked;
        }
    }
    return knee;
}

std::size_t largest_mesh(double rate, Duration life) {
    return static_cast<std::size_t>(rate / renewals_a_second(1, life) + hair);
}

Duration shortest_life(double rate, std::size_t pods) {
    const auto seconds =
        static_cast<double>(pods) / rate / mesh::Schedule{}.renew_at;  // renewed at this share
    return of_seconds(std::ceil(seconds - hair));
}

std::optional<StormPrediction> predict_storm(const Curve& curve, const Storm& storm) {
    const auto* least = calmest(curve);
    if (least == nullptr) {
        return std::nullopt;
    }
    const auto full = saturation(curve);
    const auto through_connections =
        storm.connections == 0
            ? std::numeric_limits<double>::infinity()
            : static_cast<double>(storm.connections) / in_seconds(least->service.mean);
    const auto rate = std::min(full.rate, through_connections);
    const auto pods = static_cast<double>(storm.pods);
    const auto draining = pods / rate;
    const auto offering = in_seconds(storm.within);
    StormPrediction found;
    found.at_most = draining > offering && !full.reached && full.rate <= through_connections;
    found.last_ready = of_seconds(draining) + slow(least->service);
    if (offering > 0) {
        const auto asked = std::min(pods / offering, rate);
        found.last_ready = std::max(found.last_ready, storm.within + tail_at(curve, *least, asked));
    }
    return found;
}

std::size_t largest_restart(const Curve& curve, Duration within) {
    const auto* least = calmest(curve);
    if (least == nullptr) {
        return 0;
    }
    const auto rate = saturation(curve).rate;
    const auto left = in_seconds(within - slow(least->service));
    return left <= 0 ? 0 : static_cast<std::size_t>(left * rate + hair);
}

std::optional<ServerModel> server_model(const Curve& curve) {
    const auto* least = calmest(curve);
    if (least == nullptr) {
        return std::nullopt;
    }
    const auto login = least->stages.find("login"), sign = least->stages.find("sign");
    const bool staged = login != least->stages.end() && sign != least->stages.end();
    const bool only_login = curve.profile == Profile::login;
    const auto none = std::vector<ServerModel::Point>();
    const auto model = [&](double scale) {
        return ServerModel{1,
                           staged       ? points_of(login->second, scale)
                           : only_login ? points_of(least->service, scale)
                                        : none,
                           staged       ? points_of(sign->second, scale)
                           : only_login ? none
                                        : points_of(least->service, scale)};
    };
    const auto measured = model(1);
    const auto full = saturation(curve);
    const auto busy = full.rate * (mean_seconds(measured.login) + mean_seconds(measured.sign));
    if (busy <= 0) {
        return std::nullopt;
    }
    constexpr double most_workers = 10'000;
    const auto count = full.reached ? std::round(busy) : std::ceil(busy);
    const auto workers = std::clamp(count, 1.0, most_workers);
    auto scaled = full.reached ? model(workers / busy) : measured;
    scaled.workers = static_cast<std::size_t>(workers);
    return scaled;
}

std::string_view token_words(TokenMode mode) {
    switch (mode) {
        case TokenMode::service:
            return "service tokens";
        case TokenMode::batch:
            return "batch tokens";
        case TokenMode::in_header:
            return "inline logins";
        case TokenMode::one:
            return "one token for all";
    }
    return "";
}

namespace {

std::string limits_line(const Curve& curve) {
    const auto full = saturation(curve);
    const auto knee = knee_of(curve);
    return fmt::format("the knee by latency is at {:.4g}/s; at any latency it gives {:.4g}/s{}",
                       knee.value_or(0), full.rate,
                       full.reached ? "" : ", and may give more: no more was asked");
}

std::string renewals_line(double rate, std::size_t pods, Duration life) {
    const auto renewals = renewals_a_second(pods, life);
    return fmt::format("{} {} a second: headroom {}; their leaves may live {} or longer",
                       grouped(pods, "pod renews", "pods renew"), times_text(renewals),
                       times_text(rate / renewals), human_duration(shortest_life(rate, pods)));
}

std::string restart_line(const Curve& curve, std::size_t pods) {
    constexpr Duration soon = std::chrono::minutes(1);
    const auto all = predict_storm(curve, {pods, Duration::zero(), 0});
    return fmt::format(
        "if {} at one moment, the last is ready after {}{}; of {} the last is ready within {}",
        grouped(pods, "pod restarts", "pods restart"), all && all->at_most ? "at most " : "",
        all ? human_duration(all->last_ready) : "-", grouped(largest_restart(curve, soon)),
        human_duration(soon));
}

}  // namespace

std::vector<std::string> capacity_lines(const Curve& curve, Duration life, std::size_t pods) {
    if (curve.steps.empty()) {
        return {};
    }
    const auto best = best_rate(curve, curve.slo);
    if (!best) {
        return {fmt::format("capacity: no rate keeps {}", slo_text(curve.slo)), limits_line(curve)};
    }
    const auto why = fmt::format("{:.4g}/s keeps {}{}", best->rate, slo_text(curve.slo),
                                 best->held ? "" : " (seen in one step, not in a hold)");
    if (!curve.gives_leaves()) {
        return {fmt::format("capacity: {}; how many pods that is, a load of login-sign tells", why),
                limits_line(curve)};
    }
    return {fmt::format("this Vault carries {} at {} leaves with {} ({} keys, storage {}): {}",
                        grouped(largest_mesh(best->rate, life), "pod"), human_duration(life),
                        token_words(curve.token), crypto::to_string(curve.key_type),
                        to_string(curve.storage), why),
            limits_line(curve), renewals_line(best->rate, pods, life), restart_line(curve, pods)};
}

}  // namespace meshproof::load
