// What is refused, when, and in which words: deletions of collections, decoding, quoting.
#include "fakes/kube/go_text.hpp"
#include "fixture.hpp"

namespace meshproof::fakes {
namespace {

class Faults : public Kube {
  protected:
    const std::string roles_path = "/apis/rbac.authorization.k8s.io/v1/namespaces/default/roles";

    void make(const std::string& name) {
        ASSERT_EQ(call("POST", secrets, Json{{"metadata", {{"name", name}}}}).status, 201);
    }
    std::vector<std::string> names() {
        std::vector<std::string> found;
        const auto listed = call("GET", secrets);
        for (const auto& item : listed.body["items"]) {
            found.push_back(item["metadata"]["name"]);
        }
        return found;
    }
    Answer sent(const std::string& method, const std::string& target, const std::string& text,
                const std::string& type = "application/json") {
        http::Request request;
        request.method = method;
        request.target = target;
        request.headers = {{"Authorization", "Bearer admin"}, {"Content-Type", type}};
        request.body = text;
        return ask(request, {});
    }
    /// What a Secret is refused with, behind what every such refusal begins with.
    std::string fault_of(const std::string& text) {
        const auto message = sent("POST", secrets, text).body.value("message", "");
        constexpr std::string_view begins = "cannot be handled as a Secret: ";
        const auto at = message.find(begins);
        return at == std::string::npos ? message : message.substr(at + begins.size());
    }
};

TEST_F(Faults, ACollectionIsDeletedAsItIsListed) {
    make("a");
    make("b");
    make("c");
    const auto refused = [&](const std::string& query, int status, const Json& body = nullptr) {
        const auto answer = body.is_null() ? call("DELETE", secrets + query)
                                           : call("DELETE", secrets + query, body);
        EXPECT_EQ(answer.status, status) << query << ": " << answer.raw.body;
        return answer.body.value("message", "");
    };
    refused("?resourceVersionMatch=Exact", 422);
    refused("?sendInitialEvents=true", 422);
    refused("?timeoutSeconds=x", 400);
    refused("?fieldSelector=a%3Db", 400);
    refused("?continue=x", 400);
    // Where both are wrong: options that are of lists alone, those of deletions, the storage's.
    EXPECT_NE(refused("?timeoutSeconds=y&gracePeriodSeconds=x", 400).find("\"y\""),
              std::string::npos);
    refused("?continue=x&propagationPolicy=x", 422);
    refused("?continue=x", 500, Json{{"dryRun", 5}});
    EXPECT_EQ(names().size(), 3U);
    const auto uid = call("GET", secrets + "/a").body["metadata"]["uid"];
    EXPECT_NE(refused("", 409, Json{{"preconditions", {{"uid", uid}}}}).find("Secret \"b\""),
              std::string::npos);
    EXPECT_EQ(names(), (std::vector<std::string>{"b", "c"})) << "a fitted, and came first";
    EXPECT_EQ(call("DELETE", secrets + "?dryRun=x", Json::object()).status, 200)
        << "with a body, the query says nothing";
    EXPECT_TRUE(names().empty());
}

TEST_F(Faults, ACollectionIsDeletedByPages) {
    make("a");
    make("b");
    const auto page = call("DELETE", secrets + "?limit=1");
    EXPECT_EQ(page.body["items"].size(), 1U);
    EXPECT_EQ(page.body["metadata"]["remainingItemCount"], 1);
    EXPECT_EQ(names(), std::vector<std::string>{"b"});
    const auto rest = page.body["metadata"]["continue"].get<std::string>();
    EXPECT_EQ(call("DELETE", secrets + "?limit=1&continue=" + rest).status, 200);
    EXPECT_TRUE(names().empty());
}

TEST_F(Faults, AListIsOfExactlyItsVersionWherePagesAre) {
    make("a");
    make("b");
    const auto then = call("GET", secrets).body["metadata"]["resourceVersion"].get<std::string>();
    ASSERT_EQ(call("DELETE", secrets + "/a").status, 200);
    make("c");
    const auto listed = [&](const std::string& method, const std::string& query) {
        std::string found;
        const auto answer = call(method, secrets + "?resourceVersion=" + then + query);
        for (const auto& item : answer.body["items"]) {
            found += item["metadata"]["name"].get<std::string>();
        }
        return found;
    };
    EXPECT_EQ(listed("GET", ""), "bc") << "no older than that";
    EXPECT_EQ(listed("GET", "&limit=5"), "ab");
    EXPECT_EQ(listed("GET", "&limit=5&resourceVersionMatch=NotOlderThan"), "bc");
    EXPECT_EQ(listed("DELETE", "&dryRun=All"), "ab");
    EXPECT_EQ(call("DELETE", secrets + "?resourceVersion=0&limit=1", Json{{"dryRun", {"All"}}})
                  .body["items"]
                  .size(),
              2U)
        << "a cache knows no pages";
    EXPECT_EQ(listed("DELETE", ""), "ab");
    EXPECT_EQ(names(), std::vector<std::string>{"c"}) << "it was made later";
}

TEST_F(Faults, ADeletionsQueryStatesPreconditions) {
    ASSERT_EQ(call("POST", roles_path, Json{{"metadata", {{"name", "r"}}}}).status, 201);
    for (const auto* query : {"/r?uid=x", "/r?resourceVersion=1", "?uid=x", "?resourceVersion=0"}) {
        const auto refused = call("DELETE", roles_path + query);
        EXPECT_EQ(refused.status, 409) << query;
        EXPECT_TRUE(refused.body["message"].get<std::string>().starts_with(
            "Operation cannot be fulfilled on Role.rbac.authorization.k8s.io \"r\": the "))
            << refused.raw.body;
        EXPECT_EQ(refused.body["details"],
                  (Json{{"name", "r"}, {"group", "rbac.authorization.k8s.io"}, {"kind", "Role"}}));
    }
    EXPECT_EQ(call("DELETE", roles_path + "/r?uid=x", Json::object()).status, 200)
        << "with a body, the query says nothing";
}

TEST_F(Faults, NameTheTypesThatTextsHaveInGo) {
    const auto fault = [&](const Json& spec, const Json& status = Json::object()) {
        const auto message =
            call("POST", pods, Json{{"spec", spec}, {"status", status}}).body.value("message", "");
        return message.substr(message.find("Go struct field ") + 16);
    };
    EXPECT_EQ(fault(Json::object(), {{"qosClass", 1.5}}),
              "PodStatus.status.qosClass of type v1.PodQOSClass");
    EXPECT_EQ(fault({{"preemptionPolicy", true}}),
              "PodSpec.spec.preemptionPolicy of type v1.PreemptionPolicy");
    EXPECT_EQ(fault({{"os", {{"name", 5}}}}), "PodOS.spec.os.name of type v1.OSName");
    EXPECT_EQ(fault({{"hostname", 5}}), "PodSpec.spec.hostname of type string");
}

TEST_F(Faults, ValuesOfExtraHaveATypeOfTheirOwn) {
    const auto fault = [&](const std::string& path, const Json& body) {
        const auto message = call("POST", path, body).body.value("message", "");
        return message.substr(message.find(" of type ") + 1);
    };
    const std::string access = "/apis/authorization.k8s.io/v1/subjectaccessreviews";
    const auto spec = [](const Json& extra) { return Json{{"spec", {{"extra", extra}}}}; };
    EXPECT_EQ(fault(access, spec({{"a", "b"}})), "of type v1.ExtraValue");
    EXPECT_EQ(fault(access, spec("b")), "of type map[string]v1.ExtraValue");
    EXPECT_EQ(fault(access, spec({{"a", Json::array({5})}})), "of type string");
    EXPECT_EQ(fault(access, Json{{"spec", {{"groups", "b"}}}}), "of type []string");
    EXPECT_EQ(fault(reviews, Json{{"status", {{"user", {{"extra", {{"a", 5}}}}}}}}),
              "of type v1.ExtraValue");
}

TEST_F(Faults, AFullPageEndsBeforeWhatIsNotChosen) {
    const Json labels{{"labels", {{"l", "x"}}}, {"name", "a"}};
    ASSERT_EQ(call("POST", secrets, Json{{"metadata", labels}}).status, 201);
    make("b");
    const auto first = call("GET", secrets + "?limit=1&labelSelector=l");
    ASSERT_TRUE(first.body["metadata"].contains("continue")) << first.raw.body;
    EXPECT_FALSE(first.body["metadata"].contains("remainingItemCount"));
    const auto next = call("GET", secrets + "?limit=1&labelSelector=l&continue=" +
                                      first.body["metadata"]["continue"].get<std::string>());
    EXPECT_TRUE(next.body["items"].empty());
    EXPECT_FALSE(next.body["metadata"].contains("continue"));
    EXPECT_FALSE(call("GET", secrets + "?limit=1&fieldSelector=metadata.name%3Da")
                     .body["metadata"]
                     .contains("continue"));
    EXPECT_EQ(call("GET", secrets + "?limit=1&resourceVersion=0").body["items"].size(), 2U);
}

TEST_F(Faults, AreToldInTheOrderOfTheText) {
    const std::string start = "json: cannot unmarshal number into Go struct field ";
    EXPECT_EQ(fault_of(R"({"type":5,"data":5})"), start + "Secret.type of type v1.SecretType");
    EXPECT_EQ(fault_of(R"({"data":5,"type":5})"), start + "Secret.data of type map[string][]uint8");
    EXPECT_EQ(fault_of(R"({"metadata":{"uid":5,"annotations":5}})"),
              start + "ObjectMeta.metadata.uid of type types.UID");
    EXPECT_EQ(fault_of(R"({"metadata":{"annotations":5},"data":{"a":"!"}})"),
              start + "ObjectMeta.metadata.annotations of type map[string]string");
    EXPECT_EQ(fault_of(R"({"data":{"a":"!"},"metadata":{"annotations":5}})"),
              "illegal base64 data at input byte 0");
    EXPECT_TRUE(fault_of(R"({"data":5,"metadata":{"creationTimestamp":"a"}})")
                    .starts_with("parsing time \"a\""))
        << "a time ends the decoding";
    EXPECT_EQ(fault_of(R"({"metadata":{"creationTimestamp":5}})"),
              start + "ObjectMeta.metadata.creationTimestamp of type string");
    EXPECT_EQ(fault_of(R"({"metadata":{"name":1.5}})"),
              start + "ObjectMeta.metadata.name of type string");
}

TEST_F(Faults, AreQuotedAsGoQuotes) {
    const auto said = [&](const std::string& method, const std::string& target,
                          std::optional<Json> body = std::nullopt) {
        return call(method, target, std::move(body)).body.value("message", "");
    };
    const auto has = [](const std::string& text, const std::string& part) {
        EXPECT_NE(text.find(part), std::string::npos) << text;
    };
    has(said("POST", secrets + "?dryRun=%7B%22a%22:1%7D%3C", Json::object()),
        R"(Unsupported value: ["{\"a\":1}\u003c"])");
    has(said("POST", secrets + "?fieldValidation=a%0A", Json::object()),
        R"(Unsupported value: "a\n")");
    has(said("POST", secrets, Json{{"kind", "a\nb"}, {"apiVersion", "v1"}}), R"(no kind "a\nb")");
    has(said("GET", secrets + "?labelSelector=a%3D%22b"), R"(Invalid value: "\"b")");
    has(said("GET", secrets + "?resourceVersionMatch=%22"), R"(Unsupported value: "\"")");
    has(said("GET", secrets + "?continue=nonsense"), R"(invalid character '\u009e')");
    has(said("GET", secrets + "?continue=bm9wZQ"),
        "invalid character 'o' in literal null (expecting 'u')");
    has(said("GET", secrets + "?continue=NQ"), "into Go value of type storage.continueToken");
    EXPECT_EQ(kube::go_character('\''), R"('\'')");
    EXPECT_EQ(kube::go_json(Json{{"a", "<\u2028"}}), R"({"a":"\u003c\u2028"})");
}

TEST_F(Faults, OfVersionsAndUids) {
    make("a");
    const auto put = [&](Json metadata) {
        metadata["name"] = "a";
        return call("PUT", secrets + "/a", Json{{"metadata", std::move(metadata)}});
    };
    EXPECT_EQ(put({{"resourceVersion", "0"}}).status, 200) << "0 is none";
    EXPECT_EQ(put({{"resourceVersion", "99999999999999999999"}}).body["message"],
              "strconv.ParseUint: parsing \"99999999999999999999\": value out of range");
    EXPECT_EQ(put({{"generateName", "g-"}}).body["metadata"]["generateName"], "g-");
    const auto patch = call("PATCH", secrets + "/a", Json{{"metadata", {{"uid", "x"}}}}, "admin",
                            "application/merge-patch+json");
    EXPECT_EQ(patch.status, 422);
    EXPECT_EQ(patch.body["message"],
              "Secret \"a\" is invalid: metadata.uid: Invalid value: \"x\": field is immutable");
    EXPECT_EQ(patch.body["details"]["causes"].size(), 2U);
    EXPECT_EQ(call("GET", secrets + "/a?resourceVersion=x").status, 500);
    EXPECT_EQ(call("GET", secrets + "/a?resourceVersion=99999999").status, 504);
    const auto version = call("GET", secrets + "/a").body["metadata"]["resourceVersion"];
    EXPECT_EQ(call("PUT", secrets + "/a?dryRun=All",
                   Json{{"metadata", {{"name", "a"}}}, {"data", {{"b", "Yg=="}}}})
                  .body["metadata"]["resourceVersion"],
              version);
}

TEST_F(Faults, OfAnUpdatesMetadataAreToldWithAllOthers) {
    const auto fields = [&](const std::string& path, Json body, Json metadata) {
        body["metadata"] = {{"name", "u"}};
        EXPECT_LT(call("POST", path, body).status, 300);
        metadata["name"] = "u";
        body["metadata"] = std::move(metadata);
        body["data"] = {{"a b", "Yg=="}};
        body["roleRef"] = {{"kind", "Robot"}, {"name", "r"}};
        const auto refused = call("PUT", path + "/u", body);
        EXPECT_EQ(refused.status, 422) << refused.raw.body;
        std::vector<std::string> names;
        for (const auto& cause : refused.body["details"]["causes"]) {
            names.push_back(cause["field"]);
        }
        return names;
    };
    const std::string grace = "metadata.deletionGracePeriodSeconds", labels = "metadata.labels",
                      role_kind = "roleRef.kind", finalizer = "metadata.finalizers[0]";
    const Json odd{{"labels", {{"bad key", "v"}}},
                   {"deletionGracePeriodSeconds", 1},
                   {"finalizers", Json::array({"x"})}};
    using Names = std::vector<std::string>;
    EXPECT_EQ(
        fields("/api/v1/namespaces/default/configmaps", Json::object(), odd),
        (Names{labels, grace, labels, grace, labels, finalizer, labels, finalizer, "data[a b]"}));
    EXPECT_EQ(fields("/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings",
                     Json{{"roleRef", {{"kind", "Role"}, {"name", "r"}}}}, odd),
              (Names{labels, grace, labels, labels, finalizer, role_kind, labels, finalizer,
                     role_kind, grace, labels, finalizer, "roleRef"}));
}

TEST_F(Faults, OfABindingsRoleShowWhatWasGiven) {
    const std::string path = "/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings";
    const auto binding = [](const char* role) {
        return Json{{"metadata", {{"name", "b"}}}, {"roleRef", {{"kind", "Role"}, {"name", role}}}};
    };
    ASSERT_EQ(call("POST", path, binding("r")).status, 201);
    EXPECT_EQ(
        call("PUT", path + "/b", binding("s")).body["message"],
        "RoleBinding.rbac.authorization.k8s.io \"b\" is invalid: roleRef: Invalid value: "
        "{\"APIGroup\":\"rbac.authorization.k8s.io\",\"Kind\":\"Role\",\"Name\":\"s\"}: cannot "
        "change roleRef");
}

TEST_F(Faults, OfALeavingObjectAreNewFinalizers) {
    Json kept{{"metadata", {{"name", "f"}, {"finalizers", Json::array({"a.b/c"})}}}};
    ASSERT_EQ(call("POST", secrets, kept).status, 201);
    ASSERT_EQ(call("DELETE", secrets + "/f").status, 200);
    kept["metadata"]["finalizers"] = Json::array({"a.b/c", "d.e/f"});
    EXPECT_EQ(call("PUT", secrets + "/f", kept).body["message"],
              "Secret \"f\" is invalid: metadata.finalizers: Forbidden: no new finalizers can be "
              "added if the object is being deleted, found new finalizers []string{\"d.e/f\"}");
}

TEST_F(Faults, OfARepeatedDryRunAreToldWhole) {
    make("d");
    for (const auto* method : {"PUT", "DELETE"}) {
        const auto ask = [&](const std::string& query) {
            return call(method, secrets + "/d?" + query,
                        method == std::string("PUT")
                            ? std::optional(Json{{"metadata", {{"name", "d"}}}})
                            : std::nullopt);
        };
        EXPECT_EQ(ask("dryRun=All&dryRun=All").status, 200) << method;
        const auto refused = ask("dryRun=All&dryRun=x");
        EXPECT_EQ(refused.status, 422) << method;
        EXPECT_EQ(refused.body["details"]["causes"][0]["message"],
                  "Unsupported value: [\"All\",\"x\"]: supported values: \"All\"");
    }
    EXPECT_EQ(call("GET", secrets + "/d").status, 200);
}

TEST_F(Faults, OfYamlAreThoseOfTheJsonThatItIs) {
    const auto say = [&](const std::string& text) {
        return sent("POST", secrets, text, "application/yaml");
    };
    for (const auto* text : {"\"a text\"", "[1]", "5", "true"}) {
        const auto refused = say(text);
        EXPECT_EQ(refused.status, 400) << text;
        EXPECT_NE(refused.body.value("message", "").find("into Go value of type struct"),
                  std::string::npos)
            << refused.raw.body;
    }
    EXPECT_EQ(say("null").status, 422) << "an object without a name";
    EXPECT_EQ(say("metadata: {name: whole, deletionGracePeriodSeconds: 5.0}").status, 201);
    EXPECT_EQ(say("metadata: {name: part, deletionGracePeriodSeconds: 5.5}").status, 400);
}

TEST_F(Faults, OfRolesAreFoundTwiceAndToldOnce) {
    const auto role = [](Json rules) {
        return Json{{"metadata", {{"name", "r"}}}, {"rules", std::move(rules)}};
    };
    ASSERT_EQ(call("POST", roles_path, role(Json::array())).status, 201);
    const auto refused = call("PUT", roles_path + "/r", role(Json::array({Json::object()})));
    EXPECT_EQ(refused.body["details"]["causes"].size(), 6U);
    EXPECT_EQ(refused.body["message"],
              "Role.rbac.authorization.k8s.io \"r\" is invalid: [rules[0].verbs: Required value: "
              "verbs must contain at least one value, rules[0].apiGroups: Required value: resource "
              "rules must supply at least one api group, rules[0].resources: Required value: "
              "resource rules must supply at least one resource]");
}

TEST_F(Faults, OfPatchesThatAreNone) {
    make("a");
    const auto said = [&](const std::string& text, const std::string& type) {
        const auto answer =
            sent("PATCH", secrets + "/a?fieldManager=f", text, "application/" + type);
        return answer.status == 200 ? "" : answer.body.value("message", "");
    };
    const std::string of_map = " into Go value of type map[string]interface {}";
    EXPECT_EQ(said("true", "merge-patch+json"),
              "error decoding patch: json: cannot unmarshal bool" + of_map);
    EXPECT_EQ(said("null", "merge-patch+json"), "Invalid JSON Patch");
    EXPECT_EQ(said("5", "strategic-merge-patch+json"), "json: cannot unmarshal number" + of_map);
    EXPECT_EQ(said("null", "strategic-merge-patch+json"), "");
    EXPECT_EQ(said("null", "json-patch+json"), "");
    EXPECT_EQ(said("true", "json-patch+json"),
              "error decoding patch: json: cannot unmarshal bool into Go value of type "
              "[]handlers.jsonPatchOp");
    EXPECT_EQ(said("\"a\"", "apply-patch+yaml"),
              "error decoding YAML: error unmarshaling JSON: while decoding JSON: json: cannot "
              "unmarshal string" +
                  of_map);
    const auto binary = sent("DELETE", secrets + "/a", "{}", "application/vnd.kubernetes.protobuf");
    EXPECT_EQ(binary.status, 500);
    EXPECT_TRUE(
        binary.body["message"].get<std::string>().starts_with("provided data does not appear"));
}

TEST_F(Faults, AStrategicPatchMayHaveFloatsForWholeNumbers) {
    const Json app{{"name", "app"}, {"image", "app"}};
    Json pod{{"metadata", {{"name", "p"}}},
             {"spec", {{"serviceAccountName", "default"}, {"containers", Json::array({app})}}}};
    ASSERT_EQ(call("POST", pods, pod).status, 201);
    const auto patched = [this](const std::string& seconds, const std::string& kind) {
        return sent("PATCH", pods + "/p?dryRun=All",
                    R"({"spec":{"activeDeadlineSeconds":)" + seconds + "}}",
                    "application/" + kind + "+json");
    };
    EXPECT_EQ(patched("5.0", "strategic-merge-patch").body["spec"]["activeDeadlineSeconds"], 5);
    EXPECT_EQ(patched("1e1", "strategic-merge-patch").body["spec"]["activeDeadlineSeconds"], 10);
    EXPECT_EQ(patched("1e30", "strategic-merge-patch").body["details"]["causes"][0]["message"],
              "Invalid value: -9223372036854775808: must be between 1 and 2147483647, inclusive");
    EXPECT_EQ(patched("1.5", "strategic-merge-patch").status, 422);
    EXPECT_EQ(patched("5.0", "merge-patch").status, 422);
    const auto priority = sent("PATCH", pods + "/p?dryRun=All", R"({"spec":{"priority":1e30}})",
                               "application/strategic-merge-patch+json");
    EXPECT_EQ(priority.status, 200) << priority.raw.body;
    EXPECT_EQ(priority.body["spec"]["priority"], 0);
}

TEST_F(Faults, OfAStrategicPatchShowThePatch) {
    make("a");
    const auto said = [&](const std::string& text, const std::string& query = "",
                          const std::string& type = "strategic-merge-patch+json") {
        const auto answer = sent("PATCH", secrets + "/a" + query, text, "application/" + type);
        EXPECT_EQ(answer.status, 422) << answer.raw.body;
        return answer.body.value("message", "");
    };
    const auto with = [](const std::string& shown, const std::string& why) {
        return " \"\" is invalid: patch: Invalid value: \"" + shown + "\": " + why;
    };
    EXPECT_EQ(
        said(R"({"odd":{"b":[1,null],"a":1.5}})", "?fieldValidation=Strict"),
        with("map[odd:map[a:1.5 b:[1 <nil>]]]", "strict decoding error: unknown field \"odd\""));
    EXPECT_EQ(said(R"({"odd":{"b":null,"a":1e30,"c":12345678.5,"d":true,"e":0.5},"data":null})",
                   "?fieldValidation=Strict"),
              with("map[data:<nil> odd:map[a:1e+30 c:1.23456785e+07 d:true e:0.5]]",
                   "strict decoding error: unknown field \"odd\""));
    EXPECT_EQ(said(R"({"type":5})"), with("map[type:5]", "cannot convert int64 to v1.SecretType"));
    EXPECT_EQ(said(R"({"type":["x"]})"), with("map[type:[x]]", "unrecognized type: string"));
    EXPECT_EQ(said(R"({"data":"x"})"), with("map[data:x]", "cannot restore map from string"));
    EXPECT_EQ(said(R"({"data":{"a":5}})"),
              with("map[data:map[a:5]]", "cannot restore slice from int64"));
    EXPECT_EQ(said(R"({"data":{"a":"!"}})"),
              with("map[data:map[a:!]]",
                   "error decoding from json: illegal base64 data at input byte 0"));
    EXPECT_EQ(said(R"({"metadata":[true]})"),
              with("map[metadata:[true]]", "cannot restore struct from: slice"));
    EXPECT_EQ(said(R"({"immutable":"x"})"), with("map[immutable:x]", "unrecognized type: bool"));
    EXPECT_EQ(said(R"({"metadata":{"creationTimestamp":5}})"),
              with("map[metadata:map[creationTimestamp:5]]",
                   "json: cannot unmarshal number into Go value of type string"));
    const auto merged = said(R"({"odd":"a"})", "?fieldValidation=Strict", "merge-patch+json");
    for (const auto* part : {R"(\"odd\":\"a\")", R"(\"resourceVersion\":\")"}) {
        EXPECT_NE(merged.find(part), std::string::npos) << merged;
    }
    const auto operation = said(R"([{"op":"add","path":"/odd","value":1,"value":2,"x":3}])",
                                "?fieldValidation=Strict", "json-patch+json");
    EXPECT_NE(operation.find("strict decoding error: json patch duplicate field \"[0].value\", "
                             "json patch unknown field \"[0].x\", unknown field \"odd\""),
              std::string::npos)
        << operation;
    const auto twice = said(R"({"data":{},"data":{}})", "?fieldValidation=Strict");
    EXPECT_NE(twice.find("strict decoding error: duplicate field \"data\""), std::string::npos)
        << twice;
}

TEST_F(Faults, ADeletionMayStateNothing) {
    make("a");
    const auto with = [&](const Json& preconditions) {
        return call("DELETE", secrets + "/a", Json{{"preconditions", preconditions}});
    };
    const auto version = with({{"resourceVersion", ""}});
    EXPECT_EQ(version.status, 409);
    EXPECT_NE(version.body.value("message", "")
                  .find("the ResourceVersion in the precondition () does not match"),
              std::string::npos)
        << version.raw.body;
    EXPECT_EQ(with({{"uid", ""}}).status, 409);
    EXPECT_EQ(call("DELETE", secrets, Json{{"preconditions", {{"uid", ""}}}}).status, 409);
    EXPECT_EQ(call("DELETE", secrets + "/a?dryRun=All&resourceVersion=&uid=").status, 200)
        << "a query says nothing by that";
    EXPECT_EQ(with({{"resourceVersion", nullptr}, {"uid", nullptr}}).status, 200);
}

TEST_F(Faults, AnEvictionStatesPreconditions) {
    create_account("app");
    create_pod("p", "app");
    const auto evicted = [&](const Json& preconditions) {
        return call("POST", pods + "/p/eviction",
                    Json{{"metadata", {{"name", "p"}}},
                         {"deleteOptions", {{"preconditions", preconditions}}}})
            .status;
    };
    EXPECT_EQ(evicted({{"uid", ""}}), 409);
    EXPECT_EQ(evicted({{"resourceVersion", "1"}}), 409);
    EXPECT_EQ(evicted(Json::object()), 201);
}

TEST_F(Faults, AContinuationHasAVersionOfItsOwn) {
    make("a");
    make("b");
    const auto next =
        "?continue=" +
        call("GET", secrets + "?limit=1").body["metadata"]["continue"].get<std::string>();
    for (const auto* version : {"x", "1", "99999999"}) {
        const auto refused = call("GET", secrets + next + "&resourceVersion=" + version);
        EXPECT_EQ(refused.body["message"],
                  "specifying resource version is not allowed when using continue");
    }
    EXPECT_EQ(call("GET", secrets + next + "&resourceVersion=0").status, 200);
}

TEST_F(Faults, ASecretHoldsWhatItsTypeSays) {
    const auto fields = [&](const std::string& type, const Json& data = Json::object()) {
        const auto refused =
            call("POST", secrets + "?dryRun=All",
                 Json{{"metadata", {{"name", "s"}}}, {"type", type}, {"stringData", data}});
        std::string found;
        if (refused.status == 422) {
            for (const auto& cause : refused.body["details"]["causes"]) {
                found += cause["field"].get<std::string>() + " ";
            }
        }
        return found;
    };
    EXPECT_EQ(fields("kubernetes.io/basic-auth"), "data[username] data[password] ");
    EXPECT_EQ(fields("kubernetes.io/basic-auth", {{"password", ""}}), "");
    EXPECT_EQ(fields("kubernetes.io/ssh-auth", {{"ssh-privatekey", ""}}), "data[ssh-privatekey] ");
    EXPECT_EQ(fields("kubernetes.io/ssh-auth", {{"ssh-privatekey", "x"}}), "");
    EXPECT_EQ(fields("kubernetes.io/tls"), "data[tls.crt] data[tls.key] ");
    for (const auto& [type, key] :
         {std::pair("kubernetes.io/dockercfg", ".dockercfg"),
          std::pair("kubernetes.io/dockerconfigjson", ".dockerconfigjson")}) {
        const auto field = fmt::format("data[{}] ", key);
        EXPECT_EQ(fields(type), field);
        EXPECT_EQ(fields(type, {{key, "{"}}), field);
        EXPECT_EQ(fields(type, {{key, "[1]"}}), field);
        EXPECT_EQ(fields(type, {{key, "{}"}}), "");
    }
    const auto said = call("POST", secrets,
                           Json{{"metadata", {{"name", "s"}}},
                                {"type", "kubernetes.io/dockercfg"},
                                {"stringData", {{".dockercfg", "5"}}}})
                          .body.value("message", "");
    EXPECT_EQ(said,
              "Secret \"s\" is invalid: data[.dockercfg]: Invalid value: \"<secret contents "
              "redacted>\": json: cannot unmarshal number into Go value of type "
              "map[string]interface {}");
}

TEST_F(Faults, AnAccessReviewShowsItsMetadataAsGoDoes) {
    const auto refused = call(
        "POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
        Json{{"metadata", {{"name", "x"}, {"labels", {{"a", "b"}}}}}, {"spec", Json::object()}});
    EXPECT_NE(refused.body.value("message", "")
                  .find(R"({"name":"x","labels":{"a":"b"},"managedFields":[{"manager":"unknown",)"),
              std::string::npos)
        << refused.raw.body;
    const auto bare = call("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
                           Json{{"metadata", {{"name", "x"}}}, {"spec", Json::object()}});
    EXPECT_NE(bare.body.value("message", "").find(R"({"name":"x"}: must be empty)"),
              std::string::npos)
        << bare.raw.body;
    const auto told =
        call("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
             Json{{"metadata", {{"name", "x"}}},
                  {"status", {{"allowed", false}, {"reason", ""}, {"evaluationError", "e"}}}});
    EXPECT_NE(
        told.body.value("message", "").find(R"("fieldsV1":{"f:status":{"f:evaluationError":{}}})"),
        std::string::npos)
        << told.raw.body;
}

TEST_F(Faults, AReviewHasNoEmptyTexts) {
    const auto answer = call(
        "POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews",
        Json{{"spec",
              {{"user", "u"},
               {"uid", ""},
               {"resourceAttributes", {{"verb", "get"}, {"resource", "pods"}, {"name", ""}}}}}});
    EXPECT_EQ(
        answer.body["spec"],
        (Json{{"user", "u"}, {"resourceAttributes", {{"verb", "get"}, {"resource", "pods"}}}}));
    const auto owned = answer.body["metadata"]["managedFields"][0]["fieldsV1"]["f:spec"];
    EXPECT_FALSE(owned.contains("f:uid")) << owned.dump();
}

TEST_F(Faults, OfALocalReviewAreToldInTheServersOrder) {
    const auto refused =
        call("POST", "/apis/authorization.k8s.io/v1/namespaces/default/localsubjectaccessreviews",
             Json{{"metadata", {{"name", "x"}}},
                  {"spec",
                   {{"nonResourceAttributes", {{"path", "/x"}}},
                    {"resourceAttributes", {{"namespace", "other"}, {"verb", "get"}}}}}});
    std::vector<std::string> fields;
    for (const auto& cause : refused.body["details"]["causes"]) {
        fields.push_back(cause["field"]);
    }
    EXPECT_EQ(fields, (std::vector<std::string>{"spec.nonResourceAttributes", "spec.user",
                                                "metadata", "spec.resourceAttributes.namespace",
                                                "spec.nonResourceAttributes"}));
}

TEST_F(Faults, OfPodsComeFromAdmissionFirst) {
    const auto pod = [&](Json spec) {
        Json containers = Json::array({{{"name", "app"}, {"image", "app"}}});
        if (!spec.contains("containers")) {
            spec["containers"] = std::move(containers);
        }
        return call("POST", pods, Json{{"metadata", {{"name", "p"}}}, {"spec", std::move(spec)}});
    };
    const auto runtime = pod({{"runtimeClassName", "x"}, {"containers", Json::array()}});
    EXPECT_EQ(runtime.status, 403);
    EXPECT_EQ(runtime.body["message"],
              "pods \"p\" is forbidden: pod rejected: RuntimeClass \"x\" not found");
    EXPECT_EQ(pod({{"priorityClassName", "x"}}).body["message"],
              "pods \"p\" is forbidden: no PriorityClass with name x was found");
    const auto nameless = call("POST", pods, Json{{"spec", {{"runtimeClassName", "x"}}}}).body;
    EXPECT_EQ(nameless["details"]["name"], "Unknown");
    EXPECT_EQ(nameless["message"],
              "pods \"Unknown\" is forbidden: pod rejected: RuntimeClass \"x\" not found");
    EXPECT_EQ(pod({{"runtimeClassName", ""}}).body["message"], "resource name may not be empty");
    EXPECT_EQ(pod({{"overhead", Json::object()}}).status, 403);
    EXPECT_EQ(pod({{"overhead", Json::object()}, {"dnsPolicy", "x"}}).status, 422)
        << "overhead is looked at last";
    EXPECT_EQ(pod({{"dnsPolicy", "x"}}).body["message"],
              "Pod \"p\" is invalid: spec.dnsPolicy: Unsupported value: \"x\": supported values: "
              "\"ClusterFirstWithHostNet\", \"ClusterFirst\", \"Default\", \"None\"");
    EXPECT_EQ(pod({{"restartPolicy", "x"}}).status, 422);
    const auto made = pod({{"nodeName", ""}});
    EXPECT_EQ(made.status, 201) << made.raw.body;
    EXPECT_FALSE(made.body["spec"].contains("nodeName"));
}

TEST_F(Faults, OfAPlaceAreToldBeforeThoseOfAName) {
    make("a");
    const auto said = [this](const std::string& method, const std::string& name, const Json& named,
                             const std::string& type = "application/json") {
        Json object{{"kind", "Secret"}, {"apiVersion", "v1"}, {"metadata", named}};
        const auto answer =
            call(method, secrets + "/" + name + "?fieldManager=x", object, "admin", type);
        EXPECT_EQ(answer.status, 400) << answer.raw.body;
        return answer.body.value("message", "");
    };
    const std::string elsewhere =
        "the namespace of the provided object does not match the namespace sent on the request";
    for (const auto* name : {"a", "absent"}) {
        for (const auto& named :
             {Json{{"namespace", "z"}}, Json{{"name", "z"}, {"namespace", "z"}}}) {
            EXPECT_EQ(said("PUT", name, named), elsewhere) << name;
            EXPECT_EQ(said("PATCH", name, named, "application/apply-patch+yaml"), elsewhere)
                << name;
        }
    }
    EXPECT_EQ(
        said("PATCH", "a", {{"name", "z"}, {"namespace", "z"}}, "application/merge-patch+json"),
        elsewhere);
    EXPECT_EQ(said("PUT", "a", {{"name", "z"}}),
              "the name of the object (z) does not match the name on the URL (a)");
}

TEST_F(Faults, OfWhatANameIsMadeOf) {
    make("a");
    const auto put = [this](const Json& metadata) {
        Json whole{{"name", "a"}};
        whole.update(metadata);
        return call("PUT", secrets + "/a?dryRun=All", Json{{"metadata", whole}});
    };
    for (const auto* base : {"A", "-", " a "}) {
        const auto refused = put({{"generateName", base}});
        EXPECT_EQ(refused.status, 422) << base;
        EXPECT_EQ(refused.body["details"]["causes"][0]["field"], "metadata.generateName");
    }
    EXPECT_EQ(put({{"generateName", "a-"}}).status, 200);
    const auto both = put({{"generateName", "A"}, {"labels", {{"a b", "c"}}}});
    std::vector<std::string> fields;
    for (const auto& cause : both.body["details"]["causes"]) {
        fields.push_back(cause["field"]);
    }
    const std::vector<std::string> told{"metadata.labels", "metadata.labels", "metadata.labels",
                                        "metadata.generateName", "metadata.labels"};
    EXPECT_EQ(fields, told) << "of all, then of Secrets";
    const auto named = call("POST", secrets + "?dryRun=All",
                            Json{{"metadata", {{"name", "b"}, {"generateName", ""}}}});
    EXPECT_EQ(named.status, 201);
    EXPECT_FALSE(named.body["metadata"].contains("generateName"));
}

TEST_F(Faults, ANullInAListOrAMapIsZero) {
    const auto sent_text = [this](const std::string& target, const std::string& text) {
        const auto answer = sent("POST", target + "?dryRun=All", text);
        EXPECT_EQ(answer.status, 201) << answer.raw.body;
        return answer.body;
    };
    const auto secret = sent_text(
        secrets,
        R"({"metadata":{"name":"a","labels":{"l":null}},"data":{"a":null},"stringData":{"b":null}})");
    EXPECT_EQ(secret["data"], Json({{"a", ""}, {"b", ""}}));
    EXPECT_EQ(secret["metadata"]["labels"], Json({{"l", ""}}));
    EXPECT_EQ(sent_text(roles_path,
                        R"({"metadata":{"name":"a"},"rules":[{"verbs":[null],"apiGroups":[null],
                            "resources":["x"]}]})")["rules"][0]["verbs"],
              Json::array({""}));
    EXPECT_EQ(sent_text(accounts, R"({"metadata":{"name":"a"},"secrets":[null]})")["secrets"],
              Json::array({Json::object()}));
    const auto pod = sent_text(
        pods,
        R"({"metadata":{"name":"a"},"spec":{"serviceAccountName":"default","containers":[{"name":"a",
            "image":"a","resources":{"limits":{"cpu":null}}}]}})");
    EXPECT_EQ(pod["spec"]["containers"][0]["resources"]["limits"]["cpu"], "0");
    EXPECT_EQ(
        sent("POST", pods, R"({"metadata":{"name":"a"},"spec":{"containers":[null]}})").status,
        422);
    EXPECT_EQ(sent("POST", secrets, R"({"metadata":{"name":"a","finalizers":[null]}})").status,
              422);
    EXPECT_EQ(sent("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews",
                   R"({"spec":{"user":"a","groups":[null],"extra":{"a":null},
                       "resourceAttributes":{"verb":"get"}}})")
                  .body["spec"],
              Json({{"user", "a"},
                    {"groups", Json::array({""})},
                    {"extra", {{"a", nullptr}}},
                    {"resourceAttributes", {{"verb", "get"}}}}));
}

TEST_F(Faults, OfReviewsKeepWhatWasSent) {
    const auto kept =
        call("POST", reviews,
             Json{{"spec", {{"token", "none"}}},
                  {"status", {{"audiences", Json::array({"z"})}, {"authenticated", true}}}});
    EXPECT_EQ(kept.body["status"]["audiences"], Json::array({"z"}));
    EXPECT_FALSE(kept.body["status"].contains("authenticated"));
    const auto elsewhere =
        call("POST", "/apis/authorization.k8s.io/v1/namespaces/default/localsubjectaccessreviews",
             Json{{"metadata", {{"namespace", "z"}}}, {"spec", Json::object()}});
    EXPECT_EQ(elsewhere.status, 400);
    call("POST", secrets, Json{{"metadata", {{"name", "g"}}}});
    const auto again =
        call("POST", secrets, Json{{"metadata", {{"name", "g"}, {"generateName", "g"}}}});
    EXPECT_EQ(again.status, 409);
    EXPECT_EQ(again.raw.headers.find("Retry-After"), "1");
}

TEST(GoText, BlanksOfEveryKindAreTrimmed) {
    for (const auto& [text, trimmed] :
         std::vector<std::pair<std::string, std::string>>{{"", ""},
                                                          {" ", ""},
                                                          {"a", "a"},
                                                          {"a b", "a b"},
                                                          {" a\t", "a"},
                                                          {"a\r\n", "a"},
                                                          {"\xe2\x80\x83"
                                                           "a\xc2\x85",
                                                           "a"},
                                                          {"a\xc3\xa4", "a\xc3\xa4"},
                                                          {"a\xa0z", "a\xa0z"}}) {
        EXPECT_EQ(kube::go_trimmed(text), trimmed) << text;
    }
}

// A text of a hundred kilobytes, a thousand times by three bytes each.
TEST_F(Faults, AnchorsOfLongTextsAreNoWayToManyBytes) {
    std::string text = "a: &a " + std::string(100'000, 'x') + "\nb: [";
    for (int i = 0; i < 1'000; ++i) {
        text += "*a,";
    }
    const auto refused = sent("POST", secrets, text + "]\n", "application/yaml");
    EXPECT_EQ(refused.status, 400);
    EXPECT_NE(refused.body.value("message", "").find("excessive aliasing"), std::string::npos)
        << refused.raw.body.substr(0, 300);
}

}  // namespace
}  // namespace meshproof::fakes
