// What the server makes of bodies: field validation, patches, server-side apply, protobuf.
#include "conformance/kube/steps.hpp"

namespace meshproof::conformance {
namespace {

using namespace kube_steps;

http::Headers typed(std::string type) {
    return {{"Content-Type", std::move(type)}};
}

Json odd_account(std::string_view name) {
    return {{"metadata", {{"name", name}}}, {"bogus", true}};
}

constexpr std::string_view protobuf = "application/vnd.kubernetes.protobuf";

// "k8s\0" and runtime.Unknown{1 typeMeta{1 apiVersion, 2 kind}, 2 raw} of a ConfigMap
// {1 metadata{1 name: "wire"}, 2 data{"a": "b"}}, as client-go sends it (row 213).
constexpr std::string_view wire_map(
    "k8s\0\x0a\x0f\x0a\x02v1\x12\x09"
    "ConfigMap\x12\x10\x0a\x06\x0a\x04wire\x12\x06\x0a\x01"
    "a\x12\x01"
    "b",
    39);

// What an answer of that kind begins with.
std::string envelope(std::string_view kind) {
    std::string type("\x0a\x02v1\x12");
    type += static_cast<char>(kind.size());
    type += kind;
    std::string out("k8s\0\x0a", 5);
    out += static_cast<char>(type.size());
    return out + type;
}

Json applied(std::string_view value) {
    return {{"apiVersion", "v1"},
            {"kind", "ConfigMap"},
            {"metadata", {{"name", "c"}}},
            {"data", {{"a", value}}}};
}

}  // namespace

std::vector<Check> kube_errors_bodies() {
    return {
        {.name = "strict-refuses",
         .requirement = "With fieldValidation=Strict an unknown and a repeated field are 400.",
         .source = "Kubernetes API concepts, field validation",
         .level = Level::should,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto home = co_await kube_steps::home(probe);
             const auto reply = co_await probe.kube(
                 "POST", home.accounts() + "?fieldValidation=Strict", odd_account("x"));
             expect_refusal(probe, reply, 400, "BadRequest",
                            "strict decoding error: unknown field \"bogus\"");
             const auto twice = co_await probe.kube_raw(
                 "POST", home.accounts() + "?fieldValidation=Strict",
                 R"({"metadata":{"name":"x","name":"y"}})", As::admin(), typed("application/json"));
             expect_refusal(probe, twice, 400, "BadRequest", "duplicate field \"metadata.name\"");
         }},

        {.name = "default-is-a-warning",
         .requirement = "Without fieldValidation an unknown field is dropped with a Warning "
                        "header, with Ignore without one.",
         .source = "Kubernetes API concepts, field validation",
         .level = Level::may,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto home = co_await kube_steps::home(probe);
             const auto warned = co_await probe.kube("POST", home.accounts(), odd_account("x"));
             probe.expect_status(warned, 201);
             probe.expect_equal(warned.headers.find("Warning").value_or(""),
                                "299 - \"unknown field \\\"bogus\\\"\"", "Warning");
             probe.expect(at(warned.json, "/bogus").is_null(), "the unknown field was kept");
             const auto ignored = co_await probe.kube(
                 "POST", home.accounts() + "?fieldValidation=Ignore", odd_account("y"));
             probe.expect_status(ignored, 201);
             probe.expect(!ignored.headers.find("Warning"), "Ignore warns");
         }},

        {.name = "wrong-types-are-400",
         .requirement = "A number for a text, and a text for a number, are 400.",
         .rows = {163},
         .level = Level::should,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto home = co_await kube_steps::home(probe);
             Json number = {{"metadata", {{"name", 5}}}};
             const auto name = co_await probe.kube("POST", home.accounts(), std::move(number));
             expect_refusal(probe, name, 400, "BadRequest",
                            "cannot unmarshal number into Go struct field");
             Json text = {{"spec", {{"expirationSeconds", "3600"}}}};
             const auto seconds = co_await probe.kube("POST", home.token_path(), std::move(text));
             expect_refusal(probe, seconds, 400, "BadRequest", "expirationSeconds of type int64");
         }},

        {.name = "yaml-is-taken",
         .requirement = "A body of application/yaml is taken.",
         .source = "Kubernetes API concepts, alternate representations",
         .level = Level::may,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto home = co_await kube_steps::home(probe);
             const auto reply =
                 co_await probe.kube_raw("POST", core_path(home.ns, "configmaps"),
                                         "metadata:\n  name: written\ndata:\n  number: \"5\"\n",
                                         As::admin(), typed("application/yaml"));
             probe.expect_status(reply, 201);
             probe.expect_equal(at(reply.json, "/data/number"), "5", "data.number");
         }},

        {.name = "patches-merge",
         .requirement = "A merge patch removes with null and adds; a JSON patch replaces, and is "
                        "422 where its path is not there.",
         .source = "RFC 7396 and RFC 6902",
         .level = Level::must,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto home = co_await kube_steps::home(probe);
             const auto path = core_path(home.ns, "configmaps", "c");
             Json made = {{"metadata", {{"name", "c"}}}, {"data", {{"a", "1"}, {"b", "2"}}}};
             (void)co_await make(probe, core_path(home.ns, "configmaps"), std::move(made));
             Json merge = {{"data", {{"a", nullptr}, {"c", "3"}}}};
             const auto merged = co_await probe.kube("PATCH", path, std::move(merge), As::admin(),
                                                     typed("application/merge-patch+json"));
             const Json after = {{"b", "2"}, {"c", "3"}};
             probe.expect_equal(at(merged.json, "/data"), after, "data after a merge patch");
             const Json operation = {{"op", "replace"}, {"path", "/data/b"}, {"value", "9"}};
             const auto patched =
                 co_await probe.kube("PATCH", path, Json::array({operation}), As::admin(),
                                     typed("application/json-patch+json"));
             probe.expect_equal(at(patched.json, "/data/b"), "9", "data.b after a JSON patch");
             const Json absent = {{"op", "remove"}, {"path", "/data/nothing"}};
             const auto refused =
                 co_await probe.kube("PATCH", path, Json::array({absent}), As::admin(),
                                     typed("application/json-patch+json"));
             expect_refusal(probe, refused, 422, "Invalid",
                            "the server rejected our request due to an error in our request");
         }},

        {.name = "strategic-merge-joins-lists",
         .requirement = "A strategic merge patch joins conditions by type where a merge patch "
                        "replaces the list.",
         .source = "Kubernetes API concepts, patches",
         .level = Level::must,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto home = co_await kube_steps::home(probe);
             (void)co_await pod(probe, home, "web-0");
             const auto path = core_path(home.ns, "pods", "web-0") + "/status";
             const auto with = [](const char* type) {
                 const Json condition = {{"type", type}, {"status", "True"}};
                 return Json{{"status", {{"conditions", Json::array({condition})}}}};
             };
             (void)co_await probe.kube("PATCH", path, with("Ready"), As::admin(),
                                       typed("application/strategic-merge-patch+json"));
             const auto joined =
                 co_await probe.kube("PATCH", path, with("ContainersReady"), As::admin(),
                                     typed("application/strategic-merge-patch+json"));
             probe.expect_equal(at(joined.json, "/status/conditions").size(), 2, "conditions");
             const auto replaced = co_await probe.kube("PATCH", path, with("Ready"), As::admin(),
                                                       typed("application/merge-patch+json"));
             probe.expect_equal(at(replaced.json, "/status/conditions").size(), 1,
                                "conditions after a merge patch");
         }},

        {.name = "pods-change-in-few-things",
         .requirement =
             "A pod's update changes images, tolerations and a shorter deadline, else it "
             "is 422; its priority is its class's, and its resources make its "
             "qosClass.",
         .rows = {252},
         .level = Level::should,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto home = co_await kube_steps::home(probe);
             (void)co_await pod(probe, home, "web-0");
             const auto path = core_path(home.ns, "pods", "web-0");
             const auto merge = typed("application/merge-patch+json");
             const Json grace = {{"spec", {{"terminationGracePeriodSeconds", 7}}}};
             const auto fixed = co_await probe.kube("PATCH", path, grace, As::admin(), merge);
             expect_refusal(probe, fixed, 422, "Invalid",
                            "pod updates may not change fields other than");
             Json deadline = {{"spec", {{"activeDeadlineSeconds", 10}}}};
             const auto set = co_await probe.kube("PATCH", path, deadline, As::admin(), merge);
             probe.expect_status(set, 200);
             deadline["spec"]["activeDeadlineSeconds"] = 20;
             const auto later = co_await probe.kube("PATCH", path, deadline, As::admin(), merge);
             expect_refusal(probe, later, 422, "Invalid",
                            "must be less than or equal to previous value");
             const Json odd = {{"spec", {{"priorityClassName", "some text"}}}};
             const auto misnamed = co_await probe.kube("PATCH", path, odd, As::admin(), merge);
             expect_refusal(
                 probe, misnamed, 422, "Invalid",
                 "[spec.priorityClassName: Invalid value: \"some text\": a lowercase RFC "
                 "1123 subdomain must consist of");
             const Json amounts = {{"cpu", "1"}, {"memory", "1Gi"}};
             const Json container = {
                 {"name", "c"}, {"image", "i"}, {"resources", {{"limits", amounts}}}};
             Json spec = {{"serviceAccountName", home.account},
                          {"schedulerName", "meshproof"},
                          {"containers", Json::array({container})}};
             Json object = {{"metadata", {{"name", "web-1"}}}, {"spec", spec}};
             const auto made = co_await probe.kube("POST", core_path(home.ns, "pods"), object);
             probe.expect_status(made, 201);
             probe.expect_equal(at(made.json, "/status/qosClass"), "Guaranteed", "qosClass");
             object["metadata"]["name"] = "web-2";
             object["spec"]["priority"] = 10;
             const auto ranked = co_await probe.kube("POST", core_path(home.ns, "pods"), object);
             expect_refusal(probe, ranked, 403, "Forbidden",
                            "the integer value of priority (10) must not be provided in pod spec");
         }},

        {.name = "apply-conflicts",
         .requirement = "Server-side apply needs a fieldManager, changes nothing the second time, "
                        "and is 409 for another manager's field unless forced.",
         .source = "Kubernetes server-side apply, conflicts",
         .level = Level::should,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto home = co_await kube_steps::home(probe);
             const auto path = core_path(home.ns, "configmaps", "c");
             const auto type = typed("application/apply-patch+yaml");
             const auto unnamed =
                 co_await probe.kube("PATCH", path, applied("1"), As::admin(), type);
             expect_refusal(probe, unnamed, 422, "Invalid",
                            "fieldManager: Required value: is required for apply patch");
             const auto made = co_await probe.kube("PATCH", path + "?fieldManager=one",
                                                   applied("1"), As::admin(), type);
             probe.expect_status(made, 201);
             const auto again = co_await probe.kube("PATCH", path + "?fieldManager=one",
                                                    applied("1"), As::admin(), type);
             probe.expect_status(again, 200);
             probe.expect_equal(at(again.json, "/metadata/resourceVersion"),
                                at(made.json, "/metadata/resourceVersion"),
                                "resourceVersion after the same apply");
             const auto refused = co_await probe.kube("PATCH", path + "?fieldManager=two",
                                                      applied("2"), As::admin(), type);
             expect_refusal(probe, refused, 409, "Conflict",
                            "Apply failed with 1 conflict: conflict with \"one\": .data.a");
             const auto forced = co_await probe.kube("PATCH", path + "?fieldManager=two&force=true",
                                                     applied("2"), As::admin(), type);
             probe.expect_status(forced, 200);
             probe.expect_equal(at(forced.json, "/data/a"), "2", "data.a");
         }},

        {.name = "apply-takes-selectors-whole",
         .requirement = "A Service's selector is one value to an apply: another manager's takes "
                        "its place, and adds nothing to it.",
         .rows = {255},
         .level = Level::should,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto path = core_path(co_await probe.kube_namespace(), "services", "s");
             const auto selecting = [](const char* label) {
                 return Json{{"apiVersion", "v1"},
                             {"kind", "Service"},
                             {"metadata", {{"name", "s"}}},
                             {"spec", {{"clusterIP", "None"}, {"selector", {{label, "x"}}}}}};
             };
             const auto type = typed("application/apply-patch+yaml");
             const auto made = co_await probe.kube("PATCH", path + "?fieldManager=one",
                                                   selecting("a"), As::admin(), type);
             probe.expect_status(made, 201);
             const auto refused = co_await probe.kube("PATCH", path + "?fieldManager=two",
                                                      selecting("b"), As::admin(), type);
             expect_refusal(probe, refused, 409, "Conflict",
                            "conflict with \"one\": .spec.selector");
             const auto forced = co_await probe.kube("PATCH", path + "?fieldManager=two&force=true",
                                                     selecting("b"), As::admin(), type);
             probe.expect_status(forced, 200);
             const Json left = {{"b", "x"}};
             probe.expect_equal(at(forced.json, "/spec/selector"), left, "spec.selector");
         }},

        {.name = "dry-runs-change-nothing",
         .requirement = "With dryRun=All an object is answered and not made; another value is 422.",
         .source = "Kubernetes API concepts, dry-run",
         .level = Level::should,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto home = co_await kube_steps::home(probe);
             Json body = {{"metadata", {{"name", "x"}}}};
             const auto reply = co_await probe.kube("POST", home.accounts() + "?dryRun=All", body);
             probe.expect_status(reply, 201);
             const auto absent = co_await probe.kube("GET", home.accounts() + "/x");
             probe.expect_status(absent, 404);
             const auto unknown =
                 co_await probe.kube("POST", home.accounts() + "?dryRun=some", body);
             expect_refusal(probe, unknown, 422, "Invalid", "dryRun: Unsupported value");
         }},

        {.name = "names-are-made",
         .requirement = "generateName gives a name of its own with five letters appended.",
         .source = "Kubernetes API concepts, generated values",
         .level = Level::should,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto home = co_await kube_steps::home(probe);
             Json body = {{"metadata", {{"generateName", "app-"}}}};
             const auto one = co_await probe.kube("POST", home.accounts(), body);
             const auto two = co_await probe.kube("POST", home.accounts(), body);
             probe.expect_status(two, 201);
             const auto name = text_at(one.json, "/metadata/name");
             probe.expect(name.starts_with("app-") && name.size() == 9, "the name is \"{}\"", name);
             probe.expect(name != text_at(two.json, "/metadata/name"), "two names are the same");
         }},

        {.name = "bad-labels-are-422",
         .requirement = "A label with a blank in its key or value is 422.",
         .rows = {163},
         .level = Level::may,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto home = co_await kube_steps::home(probe);
             const Json labels[] = {{{"two words", "x"}}, {{"key", "two words"}}};
             for (const auto& bad : labels) {
                 Json body = {{"metadata", {{"name", "x"}, {"labels", bad}}}};
                 const auto reply = co_await probe.kube("POST", home.accounts(), std::move(body));
                 expect_refusal(probe, reply, 422, "Invalid",
                                "metadata.labels: Invalid value: \"two words\"");
             }
         }},

        {.name = "protobuf-both-ways",
         .requirement = "An object comes and goes as protobuf where the caller says so, and is "
                        "the same as in JSON; so are lists and refusals.",
         .rows = {213},
         .level = Level::should,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto home = co_await kube_steps::home(probe);
             const auto maps = core_path(home.ns, "configmaps");
             http::Headers both = {{"Content-Type", std::string(protobuf)},
                                   {"Accept", "application/json"}};
             const auto made = co_await probe.kube_raw("POST", maps, std::string(wire_map),
                                                       As::admin(), std::move(both));
             probe.expect_status(made, 201);
             probe.expect_equal(at(made.json, "/data"), Json{{"a", "b"}}, "data");
             const http::Headers binary = {{"Accept", std::string(protobuf)}};
             const auto read = [&](std::string path) {
                 return probe.kube("GET", std::move(path), {}, As::admin(), binary);
             };
             const auto object = co_await read(maps + "/wire");
             const auto list = co_await read(maps);
             const auto none = co_await read(maps + "/none");
             probe.expect_status(object, 200);
             probe.expect_status(list, 200);
             probe.expect_status(none, 404);
             for (const auto& [reply, kind] :
                  {std::pair(&object, "ConfigMap"), std::pair(&list, "ConfigMapList"),
                   std::pair(&none, "Status")}) {
                 probe.expect_equal(reply->headers.find("Content-Type").value_or(""), protobuf,
                                    "Content-Type");
                 probe.expect(reply->body.starts_with(envelope(kind)),
                              "the body is no envelope of a {}", kind);
             }
             constexpr std::string_view data(
                 "\x12\x06\x0a\x01"
                 "a\x12\x01"
                 "b",
                 8);
             probe.expect(object.body.find(data) != std::string::npos, "the data is not in it");
         }},

        {.name = "protobuf-is-chosen-or-refused",
         .requirement = "The best range of Accept that the server can write is taken; tables are "
                        "never protobuf, and a patch is none.",
         .rows = {213},
         .level = Level::may,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto home = co_await kube_steps::home(probe);
             const std::string table = ";as=Table;v=v1;g=meta.k8s.io", binary(protobuf);
             const std::pair<std::string, std::string> chosen[] = {
                 {binary + ";q=0.5,application/json", "application/json"},
                 {"*/*," + binary, binary},
                 {binary + table + ",application/json" + table, "application/json"}};
             for (const auto& [accept, type] : chosen) {
                 const auto reply = co_await probe.kube("GET", home.accounts(), {}, As::admin(),
                                                        {{"Accept", accept}});
                 probe.expect_status(reply, 200);
                 probe.expect_equal(reply.headers.find("Content-Type").value_or(""), type,
                                    "Content-Type for " + accept);
             }
             const auto refused = co_await probe.kube("GET", home.accounts(), {}, As::admin(),
                                                      {{"Accept", binary + table}});
             expect_refusal(probe, refused, 406, "NotAcceptable",
                            "only the following media types are accepted");
             const auto patch =
                 co_await probe.kube_raw("PATCH", home.accounts() + "/" + home.account, "k8s",
                                         As::admin(), typed(std::string(protobuf)));
             expect_refusal(probe, patch, 415, "UnsupportedMediaType",
                            "415: Unsupported Media Type");
         }},
    };
}

}  // namespace meshproof::conformance
