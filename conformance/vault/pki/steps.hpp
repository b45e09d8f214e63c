#pragma once

#include <optional>
#include <string>

#include "conformance/steps.hpp"
#include "core/crypto/crl.hpp"
#include "core/crypto/ocsp.hpp"

/// Set-up and reading that the checks of CAs and of revocation share.
namespace meshproof::conformance::pki {

/// A leaf of MOUNT's role "app" that a set-up step had signed.
struct Leaf {
    std::string pem, serial;
    crypto::Certificate certificate;
};
[[nodiscard]] Task<Leaf> leaf(Probe& probe, std::string mount, Json more = Json::object());

/// MOUNT/revoke of this serial number; anything but 200 is `blocked`.
[[nodiscard]] Task<void> revoked(Probe& probe, std::string mount, std::string serial);

/// The list at this path, asked for without a token; the check ends as failed where there is none.
[[nodiscard]] Task<crypto::Crl> list_at(Probe& probe, std::string path);

/// MOUNT/root/generate/internal of a P-256 key for ten years with `more`; refused is `blocked`.
[[nodiscard]] Task<Reply> root(Probe& probe, std::string mount, Json more = Json::object());

/// An intermediate's CSR made in `mount`, as answered; refused is `blocked`.
[[nodiscard]] Task<Reply> intermediate_csr(Probe& probe, std::string mount,
                                           Json more = Json::object());
/// Signed by `root_mount` for a year with `more`; refused is `blocked`.
[[nodiscard]] Task<Reply> signed_intermediate(Probe& probe, std::string root_mount, std::string csr,
                                              Json more = Json::object());

/// GET as nobody.
[[nodiscard]] Task<Reply> read_open(Probe& probe, std::string path);
/// `data` of config/issuers.
[[nodiscard]] Task<std::string> default_issuer(Probe& probe, std::string mount);

/// The status that MOUNT's responder gives for a serial number of `issuer`; the check ends as
/// failed where there is none.
[[nodiscard]] Task<crypto::OcspStatement> ocsp_of(Probe& probe, std::string mount,
                                                  crypto::Certificate issuer, std::string serial);
/// POST MOUNT/ocsp of this body, without a token.
[[nodiscard]] Task<Reply> ask_ocsp(Probe& probe, std::string mount, std::string der);

[[nodiscard]] std::string content_type(const Reply& reply);
/// How many certificates begin in a PEM text.
[[nodiscard]] std::size_t count_pem(std::string_view text);

}  // namespace meshproof::conformance::pki
