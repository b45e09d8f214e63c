// Signing answers under chaos, from a Vault's own rules: each is wrong in the one way that was
// asked for.
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>

#include "core/crypto/certificate.hpp"
#include "core/time/sim_clock.hpp"
#include "fakes/chaos/chaos_handler.hpp"
#include "fakes/sim/sim_network.hpp"
#include "fakes/vault/fake_vault.hpp"

namespace meshproof::fakes {
namespace {

using Json = nlohmann::json;
using namespace std::chrono_literals;

class CertificateChaos : public ::testing::Test {
  protected:
    CertificateChaos() {
        ChaosHandlerOptions options;
        options.server = "vault-0";
        handler_ = std::make_unique<ChaosHandler>(std::move(options), chaos_, clock_, own_);
        handler_->serve(vault_);
        (void)ask("PUT", "sys/mounts/pki", {{"type", "pki"}});
        const auto root =
            ask("PUT", "pki/root/generate/internal", {{"common_name", "ca"}, {"ttl", "24h"}});
        ca_ = crypto::Certificate::from_pem(root["data"]["certificate"].get<std::string>()).value();
        (void)ask("PUT", "pki/roles/r",
                  {{"allow_any_name", true},
                   {"allowed_uri_sans", "spiffe://mesh/*"},
                   {"require_cn", false},
                   {"key_type", "ec"},
                   {"max_ttl", "1h"}});
    }
    Json ask(std::string method, const std::string& path, const Json& body) {
        http::Request request;
        request.method = std::move(method);
        request.target = "/v1/" + path;
        request.headers = {{"X-Vault-Token", "root"}};
        request.body = body.dump();
        const auto answer =
            clock_.run(handler_->handle(std::move(request), {"127.0.0.1", std::nullopt}));
        EXPECT_LT(answer.status, 300) << answer.body;
        return answer.body.empty() ? Json() : Json::parse(answer.body);
    }
    void chaos(const std::string& fault) {
        chaos_.set(parse_chaos("rules: [{certificate: " + fault + "}]", "test").value());
    }
    Json signed_data(const std::string& format = "pem") {
        crypto::Csr::Spec spec;
        spec.alt_names.uris = {"spiffe://mesh/ns/a/sa/b"};
        return ask("PUT", "pki/sign/r",
                   {{"csr", crypto::Csr::make(spec, key_).pem()}, {"format", format}})["data"];
    }
    static crypto::Certificate leaf(const Json& data) {
        return crypto::Certificate::from_pem(data["certificate"].get<std::string>()).value();
    }
    bool right_key(const crypto::Certificate& certificate) const {
        return certificate.public_key() == key_.public_key();
    }

    boost::asio::io_context context_;
    SimClock clock_{context_, from_unix_seconds(1'800'000'000)};
    SimNetwork network_{clock_, Prng(1)};
    Chaos chaos_{1, clock_};
    ServerClock own_{clock_, chaos_, "vault-0"};
    std::shared_ptr<vault::FakeVault> vault_ =
        std::make_shared<vault::FakeVault>(vault::FakeVaultOptions{}, own_, network_);
    std::unique_ptr<ChaosHandler> handler_;
    crypto::Key key_ = crypto::Key::generate(crypto::KeyType::p256);
    crypto::Certificate ca_;
};

TEST_F(CertificateChaos, IsOffByDefault) {
    const auto data = signed_data();
    EXPECT_TRUE(leaf(data).signed_by(ca_));
    EXPECT_TRUE(leaf(data).valid_at(clock_.now()));
    EXPECT_TRUE(right_key(leaf(data)));
}

TEST_F(CertificateChaos, ForAnotherKey) {
    chaos("other_key");
    const auto got = leaf(signed_data());
    EXPECT_FALSE(right_key(got));
    EXPECT_EQ(got.public_key().algorithm(), "ec");
    EXPECT_EQ(got.alt_names().uris, std::vector<std::string>{"spiffe://mesh/ns/a/sa/b"});
    EXPECT_TRUE(got.signed_by(ca_)) << "all else is right";
    EXPECT_TRUE(got.valid_at(clock_.now()));
}

TEST_F(CertificateChaos, IssueGivesAnotherPrivateKey) {
    chaos("other_key");
    const auto data = ask("PUT", "pki/issue/r", {{"common_name", "a.b"}})["data"];
    const auto key = crypto::Key::from_pem(data["private_key"].get<std::string>());
    ASSERT_TRUE(key);
    EXPECT_FALSE(key->public_key() == leaf(data).public_key());
    EXPECT_TRUE(leaf(data).signed_by(ca_));
}

TEST_F(CertificateChaos, WithAnotherChain) {
    chaos("wrong_chain");
    for (const std::string format : {"pem", "pem_bundle", "der"}) {
        SCOPED_TRACE(format);
        const auto data = signed_data(format);
        const auto text = data["issuing_ca"].get<std::string>();
        const auto shown = format == "der"
                               ? crypto::Certificate::from_der(from_base64(text).value()).value()
                               : crypto::Certificate::from_pem(text).value();
        EXPECT_EQ(shown.subject_line(), ca_.subject_line());
        EXPECT_FALSE(shown == ca_);
        if (format != "der") {
            EXPECT_TRUE(leaf(data).signed_by(ca_)) << "the leaf itself is right";
            EXPECT_TRUE(right_key(leaf(data)));
            EXPECT_FALSE(leaf(data).signed_by(shown));
            for (const auto& link : data["ca_chain"]) {
                EXPECT_FALSE(crypto::Certificate::from_pem(link.get<std::string>()).value() == ca_);
            }
        }
        if (format == "pem_bundle") {
            const auto bundle =
                crypto::Certificate::all_from_pem(data["certificate"].get<std::string>()).value();
            ASSERT_GT(bundle.size(), 1U);
            EXPECT_FALSE(bundle[1] == ca_);
        }
    }
}

TEST_F(CertificateChaos, ExpiredAlready) {
    chaos("expired");
    const auto now = clock_.now();
    const auto got = leaf(signed_data());
    EXPECT_LT(got.not_after(), now);
    EXPECT_TRUE(got.signed_by(ca_)) << "all else is right";
    EXPECT_TRUE(right_key(got));
    EXPECT_EQ(own_.now(), clock_.now()) << "the server's date is right again";
    chaos_.set({});
    EXPECT_TRUE(leaf(signed_data()).valid_at(clock_.now()));
}

TEST_F(CertificateChaos, LeavesARefusalAlone) {
    chaos("other_key");
    http::Request request;
    request.method = "PUT";
    request.target = "/v1/pki/sign/r";
    request.headers = {{"X-Vault-Token", "root"}};
    for (const std::string body : {"", "[]", "{", R"({"csr":1})", R"({"csr":"x"})"}) {
        request.body = body;
        const auto answer = clock_.run(handler_->handle(request, {"127.0.0.1", std::nullopt}));
        EXPECT_EQ(answer.status, 400) << body << answer.body;
    }
}

TEST_F(CertificateChaos, ASkewedServerDatesByItsOwnClock) {
    chaos_.set(parse_chaos("rules: [{server: vault, clock_skew: 30m}]", "test").value());
    const auto got = leaf(signed_data());
    EXPECT_GT(got.not_before(), clock_.now());
}

}  // namespace
}  // namespace meshproof::fakes
