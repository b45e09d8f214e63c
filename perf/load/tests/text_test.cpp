// What a person reads of a load.
#include "perf/load/text.hpp"

#include <gtest/gtest.h>

#include "core/base/text.hpp"

namespace meshproof::load {
namespace {

using namespace std::chrono_literals;

/// So many transactions that took 4 ms, and waited 1 ms before.
Outcome outcome_of(std::uint64_t count) {
    Outcome outcome;
    outcome.verdict = run::Verdict::pass;
    auto& measured = outcome.measured;
    measured.whole.response.record(5ms, count);
    measured.whole.service.record(4ms, count);
    measured.asked = measured.done = measured.done_in_plan = count;
    measured.planned = 10s;
    measured.slip.record(200us, count);
    return outcome;
}

std::string lines_of(const Outcome& outcome) {
    return join(outcome_lines(outcome), "\n");
}

void expect_has(const std::string& text, std::string_view part) {
    EXPECT_NE(text.find(part), std::string::npos) << part << "\nis not in\n" << text;
}

TEST(OutcomeLines, BeginWithTheVerdict) {
    EXPECT_EQ(outcome_lines(outcome_of(100)).front(),
              "pass: 100 of 100 transactions done; 10.0/s asked, 10.0/s done");
}

TEST(OutcomeLines, TellOneOfAThingAsOne) {
    auto outcome = outcome_of(1);
    outcome.measured.handshakes = outcome.pods = outcome.account_tokens = 1;
    outcome.verification.answers = outcome.verification.verified = 1;
    const auto text = lines_of(outcome);
    for (const auto* part :
         {"pass: 1 of 1 transaction done;", "TLS: 1 handshake, 0 of them",
          "verified: 1 of 1 leaf, 0",
          "; 1 pod's keys and requests and 1 service account token made ahead"}) {
        expect_has(text, part);
    }
}

TEST(OutcomeLines, ShowBothTimesAndNameWhatLiesBetween) {
    auto outcome = outcome_of(100);
    outcome.measured.overflowed = 1200;
    outcome.measured.longest_queue = 70;
    const auto text = lines_of(outcome);
    expect_has(text, "response, from the intended moment");
    expect_has(text, "service, from the real send");
    expect_has(
        text,
        "login-sign         100  |  5.00 ms  5.00 ms        -        -  5.00 ms  |  4.00 ms  "
        "4.00 ms        -        -  4.00 ms");
    expect_has(text,
               "before the send: 1.00 ms on average; 1,200 waited since all connections were busy "
               "(the longest queue: 70)");
    expect_has(text, "the generator: late by 200 us at p50, 200 us at most");
    expect_has(lines_of(outcome_of(299)), "late by 200 us at p50, 200 us at p99");
}

TEST(OutcomeLines, HavePercentilesThatTheSamplesBoundAndSayWhatTheOthersNeed) {
    expect_has(lines_of(outcome_of(298)),
               "-: too few samples: p99 needs 299, p99.9 needs 2,995; there are 298");
    const auto many = lines_of(outcome_of(29'955));
    EXPECT_EQ(many.find("too few"), std::string::npos) << many;
    EXPECT_EQ(many.find("p99.99"), std::string::npos) << many;
    expect_has(lines_of(outcome_of(29'956)), "p99.9   p99.99      max  |");
}

TEST(OutcomeLines, SayWhereASearchWasCutShort) {
    auto outcome = outcome_of(3000);
    outcome.options.find_max = true;
    auto& step = outcome.steps.emplace_back();
    step.rate = 300;
    step.kept = true;
    step.measured = outcome.measured;
    constexpr std::string_view cut =
        "not searched further: all steps together may ask 5,000,000 transactions";
    EXPECT_EQ(lines_of(outcome).find(cut), std::string::npos);
    outcome.cut_short = true;
    expect_has(lines_of(outcome), cut);
    expect_has(to_markdown(outcome, "vault.yaml", 1), cut);
}

TEST(LoadMarkdown, HasIntervalsAndWhatIsNeededForTheOthers) {
    const auto text = to_markdown(outcome_of(100), "vault.yaml", 1);
    expect_has(text, "| login-sign | response | 100 | 5.00 ms [5.00 ms, 5.00 ms] |");
    expect_has(text, "| needs 299 samples, has 100 | needs 2995 samples, has 100 | needs 29956");
}

TEST(LoadMarkdown, KeepsAServersWordsInTheirCell) {
    auto outcome = outcome_of(100);
    outcome.measured.troubles = {
        {.step = {}, .status = 500, .text = "a | b", .meaning = "<c>", .count = 1}};
    expect_has(to_markdown(outcome, "a | vault", 1), ", target a \\| vault, seed 1\n");
    expect_has(to_markdown(outcome, "sim", 1), "| 500 | a \\| b | \\<c> |\n");
}

TEST(ProgressLine, HasWhatIsAskedAndGotAndHowLongItStillTakes) {
    Progress progress{.elapsed = 12s,
                      .end = 30s,
                      .asked = 200,
                      .done = 198,
                      .p50 = 4ms,
                      .p99 = 40ms,
                      .slowest = 70ms,
                      .recent = 600,
                      .failed = 3,
                      .in_flight = 7,
                      .waiting = 2};
    EXPECT_EQ(progress_line(progress),
              "  12 s: asked 200/s, done 198/s, response p50 4.00 ms p99 40.0 ms, 3 failed, 7 in "
              "flight, 2 waiting, 18 s left");
    // So few bound no p99, and these no p50 either.
    progress.recent = 298;
    expect_has(progress_line(progress), "response p50 4.00 ms max 70.0 ms, 3 failed");
    progress.recent = 4;
    expect_has(progress_line(progress), "response p50 - max 70.0 ms, 3 failed");
    progress.recent = 0;
    expect_has(progress_line(progress), "response p50 - p99 -, 3 failed");
    for (const auto elapsed : {30s, 31s}) {  // the last answers are waited for
        progress.elapsed = elapsed;
        expect_has(progress_line(progress), "2 waiting, nothing left");
    }
}

TEST(Grouped, HasItsNounInTheRightNumber) {
    EXPECT_EQ(grouped(1, "pod"), "1 pod");
    EXPECT_EQ(grouped(1'000, "pod"), "1,000 pods");
    EXPECT_EQ(grouped(1, "leaf", "leaves"), "1 leaf");
    EXPECT_EQ(grouped(2, "leaf", "leaves"), "2 leaves");
    EXPECT_EQ(times_text(1), "1 time");
    EXPECT_EQ(times_text(2.5), "2.5 times");
    EXPECT_EQ(times_text(2.345, 2), "2.3 times");
    EXPECT_EQ(times_text(1'860.4), "1,860 times");
    EXPECT_EQ(times_text(371.6, 2), "372 times");
    EXPECT_EQ(times_text(0.417), "0.417 times");
}

}  // namespace
}  // namespace meshproof::load
