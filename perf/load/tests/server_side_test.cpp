#include "perf/load/server_side.hpp"

#include <gtest/gtest.h>

namespace meshproof::load {
namespace {

using namespace std::chrono_literals;

// As OpenBao 2.7.2 and Vault 1.14.1 answer, cut short.
constexpr std::string_view answer =
    "# HELP go_goroutines Number of goroutines that currently exist.\n"
    "# TYPE go_goroutines gauge\n"
    "go_goroutines 545\n"
    "go_memstats_alloc_bytes 1.2776952e+07\n"
    "go_memstats_alloc_bytes_total 2.3273376e+07\n"
    "process_cpu_seconds_total 0.52\n"
    "process_resident_memory_bytes 9.6305152e+07\n"
    "vault_barrier_get{quantile=\"0.5\"} NaN\n"
    "vault_barrier_get_sum 1.5\n"
    "vault_barrier_get_count 105\n"
    "vault_core_active{cluster=\"vault-cluster-f0f1bd39\"} 1\n"
    "vault_route_update_meshproof_k3f9a2_pki__sum{cluster=\"a b\"} 210\n"
    "vault_route_update_meshproof_k3f9a2_pki__sum{cluster=\"c\"} 190\n"
    "vault_route_update_meshproof_k3f9a2_pki__count{cluster=\"a b\"} 40\n";

TEST(ServerLook, IsReadFromPrometheusText) {
    const auto look = read_prometheus(answer);
    EXPECT_EQ(look.goroutines, 545U);
    EXPECT_EQ(look.allocated_bytes, 12'776'952U);
    EXPECT_EQ(look.memory_bytes, 96'305'152U);
    EXPECT_EQ(look.processor, 520ms);
    ASSERT_EQ(look.timers.size(), 2U);
    EXPECT_EQ(look.timers.at("vault_barrier_get").count, 105);
    EXPECT_EQ(look.timers.at("vault_route_update_meshproof_k3f9a2_pki_").milliseconds, 400);
}

TEST(ServerLook, HasNothingOfWhatIsNoMetrics) {
    for (const auto* text : {"", "{\"errors\":[]}", "go_goroutines\n", "go_goroutines x\n"}) {
        EXPECT_FALSE(read_prometheus(text).goroutines) << text;
    }
    for (const auto* text : {"null", "[]", "{\"Gauges\":1}", "{\"Gauges\":[1,{\"Name\":2}]}"}) {
        EXPECT_FALSE(read_metrics_json(vault::Json::parse(text)).goroutines) << text;
    }
}

TEST(ServerLook, IsReadFromJsonToo) {
    const auto look = read_metrics_json(vault::Json::parse(
        R"({"Gauges":[{"Name":"vault.runtime.num_goroutines","Value":541,"Labels":{}},
                      {"Name":"vault.runtime.alloc_bytes","Value":15669416}]})"));
    EXPECT_EQ(look.goroutines, 541U);
    EXPECT_EQ(look.allocated_bytes, 15'669'416U);
}

ServerSide seen_twice() {
    ServerSide side;
    side.process = "bao, process 42";
    side.looks.resize(2);
    auto& before = side.looks.front();
    auto& after = side.looks.back();
    before.at = 5s;
    before.processor = 2s;
    before.memory_bytes = 210'000'000;
    before.goroutines = 500;
    before.timers["vault_barrier_put"] = {10, 5};
    after.at = 15s;
    after.processor = 16s + 300ms;
    after.memory_bytes = 340'000'000;
    after.goroutines = 600;
    after.timers["vault_barrier_put"] = {30, 45};
    after.timers["vault_barrier_get"] = {0, 0};
    return side;
}

TEST(ServerLine, SaysWhatALeafCosts) {
    EXPECT_EQ(server_line(seen_twice(), 2000),
              "server (bao, process 42): CPU 1.43 cores (7.15 ms a leaf), memory 210 MB -> 340 MB, "
              "goroutines 500 -> 600");
    EXPECT_EQ(server_line(seen_twice(), 0).find("a leaf"), std::string::npos);
}

TEST(ServerLine, IsNotThereWhereNothingWasSeen) {
    EXPECT_EQ(server_line({}, 100), "");
    auto once = seen_twice();
    once.looks.pop_back();
    EXPECT_EQ(server_line(once, 100), "");
}

TEST(ServerMarkdown, HasTheLooksTheTimersAndTheReasons) {
    auto side = seen_twice();
    side.unseen = {"sys/metrics: 403"};
    const auto text = server_markdown(side);
    EXPECT_NE(text.find("| 10.0 s | 16.3 s | 340 MB | - | 600 |"), std::string::npos) << text;
    EXPECT_NE(text.find("| vault\\_barrier\\_put | 20 | 2 ms |"), std::string::npos) << text;
    EXPECT_EQ(text.find("\\_get"), std::string::npos) << text;
    EXPECT_TRUE(text.ends_with("|\n\n- not seen: sys/metrics: 403\n")) << text;
    EXPECT_EQ(server_markdown({}), "");
}

}  // namespace
}  // namespace meshproof::load
