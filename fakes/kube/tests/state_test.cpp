// A FakeKube that is filled by requests, saved and restored answers as it did before.
#include "fixture.hpp"

namespace meshproof::fakes {
namespace {

class SavedKube : public Kube {
  protected:
    SavedKube() {
        create_account("app");
        create_pod("one", "app", {{"app", "one"}});
        token = token_of("app", {{"audiences", {"vault"}}, {"expirationSeconds", 7200}});
        EXPECT_EQ(call("POST", "/api/v1/namespaces",
                       Json{{"metadata", {{"name", "mesh"}, {"labels", {{"a", "b"}}}}}})
                      .status,
                  201);
        EXPECT_EQ(call("POST", secrets,
                       Json{{"metadata",
                             {{"name", "legacy"},
                              {"annotations", {{"kubernetes.io/service-account.name", "app"}}}}},
                            {"type", "kubernetes.io/service-account-token"}})
                      .status,
                  201);
        EXPECT_EQ(call("POST", bindings,
                       Json{{"metadata", {{"name", "reviewer"}}},
                            {"roleRef",
                             {{"apiGroup", "rbac.authorization.k8s.io"},
                              {"kind", "ClusterRole"},
                              {"name", "system:auth-delegator"}}},
                            {"subjects", Json::array({{{"kind", "ServiceAccount"},
                                                       {"name", "app"},
                                                       {"namespace", "default"}}})}})
                      .status,
                  201);
        EXPECT_EQ(call("DELETE", "/api/v1/namespaces/default/configmaps/kube-root-ca.crt").status,
                  200);
    }

    std::map<std::string, Json> seen() {
        std::map<std::string, Json> all;
        for (const std::string path :
             {"/api/v1/namespaces", "/api/v1/serviceaccounts", "/api/v1/secrets",
              "/api/v1/configmaps", "/api/v1/pods",
              "/apis/rbac.authorization.k8s.io/v1/clusterroles",
              "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", "/apis",
              "/.well-known/openid-configuration", "/openid/v1/jwks", "/api/v1/namespaces/mesh",
              "/api/v1/namespaces/default/secrets/legacy"}) {
            const auto answer = call("GET", path);
            EXPECT_EQ(answer.status, 200) << path;
            all[path] = answer.body;
        }
        all["review"] = review(token, {"vault"});
        return all;
    }
    void restore() {
        FakeKubeOptions options;  // RSA and another token, had it no state
        options.admin_token = Secret("another");
        options.ca_pem = "CA";
        auto restored = FakeKube::restored(Json::parse(kube->save().dump()), options, clock);
        ASSERT_TRUE(restored.has_value()) << restored.error().message;
        kube = std::move(*restored);
    }

    std::string token;
};

TEST_F(SavedKube, AnswersEveryReadAsBefore) {
    const auto before = seen();
    restore();
    EXPECT_EQ(seen(), before);
    restore();
    EXPECT_EQ(seen(), before);
}

TEST_F(SavedKube, VersionsAndIdsGoOn) {
    const auto before = create_account("x");
    restore();
    const auto after = create_account("y");
    const auto version = [](const Json& object) {
        return std::stoul(object["metadata"]["resourceVersion"].get<std::string>());
    };
    EXPECT_EQ(version(after), version(before) + 1);
    std::set<Json> uids{before["metadata"]["uid"], after["metadata"]["uid"]};
    restore();
    uids.insert(create_account("z")["metadata"]["uid"]);
    EXPECT_EQ(uids.size(), 3U);
}

TEST_F(SavedKube, WatchesFromBeforeAreTooOld) {
    const auto list = call("GET", accounts);
    create_account("x");
    const auto from = list.body["metadata"]["resourceVersion"].get<std::string>();
    restore();
    const auto watched = call("GET", accounts + "?watch=1&resourceVersion=" + from);
    EXPECT_TRUE(watched.status == 410 || watched.raw.source != nullptr);
    if (watched.raw.source) {
        const auto first = clock.run(watched.raw.source->next(clock));
        ASSERT_TRUE(first.has_value());
        EXPECT_EQ(Json::parse(*first)["object"]["code"], 410) << *first;
    }
}

TEST_F(SavedKube, TokensFromBeforeAndAfterAreReviewed) {
    restore();
    EXPECT_EQ(review(token, {"vault"})["authenticated"], true);
    EXPECT_EQ(review(token_of("app"))["authenticated"], true);
    // A bound token's account is removed: it ends.
    EXPECT_EQ(call("DELETE", accounts + "/app").status, 200);
    pass_time(11s);
    EXPECT_NE(review(token, {"vault"}).value("authenticated", false), true);
}

TEST_F(SavedKube, HalfAStateIsRefused) {
    const auto whole = kube->save();
    for (const auto& [name, value] : whole.items()) {
        auto half = whole;
        half.erase(name);
        const auto refused = FakeKube::restored(half, {}, clock);
        ASSERT_FALSE(refused.has_value()) << name;
        EXPECT_NE(refused.error().message.find(name), std::string::npos) << refused.error().message;
    }
    auto wrong = whole;
    wrong["objects"]["pods"][0]["metadata"].erase("name");
    EXPECT_FALSE(FakeKube::restored(wrong, {}, clock).has_value());
    wrong = whole;
    wrong["signing_key"] = "no key";
    EXPECT_FALSE(FakeKube::restored(wrong, {}, clock).has_value());
}

}  // namespace
}  // namespace meshproof::fakes
