// The twin of an API server: what is asked stays in the run's namespace, and a fault is found.
#include "conformance/twin/kube_dialect.hpp"

#include <gtest/gtest.h>

#include <set>

#include "conformance/twin/curl.hpp"
#include "conformance/twin/tests/servers.hpp"
#include "conformance/twin/twin.hpp"

namespace meshproof::twin {
namespace {

constexpr std::string_view configmaps = "/api/v1/namespaces/{namespace}/configmaps";

Json path_parameter(const std::string& name) {
    return {{"name", name}, {"in", "path"}, {"required", true}, {"schema", {{"type", "string"}}}};
}

/// ConfigMaps, as kube-apiserver describes them.
Json cluster_document() {
    const Json ref{{"schema", {{"$ref", "#/components/schemas/ConfigMap"}}}};
    const Json body{{"content", {{"*/*", ref}}}};
    Json out{{"openapi", "3.0.0"}, {"info", {{"title", "Kubernetes"}, {"version", "v1.34.4"}}}};
    auto& list = out["paths"][std::string(configmaps)];
    list["parameters"] = Json::array({path_parameter("namespace")});
    list["get"] = Json::object();
    list["post"]["requestBody"] = body;
    auto& one = out["paths"][std::string(configmaps) + "/{name}"];
    one["parameters"] = Json::array({path_parameter("namespace"), path_parameter("name")});
    one["get"] = one["delete"] = Json::object();
    one["put"]["requestBody"] = body;
    one["patch"]["requestBody"]["content"]["application/merge-patch+json"] = Json::object();
    const Json text{{"type", "string"}}, map{{"type", "object"}};
    out["components"]["schemas"]["ConfigMap"] = {
        {"type", "object"},
        {"properties",
         {{"apiVersion", text},
          {"kind", text},
          {"data", map},
          {"immutable", {{"type", "boolean"}}},
          {"metadata",
           {{"type", "object"},
            {"properties",
             {{"name", text}, {"finalizers", {{"type", "array"}}}, {"labels", map}}}}}}}};
    return out;
}

/// An API server made by hand: namespaces, and ConfigMaps in them.
class HandMadeCluster final : public http::Handler {
  public:
    using Fault = HandMade::Fault;
    explicit HandMadeCluster(Fault fault = {}) : fault_(std::move(fault)) {}

    [[nodiscard]] std::size_t held() const { return objects_.size(); }
    std::set<std::string> asked;  ///< paths

    [[nodiscard]] Task<http::Response> handle(http::Request request, http::Peer) override {
        auto response = answer(request);
        response.headers.set("Content-Type", "application/json");
        if (fault_) {
            fault_(request, response);
        }
        co_return response;
    }

  private:
    static http::Response said(int status, const Json& body) {
        http::Response out;
        out.status = status;
        out.body = body.dump();
        return out;
    }

    http::Response answer(const http::Request& request) {
        const auto path = request.target.substr(0, request.target.find('?'));
        const auto body = json_or_null(request.body);
        if (path == "/openapi/v3/api/v1") {
            return said(200, cluster_document());
        }
        if (path.starts_with("/openapi/v3/")) {
            return said(200, {{"openapi", "3.0.0"}, {"paths", Json::object()}});
        }
        if (path == "/version") {
            return said(200, {{"gitVersion", "v1.34.4"}, {"major", "1"}, {"minor", "34"}});
        }
        asked.insert(path);
        return object(request.method, path, body);
    }

    http::Response object(const std::string& method, const std::string& path, const Json& body) {
        const Json::json_pointer name("/metadata/name");
        if (method == "POST") {
            if (!body.contains(name) || !body.at(name).is_string()) {
                return said(422, {{"message", "name is required"}});
            }
            const auto place = path + "/" + body.at(name).get<std::string>();
            return objects_.contains(place) ? said(409, {{"message", "already exists"}})
                                            : said(201, objects_[place] = body);
        }
        if (method == "GET" && path.ends_with("/configmaps")) {
            Json items = Json::array();
            for (const auto& [place, one] : objects_) {
                if (place.starts_with(path + "/")) {
                    items.push_back(one);
                }
            }
            return said(200, {{"metadata", Json::object()}, {"items", items}});
        }
        if (!objects_.contains(path)) {
            return said(404, {{"message", "not found"}});
        }
        if (method == "DELETE") {
            // With all that lies in it.
            std::erase_if(objects_, [&path](const auto& one) {
                return one.first == path || one.first.starts_with(path + "/");
            });
            return said(200, {{"status", "Success"}});
        }
        return said(200, objects_[path]);
    }

    Fault fault_;
    std::map<std::string, Json> objects_;
};

struct ClusterPair {
    explicit ClusterPair(HandMadeCluster::Fault fault = {}) : fake(std::move(fault)) {
        TwoServers wire(real, fake);
        RealClock clock;
        const KubeDialect dialect;
        TwinOptions options;
        options.topics = {topic_named("configmap")};
        options.run_id = "abcdef";
        options.requests = 600;
        options.seed = 3;
        to_the_end(play_twin(clock, wire, dialect, side_named("real"), side_named("fake"),
                             std::move(options), result));
    }
    HandMadeCluster real, fake;
    TwinResult result;
};

TEST(KubeTwin, AgreesAndLeavesNothing) {
    const ClusterPair pair;
    for (const auto& finding : pair.result.findings) {
        ADD_FAILURE() << headline(finding);
    }
    EXPECT_GE(pair.result.requests, 600U);
    EXPECT_EQ(pair.real.held(), 0U);
    EXPECT_EQ(pair.fake.held(), 0U);
    EXPECT_TRUE(pair.result.left.empty());
    EXPECT_EQ(pair.result.real_version, "v1.34.4");
}

TEST(KubeTwin, AsksWithinTheRunsNamespaceAlone) {
    const ClusterPair pair;
    for (const auto& path : pair.real.asked) {
        EXPECT_TRUE(path == "/api/v1/namespaces" ||
                    path.starts_with("/api/v1/namespaces/meshproof-abcdef-twin"))
            << path;
    }
}

TEST(KubeTwin, FindsAMemberThatIsMissingInFewRequests) {
    const ClusterPair pair([](const http::Request& request, http::Response& response) {
        auto body = json_or_null(response.body);
        if (request.method == "GET" && body.is_object() && body.contains("immutable")) {
            body.erase("immutable");
            response.body = body.dump();
        }
    });
    ASSERT_FALSE(pair.result.findings.empty());
    const auto& finding = pair.result.findings.front();
    EXPECT_EQ(finding.difference.member, "immutable");
    EXPECT_LE(finding.story.steps.size(), 2U);
    const auto lines = to_curl(finding.story);
    EXPECT_NE(lines.front().find("Authorization: Bearer $KUBE_TOKEN"), std::string::npos)
        << lines.front();
    EXPECT_NE(lines.front().find("\"$KUBE_ADDR/api/v1/namespaces/twin/configmaps"),
              std::string::npos)
        << lines.front();
}

TEST(KubeTwin, GivesNoRightsAndKeepsNothingAlive) {
    const auto words = KubeDialect().words();
    for (const std::string name : {"metadata.finalizers", "metadata.ownerReferences", "roleRef",
                                   "subjects", "spec.schedulerName", "watch", "namespace"}) {
        const auto* word =
            words.find("POST apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}/pods", name);
        ASSERT_NE(word, nullptr) << name;
        EXPECT_TRUE(word->only) << name;
    }
}

}  // namespace
}  // namespace meshproof::twin
