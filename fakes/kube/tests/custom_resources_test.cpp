// CustomResourceDefinitions and their objects: what an operator's author begins with.
#include "fixture.hpp"

namespace meshproof::fakes {
namespace {

class CustomResources : public Kube {
  protected:
    static Json schema() {
        return Json::parse(R"({
            "type": "object", "required": ["spec"],
            "properties": {
                "spec": {"type": "object", "required": ["size"], "properties": {
                    "size": {"type": "integer", "minimum": 1, "maximum": 9},
                    "color": {"type": "string", "enum": ["red", "blue"], "default": "red"},
                    "name": {"type": "string", "minLength": 2, "maxLength": 5},
                    "list": {"type": "array", "maxItems": 2, "x-kubernetes-list-type": "map",
                             "x-kubernetes-list-map-keys": ["a"],
                             "items": {"type": "object", "required": ["a"],
                                       "properties": {"a": {"type": "string"}}}},
                    "map": {"type": "object", "additionalProperties": {"type": "string"}},
                    "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
                    "either": {"x-kubernetes-int-or-string": true}}},
                "status": {"type": "object", "properties": {
                    "phase": {"type": "string"},
                    "conditions": {"type": "array", "items": {"type": "object", "properties": {
                        "type": {"type": "string"}, "status": {"type": "string"}}}}}}}})");
    }
    static Json version(const std::string& name, bool stored) {
        return {{"name", name},
                {"served", true},
                {"storage", stored},
                {"schema", {{"openAPIV3Schema", schema()}}},
                {"subresources", {{"status", Json::object()}}},
                {"additionalPrinterColumns",
                 Json::array({{{"name", "Size"}, {"type", "integer"}, {"jsonPath", ".spec.size"}},
                              {{"name", "Ready"},
                               {"type", "string"},
                               {"jsonPath", ".status.conditions[?(@.type==\"Ready\")].status"}}})}};
    }
    static Json definition() {
        return {
            {"metadata", {{"name", "widgets.example.com"}}},
            {"spec",
             {{"group", "example.com"},
              {"scope", "Namespaced"},
              {"names",
               {{"plural", "widgets"}, {"kind", "Widget"}, {"shortNames", Json::array({"wd"})}}},
              {"versions", Json::array({version("v1beta1", false), version("v1", true)})}}}};
    }
    static Json widget(const std::string& name, Json spec) {
        return {{"apiVersion", "example.com/v1"},
                {"kind", "Widget"},
                {"metadata", {{"name", name}}},
                {"spec", std::move(spec)}};
    }
    void define() { ASSERT_EQ(call("POST", definitions, definition()).status, 201); }
    std::string refused(Json spec) {
        const auto answer = call("POST", widgets, widget("w", std::move(spec)));
        EXPECT_EQ(answer.status, 422) << answer.raw.body;
        return answer.body.value("message", "");
    }

    const std::string definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    const std::string widgets = "/apis/example.com/v1/namespaces/default/widgets";
};

TEST_F(CustomResources, AreServedAtOnceAndNoLongerThanTheirDefinition) {
    EXPECT_EQ(call("GET", widgets).status, 404);
    const auto made = call("POST", definitions, definition());
    ASSERT_EQ(made.status, 201) << made.raw.body;
    EXPECT_EQ(made.body["spec"]["names"]["listKind"], "WidgetList");
    EXPECT_TRUE(made.body["status"]["conditions"].is_null());
    const auto known = call("GET", definitions + "/widgets.example.com").body;
    EXPECT_EQ(known["status"]["conditions"][1]["type"], "Established");
    EXPECT_EQ(known["status"]["conditions"][1]["status"], "True");
    EXPECT_EQ(known["status"]["acceptedNames"]["plural"], "widgets");
    EXPECT_EQ(call("GET", "/apis/example.com").body["preferredVersion"]["version"], "v1");
    EXPECT_EQ(call("GET", "/apis/example.com/v1").body["resources"].size(), 2U);
    EXPECT_TRUE(call("GET", "/openapi/v3/apis/example.com/v1")
                    .body["components"]["schemas"]
                    .contains("com.example.v1.Widget"));
    ASSERT_EQ(call("POST", widgets, widget("w", Json{{"size", 3}})).status, 201);
    const auto ended = call("DELETE", definitions + "/widgets.example.com");
    EXPECT_EQ(ended.status, 200);
    EXPECT_EQ(ended.body["status"]["conditions"][2]["type"], "Terminating");
    const auto gone = call("GET", widgets);
    EXPECT_EQ(gone.status, 404);
    EXPECT_EQ(gone.raw.body, "404 page not found\n");
    define();
    EXPECT_EQ(call("GET", widgets).body["items"].size(), 0U);
}

TEST_F(CustomResources, AreCompletedPrunedAndJudgedByTheirSchema) {
    define();
    auto object = widget("w", Json{{"size", 3},
                                   {"unknown", 1},
                                   {"list", Json::array({{{"a", "x"}, {"z", 1}}})},
                                   {"free", {{"q", 1}}}});
    object["status"] = {{"phase", "made up"}};
    const auto made = call("POST", widgets, object);
    ASSERT_EQ(made.status, 201) << made.raw.body;
    EXPECT_EQ(made.body["spec"], (Json{{"size", 3},
                                       {"color", "red"},
                                       {"list", Json::array({{{"a", "x"}}})},
                                       {"free", {{"q", 1}}}}));
    EXPECT_FALSE(made.body.contains("status"));
    EXPECT_EQ(made.body["metadata"]["generation"], 1);
    EXPECT_TRUE(made.body["metadata"]["managedFields"][0]["fieldsV1"]["f:spec"].contains("f:size"));

    EXPECT_NE(refused(Json::object()).find("spec.size: Required value"), std::string::npos);
    const auto odd = refused(Json{{"size", "x"},
                                  {"color", "green"},
                                  {"map", {{"a", 1}}},
                                  {"either", true},
                                  {"list", Json::array({Json::object()})}});
    for (const auto* text :
         {"spec.size: Invalid value: \"string\": spec.size in body must be of type integer: "
          "\"string\"",
          "spec.color: Unsupported value: \"green\": supported values: \"red\", \"blue\"",
          "spec.map.a: Invalid value: \"integer\": spec.map.a in body must be of type string: "
          "\"integer\"",
          "spec.either in body must be of type integer,string: \"boolean\"",
          "spec.list[0].a: Required value"}) {
        EXPECT_NE(odd.find(text), std::string::npos) << text << " in " << odd;
    }
    EXPECT_NE(refused(Json{{"size", 10}, {"name", "abcdefgh"}})
                  .find("spec.name: Too long: may not be more than 5 bytes"),
              std::string::npos);
    EXPECT_NE(refused(Json{{"size", 1}, {"list", Json::array({{{"a", "1"}}, {{"a", "1"}}})}})
                  .find("spec.list[1]: Duplicate value: {\"a\":\"1\"}"),
              std::string::npos);
    const auto strict = call("POST", widgets + "?fieldValidation=Strict",
                             widget("s", Json{{"size", 1}, {"un", 1}}));
    EXPECT_EQ(strict.body["message"],
              "Widget in version \"v1\" cannot be handled as a Widget: strict decoding error: "
              "unknown field \"spec.un\"");
}

TEST_F(CustomResources, SayWhatTheyAre) {
    define();
    auto nameless = widget("w", Json{{"size", 1}});
    nameless.erase("kind");
    EXPECT_NE(call("POST", widgets, nameless)
                  .body["message"]
                  .get<std::string>()
                  .find("Object 'Kind' is missing in"),
              std::string::npos);
    auto other = widget("w", Json{{"size", 1}});
    other["apiVersion"] = "example.com/v2";
    EXPECT_EQ(call("POST", widgets, other).body["message"],
              "the API version in the data (example.com/v2) does not match the expected API "
              "version (example.com/v1)");
}

TEST_F(CustomResources, HaveAStatusOfItsOwn) {
    define();
    const auto made = call("POST", widgets, widget("w", Json{{"size", 1}})).body;
    const std::string merge = "application/merge-patch+json";
    const Json both = {{"spec", {{"size", 5}}}, {"status", {{"phase", "up"}}}};
    const auto spec = call("PATCH", widgets + "/w", both, "admin", merge).body;
    EXPECT_EQ(spec["spec"]["size"], 5);
    EXPECT_FALSE(spec.contains("status"));
    EXPECT_EQ(spec["metadata"]["generation"], 2);
    const auto status =
        call("PATCH", widgets + "/w/status",
             Json{{"spec", {{"size", 7}}}, {"status", {{"phase", "up"}}}}, "admin", merge)
            .body;
    EXPECT_EQ(status["spec"]["size"], 5);
    EXPECT_EQ(status["status"]["phase"], "up");
    EXPECT_EQ(status["metadata"]["generation"], 2);
    EXPECT_EQ(call("PUT", widgets + "/w", widget("w", Json{{"size", 2}})).body["message"],
              "widgets.example.com \"w\" is invalid: metadata.resourceVersion: Invalid value: 0: "
              "must be specified for an update");
    EXPECT_EQ(call("PATCH", widgets + "/w", Json{{"spec", {{"size", 2}}}}, "admin",
                   "application/strategic-merge-patch+json")
                  .status,
              415);
    EXPECT_EQ(call("GET", widgets + "/w/scale").body["details"]["kind"], "widgets");
}

TEST_F(CustomResources, OfTwoVersionsAreTheSame) {
    define();
    ASSERT_EQ(call("POST", widgets, widget("w", Json{{"size", 1}})).status, 201);
    const auto older = call("GET", "/apis/example.com/v1beta1/namespaces/default/widgets/w");
    EXPECT_EQ(older.body["apiVersion"], "example.com/v1beta1");
    EXPECT_EQ(older.body["metadata"]["uid"], call("GET", widgets + "/w").body["metadata"]["uid"]);
    const auto list = call("GET", widgets).body;
    EXPECT_EQ(list["kind"], "WidgetList");
    EXPECT_EQ(list["metadata"]["continue"], "");
    EXPECT_EQ(list["items"][0]["kind"], "Widget");
}

TEST_F(CustomResources, ShowTheirColumns) {
    define();
    ASSERT_EQ(call("POST", widgets, widget("w", Json{{"size", 4}})).status, 201);
    const Json ready = {{"type", "Ready"}, {"status", "True"}};
    ASSERT_EQ(call("PATCH", widgets + "/w/status",
                   Json{{"status", {{"conditions", Json::array({ready})}}}}, "admin",
                   "application/merge-patch+json")
                  .status,
              200);
    http::Headers headers;
    headers.set("Accept", "application/json;as=Table;v=v1;g=meta.k8s.io");
    const auto table = call("GET", widgets, std::nullopt, "admin", "", headers).body;
    EXPECT_EQ(table["rows"][0]["cells"], (Json{"w", 4, "True"}));
    EXPECT_EQ(table["columnDefinitions"][1]["name"], "Size");
}

TEST_F(CustomResources, WaitForNamesThatAreTaken) {
    define();
    auto other = definition();
    other["metadata"]["name"] = "gadgets.example.com";
    other["spec"]["names"]["plural"] = "gadgets";
    ASSERT_EQ(call("POST", definitions, other).status, 201);
    const auto path = definitions + "/gadgets.example.com";
    EXPECT_EQ(call("GET", path).body["status"]["conditions"][0]["reason"], "ListKindConflict");
    EXPECT_EQ(call("GET", "/apis/example.com/v1/gadgets").status, 404);
    call("DELETE", definitions + "/widgets.example.com");
    EXPECT_EQ(call("GET", "/apis/example.com/v1/gadgets").status, 200);
}

TEST_F(CustomResources, OfABadDefinitionAreRefused) {
    const auto message = [&](const Json& body) {
        const auto answer = call("POST", definitions, body);
        EXPECT_EQ(answer.status, 422) << answer.raw.body;
        return answer.body.value("message", "");
    };
    auto misnamed = definition();
    misnamed["metadata"]["name"] = "x.example.com";
    EXPECT_NE(message(misnamed).find("must be spec.names.plural+\".\"+spec.group"),
              std::string::npos);
    auto untyped = definition();
    untyped["spec"]["versions"].erase(0);
    untyped["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"].erase("type");
    EXPECT_NE(message(untyped).find("spec.validation.openAPIV3Schema.properties[spec].type: "
                                    "Required value: must not be empty for specified object "
                                    "fields"),
              std::string::npos);
    auto unstored = definition();
    unstored["spec"]["versions"][1]["storage"] = false;
    EXPECT_NE(message(unstored).find("must have exactly one version marked as storage version"),
              std::string::npos);
}

TEST_F(CustomResources, OutliveTheServer) {
    define();
    ASSERT_EQ(call("POST", widgets, widget("w", Json{{"size", 1}})).status, 201);
    const auto before = call("GET", widgets).body;
    auto restored = FakeKube::restored(Json::parse(kube->save().dump()), {}, clock);
    ASSERT_TRUE(restored.has_value()) << restored.error().message;
    kube = std::move(*restored);
    EXPECT_EQ(call("GET", widgets).body, before);
}

// A default of a megabyte for each of many items would be gigabytes.
TEST_F(CustomResources, DefaultsHaveABound) {
    auto defined = definition();
    auto& spec = defined["spec"]["versions"][1]["schema"]["openAPIV3Schema"]["properties"]["spec"];
    spec["properties"]["many"] = {
        {"type", "array"},
        {"items",
         {{"type", "object"},
          {"properties",
           {{"text", {{"type", "string"}, {"default", std::string(1'000'000, 'x')}}}}}}}};
    ASSERT_EQ(call("POST", definitions, defined).status, 201);
    Json items = Json::array();
    for (int i = 0; i < 2'000; ++i) {
        items.push_back(Json::object());
    }
    const auto refused = call("POST", widgets, widget("w", {{"size", 1}, {"many", items}}));
    EXPECT_EQ(refused.status, 500);
    EXPECT_NE(refused.body.value("message", "").find("larger than max"), std::string::npos)
        << refused.raw.body.substr(0, 300);
}

}  // namespace
}  // namespace meshproof::fakes
