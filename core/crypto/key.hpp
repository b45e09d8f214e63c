#pragma once

#include <array>
#include <memory>
#include <string>
#include <string_view>

#include "core/base/result.hpp"
#include "core/base/text.hpp"

typedef struct evp_pkey_st EVP_PKEY;  // NOLINT: OpenSSL's own opaque type

namespace meshproof::crypto {

enum class KeyType { rsa_1024, rsa_2048, rsa_3072, rsa_4096, p224, p256, p384, p521, ed25519 };
[[nodiscard]] std::string_view to_string(KeyType type);  ///< "rsa-2048", "p-256", "ed25519"

/// A point of P-256 as keys hold it, uncompressed (SEC 1, 2.3.3).
using P256Point = std::array<std::uint8_t, 65>;

/// A public key. A small value: copies share the OpenSSL object, which is never changed.
class PublicKey {
  public:
    PublicKey() = default;
    explicit PublicKey(std::shared_ptr<EVP_PKEY> key) : key_(std::move(key)) {}
    /// The point is on the curve. OpenSSL's object is made when somebody asks for it.
    explicit PublicKey(const P256Point& point);
    /// Of an OpenSSL key on P-256 by name: its point is taken when somebody asks for it.
    [[nodiscard]] static PublicKey on_p256(std::shared_ptr<EVP_PKEY> key);

    /// From a PEM `PUBLIC KEY` block, or from the certificate in a `CERTIFICATE` block.
    [[nodiscard]] static Result<PublicKey> from_pem(std::string_view pem);
    [[nodiscard]] std::string pem() const;
    [[nodiscard]] Bytes spki_der() const;
    /// SHA-1 of the subjectPublicKey bits (RFC 5280 4.2.1.2 method 1).
    [[nodiscard]] Bytes key_id() const;
    [[nodiscard]] std::string algorithm() const;  ///< "rsa", "ec" or "ed25519"
    [[nodiscard]] int bits() const;               ///< 2048, 256, ...; 0 for ed25519
    [[nodiscard]] EVP_PKEY* native() const;       ///< null for the empty key
    [[nodiscard]] bool empty() const { return key_ == nullptr && point_ == nullptr; }
    /// Null where the key is not known to be on P-256.
    [[nodiscard]] const P256Point* point() const;
    friend bool operator==(const PublicKey& a, const PublicKey& b);

  private:
    struct OnP256;
    std::shared_ptr<EVP_PKEY> key_;
    std::shared_ptr<OnP256> point_;
};

/// A private key; never printed. Copies share the OpenSSL object, which is never changed.
class Key {
  public:
    Key() = default;
    explicit Key(std::shared_ptr<EVP_PKEY> key) : key_(std::move(key)), public_(key_) {}

    [[nodiscard]] static Key generate(KeyType type);
    /// PKCS#8, PKCS#1 or SEC1 PEM.
    [[nodiscard]] static Result<Key> from_pem(std::string_view pem);
    [[nodiscard]] std::string pkcs8_pem() const;
    /// `RSA PRIVATE KEY` (PKCS#1) or `EC PRIVATE KEY` (SEC1), PKCS#8 for ed25519: what Vault's
    /// `issue` answers.
    [[nodiscard]] std::string traditional_pem() const;
    [[nodiscard]] PublicKey public_key() const { return public_; }
    /// The same key beside `owner`'s public half, of the same curve: OpenSSL takes it for the key
    /// of owner's certificate, and what it signs nobody can verify. For servers that have to show a
    /// certificate that is not theirs.
    [[nodiscard]] Key claiming(const PublicKey& owner) const;
    [[nodiscard]] EVP_PKEY* native() const { return key_.get(); }
    [[nodiscard]] explicit operator bool() const { return key_ != nullptr; }

  private:
    Key(std::shared_ptr<EVP_PKEY> key, PublicKey public_half)
        : key_(std::move(key)), public_(std::move(public_half)) {}
    std::shared_ptr<EVP_PKEY> key_;
    PublicKey public_;
};

}  // namespace meshproof::crypto
