// What the API server does with objects beside storing them: what clients of every kind meet.
#include "conformance/check.hpp"

namespace meshproof::conformance {
namespace {

std::string path(const std::string& ns, std::string_view plural) {
    return fmt::format("/api/v1/namespaces/{}/{}", ns, plural);
}

Json config_map(Json metadata, Json more = Json::object()) {
    Json object{{"metadata", std::move(metadata)}};
    object.merge_patch(more);
    return object;
}

http::Headers accepting(std::string_view media) {
    http::Headers headers;
    headers.set("Accept", std::string(media));
    return headers;
}

std::string message(const Reply& reply) {
    return reply.json.is_object() ? reply.json.value("message", "") : "";
}

bool says(Probe& probe, const Reply& reply, int status, std::string_view text) {
    return probe.expect_status(reply, status) &&
           probe.expect(message(reply).find(text) != std::string::npos, "the message is: {}",
                        message(reply));
}

}  // namespace

std::vector<Check> kube_objects() {
    return {
        {.name = "answers-are-not-kept",
         .requirement = "No answer may be kept by a cache, and each has an Audit-Id.",
         .source = "https://kubernetes.io/docs/reference/using-api/api-concepts/",
         .level = Level::may,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto ns = co_await probe.kube_namespace();
             for (const auto& target : {std::string("/version"), path(ns, "configmaps"),
                                        path(ns, "configmaps/absent"), std::string("/nowhere")}) {
                 const auto reply = co_await probe.kube("GET", target);
                 probe.expect(reply.headers.find("Cache-Control") == "no-cache, private",
                              "{} may be kept by caches", target);
                 probe.expect(reply.headers.find("Audit-Id").has_value(), "{} has no Audit-Id",
                              target);
             }
         }},

        {.name = "shapes",
         .requirement = "Metadata is asked for as of one object or of a list, whichever it is; a "
                        "shape that there is none of is 406, unless another is accepted too.",
         .rows = {163},
         .level = Level::should,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto ns = co_await probe.kube_namespace();
             const auto all = path(ns, "configmaps");
             const auto made = co_await probe.kube("POST", all, config_map(Json{{"name", "a"}}));
             probe.expect_status(made, 201);
             const std::string of = ";v=v1;g=meta.k8s.io";
             const auto many =
                 co_await probe.kube("GET", all, std::nullopt, {},
                                     accepting("application/json;as=PartialObjectMetadata" + of));
             says(probe, many, 406,
                  "you requested PartialObjectMetadata, but the requested object is a list "
                  "(*core.ConfigMapList)");
             const auto one = co_await probe.kube(
                 "GET", all + "/a", std::nullopt, {},
                 accepting("application/json;as=PartialObjectMetadataList" + of));
             says(probe, one, 406,
                  "you requested PartialObjectMetadataList, but the requested object is not a list "
                  "(*core.ConfigMap)");
             const auto unknown = co_await probe.kube("GET", all + "/a", std::nullopt, {},
                                                      accepting("application/json;as=Foo" + of));
             says(probe, unknown, 406,
                  "only the following media types are accepted: application/json");
             const auto otherwise = co_await probe.kube(
                 "GET", all + "/a", std::nullopt, {},
                 accepting("application/json;as=Foo" + of + ",application/json"));
             probe.expect_status(otherwise, 200);
             http::Headers merge = accepting("application/json;as=Table" + of);
             merge.set("Content-Type", "application/merge-patch+json");
             const auto table = co_await probe.kube_raw(
                 "PATCH", all + "/a", R"({"data":{"a":"b"}})", {}, std::move(merge));
             probe.expect_status(table, 200);
             probe.expect_equal(table.json.value("kind", Json()), "Table", "kind");
         }},

        {.name = "media-type-before-object",
         .requirement = "A patch of an unknown media type is 415, whether there is the object or "
                        "not.",
         .rows = {163},
         .level = Level::may,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto ns = co_await probe.kube_namespace();
             http::Headers plain;
             plain.set("Content-Type", "text/plain");
             const auto refused = co_await probe.kube_raw("PATCH", path(ns, "configmaps/absent"),
                                                          "{}", {}, std::move(plain));
             says(probe, refused, 415, "415: Unsupported Media Type");
         }},

        {.name = "misnamed-before-absent",
         .requirement = "An update whose object is named otherwise than its URL is 400, whether "
                        "there is the object or not.",
         .rows = {163},
         .level = Level::may,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto ns = co_await probe.kube_namespace();
             const auto target = path(ns, "configmaps/absent");
             const auto other =
                 co_await probe.kube("PUT", target, config_map(Json{{"name", "other"}}));
             says(probe, other, 400,
                  "the name of the object (other) does not match the name on the URL (absent)");
             const auto nameless = co_await probe.kube("PUT", target, config_map(Json::object()));
             says(probe, nameless, 400, "was undeterminable: name must be provided");
             const auto elsewhere = co_await probe.kube(
                 "PUT", target, config_map(Json{{"name", "absent"}, {"namespace", "other"}}));
             says(probe, elsewhere, 400, "the namespace of the provided object does not match");
         }},

        {.name = "created-without-a-version",
         .requirement = "An object that is to be created must have no resourceVersion: 500 "
                        "without a reason.",
         .rows = {163},
         .level = Level::should,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto ns = co_await probe.kube_namespace();
             const auto refused =
                 co_await probe.kube("POST", path(ns, "configmaps"),
                                     config_map(Json{{"name", "a"}, {"resourceVersion", "1"}}));
             says(probe, refused, 500,
                  "resourceVersion should not be set on objects to be created");
             const auto absent = co_await probe.kube("GET", path(ns, "configmaps/a"));
             probe.expect_status(absent, 404);
         }},

        {.name = "finalizers-are-qualified",
         .requirement = "A finalizer is one of the API's own, or has a prefix: else 422.",
         .rows = {163},
         .level = Level::should,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto ns = co_await probe.kube_namespace();
             const auto refused = co_await probe.kube(
                 "POST", path(ns, "configmaps"),
                 config_map(Json{{"name", "a"}, {"finalizers", Json::array({"mesh"})}}));
             says(probe, refused, 422,
                  "metadata.finalizers[0]: Invalid value: \"mesh\": name is neither a standard "
                  "finalizer "
                  "name nor is it fully qualified");
         }},

        {.name = "immutable-stays-so",
         .requirement = "An immutable ConfigMap stays immutable.",
         .rows = {163},
         .level = Level::may,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto ns = co_await probe.kube_namespace();
             const Json first =
                 config_map(Json{{"name", "a"}}, Json{{"immutable", true}, {"data", {{"a", "b"}}}});
             const auto made = co_await probe.kube("POST", path(ns, "configmaps"), first);
             probe.expect_status(made, 201);
             const auto refused =
                 co_await probe.kube("PUT", path(ns, "configmaps/a"),
                                     config_map(Json{{"name", "a"}}, Json{{"data", {{"a", "b"}}}}));
             says(probe, refused, 422,
                  "immutable: Forbidden: field is immutable when `immutable` is set");
         }},

        {.name = "secrets-hold-what-their-type-says",
         .requirement = "A Secret for basic authentication has a username or a password, one for "
                        "SSH a key, one for an image registry well-formed JSON: else 422.",
         .rows = {255},
         .level = Level::should,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto ns = co_await probe.kube_namespace();
             const auto secret = [](const char* type, Json data) {
                 return config_map(Json{{"name", "s"}},
                                   Json{{"type", type}, {"stringData", std::move(data)}});
             };
             const auto basic = co_await probe.kube(
                 "POST", path(ns, "secrets"), secret("kubernetes.io/basic-auth", Json::object()));
             says(probe, basic, 422,
                  "[data[username]: Required value, data[password]: Required value]");
             const auto key = co_await probe.kube(
                 "POST", path(ns, "secrets"),
                 secret("kubernetes.io/ssh-auth", Json{{"ssh-privatekey", ""}}));
             says(probe, key, 422, "data[ssh-privatekey]: Required value");
             const auto registry = co_await probe.kube(
                 "POST", path(ns, "secrets"),
                 secret("kubernetes.io/dockerconfigjson", Json{{".dockerconfigjson", "x"}}));
             says(probe, registry, 422,
                  "data[.dockerconfigjson]: Invalid value: \"<secret contents redacted>\": ");
             const auto made =
                 co_await probe.kube("POST", path(ns, "secrets"),
                                     secret("kubernetes.io/basic-auth", Json{{"password", ""}}));
             probe.expect_status(made, 201);
         }},

        {.name = "rules-and-subjects",
         .requirement = "A role's rules name groups, resources and verbs, and a binding's subjects "
                        "are accounts, users or groups: else 422.",
         .rows = {163},
         .level = Level::should,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto ns = co_await probe.kube_namespace();
             const auto base = fmt::format("/apis/rbac.authorization.k8s.io/v1/namespaces/{}/", ns);
             const Json role{{"metadata", {{"name", "a"}}},
                             {"rules", Json::array({Json{{"verbs", Json::array({"get"})}}})}};
             const auto rules = co_await probe.kube("POST", base + "roles", role);
             says(probe, rules, 422,
                  "rules[0].apiGroups: Required value: resource rules must supply at least one api "
                  "group");
             const Json binding{
                 {"metadata", {{"name", "a"}}},
                 {"roleRef", {{"kind", "Role"}, {"name", "a"}}},
                 {"subjects", Json::array({Json{{"kind", "Robot"}, {"name", "r"}}})}};
             const auto subjects = co_await probe.kube("POST", base + "rolebindings", binding);
             says(probe, subjects, 422,
                  "subjects[0].kind: Unsupported value: \"Robot\": supported values: "
                  "\"ServiceAccount\", "
                  "\"User\", \"Group\"");
         }},

        {.name = "replicas-not-negative",
         .requirement = "A negative number of replicas is 422.",
         .rows = {163},
         .level = Level::should,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto ns = co_await probe.kube_namespace();
             for (const auto* plural : {"deployments", "replicasets"}) {
                 const Json labels{{"app", "a"}};
                 const Json container{{"name", "c"}, {"image", "i"}};
                 const Json spec{{"replicas", -1},
                                 {"selector", {{"matchLabels", labels}}},
                                 {"template",
                                  {{"metadata", {{"labels", labels}}},
                                   {"spec", {{"containers", Json::array({container})}}}}}};
                 const Json object{{"metadata", {{"name", "a"}}}, {"spec", spec}};
                 const auto refused = co_await probe.kube(
                     "POST", fmt::format("/apis/apps/v1/namespaces/{}/{}", ns, plural), object);
                 says(probe, refused, 422,
                      "spec.replicas: Invalid value: -1: must be greater than or equal to 0");
             }
         }},

        {.name = "paused-from-the-beginning",
         .requirement = "A deployment that is paused when it is created gets no pods and says that "
                        "it is paused; a strategy that there is none of is 422.",
         .source = "https://kubernetes.io/docs/concepts/workloads/controllers/deployment/",
         .level = Level::should,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto ns = co_await probe.kube_namespace();
             const auto all = fmt::format("/apis/apps/v1/namespaces/{}/deployments", ns);
             const Json labels{{"app", "a"}};
             const Json container{{"name", "c"}, {"image", "i"}};
             Json spec{{"paused", true},
                       {"selector", {{"matchLabels", labels}}},
                       {"template",
                        {{"metadata", {{"labels", labels}}},
                         {"spec", {{"containers", Json::array({container})}}}}}};
             Json object{{"metadata", {{"name", "a"}}}, {"spec", spec}};
             const auto made = co_await probe.kube("POST", all, object);
             probe.expect_status(made, 201);
             Json seen;
             for (int asked = 0; asked < 100 && !seen.contains("conditions"); ++asked) {
                 const auto reply = co_await probe.kube("GET", all + "/a");
                 seen = reply.json.value("status", Json::object());
                 co_await probe.wait(std::chrono::milliseconds(100));
             }
             const auto first = seen.value("/conditions/0/reason"_json_pointer, "");
             probe.expect_equal(first, "DeploymentPaused", "the first condition's reason");
             object["metadata"]["name"] = "b";
             object["spec"]["strategy"] = {{"type", "Odd"}};
             const auto refused = co_await probe.kube("POST", all, object);
             says(probe, refused, 422, "supported values: \"Recreate\", \"RollingUpdate\"");
         }},

        {.name = "pods-hold-together",
         .requirement = "A pod's containers have names of their own and mount volumes that it has: "
                        "else 422.",
         .rows = {163},
         .level = Level::should,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto ns = co_await probe.kube_namespace();
             const Json mount{{"name", "token"}, {"mountPath", "/token"}};
             const Json container{
                 {"name", "c"}, {"image", "i"}, {"volumeMounts", Json::array({mount})}};
             const Json twin{{"name", "c"}, {"image", "j"}};
             const Json spec{{"containers", Json::array({container, twin})}};
             const Json pod{{"metadata", {{"name", "a"}}}, {"spec", spec}};
             const auto refused = co_await probe.kube("POST", path(ns, "pods"), pod);
             says(probe, refused, 422,
                  "spec.containers[0].volumeMounts[0].name: Not found: \"token\"");
             says(probe, refused, 422, "spec.containers[1].name: Duplicate value: \"c\"");
         }},

        {.name = "discovery-is-for-get",
         .requirement = "The lists of resources take GET only, while those of groups answer every "
                        "method.",
         .rows = {163},
         .level = Level::may,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             for (const std::string target : {"/api", "/api/v1", "/apis/apps/v1", "/version"}) {
                 const auto refused = co_await probe.kube("POST", target);
                 says(probe, refused, 405,
                      "the server does not allow this method on the requested resource");
             }
             const auto anyway = co_await probe.kube("POST", "/apis/apps");
             probe.expect_status(anyway, 200);
         }},
    };
}

}  // namespace meshproof::conformance
