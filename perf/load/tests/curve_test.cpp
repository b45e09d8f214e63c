#include "perf/load/curve.hpp"

#include <gtest/gtest.h>

#include "perf/load/find_max.hpp"
#include "perf/load/tests/curves.hpp"
#include "perf/load/tests/stage.hpp"

namespace meshproof::load {
namespace {

using namespace std::chrono_literals;

Curve with_everything() {
    auto curve = known_curve();
    curve.profile = Profile::soak;
    curve.token = TokenMode::in_header;
    curve.storage = Storage::no_store;
    curve.key_type = crypto::KeyType::rsa_2048;
    curve.ca_key_type = "rsa";
    curve.slo = {{{99, 50ms}, {99.9, 1'234'567ns}}, 0.0025};
    auto& step = curve.steps.front();
    step.asked = 1.0 / 3;
    step.error_share = 0.001;
    step.stages = {{"login", always(30ms)}, {"sign", always(10ms)}};
    for (std::size_t i = 0; i < kept_percentiles.size(); ++i) {
        step.response.at[i] = std::chrono::microseconds(1000 + i);
    }
    return curve;
}

/// What is said of the document in which one text is replaced by another.
std::string refusal(std::string_view from, std::string_view to) {
    auto text = curves_json({known_curve()});
    const auto at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    text.replace(at, from.size(), to);
    const auto curves = parse_curves(text);
    return curves ? "taken" : curves.error().message;
}

TEST(Curve, IsReadAsItWasWritten) {
    const std::vector<Curve> written{with_everything(), known_curve()};
    const auto text = curves_json(written);
    const auto read = require(parse_curves(text));
    ASSERT_EQ(read.size(), 2U);
    for (std::size_t i = 0; i < read.size(); ++i) {
        EXPECT_EQ(read[i].steps, written[i].steps);
        EXPECT_EQ(read[i].measured, written[i].measured);
        EXPECT_EQ(mode_text(read[i]), mode_text(written[i]));
        EXPECT_EQ(slo_text(read[i].slo), slo_text(written[i].slo));
    }
    EXPECT_EQ(curves_json(read), text);
    EXPECT_EQ(require(parse_curves(curves_json({}))).size(), 0U);
}

TEST(Curve, WhatIsWrongIsToldWithItsPlace) {
    EXPECT_EQ(refusal("curve/v1", "curve/v9"),
              "schema: expected meshproof.curve/v1, got \"meshproof.curve/v9\"");
    EXPECT_EQ(refusal(R"("token": "service")", R"("token": "bach")"),
              "curves[0].token: expected one of service, batch, inline, one, got \"bach\"");
    EXPECT_EQ(refusal(R"("asked_per_s": 10.0)", R"("asked_per_s": -1)"),
              "curves[0].steps[0].asked_per_s: expected a number from 1e-06 to 100000, got -1");
    // Nobody could say how many samples these need.
    for (const auto* percentile : {"0", "100", "99.99999999999999"}) {
        EXPECT_EQ(refusal(R"("percentile": 99.0)", fmt::format(R"("percentile": {})", percentile)),
                  fmt::format("curves[0].slo.latencies[0].percentile: expected a number from 0.001 "
                              "to 99.9999, got {}",
                              percentile));
    }
    EXPECT_EQ(refusal(R"("p5": 40000000)", R"("p5": 39000000)"),
              "curves[0].steps[0].response.percentiles_ns.p5: expected no less than of the "
              "percentile before, got 39000000");
    EXPECT_EQ(refusal(R"("steps": [)", R"("steps": [], "others": [)"),
              "curves[0].steps: expected at least one step, got a list");
    EXPECT_EQ(refusal(R"("measured": "2026)", R"("measured": "year 2026)"),
              "curves[0].measured: expected a date such as 2026-01-02T03:04:05Z, got "
              "\"year 2026-01-01T00:00:00Z\"");
    EXPECT_EQ(refusal("{", ""), "expected the JSON that meshproof load --find-max --curve writes");
}

TEST(Curve, OneOfTheSameModeGivesWay) {
    std::vector<Curve> curves{known_curve(), scaled_curve(TokenMode::batch, 3)};
    auto anew = known_curve();
    anew.steps.resize(1);
    add_curve(curves, anew);
    ASSERT_EQ(curves.size(), 2U);
    EXPECT_EQ(curves.front().steps.size(), 1U);
    anew.storage = Storage::no_store;
    add_curve(curves, anew);
    EXPECT_EQ(curves.size(), 3U);
}

TEST(Curve, TheSloIsToldAsItIsTyped) {
    const Slo slo{{{99, 50ms}, {99.9, 1500ms}, {50, 1'500us}}, 0.001};
    EXPECT_EQ(slo_text(slo), "p99=50ms,p99.9=1.5s,p50=1.5ms,errors=0.1%");
    OptionTexts texts;
    texts.slo = slo_text(slo);
    EXPECT_EQ(slo_text(require(parse_options(texts)).slo), slo_text(slo));
}

TEST(Curve, HoldsWhatASearchMeasured) {
    Options options;
    options.profile = Profile::health;
    options.find_max = true;
    options.rate = 5;
    options.connections = 2;
    options.slo.latencies = {{95, 300ms}};
    MaxSearch search(options);
    while (const auto step = search.next()) {
        // Two connections of 100 ms carry 20 a second.
        Stage stage({[](Duration now) { return now + 98ms; }});
        search.learn(*step, stage.offer(*step));
    }
    Outcome outcome;
    outcome.options = options;
    outcome.steps = search.steps();
    outcome.servers = {{"kubernetes", "kube-apiserver", "v1.34.4", "https://kube"},
                       {"vault", "fake openbao", "2.7.2", "https://vault"}};
    const auto curve = curve_of(outcome, "sim");
    EXPECT_EQ(curve.product, "fake openbao");
    ASSERT_EQ(curve.steps.size(), search.steps().size());
    EXPECT_EQ(curve.steps.front().asked, 5);
    EXPECT_NEAR(curve.steps.front().got, 5, 0.2);
    EXPECT_NEAR(std::chrono::duration<double>(curve.steps.front().service.from(50)).count(), 0.1,
                0.001);
    EXPECT_TRUE(curve.steps.back().hold);
}

}  // namespace
}  // namespace meshproof::load
