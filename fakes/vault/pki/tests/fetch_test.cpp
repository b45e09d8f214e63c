#include <algorithm>

#include "fakes/vault/pki/tests/fixture.hpp"

namespace meshproof::fakes::vault {
namespace {

TEST(PkiFetch, PathsWithoutToken) {
    for (const auto product : both_products) {
        Pki pki(product);
        const auto open = [&](const std::string& path, Operation operation = Operation::read) {
            return pki.backend().needs(Needs::nothing, operation, path);
        };
        for (const auto* path :
             {"ca", "ca/pem", "ca_chain", "crl", "crl/pem", "crl/delta", "cert/11:22",
              "cert/11:22/raw", "issuer/x/json", "issuer/x/pem", "issuer/x/crl/der", "ocsp"}) {
            EXPECT_TRUE(open(path)) << path;
        }
        EXPECT_TRUE(open("issuers", Operation::list));
        for (const auto* path : {"certs", "issuer/x", "roles/r", "crl/rotate", "issuers",
                                 "issuer/x/sign/r", "sign/r"}) {
            EXPECT_FALSE(open(path)) << path;
        }
        EXPECT_EQ(open("unified-crl"), product == Product::vault);
    }
}

TEST(PkiFetch, WithoutACa) {
    Pki pki;
    for (const auto* path : {"ca", "ca/pem", "ca_chain", "crl", "crl/pem"}) {
        EXPECT_EQ(pki.read(path).raw.status, 204) << path;
    }
    const std::string none = "no default issuer currently configured";
    EXPECT_EQ(Pki::refusal(pki.read("cert/ca")), "400 " + none);
    EXPECT_EQ(Pki::refusal(pki.read("cert/ca_chain")), "400 " + none);
    EXPECT_EQ(Pki::refusal(pki.read("cert/crl")), "500 " + none);
    EXPECT_EQ(Pki::refusal(pki.read("issuer/default/json")), "500 " + none);
}

TEST(PkiFetch, AKeylessDefaultServesOnlyItself) {
    Pki pki, other;
    const auto stranger = other.make_root();
    (void)pki.write("issuers/import/cert", {{"pem_bundle", stranger["certificate"]}});
    const auto id = pki.ok(pki.call(Operation::list, "issuers"))["keys"][0].get<std::string>();
    EXPECT_TRUE(has_warning(pki.write("config/issuers", {{"default", id}}),
                            "This selected default issuer has no key associated with it."));
    for (const auto* path : {"ca", "ca/pem", "ca_chain", "crl", "crl/pem"}) {
        EXPECT_EQ(pki.read(path).raw.status, 204) << path;
    }
    EXPECT_TRUE(Pki::refusal(pki.read("cert/ca"))
                    .starts_with("400 unable to fetch corresponding key for issuer"));
    EXPECT_EQ(Pki::refusal(pki.read("cert/crl")), "500 unable to find CRL for issuer: " + id);
    EXPECT_EQ(pki.ok(pki.read("issuer/default/json"))["issuer_id"], id);
}

TEST(PkiFetch, TypesAndForms) {
    Pki pki;
    const auto root = pki.make_root();
    const auto type = [&](const std::string& path) {
        return pki.read(path).raw.headers.find("Content-Type").value_or("");
    };
    EXPECT_EQ(type("ca"), "application/pkix-cert");
    EXPECT_EQ(type("ca/pem"), "application/pem-certificate-chain");
    EXPECT_EQ(type("ca_chain"), "application/pkix-cert");
    EXPECT_EQ(type("crl"), "application/pkix-crl");
    EXPECT_EQ(type("crl/pem"), "application/x-pem-file");
    EXPECT_EQ(Json(pki.read("ca/pem").raw.body), root["certificate"]);
    EXPECT_EQ(pki.read("ca").raw.body, Pki::certificate(root).der());
    EXPECT_TRUE(pki.ok(pki.read("cert/ca_chain"))["ca_chain"].is_string());
}

TEST(PkiFetch, SerialSpellings) {
    Pki pki;
    const auto root = pki.make_root();
    auto serial = root["serial_number"].get<std::string>();
    EXPECT_EQ(pki.ok(pki.read("cert/" + serial))["revocation_time"], 0);
    std::ranges::replace(serial, ':', '-');
    std::ranges::transform(serial, serial.begin(),
                           [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    EXPECT_EQ(pki.ok(pki.read("cert/" + serial))["certificate"], root["certificate"]);
    EXPECT_EQ(Pki::refusal(pki.read("cert/11:22")), "404 ");
    EXPECT_EQ(pki.read("cert/11:22/raw").raw.status, 204);
    EXPECT_EQ(Pki::refusal(pki.read("cert/zz")), "404 unsupported path");
}

}  // namespace
}  // namespace meshproof::fakes::vault
