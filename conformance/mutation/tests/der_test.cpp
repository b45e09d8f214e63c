#include "conformance/mutation/der.hpp"

#include <gtest/gtest.h>

#include "core/crypto/certificate.hpp"

namespace meshproof::conformance::mutation {
namespace {

TEST(Der, WritesWhatItRead) {
    const auto key = crypto::Key::generate(crypto::KeyType::rsa_2048);
    crypto::CertificateSpec spec;
    spec.subject.common_name = "root";
    spec.alt_names.dns = {std::string(200, 'a')};
    const auto der = sign_certificate(spec, key.public_key(), key, nullptr).der();
    const auto read = Der::read(der);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->write(), der);
}

TEST(Der, ReadsNothingElse) {
    EXPECT_FALSE(Der::read(""));
    EXPECT_FALSE(Der::read("\x30"));
    EXPECT_FALSE(Der::read(std::string_view("\x30\x05\x02\x01\x01", 5)));  // cut
    EXPECT_FALSE(Der::read(std::string_view("\x05\x00\x00", 3)));          // something after it
    EXPECT_FALSE(Der::read(std::string_view("\x1f\x81\x01\x00", 4)));      // a longer tag
    EXPECT_FALSE(Der::read("{\"a\":1}"));
    std::string deep("\x05\x00", 2);
    for (int i = 0; i < 60; ++i) {
        deep = std::string("\x30") + static_cast<char>(deep.size()) + deep;
    }
    EXPECT_FALSE(Der::read(deep));
}

TEST(Der, ObjectIdentifiersAreDotted) {
    for (const auto* oid :
         {"2.5.29.15", "1.2.840.113549.1.1.11", "1.3.6.1.5.5.7.3.1", "0.9.2342"}) {
        EXPECT_EQ(dotted_oid(oid_content(oid)), oid);
    }
}

TEST(Der, AltersValuesByTheirKind) {
    const auto altered = [](std::uint8_t tag, std::string content) {
        Der value{.tag = tag, .content = std::move(content)};
        return alter(value) ? value.content : "not";
    };
    EXPECT_EQ(altered(der_integer, "\x05"), "\x06");
    EXPECT_EQ(altered(der_integer, "\x7f"), "\x7e");
    EXPECT_EQ(altered(der_boolean, "\xff"), std::string(1, '\0'));
    EXPECT_EQ(altered(der_utf8, "web"), "wex");
    EXPECT_EQ(altered(der_utc_time, "260101000030Z"), "260101000130Z");
    EXPECT_EQ(altered(der_time, "20261231235930Z"), "20270101000030Z");
    EXPECT_EQ(altered(der_time, "2026"), "not");
    EXPECT_EQ(altered(0x05, ""), "not");
}

}  // namespace
}  // namespace meshproof::conformance::mutation
