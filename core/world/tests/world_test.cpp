#include "core/world/world.hpp"

#include <gtest/gtest.h>

#include "core/world/tests/stage.hpp"

namespace meshproof::run {
namespace {

using Lines = std::vector<std::string>;

Task<bool> sealed(World& world) {
    co_return require(co_await world.vault().admin.seal_status()).sealed;
}

Task<void> seal_and_leave(World& world) {
    co_await world.seal(world.vault());
    EXPECT_TRUE(co_await sealed(world));
    co_await world.finish();
    EXPECT_FALSE(co_await sealed(world));
}

TEST(World, UnsealsAtTheEndWhatItSealed) {
    Stage stage;
    stage.play(seal_and_leave);
    EXPECT_EQ(stage.world().failures(), Lines{});
}

Task<void> seal_and_unseal(World& world) {
    co_await world.seal(world.vault());
    co_await world.unseal(world.vault());
    EXPECT_FALSE(co_await sealed(world));
    // Active, too: it serves.
    require(co_await world.vault().admin.list_secrets());
    co_await world.finish();
    EXPECT_FALSE(co_await sealed(world));
}

TEST(World, UnsealsInBetween) {
    Stage stage;
    stage.play(seal_and_unseal);
    EXPECT_EQ(stage.world().failures(), Lines{});
}

Task<void> prepare_behind_a_cut_wire(World& world) {
    const auto before = require(co_await world.vault().admin.list_secrets());
    const auto prepared = co_await world.prepare_vault(world.vault(), world.kube());
    EXPECT_EQ(prepared.root_mount, "meshproof-r1r1r1-pki");
    EXPECT_EQ(prepared.pki_path(), "meshproof-r1r1r1-pki-int/sign/example-dot-com");
    EXPECT_EQ(prepared.mount_path(), "/v1/auth/meshproof-r1r1r1-auth");
    EXPECT_EQ(require(co_await world.vault().admin.list_secrets()).size(), before.size() + 2);
    world.vault().link->set(http::LinkMode::refuse);
    world.kube().link->set(http::LinkMode::stall);
    co_await world.finish();
    EXPECT_EQ(world.vault().link->mode(), http::LinkMode::pass);
    EXPECT_EQ(world.kube().link->mode(), http::LinkMode::pass);
    EXPECT_EQ(require(co_await world.vault().admin.list_secrets()), before);
}

TEST(World, RemovesWhatItPreparedAlsoAfterACut) {
    Stage stage;
    stage.play(prepare_behind_a_cut_wire);
    EXPECT_EQ(stage.world().failures(), Lines{});
}

Task<void> forget(World& world) {
    const auto& vault = world.vault().admin;
    const auto& kube = world.kube().admin;
    const auto engines = require(co_await vault.list_secrets());
    require(co_await vault.enable_secrets(world.name("left"), "pki", world.mark().text()));
    kube::ObjectMeta account;
    account.name = "left";
    account.namespace_name = "default";
    account.labels = world.labels();
    require(co_await kube.create_service_account(account));
    co_await world.finish();
    EXPECT_EQ(require(co_await vault.list_secrets()), engines);
    const auto left = co_await kube.service_account("default", "left");
    EXPECT_EQ(left ? FailureKind::cancelled : left.error().kind, FailureKind::not_found);
}

Task<void> forget_unmarked(World& world) {
    const auto& vault = world.vault().admin;
    const auto engines = require(co_await vault.list_secrets());
    require(co_await vault.enable_secrets(world.name("left"), "pki"));
    co_await world.finish();
    EXPECT_EQ(require(co_await vault.list_secrets()).size(), engines.size() + 1);
}

TEST(World, LeavesAndReportsWhatCarriesNoMark) {
    Stage stage;
    stage.play(forget_unmarked);
    EXPECT_EQ(
        stage.world().failures(),
        (Lines{"clean-up had forgotten secrets engine meshproof-r1r1r1-left on vault-0, which "
               "carries no mark and stays"}));
}

TEST(World, RemovesAndReportsWhatWasForgotten) {
    Stage stage;
    stage.play(forget);
    EXPECT_EQ(stage.world().failures(),
              (Lines{"clean-up had forgotten secrets engine meshproof-r1r1r1-left on vault-0",
                     "clean-up had forgotten service account default/left in kube-0"}));
}

Task<void> remove_by_itself(World& world) {
    const auto admin = world.vault().admin;
    const auto mount = world.name("gone");
    world.at_end("secrets engine " + mount,
                 [admin, mount] { return admin.disable_secrets(mount); });
    world.at_end("policy nowhere", [&world] {
        return world.kube().admin.delete_service_account("default", "nobody");
    });
    co_await world.finish();
}

TEST(World, FindsNoFaultWithWhatIsGoneAlready) {
    Stage stage;
    stage.play(remove_by_itself);
    EXPECT_EQ(stage.world().failures(), Lines{});
}

Task<void> expect_things(World& world) {
    const Result<int> good = 1;
    Result<int> bad = fail(FailureKind::denied, "403 permission denied");
    bad.error().errors = {"the server's own words"};
    world.expect_ok(good, "not told");
    world.expect_refused(bad, "permission denied", "not told");
    world.expect_refused(bad, "own words", "not told");
    EXPECT_EQ(world.failures(), Lines{});
    EXPECT_FALSE(world.expect_ok(bad, "sign"));
    world.expect_refused(good, "permission denied", "login");
    world.expect_refused(bad, "sealed", "login");
    EXPECT_EQ(
        world.failures(),
        (Lines{"sign: 403 permission denied",
               "login: expected a refusal with \"permission denied\", it went through",
               "login: expected a refusal with \"sealed\", it was \"403 permission denied\""}));
    co_return;
}

TEST(World, TellsExpectationsThatDoNotHold) {
    Stage().play(expect_things);
}

Task<void> tell_tokens(World& world) {
    world.note("the token is {}", world.target().vaults.at(0).config.token);
    EXPECT_EQ(world.monitors().violations(), Lines{});
    world.note("the token is {}", world.target().vaults.at(0).config.token.reveal());
    EXPECT_EQ(world.monitors().violations(),
              Lines{"monitor: a secret reached the trace in a note"});
    for (const auto& secret :
         {world.target().clusters.at(0).token, world.target().vaults.at(0).unseal_keys.at(0)}) {
        EXPECT_TRUE(world.trace().leaks(secret.reveal()));
    }
    co_return;
}

TEST(World, KnowsTheTargetsSecrets) {
    Stage().play(tell_tokens);
}

}  // namespace
}  // namespace meshproof::run
