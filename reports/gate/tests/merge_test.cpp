#include "reports/gate/merge.hpp"

#include <gtest/gtest.h>

#include "core/base/tests/temporary_folder.hpp"
#include "reports/gate/tests/sample_reports.hpp"
#include "reports/report.hpp"

namespace meshproof::reports::gate {
namespace {

using run::Verdict;
using std::chrono::seconds;

/// A load's folder as `load --report` leaves it.
Source written(const TemporaryFolder& folder, const std::string& name, Source source,
               Duration began = {}) {
    auto& result = source.result;
    result.started = day("2027-03-01") + began;
    result.duration = seconds(10);
    stats::HlogWriter log(result.started);
    log.add({"response", result.started, seconds(1)}, *source.response);
    for (const auto* tag : {"whole-response", "whole-service"}) {
        log.add({tag, result.started, seconds(10)}, *source.response);
    }
    (void)folder.write(name + "/load.hlog", log.text());
    (void)folder.write(name + "/report.json", reports::to_json(result));
    return require(read_source(folder.path() + "/" + name));
}

TEST(Sources, AreReadWithTheirLog) {
    const TemporaryFolder folder;
    const auto source = written(folder, "a", load_run(400));
    ASSERT_TRUE(source.response);
    EXPECT_EQ(source.response->counts().size(), times_up_to(400).counts().size());
    EXPECT_EQ(require(read_source(folder.path() + "/a/report.json")).response, source.response);
    EXPECT_FALSE(read_source(folder.path() + "/none"));
    // The log of another load beside it.
    (void)folder.write("a/report.json", reports::to_json(load_run(300).result));
    const auto mixed = read_source(folder.path() + "/a");
    ASSERT_FALSE(mixed);
    EXPECT_NE(mixed.error().message.find("whole has 400 and 400 times, expected 300 and 300"),
              std::string::npos)
        << mixed.error().message;
}

TEST(Merge, HistogramsAreAddedBucketByBucket) {
    const TemporaryFolder folder;
    auto first = load_run(400), second = load_run(250);
    add_cpu(first, seconds(2));
    add_cpu(second, seconds(3));
    load_in(second).done_per_second = 50;
    const auto merged =
        merge({written(folder, "a", first), written(folder, "b", second, seconds(20))});
    ASSERT_TRUE(merged) << merged.error().message;
    (void)folder.write("ab/report.json", reports::to_json(merged->result));
    (void)folder.write("ab/load.hlog", merged->hlog);
    const auto again = require(read_source(folder.path() + "/ab"));

    auto sum = times_up_to(400);
    sum.add(times_up_to(250));
    ASSERT_TRUE(again.response);
    EXPECT_TRUE(std::ranges::equal(again.response->counts(), sum.counts()));
    const auto& load = *load_of(again.result);
    EXPECT_EQ(load.counts.done, 650U);
    EXPECT_EQ(load.done_per_second, 75);
    EXPECT_EQ(load.stages.at("whole").response.count, 650U);
    EXPECT_EQ(load.stages.at("whole").response.percentiles.at("p99").at,
              std::chrono::round<std::chrono::microseconds>(sum.at(99)));
    EXPECT_EQ(load.server.looks.back().processor, seconds(5));
    EXPECT_EQ(again.result.duration, seconds(20));
    EXPECT_EQ(again.result.outcomes.front().verdict, Verdict::pass);
    // Both runs' seconds are kept as they were.
    std::size_t lines = 0;
    Stages stages;
    require(add_stages(again.hlog, stages, [&](const auto&, const auto&) { ++lines; }));
    EXPECT_EQ(lines, 2U);
}

TEST(Merge, TheWorstVerdictStaysAndTheBoundsAreJudgedAnew) {
    const TemporaryFolder folder;
    auto bad = load_run(400);
    bad.result.outcomes.front().verdict = Verdict::fail;
    bad.result.outcomes.front().reason = "a leaf is wrong";
    const auto one = written(folder, "a", load_run(400));
    auto merged = merge({one, written(folder, "b", bad)});
    ASSERT_TRUE(merged);
    EXPECT_EQ(merged->result.outcomes.front().verdict, Verdict::fail);
    EXPECT_EQ(merged->result.outcomes.front().reason, "a leaf is wrong");
    EXPECT_TRUE(load_of(merged->result)->server.looks.empty()) << "they went side by side";

    auto slow = one;
    load_in(slow).slo.latencies = {{99, std::chrono::milliseconds(1), {}, {}}};
    merged = merge({slow, slow});
    ASSERT_TRUE(merged);
    EXPECT_EQ(merged->result.outcomes.front().verdict, Verdict::fail);
    EXPECT_EQ(load_of(merged->result)->slo.latencies[0].answer, run::BoundAnswer::missed);
}

TEST(Merge, RefusesWhatDoesNotBelongTogether) {
    const TemporaryFolder folder;
    const auto good = written(folder, "a", load_run(400));
    const auto refused = [&](const Source& other) {
        const auto merged = merge({good, other});
        return merged ? std::string() : merged.error().message;
    };
    EXPECT_EQ(refused(good), "");
    EXPECT_NE(refused(run_of({})).find("different commands (load and run)"), std::string::npos);
    auto other = good;
    other.result.target = "elsewhere";
    EXPECT_NE(refused(other).find("different targets"), std::string::npos);
    other = good;
    load_in(other).options.connections = 99;
    EXPECT_NE(refused(other).find("asked otherwise"), std::string::npos);
    other = good;
    other.response.reset();
    EXPECT_NE(refused(other).find("needs a load.hlog"), std::string::npos);
    other = good;
    load_in(other).options.find_max = true;
    EXPECT_NE(refused(other).find("looked for a maximum"), std::string::npos);
    other = good;
    other.result.outcomes.clear();
    EXPECT_NE(refused(other).find("it has no load"), std::string::npos);
}

TEST(Merge, ResultsAreJoined) {
    const auto merged = merge(
        {run_of({scenario("flow/a", Verdict::pass)}),
         run_of({scenario("flow/a", Verdict::fail, {"no"}), scenario("flow/b", Verdict::skip)})});
    ASSERT_TRUE(merged);
    EXPECT_EQ(merged->result.outcomes.size(), 3U) << "a failure is never hidden by a pass";
    EXPECT_EQ(merged->result.count(Verdict::fail), 1U);
    EXPECT_EQ(merged->hlog, "");
}

}  // namespace
}  // namespace meshproof::reports::gate
