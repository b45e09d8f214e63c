#include "conformance/twin/description.hpp"

#include <gtest/gtest.h>

#include "conformance/twin/tests/servers.hpp"
#include "conformance/twin/topics.hpp"

namespace meshproof::twin {
namespace {

const Operation* operation_of(const Description& description, const std::string& key) {
    for (const auto& one : description.operations) {
        if (one.key() == key) {
            return &one;
        }
    }
    return nullptr;
}

TEST(Description, ReadsParametersWithTypeDefaultAndWords) {
    const auto read = read_description(small_document("meshproof-abcdef-pki"),
                                       {.mounts = {{"meshproof-abcdef-pki", "{pki}"}}});
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(read->version, "2.7.2");
    const auto* write = operation_of(*read, "POST {pki}/roles/{name}");
    ASSERT_NE(write, nullptr);
    const auto* name = write->find("name", In::path);
    ASSERT_NE(name, nullptr);
    EXPECT_TRUE(name->required);
    const auto* ttl = write->find("ttl", In::body);
    ASSERT_NE(ttl, nullptr);
    EXPECT_EQ(ttl->type, ValueType::integer);
    EXPECT_EQ(ttl->format, "seconds");
    const auto* type = write->find("key_type", In::body);
    ASSERT_NE(type, nullptr);
    EXPECT_EQ(type->fallback, "rsa");
    EXPECT_EQ(type->words.size(), 2U);
}

TEST(Description, ListsByVaultsOwnVerbWhereTheyMustBeAskedAsLists) {
    const auto read = read_description(small_document("pki"), {.mounts = {{"pki", "{pki}"}}});
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_NE(operation_of(*read, "LIST {pki}/roles"), nullptr);
    EXPECT_EQ(operation_of(*read, "GET {pki}/roles"), nullptr);
}

TEST(Description, CountsAPathsParametersOnce) {
    const auto read = read_description(small_document("pki"), {.mounts = {{"pki", "{pki}"}}});
    ASSERT_TRUE(read) << read.error().message;
    const auto size = size_of(*read);
    // roles/{name} with GET, POST and DELETE, and the list: `name` once, three of the body, `list`.
    EXPECT_EQ(size, (Size{.paths = 2, .operations = 4, .parameters = 5}));
}

TEST(Description, TellsMembersOfMembersApartAsDeepAsAsked) {
    const Json schema{{"type", "object"},
                      {"properties",
                       {{"spec",
                         {{"allOf", Json::array({Json{{"$ref", "#/components/schemas/Spec"}}})},
                          {"default", Json::object()}}}}}};
    const Json document{
        {"openapi", "3.0.0"},
        {"paths",
         {{"/api/v1/namespaces/{namespace}/pods",
           {{"post", {{"requestBody", {{"content", {{"*/*", {{"schema", schema}}}}}}}}}}}}},
        {"components",
         {{"schemas",
           {{"Spec",
             {{"type", "object"}, {"properties", {{"nodeName", {{"type", "string"}}}}}}}}}}}};
    const auto flat = read_description(document);
    const auto deep = read_description(document, {.mounts = {}, .deepest = 2});
    ASSERT_TRUE(flat && deep);
    EXPECT_EQ(flat->operations.front().find("spec.nodeName", In::body), nullptr);
    const auto* node = deep->operations.front().find("spec.nodeName", In::body);
    ASSERT_NE(node, nullptr);
    EXPECT_EQ(node->type, ValueType::text);
}

TEST(Description, SaysWhatItCannotRead) {
    const auto read = read_description(Json{{"errors", Json::array()}});
    ASSERT_FALSE(read);
    EXPECT_NE(read.error().message.find("paths: expected an object"), std::string::npos);
}

TEST(Topics, PatternsHoldForWholeKeys) {
    EXPECT_TRUE(matches("* {pki}/roles/*", "POST {pki}/roles/{name}"));
    EXPECT_TRUE(matches("*", ""));
    EXPECT_TRUE(matches("a*c*e", "abcde"));
    EXPECT_FALSE(matches("* sys/policy", "GET sys/policy/{name}"));
    EXPECT_FALSE(matches("a*b", "ac"));
}

TEST(Topics, NeverAskWhatTouchesEverybodys) {
    Description description;
    description.operations = {{.method = "POST", .path = "auth/token/tidy"},
                              {.method = "POST", .path = "auth/token/create"}};
    const auto asked = operations_of(*topic_named("token"), description);
    ASSERT_EQ(asked.size(), 1U);
    EXPECT_EQ(asked.front()->path, "auth/token/create");
}

}  // namespace
}  // namespace meshproof::twin
