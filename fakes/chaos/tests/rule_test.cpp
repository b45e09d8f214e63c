// The written form of chaos: what is read, what is refused and with which words.
#include <gtest/gtest.h>

#include "fakes/chaos/rule.hpp"

namespace meshproof::fakes {
namespace {

using namespace std::chrono_literals;

constexpr auto everything = R"(rules:
  - name: slow
    server: vault-1
    method: [post, PUT]
    path: /v1/pki/sign/*
    caller:
      address: 127.0.0.*
      user_agent: "curl/*"
      accessor: abc
      subject: system:serviceaccount:a:b
    probability: 0.25
    first: 3
    from: 10s
    until: 1m
    latency: {lognormal: {median: 20ms, sigma: 0.5}}
    content_type: text/html
    drip: {bytes: 16, every: 1ms}
    reset: during
    stale: true
    body: truncated
    certificate: wrong_chain
  - {name: busy, status: 429, retry_after: 5s, latency: 250ms}
  - {name: wire, tls_alert: internal_error, tls_certificate: expired, caller: {address: a}}
  - {name: late, server: kube, clock_skew: -1h30m, from: 1s}
  - {latency: {uniform: [1ms, 2ms]}}
)";

TEST(ChaosRules, AreReadWhole) {
    const auto rules = parse_chaos(everything, "f.yaml");
    ASSERT_TRUE(rules) << rules.error().message;
    ASSERT_EQ(rules->size(), 5U);
    const auto& slow = rules->front();
    EXPECT_EQ(slow.name, "slow");
    EXPECT_EQ(slow.server, "vault-1");
    EXPECT_EQ(slow.methods, (std::vector<std::string>{"POST", "PUT"}));
    EXPECT_EQ(slow.path, "/v1/pki/sign/*");
    EXPECT_EQ(slow.caller,
              (ChaosRule::Caller{"127.0.0.*", "curl/*", "abc", "system:serviceaccount:a:b"}));
    EXPECT_EQ(slow.probability, 0.25);
    EXPECT_EQ(slow.first, 3U);
    EXPECT_EQ(slow.from, 10s);
    EXPECT_EQ(slow.until, Duration(60s));
    EXPECT_EQ(slow.latency, (Latency{Latency::Shape::lognormal, 20ms, {}, 0.5}));
    EXPECT_EQ(slow.drip, (Drip{16, 1ms}));
    EXPECT_EQ(slow.reset, ResetPoint::during);
    EXPECT_EQ(slow.body, BodyFault::truncated);
    EXPECT_EQ(slow.certificate, CertificateFault::wrong_chain);
    EXPECT_TRUE(slow.stale);
    EXPECT_EQ((*rules)[1].status, 429);
    EXPECT_EQ((*rules)[1].retry_after, Duration(5s));
    EXPECT_EQ((*rules)[2].tls_alert, 80);
    EXPECT_EQ((*rules)[3].clock_skew, Duration(-90min));
    EXPECT_EQ((*rules)[4].name, "rule-5");
    EXPECT_EQ((*rules)[4].latency, (Latency{Latency::Shape::uniform, 1ms, 2ms, 0}));
}

TEST(ChaosRules, AreWrittenAsTheyAreRead) {
    const auto rules = parse_chaos(everything, "f.yaml").value();
    const auto again = parse_chaos(chaos_json(rules).dump(2), "again");
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_EQ(*again, rules);
}

TEST(ChaosRules, NothingIsNoRule) {
    for (const auto* text : {"", "# nothing\n", "{}", "rules:", "rules: []"}) {
        const auto rules = parse_chaos(text, "f");
        ASSERT_TRUE(rules) << text;
        EXPECT_TRUE(rules->empty()) << text;
    }
}

struct Wrong {
    const char* text;
    const char* message;
};

void expect_refused(const std::vector<Wrong>& all) {
    for (const auto& wrong : all) {
        const auto rules = parse_chaos(wrong.text, "f");
        ASSERT_FALSE(rules) << wrong.text;
        EXPECT_NE(rules.error().message.find(wrong.message), std::string::npos)
            << wrong.text << "\n  said " << rules.error().message;
        EXPECT_EQ(rules.error().message.find('\n'), std::string::npos) << rules.error().message;
    }
}

TEST(ChaosRules, ATimeNeedsItsUnit) {
    // A bare number is milliseconds to one reader and seconds to another.
    expect_refused({
        {"rules: [{latency: 200}]", "latency: expected a time like 200ms, 5s or 1h30m, got 200"},
        {"rules: [{latency: {uniform: [10, 50]}}]",
         "uniform: expected two times such as [10ms, 50ms], got 10"},
        {"rules: [{latency: {lognormal: {median: 20, sigma: 1}}}]", "median: expected a time like"},
        {"rules: [{status: 429, retry_after: 2}]", "retry_after: expected a time like"},
        {"rules: [{drip: {bytes: 1, every: 100}}]", "drip.every: expected a time like"},
        {"rules: [{status: 500, from: 10}]", "from: expected a time like"},
        {"rules: [{status: 500, until: 10}]", "until: expected a time like"},
        {"rules: [{server: vault, clock_skew: -5}]", "clock_skew: expected a time like"},
    });
}

TEST(ChaosRules, WhatIsWrongIsNamedWithItsLine) {
    const std::vector<Wrong> all{
        {"rules: [", "f:1: not YAML"},
        {"rules: [{name: \xcd}]", "f:1: not UTF-8"},
        {"- a", "f:1: expected a map"},
        {"ruels: []", "f:1: ruels: unknown field: did you mean rules?"},
        {"rules: 3", "f:1: rules: expected a list"},
        {"rules: [3]", "f:1: rules[0]: expected a map"},
        {"rules:\n  - status: 500\n    probabilty: 1",
         "f:3: rules[0].probabilty: unknown field: did you mean probability?"},
        {"rules:\n  - status: 500\n  - latency: 1s\n    latency: 2s",
         "f:4: rules[1].latency: given twice"},
        {"rules:\n  - name: a", "f:2: rules[0]: no fault: expected one of latency, status"},
        {"rules: [{status: 42}]", "rules[0].status: expected a whole number from 200 to 599"},
        {"rules: [{status: x}]", "rules[0].status: expected a whole number"},
        {"rules: [{status: 500, probability: 1.5}]", "probability: expected a number from 0 to 1"},
        {"rules: [{status: 500, probability: nan}]", "probability: expected a number from 0 to 1"},
        {"rules: [{status: 500, first: 0}]", "first: expected a whole number from 1"},
        {"rules: [{status: 500, from: 5s, until: 5s}]", "until: expected a time after from"},
        {"rules: [{status: 500, from: soon}]", "from: expected a time like"},
        {"rules: [{latency: -1s}]", "latency: expected a time like"},
        {"rules: [{latency: {normal: 1}}]",
         "latency.normal: unknown field: did you mean lognormal?"},
        {"rules: [{latency: {}}]", "latency: expected a time, or one of uniform and lognormal"},
        {"rules: [{latency: {uniform: [2s, 1s]}}]", "the shortest time is longer"},
        {"rules: [{latency: {uniform: [2s]}}]", "uniform: expected two times"},
        {"rules: [{latency: {lognormal: {median: 1s}}}]", "expected median and sigma"},
        {"rules: [{retry_after: 1s, latency: 1s}]", "retry_after: expected status beside it"},
        {"rules: [{body: emtpy}]", "rules[0].body: unknown: did you mean empty?"},
        {"rules: [{reset: later}]", "reset: unknown: "},
        {"rules: [{tls_alert: internal}]", "tls_alert: unknown: did you mean internal_error?"},
        {"rules: [{tls_certificate: other}]", "tls_certificate: unknown: did you mean other_key?"},
        {"rules: [{drip: {bytes: 1}}]", "drip: expected bytes and every"},
        {"rules: [{drip: {bytes: 0, every: 1s}}]", "drip.bytes: expected a whole number from 1"},
        {"rules: [{stale: perhaps}]", "stale: unknown: "},
        {"rules: [{server: consul, status: 500}]", "server: expected vault, kube"},
        {"rules: [{path: v1, status: 500}]", "path: expected a path from / on"},
        {"rules: [{caller: {agent: x}, status: 500}]", "did you mean user_agent?"},
        {"rules: [{caller: {}, status: 500}]", "rules[0].caller: expected one of"},
        {"rules: [{method: [], status: 500}]", "method: expected a method"},
        {"rules: [{content_type: \"a\\nb\"}]", "content_type: expected one line"},
        {"rules: [{status: 500, tls_alert: internal_error}]", "make it several rules"},
        {"rules: [{path: /x, tls_alert: internal_error}]", "path: means nothing for a connection"},
        {"rules: [{caller: {accessor: x}, tls_alert: internal_error}]",
         "only the address is known"},
        {"rules: [{first: 3, clock_skew: 1h}]", "first: means nothing for clock_skew"},
        {"rules: [{certificate: expired, status: 500}]", "certificate: means nothing where status"},
        {"rules: [{name: \"a\\_\", status: 500}]", "name: expected UTF-8"},
        {"rules: [{method: \"G\\_\", status: 500}]", "method: expected a method or a list"},
        {"rules: [{method: [GET, 'A B'], status: 500}]", "method: expected a method or a list"},
        {"rules: [{name: a, status: 500}, {name: a, status: 500}]", "another rule is called a too"},
    };
    expect_refused(all);
}

}  // namespace
}  // namespace meshproof::fakes
