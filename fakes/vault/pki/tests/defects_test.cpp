#include "fakes/vault/pki/tests/fixture.hpp"

// Each defect does what its name says: what is shown here is what a check has to find.
namespace meshproof::fakes::vault {
namespace {

struct Broken {
    Pki pki;
    explicit Broken(std::string defect) : pki(Product::openbao, {std::move(defect)}) {
        (void)pki.make_root();
        pki.make_role({{"max_ttl", "2h"}});
    }
    crypto::Certificate leaf(const std::string& csr, Json more = Json::object()) {
        return Pki::certificate(pki.ok(pki.sign(csr, std::move(more))));
    }
};

TEST(PkiDefects, IgnoreRoleMaxTtl) {
    Broken t("pki/ignore-role-max-ttl");
    const auto leaf = t.leaf(csr_for("a"), {{"ttl", "5h"}});
    EXPECT_EQ(leaf.not_after() - leaf.not_before(), 5h + 30s);
}

TEST(PkiDefects, IgnoreIssuerExpiry) {
    Broken t("pki/ignore-issuer-expiry");
    t.pki.now += 700h;
    EXPECT_GT(t.leaf(csr_for("a")).not_after(), t.pki.now);
}

TEST(PkiDefects, RepeatSerial) {
    Broken t("pki/repeat-serial");
    EXPECT_EQ(t.leaf(csr_for("a")).serial(), t.leaf(csr_for("b")).serial());
}

TEST(PkiDefects, SignAfterIssuerDeleted) {
    Broken t("pki/sign-after-issuer-deleted");
    (void)t.pki.call(Operation::remove, "issuer/default");
    EXPECT_EQ(t.leaf(csr_for("a")).subject().common_name, "a");
}

TEST(PkiDefects, IgnoreAllowedUriSans) {
    Broken t("pki/ignore-allowed-uri-sans");
    t.pki.make_role({{"allowed_uri_sans", ""}});
    crypto::AltNames names;
    names.uris = {"spiffe://x/y"};
    EXPECT_EQ(t.leaf(csr_for("", names)).alt_names().uris, names.uris);
}

TEST(PkiDefects, WrongCsrKey) {
    Broken t("pki/wrong-csr-key");
    const auto first = csr_for("a"), second = csr_for("b");
    (void)t.leaf(first);
    EXPECT_EQ(t.leaf(second).public_key(), require(crypto::Csr::from_pem(first)).public_key());
}

TEST(PkiDefects, NotYetValid) {
    Broken t("pki/not-yet-valid");
    EXPECT_EQ(unix_seconds(t.leaf(csr_for("a")).not_before()), unix_seconds(t.pki.now + 1h));
}

TEST(PkiDefects, LeafCanSign) {
    Broken t("pki/leaf-can-sign");
    EXPECT_NE(t.leaf(csr_for("a")).key_usage().value_or(0) & crypto::cert_sign, 0U);
}

TEST(PkiDefects, DropUriSan) {
    Broken t("pki/drop-uri-san");
    crypto::AltNames names;
    names.uris = {"spiffe://x/y"};
    EXPECT_TRUE(t.leaf(csr_for("a", names)).alt_names().uris.empty());
}

}  // namespace
}  // namespace meshproof::fakes::vault
