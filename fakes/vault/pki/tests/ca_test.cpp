#include "fakes/vault/pki/tests/fixture.hpp"

namespace meshproof::fakes::vault {
namespace {

// The flow of the integration page, with an RSA root and intermediate as it makes them (rows 69 to
// 88).
struct Recipe {
    Pki root, intermediate;
    Json root_data, signed_data, installed;

    explicit Recipe(Product product, Json sign_more = {{"format", "pem_bundle"}})
        : root(product, {}, 8760h), intermediate(product, {}, 4380h) {
        root_data = root.ok(
            root.write("root/generate/internal", {{"common_name", "svc"}, {"ttl", "8760h"}}));
        (void)root.ok(
            root.write("config/urls", {{"issuing_certificates", "http://v/v1/pki/ca"},
                                       {"crl_distribution_points", "http://v/v1/pki/crl"}}));
        const auto csr = intermediate.ok(intermediate.write(
            "intermediate/generate/internal", {{"common_name", "svc Intermediate Authority"}}));
        Json order = {{"csr", csr["csr"]}, {"ttl", "4380h"}};
        order.update(sign_more);
        signed_data = root.ok(root.write("root/sign-intermediate", order));
        installed = intermediate.ok(intermediate.write(
            "intermediate/set-signed", {{"certificate", signed_data["certificate"]}}));
    }
};

TEST(PkiCa, RootIsWhatRow71Says) {
    for (const auto product : both_products) {
        Pki pki(product, {}, 8760h);
        const auto answer =
            pki.write("root/generate/internal", {{"common_name", "svc"}, {"ttl", "8760h"}});
        const auto data = pki.ok(answer);
        EXPECT_FALSE(data.contains("ca_chain"));
        EXPECT_FALSE(data.contains("private_key"));
        EXPECT_EQ(data["issuer_name"], "");
        EXPECT_EQ(data["certificate"], data["issuing_ca"]);
        EXPECT_FALSE(data["certificate"].get<std::string>().ends_with('\n'));
        EXPECT_TRUE(has_warning(answer, "authority information access (AIA) fields"));
        EXPECT_FALSE(has_warning(answer, "longer than permitted"));

        const auto root = Pki::certificate(data);
        EXPECT_TRUE(root.self_signed());
        EXPECT_EQ(root.is_ca(), true);
        EXPECT_FALSE(root.path_length().has_value());
        EXPECT_EQ(root.key_usage(), crypto::cert_sign | crypto::crl_sign);
        EXPECT_TRUE(root.key_usage_critical());
        EXPECT_FALSE(root.extended_key_usage().has_value());
        EXPECT_EQ(root.subject_key_id(), root.authority_key_id());
        EXPECT_EQ(root.alt_names().dns, std::vector<std::string>{"svc"});
        EXPECT_EQ(root.signature_algorithm(), "sha256WithRSAEncryption");
        EXPECT_EQ(root.public_key().bits(), 2048);
        EXPECT_EQ(unix_seconds(root.not_before()), unix_seconds(pki.now) - 30);
        EXPECT_EQ(unix_seconds(root.not_after()), unix_seconds(pki.now + 8760h));
        EXPECT_EQ(data["expiration"], unix_seconds(root.not_after()));
    }
}

TEST(PkiCa, MountCapsTheRootAndOnlyOpenBaoSaysSo) {
    for (const auto product : both_products) {
        Pki pki(product);
        const auto answer =
            pki.write("root/generate/internal",
                      {{"common_name", "svc"}, {"ttl", "8760h"}, {"key_type", "ec"}});
        EXPECT_EQ(pki.ok(answer)["expiration"], unix_seconds(pki.now + 768h));
        EXPECT_EQ(has_warning(answer,
                              "TTL \"8760h0m0s\" is longer than permitted maxTTL "
                              "\"768h0m0s\", so maxTTL is being used"),
                  product == Product::openbao);
    }
}

TEST(PkiCa, RootRefusals) {
    Pki pki;
    EXPECT_EQ(Pki::refusal(pki.write("root/generate/foo")),
              "400 the \"exported\" path parameter must be \"internal\", \"existing\", exported\" "
              "or \"kms\"");
    EXPECT_EQ(Pki::refusal(pki.write("root/generate/internal", {{"key_type", "dsa"}})),
              "400 unknown key type dsa");
    EXPECT_EQ(Pki::refusal(pki.write("root/generate/internal", {{"issuer_name", "default"}})),
              "400 reserved keyword 'default' can not be used as issuer name");
    (void)pki.make_root({{"issuer_name", "a"}});
    EXPECT_EQ(Pki::refusal(pki.write("root/generate/internal", {{"issuer_name", "a"}})),
              "400 issuer name already in use");
}

TEST(PkiCa, RecipeEndsWithAKeyedDefaultAndTheWholeChain) {
    for (const auto product : both_products) {
        Recipe recipe(product);
        EXPECT_EQ(recipe.signed_data["ca_chain"].size(), 2U);  // the subject itself first (row 76)
        EXPECT_EQ(recipe.signed_data["certificate"],
                  recipe.signed_data["ca_chain"][0].get<std::string>() + "\n" +
                      recipe.signed_data["ca_chain"][1].get<std::string>());
        EXPECT_EQ(recipe.signed_data["ca_chain"][1], recipe.root_data["certificate"]);
        EXPECT_EQ(recipe.installed["imported_issuers"].size(), 2U);
        EXPECT_TRUE(recipe.installed["imported_keys"].is_null());
        const auto fallback =
            recipe.intermediate.ok(recipe.intermediate.read("config/issuers"))["default"];
        EXPECT_NE(recipe.installed["mapping"][fallback.get<std::string>()], "");

        recipe.intermediate.make_role();
        const auto leaf = recipe.intermediate.ok(recipe.intermediate.sign(csr_for("a.svc")));
        ASSERT_EQ(leaf["ca_chain"].size(), 2U);  // row 88
        EXPECT_EQ(leaf["ca_chain"][0], leaf["issuing_ca"]);
        EXPECT_EQ(leaf["ca_chain"][1], recipe.root_data["certificate"]);

        const auto again = recipe.intermediate.ok(recipe.intermediate.write(
            "intermediate/set-signed", {{"certificate", recipe.signed_data["certificate"]}}));
        EXPECT_TRUE(again["imported_issuers"].is_null());
        EXPECT_EQ(again["existing_issuers"].size(), 2U);
    }
}

TEST(PkiCa, AloneTheIntermediateIsTheWholeChain) {
    Recipe recipe(Product::vault, {{"format", "pem"}});
    recipe.intermediate.make_role();
    const auto leaf = recipe.intermediate.ok(recipe.intermediate.sign(csr_for("a.svc")));
    EXPECT_EQ(leaf["ca_chain"].size(), 1U);
}

TEST(PkiCa, IntermediateMayOutliveTheRoot) {
    Pki root, intermediate;
    (void)root.make_root({{"ttl", "10h"}});
    const auto csr =
        intermediate.ok(intermediate.write("intermediate/generate/internal", {{"key_type", "ec"}}));
    const auto answer = root.write("root/sign-intermediate", {{"csr", csr["csr"]}, {"ttl", "20h"}});
    EXPECT_EQ(root.ok(answer)["expiration"], unix_seconds(root.now + 20h));
    EXPECT_TRUE(has_warning(answer, "after the CA's expiration time"));
}

TEST(PkiCa, SetSignedRefusalsAndStrangers) {
    for (const auto product : both_products) {
        Pki pki(product), other(product);
        EXPECT_EQ(Pki::refusal(pki.write("intermediate/set-signed")),
                  "400 'pem_bundle' and 'certificate' parameters were empty");
        EXPECT_EQ(
            Pki::refusal(pki.write("intermediate/set-signed", {{"certificate", "short"}})),
            "400 provided data for import was too short; perhaps a path was passed to the API "
            "rather than the contents of a PEM file");
        EXPECT_EQ(Pki::refusal(pki.write("intermediate/set-signed",
                                         {{"certificate", std::string(90, 'x')}})),
                  product == Product::openbao ? "400 error when parsing block 1: invalid PEM data"
                                              : "400 provided PEM block contained no data");
        const auto stranger = other.make_root();
        const auto data = pki.ok(
            pki.write("intermediate/set-signed", {{"certificate", stranger["certificate"]}}));
        EXPECT_EQ(data["mapping"].begin().value(), "");  // row 79
        EXPECT_EQ(pki.ok(pki.read("config/issuers"))["default"], "");
    }
}

TEST(PkiCa, AnImportTellsWhatBecomesOfTheDefault) {
    for (const auto product : both_products) {
        const auto bundle = [product] {
            Pki other(product);
            const auto root = other.ok(
                other.write("root/generate/exported", {{"common_name", "r"}, {"key_type", "ec"}}));
            return root["certificate"].get<std::string>() + "\n" +
                   root["private_key"].get<std::string>() + "\n";
        };
        Pki pki(product);
        const auto import = [&](const std::string& pem) {
            return pki.write("issuers/import/bundle", {{"pem_bundle", pem}});
        };
        const auto both = import(bundle() + bundle());
        EXPECT_TRUE(has_warning(both, "contained multiple certs matching keys"));
        const auto chosen = pki.ok(pki.read("config/issuers"))["default"];
        EXPECT_FALSE(has_warning(import(bundle()), "multiple"));
        EXPECT_EQ(pki.ok(pki.read("config/issuers"))["default"], chosen);
        (void)pki.ok(pki.write("config/issuers",
                               {{"default", chosen}, {"default_follows_latest_issuer", true}}));
        EXPECT_TRUE(has_warning(import(bundle() + bundle()), "Default issuer left unchanged:"));
        EXPECT_EQ(pki.ok(pki.read("config/issuers"))["default"], chosen);
        const auto one = pki.ok(import(bundle()))["imported_issuers"][0];
        EXPECT_EQ(pki.ok(pki.read("config/issuers"))["default"], one);
    }
}

TEST(PkiCa, ASecondRootDoesNotBecomeTheDefault) {
    Pki pki;
    const auto first = pki.make_root(), second = pki.make_root();
    EXPECT_EQ(pki.ok(pki.read("config/issuers"))["default"], first["issuer_id"]);
    EXPECT_EQ(pki.ok(pki.call(Operation::list, "issuers/"))["keys"].size(), 2U);
    (void)pki.ok(pki.write("config/issuers", {{"default", second["issuer_id"]},
                                              {"default_follows_latest_issuer", true}}));
    const auto third = pki.make_root();
    EXPECT_EQ(pki.ok(pki.read("config/issuers"))["default"], third["issuer_id"]);
    EXPECT_EQ(Pki::refusal(pki.write("config/issuers", {{"default", "x"}})),
              "400 Error resolving issuer reference: unable to find PKI issuer for reference: x");
    EXPECT_TRUE(
        Pki::refusal(pki.write("config/issuers")).starts_with("400 Invalid issuer specification;"));
}

TEST(PkiCa, IssuerReadWriteAndPatch) {
    for (const auto product : both_products) {
        Pki pki(product);
        (void)pki.make_root({{"issuer_name", "one"}});
        const auto data = pki.ok(pki.read("issuer/one"));
        EXPECT_EQ(data["usage"], "crl-signing,issuing-certificates,ocsp-signing,read-only");
        EXPECT_EQ(data["leaf_not_after_behavior"], "err");
        EXPECT_EQ(data["revocation_signature_algorithm"], "ECDSAWithSHA256");
        EXPECT_TRUE(data["manual_chain"].is_null());
        EXPECT_TRUE(data["certificate"].get<std::string>().ends_with('\n'));  // row 83
        EXPECT_EQ(data.contains("delta_crl_distribution_points"), product == Product::openbao);

        (void)pki.ok(
            pki.call(Operation::patch, "issuer/one", {{"leaf_not_after_behavior", "truncate"}}));
        EXPECT_EQ(pki.ok(pki.read("issuer/one"))["issuer_name"], "one");
        (void)pki.ok(pki.write("issuer/one", {{"issuer_name", "uno"}}));  // a full overwrite
        EXPECT_EQ(pki.ok(pki.read("issuer/uno"))["leaf_not_after_behavior"], "err");
        EXPECT_EQ(Pki::refusal(pki.write("issuer/uno", {{"issuer_name", "default"}})),
                  "400 reserved keyword 'default' can not be used as issuer name");
        EXPECT_EQ(Pki::refusal(pki.read("issuer/one")),
                  "500 unable to find PKI issuer for reference: one");
        EXPECT_EQ(Pki::refusal(
                      pki.call(Operation::patch, "issuer/uno", {{"leaf_not_after_behavior", "x"}})),
                  "400 Unknown value for field `leaf_not_after_behavior`. Possible values are "
                  "`err`, `truncate`, and `permit`.");
    }
}

TEST(PkiCa, DeletingTheDefaultIssuerPromotesNothing) {
    Pki pki;
    (void)pki.make_root();
    const auto second = pki.make_root();
    pki.make_role();
    const auto gone = pki.call(Operation::remove, "issuer/default");
    EXPECT_TRUE(pki.ok(gone).is_null());
    EXPECT_TRUE(has_warning(gone, "(via issuer_ref default); this was configured as the default"));
    EXPECT_TRUE(has_warning(gone, "1 roles reference default"));
    EXPECT_EQ(pki.ok(pki.read("config/issuers"))["default"], "");
    EXPECT_EQ(pki.ok(pki.call(Operation::list, "keys"))["keys"].size(), 2U);
    EXPECT_TRUE(pki.call(Operation::remove, "issuer/default").warnings.empty());
    EXPECT_EQ(Pki::refusal(pki.sign(csr_for("a"))),
              "500 could not fetch the CA certificate (was one set?): no default issuer currently "
              "configured");
    const auto unused = "key/" + second["key_id"].get<std::string>();
    (void)pki.call(Operation::remove, "issuer/" + second["issuer_id"].get<std::string>());
    EXPECT_EQ(pki.call(Operation::remove, unused).kind, BackendResponse::Kind::none);
    EXPECT_TRUE(has_warning(pki.call(Operation::remove, "key/default"),
                            "this was configured as the default key"));
}

TEST(PkiCa, KeysInUseStay) {
    Pki pki;
    const auto root = pki.make_root();
    EXPECT_EQ(
        Pki::refusal(pki.call(Operation::remove, "key/default")),
        "400 Failed to Delete Key.  Key in Use by Issuer: " + root["issuer_id"].get<std::string>());
    EXPECT_EQ(Pki::refusal(pki.read("key/x")), "500 unable to find PKI key for reference: x");
    EXPECT_EQ(pki.ok(pki.read("key/default"))["key_type"], "ec");
}

TEST(PkiCa, DeleteRootTakesIssuersAndKeysOnly) {
    Pki pki;
    const auto root = pki.make_root();
    pki.make_role();
    EXPECT_TRUE(pki.backend().needs(Needs::sudo, Operation::remove, "root"));
    EXPECT_EQ(pki.call(Operation::remove, "root").warnings.size(), 1U);
    EXPECT_EQ(pki.ok(pki.call(Operation::list, "issuers")), Json::object());
    EXPECT_EQ(pki.ok(pki.call(Operation::list, "keys")), Json::object());
    EXPECT_EQ(pki.ok(pki.call(Operation::list, "roles"))["keys"].size(), 1U);
    (void)pki.ok(pki.read("cert/" + root["serial_number"].get<std::string>()));
}

TEST(PkiCa, RotateAndReplace) {
    Pki pki;
    (void)pki.make_root();
    EXPECT_TRUE(Pki::refusal(pki.write("root/replace")).starts_with("400 "));
    const Json order = {{"common_name", "n"}, {"key_type", "ec"}};
    const auto next = pki.ok(pki.write("root/rotate/internal", order));
    EXPECT_EQ(next["issuer_name"], "next");
    EXPECT_EQ(pki.ok(pki.write("root/rotate/internal", order))["issuer_name"], "");
    EXPECT_NE(pki.ok(pki.read("config/issuers"))["default"], next["issuer_id"]);
    EXPECT_EQ(pki.ok(pki.write("root/replace"))["default"], next["issuer_id"]);
}

TEST(PkiCa, CrossSignedChains) {
    Pki pki;
    const auto a = pki.make_root({{"common_name", "A"}, {"issuer_name", "a"}});
    const auto b = pki.make_root({{"common_name", "B"}, {"issuer_name", "b"}});
    const auto csr = pki.ok(
        pki.write("intermediate/cross-sign", {{"common_name", "B"}, {"key_ref", b["key_id"]}}));
    EXPECT_EQ(csr["key_id"], b["key_id"]);
    const auto cross =
        pki.ok(pki.write("issuer/a/sign-intermediate", {{"csr", csr["csr"]}, {"ttl", "600h"}}));
    const auto imported =
        pki.ok(pki.write("issuers/import/cert", {{"pem_bundle", cross["certificate"]}}));
    const auto id = imported["imported_issuers"][0].get<std::string>();
    pki.make_role();
    const std::vector<std::string> b_a_chain = {b["certificate"], cross["certificate"],
                                                a["certificate"]};
    EXPECT_EQ(pki.ok(pki.write("issuer/b/sign/r", {{"csr", csr_for("x")}}))["ca_chain"],
              Json(b_a_chain));
    EXPECT_EQ(pki.ok(pki.write("issuer/" + id + "/sign/r", {{"csr", csr_for("x")}}))["ca_chain"],
              Json({cross["certificate"], a["certificate"]}));
    (void)pki.ok(
        pki.call(Operation::patch, "issuer/b", {{"manual_chain", Json::array({"self", id})}}));
    EXPECT_EQ(pki.ok(pki.write("issuer/b/sign/r", {{"csr", csr_for("x")}}))["ca_chain"],
              Json({b["certificate"], cross["certificate"]}));
}

TEST(PkiCa, AnEmptyReferenceInAChainIsToTheFirstWithoutAName) {
    for (const auto product : both_products) {
        Pki pki(product);
        const auto named = pki.make_root({{"issuer_name", "named"}});
        const auto chain = [&](const std::string& path, Json references) {
            return pki.call(Operation::patch, path, {{"manual_chain", std::move(references)}});
        };
        EXPECT_EQ(Pki::refusal(chain("issuer/named", Json::array({"self", ""}))),
                  "500 unable to find PKI issuer for reference: ");
        const auto one = pki.make_root()["issuer_id"].get<std::string>();
        const auto other = pki.make_root()["issuer_id"].get<std::string>();
        const auto first = std::min(one, other), last = std::max(one, other);
        EXPECT_EQ(pki.ok(chain("issuer/" + first, Json::array({""})))["manual_chain"],
                  Json::array({first}));
        EXPECT_EQ(pki.ok(chain("issuer/" + last, Json::array({"self", ""})))["manual_chain"],
                  Json::array({last, first}));
        EXPECT_TRUE(Pki::refusal(chain("issuer/" + last, Json::array({""})))
                        .starts_with("400 expected first cert in chain to be a self-reference"));
    }
}

TEST(PkiCa, SelfIssuedCertificatesAreSignedAsTheyAre) {
    Pki pki, other;
    (void)pki.make_root({{"common_name", "A"}});
    const auto theirs = Pki::certificate(other.make_root({{"common_name", "B"}}));
    EXPECT_TRUE(pki.backend().needs(Needs::sudo, Operation::update, "root/sign-self-issued"));
    const auto data = pki.ok(pki.write("root/sign-self-issued", {{"certificate", theirs.pem()}}));
    EXPECT_EQ(data.size(), 2U);
    const auto made = Pki::certificate(data);
    EXPECT_EQ(made.serial(), theirs.serial());
    EXPECT_EQ(made.subject(), theirs.subject());
    EXPECT_EQ(made.not_after(), theirs.not_after());
    EXPECT_TRUE(made.signed_by(
        require(crypto::Certificate::from_pem(data["issuing_ca"].get<std::string>()))));
    EXPECT_EQ(Pki::refusal(pki.write("root/sign-self-issued")),
              "400 certificate could not be PEM-decoded");
    pki.make_role();
    const auto leaf = pki.ok(pki.sign(csr_for("x")));
    EXPECT_EQ(
        Pki::refusal(pki.write("root/sign-self-issued", {{"certificate", leaf["certificate"]}})),
        "400 given certificate is not a CA certificate");
}

TEST(PkiCa, UrlsGoIntoWhatIsSignedLater) {
    Pki pki;
    (void)pki.make_root();
    pki.make_role();
    EXPECT_EQ(Pki::refusal(pki.write("config/urls", {{"issuing_certificates", "x"}})),
              "400 invalid URL found in Authority Information Access (AIA) parameter "
              "issuing_certificates: x");
    (void)pki.ok(pki.write("config/urls", {{"issuing_certificates", "http://a,http://b"}}));
    (void)pki.ok(
        pki.write("config/urls", {{"crl_distribution_points", Json::array({"http://c"})}}));
    const auto leaf = Pki::certificate(pki.ok(pki.sign(csr_for("x"))));
    EXPECT_EQ(leaf.issuing_certificate_urls(), (std::vector<std::string>{"http://a", "http://b"}));
    EXPECT_EQ(leaf.crl_urls(), std::vector<std::string>{"http://c"});
}

TEST(PkiCa, AListThatHeldUrlsIsNoLongerNull) {
    for (const auto product : both_products) {
        Pki pki(product);
        (void)pki.make_root();
        const auto of_issuer = [&](Json body) {
            return pki.ok(pki.write("issuer/default", std::move(body)));
        };
        const Json first{{"issuing_certificates", "http://a"}};
        EXPECT_TRUE(of_issuer(first)["ocsp_servers"].is_null());
        const auto second = of_issuer({{"ocsp_servers", "http://a"}});
        EXPECT_EQ(second["issuing_certificates"], Json::array());
        EXPECT_TRUE(second["crl_distribution_points"].is_null());
        // Without any the issuer has none of its own, and begins anew.
        EXPECT_EQ(of_issuer(Json::object())["crl_distribution_points"], Json::array());
        EXPECT_TRUE(of_issuer(first)["ocsp_servers"].is_null());
    }
}

// As `vault pki reissue` sends them.
TEST(PkiCa, EmptyNamesAreNone) {
    Pki pki;
    const auto root = pki.ok(
        pki.write("root/generate/internal", {{"common_name", "svc"}, {"alt_names", "a.b, ,c.d,"}}));
    EXPECT_EQ(Pki::certificate(root).alt_names().dns,
              (std::vector<std::string>{"svc", "a.b", "c.d"}));
}

TEST(PkiCa, AcmeIsOff) {
    Pki pki;
    EXPECT_EQ(pki.ok(pki.read("config/acme"))["enabled"], false);
    EXPECT_EQ(pki.ok(pki.write("config/acme", {{"enabled", false}}))["allowed_roles"],
              Json::array({"*"}));
    const auto refused = pki.write("config/acme", {{"enabled", true}});
    EXPECT_EQ(refused.text,
              "ACME feature requires local cluster 'path' field configuration to be set");
}

TEST(PkiCa, CrossSignedCertificatesKeepTheirHash) {
    Pki one;
    (void)one.make_root();
    Pki other;
    const auto root = other.make_root({{"key_bits", 521}});
    const auto signed_by_one = [&](const Json& data) {
        return Pki::certificate(one.ok(one.write("root/sign-self-issued",
                                                 {{"certificate", data.at("certificate")}})))
            .signature_algorithm();
    };
    EXPECT_EQ(signed_by_one(root), "ecdsa-with-SHA512");
    Pki rsa;
    EXPECT_EQ(signed_by_one(rsa.make_root({{"key_type", "rsa"}, {"signature_bits", 512}})),
              "ecdsa-with-SHA256");
}

TEST(PkiCa, RequestsAreSignedByTheirHash) {
    for (const auto product : both_products) {
        Pki pki(product);
        const auto algorithm = [&](Json more) {
            more["common_name"] = "i";
            const auto data = pki.ok(pki.write("intermediate/generate/internal", std::move(more)));
            return require(crypto::Csr::from_pem(data.at("csr").get<std::string>()))
                .signature_algorithm();
        };
        EXPECT_EQ(algorithm({{"key_type", "rsa"}, {"signature_bits", 384}}),
                  "sha384WithRSAEncryption");
        EXPECT_EQ(algorithm({{"key_type", "ec"}, {"signature_bits", 512}}), "ecdsa-with-SHA256");
        EXPECT_EQ(algorithm({{"key_type", "rsa"}, {"use_pss", true}}),
                  product == Product::openbao ? "rsassaPss" : "sha256WithRSAEncryption");
    }
}

}  // namespace
TEST(PkiCa, OpenBaoReadsTheOidsInTheNamesStead) {
    using Usages = std::optional<std::vector<std::string>>;
    for (const auto& [oids, usages] :
         {std::pair(Json("a"), Usages()), std::pair(Json("1.2.3"), Usages()),
          std::pair(Json(""), Usages()), std::pair(Json(), Usages()),
          std::pair(Json("ClientAuth,1.2.3"),
                    Usages(std::vector<std::string>{"1.3.6.1.5.5.7.3.2"}))}) {
        Pki pki(Product::openbao);
        const auto root = Pki::certificate(
            pki.ok(pki.write("root/generate/internal", {{"common_name", "root"},
                                                        {"key_type", "ec"},
                                                        {"ext_key_usage", "TimeStamping"},
                                                        {"ext_key_usage_oids", oids}})));
        EXPECT_EQ(root.extended_key_usage(), usages) << oids;
    }
    Pki pki(Product::openbao);
    const auto root = Pki::certificate(pki.ok(pki.write(
        "root/generate/internal",
        {{"common_name", "root"}, {"key_type", "ec"}, {"ext_key_usage", "TimeStamping"}})));
    EXPECT_EQ(root.extended_key_usage(), Usages(std::vector<std::string>{"1.3.6.1.5.5.7.3.8"}));
}

// A chain is looked for among all of them.
TEST(PkiCa, AMountHasOnlySoManyIssuers) {
    for (const auto product : both_products) {
        Pki pki(product);
        const auto pem = Pki(product).make_root()["certificate"].get<std::string>() + "\n";
        std::string bundle;
        for (int i = 0; i < 1'001; ++i) {
            bundle += pem;
        }
        EXPECT_EQ(Pki::refusal(pki.write("issuers/import/bundle", {{"pem_bundle", bundle}})),
                  "400 expected at most 1000 issuers in a mount, got 1001 beside its 0");
        EXPECT_EQ(pki.ok(pki.write("issuers/import/bundle",
                                   {{"pem_bundle", pem + pem}}))["imported_issuers"]
                      .size(),
                  1U);
    }
}

}  // namespace meshproof::fakes::vault
