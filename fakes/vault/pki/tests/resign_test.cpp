#include "core/crypto/crl.hpp"
#include "fakes/vault/tests/harness.hpp"

namespace meshproof::fakes::vault {

class ForeignLists : public BothProducts {
  protected:
    void SetUp() override {
        BothProducts::SetUp();
        start();
        for (const std::string mount : {"pki", "other"}) {
            ASSERT_EQ(put("sys/mounts/" + mount, {{"type", "pki"}}).status, 204);
            ASSERT_EQ(put(mount + "/root/generate/internal",
                          {{"common_name", "root"}, {"key_type", "ec"}})
                          .status,
                      200);
        }
    }

    Reply sign_entries(Json body) {
        return put("pki/issuer/default/sign-revocation-list", std::move(body));
    }
    Reply resign(Json body) { return put("pki/issuer/default/resign-crls", std::move(body)); }
    static crypto::Crl list_in(const Reply& reply) {
        return require(crypto::Crl::from_pem(reply.data()["crl"].get<std::string>()));
    }
    static Json entry(const std::string& serial, Json time) {
        return {{"serial_number", serial}, {"revocation_time", std::move(time)}};
    }
};
MESHPROOF_BOTH_PRODUCTS(ForeignLists);

TEST_P(ForeignLists, TheOldestTimeOfASerialCounts) {
    const auto first = sign_entries({{"revoked_certs", {entry("01:02", 1700000000)}}});
    const auto second =
        sign_entries({{"revoked_certs", {entry("0102", "1600000000"), entry("03", 1700000000)}}});
    const auto both =
        resign({{"crls", {first.data()["crl"], second.data()["crl"]}}, {"crl_number", 9}});
    ASSERT_EQ(both.status, 200) << both.body;
    EXPECT_EQ(both.json["warnings"],
              Json::array({"Duplicate serial 01:02 with different revocation times detected, "
                           "using oldest revocation time"}));
    const auto list = list_in(both);
    ASSERT_EQ(list.entries().size(), 2U);
    EXPECT_EQ(crypto::serial_text(list.entries()[1].serial), "01:02");
    EXPECT_EQ(unix_seconds(list.entries()[1].revoked_at), 1600000000);
    EXPECT_EQ(list.number(), 9U);
    EXPECT_EQ(list.delta_base(), std::nullopt);
}

TEST_P(ForeignLists, ExtensionsAreWrittenAndDroppedByResigning) {
    auto revoked = entry("01", 1700000000);
    revoked["extensions"] = {{{"id", "2.5.29.21"}, {"critical", false}, {"value", "CgEB"}}};
    const auto made = sign_entries({{"revoked_certs", {revoked}},
                                    {"extensions", {{{"id", "1.2.3.4"}, {"value", "BQA="}}}},
                                    {"delta_crl_base_number", 3}});
    ASSERT_EQ(made.status, 200) << made.body;
    const auto list = list_in(made);
    EXPECT_EQ(list.delta_base(), 3U);
    EXPECT_TRUE(list.delta_indicator_critical());
    const auto plain = list_in(sign_entries({{"revoked_certs", {entry("01", 1700000000)}}}));
    EXPECT_GT(list.der().size(), plain.der().size());
    const auto again = list_in(resign({{"crls", {made.data()["crl"]}}}));
    EXPECT_NEAR(static_cast<double>(again.der().size()), static_cast<double>(plain.der().size()),
                4);  // a signature's length varies
}

TEST_P(ForeignLists, AreRefusedWhereTheyMakeNoSense) {
    const auto foreign = put("other/issuer/default/sign-revocation-list").data()["crl"];
    EXPECT_EQ(resign({{"crls", {foreign}}}).error(),
              "CRL index: 0 was not signed by requested issuer");
    EXPECT_EQ(sign_entries({{"revoked_certs", {entry("0", 1)}}}).error(),
              "failed parsing serial_number from entry 0: 'serial_number' failed converting to "
              "bytes: encoding/hex: odd length hex string");
    EXPECT_EQ(sign_entries({{"revoked_certs", {entry("\u00e4", 1)}}}).error(),
              "failed parsing serial_number from entry 0: 'serial_number' failed converting to "
              "bytes: encoding/hex: invalid byte: U+00C3 '\u00c3'");
    EXPECT_EQ(sign_entries({{"revoked_certs", {entry("01", "junk")}}}).error(),
              "failed parsing revocation_time from entry 0: failed parsing time junk: could not "
              "parse string as date and time");
    EXPECT_EQ(sign_entries({{"extensions", {{{"id", "zz"}, {"value", ""}}}}}).error(),
              "failed parsing extension entry 0: failed parsing asn1 index element 0 value zz: "
              "strconv.Atoi: parsing \"zz\": invalid syntax");
    EXPECT_EQ(sign_entries({{"extensions", {{{"id", "1.99.3"}, {"value", ""}}}}}).status, 500);
    for (const auto& other : {Json(""), Json("a"), Json(0), Json::array({""})}) {
        EXPECT_EQ(sign_entries({{"extensions", other}}).error(), "extension entry 0 not a map");
    }
    for (const auto& none : {Json(), Json::array(), Json::object()}) {
        EXPECT_EQ(sign_entries({{"extensions", none}}).status, 200) << none;
    }
    EXPECT_EQ(sign_entries({{"format", "x"}}).error(), "unknown format value of x");
    ASSERT_EQ(put("pki/issuer/default", {{"usage", "read-only"}}).status, 200);
    EXPECT_TRUE(sign_entries(Json::object()).error().find("requested usage crl-signing") !=
                std::string::npos);
}

}  // namespace meshproof::fakes::vault
