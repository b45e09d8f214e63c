#include "fakes/vault/pki/tests/fixture.hpp"

namespace meshproof::fakes::vault {
namespace {

struct Ttl {
    Pki pki;
    std::string csr = csr_for("a.svc");

    explicit Ttl(Product product = Product::openbao) : pki(product) { (void)pki.make_root(); }
    std::int64_t seconds(const BackendResponse& answer) const {
        return pki.ok(answer)["expiration"].get<std::int64_t>() - unix_seconds(pki.now);
    }
};

TEST(PkiTtl, TheRolesLimitReplacesTheMounts) {
    for (const auto product : both_products) {
        Ttl t(product);
        t.pki.make_role({{"ttl", 0}, {"max_ttl", "600h"}});
        const auto usual = t.pki.sign(t.csr);
        EXPECT_EQ(t.seconds(usual), 600 * 3600);
        EXPECT_TRUE(has_warning(usual,
                                "TTL \"768h0m0s\" is longer than permitted maxTTL "
                                "\"600h0m0s\", so maxTTL is being used"));  // row 92
        const auto asked = t.pki.sign(t.csr, {{"ttl", "1h"}});
        EXPECT_EQ(t.seconds(asked), 3600);
        EXPECT_TRUE(asked.warnings.empty());
        // A role's limit may be above the mount's (row 93); the issuer still has its say.
        (void)t.pki.ok(t.pki.call(Operation::patch, "issuer/default",
                                  {{"leaf_not_after_behavior", "permit"}}));
        t.pki.make_role({{"ttl", 0}, {"max_ttl", "2000h"}});
        EXPECT_EQ(t.seconds(t.pki.sign(t.csr, {{"ttl", "1500h"}})), 1500 * 3600);
    }
}

TEST(PkiTtl, BackdatesByThirtySecondsAndCutsToSeconds) {
    for (const auto product : both_products) {
        Ttl t(product);
        t.pki.make_role({{"not_before_duration", 0}});
        const auto data = t.pki.ok(t.pki.sign(t.csr));
        const auto leaf = Pki::certificate(data);
        EXPECT_EQ(unix_seconds(leaf.not_before()), unix_seconds(t.pki.now) - 30);
        EXPECT_EQ(leaf.not_after() - leaf.not_before(), 1h + 30s);
        EXPECT_EQ(data.contains("not_before"), product == Product::openbao);  // row 89
    }
}

TEST(PkiTtl, NotAfterBypassesTheLimit) {
    Ttl t;
    t.pki.make_role({{"ttl", 0}, {"max_ttl", "1h"}});
    const auto at = [&](Duration after) { return rfc3339(t.pki.now + after); };
    EXPECT_EQ(t.seconds(t.pki.sign(t.csr, {{"not_after", at(300h)}})), 300 * 3600);
    EXPECT_EQ(t.seconds(t.pki.sign(t.csr, {{"not_after", at(-300h)}})), -300 * 3600);
    EXPECT_EQ(Pki::refusal(t.pki.sign(t.csr, {{"not_after", at(1h)}, {"ttl", "1h"}})),
              "400 Either ttl or not_after should be provided. Both should not be provided in the "
              "same request.");
    EXPECT_TRUE(Pki::refusal(t.pki.sign(t.csr, {{"not_after", "zzz"}}))
                    .starts_with("400 parsing time \"zzz\" as "));
}

TEST(PkiTtl, OnlyOpenBaoBoundsNotAfter) {
    for (const auto product : both_products) {
        Ttl t(product);
        t.pki.make_role({{"not_after_bound", "forbid"}});
        const auto answer = t.pki.sign(t.csr, {{"not_after", rfc3339(t.pki.now + 2h)}});
        if (product == Product::vault) {
            EXPECT_EQ(t.seconds(answer), 7200);
            continue;
        }
        EXPECT_EQ(Pki::refusal(answer),
                  "400 not_after_bound is set to forbid. not_after cannot be provided.");
        t.pki.make_role({{"not_after_bound", "ttl-limited"}});
        EXPECT_TRUE(
            Pki::refusal(t.pki.sign(t.csr, {{"not_after", rfc3339(t.pki.now + 2h)}}))
                .starts_with("400 not_after_bound is set to ttl-limited. Cannot satisfy request"));
        EXPECT_LE(t.seconds(t.pki.sign(t.csr, {{"not_after", rfc3339(t.pki.now + 30min)}})), 1800);
    }
}

TEST(PkiTtl, TheIssuersEndDecides) {
    for (const auto product : both_products) {
        Ttl t(product);
        t.pki.make_role({{"ttl", "2h"}});
        t.pki.now += 699h;
        const auto end = t.pki.now + 1h;
        EXPECT_EQ(Pki::refusal(t.pki.sign(t.csr)),
                  fmt::format("400 cannot satisfy request, as TTL would result in notAfter of {} "
                              "that is beyond the expiration of the CA certificate at {}",
                              rfc3339_nano(t.pki.now + 2h), rfc3339(end)));
        const auto behave = [&](std::string_view word) {
            (void)t.pki.ok(t.pki.call(Operation::patch, "issuer/default",
                                      {{"leaf_not_after_behavior", word}}));
        };
        behave("truncate");
        const auto cut = t.pki.sign(t.csr);
        EXPECT_EQ(t.seconds(cut), 3600);
        EXPECT_TRUE(cut.warnings.empty());
        behave("permit");
        EXPECT_EQ(t.seconds(t.pki.sign(t.csr)), 7200);
        behave("truncate");
        t.pki.now += 10h;  // an expired CA goes on handing out expired leaves (row 95)
        EXPECT_EQ(t.seconds(t.pki.sign(t.csr)), -9 * 3600);
    }
}

TEST(PkiTtl, NotBeforeIsOpenBaosOnIssueOnly) {
    for (const auto product : both_products) {
        Ttl t(product);
        t.pki.make_role({{"key_type", "ec"}});
        const auto early = rfc3339(t.pki.now - 5h);
        const auto issued = t.pki.write("issue/r", {{"not_before", early}});
        const auto leaf = Pki::certificate(t.pki.ok(issued));
        const auto signed_leaf =
            Pki::certificate(t.pki.ok(t.pki.sign(t.csr, {{"not_before", early}})));
        EXPECT_EQ(unix_seconds(signed_leaf.not_before()), unix_seconds(t.pki.now) - 30);
        if (product == Product::vault) {
            EXPECT_EQ(unix_seconds(leaf.not_before()), unix_seconds(t.pki.now) - 30);
            EXPECT_TRUE(has_warning(issued, "unrecognized parameters: [not_before]"));
            continue;
        }
        EXPECT_EQ(rfc3339(leaf.not_before()), early);
        EXPECT_TRUE(Pki::refusal(t.pki.sign(t.csr, {{"not_before", "junk"}}))
                        .starts_with("400 parsing time \"junk\""));
        EXPECT_TRUE(Pki::refusal(t.pki.write("issue/r", {{"not_before", rfc3339(t.pki.now + 2h)}}))
                        .starts_with("400 The certificate's Not Before ("));
    }
}

TEST(PkiTtl, CoercionComesFirst) {
    Ttl t;
    EXPECT_EQ(Pki::refusal(t.pki.write("sign/nobody", {{"ttl", "xx"}})),
              "400 Field validation failed: error converting input for field \"ttl\": time: "
              "invalid duration \"xx\"");
}

}  // namespace
}  // namespace meshproof::fakes::vault
