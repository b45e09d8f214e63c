// What the servers are started with: tokens, names, numbers, and what is waited for.
#include <gtest/gtest.h>

#include "core/run/socket_environment.hpp"
#include "fakes/world/fake_servers.hpp"

namespace meshproof::fakes {
namespace {

using Look = std::function<Task<void>(FakeServers&, run::Target, run::Environment&)>;

Task<void> start_and_look(run::Environment& environment, FakeServersOptions options, Look look) {
    const auto servers = require(co_await FakeServers::start(
        std::move(options), environment.clock(), environment.transport()));
    run::Target target;
    servers->complete(target);
    co_await look(*servers, std::move(target), environment);
}

void with_servers(FakeServersOptions options, Look look) {
    options.es256 = true;
    run::SocketEnvironment environment("test", run::Target{});
    environment.drive(start_and_look(environment, std::move(options), std::move(look)));
}

run::Target seen;

Task<void> keep_target(FakeServers& /*servers*/, run::Target target,
                       run::Environment& /*environment*/) {
    seen = std::move(target);
    co_return;
}

run::Target target_of(FakeServersOptions options) {
    with_servers(std::move(options), keep_target);
    return std::move(seen);
}

TEST(FakeServersOptions, TokensAreTheSeedsOrChance) {
    const auto token = [](const run::Target& target) { return target.vaults.front().config.token; };
    const auto admin = [](const run::Target& target) { return target.clusters.front().token; };
    FakeServersOptions options;
    options.seed = 7;
    const auto first = target_of(options), again = target_of(options);
    EXPECT_EQ(token(first), token(again));
    EXPECT_EQ(admin(first), admin(again));
    options.credentials_by_chance = true;
    const auto chance = target_of(options), other = target_of(options);
    EXPECT_NE(token(chance), token(first));
    EXPECT_NE(token(chance), token(other));
    EXPECT_NE(admin(chance), admin(first));
    EXPECT_NE(admin(chance), admin(other));
    options.root_token = Secret("chosen");
    for (const auto& vault : target_of(options).vaults) {
        EXPECT_EQ(vault.config.token, Secret("chosen"));
    }
}

TEST(FakeServersOptions, VaultsPlayOneProductWhereThatIsWanted) {
    FakeServersOptions options;
    options.vaults = 3;
    options.clusters = 1;
    const auto mixed = target_of(options);
    EXPECT_NE(mixed.vaults[0].product, mixed.vaults[1].product);
    options.one_product = true;
    for (const auto& vault : target_of(options).vaults) {
        EXPECT_EQ(vault.product, options.product);
    }
}

Task<void> look_at_host(FakeServers& servers, run::Target target,
                        run::Environment& /*environment*/) {
    EXPECT_EQ(target.vaults[1].config.endpoint.url.host, "fakes.example");
    EXPECT_EQ(target.clusters[0].endpoint.url.host, "fakes.example");
    EXPECT_EQ(servers.vault_url(1).host, "fakes.example");
    EXPECT_EQ(servers.vault_url(1).port, servers.vault_listener(1).url().port);
    EXPECT_EQ(servers.vault_listener(1).url().host, "127.0.0.1");
    co_return;
}

TEST(FakeServersOptions, ClientsAreToldTheAdvertisedHost) {
    FakeServersOptions options;
    options.advertise = "fakes.example";
    with_servers(std::move(options), look_at_host);
}

Task<void> ask_who_leads(FakeServers& servers, run::Target target, run::Environment& environment) {
    const meshproof::vault::Client vault(environment.transport(), target.vaults.front().config);
    const auto before = require(co_await vault.request("GET", "sys/leader")).json;
    EXPECT_EQ(before.value("ha_enabled", false), true) << before.dump();
    EXPECT_EQ(before.value("is_self", false), true) << before.dump();
    EXPECT_EQ(before.value("leader_address", ""), servers.vault_url().text());
    require(co_await vault.call("PUT", "sys/step-down"));
    const auto after = require(co_await vault.request("GET", "sys/leader")).json;
    EXPECT_EQ(after.value("is_self", true), false) << after.dump();
    EXPECT_EQ(target.vaults.size(), 1U) << "clients know the first node only";
}

TEST(FakeServersOptions, AVaultMayHaveSeveralNodes) {
    FakeServersOptions options;
    options.vaults = 1;
    options.vault_nodes = 3;
    with_servers(std::move(options), ask_who_leads);
}

Task<Result<void>> not_kept() {
    co_return fail(FailureKind::unreachable, "the disk is full");
}

Task<void> ask_both(FakeServers& /*servers*/, run::Target target, run::Environment& environment) {
    const auto& vault = target.vaults.front().config;
    http::Request request;
    request.method = "PUT";
    request.target = "/v1/sys/policies/acl/a";
    request.headers = {{"X-Vault-Token", vault.token.reveal()}};
    request.body = R"({"policy": "path \"a\" {capabilities = [\"read\"]}"})";
    const auto written = require(co_await environment.transport().send(vault.endpoint, request));
    EXPECT_EQ(written.status, 500);
    EXPECT_NE(written.body.find("the disk is full"), std::string::npos) << written.body;
    request.method = "GET";
    request.body.clear();
    EXPECT_EQ(require(co_await environment.transport().send(vault.endpoint, request)).status, 200);
}

TEST(FakeServersOptions, AChangeIsAnsweredWhenItIsKept) {
    FakeServersOptions options;
    options.before_answer = [] { return not_kept(); };
    with_servers(std::move(options), ask_both);
}

}  // namespace
}  // namespace meshproof::fakes
