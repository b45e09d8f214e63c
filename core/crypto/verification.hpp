#pragma once

#include <openssl/x509_vfy.h>

#include "core/crypto/chain.hpp"
#include "core/crypto/openssl.hpp"

/// Path validation with OpenSSL, shared by verify_chain and by TLS.
namespace meshproof::crypto {

/// Borrows its certificates: frees the list alone.
inline void free_list(STACK_OF(X509) * list) {
    sk_X509_free(list);
}
using BorrowedList = Handle<STACK_OF(X509), free_list>;
[[nodiscard]] BorrowedList borrow(const std::vector<Certificate>& certificates);

/// Puts the trust store's certificates into `store`. A certificate that is not self-signed helps to
/// build paths there but is no anchor, unless X509_V_FLAG_PARTIAL_CHAIN is set.
void add_trust(X509_STORE* store, const std::vector<Certificate>& trust);

/// X509_verify_cert with our reading of two things: a certificate is valid through the last second
/// of its notAfter (RFC 5280 4.1.2.5; OpenSSL ends it one second early), and issuers without a CRL
/// are not held against the leaf.
[[nodiscard]] bool validate(X509_STORE_CTX* context);

/// What `validate` found, without the path.
[[nodiscard]] ChainVerdict verdict_of(X509_STORE_CTX* context);

}  // namespace meshproof::crypto
