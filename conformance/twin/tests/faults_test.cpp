// Faults that were once in the fake Vault, put back one at a time where its requests and answers
// pass: the twin has to find each, and to say it in few requests.
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <optional>

#include "conformance/twin/curl.hpp"
#include "conformance/twin/tests/servers.hpp"
#include "conformance/twin/twin.hpp"
#include "conformance/twin/vault_dialect.hpp"
#include "core/crypto/certificate.hpp"
#include "fakes/vault/fake_vault.hpp"

namespace meshproof::twin {
namespace {

constexpr std::string_view faults_run = "abcdef";
constexpr std::string_view root_of_both = "root";
/// A user reads no more.
constexpr std::size_t most_requests = 6;

// --- what a server says of itself, as far as the faults are about it

Json text_schema() {
    return {{"type", "string"}};
}
Json list_schema() {
    return {{"type", "array"}, {"items", {{"type", "string"}}}};
}
Json flag_schema() {
    return {{"type", "boolean"}};
}
Json words_schema(const Json& words) {
    return {{"type", "string"}, {"enum", words}};
}

struct Told {
    std::string path;  ///< with {pki} and {kubernetes} for mounts
    std::vector<std::string> methods;
    Json body = nullptr;  ///< of POST: name -> schema
};

std::vector<Told> told_paths() {
    const Json integer{{"type", "integer"}};
    const Json mount{
        {"type", text_schema()}, {"description", text_schema()}, {"config", {{"type", "object"}}}};
    const Json tuning{{"listing_visibility", text_schema()},
                      {"token_type", text_schema()},
                      {"default_lease_ttl", text_schema()},
                      {"audit_non_hmac_request_keys", list_schema()}};
    return {
        {"{pki}/roles/{name}",
         {"get", "post", "delete"},
         {{"allow_any_name", flag_schema()},
          {"key_type", words_schema({"rsa", "ec", "ed25519", "any"})},
          {"policy_identifiers", list_schema()}}},
        {"{pki}/roles", {"list"}},
        {"{pki}/sign/{role}", {"post"}, {{"csr", text_schema()}, {"common_name", text_schema()}}},
        {"{pki}/intermediate/generate/{exported}",
         {"post"},
         {{"common_name", text_schema()},
          {"key_type", words_schema({"rsa", "ec", "ed25519"})},
          {"signature_bits", integer}}},
        {"{pki}/root/sign-self-issued", {"post"}, {{"certificate", text_schema()}}},
        {"{pki}/ca", {"get"}},
        {"{pki}/ca_chain", {"get"}},
        {"auth/{kubernetes}/role/{name}",
         {"get", "post", "delete"},
         {{"bound_service_account_names", list_schema()},
          {"bound_service_account_namespaces", list_schema()},
          {"bound_service_account_namespace_selector", text_schema()}}},
        {"auth/{kubernetes}/role", {"list"}},
        {"sys/mounts", {"get"}},
        {"sys/mounts/{path}", {"get", "post", "delete"}, mount},
        {"sys/mounts/{path}/tune", {"get", "post"}, tuning},
        {"sys/auth/{path}", {"get", "post", "delete"}, mount},
        {"sys/internal/ui/mounts/{path}", {"get"}}};
}

/// As OpenBao tells it, with the mounts that the twin makes for it.
std::string description_of_faults() {
    const run::RunMark mark{std::string(faults_run)};
    Json out{{"openapi", "3.0.2"}, {"info", {{"title", "OpenBao API"}, {"version", "2.7.2"}}}};
    for (auto told : told_paths()) {
        Json item;
        for (auto at = told.path.find('{'); at != std::string::npos;
             at = told.path.find('{', at + 1)) {
            const auto name = told.path.substr(at + 1, told.path.find('}', at) - at - 1);
            if (name == "pki" || name == "kubernetes") {
                told.path.replace(at, name.size() + 2, mark.name("twin-" + name));
            } else {
                item["parameters"].push_back({{"name", name},
                                              {"in", "path"},
                                              {"required", true},
                                              {"schema", text_schema()}});
            }
        }
        for (const auto& method : told.methods) {
            if (method == "list") {
                item["get"]["parameters"] = Json::array({{{"name", "list"},
                                                          {"in", "query"},
                                                          {"required", true},
                                                          {"schema", words_schema({"true"})}}});
                continue;
            }
            item[method] = Json::object();
            if (method == "post" && !told.body.is_null()) {
                item[method]["requestBody"]["content"]["application/json"]["schema"] = {
                    {"type", "object"}, {"properties", told.body}};
            }
        }
        out["paths"]["/" + told.path] = std::move(item);
    }
    return out.dump();
}

// --- the faults

std::string target_path(const http::Request& request) {
    return request.target.substr(0, request.target.find('?'));
}

bool is_write(const http::Request& request) {
    return request.method == "POST" || request.method == "PUT";
}

/// A write whose path ends so.
bool writes(const http::Request& request, std::string_view end) {
    return is_write(request) && target_path(request).ends_with(end);
}

bool is_about(const http::Request& request, std::string_view part) {
    return request.target.find(part) != std::string::npos;
}

void edit_body(std::string& text, const std::function<void(Json&)>& edit) {
    auto body = json_or_null(text);
    if (body.is_object()) {
        edit(body);
        text = body.dump();
    }
}

void refuse(http::Response& response, int status, const std::string& why) {
    response.status = status;
    response.body = Json{{"errors", {why}}}.dump();
}

/// What a wrong server does otherwise: to requests before its rules see them, and to their answers.
struct PutBack {
    std::string what;   ///< in a sentence
    std::string topic;  ///< whose stories are to find it
    std::string key;    ///< a part of the operation's key that is told
    std::function<void(http::Request&)> before = [](http::Request&) {};
    std::function<void(const http::Request&, http::Response&)> after = [](const http::Request&,
                                                                          http::Response&) {};
};

/// The certificate with another hash named in it: the signature is the old one, which no comparison
/// looks at.
std::string with_sha256(const std::string& pem) {
    const auto read = crypto::Certificate::from_pem(pem);
    if (!read) {
        return pem;
    }
    auto der = read->der();
    // ecdsa-with-SHA384 and -SHA512, but for their last byte.
    constexpr std::string_view ecdsa_with = "\x06\x08\x2a\x86\x48\xce\x3d\x04\x03";
    for (auto at = der.find(ecdsa_with); at != std::string::npos;
         at = der.find(ecdsa_with, at + 1)) {
        der[at + ecdsa_with.size()] = '\x02';
    }
    if (der == read->der()) {
        return pem;
    }
    auto out = require(crypto::Certificate::from_der(der)).pem();
    if (!pem.ends_with('\n')) {
        out.pop_back();
    }
    return out;
}

PutBack issuers_hash() {
    PutBack out{"cross-signing takes the issuer's hash", "pki", "sign-self-issued"};
    out.after = [](const http::Request& request, http::Response& response) {
        if (writes(request, "/sign-self-issued")) {
            edit_body(response.body, [](Json& body) {
                const Json::json_pointer place("/data/certificate");
                if (body.contains(place)) {
                    body[place] = with_sha256(body[place].get<std::string>());
                }
            });
        }
    };
    return out;
}

PutBack policies_as_json() {
    PutBack out{"policy_identifiers with a notice are an internal error", "pki",
                "POST {pki}/roles"};
    out.after = [](const http::Request& request, http::Response& response) {
        const auto body = json_or_null(request.body);
        const auto* name = "policy_identifiers";
        if (is_write(request) && is_about(request, "/roles/") && body.is_object() &&
            body.contains(name) && body[name].is_string() &&
            body[name].get<std::string>().starts_with("[")) {
            refuse(response, 500, "1 error occurred: could not parse the policies");
        }
    };
    return out;
}

PutBack hash_of_requests() {
    PutBack out{"a CSR of RSA ignores signature_bits", "pki", "intermediate/generate"};
    out.before = [](http::Request& request) {
        if (is_write(request) && is_about(request, "/intermediate/generate/")) {
            edit_body(request.body, [](Json& body) { body.erase("signature_bits"); });
        }
    };
    return out;
}

void drop_mount_settings(Json& settings) {
    for (const auto* name : {"listing_visibility", "force_no_cache", "allowed_response_headers",
                             "audit_non_hmac_request_keys", "audit_non_hmac_response_keys"}) {
        if (settings.is_object()) {
            settings.erase(name);
        }
    }
}

PutBack settings_dropped() {
    PutBack out{"settings of mounts are dropped in silence", "mount", "sys/"};
    out.before = [](http::Request& request) {
        if (is_write(request) &&
            (is_about(request, "sys/mounts/") || is_about(request, "sys/auth/"))) {
            edit_body(request.body, [](Json& body) {
                drop_mount_settings(body);
                if (body.contains("config")) {
                    drop_mount_settings(body["config"]);
                }
            });
        }
    };
    return out;
}

PutBack token_type_refused() {
    PutBack out{"tuning an auth method by the table of engines refuses its token_type", "mount",
                "POST sys/mounts/{path}/tune"};
    out.after = [](const http::Request& request, http::Response& response) {
        const auto body = json_or_null(request.body);
        if (writes(request, "/tune") && is_about(request, "sys/mounts/auth/") && body.is_object() &&
            body.contains("token_type")) {
            refuse(response, 400, "'token_type' can only be modified on auth mounts");
        }
    };
    return out;
}

PutBack child_token_everywhere() {
    PutBack out{"a child namespace's token works in its namespace without the header", "namespace",
                "sys/capabilities-self"};
    const auto homes = std::make_shared<std::map<std::string, std::string>>();
    out.before = [homes](http::Request& request) {
        const auto token = request.headers.find("X-Vault-Token").value_or("");
        if (homes->contains(std::string(token)) && !request.headers.find("X-Vault-Namespace")) {
            request.headers.set("X-Vault-Namespace", homes->at(std::string(token)));
        }
    };
    out.after = [homes](const http::Request& request, http::Response& response) {
        const auto home = request.headers.find("X-Vault-Namespace");
        const auto body = json_or_null(response.body);
        const Json::json_pointer token("/auth/client_token");
        if (home && body.contains(token) && body.at(token).is_string()) {
            (*homes)[body.at(token).get<std::string>()] = std::string(*home);
        }
    };
    return out;
}

PutBack quota_without_slash() {
    PutBack out{"a quota's path has no slash at its end", "quota", "sys/quotas/rate-limit"};
    out.after = [](const http::Request& request, http::Response& response) {
        if (request.method == "GET" && is_about(request, "sys/quotas/rate-limit/")) {
            edit_body(response.body, [](Json& body) {
                const Json::json_pointer place("/data/path");
                if (body.contains(place)) {
                    auto path = body[place].get<std::string>();
                    path.resize(path.size() - (path.ends_with('/') ? 1 : 0));
                    body[place] = path;
                }
            });
        }
    };
    return out;
}

PutBack conditional_chain() {
    PutBack out{"a chain is conditional, and a date that is none is ignored", "pki",
                "GET {pki}/ca"};
    out.before = [](http::Request& request) {
        if (target_path(request).ends_with("/ca") &&
            request.headers.find("If-Modified-Since").value_or("") == "junk") {
            request.headers.remove("If-Modified-Since");
        }
    };
    out.after = [](const http::Request& request, http::Response& response) {
        const auto since = request.headers.find("If-Modified-Since").value_or("");
        if (target_path(request).ends_with("/ca_chain") && response.status == 200 &&
            std::string(since).find("2097") != std::string::npos) {
            response.status = 304;
            response.body.clear();
        }
    };
    return out;
}

PutBack slashes_of_mounts() {
    PutBack out{
        "sys/internal/ui/mounts tells an auth method's path with auth/, and a slash after "
        "sys/mounts is none",
        "mount", "mounts"};
    out.before = [](http::Request& request) {
        if (request.target == "/v1/sys/mounts/") {
            request.target.pop_back();
        }
    };
    out.after = [](const http::Request& request, http::Response& response) {
        if (is_about(request, "sys/internal/ui/mounts/auth/")) {
            edit_body(response.body, [](Json& body) {
                const Json::json_pointer place("/data/path");
                if (body.contains(place)) {
                    body[place] = "auth/" + body[place].get<std::string>();
                }
            });
        }
    };
    return out;
}

PutBack empty_namespaces() {
    PutBack out{"a role of a selector alone lists no namespaces instead of having none",
                "kubernetes-auth", "auth/{kubernetes}/role"};
    out.after = [](const http::Request& request, http::Response& response) {
        if (is_about(request, "/role/")) {
            edit_body(response.body, [](Json& body) {
                const Json::json_pointer place("/data/bound_service_account_namespaces");
                if (body.contains(place) && body[place].is_null()) {
                    body[place] = Json::array();
                }
            });
        }
    };
    return out;
}

/// The fake Vault, with a fault before and behind its rules.
class Wronged final : public http::Handler {
  public:
    Wronged(fakes::vault::FakeVault& right, PutBack fault)
        : right_(right), fault_(std::move(fault)) {}

    [[nodiscard]] Task<http::Response> handle(http::Request request, http::Peer peer) override {
        if (target_path(request) == "/v1/sys/internal/specs/openapi") {
            http::Response out;
            out.status = 200;
            out.headers.set("Content-Type", "application/json");
            out.body = description_of_faults();
            co_return out;
        }
        fault_.before(request);
        auto response = co_await right_.handle(request, std::move(peer));
        fault_.after(request, response);
        co_return response;
    }

  private:
    fakes::vault::FakeVault& right_;
    PutBack fault_;
};

Side root_side(const std::string& name) {
    auto side = side_named(name);
    side.token = Secret(std::string(root_of_both));
    return side;
}

/// Plays topics on two fakes, the second with the fault, until something about `fault.key` is found
/// or the requests are at an end.
TwinResult play_with(const PutBack& fault, std::vector<std::string> topics, std::size_t requests,
                     std::size_t strangers = 0) {
    boost::asio::io_context context;
    SimClock clock(context, from_unix_seconds(1'780'000'000));
    HandMade nobody(1);
    TwoServers nowhere(nobody, nobody);  // no login is reviewed
    fakes::vault::FakeVaultOptions options;
    options.root_token = Secret(std::string(root_of_both));
    options.seed = 1;
    fakes::vault::FakeVault first(options, clock, nowhere);
    options.seed = 2;
    fakes::vault::FakeVault second(options, clock, nowhere);
    Wronged real(first, {}), fake(second, fault);
    TwoServers wire(real, fake);
    const VaultDialect dialect({});
    TwinResult result;
    TwinOptions wanted;
    for (const auto& topic : topics) {
        wanted.topics.push_back(topic_named(topic));
    }
    wanted.run_id = std::string(faults_run);
    wanted.known = require(Known::parse(known_yaml, "known.yaml"));
    wanted.requests = requests;
    wanted.seed = 3;
    wanted.strangers = strangers;
    wanted.stopping = [&result, key = fault.key] {
        return std::ranges::any_of(result.findings, [&key](const Finding& one) {
            return !key.empty() && one.difference.key.find(key) != std::string::npos;
        });
    };
    clock.run(play_twin(clock, wire, dialect, root_side("real"), root_side("fake"),
                        std::move(wanted), result));
    return result;
}

/// Plays the fault's topic until it is found.
void is_found(const PutBack& fault) {
    SCOPED_TRACE(fault.what);
    const auto result = play_with(fault, {fault.topic}, 6000);
    const auto found = std::ranges::find_if(result.findings, [&fault](const Finding& one) {
        return one.difference.key.find(fault.key) != std::string::npos;
    });
    ASSERT_NE(found, result.findings.end())
        << "not found in " << result.requests
        << " requests; other findings: " << result.findings.size();
    EXPECT_LE(found->story.steps.size(), most_requests) << headline(*found);
    EXPECT_LE(to_curl(found->story).size(), most_requests) << headline(*found);
}

TEST(TwinFaults, TwoRightFakesAgree) {
    const auto result =
        play_with({}, {"pki", "kubernetes-auth", "mount", "quota", "namespace"}, 900);
    EXPECT_GE(result.requests, 900U);
    for (const auto& finding : result.findings) {
        ADD_FAILURE() << headline(finding);
    }
    EXPECT_TRUE(result.left.empty());
}

TEST(TwinFaults, TwoRightFakesTellStrangersTheSame) {
    const auto result = play_with({}, {"pki", "kubernetes-auth", "mount"}, 900, 2);
    for (const auto& finding : result.findings) {
        ADD_FAILURE() << headline(finding);
    }
    EXPECT_TRUE(result.left.empty());
}

TEST(TwinFaults, WhatAPolicyForbids) {
    PutBack fault{"a list needs no capability", "pki", "LIST {pki}/roles"};
    fault.after = [](const http::Request& request, http::Response& response) {
        if (request.method == "LIST" && is_about(request, "/roles") && response.status == 403 &&
            response.body.find("1 error occurred") != std::string::npos) {
            response.status = 200;
            response.body = R"({"data":{"keys":["a"]}})";
        }
    };
    const auto result = play_with(fault, {fault.topic}, 6000, 5);
    const auto found = std::ranges::find_if(
        result.findings, [&fault](const Finding& one) { return one.difference.key == fault.key; });
    ASSERT_NE(found, result.findings.end());
    EXPECT_LE(found->story.steps.size(), most_requests) << headline(*found);
    EXPECT_TRUE(play_with(fault, {fault.topic}, 900).findings.empty());
}

TEST(TwinFaults, HashOfACrossSignedRoot) {
    is_found(issuers_hash());
}
TEST(TwinFaults, PoliciesWithANotice) {
    is_found(policies_as_json());
}
TEST(TwinFaults, HashOfARequest) {
    is_found(hash_of_requests());
}
TEST(TwinFaults, SettingsOfMounts) {
    is_found(settings_dropped());
}
TEST(TwinFaults, TokenTypeByTheTableOfEngines) {
    is_found(token_type_refused());
}
TEST(TwinFaults, TokenOfAChildNamespace) {
    is_found(child_token_everywhere());
}
TEST(TwinFaults, PathOfAQuota) {
    is_found(quota_without_slash());
}
TEST(TwinFaults, ConditionalChain) {
    is_found(conditional_chain());
}
TEST(TwinFaults, SlashesOfMounts) {
    is_found(slashes_of_mounts());
}
TEST(TwinFaults, NamespacesOfASelector) {
    is_found(empty_namespaces());
}

}  // namespace
}  // namespace meshproof::twin
