#pragma once

#include <openssl/evp.h>

#include <memory>
#include <string_view>

#include "core/base/assert.hpp"
#include "core/base/text.hpp"
#include "core/crypto/key.hpp"

/// The bare OpenSSL calls beside which our steps are measured: contexts made once, nothing parsed.
namespace meshproof::micro {

struct FreeContext {
    void operator()(EVP_PKEY_CTX* context) const { EVP_PKEY_CTX_free(context); }
};
using PkeyContext = std::unique_ptr<EVP_PKEY_CTX, FreeContext>;

/// Makes P-256 keys.
class BareGenerator {
  public:
    BareGenerator() {
        MESHPROOF_ASSERT(EVP_PKEY_keygen_init(context_.get()) == 1 &&
                         EVP_PKEY_CTX_set_group_name(context_.get(), "P-256") == 1);
    }
    [[nodiscard]] crypto::Key generate() {
        EVP_PKEY* key = nullptr;
        MESHPROOF_ASSERT(EVP_PKEY_generate(context_.get(), &key) == 1);
        return crypto::Key(std::shared_ptr<EVP_PKEY>(key, EVP_PKEY_free));
    }

  private:
    PkeyContext context_{EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr)};
};

/// Signs one SHA-256 digest, and verifies the signature.
class BareSigner {
  public:
    explicit BareSigner(const crypto::Key& key)
        : sign_(EVP_PKEY_CTX_new(key.native(), nullptr)),
          verify_(EVP_PKEY_CTX_new(key.native(), nullptr)) {
        MESHPROOF_ASSERT(EVP_PKEY_sign_init(sign_.get()) == 1 &&
                         EVP_PKEY_verify_init(verify_.get()) == 1);
        sign();
    }
    void sign() {
        std::size_t length = buffer_.size();
        MESHPROOF_ASSERT(EVP_PKEY_sign(sign_.get(), buffer_.data(), &length, digest_.data(),
                                       digest_.size()) == 1);
        length_ = length;
    }
    [[nodiscard]] bool verify() const {
        return EVP_PKEY_verify(verify_.get(), buffer_.data(), length_, digest_.data(),
                               digest_.size()) == 1;
    }

  private:
    PkeyContext sign_, verify_;
    Bytes digest_ = Bytes(32, 0x5a);
    Bytes buffer_ = Bytes(80);
    std::size_t length_ = 0;
};

}  // namespace meshproof::micro
