#include "fixture.hpp"

namespace meshproof::fakes {
namespace {

class Pods : public Kube {
  protected:
    static Json pod(Json spec = Json::object()) {
        Json whole{{"serviceAccountName", "default"},
                   {"containers", Json::array({{{"name", "a"}, {"image", "a"}}})}};
        whole.update(spec);
        return {{"metadata", {{"name", "p"}}}, {"spec", std::move(whole)}};
    }
    /// Made and removed again: what the answer was.
    Answer made(Json spec) {
        auto answer = call("POST", pods, pod(std::move(spec)));
        if (answer.status == 201) {
            EXPECT_EQ(call("DELETE", pods + "/p").status, 200);
        }
        return answer;
    }
    Answer put(Json spec) { return call("PUT", pods + "/p", pod(std::move(spec))); }
    static std::vector<std::string> fields(const Answer& refused) {
        EXPECT_EQ(refused.status, 422) << refused.raw.body;
        std::vector<std::string> names;
        for (const auto& cause : refused.body["details"]["causes"]) {
            names.push_back(cause["field"]);
        }
        return names;
    }
    static Json asking(Json resources) {
        return {
            {"containers",
             Json::array({{{"name", "a"}, {"image", "a"}, {"resources", std::move(resources)}}})}};
    }
    std::string class_of(const Json& resources) {
        return made(asking(resources)).body["status"].value("qosClass", "");
    }
};
using Fields = std::vector<std::string>;

TEST_F(Pods, HaveTheClassOfServiceThatIsTold) {
    auto told = pod();
    told["status"] = {{"qosClass", "Burstable"}, {"phase", "Running"}};
    const auto answer = call("POST", pods, told);
    EXPECT_EQ(answer.body["status"], Json({{"phase", "Pending"}, {"qosClass", "Burstable"}}));
}

TEST_F(Pods, HaveAClassOfService) {
    EXPECT_EQ(class_of(Json::object()), "BestEffort");
    EXPECT_EQ(class_of({{"requests", {{"cpu", "0"}}}}), "BestEffort");
    EXPECT_EQ(class_of({{"limits", {{"cpu", "1"}}}}), "Burstable");
    EXPECT_EQ(class_of({{"limits", {{"cpu", "1"}, {"memory", "1Gi"}}}}), "Guaranteed");
    EXPECT_EQ(class_of({{"limits", {{"cpu", "1"}, {"memory", "1Gi"}}},
                        {"requests", {{"cpu", "1000m"}, {"memory", "1024Mi"}}}}),
              "Guaranteed");
    EXPECT_EQ(
        class_of({{"limits", {{"cpu", "1"}, {"memory", "1Gi"}}}, {"requests", {{"cpu", "500m"}}}}),
        "Burstable");
    EXPECT_EQ(made(asking({{"limits", {{"cpu", "1"}}}}))
                  .body["spec"]["containers"][0]["resources"]["requests"]["cpu"],
              "1");
}

TEST_F(Pods, NameQuantitiesThatAreSome) {
    const auto said = [&](const Json& amount) {
        const auto answer = made(asking({{"limits", {{"cpu", amount}}}}));
        return answer.status == 400 ? answer.body.value("message", "") : "";
    };
    const std::string pattern =
        "Pod in version \"v1\" cannot be handled as a Pod: quantities must match the regular "
        "expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
    EXPECT_EQ(
        made({{"overhead", "x"}}).body.value("message", ""),
        "Pod in version \"v1\" cannot be handled as a Pod: json: cannot unmarshal string into "
        "Go struct field PodSpec.spec.overhead of type v1.ResourceList");
    EXPECT_EQ(said("x"), pattern);
    EXPECT_EQ(said(""), pattern);
    EXPECT_EQ(said(true), pattern);
    EXPECT_NE(said("1Q").find("quantities must match"), std::string::npos);
    EXPECT_NE(said("1KK").find("unable to parse quantity's suffix"), std::string::npos);
    for (const auto* amount : {"m", "1", "0.5", ".5", "1e3", "1E-3", "2Ki", "-1n", "1."}) {
        EXPECT_EQ(said(amount), "") << amount;
    }
}

TEST_F(Pods, SayNumbersOfResourcesAsText) {
    EXPECT_EQ(made(asking({{"limits", {{"cpu", 1}}}}))
                  .body["spec"]["containers"][0]["resources"]["limits"]["cpu"],
              "1");
}

TEST_F(Pods, AreAdmittedWithThePriorityOfTheirClass) {
    const auto refused = made({{"priority", 10}});
    EXPECT_EQ(refused.status, 403);
    EXPECT_EQ(refused.body["message"],
              "pods \"p\" is forbidden: the integer value of priority (10) must not be provided in "
              "pod spec; priority admission controller computed 0 from the given PriorityClass "
              "name");
    EXPECT_EQ(made({{"preemptionPolicy", "Never"}}).status, 403);
    EXPECT_EQ(made({{"overhead", {{"cpu", "1"}}}}).status, 403);
    const auto critical = made({{"priorityClassName", "system-node-critical"}}).body["spec"];
    EXPECT_EQ(critical["priority"], 2'000'001'000);
    EXPECT_EQ(critical["preemptionPolicy"], "PreemptLowerPriority");
}

TEST_F(Pods, TolerateALostNode) {
    const auto kept = made({{"tolerations", Json::array({{{"key", "k"}, {"operator", "Exists"}}})}})
                          .body["spec"]["tolerations"];
    ASSERT_EQ(kept.size(), 3U);
    EXPECT_EQ(kept[1]["key"], "node.kubernetes.io/not-ready");
    EXPECT_EQ(made({{"tolerations", Json::array({{{"operator", "Exists"}}})}})
                  .body["spec"]["tolerations"]
                  .size(),
              1U)
        << "it tolerates all";
    const Json odd = Json::array({{{"operator", "Equal"}},
                                  {{"key", "x"}, {"value", "a b"}},
                                  {{"key", "x"}, {"tolerationSeconds", 1}},
                                  {{"operator", "Exists"}, {"value", "x"}},
                                  {{"key", "x"}, {"operator", "Bad"}, {"effect", "E"}}});
    EXPECT_EQ(fields(made({{"tolerations", odd}})),
              (Fields{"spec.tolerations[0].operator", "spec.tolerations[1].operator",
                      "spec.tolerations[2].effect", "spec.tolerations[3].operator",
                      "spec.tolerations[4].operator", "spec.tolerations[4].effect"}));
}

TEST_F(Pods, AreLookedAt) {
    EXPECT_EQ(fields(made({{"dnsPolicy", "None"}})), Fields{"spec.dnsConfig"});
    EXPECT_EQ(fields(made({{"dnsPolicy", "None"}, {"dnsConfig", Json::object()}})),
              Fields{"spec.dnsConfig.nameservers"});
    EXPECT_EQ(fields(made({{"activeDeadlineSeconds", 0}})), Fields{"spec.activeDeadlineSeconds"});
    EXPECT_EQ(fields(made({{"serviceAccountName", "some text"}})),
              Fields{"spec.serviceAccountName"});
    EXPECT_EQ(made({{"serviceAccountName", ""}, {"serviceAccount", "app"}})
                  .body["spec"]["serviceAccountName"],
              "app");
    EXPECT_EQ(
        made({{"terminationGracePeriodSeconds", -5}}).body["spec"]["terminationGracePeriodSeconds"],
        1);
}

TEST_F(Pods, AreWrittenWithoutWhatIsNotSet) {
    const auto answer = made({{"hostIPC", false},
                              {"hostname", ""},
                              {"hostUsers", true},
                              {"shareProcessNamespace", false},
                              {"hostnameOverride", "x"}});
    const auto& spec = answer.body["spec"];
    for (const auto* absent : {"hostIPC", "hostname", "hostnameOverride"}) {
        EXPECT_FALSE(spec.contains(absent)) << absent;
    }
    EXPECT_EQ(spec["shareProcessNamespace"], false);
    const auto owned = answer.body["metadata"]["managedFields"][0]["fieldsV1"]["f:spec"];
    EXPECT_FALSE(owned.contains("f:hostIPC"));
    EXPECT_TRUE(owned.contains("f:hostUsers"));
}

TEST_F(Pods, AreOwnedWithWhatIsDropped) {
    const auto owned = [](const Answer& answer) {
        return answer.body["metadata"]["managedFields"].back()["fieldsV1"]["f:spec"];
    };
    const Json rules = Json::array({{{"action", "Restart"}}});
    const auto answer =
        made({{"hostnameOverride", ""},
              {"containers",
               Json::array({{{"name", "a"}, {"image", "a"}, {"restartPolicyRules", rules}}})}});
    EXPECT_TRUE(owned(answer).contains("f:hostnameOverride")) << answer.raw.body;
    EXPECT_TRUE(owned(answer)["f:containers"][R"(k:{"name":"a"})"].contains("f:restartPolicyRules"))
        << answer.raw.body;
    EXPECT_FALSE(answer.body["spec"]["containers"][0].contains("restartPolicyRules"));
    auto named = pod({{"hostnameOverride", ""}});
    named["metadata"]["name"] = "named";
    const auto first = call("POST", pods, named);
    const auto still = call("PATCH", pods + "/named", Json::object(), "admin",
                            "application/strategic-merge-patch+json");
    EXPECT_TRUE(owned(still).contains("f:hostnameOverride")) << still.raw.body;
    EXPECT_EQ(still.body["metadata"]["resourceVersion"], first.body["metadata"]["resourceVersion"]);
    ASSERT_EQ(call("POST", pods, pod()).status, 201);
    const auto later = put({{"hostnameOverride", "x y"}});
    EXPECT_TRUE(owned(later).contains("f:hostnameOverride")) << later.raw.body;
    EXPECT_FALSE(later.body["spec"].contains("hostnameOverride"));
}

TEST_F(Pods, NameTheirHostAndTheirSystem) {
    const auto cause = [&](Json spec) {
        const auto answer = made(std::move(spec));
        EXPECT_EQ(answer.status, 422) << answer.raw.body;
        return answer.body["details"]["causes"][0]["field"].get<std::string>() + " " +
               answer.body["details"]["causes"][0]["message"].get<std::string>();
    };
    for (const auto& none : {Json::object(), Json{{"a", "b"}}, Json{{"name", ""}}}) {
        EXPECT_EQ(cause({{"os", none}}), "spec.os.name Required value");
    }
    EXPECT_EQ(cause({{"os", {{"name", "x"}}}}),
              R"(spec.os Unsupported value: "x": supported values: "linux", "windows")");
    EXPECT_EQ(made({{"os", {{"name", "linux"}}}}).status, 201);
    EXPECT_EQ(
        fields(made({{"os", Json::object()},
                     {"activeDeadlineSeconds", 0},
                     {"hostname", "A_b"},
                     {"subdomain", std::string(64, 'a')},
                     {"tolerations", Json::array({{{"operator", "q"}}})}})),
        (Fields{"spec.activeDeadlineSeconds", "spec.hostname", "spec.subdomain",
                "spec.tolerations[0].operator", "spec.tolerations[0].operator", "spec.os.name"}));
}

TEST_F(Pods, ChangeInFewThings) {
    ASSERT_EQ(call("POST", pods, pod()).status, 201);
    const Json two =
        Json::array({{{"name", "a"}, {"image", "a"}}, {{"name", "b"}, {"image", "b"}}});
    EXPECT_EQ(fields(put({{"containers", two}})), Fields{"spec.containers"});
    EXPECT_EQ(fields(put({{"containers", Json::array()}})),
              (Fields{"spec.containers", "spec.containers"}));
    EXPECT_EQ(fields(put({{"initContainers", two}})),
              (Fields{"spec.initContainers[0].name", "spec.initContainers"}));
    EXPECT_EQ(fields(put({{"activeDeadlineSeconds", -1}})),
              (Fields{"spec.activeDeadlineSeconds", "spec.activeDeadlineSeconds"}));
    EXPECT_EQ(put({{"activeDeadlineSeconds", 10}}).status, 200);
    EXPECT_EQ(fields(put(Json::object())), Fields{"spec.activeDeadlineSeconds"});
    EXPECT_EQ(fields(put({{"activeDeadlineSeconds", 20}})), Fields{"spec.activeDeadlineSeconds"});
    const auto later = [](Json spec) {
        spec["activeDeadlineSeconds"] = 5;
        return spec;
    };
    EXPECT_EQ(put(later({{"hostnameOverride", "x y"}})).status, 200) << "its feature gate is off";
    EXPECT_EQ(fields(put(later({{"terminationGracePeriodSeconds", 7}}))), Fields{"spec"});
    EXPECT_EQ(
        put(later({{"containers",
                    Json::array(
                        {{{"name", "a"}, {"image", "b:1"}, {"imagePullPolicy", "Always"}}})}}))
            .status,
        200);
    const Json lasting = Json::array({{{"key", "k"}, {"operator", "Exists"}}});
    EXPECT_EQ(put(later({{"tolerations", lasting},
                         {"containers", Json::array({{{"name", "a"}, {"image", "a"}}})}}))
                  .status,
              200);
    EXPECT_EQ(fields(put(later(Json::object()))), Fields{"spec.tolerations"});
    EXPECT_EQ(fields(put(later({{"serviceAccountName", "some text"}, {"tolerations", lasting}}))),
              (Fields{"spec.serviceAccountName", "spec"}));
    // What a creation's admission refuses, an update's leaves to the validation.
    EXPECT_EQ(
        fields(put(later({{"nodeSelector", {{"a b", "c d"}}},
                          {"nodeName", "some text"},
                          {"tolerations", lasting},
                          {"priorityClassName", "some text"},
                          {"runtimeClassName", ""},
                          {"preemptionPolicy", "x"}}))),
        (Fields{"spec.nodeSelector", "spec.nodeSelector", "spec.nodeName", "spec.priorityClassName",
                "spec.runtimeClassName", "spec.preemptionPolicy", "spec"}));
}

}  // namespace
}  // namespace meshproof::fakes
