#include "fakes/vault/logical/go_text.hpp"

#include <gtest/gtest.h>

namespace meshproof::fakes::vault {

TEST(GoText, WhatDoesNotPrintIsEscaped) {
    for (const auto& [text, quoted] :
         {std::pair("a\nb\"\\", R"("a\nb\"\\")"), std::pair("\x01\x7f", R"("\x01\x7f")"),
          std::pair("\u00e4 \U0001F600", "\"\u00e4 \U0001F600\""),
          std::pair("\u0080\u00a0\u00ad", R"("\u0080\u00a0\u00ad")"),
          std::pair("\u200b\u2028\u3000\ufeff", R"("\u200b\u2028\u3000\ufeff")"),
          std::pair("\U000E0001", R"("\U000e0001")"), std::pair("\ufffd", "\"\ufffd\""),
          std::pair("a\xff\xc3", R"("a\xff\xc3")"), std::pair("\xed\xa0\x80", R"("\xed\xa0\x80")"),
          std::pair("\xf4\x90\x80\x80", R"("\xf4\x90\x80\x80")")}) {
        EXPECT_EQ(go_quoted(text), quoted);
    }
}

TEST(GoText, WrongHexIsShownByItsByte) {
    for (const auto& [text, fault] :
         {std::pair("0aF1", ""), std::pair("", ""), std::pair("abc", "odd length hex string"),
          std::pair("abz", "invalid byte: U+007A 'z'"), std::pair("'", "invalid byte: U+0027 '''"),
          std::pair("\u00e4\u20ac", "invalid byte: U+00C3 '\u00c3'"),
          std::pair("\U0001F600", "invalid byte: U+00F0 '\u00f0'"),
          std::pair("a\n", "invalid byte: U+000A"), std::pair("\x7f", "invalid byte: U+007F"),
          std::pair("\x80", "invalid byte: U+0080"), std::pair("\xad", "invalid byte: U+00AD")}) {
        EXPECT_EQ(go_hex_fault(text),
                  *fault == 0 ? std::string() : "encoding/hex: " + std::string(fault));
    }
}

TEST(GoText, BlanksAreThoseOfUnicode) {
    for (const auto& [text, trimmed] :
         {std::pair(" \t\v\f\r\na b\u00a0", "a b"), std::pair("\u2003\u3000\u0085", ""),
          std::pair("\u2028x\u202f", "x"), std::pair("\u200bx\ufeff", "\u200bx\ufeff"),
          std::pair("\u00e4", "\u00e4"), std::pair("a\x80\xa0", "a\x80\xa0"), std::pair("", "")}) {
        EXPECT_EQ(go_trimmed(text), trimmed);
    }
}

// A text of each part within another's would take as often as long as they are deep.
TEST(GoText, ValuesAreOfAnyDepth) {
    EXPECT_EQ(go_value(nlohmann::json::parse(R"({"b":[1,[],"x",null],"a":{"c":true}})")),
              "map[a:map[c:true] b:[1 [] x <nil>]]");
    nlohmann::json deep = std::string(1'000'000, 'x');
    for (int level = 0; level < 900; ++level) {
        deep = nlohmann::json::array({std::move(deep)});
    }
    EXPECT_EQ(go_value(deep).size(), 1'001'800U);
}

}  // namespace meshproof::fakes::vault
