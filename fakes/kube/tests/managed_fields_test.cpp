// Who owns which field: managedFields as updates, applies and controllers leave them.
#include "fixture.hpp"

namespace meshproof::fakes {
namespace {

class Managers : public Kube {
  protected:
    const std::string maps = "/api/v1/namespaces/default/configmaps";

    static Json map(const std::string& name, Json data, Json metadata = Json::object()) {
        metadata["name"] = name;
        return {{"metadata", std::move(metadata)}, {"data", std::move(data)}};
    }
    Answer put(const std::string& name, Json data, Json metadata = Json::object()) {
        return call("PUT", maps + "/" + name + "?fieldManager=z",
                    map(name, std::move(data), std::move(metadata)));
    }
    Answer patch(const std::string& name, const Json& body) {
        return call("PATCH", maps + "/" + name + "?fieldManager=y", body, "admin",
                    "application/merge-patch+json");
    }
    Answer apply(const std::string& name, const Json& data, const std::string& more = "") {
        const Json config{{"apiVersion", "v1"}, {"kind", "ConfigMap"}, {"data", data}};
        return call("PATCH", maps + "/" + name + "?fieldManager=f" + more, config, "admin",
                    "application/apply-patch+yaml");
    }
};

bool has_managers(const Answer& answer) {
    return answer.body["metadata"].contains("managedFields");
}

Json fields_at(const Answer& answer, std::size_t entry) {
    return answer.body["metadata"]["managedFields"][entry]["fieldsV1"];
}

TEST_F(Managers, AreTakenAwayByAnEmptyList) {
    ASSERT_TRUE(has_managers(call("POST", maps, map("a", {{"a", "1"}}))));
    EXPECT_FALSE(has_managers(put("a", {{"a", "1"}}, {{"managedFields", Json::array()}})));
    EXPECT_FALSE(has_managers(put("a", {{"a", "2"}}))) << "an update begins no list";
    EXPECT_FALSE(has_managers(patch("a", {{"data", {{"b", "1"}}}})));
    ASSERT_TRUE(has_managers(call("POST", maps, map("b", {{"a", "1"}}))));
    EXPECT_FALSE(has_managers(patch("b", {{"metadata", {{"managedFields", Json::array()}}}})));
    ASSERT_TRUE(has_managers(call("POST", maps, map("c", {{"a", "1"}}))));
    EXPECT_FALSE(
        has_managers(put("c", {{"a", "2"}}, {{"managedFields", Json::array({Json::object()})}})));
}

TEST_F(Managers, ThatCannotBeReadAreAsGoodAsNone) {
    ASSERT_EQ(call("POST", maps, map("a", {{"a", "1"}})).status, 201);
    const auto kept =
        put("a", {{"a", "1"}}, {{"managedFields", Json::array({{{"manager", "m"}}})}});
    EXPECT_EQ(kept.body["metadata"]["managedFields"][0]["manager"], "unknown");
}

TEST_F(Managers, AreReadAsTheyAreWritten) {
    const auto owned = [&](Json set) {
        call("DELETE", maps + "/a");
        EXPECT_EQ(call("POST", maps, map("a", {{"a", "1"}})).status, 201);
        const Json entry{{"manager", "q"},
                         {"operation", "Update"},
                         {"apiVersion", "v1"},
                         {"fieldsType", "FieldsV1"},
                         {"fieldsV1", std::move(set)}};
        return put("a", {{"a", "1"}}, {{"managedFields", Json::array({entry})}});
    };
    const auto set = [&](const char* text) {
        return fields_at(owned(Json::parse(text)), 0).dump();
    };
    EXPECT_EQ(set(R"({"f:a":null,"f:b":[],"f:c":{".":1}})"), R"({"f:a":{},"f:b":{},"f:c":{}})");
    EXPECT_EQ(set(R"({"k:{}":{},"v:1":{},"i:0":{}})"), R"({"i:0":{},"k:{}":{},"v:1":{}})");
    EXPECT_FALSE(has_managers(owned({{".", Json::object()}})));
    const auto* const before = R"({"f:data":{".":{},"f:a":{}}})";
    for (const auto* unreadable :
         {R"({"a":{}})", R"({"f:a":1})", R"({"f:b":{"g":{}}})", R"({"v:x":{}})", R"({"i:x":{}})"}) {
        EXPECT_EQ(set(unreadable), before) << unreadable;
    }
}

TEST_F(Managers, KeepWhatWasNeverThere) {
    ASSERT_EQ(call("POST", maps, map("a", {{"a", "1"}})).status, 201);
    const Json entry{
        {"manager", "q"},
        {"operation", "Update"},
        {"apiVersion", "v1"},
        {"fieldsType", "FieldsV1"},
        {"fieldsV1", {{"f:data", {{"f:a", Json::object()}, {"f:b", Json::object()}}}}}};
    EXPECT_EQ(
        fields_at(put("a", {{"a", "1"}}, {{"managedFields", Json::array({entry})}}), 0).dump(),
        R"({"f:data":{"f:a":{},"f:b":{}}})");
    EXPECT_EQ(fields_at(patch("a", {{"data", {{"a", nullptr}, {"c", "1"}}}}), 0).dump(),
              R"({"f:data":{"f:b":{}}})");
}

TEST_F(Managers, OwnWhenAnObjectGoesUntilAnUpdateLeavesItOut) {
    const std::string roles = "/apis/rbac.authorization.k8s.io/v1/namespaces/default/roles/";
    const auto put_role = [&](Json metadata, const std::string& more = "") {
        metadata["name"] = "r";
        return call("PUT", roles + "r" + more, Json{{"metadata", std::move(metadata)}});
    };
    const Json grace{{"deletionGracePeriodSeconds", 10}};
    const auto* const owned = R"({"f:metadata":{"f:deletionGracePeriodSeconds":{}}})";
    const auto tried = put_role(grace, "?dryRun=All");
    EXPECT_EQ(tried.body["metadata"]["deletionGracePeriodSeconds"], 10) << tried.raw.body;
    const auto made = put_role(grace);
    EXPECT_EQ(made.status, 201) << made.raw.body;
    EXPECT_EQ(made.body["metadata"]["deletionGracePeriodSeconds"], 10);
    EXPECT_EQ(fields_at(made, 0).dump(), owned);
    EXPECT_EQ(put_role({{"deletionGracePeriodSeconds", 9}}).status, 422);
    EXPECT_EQ(fields_at(put_role(grace, "?fieldManager=o"), 0).dump(), owned);
    const auto later = put_role(Json::object(), "?fieldManager=o");
    EXPECT_EQ(later.body["metadata"]["deletionGracePeriodSeconds"], 10) << later.raw.body;
    EXPECT_FALSE(has_managers(later)) << later.raw.body;
    const Json config{{"apiVersion", "v1"},
                      {"kind", "ConfigMap"},
                      {"metadata", {{"name", "m"}, {"deletionGracePeriodSeconds", 5}}}};
    const auto applied =
        call("PATCH", maps + "/m?fieldManager=f", config, "admin", "application/apply-patch+yaml");
    EXPECT_EQ(applied.body["metadata"]["deletionGracePeriodSeconds"], 5) << applied.raw.body;
    const auto posted = call("POST", maps, map("p", Json::object(), grace));
    EXPECT_FALSE(posted.body["metadata"].contains("deletionGracePeriodSeconds"));
}

TEST_F(Managers, BeginWithTheFirstApply) {
    call("POST", maps, map("a", {{"a", "1"}}));
    put("a", {{"a", "1"}}, {{"managedFields", Json::array()}});
    const auto refused = apply("a", {{"a", "2"}});
    EXPECT_EQ(refused.body["message"],
              "Apply failed with 1 conflict: conflict with \"before-first-apply\" using v1: "
              ".data.a");
    const auto forced = apply("a", {{"a", "2"}}, "&force=true");
    ASSERT_EQ(forced.body["metadata"]["managedFields"].size(), 2U) << forced.raw.body;
    EXPECT_EQ(fields_at(forced, 0), (Json{{"f:data", {{"f:a", Json::object()}}}}));
    EXPECT_EQ(fields_at(forced, 1), (Json{{"f:data", Json::object()}}));
    EXPECT_TRUE(has_managers(put("a", {{"a", "3"}})));
}

TEST_F(Managers, OfAnEmptyObjectAreNone) {
    create_account("app");
    const auto labelled =
        call("PATCH", accounts + "/app", Json{{"metadata", {{"labels", {{"a", "b"}}}}}}, "admin",
             "application/merge-patch+json");
    EXPECT_EQ(labelled.body["metadata"]["labels"]["a"], "b");
    EXPECT_FALSE(has_managers(labelled));
}

TEST_F(Managers, OwnNewListsAndPointersThemselves) {
    const auto held =
        call("POST", maps, map("a", {{"a", "1"}}, {{"finalizers", Json::array({"a.b/c"})}}));
    EXPECT_TRUE(fields_at(held, 0)["f:metadata"]["f:finalizers"].contains("."));
    const auto containers = fields_at(
        call("POST", pods,
             Json{{"metadata", {{"name", "p"}}},
                  {"spec", {{"containers", Json::array({{{"name", "app"}, {"image", "app"}}})}}}}),
        0);
    EXPECT_FALSE(containers["f:spec"]["f:containers"].contains("."));
    EXPECT_FALSE(containers["f:spec"].contains("."));
    const auto access =
        call("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
             Json{{"spec", {{"nonResourceAttributes", {{"path", "/"}, {"verb", "get"}}}}}});
    EXPECT_TRUE(fields_at(access, 0)["f:spec"]["f:nonResourceAttributes"].contains("."));
}

TEST_F(Managers, OwnSelectorsWhole) {
    const Json spec{{"containers", Json::array({{{"name", "app"}, {"image", "app"}}})},
                    {"nodeSelector", {{"a", "b"}, {"c", "d"}}},
                    {"resources", {{"unknown", "x"}}}};
    const auto pod = call("POST", pods, Json{{"metadata", {{"name", "p"}}}, {"spec", spec}});
    const auto owned = fields_at(pod, 0)["f:spec"];
    EXPECT_EQ(owned["f:nodeSelector"], Json::object()) << owned.dump();
    EXPECT_EQ(owned["f:resources"], Json::object()) << "a pod's are a pointer: " << owned.dump();
    const auto service = [&](const char* manager, const Json& selector) {
        const Json config{{"apiVersion", "v1"},
                          {"kind", "Service"},
                          {"metadata", {{"name", "s"}}},
                          {"spec", {{"clusterIP", "None"}, {"selector", selector}}}};
        return call(
            "PATCH",
            std::string("/api/v1/namespaces/default/services/s?force=true&fieldManager=") + manager,
            config, "admin", "application/apply-patch+yaml");
    };
    EXPECT_EQ(service("one", {{"a", "b"}}).status, 201);
    const auto taken = service("two", {{"c", "d"}});
    EXPECT_EQ(taken.body["spec"]["selector"], (Json{{"c", "d"}})) << "it is one value";
    EXPECT_EQ(fields_at(taken, 1)["f:spec"]["f:selector"], Json::object()) << taken.raw.body;
}

TEST_F(Managers, HaveTheTimeOfTheirLastChange) {
    call("POST", maps, map("a", {{"a", "1"}}));
    const auto entry = [](const Answer& answer) {
        EXPECT_EQ(answer.status, 200) << answer.raw.body;
        return answer.body["metadata"]["managedFields"][0];
    };
    const auto first = apply("a", {{"a", "1"}});
    EXPECT_EQ(entry(first)["operation"], "Apply");
    EXPECT_FALSE(entry(first).contains("time")) << "it changed nothing";
    pass_time(5s);
    const auto again = apply("a", {{"a", "1"}});
    EXPECT_EQ(again.body["metadata"], first.body["metadata"]);
    const auto changed = apply("a", {{"a", "1"}, {"b", "2"}});
    EXPECT_EQ(entry(changed)["time"], rfc3339(clock.now()));
    pass_time(5s);
    call("PATCH", maps + "/a?fieldManager=y", Json{{"data", {{"c", "3"}}}}, "admin",
         "application/merge-patch+json");
    const auto joined = apply("a", {{"a", "1"}, {"b", "2"}, {"c", "3"}});
    EXPECT_EQ(entry(joined)["time"], entry(changed)["time"]) << "it owns more, and nothing changed";
    EXPECT_TRUE(entry(joined)["fieldsV1"]["f:data"].contains("f:c"));
    const auto less = apply("a", {{"a", "1"}});
    EXPECT_EQ(entry(less)["time"], rfc3339(clock.now())) << less.raw.body;
}

TEST_F(Managers, AreInOrder) {
    call("POST", maps + "?fieldManager=first", map("a", {{"a", "1"}}));
    pass_time(5s);
    call("PATCH", maps + "/a?fieldManager=a", Json{{"data", {{"b", "1"}}}}, "admin",
         "application/merge-patch+json");
    pass_time(5s);
    const auto applied = apply("a", {{"c", "1"}});
    std::vector<std::string> names;
    for (const auto& entry : applied.body["metadata"]["managedFields"]) {
        names.push_back(entry["manager"]);
    }
    EXPECT_EQ(names, (std::vector<std::string>{"f", "first", "a"}));
}

TEST_F(Managers, OfWhatTheClusterMakesAreItsComponents) {
    const auto manager = [&](const std::string& path) {
        const auto object = call("GET", path).body;
        return object["metadata"].contains("managedFields")
                   ? object["metadata"]["managedFields"][0].value("manager", "")
                   : "";
    };
    EXPECT_EQ(manager(maps + "/kube-root-ca.crt"), "kube-controller-manager");
    EXPECT_EQ(manager("/api/v1/namespaces/default"), "kube-apiserver");
    EXPECT_EQ(manager("/apis/rbac.authorization.k8s.io/v1/clusterroles/view"), "kube-apiserver");
    call("POST", "/api/v1/namespaces?fieldManager=me", Json{{"metadata", {{"name", "team"}}}});
    EXPECT_EQ(manager("/api/v1/namespaces/team"), "me");
    const Json labels{{"app", "a"}};
    const Json deployment{
        {"metadata", {{"name", "d"}}},
        {"spec",
         {{"replicas", 1},
          {"selector", {{"matchLabels", labels}}},
          {"template",
           {{"metadata", {{"labels", labels}}},
            {"spec", {{"containers", Json::array({{{"name", "app"}, {"image", "app"}}})}}}}}}}};
    ASSERT_EQ(call("POST", "/apis/apps/v1/namespaces/default/deployments", deployment).status, 201);
    const auto pod = call("GET", pods).body["items"][0];
    const auto& entry = pod["metadata"]["managedFields"][0];
    EXPECT_EQ(entry["manager"], "kube-controller-manager");
    EXPECT_FALSE(entry["fieldsV1"].contains("f:status"));
    EXPECT_FALSE(entry["fieldsV1"]["f:spec"].contains("f:tolerations"));
    const auto scaled =
        call("PATCH", "/apis/apps/v1/namespaces/default/deployments/d/scale?fieldManager=me",
             Json{{"spec", {{"replicas", 2}}}}, "admin", "application/merge-patch+json");
    EXPECT_EQ(scaled.status, 200);
    const auto now = call("GET", "/apis/apps/v1/namespaces/default/deployments/d").body;
    const bool noted = std::ranges::any_of(now["metadata"]["managedFields"], [](const Json& one) {
        return one["manager"] == "me" && one.value("subresource", "") == "scale";
    });
    EXPECT_TRUE(noted) << now.dump();
}

TEST_F(Managers, OfATokenRequestAreTold) {
    create_account("app");
    const auto made =
        call("POST", accounts + "/app/token?fieldManager=f",
             Json{{"metadata", {{"labels", {{"c", "d"}}}}}, {"spec", Json::object()}});
    ASSERT_EQ(made.status, 201) << made.raw.body;
    EXPECT_EQ(made.body["metadata"]["labels"]["c"], "d");
    const auto& entry = made.body["metadata"]["managedFields"][0];
    EXPECT_EQ(entry["manager"], "f");
    EXPECT_EQ(entry["subresource"], "token");
    EXPECT_EQ(entry["apiVersion"], "authentication.k8s.io/v1");
    EXPECT_TRUE(entry["fieldsV1"]["f:spec"].contains("f:expirationSeconds"));
}

}  // namespace
}  // namespace meshproof::fakes
