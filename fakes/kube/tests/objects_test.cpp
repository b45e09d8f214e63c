#include "fixture.hpp"

namespace meshproof::fakes {
namespace {

TEST_F(Kube, NamespacesBringTheirAccountAndCa) {
    for (const auto* name : {"default", "kube-system", "istio-system"}) {
        EXPECT_EQ(call("GET", std::string("/api/v1/namespaces/") + name).status, 200);
    }
    const auto made = call("POST", "/api/v1/namespaces",
                           Json{{"metadata", {{"name", "team"}, {"labels", {{"a", "b"}}}}}});
    EXPECT_EQ(made.status, 201);
    EXPECT_EQ(made.body["status"]["phase"], "Active");
    EXPECT_EQ(made.body["metadata"]["labels"]["kubernetes.io/metadata.name"], "team");
    EXPECT_EQ(call("GET", "/api/v1/namespaces/team/serviceaccounts/default").status, 200);
    EXPECT_EQ(
        call("GET", "/api/v1/namespaces/team/configmaps/kube-root-ca.crt").body["data"]["ca.crt"],
        "CA");
    EXPECT_EQ(call("DELETE", "/api/v1/namespaces/team/configmaps/kube-root-ca.crt").status, 200);
    EXPECT_EQ(call("GET", "/api/v1/namespaces/team/configmaps/kube-root-ca.crt").status, 200)
        << "its controller publishes it again";
    EXPECT_EQ(call("GET", "/api/v1/namespaces?labelSelector=a%3Db").body["items"].size(), 1U);
    EXPECT_EQ(call("POST", "/api/v1/namespaces", Json{{"metadata", {{"name", "team"}}}}).status,
              409);
    EXPECT_EQ(call("DELETE", "/api/v1/namespaces/team").body["status"]["phase"], "Terminating");
    EXPECT_EQ(call("GET", "/api/v1/namespaces/team").status, 404);
    EXPECT_EQ(call("GET", "/api/v1/namespaces/team/serviceaccounts/default").status, 404);
    EXPECT_EQ(
        call("POST", "/api/v1/namespaces/team/serviceaccounts", Json{{"metadata", {{"name", "x"}}}})
            .status,
        404);
}

TEST_F(Kube, StatusSaysWhatWasWrong) {  // wire contract 163
    const auto absent = call("GET", secrets + "/x");
    EXPECT_EQ(absent.status, 404);
    EXPECT_EQ(absent.body, (Json{{"kind", "Status"},
                                 {"apiVersion", "v1"},
                                 {"metadata", Json::object()},
                                 {"status", "Failure"},
                                 {"message", "secrets \"x\" not found"},
                                 {"reason", "NotFound"},
                                 {"details", {{"name", "x"}, {"kind", "secrets"}}},
                                 {"code", 404}}));
    create_account("app");
    const auto again = call("POST", accounts, Json{{"metadata", {{"name", "app"}}}});
    EXPECT_EQ(again.status, 409);
    EXPECT_EQ(again.body["message"], "serviceaccounts \"app\" already exists");
    EXPECT_EQ(again.body["reason"], "AlreadyExists");
    EXPECT_EQ(call("POST", accounts, Json{{"metadata", {{"name", "Bad_Name"}}}}).status, 422);
    EXPECT_EQ(call("POST", accounts, Json::object()).status, 422);
    EXPECT_EQ(
        call("POST", accounts, Json{{"metadata", {{"name", "x"}, {"namespace", "y"}}}}).status,
        400);
    EXPECT_EQ(call("POST", accounts, Json{{"metadata", {{"name", 5}, {"labels", 7}}}}).status, 400);
    EXPECT_EQ(call("POST", accounts, Json::array()).status, 400);
    EXPECT_EQ(call("POST", accounts, Json{{"kind", "Pod"}}).status, 400);
    EXPECT_EQ(call("POST", accounts, Json::object(), "admin", "text/plain").status, 415);
    EXPECT_EQ(
        call("PATCH", accounts + "/app", Json::object(), "admin", "application/apply-patch+yaml")
            .status,
        422);  // no fieldManager
    EXPECT_EQ(call("POST", "/api/v1/pods", Json::object()).status, 405);
    EXPECT_EQ(call("GET", "/api/v1/unheardof").status, 404);
}

TEST_F(Kube, GeneratesNamesAndKeepsCountOfVersions) {
    const auto one = call("POST", accounts, Json{{"metadata", {{"generateName", "app-"}}}}).body;
    const auto two = call("POST", accounts, Json{{"metadata", {{"generateName", "app-"}}}}).body;
    const auto name = one["metadata"]["name"].get<std::string>();
    EXPECT_EQ(name.size(), 9U);
    EXPECT_TRUE(name.starts_with("app-"));
    EXPECT_NE(name, two["metadata"]["name"].get<std::string>());
    EXPECT_NE(one["metadata"]["uid"], two["metadata"]["uid"]);
    EXPECT_EQ(one["metadata"]["creationTimestamp"], rfc3339(clock.now()));
    EXPECT_LT(std::stoull(one["metadata"]["resourceVersion"].get<std::string>()),
              std::stoull(two["metadata"]["resourceVersion"].get<std::string>()));
}

TEST_F(Kube, ReplacesUnderTheVersionThatWasRead) {
    auto secret =
        call("POST", secrets, Json{{"metadata", {{"name", "s"}}}, {"stringData", {{"k", "v"}}}})
            .body;
    EXPECT_EQ(secret["type"], "Opaque");
    EXPECT_EQ(secret["data"]["k"], "dg==");
    EXPECT_FALSE(secret.contains("stringData"));
    auto next = secret;
    next["data"]["k"] = "dw==";
    const auto replaced = call("PUT", secrets + "/s", next);
    EXPECT_EQ(replaced.status, 200);
    EXPECT_EQ(replaced.body["metadata"]["uid"], secret["metadata"]["uid"]);
    const auto stale = call("PUT", secrets + "/s", next);
    EXPECT_EQ(stale.status, 409);
    EXPECT_EQ(stale.body["reason"], "Conflict");
    EXPECT_EQ(
        stale.body["message"],
        "Operation cannot be fulfilled on secrets \"s\": the object has been modified; please "
        "apply your changes to the latest version and try again");
    next = replaced.body;
    EXPECT_EQ(call("PUT", secrets + "/s", next).body["metadata"]["resourceVersion"],
              next["metadata"]["resourceVersion"])
        << "nothing changed, so no new version";
    next["type"] = "other";
    EXPECT_EQ(call("PUT", secrets + "/s", next).status, 422);
    const auto gone = call("DELETE", secrets + "/s");
    EXPECT_EQ(gone.body["status"], "Success");
    EXPECT_EQ(gone.body["details"]["name"], "s");
    EXPECT_EQ(call("PUT", secrets + "/s", secret).status, 404);
    EXPECT_EQ(
        call("POST", secrets, Json{{"metadata", {{"name", "t"}}}, {"data", {{"k", "!"}}}}).status,
        400);
}

TEST_F(Kube, ListsByPagesAndSelectors) {  // 189
    for (const auto* name : {"a", "b", "c"}) {
        create_pod(name, "default", {{"app", name}, {"tier", "front"}});
    }
    const auto all = call("GET", pods);
    EXPECT_EQ(all.body["kind"], "PodList");
    ASSERT_EQ(all.body["items"].size(), 3U);
    EXPECT_FALSE(all.body["items"][0].contains("kind"));
    const auto count = [&](const std::string& query) {
        return call("GET", pods + "?" + query).body["items"].size();
    };
    EXPECT_EQ(count("labelSelector=app%3Da"), 1U);
    EXPECT_EQ(count("labelSelector=app+in+(a,b),tier%3D%3Dfront"), 2U);
    EXPECT_EQ(count("labelSelector=app+notin+(a)"), 2U);
    EXPECT_EQ(count("labelSelector=app!%3Da"), 2U);
    EXPECT_EQ(count("labelSelector=!app"), 0U);
    EXPECT_EQ(count("fieldSelector=metadata.name%3Db"), 1U);
    EXPECT_EQ(count("fieldSelector=metadata.name!%3Db"), 2U);
    EXPECT_EQ(call("GET", pods + "?labelSelector=a+within+(b)").status, 400);
    const auto page = call("GET", pods + "?limit=2");
    ASSERT_EQ(page.body["items"].size(), 2U);
    EXPECT_EQ(page.body["metadata"]["remainingItemCount"], 1);
    const auto rest = call(
        "GET", pods + "?limit=2&continue=" + page.body["metadata"]["continue"].get<std::string>());
    ASSERT_EQ(rest.body["items"].size(), 1U);
    EXPECT_EQ(rest.body["items"][0]["metadata"]["name"], "c");
    EXPECT_FALSE(rest.body["metadata"].contains("continue"));
    EXPECT_EQ(call("GET", pods + "?continue=nonsense").status, 400);
    EXPECT_EQ(call("DELETE", pods + "?labelSelector=app%3Da").status, 200);
    EXPECT_EQ(count(""), 2U);
}

TEST_F(Kube, PodsAreBoundRunAndLeave) {
    auto pod = create_pod("p", "default");
    EXPECT_EQ(pod["status"]["phase"], "Pending");
    const Json binding = {{"metadata", {{"name", "p"}}},
                          {"target", {{"kind", "Node"}, {"name", "n1"}}}};
    EXPECT_EQ(call("POST", pods + "/p/binding", binding).status, 201);
    EXPECT_EQ(call("POST", pods + "/p/binding", binding).status, 409);
    const Json ready = {{"status",
                         {{"phase", "Running"},
                          {"conditions", Json::array({{{"type", "Ready"}, {"status", "True"}}})}}}};
    EXPECT_EQ(
        call("PATCH", pods + "/p/status", ready, "admin", "application/strategic-merge-patch+json")
            .status,
        200);
    pod = call("GET", pods + "/p").body;
    EXPECT_EQ(pod["spec"]["nodeName"], "n1");
    EXPECT_EQ(pod["status"]["phase"], "Running");
    EXPECT_EQ(pod["status"]["conditions"].size(), 2U) << "joined with PodScheduled by type";
    EXPECT_EQ(call("PATCH", pods + "/p", Json{{"status", {{"phase", "Failed"}}}}, "admin",
                   "application/merge-patch+json")
                  .body["status"]["phase"],
              "Running")
        << "the status has its own subresource";
    EXPECT_EQ(call("PATCH", pods + "/p/status", ready, "admin", "application/merge-patch+json")
                  .body["status"]["conditions"]
                  .size(),
              1U)
        << "a merge patch replaces lists";

    EXPECT_TRUE(call("DELETE", pods + "/p").body["metadata"].contains("deletionTimestamp"));
    EXPECT_EQ(call("GET", pods + "/p").status, 200) << "its kubelet has the last word";
    EXPECT_EQ(call("DELETE", pods + "/p", Json{{"gracePeriodSeconds", 0}}).status, 200);
    EXPECT_EQ(call("GET", pods + "/p").status, 404);
    EXPECT_EQ(call("POST", pods, Json{{"metadata", {{"name", "q"}}}}).status, 422);
}

TEST_F(Kube, DeletesUnderAPreconditionAndDryRuns) {
    create_account("app");
    EXPECT_EQ(call("DELETE", accounts + "/app", Json{{"preconditions", {{"uid", "0"}}}}).status,
              409);
    EXPECT_EQ(call("DELETE", accounts + "/app?dryRun=All").status, 200);
    EXPECT_EQ(call("GET", accounts + "/app").status, 200);
    EXPECT_EQ(call("POST", accounts + "?dryRun=All", Json{{"metadata", {{"name", "x"}}}}).status,
              201);
    EXPECT_EQ(call("GET", accounts + "/x").status, 404);
}

TEST_F(Kube, ShowsWhatATriedDeletionOfAPodWouldLeave) {
    const Json app{{"name", "app"}, {"image", "app"}};
    const Json pod{
        {"metadata", {{"name", "p"}}},
        {"spec", {{"serviceAccountName", "default"}, {"containers", Json::array({app})}}}};
    ASSERT_EQ(call("POST", pods, pod).status, 201);
    const auto shown = [this](Json options) {
        options["dryRun"] = Json::array({"All"});
        return call("DELETE", pods + "/p", options).body["metadata"];
    };
    const auto now = rfc3339(clock.now());
    const auto unbound = shown({{"gracePeriodSeconds", 7}});
    EXPECT_EQ(unbound["deletionTimestamp"], now) << "no kubelet has to stop it";
    EXPECT_EQ(unbound["deletionGracePeriodSeconds"], 0);
    EXPECT_EQ(unbound["generation"], 2);
    EXPECT_EQ(shown({{"propagationPolicy", "Foreground"}})["finalizers"],
              Json::array({"foregroundDeletion"}));
    ASSERT_EQ(call("POST", pods + "/p/binding",
                   Json{{"metadata", {{"name", "p"}}}, {"target", {{"name", "node"}}}})
                  .status,
              201);
    const auto bound = shown({{"gracePeriodSeconds", 7}});
    EXPECT_EQ(bound["deletionTimestamp"], rfc3339(clock.now() + 7s));
    EXPECT_EQ(bound["deletionGracePeriodSeconds"], 7);
    EXPECT_EQ(shown(Json::object())["deletionGracePeriodSeconds"], 30);
    EXPECT_FALSE(call("GET", pods + "/p").body["metadata"].contains("deletionTimestamp"));
    // Told again, its shorter time counts from the first telling.
    const auto first = clock.now();
    EXPECT_EQ(call("DELETE", pods + "/p").status, 200);
    pass_time(5s);
    EXPECT_EQ(call("DELETE", pods + "/p", Json{{"gracePeriodSeconds", 20}})
                  .body["metadata"]["deletionTimestamp"],
              rfc3339(first + 20s));
}

TEST_F(Kube, TriesCreationsWithoutItsStorage) {
    const std::string maps = "/api/v1/namespaces/default/configmaps";
    const std::string roles = "/apis/rbac.authorization.k8s.io/v1/namespaces/default/roles";
    const auto versioned = [](const char* name, const char* version) {
        return Json{{"metadata", {{"name", name}, {"resourceVersion", version}}}};
    };
    ASSERT_EQ(call("POST", maps, Json{{"metadata", {{"name", "m"}}}}).status, 201);
    EXPECT_EQ(call("POST", maps, versioned("m", "5")).status, 500);
    EXPECT_EQ(call("POST", maps + "?dryRun=All", versioned("m", "5")).status, 409);
    for (const auto* version : {"5", "x"}) {
        const auto tried = call("POST", maps + "?dryRun=All", versioned("n", version));
        EXPECT_EQ(tried.status, 201) << tried.raw.body;
        EXPECT_EQ(tried.body["metadata"]["resourceVersion"], version);
    }
    EXPECT_EQ(call("PUT", roles + "/r?dryRun=All", versioned("r", "5"))
                  .body["metadata"]["resourceVersion"],
              "5");
    Json large{{"metadata", {{"name", "r"}}}};
    large["rules"] = Json::array({{{"apiGroups", Json::array({""})},
                                   {"resources", Json::array({"pods"})},
                                   {"verbs", Json::array({"get"})},
                                   {"resourceNames", Json::array({std::string(1'700'000, 'x')})}}});
    EXPECT_EQ(call("POST", roles, large).status, 500);
    EXPECT_EQ(call("POST", roles + "?dryRun=All", large).status, 201);
}

TEST_F(Kube, MergesListsStrategically) {
    create_account("app");
    const auto finalizers = [](int from, int to) {
        Json names = Json::array();
        for (int i = from; i < to; ++i) {
            names.push_back(fmt::format("example.com/{}", i));
        }
        return Json{{"metadata", {{"finalizers", names}}}};
    };
    const auto patch = [this](const Json& body) {
        return call("PATCH", accounts + "/app", body, "admin",
                    "application/strategic-merge-patch+json");
    };
    // Each item looked for among all took this many seconds.
    EXPECT_EQ(patch(finalizers(0, 10'000)).status, 200);
    const auto merged = patch(finalizers(5'000, 15'000));
    EXPECT_EQ(merged.body["metadata"]["finalizers"],
              finalizers(0, 15'000)["metadata"]["finalizers"]);
    const auto less = patch(Json{{"metadata",
                                  {{"$deleteFromPrimitiveList/finalizers",
                                    finalizers(1, 15'000)["metadata"]["finalizers"]}}}});
    EXPECT_EQ(less.body["metadata"]["finalizers"], Json::array({"example.com/0"}));
    const auto secrets_of = [&patch](const Json& list) {
        return patch(Json{{"secrets", list}}).body["secrets"];
    };
    EXPECT_EQ(secrets_of({{{"name", "a"}}, {{"name", "b"}}, {{"name", "a"}}}),
              (Json{{{"name", "a"}}, {{"name", "b"}}}));
    EXPECT_EQ(secrets_of({{{"name", "a"}, {"$patch", "delete"}}, {{"name", "c"}}}),
              (Json{{{"name", "b"}}, {{"name", "c"}}}));
}

TEST_F(Kube, SurvivesNamesOfAnyLength) {
    // A matcher that goes back on its stack ended the process here.
    const std::string name(200'000, 'a');
    const std::string maps = "/api/v1/namespaces/default/configmaps";
    const auto status = [&](const std::string& path, const Json& metadata, Json more = {}) {
        more["metadata"] = metadata;
        return call("POST", path, more).status;
    };
    EXPECT_EQ(status(maps, {{"name", "m"}}, {{"data", {{name + "!", "v"}}}}), 422);
    EXPECT_EQ(status(maps, {{"name", "m"}, {"labels", {{"A" + name + "/x", "v"}}}}), 422);
    EXPECT_EQ(status(maps, {{"name", "m"}, {"annotations", {{name + "-/x", "v"}}}}), 422);
    EXPECT_EQ(status(maps, {{"name", "m"}, {"finalizers", Json::array({name + "./x"})}}), 422);
    EXPECT_EQ(status(maps, {{"name", name}}), 422);
    const Json containers = Json::array({{{"name", name + "-"}, {"image", "app"}}});
    EXPECT_EQ(status(pods, {{"name", "p"}}, {{"spec", {{"containers", containers}}}}), 422);
}

TEST_F(Kube, TakesNoLargerObjectsThanTheServer) {
    const std::string maps = "/api/v1/namespaces/default/configmaps";
    const auto make = [this](const std::string& path, const Json& data) {
        return call("POST", path, Json{{"metadata", {{"name", "m"}}}, {"data", data}});
    };
    const std::string limit(1U << 20, 'x');
    const auto long_map = make(maps, {{"a", limit}, {"b", "x"}});
    EXPECT_EQ(long_map.status, 422);
    EXPECT_EQ(long_map.body["details"]["causes"][0]["reason"], "FieldValueTooLong");
    EXPECT_EQ(make(secrets, {{"a", to_base64(limit + "x")}}).status, 422);
    EXPECT_EQ(make(secrets, {{"a", to_base64(limit)}}).status, 201);
    EXPECT_EQ(make(maps, {{"a", limit}}).status, 201);
    const auto too_large = make(maps, {{"a", std::string(3U << 20, 'x')}});
    EXPECT_EQ(too_large.status, 413);
    EXPECT_EQ(too_large.body["reason"], "RequestEntityTooLarge");
    EXPECT_EQ(too_large.body["message"], "Request entity too large: limit is 3145728");
}

TEST_F(Kube, KeepsNoLargerObjectsThanEtcd) {
    const std::string roles = "/apis/rbac.authorization.k8s.io/v1/namespaces/default/roles";
    const auto role = [](std::size_t size) {
        const Json rule{{"verbs", Json::array({"get"})},
                        {"apiGroups", Json::array({""})},
                        {"resources", Json::array({std::string(size, 'a')})}};
        return Json{{"metadata", {{"name", "r"}}}, {"rules", Json::array({rule})}};
    };
    const auto refused = call("POST", roles, role(1'573'000));
    EXPECT_EQ(refused.status, 500);
    EXPECT_EQ(refused.body["message"], "etcdserver: request is too large");
    EXPECT_FALSE(refused.body.contains("reason"));
    const auto of_client = call("POST", roles, role(2'200'000)).body.value("message", "");
    EXPECT_TRUE(of_client.starts_with("rpc error: code = ResourceExhausted")) << of_client;
    EXPECT_EQ(call("GET", roles + "/r").status, 404);
    EXPECT_EQ(call("POST", roles, role(1'572'000)).status, 201);
    EXPECT_EQ(call("PUT", roles + "/r", role(1'600'000)).status, 500);
    EXPECT_EQ(call("PUT", roles + "/r", role(1'000'000)).status, 200);
}

TEST_F(Kube, TellsAFewOfManyWarnings) {
    Json map{{"metadata", {{"name", "m"}}}};
    for (int i = 0; i < 60'000; ++i) {  // each looked for among all of them took minutes
        map[fmt::format("unknown-{}", i)] = 1;
    }
    const auto made = call("POST", "/api/v1/namespaces/default/configmaps", map);
    EXPECT_EQ(made.status, 201);
    std::size_t size = 0, count = 0;
    for (const auto& [name, value] : made.raw.headers.fields()) {
        size += name == "Warning" ? value.size() : 0;
        count += name == "Warning" ? 1 : 0;
    }
    EXPECT_GT(count, 50U);
    EXPECT_LT(size, 8192U);
}

TEST_F(Kube, SameSeedSameNames) {
    const auto uid = create_account("app")["metadata"]["uid"];
    restart();
    EXPECT_EQ(create_account("app")["metadata"]["uid"], uid);
}

// A list of a million may have some faults each.
TEST_F(Kube, TellsTenThousandFaultsAndNoMore) {
    Json containers = Json::array();
    for (int i = 0; i < 6'000; ++i) {
        containers.push_back(Json::object());
    }
    const auto refused = call(
        "POST", pods, Json{{"metadata", {{"name", "p"}}}, {"spec", {{"containers", containers}}}});
    EXPECT_EQ(refused.status, 422);
    EXPECT_EQ(refused.body["details"]["causes"].size(), 10'000U);
}

}  // namespace
}  // namespace meshproof::fakes
