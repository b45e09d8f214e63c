// What the steps of scenarios do not take for a proof.
#include "scenarios/steps.hpp"

#include <gtest/gtest.h>

#include "scenarios/tests/histories.hpp"

namespace meshproof::scenarios {
namespace {

Task<void> silent_for_other_reasons(run::World& world) {
    auto cluster = co_await world.connected_cluster("alpha");
    world.vault().link->set(http::LinkMode::refuse);
    for (const std::string workload : {"web", "api"}) {
        require(co_await cluster.deploy({.name = workload, .service_account = workload}));
    }
    co_await expect_silence(world, {cluster, "web"}, {cluster, "api"}, "without certificates");
    co_await expect_silence(world, {cluster, "web"}, {cluster, "nobody"}, "without a pod");
    world.vault().link->set(http::LinkMode::pass);
    co_await all_ready(world, cluster);
    co_await expect_silence(world, {cluster, "web"}, {cluster, "api"}, "with certificates");
}

TEST(Silence, IsARefusalForACertificateAndNothingElse) {
    const auto wrong = histories::play(histories::setting(1), silent_for_other_reasons);
    const auto told = fmt::format("{}", fmt::join(wrong, "\n"));
    for (const auto* text : {"without certificates: web to api: no certificate was judged",
                             "without certificates: api to web: no certificate was judged",
                             "without a pod: web to nobody: no certificate was judged",
                             "without a pod: nobody to web: no certificate was judged",
                             "with certificates: web to api: they still talked",
                             "with certificates: api to web: they still talked"}) {
        EXPECT_NE(told.find(text), std::string::npos) << text << " is not in:\n" << told;
    }
    EXPECT_EQ(wrong.size(), 6U) << told;
}

Task<void> a_login_without_its_role(run::World& world) {
    auto prepared = co_await world.prepare_vault(world.vault(), world.kube(), {});
    kube::ObjectMeta account;
    account.name = prepared.service_account;
    account.namespace_name = world.target().mesh_namespace;
    require(co_await world.kube().admin.create_service_account(account));
    const auto jwt = co_await token_of(world, world.kube(), prepared.service_account);
    (void)co_await logged_in(prepared, jwt);
    prepared.auth_role = "absent";
    std::string hint;
    try {
        (void)co_await logged_in(prepared, jwt);
    } catch (const CannotGoOn& reason) {
        hint = reason.hint();
    }
    world.expect(hint == "role absent is not in the auth mount: create it in Vault",
                 "a refused login is told with {}", hint);
}

TEST(LoggedIn, IsToldWithWhatAnAgentWouldSay) {
    EXPECT_EQ(fmt::format(
                  "{}", fmt::join(histories::play(histories::setting(1), a_login_without_its_role),
                                  "\n")),
              "");
}

Task<void> in_time_and_late(run::World& world) {
    const auto now = world.clock().now();
    require_in_time(world, now + std::chrono::seconds(1), "a request");
    bool late = false;
    try {
        require_in_time(world, now, "a request");
    } catch (const CannotGoOn& reason) {
        late = std::string_view(reason.what()).starts_with("this machine was too slow: a request");
    }
    world.expect(late, "whoever came late was in time");
    co_return;
}

TEST(InTime, IsWhoIsThereBeforeTheMoment) {
    EXPECT_TRUE(histories::play(histories::setting(1), in_time_and_late).empty());
}

}  // namespace
}  // namespace meshproof::scenarios
