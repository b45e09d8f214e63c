#pragma once

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <array>
#include <concepts>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/assert.hpp"
#include "core/base/text.hpp"
#include "core/time/time.hpp"

/// Ownership and errors of OpenSSL's objects: for the .cpp files of core/crypto only.
namespace meshproof::crypto {

template <auto Free>
struct Deleter {
    template <class T>
    void operator()(T* object) const {
        Free(object);
    }
};
template <class T, auto Free>
using Handle = std::unique_ptr<T, Deleter<Free>>;

/// Takes the calling thread's whole error queue: "X509 routines: key values mismatch; …", or ""
/// where it is empty.
[[nodiscard]] std::string drain_errors();

/// Throws CannotGoOn with what OpenSSL has to say: for calls that fail only without memory or by
/// misuse.
[[noreturn]] void openssl_failed(std::string_view what);

/// Owns what an OpenSSL constructor returned; CannotGoOn where it returned nothing.
template <auto Free, class T>
[[nodiscard]] Handle<T, Free> own(T* object, std::string_view what = "openssl") {
    if (object == nullptr) {
        openssl_failed(what);
    }
    return Handle<T, Free>(object);
}

/// For OpenSSL calls that return 1 (or a positive length) when all is well; CannotGoOn otherwise.
template <std::integral T>
T succeed(T result, std::string_view what = "openssl") {
    if (result <= 0) {
        openssl_failed(what);
    }
    return result;
}

/// For calls that borrow: CannotGoOn where nothing was returned.
template <class T>
T* present(T* object, std::string_view what = "openssl") {
    if (object == nullptr) {
        openssl_failed(what);
    }
    return object;
}

template <class T, auto Free>
[[nodiscard]] std::shared_ptr<T> share(Handle<T, Free> handle) {
    return std::shared_ptr<T>(handle.release(), Free);
}

/// The DER of an object, by its i2d function.
template <class T, class I2d>
[[nodiscard]] std::string to_der(I2d i2d, T* object) {
    unsigned char* out = nullptr;
    const int length = succeed(i2d(object, &out), "cannot encode DER");
    std::string der(as_text({out, static_cast<std::size_t>(length)}));
    OPENSSL_free(out);
    return der;
}

/// One object and nothing after it, by its d2i function; null where it cannot be read (errors stay
/// queued).
template <auto Free, class T>
[[nodiscard]] Handle<T, Free> parse_der(T* (*d2i)(T**, const unsigned char**, long),
                                        std::string_view der) {
    const auto bytes = as_bytes(der);
    const unsigned char* at = bytes.data();
    Handle<T, Free> object(d2i(nullptr, &at, static_cast<long>(bytes.size())));
    if (object != nullptr && at != bytes.data() + bytes.size()) {
        object.reset();
    }
    return object;
}

/// A read-only BIO over `text`, which must outlive it.
[[nodiscard]] Handle<BIO, BIO_free> memory_bio(std::string_view text);
[[nodiscard]] Handle<BIO, BIO_free> memory_bio();
[[nodiscard]] std::string contents(BIO* bio);

struct PemBlock {
    std::string label;
    std::string der;
};
/// Every PEM block in order, text between them ignored; up to the first that is not well-formed.
[[nodiscard]] std::vector<PemBlock> pem_blocks(std::string_view pem);
/// One block with a final newline.
[[nodiscard]] std::string pem_block(const char* label, std::string_view der);

/// Whether to_time() can read it: OpenSSL takes a certificate whatever its dates say.
[[nodiscard]] bool readable(const ASN1_TIME* time);
/// Clamped to what Time can hold (year 2262).
[[nodiscard]] Time to_time(const ASN1_TIME* time);
[[nodiscard]] Handle<ASN1_TIME, ASN1_TIME_free> to_asn1(Time time);

/// Magnitude without leading zero bytes.
[[nodiscard]] Bytes to_bytes(const ASN1_INTEGER* number);
[[nodiscard]] Handle<ASN1_INTEGER, ASN1_INTEGER_free> to_asn1_integer(
    std::span<const std::uint8_t> magnitude);
[[nodiscard]] Handle<ASN1_INTEGER, ASN1_INTEGER_free> to_asn1_integer(std::uint64_t number);

[[nodiscard]] Handle<ASN1_OCTET_STRING, ASN1_OCTET_STRING_free> to_octets(
    std::span<const std::uint8_t> bytes);
[[nodiscard]] std::span<const std::uint8_t> view(const ASN1_STRING* string);

[[nodiscard]] Handle<ASN1_OBJECT, ASN1_OBJECT_free> to_object(std::string_view oid);
[[nodiscard]] std::string to_oid(const ASN1_OBJECT* object);

[[nodiscard]] Bytes sha1(std::span<const std::uint8_t> bytes);
[[nodiscard]] std::array<std::uint8_t, 32> sha256(std::span<const std::uint8_t> bytes);

}  // namespace meshproof::crypto
