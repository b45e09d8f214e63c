// The prediction of a restart, against fakes that are as fast as the curve says.
#include <gtest/gtest.h>

#include "fakes/world/environments.hpp"
#include "perf/load/capacity.hpp"
#include "perf/load/tests/curves.hpp"

namespace meshproof::load {
namespace {

using namespace std::chrono_literals;

/// From half to three times the usual time, as a busy server's are.
Quantiles spread(Duration usual) {
    Quantiles times;
    times.count = 1000;
    constexpr std::array parts = {0.5, 0.55, 0.6, 0.75, 0.9, 1.1, 1.4, 1.6, 2.0, 2.5, 3.0};
    for (std::size_t i = 0; i < parts.size(); ++i) {
        times.at[i] = part_of(usual, parts[i]);
    }
    times.mean = usual;
    return times;
}

Curve lively_curve() {
    auto curve = known_curve();
    for (auto& step : curve.steps) {
        step.stages = {{"login", spread(30ms)}, {"sign", spread(10ms)}};
    }
    return curve;
}

fakes::ServiceTime time_of(const std::vector<ServerModel::Point>& points) {
    fakes::ServiceTime time;
    for (const auto& [share, at] : points) {
        time.points.push_back({share, at});
    }
    return time;
}

Task<void> into(Task<Outcome> work, Outcome& outcome) {
    outcome = co_await std::move(work);
}

/// The same storm on fakes of the curve's speed, in virtual time.
Outcome played(const Curve& curve, const Storm& storm) {
    const auto model = server_model(curve).value();
    fakes::SimOptions sim;
    sim.servers.vaults = sim.servers.clusters = 1;
    sim.servers.service_times = {model.workers, time_of(model.login), time_of(model.sign)};
    const auto environment = fakes::make_sim(std::move(sim));
    Options options;
    options.profile = Profile::restart_storm;
    options.pods = storm.pods;
    options.within = storm.within;
    options.connections = storm.connections;
    options.verify = 0;
    Outcome outcome;
    Run run{*environment, 1, "k3f9a2", nullptr, {}, {}, {}};
    environment->drive(into(run_load(std::move(run), options), outcome));
    return outcome;
}

void expect_as_predicted(const Storm& storm) {
    const auto curve = lively_curve();
    const auto outcome = played(curve, storm);
    EXPECT_EQ(outcome.measured.done, storm.pods);
    const auto predicted =
        std::chrono::duration<double>(predict_storm(curve, storm).value().last_ready).count();
    const auto seen = std::chrono::duration<double>(outcome.measured.last_done).count();
    EXPECT_NEAR(predicted / seen, 1, 0.2) << predicted << " s predicted, " << seen << " s seen";
}

TEST(Storm, MoreThanTheServerCarriesDrainsAsPredicted) {
    expect_as_predicted({300, 1s, 64});
}

TEST(Storm, LessThanItCarriesLastsAsLongAsItIsOffered) {
    expect_as_predicted({100, 5s, 64});
}

TEST(Storm, FewConnectionsMakeItLongerAsPredicted) {
    expect_as_predicted({100, 1s, 1});
}

TEST(Storm, TheFakesGiveTheRateOfTheCurveAndNoMore) {
    const auto outcome = played(lively_curve(), {400, 1s, 64});
    const auto seconds = std::chrono::duration<double>(outcome.measured.last_done).count();
    EXPECT_NEAR(400 / seconds, 50, 3);
    // A login takes three times as long as a signature, if nobody else waits.
    const auto alone = played(lively_curve(), {200, 100s, 64});
    const auto& stages = alone.measured.stages;
    EXPECT_NEAR(static_cast<double>(stages.at("login").service.mean().count()) /
                    static_cast<double>(stages.at("sign").service.mean().count()),
                3, 0.5);
}

}  // namespace
}  // namespace meshproof::load
