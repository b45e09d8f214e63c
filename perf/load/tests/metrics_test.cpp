#include "perf/load/metrics.hpp"

#include <gtest/gtest.h>

#include "core/base/text.hpp"
#include "perf/load/tests/stage.hpp"

namespace meshproof::load {
namespace {

using namespace std::chrono_literals;

LiveFigures some() {
    stats::Histogram times;
    times.record(1ms);
    times.record(7ms, 2);
    times.record(2h);
    LiveFigures figures;
    figures.rate_asked = 100;
    figures.so_far = {.asked = 10, .sent = 9, .done = 4, .failed = 3, .in_flight = 0};
    figures.failed = {{{"login", 503}, 2}, {{"sign", 0}, 1}};
    figures.in_flight = 2;
    figures.waiting = 1;
    figures.response = latencies(times);
    figures.service = latencies(stats::Histogram());
    figures.slip = slips(stats::Histogram());
    return figures;
}

bool has_line(const std::string& text, std::string_view line) {
    const auto lines = split(text, '\n');
    return std::ranges::find(lines, line) != lines.end();
}

TEST(Metrics, AreOpenMetrics) {
    const auto text = metrics_text(some(), MetricsFormat::open_metrics);
    for (const auto* line :
         {"# TYPE meshproof_load_asked counter", "meshproof_load_asked_total 10",
          "meshproof_load_sent_total 9", "meshproof_load_done_total 4",
          "meshproof_load_failed_total{step=\"login\",status=\"503\"} 2",
          "meshproof_load_failed_total{step=\"sign\",status=\"none\"} 1",
          "meshproof_load_in_flight 2", "meshproof_load_waiting 1", "meshproof_load_rate_asked 100",
          "# UNIT meshproof_load_response_seconds seconds",
          "meshproof_load_response_seconds_bucket{le=\"0.001\"} 1",
          "meshproof_load_response_seconds_bucket{le=\"0.005\"} 1",
          "meshproof_load_response_seconds_bucket{le=\"0.01\"} 3",
          "meshproof_load_response_seconds_bucket{le=\"30\"} 3",
          "meshproof_load_response_seconds_bucket{le=\"+Inf\"} 4",
          "meshproof_load_response_seconds_count 4",
          "meshproof_load_service_seconds_bucket{le=\"+Inf\"} 0"}) {
        EXPECT_TRUE(has_line(text, line)) << line << "\n" << text;
    }
    EXPECT_TRUE(text.ends_with("\n# EOF\n"));
}

TEST(Metrics, AreTheOlderTextToo) {
    const auto text = metrics_text(some(), MetricsFormat::prometheus);
    EXPECT_TRUE(has_line(text, "# TYPE meshproof_load_asked_total counter"));
    EXPECT_TRUE(has_line(text, "meshproof_load_asked_total 10"));
    EXPECT_EQ(text.find("# EOF"), std::string::npos);
    EXPECT_EQ(text.find("# UNIT"), std::string::npos);
}

TEST(Metrics, AreGivenAsTheyAreWanted) {
    EXPECT_EQ(wanted_format(""), MetricsFormat::open_metrics);
    EXPECT_EQ(wanted_format("*/*"), MetricsFormat::open_metrics);
    EXPECT_EQ(wanted_format("text/plain"), MetricsFormat::prometheus);
    // As Prometheus asks.
    EXPECT_EQ(wanted_format("application/openmetrics-text;version=1.0.0,text/plain;q=0.5"),
              MetricsFormat::open_metrics);
}

TEST(Live, AddsWhatWasBefore) {
    Live live;
    EXPECT_EQ(live.figures().so_far.asked, 0U);
    live.attach(some);
    EXPECT_EQ(live.figures().so_far.asked, 10U);
    live.detach();
    live.detach();
    EXPECT_EQ(live.figures().so_far.asked, 10U);
    EXPECT_EQ(live.figures().in_flight, 0U);
    live.attach(some);
    const auto figures = live.figures();
    EXPECT_EQ(figures.so_far.asked, 20U);
    EXPECT_EQ(figures.failed.at({"login", 503}), 4U);
    EXPECT_EQ(figures.response.count, 8U);
    EXPECT_EQ(figures.response.at_most.back(), 6U);
    EXPECT_EQ(figures.in_flight, 2U);
}

TEST(Live, HasWhatTheGeneratorCounts) {
    Live live;
    LiveFigures middle;
    Stage stage({[](Duration now) { return now + 3ms; }});
    Options options;
    options.rate = 100;
    options.duration = 4s;
    const auto measured = stage.offer(
        options, nullptr,
        [&](const Progress& progress) {
            if (progress.elapsed == 2s) {
                middle = live.figures();
            }
        },
        &live);
    EXPECT_EQ(middle.so_far.asked, 201U);  // with the one that is due at this moment
    EXPECT_EQ(middle.rate_asked, 100);
    EXPECT_GE(middle.so_far.done, 198U);
    EXPECT_EQ(live.figures().so_far.done, measured.done);
    EXPECT_EQ(live.figures().response.count, 400U);
    EXPECT_EQ(live.figures().in_flight, 0U);
}

}  // namespace
}  // namespace meshproof::load
