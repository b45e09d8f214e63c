#include "fakes/vault/tests/harness.hpp"

namespace meshproof::fakes::vault {

class ApiDescription : public BothProducts {
  protected:
    void SetUp() override {
        BothProducts::SetUp();
        start();
        ASSERT_EQ(put("sys/mounts/ca/one", {{"type", "pki"}}).status, 204);
        ASSERT_EQ(put("sys/auth/k", {{"type", "kubernetes"}}).status, 204);
        ASSERT_EQ(put("sys/auth/ar", {{"type", "approle"}}).status, 204);
    }
    /// The path's item; null where it is not described.
    static Json item_of(const Json& document, const std::string& path) {
        return document.at("paths").value(path, Json());
    }
};
MESHPROOF_BOTH_PRODUCTS(ApiDescription);

TEST_P(ApiDescription, NamesThePathsOfEveryMount) {
    const auto told = get("sys/internal/specs/openapi");
    ASSERT_EQ(told.status, 200) << told.body;
    const auto& document = told.json;
    EXPECT_EQ(document["openapi"], "3.0.2");
    EXPECT_EQ(document["info"]["title"], openbao() ? "OpenBao API" : "HashiCorp Vault API");
    EXPECT_EQ(document["info"]["version"], openbao() ? "2.7.2" : "1.14.1");
    const auto role = item_of(document, "/ca/one/roles/{name}");
    for (const auto* method : {"get", "post", "delete"}) {
        EXPECT_TRUE(role.contains(method)) << method;
    }
    EXPECT_EQ(role["parameters"][0]["name"], "name");
    EXPECT_EQ(role["parameters"][0]["in"], "path");
    const auto& schema = role["post"]["requestBody"]["content"]["application/json"]["schema"];
    EXPECT_EQ(schema["properties"]["max_ttl"]["format"], "seconds");
    EXPECT_EQ(schema["properties"]["allowed_domains"]["type"], "array");
    const auto roles = item_of(document, "/ca/one/roles");
    EXPECT_EQ(roles["get"]["parameters"][0]["name"], "list");
    EXPECT_EQ(roles["get"]["parameters"][0]["required"], true);
    EXPECT_EQ(item_of(document, "/ca/one/ca/pem")["x-vault-unauthenticated"], true);
    EXPECT_EQ(item_of(document, "/auth/k/login")["x-vault-unauthenticated"], true);
    EXPECT_EQ(item_of(document, "/sys/unseal")["x-vault-unauthenticated"], true);
    EXPECT_FALSE(item_of(document, "/sys/seal").contains("x-vault-unauthenticated"));
    EXPECT_EQ(item_of(document, "/auth/ar/role/{role_name}")["get"]["tags"], Json::array({"auth"}));
    for (const auto* path : {"/sys/health", "/sys/mounts/{path}", "/auth/token/lookup-self",
                             "/identity/entity/id/{id}", "/cubbyhole/{path}"}) {
        EXPECT_FALSE(item_of(document, path).is_null()) << path;
    }
    EXPECT_EQ(item_of(document, "/sys/remount")["x-vault-sudo"], true);
    // Refused by name, and no path of theirs.
    EXPECT_FALSE(document["paths"].contains("/sys/mounts/"));
}

TEST_P(ApiDescription, IsOfWhatTheCallerIsShown) {
    policy("ca", "path \"ca/one/roles/*\" { capabilities = [\"read\"] }");
    const auto some = get("sys/internal/specs/openapi", token_with({"ca"})).json;
    EXPECT_FALSE(item_of(some, "/ca/one/roles/{name}").is_null());
    EXPECT_TRUE(item_of(some, "/auth/k/role/{name}").is_null());
    const auto nobody = get("sys/internal/specs/openapi", "");
    EXPECT_EQ(nobody.status, 200);
    EXPECT_EQ(nobody.json["paths"], Json::object());
    EXPECT_EQ(get("sys/internal/specs/openapi", "s.nobody").status, 403);
}

}  // namespace meshproof::fakes::vault
