#include "fakes/vault/pki/ground/key_types.hpp"

#include <set>

#include "fakes/vault/pki/ground/der.hpp"

namespace meshproof::fakes::vault::pki {

Result<crypto::Key> known_key(const std::string& pem) {
    auto key = crypto::Key::from_pem(pem);
    if (key && !known_to_go(key->public_key())) {
        return fail(FailureKind::invalid,
                    "got errors attempting to parse DER private key:\n1. x509: PKCS#8 wrapping "
                    "contained private key with unknown algorithm");
    }
    if (!key || !of_known_curve(key->public_key())) {
        return fail(FailureKind::invalid, "got errors attempting to parse DER private key:\n1. {}",
                    key ? "x509: unknown elliptic curve" : key.error().message);
    }
    return key;
}

Checked<crypto::KeyType> key_type_of(const std::string& type, std::int64_t bits) {
    using crypto::KeyType;
    bits = default_key_bits(type, bits);
    if (type == "rsa") {
        switch (bits) {
            case 2048:
                return KeyType::rsa_2048;
            case 3072:
                return KeyType::rsa_3072;
            case 4096:
                return KeyType::rsa_4096;
            default:
                return refuse(
                    bits < 2048
                        ? fmt::format("RSA keys < 2048 bits are unsafe and not supported: got {}",
                                      bits)
                        : fmt::format("unsupported bit length for RSA key: {}", bits));
        }
    }
    if (type == "ec") {
        switch (bits) {
            case 224:
                return KeyType::p224;
            case 256:
                return KeyType::p256;
            case 384:
                return KeyType::p384;
            case 521:
                return KeyType::p521;
            default:
                return refuse(fmt::format("unsupported bit length for EC key: {}", bits));
        }
    }
    if (type == "ed25519") {
        return KeyType::ed25519;
    }
    return refuse("unknown key type " + type);
}

bool is_largest_rsa(std::string_view type, std::int64_t bits) {
    return type == "rsa" && bits == 8192;
}

bool known_to_go(const crypto::PublicKey& key) {
    static const std::set<std::string> known{"rsa", "ec", "ed25519", "dsa"};
    return !key.empty() && known.contains(key.algorithm());
}

std::int64_t default_key_bits(std::string_view type, std::int64_t bits) {
    if (type == "rsa") {
        return bits == 0 ? 2048 : bits;
    }
    if (type == "ec") {
        return bits == 0 ? 256 : bits;
    }
    return 0;
}

std::string digest_of(std::int64_t signature_bits) {
    return signature_bits == 256 || signature_bits == 384 || signature_bits == 512
               ? fmt::format("sha{}", signature_bits)
               : std::string();
}

}  // namespace meshproof::fakes::vault::pki
