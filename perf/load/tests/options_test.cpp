#include <gtest/gtest.h>

#include "perf/load/options.hpp"

namespace meshproof::load {
namespace {

using namespace std::chrono_literals;

std::string refusal(void (*type)(OptionTexts& texts)) {
    OptionTexts texts;
    type(texts);
    const auto options = parse_options(texts);
    return options ? "taken" : options.error().message;
}

TEST(Options, NothingSaidIsLoginAndSign) {
    const auto options = parse_options({}).value();
    EXPECT_EQ(options.profile, Profile::login_sign);
    EXPECT_EQ(options.rate, 100);
    EXPECT_EQ(options.duration, 10s);
    EXPECT_TRUE(options.logs_in());
    EXPECT_TRUE(options.signs());
}

TEST(Options, EachIsRead) {
    OptionTexts texts;
    texts.profile = "mixed";
    texts.ramp = "50:500";
    texts.slo = "p99=50ms,p99.9=1s,errors=0.5%";
    texts.duration = "1m";
    texts.warmup = "5s";
    texts.token = "batch";
    texts.storage = "no_store";
    texts.key_type = "rsa-2048";
    texts.verify = "sample:10%";
    texts.abort_on = "errors=20%";
    texts.mix = "sign=3,health=1";
    texts.connections = 7;
    const auto options = parse_options(texts).value();
    EXPECT_EQ(options.rate, 50);
    EXPECT_EQ(options.ramp_to, 500);
    ASSERT_EQ(options.slo.latencies.size(), 2U);
    EXPECT_EQ(options.slo.latencies[1].percentile, 99.9);
    EXPECT_EQ(options.slo.latencies[0].limit, 50ms);
    EXPECT_DOUBLE_EQ(options.slo.errors, 0.005);
    EXPECT_EQ(options.warmup, 5s);
    EXPECT_EQ(options.token, TokenMode::batch);
    EXPECT_EQ(options.storage, Storage::no_store);
    EXPECT_EQ(options.key_type, crypto::KeyType::rsa_2048);
    EXPECT_DOUBLE_EQ(options.verify, 0.1);
    EXPECT_DOUBLE_EQ(options.abort.errors, 0.2);
    EXPECT_EQ(options.mix.size(), 2U);
    EXPECT_FALSE(options.logs_in());
}

TEST(Options, ARefusalNamesTheOptionAndWhatWasExpected) {
    EXPECT_EQ(refusal([](OptionTexts& texts) { texts.profile = "logn"; }),
              "PROFILE logn: expected one of sign, login, login-sign, cold-start, restart-storm, "
              "renewal, mixed, soak, health; did you mean login?");
    EXPECT_EQ(refusal([](OptionTexts& texts) { texts.rate = "0"; }),
              "--rate 0: expected transactions a second, above 0 and up to 100000");
    EXPECT_EQ(refusal([](OptionTexts& texts) { texts.ramp = "50"; }),
              "--ramp 50: expected FROM:TO, such as 50:500");
    EXPECT_EQ(refusal([](OptionTexts& texts) { texts.slo = "p99"; }),
              "--slo p99: expected NAME=VALUE, such as p99=50ms,errors=0.1%");
    EXPECT_EQ(refusal([](OptionTexts& texts) { texts.verify = "some"; }),
              "--verify some: expected all, none, or sample:F such as sample:0.1");
    EXPECT_NE(refusal([](OptionTexts& texts) {
                  texts.duration = "0s";
              }).find("--duration 0s: expected a time from"),
              std::string::npos);
    EXPECT_NE(refusal([](OptionTexts& texts) {
                  texts.connections = 0;
              }).find("--connections 0: expected 1 to"),
              std::string::npos);
}

TEST(Options, WhatDoesNotFitTogetherIsRefused) {
    EXPECT_NE(refusal([](OptionTexts& texts) {
                  texts.profile = "cold-start";
                  texts.rate = "5";
              }).find("--pods"),
              std::string::npos);
    EXPECT_NE(refusal([](OptionTexts& texts) {
                  texts.profile = "sign";
                  texts.pods = 5;
              }).find("--rate"),
              std::string::npos);
    EXPECT_NE(refusal([](OptionTexts& texts) {
                  texts.profile = "sign";
                  texts.pods = 5;
                  texts.find_max = true;
                  texts.slo = "p99=50ms";
              }).find("--find-max of login-sign"),
              std::string::npos);
    EXPECT_NE(refusal([](OptionTexts& texts) {
                  texts.rate = "5";
                  texts.ramp = "1:2";
              }).find("one of them"),
              std::string::npos);
    EXPECT_NE(refusal([](OptionTexts& texts) { texts.find_max = true; }).find("--slo"),
              std::string::npos);
    EXPECT_NE(refusal([](OptionTexts& texts) {
                  texts.token = "inline";
                  texts.storage = "leased";
              }).find("leased"),
              std::string::npos);
    EXPECT_NE(refusal([](OptionTexts& texts) {
                  texts.rate = "100000";
                  texts.duration = "1h";
              }).find("at most 5000000"),
              std::string::npos);
}

TEST(Options, RenewalsHaveABoundThoughNobodyNamesTheirRate) {
    const auto refusal_of = [](std::size_t pods, std::string leaf_ttl, std::string duration) {
        OptionTexts texts;
        texts.profile = "renewal";
        texts.pods = pods;
        texts.leaf_ttl = std::move(leaf_ttl);
        texts.duration = std::move(duration);
        const auto options = parse_options(texts);
        return options ? "taken" : options.error().message;
    };
    // Each renews every 40 s: 25,000/s, and 5,000,000 take 200 s.
    EXPECT_EQ(refusal_of(1'000'000, "1m", "199s"), "taken");
    EXPECT_EQ(refusal_of(1'000'000, "1m", "201s"),
              "5025000 transactions are asked in all: expected at most 5000000");
    EXPECT_EQ(refusal_of(1'000'000, "10s", "1s"),
              "--pods 1000000 with --leaf-ttl 10 s renew 150000 times a second: expected at most "
              "100000");
}

TEST(Options, APercentileThatNoLoadCouldKnowIsRefused) {
    EXPECT_EQ(refusal([](OptionTexts& texts) { texts.slo = "p99.9999=1s"; }), "taken");
    for (const auto* percentile : {"p99.99999", "p99.99999999999999", "p100", "p0", "p-1", "q99"}) {
        OptionTexts texts;
        texts.slo = fmt::format("{}=1s", percentile);
        const auto options = parse_options(texts);
        ASSERT_FALSE(options) << percentile;
        EXPECT_EQ(options.error().message,
                  fmt::format("--slo {}: expected errors, or a percentile from p0.001 to p99.9999, "
                              "such as p99",
                              percentile));
    }
}

TEST(Options, SeveralAddressesAndClusters) {
    OptionTexts texts;
    texts.addresses = {"https://127.0.0.1:8200", "https://127.0.0.1:8202/base"};
    texts.clusters = 3;
    texts.reconnect = true;
    const auto options = parse_options(texts).value();
    ASSERT_EQ(options.addresses.size(), 2U);
    EXPECT_EQ(options.addresses[1].path, "/base");
    EXPECT_EQ(options.clusters, 3U);
    EXPECT_FALSE(options.keep_alive);
    EXPECT_TRUE(parse_options({}).value().keep_alive);
    EXPECT_TRUE(refusal([](OptionTexts& one) {
                    one.addresses = {"vault:8200"};
                }).starts_with("--address: "));
    EXPECT_EQ(refusal([](OptionTexts& one) {
                  one.addresses = {"https://a:1"};
                  one.all_nodes = true;
              }),
              "--address and --all-nodes: expected one of them");
    EXPECT_NE(refusal([](OptionTexts& one) {
                  one.clusters = 100;
                  one.accounts = 11;
              }).find("at most 1000 accounts"),
              std::string::npos);
}

TEST(Options, AnExistingAccountHasItsOwn) {
    const auto with = [](void (*type)(OptionTexts& texts)) {
        OptionTexts texts;
        texts.existing = true;
        type(texts);
        const auto options = parse_options(texts);
        return options ? std::string("taken") : options.error().message;
    };
    EXPECT_EQ(with([](OptionTexts&) {}), "taken");
    EXPECT_EQ(with([](OptionTexts& texts) { texts.token = "inline"; }), "taken");
    EXPECT_NE(with([](OptionTexts& texts) { texts.token = "batch"; }).find("--token batch"),
              std::string::npos);
    EXPECT_NE(with([](OptionTexts& texts) { texts.storage = "no_store"; }).find("--storage"),
              std::string::npos);
    EXPECT_NE(with([](OptionTexts& texts) { texts.clusters = 2; }).find("--clusters"),
              std::string::npos);
}

}  // namespace
}  // namespace meshproof::load
