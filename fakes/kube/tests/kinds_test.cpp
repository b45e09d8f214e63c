// Leases, Services, Events, StatefulSets and Nodes: as kube-apiserver 1.34.4 answered.
#include "fixture.hpp"

namespace meshproof::fakes {
namespace {

class Kinds : public Kube {
  protected:
    Json service(const std::string& name, Json spec) {
        const auto made =
            call("POST", services, Json{{"metadata", {{"name", name}}}, {"spec", spec}});
        return made.body;
    }
    static Json ports(int number) { return Json::array({{{"port", number}}}); }
    static Json stateful_set(int replicas) {
        const Json labels = {{"app", "db"}};
        const Json container = {{"name", "c"}, {"image", "i"}};
        return {{"metadata", {{"name", "db"}}},
                {"spec",
                 {{"replicas", replicas},
                  {"serviceName", "db"},
                  {"selector", {{"matchLabels", labels}}},
                  {"template",
                   {{"metadata", {{"labels", labels}}},
                    {"spec", {{"containers", Json::array({container})}}}}}}}};
    }
    std::string pods_now() {
        std::string names;
        const auto list = call("GET", pods).body["items"];
        for (const auto& pod : list) {
            names += pod["metadata"]["name"].get<std::string>() + " ";
        }
        return names;
    }
    void make_ready(const std::string& pod) {
        const Json condition = {{"type", "Ready"}, {"status", "True"}};
        EXPECT_EQ(
            call("PATCH", pods + "/" + pod + "/status",
                 Json{{"status", {{"phase", "Running"}, {"conditions", Json::array({condition})}}}},
                 "admin", "application/merge-patch+json")
                .status,
            200);
    }

    const std::string leases = "/apis/coordination.k8s.io/v1/namespaces/default/leases";
    const std::string services = "/api/v1/namespaces/default/services";
    const std::string sets = "/apis/apps/v1/namespaces/default/statefulsets";
    const std::string events = "/api/v1/namespaces/default/events";
    const std::string new_events = "/apis/events.k8s.io/v1/namespaces/default/events";
};

TEST_F(Kinds, ALeaseIsALock) {
    const Json spec = {{"holderIdentity", "a"},
                       {"leaseDurationSeconds", 15},
                       {"renewTime", "2027-01-01T00:00:00.123456Z"}};
    const auto made = call("POST", leases, Json{{"metadata", {{"name", "l"}}}, {"spec", spec}});
    ASSERT_EQ(made.status, 201) << made.raw.body;
    auto first = made.body;
    auto second = made.body;
    first["spec"]["holderIdentity"] = "b";
    second["spec"]["holderIdentity"] = "c";
    EXPECT_EQ(call("PUT", leases + "/l", first).status, 200);
    EXPECT_EQ(call("PUT", leases + "/l", second).status, 409);
    second["metadata"].erase("resourceVersion");
    EXPECT_EQ(call("PUT", leases + "/l", second).status, 422);
    EXPECT_EQ(call("GET", leases + "/l").body["spec"]["holderIdentity"], "b");
}

TEST_F(Kinds, ALeasesTimesHaveSixDigits) {
    const auto refused = call(
        "POST", leases,
        Json{{"metadata", {{"name", "l"}}}, {"spec", {{"renewTime", "2027-01-01T00:00:00Z"}}}});
    EXPECT_EQ(refused.status, 400);
    EXPECT_EQ(refused.body["message"],
              "Lease in version \"v1\" cannot be handled as a Lease: parsing time "
              "\"2027-01-01T00:00:00Z\" as \"2006-01-02T15:04:05.000000Z07:00\": cannot parse "
              "\"Z\" as \".000000\"");
}

TEST_F(Kinds, AServiceGetsItsAddressAndPorts) {
    const auto plain = service("a", Json{{"ports", ports(80)}});
    const auto address = plain["spec"]["clusterIP"].get<std::string>();
    EXPECT_TRUE(address.starts_with("10.0.0.")) << plain.dump();
    EXPECT_EQ(plain["spec"]["ports"][0]["targetPort"], 80);
    EXPECT_EQ(plain["status"], (Json{{"loadBalancer", Json::object()}}));
    EXPECT_EQ(service("b", Json{{"clusterIP", address}, {"ports", ports(80)}})["message"],
              fmt::format("Service \"b\" is invalid: spec.clusterIPs: Invalid value: [\"{0}\"]: "
                          "failed to allocate IP {0}: provided IP is already allocated",
                          address));
    const auto kept = call("PUT", services + "/a",
                           Json{{"metadata", {{"name", "a"}}}, {"spec", {{"ports", ports(81)}}}});
    EXPECT_EQ(kept.body["spec"]["clusterIP"], address) << kept.raw.body;
    const auto moved = call("PUT", services + "/a",
                            Json{{"metadata", {{"name", "a"}}},
                                 {"spec", {{"clusterIP", "10.0.0.9"}, {"ports", ports(81)}}}});
    EXPECT_EQ(moved.status, 422);
    const auto open = service("c", Json{{"type", "NodePort"}, {"ports", ports(80)}});
    EXPECT_GE(open["spec"]["ports"][0]["nodePort"], 30000);
    const auto headless = service("d", Json{{"clusterIP", "None"}});
    EXPECT_EQ(headless["spec"]["clusterIPs"], Json::array({"None"}));
    EXPECT_EQ(service("e", Json::object())["message"],
              "Service \"e\" is invalid: spec.ports: Required value");
    EXPECT_EQ(call("GET", services + "/kubernetes").body["spec"]["clusterIP"], "10.0.0.1");
}

TEST_F(Kinds, AnEventIsOneInBothGroups) {
    const Json body = {{"metadata", {{"name", "e"}}},
                       {"eventTime", "2027-01-01T00:00:00.123456Z"},
                       {"regarding", {{"kind", "Pod"}, {"name", "p"}, {"namespace", "default"}}},
                       {"reason", "R"},
                       {"note", "m"},
                       {"type", "Warning"},
                       {"action", "A"},
                       {"reportingController", "a.b/c"},
                       {"reportingInstance", "i"}};
    const auto made = call("POST", new_events, body);
    ASSERT_EQ(made.status, 201) << made.raw.body;
    EXPECT_TRUE(made.body["deprecatedFirstTimestamp"].is_null());
    const auto core = call("GET", events + "/e").body;
    EXPECT_EQ(core["message"], "m");
    EXPECT_EQ(core["involvedObject"]["name"], "p");
    EXPECT_EQ(core["source"], Json::object());
    EXPECT_EQ(core["metadata"]["uid"], made.body["metadata"]["uid"]);
    EXPECT_EQ(call("GET", new_events + "?fieldSelector=regarding.name%3Dp").body["items"].size(),
              1U);
    EXPECT_EQ(call("GET", new_events + "?fieldSelector=involvedObject.name%3Dp").status, 400);
    EXPECT_EQ(call("PATCH", new_events + "/e", Json{{"note", "other"}}, "admin",
                   "application/strategic-merge-patch+json")
                  .status,
              422);
    auto bare = body;
    bare.erase("eventTime");
    bare["metadata"]["name"] = "f";
    EXPECT_EQ(call("POST", new_events, bare).body["message"],
              "Event \"f\" is invalid: eventTime: Required value");
}

TEST_F(Kinds, AStatefulSetsPodsComeInOrderAndKeepTheirNames) {
    const auto made = call("POST", sets, stateful_set(2));
    ASSERT_EQ(made.status, 201) << made.raw.body;
    EXPECT_EQ(pods_now(), "db-0 ");
    make_ready("db-0");
    EXPECT_EQ(pods_now(), "db-0 db-1 ");
    make_ready("db-1");
    EXPECT_EQ(call("GET", sets + "/db").body["status"]["readyReplicas"], 2);
    const auto pod = call("GET", pods + "/db-1").body;
    EXPECT_EQ(pod["metadata"]["labels"]["statefulset.kubernetes.io/pod-name"], "db-1");
    EXPECT_EQ(pod["spec"]["subdomain"], "db");
    EXPECT_EQ(pod["spec"]["hostname"], "db-1");
    call("DELETE", pods + "/db-0");
    EXPECT_EQ(pods_now(), "db-0 db-1 ");
    EXPECT_NE(call("GET", sets + "/db").body["status"]["readyReplicas"], 2);
    make_ready("db-0");
    call("PATCH", sets + "/db/scale", Json{{"spec", {{"replicas", 1}}}}, "admin",
         "application/merge-patch+json");
    EXPECT_EQ(pods_now(), "db-0 ");
    call("DELETE", sets + "/db");
    EXPECT_EQ(pods_now(), "");
}

TEST_F(Kinds, APodOfAnotherStandsInAStatefulSetsWay) {
    const Json container = {{"name", "c"}, {"image", "i"}};
    const Json other = {{"metadata", {{"name", "db-0"}}},
                        {"spec", {{"containers", Json::array({container})}}}};
    ASSERT_EQ(call("POST", pods, other).status, 201);
    ASSERT_EQ(call("POST", sets, stateful_set(2)).status, 201);
    EXPECT_EQ(pods_now(), "db-0 ");
    EXPECT_EQ(call("GET", sets + "/db").body["status"]["replicas"], 0);
}

TEST_F(Kinds, AStatefulSetRenewsFromTheLast) {
    ASSERT_EQ(call("POST", sets, stateful_set(2)).status, 201);
    make_ready("db-0");
    make_ready("db-1");
    auto changed = stateful_set(2);
    changed["spec"]["template"]["spec"]["containers"][0]["image"] = "i2";
    ASSERT_EQ(call("PUT", sets + "/db", changed).status, 200);
    const auto image = [&](const std::string& pod) {
        return call("GET", pods + "/" + pod).body["spec"]["containers"][0]["image"];
    };
    EXPECT_EQ(image("db-1"), "i2");
    EXPECT_EQ(image("db-0"), "i");
    make_ready("db-1");
    EXPECT_EQ(image("db-0"), "i2");
    changed["spec"]["serviceName"] = "other";
    EXPECT_EQ(call("PUT", sets + "/db", changed).status, 422);
}

TEST_F(Kinds, ANodeBringsItsStatusAndWaitsToBeReady) {
    const auto made = call(
        "POST", "/api/v1/nodes",
        Json{{"metadata", {{"name", "n"}}},
             {"status",
              {{"addresses", Json::array({{{"type", "InternalIP"}, {"address", "10.1.1.1"}}})}}}});
    ASSERT_EQ(made.status, 201) << made.raw.body;
    EXPECT_EQ(made.body["status"]["addresses"][0]["address"], "10.1.1.1");
    EXPECT_EQ(made.body["status"]["nodeInfo"]["kubeletVersion"], "");
    EXPECT_EQ(made.body["spec"]["taints"][0]["key"], "node.kubernetes.io/not-ready");
}

}  // namespace
}  // namespace meshproof::fakes
