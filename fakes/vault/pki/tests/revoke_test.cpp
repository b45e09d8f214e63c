#include "core/crypto/crl.hpp"
#include "fakes/vault/pki/tests/fixture.hpp"

namespace meshproof::fakes::vault {
namespace {

struct Revoke {
    Pki pki;
    Json root;
    explicit Revoke(Product product = Product::openbao) : pki(product) {
        root = pki.make_root();
        pki.make_role();
    }
    Json leaf(Json more = Json::object()) { return pki.ok(pki.sign(csr_for("a"), more)); }
    BackendResponse revoke(const Json& data) {
        return pki.write("revoke", {{"serial_number", data["serial_number"]}});
    }
    crypto::Crl crl(const std::string& path = "crl") {
        return require(crypto::Crl::from_der(pki.read(path).raw.body));
    }
    bool listed(const Json& data, const std::string& path = "crl") {
        return crl(path).contains(Pki::certificate(data));
    }
};

TEST(PkiRevoke, ShowsInTheListAtOnce) {
    for (const auto product : both_products) {
        Revoke t(product);
        const auto data = t.leaf();
        const auto before = t.crl();
        EXPECT_FALSE(t.listed(data));
        const auto first = t.pki.ok(t.revoke(data));
        EXPECT_EQ(first["state"], "revoked");
        EXPECT_EQ(first["revocation_time"], unix_seconds(t.pki.now));
        EXPECT_TRUE(t.listed(data));
        EXPECT_GT(t.crl().number(), before.number());
        EXPECT_EQ(t.crl().next_update() - t.crl().this_update(), 72h);
        EXPECT_TRUE(t.crl().signed_by(Pki::certificate(t.root)));
        t.pki.now += 5min;
        EXPECT_EQ(t.pki.ok(t.revoke(data)), first);  // the original time (row 131)
        const auto read = t.pki.ok(t.pki.read("cert/" + data["serial_number"].get<std::string>()));
        EXPECT_EQ(read["revocation_time"], first["revocation_time"]);
        EXPECT_EQ(read["issuer_id"], t.root["issuer_id"]);
    }
}

TEST(PkiRevoke, ListsWhereAnotherIssuerIsRemoved) {
    for (const auto product : both_products) {
        Revoke t(product);
        const auto other =
            t.pki.ok(t.pki.write("issuers/generate/root/internal", {{"common_name", "other"}}));
        const auto number = t.crl().number();
        (void)t.pki.call(Operation::remove, "issuer/" + other["issuer_id"].get<std::string>());
        EXPECT_EQ(t.crl().number() > number, product == Product::openbao);
    }
}

TEST(PkiRevoke, Refusals) {
    Revoke t;
    const auto refused = [&](Json data) { return Pki::refusal(t.pki.write("revoke", data)); };
    EXPECT_EQ(refused(Json::object()),
              "400 The serial number or certificate to revoke must be provided.");
    EXPECT_EQ(refused({{"serial_number", "1"}, {"certificate", "x"}}),
              "400 Must provide either the certificate or the serial to revoke; not both.");
    EXPECT_EQ(refused({{"serial_number", "11:22"}}),
              "400 certificate with serial 11:22 not found.");
    EXPECT_TRUE(refused({{"certificate", "x"}}).starts_with("500 "));
    EXPECT_EQ(Pki::refusal(t.revoke(t.root)),
              fmt::format("400 adding issuer (id: {}) to its own CRL is not allowed",
                          t.root["issuer_id"].get<std::string>()));
}

TEST(PkiRevoke, ExpiredCertificatesAreNotListed) {
    for (const auto product : both_products) {
        Revoke t(product);
        const auto data = t.leaf();
        t.pki.now += 2h;
        const auto answer = t.revoke(data);
        EXPECT_TRUE(t.pki.ok(answer).is_null());
        EXPECT_TRUE(has_warning(answer, "already expired; refusing to add to CRL"));
        EXPECT_FALSE(t.listed(data));
    }
}

TEST(PkiRevoke, ACertificateInItsLastTwoSecondsIsOver) {
    for (const auto product : both_products) {
        Revoke t(product);
        const auto early = t.leaf(), late = t.leaf();
        t.pki.now += 1h - 3s;
        EXPECT_EQ(t.pki.ok(t.revoke(early))["state"], "revoked");
        t.pki.now += 1s;
        EXPECT_TRUE(has_warning(t.revoke(late), "already expired; refusing to add to CRL"));
        EXPECT_FALSE(t.listed(late));
    }
}

TEST(PkiRevoke, DisabledListsStayAsTheyAre) {
    for (const auto product : both_products) {
        Revoke t(product);
        (void)t.pki.ok(t.pki.write("config/crl", {{"disable", true}}));
        (void)t.pki.ok(
            t.pki.call(Operation::patch, "issuer/default", {{"usage", "issuing-certificates"}}));
        const auto number = t.crl().number();
        EXPECT_TRUE(t.revoke(t.leaf()).warnings.empty());
        EXPECT_TRUE(t.pki.read("crl/rotate").warnings.empty());
        EXPECT_EQ(t.crl().number(), number);
        (void)t.pki.ok(t.pki.call(Operation::patch, "issuer/default", {{"usage", "crl-signing"}}));
        // But a new issuer has a list, an empty one, and so the others are signed anew.
        (void)t.pki.make_root();
        EXPECT_NE(t.crl().number(), number);
        EXPECT_TRUE(t.crl().entries().empty());
    }
}

TEST(PkiRevoke, ARevokedIssuerIsListedAtOnce) {
    for (const auto product : both_products) {
        Revoke t(product);
        (void)t.pki.ok(t.pki.write("config/crl", {{"auto_rebuild", true}}));
        const auto csr = t.pki.ok(t.pki.write("intermediate/generate/internal",
                                              {{"common_name", "i"}, {"key_type", "ec"}}));
        const auto made = t.pki.ok(t.pki.write(
            "root/sign-intermediate", {{"csr", csr["csr"]}, {"common_name", "i"}, {"ttl", "9h"}}));
        const auto imported = t.pki.ok(
            t.pki.write("intermediate/set-signed", {{"certificate", made["certificate"]}}));
        const auto id = imported["imported_issuers"][0].get<std::string>();
        (void)t.pki.ok(t.pki.write("issuer/" + id + "/revoke"));
        EXPECT_TRUE(t.listed(made));
    }
}

TEST(PkiRevoke, AnIssuerFromElsewhereIsListedByWhoSignedIt) {
    for (const auto product : both_products) {
        Pki elsewhere(product);
        const auto root = elsewhere.ok(elsewhere.write(
            "root/generate/exported", {{"common_name", "r"}, {"key_type", "ec"}, {"ttl", "90h"}}));
        const auto csr = elsewhere.ok(elsewhere.write("intermediate/generate/exported",
                                                      {{"common_name", "i"}, {"key_type", "ec"}}));
        const auto made = elsewhere.ok(elsewhere.write(
            "root/sign-intermediate", {{"csr", csr["csr"]}, {"common_name", "i"}, {"ttl", "9h"}}));
        Revoke t(product);
        const auto import = [&](const Json& certificate, const Json& key) {
            const auto bundle = certificate.get<std::string>() + "\n" + key.get<std::string>();
            const auto data =
                t.pki.ok(t.pki.write("issuers/import/bundle", {{"pem_bundle", bundle}}));
            return data["imported_issuers"][0].get<std::string>();
        };
        const auto signer = import(root["certificate"], root["private_key"]);
        const auto id = import(made["certificate"], csr["private_key"]);
        (void)t.pki.ok(t.pki.write("issuer/" + id + "/revoke"));
        EXPECT_TRUE(t.listed(made, "issuer/" + signer + "/crl/der"));
        EXPECT_FALSE(t.listed(made));
        EXPECT_FALSE(t.listed(made, "issuer/" + id + "/crl/der"));
    }
}

TEST(PkiRevoke, ARootIsListedByThoseOfOtherNamesThatHaveItsKey) {
    for (const auto product : both_products) {
        Revoke t(product);
        std::vector<std::string> others;
        for (const auto* name : {"other", "another"}) {
            const auto made =
                t.pki.ok(t.pki.write("root/rotate/existing", {{"common_name", name}}));
            others.push_back(made["issuer_id"].get<std::string>());
        }
        const auto answer = t.pki.write("issuer/default/revoke");
        EXPECT_EQ(answer.warnings.size(), 2U) << "it does not lack another parent";
        // By the number alone: OpenSSL's look-up asks for the list's name in the certificate, too.
        const auto serial = Pki::certificate(t.root).serial();
        const auto numbered = [&](const std::string& path) {
            return std::ranges::any_of(t.crl(path).entries(), [&](const auto& entry) {
                return crypto::serial_text(entry.serial) == serial;
            });
        };
        for (const auto& id : others) {
            EXPECT_TRUE(numbered("issuer/" + id + "/crl/der"));
        }
        EXPECT_FALSE(numbered("crl"));
    }
}

TEST(PkiRevoke, UnstoredCertificatesByPem) {
    Revoke t;
    t.pki.make_role({{"no_store", true}});
    const auto data = t.leaf();
    const auto path = "cert/" + data["serial_number"].get<std::string>();
    EXPECT_EQ(t.pki.read(path).status, 404);
    EXPECT_TRUE(Pki::refusal(t.revoke(data)).ends_with("not found."));
    (void)t.pki.ok(t.pki.write("revoke", {{"certificate", data["certificate"]}}));
    EXPECT_TRUE(t.listed(data));
    (void)t.pki.ok(t.pki.read(path));
}

TEST(PkiRevoke, AutoRebuildPutsItOff) {
    Revoke t;
    const auto config = [&](Json data) { (void)t.pki.ok(t.pki.write("config/crl", data)); };
    config({{"auto_rebuild", true}, {"enable_delta", true}});
    const auto data = t.leaf();
    (void)t.pki.ok(t.revoke(data));
    EXPECT_FALSE(t.listed(data));
    (void)t.pki.ok(t.pki.read("crl/rotate-delta"));
    EXPECT_FALSE(t.listed(data));
    EXPECT_TRUE(t.listed(data, "crl/delta"));
    (void)t.pki.ok(t.pki.read("crl/rotate"));
    EXPECT_TRUE(t.listed(data));
    EXPECT_FALSE(t.listed(data, "crl/delta"));
    const auto second = t.leaf();
    (void)t.pki.ok(t.revoke(second));
    EXPECT_FALSE(t.listed(second));
    config({{"enable_delta", false}, {"auto_rebuild", false}});
    EXPECT_TRUE(t.listed(second));
    config({{"disable", true}});
    EXPECT_TRUE(t.crl().entries().empty());
}

TEST(PkiRevoke, CrlConfigRefusals) {
    Pki pki;
    const auto refused = [&](Json data) { return Pki::refusal(pki.write("config/crl", data)); };
    EXPECT_EQ(refused({{"enable_delta", true}}),
              "400 Delta CRLs cannot be enabled when auto rebuilding is disabled as the complete "
              "CRL is always regenerated!");
    EXPECT_EQ(
        refused({{"auto_rebuild", true}, {"auto_rebuild_grace_period", "100h"}}),
        "400 CRL auto-rebuilding grace period (100h) must be strictly shorter than CRL expiry "
        "(72h) value when auto-rebuilding of CRLs is enabled");
    EXPECT_EQ(refused({{"expiry", "zz"}}),
              "400 given expiry could not be decoded: time: invalid duration \"zz\"");
    EXPECT_EQ(Pki::refusal(pki.write("crl/rotate")), "405 unsupported operation");
}

TEST(PkiRevoke, AListOfANewDefaultPicksUpOrphans) {
    Revoke t;
    const auto data = t.leaf();
    (void)t.pki.ok(t.revoke(data));
    (void)t.pki.call(Operation::remove, "issuer/default");
    EXPECT_EQ(t.pki.read("crl").raw.status, 204);
    (void)t.pki.ok(t.pki.read("cert/" + data["serial_number"].get<std::string>()));
    (void)t.pki.make_root();
    EXPECT_TRUE(t.listed(data));
}

TEST(PkiRevoke, ARevokedIssuerDoesNotSign) {
    Revoke t;
    const auto answer = t.pki.write("issuer/default/revoke");
    EXPECT_EQ(t.pki.ok(answer)["revoked"], true);
    EXPECT_EQ(answer.data["usage"], "crl-signing,ocsp-signing,read-only");
    EXPECT_EQ(answer.warnings.size(), 3U);
    EXPECT_TRUE(Pki::refusal(t.pki.sign(csr_for("a")))
                    .starts_with("500 error fetching CA certificate: error while attempting"));
    EXPECT_TRUE(t.pki.write("issuer/default/revoke").warnings.empty());
}

TEST(PkiRevoke, AnIssuerWithoutCrlSigningIsNamed) {
    Revoke t;
    const auto data = t.leaf();
    (void)t.pki.ok(
        t.pki.call(Operation::patch, "issuer/default", {{"usage", "issuing-certificates"}}));
    EXPECT_EQ(t.pki.ok(t.pki.read("issuer/default"))["usage"], "issuing-certificates,read-only");
    EXPECT_TRUE(has_warning(t.revoke(data), "lacked an issuer with CRL Signing KeyUsage"));
    EXPECT_TRUE(has_warning(t.pki.read("crl/rotate"), "Warning 1 during CRL rebuild:"));
}

TEST(PkiRevoke, AnIssuerWhoseUrlsCannotBeToldServesItsListsAlone) {
    for (const auto product : both_products) {
        Pki pki(product);
        (void)pki.make_root();
        (void)pki.ok(pki.write("issuer/default", {{"enable_aia_url_templating", true},
                                                  {"issuing_certificates", "a"}}));
        EXPECT_EQ(pki.read("crl").raw.status, 200);
        EXPECT_EQ(pki.read("crl/pem").raw.status, 200);
        EXPECT_EQ(pki.read("ca").raw.status, 204);
        constexpr auto urls =
            "unable to fetch AIA URL information: error validating templated issuing_certificates; "
            "invalid URI: a";
        EXPECT_EQ(Pki::refusal(pki.read("cert/ca")), fmt::format("500 {}", urls));
        EXPECT_EQ(Pki::refusal(pki.read("cert/ca_chain")), fmt::format("500 {}", urls));
        for (const auto* list : {"resign-crls", "sign-revocation-list"}) {
            EXPECT_EQ(Pki::refusal(
                          pki.write(fmt::format("issuer/default/{}", list), {{"crl_number", 1}})),
                      fmt::format("400 {}", urls));
        }
    }
}

TEST(PkiRevoke, TidyForgetsWhatIsOver) {
    for (const auto product : both_products) {
        Revoke t(product);
        const auto data = t.leaf();
        (void)t.pki.ok(t.revoke(data));
        EXPECT_EQ(Pki::refusal(t.pki.write("tidy", {{"safety_buffer", 0}})),
                  "400 safety_buffer must be greater than zero");
        EXPECT_TRUE(has_warning(t.pki.write("tidy"), "no tidy operations were set"));
        t.pki.now += 2h;
        (void)t.pki.ok(t.pki.read("crl/rotate"));
        EXPECT_TRUE(t.listed(data));  // past its own end too (row 132)
        const auto answer =
            t.pki.write("tidy", {{"tidy_revoked_certs", true}, {"safety_buffer", 1}});
        EXPECT_EQ(answer.status, 202);
        EXPECT_TRUE(has_warning(answer, "Tidy operation successfully started."));
        EXPECT_FALSE(t.listed(data));
        EXPECT_EQ(t.pki.read("cert/" + data["serial_number"].get<std::string>()).status, 404);
        EXPECT_EQ(t.pki.ok(t.pki.read("tidy-status"))["state"], "Finished");
    }
}

}  // namespace
}  // namespace meshproof::fakes::vault
