#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "core/time/worker.hpp"
#include "fakes/vault/tests/harness.hpp"

namespace meshproof::fakes::vault {

using namespace std::chrono_literals;

class Http : public BothProducts {};
MESHPROOF_BOTH_PRODUCTS(Http);

TEST_P(Http, AnEnvelopeAlwaysHasItsEightKeys) {
    const auto reply = get("auth/token/lookup-self");
    ASSERT_EQ(reply.status, 200);
    for (const auto* key : {"request_id", "lease_id", "renewable", "lease_duration", "data",
                            "wrap_info", "warnings", "auth"}) {
        EXPECT_TRUE(reply.json.contains(key)) << key;
    }
    EXPECT_EQ(reply.json.size(), 8U);
    EXPECT_TRUE(reply.json["warnings"].is_null());
    EXPECT_TRUE(reply.body.ends_with("}\n"));
    EXPECT_EQ(reply.headers.find("Content-Type"), "application/json");
    EXPECT_EQ(reply.headers.find("Cache-Control"), "no-store");
    EXPECT_EQ(reply.headers.find("Strict-Transport-Security"),
              "max-age=31536000; includeSubDomains");
    EXPECT_EQ(reply.headers.find("Date"), "Sun, 01 Mar 2026 10:00:00 GMT");
}

TEST_P(Http, NothingIs204WithAContentType) {
    const auto reply =
        put("sys/policies/acl/p", {{"policy", "path \"a\" { capabilities = [\"read\"] }"}});
    EXPECT_EQ(reply.status, 204);
    EXPECT_EQ(reply.body, "");
    EXPECT_EQ(reply.headers.find("Content-Type"), "application/json");
}

TEST_P(Http, AWarningTurnsA204IntoA200WithNullData) {
    const auto reply = put("sys/policy/p", {{"rules", "path \"a\" { capabilities = [\"read\"] }"}});
    EXPECT_EQ(reply.status, 200);
    EXPECT_TRUE(reply.data().is_null());
    EXPECT_EQ(reply.json["warnings"][0], "'rules' is deprecated, please use 'policy' instead");
}

TEST_P(Http, ErrorsAreHtmlEscaped) {
    const auto reply = put("sys/mounts/x", {{"type", "<a&b>"}});
    EXPECT_EQ(reply.status, 400);
    EXPECT_NE(reply.body.find("\\u003ca\\u0026b\\u003e"), std::string::npos) << reply.body;
    EXPECT_EQ(reply.error(), "plugin not found in the catalog: <a&b>");
}

TEST_P(Http, BodiesOverTwoKilobytesAreChunked) {
    EXPECT_TRUE(get("sys/mounts").chunked);
    EXPECT_FALSE(get("auth/token/lookup-self").chunked);
}

TEST_P(Http, BrokenBodiesAreRefused) {
    for (const auto* body : {"[]", "{", "\"a\"", "7"}) {
        const auto reply = put("sys/mounts/x", Json(body));
        EXPECT_EQ(reply.status, 400) << body;
        if (openbao()) {
            EXPECT_TRUE(reply.error().starts_with("failed to decode JSON input: "))
                << reply.error();
        } else {
            EXPECT_EQ(reply.error(), "error parsing JSON");
        }
    }
    EXPECT_EQ(put("sys/capabilities-self", Json("null")).error(), "paths must be supplied");
    const auto large = put("sys/mounts/x", Json(std::string((32U << 20) + 1, ' ')));
    EXPECT_EQ(large.status, 413);
    EXPECT_EQ(large.error(), openbao() ? "http: request body too large" : "error parsing JSON");
}

TEST_P(Http, BodiesOfTooManyValuesAreRefused) {
    Json texts = Json::array();
    for (int i = 0; i < 999; ++i) {
        texts.push_back("x");
    }
    // With the key these are 1000 texts.
    const auto path = std::string("sys/capabilities-self");
    EXPECT_EQ(put(path, {{"paths", texts}}).status, 200);
    texts.push_back("x");
    const auto refused = put(path, {{"paths", texts}}, "nobody");
    EXPECT_EQ(refused.status, openbao() ? 400 : 403);
    if (openbao()) {
        EXPECT_EQ(refused.error(),
                  "refused JSON input due to high complexity: exceeded maximum number of strings");
        EXPECT_EQ(put("sys/unseal", {{"key", texts}}).error(), refused.error());
    }
    std::string many = "[";
    for (int i = 0; i < 400'000; ++i) {
        many += "{},";
    }
    const auto heavy = put("sys/capabilities-self", Json(many + "{}]"));
    EXPECT_EQ(heavy.status, 400);
    EXPECT_EQ(heavy.error(), openbao() ? "refused JSON input due to high complexity: exceeded "
                                         "maximum estimated memory limits"
                                       : "error parsing JSON");
    std::string fields = "paths=a";
    for (int i = 0; i < 10'000; ++i) {
        fields += "&b=1";
    }
    const auto form = ask({.method = "POST",
                           .path = path,
                           .body = Json(fields),
                           .headers = {{"Content-Type", "application/x-www-form-urlencoded"}}});
    EXPECT_EQ(form.status, openbao() ? 400 : 200);
    EXPECT_EQ(form.error(), openbao() ? "error parsing form data" : "");
}

TEST_P(Http, FormsAreReadAndQueriesOfWritesAreNot) {
    const auto form = ask({.method = "POST",
                           .path = "sys/capabilities-self?paths=b",
                           .body = Json("paths=a"),
                           .headers = {{"Content-Type", "application/x-www-form-urlencoded"}}});
    EXPECT_TRUE(form.data().contains("a"));
    EXPECT_FALSE(form.data().contains("b"));
}

TEST_P(Http, PatchWantsItsContentType) {
    EXPECT_EQ(ask({.method = "PATCH", .path = "sys/mounts/x"}).error(), "mime: no media type");
    const auto wrong =
        ask({.method = "PATCH", .path = "x", .headers = {{"Content-Type", "application/json"}}});
    EXPECT_EQ(wrong.status, 415);
    EXPECT_TRUE(wrong.error().starts_with("PATCH requires Content-Type of "));
}

TEST_P(Http, ListsByVerbAndByQuery) {
    EXPECT_EQ(list("sys/policies/acl").data(), get("sys/policies/acl?list=1").data());
    EXPECT_EQ(get("sys/policies/acl?list=xyz").status, 400);
    EXPECT_TRUE(get("sys/policies/acl?list=xyz").json["errors"].empty());
    for (const auto* none : {"sys/policies/acl/default?list=", "sys/policies/acl/default?list=0"}) {
        EXPECT_EQ(get(none).json["warnings"],
                  Json::array({"Endpoint ignored these unrecognized parameters: [list]"}));
    }
    EXPECT_EQ(get("sys/policies/acl").status, 405);
    const auto empty = list("cubbyhole");
    EXPECT_EQ(empty.status, 404);
    EXPECT_TRUE(empty.json["errors"].empty());
}

TEST_P(Http, UncleanPathsAreRedirected) {
    for (const auto* path : {"sys//mounts", "sys/../sys/mounts"}) {
        const auto reply = get(path);
        EXPECT_EQ(reply.status, openbao() ? 307 : 301);
        EXPECT_EQ(reply.headers.find("Location"), "/v1/sys/mounts");
    }
    EXPECT_EQ(get("/").status, 307);
    EXPECT_EQ(get("/ui?a=b").headers.find("Location"), "/ui/");
    EXPECT_EQ(get("sys//mounts?list=1").headers.find("Location"), "/v1/sys/mounts?list=1");
    EXPECT_EQ(get("/other").status, 404);
    EXPECT_TRUE(get("/other").json["errors"].empty());
    EXPECT_EQ(get("auth/token%2Flookup-self").status, 200);
}

TEST_P(Http, AListThatIsNeitherAskedForNorNotIsRefusedFirst) {
    for (const auto* path : {"sys//mounts", "sys/leases/lookup/a//", "sys/health",
                             "sys/seal-status", "nothing//a", "auth/token/lookup-self"}) {
        for (const auto* list : {"x", "2", "%5B%5D"}) {
            const auto reply = get(fmt::format("{}?list={}", path, list), "");
            EXPECT_EQ(reply.status, 400) << path;
            EXPECT_TRUE(reply.json["errors"].empty()) << path;
        }
    }
    EXPECT_EQ(get("sys/health?list=1").status, 200);
    EXPECT_EQ(ask({.method = "HEAD", .path = "sys/health?list=x"}).status, 200);
    const auto moved = ask({.method = "LIST", .path = "sys//mounts?list=x"});
    EXPECT_EQ(moved.status, openbao() ? 307 : 301);
}

TEST_P(Http, HelpIsToldOfAPathAsItIs) {
    EXPECT_EQ(get("nothing//a?help=1").error(),
              "no handler for route \"nothing//a\". route entry not found.");
    EXPECT_EQ(get("sys//mounts?help=1").status, 404);
    EXPECT_EQ(get("sys//mounts?help=").status, openbao() ? 307 : 301);
}

TEST_P(Http, OddVerbs) {
    EXPECT_EQ(ask({.method = "BREW", .path = "sys/mounts"}).status, 405);
    const auto head = ask({.method = "HEAD", .path = "sys/mounts"});
    EXPECT_EQ(head.status, 405);
    EXPECT_EQ(head.body, "");
    EXPECT_EQ(ask({.method = "OPTIONS", .path = "sys/mounts"}).status, openbao() ? 400 : 405);
    EXPECT_EQ(put("secret/", {}, "").error(), "cannot write to a path ending in '/'");
}

TEST_P(Http, TheTokenMayBeABearer) {
    const auto bearer = [&](const std::string& value) {
        return ask({.method = "GET",
                    .path = "auth/token/lookup-self",
                    .token = "",
                    .headers = {{"Authorization", value}}});
    };
    EXPECT_EQ(bearer("Bearer root").status, 200);
    EXPECT_EQ(bearer("bearer root").status, 403);
}

TEST_P(Http, TheTwoWaysOfSayingNo) {
    policy("p", "path \"a\" { capabilities = [\"read\"] }");
    const auto token = token_with({"p"});
    // No token, or none that is known: plain. A token without the capability: wrapped.
    EXPECT_EQ(get("sys/mounts", "").error(), "permission denied");
    EXPECT_EQ(get("nope/foo", "s.unknown").error(), "permission denied");
    EXPECT_EQ(get("sys/mounts", token).error(), multi_denied);
    EXPECT_EQ(get("nope/foo", token).error(), multi_denied);
    EXPECT_EQ(get("nope/foo", token).status, 403);
    // Only who may ask learns that nothing is there.
    EXPECT_EQ(get("a", token).error(), "no handler for route \"a\". route entry not found.");
    EXPECT_EQ(get("a", token).status, 404);
    EXPECT_EQ(get("sys/nope").error(), "1 error occurred:\n\t* unsupported path\n\n");
    EXPECT_EQ(get("sys/policies/acl").error(), "1 error occurred:\n\t* unsupported operation\n\n");
}

TEST_P(Http, ARefusalDoesNotRepeatTheToken) {
    EXPECT_EQ(get("sys/mounts", "s.secretsecret").body.find("secretsecret"), std::string::npos);
}

TEST_P(Http, WrappingHandsOutAnAnswerOnce) {
    const auto wrapped = ask({.method = "PUT",
                              .path = "auth/token/create",
                              .body = Json{{"policies", {"default"}}},
                              .headers = {{"X-Vault-Wrap-TTL", "60s"}}});
    ASSERT_EQ(wrapped.status, 200) << wrapped.body;
    EXPECT_EQ(wrapped.json["request_id"], "");
    EXPECT_TRUE(wrapped.json["auth"].is_null());
    EXPECT_EQ(wrapped.json["wrap_info"]["ttl"], 60);
    EXPECT_EQ(wrapped.json["wrap_info"]["creation_path"], "auth/token/create");
    EXPECT_TRUE(wrapped.json["wrap_info"].contains("wrapped_accessor"));
    const auto token = wrapped.json["wrap_info"]["token"].get<std::string>();
    EXPECT_EQ(put("sys/wrapping/lookup", {{"token", token}}, "").data()["creation_ttl"], 60);
    EXPECT_TRUE(put("sys/wrapping/unwrap", {}, token).json["auth"]["client_token"].is_string());
    EXPECT_EQ(put("sys/wrapping/unwrap", {{"token", token}}).error(),
              "wrapping token is not valid or does not exist");
    // A wrapping token is for that alone.
    const auto other = ask({.method = "GET",
                            .path = "auth/token/lookup-self",
                            .headers = {{"X-Vault-Wrap-TTL", "60s"}}});
    EXPECT_EQ(get("auth/token/lookup-self", other.json["wrap_info"]["token"]).error(),
              multi_denied);
}

TEST_P(Http, WhatIsWrappedAndWhatIsNot) {
    const auto wrapped = [&](const char* method, std::string path, Json body = Json::object()) {
        return ask({.method = method,
                    .path = std::move(path),
                    .body = std::move(body),
                    .headers = {{"X-Vault-Wrap-TTL", "60s"}}});
    };
    const auto token_in = [](const Reply& reply) {
        return reply.json["wrap_info"]["token"].get<std::string>();
    };
    const auto first = wrapped("POST", "sys/wrapping/wrap", {{"a", 1}});
    const auto lookup = wrapped("POST", "sys/wrapping/lookup", {{"token", token_in(first)}});
    EXPECT_EQ(lookup.json["wrap_info"]["creation_path"], "sys/wrapping/lookup");
    EXPECT_EQ(put("sys/wrapping/unwrap", {{"token", token_in(lookup)}}).data()["creation_ttl"], 60);
    const auto second = wrapped("POST", "sys/wrapping/unwrap", {{"token", token_in(first)}});
    EXPECT_EQ(put("sys/wrapping/unwrap", {{"token", token_in(second)}}).data(), Json({{"a", 1}}));

    EXPECT_EQ(wrapped("LIST", "auth/token/roles").error(), "unsupported path");
    EXPECT_EQ(list("auth/token/roles").json, Json({{"errors", Json::array()}}));
    EXPECT_EQ(wrapped("GET", "auth/token/roles/none").error(), "");
    EXPECT_EQ(wrapped("DELETE", "auth/token/roles/none").status, 204);
}

TEST_P(Http, OnceWrappedARefusalOfOcspIsWrappedForAll) {
    ASSERT_EQ(put("sys/mounts/pki", {{"type", "pki"}}).status, 204);
    EXPECT_EQ(get("pki/ocsp/x", "").status, 400);
    const auto asked_for = [&](const char* ttl) {
        return ask({.method = "GET",
                    .path = "pki/ocsp/x",
                    .token = "",
                    .headers = {{"X-Vault-Wrap-TTL", ttl}}})
            .json["wrap_info"]["ttl"];
    };
    EXPECT_EQ(asked_for("30s"), 30);
    EXPECT_EQ(asked_for("90s"), 30);
    const auto after = get("pki/ocsp/x", "");
    EXPECT_EQ(after.status, 200);
    const auto unwrapped =
        put("sys/wrapping/unwrap", {{"token", after.json["wrap_info"]["token"]}});
    EXPECT_EQ(unwrapped.status, 400);
    EXPECT_EQ(unwrapped.headers.find("Content-Type"), "application/ocsp-response");
}

TEST_P(Http, ListsOfEnginesArePaged) {
    ASSERT_EQ(put("sys/mounts/pki", {{"type", "pki"}}).status, 204);
    EXPECT_EQ(list("pki/keys?limit=1").status, openbao() ? 404 : 200);
    EXPECT_EQ(list("pki/keys?limit=x").status, openbao() ? 400 : 200);
    for (int i = 0; i < 2; ++i) {
        ASSERT_EQ(put("pki/keys/generate/internal", {{"key_type", "ec"}}).status, 200);
    }
    const auto page = list("pki/keys?limit=1");
    const auto kept = openbao() ? 1U : 2U;
    EXPECT_EQ(page.data()["keys"].size(), kept);
    EXPECT_EQ(page.data()["key_info"].size(), kept);
    EXPECT_EQ(page.json["warnings"].is_null(), openbao());
    EXPECT_EQ(list("pki/keys?limit=1&x=1").json["warnings"],
              Json::array({fmt::format("Endpoint ignored these unrecognized parameters: [{}x]",
                                       openbao() ? "" : "limit ")}));
}

TEST_P(Http, ListsThatDidNotChangeOutliveTheirIssuer) {
    ASSERT_EQ(put("sys/mounts/pki", {{"type", "pki"}}).status, 204);
    ASSERT_EQ(
        put("sys/mounts/pki/tune", {{"passthrough_request_headers", "If-Modified-Since"}}).status,
        204);
    const auto since = [&](const char* path, const char* date) {
        return ask(
            {.method = "GET", .path = path, .token = "", .headers = {{"If-Modified-Since", date}}});
    };
    const auto status = [&](const char* path) {
        return since(path, "Fri, 31 Dec 2100 00:00:00 GMT").status;
    };
    EXPECT_EQ(status("pki/crl"), 204);
    EXPECT_EQ(status("pki/ca"), 500);
    EXPECT_NE(since("pki/ca", "junk").error().find("failed to parse given value"),
              std::string::npos);                      // before it is asked whether there is a CA
    for (const auto* kind : {"json", "pem", "der"}) {  // but not where the path names it
        EXPECT_EQ(since(fmt::format("pki/issuer/none/{}", kind).c_str(), "junk").error(),
                  "unable to find PKI issuer for reference: none");
        EXPECT_EQ(since(fmt::format("pki/issuer/default/{}", kind).c_str(), "junk").error(),
                  "no default issuer currently configured");
    }
    EXPECT_NE(since("pki/issuer/none/crl", "junk").error().find("failed to parse given value"),
              std::string::npos);
    ASSERT_EQ(put("pki/root/generate/internal", {{"key_type", "ec"}}).status, 200);
    EXPECT_EQ(status("pki/ca"), 304);
    for (const auto* gone : {"pki/issuer/default", "pki/root"}) {
        ASSERT_EQ(remove(gone).status, 200);
        EXPECT_EQ(status("pki/crl"), 304);
        EXPECT_EQ(status("pki/issuer/none/crl"), 304);
        EXPECT_EQ(status("pki/cert/ca"), 500);
    }
}

TEST_P(Http, RequestsAreReported) {
    std::vector<std::string> seen;
    FakeVaultOptions options;
    options.on_request = [&](std::string_view method, std::string_view path, int status, Time) {
        seen.push_back(fmt::format("{} {} {}", method, path, status));
    };
    start(std::move(options));
    (void)get("sys/health?standbyok=true");
    EXPECT_EQ(seen, std::vector<std::string>{"GET /v1/sys/health 200"});
}

namespace {

http::Request large_request(const std::string& path, const Json& body) {
    http::Request request;
    request.method = "PUT";
    request.target = "/v1/" + path;
    request.headers.set("X-Vault-Token", "root");
    request.body = body.dump();
    return request;
}

http::Request large_policy(const std::string& name, const std::string& text, bool whole = true) {
    auto request = large_request("sys/policies/acl/" + name, {{"policy", text}});
    request.body += whole ? "" : ",";
    return request;
}

Task<void> note_answer(FakeVault& fake, http::Request request, std::string name,
                       std::vector<std::string>& log) {
    const auto response = co_await fake.handle(std::move(request), {"127.0.0.1", {}});
    log.push_back(fmt::format("{} {}", name, response.status));
}

}  // namespace

TEST_P(Http, ALargeBodyReadAsideHasTheSameAnswer) {
    std::string rules = "path \"a\" { capabilities = [\"read\"] }\n";
    rules += "# " + std::string(100'000, 'x') + "\n";
    const std::vector<http::Request> requests{
        large_policy("good", rules),
        large_policy("bad", rules + "path"),
        large_policy("broken", rules, false),
        large_policy("root", rules),
        large_request("sys/unseal", {{"key", rules}}),
        large_request("sys/unseal", Json::array({rules})),
        large_request("sys/init", {{"secret_shares", 300}, {"pgp_keys", rules}}),
        large_request("sys/storage/raft/join", {{"leader_api_addr", rules}})};
    Worker worker;
    const auto answers_with = [&](Worker* aside) {
        FakeVaultOptions options;
        options.worker = aside;
        start(options);
        std::vector<std::pair<int, std::string>> answers;
        for (const auto& request : requests) {
            const auto response = run_real(context, fake->handle(request, {"127.0.0.1", {}}));
            const auto errors = Json::parse(response.body, nullptr, false);
            answers.emplace_back(response.status,
                                 errors.is_object() ? errors.value("errors", Json()).dump() : "");
        }
        answers.emplace_back(200, get("sys/policies/acl/good").data().dump());
        return answers;
    };
    const auto in_turn = answers_with(nullptr), aside = answers_with(&worker);
    EXPECT_EQ(aside, in_turn);
    EXPECT_EQ(aside[0].first, 204);
    EXPECT_EQ(aside[1].first, 400);
    EXPECT_EQ(aside[4].second, Json::array({"'key' must be a valid hex or base64 string"}).dump());
}

// Begun in this order: read in its turn, the large one would be answered first.
TEST_P(Http, OthersAreServedWhileALargeBodyIsRead) {
    Worker worker;
    FakeVaultOptions options;
    options.worker = &worker;
    start(options);
    http::Request small;
    small.method = "GET";
    small.target = "/v1/sys/health";
    std::vector<std::string> log;
    const auto begin = [&](http::Request request, const char* name) {
        boost::asio::co_spawn(context, note_answer(*fake, std::move(request), name, log),
                              boost::asio::detached);
    };
    begin(large_policy("p", "# " + std::string(100'000, 'x') + "\n"), "large");
    begin(small, "small");
    context.restart();
    context.run();
    EXPECT_EQ(log, (std::vector<std::string>{"small 200", "large 204"}));
    fake.reset();  // before the worker
}

}  // namespace meshproof::fakes::vault
