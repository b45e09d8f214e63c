// What happens in a mount without being asked for, and the OCSP responder.
#include "core/crypto/crl.hpp"
#include "core/crypto/ocsp.hpp"
#include "fakes/vault/pki/tests/fixture.hpp"

namespace meshproof::fakes::vault {
namespace {

struct Background {
    Pki pki;
    Json root;
    explicit Background(Product product = Product::openbao) : pki(product) {
        root = pki.make_root();
        pki.make_role();
    }
    Json leaf(Json more = Json::object()) { return pki.ok(pki.sign(csr_for("a"), more)); }
    void revoke(const Json& data) {
        (void)pki.ok(pki.write("revoke", {{"serial_number", data["serial_number"]}}));
    }
    void configure(Json data) { (void)pki.ok(pki.write("config/crl", std::move(data))); }
    bool listed(const Json& data, const std::string& path = "crl") {
        return require(crypto::Crl::from_der(pki.read(path).raw.body))
            .contains(Pki::certificate(data));
    }
    crypto::OcspCertId id(const Json& data, std::string digest = "sha1") {
        return crypto::OcspCertId::of(
            Pki::certificate(root), *crypto::parse_serial(data["serial_number"].get<std::string>()),
            std::move(digest));
    }
    BackendResponse ask(std::string der) { return pki.post("ocsp", std::move(der)); }
    crypto::OcspStatement status(const crypto::OcspCertId& about) {
        const auto answer = ask(crypto::ocsp_request_der(about));
        EXPECT_EQ(answer.raw.status, 200);
        return require(crypto::OcspResponse::from_der(answer.raw.body)).statement.value();
    }
};

TEST(PkiBackground, AListIsRebuiltWithinItsGracePeriod) {
    for (const auto product : both_products) {
        Background t(product);
        t.configure({{"auto_rebuild", true}, {"auto_rebuild_grace_period", "12h"}});
        const auto data = t.leaf({{"ttl", "200h"}});
        t.revoke(data);
        t.pki.now += 59h;
        EXPECT_FALSE(t.listed(data));
        t.pki.now += 1h + 2min;
        EXPECT_TRUE(t.listed(data));
    }
}

TEST(PkiBackground, ADeltaIsBuiltEveryInterval) {
    Background t;
    t.configure({{"auto_rebuild", true}, {"enable_delta", true}});
    t.pki.now += 40min;
    const auto data = t.leaf();
    t.revoke(data);
    EXPECT_FALSE(t.listed(data, "crl/delta"));
    t.pki.now += 17min;
    EXPECT_TRUE(t.listed(data, "crl/delta"));
    EXPECT_FALSE(t.listed(data));
}

TEST(PkiBackground, TidyRunsByItself) {
    for (const auto product : both_products) {
        Background t(product);
        const auto data = t.leaf();
        (void)t.pki.ok(t.pki.write("config/auto-tidy", {{"enabled", true},
                                                        {"tidy_cert_store", true},
                                                        {"safety_buffer", "1s"},
                                                        {"interval_duration", "2h"}}));
        const auto path = "cert/" + data["serial_number"].get<std::string>();
        t.pki.now += 110min;
        (void)t.pki.ok(t.pki.read(path));
        t.pki.now += 12min;
        EXPECT_EQ(t.pki.read(path).status, 404);
        EXPECT_EQ(t.pki.ok(t.pki.read("tidy-status"))["cert_store_deleted_count"], 1);
    }
}

TEST(PkiBackground, TidyRefusals) {
    for (const auto product : both_products) {
        Pki pki(product);
        const auto automatic = [&](Json data) {
            data["enabled"] = true;
            data["tidy_cert_store"] = true;
            return Pki::refusal(pki.write("config/auto-tidy", std::move(data)));
        };
        EXPECT_EQ(automatic({{"safety_buffer", 0}}),
                  "400 given safety_buffer must be at least one second; got: 0");
        EXPECT_TRUE(automatic({{"publish_stored_certificate_count_metrics", true}})
                        .starts_with("400 Can not publish a running storage metrics count"));
        EXPECT_EQ(Pki::refusal(pki.write("tidy", {{"pause_duration", "-1s"}})),
                  "400 received invalid, negative pause_duration");
        EXPECT_EQ(Pki::refusal(pki.write("tidy", {{"issuer_safety_buffer", 0}})),
                  "400 issuer_safety_buffer must be greater than zero");
        EXPECT_EQ(automatic({{"issuer_safety_buffer", 0}}),
                  "400 given safety_buffer must be at least one second; got: 0");
        EXPECT_EQ(automatic({{"pause_duration", "a\n"}}),
                  "400 unable to parse given pause_duration: time: invalid duration \"a\\x0a\"");
        if (product == Product::openbao) {
            EXPECT_EQ(automatic({{"page_size", 4}, {"acme_account_safety_buffer", 0}}),
                      "400 page_size must be at least 5");
            EXPECT_EQ(automatic({{"revoked_safety_buffer", 0}, {"pause_duration", "a"}}),
                      "400 revoked_safety_buffer must be at least one second; got: 0");
            EXPECT_EQ(Pki::refusal(pki.write("tidy", {{"page_size", 4}})),
                      "400 page_size must be greater than five");
        }
    }
}

TEST(PkiOcsp, TellsGoodRevokedAndUnknownApart) {
    for (const auto product : both_products) {
        Background t(product);
        const auto data = t.leaf();
        EXPECT_EQ(t.status(t.id(data)).status, crypto::CertificateStatus::good);
        t.configure({{"auto_rebuild", true}});
        t.revoke(data);
        const auto revoked = t.status(t.id(data, "sha512"));
        EXPECT_EQ(revoked.status, crypto::CertificateStatus::revoked);
        EXPECT_EQ(revoked.revoked_at, std::chrono::floor<std::chrono::seconds>(t.pki.now));
        EXPECT_EQ(revoked.id, t.id(data, "sha512"));
        EXPECT_EQ(*revoked.next_update - revoked.this_update, 12h);
        auto never = t.id(data);
        never.serial = {1, 2, 3};
        EXPECT_EQ(t.status(never).status, crypto::CertificateStatus::good);
        auto foreign = t.id(data);
        foreign.issuer_key_hash.front() ^= 1U;
        EXPECT_EQ(t.status(foreign).status, crypto::CertificateStatus::unknown);
        t.configure({{"ocsp_expiry", "0s"}});
        EXPECT_EQ(t.status(never).next_update.has_value(), product == Product::vault);
    }
}

TEST(PkiOcsp, FailsInDer) {
    Background t;
    const auto failure = [](const BackendResponse& answer) {
        return std::pair(answer.raw.status,
                         require(crypto::OcspResponse::from_der(answer.raw.body)).status);
    };
    const auto good = crypto::ocsp_request_der(t.id(t.leaf()));
    EXPECT_EQ(failure(t.ask("garbage")), std::pair(400, 1));
    EXPECT_EQ(failure(t.pki.read("ocsp/abcd")), std::pair(400, 1));
    EXPECT_EQ(t.pki.read("ocsp/" + to_base64(good)).raw.status, 200);
    t.configure({{"ocsp_disable", true}});
    EXPECT_EQ(failure(t.ask(good)), std::pair(401, 6));
    t.configure({{"ocsp_disable", false}});
    (void)t.pki.ok(t.pki.call(Operation::patch, "issuer/default", {{"usage", "crl-signing"}}));
    EXPECT_EQ(failure(t.ask(good)), std::pair(401, 6));
    EXPECT_EQ(Pki::refusal(t.pki.read("ocsp")), "405 unsupported operation");
}

TEST(PkiRevokeWithKey, WantsTheCertificatesOwn) {
    Background t;
    t.pki.make_role({{"key_type", "ec"}});
    const auto mine = t.pki.ok(t.pki.write("issue/r", {{"common_name", "a"}}));
    const auto other = t.pki.ok(t.pki.write("issue/r", {{"common_name", "b"}}));
    const auto with = [&](const Json& key) {
        return t.pki.write("revoke-with-key",
                           {{"serial_number", mine["serial_number"]}, {"private_key", key}});
    };
    EXPECT_EQ(
        Pki::refusal(t.pki.write("revoke-with-key", {{"serial_number", mine["serial_number"]}})),
        "400 Must have private key to revoke via the /revoke-with-key path.");
    EXPECT_TRUE(
        Pki::refusal(with("")).starts_with("400 Provided data for private_key was too short"));
    EXPECT_TRUE(Pki::refusal(with(other["private_key"])).starts_with("500 "));
    EXPECT_FALSE(t.listed(mine));
    (void)t.pki.ok(with(mine["private_key"]));
    EXPECT_TRUE(t.listed(mine));
}

TEST(PkiSignature, PssWhereItIsAskedFor) {
    for (const auto product : both_products) {
        Pki pki(product);
        const auto root = pki.make_root({{"key_type", "rsa"}, {"use_pss", true}});
        EXPECT_EQ(Pki::certificate(root).signature_algorithm(), "rsassaPss");
        const auto read = pki.ok(pki.read("issuer/default"));
        EXPECT_EQ(read["revocation_signature_algorithm"], "SHA256WithRSAPSS");
        const auto crl = require(crypto::Crl::from_der(pki.read("crl").raw.body));
        EXPECT_EQ(crl.signature_algorithm(), "rsassaPss");
        EXPECT_TRUE(crl.signed_by(Pki::certificate(root)));
    }
}

TEST(PkiNames, UserIdsAndNamesBeyondAscii) {
    Pki pki;
    (void)pki.make_root();
    pki.make_role({{"allowed_user_ids", "*"}, {"enforce_hostnames", true}, {"key_type", "ec"}});
    const auto data =
        pki.ok(pki.write("issue/r", {{"common_name", "b\u00fccher.svc"}, {"user_ids", "a,b"}}));
    const auto certificate = Pki::certificate(data);
    EXPECT_EQ(certificate.alt_names().dns, std::vector<std::string>{"xn--bcher-kva.svc"});
    EXPECT_EQ(certificate.subject().user_ids, (std::vector<std::string>{"a", "b"}));
}

}  // namespace
}  // namespace meshproof::fakes::vault
