#include "core/base/text.hpp"
#include "core/crypto/tls.hpp"
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

/// The same nodes with a Kubernetes auth method whose API server takes every workload at its word.
class Standbys : public Nodes {
  protected:
    void SetUp() override {
        Nodes::SetUp();
        wire.answer = [](const http::Request&) -> Result<http::Response> {
            const Json status{
                {"authenticated", true},
                {"user", {{"username", "system:serviceaccount:ns:app"}, {"uid", "u1"}}}};
            http::Response response;
            response.status = 201;
            response.body = Json{{"kind", "TokenReview"}, {"status", status}}.dump();
            return response;
        };
        ASSERT_EQ(put("sys/auth/c1", {{"type", "kubernetes"}}).status, 204);
        configure(ca);
        ASSERT_EQ(put("auth/c1/role/r", {{"bound_service_account_names", "app"},
                                         {"bound_service_account_namespaces", "ns"},
                                         {"token_type", "batch"}})
                      .status,
                  204);
    }
    void configure(const crypto::Certificate& trusted) {
        ASSERT_EQ(put("auth/c1/config", {{"kubernetes_host", "https://kube:6443"},
                                         {"kubernetes_ca_cert", trusted.pem()}})
                      .status,
                  204);
    }
    [[nodiscard]] std::string jwt() const {
        const Json claims{
            {"exp", unix_seconds(clock.now()) + 3600},
            {"nbf", unix_seconds(clock.now())},  // without it, shortly before the end
            {"kubernetes.io",
             {{"namespace", "ns"}, {"serviceaccount", {{"name", "app"}, {"uid", "u1"}}}}}};
        return fmt::format("{}.{}.{}", to_base64url(R"({"alg":"ES256"})"),
                           to_base64url(claims.dump()), to_base64url("signature"));
    }
    Reply login_at(std::size_t node, std::vector<std::pair<std::string, std::string>> headers = {},
                   std::string role = "r") {
        wire.seen.clear();
        return at(node, {.method = "PUT",
                         .path = "auth/c1/login",
                         .body = Json{{"role", std::move(role)}, {"jwt", jwt()}},
                         .token = "",
                         .headers = std::move(headers)});
    }
    Reply inline_at(std::size_t node) {
        wire.seen.clear();
        const auto parameter = [](const char* key, const std::string& value) {
            return std::pair<std::string, std::string>(
                std::string("X-Vault-Inline-Auth-Parameter-") + key,
                to_base64url(Json{{"key", key}, {"value", value}}.dump()));
        };
        return at(node, {.method = "GET",
                         .path = "auth/token/lookup-self",
                         .token = "",
                         .headers = {alone,
                                     {"X-Vault-Inline-Auth-Path", "auth/c1/login"},
                                     parameter("role", "r"),
                                     parameter("jwt", jwt())}});
    }
    static std::string csr_of_web() {
        crypto::Csr::Spec spec;
        spec.subject.common_name = "web";
        return crypto::Csr::make(spec, crypto::Key::generate(crypto::KeyType::p256)).pem();
    }
    /// Of the review that was asked for last.
    [[nodiscard]] std::vector<crypto::Certificate> trusted() const {
        return wire.seen.empty() ? std::vector<crypto::Certificate>()
                                 : wire.seen.back().first.tls.trust;
    }
    /// Under a role of pki/, of whoever is asked and nobody else.
    [[nodiscard]] Ask signing(std::string role) const {
        return {.method = "PUT",
                .path = "pki/sign/" + std::move(role),
                .body = Json{{"csr", csr}},
                .headers = {alone}};
    }

    const std::pair<std::string, std::string> alone{"X-Vault-No-Request-Forwarding", "true"};
    const crypto::Certificate ca =
        crypto::make_server_credentials("kube", clock.now(), std::chrono::hours(1)).ca;
    const std::string csr = csr_of_web();
};
MESHPROOF_BOTH_PRODUCTS(Standbys);

TEST_P(Standbys, HaveNoCaBeforeTheyLookForOne) {
    EXPECT_EQ(put("auth/c1/login", {{"role", "r"}, {"jwt", jwt()}}, "").status, 200);
    EXPECT_EQ(trusted(), std::vector{ca});
    pass(29s);
    (void)login_at(1, {alone});
    EXPECT_EQ(wire.seen.size(), openbao() ? 1 : 0);
    EXPECT_TRUE(trusted().empty());
    pass(1s);
    EXPECT_EQ(login_at(1, {alone}).status, 307);
    EXPECT_EQ(trusted(), openbao() ? std::vector{ca} : std::vector<crypto::Certificate>());
}

TEST_P(Standbys, KeepTheCaOfTheirLastLook) {
    const auto other = crypto::make_server_credentials("kube", clock.now(), 1h).ca;
    pass(40s);
    configure(other);
    for (const auto* then : {&ca, &other}) {
        (void)login_at(2, {alone});
        EXPECT_EQ(trusted(), openbao() ? std::vector{*then} : std::vector<crypto::Certificate>());
        pass(20s);
    }
    EXPECT_EQ(login_at(2).status, 200);
    EXPECT_EQ(trusted(), std::vector{other});
}

TEST_P(Standbys, WhoSteppedDownHasLookedAlready) {
    pass(1s);
    ASSERT_EQ(put("sys/step-down").status, 204);
    pass(1s);
    std::swap(fake, others[0]);
    (void)login_at(1, {alone});
    EXPECT_EQ(trusted(), openbao() ? std::vector{ca} : std::vector<crypto::Certificate>());
}

TEST_P(Standbys, TryALoginBeforeTheyForwardIt) {
    pass(30s);
    EXPECT_EQ(login_at(1).status, 200);
    EXPECT_EQ(wire.seen.size(), openbao() ? 2 : 1);
    EXPECT_EQ(login_at(1, {alone}).status, 307);
    const auto unknown = login_at(1, {alone}, "nobody");
    EXPECT_EQ(unknown.status, openbao() ? 400 : 307);
    wire.answer = nullptr;
    EXPECT_EQ(login_at(1, {alone}).status, openbao() ? 403 : 307);
}

TEST_P(Standbys, TryARenewalBeforeTheyForwardIt) {
    ASSERT_EQ(put("auth/c1/role/r", {{"bound_service_account_names", "app"},
                                     {"bound_service_account_namespaces", "ns"},
                                     {"token_type", "service"}})
                  .status,
              204);
    const auto login = put("auth/c1/login", {{"role", "r"}, {"jwt", jwt()}}, "");
    const std::string token = login.json["auth"]["client_token"];
    const auto renew = [&](bool forward) {
        wire.seen.clear();
        Ask asked{.method = "PUT", .path = "auth/token/renew-self", .token = token};
        if (!forward) {
            asked.headers = {alone};
        }
        return at(1, std::move(asked));
    };
    EXPECT_EQ(renew(true).status, 200);
    EXPECT_EQ(wire.seen.size(), openbao() ? 2 : 0);
    EXPECT_TRUE(!openbao() || wire.seen.front().first.tls.trust.empty());
    EXPECT_EQ(renew(false).status, 307);
    EXPECT_EQ(wire.seen.size(), openbao() ? 1 : 0);
    wire.answer = nullptr;
    EXPECT_EQ(renew(false).status, openbao() ? 403 : 307);
}

TEST_P(Standbys, FinishOnlyInlineLoginsOfKnownEntities) {
    pass(30s);
    EXPECT_EQ(inline_at(1).status, 307);
    EXPECT_EQ(wire.seen.size(), openbao() ? 1 : 0);
    const auto reply = put("auth/c1/login", {{"role", "r"}, {"jwt", jwt()}}, "");
    EXPECT_EQ(reply.status, 200) << reply.json.dump();
    EXPECT_EQ(inline_at(1).status, openbao() ? 200 : 307);
}

TEST_P(Standbys, SignWhatIsNotStored) {
    ASSERT_EQ(put("sys/mounts/pki", {{"type", "pki"}}).status, 204);
    ASSERT_EQ(put("pki/root/generate/internal",
                  {{"common_name", "root"}, {"key_type", "ec"}, {"ttl", "700h"}})
                  .status,
              200);
    for (const bool unstored : {false, true}) {
        ASSERT_EQ(
            put(unstored ? "pki/roles/unstored" : "pki/roles/stored", {{"key_type", "ec"},
                                                                       {"allow_any_name", true},
                                                                       {"ttl", "1h"},
                                                                       {"no_store", unstored}})
                .status,
            200);
    }
    EXPECT_EQ(at(1, signing("stored")).status, 307);
    EXPECT_EQ(at(1, signing("unstored")).status, openbao() ? 200 : 307);
    EXPECT_EQ(at(1, signing("unknown")).status, openbao() ? 400 : 307);
    auto limited = signing("unstored");
    limited.token = token_with({"root"}, {{"num_uses", 2}});
    EXPECT_EQ(at(1, limited).status, 307);
    auto refused = signing("stored");
    refused.token = token_with({"default"});
    EXPECT_EQ(at(1, refused).status, openbao() ? 403 : 307);
    // Nobody leads any more.
    fake->crash();
    pass(1h);
    others[1]->crash();
    pass(1h);
    EXPECT_EQ(at(1, signing("unstored")).status, openbao() ? 200 : 307);
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
    policy("r", R"(path "sys/internal/*" { capabilities = ["read"] }
                   path "q/+/b" { capabilities = ["list"] }
                   path "q/w" { capabilities = ["read"] min_wrapping_ttl = "1m"
                     allowed_parameters = { "a" = ["b"] } required_parameters = ["a"] })");
    const auto rules =
        get("sys/internal/ui/resultant-acl", token_with({"r"}, {{"no_default_policy", true}}));
    EXPECT_EQ(rules.data()["exact_paths"], (Json{{"q/w",
                                                  {{"capabilities", {"read"}},
                                                   {"min_wrapping_ttl", 60},
                                                   {"allowed_parameters", {{"a", {"b"}}}},
                                                   {"required_parameters", {"a"}}}}}));
    EXPECT_EQ(rules.data()["glob_paths"], (Json{{"sys/internal/", {{"capabilities", {"read"}}}}}));
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
