#include "fakes/vault/pki/tests/fixture.hpp"

// What the servers look at first, and what of a request is nothing to them (rows 222 to 224, 240).
namespace meshproof::fakes::vault {
namespace {

constexpr auto no_time =
    "400 parsing time \"\" as \"2006-01-02T15:04:05Z07:00\": cannot parse \"\" "
    "as \"2006\"";
constexpr auto key_is_given =
    "400 invalid parameter for the kms/existing path parameter, key_type nor key_bits arguments "
    "can be set in this mode";
constexpr auto no_reference = "invalid key reference: must be \"<config name>:<key name>\"";

TEST(PkiOrder, OfTwoWarningsOfARoleThatOfTheIssuerComesFirst) {
    for (const auto product : both_products) {
        Pki pki(product);
        const auto answer = pki.write("roles/r", {{"generate_lease", true}});
        ASSERT_EQ(answer.warnings.size(), 2U);
        EXPECT_TRUE(answer.warnings[0].starts_with("Issuing Certificate was set to default"));
        EXPECT_TRUE(answer.warnings[1].starts_with("it is encouraged to disable generate_lease"));
    }
}

TEST(PkiOrder, ARemovedIssuersOwnNamesAreWarnedOfBeforeTheDefault) {
    for (const auto product : both_products) {
        Pki pki(product);
        const auto id = pki.make_root({{"issuer_name", "one"}})["issuer_id"].get<std::string>();
        (void)pki.make_root({{"issuer_name", "two"}});
        (void)pki.ok(pki.write("issuer/two", {{"issuer_name", "two"}, {"usage", "read-only"}}));
        pki.make_role();
        for (const auto& [name, reference] :
             {std::pair("a", std::string("default")), std::pair("b", id),
              std::pair("c", std::string("one"))}) {
            (void)pki.ok(pki.write(std::string("roles/") + name, {{"issuer_ref", reference}}));
        }
        const auto gone = pki.call(Operation::remove, "issuer/one");
        const bool openbao = product == Product::openbao;  // Vault does not tell of the lists here
        ASSERT_EQ(gone.warnings.size(), openbao ? 5U : 4U);
        EXPECT_EQ(gone.warnings[0], "1 roles reference one");
        EXPECT_EQ(gone.warnings[1], fmt::format("1 roles reference {}", id));
        EXPECT_TRUE(gone.warnings[2].starts_with("Deleted issuer " + id));
        EXPECT_EQ(gone.warnings[3], "2 roles reference default");  // "r" is one of them
        if (openbao) {
            EXPECT_TRUE(gone.warnings[4].starts_with("Warning 1 during CRL rebuild: "));
        }
    }
}

TEST(PkiOrder, OfANewRootTheListsAreWarnedOfAfterItsUrls) {
    for (const auto product : both_products) {
        Pki pki(product);
        (void)pki.make_root({{"issuer_name", "one"}});
        (void)pki.ok(pki.write("issuer/one", {{"issuer_name", "one"}, {"usage", "read-only"}}));
        const auto next =
            pki.write("root/rotate/internal",
                      {{"common_name", "n"}, {"key_type", "ec"}, {"max_path_length", 0}});
        ASSERT_EQ(next.warnings.size(), product == Product::openbao ? 3U : 4U);
        EXPECT_TRUE(next.warnings[0].starts_with("This mount hasn't configured any authority"));
        EXPECT_TRUE(next.warnings[1].starts_with("Warning 1 during CRL rebuild: "));
        EXPECT_TRUE(next.warnings[2].starts_with("Max path length of the generated"));
        if (product == Product::vault) {
            EXPECT_TRUE(next.warnings[3].starts_with("warning from local CRL rebuild: "));
        }
    }
}

TEST(PkiOrder, ASubjectHasEachValueOnce) {
    for (const auto product : both_products) {
        Pki pki(product);
        const auto root = Pki::certificate(
            pki.make_root({{"organization", {"b", "a", "a"}}, {"locality", Json::array({1, 1})}}));
        EXPECT_EQ(root.subject().organization, (std::vector<std::string>{"a", "b"}));
        EXPECT_EQ(root.subject().locality, std::vector<std::string>{"1"});
    }
}

TEST(PkiOrder, AnEndThatIsNullIsGivenToOpenBaoAlone) {
    for (const auto product : both_products) {
        const bool openbao = product == Product::openbao;
        Pki pki(product);
        (void)pki.make_root();
        pki.make_role({{"key_type", "ec"}});
        const auto refused = [&](const BackendResponse& answer) {
            return answer.kind == BackendResponse::Kind::data ? "" : Pki::refusal(answer);
        };
        const auto expected = openbao ? no_time : "";
        EXPECT_EQ(refused(pki.write("issue/r", {{"not_after", Json()}})), expected);
        EXPECT_EQ(refused(pki.sign(csr_for("a"), {{"not_after", Json()}})), expected);
        EXPECT_EQ(refused(pki.write("intermediate/generate/internal",
                                    {{"key_type", "ec"}, {"not_after", Json()}})),
                  expected);
    }
}

TEST(PkiOrder, ARequestForACertificateHasNoDates) {
    for (const auto product : both_products) {
        Pki pki(product);
        for (const auto* path :
             {"intermediate/generate/internal", "issuers/generate/intermediate/internal"}) {
            (void)pki.ok(
                pki.write(path, {{"key_type", "ec"}, {"not_after", "2020-01-01T00:00:00Z"}}));
            const auto longer = pki.write(path, {{"key_type", "ec"}, {"ttl", "9999h"}});
            ASSERT_EQ(longer.warnings.size(), 2U);
            EXPECT_TRUE(longer.warnings[0].starts_with("This mount hasn't configured any"));
            EXPECT_TRUE(longer.warnings[1].starts_with("TTL \"9999h0m0s\" is longer than"));
        }
    }
}

TEST(PkiOrder, KeysOfAKmsAreLookedForByTheirNamesFirst) {
    Pki pki;
    const auto key = [&](const char* kind, Json data) {
        return Pki::refusal(pki.write(std::string("keys/generate/") + kind, std::move(data)));
    };
    const auto absent = [](std::string_view why) {
        return fmt::format("500 failed to get external key signer: {}", why);
    };
    for (const auto* reference : {"a", "a:", "a:b:c", "a-:b", "a b:c", ".:a", "\u00e4:b"}) {
        EXPECT_EQ(key("kms", {{"external_key_ref", reference}}), absent(no_reference)) << reference;
    }
    EXPECT_EQ(key("kms", {{"external_key_ref", " a.b:_ "}}),
              absent("key \"a.b:_\" does not exist"));
    EXPECT_EQ(key("internal", {{"external_key_ref", "a"}, {"key_type", "any"}}),
              "400 cannot specify \"external_key_ref\" on non-kms typed key generation request");
    (void)pki.ok(
        pki.write("keys/generate/internal", {{"external_key_ref", "\u2003"}, {"key_type", "ec"}}));
}

TEST(PkiOrder, GeneratedRootsLookAtTheKeyFirst) {
    const auto root = [](Pki& pki, const char* kind, Json data) {
        data["issuer_name"] = "default";
        return Pki::refusal(pki.write(std::string("root/generate/") + kind, std::move(data)));
    };
    Pki pki;
    EXPECT_EQ(root(pki, "kms", {{"external_key_ref", "a"}, {"key_type", "ec"}}), key_is_given);
    EXPECT_EQ(root(pki, "kms", {{"external_key_ref", "a"}}),
              fmt::format("400 failed to get external key: {}", no_reference));
    EXPECT_EQ(root(pki, "kms", {{"external_key_ref", " "}, {"key_type", "ec"}}),
              "400 must specify \"external_key_ref\" on \"kms\"-typed generation requests");
    EXPECT_EQ(root(pki, "existing", {{"external_key_ref", "a"}, {"key_type", "ec"}}),
              "400 cannot specify \"external_key_ref\" on \"existing\"-typed generation requests");
    Pki vault(Product::vault);
    EXPECT_EQ(root(vault, "kms", {{"key_type", "ec"}}), key_is_given);
    for (const auto& nothing :
         {Json::object(), Json{{"managed_key_name", "\n"}}, Json{{"managed_key_id", " "}}}) {
        EXPECT_EQ(root(vault, "kms", nothing),
                  "400 unable to determine managed key id: missing argument managed_key_name or "
                  "managed_key_id");
        EXPECT_EQ(Pki::refusal(vault.write("keys/generate/kms", nothing)),
                  "500 missing argument managed_key_name or managed_key_id");
    }
    const Json both{{"managed_key_name", "a"}, {"managed_key_id", "b"}};
    constexpr auto only_one =
        "only one argument of managed_key_name or managed_key_id should be specified";
    EXPECT_EQ(root(vault, "kms", both),
              fmt::format("400 unable to determine managed key id: {}", only_one));
    EXPECT_EQ(Pki::refusal(vault.write("keys/generate/kms", both)),
              fmt::format("500 {}", only_one));
}

TEST(PkiOrder, KeysOfTypeAnyFailWhereTheyAreNeeded) {
    for (const auto product : both_products) {
        Pki pki(product);
        const Json any{{"key_type", "any"}, {"key_name", "default"}};
        EXPECT_EQ(Pki::refusal(pki.write("root/generate/internal", any)),
                  "400 reserved keyword 'default' can not be used as key name");
        const Json unnamed{{"key_type", "any"}};
        for (const auto* path :
             {"root/generate/internal", "root/rotate/internal", "intermediate/generate/internal"}) {
            EXPECT_EQ(Pki::refusal(pki.write(path, unnamed)), "400 unknown key type: any") << path;
        }
        EXPECT_EQ(Pki::refusal(pki.write("keys/generate/internal", unnamed)),
                  "500 unknown key type: any");
        // The names and the end are read before, and what they make of the certificate after.
        EXPECT_EQ(Pki::refusal(
                      pki.write("root/generate/internal", {{"key_type", "any"}, {"ip_sans", "x"}})),
                  "400 the value \"x\" is not a valid IP address");
        for (const auto& later :
             {Json{{"not_after", "2020-01-01T00:00:00Z"}}, Json{{"max_path_length", -5}},
              Json{{"permitted_dns_domains", "a b"}}}) {
            auto root = later;
            root["key_type"] = "any";
            EXPECT_EQ(Pki::refusal(pki.write("root/generate/internal", root)),
                      "400 unknown key type: any")
                << later;
        }
    }
}

TEST(PkiOrder, IssuingLooksAtTheIssuerAndTheNamesBeforeTheKey) {
    Pki pki;
    pki.make_role();
    const auto issue = [&](const char* type, Json more) {
        more["key_type"] = type;
        return Pki::refusal(pki.write("issue/r", std::move(more)));
    };
    constexpr auto no_issuer =
        "500 could not fetch the CA certificate (was one set?): no default issuer currently "
        "configured";
    EXPECT_EQ(issue("any", Json::object()), no_issuer);
    EXPECT_EQ(issue("rsa", {{"key_bits", 8192}}), no_issuer);
    (void)pki.make_root();
    const Json numbered{{"serial_number", "1"}};
    EXPECT_EQ(issue("any", numbered), "400 serial_number 1 not allowed by this role");
    EXPECT_EQ(issue("any", Json::object()), "400 unknown key type: any");
    EXPECT_EQ(issue("any", {{"not_after", "2020-01-01T00:00:00Z"}}), "400 unknown key type: any");
}

TEST(PkiOrder, SignVerbatimTakesAnyTextForARole) {
    for (const auto product : both_products) {
        Pki pki(product);
        (void)pki.make_root();
        EXPECT_EQ(Pki::refusal(pki.write("sign-verbatim/-")), "400 unknown role: -");
        EXPECT_EQ(Pki::refusal(pki.write("issuer/default/sign-verbatim/-")), "400 unknown role: -");
    }
}

TEST(PkiOrder, AKeyIsNamedBeforeItsBundleIsRead) {
    for (const auto product : both_products) {
        Pki pki(product);
        const auto refused = [&](std::string pem, Json more) {
            more["pem_bundle"] = std::move(pem);
            return Pki::refusal(pki.write("keys/import", std::move(more)));
        };
        const auto pem = [] { return crypto::Key::generate(crypto::KeyType::p256).pkcs8_pem(); };
        EXPECT_EQ(refused("x", {{"key_name", "default"}}),
                  "400 reserved keyword 'default' can not be used as key name");
        EXPECT_EQ(refused(pem() + pem(), Json::object()),
                  "400 only a single key can be present within the pem_bundle for importing");
        EXPECT_TRUE(
            refused("x", Json::object()).starts_with("400 provided data for import was too short"));
    }
}

TEST(PkiOrder, NamesLoseTheBlanksOfAllOfUnicode) {
    for (const auto product : both_products) {
        Pki pki(product);
        const auto root = pki.make_root({{"issuer_name", "\u00a0b\n"}, {"key_name", "k\u2003"}});
        EXPECT_EQ(root["issuer_name"], "b");
        EXPECT_EQ(root["key_name"], "k");
        const auto mail = pki.make_root({{"common_name", "a@example.com\n"}});
        EXPECT_EQ(Pki::certificate(mail).alt_names().emails,
                  std::vector<std::string>{"a@example.com"});
    }
}

TEST(PkiOrder, AutoTidyTakesAnIntervalThatIsNullForNone) {
    for (const auto product : both_products) {
        Pki pki(product);
        EXPECT_EQ(pki.ok(pki.write("config/auto-tidy",
                                   {{"interval_duration", Json()}}))["interval_duration"],
                  43200);
        EXPECT_EQ(
            pki.ok(pki.write("config/auto-tidy", {{"interval_duration", 0}}))["interval_duration"],
            0);
    }
}

TEST(PkiOrder, ListsOfNothingHoldNothing) {
    for (const auto product : both_products) {
        Pki pki(product);
        for (const auto* path : {"roles", "issuers", "keys", "certs", "certs/revoked"}) {
            const auto plain = pki.call(Operation::list, path);
            EXPECT_EQ(pki.ok(plain), Json::object()) << path;
            EXPECT_TRUE(plain.warnings.empty()) << path;
            EXPECT_TRUE(has_warning(pki.call(Operation::list, path, {{"x", "1"}}),
                                    "unrecognized parameters: [x]"))
                << path;
        }
    }
}

TEST(PkiOrder, ListsToSignAgainAreTextsOneByOne) {
    Pki pki;
    (void)pki.make_root();
    EXPECT_TRUE(Pki::refusal(pki.write("issuer/default/resign-crls",
                                       {{"crls", Json::array({Json::object()})}}))
                    .ends_with("decoding failed due to the following error(s):\n\n'[0]' expected "
                               "type 'string', got unconvertible type 'map[string]interface {}'"));
}

}  // namespace
}  // namespace meshproof::fakes::vault
