// What is written is read again as the same value.
#include "core/yaml/text.hpp"

#include <gtest/gtest.h>

#include "core/yaml/json.hpp"

namespace meshproof {
namespace {

using Json = nlohmann::json;

Json read_again(const Json& value) {
    const auto text = yaml_text(value);
    const auto documents = json_documents(text, "test");
    EXPECT_TRUE(documents.has_value()) << text << documents.error().message;
    return documents && documents->size() == 1 ? documents->front().value : Json("none of " + text);
}

TEST(YamlText, IsReadAgainAsTheSameValue) {
    const Json everything{
        {"word", "pki_int/roles/web"},
        {"words", {"true", "No", "null", "1", "1e3", "", "-", "a: b", "$(A.b)", "~", "ü", "#x"}},
        {"numbers", {0, -1, 1.5, 720}},
        {"flags", {true, false, nullptr}},
        {"empty", {{"list", Json::array()}, {"map", Json::object()}}},
        {"maps", {{{"a", 1}, {"b", {{"c", "d"}}}}, {{"e", {"f"}}}, Json::object()}},
        {"lists", {{1, 2}, {{3}, {4, 5}}}},
        {"a name: with a colon", "x"},
        {"policy", "path \"a/*\" {\n\tcapabilities = [\"read\"]\n\n}\n"},
        {"indented", "  first\nsecond\n"},
        {"unfinished", "first\nsecond"},
        {"two ends", "first\n\n"},
        {"control", std::string("a\x01\x7f\r\nb\n")}};
    EXPECT_EQ(read_again(everything), everything) << yaml_text(everything);
    EXPECT_EQ(read_again(Json("text")), Json("text"));
    EXPECT_EQ(read_again(Json({1, "two"})), Json({1, "two"}));
}

TEST(YamlText, IsForPeople) {
    EXPECT_EQ(yaml_text({{"mounts", {{{"path", "pki"}, {"type", "pki"}}}},
                         {"policies", {{"signer", "path \"a\" {\n}\n"}}}}),
              "mounts:\n"
              "  - path: pki\n"
              "    type: pki\n"
              "policies:\n"
              "  signer: |\n"
              "    path \"a\" {\n"
              "    }\n");
}

}  // namespace
}  // namespace meshproof
