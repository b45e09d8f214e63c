#include <algorithm>

#include "fakes/kube/quantity.hpp"
#include "fixture.hpp"

namespace meshproof::fakes {
namespace {

/// What the API server says of a pod whose spec has these parts, one `FIELD: MESSAGE` a fault.
class PodParts : public Kube {
  protected:
    static Json pod(const Json& parts) {
        Json spec{{"containers", Json::array({{{"name", "a"}, {"image", "a"}}})}};
        spec.update(parts);
        return {{"metadata", {{"name", "p"}}}, {"spec", std::move(spec)}};
    }
    static Json container(const Json& parts) {
        Json one{{"name", "a"}, {"image", "a"}};
        one.update(parts);
        return {{"containers", Json::array({std::move(one)})}};
    }
    Answer tried(const Json& parts) { return call("POST", pods + "?dryRun=All", pod(parts)); }
    std::vector<std::string> said(const Json& parts) {
        const auto answer = tried(parts);
        EXPECT_EQ(answer.status, 422) << answer.raw.body;
        return causes(answer);
    }
    static std::vector<std::string> causes(const Answer& refused) {
        std::vector<std::string> out;
        if (refused.status == 422) {
            for (const auto& cause : refused.body["details"]["causes"]) {
                out.push_back(cause["field"].get<std::string>() + ": " +
                              cause["message"].get<std::string>());
            }
        }
        return out;
    }
    /// Without the rules in their messages.
    std::vector<std::string> fields(const Json& parts) {
        auto out = said(parts);
        for (auto& one : out) {
            one = one.substr(0, one.find(": "));
        }
        return out;
    }
    Json spec_of(const Json& parts) {
        const auto answer = tried(parts);
        EXPECT_EQ(answer.status, 201) << answer.raw.body;
        return answer.body.value("spec", Json::object());
    }
};
using Said = std::vector<std::string>;

TEST_F(PodParts, HaveResourcesThatThereAre) {
    const auto limited = [](const Json& limits) {
        return container({{"resources", {{"limits", limits}}}});
    };
    const std::string place = "spec.containers[0].resources";
    const auto twice = [&place](const std::string& why) {
        return Said{place + ".limits[" + why, place + ".requests[" + why};
    };
    EXPECT_EQ(said({{"overhead", {{"a", 1}}}}),
              (Said{"spec.overhead.limits[a]: Invalid value: \"a\": must be a standard resource "
                    "type or fully qualified",
                    "spec.overhead.limits[a]: Invalid value: \"a\": must be a standard resource "
                    "for containers"}));
    EXPECT_EQ(said(limited({{"pods", "1"}})),
              twice("pods]: Invalid value: \"pods\": must be a standard resource for containers"));
    EXPECT_EQ(said(limited({{"requests.x/y", "1"}}))[0],
              place +
                  ".limits[requests.x/y]: Invalid value: \"requests.x/y\": doesn't follow "
                  "extended resource name standard");
    EXPECT_EQ(said(limited({{"example.com/x", "1.5"}})),
              twice("example.com/x]: Invalid value: \"1500m\": must be an integer"));
    EXPECT_EQ(said(limited({{"cpu", "-1"}})),
              twice("cpu]: Invalid value: \"-1\": must be greater than or equal to 0"));
    EXPECT_EQ(fields(limited({{"a b", "1"}})),
              (Said{place + ".limits[a b]", place + ".limits[a b]", place + ".requests[a b]",
                    place + ".requests[a b]"}));
    EXPECT_EQ(said(limited({{"hugepages-2Mi", "4Mi"}})),
              Said{place + ": Forbidden: HugePages require cpu or memory"});
    EXPECT_EQ(said(limited({{"hugepages-2Mi", "1"}, {"cpu", "1"}}))[0],
              place +
                  ".limits[hugepages-2Mi]: Invalid value: \"1\": 1 is not positive integer "
                  "multiple of hugepages-2Mi");
    for (const auto* name : {"kubernetes.io/x", "example.com/x", "ephemeral-storage"}) {
        EXPECT_EQ(tried(limited({{name, "1"}})).status, 201) << name;
    }
}

TEST_F(PodParts, RequestNoMoreThanTheirLimits) {
    const auto asking = [](const Json& limits, const Json& requests) {
        return container({{"resources", {{"limits", limits}, {"requests", requests}}}});
    };
    const std::string place = "spec.containers[0].resources";
    EXPECT_EQ(said(asking({{"cpu", "1"}}, {{"cpu", "2"}})),
              Said{place + ".requests: Invalid value: \"2\": must be less than or equal to cpu "
                           "limit of 1"});
    EXPECT_EQ(said(asking({{"hugepages-2Mi", "4Mi"}, {"cpu", "1"}}, {{"hugepages-2Mi", "2Mi"}})),
              Said{place + ".requests: Invalid value: \"2Mi\": must be equal to hugepages-2Mi "
                           "limit of 4Mi"});
    EXPECT_EQ(said(asking({{"cpu", "1"}}, {{"example.com/x", "1"}})),
              Said{place + ".limits: Required value: Limit must be set for non overcommitable "
                           "resources"});
    EXPECT_EQ(tried(asking({{"cpu", "1"}}, {{"cpu", "1000m"}})).status, 201);
}

TEST_F(PodParts, HaveFewerResourcesAsAWhole) {
    const auto whole = [](const Json& resources) { return Json{{"resources", resources}}; };
    EXPECT_EQ(said(whole({{"limits", {{"a", "1"}}}})),
              Said{"spec.resources.limits[a]: Invalid value: \"a\": must be a standard resource "
                   "type or fully qualified"});
    EXPECT_EQ(said(whole({{"limits", {{"ephemeral-storage", "1"}}}})),
              Said{"spec.resources.limits[ephemeral-storage]: Unsupported value: "
                   "\"ephemeral-storage\": supported values: \"cpu\", \"hugepages-\", \"memory\""});
    EXPECT_EQ(said(whole({{"claims", Json::array({{{"name", "x"}}})}}))[0],
              "spec.resources.claims: Forbidden: claims may not be set for Resources at pod-level");
    EXPECT_EQ(spec_of(whole({{"limits", {{"cpu", "1"}}}}))["resources"]["requests"]["cpu"], "1");
}

TEST_F(PodParts, SayQuantitiesAsTheServerDoes) {
    const std::pair<const char*, const char*> texts[] = {
        {"1000m", "1"},
        {"1024Mi", "1Gi"},
        {"1e3", "1e3"},
        {"1.50", "1500m"},
        {"1.", "1."},
        {"01", "01"},
        {"+1Ki", "+1Ki"},
        {"+1000m", "1"},
        {"1000", "1k"},
        {"1536Ki", "1536Ki"},
        {"0Ki", "0"},
        {"1n", "1m"},
        {"1000T", "1P"},
        {"1e-9", "1e-3"},
        {"1.0000000001", "1001m"},
        {"12e7", "120e6"},
        {"1E2", "100"},
        {"0.5Ki", "512"},
        {"1.5Ki", "1536"},
        {"1Ei", "1Ei"},
        {"9Ei", "9223372036854775807"},
        {"-0", "0"},
        {".5", "500m"},
        {"1000E", "1"},
        {"1234567.1234567", "1234567124m"},
        {"123456789012345678901234567890", "123456789012345678901234567890"}};
    for (const auto& [sent, shown] : texts) {
        EXPECT_EQ(kube::quantity_text(sent, kube::Precision::milli), shown) << sent;
    }
    EXPECT_EQ(kube::quantity_text("1n", kube::Precision::nano), "1n");
    EXPECT_EQ(kube::quantity_text("0.1n", kube::Precision::nano), "1n");
    const auto made = spec_of(container({{"resources", {{"limits", {{"cpu", "1000m"}}}}}}));
    EXPECT_EQ(made["containers"][0]["resources"]["limits"]["cpu"], "1");
    EXPECT_EQ(made["containers"][0]["resources"]["requests"]["cpu"], "1");
}

TEST_F(PodParts, NameServersAndSearchPathsOfTheirDns) {
    const auto dns = [](const Json& config) { return Json{{"dnsConfig", config}}; };
    EXPECT_EQ(said(dns({{"nameservers", {"a", "010.0.0.1", "1.2.3.256", "::1"}}})),
              (Said{"spec.dnsConfig.nameservers: Invalid value: "
                    "[\"a\",\"010.0.0.1\",\"1.2.3.256\",\"::1\"]: must not have more than 3 "
                    "nameservers",
                    "spec.dnsConfig.nameservers[0]: Invalid value: \"a\": must be a valid IP "
                    "address, (e.g. 10.9.8.7 or 2001:db8::ffff)",
                    "spec.dnsConfig.nameservers[2]: Invalid value: \"1.2.3.256\": must be a valid "
                    "IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"}));
    EXPECT_EQ(
        fields(dns({{"searches", {"a_.b", "_a._b", "a._", "__a", "_", "_-a", "a.", ".", "a b", ""}},
                    {"options", Json::array({Json::object(), {{"name", "a"}}})}})),
        (Said{"spec.dnsConfig.searches[0]", "spec.dnsConfig.searches[2]",
              "spec.dnsConfig.searches[3]", "spec.dnsConfig.searches[4]",
              "spec.dnsConfig.searches[5]", "spec.dnsConfig.searches[8]",
              "spec.dnsConfig.searches[9]", "spec.dnsConfig.options[0]"}));
    EXPECT_EQ(fields(dns({{"searches", std::vector<std::string>(33, "a")}})),
              Said{"spec.dnsConfig.searches"});
    EXPECT_EQ(fields({{"dnsPolicy", "None"}, {"dnsConfig", {{"searches", {"A"}}}}}),
              Said{"spec.dnsConfig.nameservers"})
        << "nothing else is looked at";
}

TEST_F(PodParts, NameTheirGates) {
    const Json gates = Json::array({{{"name", "a"}}, {{"name", "a"}}, Json::object()});
    EXPECT_EQ(
        fields({{"schedulingGates", gates},
                {"readinessGates", Json::array({Json::object(), {{"conditionType", "a/b"}}})}}),
        (Said{"spec.readinessGates[0].conditionType", "spec.readinessGates[0].conditionType",
              "spec.schedulingGates[1]", "spec.schedulingGates[2]", "spec.schedulingGates[2]"}));
    EXPECT_EQ(said({{"schedulingGates", Json::array({{{"name", "a/b/c"}}})}}),
              Said{"spec.schedulingGates[0]: Invalid value: \"a/b/c\": a qualified name must "
                   "consist of alphanumeric characters, '-', '_' or '.', and must start and end "
                   "with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', "
                   "regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]') with "
                   "an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"});
    const auto gated = [](const char* name) {
        return pod({{"serviceAccountName", "default"},
                    {"schedulingGates", Json::array({{{"name", name}}})}});
    };
    ASSERT_EQ(call("POST", pods, gated("a")).status, 201);
    EXPECT_EQ(causes(call("PUT", pods + "/p", gated("b"))),
              Said{"spec.schedulingGates[0].name: Forbidden: only deletion is allowed, but found "
                   "new scheduling gate 'b'"});
    EXPECT_EQ(call("PUT", pods + "/p", pod({{"serviceAccountName", "default"}})).status, 200);
}

TEST_F(PodParts, AreSpreadByConstraints) {
    const auto spread = [](const Json& constraint) {
        Json whole{{"maxSkew", 1}, {"topologyKey", "k"}, {"whenUnsatisfiable", "DoNotSchedule"}};
        whole.update(constraint);
        return Json{{"topologySpreadConstraints", Json::array({whole})}};
    };
    const std::string place = "spec.topologySpreadConstraints[0]";
    EXPECT_EQ(said({{"topologySpreadConstraints", Json::array({Json::object()})}}),
              (Said{place + ".maxSkew: Invalid value: 0: must be greater than zero",
                    place + ".topologyKey: Required value: can not be empty",
                    place + ".whenUnsatisfiable: Unsupported value: \"\": supported values: "
                            "\"DoNotSchedule\", \"ScheduleAnyway\""}));
    EXPECT_EQ(said(spread({{"whenUnsatisfiable", "ScheduleAnyway"}, {"minDomains", 2}})),
              Said{place + ".minDomains: Invalid value: 2: can only use minDomains if "
                           "whenUnsatisfiable=DoNotSchedule, not ScheduleAnyway"});
    EXPECT_EQ(
        fields(spread({{"minDomains", 0}, {"nodeTaintsPolicy", ""}, {"matchLabelKeys", {"x"}}})),
        (Said{place + ".minDomains", place + ".nodeTaintsPolicy", place + ".matchLabelKeys"}));
    const Json odd = Json::array({{{"key", "z"}, {"operator", "In"}},
                                  {{"key", "z"}, {"operator", "x"}},
                                  {{"key", "k"}, {"operator", "Exists"}, {"values", {"a"}}},
                                  {{"key", "k"}, {"operator", "In"}, {"values", {"a b"}}}});
    EXPECT_EQ(fields(spread({{"labelSelector",
                              {{"matchLabels", {{"a b", "c d"}}}, {"matchExpressions", odd}}},
                             {"matchLabelKeys", {"z"}}})),
              (Said{place + "[0]", place + ".labelSelector.matchLabels",
                    place + ".labelSelector.matchLabels",
                    place + ".labelSelector.matchExpressions[0].values",
                    place + ".labelSelector.matchExpressions[1].operator",
                    place + ".labelSelector.matchExpressions[2].values",
                    place + ".labelSelector.matchExpressions[3].values[0]"}));
    const Json same = spread(Json::object())["topologySpreadConstraints"][0];
    EXPECT_EQ(said({{"topologySpreadConstraints", Json::array({same, same})}}),
              Said{"spec.topologySpreadConstraints[1].{topologyKey, whenUnsatisfiable}: Duplicate "
                   "value: \"{k, DoNotSchedule}\""});
}

TEST_F(PodParts, AreTheirHostsOrTheirOwn) {
    EXPECT_EQ(fields({{"hostUsers", false},
                      {"hostNetwork", true},
                      {"hostPID", true},
                      {"hostIPC", true},
                      {"shareProcessNamespace", true}}),
              (Said{"spec.securityContext.shareProcessNamespace", "spec.hostNetwork",
                    "spec.HostPID", "spec.HostIPC"}));
    EXPECT_EQ(tried({{"hostUsers", true}, {"hostNetwork", true}, {"hostPID", true}}).status, 201);
    EXPECT_EQ(fields({{"hostAliases", Json::array({{{"ip", "x"}, {"hostnames", {"A_b", "ok"}}},
                                                   Json::object(),
                                                   {{"ip", "01.2.3.4"}, {"hostnames", {""}}}})}}),
              (Said{"spec.hostAliases[0].ip", "spec.hostAliases[0].hostnames[0]",
                    "spec.hostAliases[1].ip", "spec.hostAliases[2].hostnames[0]"}));
}

TEST_F(PodParts, AreLookedAtInTheServersOrder) {
    const Json none = Json::array({Json::object()});
    EXPECT_EQ(
        fields({{"dnsConfig", {{"nameservers", {"x"}}}},
                {"schedulingGates", Json::array({{{"name", "a b"}}})},
                {"topologySpreadConstraints",
                 Json::array({{{"maxSkew", 1}, {"whenUnsatisfiable", "DoNotSchedule"}}})},
                {"serviceAccountName", "A"},
                {"nodeSelector", {{"a b", "c"}}},
                {"tolerations", none},
                {"hostAliases", none},
                {"overhead", {{"cpu", "-1"}}},
                {"os", Json::object()},
                {"resources", {{"limits", {{"a", "1"}}}}},
                {"dnsPolicy", "z"},
                {"hostUsers", false},
                {"hostPID", true},
                {"containers",
                 Json::array({{{"name", "A"},
                               {"image", ""},
                               {"imagePullPolicy", "x"},
                               {"ports", none},
                               {"env", none},
                               {"resources", {{"limits", {{"ephemeral-storage", "-1"}}}}}}})}}),
        (Said{"spec.containers[0].name", "spec.containers[0].image",
              "spec.containers[0].ports[0].containerPort", "spec.containers[0].env[0].name",
              "spec.containers[0].imagePullPolicy",
              "spec.containers[0].resources.limits[ephemeral-storage]",
              "spec.containers[0].resources.requests[ephemeral-storage]",
              "spec.resources.limits[a]", "spec.dnsPolicy", "spec.nodeSelector",
              "spec.dnsConfig.nameservers[0]", "spec.schedulingGates[0]",
              "spec.topologySpreadConstraints[0].topologyKey", "spec.HostPID",
              "spec.serviceAccountName", "spec.tolerations[0].operator", "spec.hostAliases[0].ip",
              "spec.overhead.limits[cpu]", "spec.os.name"}));
}

TEST_F(PodParts, NamePortsAndVariables) {
    const auto place = [](std::string_view field) {
        return fmt::format("spec.containers[0].{}", field);
    };
    EXPECT_EQ(
        said(container({{"ports", Json::array({{{"containerPort", 65536}, {"name", "A"}},
                                               {{"containerPort", 1}, {"protocol", "x"}},
                                               {{"containerPort", 1}, {"name", "a--b-"}}})}})),
        (Said{place("ports[0].name: Invalid value: \"A\": must contain only alpha-numeric "
                    "characters (a-z, 0-9), and hyphens (-)"),
              place("ports[0].name: Invalid value: \"A\": must contain at least one letter "
                    "(a-z)"),
              place("ports[0].containerPort: Invalid value: 65536: must be between 1 and "
                    "65535, inclusive"),
              place("ports[1].protocol: Unsupported value: \"x\": supported values: "
                    "\"SCTP\", \"TCP\", \"UDP\""),
              place("ports[2].name: Invalid value: \"a--b-\": must not contain consecutive "
                    "hyphens"),
              place("ports[2].name: Invalid value: \"a--b-\": must not begin or end with a "
                    "hyphen")}));
    const Json from{{"fieldRef", {{"fieldPath", "metadata.name"}}}};
    EXPECT_EQ(
        fields(container({{"env", Json::array({{{"name", "a=b"}},
                                               Json::object(),
                                               {{"name", "1 x"}},
                                               {{"name", "x"}, {"value", "a"}, {"valueFrom", from}},
                                               {{"name", "y"}, {"valueFrom", Json::object()}}})}})),
        (Said{place("env[0].name"), place("env[1].name"), place("env[3].valueFrom"),
              place("env[4].valueFrom")}));
    auto on_node = container({{"ports", Json::array({{{"containerPort", 80}, {"hostPort", 81}},
                                                     {{"containerPort", 82}}})}});
    on_node["hostNetwork"] = true;
    EXPECT_EQ(said(on_node), Said{place("ports[0].hostPort: Invalid value: 81: must match "
                                        "`containerPort` when `hostNetwork` is true")});
}

TEST_F(PodParts, SayWhatNobodySaid) {
    Json probe{{"httpGet", {{"port", 80}, {"path", ""}}}, {"timeoutSeconds", 0}};
    auto parts = container(
        {{"ports", Json::array({{{"containerPort", 80}}})},
         {"env", Json::array({{{"name", "x"},
                               {"valueFrom", {{"fieldRef", {{"fieldPath", "metadata.name"}}}}}}})},
         {"livenessProbe", probe},
         {"lifecycle", {{"preStop", {{"httpGet", {{"port", 80}}}}}}}});
    parts["hostNetwork"] = true;
    const Json token{{"serviceAccountToken", {{"path", "t"}}}};
    parts["volumes"] =
        Json::array({{{"name", "s"}, {"secret", {{"secretName", "x"}}}},
                     {{"name", "e"}},
                     {{"name", "p"}, {"projected", {{"sources", Json::array({token})}}}},
                     {{"name", "h"}, {"hostPath", {{"path", "/x"}}}}});
    const auto spec = spec_of(parts);
    const auto& one = spec["containers"][0];
    EXPECT_EQ(one["ports"][0],
              Json({{"containerPort", 80}, {"hostPort", 80}, {"protocol", "TCP"}}));
    EXPECT_EQ(one["env"][0]["valueFrom"]["fieldRef"]["apiVersion"], "v1");
    EXPECT_EQ(one["livenessProbe"],
              Json({{"httpGet", {{"path", "/"}, {"port", 80}, {"scheme", "HTTP"}}},
                    {"timeoutSeconds", 1},
                    {"periodSeconds", 10},
                    {"successThreshold", 1},
                    {"failureThreshold", 3}}));
    EXPECT_EQ(one["lifecycle"]["preStop"]["httpGet"]["scheme"], "HTTP");
    const auto& volumes = spec["volumes"];
    EXPECT_EQ(volumes[0]["secret"]["defaultMode"], 420);
    EXPECT_EQ(volumes[1]["emptyDir"], Json::object());
    EXPECT_EQ(volumes[2]["projected"]["sources"][0]["serviceAccountToken"]["expirationSeconds"],
              3600);
    EXPECT_EQ(volumes[3]["hostPath"]["type"], "");
}

}  // namespace
}  // namespace meshproof::fakes
