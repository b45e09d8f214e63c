// Large bodies that are read on a thread beside the loop.
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "core/time/worker.hpp"
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
    Worker worker;
    const auto aside = server(&worker), in_turn = server(nullptr);
    std::set<int> statuses;
    for (const auto& request : requests) {
        const auto got = answer(*aside, request), expected = answer(*in_turn, request);
        EXPECT_EQ(got.status, expected.status) << request.target;
        EXPECT_EQ(got.body.substr(0, 500), expected.body.substr(0, 500)) << request.target;
        EXPECT_TRUE(got.body == expected.body) << request.target;
        statuses.insert(got.status);
    }
    EXPECT_EQ(statuses, (std::set<int>{200, 201, 400, 404, 409, 422}));
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

}  // namespace
}  // namespace meshproof::fakes
