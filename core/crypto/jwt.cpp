#include "core/crypto/jwt.hpp"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/param_build.h>

#include <nlohmann/json.hpp>

#include "core/base/json_text.hpp"
#include "core/crypto/openssl.hpp"
#include "core/crypto/quick.hpp"

namespace meshproof::crypto {
namespace {

using Json = nlohmann::json;

struct Algorithm {
    std::string_view name;   ///< RFC 7518
    std::string_view kind;   ///< PublicKey::algorithm
    int bits;                ///< of the EC curve, 0 = any RSA key
    std::string_view curve;  ///< RFC 7518 6.2.1.1
    const EVP_MD* (*digest)();
};
constexpr std::array algorithms{
    Algorithm{"RS256", "rsa", 0, "", EVP_sha256},
    Algorithm{"ES256", "ec", 256, "P-256", EVP_sha256},
    Algorithm{"ES384", "ec", 384, "P-384", EVP_sha384},
    Algorithm{"ES512", "ec", 521, "P-521", EVP_sha512},
};

/// RFC 7518's name of an EC key's curve, "" for all others: there is more than one of 256 bits.
std::string_view curve_of(const PublicKey& key) {
    std::array<char, 64> name{};
    std::size_t length = 0;
    if (EVP_PKEY_get_group_name(key.native(), name.data(), name.size(), &length) != 1) {
        ERR_clear_error();
        return "";
    }
    const char* nist = EC_curve_nid2nist(OBJ_txt2nid(name.data()));
    return nist != nullptr ? nist : "";
}

const Algorithm* algorithm_for(const PublicKey& key) {
    const std::string kind = key.algorithm();
    const auto curve = kind == "ec" ? curve_of(key) : std::string_view();
    const auto* const found = std::ranges::find_if(algorithms, [&](const Algorithm& algorithm) {
        return algorithm.kind == kind && algorithm.curve == curve;
    });
    return found != algorithms.end() ? found : nullptr;
}

const Algorithm& usable_algorithm(const PublicKey& key) {
    const Algorithm* algorithm = algorithm_for(key);
    MESHPROOF_ASSERT(algorithm != nullptr, "no JWS algorithm for a key of kind {} with {} bits",
                     key.algorithm(), key.bits());
    return *algorithm;
}

std::size_t coordinate_size(const Algorithm& algorithm) {
    return (static_cast<std::size_t>(algorithm.bits) + 7) / 8;
}

/// Fixed-size big-endian bytes, as RFC 7518 wants numbers.
std::string fixed(const BIGNUM* number, std::size_t size) {
    Bytes bytes(size);
    succeed(BN_bn2binpad(number, bytes.data(), static_cast<int>(size)));
    return std::string(as_text(bytes));
}

/// r || s from OpenSSL's DER (RFC 7518 3.4).
std::string raw_from_der(std::string_view der, std::size_t size) {
    const auto signature =
        own<ECDSA_SIG_free>(parse_der<ECDSA_SIG_free>(d2i_ECDSA_SIG, der).release());
    return fixed(ECDSA_SIG_get0_r(signature.get()), size) +
           fixed(ECDSA_SIG_get0_s(signature.get()), size);
}

std::string der_from_raw(std::string_view raw, std::size_t size) {
    const auto bytes = as_bytes(raw);
    const int length = static_cast<int>(size);
    auto r = own<BN_free>(BN_bin2bn(bytes.data(), length, nullptr));
    auto s = own<BN_free>(BN_bin2bn(bytes.data() + size, length, nullptr));
    const auto signature = own<ECDSA_SIG_free>(ECDSA_SIG_new());
    succeed(ECDSA_SIG_set0(signature.get(), r.release(), s.release()));
    return to_der(i2d_ECDSA_SIG, signature.get());
}

std::string number_of(const PublicKey& key, const char* parameter, std::size_t size) {
    BIGNUM* raw = nullptr;
    succeed(EVP_PKEY_get_bn_param(key.native(), parameter, &raw), parameter);
    const auto number = own<BN_free>(raw);
    const auto shortest = static_cast<std::size_t>(BN_num_bytes(number.get()));
    return to_base64url(fixed(number.get(), size != 0 ? size : shortest));
}

/// A JSON object in base64url; nothing where it is not one.
std::optional<std::pair<std::string, Json>> object_part(std::string_view part) {
    auto text = from_base64url(part);
    if (!text) {
        return std::nullopt;
    }
    Json value = json_or_null(*text);
    if (!value.is_object()) {
        return std::nullopt;
    }
    return std::pair(std::move(*text), std::move(value));
}

std::string string_member(const Json& object, const char* name) {
    const auto member = object.find(name);
    return member != object.end() && member->is_string() ? member->get<std::string>()
                                                         : std::string();
}

/// A key of this kind with these parameters; nothing where they make none.
Result<PublicKey> key_from(const char* kind, OSSL_PARAM_BLD* builder) {
    const auto params = own<OSSL_PARAM_free>(OSSL_PARAM_BLD_to_param(builder));
    const auto context = own<EVP_PKEY_CTX_free>(EVP_PKEY_CTX_new_from_name(nullptr, kind, nullptr));
    EVP_PKEY* made = nullptr;
    succeed(EVP_PKEY_fromdata_init(context.get()));
    if (EVP_PKEY_fromdata(context.get(), &made, EVP_PKEY_PUBLIC_KEY, params.get()) != 1) {
        ERR_clear_error();
        return fail(FailureKind::invalid, "the numbers of a JWK make no {} key", kind);
    }
    return PublicKey(std::shared_ptr<EVP_PKEY>(made, EVP_PKEY_free));
}

Result<PublicKey> rsa_key(const std::string& modulus, const std::string& exponent) {
    const auto n = own<BN_free>(
        BN_bin2bn(as_bytes(modulus).data(), static_cast<int>(modulus.size()), nullptr));
    const auto e = own<BN_free>(
        BN_bin2bn(as_bytes(exponent).data(), static_cast<int>(exponent.size()), nullptr));
    const auto builder = own<OSSL_PARAM_BLD_free>(OSSL_PARAM_BLD_new());
    succeed(OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get()));
    succeed(OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get()));
    return key_from("RSA", builder.get());
}

Result<PublicKey> ec_key(const std::string& curve, const std::string& x, const std::string& y) {
    const auto point = "\x04" + x + y;  // uncompressed: SEC 1, 2.3.3
    const auto builder = own<OSSL_PARAM_BLD_free>(OSSL_PARAM_BLD_new());
    succeed(OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME,
                                            curve.c_str(), 0));
    succeed(OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(),
                                             point.size()));
    return key_from("EC", builder.get());
}

}  // namespace

Result<Jwt> Jwt::decode(std::string_view compact) {
    const auto parts = split(compact, '.');
    if (parts.size() != 3) {
        return fail(FailureKind::invalid, "a JWT has three parts, this has {}", parts.size());
    }
    auto header = object_part(parts[0]);
    if (!header) {
        return fail(FailureKind::invalid, "the JWT's header is not base64url of a JSON object");
    }
    auto claims = object_part(parts[1]);
    if (!claims) {
        return fail(FailureKind::invalid, "the JWT's payload is not base64url of a JSON object");
    }
    auto signature = from_base64url(parts[2]);
    if (!signature) {
        return fail(FailureKind::invalid, "the JWT's signature is not base64url");
    }
    Jwt jwt;
    jwt.algorithm = string_member(header->second, "alg");
    if (jwt.algorithm.empty()) {
        return fail(FailureKind::invalid, "the JWT's header has no alg");
    }
    jwt.key_id = string_member(header->second, "kid");
    jwt.header = std::move(header->first);
    jwt.claims = std::move(claims->first);
    jwt.signed_part = fmt::format("{}.{}", parts[0], parts[1]);
    jwt.signature = std::move(*signature);
    return jwt;
}

bool Jwt::verify(const PublicKey& key) const {
    if (key.native() == nullptr) {
        return false;
    }
    const Algorithm* known = algorithm_for(key);
    if (known == nullptr || known->name != algorithm) {
        return false;
    }
    std::string encoded = signature;
    if (known->bits != 0) {
        const std::size_t size = coordinate_size(*known);
        if (signature.size() != 2 * size) {
            return false;
        }
        encoded = der_from_raw(signature, size);
    }
    const auto signature_bytes = as_bytes(encoded);
    const auto data = as_bytes(signed_part);
    if (known->name == "ES256" && key.point() != nullptr) {
        return quick::verify(*key.point(), data, signature_bytes, quick::Signer::authority);
    }
    const auto context = own<EVP_MD_CTX_free>(EVP_MD_CTX_new());
    succeed(EVP_DigestVerifyInit(context.get(), nullptr, known->digest(), nullptr, key.native()));
    const bool valid = EVP_DigestVerify(context.get(), signature_bytes.data(),
                                        signature_bytes.size(), data.data(), data.size()) == 1;
    ERR_clear_error();
    return valid;
}

namespace {

std::string signature_of(std::string_view message, const Key& key, const Algorithm& algorithm) {
    if (algorithm.digest == EVP_sha256) {
        if (auto quickly = quick::sign(key, message)) {
            return std::move(*quickly);
        }
    }
    const auto context = own<EVP_MD_CTX_free>(EVP_MD_CTX_new());
    succeed(EVP_DigestSignInit(context.get(), nullptr, algorithm.digest(), nullptr, key.native()));
    const auto data = as_bytes(message);
    std::size_t length = 0;
    succeed(EVP_DigestSign(context.get(), nullptr, &length, data.data(), data.size()));
    Bytes signature(length);
    succeed(EVP_DigestSign(context.get(), signature.data(), &length, data.data(), data.size()),
            "cannot sign a JWT");
    signature.resize(length);
    return std::string(as_text(signature));
}

}  // namespace

Secret sign_jwt(std::string_view claims, std::string_view key_id, const Key& key) {
    const Algorithm& algorithm = usable_algorithm(key.public_key());
    Json header{{"alg", algorithm.name}};
    if (!key_id.empty()) {
        header["kid"] = key_id;
    }
    const std::string signed_part =
        fmt::format("{}.{}", to_base64url(header.dump()), to_base64url(claims));

    const std::string signature = signature_of(signed_part, key, algorithm);
    const std::string raw =
        algorithm.bits != 0 ? raw_from_der(signature, coordinate_size(algorithm)) : signature;
    return Secret(fmt::format("{}.{}", signed_part, to_base64url(raw)));
}

std::string jwk(const PublicKey& key, std::string_view key_id) {
    const Algorithm& algorithm = usable_algorithm(key);
    Json result{{"use", "sig"}, {"alg", algorithm.name}, {"kid", key_id}};
    if (algorithm.bits == 0) {
        result["kty"] = "RSA";
        result["n"] = number_of(key, OSSL_PKEY_PARAM_RSA_N, 0);
        result["e"] = number_of(key, OSSL_PKEY_PARAM_RSA_E, 0);
    } else {
        const std::size_t size = coordinate_size(algorithm);
        result["kty"] = "EC";
        result["crv"] = algorithm.curve;
        result["x"] = number_of(key, OSSL_PKEY_PARAM_EC_PUB_X, size);
        result["y"] = number_of(key, OSSL_PKEY_PARAM_EC_PUB_Y, size);
    }
    return result.dump();
}

Result<PublicKey> read_jwk(std::string_view text) {
    const Json key = json_or_null(text);
    const auto kind = string_member(key, "kty");
    const auto number = [&key](const char* name) {
        return from_base64url(string_member(key, name)).value_or(std::string());
    };
    const auto n = number("n"), e = number("e"), x = number("x"), y = number("y");
    if (kind == "RSA" && !n.empty() && !e.empty()) {
        return rsa_key(n, e);
    }
    if (kind == "EC" && !x.empty() && x.size() == y.size()) {
        return ec_key(string_member(key, "crv"), x, y);
    }
    return fail(FailureKind::invalid, "this is no JWK of type RSA or EC with its numbers");
}

std::string kubernetes_key_id(const PublicKey& key) {
    return to_base64url(as_text(sha256(key.spki_der())));
}

}  // namespace meshproof::crypto
