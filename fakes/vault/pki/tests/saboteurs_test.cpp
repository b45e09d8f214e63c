#include "fakes/vault/pki/tests/fixture.hpp"

// Each saboteur does what its name says: what is shown here is what a monitor or a property has to
// find.
namespace meshproof::fakes::vault {
namespace {

struct Sabotaged {
    Pki pki;
    explicit Sabotaged(std::string saboteur) : pki(Product::openbao, {std::move(saboteur)}) {
        (void)pki.make_root();
        pki.make_role({{"max_ttl", "2h"}});
    }
    crypto::Certificate leaf(const std::string& csr) {
        return Pki::certificate(pki.ok(pki.sign(csr)));
    }
};

TEST(PkiSaboteurs, RepeatSerial) {
    Sabotaged t("pki/repeat-serial");
    EXPECT_EQ(t.leaf(csr_for("a")).serial(), t.leaf(csr_for("b")).serial());
}

TEST(PkiSaboteurs, SignAfterIssuerDeleted) {
    Sabotaged t("pki/sign-after-issuer-deleted");
    (void)t.pki.call(Operation::remove, "issuer/default");
    EXPECT_EQ(t.leaf(csr_for("a")).subject().common_name, "a");
}

TEST(PkiSaboteurs, WrongCsrKey) {
    Sabotaged t("pki/wrong-csr-key");
    const auto first = csr_for("a"), second = csr_for("b");
    (void)t.leaf(first);
    EXPECT_EQ(t.leaf(second).public_key(), require(crypto::Csr::from_pem(first)).public_key());
}

TEST(PkiSaboteurs, FirstCsrNames) {
    Sabotaged t("pki/first-csr-names");
    const auto first = t.leaf(csr_for("a"));
    ASSERT_FALSE(first.alt_names().dns.empty());
    EXPECT_EQ(t.leaf(csr_for("b")).alt_names().dns, first.alt_names().dns);
}

TEST(PkiSaboteurs, IgnoresMaxTtl) {
    Sabotaged t("pki/ignores-max-ttl");
    const auto answer = t.pki.sign(csr_for("a"), {{"ttl", "2h"}});
    EXPECT_GT(Pki::certificate(t.pki.ok(answer)).not_after(), t.pki.now + 3h);
}

TEST(PkiSaboteurs, NotYetValid) {
    Sabotaged t("pki/not-yet-valid");
    EXPECT_EQ(unix_seconds(t.leaf(csr_for("a")).not_before()), unix_seconds(t.pki.now + 1h));
}

}  // namespace
}  // namespace meshproof::fakes::vault
