// What a sweep makes of servers that answer oddly: nothing ends it, and nothing is deleted but what
// was listed, by its own name.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "core/run/sweep.hpp"
#include "core/time/sim_clock.hpp"

namespace meshproof::run {
namespace {

using Json = nlohmann::json;

constexpr const char* odd_run = "k3f9a2";

/// Answers reads by their path, and notes what is to be deleted.
class OddServer final : public http::Transport {
  public:
    std::map<std::string, std::string> bodies;  ///< by path
    std::string otherwise;
    int deletion = 204;
    std::vector<std::string> deleted;

    Task<Result<http::Response>> send(http::Endpoint /*endpoint*/, http::Request request) override {
        http::Response response;
        response.status = 200;
        if (request.method == "DELETE") {
            deleted.push_back(request.target);
            response.status = deletion;
            co_return response;
        }
        const auto found = bodies.find(request.target.substr(0, request.target.find('?')));
        response.body = found == bodies.end() ? otherwise : found->second;
        co_return response;
    }
    Task<Result<std::unique_ptr<http::Stream>>> open(http::Endpoint, http::Request) override {
        co_return fail(FailureKind::unsupported, "nothing is watched here");
    }
    Task<Result<std::unique_ptr<http::Listener>>> listen(http::ListenSpec,
                                                         http::Handler&) override {
        co_return fail(FailureKind::unsupported, "nobody is served here");
    }
    Task<Result<std::unique_ptr<http::Link>>> open_link(http::Url, std::string) override {
        co_return fail(FailureKind::unsupported, "there are no links here");
    }
    void drop_idle() override {}

    Swept sweep_as_vault() {
        vault::Config config;
        config.endpoint.url = *http::Url::parse("https://vault.example:8200");
        config.token = Secret("s.admin");
        return at_once(sweep_vault(vault::Client(*this, std::move(config)), {odd_run, false}));
    }
    Swept sweep_as_cluster() {
        kube::Access access;
        access.endpoint.url = *http::Url::parse("https://kube.example:6443");
        access.token = Secret("admin");
        return at_once(
            sweep_cluster(kube::Client(*this, std::move(access)), {"default"}, {odd_run, false}));
    }

  private:
    static Swept at_once(Task<Swept> work) {
        boost::asio::io_context context;
        return run_real(context, std::move(work));
    }
};

/// A list of one object of the run, of any kind of Kubernetes.
std::string list_of(const Json& name) {
    const Json labels{{std::string(run_label), odd_run}};
    const Json meta{{"name", name}, {"namespace", "default"}, {"labels", labels}};
    return Json{{"metadata", {{"resourceVersion", "1"}}},
                {"items", Json::array({Json{{"metadata", meta}}})}}
        .dump();
}

TEST(OddAnswers, OfAnApiServerAreProblems) {
    const std::string deep = R"({"items":)" + std::string(200'000, '[');
    for (const auto& odd : std::vector<std::string>{
             "", "null", "[]", "5", R"("x")", "{", "\xff", R"({"items":5})", R"({"items":[5]})",
             R"({"items":[null]})", R"({"items":[{"metadata":5}]})", list_of(5), list_of(Json()),
             R"({"items":[{"metadata":{"name":"a","labels":5}}]})",
             R"({"items":[{"metadata":{"name":"a","labels":{"meshproof.io/run":5}}}]})", deep,
             deep + std::string(200'000, ']') + "}"}) {
        OddServer server;
        server.otherwise = odd;
        const auto swept = server.sweep_as_cluster();
        EXPECT_EQ(swept.problems.size(), 6U) << odd.substr(0, 100);  // one for each list
        EXPECT_TRUE(swept.found.empty()) << odd.substr(0, 100);
        EXPECT_TRUE(server.deleted.empty()) << odd.substr(0, 100);
    }
}

TEST(OddAnswers, OfAVaultAreProblems) {
    const std::string deep = R"({"data":)" + std::string(200'000, '[');
    for (const auto& odd : std::vector<std::string>{
             "", "null", "[]", "5", "{", "\xff", R"({"data":5})", R"({"data":{"keys":5}})",
             R"({"data":{"keys":[5]}})", R"({"data":{"meshproof-k3f9a2-x/":5}})",
             R"({"data":{"meshproof-k3f9a2-x/":{"description":5}}})", deep,
             deep + std::string(200'000, ']') + "}"}) {
        OddServer server;
        server.otherwise = odd;
        const auto swept = server.sweep_as_vault();
        EXPECT_GE(swept.problems.size(), 2U) << odd.substr(0, 100);  // engines and auth methods
        EXPECT_TRUE(server.deleted.empty()) << odd.substr(0, 100);
    }
}

TEST(OddAnswers, NamesThatMeanSomethingElseAreNotDeleted) {
    // Without a name the path of a pod is that of all pods.
    for (const auto* name : {"", ".", "..", "meshproof-k3f9a2-/../../x", "a//b", "/"}) {
        OddServer server;
        server.otherwise = list_of(name);
        const auto swept = server.sweep_as_cluster();
        EXPECT_GE(swept.found.size(), 4U) << name;
        EXPECT_EQ(swept.problems.size(), swept.found.size()) << name;
        EXPECT_TRUE(swept.removed.empty()) << name;
        EXPECT_TRUE(server.deleted.empty()) << server.deleted.front();
    }
    OddServer server;
    const Json marked{{"type", "pki"}, {"accessor", "a"}, {"description", RunMark(odd_run).text()}};
    for (const auto* path : {"/v1/sys/auth", "/v1/sys/mounts", "/v1/sys/audit"}) {
        server.bodies[path] = Json{{"data", {{"meshproof-/../../x/", marked}}}}.dump();
    }
    server.otherwise = Json{{"data",
                             {{"keys", Json::array({"meshproof-k3f9a2-/../../x"})},
                              {"policy", "# " + RunMark(odd_run).text()}}}}
                           .dump();
    const auto swept = server.sweep_as_vault();
    EXPECT_EQ(swept.found.size(), 8U);
    EXPECT_EQ(swept.problems.size(), 8U);
    EXPECT_TRUE(swept.removed.empty());
    EXPECT_TRUE(server.deleted.empty()) << server.deleted.front();
}

TEST(OddAnswers, EntitiesOfNoNameAreNotDeleted) {
    OddServer server;
    const Json marked{
        {"type", "kubernetes"}, {"accessor", "acc"}, {"description", RunMark(odd_run).text()}};
    server.bodies["/v1/sys/auth"] = Json{{"data", {{"meshproof-k3f9a2-auth/", marked}}}}.dump();
    const Json alias{{"canonical_id", ".."}, {"mount_accessor", "acc"}};
    server.bodies["/v1/identity/entity-alias/id"] =
        Json{{"data", {{"keys", Json::array({"a"})}, {"key_info", {{"a", alias}}}}}}.dump();
    server.otherwise = R"({"data":{"keys":[],"aliases":[]}})";
    const auto swept = server.sweep_as_vault();
    EXPECT_EQ(server.deleted, std::vector<std::string>{"/v1/sys/auth/meshproof-k3f9a2-auth"});
    EXPECT_TRUE(std::ranges::any_of(swept.problems, [](const SweptProblem& problem) {
        return problem.text().find("no path leads") != std::string::npos;
    }));
}

TEST(OddAnswers, WhatIsNotRemovedIsNotCountedAsRemoved) {
    OddServer server;
    server.otherwise = list_of("meshproof-k3f9a2-x");
    server.deletion = 403;
    const auto refused = server.sweep_as_cluster();
    EXPECT_EQ(refused.found.size(), 5U);  // no definition has this name
    EXPECT_TRUE(refused.removed.empty());
    EXPECT_EQ(refused.problems.size(), 5U);
    EXPECT_TRUE(std::ranges::all_of(refused.problems, &SweptProblem::denied));
    server.deletion = 404;  // somebody was quicker
    const auto gone = server.sweep_as_cluster();
    EXPECT_EQ(gone.found.size(), 5U);
    EXPECT_TRUE(gone.removed.empty());
    EXPECT_TRUE(gone.problems.empty());
}

}  // namespace
}  // namespace meshproof::run
