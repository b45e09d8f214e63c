// OIDC discovery: how others verify service accounts' tokens without asking for a review.
#include "conformance/kube/steps.hpp"
#include "core/base/json_text.hpp"
#include "core/base/text.hpp"
#include "core/crypto/jwt.hpp"

namespace meshproof::conformance {
namespace {

using namespace kube_steps;

constexpr const char* configuration = "/.well-known/openid-configuration";
constexpr const char* keys = "/openid/v1/jwks";

}  // namespace

std::vector<Check> kube_oidc() {
    return {
        {.name = "configuration-is-complete",
         .requirement = "The discovery document has issuer (the tokens' iss), jwks_uri and the "
                        "three lists.",
         .rows = {168},
         .source = "OpenID Connect Discovery 1.0 section 3",
         .level = Level::must,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto home = co_await kube_steps::home(probe);
             const auto issuer = at(claims_of(probe, co_await token(probe, home)), "/iss");
             const auto reply = co_await probe.kube("GET", configuration);
             probe.expect_status(reply, 200);
             probe.expect_keys(reply.json,
                               {"issuer", "jwks_uri", "response_types_supported",
                                "subject_types_supported", "id_token_signing_alg_values_supported"},
                               "the document");
             probe.expect_equal(at(reply.json, "/issuer"), issuer, "issuer");
             probe.expect_equal(at(reply.json, "/response_types_supported"),
                                Json::array({"id_token"}), "response_types_supported");
             probe.expect_equal(at(reply.json, "/subject_types_supported"), Json::array({"public"}),
                                "subject_types_supported");
             const auto where = text_at(reply.json, "/jwks_uri");
             probe.expect(where.starts_with("https://") && where.ends_with(keys),
                          "jwks_uri is \"{}\"", where);
         }},

        {.name = "configuration-may-be-cached",
         .requirement = "The discovery document is application/json and may be cached for an hour.",
         .rows = {168},
         .level = Level::may,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto reply = co_await probe.kube("GET", configuration);
             probe.expect_equal(reply.headers.find("Content-Type").value_or(""), "application/json",
                                "Content-Type");
             probe.expect_equal(reply.headers.find("Cache-Control").value_or(""),
                                "public, max-age=3600", "Cache-Control");
         }},

        {.name = "keys-have-their-own-type",
         .requirement = "The key set is application/jwk-set+json, also for Accept */*.",
         .rows = {168},
         .source = "RFC 7517 section 8.5.2",
         .level = Level::should,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto any =
                 co_await probe.kube("GET", keys, {}, As::admin(), {{"Accept", "*/*"}});
             probe.expect_status(any, 200);
             probe.expect_equal(any.headers.find("Content-Type").value_or(""),
                                "application/jwk-set+json", "Content-Type");
             const auto exact = co_await probe.kube("GET", keys, {}, As::admin(),
                                                    {{"Accept", "application/jwk-set+json"}});
             probe.expect_status(exact, 200);
         }},

        {.name = "keys-are-no-plain-json",
         .requirement = "A caller that takes only application/json gets 406 for the key set.",
         .rows = {163, 168},
         .level = Level::may,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto reply = co_await probe.kube("GET", keys, {}, As::admin(),
                                                    {{"Accept", "application/json"}});
             expect_refusal(
                 probe, reply, 406, "NotAcceptable",
                 "406: Not Acceptable\n\nAvailable representations: application/jwk-set+json");
         }},

        {.name = "the-tokens-key-is-there",
         .requirement = "The key set has the key that a token's header names, for signing, with "
                        "its algorithm, and it verifies the token.",
         .rows = {165, 168},
         .source = "RFC 7517 section 4",
         .level = Level::must,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto home = co_await kube_steps::home(probe);
             const auto jwt = co_await token(probe, home);
             const auto header = header_of(probe, jwt);
             const auto reply =
                 co_await probe.kube("GET", keys, {}, As::admin(), {{"Accept", "*/*"}});
             const auto document = json_or_null(reply.body);
             bool found = false;
             const auto all = at(document, "/keys");
             for (const auto& key : all) {
                 if (at(key, "/kid") != at(header, "/kid")) {
                     continue;
                 }
                 found = true;
                 probe.expect_equal(at(key, "/alg"), at(header, "/alg"), "alg of the key");
                 probe.expect_equal(at(key, "/use"), "sig", "use of the key");
                 const auto known = crypto::read_jwk(key.dump());
                 const auto decoded = crypto::Jwt::decode(jwt.reveal());
                 probe.expect(known && decoded && decoded->verify(*known),
                              "the key does not verify the token that names it");
             }
             probe.expect(found, "no key has the kid of a token's header");
         }},

        {.name = "nobody-may-not",
         .requirement = "Without credentials both documents are 403.",
         .rows = {168},
         .level = Level::should,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             for (const auto* path : {configuration, keys}) {
                 const auto reply =
                     co_await probe.kube("GET", path, {}, As::nobody(), {{"Accept", "*/*"}});
                 expect_refusal(
                     probe, reply, 403, "Forbidden",
                     fmt::format("User \"system:anonymous\" cannot get path \"{}\"", path));
             }
         }},

        {.name = "accounts-may",
         .requirement = "Any service account may read both documents.",
         .rows = {168},
         .level = Level::should,
         .features = {Feature::kubernetes},
         .run = [](Probe& probe) -> Task<void> {
             const auto home = co_await kube_steps::home(probe);
             const auto caller = co_await token(probe, home);
             for (const auto* path : {configuration, keys}) {
                 const auto reply =
                     co_await probe.kube("GET", path, {}, As::bearer(caller), {{"Accept", "*/*"}});
                 probe.expect_status(reply, 200);
             }
         }},
    };
}

}  // namespace meshproof::conformance
