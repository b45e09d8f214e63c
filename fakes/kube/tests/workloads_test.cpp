// Deployments and ReplicaSets: what a restart of pods rests on.
#include "fixture.hpp"

namespace meshproof::fakes {
namespace {

class Workloads : public Kube {
  protected:
    Json deployment(int replicas) {
        const Json labels = {{"app", "web"}};
        const Json container = {{"name", "c"}, {"image", "i"}};
        return {{"metadata", {{"name", "web"}}},
                {"spec",
                 {{"replicas", replicas},
                  {"selector", {{"matchLabels", labels}}},
                  {"template",
                   {{"metadata", {{"labels", labels}}},
                    {"spec", {{"containers", Json::array({container})}}}}}}}};
    }
    void create(int replicas) {
        const auto made = call("POST", deployments, deployment(replicas));
        ASSERT_EQ(made.status, 201) << made.raw.body;
    }
    Json pods_now() { return call("GET", pods).body["items"]; }
    void make_ready() {
        const Json condition = {{"type", "Ready"}, {"status", "True"}};
        for (const auto& pod : pods_now()) {
            call("PATCH", pods + "/" + pod["metadata"]["name"].get<std::string>() + "/status",
                 Json{{"status", {{"phase", "Running"}, {"conditions", Json::array({condition})}}}},
                 "admin", "application/merge-patch+json");
        }
    }
    Json status() { return call("GET", deployments + "/web").body["status"]; }
    std::string condition(const std::string& type) {
        const auto conditions = status().value("conditions", Json::array());
        for (const auto& one : conditions) {
            if (one["type"] == type) {
                return one["status"].get<std::string>() + " " + one["reason"].get<std::string>();
            }
        }
        return "";
    }

    const std::string deployments = "/apis/apps/v1/namespaces/default/deployments";
    const std::string sets = "/apis/apps/v1/namespaces/default/replicasets";
};

TEST_F(Workloads, ADeploymentMakesItsPods) {
    create(2);
    const auto all = pods_now();
    ASSERT_EQ(all.size(), 2U);
    const auto set = call("GET", sets).body["items"][0];
    EXPECT_EQ(all[0]["metadata"]["ownerReferences"][0]["uid"], set["metadata"]["uid"]);
    EXPECT_EQ(set["metadata"]["ownerReferences"][0]["kind"], "Deployment");
    EXPECT_EQ(all[0]["metadata"]["labels"]["pod-template-hash"],
              set["metadata"]["labels"]["pod-template-hash"]);
    EXPECT_EQ(condition("Available"), "False MinimumReplicasUnavailable");
    make_ready();
    EXPECT_EQ(condition("Available"), "True MinimumReplicasAvailable");
    EXPECT_EQ(condition("Progressing"), "True NewReplicaSetAvailable");
    EXPECT_EQ(status()["readyReplicas"], 2);
    EXPECT_EQ(status()["observedGeneration"], 1);
}

TEST_F(Workloads, ASetOfAnotherStandsInADeploymentsWay) {
    create(1);
    const auto name = call("GET", sets).body["items"][0]["metadata"]["name"].get<std::string>();
    call("DELETE", deployments + "/web");
    ASSERT_EQ(call("GET", sets + "/" + name).status, 404);
    auto other = deployment(0);
    const Json labels = {{"app", "other"}};
    other["metadata"]["name"] = name;
    other["spec"]["selector"]["matchLabels"] = labels;
    other["spec"]["template"]["metadata"]["labels"] = labels;
    ASSERT_EQ(call("POST", sets, other).status, 201);
    create(1);
    EXPECT_EQ(pods_now().size(), 0U);
}

TEST_F(Workloads, ADeletedPodIsMadeAgain) {
    create(1);
    const auto first = pods_now()[0]["metadata"]["name"].get<std::string>();
    call("DELETE", pods + "/" + first);
    const auto now = pods_now();
    ASSERT_EQ(now.size(), 1U);
    EXPECT_NE(now[0]["metadata"]["name"], first);
}

TEST_F(Workloads, AChangedTemplateRollsOut) {
    create(3);
    make_ready();
    const auto before = pods_now();
    const Json restart = {{"kubectl.kubernetes.io/restartedAt", "now"}};
    const Json patch = {{"spec", {{"template", {{"metadata", {{"annotations", restart}}}}}}}};
    EXPECT_EQ(call("PATCH", deployments + "/web", patch, "admin",
                   "application/strategic-merge-patch+json")
                  .status,
              200);
    EXPECT_EQ(pods_now().size(), 4U);  // one more at a time: 25 % of 3, rounded up
    EXPECT_EQ(status()["updatedReplicas"], 1);
    EXPECT_EQ(status()["observedGeneration"], 2);
    EXPECT_EQ(call("GET", sets).body["items"].size(), 2U);
    for (int round = 0; round < 4; ++round) {
        make_ready();
    }
    const auto after = pods_now();
    ASSERT_EQ(after.size(), 3U);
    for (const auto& pod : after) {
        EXPECT_EQ(std::ranges::count(before, pod), 0);
        EXPECT_TRUE(pod["metadata"]["annotations"].contains("kubectl.kubernetes.io/restartedAt"));
    }
    EXPECT_EQ(condition("Progressing"), "True NewReplicaSetAvailable");
    EXPECT_EQ(call("GET", deployments + "/web")
                  .body["metadata"]["annotations"]["deployment.kubernetes.io/revision"],
              "2");
}

TEST_F(Workloads, ScalesAndGoesWithAllItOwns) {
    create(1);
    const auto scale = call("PATCH", deployments + "/web/scale", Json{{"spec", {{"replicas", 3}}}},
                            "admin", "application/merge-patch+json");
    EXPECT_EQ(scale.status, 200) << scale.raw.body;
    EXPECT_EQ(scale.body["kind"], "Scale");
    EXPECT_EQ(scale.body["status"]["selector"], "app=web");
    EXPECT_EQ(pods_now().size(), 3U);
    EXPECT_EQ(call("PUT", deployments + "/web/scale",
                   Json{{"metadata", {{"name", "web"}}}, {"spec", {{"replicas", 0}}}})
                  .status,
              200);
    EXPECT_EQ(pods_now().size(), 0U);
    call("PATCH", deployments + "/web/scale", Json{{"spec", {{"replicas", 2}}}}, "admin",
         "application/merge-patch+json");
    const auto gone = call("DELETE", deployments + "/web");
    EXPECT_EQ(gone.body["status"], "Success");
    EXPECT_EQ(call("GET", sets).body["items"].size(), 0U);
    EXPECT_EQ(pods_now().size(), 0U);
}

TEST_F(Workloads, RefusesWhatCannotSelectItsPods) {
    auto wrong = deployment(1);
    wrong["spec"]["selector"]["matchLabels"] = {{"app", "other"}};
    const auto refused = call("POST", deployments, wrong);
    EXPECT_EQ(refused.status, 422);
    EXPECT_EQ(refused.body["details"]["causes"][0]["field"], "spec.template.metadata.labels");
    const auto empty =
        call("POST", deployments, Json{{"metadata", {{"name", "w"}}}, {"spec", Json::object()}});
    EXPECT_EQ(empty.body["details"]["causes"].size(), 3U);
}

}  // namespace
}  // namespace meshproof::fakes
