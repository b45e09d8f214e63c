// What a request asks for beside its object, and in which order the server looks at it.
#include "conformance/kube/steps.hpp"

namespace meshproof::conformance {
namespace {

using namespace kube_steps;

Json object_named(std::string_view name, Json metadata = Json::object()) {
    metadata["name"] = name;
    return {{"metadata", std::move(metadata)}};
}

std::string roles_of(const std::string& ns) {
    return fmt::format("/apis/rbac.authorization.k8s.io/v1/namespaces/{}/roles", ns);
}

/// A query or a path that is refused, and how.
struct Refused {
    std::string what;
    int code;
    std::string_view reason, text;
};

Task<void> refused_lists(Probe& probe, std::string path, std::vector<Refused> cases) {
    for (const auto& one : cases) {
        const auto reply = co_await probe.kube("GET", fmt::format("{}?{}", path, one.what));
        expect_refusal(probe, reply, one.code, one.reason, one.text);
    }
}

}  // namespace

std::vector<Check> kube_errors_requests() {
    return {
        {.name = "absent-roles-are-made",
         .requirement = "PUT of a Role, a RoleBinding, a Lease or a Service that is not there "
                        "makes it (201); of a ConfigMap it is 404.",
         .rows = {225},
         .level = Level::should,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto ns = co_await probe.kube_namespace();
             const auto made = co_await probe.kube("PUT", roles_of(ns) + "/r", object_named("r"));
             probe.expect_status(made, 201);
             const auto again = co_await probe.kube("PUT", roles_of(ns) + "/r", object_named("r"));
             probe.expect_status(again, 200);
             const auto lease = co_await probe.kube(
                 "PUT", fmt::format("/apis/coordination.k8s.io/v1/namespaces/{}/leases/l", ns),
                 object_named("l"));
             probe.expect_status(lease, 201);
             const auto map =
                 co_await probe.kube("PUT", core_path(ns, "configmaps", "m"), object_named("m"));
             expect_refusal(probe, map, 404, "NotFound", "configmaps \"m\" not found");
             Json metadata{{"uid", "none"}};
             const auto other = co_await probe.kube("PUT", roles_of(ns) + "/s",
                                                    object_named("s", std::move(metadata)));
             expect_refusal(probe, other, 409, "Conflict", "UID in precondition: none");
         }},

        {.name = "bodies-before-objects",
         .requirement = "The options and the body of a deletion are looked at before its object; "
                        "a creation's media type before its options, an update's after.",
         .rows = {226},
         .level = Level::may,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto ns = co_await probe.kube_namespace();
             const auto absent = core_path(ns, "configmaps", "absent");
             Json odd{{"preconditions", 5}};
             const auto body = co_await probe.kube("DELETE", absent, std::move(odd));
             expect_refusal(probe, body, 500, "",
                            "cannot unmarshal number into Go struct field "
                            "DeleteOptions.preconditions");
             Json stranger{{"kind", "a"}, {"apiVersion", "v1"}};
             const auto kind = co_await probe.kube("DELETE", absent, std::move(stranger));
             expect_refusal(probe, kind, 500, "", "no kind \"a\" is registered");
             const auto policy = co_await probe.kube("DELETE", absent + "?propagationPolicy=x");
             expect_refusal(probe, policy, 422, "Invalid", "propagationPolicy: Unsupported value");
             const auto both = co_await probe.kube(
                 "DELETE", absent + "?propagationPolicy=Orphan&orphanDependents=true");
             expect_refusal(probe, both, 422, "Invalid", "cannot be both set");
             const auto grace = co_await probe.kube("DELETE", absent + "?gracePeriodSeconds=x");
             expect_refusal(probe, grace, 400, "BadRequest", "strconv.ParseInt: parsing \"x\"");
             const auto create =
                 co_await probe.kube_raw("POST", core_path(ns, "configmaps") + "?dryRun=x", "{}",
                                         As::admin(), {{"Content-Type", "text/plain"}});
             expect_refusal(probe, create, 415, "UnsupportedMediaType", "unknown format");
             const auto update = co_await probe.kube_raw(
                 "PUT", absent + "?dryRun=x", "{}", As::admin(), {{"Content-Type", "text/plain"}});
             expect_refusal(probe, update, 422, "Invalid", "dryRun: Unsupported value");
         }},

        {.name = "list-options",
         .requirement = "A list takes no option of watches, numbers that are numbers, and "
                        "selectors that can be read.",
         .rows = {227},
         .level = Level::should,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto ns = co_await probe.kube_namespace();
             std::vector<Refused> cases{
                 {"sendInitialEvents=true", 422, "Invalid", "is forbidden for list"},
                 {"resourceVersionMatch=x", 422, "Invalid", "Unsupported value: \"x\""},
                 {"timeoutSeconds=x", 400, "BadRequest", "strconv.ParseInt: parsing \"x\""},
                 {"limit=x", 400, "BadRequest", "strconv.ParseInt: parsing \"x\""},
                 {"continue=some%20text", 400, "BadRequest", "base64 data at input byte 4"},
                 {"labelSelector=a%3Db%3Dc", 400, "BadRequest",
                  "found '=', expected: ',' or 'end of string'"},
                 {"labelSelector=a,", 400, "BadRequest", "expected: identifier after ','"},
                 {"labelSelector=a%20in%20(b", 400, "BadRequest", "expected: ',' or ')'"},
                 {"labelSelector=-a", 400, "BadRequest", "Invalid value: \"-a\""},
                 {"labelSelector=a%3Ex", 400, "BadRequest", "the value must be an integer"},
                 {"fieldSelector=metadata.name%3Db%3Dc", 400, "BadRequest",
                  "unescaped character in value"}};
             co_await refused_lists(probe, core_path(ns, "configmaps"), std::move(cases));
         }},

        {.name = "field-managers",
         .requirement = "A fieldManager has at most 128 bytes, and no character that cannot be "
                        "printed: else 422, for reviews too.",
         .rows = {228},
         .level = Level::may,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto ns = co_await probe.kube_namespace();
             const auto maps = core_path(ns, "configmaps");
             const auto longest = "?fieldManager=" + std::string(128, 'a');
             const auto taken = co_await probe.kube("POST", maps + longest, object_named("a"));
             probe.expect_status(taken, 201);
             for (const auto& path :
                  {maps, std::string("/apis/authentication.k8s.io/v1/selfsubjectreviews")}) {
                 const auto reply =
                     co_await probe.kube("POST", path + longest + "a", object_named("b"));
                 expect_refusal(probe, reply, 422, "Invalid",
                                "fieldManager: Too long: may not be more than 128 bytes");
             }
             const auto odd =
                 co_await probe.kube("POST", maps + "?fieldManager=a%0A", object_named("c"));
             expect_refusal(probe, odd, 422, "Invalid", "invalid character U+000A (at position 1)");
         }},

        {.name = "times-are-times",
         .requirement = "A time that is none is 400 in Go's words, also where the server would "
                        "set it itself or drop it; in an apply patch 500.",
         .rows = {229},
         .level = Level::should,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto ns = co_await probe.kube_namespace();
             const auto maps = core_path(ns, "configmaps");
             const std::pair<const char*, const char*> cases[] = {
                 {"a", "cannot parse \"a\" as \"2006\""},
                 {"", "cannot parse \"\" as \"2006\""},
                 {"2026-01-01", "cannot parse \"\" as \"T\""},
                 {"2026-02-30T00:00:00Z", "day out of range"},
                 {"2026-01-01T00:00:00Zx", "extra text: \"x\""}};
             for (const auto& [time, text] : cases) {
                 Json metadata{{"creationTimestamp", time}};
                 const auto reply =
                     co_await probe.kube("POST", maps, object_named("t", std::move(metadata)));
                 expect_refusal(probe, reply, 400, "BadRequest", text);
             }
             Json absent{{"creationTimestamp", "a"}};
             const auto update = co_await probe.kube("PUT", maps + "/absent",
                                                     object_named("absent", std::move(absent)));
             expect_refusal(probe, update, 400, "BadRequest", "parsing time \"a\"");
             Json applied{{"apiVersion", "v1"},
                          {"kind", "ConfigMap"},
                          {"metadata", {{"creationTimestamp", "a"}}}};
             const auto apply = co_await probe.kube(
                 "PATCH", maps + "/t?fieldManager=f", std::move(applied), As::admin(),
                 {{"Content-Type", "application/apply-patch+yaml"}});
             expect_refusal(probe, apply, 500, "", "failed to convert new object");
         }},

        {.name = "access-reviews-have-no-metadata",
         .requirement = "A review of access has no name and no labels (422); what the server "
                        "itself sets is dropped. Its answer says who owns its fields.",
         .rows = {230},
         .level = Level::may,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const std::string reviews = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
             Json review{{"spec", {{"nonResourceAttributes", {{"path", "/"}, {"verb", "get"}}}}}};
             review["metadata"]["uid"] = "u";
             const auto made = co_await probe.kube("POST", reviews, review);
             probe.expect_status(made, 201);
             probe.expect(at(made.json, "/metadata/uid").is_null(), "the uid is kept");
             probe.expect(at(made.json, "/metadata/managedFields").is_array(),
                          "there are no managedFields");
             review["metadata"]["labels"]["a"] = "b";
             const auto refused = co_await probe.kube("POST", reviews, review);
             expect_refusal(probe, refused, 422, "Invalid", "must be empty");
         }},

        {.name = "orphans",
         .requirement = "A deletion that leaves the dependents answers with the object, its "
                        "deletionTimestamp and the finalizer orphan.",
         .rows = {231},
         .level = Level::should,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto ns = co_await probe.kube_namespace();
             const auto maps = core_path(ns, "configmaps");
             (void)co_await make(probe, maps, object_named("a"));
             Json orphan{{"propagationPolicy", "Orphan"}};
             const auto reply = co_await probe.kube("DELETE", maps + "/a", std::move(orphan));
             probe.expect_status(reply, 200);
             probe.expect_equal(text_at(reply.json, "/kind"), "ConfigMap", "kind");
             probe.expect_equal(at(reply.json, "/metadata/finalizers"), Json::array({"orphan"}),
                                "finalizers");
             probe.expect(!text_at(reply.json, "/metadata/deletionTimestamp").empty(),
                          "there is no deletionTimestamp");
         }},

        {.name = "what-is-empty-is-not-there",
         .requirement = "Lists and maps that hold nothing are in no answer.",
         .rows = {239},
         .level = Level::may,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto ns = co_await probe.kube_namespace();
             Json empty = object_named("a");
             empty["data"] = empty["binaryData"] = Json::object();
             const auto map =
                 co_await probe.kube("POST", core_path(ns, "configmaps"), std::move(empty));
             probe.expect_status(map, 201);
             probe.expect(!map.json.contains("data") && !map.json.contains("binaryData"),
                          "the answer has empty data");
         }},

        {.name = "apply-names-what-it-makes",
         .requirement = "An apply patch that creates has metadata.name (else 400) and no uid "
                        "(409); where the object is there, a resourceVersion that is not its own "
                        "is 409.",
         .rows = {239},
         .level = Level::should,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto ns = co_await probe.kube_namespace();
             const auto path = core_path(ns, "configmaps", "a") + "?fieldManager=f";
             const auto apply = [](Json metadata) {
                 return Json{{"apiVersion", "v1"},
                             {"kind", "ConfigMap"},
                             {"metadata", std::move(metadata)}};
             };
             const http::Headers type{{"Content-Type", "application/apply-patch+yaml"}};
             const auto unnamed =
                 co_await probe.kube("PATCH", path, apply(Json::object()), As::admin(), type);
             expect_refusal(probe, unnamed, 400, "BadRequest", "name must be provided");
             Json stranger{{"name", "a"}, {"uid", "x"}};
             const auto other =
                 co_await probe.kube("PATCH", path, apply(std::move(stranger)), As::admin(), type);
             expect_refusal(probe, other, 409, "Conflict", "uid mismatch");
             Json named{{"name", "a"}};
             const auto made =
                 co_await probe.kube("PATCH", path, apply(std::move(named)), As::admin(), type);
             probe.expect_status(made, 201);
             Json old{{"name", "a"}, {"resourceVersion", "1"}};
             const auto late =
                 co_await probe.kube("PATCH", path, apply(std::move(old)), As::admin(), type);
             expect_refusal(probe, late, 409, "Conflict", "the object has been modified");
         }},

        {.name = "generations",
         .requirement = "A kind that counts no generations keeps the one that it was made with; "
                        "a negative one is 422. An update that changes "
                        "deletionGracePeriodSeconds is 422.",
         .rows = {232},
         .level = Level::may,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto ns = co_await probe.kube_namespace();
             const auto maps = core_path(ns, "configmaps");
             Json five{{"generation", 5}};
             const auto made =
                 co_await probe.kube("POST", maps, object_named("a", std::move(five)));
             probe.expect_status(made, 201);
             probe.expect_equal(at(made.json, "/metadata/generation"), 5, "generation");
             Json negative{{"generation", -1}};
             const auto refused =
                 co_await probe.kube("POST", maps, object_named("b", std::move(negative)));
             expect_refusal(probe, refused, 422, "Invalid", "must be greater than or equal to 0");
             Json grace{{"deletionGracePeriodSeconds", 6}};
             const auto update =
                 co_await probe.kube("PUT", maps + "/a", object_named("a", std::move(grace)));
             expect_refusal(probe, update, 422, "Invalid", "field is immutable");
         }},

        {.name = "collections-are-asked-as-lists",
         .requirement = "DELETE of a collection reads list options first; limit takes one page, "
                        "and the first object that is not what preconditions say is 409.",
         .rows = {247},
         .level = Level::should,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto ns = co_await probe.kube_namespace();
             const auto secrets = core_path(ns, "secrets");
             for (const auto* name : {"a", "b"}) {
                 (void)co_await make(probe, secrets, object_named(name));
             }
             const auto match =
                 co_await probe.kube("DELETE", secrets + "?resourceVersionMatch=Exact");
             expect_refusal(probe, match, 422, "Invalid", "resourceVersionMatch is forbidden");
             const auto token = co_await probe.kube("DELETE", secrets + "?continue=x");
             expect_refusal(probe, token, 400, "BadRequest", "continue key is not valid");
             Json stranger{{"preconditions", {{"uid", "none"}}}};
             const auto unmet = co_await probe.kube("DELETE", secrets, std::move(stranger));
             expect_refusal(probe, unmet, 409, "Conflict", "the UID in the precondition (none)");
             const auto page = co_await probe.kube("DELETE", secrets + "?limit=1");
             probe.expect_status(page, 200);
             const auto gone = co_await probe.kube("GET", secrets + "/a");
             probe.expect_status(gone, 404);
             const auto left = co_await probe.kube("GET", secrets + "/b");
             probe.expect_status(left, 200);
         }},

        {.name = "a-deletion-has-its-options-in-one-place",
         .requirement = "A deletion with a body does not look at the query's dryRun and "
                        "propagationPolicy.",
         .rows = {247},
         .level = Level::should,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto ns = co_await probe.kube_namespace();
             const auto map = core_path(ns, "configmaps", "a");
             const auto query = map + "?propagationPolicy=x&dryRun=All";
             (void)co_await make(probe, core_path(ns, "configmaps"), object_named("a"));
             const auto refused = co_await probe.kube("DELETE", query);
             expect_refusal(probe, refused, 422, "Invalid", "propagationPolicy");
             const auto deleted = co_await probe.kube("DELETE", query, Json::object());
             probe.expect_status(deleted, 200);
             const auto gone = co_await probe.kube("GET", map);
             probe.expect_status(gone, 404);
         }},

        {.name = "managers-begin-with-an-apply",
         .requirement = "managedFields [] takes all entries away; an update adds none to an "
                        "object without, and an apply meets before-first-apply.",
         .rows = {248},
         .level = Level::should,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto ns = co_await probe.kube_namespace();
             const auto maps = core_path(ns, "configmaps");
             Json map = object_named("a");
             map["data"] = {{"a", "1"}};
             const auto made = co_await probe.kube("POST", maps, map);
             probe.expect(at(made.json, "/metadata/managedFields").is_array(),
                          "a new object has no managedFields");
             map["metadata"]["managedFields"] = Json::array();
             const auto cleared = co_await probe.kube("PUT", maps + "/a", map);
             probe.expect_status(cleared, 200);
             probe.expect(at(cleared.json, "/metadata/managedFields").is_null(),
                          "there are managedFields after []");
             map = object_named("a");
             map["data"] = {{"a", "2"}};
             const auto updated = co_await probe.kube("PUT", maps + "/a", map);
             probe.expect(at(updated.json, "/metadata/managedFields").is_null(),
                          "an update notes its manager again");
             Json applied{{"apiVersion", "v1"}, {"kind", "ConfigMap"}, {"data", {{"a", "3"}}}};
             const auto apply = co_await probe.kube(
                 "PATCH", maps + "/a?fieldManager=f", std::move(applied), As::admin(),
                 {{"Content-Type", "application/apply-patch+yaml"}});
             expect_refusal(probe, apply, 409, "Conflict", "before-first-apply");
         }},
    };
}

}  // namespace meshproof::conformance
