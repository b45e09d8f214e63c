#pragma once

#include <bit>
#include <cstdint>
#include <string>
#include <string_view>

/// Fields onto the wire of protobuf (protobuf.dev/programming-guides/encoding).
namespace meshproof::fakes::kube {

enum WireType : std::uint64_t { varint_wire = 0, fixed64_wire = 1, length_wire = 2 };

inline void put_varint(std::string& out, std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) {
        out += static_cast<char>(value | 0x80);
    }
    out += static_cast<char>(value);
}

/// A text, bytes or a message.
inline void put_bytes(std::string& out, std::uint64_t number, std::string_view bytes) {
    put_varint(out, number << 3 | length_wire);
    put_varint(out, bytes.size());
    out += bytes;
}

inline void put_float64(std::string& out, std::uint64_t number, double value) {
    put_varint(out, number << 3 | fixed64_wire);
    const auto bits = std::bit_cast<std::uint64_t>(value);
    for (unsigned shift = 0; shift < 64; shift += 8) {  // the lowest byte comes first
        out += static_cast<char>(bits >> shift & 0xFFU);
    }
}

}  // namespace meshproof::fakes::kube
