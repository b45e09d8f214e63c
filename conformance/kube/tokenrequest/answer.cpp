// TokenRequest: what it answers and refuses.
#include "conformance/kube/steps.hpp"

namespace meshproof::conformance {
namespace {

using namespace kube_steps;

Json lasting(std::int64_t seconds) {
    return {{"spec", {{"expirationSeconds", seconds}}}};
}

}  // namespace

std::vector<Check> kube_tokenrequest_answer() {
    return {
        {.name = "is-created-and-complete",
         .requirement = "A TokenRequest is created (201), with the account's name, namespace and "
                        "uid and a status of token and expirationTimestamp.",
         .rows = {164},
         .level = Level::must,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto home = co_await kube_steps::home(probe);
             const auto account =
                 co_await probe.set_up_kube("GET", home.accounts() + "/" + home.account);
             const auto reply = co_await probe.kube("POST", home.token_path(), Json::object());
             probe.expect_status(reply, 201);
             probe.expect_equal(at(reply.json, "/kind"), "TokenRequest", "kind");
             probe.expect_equal(at(reply.json, "/apiVersion"), "authentication.k8s.io/v1",
                                "apiVersion");
             probe.expect_equal(at(reply.json, "/metadata/name"), home.account, "metadata.name");
             probe.expect_equal(at(reply.json, "/metadata/namespace"), home.ns,
                                "metadata.namespace");
             probe.expect_equal(at(reply.json, "/metadata/uid"), at(account.json, "/metadata/uid"),
                                "metadata.uid");
             probe.expect_keys(at(reply.json, "/status"), {"token", "expirationTimestamp"},
                               "status");
         }},

        {.name = "defaults-are-an-hour-for-the-api",
         .requirement = "Without a spec, a token lasts 3600 s, is for the API server and is bound "
                        "to nothing.",
         .rows = {164},
         .level = Level::must,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto home = co_await kube_steps::home(probe);
             const auto reply = co_await probe.kube("POST", home.token_path(), Json::object());
             probe.expect_equal(at(reply.json, "/spec/expirationSeconds"), 3600,
                                "spec.expirationSeconds");
             const auto audiences = at(reply.json, "/spec/audiences");
             probe.expect(audiences.is_array() && audiences.size() == 1, "spec.audiences is {}",
                          audiences.dump());
             probe.expect(reply.json.contains(Json::json_pointer("/spec/boundObjectRef")) &&
                              at(reply.json, "/spec/boundObjectRef").is_null(),
                          "spec.boundObjectRef is not null");
             const Secret made(text_at(reply.json, "/status/token"));
             probe.expect_equal(at(claims_of(probe, made), "/aud"), audiences, "aud");
             const auto as_bearer =
                 co_await probe.kube("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews",
                                     Json::object(), As::bearer(made));
             probe.expect_status(as_bearer, 201);
         }},

        {.name = "expiry-is-told",
         .requirement = "status.expirationTimestamp is the token's exp, iat and the seconds that "
                        "were asked for.",
         .rows = {164, 165},
         .level = Level::must,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto home = co_await kube_steps::home(probe);
             const auto reply = co_await probe.kube("POST", home.token_path(), lasting(7200));
             const auto told_at = parse_rfc3339(text_at(reply.json, "/status/expirationTimestamp"));
             const auto claims = claims_of(probe, Secret(text_at(reply.json, "/status/token")));
             const auto expires = at(claims, "/exp");
             // The server looks at its clock twice.
             probe.expect(told_at && expires.is_number() &&
                              std::abs(unix_seconds(*told_at) - expires.get<std::int64_t>()) <= 1,
                          "status.expirationTimestamp is not the token's exp");
             probe.expect(at(claims, "/exp").is_number() && at(claims, "/iat").is_number() &&
                              at(claims, "/exp").get<std::int64_t>() -
                                      at(claims, "/iat").get<std::int64_t>() ==
                                  7200,
                          "the token does not last 7200 s");
         }},

        {.name = "at-least-ten-minutes",
         .requirement = "A token of less than 600 s is 422 \"may not specify a duration less than "
                        "10 minutes\"; of 600 s it is made.",
         .rows = {164, 190},
         .level = Level::must,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto home = co_await kube_steps::home(probe);
             const auto shortest = co_await probe.kube("POST", home.token_path(), lasting(600));
             probe.expect_status(shortest, 201);
             for (const std::int64_t seconds : {599, 60, 0, -1}) {
                 const auto reply =
                     co_await probe.kube("POST", home.token_path(), lasting(seconds));
                 expect_refusal(probe, reply, 422, "Invalid",
                                "may not specify a duration less than 10 minutes");
             }
         }},

        {.name = "at-most-2-to-the-32",
         .requirement = "A token of more than 2^32 s is 422; of 2^32 s it is made.",
         .rows = {164},
         .level = Level::may,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto home = co_await kube_steps::home(probe);
             constexpr std::int64_t most = std::int64_t{1} << 32;
             const auto longest = co_await probe.kube("POST", home.token_path(), lasting(most));
             probe.expect_status(longest, 201);
             const auto reply = co_await probe.kube("POST", home.token_path(), lasting(most + 1));
             expect_refusal(probe, reply, 422, "Invalid",
                            "may not specify a duration larger than 2^32 seconds");
         }},

        {.name = "absent-is-404",
         .requirement = "A token for an account or in a namespace that is not there is 404.",
         .rows = {163, 164},
         .level = Level::must,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto home = co_await kube_steps::home(probe);
             const auto no_account =
                 co_await probe.kube("POST", home.accounts() + "/nobody/token", Json::object());
             expect_refusal(probe, no_account, 404, "NotFound",
                            "serviceaccounts \"nobody\" not found");
             const auto nowhere = probe.name("nowhere");
             const auto no_namespace = co_await probe.kube(
                 "POST", core_path(nowhere, "serviceaccounts", "app") + "/token", Json::object());
             expect_refusal(probe, no_namespace, 404, "NotFound",
                            fmt::format("namespaces \"{}\" not found", nowhere));
         }},

        {.name = "can-only-be-created",
         .requirement = "GET of a service account's token is 405.",
         .rows = {164},
         .level = Level::may,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto home = co_await kube_steps::home(probe);
             const auto read = co_await probe.kube("GET", home.token_path());
             expect_refusal(probe, read, 405, "MethodNotAllowed", "does not allow this method");
         }},

        {.name = "needs-the-right",
         .requirement = "A caller without create on serviceaccounts/token gets 403.",
         .rows = {162, 164},
         .level = Level::must,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto home = co_await kube_steps::home(probe);
             const auto caller = co_await token(probe, home);
             const auto reply =
                 co_await probe.kube("POST", home.token_path(), Json::object(), As::bearer(caller));
             expect_refusal(
                 probe, reply, 403, "Forbidden",
                 fmt::format("serviceaccounts \"app\" is forbidden: User \"{}\" cannot create "
                             "resource \"serviceaccounts/token\" in API group \"\" in the "
                             "namespace \"{}\"",
                             home.user(), home.ns));
         }},

        {.name = "an-empty-audience-is-one",
         .requirement = "The empty text is taken as an audience.",
         .rows = {164},
         .level = Level::may,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto home = co_await kube_steps::home(probe);
             Json body = {{"spec", {{"audiences", Json::array({""})}}}};
             const auto reply = co_await probe.kube("POST", home.token_path(), std::move(body));
             probe.expect_status(reply, 201);
             const auto claims = claims_of(probe, Secret(text_at(reply.json, "/status/token")));
             probe.expect_equal(at(claims, "/aud"), Json::array({""}), "aud");
         }},

        {.name = "another-name-is-refused",
         .requirement = "A name or a namespace in the body that is not the path's is refused.",
         .source = "Kubernetes API, TokenRequest",
         .level = Level::may,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto home = co_await kube_steps::home(probe);
             Json body = {{"metadata", {{"name", "other"}}}};
             const auto named = co_await probe.kube("POST", home.token_path(), std::move(body));
             expect_refusal(probe, named, 422, "Invalid", "must match the service account name");
             Json elsewhere = {{"metadata", {{"namespace", "other"}}}};
             const auto placed =
                 co_await probe.kube("POST", home.token_path(), std::move(elsewhere));
             expect_refusal(probe, placed, 400, "BadRequest", "does not match the namespace");
         }},
    };
}

}  // namespace meshproof::conformance
