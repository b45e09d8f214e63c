#include "core/mesh/ca_bundle.hpp"

#include <gtest/gtest.h>

#include "core/crypto/tests/fixtures.hpp"

namespace meshproof::mesh {
namespace {

using namespace crypto::fixtures;

struct Family {
    Issuer root = make_ca(ca_spec("root"));
    Issuer middle = make_ca(ca_spec("middle"), &root);
    Issuer low = make_ca(ca_spec("low"), &middle);
    Issuer stranger = make_ca(ca_spec("stranger"));
};

const Family& family() {
    static const Family one;
    return one;
}

std::string pem(std::initializer_list<crypto::Certificate> certificates) {
    return crypto::to_pem(std::vector(certificates));
}

void expect_refused(const std::string& text, std::string_view reason) {
    const auto bundle = CaBundle::parse(text);
    ASSERT_FALSE(bundle) << reason;
    EXPECT_NE(bundle.error().message.find(reason), std::string::npos) << bundle.error().message;
}

TEST(CaBundle, PutsTheRootLastAndWhatIsNearestToItBefore) {
    const auto& f = family();
    const std::vector expected{f.low.certificate, f.middle.certificate, f.root.certificate};
    for (const auto& text : {pem({f.root.certificate, f.middle.certificate, f.low.certificate}),
                             pem({f.low.certificate, f.root.certificate, f.middle.certificate})}) {
        const auto bundle = CaBundle::parse(text);
        ASSERT_TRUE(bundle) << bundle.error().message;
        EXPECT_EQ(bundle->certificates(), expected);
        EXPECT_EQ(bundle->root(), f.root.certificate);
        EXPECT_EQ(bundle->pem(), crypto::to_pem(expected));
    }
    EXPECT_TRUE(CaBundle::parse(f.root.certificate.pem()));
}

TEST(CaBundle, TakesThreeCertificatesWithOneRootThatChain) {
    const auto& f = family();
    const auto& stranger = f.stranger.certificate;
    const auto deeper = make_ca(ca_spec("deeper"), &f.low);
    expect_refused(
        pem({f.root.certificate, f.middle.certificate, f.low.certificate, deeper.certificate}),
        "4 certificates");
    expect_refused(pem({f.root.certificate, stranger}), "2 root certificates");
    expect_refused(pem({f.middle.certificate}), "0 root certificates");
    expect_refused(pem({f.middle.certificate, stranger}), "does not chain: \"CN=middle\"");
    expect_refused(pem({f.root.certificate, f.low.certificate}), "does not chain: \"CN=low\"");
    expect_refused(pem({f.root.certificate, f.root.certificate}), "twice");
}

TEST(CaBundle, TakesOnlyCas) {
    const auto& f = family();
    const auto leaf = make_leaf(leaf_spec("web"), f.root);
    expect_refused(pem({f.root.certificate, leaf.leaf}), "\"CN=web\" is not a CA");
    auto mute = ca_spec("mute");
    mute.key_usage = crypto::KeyUsage::crl_sign;
    expect_refused(pem({f.root.certificate, make_ca(mute, &f.root).certificate}), "keyCertSign");
}

TEST(CaBundle, RefusesWhatIsNoCertificate) {
    const auto& f = family();
    expect_refused("", "not PEM");
    expect_refused("junk", "not PEM");
    expect_refused("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
                   "cannot be read");
    const auto key = f.root.key.pkcs8_pem();
    const auto bundle = CaBundle::parse(f.root.certificate.pem() + key);
    ASSERT_FALSE(bundle);
    EXPECT_EQ(bundle.error().message,
              "the bundle contains a private key: expected certificates only");
}

}  // namespace
}  // namespace meshproof::mesh
