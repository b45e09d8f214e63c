#include "core/crypto/key.hpp"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/obj_mac.h>
#include <openssl/objects.h>
#include <openssl/params.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "core/base/once.hpp"
#include "core/crypto/quick.hpp"
#include "core/crypto/spki.hpp"

namespace meshproof::crypto {
namespace {

EVP_PKEY* some(EVP_PKEY* key) {
    MESHPROOF_ASSERT(key != nullptr, "an empty key was used");
    return key;
}

/// NID of a named curve, or NID_undef where the key has explicit parameters.
int curve_of(const EVP_PKEY* key) {
    std::array<char, 64> name{};
    std::size_t length = 0;
    if (EVP_PKEY_get_group_name(key, name.data(), name.size(), &length) != 1) {
        ERR_clear_error();
        return NID_undef;
    }
    const int nid = OBJ_sn2nid(name.data());
    return nid != NID_undef ? nid : EC_curve_nist2nid(name.data());
}

Bytes take(unsigned char* data, std::size_t length) {
    Bytes bytes(data, data + length);
    OPENSSL_free(data);
    return bytes;
}

/// The content of subjectPublicKey's bit string.
Bytes public_bits(EVP_PKEY* key) {
    unsigned char* bits = nullptr;
    switch (EVP_PKEY_get_base_id(key)) {
        case EVP_PKEY_EC: {
            const std::size_t length = EVP_PKEY_get1_encoded_public_key(key, &bits);
            succeed(length, "cannot encode a public key");
            return take(bits, length);
        }
        case EVP_PKEY_ED25519: {
            std::size_t length = 0;
            succeed(EVP_PKEY_get_raw_public_key(key, nullptr, &length),
                    "cannot encode a public key");
            Bytes raw(length);
            succeed(EVP_PKEY_get_raw_public_key(key, raw.data(), &length));
            return raw;
        }
        default: {
            const int length = succeed(i2d_PublicKey(key, &bits), "cannot encode a public key");
            return take(bits, static_cast<std::size_t>(length));
        }
    }
}

/// Never asks at the terminal: an encrypted key is a key that cannot be read.
int no_password(char*, int, int, void*) {
    return -1;
}

}  // namespace

bool write_spki(X509_PUBKEY* spki, const PublicKey& key) {
    EVP_PKEY* native = some(key.native());
    int algorithm = NID_undef;
    int parameter_type = V_ASN1_UNDEF;
    void* parameter = nullptr;
    switch (EVP_PKEY_get_base_id(native)) {
        case EVP_PKEY_RSA:
            algorithm = NID_rsaEncryption;
            parameter_type = V_ASN1_NULL;
            break;
        case EVP_PKEY_EC: {
            const int curve = curve_of(native);
            if (curve == NID_undef) {
                return false;
            }
            algorithm = NID_X9_62_id_ecPublicKey;
            parameter_type = V_ASN1_OBJECT;
            parameter = OBJ_nid2obj(curve);
            break;
        }
        case EVP_PKEY_ED25519:
            algorithm = NID_ED25519;
            break;
        default:
            return false;
    }
    const Bytes bits = public_bits(native);
    auto* copy = static_cast<unsigned char*>(OPENSSL_memdup(bits.data(), bits.size()));
    succeed(X509_PUBKEY_set0_param(spki, OBJ_nid2obj(algorithm), parameter_type, parameter, copy,
                                   static_cast<int>(bits.size())));
    return true;
}

PublicKey read_spki(X509_PUBKEY* spki) {
    if (EVP_PKEY* key = X509_PUBKEY_get(spki)) {
        return PublicKey(std::shared_ptr<EVP_PKEY>(key, EVP_PKEY_free));
    }
    // Not decoded when the object was made (write_spki), or a kind of key that OpenSSL does not
    // know.
    ERR_clear_error();
    auto key = parse_der<EVP_PKEY_free>(d2i_PUBKEY, to_der(i2d_X509_PUBKEY, spki));
    ERR_clear_error();
    return PublicKey(share(std::move(key)));
}

const EVP_MD* usual_digest(const Key& key) {
    EVP_PKEY* native = some(key.native());
    if (EVP_PKEY_get_base_id(native) == EVP_PKEY_ED25519) {
        return nullptr;
    }
    if (EVP_PKEY_get_base_id(native) == EVP_PKEY_EC) {
        const int bits = EVP_PKEY_get_bits(native);
        return bits > 384 ? EVP_sha512() : bits > 256 ? EVP_sha384() : EVP_sha256();
    }
    return EVP_sha256();
}

const EVP_MD* digest_or_usual(const std::string& name, const Key& key) {
    const EVP_MD* usual = usual_digest(key);
    return name.empty() || usual == nullptr
               ? usual
               : present(EVP_get_digestbyname(name.c_str()), "unknown digest");
}

Handle<EVP_MD_CTX, EVP_MD_CTX_free> pss_context(const Key& key, const EVP_MD* digest) {
    auto context = own<EVP_MD_CTX_free>(EVP_MD_CTX_new());
    EVP_PKEY_CTX* parameters = nullptr;  // the context's
    succeed(EVP_DigestSignInit(context.get(), &parameters, digest, nullptr, some(key.native())));
    succeed(EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING));
    succeed(EVP_PKEY_CTX_set_rsa_pss_saltlen(parameters, RSA_PSS_SALTLEN_DIGEST));
    return context;
}

std::string_view to_string(KeyType type) {
    switch (type) {
        case KeyType::rsa_1024:
            return "rsa-1024";
        case KeyType::rsa_2048:
            return "rsa-2048";
        case KeyType::rsa_3072:
            return "rsa-3072";
        case KeyType::rsa_4096:
            return "rsa-4096";
        case KeyType::p224:
            return "p-224";
        case KeyType::p256:
            return "p-256";
        case KeyType::p384:
            return "p-384";
        case KeyType::p521:
            return "p-521";
        case KeyType::ed25519:
            return "ed25519";
    }
    return "?";
}

/// Made of the point or of the key; the other half when it is asked for first.
struct PublicKey::OnP256 {
    P256Point point{};
    std::shared_ptr<EVP_PKEY> key;
    Once asked;
};

PublicKey::PublicKey(const P256Point& point) : point_(std::make_shared<OnP256>()) {
    point_->point = point;
}

PublicKey PublicKey::on_p256(std::shared_ptr<EVP_PKEY> key) {
    PublicKey made(std::move(key));
    made.point_ = std::make_shared<OnP256>();
    return made;
}

EVP_PKEY* PublicKey::native() const {
    if (key_ != nullptr || point_ == nullptr) {
        return key_.get();
    }
    point_->asked.call([this] { point_->key = quick::key_of(point_->point); });
    return point_->key.get();
}

const P256Point* PublicKey::point() const {
    if (point_ == nullptr) {
        return nullptr;
    }
    if (key_ != nullptr) {
        point_->asked.call([this] {
            const Bytes bits = public_bits(key_.get());
            MESHPROOF_ASSERT(bits.size() == point_->point.size(), "a point of {} bytes",
                             bits.size());
            std::ranges::copy(bits, point_->point.begin());
        });
    }
    return &point_->point;
}

Result<PublicKey> PublicKey::from_pem(std::string_view pem) {
    for (const PemBlock& block : pem_blocks(pem)) {
        if (block.label == "PUBLIC KEY") {
            auto key = parse_der<EVP_PKEY_free>(d2i_PUBKEY, block.der);
            if (key == nullptr) {
                return fail(FailureKind::invalid, "public key cannot be read: {}", drain_errors());
            }
            return PublicKey(share(std::move(key)));
        }
        if (block.label == "CERTIFICATE") {
            const auto certificate = parse_der<X509_free>(d2i_X509, block.der);
            if (certificate == nullptr) {
                return fail(FailureKind::invalid, "certificate cannot be read: {}", drain_errors());
            }
            PublicKey key = read_spki(X509_get_X509_PUBKEY(certificate.get()));
            if (key.native() == nullptr) {
                return fail(FailureKind::invalid, "the certificate's public key cannot be read");
            }
            return key;
        }
    }
    return fail(FailureKind::invalid, "no PUBLIC KEY or CERTIFICATE block was found");
}

std::string PublicKey::pem() const {
    return pem_block("PUBLIC KEY", as_text(spki_der()));
}

Bytes PublicKey::spki_der() const {
    if (point_ != nullptr) {
        return quick::spki_of(*point());
    }
    const auto spki = own<X509_PUBKEY_free>(X509_PUBKEY_new());
    const std::string der = write_spki(spki.get(), *this) ? to_der(i2d_X509_PUBKEY, spki.get())
                                                          : to_der(i2d_PUBKEY, some(key_.get()));
    const auto bytes = as_bytes(der);
    return {bytes.begin(), bytes.end()};
}

Bytes PublicKey::key_id() const {
    return point_ != nullptr ? sha1(*point()) : sha1(public_bits(some(key_.get())));
}

std::string PublicKey::algorithm() const {
    if (point_ != nullptr) {
        return "ec";
    }
    switch (EVP_PKEY_get_base_id(some(key_.get()))) {
        case EVP_PKEY_RSA:
            return "rsa";
        case EVP_PKEY_EC:
            return "ec";
        case EVP_PKEY_ED25519:
            return "ed25519";
        default:
            return lower(EVP_PKEY_get0_type_name(key_.get()));
    }
}

int PublicKey::bits() const {
    if (point_ != nullptr) {
        return 256;
    }
    return EVP_PKEY_get_base_id(some(key_.get())) == EVP_PKEY_ED25519
               ? 0
               : EVP_PKEY_get_bits(key_.get());
}

bool operator==(const PublicKey& a, const PublicKey& b) {
    if (a.empty() || b.empty()) {
        return a.empty() && b.empty();
    }
    if (a.point_ != nullptr && b.point_ != nullptr) {
        return *a.point() == *b.point();
    }
    const bool equal = a.native() == b.native() || EVP_PKEY_eq(a.native(), b.native()) == 1;
    ERR_clear_error();  // two kinds of key are an error to OpenSSL
    return equal;
}

Key Key::generate(KeyType type) {
    const auto rsa = [](std::size_t bits) {
        return EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", bits);
    };
    const auto ec = [](const char* curve) {
        return EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", curve);
    };
    const auto make = [&]() -> EVP_PKEY* {
        switch (type) {
            case KeyType::rsa_1024:
                return rsa(1024);
            case KeyType::rsa_2048:
                return rsa(2048);
            case KeyType::rsa_3072:
                return rsa(3072);
            case KeyType::rsa_4096:
                return rsa(4096);
            case KeyType::p224:
                return ec("P-224");
            case KeyType::p256:
                return nullptr;  // the quick way, below
            case KeyType::p384:
                return ec("P-384");
            case KeyType::p521:
                return ec("P-521");
            case KeyType::ed25519:
                return EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519");
        }
        return nullptr;
    };
    if (type == KeyType::p256) {
        auto key = quick::generate_p256();
        auto public_half = PublicKey::on_p256(key);
        return {std::move(key), std::move(public_half)};
    }
    return Key(share(own<EVP_PKEY_free>(make(), "cannot generate a key")));
}

Result<Key> Key::from_pem(std::string_view pem) {
    if (pem.empty()) {
        return fail(FailureKind::invalid, "private key cannot be read: it is empty");
    }
    const auto bio = memory_bio(pem);
    Handle<EVP_PKEY, EVP_PKEY_free> key(
        PEM_read_bio_PrivateKey(bio.get(), nullptr, no_password, nullptr));
    const std::string errors = drain_errors();
    if (key == nullptr) {
        return fail(FailureKind::invalid, "private key cannot be read: {}", errors);
    }
    return Key(share(std::move(key)));
}

std::string Key::pkcs8_pem() const {
    const auto bio = memory_bio();
    succeed(PEM_write_bio_PKCS8PrivateKey(bio.get(), some(key_.get()), nullptr, nullptr, 0, nullptr,
                                          nullptr));
    return contents(bio.get());
}

std::string Key::traditional_pem() const {
    if (EVP_PKEY_get_base_id(some(key_.get())) == EVP_PKEY_ED25519) {
        return pkcs8_pem();
    }
    const auto bio = memory_bio();
    succeed(PEM_write_bio_PrivateKey_traditional(bio.get(), key_.get(), nullptr, nullptr, 0,
                                                 nullptr, nullptr));
    return contents(bio.get());
}

Key Key::claiming(const PublicKey& owner) const {
    MESHPROOF_ASSERT(EVP_PKEY_get_base_id(some(native())) == EVP_PKEY_EC &&
                         EVP_PKEY_parameters_eq(native(), some(owner.native())) == 1,
                     "only EC keys of one curve can claim each other");
    OSSL_PARAM* own_parts = nullptr;
    succeed(EVP_PKEY_todata(native(), EVP_PKEY_KEYPAIR, &own_parts), "cannot take a key apart");
    const auto parts = own<OSSL_PARAM_free>(own_parts);
    Bytes bits = public_bits(owner.native());
    const std::array<OSSL_PARAM, 2> claimed{
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, bits.data(), bits.size()),
        OSSL_PARAM_construct_end()};
    const auto merged = own<OSSL_PARAM_free>(OSSL_PARAM_merge(parts.get(), claimed.data()));
    const auto context = own<EVP_PKEY_CTX_free>(EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr));
    EVP_PKEY* key = nullptr;
    succeed(EVP_PKEY_fromdata_init(context.get()));
    succeed(EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_KEYPAIR, merged.get()),
            "cannot put a key together");
    return Key(std::shared_ptr<EVP_PKEY>(key, EVP_PKEY_free));
}

}  // namespace meshproof::crypto
