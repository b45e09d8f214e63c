#pragma once

#include <string>
#include <tl/expected.hpp>
#include <vector>

/// Addresses and blocks of addresses: whence tokens may be used.
namespace meshproof::fakes::vault {

/// As the servers keep them: `127.0.0.1/32` as `127.0.0.1`, and what has a slash but is no block as
/// the path of a socket. An error is Go's text.
[[nodiscard]] tl::expected<std::vector<std::string>, std::string> read_addresses(
    const std::vector<std::string>& texts);

/// What a write does to kept ones that it does not name: the path of a socket is in quotes once
/// more each time that it is read and kept again.
void requote_sockets(std::vector<std::string>& kept);

/// Whether it is a block as Go's ParseCIDR reads one: an address, a slash, and its bits.
[[nodiscard]] bool is_address_block(const std::string& text);

/// Whether every block of `inner` lies in one of `outer`; an address alone is a block of one.
[[nodiscard]] bool blocks_within(const std::vector<std::string>& inner,
                                 const std::vector<std::string>& outer);

/// Whether an address lies in one of the blocks; true where there are none. A party of a simulated
/// network has a name instead: it asks from this machine, as it does over sockets.
[[nodiscard]] bool address_allowed(const std::vector<std::string>& blocks,
                                   const std::string& address);

}  // namespace meshproof::fakes::vault
