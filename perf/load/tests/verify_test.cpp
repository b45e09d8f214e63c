#include "perf/load/verify.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace meshproof::load {
namespace {

using namespace std::chrono_literals;

/// A CA of its own, and a leaf of it that lives as long as asked, less `missing`.
struct Signed {
    explicit Signed(Duration missing) {
        const auto ca_key = crypto::Key::generate(crypto::KeyType::p256);
        const auto key = crypto::Key::generate(crypto::KeyType::p256);
        const Time now(Duration(24h * 365 * 60));
        crypto::CertificateSpec ca;
        ca.subject.common_name = "root";
        ca.not_before = now - 1h;
        ca.not_after = now + 24h;
        ca.is_ca = true;
        ca.key_usage = crypto::cert_sign;
        const auto root = crypto::sign_certificate(ca, ca_key.public_key(), ca_key, nullptr);
        crypto::CertificateSpec leaf;
        leaf.not_before = now - 30s;
        leaf.not_after = now + 1h - missing;
        leaf.alt_names.uris = {"spiffe://mesh.test/web"};
        const auto made = crypto::sign_certificate(leaf, key.public_key(), ca_key, &root);
        expected = {{root}, 1h};
        pod = {"spiffe://mesh.test/web", "", key.public_key().spki_der()};
        answer.at = now;
        answer.body = nlohmann::json{{"data",
                                      {{"certificate", crypto::to_pem(std::array{made})},
                                       {"serial_number", made.serial()}}}}
                          .dump();
    }
    [[nodiscard]] std::optional<WrongLeaf> wrong() const {
        std::string serial;
        return wrong_leaf(expected, pod, answer, serial);
    }

    Expected expected;
    Pod pod;
    SignedAnswer answer;
};

TEST(WrongLeaf, MayBeShorterByTheTimeThatItsSigningTook) {
    Signed slow(5s);
    slow.answer.signing = 6s;
    EXPECT_FALSE(slow.wrong()) << slow.wrong()->detail;
    slow.answer.signing = 1s;
    ASSERT_TRUE(slow.wrong());
    EXPECT_EQ(slow.wrong()->wrong, Wrong::other_life) << slow.wrong()->detail;
}

TEST(WrongLeaf, MayNotLiveLonger) {
    Signed longer(-5s);
    longer.answer.signing = 60s;
    ASSERT_TRUE(longer.wrong());
    EXPECT_EQ(longer.wrong()->wrong, Wrong::other_life) << longer.wrong()->detail;
}

SignedAnswer unreadable(std::size_t transaction) {
    return {transaction, "{}", Time(), Duration()};
}

Verification verify_many(Verifier::When when, QueueBounds bounds) {
    const Pool pool({1, crypto::KeyType::p256, "mesh.test", 1h});
    Verifier verifier({}, pool, when, bounds);
    for (std::size_t i = 0; i < 100; ++i) {
        verifier.take(unreadable(i));
    }
    return verifier.finish();
}

TEST(LeafTexts, ReadsWhatIsTooUnusualForTheQuickWay) {
    const std::string text = R"({"data":{"certificate":"\u0061\n","serial_number":"b","x":1.5}})";
    ASSERT_FALSE(quick_leaf_texts(text));
    EXPECT_EQ(leaf_texts(text).value(), (LeafTexts{"a\n", "b"}));
    const auto wrong = leaf_texts(R"({"data":{"certificate":"a"}})");
    ASSERT_FALSE(wrong);
    EXPECT_EQ(wrong.error().message,
              "sign: malformed answer: data.serial_number: expected a string, got nothing");
}

TEST(Verifier, CountsWhatFindsItsQueueFull) {
    for (const auto bounds : {QueueBounds{0, 1000}, QueueBounds{1000, 0}}) {
        const auto found = verify_many(Verifier::When::beside, bounds);
        EXPECT_EQ(found.answers, 100U);
        EXPECT_EQ(found.verified, 0U);
        EXPECT_EQ(found.not_verified, 100U);
        EXPECT_EQ(found.wrong_leaves(), 0U);
    }
    // How many its thread gets to is chance; that none is lost is not.
    const auto few = verify_many(Verifier::When::beside, {1, 1000});
    EXPECT_GE(few.verified, 1U);
    EXPECT_EQ(few.verified + few.not_verified, 100U);
    EXPECT_EQ(few.wrong_leaves(), few.verified);
}

TEST(Verifier, LeavesNothingOutInVirtualTime) {
    const auto found = verify_many(Verifier::When::after, {3, 1000});
    EXPECT_EQ(found.verified, 100U);
    EXPECT_EQ(found.not_verified, 0U);
    EXPECT_EQ(found.first.size(), 10U);
}

}  // namespace
}  // namespace meshproof::load
