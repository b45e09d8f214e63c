#include "fakes/vault/logical/json_fault.hpp"

#include <gtest/gtest.h>

namespace meshproof::fakes::vault {

TEST(JsonFault, IsNoneOfJson) {
    for (const auto product : {Product::openbao, Product::vault}) {
        for (const auto* text : {"null", " true ", "-1.5e+3", "\"a\\n\\u00e4\"", "[]", "[1, {}]",
                                 "{\"a\": [null], \"b\": \"c\"}"}) {
            EXPECT_EQ(json_fault(text, product), "") << text;
        }
    }
}

TEST(JsonFault, NamesTheCharacter) {
    for (const auto product : {Product::openbao, Product::vault}) {
        for (const auto& [text, told] :
             {std::pair("a", "'a' looking for beginning of value"),
              std::pair("'a'", "'\\'' looking for beginning of value"),
              std::pair("[a", "'a' looking for beginning of value"),
              std::pair("1.2.x", "'.' after top-level value"),
              std::pair("0x5", "'x' after top-level value"),
              std::pair("\"b\"]", "']' after top-level value"),
              std::pair("[1 2]", "'2' after array element"),
              std::pair("{a}", "'a' looking for beginning of object key string"),
              std::pair("{\"a\":1,}", "'}' looking for beginning of object key string"),
              std::pair("{\"a\"}", "'}' after object key"),
              std::pair("{\"a\":1 2}", "'2' after object key:value pair"),
              std::pair("trux", "'x' in literal true (expecting 'e')"),
              std::pair("-a", "'a' in numeric literal")}) {
            EXPECT_EQ(json_fault(text, product), std::string("invalid character ") + told) << text;
        }
    }
}

TEST(JsonFault, DiffersWithTheProductsGo) {
    struct Case {
        const char *text, *openbao, *vault;
    };
    constexpr auto end = "unexpected end of JSON input";
    for (const auto& [text, openbao, vault] :
         {Case{"[1", end, end}, Case{"\"a", end, end}, Case{"", end, end},
          Case{"tru", end, "invalid character ' ' in literal true (expecting 'e')"},
          Case{"-", end, "invalid character ' ' in numeric literal"},
          Case{"1.a", "invalid character 'a' in numeric literal",
               "invalid character 'a' after decimal point in numeric literal"},
          Case{"1ex", "invalid character 'x' in numeric literal",
               "invalid character 'x' in exponent of numeric literal"},
          Case{"\"a\nb\"", "invalid character '\\n' in string",
               "invalid character '\\n' in string literal"},
          Case{"\u00e4", "invalid character '\u00e4' looking for beginning of value",
               "invalid character '\u00c3' looking for beginning of value"}}) {
        EXPECT_EQ(json_fault(text, Product::openbao), openbao) << text;
        EXPECT_EQ(json_fault(text, Product::vault), vault) << text;
    }
}

}  // namespace meshproof::fakes::vault
