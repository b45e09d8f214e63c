#include "core/base/text.hpp"
#include "fakes/vault/pki/tests/fixture.hpp"

namespace meshproof::fakes::vault {
namespace {

struct Issue {
    Pki pki;
    explicit Issue(Product product = Product::openbao, Json role = Json::object()) : pki(product) {
        (void)pki.make_root();
        pki.make_role(std::move(role));
    }
    crypto::Certificate leaf(const std::string& csr, Json more = Json::object()) {
        return Pki::certificate(pki.ok(pki.sign(csr, std::move(more))));
    }
    std::string refused(const std::string& csr, Json more = Json::object()) {
        return Pki::refusal(pki.sign(csr, std::move(more)));
    }
    std::string issue_refused(Json data) { return Pki::refusal(pki.write("issue/r", data)); }
};

TEST(PkiIssue, AnswersWithRow89sKeys) {
    for (const auto product : both_products) {
        Issue t(product);
        const auto data = t.pki.ok(t.pki.sign(csr_for("a.svc")));
        std::set<std::string> keys;
        for (const auto& [key, value] : data.items()) {
            keys.insert(key);
        }
        std::set<std::string> wanted = {"certificate", "issuing_ca", "ca_chain", "serial_number",
                                        "expiration"};
        if (product == Product::openbao) {
            wanted.insert("not_before");
        }
        EXPECT_EQ(keys, wanted);
        EXPECT_EQ(data["serial_number"], Pki::certificate(data).serial());
        const auto rootless = t.pki.sign(csr_for("a.svc"), {{"remove_roots_from_chain", true}});
        EXPECT_FALSE(t.pki.ok(rootless).contains("ca_chain"));
    }
}

TEST(PkiIssue, LeafIsWhatRow117Says) {
    Issue t;
    const auto leaf = t.leaf(csr_for("a.svc"));
    const auto root = Pki::certificate(t.pki.ok(t.pki.read("cert/ca")));
    EXPECT_TRUE(leaf.signed_by(root));
    EXPECT_FALSE(leaf.is_ca().has_value());
    EXPECT_EQ(leaf.key_usage(),
              crypto::digital_signature | crypto::key_encipherment | crypto::key_agreement);
    EXPECT_TRUE(leaf.key_usage_critical());
    EXPECT_EQ(leaf.extended_key_usage(),
              (std::vector<std::string>{std::string(crypto::eku_server_auth),
                                        std::string(crypto::eku_client_auth)}));
    EXPECT_EQ(leaf.authority_key_id(), root.subject_key_id());
    EXPECT_EQ(leaf.subject_key_id(), leaf.public_key().key_id());
    EXPECT_EQ(leaf.subject().common_name, "a.svc");
    EXPECT_EQ(leaf.alt_names().dns, std::vector<std::string>{"a.svc"});
}

TEST(PkiIssue, UsagesFollowTheRole) {
    Issue t(Product::openbao,
            {{"key_usage", Json::array()}, {"server_flag", false}, {"client_flag", false}});
    EXPECT_FALSE(t.leaf(csr_for("a")).key_usage().has_value());
    EXPECT_FALSE(t.leaf(csr_for("a")).extended_key_usage().has_value());
    t.pki.make_role({{"ext_key_usage", "TimeStamping,nonsense"},
                     {"code_signing_flag", true},
                     {"ext_key_usage_oids", "1.2.3.4"}});
    EXPECT_EQ(*t.leaf(csr_for("a")).extended_key_usage(),
              (std::vector<std::string>{"1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2",
                                        "1.3.6.1.5.5.7.3.3", "1.3.6.1.5.5.7.3.8", "1.2.3.4"}));
    t.pki.make_role({{"basic_constraints_valid_for_non_ca", true}});
    EXPECT_EQ(t.leaf(csr_for("a")).is_ca(), false);
}

TEST(PkiIssue, SerialsAreDistinctAndWithoutALeadingZero) {
    Issue t;
    const auto csr = csr_for("a");
    std::set<std::string> serials;
    for (int i = 0; i < 300; ++i) {
        const auto serial = t.pki.ok(t.pki.sign(csr))["serial_number"].get<std::string>();
        EXPECT_FALSE(serial.starts_with("00:"));
        EXPECT_LT(serial.size(), 60U);
        EXPECT_LT(serial.size() == 59 ? serial[0] : '0', '8');  // below 2^159
        serials.insert(serial);
    }
    EXPECT_EQ(serials.size(), 300U);
}

TEST(PkiIssue, Formats) {
    Issue t;
    const auto csr = csr_for("a.svc");
    const auto bundle = t.pki.ok(t.pki.sign(csr, {{"format", "pem_bundle"}}));
    EXPECT_EQ(
        require(crypto::Certificate::all_from_pem(bundle["certificate"].get<std::string>())).size(),
        2U);
    const auto der = t.pki.ok(t.pki.sign(csr, {{"format", "der"}}));
    EXPECT_TRUE(crypto::Certificate::from_der(*from_base64(der["certificate"].get<std::string>())));
    EXPECT_TRUE(from_base64(der["ca_chain"][0].get<std::string>()));
    EXPECT_EQ(t.refused(csr, {{"format", "x"}}),
              "400 the \"format\" path parameter must be \"pem\", \"der\", or \"pem_bundle\"");
}

TEST(PkiIssue, CsrTexts) {
    Issue t;
    const auto csr = csr_for("a.svc");
    EXPECT_EQ(t.refused(""), "400 \"csr\" is empty");
    EXPECT_EQ(t.refused("junk"), "400 csr contains no data");
    auto flat = csr;
    std::erase(flat, '\n');
    EXPECT_EQ(t.refused(flat), "400 csr contains no data");
    auto relabelled = "text before\n" + csr + csr;
    for (auto at = relabelled.find("CERTIFICATE REQUEST"); at != std::string::npos;
         at = relabelled.find("CERTIFICATE REQUEST")) {
        relabelled.replace(at, 19, "ANYTHING");
    }
    (void)t.leaf(relabelled);
    auto der = require(crypto::Csr::from_pem(csr)).der();
    der[der.size() - 4] = static_cast<char>(der[der.size() - 4] ^ 1);
    const auto forged = "-----BEGIN CERTIFICATE REQUEST-----\n" + to_base64(der) +
                        "\n-----END CERTIFICATE REQUEST-----\n";
    EXPECT_EQ(t.refused(forged), "400 request signature invalid");
}

TEST(PkiIssue, WhatIsNoCsrIsToldByItsBeginning) {
    Issue t;
    const auto refused = [&t](const std::string& der) {
        return t.refused("-----BEGIN X-----\n" + to_base64(der) + "\n-----END X-----\n");
    };
    const auto tags = [](std::string_view wanted, std::string_view found, std::string_view where) {
        return fmt::format(
            "400 certificate request could not be parsed: asn1: structure error: tags don't match "
            "({} vs {{{}}}) {{optional:false explicit:false application:false private:false "
            "defaultValue:<nil> tag:<nil> stringType:0 timeType:0 set:false omitEmpty:false}} {}",
            wanted, found, where);
    };
    const std::string syntax = "400 certificate request could not be parsed: asn1: syntax error: ";
    using namespace std::string_literals;
    EXPECT_EQ(refused("\x30\x03\x02\x01\x00"s),  // a private key
              tags("16", "class:0 tag:2 length:1 isCompound:false", "tbsCertificateRequest @2"));
    EXPECT_EQ(refused("\x30\x07\x30\x05\xA0\x03\x02\x01\x02"s),  // a certificate
              tags("2", "class:2 tag:0 length:3 isCompound:true", "int @2"));
    EXPECT_EQ(refused("\x04\x82\x01\x00"s),
              tags("16", "class:0 tag:4 length:256 isCompound:false", "certificateRequest @4"));
    EXPECT_EQ(refused("\x30\x82"s), syntax + "truncated tag or length");
    EXPECT_EQ(refused("\x30\x0A"s), syntax + "data truncated");
    EXPECT_EQ(refused("\x30\x02\x30\x00"s), syntax + "sequence truncated");
}

TEST(PkiIssue, IgnoredNamesAreToldFirst) {
    for (const auto product : both_products) {
        Issue t(product);
        crypto::Csr::Spec spec;
        spec.extensions = {{"2.5.29.19", true, {0x30, 0x03, 0x01, 0x01, 0xFF}}};
        const auto answer = t.pki.write(
            "sign-verbatim", {{"csr", csr_pem(spec)}, {"common_name", "a"}, {"ttl", "1h"}});
        ASSERT_EQ(answer.warnings.size(), 2U);
        EXPECT_TRUE(answer.warnings[0].starts_with("the common_name field was provided"));
        EXPECT_TRUE(answer.warnings[1].starts_with("specified CSR contained a Basic"));
    }
}

TEST(PkiIssue, AKeyOfAnUnknownKindIsRefused) {
    Issue t;
    auto der = require(crypto::Csr::from_pem(csr_for("a.svc"))).der();
    const auto ec_key = der.find("\x2a\x86\x48\xce\x3d\x02\x01");  // 1.2.840.10045.2.1
    ASSERT_NE(ec_key, std::string::npos);
    der[ec_key + 6] = 0x7f;
    const auto odd = "-----BEGIN CERTIFICATE REQUEST-----\n" + to_base64(der) +
                     "\n-----END CERTIFICATE REQUEST-----\n";
    EXPECT_TRUE(t.refused(odd).starts_with("400 Refusing to sign CSR with empty PublicKey."));
}

std::string csr_block(const std::string& base64) {
    return "-----BEGIN CERTIFICATE REQUEST-----\n" + base64 +
           "\n-----END CERTIFICATE REQUEST-----\n";
}

TEST(PkiIssue, AKeyThatGoDoesNotKnowIsRefused) {
    Issue t;
    // `openssl genpkey -algorithm ed448`, then `openssl req -new`.
    const auto ed448 = csr_block(
        "MIHaMFwCAQAwEDEOMAwGA1UEAwwFYS5zdmMwQzAFBgMrZXEDOgDPUH3UHKP92jreuObLM9MzhrozGHTl"
        "yVX/DVY3uKMAH6Ol9DQhnzPzzFwBDgtaUPohp2t5gGpVBACgADAFBgMrZXEDcwDz6Nr7KWfp6oTvBWc2"
        "3HovgytWnaCQhXA6REWiM4UMkOIIDrVo0mVHXGroHyo3jIYTYjXVE2IWSoCZH4Zs6Q+JkcForgV04MDt"
        "RBZZY4uHbrb4uI+OJPT0itvRdUc2KQN5c9YBmTC8om5b00Mz9v6lLQA=");
    EXPECT_TRUE(t.refused(ed448).starts_with("400 Refusing to sign CSR with empty PublicKey."));
}

TEST(PkiIssue, AnExponentOfOneProvesNothing) {
    Issue t;
    // The signature is the padded digest itself: whoever knows the modulus can make it.
    const auto csr = csr_block(
        "MIICUzCCATsCAQAwEDEOMAwGA1UEAwwFYS5zdmMwggEgMA0GCSqGSIb3DQEBAQUAA4IBDQAwggEIAoIB"
        "AQCtRfI9OxoR31h/0oA7q2w5jYg0in7tjRTwbT/vcBlmoMOB6I84wMj9hxK4vAdvN4e50XngbA/U9fgT"
        "DEI3cw7fr71n+WGWmc/hmIrZ8GwUSgJbQT+KmgIepkin3QaDnrkFtubjB9S+3FFDEZPmw/M5GiuPH/H9"
        "QqKXVdTBOpApMc1EfjW4ttj+RC49Q3IE5S2yIhpYAIoFpsRkcVnDJMmFm4EOdm7J0oZjyoKN1fSzsuSw"
        "bOYHQceofOQsghgHLow1v5ktyenGFmEudpamzswbeOUQYXMR2KPCzm9EftTVex4v64lBTDQ8ECfE0cOG"
        "u8TNYT4w2PFq35G3WEoiZbH1AgEBoAAwDQYJKoZIhvcNAQELBQADggEBAAAB" +
        std::string(269, '/') +
        "wAwMTANBglghkgBZQMEAgEFAAQgmxz+6DrABvV07XxskJ8OL0G/uxPiybyyhLcN5ku8zR8=");
    EXPECT_EQ(t.refused(csr), "400 request signature invalid");
}

TEST(PkiIssue, KeyTypesAndSizes) {
    using crypto::KeyType;
    Issue t(Product::openbao, {{"key_type", "rsa"}});
    EXPECT_EQ(t.refused(csr_for("a")), "400 role requires keys of type rsa");
    EXPECT_EQ(t.refused(csr_pem({}, KeyType::rsa_1024)),
              "400 role requires a minimum of a 2048-bit key, but CSR's key is 1024 bits");
    t.pki.make_role({{"key_type", "ec"}, {"key_bits", 384}});
    EXPECT_EQ(t.refused(csr_for("a")),
              "400 role requires a minimum of a 384-bit key, but CSR's key is 256 bits");
    t.pki.make_role();
    EXPECT_EQ(t.refused(csr_pem({}, KeyType::rsa_1024)),
              "400 RSA keys < 2048 bits are unsafe and not supported");
    (void)t.leaf(csr_pem({}, KeyType::ed25519));
    (void)t.leaf(csr_pem({}, KeyType::p224));
}

// A request that every check of row 103 refuses: what one complains of is mended, so that the next
// has its say.
struct Refused : Issue {
    Json request = {{"ttl", "9999h"}, {"user_ids", "u"}};
    crypto::Csr::Spec spec;

    Refused() {
        spec.alt_names.dns = {"b.org"};
        spec.alt_names.emails = {"u@b.org"};
        spec.alt_names.ips = {"1.2.3.4"};
        spec.alt_names.uris = {"spiffe://x/y"};
        spec.alt_names.others = {{"1.2.3", "v"}};
    }
    void role(const Json& more = Json::object()) {
        Json all = {{"allow_any_name", false},
                    {"allowed_uri_sans", ""},
                    {"require_cn", true},
                    {"allow_ip_sans", false}};
        all.update(more);
        pki.make_role(all);
    }
    void name_subject() {
        spec.subject.common_name = "b.org";
        spec.subject.serial_number = "7";
    }
    std::string answer() { return Pki::refusal(pki.write("sign/r", request)); }
};

TEST(PkiIssue, ChecksComeInTheOrderOfRow103) {
    Refused t;
    t.request["format"] = "x";
    t.role({{"issuer_ref", "gone"}});
    EXPECT_EQ(Pki::refusal(t.pki.write("sign/other", t.request)), "400 unknown role: other");
    EXPECT_TRUE(t.answer().starts_with("500 could not fetch the CA certificate"));
    t.role();
    EXPECT_TRUE(t.answer().starts_with("400 the \"format\""));
    t.request.erase("format");
    EXPECT_EQ(t.answer(), "400 \"csr\" is empty");
    t.request["csr"] = csr_pem(t.spec);
    t.role({{"key_type", "rsa"}});
    EXPECT_EQ(t.answer(), "400 role requires keys of type rsa");
    t.role();
    EXPECT_TRUE(t.answer().starts_with("400 the common_name field is required"));
    t.name_subject();
    t.request["csr"] = csr_pem(t.spec);
    EXPECT_EQ(t.answer(), "400 common name b.org not allowed by this role");
}

TEST(PkiIssue, ChecksOfNamesComeInTheOrderOfRow103) {
    Refused t;
    t.name_subject();
    t.request["csr"] = csr_pem(t.spec);
    t.role({{"cn_validations", "disabled"}});
    EXPECT_EQ(t.answer(), "400 serial_number 7 not allowed by this role");
    t.role({{"cn_validations", "disabled"}, {"allowed_serial_numbers", "*"}});
    EXPECT_EQ(t.answer(), "400 subject alternate name b.org not allowed by this role");
    Json any = {{"allow_any_name", true}, {"allowed_serial_numbers", "*"}};
    t.role(any);
    EXPECT_EQ(t.answer(), "400 other SAN OID 1.2.3 not allowed by this role");
    any["allowed_other_sans"] = "*";
    t.role(any);
    EXPECT_EQ(t.answer(),
              "400 IP Subject Alternative Names are not allowed in this role, but was provided via "
              "CSR");
    any["allow_ip_sans"] = true;
    t.role(any);
    EXPECT_EQ(t.answer(),
              "400 URI Subject Alternative Names are not allowed in this role, but were provided "
              "via CSR");
    any["allowed_uri_sans"] = "spiffe://z/*";
    t.role(any);
    EXPECT_EQ(t.answer(),
              "400 URI Subject Alternative Names were provided via CSR which are not valid for "
              "this role");
    any["allowed_uri_sans"] = "spiffe://x/*";
    any["max_ttl"] = "9999h";
    t.role(any);
    EXPECT_TRUE(t.answer().starts_with("400 cannot satisfy request"));
    t.request["ttl"] = "1h";
    EXPECT_EQ(t.answer(), "400 user_id u is not allowed by this role");
    t.request.erase("user_ids");
    (void)t.pki.ok(t.pki.write("sign/r", t.request));
}

TEST(PkiIssue, SubdomainsAndBareNames) {
    Issue t(Product::openbao, {{"allow_any_name", false},
                               {"enforce_hostnames", true},
                               {"key_type", "ec"},
                               {"allowed_domains", "svc"},
                               {"allow_subdomains", true}});
    const auto refused = [&](const std::string& name) {
        return t.issue_refused({{"common_name", name}}) ==
               fmt::format("400 common name {} not allowed by this role", name);
    };
    for (const auto* good : {"a.svc", "b.a.svc", "*.svc", "*.a.svc", "a*.svc", "localhost",
                             "x.localhost", "u@a.svc"}) {
        (void)t.pki.ok(t.pki.write("issue/r", {{"common_name", good}}));
    }
    for (const auto* bad : {"A.SVC", "svc", "xsvc", "a.*.svc", "**.svc", "hello world", "a_b.svc",
                            "u@v@a.svc", "u@svc", "-a.svc"}) {
        EXPECT_TRUE(refused(bad)) << bad;
    }
    t.pki.make_role({{"allow_any_name", false},
                     {"key_type", "ec"},
                     {"allowed_domains", "svc"},
                     {"allow_bare_domains", true},
                     {"allow_localhost", false}});
    (void)t.pki.ok(t.pki.write("issue/r", {{"common_name", "SVC"}}));
    EXPECT_TRUE(refused("localhost"));
    t.pki.make_role({{"key_type", "ec"}, {"allow_wildcard_certificates", false}});
    EXPECT_TRUE(refused("*.x"));
}

TEST(PkiIssue, GlobDomainsNeedTheirFlag) {
    const Json role = {{"allow_any_name", false}, {"key_type", "ec"}, {"allowed_domains", "*.g"}};
    Issue t(Product::vault, role);
    EXPECT_EQ(t.issue_refused({{"common_name", "a.b.g"}}),
              "400 common name a.b.g not allowed by this role");
    auto globs = role;
    globs["allow_glob_domains"] = true;
    t.pki.make_role(globs);
    (void)t.pki.ok(t.pki.write("issue/r", {{"common_name", "a.b.g"}}));
}

TEST(PkiIssue, UriPatterns) {
    Issue t(Product::openbao, {{"allowed_uri_sans", "spiffe://d/*,exact://x"}});
    const auto with = [](std::vector<std::string> uris) {
        crypto::AltNames names;
        names.uris = std::move(uris);
        return csr_for("", names);
    };
    const auto leaf = t.leaf(with({"SPIFFE://d/ns/a", "spiffe://d/", "exact://x"}));
    EXPECT_EQ(leaf.alt_names().uris,
              (std::vector<std::string>{"spiffe://d/ns/a", "spiffe://d/", "exact://x"}));
    EXPECT_TRUE(leaf.alt_names_critical());
    const std::string no =
        "400 URI Subject Alternative Names were provided via CSR which are not valid for this role";
    EXPECT_EQ(t.refused(with({"spiffe://D/x"})), no);
    EXPECT_EQ(t.refused(with({"spiffe://d/x", "spiffe://e/x"})), no);
    EXPECT_EQ(t.refused(with({"exact://x/"})), no);
}

TEST(PkiIssue, CsrValuesWinWhereTheRoleSaysSo) {
    Issue t;
    crypto::AltNames names;
    names.dns = {"b", "a"};
    const auto csr = csr_for("cn", names);
    const auto answer = t.pki.sign(csr, {{"alt_names", "z"},
                                         {"uri_sans", "spiffe://q"},
                                         {"ip_sans", "1.1.1.1"},
                                         {"common_name", "other"}});
    const auto leaf = Pki::certificate(t.pki.ok(answer));
    EXPECT_EQ(leaf.subject().common_name, "cn");
    EXPECT_EQ(leaf.alt_names().dns, (std::vector<std::string>{"b", "a", "cn"}));
    EXPECT_TRUE(leaf.alt_names().uris.empty());
    EXPECT_TRUE(has_warning(answer, "the alt_names field was provided but the role is set with"));
    EXPECT_TRUE(has_warning(answer, "the common_name field was provided but the role is set with"));
    t.pki.make_role({{"use_csr_sans", false}, {"use_csr_common_name", false}});
    const auto own = t.leaf(csr, {{"alt_names", "z,z"}, {"common_name", "other"}});
    EXPECT_EQ(own.alt_names().dns, (std::vector<std::string>{"other", "z"}));
}

TEST(PkiIssue, VaultSortsDnsNames) {
    Issue t(Product::vault);
    crypto::AltNames names;
    names.dns = {"b", "a"};
    EXPECT_EQ(t.leaf(csr_for("aa", names)).alt_names().dns,
              (std::vector<std::string>{"a", "aa", "b"}));
}

TEST(PkiIssue, IpAddresses) {
    for (const auto product : both_products) {
        Issue t(product, {{"allow_ip_sans", false}, {"key_type", "ec"}});
        const std::string start =
            "400 IP Subject Alternative Names are not allowed in this role, but was provided ";
        EXPECT_EQ(t.issue_refused({{"ip_sans", "1.2.3.4"}}),
                  start + (product == Product::openbao ? "via the API" : "[1.2.3.4]"));
        t.pki.make_role({{"key_type", "ec"}, {"allowed_ip_sans_cidr", "10.0.0.0/8"}});
        EXPECT_EQ(t.issue_refused({{"ip_sans", "zz"}}),
                  "400 the value \"zz\" is not a valid IP address");
        (void)t.pki.ok(t.pki.write("issue/r", {{"ip_sans", "10.1.2.3"}}));
        if (product == Product::openbao) {
            EXPECT_EQ(t.issue_refused({{"ip_sans", "1.2.3.4"}}),
                      "400 the IP address \"1.2.3.4\" is not allowed in this role");
        }
    }
}

TEST(PkiIssue, BasicConstraintsOfACsrAreIgnored) {
    for (const auto product : both_products) {
        Issue t(product);
        crypto::Csr::Spec spec;
        spec.extensions = {{"2.5.29.19", true, {0x30, 0x03, 0x01, 0x01, 0xFF}}};
        const auto csr = csr_pem(spec);
        const auto text = "specified CSR contained a Basic Constraints extension";
        const auto answer = t.pki.sign(csr);
        EXPECT_TRUE(has_warning(answer, text));
        EXPECT_FALSE(Pki::certificate(t.pki.ok(answer)).is_ca().has_value());
        t.pki.make_role({{"basic_constraints_valid_for_non_ca", true}});
        EXPECT_EQ(has_warning(t.pki.sign(csr), text), product == Product::vault);
    }
}

TEST(PkiIssue, SubjectComesFromTheRole) {
    Issue t(Product::openbao, {{"organization", "o1"}, {"ou", "u1,u2"}, {"country", "US"}});
    crypto::Csr::Spec spec;
    spec.subject.common_name = "a";
    spec.subject.organization = {"Evil"};
    const auto subject = t.leaf(csr_pem(spec)).subject();
    EXPECT_EQ(subject.common_name, "a");
    EXPECT_EQ(subject.organization, std::vector<std::string>{"o1"});
    EXPECT_EQ(subject.organizational_unit, (std::vector<std::string>{"u1", "u2"}));
    EXPECT_EQ(subject.country, std::vector<std::string>{"US"});
}

TEST(PkiIssue, SignatureHashes) {
    const auto algorithm = [](Product product, Json role, crypto::KeyType key) {
        Pki pki(product);
        (void)pki.make_root({{"key_bits", 384}, {"signature_bits", 256}});
        pki.make_role(std::move(role));
        return Pki::certificate(pki.ok(pki.sign(csr_pem({}, key)))).signature_algorithm();
    };
    using crypto::KeyType;
    EXPECT_EQ(algorithm(Product::openbao, {{"key_type", "rsa"}}, KeyType::rsa_2048),
              "ecdsa-with-SHA384");
    EXPECT_EQ(algorithm(Product::vault, {{"key_type", "rsa"}}, KeyType::rsa_2048),
              "ecdsa-with-SHA256");
    EXPECT_EQ(algorithm(Product::openbao, {{"signature_bits", 512}}, KeyType::p256),
              "ecdsa-with-SHA512");
    EXPECT_EQ(algorithm(Product::vault, {{"signature_bits", 512}}, KeyType::p256),
              "ecdsa-with-SHA384");
}

TEST(PkiIssue, VaultTakesNoHashForEd25519) {
    for (const auto product : both_products) {
        Pki pki(product);
        (void)pki.make_root({{"key_bits", 384}});
        pki.make_role();
        for (const auto* path : {"sign-verbatim", "sign-verbatim/r", "root/sign-intermediate"}) {
            const auto algorithm = [&](crypto::KeyType key) {
                const auto answer = pki.write(path, {{"csr", csr_pem({}, key)},
                                                     {"common_name", "a"},
                                                     {"ttl", "1h"},
                                                     {"signature_bits", 512}});
                return Pki::certificate(pki.ok(answer)).signature_algorithm();
            };
            EXPECT_EQ(algorithm(crypto::KeyType::p256), "ecdsa-with-SHA512") << path;
            EXPECT_EQ(algorithm(crypto::KeyType::ed25519),
                      product == Product::openbao ? "ecdsa-with-SHA512" : "ecdsa-with-SHA384")
                << path;
        }
    }
}

TEST(PkiIssue, IssueGivesTheKey) {
    for (const auto product : both_products) {
        Issue t(product, {{"key_type", "ec"}});
        const auto data = t.pki.ok(t.pki.write("issue/r", {{"common_name", "a.svc"}}));
        EXPECT_EQ(data["private_key_type"], "ec");
        const auto pem = data["private_key"].get<std::string>();
        EXPECT_TRUE(pem.starts_with("-----BEGIN EC PRIVATE KEY-----"));
        EXPECT_EQ(require(crypto::Key::from_pem(pem)).public_key(),
                  Pki::certificate(data).public_key());
        const auto pkcs8 = t.pki.ok(t.pki.write("issue/r", {{"private_key_format", "pkcs8"}}));
        EXPECT_TRUE(
            pkcs8["private_key"].get<std::string>().starts_with("-----BEGIN PRIVATE KEY-----"));
        t.pki.make_role();
        EXPECT_EQ(t.issue_refused({{"common_name", "a"}}),
                  product == Product::openbao
                      ? "400 role key type \"any\" not allowed for issuing certificates without "
                        "providing key_type and/or key_bits request parameters"
                      : "400 role key type \"any\" not allowed for issuing certificates, only "
                        "signing");
    }
}

TEST(PkiIssue, VerbatimCopiesTheCsr) {
    Issue t(Product::openbao, {{"max_ttl", "2h"}, {"ttl", 0}});
    crypto::Csr::Spec spec;
    spec.subject.common_name = "any thing";
    spec.subject.organization = {"Mine"};
    spec.alt_names.dns = {"x_y"};
    spec.extensions = {{"2.5.29.19", true, {0x30, 0x03, 0x01, 0x01, 0xFF}}};
    const auto csr = csr_pem(spec);
    const auto answer = t.pki.write("sign-verbatim/r", {{"csr", csr}});
    const auto leaf = Pki::certificate(t.pki.ok(answer));
    EXPECT_EQ(leaf.subject(), spec.subject);
    EXPECT_EQ(leaf.alt_names().dns, spec.alt_names.dns);
    EXPECT_FALSE(leaf.is_ca().has_value());
    EXPECT_FALSE(leaf.extended_key_usage().has_value());
    EXPECT_EQ(leaf.not_after() - leaf.not_before(), 2h + 30s);
    EXPECT_EQ(Pki::refusal(t.pki.write("sign-verbatim/none", {{"csr", csr}})),
              "400 unknown role: none");
}

TEST(PkiIssue, VerbatimHasBasicConstraintsWhereAskedFor) {
    for (const auto product : both_products) {
        Issue t(product, {{"basic_constraints_valid_for_non_ca", true}});
        const bool openbao = product == Product::openbao;
        const auto is_ca = [&](const char* path, Json more) {
            more["csr"] = csr_for("a");
            more["ttl"] = "1h";
            return Pki::certificate(t.pki.ok(t.pki.write(path, more))).is_ca();
        };
        const auto never = std::optional<bool>(), leaf = openbao ? std::optional(false) : never;
        const Json asked{{"basic_constraints_valid_for_non_ca", true}};
        const Json refused{{"basic_constraints_valid_for_non_ca", false}};
        EXPECT_EQ(is_ca("sign-verbatim", Json::object()), never);
        EXPECT_EQ(is_ca("sign-verbatim", asked), leaf);
        EXPECT_EQ(is_ca("sign-verbatim/r", Json::object()), leaf);
        EXPECT_EQ(is_ca("sign-verbatim/r", refused), never);
    }
}

TEST(PkiIssue, IssuersThatCannotSign) {
    Pki pki, other;
    const auto stranger = other.make_root();
    const auto id = pki.ok(pki.write(
        "issuers/import/cert", {{"pem_bundle", stranger["certificate"]}}))["imported_issuers"][0]
                        .get<std::string>();
    pki.make_role();
    const std::string start = "500 could not fetch the CA certificate (was one set?): ";
    EXPECT_EQ(Pki::refusal(pki.write("issuer/" + id + "/sign/r")),
              start + "unable to fetch corresponding key for issuer " + id +
                  "; unable to use this issuer for signing");
    EXPECT_EQ(Pki::refusal(pki.write("issuer/zz/sign/r")),
              start + "unable to find PKI issuer for reference: zz");
    const auto own = pki.make_root()["issuer_id"].get<std::string>();
    (void)pki.ok(pki.call(Operation::patch, "issuer/" + own, {{"usage", "read-only"}}));
    EXPECT_EQ(Pki::refusal(pki.write("issuer/" + own + "/sign/r")),
              fmt::format("500 error fetching CA certificate: error while attempting to use issuer "
                          "{0}: requested usage issuing-certificates for issuer [id:{0}] but only "
                          "had usage read-only",
                          own));
}

TEST(PkiIssue, LeasesRevokeTheirCertificate) {
    Issue t(Product::vault, {{"generate_lease", true}});
    const auto answer = t.pki.sign(csr_for("a"));
    ASSERT_TRUE(answer.lease.has_value());
    EXPECT_FALSE(answer.lease->renewable);
    EXPECT_LE(answer.lease->duration, 1h);
    EXPECT_GT(answer.lease->duration, 1h - 1s);
    t.pki.backend().revoke_lease(answer.lease->internal, t.pki.now);
    const auto data =
        t.pki.ok(t.pki.read("cert/" + answer.data["serial_number"].get<std::string>()));
    EXPECT_EQ(data["revocation_time"], unix_seconds(t.pki.now));
}

TEST(PkiIssue, UnknownParametersAreNamed) {
    Issue t;
    EXPECT_TRUE(has_warning(t.pki.sign(csr_for("a"), {{"foo", 1}}),
                            "Endpoint ignored these unrecognized parameters: [foo]"));
    EXPECT_EQ(Pki::refusal(t.pki.read("sign/r")), "405 unsupported operation");
    EXPECT_EQ(Pki::refusal(t.pki.write("sign")), "404 unsupported path");
}

TEST(PkiIssue, TemplatedRolesAreFilledInByTheCaller) {
    for (const auto product : both_products) {
        Pki pki(product);
        (void)pki.make_root();
        pki.make_role({{"allowed_uri_sans", {"spiffe://a.test/{{name}}", "spiffe://{{none}}/*"}},
                       {"allowed_uri_sans_template", true}});
        const auto asked = [&](const char* uri) {
            crypto::Csr::Spec spec;
            spec.alt_names.uris = {uri};
            return pki.sign(csr_pem(spec));
        };
        const std::string refused =
            "400 URI Subject Alternative Names were provided via CSR which are not valid for this "
            "role";
        EXPECT_EQ(Pki::refusal(asked("spiffe://a.test/web")), refused);
        std::string value = "web";
        pki.identity = [&value](std::string_view name) {
            return name == "name" ? std::optional(value) : std::nullopt;
        };
        (void)pki.ok(asked("spiffe://a.test/web"));
        EXPECT_EQ(Pki::refusal(asked("spiffe://a.test/db")), refused);
        EXPECT_EQ(Pki::refusal(asked("spiffe://b.test/db")), refused);
        value = "*";
        if (product == Product::openbao) {
            EXPECT_EQ(Pki::refusal(asked("spiffe://a.test/db")), refused);
            pki.make_role({{"allowed_uri_sans", "spiffe://a.test/{{name}}"},
                           {"allowed_uri_sans_template", true},
                           {"allow_globs_in_identity_templates", true}});
        }
        (void)pki.ok(asked("spiffe://a.test/db"));
    }
}

TEST(PkiIssue, PolicyIdentifiersAsOneText) {
    for (const auto product : both_products) {
        Pki pki(product);
        (void)pki.make_root();
        pki.make_role(
            {{"policy_identifiers", R"([{"OID":"1.2.3","notice":"a, b<"},{"oid":"1.2.4"}])"}});
        const auto told = pki.ok(pki.read("roles/r"))["policy_identifiers"];
        EXPECT_EQ(told,
                  Json::array({R"({"oid":"1.2.3","notice":"a, b\u003c"})", R"({"oid":"1.2.4"})"}));
        (void)pki.ok(pki.sign(csr_for("a.test")));
        const auto refused = [&](const char* text) {
            return Pki::refusal(pki.write("roles/r", {{"policy_identifiers", text}}));
        };
        EXPECT_EQ(refused(R"([{"oid":"x"}])"), "500 strconv.Atoi: parsing \"x\": invalid syntax");
        EXPECT_TRUE(
            refused("[1]").ends_with("json: cannot unmarshal array into Go value of type "
                                     "certutil.PolicyIdentifierWithQualifierEntry"));
    }
}

// Some thousand names are more than a length of two bytes tells.
TEST(PkiIssue, ALeafMayHaveThousandsOfNames) {
    for (const auto product : both_products) {
        Issue t(product, {{"key_type", "ec"}});
        crypto::AltNames names;
        std::string listed;
        for (int i = 0; i < 5'000; ++i) {
            names.dns.push_back(fmt::format("a-{}.example.com", i));
            listed += (i == 0 ? "" : ",") + names.dns.back();
        }
        EXPECT_EQ(t.leaf(csr_for("a.svc", names)).alt_names().dns.size(), 5'001U);
        const auto issued =
            t.pki.ok(t.pki.write("issue/r", {{"common_name", "a.svc"}, {"alt_names", listed}}));
        EXPECT_EQ(Pki::certificate(issued).alt_names().dns.size(), 5'001U);
        EXPECT_EQ(
            t.issue_refused({{"common_name", "a.svc"}, {"alt_names", std::string(20'000, ',')}}),
            "400 alt_names: expected at most 20000 items, got 20001");
        EXPECT_EQ(t.refused(csr_block(std::string(2U << 20, 'A'))), "400 csr contains no data");
    }
}

// Each name is held against each pattern.
TEST(PkiIssue, NamesAndPatternsAreOnlySoMany) {
    std::string domains;
    for (int i = 0; i < 2'000; ++i) {
        domains += fmt::format("{}a{}.com", i == 0 ? "" : ",", i);
    }
    Issue t(Product::openbao, {{"key_type", "ec"},
                               {"allow_any_name", false},
                               {"allow_subdomains", true},
                               {"allowed_domains", domains}});
    const auto names = [](int count) {
        std::string listed;
        for (int i = 1; i < count; ++i) {
            listed += fmt::format("{}x.a{}.com", i == 1 ? "" : ",", i);
        }
        return Json{{"common_name", "x.a0.com"}, {"alt_names", listed}};
    };
    (void)t.pki.ok(t.pki.write("issue/r", names(500)));
    EXPECT_EQ(t.issue_refused(names(501)),
              "400 expected at most 500 names of this kind for 2000 of the role, got 501");
}

}  // namespace
}  // namespace meshproof::fakes::vault
