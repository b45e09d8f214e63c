#include "core/crypto/certificate.hpp"
#include "fixture.hpp"

namespace meshproof::fakes {
namespace {

TEST_F(Kube, BadCredentialsAndNoneAreDifferent) {
    const auto bad = call("GET", pods, std::nullopt, "nonsense");
    EXPECT_EQ(bad.status, 401);
    EXPECT_EQ(bad.body["message"], "Unauthorized");
    EXPECT_EQ(bad.body["reason"], "Unauthorized");
    const auto none = call("GET", pods, std::nullopt, "");
    EXPECT_EQ(none.status, 403);
    EXPECT_EQ(
        none.body["message"],
        "pods is forbidden: User \"system:anonymous\" cannot list resource \"pods\" in API group "
        "\"\" in the namespace \"default\"");
    EXPECT_EQ(call("GET", "/version", std::nullopt, "").status, 200);
    EXPECT_EQ(call("GET", "/apis", std::nullopt, "").status, 403);
    create_account("app");
    const auto elsewhere = token_of("app", {{"audiences", {"vault"}}});
    EXPECT_EQ(call("GET", pods, std::nullopt, elsewhere).status, 401);
}

TEST_F(Kube, ABearerTokenEndsWithItsFirstBlank) {
    create_account("app");
    const auto token = token_of("app");
    const auto asked = [&](const std::string& header) {
        http::Request request;
        request.target = accounts;
        request.headers = {{"Authorization", header}};
        const auto answer = ask(request, {});
        return answer.status == 401                                            ? "unauthorized"
               : answer.raw.body.find("system:anonymous") != std::string::npos ? "nobody"
               : answer.raw.body.find("system:serviceaccount:default:app") != std::string::npos
                   ? "app"
                   : answer.raw.body;
    };
    EXPECT_EQ(asked("Bearer " + token), "app");
    EXPECT_EQ(asked("bearer " + token + " and more"), "app");
    EXPECT_EQ(asked("Bearer\t" + token), "nobody");
    for (const auto* blank : {"", " ", "Bearer", "Bearer ", "Bearer  \t"}) {
        EXPECT_EQ(asked(blank), "nobody") << "\"" << blank << '"';
    }
    EXPECT_EQ(asked("Bearer  " + token), "nobody") << "a blank stands where it would begin";
    EXPECT_EQ(call("GET", accounts, std::nullopt, " " + token).raw.headers.find("Warning"),
              "299 - \"the provided Authorization header contains extra space before the bearer "
              "token, and is ignored\"");
    EXPECT_FALSE(call("GET", accounts, std::nullopt, "x").raw.headers.find("Warning"));
    EXPECT_EQ(asked("Bearer x"), "unauthorized");
}

// The review asks with a header that has the text in it.
TEST_F(Kube, AReviewedTokenEndsWithItsFirstBlank) {
    create_account("app");
    const auto token = token_of("app");
    for (const auto& text : {" " + token, std::string(" "), std::string("\t\n"),
                             std::string("\xc2\xa0"), std::string(" a.b.c ")}) {
        EXPECT_EQ(review(text),
                  (Json{{"authenticated", true},
                        {"user",
                         {{"username", "system:anonymous"},
                          {"groups", Json::array({"system:unauthenticated"})}}},
                        {"audiences", Json::array({"https://kubernetes.default.svc"})}}))
            << '"' << text << '"';
    }
    EXPECT_EQ(review(" x", Json::array({"vault"}))["audiences"], Json::array({"vault"}));
    for (const auto& other : {token + " ", token + " more", token + "\n", "\t" + token,
                              "\xc2\xa0" + token, "\n" + token}) {
        EXPECT_EQ(review(other)["user"]["username"], "system:serviceaccount:default:app")
            << "white space but blanks is passed over: \"" << other << '"';
    }
    const auto claims = token.find('.') + 1;
    EXPECT_EQ(review(token.substr(0, claims) + "\t" + token.substr(claims))["error"],
              "invalid bearer token");
    EXPECT_EQ(review("a b")["error"], "invalid bearer token");
    EXPECT_EQ(call("POST", reviews, Json{{"spec", {{"token", ""}}}}).status, 400);
}

TEST_F(Kube, ImpersonationAndClientCertificates) {
    const http::Headers as = {{"Impersonate-User", "system:serviceaccount:default:app"}};
    EXPECT_EQ(call("GET", pods, std::nullopt, "admin", "", as).status, 403);
    create_account("app");
    EXPECT_EQ(call("GET", pods, std::nullopt, token_of("app"), "", as).status, 403);

    const auto key = crypto::Key::generate(crypto::KeyType::p256);
    crypto::CertificateSpec spec;
    spec.serial = {1};
    spec.subject.common_name = "root-user";
    spec.subject.organization = {"system:masters"};
    spec.not_before = clock.now();
    spec.not_after = clock.now() + 1h;
    const auto leaf = crypto::sign_certificate(spec, key.public_key(), key, nullptr);
    http::Request request;
    request.target = pods;
    EXPECT_EQ(ask(request, {"x", leaf}).status, 200);
}

}  // namespace
}  // namespace meshproof::fakes
