#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/time/time.hpp"

namespace meshproof::conformance::mutation {

/// A DER value as a tree that can be changed and written again. Tags of one byte only, which is all
/// that X.509 has.
struct Der {
    std::uint8_t tag = 0;
    std::string content{};        ///< of a primitive value
    std::vector<Der> children{};  ///< of a constructed one

    [[nodiscard]] bool constructed() const { return (tag & 0x20U) != 0; }
    [[nodiscard]] std::string write() const;
    /// One value and nothing after it.
    [[nodiscard]] static std::optional<Der> read(std::string_view bytes);
};

inline constexpr std::uint8_t der_boolean = 0x01, der_integer = 0x02, der_bits = 0x03,
                              der_octets = 0x04, der_oid = 0x06, der_enumerated = 0x0a,
                              der_utf8 = 0x0c, der_printable = 0x13, der_ia5 = 0x16,
                              der_utc_time = 0x17, der_time = 0x18, der_sequence = 0x30,
                              der_set = 0x31;

/// "2.5.29.15" as the content of an OID.
[[nodiscard]] std::string oid_content(std::string_view dotted);
[[nodiscard]] std::string dotted_oid(std::string_view content);

/// A primitive value with another content of its kind: numbers greater by one, booleans flipped,
/// times a minute later, texts and bytes with another last character. False where there is none.
bool alter(Der& value);
/// UTCTime or GeneralizedTime, moved; false where it is none, or not written in whole seconds.
bool move_time(Der& time, Duration by);

}  // namespace meshproof::conformance::mutation
