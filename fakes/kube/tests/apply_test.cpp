// Field validation, and server-side apply with its conflicts.
#include "fakes/kube/managed_fields.hpp"
#include "fixture.hpp"

namespace meshproof::fakes {
namespace {

class Apply : public Kube {
  protected:
    Answer apply(const std::string& manager, const Json& data, const std::string& more = "") {
        const Json config = {{"apiVersion", "v1"},
                             {"kind", "ConfigMap"},
                             {"metadata", {{"name", "c"}}},
                             {"data", data}};
        return call("PATCH", maps + "/c?fieldManager=" + manager + more, config, "admin",
                    "application/apply-patch+yaml");
    }
    const std::string maps = "/api/v1/namespaces/default/configmaps";
};

TEST_F(Apply, MakesWhatIsNotThereAndLeavesTheSameAlone) {
    const auto made = apply("one", {{"a", "1"}});
    EXPECT_EQ(made.status, 201) << made.raw.body;
    const auto& entry = made.body["metadata"]["managedFields"][0];
    EXPECT_EQ(entry["operation"], "Apply");
    EXPECT_EQ(entry["fieldsV1"].dump(), R"({"f:data":{"f:a":{}}})");
    const auto again = apply("one", {{"a", "1"}});
    EXPECT_EQ(again.status, 200);
    EXPECT_EQ(again.body["metadata"]["resourceVersion"], made.body["metadata"]["resourceVersion"]);
}

TEST_F(Apply, ConflictsNameTheOtherManagerAndForceTakesOver) {
    apply("one", {{"a", "1"}});
    const auto refused = apply("two", {{"a", "2"}});
    EXPECT_EQ(refused.status, 409);
    EXPECT_EQ(refused.body["message"],
              "Apply failed with 1 conflict: conflict with \"one\": .data.a");
    EXPECT_EQ(refused.body["details"]["causes"][0]["reason"], "FieldManagerConflict");
    const auto forced = apply("two", {{"a", "2"}, {"b", "3"}}, "&force=true");
    EXPECT_EQ(forced.status, 200);
    ASSERT_EQ(forced.body["metadata"]["managedFields"].size(), 1U);
    EXPECT_EQ(forced.body["metadata"]["managedFields"][0]["manager"], "two");
    const auto fewer = apply("two", {{"a", "2"}});
    EXPECT_EQ(fewer.body["data"], (Json{{"a", "2"}}));
}

TEST_F(Apply, ConflictsComeBeforeAnotherName) {
    apply("one", {{"a", "1"}});
    const auto elsewhere = [&](const Json& metadata, const std::string& more = "") {
        return call("PATCH", maps + "/c?fieldManager=two" + more,
                    Json{{"apiVersion", "v1"},
                         {"kind", "ConfigMap"},
                         {"metadata", metadata},
                         {"data", {{"a", "2"}}}},
                    "admin", "application/apply-patch+yaml");
    };
    EXPECT_EQ(elsewhere({{"name", "d"}}).status, 409);
    EXPECT_EQ(elsewhere({{"name", "c"}, {"namespace", "z"}}).status, 409);
    EXPECT_EQ(elsewhere({{"name", "d"}}, "&force=true").body["message"],
              "the name of the object (d) does not match the name on the URL (c)");
    EXPECT_EQ(elsewhere({{"name", "d"}, {"namespace", "z"}}, "&force=true").body["message"],
              "the namespace of the provided object does not match the namespace sent on the "
              "request");
    const auto odd = elsewhere({{"name", "d"}, {"x", 1}});
    EXPECT_EQ(odd.body["message"],
              "failed to create typed patch object (/d; /v1, Kind=ConfigMap): .metadata.x: field "
              "not declared in schema");
}

TEST_F(Apply, AnUpdateTakesFieldsToItself) {
    apply("one", {{"a", "1"}});
    call("PUT", maps + "/c", Json{{"metadata", {{"name", "c"}}}, {"data", {{"a", "9"}}}});
    const auto refused = apply("one", {{"a", "1"}});
    EXPECT_EQ(refused.status, 409);
    EXPECT_EQ(refused.body["message"],
              "Apply failed with 1 conflict: conflict with \"unknown\" using v1: .data.a");
}

TEST_F(Apply, UnknownFieldsAreWarnedOfRefusedOrIgnored) {
    const Json body = {{"metadata", {{"name", "x"}, {"odd", 1}}}, {"bogus", true}};
    const auto strict = call("POST", maps + "?fieldValidation=Strict", body);
    EXPECT_EQ(strict.status, 400);
    EXPECT_NE(strict.body["message"].get<std::string>().find("unknown field \"metadata.odd\""),
              std::string::npos);
    const auto ignored = call("POST", maps + "?fieldValidation=Ignore&dryRun=All", body);
    EXPECT_EQ(ignored.status, 201);
    EXPECT_FALSE(ignored.raw.headers.find("Warning"));
    const auto warned = call("POST", maps, body);
    EXPECT_EQ(warned.status, 201);
    EXPECT_EQ(warned.raw.headers.find("Warning"), "299 - \"unknown field \\\"bogus\\\"\"");
    EXPECT_FALSE(warned.body.contains("bogus"));
}

TEST_F(Apply, TakesYamlAndToldTypesApart) {
    http::Request request;
    request.method = "POST";
    request.target = maps + "?fieldValidation=Strict";
    request.headers = {{"Authorization", "Bearer admin"}, {"Content-Type", "application/yaml"}};
    request.body = "metadata:\n  name: y\ndata:\n  number: \"5\"\n";
    EXPECT_EQ(ask(request, {}).body["data"]["number"], "5");
    request.body = "metadata:\n  name: z\ndata:\n  number: 5\n";
    const auto wrong = ask(request, {});
    EXPECT_EQ(wrong.status, 400);
    EXPECT_EQ(wrong.body["message"],
              "ConfigMap in version \"v1\" cannot be handled as a ConfigMap: json: cannot "
              "unmarshal number into Go struct field ConfigMap.data of type string");
}

TEST_F(Apply, YamlNestsOnlySoDeep) {
    http::Request request;
    request.method = "POST";
    request.target = maps;
    request.headers = {{"Authorization", "Bearer admin"}, {"Content-Type", "application/yaml"}};
    for (const std::string open : {"[", "{a: ", "- "}) {
        request.body = "data:\n  ";
        for (int i = 0; i < 100'000; ++i) {
            request.body += open;
        }
        EXPECT_EQ(ask(request, {}).status, 400) << open;
    }
}

TEST_F(Apply, PagesShowWhatWasThereAtFirst) {
    for (const auto* name : {"a", "b", "c"}) {
        call("POST", maps, Json{{"metadata", {{"name", name}}}});
    }
    const auto first = call("GET", maps + "?limit=2").body;
    ASSERT_TRUE(first["metadata"].contains("continue"));
    call("DELETE", maps + "/c");
    call("POST", maps, Json{{"metadata", {{"name", "d"}}}});
    const auto rest =
        call("GET", maps + "?limit=9&continue=" + first["metadata"]["continue"].get<std::string>())
            .body;
    std::vector<std::string> names;
    for (const auto& item : rest["items"]) {
        names.push_back(item["metadata"]["name"]);
    }
    EXPECT_EQ(names, (std::vector<std::string>{"c", "kube-root-ca.crt"}));
    EXPECT_EQ(rest["metadata"]["resourceVersion"], first["metadata"]["resourceVersion"]);
}

TEST(ManagedFields, ReadNoDeepKeys) {
    const auto deep = R"(k:{"name":)" + std::string(200'000, '[') + std::string(200'000, ']') + "}";
    EXPECT_TRUE(kube::value_in_key(deep).is_null());
    EXPECT_EQ(kube::paths_of({{deep, Json::object()}}).size(), 1U);
    EXPECT_EQ(kube::value_in_key(R"(k:{"name":"c"})"), (Json{{"name", "c"}}));
    EXPECT_EQ(kube::value_in_key("v:\"a\""), "a");
}

TEST_F(Apply, AClientCertificateOfNobodyKnownIsRefused) {
    http::Request request;
    request.target = maps;
    http::Peer peer;
    peer.bad_certificate = true;
    EXPECT_EQ(ask(request, peer).status, 401);
    request.headers.set("Authorization", "Bearer admin");
    EXPECT_EQ(ask(request, peer).status, 200);
}

// Each item looked for among all would be millions of looks.
TEST_F(Apply, LongListsAreMergedByIdentity) {
    const auto with = [&](int from, int to) {
        Json names = Json::array();
        for (int i = from; i < to; ++i) {
            names.push_back(fmt::format("example.com/{}", i));
        }
        return call("PATCH", maps + "/c?fieldManager=one",
                    Json{{"apiVersion", "v1"},
                         {"kind", "ConfigMap"},
                         {"metadata", {{"name", "c"}, {"finalizers", names}}}},
                    "admin", "application/apply-patch+yaml");
    };
    ASSERT_EQ(with(0, 3'000).status, 201);
    const auto next = with(2'000, 5'000);
    EXPECT_EQ(next.status, 200) << next.raw.body;
    const auto& names = next.body["metadata"]["finalizers"];
    ASSERT_EQ(names.size(), 3'000U);
    EXPECT_EQ(names[0], "example.com/2000") << "those that are applied no more are gone";
    EXPECT_EQ(names[2'999], "example.com/4999");
}

TEST_F(Apply, ItemsGoByTheirKeysAndLeaveTheirNeighboursAlone) {
    const std::string services = "/api/v1/namespaces/default/services/s";
    const auto apply_ports = [&](const std::string& manager, const Json& ports) {
        const auto answer = call("PATCH", services + "?fieldManager=" + manager,
                                 Json{{"apiVersion", "v1"},
                                      {"kind", "Service"},
                                      {"metadata", {{"name", "s"}}},
                                      {"spec", {{"ports", ports}}}},
                                 "admin", "application/apply-patch+yaml");
        EXPECT_LT(answer.status, 300) << answer.raw.body;
        std::vector<std::string> left;
        for (const auto& port : answer.body["spec"]["ports"]) {
            left.push_back(fmt::format("{}/{}/{}", port["port"].get<int>(),
                                       port["protocol"].get<std::string>(),
                                       port["name"].get<std::string>()));
        }
        return left;
    };
    const auto port = [](int number, const std::string& protocol, const std::string& name) {
        return Json{{"port", number}, {"protocol", protocol}, {"name", name}};
    };
    (void)apply_ports("one",
                      Json::array({port(1, "TCP", "a"), port(1, "UDP", "b"), port(2, "TCP", "c")}));
    EXPECT_EQ(apply_ports("two", Json::array({port(3, "TCP", "d")})),
              (std::vector<std::string>{"1/TCP/a", "1/UDP/b", "2/TCP/c", "3/TCP/d"}));
    EXPECT_EQ(apply_ports("one", Json::array({port(2, "TCP", "c"), port(1, "TCP", "e")})),
              (std::vector<std::string>{"2/TCP/c", "3/TCP/d", "1/TCP/e"}));
    // Who does not say the protocol means the one that is kept.
    EXPECT_EQ(apply_ports("one", Json::array({{{"port", 2}, {"name", "c"}},
                                              {{"port", 1}, {"name", "f"}},
                                              {{"port", 4}, {"name", "g"}}})),
              (std::vector<std::string>{"2/TCP/c", "3/TCP/d", "1/TCP/f", "4/TCP/g"}));
}

// As kube-apiserver 1.34 answers the same.
TEST_F(Apply, ItemsComeInTheOrderOfWhoAppliesThem) {
    const std::tuple<const char*, std::string_view, const char*> steps[] = {
        {"x", "abcd", "abcd"},   {"y", "ec", "abecd"},   {"y", "cfa", "bcdfa"},
        {"z", "gdba", "cgdfba"}, {"x", "dh", "cgdfbah"}, {"y", "ah", "gdbah"}};
    for (const auto& [manager, applied, expected] : steps) {
        Json names = Json::array();
        for (const char letter : applied) {
            names.push_back(fmt::format("example.com/{}", letter));
        }
        const auto answer = call("PATCH", maps + "/ordered?fieldManager=" + manager,
                                 Json{{"apiVersion", "v1"},
                                      {"kind", "ConfigMap"},
                                      {"metadata", {{"name", "ordered"}, {"finalizers", names}}}},
                                 "admin", "application/apply-patch+yaml");
        ASSERT_LT(answer.status, 300) << answer.raw.body;
        std::string got;
        for (const auto& name : answer.body["metadata"]["finalizers"]) {
            got += name.get<std::string>().back();
        }
        EXPECT_EQ(got, expected) << manager << " " << applied;
    }
}

TEST_F(Apply, AnItemIsAppliedOnce) {
    const auto refused = [&](const std::string& path, const Json& config) {
        const auto answer = call("PATCH", "/api/v1/namespaces/default/" + path + "?fieldManager=m",
                                 config, "admin", "application/apply-patch+yaml");
        EXPECT_EQ(answer.status, 500) << answer.raw.body;
        return answer.body.value("message", "");
    };
    const Json twice = Json::array({"example.com/a", "example.com/a"});
    EXPECT_EQ(refused("configmaps/d", {{"apiVersion", "v1"},
                                       {"kind", "ConfigMap"},
                                       {"metadata", {{"name", "d"}, {"finalizers", twice}}}}),
              "failed to create typed patch object (/d; /v1, Kind=ConfigMap): "
              ".metadata.finalizers: duplicate entries for key [=\"example.com/a\"]");
    const Json ports = Json::array({{{"hostPort", 1}}, {{"hostPort", 2}}});
    const Json containers = Json::array(
        {{{"name", "a"}, {"image", "a"}}, {{"name", "a"}, {"image", "a"}, {"ports", ports}}});
    EXPECT_EQ(refused("pods/d", {{"apiVersion", "v1"},
                                 {"kind", "Pod"},
                                 {"metadata", {{"name", "d"}, {"namespace", "default"}}},
                                 {"spec", {{"containers", containers}}}}),
              "failed to create typed patch object (default/d; /v1, Kind=Pod): errors:\n"
              "  .spec.containers: duplicate entries for key [name=\"a\"]\n"
              "  .spec.containers[name=\"a\"].ports: duplicate entries for key "
              "[containerPort=0,protocol=\"TCP\"]");
}

}  // namespace
}  // namespace meshproof::fakes
