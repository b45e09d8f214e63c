#include "fakes/vault/kubernetes_auth/jws_fault.hpp"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

#include "core/base/text.hpp"

namespace meshproof::fakes::vault {
namespace {

using Cases = std::vector<std::pair<std::string, std::string>>;

std::string said(const std::string& text) {
    return jws_fault(text).value_or("taken");
}

// With that header.
std::string compact(std::string_view header) {
    return to_base64url(header) + ".e30.aa";
}

TEST(JwsFault, OfTheCompactForm) {
    const std::string parts = "square/go-jose: compact JWS format must have three parts",
                      byte = "illegal base64 data at input byte ";
    for (const auto& [text, words] : Cases{{"x", parts},
                                           {"[1]", parts},
                                           {"a.b", parts},
                                           {"a.b.c", byte + "0"},
                                           {"aaaaa.b.c", byte + "4"},
                                           {"aa=.e30.aa", byte + "2"},
                                           {"aaaa!a.e30.aa", byte + "4"},
                                           {"aab.aaaaa.aa", byte + "4"},
                                           {"..", "taken"},
                                           {" e30.\n e30 .aa", "taken"}}) {
        EXPECT_EQ(said(text), words) << text;
    }
}

TEST(JwsFault, OfAHeader) {
    const std::string no_text = "json: cannot unmarshal number into Go value of type string: \"5\"";
    for (const auto& [header, words] : Cases{
             {"x", "invalid character 'x' looking for beginning of value"},
             {"{\"x\":", "unexpected end of JSON input"},
             {"[]", "json: cannot unmarshal array into Go value of type jose.rawHeader"},
             {"\"x\"", "json: cannot unmarshal string into Go value of type jose.rawHeader"},
             {R"({"alg":5})", "failed to unmarshal algorithm: " + no_text},
             {R"({"kid":5})", "failed to unmarshal key ID: " + no_text},
             {R"({"nonce":5})", "failed to unmarshal nonce: " + no_text},
             {R"({"jwk":5})",
              "failed to unmarshal JWK: json: cannot unmarshal number into Go value of type "
              "jose.rawJSONWebKey: \"5\""},
             {R"({"jwk":{}})",
              "failed to unmarshal JWK: square/go-jose: unknown json web key type '': \"{}\""},
             {R"({"jwk":{"kty":"RSA"}})",
              "failed to unmarshal JWK: square/go-jose: invalid RSA key, missing n/e values: "
              R"("{\"kty\":\"RSA\"}")"},
             {R"({"x5c":5})",
              "failed to unmarshal x5c header: json: cannot unmarshal number into Go value of type "
              "[]string: \"5\""},
             {"null", "taken"},
             {R"({"alg":"RS256"})", "taken"}}) {
        EXPECT_EQ(said(compact(header)), words) << header;
    }
}

TEST(JwsFault, OfJson) {
    const std::string none = "square/go-jose: missing payload in JWS message",
                      cannot = "json: cannot unmarshal ", into = " into Go value of type ";
    for (const auto& [text, words] :
         Cases{{"{{x}}", "invalid character '{' looking for beginning of object key string"},
               {" {", "unexpected end of JSON input"},
               {R"({"payload":"e30"} x)", "invalid character 'x' after top-level value"},
               {"{}", none},
               {R"({"payload":null})", none},
               {R"({"Payload":"e30"})", none},
               {R"({"payload":1})", cannot + "number" + into + "string"},
               {R"({"payload":[]})", cannot + "array" + into + "string"},
               {R"({"payload":"!!"})", "illegal base64 data at input byte 0"},
               {R"({"payload":"e30=="})", "illegal base64 data at input byte 3"},
               {R"({"payload":"e30","signature":5})", cannot + "number" + into + "string"},
               {R"({"payload":"e30","header":5})", cannot + "number" + into + "jose.rawHeader"},
               {R"({"signatures":5})", cannot + "number" + into + "[]jose.rawSignatureInfo"},
               {R"({"payload":"e30","signatures":[5]})",
                cannot + "number" + into + "jose.rawSignatureInfo"},
               {R"({"payload":"e30","signatures":[{"protected":"!"}]})",
                "illegal base64 data at input byte 0"},
               {R"({"payload":"e30","protected":"eA"})",
                "invalid character 'x' looking for beginning of value"},
               {R"({"payload":"e30","header":{"alg":5}})",
                "failed to unmarshal algorithm: " + cannot + "number" + into + "string: \"5\""},
               {R"({"payload":"e30","header":{"nonce":"x"}})",
                "square/go-jose: Nonce parameter included in unprotected header"},
               {R"({"payload":""})", "taken"},
               {R"({"payload":"e3 0","signature":"aa"})", "taken"},
               {R"({"payload":"e30","protected":"bnVsbA"})", "taken"},
               {R"({"payload":"e30","signatures":[{"protected":"e30","signature":"aa"}]})",
                "taken"}}) {
        EXPECT_EQ(said(text), words) << text;
    }
}

}  // namespace
}  // namespace meshproof::fakes::vault
