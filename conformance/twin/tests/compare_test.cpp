#include "conformance/twin/compare.hpp"

#include <gtest/gtest.h>

#include "conformance/twin/chance.hpp"
#include "core/base/text.hpp"
#include "core/crypto/crl.hpp"
#include "core/crypto/key_id.hpp"
#include "core/time/time.hpp"

namespace meshproof::twin {
namespace {

constexpr std::int64_t new_year = 1'767'225'600;

http::Response answer_of(const Json& body, int status = 200) {
    http::Response out;
    out.status = status;
    out.body = body.dump();
    return out;
}

std::vector<std::string> members(const std::vector<Difference>& found) {
    std::vector<std::string> out;
    for (const auto& one : found) {
        out.push_back(one.aspect + " " + one.member);
    }
    return out;
}

/// What differs between two bodies alone.
std::vector<std::string> differing(const Json& real, const Json& fake, bool shared = false) {
    Comparison comparison("meshproof-abcdef-t1-");
    return members(comparison.compare("GET x", shared, answer_of(real), answer_of(fake)));
}

using Texts = std::vector<std::string>;
const std::string uuid_a = "06a42280-a042-5a9a-1170-5a577cc387d2";
const std::string uuid_b = "91e6ac0b-3bd7-44f8-9d0c-000000000002";
const std::string uuid_c = "91e6ac0b-3bd7-44f8-9d0c-000000000003";

TEST(Comparison, TakesChanceForChance) {
    EXPECT_EQ(differing({{"id", uuid_a}}, {{"id", uuid_b}}), Texts{});
    EXPECT_EQ(
        differing({{"serial", "01:02:03:04:05:06:07:08"}}, {{"serial", "11:12:13:14:15:16:17:18"}}),
        Texts{});
    EXPECT_EQ(differing({{"accessor", "auth_kubernetes_1a2b3c4d"}},
                        {{"accessor", "auth_kubernetes_5e6f7a8b"}}),
              Texts{});
    EXPECT_EQ(differing({{"client_token", "s.abcdefghijklmnopqrstuvwx"}},
                        {{"client_token", "s.zyxwvutsrqponmlkjihgfedc"}}),
              Texts{});
    EXPECT_EQ(differing({{"creation_time", 1767225600}}, {{"creation_time", 1767225601}}), Texts{});
    EXPECT_EQ(differing({{"t", "2026-01-01T00:00:00.123Z"}}, {{"t", "2026-01-01T00:00:01Z"}}),
              Texts{});
    EXPECT_EQ(
        differing({{"lease_id", "pki/issue/a/abcdefgh"}}, {{"lease_id", "pki/issue/a/zyxwvut"}}),
        Texts{});
}

TEST(Comparison, TakesGeneratedNamesAndDatesByASecondForChance) {
    EXPECT_EQ(differing({{"name", "meshproof-abcdef-t1-gx2x4p"}},
                        {{"name", "meshproof-abcdef-t1-g8b7cd"}}),
              Texts{});
    EXPECT_EQ(
        differing({{"name", "meshproof-abcdef-t1-gx2x4p"}}, {{"name", "meshproof-abcdef-t1-g8b7"}}),
        Texts{"body name"});
    EXPECT_EQ(differing({{"not_before", 1767225600}}, {{"not_before", 1767225601}}), Texts{});
    EXPECT_EQ(differing({{"not_after", 1767225600}}, {{"not_after", 1767225660}}),
              Texts{"body not_after"});
}

TEST(Comparison, WhetherTwoManagersWroteInOneSecondIsChance) {
    const auto entry = [](const char* manager, const char* time, const char* field) {
        return Json{{"manager", manager}, {"operation", "Update"}, {"time", time}, {"f", field}};
    };
    const auto of = [](Json first, Json second) {
        return Json{
            {"metadata", {{"managedFields", Json::array({std::move(first), std::move(second)})}}}};
    };
    const auto *early = "2026-01-01T00:00:00Z", *late = "2026-01-01T00:00:01Z";
    const auto in_one = of(entry("a", late, "x"), entry("b", late, "y"));
    EXPECT_EQ(differing(in_one, of(entry("b", early, "y"), entry("a", late, "x"))), Texts{});
    EXPECT_EQ(differing(in_one, of(entry("b", early, "x"), entry("a", late, "y"))),
              Texts{"body metadata.managedFields[].f"});
    // In one second they are in the order of their names.
    EXPECT_EQ(differing(in_one, of(entry("b", late, "y"), entry("a", late, "x"))),
              (Texts{"body metadata.managedFields[].f", "body metadata.managedFields[].manager"}));
}

TEST(Comparison, SeesWhatIsNoChance) {
    EXPECT_EQ(differing({{"n", 1}}, {{"n", 2}}), Texts{"body n"});
    EXPECT_EQ(differing({{"n", 1}}, {{"n", "1"}}), Texts{"body n"});
    EXPECT_EQ(differing({{"n", nullptr}}, Json::object()), Texts{"body n"});
    EXPECT_EQ(differing({{"id", uuid_a}}, {{"id", ""}}), Texts{"body id"});
    EXPECT_EQ(
        differing({{"accessor", "auth_kubernetes_1a2b3c4d"}}, {{"accessor", "auth_jwt_5e6f7a8b"}}),
        Texts{"body accessor"});
    EXPECT_EQ(differing({{"creation_time", 1767225600}}, {{"creation_time", 1767225699}}),
              Texts{"body creation_time"});
    EXPECT_EQ(differing({{"l", {"a", "b"}}}, {{"l", {"b", "a"}}}), Texts{"body l[]"});
    EXPECT_EQ(differing({{"errors", {"no role"}}}, {{"errors", {"no such role"}}}),
              Texts{"body errors[]"});
    EXPECT_EQ(
        differing({{"lease_id", "pki/issue/a/abcdefgh"}}, {{"lease_id", "pki/sign/a/zyxwvut"}}),
        Texts{"body lease_id"});
}

TEST(Comparison, HoldsThatOneNameStandsForOneThing) {
    Comparison comparison("own");
    const auto ask = [&](const std::string& real, const std::string& fake) {
        return members(comparison.compare("GET x", false, answer_of({{"id", real}}),
                                          answer_of({{"id", fake}})));
    };
    EXPECT_EQ(ask(uuid_a, uuid_b), Texts{});
    EXPECT_EQ(ask(uuid_a, uuid_b), Texts{});
    EXPECT_EQ(ask(uuid_a, uuid_c), Texts{"body id"});
    EXPECT_EQ(ask(uuid_c, uuid_b), Texts{"body id"});
}

TEST(Comparison, ReadsListsOfIdsWithoutOrder) {
    Comparison comparison("own");
    const Json both{{"first", uuid_a}, {"second", uuid_b}};
    const Json others{{"first", uuid_c}, {"second", "a1e6ac0b-3bd7-44f8-9d0c-000000000004"}};
    EXPECT_TRUE(comparison.compare("POST x", false, answer_of(both), answer_of(others)).empty());
    const Json list{{"ids", {both["first"], both["second"]}}};
    const Json turned{{"ids", {others["second"], others["first"]}}};
    EXPECT_TRUE(comparison.compare("LIST x", false, answer_of(list), answer_of(turned)).empty());
}

TEST(Comparison, TakesTheFirstOfSeveralWrongFieldsForChance) {
    const auto refusal = [](const std::string& rest) {
        const std::string front = "Field validation failed: error converting input ";
        return Json{{"errors", Json::array({front + rest})}};
    };
    const auto ttl = refusal(R"(for field "ttl": no duration)");
    EXPECT_EQ(differing(ttl, refusal(R"(for field "cas": no number)")), Texts{});
    EXPECT_EQ(differing(refusal(R"(x for field "ttl": no duration)"),
                        refusal(R"(y for field "cas": no number)")),
              Texts{});
    EXPECT_EQ(differing(ttl, refusal(R"(for field "ttl": no number)")), Texts{"body errors[]"});
    EXPECT_EQ(differing(ttl, {{"errors", Json::array({"no policy"})}}), Texts{"body errors[]"});
}

TEST(Comparison, ReadsTextsThatNameIds) {
    EXPECT_EQ(
        differing({{"errors", {"no issuer " + uuid_a}}}, {{"errors", {"no issuer " + uuid_b}}}),
        Texts{});
    EXPECT_EQ(without_chance("expires at 2026-01-01T00:00:00Z"), "expires at <time>");
}

TEST(Chance, IsSeenWithinTexts) {
    const std::vector<std::pair<std::string, std::string>> texts = {
        {"no " + uuid_a + "!", "no <uuid>!"},
        {"serial 01:02:03:04:05:06:07:08 is", "serial <serial> is"},
        {"at 2026-01-01 00:00:00.5 +0000 UTC.", "at <time>."},
        {"at 2026-01-01T00:00:00+01:00", "at <time>"},
        {"token hvs.abcdefghijklmnopqrstuvwxyz0", "token <token>"},
        {"Thu, 01 Jan 2026 00:00:00 GMT", "<date>"},
        {"dial 127.0.0.1:8200: refused", "dial <address>: refused"},
        {"123456789012345678901234", "<serial>"},
        {"(abcdefghijklMNOPQRSTuv12)", "(<accessor>)"},
        {"auth_kubernetes_1a2b3c4d", "auth_kubernetes_<accessor>"},
        {"the ResourceVersion in the precondition (12) does not match the ResourceVersion in "
         "record (2888). The",
         "the <version> does not match the <version>. The"},
        // Nothing of these is chance.
        {"the ResourceVersion in the precondition (a) does",
         "the ResourceVersion in the precondition (a) does"},
        {"01:02:03", "01:02:03"},
        {"2026-01-01", "2026-01-01"},
        {"class.abcdefghijklmnopqrstuvwxyz", "class.abcdefghijklmnopqrstuvwxyz"},
        {"a_1a2b3c4d5", "a_1a2b3c4d5"},
        {"127.0.0.1", "127.0.0.1"}};
    for (const auto& [text, expected] : texts) {
        EXPECT_EQ(without_chance(text), expected);
    }
    const std::string very_long(1U << 20, 'a');  // no stack by the letter
    EXPECT_EQ(without_chance(very_long), very_long);
}

TEST(Chance, IsANamesLook) {
    EXPECT_EQ(look_of(uuid_a), "uuid");
    EXPECT_EQ(look_of("01:02:03:04:05:06:07:08"), "serial");
    EXPECT_EQ(look_of("s.abcdefghijklmnopqrstuvwx"), "s.");
    EXPECT_EQ(look_of("auth_kubernetes_1a2b3c4d"), "auth_kubernetes");
    for (const auto* word : {"", "default", "s.short", "01:02", "a_b"}) {
        EXPECT_EQ(look_of(word), "") << word;
    }
}

TEST(Comparison, ReadsListsOfAClusterForTheRunsOwnObjects) {
    const auto object = [](const std::string& name, int version) {
        return Json{{"metadata", {{"name", name}, {"resourceVersion", std::to_string(version)}}}};
    };
    const auto list = [&](Json items, int version) {
        return Json{{"metadata", {{"resourceVersion", std::to_string(version)}}}, {"items", items}};
    };
    const std::string own = "meshproof-abcdef-t1-a";
    const auto real = list(Json::array({object("kube-root-ca.crt", 3), object(own, 17)}), 90);
    EXPECT_EQ(differing(real, list(Json::array({object(own, 4)}), 5), true), Texts{});
    EXPECT_EQ(differing(real, list(Json::array(), 5), true), Texts{"body items"});
}

TEST(Comparison, SeesAVersionThatMovesWhereNothingChanged) {
    Comparison comparison("own");
    const auto ask = [&](const std::string& real, const std::string& fake) {
        return members(comparison.compare("GET x", false,
                                          answer_of({{"metadata", {{"resourceVersion", real}}}}),
                                          answer_of({{"metadata", {{"resourceVersion", fake}}}})));
    };
    EXPECT_EQ(ask("17", "4"), Texts{});
    EXPECT_EQ(ask("17", "5"), Texts{"body metadata.resourceVersion"});
}

TEST(Comparison, ReadsYamlAsTheValueThatItIs) {
    http::Response real, fake;
    real.headers.set("Content-Type", "application/yaml");
    fake.headers = real.headers;
    real.body = "a: 1\nb: [x]\n";
    fake.body = "b:\n- x\na: 1\n";
    Comparison comparison("own");
    EXPECT_EQ(members(comparison.compare("GET x", false, real, fake)), Texts{});
    fake.body = "b:\n- x\na: 2\n";
    EXPECT_EQ(members(comparison.compare("GET x", false, real, fake)), Texts{"body a"});
}

TEST(Comparison, ReadsSharedListsForTheRunsOwnNames) {
    const Json real{{"data", {{"keys", {"default", "meshproof-abcdef-t1-a", "somebody's"}}}}};
    const Json fake{{"data", {{"keys", {"default", "meshproof-abcdef-t1-a"}}}}};
    EXPECT_EQ(differing(real, fake, true), Texts{});
    EXPECT_NE(differing(real, fake, false), Texts{});
    const Json entry{{"type", "kv"}};
    EXPECT_EQ(differing({{"secret/", entry}, {"meshproof-abcdef-t1-m/", entry}},
                        {{"meshproof-abcdef-t1-m/", entry}}, true),
              Texts{});
}

TEST(Comparison, TakesAListOfOthersForNone) {
    Comparison comparison("meshproof-abcdef-t1-");
    const auto others = answer_of({{"data", {{"keys", {"somebody's"}}}}});
    const auto ours = answer_of({{"data", {{"keys", {"meshproof-abcdef-t1-a"}}}}});
    const auto none = answer_of({{"errors", Json::array()}}, 404);
    EXPECT_TRUE(comparison.compare("LIST x", true, others, none).empty());
    EXPECT_EQ(members(comparison.compare("LIST x", true, ours, none)), Texts{"status "});
    EXPECT_EQ(members(comparison.compare("LIST x", false, others, none)), Texts{"status "});
}

TEST(Comparison, TellsWhereTheTwoPart) {
    Comparison comparison("own");
    const auto parted = comparison.compare("POST x", false, answer_of({}, 200), answer_of({}, 400));
    ASSERT_EQ(parted.size(), 1U);
    EXPECT_EQ(parted.front().aspect, "status");
    EXPECT_TRUE(parted.front().parted);
    const auto both_refuse =
        comparison.compare("POST x", false, answer_of({}, 500), answer_of({}, 400));
    ASSERT_EQ(both_refuse.size(), 1U);
    EXPECT_FALSE(both_refuse.front().parted);
}

TEST(Comparison, CallsTheRunsOwnTheSameEachTime) {
    const auto member_of = [](const std::string& own) {
        Comparison comparison(own);
        const auto found = comparison.compare(
            "GET x", true, answer_of({{own + "m/", Json::object()}}), answer_of(Json::object()));
        return found.empty() ? std::string("nothing") : found.front().signature();
    };
    EXPECT_EQ(member_of("meshproof-abcdef-t1-"), member_of("meshproof-abcdef-t22-"));
    EXPECT_NE(member_of("meshproof-abcdef-t1-"), "nothing");
}

TEST(Comparison, ReadsHeadersThatClientsLookAt) {
    auto real = answer_of({}), fake = answer_of({});
    real.headers.set("Content-Type", "application/json");
    fake.headers.set("Content-Type", "text/plain");
    real.headers.set("Date", "today");
    Comparison comparison("own");
    EXPECT_EQ(members(comparison.compare("GET x", false, real, fake)),
              Texts{"header Content-Type"});
}

struct Leaf {
    crypto::Key key = crypto::Key::generate(crypto::KeyType::p256);
    std::optional<Bytes> key_id = {};
    [[nodiscard]] crypto::Certificate made(const std::string& name, std::int64_t until) const {
        crypto::CertificateSpec spec;
        spec.other_subject_key_id = key_id;
        spec.serial = Bytes(20, static_cast<std::uint8_t>(until % 100 + 1));
        spec.subject.common_name = name;
        spec.not_before = from_unix_seconds(new_year);
        spec.not_after = from_unix_seconds(until);
        spec.alt_names.dns = {name};
        return crypto::sign_certificate(spec, key.public_key(), key, nullptr);
    }
};

TEST(Comparison, ComparesCertificatesFieldByField) {
    const Leaf real, fake;
    const auto until = new_year + 3600;
    EXPECT_EQ(differing({{"certificate", real.made("a", until).pem()}},
                        {{"certificate", fake.made("a", until + 1).pem()}}),
              Texts{});
    const auto found = differing({{"certificate", real.made("a", until).pem()}},
                                 {{"certificate", fake.made("b", until + 60).pem()}});
    EXPECT_EQ(found, (Texts{"body certificate[].certificate.issuer",
                            "body certificate[].certificate.names.dns[]",
                            "body certificate[].certificate.not_after",
                            "body certificate[].certificate.subject"}));
}

// The same key is told of in a certificate and by itself, with every byte of its id.
TEST(Comparison, AKeysIdMayBeginWithZero) {
    Leaf real, fake;
    real.key_id = Bytes(20, 7);
    real.key_id->front() = 0;
    fake.key_id = Bytes(20, 9);
    const auto told = [](const Leaf& leaf) {
        return Json{{"certificate", leaf.made("a", new_year + 3600).pem()},
                    {"subject_key_id", crypto::key_id_text(*leaf.key_id)}};
    };
    EXPECT_EQ(differing(told(real), told(fake)), Texts{});
}

TEST(Comparison, ReadsDerWithinJson) {
    const auto csr = [](const std::string& name, crypto::KeyType type) {
        crypto::Csr::Spec spec;
        spec.subject.common_name = name;
        return Json{{"csr", to_base64(crypto::Csr::make(spec, crypto::Key::generate(type)).der())}};
    };
    const auto p256 = crypto::KeyType::p256;
    EXPECT_EQ(differing(csr("a", p256), csr("a", p256)), Texts{});
    EXPECT_EQ(differing(csr("a", p256), csr("b", p256)), Texts{"body csr.request.subject"});
    // A serial number in a name may be shorter than the other.
    const auto* serial = "01:02:03:04:05:06:07:08:09:0a";
    EXPECT_EQ(differing(csr(serial, p256), csr(serial + 3, p256)), Texts{});
    EXPECT_EQ(differing(csr("a", p256), csr("a", crypto::KeyType::rsa_2048)),
              (Texts{"body csr.request.key", "body csr.request.signed_with"}));
    const auto key = [](const std::string& bytes) {
        return Json{{"private_key", to_base64(bytes)}};
    };
    EXPECT_EQ(differing(key("\x30\x03\x02\x01\x05"), key("\x30\x03\x02\x01\x06")), Texts{});
    EXPECT_EQ(differing(key("\x30\x03\x02\x01\x05"), key("\x30\x04\x02\x01\x06")),
              Texts{"body private_key"});
}

TEST(Comparison, ComparesCrlsFieldByField) {
    const Leaf real, fake;
    const auto crl_of = [](const Leaf& leaf, std::uint64_t number, std::vector<Bytes> serials) {
        crypto::Crl::Spec spec;
        spec.number = number;
        spec.this_update = from_unix_seconds(new_year);
        spec.next_update = from_unix_seconds(new_year + 3600);
        for (auto& serial : serials) {
            spec.entries.push_back({std::move(serial), from_unix_seconds(new_year)});
        }
        return crypto::Crl::make(spec, leaf.made("a", new_year + 3600), leaf.key).pem();
    };
    const Bytes one(20, 1), two(20, 2), three(20, 3);
    EXPECT_EQ(differing({{"crl", crl_of(real, 2, {one})}}, {{"crl", crl_of(fake, 2, {two})}}),
              Texts{});
    EXPECT_EQ(differing({{"crl", crl_of(real, 2, {one})}}, {{"crl", crl_of(fake, 3, {two})}}),
              Texts{"body crl[].crl.number"});
    EXPECT_EQ(
        differing({{"crl", crl_of(real, 2, {one, two})}}, {{"crl", crl_of(fake, 2, {three})}}),
        (Texts{"body crl[].crl.revoked", "body crl[].crl.revoked_at"}));
}

}  // namespace
}  // namespace meshproof::twin
