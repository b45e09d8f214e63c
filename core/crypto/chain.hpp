#pragma once

#include <span>
#include <string>
#include <vector>

#include "core/crypto/certificate.hpp"
#include "core/crypto/crl.hpp"

namespace meshproof::crypto {

/// What the leaf is to be used for. An absent extendedKeyUsage permits everything. For TLS a leaf
/// whose keyUsage lacks digitalSignature, or that is a CA, is of the wrong purpose.
enum class Purpose { any, tls_client, tls_server };

/// Why a chain is not accepted, as far as callers tell them apart.
enum class ChainFault {
    none,
    expired,
    not_yet_valid,
    unknown_issuer,  ///< no path to a root of the trust store
    bad_signature,
    not_a_ca,       ///< an issuer without cA or keyCertSign
    wrong_purpose,  ///< extendedKeyUsage or keyUsage does not fit
    revoked,
    other,
};
[[nodiscard]] std::string_view to_string(ChainFault fault);

struct ChainVerdict {
    ChainFault fault = ChainFault::none;
    std::string detail;             ///< OpenSSL's own words and the depth
    std::vector<Certificate> path;  ///< leaf first, root last; filled where a path was found
    [[nodiscard]] bool accepted() const { return fault == ChainFault::none; }
};

struct ChainQuestion {
    Certificate leaf;
    std::vector<Certificate> intermediates;  ///< untrusted: what the peer sent
    std::vector<Certificate>
        trust;  ///< the trust store; roots, and intermediates that it also holds
    Time at;
    Purpose purpose = Purpose::any;
    std::vector<Crl> crls;      ///< checked only where given
    bool all_anchors = false;   ///< every certificate of `trust` is one, self-signed or not
    bool system_trust = false;  ///< the machine's own CA store as well
};

/// RFC 5280 path validation at `question.at` (X509_verify_cert), by whole seconds. Only self-signed
/// certificates of the trust store are anchors, unless `all_anchors`.
[[nodiscard]] ChainVerdict verify_chain(const ChainQuestion& question);

}  // namespace meshproof::crypto
