#include <gtest/gtest.h>

#include "fakes/vault/logical/fields.hpp"
#include "fakes/vault/logical/names.hpp"

namespace meshproof::fakes::vault {

using namespace std::chrono_literals;

namespace {

const Fields& fields() {
    static const Fields all{{{"text", FieldType::text},
                             {"number", FieldType::integer},
                             {"flag", FieldType::boolean},
                             {"ttl", FieldType::duration},
                             {"names", FieldType::list},
                             {"any", FieldType::json}}};
    return all;
}

FieldData read(const Json& data) {
    return *FieldData::read(fields(), data, Product::openbao);
}

std::string refusal(const Json& data, Product product) {
    return FieldData::read(fields(), data, product).error().message;
}

}  // namespace

TEST(FieldData, CoercionIsLoose) {
    EXPECT_EQ(read({{"text", 5}}).text("text"), "5");
    EXPECT_EQ(read({{"text", true}}).text("text"), "1");
    EXPECT_EQ(read({{"number", "7"}}).integer("number"), 7);
    EXPECT_TRUE(read({{"flag", "true"}}).boolean("flag"));
    EXPECT_TRUE(read({{"flag", 1}}).boolean("flag"));
    EXPECT_FALSE(read({{"flag", ""}}).boolean("flag", true));
    EXPECT_EQ(read({{"ttl", 60}}).duration("ttl"), 60s);
    EXPECT_EQ(read({{"ttl", "60"}}).duration("ttl"), 60s);
    EXPECT_EQ(read({{"ttl", "1d"}}).duration("ttl"), 24h);
    EXPECT_EQ(read({{"ttl", ""}}).duration("ttl", 5s), 0s);
    EXPECT_EQ(read({{"names", "a, b"}}).list("names"), (std::vector<std::string>{"a", "b"}));
    EXPECT_EQ(read({{"names", {"a", 5}}}).list("names"), (std::vector<std::string>{"a", "5"}));
    EXPECT_EQ(read({{"any", {{"a", 1}}}}).json("any")["a"], 1);
    EXPECT_TRUE(read({{"text", nullptr}}).has("text"));
    EXPECT_EQ(read({{"ttl", nullptr}}).duration("ttl", 5s), 5s);
    EXPECT_FALSE(read(Json::object()).has("text"));
    EXPECT_EQ(read(Json::object()).text("text", "else"), "else");
}

TEST(FieldData, ListsTimesAndObjectsAreReadAsTheServersDo) {
    const Fields all{{{"strings", FieldType::strings},
                      {"time", FieldType::time},
                      {"object", FieldType::object},
                      {"pairs", FieldType::pairs}}};
    const auto said = [&](const Json& data, Product product) {
        const auto data_read = FieldData::read(all, data, product);
        return data_read ? std::string() : data_read.error().message;
    };
    const auto given = *FieldData::read(all,
                                        {{"strings", true},
                                         {"time", 1900000000},
                                         {"object", {{{"a", 1}}, {{"b", 2}}}},
                                         {"pairs", nullptr}},
                                        Product::vault);
    EXPECT_EQ(given.list("strings"), std::vector<std::string>{"1"});
    EXPECT_EQ(given.text("time"), "2030-03-17T17:46:40Z");
    EXPECT_EQ(given.json("object"), (Json{{"a", 1}, {"b", 2}}));
    EXPECT_TRUE(given.has("pairs"));
    EXPECT_FALSE(given.pairs("pairs"));
    const std::string front = "Field validation failed: error converting input for field ";
    EXPECT_EQ(said({{"strings", {{{"a", 1}}}}}, Product::openbao),
              front +
                  "\"strings\": decoding failed due to the following error(s):\n\n'[0]' "
                  "expected type 'string', got unconvertible type 'map[string]interface {}'");
    EXPECT_EQ(said({{"object", Json::array({1})}}, Product::openbao),
              front +
                  "\"object\": '[0]' expected type 'map[string]interface {}', got "
                  "unconvertible type 'json.Number'");
    EXPECT_EQ(said({{"time", "b"}}, Product::openbao),
              front + "\"time\": could not parse string as date and time");
    EXPECT_EQ(said({{"time", 1.5}}, Product::openbao),
              front + "\"time\": strconv.ParseInt: parsing \"1.5\": invalid syntax");
}

TEST(FieldData, WhatCannotBeReadIsRefusedInTheProductsWords) {
    const std::string front = "Field validation failed: error converting input ";
    EXPECT_EQ(refusal({{"ttl", "xx"}}, Product::openbao),
              front + "for field \"ttl\": time: invalid duration \"xx\"");
    EXPECT_EQ(refusal({{"ttl", "xx"}}, Product::vault),
              front + "xx for field \"ttl\": time: invalid duration \"xx\"");
    EXPECT_EQ(refusal({{"ttl", -5}}, Product::vault),
              front + "-5 for field \"ttl\": cannot provide negative value '-5'");
    EXPECT_EQ(refusal({{"text", {"a"}}}, Product::vault),
              front +
                  "[a] for field \"text\": '' expected type 'string', got unconvertible type "
                  "'[]interface {}', "
                  "value: '[a]'");
    EXPECT_EQ(refusal({{"flag", "maybe"}}, Product::openbao),
              front +
                  "for field \"flag\": '' cannot parse value as 'bool': strconv.ParseBool: invalid "
                  "syntax");
    EXPECT_EQ(refusal({{"number", 1.5}}, Product::vault),
              front +
                  "1.5 for field \"number\": cannot parse '' as int: strconv.ParseInt: parsing "
                  "\"1.5\": invalid "
                  "syntax");
}

TEST(FieldData, UnknownFieldsAreTold) {
    const auto data = read({{"z", 1}, {"a", 1}, {"text", "x"}});
    auto answered = BackendResponse::with(Json::object());
    data.warn_unrecognized(answered);
    EXPECT_EQ(answered.warnings,
              std::vector<std::string>{"Endpoint ignored these unrecognized parameters: [a z]"});
    auto silent = BackendResponse::nothing();
    data.warn_unrecognized(silent);
    EXPECT_TRUE(silent.warnings.empty());
}

TEST(Uuid, IsAFunctionOfTheSeed) {
    Prng one(1);
    Prng again(1);
    const auto uuid = make_uuid(one);
    EXPECT_EQ(uuid, make_uuid(again));
    EXPECT_NE(uuid, make_uuid(one));
    EXPECT_EQ(uuid.size(), 36U);
    EXPECT_EQ(uuid[14], '4');
}

// Nobody counts what one text holds but this.
TEST(FieldData, AListIsOfSoManyItems) {
    const std::string many(most_items - 1, ',');
    EXPECT_EQ(read({{"names", many}}).list("names").size(), most_items);
    for (const auto product : {Product::openbao, Product::vault}) {
        EXPECT_NE(refusal({{"names", many + ","}}, product)
                      .find("expected at most 20000 items, got 20001"),
                  std::string::npos);
    }
}

}  // namespace meshproof::fakes::vault
