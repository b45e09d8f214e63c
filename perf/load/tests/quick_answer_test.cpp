// The quick way of reading an answer beside the general one: the same texts, or none.
#include "perf/load/quick_answer.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "core/base/answer.hpp"
#include "core/base/json_text.hpp"
#include "core/time/prng.hpp"

namespace meshproof::load {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view pem = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----";

/// As Vault writes it, in its order.
std::string usual_answer() {
    return Json{{"request_id", "6d2f8c1e-0000-4a5b-9c9d-2b6f1e7a8b9c"},
                {"lease_id", ""},
                {"renewable", false},
                {"lease_duration", 0},
                {"data",
                 {{"ca_chain", {pem, pem}},
                  {"certificate", pem},
                  {"expiration", 1798761600},
                  {"issuing_ca", pem},
                  {"serial_number", "0a:1b:2c"}}},
                {"wrap_info", nullptr},
                {"warnings", {"a \"quoted\"\tone", "C:\\"}},
                {"auth", nullptr},
                {"mount_type", "pki"}}
               .dump() +
           "\n";
}

/// What the general way reads; nothing where it finds something wrong.
std::optional<LeafTexts> general(std::string_view answer) {
    const auto json = json_or_null(answer);
    AnswerFields fields(json, "sign");
    const LeafTexts texts{fields.text("data.certificate"), fields.text("data.serial_number")};
    return fields.problem() ? std::nullopt : std::optional(texts);
}

TEST(QuickAnswer, ReadsWhatServersWrite) {
    const auto quick = quick_leaf_texts(usual_answer());
    ASSERT_TRUE(quick);
    EXPECT_EQ(quick->certificate, pem);
    EXPECT_EQ(quick->serial_number, "0a:1b:2c");
    EXPECT_EQ(quick, quick_leaf_texts(Json::parse(usual_answer()).dump(2)));
}

TEST(QuickAnswer, LeavesTheRestToTheGeneralWay) {
    constexpr std::array texts = {
        "",
        "null",
        "[]",
        "{}",
        R"({"data":null})",
        R"({"data":{}})",
        R"({"data":{"certificate":"a"}})",
        R"({"data":{"certificate":"a","serial_number":null}})",
        R"({"data":{"certificate":1,"serial_number":"b"}})",
        R"({"data":{"certificate":"\u0061","serial_number":"b"}})",
        R"({"d\u0061ta":{"certificate":"a","serial_number":"b"}})",
        R"({"data":{"certificate":"a","certificate":"c","serial_number":"b"}})",
        R"({"data":{"certificate":"a","serial_number":"b"},"data":{}})",
        R"({"data":{"certificate":"a","serial_number":"b"}} x)",
        R"({"data":{"certificate":"a","serial_number":"b"})",
        R"({"data":{"certificate":"a","serial_number":"b"},})",
        R"({"data":{"certificate":"a","serial_number":"b","x":01}})",
        R"({"data":{"certificate":"a","serial_number":"b","x":1.5}})",
        R"({"data":{"certificate":"a","serial_number":"b","x":-}})",
        R"({"data":{"certificate":"a","serial_number":"b","x":tru}})",
        R"({"data":{"certificate":"a","serial_number":"b\q"}})",
        R"({"data":{"certificate":"ä","serial_number":"b"}})",
        R"({"certificate":"a","serial_number":"b"})",
    };
    for (const auto* text : texts) {
        EXPECT_FALSE(quick_leaf_texts(text)) << text;
    }
    EXPECT_FALSE(quick_leaf_texts(std::string(R"({"x":)") + std::string(2000, '[')));
}

TEST(QuickAnswer, SaysNothingElseThanTheGeneralWayOfDamagedText) {
    const auto usual = usual_answer();
    constexpr std::string_view pieces = "{}[]\",:\\/untrfals0123456789-+.eE \n\t\x7f\x80\xc3";
    Prng chance(11);
    std::size_t read = 0;
    for (int i = 0; i < 20'000; ++i) {
        auto text = usual;
        for (auto left = 1 + chance.below(3); left > 0; --left) {
            const auto at = chance.below(text.size());
            const auto piece = pieces[chance.below(pieces.size())];
            switch (chance.below(4)) {
                case 0:
                    text[at] = piece;
                    break;
                case 1:
                    text.insert(at, 1, piece);
                    break;
                case 2:
                    text.erase(at, 1 + chance.below(4));
                    break;
                default:
                    text.insert(at, text.substr(chance.below(text.size()), chance.below(200)));
            }
        }
        if (const auto quick = quick_leaf_texts(text)) {
            ++read;
            ASSERT_EQ(quick, general(text)) << text;
        }
    }
    EXPECT_GT(read, 1000U);  // or it would show nothing
}

}  // namespace
}  // namespace meshproof::load
