#include "fakes/vault/logical/addresses.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "fakes/vault/logical/go_text.hpp"

namespace meshproof::fakes::vault {

namespace {

struct Block {
    int family = 0;
    std::array<std::uint8_t, 16> bytes{};
    int bits = 0;
};

std::optional<Block> parse_block(const std::string& text) {
    const auto slash = text.find('/');
    const auto address = text.substr(0, slash);
    Block block;
    for (const int family : {AF_INET, AF_INET6}) {
        if (inet_pton(family, address.c_str(), block.bytes.data()) == 1) {
            block.family = family;
            block.bits = family == AF_INET ? 32 : 128;
        }
    }
    if (block.family == 0) {
        return std::nullopt;
    }
    if (slash != std::string::npos) {
        int bits = 0;
        const auto* end = text.data() + text.size();
        const auto read = std::from_chars(text.data() + slash + 1, end, bits);
        if (read.ec != std::errc() || read.ptr != end || bits < 0 || bits > block.bits) {
            return std::nullopt;
        }
        block.bits = bits;
    }
    return block;
}

bool holds(const Block& block, const Block& address) {
    if (block.family != address.family) {
        return false;
    }
    for (int bit = 0; bit < block.bits; ++bit) {
        const auto at = static_cast<std::size_t>(bit / 8);
        const auto mask = static_cast<unsigned>(0x80 >> (bit % 8));
        if (((block.bytes[at] ^ address.bytes[at]) & mask) != 0) {
            return false;
        }
    }
    return true;
}

}  // namespace

tl::expected<std::vector<std::string>, std::string> read_addresses(
    const std::vector<std::string>& texts) {
    std::vector<std::string> kept;
    for (const auto& text : texts) {
        if (const auto block = parse_block(text)) {
            const bool whole = block->bits == (block->family == AF_INET ? 32 : 128);
            kept.push_back(whole ? text.substr(0, text.find('/')) : text);
        } else if (text.size() > 1 &&
                   (text.starts_with('.') || text.find('/') != std::string::npos)) {
            kept.push_back(go_quoted(go_quoted(text)));
        } else {
            return tl::unexpected(
                fmt::format("error parsing address {}: Unable to convert {} to an IPv4 or IPv6 "
                            "address, or a UNIX Socket",
                            go_quoted(text), go_quoted(text)));
        }
    }
    return kept;
}

void requote_sockets(std::vector<std::string>& kept) {
    for (auto& text : kept) {
        if (!parse_block(text)) {
            text = go_quoted(text);
        }
    }
}

bool is_address_block(const std::string& text) {
    return text.find('/') != std::string::npos && parse_block(text).has_value();
}

bool blocks_within(const std::vector<std::string>& inner, const std::vector<std::string>& outer) {
    return std::ranges::all_of(inner, [&](const std::string& text) {
        const auto block = parse_block(text);
        return block && std::ranges::any_of(outer, [&](const std::string& around) {
                   const auto wider = parse_block(around);
                   return wider && wider->bits <= block->bits && holds(*wider, *block);
               });
    });
}

bool address_allowed(const std::vector<std::string>& blocks, const std::string& address) {
    if (blocks.empty()) {
        return true;
    }
    const auto given = parse_block(address);
    const auto asking = given ? *given : *parse_block("127.0.0.1");
    return std::ranges::any_of(blocks, [&](const std::string& text) {
        const auto block = parse_block(text);
        return block && holds(*block, asking);
    });
}

}  // namespace meshproof::fakes::vault
