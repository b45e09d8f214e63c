#include "fixture.hpp"

namespace meshproof::fakes {
namespace {

TEST_F(Kube, DiscoveryListsWhatThereIs) {
    EXPECT_EQ(call("GET", "/api").body["versions"], Json::array({"v1"}));
    EXPECT_EQ(call("GET", "/apis").body["groups"].size(), 7U);
    const auto core = call("GET", "/api/v1").body;
    EXPECT_TRUE(std::ranges::any_of(core["resources"], [](const Json& entry) {
        return entry["name"] == "serviceaccounts/token" && entry["kind"] == "TokenRequest";
    }));
    EXPECT_EQ(call("GET", "/apis/rbac.authorization.k8s.io/v1").body["groupVersion"],
              "rbac.authorization.k8s.io/v1");
    EXPECT_EQ(call("GET", "/apis/batch/v1").status, 404);
    const auto nothing = call("GET", "/nothing/here");
    EXPECT_EQ(nothing.status, 404);
    EXPECT_EQ(nothing.raw.body, "404 page not found\n");
    EXPECT_EQ(call("GET", "/readyz").raw.body, "ok");
    EXPECT_EQ(call("GET", "/version").body["gitVersion"], "v1.34.4");
    EXPECT_TRUE(call("GET", "/openapi/v3/api/v1")
                    .body["paths"]["/api/v1/namespaces/{namespace}/pods/{name}"]
                    .contains("patch"));
}

}  // namespace
}  // namespace meshproof::fakes
