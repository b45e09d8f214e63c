#include "fakes/vault/tests/harness.hpp"

namespace meshproof::fakes::vault {

class AuditDevices : public BothProducts {
  protected:
    void SetUp() override {
        BothProducts::SetUp();
        start();
    }
};
MESHPROOF_BOTH_PRODUCTS(AuditDevices);

TEST_P(AuditDevices, OnlyVaultTakesThemByItsApi) {
    EXPECT_EQ(get("sys/audit").data(), Json::object());
    const auto enabled =
        put("sys/audit/file", {{"type", "file"}, {"options", {{"file_path", "/tmp/audit"}}}});
    if (openbao()) {
        EXPECT_EQ(enabled.status, 400);
        EXPECT_TRUE(enabled.error().starts_with("cannot enable audit device via API"));
        EXPECT_EQ(get("sys/audit").data(), Json::object());
        return;
    }
    ASSERT_EQ(enabled.status, 204);
    const auto all = get("sys/audit").json;
    EXPECT_EQ(all["file/"], all["data"]["file/"]);
    EXPECT_EQ(all["file/"]["options"], (Json{{"file_path", "/tmp/audit"}}));
    for (const auto* taken : {"file", "file/in"}) {
        EXPECT_EQ(put(std::string("sys/audit/") + taken, {{"type", "nope"}}).error(),
                  "path already in use");
    }
    EXPECT_EQ(put("sys/audit/x", {{"type", "nope"}}).error(), "unknown backend type: \"nope\"");
    EXPECT_EQ(put("sys/audit/x", {{"type", "file"}}).error(), "file_path is required");
    const auto hash = put("sys/audit-hash/file", {{"input", "x"}}).data()["hash"];
    EXPECT_EQ(put("sys/audit-hash/file", {{"input", "x"}}).data()["hash"], hash);
    EXPECT_NE(put("sys/audit-hash/file", {{"input", "y"}}).data()["hash"], hash);
    EXPECT_EQ(remove("sys/audit/file").status, 204);
    EXPECT_EQ(get("sys/audit").data(), Json::object());
}

TEST_P(AuditDevices, AreTheRootNamespaces) {
    if (!openbao()) {
        return;  // has no others
    }
    put("sys/namespaces/team");
    const std::string header = "sys/config/auditing/request-headers/x";
    for (const auto& [method, path] : std::vector<std::pair<std::string, std::string>>{
             {"GET", "sys/audit"},
             {"PUT", "sys/audit/file"},
             {"DELETE", "sys/audit/file"},
             {"PUT", "sys/audit-hash/file"},
             {"GET", "sys/config/auditing/request-headers"},
             {"PUT", header},
             {"GET", header},
             {"DELETE", header}}) {
        const auto refused =
            ask({.method = method, .path = path, .headers = {{"X-Vault-Namespace", "team"}}});
        EXPECT_EQ(refused.status, 400) << method << " " << path;
        EXPECT_EQ(refused.error(), "operation only available in root namespace");
    }
}

TEST_P(AuditDevices, AreForThoseWithSudo) {
    policy("look", R"(path "sys/*" { capabilities = ["read", "update", "list"] })");
    const auto token = token_with({"look"});
    EXPECT_EQ(get("sys/audit", token).status, 403);
    EXPECT_EQ(put("sys/audit/file", {{"type", "file"}}, token).status, 403);
    EXPECT_EQ(get("sys/plugins/catalog", token).status, 200);
    EXPECT_EQ(list("sys/plugins/catalog/auth", token).status, 403);
    EXPECT_EQ(get("sys/plugins/catalog/secret/pki", token).status, 403);
}

TEST_P(AuditDevices, ThePluginCatalogHasWhatTheProductHas) {
    const auto all = get("sys/plugins/catalog").data();
    EXPECT_EQ(all["auth"], list("sys/plugins/catalog/auth").data()["keys"]);
    EXPECT_EQ(all["auth"].size(), openbao() ? 6U : 19U);
    EXPECT_EQ(all["detailed"].size(),
              all["auth"].size() + all["database"].size() + all["secret"].size());
    const auto kubernetes = get("sys/plugins/catalog/auth/kubernetes").data();
    EXPECT_EQ(kubernetes["version"], openbao() ? "v2.7.2+builtin.bao" : "v0.16.0+builtin");
    EXPECT_EQ(get("sys/plugins/catalog/auth/pki").status, 404);
    EXPECT_EQ(get("sys/plugins/catalog/auth").status, 405);
    if (!openbao()) {
        EXPECT_EQ(get("sys/plugins/catalog/auth/pcf").data()["deprecation_status"], "deprecated");
    }
}

}  // namespace meshproof::fakes::vault
