// Large bodies that are read, and large requests that are answered, on threads beside the loop.
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <set>

#include "core/time/worker.hpp"
#include "fakes/kube/protobuf.hpp"
#include "fixture.hpp"

namespace meshproof::fakes {
namespace {

class Aside : public Kube {
  protected:
    static http::Request request_of(const std::string& method, const std::string& target,
                                    std::string body, const std::string& type) {
        http::Request request;
        request.method = method;
        request.target = target;
        request.headers = {{"Authorization", "Bearer admin"}, {"Content-Type", type}};
        request.body = std::move(body);
        return request;
    }
    std::unique_ptr<FakeKube> server(Worker* worker) {
        FakeKubeOptions options;
        options.es256 = true;
        options.worker = worker;
        return std::make_unique<FakeKube>(options, clock);
    }
    http::Response answer(FakeKube& server, const http::Request& request) {
        return run_real(context, server.handle(request, {}));
    }

    /// Every request has the same answer, in its turn and aside. The statuses, in order.
    std::vector<int> compare(const std::vector<http::Request>& requests) {
        Worker worker;
        const auto aside = server(&worker), in_turn = server(nullptr);
        std::vector<int> statuses;
        for (const auto& request : requests) {
            const auto got = answer(*aside, request), expected = answer(*in_turn, request);
            const auto what = request.method + " " + request.target;
            EXPECT_EQ(got.status, expected.status) << what;
            EXPECT_EQ(got.headers.fields(), expected.headers.fields()) << what;
            EXPECT_EQ(got.body.substr(0, 500), expected.body.substr(0, 500)) << what;
            EXPECT_TRUE(got.body == expected.body) << what;
            statuses.push_back(expected.status);
        }
        EXPECT_EQ(aside->save().at("objects"), in_turn->save().at("objects"));
        return statuses;
    }
    static Json pod(const std::string& name, int containers) {
        Json list = Json::array();
        for (int i = 0; i < containers; ++i) {
            list.push_back({{"name", fmt::format("c{}", i)}, {"image", "app"}});
        }
        return {{"metadata", {{"name", name}}}, {"spec", {{"containers", std::move(list)}}}};
    }

    static std::string definition(const Json& schema) {
        return Json{{"metadata", {{"name", "widgets.example.com"}}},
                    {"spec",
                     {{"group", "example.com"},
                      {"scope", "Namespaced"},
                      {"names", {{"plural", "widgets"}, {"kind", "Widget"}}},
                      {"versions", Json::array({{{"name", "v1"},
                                                 {"served", true},
                                                 {"storage", true},
                                                 {"schema", {{"openAPIV3Schema", schema}}}}})}}}}
            .dump();
    }

    const std::string definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    const std::string maps = "/api/v1/namespaces/default/configmaps";
    const std::string long_text = std::string(100'000, 'x');
};

TEST_F(Aside, TheAnswersAreTheSame) {
    Json object{{"apiVersion", "v1"},
                {"kind", "ConfigMap"},
                {"metadata", {{"name", "a"}}},
                {"data", {{"k", long_text}}},
                {"more", 1}};
    Json removals = Json::array({{{"op", "add"}, {"path", "/data/l"}, {"value", "y"}}});
    for (int i = 0; i < 500; ++i) {
        removals.push_back({{"op", "test"}, {"path", "/data/l"}, {"value", "y"}});
    }
    const auto steps = removals.dump();
    removals.push_back({{"op", "remove"}, {"path", "/data/none"}});
    const auto text = object.dump();
    object["metadata"]["name"] = "b";
    object.erase("more");
    const auto applied = object.dump();
    const auto merge = Json{{"data", {{"m", long_text}}}}.dump();
    const std::vector<http::Request> requests{
        request_of("POST", maps, text, "application/json"),
        request_of("POST", maps + "?fieldValidation=Strict", text, "application/json"),
        request_of("POST", maps, text + "}", "application/json"),
        request_of("POST", maps, "{\"a\": " + std::string(70'000, '['), "application/json"),
        request_of("POST", maps, "metadata: {name: y}\ndata: {k: " + long_text + "}\n",
                   "application/yaml"),
        request_of("POST", maps, "a: {" + long_text, "application/yaml"),
        request_of("PATCH", maps + "/b?fieldManager=m", applied, "application/apply-patch+yaml"),
        request_of("PATCH", maps + "/a", merge, "application/merge-patch+json"),
        request_of("PATCH", maps + "/a", merge, "application/strategic-merge-patch+json"),
        request_of("PATCH", maps + "/a", merge + "}", "application/merge-patch+json"),
        request_of("PATCH", maps + "/a", steps, "application/json-patch+json"),
        request_of("PATCH", maps + "/a", removals.dump(), "application/json-patch+json"),
        request_of("PATCH", maps + "/a", merge, "application/json-patch+json"),
        request_of("PATCH", maps + "/none", steps, "application/json-patch+json"),
        request_of("DELETE", maps + "/a", Json{{"preconditions", {{"uid", long_text}}}}.dump(),
                   "application/json"),
        request_of("GET", maps + "/a", "", "application/json")};
    const auto statuses = compare(requests);
    EXPECT_EQ(std::set<int>(statuses.begin(), statuses.end()),
              (std::set<int>{200, 201, 400, 404, 409, 422}));
}

// Its own size decides, not that of what is asked about it.
TEST_F(Aside, LargeObjectsHaveTheSameAnswers) {
    const auto large = pod("large", 1'500).dump();
    auto refused = pod("no", 2'500);
    for (auto& container : refused["spec"]["containers"]) {
        container["name"] = "C" + container["name"].get<std::string>();
    }
    const auto metadata = [](const Json& more) { return Json{{"metadata", more}}.dump(); };
    auto as_protobuf = request_of("GET", pods + "/large", "", "");
    as_protobuf.headers.set("Accept", "application/vnd.kubernetes.protobuf");
    auto as_table = request_of("GET", pods, "", "");
    as_table.headers.set("Accept", "application/json;as=Table;v=v1;g=meta.k8s.io");
    auto as_yaml = request_of("GET", pods + "/large", "", "");
    as_yaml.headers.set("Accept", "application/yaml");
    auto map = Json{{"kind", "ConfigMap"},
                    {"apiVersion", "v1"},
                    {"metadata", {{"name", "binary"}}},
                    {"data", {{"k", long_text}}}};
    const Json applied{{"apiVersion", "v1"},
                       {"kind", "Pod"},
                       {"metadata", {{"name", "large"}, {"labels", {{"by", "apply"}}}}}};
    const Json generated{{"metadata", {{"generateName", "map-"}}}, {"data", {{"k", long_text}}}};
    const auto statuses = compare({
        request_of("POST", pods + "?dryRun=All", large, "application/json"),
        request_of("POST", pods, large, "application/json"),
        request_of("POST", pods, large, "application/json"),
        request_of("POST", pods, refused.dump(), "application/json"),
        request_of("GET", pods + "/large", "", ""),
        as_protobuf,
        as_table,
        as_yaml,
        request_of("GET", pods, "", ""),
        request_of("PATCH", pods + "/large", metadata({{"labels", {{"a", "b"}}}}),
                   "application/merge-patch+json"),
        request_of("PATCH", pods + "/large", metadata({{"finalizers", {"example.com/f"}}}),
                   "application/strategic-merge-patch+json"),
        request_of("PATCH", pods + "/large?fieldManager=m", applied.dump(),
                   "application/apply-patch+yaml"),
        request_of("PATCH", pods + "/large",
                   R"([{"op":"replace","path":"/spec/containers/7/image","value":"new"}])",
                   "application/json-patch+json"),
        request_of("DELETE", pods + "/large", "", ""),
        request_of("PATCH", pods + "/large", metadata({{"finalizers", nullptr}}),
                   "application/merge-patch+json"),
        request_of("GET", pods + "/large", "", ""),
        request_of("POST", maps, kube::protobuf_of(map).value(),
                   "application/vnd.kubernetes.protobuf"),
        request_of("POST", maps, generated.dump(), "application/json"),
        request_of("DELETE", maps, "", ""),
    });
    EXPECT_EQ(statuses, (std::vector<int>{201, 201, 409, 422, 200, 200, 200, 200, 200, 200, 200,
                                          200, 200, 200, 200, 404, 201, 201, 200}));
}

TEST_F(Aside, WhatControllersDoHasTheSameAnswers) {
    const std::string deployments = "/apis/apps/v1/namespaces/default/deployments";
    const Json labels{{"app", "web"}};
    const Json deployment{
        {"metadata", {{"name", "web"}}},
        {"spec",
         {{"replicas", 3},
          {"selector", {{"matchLabels", labels}}},
          {"template", {{"metadata", {{"labels", labels}}}, {"spec", pod("web", 1).at("spec")}}}}}};
    const std::string spaces = "/api/v1/namespaces";
    const std::string elsewhere = spaces + "/team/configmaps";
    const Json map{{"metadata", {{"name", "a"}}}, {"data", {{"k", std::string(700'000, 'x')}}}};
    const auto statuses = compare({
        request_of("POST", deployments, deployment.dump(), "application/json"),
        request_of("PATCH", deployments + "/web/scale", R"({"spec":{"replicas":5}})",
                   "application/merge-patch+json"),
        request_of("DELETE", pods, "", ""),
        request_of("GET", pods, "", ""),
        request_of("DELETE", deployments + "/web", R"({"propagationPolicy":"Foreground"})",
                   "application/json"),
        request_of("GET", pods, "", ""),
        request_of("POST", spaces, R"({"metadata":{"name":"team"}})", "application/json"),
        request_of("POST", elsewhere, map.dump(), "application/json"),
        request_of("POST", maps, map.dump(), "application/json"),
        request_of("DELETE", spaces + "/team", "", ""),
        request_of("GET", elsewhere, "", ""),
    });
    EXPECT_EQ(statuses, (std::vector<int>{201, 200, 200, 200, 200, 200, 201, 201, 201, 200, 200}));
}

// Definitions change what all others share.
TEST_F(Aside, CustomResourcesHaveTheSameAnswers) {
    const std::string widgets = "/apis/example.com/v1/namespaces/default/widgets";
    Json schema = Json::parse(R"({"type":"object","properties":{"spec":{"type":"object",
        "properties":{"text":{"type":"string"},"colour":{"type":"string","default":"red"}}}}})");
    const auto widget = [&](const std::string& name) {
        return Json{{"apiVersion", "example.com/v1"},
                    {"kind", "Widget"},
                    {"metadata", {{"name", name}}},
                    {"spec", {{"text", long_text}, {"size", 1}}}}
            .dump();
    };
    const auto small = definition(schema);
    schema["description"] = long_text;
    schema["properties"]["spec"]["properties"]["size"] = {{"type", "integer"}};
    const auto large = definition(schema);
    const auto statuses = compare({
        request_of("POST", definitions, small, "application/json"),
        request_of("POST", widgets, widget("a"), "application/json"),
        request_of("PUT", definitions + "/widgets.example.com", large, "application/json"),
        request_of("PATCH", definitions + "/widgets.example.com", large,
                   "application/merge-patch+json"),
        request_of("POST", widgets, widget("b"), "application/json"),
        request_of("GET", widgets, "", ""),
        request_of("DELETE", definitions + "/widgets.example.com", "", ""),
        request_of("GET", widgets, "", ""),
        request_of("POST", definitions, large, "application/json"),
        request_of("POST", widgets, widget("c"), "application/json"),
        request_of("DELETE", definitions, "", ""),
        request_of("GET", widgets, "", ""),
    });
    EXPECT_EQ(statuses,
              (std::vector<int>{201, 201, 422, 200, 201, 200, 200, 404, 201, 201, 200, 404}));
}

TEST_F(Aside, ReviewsHaveTheSameAnswers) {
    Json groups = Json::array();
    for (int i = 0; i < 5'000; ++i) {
        groups.push_back(fmt::format("group-number-{}", i));
    }
    const Json access{{"spec",
                       {{"user", "somebody"},
                        {"groups", groups},
                        {"resourceAttributes", {{"verb", "get"}, {"resource", "pods"}}}}}};
    const Json token{{"spec", {{"token", "admin"}, {"audiences", groups}}}};
    const std::string of_access = "/apis/authorization.k8s.io/v1/subjectaccessreviews";
    const Json binding{
        {"metadata", {{"name", "readers"}}},
        {"roleRef",
         {{"apiGroup", "rbac.authorization.k8s.io"}, {"kind", "ClusterRole"}, {"name", "view"}}},
        {"subjects", Json::array({{{"kind", "Group"},
                                   {"apiGroup", "rbac.authorization.k8s.io"},
                                   {"name", "group-number-4999"}}})}};
    const auto statuses = compare({request_of("POST", of_access, access.dump(), "application/json"),
                                   request_of("POST", bindings, binding.dump(), "application/json"),
                                   request_of("POST", of_access, access.dump(), "application/json"),
                                   request_of("POST", reviews, token.dump(), "application/json")});
    EXPECT_EQ(statuses, (std::vector<int>{201, 201, 201, 201}));
}

Task<void> note_answer(FakeKube& server, http::Request request, std::string name,
                       std::vector<std::string>& log) {
    const auto response = co_await server.handle(std::move(request), {});
    log.push_back(fmt::format("{} {}", name, response.status));
}

// Begun in this order: read in its turn, the large one would be answered first.
TEST_F(Aside, OthersAreServedMeanwhile) {
    Worker worker;
    const auto kube = server(&worker);
    const auto body = Json{{"metadata", {{"name", "a"}}}, {"data", {{"k", long_text}}}}.dump();
    std::vector<std::string> log;
    for (auto& [name, request] :
         {std::pair("large", request_of("POST", maps, body, "application/json")),
          std::pair("small", request_of("GET", maps, "", "application/json"))}) {
        boost::asio::co_spawn(context, note_answer(*kube, request, name, log),
                              boost::asio::detached);
    }
    context.restart();
    context.run();
    EXPECT_EQ(log, (std::vector<std::string>{"small 200", "large 201"}));
}

// Another changes it while the patch is made: it is made anew, and nothing is lost.
TEST_F(Aside, APatchIsOfTheVersionThatIsThere) {
    Worker worker;
    const auto kube = server(&worker);
    const auto make = Json{{"metadata", {{"name", "a"}}}, {"data", {{"k", "v"}}}}.dump();
    ASSERT_EQ(answer(*kube, request_of("POST", maps, make, "application/json")).status, 201);
    Json steps = Json::array();
    for (int i = 0; i < 500; ++i) {
        steps.push_back({{"op", "add"}, {"path", "/data/k"}, {"value", "patched"}});
    }
    std::vector<std::string> log;
    const auto begin = [&](const std::string& body, const std::string& type, const char* name) {
        boost::asio::co_spawn(
            context, note_answer(*kube, request_of("PATCH", maps + "/a", body, type), name, log),
            boost::asio::detached);
    };
    begin(steps.dump(), "application/json-patch+json", "steps");
    begin(R"({"data":{"other":"w"}})", "application/merge-patch+json", "merge");
    context.restart();
    context.run();
    EXPECT_EQ(log, (std::vector<std::string>{"merge 200", "steps 200"}));
    const auto found =
        Json::parse(answer(*kube, request_of("GET", maps + "/a", "", "application/json")).body);
    EXPECT_EQ(found["data"], (Json{{"k", "patched"}, {"other", "w"}}));
}

Task<void> keep_writing(FakeKube& server, http::Request request, const bool& over, int& written) {
    while (!over) {
        written += (co_await server.handle(request, {})).status == 200 ? 1 : 0;
        co_await boost::asio::post(co_await boost::asio::this_coro::executor,
                                   boost::asio::use_awaitable);
    }
}

Task<void> write_once(FakeKube& server, http::Request request, bool& over, int& status) {
    status = (co_await server.handle(std::move(request), {})).status;
    over = true;
}

// What is tried while others write is made anew; at last they wait, so that it comes to an end.
TEST_F(Aside, ALargeRequestEndsHoweverMuchOthersWrite) {
    Worker worker;
    const auto kube = server(&worker);
    const auto make = Json{{"metadata", {{"name", "a"}}}, {"data", {{"k", "v"}}}}.dump();
    ASSERT_EQ(answer(*kube, request_of("POST", maps, make, "application/json")).status, 201);
    // By turns, so that each is a change.
    const auto change = request_of("PATCH", maps + "/a", R"({"metadata":{"labels":{"a":"b"}}})",
                                   "application/merge-patch+json");
    const auto back = request_of("PATCH", maps + "/a", R"({"metadata":{"labels":{"a":"c"}}})",
                                 "application/merge-patch+json");
    bool over = false;
    int written = 0, status = 0;
    const auto large = request_of("POST", pods, pod("large", 3'000).dump(), "application/json");
    ASSERT_GE(large.body.size(), 64U << 10) << "it is answered in its turn";
    boost::asio::co_spawn(context, write_once(*kube, large, over, status), boost::asio::detached);
    for (const auto& one : {change, back}) {
        boost::asio::co_spawn(context, keep_writing(*kube, one, over, written),
                              boost::asio::detached);
    }
    context.restart();
    context.run();
    EXPECT_EQ(status, 201);
    EXPECT_GT(written, 0);
    const auto found = answer(*kube, request_of("GET", pods + "/large", "", ""));
    EXPECT_EQ(found.status, 200);
    const auto kept =
        Json::parse(answer(*kube, request_of("GET", maps + "/a", "", "application/json")).body);
    EXPECT_EQ(kept["metadata"]["labels"].size(), 1U) << "nothing that others wrote is lost";
}

// Begun in this order: answered in its turn, the large one would be first.
TEST_F(Aside, OthersAreServedWhileALargeObjectIsChanged) {
    Worker worker;
    const auto kube = server(&worker);
    const auto large = request_of("POST", pods, pod("large", 1'500).dump(), "application/json");
    ASSERT_EQ(answer(*kube, large).status, 201);
    std::vector<std::string> log;
    for (auto& [name, request] :
         {std::pair("change",
                    request_of("PATCH", pods + "/large", R"({"metadata":{"labels":{"a":"b"}}})",
                               "application/merge-patch+json")),
          std::pair("list", request_of("GET", pods, "", "")),
          std::pair("small", request_of("GET", maps, "", ""))}) {
        boost::asio::co_spawn(context, note_answer(*kube, request, name, log),
                              boost::asio::detached);
    }
    context.restart();
    context.run();
    EXPECT_EQ(log, (std::vector<std::string>{"small 200", "change 200", "list 200"}));
}

// A copy of all that is kept is made for what goes with others, not for each that goes.
TEST_F(Aside, OthersAreServedWhileAnOwnerGoes) {
    Worker worker;
    const auto kube = server(&worker);
    const auto make = [&](const std::string& name, const std::string& text, const Json& owners) {
        const Json map{{"metadata", {{"name", name}, {"ownerReferences", owners}}},
                       {"data", {{"k", text}}}};
        const auto made = answer(*kube, request_of("POST", maps, map.dump(), "application/json"));
        EXPECT_EQ(made.status, 201) << made.body.substr(0, 300);
        return Json::parse(made.body)["metadata"]["uid"].get<std::string>();
    };
    const Json nobody = Json::array();
    for (const auto* name : {"large", "larger"}) {
        make(name, std::string(700'000, 'x'), nobody);
    }
    const auto uid = make("owner", "v", nobody);
    make("single", "v", nobody);
    make("owned", "v",
         Json::array(
             {{{"apiVersion", "v1"}, {"kind", "ConfigMap"}, {"name", "owner"}, {"uid", uid}}}));
    std::vector<std::string> log;
    for (const auto* name : {"owner", "single"}) {
        boost::asio::co_spawn(
            context, note_answer(*kube, request_of("DELETE", maps + "/" + name, "", ""), name, log),
            boost::asio::detached);
    }
    context.restart();
    context.run();
    EXPECT_EQ(log, (std::vector<std::string>{"single 200", "owner 200"}));
    for (const auto* gone : {"owner", "owned", "single"}) {
        EXPECT_EQ(answer(*kube, request_of("GET", maps + "/" + gone, "", "")).status, 404) << gone;
    }
}

// Whoever may ask anything may ask for all schemas: begun in this order, as above.
TEST_F(Aside, OthersAreServedWhileSchemasAreTold) {
    const Json schema{{"type", "object"}, {"description", std::string(1'200'000, 'x')}};
    const auto define = request_of("POST", definitions, definition(schema), "application/json");
    auto asked = request_of("GET", "/openapi/v3/apis/example.com/v1", "", "");
    auto with_body = asked;
    with_body.headers.set("Content-Type", "application/json-patch+json");
    with_body.body = "[" + long_text;
    EXPECT_EQ(compare({define, asked, with_body, request_of("GET", "/openapi/v2", "", "")}),
              (std::vector<int>{201, 200, 200, 200}));
    Worker worker;
    const auto kube = server(&worker);
    ASSERT_EQ(answer(*kube, define).status, 201);
    std::vector<std::string> log;
    for (auto& [name, request] :
         {std::pair("schemas", asked), std::pair("small", request_of("GET", maps, "", ""))}) {
        boost::asio::co_spawn(context, note_answer(*kube, request, name, log),
                              boost::asio::detached);
    }
    context.restart();
    context.run();
    EXPECT_EQ(log, (std::vector<std::string>{"small 200", "schemas 200"}));
}

}  // namespace
}  // namespace meshproof::fakes
