#include "fakes/vault/logical/envelope.hpp"

#include <gtest/gtest.h>

#include "core/time/prng.hpp"

namespace meshproof::fakes::vault {

namespace {

/// Byte by byte, from the library's own text.
std::string written_slowly(const std::string& text) {
    std::string out;
    for (const char c : Json(text).dump(-1, ' ', false, Json::error_handler_t::replace)) {
        out += c == '<'   ? "\\u003c"
               : c == '>' ? "\\u003e"
               : c == '&' ? "\\u0026"
                          : std::string(1, c);
    }
    return out;
}

}  // namespace

// In pieces, or by the library where there is more than ASCII: both are the same.
TEST(Envelope, TextsAreWrittenAsTheirCharacters) {
    const std::string characters = "az \"\\<>&\n\t\r\b\f\x01\x1f\x7f";
    const std::vector<std::string> beyond{"\u00e4", "\u20ac", "\U0001F600", "\xc3",     "\xe2\x82",
                                          "\xff",   "\xa9",   "\xed\xa0",   "\xf0\x9f", "\u2028"};
    Prng prng(7);
    for (int round = 0; round < 3'000; ++round) {
        std::string text;
        for (auto left = prng.below(12); left > 0; --left) {
            text += prng.chance(0.5) ? std::string(1, characters[prng.below(characters.size())])
                                     : beyond[prng.below(beyond.size())];
        }
        EXPECT_EQ(go_json(Json{{"k", text}}), "{\"k\":" + written_slowly(text) + "}\n");
    }
}

}  // namespace meshproof::fakes::vault
