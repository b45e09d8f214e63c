#include "core/vault/client.hpp"

#include <gtest/gtest.h>

#include "core/http/tests/scripted_transport.hpp"
#include "core/time/sim_clock.hpp"

namespace meshproof::vault {
namespace {

using http::Response;

const std::string token_text = "s.abcdefghijklmnopqrstuvwx";
const std::string jwt_text = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl";

template <class T>
T now(Task<T> work) {
    boost::asio::io_context context;
    return run_real(context, std::move(work));
}

struct VaultClient : testing::Test {
    http::ScriptedTransport wire;

    [[nodiscard]] Client client(const std::string& url = "https://vault.example:8200") {
        Config config;
        config.endpoint.url = *http::Url::parse(url);
        config.token = Secret(token_text);
        return {wire, std::move(config)};
    }
    [[nodiscard]] const http::Request& request() const { return wire.asked.back().request; }
    [[nodiscard]] Json body() const { return Json::parse(request().body, nullptr, false); }
    [[nodiscard]] std::string header(std::string_view name) const {
        return request().headers.find(name).value_or("(absent)");
    }
};

/// The whole envelope of row 1 around some data.
std::string envelope(const Json& data, const Json& warnings = nullptr) {
    Json answer{{"request_id", "5c8dba21-1f4f-4b3e-a4f8-8b8f1b4d5f5e"},
                {"lease_id", ""},
                {"renewable", false},
                {"lease_duration", 0}};
    answer["data"] = data;
    answer["warnings"] = warnings;
    answer["wrap_info"] = nullptr;
    answer["auth"] = nullptr;
    answer["mount_type"] = "pki";
    return answer.dump() + "\n";
}

std::string errors(const std::vector<std::string>& texts) {
    Json answer;
    answer["errors"] = texts;
    return answer.dump() + "\n";
}

/// A root, an intermediate and a leaf, for answers.
struct Pki {
    crypto::Key root_key = crypto::Key::generate(crypto::KeyType::p256);
    crypto::Key leaf_key = crypto::Key::generate(crypto::KeyType::p256);
    crypto::Certificate root, leaf;

    Pki() {
        const auto day = std::chrono::hours(24);
        const auto start = from_unix_seconds(1'700'000'000);
        crypto::CertificateSpec spec;
        spec.serial = {0x11};
        spec.subject.common_name = "svc";
        spec.not_before = start;
        spec.not_after = start + 365 * day;
        spec.is_ca = true;
        spec.key_usage = crypto::cert_sign | crypto::crl_sign;
        root = crypto::sign_certificate(spec, root_key.public_key(), root_key, nullptr);
        spec.serial = {0x22};
        spec.subject.common_name = "web.svc";
        spec.not_after = start + day;
        spec.is_ca.reset();
        spec.key_usage = crypto::digital_signature;
        leaf = crypto::sign_certificate(spec, leaf_key.public_key(), root_key, &root);
    }
    [[nodiscard]] Json signed_answer() const {
        return Json{{"certificate", leaf.pem()},
                    {"issuing_ca", root.pem()},
                    {"serial_number", leaf.serial()},
                    {"expiration", unix_seconds(leaf.not_after())}};
    }
};

const Pki& pki() {
    static const Pki made;
    return made;
}

TEST_F(VaultClient, SendsWhatHashicorpsOwnClientsSend) {
    wire.answer("PUT", "/v1/sys/mounts/pki", 204);
    const auto result = now(client().with_namespace("team").enable_secrets("pki", "pki"));
    ASSERT_TRUE(result) << result.error().message;
    EXPECT_EQ(header("X-Vault-Request"), "true");
    EXPECT_EQ(header("X-Vault-Token"), token_text);
    EXPECT_EQ(header("X-Vault-Namespace"), "team");
    EXPECT_EQ(header("Content-Type"), "application/json");
    EXPECT_EQ(body(), (Json{{"type", "pki"}}));
}

TEST_F(VaultClient, LeavesOutWhatIsEmpty) {
    wire.answer("GET", "/base/v1/pki/crl", 200, "x");
    const auto reply =
        now(client("http://127.0.0.1:8200/base/").with_token(Secret()).request("GET", "pki/crl"));
    ASSERT_TRUE(reply);
    EXPECT_EQ(header("X-Vault-Token"), "(absent)");
    EXPECT_EQ(header("X-Vault-Namespace"), "(absent)");
    EXPECT_EQ(header("Content-Type"), "(absent)");
    EXPECT_TRUE(reply->json.is_null());
    EXPECT_EQ(reply->body, "x");
    EXPECT_TRUE(reply->data().is_null());
}

TEST_F(VaultClient, RefusesPathsThatCannotBeSent) {
    for (const auto* path : {"", "/sys/mounts", "a b", "a\r\nX-Vault-Token: x"}) {
        const auto reply = now(client().request("GET", path));
        ASSERT_FALSE(reply) << path;
        EXPECT_EQ(reply.error().kind, FailureKind::invalid);
        EXPECT_EQ(reply.error().message.find('\n'), std::string::npos);
    }
    EXPECT_TRUE(wire.asked.empty());
}

TEST_F(VaultClient, TellsFailuresApartByStatusAndText) {
    struct Case {
        int status;
        std::string body;
        FailureKind kind;
    };
    const Case cases[] = {
        {400, errors({"missing client token"}), FailureKind::rejected},
        {400, errors({"path is already in use at pki/"}), FailureKind::conflict},
        {401, "", FailureKind::denied},
        {403, errors({"permission denied"}), FailureKind::denied},
        {404, errors({}), FailureKind::not_found},
        {405, errors({"unsupported operation"}), FailureKind::rejected},
        {409, errors({"taken"}), FailureKind::conflict},
        {413, errors({"http: request body too large"}), FailureKind::rejected},
        {429, errors({"request path \"x\": rate limit quota exceeded"}), FailureKind::throttled},
        {500, errors({"internal error"}), FailureKind::server},
        {502, "<html>", FailureKind::server},
        {503, errors({"Vault is sealed"}), FailureKind::sealed},
        {503, "busy", FailureKind::server},
    };
    for (const auto& c : cases) {
        wire.forget();
        wire.answer("GET", "/v1/x", c.status, c.body);
        const auto reply = now(client().call("GET", "x"));
        ASSERT_FALSE(reply) << c.status;
        EXPECT_EQ(reply.error().kind, c.kind) << c.status << " " << c.body;
        EXPECT_EQ(reply.error().status, c.status);
        EXPECT_TRUE(reply.error().message.starts_with(fmt::format("GET x: {} ", c.status)))
            << reply.error().message;
        // The same answer is a value for request().
        const auto raw = now(client().request("GET", "x"));
        ASSERT_TRUE(raw);
        EXPECT_EQ(raw->status, c.status);
    }
}

TEST_F(VaultClient, KeepsTheServersTextsAndTellsThemInOneLine) {
    const std::string wrapped = "1 error occurred:\n\t* permission denied\n\n";
    wire.answer("PUT", "/v1/pki_int/sign/r", 403, errors({wrapped}));
    const auto reply = now(client().call("PUT", "pki_int/sign/r", Json::object()));
    ASSERT_FALSE(reply);
    EXPECT_EQ(reply.error().errors, std::vector<std::string>{wrapped});
    EXPECT_EQ(reply.error().message,
              "PUT pki_int/sign/r: 403 1 error occurred: * permission denied");
}

// What a proxy says, or the port of something else: only its own words tell which it is.
TEST_F(VaultClient, TellsHowABodyBeginsThatIsNotVaults) {
    wire.answer("GET", "/v1/x", 503, "no healthy upstream\n");
    auto reply = now(client().call("GET", "x"));
    ASSERT_FALSE(reply);
    EXPECT_EQ(reply.error().message,
              "GET x: 503 with a body that is not Vault's: no healthy upstream");
    EXPECT_TRUE(reply.error().errors.empty());
    wire.forget();
    wire.answer("GET", "/v1/x", 502, "<html>\n" + std::string(200, 'x'));
    reply = now(client().call("GET", "x"));
    ASSERT_FALSE(reply);
    EXPECT_EQ(reply.error().message, "GET x: 502 with a body that is not Vault's: <html> " +
                                         std::string(113, 'x') + "…");
}

TEST_F(VaultClient, NeverRepeatsSecretsEvenIfTheServerDoes) {
    wire.answer("PUT", "/v1/auth/kubernetes/login", 400,
                errors({"error converting input " + jwt_text + " for field"}));
    const auto login = now(client().login_kubernetes("kubernetes", "app", Secret(jwt_text)));
    ASSERT_FALSE(login);
    EXPECT_EQ(login.error().message.find(jwt_text), std::string::npos);
    EXPECT_EQ(login.error().errors.at(0), "error converting input [secret] for field");

    wire.answer("GET", "/v1/auth/token/lookup-self", 403, errors({"no token " + token_text}));
    const auto lookup = now(client().lookup_self());
    ASSERT_FALSE(lookup);
    EXPECT_EQ(lookup.error().message, "GET auth/token/lookup-self: 403 no token [secret]");
    EXPECT_EQ(lookup.error().errors.at(0), "no token [secret]");
}

TEST_F(VaultClient, ShortDevTokensDoNotBlotOutWords) {
    wire.answer("PUT", "/v1/sys/policies/acl/root", 400, errors({"cannot update \"root\" policy"}));
    const auto result = now(client().with_token(Secret("root")).write_policy("root", "x"));
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().errors.at(0), "cannot update \"root\" policy");
}

TEST_F(VaultClient, PassesOnWhyTheWireFailed) {
    wire.answer("GET", "/v1/x", fail(FailureKind::timed_out, "no answer within 60 s"));
    const auto reply = now(client().call("GET", "x"));
    ASSERT_FALSE(reply);
    EXPECT_EQ(reply.error().kind, FailureKind::timed_out);
    EXPECT_EQ(reply.error().message, "GET x: no answer within 60 s");
}

Response redirect(const std::string& location) {
    Response response;
    response.status = 307;
    response.headers.set("Location", location);
    return response;
}

TEST_F(VaultClient, FollowsOneRedirectToTheActiveNode) {
    wire.answer("PUT", "/v1/x", redirect("https://vault-2.example:8200/v1/x"));
    wire.answer("PUT", "/v1/x", 200, envelope({{"a", 1}}));
    auto vault = client();
    const auto reply = now(vault.call("PUT", "x", Json{{"b", 2}}));
    ASSERT_TRUE(reply) << reply.error().message;
    EXPECT_EQ(reply->data(), (Json{{"a", 1}}));
    ASSERT_EQ(wire.asked.size(), 2U);
    EXPECT_EQ(wire.asked[1].endpoint.url.text(), "https://vault-2.example:8200");
    EXPECT_EQ(header("X-Vault-Token"), token_text);
    EXPECT_EQ(body(), (Json{{"b", 2}}));
    EXPECT_EQ(vault.config().endpoint.url.host, "vault.example");
}

TEST_F(VaultClient, ARedirectIsVerifiedForTheNodeThatItNames) {
    auto vault = client().at(*http::Url::parse("https://127.0.0.1:9999"));  // a link's address
    wire.answer("PUT", "/v1/x", redirect("https://vault-2.example:8200/v1/x"));
    wire.answer("PUT", "/v1/x", 204, "");
    ASSERT_TRUE(now(vault.call("PUT", "x")));
    EXPECT_EQ(wire.asked[0].endpoint.tls.server_name, "vault.example");
    EXPECT_EQ(wire.asked[1].endpoint.tls.server_name, "") << "the URL's own host is verified";
    // The same machine under another port, or another path, keeps its name.
    for (const auto* location : {"https://127.0.0.1:8200/v1/x", "/v1/x"}) {
        wire.forget();
        wire.answer("PUT", "/v1/x", redirect(location));
        wire.answer("PUT", "/v1/x", 204, "");
        ASSERT_TRUE(now(vault.call("PUT", "x"))) << location;
        EXPECT_EQ(wire.asked[1].endpoint.tls.server_name, "vault.example") << location;
    }
}

TEST_F(VaultClient, TellsHowLongAServerWantsToBeLeftAlone) {
    const auto answer = [](int status, std::optional<std::string> after) {
        Response response;
        response.status = status;
        response.body = R"({"errors":["not now"]})";
        if (after) {
            response.headers.set("Retry-After", *after);
        }
        return response;
    };
    for (const int status : {429, 503}) {
        wire.forget();
        wire.answer("PUT", "/v1/x", answer(status, "7"));
        const auto reply = now(client().call("PUT", "x"));
        ASSERT_FALSE(reply);
        EXPECT_EQ(reply.error().retry_after, std::chrono::seconds(7)) << status;
        EXPECT_NE(reply.error().kind, FailureKind::sealed) << "it does not say so";
    }
    for (const auto* after : {"soon", "-1", "", "1.5"}) {
        wire.forget();
        wire.answer("PUT", "/v1/x", answer(429, after));
        EXPECT_FALSE(now(client().call("PUT", "x")).error().retry_after) << after;
    }
    wire.forget();
    wire.answer("PUT", "/v1/x", answer(429, std::nullopt));
    EXPECT_FALSE(now(client().call("PUT", "x")).error().retry_after);
}

TEST_F(VaultClient, FollowsOnlyOneRedirect) {
    wire.answer("GET", "/v1/x?list=true", redirect("/v1/x?list=true"));
    const auto reply = now(client().call("GET", "x?list=true"));
    ASSERT_FALSE(reply);
    EXPECT_EQ(wire.asked.size(), 2U);
    EXPECT_EQ(reply.error().status, 307);
    EXPECT_EQ(reply.error().kind, FailureKind::server);
}

TEST_F(VaultClient, RefusesRedirectsThatLeadAstray) {
    for (const auto* location :
         {"", "nonsense", "ftp://vault/v1/x", "https://vault.example:8200"}) {
        wire.forget();
        wire.answer("GET", "/v1/x", redirect(location));
        const auto reply = now(client().call("GET", "x"));
        ASSERT_FALSE(reply) << location;
        EXPECT_EQ(reply.error().kind, FailureKind::malformed) << location;
        EXPECT_EQ(wire.asked.size(), 1U);
    }
    wire.forget();
    wire.answer("GET", "/v1/x", redirect("http://vault.example:8200/v1/x"));
    const auto reply = now(client().call("GET", "x"));
    ASSERT_FALSE(reply);
    EXPECT_EQ(reply.error().kind, FailureKind::tls);
    EXPECT_EQ(wire.asked.size(), 1U);
}

TEST_F(VaultClient, ALinkKeepsTheNameThatTlsChecks) {
    const auto link = *http::Url::parse("https://127.0.0.1:9999");
    const auto there = client().at(link);
    EXPECT_EQ(there.config().endpoint.url, link);
    EXPECT_EQ(there.config().endpoint.tls.server_name, "vault.example");
    // A second link still names the server itself, not the first link.
    EXPECT_EQ(there.at(*http::Url::parse("https://127.0.0.1:1")).config().endpoint.tls.server_name,
              "vault.example");
}

TEST_F(VaultClient, ReadsHealthWhateverItsStatus) {
    struct Case {
        int status;
        bool initialized, sealed, standby, active;
    };
    const Case cases[] = {{200, true, false, false, true},
                          {429, true, false, true, false},
                          {501, false, true, true, false},
                          {503, true, true, true, false}};
    for (const auto& c : cases) {
        wire.forget();
        Json answer{{"initialized", c.initialized},
                    {"sealed", c.sealed},
                    {"standby", c.standby},
                    {"version", "2.7.2"}};
        wire.answer("GET", "/v1/sys/health", c.status, answer.dump());
        const auto health = now(client().with_namespace("team").health());
        ASSERT_TRUE(health) << health.error().message;
        EXPECT_EQ(health->status, c.status);
        EXPECT_EQ(health->active(), c.active);
        EXPECT_EQ(health->version, "2.7.2");
        // Row 42: health is refused inside a namespace; and it needs no token.
        EXPECT_EQ(header("X-Vault-Namespace"), "(absent)");
        EXPECT_EQ(header("X-Vault-Token"), "(absent)");
    }
}

TEST_F(VaultClient, HealthThatIsNoneIsAFailure) {
    wire.answer("GET", "/v1/sys/health", 503, "<html>no backend</html>");
    const auto proxy = now(client().health());
    ASSERT_FALSE(proxy);
    EXPECT_EQ(proxy.error().kind, FailureKind::server);

    wire.forget();
    wire.answer("GET", "/v1/sys/health", 200, R"({"initialized":"yes"})");
    const auto odd = now(client().health());
    ASSERT_FALSE(odd);
    EXPECT_EQ(odd.error().kind, FailureKind::malformed);
    EXPECT_EQ(odd.error().message,
              "GET sys/health: malformed answer: initialized: expected true or false, got string");
}

TEST_F(VaultClient, TellsTheProductsApartBySealStatus) {
    Json answer{{"type", "shamir"},
                {"initialized", true},
                {"sealed", true},
                {"t", 3},
                {"n", 5},
                {"progress", 1},
                {"version", "2.7.2"},
                {"storage_type", "raft"},
                {"commit_date", "2026"}};
    wire.answer("GET", "/v1/sys/seal-status", 200, answer.dump());
    const auto bao = now(client().seal_status());
    ASSERT_TRUE(bao) << bao.error().message;
    EXPECT_EQ(bao->product, Product::openbao);
    EXPECT_EQ(bao->threshold, 3);
    EXPECT_EQ(bao->shares, 5);
    EXPECT_EQ(bao->progress, 1);
    EXPECT_TRUE(bao->sealed);
    EXPECT_EQ(bao->storage_type, "raft");

    answer.erase("commit_date");
    answer["build_date"] = "";
    wire.answer("PUT", "/v1/sys/unseal", 200, answer.dump());
    const auto vault = now(client().unseal(Secret("c2hhcmU=")));
    ASSERT_TRUE(vault);
    EXPECT_EQ(vault->product, Product::vault);
    EXPECT_EQ(body(), (Json{{"key", "c2hhcmU="}}));
    EXPECT_EQ(header("X-Vault-Token"), "(absent)");
}

TEST_F(VaultClient, SealsWithItsTokenAndWithoutNamespace) {
    wire.answer("PUT", "/v1/sys/seal", 204);
    EXPECT_TRUE(now(client().with_namespace("team").seal()));
    EXPECT_EQ(header("X-Vault-Token"), token_text);
    EXPECT_EQ(header("X-Vault-Namespace"), "(absent)");
    EXPECT_TRUE(request().body.empty());
}

TEST_F(VaultClient, SendsDurationsAsWholeSecondsRoundedUp) {
    wire.answer("PUT", "/v1/sys/mounts/pki/tune", 204);
    EXPECT_TRUE(now(client().tune_secrets("pki", std::chrono::hours(8760))));
    EXPECT_EQ(body(), (Json{{"max_lease_ttl", "31536000s"}}));
    EXPECT_TRUE(now(client().tune_secrets("pki", std::chrono::milliseconds(300))));
    EXPECT_EQ(body(), (Json{{"max_lease_ttl", "1s"}}));  // 0 would mean the default
}

TEST_F(VaultClient, ListsMountsWithoutTheirSlashes) {
    wire.answer("GET", "/v1/sys/mounts", 200,
                envelope({{"pki/", Json::object()}, {"a/b/", Json::object()}}));
    wire.answer("GET", "/v1/sys/auth", 200, envelope({{"token/", Json::object()}}));
    EXPECT_EQ(now(client().list_secrets()).value(), (std::vector<std::string>{"a/b", "pki"}));
    const auto methods = now(client().auth_methods()).value();
    ASSERT_EQ(methods.size(), 1U);
    EXPECT_EQ(methods[0].path, "token");
    wire.forget();
    wire.answer("GET", "/v1/sys/mounts", 200, envelope(nullptr));
    const auto empty = now(client().list_secrets());
    ASSERT_FALSE(empty);
    EXPECT_EQ(empty.error().kind, FailureKind::malformed);
}

TEST_F(VaultClient, AnEmptyListIsAnEmptyListAndAMissingMountIsNot) {
    wire.answer("LIST", "/v1/sys/policies/acl", 404, errors({}));
    EXPECT_TRUE(now(client().list_policies()).value().empty());
    wire.forget();
    wire.answer("LIST", "/v1/sys/policies/acl", 404,
                errors({"no handler for route \"sys/policies/acl\". route entry not found."}));
    const auto missing = now(client().list_policies());
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().kind, FailureKind::not_found);
    wire.forget();
    wire.answer("LIST", "/v1/sys/policies/acl", 200, envelope({{"keys", {"default", "root"}}}));
    EXPECT_EQ(now(client().list_policies()).value(), (std::vector<std::string>{"default", "root"}));
}

TEST_F(VaultClient, WritesPoliciesMountsAndAuthMethods) {
    wire.answer("PUT", "/v1/sys/policies/acl/pki_int", 204);
    wire.answer("DELETE", "/v1/sys/policies/acl/pki_int", 204);
    wire.answer("PUT", "/v1/sys/auth/alpha", 204);
    wire.answer("DELETE", "/v1/sys/mounts/pki", 200, envelope(nullptr, {"gone already"}));
    EXPECT_TRUE(now(client().write_policy("pki_int", "path \"x\" {}")));
    EXPECT_EQ(body(), (Json{{"policy", "path \"x\" {}"}}));
    EXPECT_TRUE(now(client().delete_policy("pki_int")));
    EXPECT_TRUE(now(client().enable_auth("alpha", "kubernetes")));
    EXPECT_EQ(body(), (Json{{"type", "kubernetes"}}));
    EXPECT_TRUE(now(client().disable_secrets("pki")));  // row 3: 200 with null is as good as 204
}

TEST_F(VaultClient, AsksWhatItMayDo) {
    wire.answer("PUT", "/v1/sys/capabilities-self", 200,
                envelope({{"capabilities", {"create", "update"}}, {"p", {"create", "update"}}}));
    EXPECT_EQ(now(client().capabilities_self("p")).value(),
              (std::vector<std::string>{"create", "update"}));
    EXPECT_EQ(body()["paths"], (Json::array({"p"})));
}

TEST_F(VaultClient, SignsAndReadsTheWholeAnswer) {
    auto answer = pki().signed_answer();
    answer["ca_chain"] = Json::array({pki().root.pem(), pki().root.pem()});
    answer["not_before"] = 1;
    wire.answer("PUT", "/v1/pki_int/sign/r", 200, envelope(answer, {"capped"}));
    SignRequest request;
    request.csr_pem = "CSR";
    request.ttl = std::chrono::minutes(2);
    request.exclude_cn_from_sans = true;
    const auto issued = now(client().sign("pki_int", "r", request));
    ASSERT_TRUE(issued) << issued.error().message;
    EXPECT_EQ(
        body(),
        (Json{{"csr", "CSR"}, {"format", "pem"}, {"ttl", "120s"}, {"exclude_cn_from_sans", true}}));
    EXPECT_TRUE(issued->leaf == pki().leaf);
    EXPECT_TRUE(issued->issuing_ca == pki().root);
    EXPECT_EQ(issued->chain.size(), 2U);
    EXPECT_EQ(issued->serial, pki().leaf.serial());
    EXPECT_EQ(issued->expiration, pki().leaf.not_after());
    EXPECT_EQ(issued->warnings, std::vector<std::string>{"capped"});
    EXPECT_TRUE(issued->private_key_pem.empty());
}

TEST_F(VaultClient, ALeafOfTheRootHasNoChainKey) {
    wire.answer("PUT", "/v1/pki/sign/r", 200, envelope(pki().signed_answer()));
    SignRequest request;
    request.csr_pem = "CSR";
    request.common_name = "web.svc";
    const auto issued = now(client().sign_at("pki/sign/r", request));
    ASSERT_TRUE(issued) << issued.error().message;
    ASSERT_EQ(issued->chain.size(), 1U);
    EXPECT_TRUE(issued->chain[0] == pki().root);
    EXPECT_EQ(body(), (Json{{"csr", "CSR"}, {"format", "pem"}, {"common_name", "web.svc"}}));
}

TEST_F(VaultClient, ReadsEveryFormatOfALeaf) {
    auto answer = pki().signed_answer();
    answer["certificate"] = to_base64(pki().leaf.der());
    answer["issuing_ca"] = to_base64(pki().root.der());
    answer["ca_chain"] = Json::array({to_base64(pki().root.der())});
    wire.answer("PUT", "/v1/pki/sign/r", 200, envelope(answer));
    const auto der = now(client().sign("pki", "r", SignRequest{}));
    ASSERT_TRUE(der) << der.error().message;
    EXPECT_TRUE(der->leaf == pki().leaf);
    EXPECT_TRUE(der->chain.at(0) == pki().root);

    const auto key_pem = pki().leaf_key.traditional_pem();
    answer = pki().signed_answer();
    answer["certificate"] = key_pem + pki().leaf.pem() + pki().root.pem();  // issue with pem_bundle
    answer["private_key"] = key_pem;
    wire.answer("PUT", "/v1/pki/issue/r", 200, envelope(answer));
    const auto bundle = now(client().issue("pki", "r", Json{{"format", "pem_bundle"}}));
    ASSERT_TRUE(bundle) << bundle.error().message;
    EXPECT_TRUE(bundle->leaf == pki().leaf);
    EXPECT_EQ(bundle->private_key_pem, key_pem);
}

TEST_F(VaultClient, AMalformedAnswerNamesTheField) {
    struct Case {
        std::string name;
        Json value;
        std::string message;
    };
    const auto start = std::string("PUT pki/sign/r: malformed answer: data.");
    const Case cases[] = {
        {"certificate", nullptr, "certificate: expected a string, got nothing"},
        {"certificate", 5, "certificate: expected a string, got number"},
        {"certificate", "*", "certificate: neither PEM nor base64"},
        {"ca_chain", "text", "ca_chain: expected a list, got string"},
        {"ca_chain", {1}, "ca_chain: expected a string, got number"},
        {"expiration", "soon", "expiration: expected an integer, got string"},
        {"expiration", 1.5, "expiration: expected an integer, got number"},
        {"expiration", 4e18, "expiration: expected an integer, got number"},
        {"expiration", std::uint64_t{18'000'000'000'000'000'000U},
         "expiration: expected an integer, got number"},
        {"expiration", 4'000'000'000'000'000'000, "expiration: more seconds than a clock can hold"},
        {"serial_number", Json::object(), "serial_number: expected a string, got object"},
    };
    for (const auto& c : cases) {
        wire.forget();
        auto answer = pki().signed_answer();
        answer[c.name] = c.value;
        wire.answer("PUT", "/v1/pki/sign/r", 200, envelope(answer));
        const auto issued = now(client().sign("pki", "r", SignRequest{}));
        ASSERT_FALSE(issued) << c.message;
        EXPECT_EQ(issued.error().kind, FailureKind::malformed);
        EXPECT_EQ(issued.error().message, start + c.message);
    }
}

TEST_F(VaultClient, NoAnswerBringsItDown) {
    // A 2xx that is not what was asked for: never an exception, always `malformed`.
    const std::string deep = std::string(200'000, '[') + std::string(200'000, ']');
    for (const auto* odd :
         {"", "null", "[]", "5", "{", "\"x\"", "{\"data\":null}", "{\"data\":[]}", "{\"auth\":7}",
          deep.c_str(), "\xff\xfe", "{\"data\":{\"certificate\":\"\xc3\"}}"}) {
        wire.forget();
        for (const auto* path : {"pki/sign/r", "pki/root/generate/internal",
                                 "pki/intermediate/generate/internal", "pki/root/sign-intermediate",
                                 "auth/k/login", "auth/token/renew-self", "sys/unseal"}) {
            wire.answer("PUT", std::string("/v1/") + path, 200, odd);
        }
        for (const auto* path : {"pki/config/issuers", "pki/ca_chain", "auth/token/lookup-self",
                                 "sys/health", "sys/seal-status", "sys/auth"}) {
            wire.answer("GET", std::string("/v1/") + path, 200, odd);
        }
        const auto vault = client();
        const auto check = [odd](const auto& result) {
            ASSERT_FALSE(result) << odd;
            // An empty /ca_chain is how a mount without a CA answers.
            EXPECT_TRUE(result.error().kind == FailureKind::malformed ||
                        result.error().kind == FailureKind::not_found)
                << result.error().message;
        };
        check(now(vault.sign("pki", "r", SignRequest{})));
        check(now(vault.generate_root("pki", Json::object())));
        check(now(vault.generate_intermediate_csr("pki", Json::object())));
        check(now(vault.sign_intermediate("pki", Json::object())));
        check(now(vault.login_kubernetes("k", "r", Secret(jwt_text))));
        check(now(vault.unseal(Secret("key"))));
        check(now(vault.ca_chain("pki")));
        check(now(vault.lookup_self()));
        check(now(vault.health()));
        check(now(vault.seal_status()));
        check(now(vault.auth_methods()));
    }
}

TEST_F(VaultClient, BuildsACaAsThePageDoes) {
    wire.answer("PUT", "/v1/pki/root/generate/internal", 200,
                envelope({{"certificate", pki().root.pem()},
                          {"issuing_ca", pki().root.pem()},
                          {"issuer_id", "i1"},
                          {"key_id", "k1"},
                          {"serial_number", pki().root.serial()}},
                         {"This mount hasn't configured any AIA fields"}));
    const auto root = now(client().generate_root("pki", Json{{"common_name", "svc"}}));
    ASSERT_TRUE(root) << root.error().message;
    EXPECT_TRUE(root->certificate == pki().root);
    EXPECT_EQ(root->issuer_id, "i1");
    EXPECT_EQ(root->key_id, "k1");
    EXPECT_EQ(root->warnings.size(), 1U);
    EXPECT_EQ(body(), (Json{{"common_name", "svc"}}));

    wire.answer("PUT", "/v1/pki_int/intermediate/generate/internal", 200,
                envelope({{"csr", "CSR"}, {"key_id", "k2"}}));
    EXPECT_EQ(now(client().generate_intermediate_csr("pki_int", Json::object())).value(), "CSR");

    const auto bundle = pki().leaf.pem() + pki().root.pem();
    wire.answer("PUT", "/v1/pki/root/sign-intermediate", 200, envelope({{"certificate", bundle}}));
    const auto signed_ca = now(client().sign_intermediate("pki", Json{{"csr", "CSR"}}));
    ASSERT_TRUE(signed_ca) << signed_ca.error().message;
    EXPECT_EQ(signed_ca->certificate_pem, bundle);
    EXPECT_EQ(signed_ca->certificates.size(), 2U);

    wire.answer("PUT", "/v1/pki_int/intermediate/set-signed", 200,
                envelope({{"imported_issuers", {"i2", "i3"}},
                          {"imported_keys", nullptr},
                          {"mapping", {{"i2", "k2"}, {"i3", ""}}}}));
    const auto imported = now(client().set_signed("pki_int", bundle));
    ASSERT_TRUE(imported) << imported.error().message;
    EXPECT_EQ(body(), (Json{{"certificate", bundle}}));
    EXPECT_EQ(imported->issuers, (std::vector<std::string>{"i2", "i3"}));
    EXPECT_TRUE(imported->keys.empty());
    EXPECT_EQ(imported->mapping.at("i2"), "k2");
    EXPECT_EQ(imported->mapping.at("i3"), "");
}

TEST_F(VaultClient, ManagesIssuersAndRoles) {
    wire.answer("PUT", "/v1/pki/config/issuers", 200, envelope({{"default", "i1"}}));
    EXPECT_TRUE(now(client().use_issuer_by_default("pki", "i1")));
    EXPECT_EQ(body(), (Json{{"default", "i1"}}));
    wire.answer("DELETE", "/v1/pki/issuer/default", 200, envelope(nullptr, {"Deleted issuer"}));
    EXPECT_TRUE(now(client().delete_issuer("pki", "default")));
    wire.answer("PUT", "/v1/pki/roles/r", 200, envelope({{"max_ttl", 2592000}}));
    EXPECT_EQ(now(client().write_role("pki", "r", Json{{"max_ttl", "720h"}})).value(),
              (Json{{"max_ttl", 2592000}}));
    wire.answer("PUT", "/v1/pki/roles/old", 204);
    EXPECT_TRUE(now(client().write_role("pki", "old", Json::object())).value().is_null());
    wire.answer("PUT", "/v1/pki/config/urls", 200, envelope(Json::object()));
    EXPECT_TRUE(now(client().configure_urls("pki", Json::object())));
}

TEST_F(VaultClient, FetchesTheCasChain) {
    wire.answer("GET", "/v1/pki/ca_chain", 200, pki().root.pem() + pki().root.pem());
    EXPECT_EQ(now(client().ca_chain("pki")).value().size(), 2U);
}

TEST_F(VaultClient, AMountWithoutACaIsNotFound) {
    wire.answer("GET", "/v1/pki/ca_chain", 204);
    wire.answer("GET", "/v1/odd/ca_chain", 200, "not a PEM");
    EXPECT_EQ(now(client().ca_chain("pki")).error().kind, FailureKind::not_found);
    EXPECT_EQ(now(client().ca_chain("odd")).error().kind, FailureKind::malformed);
}

TEST_F(VaultClient, SetsUpKubernetesAuth) {
    wire.answer("PUT", "/v1/auth/alpha/config", 204);
    wire.answer("PUT", "/v1/auth/alpha/role/app", 204);
    Client::KubernetesConfig config{"https://kube.example:6443", "PEM", {}};
    EXPECT_TRUE(now(client().configure_kubernetes("alpha", config)));
    EXPECT_EQ(body(), (Json{{"kubernetes_host", "https://kube.example:6443"},
                            {"kubernetes_ca_cert", "PEM"}}));
    config.reviewer_token = Secret(jwt_text);
    EXPECT_TRUE(now(client().configure_kubernetes("alpha", config)));
    EXPECT_EQ(body()["token_reviewer_jwt"], jwt_text);

    Client::KubernetesRole role;
    role.service_accounts = {"vault-issuer"};
    role.namespaces = {"istio-system"};
    role.policies = {"pki_int"};
    EXPECT_TRUE(now(client().write_kubernetes_role("alpha", "app", role)));
    EXPECT_EQ(body(), (Json{{"bound_service_account_names", Json::array({"vault-issuer"})},
                            {"bound_service_account_namespaces", Json::array({"istio-system"})},
                            {"policies", Json::array({"pki_int"})}}));
    role.ttl = std::chrono::hours(1);
    role.max_ttl = std::chrono::hours(2);
    role.audience = "vault";
    role.token_type = "batch";
    EXPECT_TRUE(now(client().write_kubernetes_role("alpha", "app", role)));
    EXPECT_EQ(body()["ttl"], "3600s");
    EXPECT_EQ(body()["max_ttl"], "7200s");
    EXPECT_EQ(body()["audience"], "vault");
    EXPECT_EQ(body()["token_type"], "batch");
}

Json auth_block() {
    return Json{
        {"client_token", "s.new"}, {"accessor", "acc"}, {"policies", {"default", "pki_int"}},
        {"lease_duration", 3600},  {"renewable", true}, {"token_type", "service"},
        {"orphan", true}};
}

TEST_F(VaultClient, LogsInWithoutAToken) {
    Json answer{{"data", nullptr}, {"warnings", {"capped"}}};
    answer["auth"] = auth_block();
    wire.answer("PUT", "/v1/auth/alpha/login", 200, answer.dump());
    const auto login = now(client().login_kubernetes("alpha", "app", Secret(jwt_text)));
    ASSERT_TRUE(login) << login.error().message;
    EXPECT_EQ(header("X-Vault-Token"), "(absent)");
    EXPECT_EQ(body(), (Json{{"role", "app"}, {"jwt", jwt_text}}));
    EXPECT_EQ(login->token.reveal(), "s.new");
    EXPECT_EQ(login->accessor, "acc");
    EXPECT_EQ(login->policies, (std::vector<std::string>{"default", "pki_int"}));
    EXPECT_EQ(login->lease, std::chrono::hours(1));
    EXPECT_TRUE(login->renewable);
    EXPECT_EQ(login->type, "service");
    EXPECT_EQ(login->warnings, std::vector<std::string>{"capped"});
}

TEST_F(VaultClient, LooksUpRenewsAndRevokesItsToken) {
    wire.answer("GET", "/v1/auth/token/lookup-self", 200,
                envelope({{"accessor", "acc"},
                          {"display_name", "alpha-default-app"},
                          {"path", "auth/alpha/login"},
                          {"type", "service"},
                          {"policies", {"default"}},
                          {"ttl", 59},
                          {"creation_ttl", 60},
                          {"renewable", true},
                          {"orphan", true},
                          {"expire_time", nullptr},
                          {"num_uses", 0}}));
    const auto info = now(client().lookup_self());
    ASSERT_TRUE(info) << info.error().message;
    EXPECT_EQ(info->ttl, std::chrono::seconds(59));
    EXPECT_EQ(info->creation_ttl, std::chrono::seconds(60));
    EXPECT_EQ(info->period, Duration::zero());
    EXPECT_EQ(info->display_name, "alpha-default-app");
    EXPECT_FALSE(info->root);

    wire.answer("PUT", "/v1/auth/token/revoke-self", 204);
    EXPECT_TRUE(now(client().revoke_self()));
}

}  // namespace
}  // namespace meshproof::vault
