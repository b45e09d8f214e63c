#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/crypto/certificate.hpp"
#include "core/crypto/key.hpp"

namespace meshproof::fakes::vault::pki {

struct PemBlock {
    std::string label;
    std::string der;
};

/// A longer text is one without blocks: the real servers have no bound on it, and are not held up
/// by one request.
inline constexpr std::size_t longest_pem = 4U << 20;

/// Every PEM block of a text, as Go's decoder finds them: text around blocks and CRLF are
/// tolerated, labels are not judged, a text without line breaks holds none.
[[nodiscard]] std::vector<PemBlock> pem_blocks(std::string_view text);

/// Whether something that is no block follows the last one.
[[nodiscard]] bool junk_after_blocks(std::string_view text);

[[nodiscard]] std::string pem_of(const PemBlock& block);

/// Without the final newline: as `sign`, `issue` and the generate routes answer.
[[nodiscard]] std::string pem_text(const crypto::Certificate& certificate);
[[nodiscard]] std::string pem_text(const crypto::Csr& csr);

/// "rsa", "ec" or "ed25519" and the private key in the form that `format` and `private_key_format`
/// ask for.
struct PrivateKeyText {
    std::string type, text;
};
[[nodiscard]] PrivateKeyText private_key_text(const crypto::Key& key, std::string_view format,
                                              std::string_view private_key_format);
/// One certificate as `format` asks: PEM without its final newline, or base64 DER.
[[nodiscard]] std::string certificate_text(const crypto::Certificate& certificate,
                                           std::string_view format);
[[nodiscard]] std::vector<std::string> certificate_texts(
    const std::vector<crypto::Certificate>& chain, std::string_view format);

}  // namespace meshproof::fakes::vault::pki
