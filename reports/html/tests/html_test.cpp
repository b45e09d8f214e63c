#include "reports/html/html.hpp"

#include <gtest/gtest.h>

#include "core/html/tests/well_formed.hpp"
#include "reports/html/chart.hpp"
#include "reports/html/parts.hpp"
#include "reports/tests/random_result.hpp"

namespace meshproof::reports {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

run::RunResult bare() {
    run::RunResult result;
    result.target = "sim";
    result.servers = {{"vault", "fake openbao", "2.7.2", "https://vault-0:443"}};
    result.seed = 42;
    result.started = from_unix_seconds(1'767'323'045);
    result.duration = milliseconds(1500);
    return result;
}

run::Outcome outcome(std::string id, run::Verdict verdict, std::string reason) {
    run::Outcome out;
    out.id = std::move(id);
    out.verdict = verdict;
    out.reason = std::move(reason);
    if (verdict == run::Verdict::fail) {
        out.failures = {out.reason};
    }
    return out;
}

run::RunResult every_verdict() {
    auto result = bare();
    result.outcomes = {outcome("flow/a", run::Verdict::pass, ""),
                       outcome("flow/b", run::Verdict::fail, "expected <1> & got \"2\""),
                       outcome("flow/c", run::Verdict::blocked, "not begun: no way"),
                       outcome("flow/d", run::Verdict::skip, "needs more"),
                       outcome("flow/e", run::Verdict::deviates, "known")};
    return result;
}

/// What a person reads of the commands: the names of their flags are marked up.
std::string without_flags(std::string page) {
    constexpr std::string_view begins = "<span class=\"flag\">", ends = "</span>";
    for (auto at = page.find(begins); at != std::string::npos; at = page.find(begins)) {
        page.erase(at, begins.size());
        page.erase(page.find(ends, at), ends.size());
    }
    return page;
}

void has(std::string_view page, std::initializer_list<std::string_view> parts) {
    const auto read = without_flags(std::string(page));
    for (const auto part : parts) {
        EXPECT_NE(read.find(part), std::string::npos) << part;
    }
}

TEST(Html, SaysTheVerdictFirstWithEveryCount) {
    const auto page = to_html(every_verdict());
    EXPECT_EQ(html::page_offence(page), "");
    has(page,
        {"<title>Fail: 1 of 5 scenarios failed - meshproof run of sim</title>",
         "<h1>Fail: 1 of 5 scenarios failed</h1>", "<b>1</b> <span class=\"v skip\">skip</span>",
         "<b>1</b> <span class=\"v blocked\">blocked</span>", "of the blocked not run",
         "<dd>42</dd>", "2026-01-02T03:04:05Z, took 1.5 s", "fake openbao 2.7.2",
         "expected &lt;1&gt; &amp; got &quot;2&quot;", "needs more",
         "<code>meshproof run flow/b --target sim --seed 42</code>"});
    EXPECT_LT(page.find("<h1>"), page.find("<nav"));
    EXPECT_EQ(without_flags(page).find("flow/c --target"), std::string::npos)
        << "it was never begun";
    EXPECT_NE(page.find("flow/b <span class=\"flag\">--target</span> sim"), std::string::npos)
        << "a line may end in the middle of a flag";
}

TEST(Html, ASkipIsNoPassAndABlockIsNone) {
    const auto headline_of = [](run::RunResult result) {
        const auto page = to_html(result);
        const auto from = page.find("<h1>");
        return page.substr(from, page.find("</h1>") - from);
    };
    auto result = bare();
    EXPECT_EQ(headline_of(result), "<h1>Nothing was run");
    result.outcomes = {outcome("flow/d", run::Verdict::skip, "needs more")};
    EXPECT_EQ(headline_of(result), "<h1>Nothing was run: 1 scenario skipped");
    result.outcomes.push_back(outcome("flow/a", run::Verdict::pass, ""));
    EXPECT_EQ(headline_of(result), "<h1>Pass: 1 of 2 scenarios");
    result.interrupted = true;
    EXPECT_EQ(headline_of(result), "<h1>Blocked: the run was interrupted");
    result.interrupted = false;
    result.ended_early = run::EarlyEnd::time_limit;
    EXPECT_EQ(headline_of(result), "<h1>Ended early by --time-limit");
    result.outcomes.push_back(outcome("flow/n", run::Verdict::not_run, "not begun: no time"));
    EXPECT_EQ(headline_of(result), "<h1>Ended early: 1 of 3 scenarios was not run");
    result.outcomes.pop_back();
    result.outcomes.push_back(outcome("flow/c", run::Verdict::blocked, "no way"));
    EXPECT_EQ(headline_of(result), "<h1>Blocked: 1 of 3 scenarios could not be judged");
    result.problem = "127.0.0.1:1: refused";
    EXPECT_EQ(headline_of(result), "<h1>Blocked: nothing could be begun");
}

TEST(Html, WhateverIsInAResultStaysText) {
    EXPECT_TRUE(rc::check("a page", [] {
        const auto hostile = rc::gen::element<std::string>(
            "<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "</style></title>",
            "' onload='x", "]]>", "<!--", "&lt;", "\xff\xfe", "\u202ename");
        const auto texts = rc::gen::oneOf(hostile, any_text(), any_bytes());
        const auto page = to_html(RandomResult(texts, false).draw());
        RC_ASSERT(html::page_offence(page) == "");
        RC_ASSERT(page.find("<script>alert") == std::string::npos);
        RC_ASSERT(page.find("<img") == std::string::npos);
    }));
}

run::TraceEvent event(milliseconds at, std::string actor, std::string kind,
                      run::TraceEvent::Fields fields) {
    return {at, std::move(actor), std::move(kind), std::move(fields)};
}

run::RunResult with_trace() {
    auto result = bare();
    auto failed = outcome("outage/a", run::Verdict::fail, "monitor: it was accepted");
    run::ScenarioOutcome scenario;
    const auto admin = [](milliseconds at, std::string method, std::string target) {
        auto asked = run::request_event("admin", std::move(method), std::move(target), "200");
        asked.at = at;
        return asked;
    };
    auto broken = run::violation_event("the leaf of web-1-x had ended");
    broken.at = hours(5);
    scenario.trace = {
        event(milliseconds(1), "alpha/web-1", "pod added",
              {{"cluster", "alpha"}, {"pod", "web-1"}}),
        event(milliseconds(2), "alpha/web-1-x", "leaf", {{"pod", "web-1-x"}, {"id", "spiffe-1"}}),
        admin(milliseconds(3), "GET", "/v1/sys/mounts"),
        event(hours(1), "alpha/web-1-x", "mtls accepted", {{"from", "web-1-x"}, {"to", "api-1"}}),
        admin(hours(2), "PUT", "/v1/sys/seal"),
        event(hours(3), "alpha/web-1", "login refused", {{"reason", "Vault is sealed"}}),
        admin(hours(4), "PUT", "/v1/sys/unseal"),
        event(hours(4), "control-plane", "ca health",
              {{"cluster", "alpha"}, {"health", "CA: Unknown"}}),
        broken,
        event(hours(6), "alpha/web-1", "pod deleted", {{"cluster", "alpha"}})};
    failed.detail = scenario;
    result.outcomes = {failed};
    return result;
}

TEST(Html, DrawsATraceWithATableUnderIt) {
    const auto page = to_html(with_trace());
    EXPECT_EQ(html::page_offence(page), "");
    has(page, {"Timeline of outage/a", "class=\"pod\"", "class=\"leaf\"", "class=\"accepted\"",
               "class=\"refused\"", "class=\"fault\"", "a Vault is sealed, 2 h to 4 h",
               "CA health of alpha, 4 h to 6 h", "class=\"moment\"", ">alpha/web-1</text>",
               "leaf of spiffe-1, held from 2 ms to 6 h",
               "monitor violated: the leaf of web-1-x had ended", "<tr class=\"broken\">",
               "without 1 request with the usual answer", "PUT /v1/sys/seal: 200"});
    EXPECT_EQ(page.find(">alpha/web-1-x</text>"), std::string::npos)
        << "an agent and its object share a lane";
    EXPECT_EQ(page.find("sys/mounts"), std::string::npos);
}

TEST(Html, TellsWhatTheAgentsMet) {
    auto result = with_trace();
    const auto* caption = "What the agents asked of Vault, and what they met";
    EXPECT_EQ(to_html(result).find(caption), std::string::npos) << "they asked nothing";
    std::get<run::ScenarioOutcome>(result.outcomes[0].detail).agents = {.logins = 4001,
                                                                        .signatures = 3102,
                                                                        .refused_logins = 503,
                                                                        .refused_signatures = 1904,
                                                                        .unanswered = 7005,
                                                                        .unusable = 608,
                                                                        .rejected_leaves = 907,
                                                                        .retries = 2406};
    auto& scenario = std::get<run::ScenarioOutcome>(result.outcomes[0].detail);
    scenario.sentence = "A leaf lives <1 h.";
    scenario.source = "RFC 5280 4.1.2.5";
    const auto page = to_html(result);
    EXPECT_EQ(html::page_offence(page), "");
    has(page, {"A leaf lives &lt;1 h.", "RFC 5280 4.1.2.5", caption, "logins refused", "4001",
               "3102", "503", "1904", "7005", "answers unusable", "608", "leaves rejected", "907",
               "2406"});
}

run::RunResult with_load() {
    auto result = bare();
    result.command = run::Command::load;
    auto one = outcome("load/login-sign", run::Verdict::fail, "the response time's p99 is 2 s");
    run::LoadOutcome load;
    load.options.profile = "login-sign";
    load.options.rate_per_second = 100;
    load.options.duration = milliseconds(20'000);
    load.options.connections = 64;
    load.options.token = "batch";
    load.options.verify_share = 1;
    load.options.abort_error_share = 0.5;
    load.slo.latencies = {
        {99, microseconds(50'000), microseconds(2'000'000), run::BoundAnswer::missed}};
    load.slo.errors = {0.001, 0.0, run::BoundAnswer::kept};
    run::LoadTimes times;
    times.count = 1000;
    times.percentiles = {
        {"p50", {microseconds(1000), microseconds(900), microseconds(1100)}},
        {"p99", {microseconds(2'000'000), microseconds(1'900'000), microseconds(2'100'000)}}};
    load.stages = {{"whole", {times, times}}};
    load.troubles = {{"sign", 503, "sealed", "Vault is sealed: unseal it", 3, {}, seconds(1)}};
    load.timeline = {seconds(1),
                     {{seconds(0), 100, 100, 90, 10, 5, microseconds(1000), std::nullopt,
                       microseconds(900), std::nullopt},
                      {seconds(1), 100, 100, 100, 0, 5, microseconds(1000), microseconds(9000),
                       microseconds(900), microseconds(8000)}}};
    load.steps = {{10, 10, true, "", {times, times}}, {20, 15, false, "p99 is 2 s", {times, {}}}};
    one.detail = load;
    result.outcomes = {one};
    return result;
}

TEST(Html, DrawsALoad) {
    const auto page = to_html(with_load());
    EXPECT_EQ(html::page_offence(page), "");
    has(page, {"Percentiles of the time of whole transactions", "Rates and errors over time",
               "Latency over time", "Capacity: latency by rate", "<path class=\"curve second\"",
               "class=\"interval\"", "p99 &lt;= 50.0 ms", "missed", "Vault is sealed: unseal it",
               "response time", "service time", "<td class=\"n pair\"><span>",
               "meshproof load login-sign --rate 100 --duration 20000ms --slo "
               "p99=50000us,errors=0.1% --connections 64 --token batch --target sim --seed 42"});
    // Of the first slot there is no p99: a gap, and no value of zero.
    EXPECT_EQ(page.find("nan"), std::string::npos);
}

TEST(Html, DrawsTheMeshsOwnLoadIntoTheCapacityCurve) {
    auto result = with_load();
    auto& load = std::get<run::LoadOutcome>(result.outcomes[0].detail);
    load.options.find_max = true;
    load.options.leaf_ttl = std::chrono::hours(2);
    load.mesh = run::LoadMesh{.pods = 72'000, .renewals_per_second = 15};
    const auto page = to_html(result);
    EXPECT_EQ(html::page_offence(page), "");
    // At three quarters of the way to the highest rate, with its name where there is room.
    has(page,
        {"<g class=\"mark\"><line x1=\"890.0\"", "class=\"side\"", ">72000 pods</text></g>",
         "The upright line is the mesh&#39;s own load: 72000 pods renew leaves of 2 h at 15/s.",
         "<th scope=\"row\">15/s</th>",
         "<td>not tried, the mesh&#39;s own load: 72000 pods renew leaves of 2 h at 15/s</td>",
         "load login-sign --find-max --duration 20000ms --pods 72000 --leaf-ttl 7200000ms "
         "--slo"});
    load.mesh->renewals_per_second = 40;
    EXPECT_NE(to_html(result).find("<g class=\"mark\"><line x1=\"1150.0\""), std::string::npos)
        << "a mesh that needs more than was tried is in the drawing, too";
    load.mesh.reset();
    const auto without = to_html(result);
    EXPECT_EQ(without.find("<g class=\"mark\">"), std::string::npos);
    EXPECT_EQ(without.find("own load"), std::string::npos);
}

run::Outcome check(std::string id, run::Verdict verdict, run::Level level) {
    auto out = outcome(std::move(id), verdict, verdict == run::Verdict::pass ? "" : "no <such>");
    run::CheckOutcome detail;
    detail.requirement = "A right server does it.";
    detail.source = "wire contract 7";
    detail.level = level;
    detail.evidence = {{.server = "vault",
                        .method = "GET",
                        .target = "/v1/x",
                        .headers = {},
                        .body = "{}",
                        .status = 404,
                        .failure = {},
                        .answer_headers = {},
                        .answer = "<html>"}};
    out.detail = std::move(detail);
    return out;
}

TEST(Html, FoldsChecksByTopicWithTheirLevels) {
    auto result = bare();
    result.command = run::Command::conform;
    result.outcomes = {check("vault/a/one", run::Verdict::pass, run::Level::must),
                       check("vault/a/two", run::Verdict::pass, run::Level::may),
                       check("vault/b/one", run::Verdict::fail, run::Level::must),
                       check("kube/c/one", run::Verdict::skip, run::Level::should)};
    const auto page = to_html(result);
    EXPECT_EQ(html::page_offence(page), "");
    has(page, {"<h1>Fail: 1 of 4 checks failed</h1>",
               "<details>\n<summary><code>vault/a</code>: 2 of 2 pass</summary>",
               "<details open=\"open\">\n<summary><code>vault/b</code>: 0 of 1 pass, 1 fail",
               "<h3>kube</h3>", "<caption><span>By level: must", "<td>should</td>",
               "wire contract 7", "What was asked and answered (1)", "-&gt; 404 &lt;html&gt;",
               "meshproof conform vault/b/one --target sim --seed 42 --evidence"});
}

TEST(Matrix, PutsReportsSideBySideAndDifferencesFirst) {
    auto one = bare(), other = bare();
    one.target = "<one>";
    one.outcomes = {check("vault/a/one", run::Verdict::pass, run::Level::must),
                    check("vault/a/two", run::Verdict::pass, run::Level::must),
                    check("vault/b/one", run::Verdict::pass, run::Level::must)};
    other.outcomes = {check("vault/a/one", run::Verdict::fail, run::Level::must),
                      check("vault/a/two", run::Verdict::pass, run::Level::must),
                      check("kube/c/one", run::Verdict::skip, run::Level::must)};
    const auto page = to_html(std::vector<run::RunResult>{one, other});
    EXPECT_EQ(html::page_offence(page), "");
    has(page,
        {"1 of 4 results have the same verdict wherever they were run; only in 1: 1; only in 2: 1",
         "<li>&lt;one&gt; (fake openbao 2.7.2)",
         "<th scope=\"row\">vault/a/one</th><td><span class=\"v pass\">pass</span></td>"
         "<td><span class=\"v fail\">fail</span></td><td>2: no &lt;such&gt;</td>",
         "<details open=\"open\">\n<summary><code>vault/a</code>: 1 of 2 alike",
         "<details>\n<summary><code>vault/b</code>: 0 of 1 alike; only in 1: 1",
         "<td>\u2013</td>"});
    EXPECT_EQ(html::page_offence(to_html(std::vector<run::RunResult>{})), "");
}

// 810 checks is what the suite has; each says more here than any of them does.
TEST(Html, StaysSmallWhateverFails) {
    for (const auto verdict : {run::Verdict::pass, run::Verdict::fail}) {
        auto result = bare();
        result.command = run::Command::conform;
        for (int i = 0; i < 810; ++i) {
            auto one = check(fmt::format("vault/topic-{}/check-with-a-long-name-{}", i / 10, i),
                             verdict, run::Level::must);
            auto& detail = std::get<run::CheckOutcome>(one.detail);
            detail.requirement = std::string(250, 'r');
            one.reason = std::string(verdict == run::Verdict::pass ? 0 : 250, 'w');
            for (int asked = 0; asked < 10; ++asked) {
                detail.evidence.push_back(detail.evidence.front());
                detail.evidence.back().answer = std::string(3000, '<');
            }
            result.outcomes.push_back(std::move(one));
        }
        const auto page = to_html(result);
        EXPECT_EQ(html::page_offence(page), "");
        EXPECT_LT(page.size(), 2'000'000U) << run::to_string(verdict);
        has(page, {"check-with-a-long-name-809"});
        EXPECT_EQ(page.find("did not fit") != std::string::npos, verdict == run::Verdict::fail);
    }
}

TEST(Replay, IsALineForAShellWhateverTheIdIs) {
    auto result = bare();
    const auto replay = [&](std::string id) {
        return pages::replay_command(result, outcome(std::move(id), run::Verdict::fail, "no"));
    };
    EXPECT_EQ(replay("a b; rm -rf 'x'"),
              "meshproof run 'a b; rm -rf '\\''x'\\''' --target sim --seed 42");
    EXPECT_EQ(replay("--help"), "meshproof run '--help' --target sim --seed 42");
    EXPECT_EQ(replay("history/a-b"), "meshproof replay a-b.yaml");
    EXPECT_EQ(replay("explore/expiry"), "meshproof explore --seed 42");
    result.servers.front().product = "fake vault";
    result.setting = run::Setting::loopback;
    EXPECT_EQ(replay("flow/a"), "meshproof run flow/a --target loopback --product vault --seed 42");
    result.setting = run::Setting::live;
    EXPECT_EQ(replay("flow/a"), "meshproof run flow/a --target TARGET_FILE --seed 42");
}

TEST(Replay, OfALoadHasWhatWasUnusualOfIt) {
    auto result = with_load();
    auto& load = std::get<run::LoadOutcome>(result.outcomes[0].detail);
    const auto replay = [&] { return pages::replay_command(result, result.outcomes[0]); };
    EXPECT_EQ(replay().find("--verify"), std::string::npos);
    EXPECT_EQ(replay().find("--abort-on"), std::string::npos);
    load.options.accounts = 3;
    load.options.verify_share = 0.25;
    load.options.timeout = milliseconds(500);
    load.options.abort_error_share = 0.2;
    EXPECT_NE(replay().find("--token batch --accounts 3 --verify sample:0.25 --timeout 500ms "
                            "--abort-on errors=20% --target sim"),
              std::string::npos)
        << replay();
    load.options.verify_share = 0;
    EXPECT_NE(replay().find("--verify none"), std::string::npos) << replay();
}

TEST(Html, CallsResultsWhatTheyAre) {
    auto result = bare();
    result.outcomes = {outcome("explore/expiry", run::Verdict::pass, ""),
                       outcome("sometimes/a-ca-was-deleted", run::Verdict::pass, "")};
    for (auto& one : result.outcomes) {
        one.detail = run::ScenarioOutcome{};
    }
    has(to_html(result),
        {"<h1>Pass: 2 of 2 properties</h1>", "\">Properties</a>", "\">Properties</h2>",
         "Every property, with", "<th scope=\"col\">property<"});
}

TEST(Html, TellsSideBySideWhatOneReportAloneHas) {
    auto other = every_verdict();
    other.servers.clear();
    other.outcomes.pop_back();
    other.outcomes[1].verdict = run::Verdict::pass;
    const auto page = to_html(std::vector{every_verdict(), other});
    EXPECT_EQ(html::page_offence(page), "");
    has(page, {"3 of 5 results have the same verdict wherever they were run; only in 1: 1",
               "<code>flow</code>: 3 of 5 alike; only in 1: 1</summary>",
               "<li>sim (fake openbao 2.7.2), 20", "<li>sim, 20"});
}

TEST(Chart, PutsTicksWhereAPersonWould) {
    using pages::tick_values;
    EXPECT_EQ(tick_values(0, 100, false), (std::vector<double>{0, 20, 40, 60, 80, 100}));
    EXPECT_EQ(tick_values(1, 1000, true), (std::vector<double>{1, 10, 100, 1000}));
    EXPECT_EQ(tick_values(3, 60, true), (std::vector<double>{5, 10, 20, 50}));
    EXPECT_TRUE(tick_values(1, 1, false).empty());
    EXPECT_TRUE(tick_values(0, 1, true).empty());
    EXPECT_LE(tick_values(1e15, 1e15 + 0.25, false).size(), 20U);
    EXPECT_LE(tick_values(1e-300, 1e300, true).size(), 20U);
}

TEST(Chart, OfNothingIsNone) {
    EXPECT_EQ(pages::drawing({"a", "b", {}, {}, {{"c", {{1, std::nullopt}}}}, {}}, "one"), "");
}

}  // namespace
}  // namespace meshproof::reports
