#pragma once

#include <openssl/x509v3.h>

#include "core/crypto/certificate.hpp"
#include "core/crypto/openssl.hpp"

/// Subjects, alternative names and extensions, between our values and OpenSSL's objects.
namespace meshproof::crypto {

/// Whether Go writes the text as a PrintableString.
[[nodiscard]] bool printable(std::string_view text);
[[nodiscard]] Subject read_name(const X509_NAME* name);
/// As Go's crypto/x509 writes it (1.26, ToRDNSequence): C, ST, L, street, postal code, O, OU, CN,
/// serial number; one RDN an attribute type with all its values; PrintableString where it will do,
/// else UTF8String.
[[nodiscard]] Handle<X509_NAME, X509_NAME_free> write_name(const Subject& subject);
[[nodiscard]] std::string name_line(const X509_NAME* name);  ///< RFC 2253

[[nodiscard]] AltNames read_alt_names(const GENERAL_NAMES* names);
/// Order: DNS, email, IP, URI, other names. CannotGoOn on an IP address that cannot be read.
[[nodiscard]] Handle<GENERAL_NAMES, GENERAL_NAMES_free> write_alt_names(const AltNames& names);

[[nodiscard]] std::vector<RawExtension> read_extensions(const STACK_OF(X509_EXTENSION) *
                                                        extensions);
[[nodiscard]] Handle<X509_EXTENSION, X509_EXTENSION_free> write_extension(
    const RawExtension& extension);

}  // namespace meshproof::crypto
