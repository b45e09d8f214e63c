#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace meshproof::fakes::vault {

/// Why Vault's JOSE library takes the text for no signed token, in its words; nothing where it
/// takes it, whatever it says. Both serializations of RFC 7515 7 are read: a text that begins with
/// a brace is JSON. Certificates of a header ("x5c") are not read: a header that has some is
/// refused.
[[nodiscard]] std::optional<std::string> jws_fault(std::string_view text);

}  // namespace meshproof::fakes::vault
