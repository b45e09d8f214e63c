// The Status object of every refusal.
#include "conformance/kube/steps.hpp"

namespace meshproof::conformance {
namespace {

using namespace kube_steps;

Json named(std::string_view name) {
    return {{"metadata", {{"name", name}}}};
}

}  // namespace

std::vector<Check> kube_errors_status() {
    return {
        {.name = "not-found",
         .requirement = "What is not there is 404 NotFound, a whole Status object with name, kind "
                        "and group.",
         .rows = {163},
         .level = Level::must,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto home = co_await kube_steps::home(probe);
             const auto reply =
                 co_await probe.kube("GET", core_path(home.ns, "secrets", "nothing"));
             probe.expect_status(reply, 404);
             const Json expected = {{"kind", "Status"},
                                    {"apiVersion", "v1"},
                                    {"metadata", Json::object()},
                                    {"status", "Failure"},
                                    {"message", "secrets \"nothing\" not found"},
                                    {"reason", "NotFound"},
                                    {"details", {{"name", "nothing"}, {"kind", "secrets"}}},
                                    {"code", 404}};
             probe.expect_equal(reply.json, expected, "the Status");
             const auto role = co_await probe.kube(
                 "GET", "/apis/rbac.authorization.k8s.io/v1/clusterroles/" + probe.name("nothing"));
             probe.expect_equal(at(role.json, "/details/group"), "rbac.authorization.k8s.io",
                                "details.group");
         }},

        {.name = "already-exists",
         .requirement = "A second object of one name is 409 AlreadyExists.",
         .rows = {163},
         .level = Level::must,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto home = co_await kube_steps::home(probe);
             const auto reply = co_await probe.kube("POST", home.accounts(), named(home.account));
             expect_refusal(probe, reply, 409, "AlreadyExists",
                            "serviceaccounts \"app\" already exists");
             const Json details = {{"name", home.account}, {"kind", "serviceaccounts"}};
             probe.expect_equal(at(reply.json, "/details"), details, "details");
         }},

        {.name = "conflict",
         .requirement = "An update of an older version of an object is 409 Conflict.",
         .rows = {163},
         .level = Level::must,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto home = co_await kube_steps::home(probe);
             const auto path = home.accounts() + "/" + home.account;
             const auto read = co_await probe.set_up_kube("GET", path);
             auto first = read.json;
             first["metadata"]["labels"] = {{"a", "b"}};
             auto late = first;
             late["metadata"]["labels"] = {{"a", "c"}};
             (void)co_await probe.set_up_kube("PUT", path, std::move(first));
             const auto reply = co_await probe.kube("PUT", path, std::move(late));
             expect_refusal(
                 probe, reply, 409, "Conflict",
                 "Operation cannot be fulfilled on serviceaccounts \"app\": the object has been "
                 "modified; please apply your changes to the latest version and try again");
         }},

        {.name = "forbidden",
         .requirement = "What the caller may not do is 403 Forbidden, whether the object is there "
                        "or not.",
         .rows = {162, 163},
         .level = Level::must,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto home = co_await kube_steps::home(probe);
             const auto caller = co_await token(probe, home);
             const auto reply = co_await probe.kube("GET", core_path(home.ns, "secrets", "s"), {},
                                                    As::bearer(caller));
             expect_refusal(
                 probe, reply, 403, "Forbidden",
                 fmt::format("secrets \"s\" is forbidden: User \"{}\" cannot get resource "
                             "\"secrets\" in API group \"\" in the namespace \"{}\"",
                             home.user(), home.ns));
             const Json details = {{"name", "s"}, {"kind", "secrets"}};
             probe.expect_equal(at(reply.json, "/details"), details, "details");
             const auto absent = co_await probe.kube(
                 "GET", core_path(home.ns, "secrets", "nothing"), {}, As::bearer(caller));
             expect_refusal(probe, absent, 403, "Forbidden", "secrets \"nothing\" is forbidden");
         }},

        {.name = "invalid",
         .requirement = "An object that breaks a rule is 422 Invalid, and details.causes names "
                        "field, reason and message.",
         .rows = {163},
         .level = Level::must,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto home = co_await kube_steps::home(probe);
             const auto bad = co_await probe.kube("POST", home.accounts(), named("Not_A_Name"));
             expect_refusal(
                 probe, bad, 422, "Invalid",
                 "ServiceAccount \"Not_A_Name\" is invalid: metadata.name: Invalid value: "
                 "\"Not_A_Name\": a lowercase RFC 1123 subdomain must consist of");
             const auto cause = at(bad.json, "/details/causes/0");
             probe.expect_keys(cause, {"reason", "message", "field"}, "the cause");
             probe.expect_equal(at(cause, "/field"), "metadata.name", "field of the cause");
             probe.expect_equal(at(cause, "/reason"), "FieldValueInvalid", "reason of the cause");
             const auto none = co_await probe.kube("POST", home.accounts(), Json::object());
             expect_refusal(probe, none, 422, "Invalid", "name or generateName is required");
         }},

        {.name = "bad-request",
         .requirement = "Junk, and an object of another namespace than the path's, are 400 "
                        "BadRequest.",
         .rows = {163},
         .level = Level::should,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto home = co_await kube_steps::home(probe);
             http::Headers json = {{"Content-Type", "application/json"}};
             const auto junk = co_await probe.kube_raw("POST", home.accounts(), "{", As::admin(),
                                                       std::move(json));
             expect_refusal(
                 probe, junk, 400, "BadRequest",
                 "couldn't get version/kind; json parse error: unexpected end of JSON input");
             Json elsewhere = {{"metadata", {{"name", "x"}, {"namespace", "another"}}}};
             const auto moved = co_await probe.kube("POST", home.accounts(), std::move(elsewhere));
             expect_refusal(
                 probe, moved, 400, "BadRequest",
                 "the namespace of the provided object does not match the namespace sent on the "
                 "request");
         }},

        {.name = "method-not-allowed",
         .requirement = "PUT of a collection, POST of an object and a namespaced object without a "
                        "namespace are 405 MethodNotAllowed.",
         .rows = {163},
         .level = Level::should,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto home = co_await kube_steps::home(probe);
             const auto put = co_await probe.kube("PUT", home.accounts(), Json::object());
             expect_refusal(probe, put, 405, "MethodNotAllowed",
                            "the server does not allow this method on the requested resource");
             const auto post = co_await probe.kube("POST", home.accounts() + "/" + home.account,
                                                   named(home.account));
             expect_refusal(probe, post, 405, "MethodNotAllowed",
                            "the server does not allow this method on the requested resource");
             const auto everywhere =
                 co_await probe.kube("POST", "/api/v1/serviceaccounts", named("x"));
             expect_refusal(probe, everywhere, 405, "MethodNotAllowed",
                            "the server does not allow this method on the requested resource");
         }},

        {.name = "not-acceptable",
         .requirement = "A caller that takes no form that the server has gets 406 NotAcceptable.",
         .rows = {163},
         .level = Level::may,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto home = co_await kube_steps::home(probe);
             const auto reply = co_await probe.kube("GET", home.accounts(), {}, As::admin(),
                                                    {{"Accept", "text/plain"}});
             expect_refusal(probe, reply, 406, "NotAcceptable",
                            "Available representations: application/json, application/yaml, "
                            "application/vnd.kubernetes.protobuf, application/json;stream=watch");
         }},

        {.name = "unsupported-media-type",
         .requirement = "A body of an unknown type is 415 UnsupportedMediaType, also of a patch.",
         .source = "Kubernetes API concepts, alternate representations",
         .level = Level::should,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto home = co_await kube_steps::home(probe);
             http::Headers text = {{"Content-Type", "text/plain"}};
             const auto reply = co_await probe.kube_raw("POST", home.accounts(), "x", As::admin(),
                                                        std::move(text));
             expect_refusal(probe, reply, 415, "UnsupportedMediaType",
                            "the body of the request was in an unknown format");
             const auto patch =
                 co_await probe.kube("PATCH", home.accounts() + "/" + home.account, Json::object());
             expect_refusal(probe, patch, 415, "UnsupportedMediaType",
                            "415: Unsupported Media Type");
         }},

        {.name = "no-api-no-status",
         .requirement = "A path without an API behind it is 404 in plain text; an unknown resource "
                        "of a known API is a Status.",
         .rows = {163},
         .level = Level::should,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             for (const auto* path : {"/nothing/here", "/apis/nothing.example/v1/things"}) {
                 const auto reply = co_await probe.kube("GET", path);
                 probe.expect_status(reply, 404);
                 probe.expect_equal(reply.body, "404 page not found\n", "the body");
                 const auto type = reply.headers.find("Content-Type").value_or("");
                 probe.expect(type.starts_with("text/plain"), "Content-Type is \"{}\"", type);
             }
             const auto unknown = co_await probe.kube("GET", "/api/v1/nothings");
             expect_refusal(probe, unknown, 404, "NotFound",
                            "the server could not find the requested resource");
         }},

        {.name = "preconditions",
         .requirement = "A deletion whose precondition on uid or resourceVersion does not hold is "
                        "409, and nothing is deleted.",
         .source = "Kubernetes API, DeleteOptions",
         .level = Level::should,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto home = co_await kube_steps::home(probe);
             const auto path = home.accounts() + "/" + home.account;
             Json other = {{"preconditions", {{"uid", "11111111-2222-3333-4444-555555555555"}}}};
             const auto by_uid = co_await probe.kube("DELETE", path, std::move(other));
             expect_refusal(probe, by_uid, 409, "Conflict", "the UID in the precondition");
             Json old = {{"preconditions", {{"resourceVersion", "1"}}}};
             const auto by_version = co_await probe.kube("DELETE", path, std::move(old));
             expect_refusal(probe, by_version, 409, "Conflict",
                            "the ResourceVersion in the precondition");
             Json empty = {{"preconditions", {{"resourceVersion", ""}}}};
             const auto by_none = co_await probe.kube("DELETE", path, std::move(empty));
             expect_refusal(probe, by_none, 409, "Conflict",
                            "the ResourceVersion in the precondition () does not match");
             const auto still = co_await probe.kube("GET", path);
             probe.expect_status(still, 200);
         }},
    };
}

}  // namespace meshproof::conformance
