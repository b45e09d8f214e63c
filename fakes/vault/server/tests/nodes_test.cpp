#include "fakes/vault/tests/harness.hpp"

namespace meshproof::fakes::vault {

using namespace std::chrono_literals;

/// Three nodes on raft storage; `ask` goes to the one that is at hand.
class Nodes : public BothProducts {
  protected:
    void SetUp() override {
        BothProducts::SetUp();
        FakeVaultOptions options;
        options.storage = "raft";
        options.name = "node-0";
        options.api_address = "https://node-0:8200";
        options.key_shares = 3;
        options.key_threshold = 2;
        start(std::move(options));
        others[0] = std::make_unique<FakeVault>(*fake, "node-1", "https://node-1:8200");
        others[1] = std::make_unique<FakeVault>(*fake, "node-2", "https://node-2:8200");
    }
    /// The same request to another node (1 or 2).
    Reply at(std::size_t node, Ask what) {
        std::swap(fake, others.at(node - 1));
        auto reply = ask(std::move(what));
        std::swap(fake, others.at(node - 1));
        return reply;
    }
    Reply read_at(std::size_t node, std::string path) {
        return at(node, {.method = "GET", .path = std::move(path)});
    }
    Reply create_at(std::size_t node) {
        return at(node,
                  {.method = "PUT", .path = "auth/token/create", .body = Json{{"ttl", "1m"}}});
    }

    std::array<std::unique_ptr<FakeVault>, 2> others;
};
MESHPROOF_BOTH_PRODUCTS(Nodes);

TEST_P(Nodes, AStandbyForwardsOrServes) {
    EXPECT_EQ(get("sys/health").status, 200);
    EXPECT_EQ(read_at(1, "sys/health").status, 429);
    EXPECT_EQ(read_at(1, "sys/health?standbyok=true").status, 200);
    EXPECT_EQ(read_at(1, "sys/leader").json["leader_address"], "https://node-0:8200");
    EXPECT_EQ(read_at(1, "sys/leader").json["is_self"], false);
    EXPECT_EQ(create_at(2).status, 200);
    const auto alone = std::pair<std::string, std::string>("X-Vault-No-Request-Forwarding", "true");
    const auto write =
        at(1, {.method = "PUT", .path = "auth/token/create?a=b", .headers = {alone}});
    EXPECT_EQ(write.status, 307);
    EXPECT_EQ(write.headers.find("Location"), "https://node-0:8200/v1/auth/token/create?a=b");
    const auto read = at(1, {.method = "GET", .path = "sys/mounts", .headers = {alone}});
    EXPECT_EQ(read.status, openbao() ? 200 : 307);
    EXPECT_EQ(read.headers.find("X-Vault-Index").has_value(), openbao());
    EXPECT_EQ(get("sys/storage/raft/configuration").data()["config"]["servers"].size(), 3);
}

TEST_P(Nodes, AnotherNodeLeadsAfterAStepDown) {
    EXPECT_EQ(at(1, {.method = "PUT", .path = "sys/step-down"}).status, 204);
    EXPECT_EQ(get("sys/health").status, 429);
    EXPECT_EQ(put("auth/token/create").status, 500);
    EXPECT_EQ(create_at(1).headers.find("Location"), "https://node-0:8200/v1/auth/token/create");
    pass(1s);
    EXPECT_EQ(read_at(1, "sys/health").status, 200);
    EXPECT_EQ(put("auth/token/create").status, 200);
}

TEST_P(Nodes, TheActiveNodeIsSealedAndOpenedAgain) {
    EXPECT_EQ(put("sys/seal").status, 204);
    EXPECT_EQ(create_at(1).error(), "local node not active but active cluster node not found");
    EXPECT_EQ(get("sys/leader").status, 503);
    pass(2s);
    EXPECT_EQ(create_at(1).status, 200);
    for (std::size_t i = 0; i < 2; ++i) {
        EXPECT_EQ(put("sys/unseal", {{"key", fake->unseal_keys()[i].reveal()}}).status, 200);
    }
    EXPECT_EQ(get("sys/health").status, 429);
    const auto standby = at(2, {.method = "PUT", .path = "sys/seal"});
    EXPECT_EQ(standby.status, openbao() ? 204 : 500);
}

TEST_P(Nodes, ADeadLeaderIsNamedUntilAnotherLeads) {
    fake->crash();
    EXPECT_EQ(create_at(1).status, 307);
    EXPECT_EQ(read_at(1, "sys/mounts").status, openbao() ? 200 : 307);
    pass(16s);
    EXPECT_EQ(create_at(1).status, 307);
    pass(2s);
    EXPECT_EQ(create_at(2).status, 200);
    // One of three has no quorum, however long one waits.
    others[0]->crash();
    pass(1h);
    EXPECT_EQ(create_at(2).status, 307);
    EXPECT_EQ(read_at(2, "sys/health").status, 429);
    EXPECT_EQ(read_at(2, "sys/leader").json["leader_address"], "https://node-1:8200");
}

TEST_P(Nodes, ANewServerJoins) {
    auto fresh = std::make_unique<FakeVault>(*fake, "node-3", "https://node-3:8200", false);
    std::swap(others[1], fresh);
    EXPECT_EQ(read_at(2, "sys/health").status, 501);
    EXPECT_EQ(read_at(2, "sys/seal-status").json["t"], 0);
    const auto join = [&](const char* leader) {
        return at(2, {.method = "POST",
                      .path = "sys/storage/raft/join",
                      .body = Json{{"leader_api_addr", leader}}});
    };
    EXPECT_EQ(join("https://nobody:8200").status, 500);
    EXPECT_EQ(join("https://node-0:8200").json["joined"], true);
    EXPECT_EQ(read_at(2, "sys/health").status, 503);
    for (std::size_t i = 0; i < 2; ++i) {
        at(2, {.method = "PUT",
               .path = "sys/unseal",
               .body = Json{{"key", fake->unseal_keys()[i].reveal()}}});
    }
    EXPECT_EQ(read_at(2, "sys/health").status, 429);
}

class NewServer : public BothProducts {
  protected:
    void SetUp() override {
        BothProducts::SetUp();
        FakeVaultOptions options;
        options.initialised = false;
        start(std::move(options));
    }
};
MESHPROOF_BOTH_PRODUCTS(NewServer);

TEST_P(NewServer, IsInitialisedOnce) {
    EXPECT_EQ(get("sys/health").status, 501);
    EXPECT_EQ(get("sys/mounts").error(), "Vault is sealed");
    EXPECT_EQ(put("sys/unseal", {{"key", std::string(64, 'a')}}).error(),
              "Vault is not initialized");
    const auto made = put("sys/init", {{"secret_shares", 3}, {"secret_threshold", 2}});
    EXPECT_EQ(made.status, 200);
    EXPECT_EQ(made.json["keys"].size(), 3);
    EXPECT_EQ(put("sys/init", {{"secret_shares", 3}, {"secret_threshold", 2}}).error(),
              "Vault is already initialized");
    EXPECT_EQ(get("sys/health").status, 503);
    put("sys/unseal", {{"key", made.json["keys"][0]}});
    const auto open = put("sys/unseal", {{"key", made.json["keys_base64"][2]}});
    EXPECT_EQ(open.json["sealed"], false);
    EXPECT_EQ(get("auth/token/lookup-self", made.json["root_token"]).status, 200);
    EXPECT_EQ(get("auth/token/lookup-self", "root").status, 403);
}

class Insides : public BothProducts {};
MESHPROOF_BOTH_PRODUCTS(Insides);

TEST_P(Insides, OperatorsAreAnswered) {
    EXPECT_EQ(list("sys/version-history").data()["keys"].size(), 1);
    EXPECT_EQ(get("sys/version-history").status, 405);
    EXPECT_EQ(get("sys/internal/counters/tokens").data()["counters"]["service_tokens"]["total"], 1);
    EXPECT_EQ(get("sys/internal/counters/requests").status, 404);
    EXPECT_EQ(get("sys/leases/count?type=irrevocable").data()["lease_count"], 0);
    EXPECT_EQ(get("sys/leases/count").status, 404);
    EXPECT_EQ(get("sys/internal/ui/resultant-acl").data()["root"], true);
    const auto own = get("sys/internal/ui/resultant-acl", token_with({"default"}));
    EXPECT_TRUE(own.data()["exact_paths"].contains("auth/token/lookup-self"));
    EXPECT_EQ(own.data()["root"], false);
    EXPECT_TRUE(get("sys/host-info").data().contains("memory"));
}

TEST_P(Insides, EntitiesAreWrittenAndFound) {
    EXPECT_EQ(list("identity/entity/name").status, 404);
    const auto made = put("identity/entity", {{"name", "bob"}, {"metadata", {{"team", "a"}}}});
    EXPECT_EQ(made.status, 200);
    const auto id = made.data()["id"].get<std::string>();
    EXPECT_EQ(put("identity/entity", {{"name", "bob"}, {"policies", "p"}}).status, 204);
    EXPECT_EQ(get("identity/entity/name/bob").data()["policies"], Json::array({"p"}));
    EXPECT_EQ(get("identity/entity/id/" + id).data()["metadata"]["team"], "a");
    EXPECT_EQ(list("identity/entity/id").data()["key_info"][id]["name"], "bob");
    EXPECT_EQ(put("identity/lookup/entity", {{"name", "bob"}}).data()["id"], id);
    EXPECT_EQ(put("identity/lookup/entity", {{"name", "eve"}}).status, 204);
    EXPECT_EQ(put("identity/entity-alias", {{"name", "z"}, {"mount_accessor", "nope"}}).status,
              400);
    EXPECT_EQ(remove("identity/entity/id/" + id).status, 204);
    EXPECT_EQ(get("identity/entity/id/" + id).status, 404);
}

TEST_P(Insides, TheFirstJsonValueCounts) {
    const auto two = put("sys/policies/acl/p", R"({"policy":"path \"a\" {}"} {"policy":""})");
    EXPECT_EQ(two.status, 204);
    const auto junk = put("sys/policies/acl/p", R"({"policy":"path \"a\" {}"} junk)");
    EXPECT_EQ(junk.status, openbao() ? 400 : 204);
}

}  // namespace meshproof::fakes::vault
