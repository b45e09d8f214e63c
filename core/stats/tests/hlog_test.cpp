#include "core/stats/hlog.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cstdlib>

#include "core/base/tests/temporary_folder.hpp"
#include "core/base/text.hpp"
#include "core/stats/counts.hpp"
#include "core/stats/tests/random_durations.hpp"
#include "core/time/prng.hpp"

namespace meshproof::stats {
namespace {

using namespace std::chrono_literals;

using Lines = std::vector<std::pair<Stretch, Histogram>>;

Result<Lines> read(std::string_view text) {
    Lines lines;
    const auto whole = read_hlog(text, "a.hlog", [&](Stretch stretch, Histogram histogram) {
        lines.emplace_back(std::move(stretch), std::move(histogram));
    });
    return whole ? Result<Lines>(std::move(lines)) : propagate(whole);
}

std::string refusal(std::string_view text) {
    const auto lines = read(text);
    return lines ? fmt::format("{} lines", lines->size()) : lines.error().message;
}

const Time start = from_unix_seconds(1'800'000'000);

std::string sample() {
    HlogWriter writer(start);
    writer.add({"response", start + 1s, 1s}, histogram_of({1234567ns, 2ms, 2ms, 1s}));
    writer.add({"service", start + 1s, 1s}, histogram_of({1ms, 5h, 6h}));
    writer.add({"", start + 2500ms, 500ms}, Histogram());
    return writer.text();
}

TEST(Counts, ArePackedAsTheOriginalDoes) {
    // One zero is itself, more are their negative number; ZigZag doubles, LEB128 has 7 bits a byte.
    const std::vector<std::uint64_t> counts = {1, 0, 0, 0, 64, 0, 300};
    EXPECT_EQ(to_hex(as_bytes(pack(counts))), "0205800100d804");
    // Nine bytes at most: the last one is whole.
    const std::vector<std::uint64_t> large = {~std::uint64_t{0} >> 1};
    EXPECT_EQ(to_hex(as_bytes(pack(large))), "feffffffffffffffff");
    std::vector<std::uint64_t> again(7);
    const auto keep = [&](std::size_t i, std::uint64_t count) { again[i] = count; };
    ASSERT_TRUE(unpack(pack(counts), counts.size(), keep));
    EXPECT_EQ(again, counts);
    ASSERT_TRUE(unpack(pack(large), 1, keep));
    EXPECT_EQ(again[0], large[0]);
    EXPECT_EQ(unpack(pack(counts), 6, keep).error().message,
              "it has counts for more than its 6 buckets");
    EXPECT_EQ(unpack("\x80", 6, keep).error().message, "its counts are cut off after 0 buckets");
    // The largest run of zeros that can be written.
    EXPECT_FALSE(unpack("\xff\xff\xff\xff\xff\xff\xff\xff\xff", 6, keep));
}

TEST(Hlog, HasTheHeaderThatReadersLookFor) {
    const auto lines = split(sample(), '\n');
    ASSERT_EQ(lines.size(), 9U);
    EXPECT_EQ(lines[0], "#[Histogram log format version 1.3]");
    EXPECT_EQ(lines[1],
              "#[StartTime: 1800000000.000000 (seconds since epoch), 2027-01-15T08:00:00Z]");
    EXPECT_EQ(lines[2], "#[BaseTime: 1800000000.000000 (seconds since epoch)]");
    EXPECT_EQ(lines[3],
              "\"StartTimestamp\",\"Interval_Length\",\"Interval_Max\","
              "\"Interval_Compressed_Histogram\"");
    EXPECT_TRUE(lines[4].starts_with("Tag=response,1.000000,1.000000,1000.000000,HISTF"))
        << lines[4];
    EXPECT_EQ(lines[5], "#[Beyond: 2]");
    EXPECT_TRUE(lines[6].starts_with("Tag=service,1.000000,1.000000,21600000.000000,HISTF"));
    EXPECT_TRUE(lines[7].starts_with("2.500000,0.500000,0.000000,HISTF")) << lines[7];
}

TEST(Hlog, IsReadBack) {
    const auto lines = read(sample());
    ASSERT_TRUE(lines) << lines.error().message;
    ASSERT_EQ(lines->size(), 3U);
    const auto& [stretch, histogram] = lines->at(0);
    EXPECT_EQ(stretch.tag, "response");
    EXPECT_EQ(stretch.start, start + 1s);
    EXPECT_EQ(stretch.length, 1s);
    EXPECT_EQ(histogram.count(), 4U);
    EXPECT_EQ(histogram.max(), 1s);
    EXPECT_EQ(histogram.min(), Histogram::bucket(Histogram::index_of(1234567ns)).low);
    EXPECT_EQ(lines->at(1).second.count(), 3U);
    EXPECT_EQ(lines->at(1).second.beyond(), 2U);
    EXPECT_EQ(lines->at(1).second.max(), 6h);
    EXPECT_EQ(lines->at(2).first.tag, "");
    EXPECT_EQ(lines->at(2).first.start, start + 2500ms);
    EXPECT_EQ(lines->at(2).second, Histogram());
}

TEST(Hlog, ReadsTheLinesOfOthers) {
    // From the Java library's own tests (tagged-Log.logV2.hlog), with its relative moments.
    const std::string_view java =
        "#[Logged with jHiccup version 2.0.7-SNAPSHOT]\r\n"
        "#[Histogram log format version 1.2]\r\n"
        "#[StartTime: 1441812279.474 (seconds since epoch), Wed Sep 09 08:24:39 PDT 2015]\r\n"
        "\"StartTimestamp\",\"Interval_Length\",\"Interval_Max\",\"Interval_Compressed_"
        "Histogram\"\r\n"
        "0.127,1.007,2.769,HISTFAAAAEV42pNpmSzMwMCgyAABTBDKT4GBgdnNYMcCBvsPEBEJISEuATEZMQ4uASkhIR4n"
        "rxg9v2lMaxhvMekILGZkKmcCAEf2CsI=\r\n"
        "Tag=A,0.127,1.007,2.769,"
        "HISTFAAAAEV42pNpmSzMwMCgyAABTBDKT4GBgdnNYMcCBvsPEBEJISEuATEZMQ4uASkh"
        "IR4nrxg9v2lMaxhvMekILGZkKmcCAEf2CsI=\r\n";
    const auto lines = read(java);
    ASSERT_TRUE(lines) << lines.error().message;
    ASSERT_EQ(lines->size(), 2U);
    EXPECT_EQ(lines->at(0).first.start, Time(1441812279601ms));
    EXPECT_EQ(lines->at(0).first.length, 1007ms);
    EXPECT_EQ(lines->at(1).first.tag, "A");
    EXPECT_EQ(lines->at(0).second, lines->at(1).second);
    EXPECT_EQ(lines->at(0).second.max(), 2768895ns);  // its bucket's: 2.769 is rounded past it
    EXPECT_GT(lines->at(0).second.count(), 100U);
}

TEST(Hlog, SaysWhereAndWhatIsWrong) {
    const std::string legend = "\"StartTimestamp\",\"Interval_Length\"\n";
    const auto with = [&](std::string_view histogram) {
        return refusal(legend + "0.1,1.0,2.0," + std::string(histogram) + "\n");
    };
    EXPECT_EQ(refusal(""), "0 lines");
    EXPECT_EQ(refusal(legend + "\n# words\n"), "0 lines");
    const std::string shape =
        "a.hlog:2: expected start, length, maximum and histogram between commas";
    EXPECT_EQ(refusal(legend + "hello\n"), shape);
    EXPECT_EQ(refusal(legend + "0.1,1.0,nan,HISTF\n"), shape);
    EXPECT_EQ(refusal(legend + "0.1,-1.0,2.0,HISTF\n"), shape);
    EXPECT_EQ(refusal(legend + "1e300,1.0,2.0,HISTF\n"), shape);
    EXPECT_EQ(refusal(legend + "99999999999999,1.0,2.0,HISTF\n"), shape);
    EXPECT_EQ(refusal(legend + "Tag=a\n"), "a.hlog:2: a tag without a line after it");
    EXPECT_EQ(refusal("#[StartTime: noon ]\n"), "a.hlog:1: \"noon\" is not a time in seconds");
    EXPECT_EQ(refusal("#[BaseTime: ]\n"), "a.hlog:1: \"\" is not a time in seconds");
    EXPECT_EQ(refusal("#[Beyond: -1]\n"), "a.hlog:1: \"-1\" is not a count");
    EXPECT_EQ(with("HIS!"), "a.hlog:2: its histogram is not base64 of at least 8 bytes");
    EXPECT_EQ(
        with(to_base64(std::string_view("\x1c\x84\x93\x02\0\0\0\0", 8))),
        "a.hlog:2: its histogram begins with 0x1c849302, expected 0x1c849314 of V2 compressed");
    EXPECT_EQ(with(to_base64(std::string_view("\x1c\x84\x93\x14\0\0\0\x05", 8))),
              "a.hlog:2: its histogram has 0 compressed bytes, expected 5");
    EXPECT_EQ(with(to_base64(std::string_view("\x1c\x84\x93\x14\0\0\0\0", 8))),
              "a.hlog:2: its histogram cannot be inflated: it is cut off");
    EXPECT_EQ(with(to_base64(std::string_view("\x1c\x84\x93\x14\0\0\0\x04oops", 12))),
              "a.hlog:2: its histogram cannot be inflated: its zlib data are damaged");
}

RC_GTEST_PROP(HlogProperty, WhatIsWrittenIsRead, ()) {
    Lines written;
    HlogWriter writer(start);
    const auto count = *rc::gen::inRange<std::size_t>(0, 4);
    for (std::size_t i = 0; i < count; ++i) {
        const auto range = *rc::gen::element<Duration>(1ms, 1h, 100h);
        written.emplace_back(Stretch{*rc::gen::element<std::string>("", "sign", "login-sign"),
                                     start + std::chrono::milliseconds(i), 1ms},
                             histogram_of(*any_durations(), range));
        writer.add(written.back().first, written.back().second);
    }
    const auto lines = read(writer.text());
    RC_ASSERT(lines.has_value());
    RC_ASSERT(lines->size() == written.size());
    HlogWriter again(start);
    for (std::size_t i = 0; i < count; ++i) {
        const auto& [stretch, histogram] = lines->at(i);
        const auto& [as_stretch, as_histogram] = written[i];
        RC_ASSERT(stretch.tag == as_stretch.tag);
        RC_ASSERT(stretch.start == as_stretch.start);
        RC_ASSERT(stretch.length == as_stretch.length);
        RC_ASSERT(std::ranges::equal(histogram.counts(), as_histogram.counts()));
        RC_ASSERT(histogram.count() == as_histogram.count());
        RC_ASSERT(histogram.beyond() == as_histogram.beyond());
        RC_ASSERT(histogram.range() == as_histogram.range());
        RC_ASSERT(histogram.max() == as_histogram.max());
        RC_ASSERT(Histogram::index_of(histogram.min()) == Histogram::index_of(as_histogram.min()) ||
                  histogram.beyond() > 0);
        again.add(as_stretch, histogram);
    }
    RC_ASSERT(again.text() == writer.text());
}

RC_GTEST_PROP(HlogProperty, DamageIsToldInOneLineOrChangesNothingElse, ()) {
    auto text = sample();
    const auto place = *rc::gen::inRange<std::size_t>(0, text.size());
    switch (*rc::gen::inRange(0, 3)) {
        case 0:
            text[place] = *rc::gen::arbitrary<char>();
            break;
        case 1:
            text.erase(place);
            break;
        default:
            text.insert(place, *rc::gen::arbitrary<std::string>());
    }
    const auto lines = read(text);
    if (!lines) {
        RC_ASSERT(lines.error().kind == FailureKind::malformed);
        RC_ASSERT(lines.error().message.starts_with("a.hlog:"));
    }
}

/// Values as a service has them, with a long tail; the same in each run.
std::vector<Duration> judged_values() {
    Prng chance(11);
    std::vector<Duration> values;
    for (int i = 0; i < 20'000; ++i) {
        const auto slow = chance.unit();
        values.push_back(300us + part_of(2ms, chance.unit()) +
                         part_of(20s, slow * slow * slow * slow * slow * slow * slow * slow));
    }
    return values;
}

/// core/stats/tests/hlog_judge has PyPI's hdrhistogram read what is written here.
TEST(Judged, IsWrittenForOthersToRead) {
    const TemporaryFolder own;
    const auto* asked = std::getenv("MESHPROOF_HLOG_SAMPLES");
    const std::string folder = asked == nullptr ? own.path() : asked;
    const auto values = judged_values();
    Histogram first, second;
    std::string numbers, percentiles;
    for (std::size_t i = 0; i < values.size(); ++i) {
        (i < values.size() / 4 ? first : second).record(values[i]);
        numbers += fmt::format("{}\n", values[i].count());
    }
    HlogWriter writer(start);
    writer.add({"service", start, 1s}, first);
    writer.add({"service", start + 1s, 1s}, second);
    writer.add({"empty", start + 1s, 1s}, Histogram());
    auto all = first;
    all.add(second);
    for (const double percentile : {1.0, 50.0, 90.0, 95.0, 99.0, 99.9, 99.99}) {
        percentiles += fmt::format("{} {}\n", percentile, all.at(percentile).count());
    }
    ASSERT_TRUE(write_file(folder + "/values.txt", numbers));
    ASSERT_TRUE(write_file(folder + "/ours.percentiles", percentiles));
    ASSERT_TRUE(write_file(folder + "/ours.hlog", writer.text()));
}

/// The other way round: the same values, recorded and written by Python.
TEST(Judged, IsReadFromOthers) {
    const auto* folder = std::getenv("MESHPROOF_HLOG_FOREIGN");
    if (folder == nullptr) {
        GTEST_SKIP() << "core/stats/tests/hlog_judge gives the folder";
    }
    const auto expected = histogram_of(judged_values());
    const auto same = read(read_file(std::string(folder) + "/python.hlog").value());
    ASSERT_TRUE(same) << same.error().message;
    ASSERT_EQ(same->size(), 2U);
    EXPECT_EQ(same->at(0).first.tag, "");
    EXPECT_EQ(same->at(0).first.start, start + 1s);
    EXPECT_EQ(same->at(0).first.length, 1s);
    auto all = same->at(0).second;
    all.add(same->at(1).second);
    EXPECT_TRUE(std::ranges::equal(all.counts(), expected.counts()));

    // Two digits from a microsecond on: within 1 % or 2 us.
    const auto coarse = read(read_file(std::string(folder) + "/coarse.hlog").value());
    ASSERT_TRUE(coarse) << coarse.error().message;
    ASSERT_EQ(coarse->size(), 1U);
    EXPECT_EQ(coarse->at(0).second.count(), expected.count());
    for (const double percentile : {0.0, 50.0, 99.0, 100.0}) {
        const auto found = coarse->at(0).second.at(percentile);
        EXPECT_NEAR(static_cast<double>(found.count()),
                    static_cast<double>(expected.at(percentile).count()),
                    2000 + 0.01 * static_cast<double>(found.count()));
    }
}

}  // namespace
}  // namespace meshproof::stats
