#include "fakes/vault/pki/tests/fixture.hpp"

namespace meshproof::fakes::vault {
namespace {

TEST(PkiRole, DefaultsAreTheRealServers) {
    for (const auto product : both_products) {
        const bool openbao = product == Product::openbao;
        Pki pki(product);
        const auto answer = pki.write("roles/r");
        const auto role = pki.ok(answer);
        EXPECT_TRUE(has_warning(answer, "no default issuing certificate"));
        EXPECT_EQ(role.size(), openbao ? 52U : 47U);
        EXPECT_EQ(role["key_type"], "rsa");
        EXPECT_EQ(role["key_bits"], 2048);
        EXPECT_EQ(role["signature_bits"], openbao ? 0 : 256);
        EXPECT_EQ(role["not_before_duration"], 30);
        EXPECT_EQ(role["allow_ip_sans"], true);
        EXPECT_EQ(role["require_cn"], true);
        EXPECT_EQ(role["cn_validations"], Json({"email", "hostname"}));
        EXPECT_EQ(role["key_usage"], Json({"DigitalSignature", "KeyAgreement", "KeyEncipherment"}));
        EXPECT_EQ(role["issuer_ref"], "default");
        EXPECT_EQ(role.contains("not_after_bound"), openbao);
        EXPECT_EQ(pki.ok(pki.read("roles/r")), role);
    }
}

TEST(PkiRole, WriteOverwritesAndPatchMerges) {
    Pki pki;
    (void)pki.write("roles/r", {{"max_ttl", "720h"}, {"allowed_domains", "a, b"}});
    EXPECT_EQ(pki.ok(pki.read("roles/r"))["max_ttl"], 2592000);
    EXPECT_EQ(pki.ok(pki.read("roles/r"))["allowed_domains"], Json({"a", "b"}));
    (void)pki.ok(pki.call(Operation::patch, "roles/r", {{"ttl", "1h"}}));
    EXPECT_EQ(pki.ok(pki.read("roles/r"))["max_ttl"], 2592000);
    (void)pki.write("roles/r", {{"ttl", "1h"}});
    EXPECT_EQ(pki.ok(pki.read("roles/r"))["max_ttl"], 0);
    EXPECT_EQ(Pki::refusal(pki.call(Operation::patch, "roles/none")),
              "400 Unable to fetch role entry to patch");
}

TEST(PkiRole, ListReadAndDelete) {
    Pki pki;
    EXPECT_EQ(pki.ok(pki.call(Operation::list, "roles/")), Json::object());
    EXPECT_EQ(Pki::refusal(pki.read("roles/r")), "404 ");
    (void)pki.write("roles/r");
    EXPECT_EQ(pki.ok(pki.call(Operation::list, "roles/"))["keys"], Json({"r"}));
    EXPECT_EQ(pki.call(Operation::remove, "roles/r").kind, BackendResponse::Kind::none);
    EXPECT_EQ(pki.call(Operation::remove, "roles/r").kind, BackendResponse::Kind::none);
}

TEST(PkiRole, Refusals) {
    for (const auto product : both_products) {
        Pki pki(product);
        const auto refused = [&](Json data) { return Pki::refusal(pki.write("roles/r", data)); };
        EXPECT_EQ(refused({{"ttl", "2h"}, {"max_ttl", "1h"}}),
                  "400 \"ttl\" value must be less than \"max_ttl\" value");
        EXPECT_EQ(refused({{"key_type", "dsa"}}), "400 unknown key type dsa");
        EXPECT_EQ(refused({{"key_bits", 1024}}),
                  "400 RSA keys < 2048 bits are unsafe and not supported: got 1024");
        EXPECT_EQ(refused({{"cn_validations", "x"}}),
                  "500 cn_validations value incorrect: unknown type: `x`");
        EXPECT_EQ(refused({{"allowed_other_sans", "zz"}}),
                  "400 error parsing allowed_other_sans: expected a semicolon in other SAN \"zz\"");
        if (product == Product::openbao) {
            EXPECT_TRUE(refused({{"not_after_bound", "x"}})
                            .starts_with("400 Unknown value for field `not_after_bound`."));
            EXPECT_EQ(refused({{"allowed_ip_sans_cidr", "x"}}),
                      "400 error parsing allowed_ip_sans_cidr: invalid CIDR address: x");
        } else {
            EXPECT_TRUE(has_warning(pki.write("roles/r", {{"not_after_bound", "x"}}),
                                    "unrecognized parameters: [not_after_bound]"));
            EXPECT_EQ(refused({{"signature_bits", 123}}),
                      "400 unsupported hash signature algorithm: 123");
        }
    }
}

TEST(PkiRole, NoStoreTurnsLeasesOff) {
    Pki pki;
    const auto answer = pki.write("roles/r", {{"no_store", true}, {"generate_lease", true}});
    EXPECT_EQ(pki.ok(answer)["generate_lease"], false);
    EXPECT_TRUE(has_warning(answer, "no_store=true takes priority"));
    EXPECT_TRUE(has_warning(pki.write("roles/r", {{"generate_lease", true}}),
                            "it is encouraged to disable generate_lease"));
    (void)pki.make_root();
    EXPECT_TRUE(has_warning(pki.write("roles/r", {{"issuer_ref", "zz"}}),
                            "Issuing Certificate was set to zz but no issuing certificate "
                            "currently has that name"));
}

}  // namespace
}  // namespace meshproof::fakes::vault
