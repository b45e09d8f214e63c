// A look ends in its time, whatever hangs, and says what it could not judge: in virtual time.
#include <gtest/gtest.h>

#include <algorithm>

#include "conformance/preflight/bounded_transport.hpp"
#include "conformance/preflight/export.hpp"
#include "conformance/preflight/report.hpp"
#include "conformance/preflight/tests/site.hpp"
#include "conformance/preflight/tests/slow_wire.hpp"
#include "core/base/text.hpp"
#include "core/http/tests/scripted_transport.hpp"
#include "core/time/sim_clock.hpp"

namespace meshproof::preflight {
namespace {

using namespace std::chrono_literals;

constexpr Duration for_ever = 1000h;
const SlowWire::Slow no_slow_health{.method = "", .pattern = "/v1/sys/health*", .wait = 0s};
const SlowWire::Slow hanging_vault{.method = "", .pattern = "/v1/*", .wait = for_ever};

struct SlowLook {
    Report report;
    Duration took{};
};

Task<void> look_slowly(Site& site, std::vector<SlowWire::Slow> slow, LookOptions options,
                       SlowLook& out) {
    co_await site.set_up();
    site.account.vault.endpoint.timeout = 1h;  // the look's own limits are what is tested
    auto& clock = site.world.clock();
    SlowWire wire(clock, site.environment->transport(), std::move(slow));
    const auto begun = clock.elapsed();
    out.report = judge(co_await look(clock, wire, site.account, options));
    out.took = clock.elapsed() - begun;
}

SlowLook slow_look(std::vector<SlowWire::Slow> slow, LookOptions options = {}) {
    Site site;
    SlowLook out;
    site.drive(look_slowly(site, std::move(slow), std::move(options), out));
    return out;
}

/// Why a rule could not be judged; "" where it was.
std::string why_unknown(const Report& report, std::string_view id) {
    const auto one =
        std::ranges::find(report.unknown, id, [](const Unjudged& of) { return of.rule->id; });
    return one == report.unknown.end() ? std::string() : one->why;
}

bool held(const Report& report, std::string_view id) {
    return std::ranges::find(report.held, id, [](const Rule* of) { return of->id; }) !=
           report.held.end();
}

TEST(Bounds, ALookAtAVaultThatHangsAtEachReadEndsAndSaysWhatItDoesNotKnow) {
    const auto [report, took] = slow_look({no_slow_health, hanging_vault});
    EXPECT_LE(took, usual_look);
    EXPECT_EQ(report.cut, "the 28 s of a look were over");
    EXPECT_EQ(report.count(Severity::error), 0U) << join(ids(report), ", ");
    EXPECT_EQ(find(report, "vault/no-reader"), nullptr);
    EXPECT_EQ(find(report, "ca/url-nowhere"), nullptr);
    for (const auto* id : {"role/key-type", "ca/none", "policy/none", "canary/login"}) {
        EXPECT_EQ(why_unknown(report, id), report.cut) << id;
    }
    EXPECT_NE(why_unknown(report, "pki/mount-missing").find("no answer within"), std::string::npos)
        << why_unknown(report, "pki/mount-missing");
    // The API server was asked in time.
    EXPECT_TRUE(held(report, "cluster/no-account"));
    EXPECT_EQ(exit_code(report), 5);
}

TEST(Bounds, ALookAtAVaultThatSaysNothingIsOneOfAVaultThatDoesNotAnswer) {
    const auto [report, took] = slow_look({hanging_vault});
    EXPECT_LE(took, usual_look);
    EXPECT_NE(find(report, "vault/unreachable"), nullptr);
    EXPECT_EQ(exit_code(report), 3);
    EXPECT_TRUE(held(report, "cluster/no-account"));
}

TEST(Bounds, OneReadThatHangsLeavesTimeForTheOthers) {
    const auto [report, took] =
        slow_look({{.method = "LIST", .pattern = "*/issuers*", .wait = for_ever}});
    EXPECT_LT(took, usual_look / 2);
    EXPECT_EQ(report.cut, "");
    EXPECT_GT(report.time_left, usual_look / 2);
    EXPECT_NE(why_unknown(report, "ca/none").find("no answer within"), std::string::npos)
        << why_unknown(report, "ca/none");
    EXPECT_TRUE(held(report, "role/key-type"));
    EXPECT_TRUE(held(report, "canary/sign"));
    EXPECT_EQ(exit_code(report), 0);
}

TEST(Bounds, MoreTimeJudgesASlowVault) {
    const std::vector<SlowWire::Slow> slow{{.method = "", .pattern = "/v1/*", .wait = 6s}};
    EXPECT_EQ(exit_code(slow_look(slow).report), 3);
    const auto patient = slow_look(slow, {.limit = 500s});
    EXPECT_EQ(exit_code(patient.report), 0) << join(ids(patient.report), ", ");
    EXPECT_TRUE(held(patient.report, "role/key-type"));
}

TEST(Bounds, ALoginThatHangsIsOneThatFails) {
    const auto [report, took] = slow_look({{.method = "", .pattern = "*/login", .wait = for_ever}});
    EXPECT_LT(took, usual_look);
    const auto* login = find(report, "canary/login");
    ASSERT_NE(login, nullptr);
    EXPECT_NE(login->evidence.find("no answer within"), std::string::npos) << login->evidence;
    EXPECT_EQ(exit_code(report), 1);
}

TEST(Bounds, TheCanaryIsRevokedThoughTheTimeForAskingIsOver) {
    // Five reads that hang take five sixths, and asking ends at six sevenths.
    std::vector<SlowWire::Slow> slow{{.method = "", .pattern = "*/revoke*", .wait = 20s}};
    for (const auto* path : {"*/tune", "*/config/crl", "*/config/auto-tidy", "*/config/urls"}) {
        slow.push_back({.method = "GET", .pattern = path, .wait = for_ever});
    }
    slow.push_back({.method = "LIST", .pattern = "*/roles*", .wait = for_ever});
    const auto [report, took] = slow_look(slow, {.limit = 560s});
    EXPECT_GT(took, Duration(480s));
    EXPECT_LE(took, Duration(560s));
    EXPECT_TRUE(held(report, "canary/sign"));
    EXPECT_TRUE(held(report, "canary/not-revoked")) << join(ids(report), ", ");
}

Task<void> export_slowly(Site& site, Export& out) {
    co_await site.set_up();
    site.account.vault.endpoint.timeout = 1h;
    auto& clock = site.world.clock();
    SlowWire wire(clock, site.environment->transport(), {no_slow_health, hanging_vault});
    out = co_await export_configuration(clock, wire, site.account);
}

TEST(Bounds, HalfAConfigurationIsNoneToPlay) {
    Site site;
    Export out;
    site.drive(export_slowly(site, out));
    EXPECT_EQ(out.unreachable, "not all could be read, since the 28 s of a look were over");
}

TEST(Bounds, ACutReportSaysSoInEveryForm) {
    Report report;
    report.cut = "the 28 s of a look were over";
    report.unknown.push_back({find_rule("role/key-type"), report.cut});
    EXPECT_EQ(exit_code(report), 5);
    EXPECT_EQ(errors_line(report), "not all could be judged, since the 28 s of a look were over");
    const auto text = join(to_text(report, false), "\n");
    EXPECT_NE(text.find("cut: the 28 s of a look were over; --time-limit gives it more\n"),
              std::string::npos)
        << text;
    EXPECT_TRUE(to_markdown(report).starts_with("# Preflight is blocked: not all could be judged"));
    EXPECT_NE(to_json(report).find("\"cut\": \"the 28 s of a look were over\""), std::string::npos);
    EXPECT_NE(to_html(report).find("<header class=\"blocked\">"), std::string::npos);
    // What is known to be wrong stays the verdict.
    report.found.push_back({.rule = find_rule("role/key-type"),
                            .object = "pki/roles/mesh",
                            .evidence = "key_type is rsa",
                            .line = 0,
                            .bao = {},
                            .vault = {},
                            .accepted = {}});
    EXPECT_EQ(exit_code(report), 1);
    EXPECT_TRUE(to_markdown(report).starts_with("# Preflight fails: "));
}

struct Exchanges {
    std::vector<Duration> took;
    std::vector<std::string> said;
};

Task<void> ask_bounded(Clock& clock, http::Transport& wire, Exchanges& out) {
    BoundedTransport bounded(
        clock, wire, {.asking = 20s, .all = 28s, .each = 15s, .words = "the time was over"});
    http::Endpoint endpoint;
    for (const auto* target : {"/hangs", "/hangs", "/quick", "undo", "/hangs", "/quick"}) {
        if (std::string_view(target) == "undo") {
            bounded.begin_undoing();
            continue;
        }
        const auto begun = clock.elapsed();
        const auto answer = co_await bounded.send(
            endpoint, http::Request{.method = "GET", .target = target, .headers = {}, .body = {}});
        out.took.push_back(clock.elapsed() - begun);
        out.said.push_back(answer ? std::to_string(answer->status) : answer.error().message);
    }
}

TEST(Bounds, NothingIsSentThatThereIsNoTimeFor) {
    boost::asio::io_context context;
    SimClock clock(context, from_unix_seconds(1'800'000'000));
    http::ScriptedTransport script;
    script.answer("GET", "/quick", 200);
    SlowWire wire(clock, script, {{.method = "", .pattern = "/hangs", .wait = for_ever}});
    Exchanges out;
    clock.run(ask_bounded(clock, wire, out));
    EXPECT_EQ(out.took, (std::vector<Duration>{15s, 5s, 0s, 4s, 0s}));
    EXPECT_EQ(out.said,
              (std::vector<std::string>{"no answer within 15 s", "the time was over",
                                        "the time was over", "no answer within 4 s", "200"}));
    EXPECT_EQ(script.asked.size(), 1U);
}

}  // namespace
}  // namespace meshproof::preflight
