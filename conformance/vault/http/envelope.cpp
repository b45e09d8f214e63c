// What every answer of a logical endpoint looks like: envelope, 204, errors, headers, framing.
#include "conformance/steps.hpp"

namespace meshproof::conformance {
namespace {

void expect_headers(Probe& probe, const Reply& reply) {
    probe.expect_equal(reply.headers.find("Cache-Control").value_or(""), "no-store",
                       fmt::format("Cache-Control of {} {}", reply.asked, reply.status));
    probe.expect_equal(reply.headers.find("Strict-Transport-Security").value_or(""),
                       "max-age=31536000; includeSubDomains",
                       fmt::format("Strict-Transport-Security of {}", reply.asked));
    probe.expect(reply.headers.find("Date").has_value(), "no Date in {}", reply.asked);
}

}  // namespace

std::vector<Check> vault_http_envelope() {
    return {
        {.name = "eight-keys",
         .requirement = "An answer with data has all eight keys of the envelope, null where there "
                        "is nothing to say, as JSON that ends with a newline.",
         .rows = {1},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto reply = co_await probe.vault("GET", "auth/token/lookup-self");
             probe.expect_status(reply, 200);
             probe.expect_equal(reply.headers.find("Content-Type").value_or(""), "application/json",
                                "Content-Type");
             probe.expect(reply.body.ends_with('\n'), "the body does not end with a newline");
             for (const auto* key : {"request_id", "lease_id", "renewable", "lease_duration",
                                     "data", "wrap_info", "warnings", "auth"}) {
                 probe.expect(reply.json.contains(key), "the envelope lacks {}", key);
             }
             probe.expect(reply.json.value("request_id", Json()).is_string() &&
                              reply.json["request_id"].get<std::string>().size() == 36,
                          "request_id is no UUID");
             probe.expect_equal(reply.json.value("lease_id", Json()), "", "lease_id");
             probe.expect_equal(reply.json.value("renewable", Json()), false, "renewable");
             probe.expect_equal(reply.json.value("lease_duration", Json()), 0, "lease_duration");
             for (const auto* key : {"wrap_info", "warnings", "auth"}) {
                 probe.expect_equal(reply.json.value(key, Json("absent")), Json(), key);
             }
         }},

        {.name = "nothing-is-204",
         .requirement = "A write that has nothing to say answers 204 without a body, still with "
                        "the content type of JSON.",
         .rows = {2},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await probe.mount();
             Json body{{"max_lease_ttl", "24h"}};
             const auto reply =
                 co_await probe.vault("POST", "sys/mounts/" + mount + "/tune", std::move(body));
             probe.expect_status(reply, 204);
             probe.expect_equal(reply.body, "", "body");
             probe.expect_equal(reply.headers.find("Content-Type").value_or(""), "application/json",
                                "Content-Type");
         }},

        {.name = "empty-answer-is-200",
         .requirement = "Deleting an issuer answers 200 with data null, not 204.",
         .rows = {3},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::mounted_root(probe);
             const auto reply = co_await probe.vault("DELETE", mount + "/issuer/default");
             probe.expect_status(reply, 200);
             probe.expect_equal(reply.json.value("data", Json("absent")), Json(), "data");
         }},

        {.name = "a-warning-makes-it-200",
         .requirement = "A write that answers 204 answers 200 with data null as soon as there is a "
                        "warning.",
         .rows = {3},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto name = probe.name("legacy");
             probe.at_end("DELETE", "sys/policy/" + name);
             Json rules{{"rules", "path \"x\" { capabilities = [\"read\"] }"}};
             const auto warned =
                 co_await probe.vault("PUT", "sys/policy/" + name, std::move(rules));
             probe.expect_status(warned, 200);
             probe.expect_equal(warned.json.value("data", Json("absent")), Json(), "data");
             probe.expect(!warned.warnings().empty(), "no warning");
             Json policy{{"policy", "path \"x\" { capabilities = [\"read\"] }"}};
             const auto silent =
                 co_await probe.vault("PUT", "sys/policy/" + name, std::move(policy));
             probe.expect_status(silent, 204);
         }},

        {.name = "errors-are-a-list",
         .requirement = "An error's body has only the key errors, a list of one text, or of none "
                        "for an absent thing and a bad query.",
         .rows = {4},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await probe.mount();
             const auto absent = co_await probe.vault("GET", mount + "/roles/nobody");
             probe.expect_no_text(absent, 404);
             const auto bad_query = co_await probe.vault("GET", mount + "/roles?list=xyz");
             probe.expect_no_text(bad_query, 400);
             const auto refused = co_await probe.vault("GET", mount + "/nowhere");
             probe.expect_status(refused, 404);
             probe.expect_keys(refused.json, {"errors"}, "an error's body");
             probe.expect_equal(refused.errors().size(), 1, "number of errors");
         }},

        {.name = "errors-are-escaped",
         .requirement = "The characters <, > and & are escaped in an error's JSON.",
         .rows = {4},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto place = "sys/mounts/" + probe.name("a") + "<b>&c";
             const auto reply = co_await probe.vault("GET", place);
             probe.expect_error(reply, 400, "No secret engine mount at");
             probe.expect(reply.body.find("\\u003cb\\u003e\\u0026c") != std::string::npos,
                          "<, > and & are not escaped in {}", reply.body);
         }},

        {.name = "wrapped-with-a-token-only",
         .requirement = "A failure of a path that needs a token is wrapped as \"1 error "
                        "occurred\", the same failure of an unauthenticated path is not.",
         .rows = {5, 6},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await probe.mount();
             const auto with = co_await probe.vault("GET", mount + "/issuer/nope");
             probe.expect_wrapped_error(with, 500, "unable to find PKI issuer");
             const auto without =
                 co_await probe.vault("GET", mount + "/issuer/nope/json", {}, As::nobody());
             probe.expect_plain_error(without, 500, "unable to find PKI issuer");
         }},

        {.name = "validation-is-plain",
         .requirement = "A refused parameter is 400 with the plain text.",
         .rows = {5},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await probe.mount();
             Json body{{"key_type", "clay"}};
             const auto reply = co_await probe.vault("POST", mount + "/roles/r", std::move(body));
             probe.expect_plain_error(reply, 400, "unknown key type");
         }},

        {.name = "mistakes-are-500",
         .requirement = "An unknown key and signing without an issuer are 500, although the caller "
                        "is to blame.",
         .rows = {6},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await probe.mount();
             const auto reference = co_await probe.vault("GET", mount + "/key/nope");
             probe.expect_status(reference, 500);
             Json role{{"allow_any_name", true}, {"key_type", "any"}};
             (void)co_await probe.set_up("POST", mount + "/roles/r", std::move(role));
             Json body{{"csr", steps::named_csr("a.test")}};
             const auto signing = co_await probe.vault("POST", mount + "/sign/r", std::move(body));
             probe.expect_error(signing, 500, "could not fetch the CA certificate");
         }},

        {.name = "headers-of-all",
         .requirement = "Every answer forbids caching, demands TLS for a year and has a date.",
         .rows = {7},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             for (const auto* path : {"auth/token/lookup-self", "sys/health", "sys/seal-status",
                                      "sys/policies/acl/no-such-policy", "no/such/path"}) {
                 expect_headers(probe, co_await probe.vault("GET", path));
             }
             const auto refused = co_await probe.vault("GET", "sys/mounts", {}, As::nobody());
             probe.expect_status(refused, 403);
             expect_headers(probe, refused);
         }},

        {.name = "index-on-raft-only",
         .requirement = "X-Vault-Index is sent by OpenBao on raft storage only.",
         .rows = {7},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto reply = co_await probe.vault("GET", "auth/token/lookup-self");
             const bool raft = probe.openbao() && probe.has(Feature::raft);
             probe.expect_equal(reply.headers.find("X-Vault-Index").has_value(), raft,
                                "X-Vault-Index");
         }},

        {.name = "large-bodies-are-chunked",
         .requirement = "A body over 2 KiB is sent in chunks, a smaller one with its length.",
         .rows = {8},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto small = co_await probe.vault("GET", "sys/health");
             probe.expect(small.headers.find("Content-Length").has_value(),
                          "a small body has no length");
             const auto large = co_await probe.vault("GET", "sys/policies/acl/default");
             probe.expect(large.body.size() > 2048, "the default policy has only {} bytes",
                          large.body.size());
             probe.expect(!large.headers.find("Content-Length").has_value(),
                          "a large body has a length");
             probe.expect_equal(large.headers.find("Transfer-Encoding").value_or(""), "chunked",
                                "Transfer-Encoding");
         }},

        {.name = "unknown-fields",
         .requirement =
             "Unknown fields are named sorted in a warning where there is an answer, and "
             "ignored silently where there is none.",
         .rows = {11},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await probe.mount();
             Json role{{"allow_any_name", true}, {"zoo", 1}, {"bar", "x"}};
             const auto told = co_await probe.vault("POST", mount + "/roles/r", std::move(role));
             probe.expect_status(told, 200);
             probe.expect_warning(told,
                                  "Endpoint ignored these unrecognized parameters: [bar zoo]");
             Json tune{{"max_lease_ttl", "24h"}, {"zoo", 1}};
             const auto silent =
                 co_await probe.vault("POST", "sys/mounts/" + mount + "/tune", std::move(tune));
             probe.expect_status(silent, 204);
         }},
    };
}

}  // namespace meshproof::conformance
