// A mesh's configuration is exported, loaded into other fakes, and changed there: who would stop
// getting leaves, at which step, and when.
#include "conformance/preflight/plan.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "conformance/preflight/export.hpp"
#include "conformance/preflight/tests/site.hpp"
#include "core/base/text.hpp"
#include "fakes/setup/setup.hpp"
#include "fakes/world/environments.hpp"

namespace meshproof::preflight {
namespace {

using namespace std::chrono_literals;

Task<void> export_into(Site& site, std::vector<std::string> typed, Export& exported) {
    co_await site.set_up();
    for (auto& command : typed) {
        co_await site.type(std::move(command));
    }
    exported = co_await export_configuration(site.world.clock(), site.environment->transport(),
                                             site.account);
}

struct Stage {
    run::Environment& environment;
    fakes::FakeServers*& servers;
    fakes::StandIns& stand_ins;
};

Task<void> play_on(Stage stage, std::vector<std::string> setups, run::Account account,
                   SideOptions options, Side& side) {
    const auto target = require(co_await stage.environment.start());
    for (const auto& text : setups) {
        auto setup = require(fakes::parse_setup(text, "test.yaml"), text);
        (void)require(
            co_await fakes::apply_setup(std::move(setup), *stage.servers, &stage.stand_ins));
    }
    auto moved = require(moved_to(account, target, stage.stand_ins.of(account.trust)));
    side = co_await play_side(stage.environment.clock(), stage.environment.transport(),
                              std::move(moved), std::move(options));
}

/// A site with its export, and plans of changes on other fakes.
class Planned {
  public:
    explicit Planned(vault::Product product = vault::Product::openbao,
                     std::vector<std::string> typed = {})
        : product_(product), site_(product) {
        site_.drive(export_into(site_, std::move(typed), exported));
        stand_ins_.know(site_.account.trust);
        mount = site_.values.at("mount");
        role = site_.values.at("role");
    }

    Side side(std::vector<std::string> setups, SideOptions options) {
        fakes::FakeServers* servers = nullptr;
        fakes::SimOptions sim;
        sim.start = site_.world.clock().now();
        sim.servers.vaults = sim.servers.clusters = 1;
        sim.servers.product = product_;
        sim.on_started = [&servers](fakes::FakeServers& started) { servers = &started; };
        const auto environment = fakes::make_sim(std::move(sim));
        Side played;
        environment->drive(play_on({*environment, servers, stand_ins_}, std::move(setups),
                                   site_.account, std::move(options), played));
        return played;
    }

    Plan plan(const std::string& change, std::vector<std::string> identities = {}) {
        Plan made;
        made.before = side({exported.yaml}, {.identities = identities, .renew_after = {}});
        identities.clear();
        for (const auto& [path, attempt] : made.before.first) {
            identities.push_back(path);
        }
        const auto renewal = std::chrono::duration_cast<Duration>(made.before.shortest_life() *
                                                                  made.before.renew_at);
        made.after =
            side({exported.yaml, change}, {.identities = identities, .renew_after = renewal});
        return made;
    }

    [[nodiscard]] const run::Account& account() const { return site_.account; }
    [[nodiscard]] std::string value(const std::string& name) const { return site_.values.at(name); }

    Export exported;
    std::string mount, role;

  private:
    vault::Product product_;
    Site site_;
    fakes::StandIns stand_ins_;
};

bool has_id(const std::vector<Finding>& findings, std::string_view id) {
    return std::ranges::any_of(findings, [&](const Finding& one) { return one.rule->id == id; });
}

void expect_said(const Plan& plan, const std::string& text) {
    const auto lines = join(to_text(plan), "\n");
    EXPECT_NE(lines.find(text), std::string::npos) << lines;
}

class Exported : public ::testing::TestWithParam<vault::Product> {};
INSTANTIATE_TEST_SUITE_P(Products, Exported,
                         ::testing::Values(vault::Product::openbao, vault::Product::vault),
                         [](const auto& test) { return std::string(to_string(test.param)); });

TEST_P(Exported, PlaysAsTheServersDoAndHoldsNoSecret) {
    Planned planned(GetParam());
    const auto& yaml = planned.exported.yaml;
    EXPECT_TRUE(planned.exported.left_out.empty()) << join(planned.exported.left_out, "\n");
    EXPECT_EQ(yaml.find("PRIVATE KEY"), std::string::npos) << yaml;
    EXPECT_EQ(yaml.find(planned.account().reader.reveal()), std::string::npos) << yaml;
    EXPECT_EQ(yaml.find("eyJhbGciOi"), std::string::npos) << "a JWT is in it: " << yaml;
    const auto played = planned.side({yaml}, {});
    ASSERT_EQ(played.first.size(), 1U);
    EXPECT_TRUE(played.first.begin()->second.has_leaf()) << played.first.begin()->second.words;
    EXPECT_TRUE(played.renewed.begin()->second.has_leaf()) << played.renewed.begin()->second.words;
    EXPECT_EQ(played.report.count(Severity::error), 0U) << join(ids(played.report), " ");
}

TEST(ExportedConfiguration, HasWhatIsWrongWithTheRealOne) {
    Planned planned(vault::Product::openbao, {"bao patch %mount%/roles/%role% key_type=rsa "
                                              "key_bits=0"});
    const auto played = planned.side({planned.exported.yaml}, {});
    EXPECT_NE(find(played.report, "role/key-type"), nullptr) << join(ids(played.report), " ");
    EXPECT_EQ(played.first.begin()->second.refused_at, Attempt::Step::sign);
    EXPECT_TRUE(played.renewed.empty()) << "there is no leaf to renew";
}

TEST(ExportedConfiguration, TellsWhatItCouldNotRead) {
    Site site;
    Export exported;
    site.drive([](Site& of, Export& into) -> Task<void> {
        co_await of.set_up();
        of.account.reader = Secret("s.nobody");
        into = co_await export_configuration(of.world.clock(), of.environment->transport(),
                                             of.account);
    }(site, exported));
    EXPECT_FALSE(exported.left_out.empty());
    EXPECT_NE(exported.yaml.find("# left out: "), std::string::npos) << exported.yaml;
    EXPECT_TRUE(fakes::parse_setup(exported.yaml, "export.yaml").has_value());
}

TEST(Plan, OfAPolicyThatGoesStopsEverybodyAtSign) {
    Planned planned;
    const auto plan = planned.plan(
        fmt::format("vault: {{delete: [{{path: sys/policies/acl/{}}}]}}", planned.value("policy")));
    const auto stops = plan.stops();
    ASSERT_EQ(stops.size(), 1U) << join(to_text(plan), "\n");
    EXPECT_EQ(stops.front().attempt.refused_at, Attempt::Step::sign);
    EXPECT_NE(stops.front().attempt.words.find("permission denied"), std::string::npos);
    EXPECT_TRUE(stops.front().at_once);
    const auto life = planned.account().ttl;
    EXPECT_LE(stops.front().until, life);
    EXPECT_GT(stops.front().until, life - 1min);
    EXPECT_GT(stops.front().from, life / 3 - 1min)
        << "a leaf that was to be renewed at that moment";
    EXPECT_LT(stops.front().from, life / 3 + 1min);
    EXPECT_TRUE(has_id(plan.appears(), "policy/missing")) << join(to_text(plan), "\n");
    EXPECT_EQ(exit_code(plan), 1);
    expect_said(plan, "refused at sign: ");
    expect_said(plan, "the change may not go out: 1 of 1 identity would stop getting leaves");
    const auto json = nlohmann::json::parse(to_json(plan));
    EXPECT_EQ(json["exit_code"], 1);
    EXPECT_EQ(json["plan"]["stops"][0]["step"], "sign");
    EXPECT_EQ(json["plan"]["not_played"], 0);
}

TEST(Plan, TellsInEveryFormatWhomItDidNotPlay) {
    Plan plan;
    plan.before.first["/ns/a/sa/b"] = plan.after.first["/ns/a/sa/b"] = {
        .refused_at = Attempt::Step::none, .words = {}, .life = 1h};
    plan.before.trust_domain = plan.after.trust_domain = "cluster.local";
    plan.not_played = 534;
    EXPECT_EQ(exit_code(plan), 0);
    expect_said(plan, "0 vanish; 534 identities more were not played");
    EXPECT_EQ(nlohmann::json::parse(to_json(plan))["plan"]["not_played"], 534);
    const auto text = to_markdown(plan);
    EXPECT_NE(text.substr(0, text.find('\n')).find("534 identities more were not played"),
              std::string::npos)
        << text;
}

TEST(Plan, HasItsVerdictFirstInMarkdownAndWhatMendsIt) {
    Planned planned;
    const auto plan = planned.plan(
        fmt::format("vault: {{delete: [{{path: sys/policies/acl/{}}}]}}", planned.value("policy")));
    const auto text = to_markdown(plan);
    EXPECT_TRUE(text.starts_with("# Plan: the change may not go out: 1 of 1 identity ")) << text;
    EXPECT_NE(text.find("\n- stops spiffe://"), std::string::npos) << text;
    EXPECT_NE(text.find("\n## error: policy/missing\n"), std::string::npos) << text;
    EXPECT_NE(text.find("bao policy write "), std::string::npos) << text;
    EXPECT_EQ(to_markdown(plan, 100).size(), 100U);
}

TEST(Plan, OfAnAuthRoleForAnotherAccountStopsAtLogin) {
    Planned planned;
    const auto plan =
        planned.plan(fmt::format("vault: {{write: [{{path: auth/{}/role/{}, data: "
                                 "{{bound_service_account_names: other}}}}]}}",
                                 planned.account().auth_mount, planned.account().auth_role));
    ASSERT_EQ(plan.stops().size(), 1U);
    EXPECT_EQ(plan.stops().front().attempt.refused_at, Attempt::Step::login);
    EXPECT_TRUE(has_id(plan.appears(), "auth/other-account")) << join(to_text(plan), "\n");
}

TEST(Plan, OfANarrowerRoleStopsThoseOutsideIt) {
    Planned planned;
    const auto plan =
        planned.plan(fmt::format("vault: {{patch: [{{path: {}/roles/{}, data: {{allowed_uri_sans: "
                                 "'spiffe://{}/ns/shop/*'}}}}]}}",
                                 planned.mount, planned.role, planned.account().trust_domain),
                     {"/ns/bank/sa/till", "/ns/shop/sa/cart"});
    ASSERT_EQ(plan.stops().size(), 1U) << join(to_text(plan), "\n");
    EXPECT_TRUE(plan.stops().front().id.ends_with("/ns/bank/sa/till"));
    ASSERT_EQ(plan.keeps().size(), 1U);
    EXPECT_TRUE(plan.keeps().front().ends_with("/ns/shop/sa/cart"));
}

TEST(Plan, OfAnotherCaStopsWhereTheMeshDoesNotTrustIt) {
    Planned planned;
    const auto plan = planned.plan(fmt::format(
        "vault:\n  write:\n"
        "  - {{path: {0}/root/generate/internal, data: {{common_name: other, key_type: ec, ttl: "
        "100h}}, as: other}}\n"
        "  - {{path: {0}/config/issuers, data: {{default: $(other.issuer_id)}}}}\n",
        planned.mount));
    ASSERT_EQ(plan.stops().size(), 1U) << join(to_text(plan), "\n");
    EXPECT_EQ(plan.stops().front().attempt.refused_at, Attempt::Step::check);
}

TEST(Plan, OfShorterLeavesKeepsEverybody) {
    Planned planned;
    const auto plan =
        planned.plan(fmt::format("vault: {{patch: [{{path: {}/roles/{}, data: {{max_ttl: 1h}}}}]}}",
                                 planned.mount, planned.role));
    EXPECT_TRUE(plan.stops().empty()) << join(to_text(plan), "\n");
    EXPECT_EQ(plan.keeps().size(), 1U);
    EXPECT_LE(plan.after.shortest_life(), Duration(1h));
    expect_said(plan, " instead of ");
}

TEST(Plan, OfWhatDoesNotMatterMayGoOut) {
    Planned planned;
    const auto plan = planned.plan("vault: {policies: {beside: 'path \"a\" {}'}}");
    EXPECT_EQ(exit_code(plan), 0) << join(to_text(plan), "\n");
    EXPECT_TRUE(plan.appears().empty()) << join(to_text(plan), "\n");
    EXPECT_TRUE(plan.vanishes().empty()) << join(to_text(plan), "\n");
    expect_said(plan, "the change may go out: 0 of 1 identity would stop getting leaves");
}

TEST(Plan, OfAMendLetsThemBegin) {
    Planned planned(vault::Product::openbao, {"bao policy delete %policy%"});
    const auto plan = planned.plan(fmt::format(
        "vault: {{policies: {{{}: 'path \"{}\" {{ capabilities = [\"create\", \"update\"] }}'}}}}",
        planned.value("policy"), planned.account().sign_path));
    EXPECT_EQ(plan.begins().size(), 1U) << join(to_text(plan), "\n");
    EXPECT_TRUE(has_id(plan.vanishes(), "policy/missing")) << join(to_text(plan), "\n");
    EXPECT_EQ(exit_code(plan), 0) << join(to_text(plan), "\n");
}

TEST(Plan, ThatShowsNothingIsNoPass) {
    Planned planned(vault::Product::openbao, {"bao policy delete %policy%"});
    const auto plan = planned.plan("vault: {}");
    EXPECT_TRUE(plan.stops().empty());
    EXPECT_EQ(plan.neither().size(), 1U);
    EXPECT_EQ(exit_code(plan), 1);
    expect_said(plan, "so nothing was shown");
}

}  // namespace
}  // namespace meshproof::preflight
