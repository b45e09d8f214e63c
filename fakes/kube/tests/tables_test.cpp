#include "fixture.hpp"

namespace meshproof::fakes {
namespace {

// kubectl's own header.
constexpr auto as_table =
    "application/json;as=Table;v=v1;g=meta.k8s.io,application/"
    "json;as=Table;v=v1beta1;g=meta.k8s.io,"
    "application/json";

class Tables : public Kube {
  protected:
    Answer table(const std::string& target) {
        http::Headers headers;
        headers.set("Accept", as_table);
        return call("GET", target, std::nullopt, "admin", "", headers);
    }
    Json cells(const std::string& target) {
        const auto answer = table(target);
        EXPECT_EQ(answer.status, 200) << answer.raw.body;
        EXPECT_EQ(answer.body["kind"], "Table") << answer.raw.body;
        Json all = Json::array();
        for (const auto& row : answer.body["rows"]) {
            all.push_back(row["cells"]);
        }
        return all;
    }
    static std::string names(const Json& table, int priority) {
        std::string out;
        for (const auto& column : table["columnDefinitions"]) {
            if (column["priority"] == priority) {
                out += column["name"].get<std::string>() + ";";
            }
        }
        return out;
    }
};

// As kube-apiserver 1.34.4 answered, but for the descriptions of the columns.
TEST_F(Tables, OfAPodSayWhatKubectlShows) {
    create_pod("web", "default", {{"run", "web"}});
    pass_time(81min);
    const auto answer = table(pods + "/web");
    EXPECT_EQ(answer.body["apiVersion"], "meta.k8s.io/v1");
    EXPECT_EQ(names(answer.body, 0), "Name;Ready;Status;Restarts;Age;");
    EXPECT_EQ(names(answer.body, 1), "IP;Node;Nominated Node;Readiness Gates;");
    EXPECT_EQ(answer.body["rows"][0]["cells"],
              (Json{"web", "0/1", "Pending", "0", "81m", "<none>", "<none>", "<none>", "<none>"}));
    const auto& object = answer.body["rows"][0]["object"];
    EXPECT_EQ(object["kind"], "PartialObjectMetadata");
    EXPECT_EQ(object["metadata"]["labels"]["run"], "web");
    EXPECT_FALSE(object.contains("spec"));
    EXPECT_EQ(answer.body["metadata"]["resourceVersion"], object["metadata"]["resourceVersion"]);
    EXPECT_EQ(table(pods + "/absent").body["reason"], "NotFound");
}

TEST_F(Tables, FollowAPodsLife) {
    create_pod("web", "default");
    const auto status = [&](const Json& value) {
        const auto answer = call("PATCH", pods + "/web/status", Json{{"status", value}}, "admin",
                                 "application/merge-patch+json");
        EXPECT_EQ(answer.status, 200) << answer.raw.body;
        const auto row = cells(pods)[0];
        return fmt::format("{} {} {}", row[1].get<std::string>(), row[2].get<std::string>(),
                           row[3].get<std::string>());
    };
    EXPECT_EQ(call("POST", pods + "/web/binding",
                   Json{{"metadata", {{"name", "web"}}}, {"target", {{"name", "n1"}}}})
                  .status,
              201);
    EXPECT_EQ(cells(pods)[0][6], "n1");
    const auto container = [](const Json& state, bool ready) {
        return Json::array(
            {{{"name", "app"}, {"ready", ready}, {"restartCount", 2}, {"state", state}}});
    };
    EXPECT_EQ(status({{"phase", "Running"},
                      {"containerStatuses", container({{"running", Json::object()}}, true)}}),
              "1/1 Running 2");
    EXPECT_EQ(
        status({{"containerStatuses",
                 container({{"running", nullptr}, {"waiting", {{"reason", "CrashLoopBackOff"}}}},
                           false)}}),
        "0/1 CrashLoopBackOff 2");
    EXPECT_EQ(status({{"phase", "Succeeded"},
                      {"containerStatuses",
                       container({{"terminated", {{"reason", "Completed"}}}}, false)}}),
              "0/1 Completed 2");
    EXPECT_EQ(status({{"phase", "Running"}, {"containerStatuses", nullptr}}), "0/1 Running 0");
    EXPECT_EQ(call("DELETE", pods + "/web").status, 200);
    EXPECT_EQ(cells(pods)[0][2], "Terminating");
}

TEST_F(Tables, OfOtherTypesHaveTheirOwnColumns) {
    EXPECT_EQ(cells(accounts), Json::array({Json::array({"default", 0, "0s"})}));
    EXPECT_EQ(cells("/api/v1/namespaces/default"),
              Json::array({Json::array({"default", "Active", "0s"})}));
    EXPECT_EQ(cells("/api/v1/namespaces/default/configmaps"),
              Json::array({Json::array({"kube-root-ca.crt", 1, "0s"})}));
    EXPECT_EQ(call("POST", secrets, Json{{"metadata", {{"name", "s"}}}, {"data", {{"a", "Yg=="}}}})
                  .status,
              201);
    EXPECT_EQ(cells(secrets), Json::array({Json::array({"s", "Opaque", 1, "0s"})}));
    EXPECT_EQ(cells(bindings + "/cluster-admin"),
              Json::array({Json::array({"cluster-admin", "ClusterRole/cluster-admin", "0s", "",
                                        "system:masters", ""})}));
    EXPECT_EQ(cells("/apis/rbac.authorization.k8s.io/v1/clusterroles/admin"),
              Json::array({Json::array({"admin", rfc3339(clock.now())})}));
    EXPECT_EQ(call("POST", "/api/v1/nodes",
                   Json{{"metadata", {{"name", "n1"}}},
                        {"status",
                         {{"conditions", Json::array({{{"type", "Ready"}, {"status", "True"}}})}}}})
                  .status,
              201);
    EXPECT_EQ(cells("/api/v1/nodes")[0][0], "n1");
    EXPECT_EQ(cells("/api/v1/namespaces/default/events"), Json::array());
}

TEST_F(Tables, PrintAgesAsApimachineryDoes) {
    const std::vector<std::pair<Duration, const char*>> ages = {
        {119s, "119s"},         {120s, "2m"},         {9min + 59s, "9m59s"},
        {10min + 1s, "10m"},    {179min, "179m"},     {3h, "3h"},
        {7h + 59min, "7h59m"},  {47h, "47h"},         {48h, "2d"},
        {24h * 7 + 5h, "7d5h"}, {24h * 8 + 5h, "8d"}, {24h * 729, "729d"},
        {24h * 730, "2y"},      {24h * 731, "2y1d"},  {24h * 365 * 8, "8y"}};
    auto began = clock.elapsed();
    for (const auto& [age, text] : ages) {
        pass_time(age - (clock.elapsed() - began));
        EXPECT_EQ(cells(accounts)[0][2], text);
    }
}

TEST_F(Tables, ArePagedAndCarryWhatWasAskedFor) {
    create_account("a");
    create_account("b");
    const auto page = table(accounts + "?limit=2");
    EXPECT_EQ(page.body["rows"].size(), 2);
    EXPECT_EQ(page.body["metadata"]["remainingItemCount"], 1);
    EXPECT_EQ(
        cells(accounts + "?continue=" + page.body["metadata"]["continue"].get<std::string>())[0][0],
        "default");
    EXPECT_EQ(table(accounts + "?includeObject=None").body["rows"][0]["object"], nullptr);
    const auto whole = table(accounts + "/a?includeObject=Object").body["rows"][0]["object"];
    EXPECT_EQ(whole["kind"], "ServiceAccount");
    // Only where it is what the caller wants most.
    http::Headers headers;
    headers.set("Accept", "application/json,application/json;as=Table;v=v1;g=meta.k8s.io");
    EXPECT_EQ(call("GET", accounts, std::nullopt, "admin", "", headers).body["kind"],
              "ServiceAccountList");
}

Task<std::vector<Json>> events_of(std::shared_ptr<http::BodySource> source, Clock& clock) {
    std::vector<Json> events;
    while (const auto piece = co_await source->next(clock)) {
        events.push_back(Json::parse(*piece));
    }
    co_return events;
}

TEST_F(Tables, OfAWatchNameTheirColumnsOnce) {
    create_pod("a", "default");
    const auto source = table(pods + "?watch=1&timeoutSeconds=60").raw.source;
    create_pod("b", "default");
    const auto events = clock.run(events_of(source, clock));
    ASSERT_EQ(events.size(), 2);
    EXPECT_EQ(events[0]["type"], "ADDED");
    EXPECT_EQ(events[0]["object"]["kind"], "Table");
    EXPECT_EQ(events[0]["object"]["rows"][0]["cells"][0], "a");
    EXPECT_EQ(events[0]["object"]["columnDefinitions"].size(), 9);
    EXPECT_EQ(events[1]["object"]["rows"][0]["cells"][0], "b");
    EXPECT_EQ(events[1]["object"]["columnDefinitions"], nullptr);
}

}  // namespace
}  // namespace meshproof::fakes
