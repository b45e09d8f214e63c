#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/obj_mac.h>

#include "core/base/once.hpp"
#include "core/crypto/certificate.hpp"
#include "core/crypto/names.hpp"
#include "core/crypto/openssl.hpp"
#include "core/crypto/quick.hpp"
#include "core/crypto/reading.hpp"
#include "core/crypto/spki.hpp"

namespace meshproof::crypto {
namespace {

void free_extensions(STACK_OF(X509_EXTENSION) * extensions) {
    sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
}
using Extensions = Handle<STACK_OF(X509_EXTENSION), free_extensions>;

/// Null where the request asks for none; as X509_REQ_get_extensions finds them.
Extensions requested(const RequestParts& parts) {
    const auto* attributes = parts.info->attributes;
    int at = -1;
    for (const int kind : {NID_ext_req, NID_ms_ext_req}) {
        at = at < 0 ? X509at_get_attr_by_NID(attributes, kind, -1) : at;
    }
    X509_ATTRIBUTE* attribute = at < 0 ? nullptr : X509at_get_attr(attributes, at);
    const ASN1_TYPE* value =
        attribute != nullptr ? X509_ATTRIBUTE_get0_type(attribute, 0) : nullptr;
    Extensions extensions;
    if (value != nullptr && value->type == V_ASN1_SEQUENCE) {
        const auto octets = view(value->value.sequence);
        const unsigned char* from = octets.data();
        extensions.reset(d2i_X509_EXTENSIONS(nullptr, &from, static_cast<long>(octets.size())));
    }
    ERR_clear_error();
    return extensions;
}

AltNames alt_names_in(const Extensions& extensions) {
    if (extensions == nullptr) {
        return {};
    }
    const Handle<GENERAL_NAMES, GENERAL_NAMES_free> names(static_cast<GENERAL_NAMES*>(
        X509V3_get_d2i(extensions.get(), NID_subject_alt_name, nullptr, nullptr)));
    ERR_clear_error();
    return names != nullptr ? read_alt_names(names.get()) : AltNames{};
}

}  // namespace

/// What is known of a request; the rest is made when it is asked for first. Copies are shared
/// between threads.
struct Csr::Body {
    std::string der;                         ///< empty until asked for where OpenSSL read it
    std::optional<quick::RequestRead> read;  ///< out of `der`, where that is as meshes send it
    Parts<RequestParts> fields;
    PublicKey key;
    Extensions wanted;  ///< null where it asks for none
    AltNames names;
    Once der_asked, fields_asked, key_asked, wanted_asked, names_asked;

    const std::string& bytes() {
        der_asked.call([this] {
            if (der.empty()) {
                der = to_der(*fields);
            }
        });
        return der;
    }
    const RequestParts& parts() {
        fields_asked.call([this] {
            if (fields == nullptr) {
                fields = read_request(bytes());
                MESHPROOF_ASSERT(fields != nullptr, "a request of ours cannot be read: {}",
                                 drain_errors());
            }
        });
        return *fields;
    }
    const Extensions& extensions() {
        wanted_asked.call([this] { wanted = requested(parts()); });
        return wanted;
    }
    const AltNames& alt_names() {
        names_asked.call([this] { names = read ? read->alt_names : alt_names_in(extensions()); });
        return names;
    }
    const PublicKey& public_key() {
        key_asked.call([this] {
            key = read && quick::on_curve(read->point) ? PublicKey(read->point)
                                                       : read_key(*parts().info->key);
        });
        return key;
    }
};

Csr Csr::make(const Spec& spec, const Key& key) {
    auto der = quick::request(spec, key);
    auto body = std::make_shared<Body>();
    body->der = der ? std::move(*der) : general_request(spec, key);
    return Csr(std::move(body));
}

std::string general_request(const Csr::Spec& spec, const Key& key) {
    auto request = own<X509_REQ_free>(X509_REQ_new());
    succeed(X509_REQ_set_version(request.get(), X509_REQ_VERSION_1));
    succeed(X509_REQ_set_subject_name(request.get(), write_name(spec.subject).get()));
    if (!write_spki(X509_REQ_get_X509_PUBKEY(request.get()), key.public_key())) {
        succeed(X509_REQ_set_pubkey(request.get(), key.native()));
    }
    if (!spec.alt_names.empty() || !spec.extensions.empty()) {
        const Extensions extensions(present(sk_X509_EXTENSION_new_null()));
        const auto push = [&](Handle<X509_EXTENSION, X509_EXTENSION_free> extension) {
            succeed(sk_X509_EXTENSION_push(extensions.get(), extension.get()));
            (void)extension.release();
        };
        if (!spec.alt_names.empty()) {
            push(own<X509_EXTENSION_free>(
                X509V3_EXT_i2d(NID_subject_alt_name, 0, write_alt_names(spec.alt_names).get())));
        }
        for (const RawExtension& extension : spec.extensions) {
            push(write_extension(extension));
        }
        succeed(X509_REQ_add_extensions(request.get(), extensions.get()));
    }
    const EVP_MD* digest = digest_or_usual(spec.digest, key);
    if (spec.pss && key.public_key().algorithm() == "rsa") {
        succeed(X509_REQ_sign_ctx(request.get(), pss_context(key, digest).get()),
                "cannot sign a request");
    } else {
        succeed(X509_REQ_sign(request.get(), key.native(), digest), "cannot sign a request");
    }
    return to_der(i2d_X509_REQ, request.get());
}

Csr::Body& Csr::body() const {
    MESHPROOF_ASSERT(body_ != nullptr, "an empty certificate request was used");
    return *body_;
}

Result<Csr> Csr::from_pem(std::string_view pem) {
    if (const auto der = quick::pem_content(pem, "CERTIFICATE REQUEST")) {
        return from_der(*der);
    }
    // As the servers: the label is not looked at, and only the first block counts (wire contract
    // 101).
    const auto blocks = pem_blocks(pem);
    if (blocks.empty()) {
        return fail(FailureKind::invalid, "csr contains no data");
    }
    return from_der(blocks.front().der);
}

Result<Csr> Csr::from_der(std::string_view der) {
    auto body = std::make_shared<Body>();
    body->der = der;
    body->read = quick::read_request(body->der);
    if (body->read) {
        return Csr(std::move(body));
    }
    body->der.clear();  // it may be in another form of BER
    auto parts = read_request(der);
    if (parts == nullptr) {
        const std::string errors = drain_errors();
        return fail(FailureKind::invalid, "certificate request could not be parsed: {}",
                    errors.empty() ? "trailing data" : errors);
    }
    body->fields = std::move(parts);
    return Csr(std::move(body));
}

std::string Csr::pem() const {
    return pem_block("CERTIFICATE REQUEST", der());
}

std::string Csr::der() const {
    return body().bytes();
}

Subject Csr::subject() const {
    return body().read ? body().read->subject : read_name(body().parts().info->subject);
}

std::string Csr::subject_der() const {
    return to_der(i2d_X509_NAME, body().parts().info->subject);
}

AltNames Csr::alt_names() const {
    return body().alt_names();
}

bool Csr::has_basic_constraints() const {
    if (body().read) {
        return false;
    }
    const auto& extensions = body().extensions();
    return extensions != nullptr &&
           X509v3_get_ext_by_NID(extensions.get(), NID_basic_constraints, -1) >= 0;
}

std::vector<RawExtension> Csr::extensions() const {
    const auto& extensions = body().extensions();
    return extensions != nullptr ? read_extensions(extensions.get()) : std::vector<RawExtension>{};
}

PublicKey Csr::public_key() const {
    return body().public_key();
}

std::string Csr::signature_algorithm() const {
    const int nid = OBJ_obj2nid(body().parts().algorithm->algorithm);
    return nid != NID_undef ? OBJ_nid2ln(nid) : "unknown";
}

namespace {

/// Go's crypto/rsa knows exponents from 2 to 2^31-1. With 1 every message is its own signature.
bool exponent_signs(const PublicKey& key) {
    if (EVP_PKEY_get_base_id(key.native()) != EVP_PKEY_RSA) {
        return true;
    }
    BIGNUM* raw = nullptr;
    succeed(EVP_PKEY_get_bn_param(key.native(), OSSL_PKEY_PARAM_RSA_E, &raw));
    const auto exponent = own<BN_free>(raw);
    return BN_num_bits(exponent.get()) >= 2 && BN_num_bits(exponent.get()) <= 31;
}

}  // namespace

bool Csr::signature_valid() const {
    const PublicKey& key = body().public_key();
    const auto& read = body().read;
    if (read && key.point() != nullptr) {
        return quick::verify(*key.point(), as_bytes(read->content), as_bytes(read->signature),
                             quick::Signer::anyone);
    }
    const RequestParts& parts = body().parts();
    if (const auto valid = quick_verdict({parts.info->encoding, *parts.algorithm, *parts.signature},
                                         key, quick::Signer::anyone)) {
        return *valid;
    }
    const auto request = parse_der<X509_REQ_free>(d2i_X509_REQ, body().bytes());
    const bool valid = !key.empty() && request != nullptr && exponent_signs(key) &&
                       X509_REQ_verify(request.get(), key.native()) == 1;
    ERR_clear_error();
    return valid;
}

}  // namespace meshproof::crypto
