#pragma once

#include <cstdint>
#include <string>
#include <string_view>

/// Fields onto the wire of protobuf (protobuf.dev/programming-guides/encoding).
namespace meshproof::fakes::kube {

enum WireType : std::uint64_t { varint_wire = 0, length_wire = 2 };

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

}  // namespace meshproof::fakes::kube
