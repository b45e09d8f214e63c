// A FakeVault that is filled by requests, saved and restored answers as it did before.
#include "core/crypto/crl.hpp"
#include "core/crypto/jwt.hpp"
#include "fakes/vault/tests/harness.hpp"

namespace meshproof::fakes::vault {

using namespace std::chrono_literals;

class SavedVault : public BothProducts {
  protected:
    void SetUp() override {
        BothProducts::SetUp();
        FakeVaultOptions options;
        options.key_shares = 3;
        options.key_threshold = 2;
        start(options);
        wire.answer = [](const http::Request&) -> Result<http::Response> {
            http::Response response;
            response.status = 201;
            response.body = Json{
                {"status",
                 {{"authenticated", true},
                  {"user", {{"username", "system:serviceaccount:ns:app"}, {"uid", "u1"}}},
                  {"audiences",
                   {"kube"}}}}}.dump();
            return response;
        };
        fill();
    }

    Reply must(Reply reply) {
        EXPECT_GE(reply.status, 200) << reply.body;
        EXPECT_LT(reply.status, 300) << reply.body;
        return reply;
    }
    Reply in_namespace(const std::string& method, const std::string& path,
                       std::optional<Json> body = std::nullopt) {
        return ask({.method = method,
                    .path = path,
                    .body = std::move(body),
                    .headers = {{"X-Vault-Namespace", "team"}}});
    }

    void fill() {
        fill_pki();
        fill_auth();
        fill_server();
        pass(90s);  // so that nothing began just now
    }

    void fill_pki() {
        must(put("sys/mounts/pki",
                 {{"type", "pki"},
                  {"description", "the root"},
                  {"config", {{"max_lease_ttl", "87600h"}, {"default_lease_ttl", "100h"}}}}));
        must(put("sys/mounts/int", {{"type", "pki"}}));
        root = must(put("pki/root/generate/internal",
                        {{"common_name", "root"}, {"key_type", "rsa"}, {"ttl", "8000h"}}))
                   .data();
        const auto csr = must(put("int/intermediate/generate/internal",
                                  {{"common_name", "int"}, {"key_type", "ec"}, {"key_name", "k"}}))
                             .data();
        const auto signed_one =
            must(put("pki/root/sign-intermediate", {{"csr", csr["csr"]}, {"common_name", "int"}}))
                .data();
        must(put("int/intermediate/set-signed",
                 {{"certificate", signed_one["certificate"].get<std::string>() + "\n" +
                                      root["certificate"].get<std::string>()}}));
        must(put("int/root/generate/internal",
                 {{"common_name", "second"}, {"key_type", "ed25519"}, {"issuer_name", "second"}}));
        must(put("int/roles/r", {{"allow_any_name", true},
                                 {"enforce_hostnames", false},
                                 {"key_type", "ec"},
                                 {"ttl", "90m"},
                                 {"not_before_duration", "45s"},
                                 {"allowed_uri_sans", "spiffe://*"},
                                 {"generate_lease", true}}));
        must(put("int/config/urls", {{"crl_distribution_points", "http://crl"}}));
        must(put("int/config/crl", {{"expiry", "50h"}, {"ocsp_expiry", "3h"}}));
        must(put("int/config/auto-tidy", {{"enabled", true},
                                          {"interval_duration", "3h"},
                                          {"tidy_cert_store", true},
                                          {"safety_buffer", "1h"}}));
        revoked = issue("a.example");
        leased = issue("b.example");
        must(put("int/revoke", {{"serial_number", revoked["serial_number"]}}));
    }

    Json issue(const std::string& name) {
        return must(put("int/issue/r", {{"common_name", name}})).data();
    }

    void fill_auth() {
        must(put("sys/auth/c1", {{"type", "kubernetes"}, {"description", "cluster 1"}}));
        must(put("auth/c1/config", {{"kubernetes_host", "https://kube:6443"},
                                    {"kubernetes_ca_cert", "ca"},
                                    {"pem_keys", {cluster_key.public_key().pem()}}}));
        must(put("auth/c1/role/r", {{"bound_service_account_names", "app"},
                                    {"bound_service_account_namespaces", "ns"},
                                    {"policies", "p"},
                                    {"ttl", "1h"}}));
        must(put("sys/auth/c1/tune", {{"max_lease_ttl", "10h"}}));
        logged_in = login();
    }

    std::string login() {
        const auto now = unix_seconds(clock.now());
        const Json claims{
            {"aud", {"kube"}},
            {"exp", now + 36000},
            {"iat", now},
            {"nbf", now},
            {"iss", "kube"},
            {"sub", "system:serviceaccount:ns:app"},
            {"kubernetes.io",
             {{"namespace", "ns"}, {"serviceaccount", {{"name", "app"}, {"uid", "u1"}}}}}};
        const auto jwt = crypto::sign_jwt(claims.dump(), "k1", cluster_key).reveal();
        return must(put("auth/c1/login", {{"role", "r"}, {"jwt", jwt}}, ""))
            .json["auth"]["client_token"];
    }

    void fill_server() {
        policy("p", R"(path "int/issue/*" { capabilities = ["update"] allowed_parameters = {
            "common_name" = [] } } path "cubbyhole/*" { capabilities = ["create", "update", "read", "list"] })");
        must(put("auth/token/roles/tr",
                 {{"allowed_policies", "p"}, {"token_period", "2h"}, {"orphan", true}}));
        parent = token_with({"p", "default"}, {{"ttl", "5h"}, {"metadata", {{"who", "me"}}}});
        policy("maker", R"(path "auth/token/create" { capabilities = ["update"] })");
        maker = token_with({"maker", "p"}, {{"ttl", "5h"}});
        child = must(put("auth/token/create", {{"policies", {"p"}}, {"ttl", "4h"}}, maker))
                    .json["auth"]["client_token"];
        of_role = must(put("auth/token/create/tr")).json["auth"]["client_token"];
        gone = token_with({"p"});
        must(put("auth/token/revoke", {{"token", gone}}));
        few = token_with({"default"}, {{"num_uses", 3}});
        must(put("cubbyhole/secret", {{"a", 1}}, parent));
        wrapping = must(ask({.method = "GET",
                             .path = "sys/policies/acl/p",
                             .headers = {{"X-Vault-Wrap-TTL", "1h"}}}))
                       .json["wrap_info"]["token"];
        must(put("sys/quotas/rate-limit/q", {{"rate", 5000}, {"path", "pki/"}}));
        must(put("sys/mounts/pki/tune", {{"listing_visibility", "hidden"},
                                         {"allowed_response_headers", "X-A,X-B"},
                                         {"options", {{"a", "b"}}}}));
        must(put("sys/policies/acl/wide",
                 {{"policy", R"(path "a" { capabilities = ["read"] })"},
                  {"allow_slashes_in_identity_templates", true}}));
        must(put("sys/quotas/config", {{"enable_rate_limit_response_headers", true}}));
        must(put("identity/entity", {{"name", "bob"}, {"metadata", {{"team", "a"}}}}));
        if (openbao()) {
            must(put("sys/namespaces/team", {{"custom_metadata", {{"k", "v"}}}}));
            must(in_namespace("PUT", "sys/mounts/inner", Json{{"type", "pki"}}));
            must(in_namespace("PUT", "inner/root/generate/internal",
                              Json{{"common_name", "inner"}, {"key_type", "ec"}}));
            must(in_namespace("PUT", "sys/policies/acl/inside",
                              Json{{"policy", R"(path "a" { capabilities = ["read"] })"}}));
        }
    }

    /// What a client sees, by the request that shows it.
    std::map<std::string, std::string> seen() {
        std::map<std::string, std::string> all;
        const auto note = [&](const std::string& name, Reply reply) {
            EXPECT_LT(reply.status, 300) << name << ": " << reply.body;
            if (reply.json.is_object()) {
                reply.json.erase("request_id");
                reply.body = reply.json.dump(1);
            }
            all[name] = fmt::format("{} {}", reply.status, reply.body);
        };
        for (const std::string path : {"sys/mounts",
                                       "sys/auth",
                                       "sys/mounts/int/tune",
                                       "sys/auth/c1/tune",
                                       "sys/policy/p",
                                       "sys/policies/acl/p",
                                       "sys/policies/acl/wide",
                                       "sys/health",
                                       "sys/seal-status",
                                       "sys/quotas/rate-limit/q",
                                       "sys/quotas/config",
                                       "sys/internal/ui/mounts",
                                       "auth/token/roles/tr",
                                       "auth/token/lookup-self",
                                       "auth/c1/config",
                                       "auth/c1/role/r",
                                       "identity/entity/name/bob",
                                       "pki/ca/pem",
                                       "pki/crl/pem",
                                       "pki/cert/ca",
                                       "pki/config/issuers",
                                       "int/config/keys",
                                       "int/config/urls",
                                       "int/config/crl",
                                       "int/config/auto-tidy",
                                       "int/roles/r",
                                       "int/issuer/default",
                                       "int/issuer/second",
                                       "int/key/k",
                                       "int/tidy-status",
                                       "int/crl/pem",
                                       "int/cert/crl"}) {
            note("GET " + path, get(path));
        }
        note("GET int/cert/revoked",
             get("int/cert/" + revoked["serial_number"].get<std::string>()));
        for (const std::string path :
             {"int/certs", "int/issuers", "int/keys", "int/roles", "pki/issuers",
              "auth/token/accessors", "sys/policies/acl", "sys/leases/lookup/int/issue/r",
              "identity/entity/id", "identity/entity-alias/id", "auth/c1/role"}) {
            note("LIST " + path, list(path));
        }
        for (const auto& token : {logged_in, parent, maker, child, of_role}) {
            note("lookup " + token, put("auth/token/lookup", {{"token", token}}));
        }
        note("cubbyhole", get("cubbyhole/secret", parent));
        note("wrapping", put("sys/wrapping/lookup", {{"token", wrapping}}));
        if (openbao()) {
            note("namespace", get("sys/namespaces/team"));
            for (const std::string path :
                 {"sys/mounts", "inner/ca/pem", "sys/policies/acl/inside"}) {
                note("team: " + path, in_namespace("GET", path));
            }
        }
        return all;
    }

    /// The saved fake's place is taken by what was read from the text of its state.
    void restore(std::uint64_t seed = 1) {
        const auto text = fake->save().dump();
        FakeVaultOptions options;
        options.product = product;
        options.seed = seed;
        auto restored = FakeVault::restored(Json::parse(text), options, clock, wire);
        ASSERT_TRUE(restored.has_value()) << restored.error().message;
        fake = std::move(*restored);
    }
    Result<std::unique_ptr<FakeVault>> try_restoring(const Json& state,
                                                     std::optional<Product> other = {}) {
        FakeVaultOptions options;
        options.product = other.value_or(product);
        return FakeVault::restored(state, options, clock, wire);
    }

    [[nodiscard]] static std::uint64_t number(const Reply& crl) {
        return require(crypto::Crl::from_pem(crl.body)).number().value_or(0);
    }

    const crypto::Key cluster_key = crypto::Key::generate(crypto::KeyType::p256);
    Json root, revoked, leased;
    std::string logged_in, parent, maker, child, of_role, gone, few, wrapping;
};
MESHPROOF_BOTH_PRODUCTS(SavedVault);

TEST_P(SavedVault, AnswersEveryReadAsBefore) {
    const auto before = seen();
    restore();
    EXPECT_EQ(seen(), before);
    restore(99);
    EXPECT_EQ(seen(), before);
    EXPECT_EQ(get("auth/token/lookup-self", gone).status, 403);
}

TEST_P(SavedVault, IsTheSameStateAgain) {
    auto before = fake->save();
    restore();
    auto after = fake->save();
    EXPECT_EQ(before["starts"], 0);
    EXPECT_EQ(after["starts"], 1);
    before.erase("starts");
    after.erase("starts");
    EXPECT_EQ(Json::diff(before, after), Json::array());
}

TEST_P(SavedVault, GoesOnIssuingAndRevoking) {
    const auto first = number(get("int/crl/pem"));
    must(put("int/revoke", {{"serial_number", issue("x.example")["serial_number"]}}));
    const auto before = number(get("int/crl/pem"));
    restore();
    const auto fresh = issue("c.example");
    EXPECT_NE(fresh["serial_number"], leased["serial_number"]);
    const auto chain =
        require(crypto::Certificate::from_pem(fresh["issuing_ca"].get<std::string>()));
    EXPECT_TRUE(require(crypto::Certificate::from_pem(fresh["certificate"].get<std::string>()))
                    .signed_by(chain));
    must(put("int/revoke", {{"serial_number", fresh["serial_number"]}}));
    const auto crl = get("int/crl/pem");
    EXPECT_GT(before, first);
    EXPECT_EQ(number(crl) - before, before - first);
    EXPECT_EQ(require(crypto::Crl::from_pem(crl.body)).entries().size(), 3U);
    // The lease of a certificate from before still ends in its revocation.
    const auto serial = leased["serial_number"].get<std::string>();
    must(put("sys/leases/revoke-prefix/int/issue/r"));
    EXPECT_NE(get("int/cert/" + serial).data()["revocation_time"], 0);
}

TEST_P(SavedVault, TokensGoOnAndEndAsTheyWould) {
    restore();
    EXPECT_EQ(must(put("auth/token/renew-self", Json::object(), logged_in))
                  .json["auth"]["lease_duration"],
              3600);
    EXPECT_NE(login(), logged_in);
    EXPECT_EQ(must(put("int/issue/r", {{"common_name", "d.example"}}, child)).status, 200);
    must(put("auth/token/revoke", {{"token", maker}}));
    EXPECT_EQ(get("auth/token/lookup-self", child).status, 403);
    for (int use = 0; use < 3; ++use) {
        EXPECT_EQ(get("auth/token/lookup-self", few).status, 200);
    }
    EXPECT_EQ(get("auth/token/lookup-self", few).status, 403);
    EXPECT_EQ(must(put("sys/wrapping/unwrap", {{"token", wrapping}})).data()["name"], "p");
    const auto other = token_with({"p"});
    EXPECT_EQ(put("auth/token/lookup", {{"token", other}}).data()["policies"],
              Json({"default", "p"}));
    pass(5h);
    EXPECT_EQ(get("auth/token/lookup-self", parent).status, 403);
    EXPECT_EQ(get("auth/token/lookup-self", logged_in).status, 403);
}

TEST_P(SavedVault, DrawsNewChanceAtEachStart) {
    const auto saved = fake->save();
    std::set<std::string> tokens;
    for (int start = 0; start < 3; ++start) {
        restore();
        EXPECT_TRUE(tokens.insert(token_with({"p"})).second);
    }
    EXPECT_TRUE(tokens.insert(parent).second);
}

TEST_P(SavedVault, SealAndSharesAreKept) {
    const auto keys = fake->unseal_keys();
    restore();
    EXPECT_FALSE(fake->sealed());
    EXPECT_EQ(fake->unseal_keys(), keys);
    EXPECT_EQ(fake->root_token(), Secret("root"));
    must(put("sys/seal"));
    must(put("sys/unseal", {{"key", keys[2].reveal()}}, ""));
    restore();
    EXPECT_TRUE(fake->sealed());
    EXPECT_EQ(get("sys/seal-status", "").json["progress"], 0);
    must(put("sys/unseal", {{"key", keys[0].reveal()}}, ""));
    EXPECT_EQ(must(put("sys/unseal", {{"key", keys[1].reveal()}}, "")).json["sealed"], false);
    EXPECT_EQ(get("auth/token/lookup-self").status, 200);
}

TEST_P(SavedVault, HalfAStateIsRefused) {
    const auto whole = fake->save();
    ASSERT_TRUE(try_restoring(whole).has_value());
    for (const auto& [name, value] : whole.items()) {
        auto half = whole;
        half.erase(name);
        const auto refused = try_restoring(half);
        ASSERT_FALSE(refused.has_value()) << name;
        EXPECT_NE(refused.error().message.find(name), std::string::npos) << refused.error().message;
    }
    auto wrong = whole;
    wrong["tokens"][0]["expires"] = "soon";
    EXPECT_FALSE(try_restoring(wrong).has_value());
    const auto refused = try_restoring(whole, openbao() ? Product::vault : Product::openbao);
    ASSERT_FALSE(refused.has_value());
    EXPECT_NE(refused.error().message.find("expected"), std::string::npos);
}

TEST_P(SavedVault, NobodysVaultComesBackUninitialised) {
    FakeVaultOptions options;
    options.initialised = false;
    start(options);
    restore();
    EXPECT_EQ(get("sys/init", "").json["initialized"], false);
    must(put("sys/init", {{"secret_shares", 1}, {"secret_threshold", 1}}, ""));
    restore();
    EXPECT_EQ(get("sys/init", "").json["initialized"], true);
    EXPECT_TRUE(fake->sealed());
}

}  // namespace meshproof::fakes::vault
