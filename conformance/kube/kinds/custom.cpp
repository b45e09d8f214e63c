// CustomResourceDefinitions and their objects. Each check has a group of its own.
#include "conformance/kube/steps.hpp"

namespace meshproof::conformance {
namespace {

using namespace kube_steps;

constexpr std::string_view definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

Json definition(const std::string& group) {
    return {{"metadata", {{"name", "widgets." + group}}},
            {"spec",
             {{"group", group},
              {"scope", "Namespaced"},
              {"names", {{"plural", "widgets"}, {"kind", "Widget"}}},
              {"versions", Json::array({Json::parse(R"({
                  "name": "v1", "served": true, "storage": true, "subresources": {"status": {}},
                  "additionalPrinterColumns": [
                      {"name": "Size", "type": "integer", "jsonPath": ".spec.size"}],
                  "schema": {"openAPIV3Schema": {"type": "object", "required": ["spec"],
                      "properties": {
                          "spec": {"type": "object", "required": ["size"], "properties": {
                              "size": {"type": "integer", "maximum": 9},
                              "color": {"type": "string", "enum": ["red", "blue"],
                                        "default": "red"}}},
                          "status": {"type": "object", "properties": {
                              "phase": {"type": "string"}}}}}}})")})}}}};
}

/// A definition that is served, and a namespace for its objects.
struct Widgets {
    std::string group, definition_path, path;
    [[nodiscard]] Json object(std::string_view name, Json spec) const {
        return {{"apiVersion", group + "/v1"},
                {"kind", "Widget"},
                {"metadata", {{"name", name}}},
                {"spec", std::move(spec)}};
    }
};

Task<Widgets> served_widgets(Probe& probe) {
    Widgets widgets;
    widgets.group = probe.name("crd") + ".example.com";
    widgets.definition_path = fmt::format("{}/widgets.{}", definitions, widgets.group);
    const auto ns = co_await probe.kube_namespace();
    widgets.path = fmt::format("/apis/{}/v1/namespaces/{}/widgets", widgets.group, ns);
    probe.at_end_kube("DELETE", widgets.definition_path);
    auto body = definition(widgets.group);
    body["metadata"]["labels"] = probe.labels();
    (void)co_await make(probe, std::string(definitions), std::move(body));
    // The server's own controllers are some milliseconds late.
    constexpr int most_looks = 50;
    for (int look = 0; look < most_looks; ++look) {
        // Its objects may be served before it says so.
        const auto reply = co_await probe.kube("GET", widgets.path);
        const auto known = co_await probe.kube("GET", widgets.definition_path);
        if (reply.status == 200 && at(known.json, "/status/conditions/1/status") == "True") {
            co_return widgets;
        }
        co_await probe.wait(std::chrono::milliseconds(200));
    }
    probe.give_up("the definition's objects were not served within ten seconds");
}

}  // namespace

std::vector<Check> kube_kinds_custom() {
    return {
        {.name = "definition-is-established",
         .requirement = "A definition gets its remaining names and is established; its group is in "
                        "discovery and in OpenAPI v3.",
         .rows = {217},
         .level = Level::should,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto widgets = co_await served_widgets(probe);
             const auto known = co_await probe.kube("GET", widgets.definition_path);
             probe.expect_equal(at(known.json, "/status/acceptedNames/listKind"), "WidgetList",
                                "listKind");
             probe.expect_equal(at(known.json, "/status/conditions/1/type"), "Established",
                                "the second condition");
             probe.expect_equal(at(known.json, "/status/conditions/1/status"), "True",
                                "its status");
             probe.expect_equal(at(known.json, "/status/storedVersions"), Json::array({"v1"}),
                                "storedVersions");
             const auto group = co_await probe.kube("GET", "/apis/" + widgets.group);
             probe.expect_status(group, 200);
             probe.expect_equal(at(group.json, "/preferredVersion/version"), "v1",
                                "preferredVersion");
         }},

        {.name = "objects-follow-the-schema",
         .requirement = "A custom object loses what its schema does not know and gets its "
                        "defaults; what does not fit is 422.",
         .rows = {218},
         .level = Level::should,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto widgets = co_await served_widgets(probe);
             auto object = widgets.object("a", Json{{"size", 3}, {"unknown", 1}});
             object["status"] = {{"phase", "made up"}};
             const auto made = co_await probe.kube("POST", widgets.path, std::move(object));
             probe.expect_status(made, 201);
             probe.expect_equal(at(made.json, "/spec"), Json{{"size", 3}, {"color", "red"}},
                                "spec");
             probe.expect(!made.json.contains("status"), "the status was taken from a POST");
             const auto unfit = co_await probe.kube("POST", widgets.path,
                                                    widgets.object("b", Json{{"size", "x"}}));
             expect_refusal(probe, unfit, 422, "Invalid",
                            "spec.size in body must be of type integer: \"string\"");
             const auto lacking =
                 co_await probe.kube("POST", widgets.path, widgets.object("b", Json::object()));
             expect_refusal(probe, lacking, 422, "Invalid", "spec.size: Required value");
             const auto odd = co_await probe.kube(
                 "POST", widgets.path, widgets.object("b", Json{{"size", 1}, {"color", "green"}}));
             expect_refusal(probe, odd, 422, "Invalid",
                            "spec.color: Unsupported value: \"green\": supported values: \"red\", "
                            "\"blue\"");
             const auto strict =
                 co_await probe.kube("POST", widgets.path + "?fieldValidation=Strict",
                                     widgets.object("b", Json{{"size", 1}, {"unknown", 1}}));
             expect_refusal(probe, strict, 400, "BadRequest",
                            "strict decoding error: unknown field \"spec.unknown\"");
         }},

        {.name = "status-is-apart",
         .requirement = "With the status subresource, neither update changes what is the other's, "
                        "and only the spec's changes count as generations.",
         .rows = {218},
         .level = Level::should,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto widgets = co_await served_widgets(probe);
             (void)co_await make(probe, widgets.path, widgets.object("a", Json{{"size", 1}}));
             const Json both = {{"spec", {{"size", 5}}}, {"status", {{"phase", "up"}}}};
             const auto spec =
                 co_await probe.kube("PATCH", widgets.path + "/a", both, As::admin(),
                                     {{"Content-Type", "application/merge-patch+json"}});
             probe.expect_equal(at(spec.json, "/spec/size"), 5, "size");
             probe.expect_equal(at(spec.json, "/metadata/generation"), 2, "generation");
             probe.expect(!spec.json.contains("status"), "a patch of the object set its status");
             const Json other = {{"spec", {{"size", 7}}}, {"status", {{"phase", "up"}}}};
             const auto status =
                 co_await probe.kube("PATCH", widgets.path + "/a/status", other, As::admin(),
                                     {{"Content-Type", "application/merge-patch+json"}});
             probe.expect_equal(at(status.json, "/spec/size"), 5, "size");
             probe.expect_equal(at(status.json, "/status/phase"), "up", "phase");
             probe.expect_equal(at(status.json, "/metadata/generation"), 2, "generation");
             const auto strategic =
                 co_await probe.kube("PATCH", widgets.path + "/a", both, As::admin(),
                                     {{"Content-Type", "application/strategic-merge-patch+json"}});
             probe.expect_status(strategic, 415);
         }},

        {.name = "bodies-say-their-kind",
         .requirement = "A custom object's body names its kind, and its version as the path does.",
         .rows = {218},
         .level = Level::should,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto widgets = co_await served_widgets(probe);
             auto nameless = widgets.object("a", Json{{"size", 1}});
             nameless.erase("kind");
             const auto refused = co_await probe.kube("POST", widgets.path, std::move(nameless));
             expect_refusal(probe, refused, 400, "BadRequest", "Object 'Kind' is missing in");
             auto other = widgets.object("a", Json{{"size", 1}});
             other["apiVersion"] = widgets.group + "/v2";
             const auto wrong = co_await probe.kube("POST", widgets.path, std::move(other));
             expect_refusal(probe, wrong, 400, "BadRequest",
                            "does not match the expected API version");
             const auto none = co_await probe.kube("GET", widgets.path + "/a/scale");
             expect_refusal(probe, none, 404, "NotFound", "\"a\" not found");
         }},

        {.name = "columns",
         .requirement = "A table of custom objects has the columns that the definition says.",
         .rows = {218},
         .level = Level::may,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto widgets = co_await served_widgets(probe);
             (void)co_await make(probe, widgets.path, widgets.object("a", Json{{"size", 4}}));
             http::Headers headers;
             headers.set("Accept", "application/json;as=Table;v=v1;g=meta.k8s.io");
             const auto table =
                 co_await probe.kube("GET", widgets.path, std::nullopt, {}, std::move(headers));
             probe.expect_equal(at(table.json, "/rows/0/cells"), Json::array({"a", 4}),
                                "the cells");
             probe.expect_equal(at(table.json, "/columnDefinitions/1/description"),
                                "Custom resource definition column (in JSONPath format): "
                                ".spec.size",
                                "the description");
         }},

        {.name = "bad-definitions",
         .requirement = "A definition is named after its plural and group, stores one version, and "
                        "its schema has a type everywhere: else 422.",
         .rows = {217},
         .level = Level::should,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto group = probe.name("crd") + ".example.com";
             const std::string all(definitions);
             auto misnamed = definition(group);
             misnamed["metadata"]["name"] = "other." + group;
             auto refused = co_await probe.kube("POST", all, std::move(misnamed));
             expect_refusal(probe, refused, 422, "Invalid",
                            "must be spec.names.plural+\".\"+spec.group");
             auto unstored = definition(group);
             unstored["spec"]["versions"][0]["storage"] = false;
             refused = co_await probe.kube("POST", all, std::move(unstored));
             expect_refusal(probe, refused, 422, "Invalid",
                            "must have exactly one version marked as storage version");
             auto untyped = definition(group);
             untyped["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]
                 .erase("type");
             refused = co_await probe.kube("POST", all, std::move(untyped));
             expect_refusal(probe, refused, 422, "Invalid",
                            "properties[spec].type: Required value: must not be empty for "
                            "specified object fields");
         }},
    };
}

}  // namespace meshproof::conformance
