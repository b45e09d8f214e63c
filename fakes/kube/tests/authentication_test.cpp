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
