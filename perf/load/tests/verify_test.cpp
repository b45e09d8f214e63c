#include "perf/load/verify.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace meshproof::load {
namespace {

using namespace std::chrono_literals;

/// What is not as it was asked for.
struct Twist {
    Duration missing{};                             ///< of the leaf's life
    bool other_key = false;                         ///< it certifies somebody else's
    bool other_ca = false;                          ///< it is signed by another CA of the same name
    std::vector<std::string> further_ids{}, dns{};  ///< names that the pod does not have
    std::string id = "spiffe://mesh.test/web";
};

/// A CA of its own, and a leaf of it that lives as long as asked and is the pod's, but for a twist.
struct Signed {
    explicit Signed(Twist twist = {}) {
        const auto ca_key = crypto::Key::generate(crypto::KeyType::p256);
        const auto key = crypto::Key::generate(crypto::KeyType::p256);
        const auto other = crypto::Key::generate(crypto::KeyType::p256);
        const Time now(Duration(24h * 365 * 60));
        crypto::CertificateSpec ca;
        ca.subject.common_name = "root";
        ca.not_before = now - 1h;
        ca.not_after = now + 24h;
        ca.is_ca = true;
        ca.key_usage = crypto::cert_sign;
        const auto root = crypto::sign_certificate(ca, ca_key.public_key(), ca_key, nullptr);
        const auto impostor = crypto::sign_certificate(ca, other.public_key(), other, nullptr);
        crypto::CertificateSpec leaf;
        leaf.not_before = now - 30s;
        leaf.not_after = now + 1h - twist.missing;
        leaf.alt_names.dns = twist.dns;
        leaf.alt_names.uris = twist.further_ids;
        leaf.alt_names.uris.push_back(twist.id);
        const auto made = crypto::sign_certificate(
            leaf, (twist.other_key ? other : key).public_key(), twist.other_ca ? other : ca_key,
            twist.other_ca ? &impostor : &root);
        expected = {{root}, 1h};
        pod = {"spiffe://mesh.test/web", "", key.public_key().spki_der()};
        answer.at = now;
        say(made, made.serial());
    }
    void say(const crypto::Certificate& leaf, std::string serial) {
        answer.body = nlohmann::json{{"data",
                                      {{"certificate", crypto::to_pem(std::array{leaf})},
                                       {"serial_number", std::move(serial)}}}}
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

/// What is found wrong with such a leaf, "nothing" where it is right.
std::string_view wrongness(Twist twist) {
    const auto wrong = Signed(std::move(twist)).wrong();
    return wrong ? to_string(wrong->wrong) : "nothing";
}

TEST(WrongLeaf, IsToldByWhatIsWrong) {
    EXPECT_EQ(wrongness({}), "nothing");
    EXPECT_EQ(wrongness({.other_key = true}), to_string(Wrong::other_key));
    EXPECT_EQ(wrongness({.other_ca = true}), to_string(Wrong::other_issuer));
    EXPECT_EQ(wrongness({.id = "spiffe://mesh.test/db"}), to_string(Wrong::other_name));
    // The pod's own name alone: one beside it would let it pass for somebody else.
    EXPECT_EQ(wrongness({.further_ids = {"spiffe://mesh.test/db"}}), to_string(Wrong::other_name));
    EXPECT_EQ(wrongness({.dns = {"web.mesh.test"}}), to_string(Wrong::other_name));
    EXPECT_EQ(wrongness({.missing = 5s}), to_string(Wrong::other_life));
}

TEST(WrongLeaf, IsOneWhoseAnswerTellsAnotherSerialNumber) {
    Signed right;
    EXPECT_FALSE(right.wrong());
    const auto leaf = crypto::Certificate::from_pem(leaf_texts(right.answer.body)->certificate);
    right.say(leaf.value(), "00:01");
    ASSERT_TRUE(right.wrong());
    EXPECT_EQ(right.wrong()->wrong, Wrong::unreadable);
    EXPECT_NE(right.wrong()->detail.find("the answer says serial 00:01"), std::string::npos)
        << right.wrong()->detail;
}

TEST(WrongLeaf, MayBeShorterByTheTimeThatItsSigningTook) {
    Signed slow({.missing = 5s});
    slow.answer.signing = 6s;
    EXPECT_FALSE(slow.wrong()) << slow.wrong()->detail;
    slow.answer.signing = 1s;
    ASSERT_TRUE(slow.wrong());
    EXPECT_EQ(slow.wrong()->wrong, Wrong::other_life) << slow.wrong()->detail;
}

TEST(WrongLeaf, MayNotLiveLonger) {
    Signed longer({.missing = -5s});
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
