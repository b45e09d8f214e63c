#include <openssl/err.h>
#include <openssl/obj_mac.h>

#include "core/crypto/certificate.hpp"
#include "core/crypto/names.hpp"
#include "core/crypto/openssl.hpp"
#include "core/crypto/spki.hpp"

namespace meshproof::crypto {
namespace {

void free_extensions(STACK_OF(X509_EXTENSION) * extensions) {
    sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
}
using Extensions = Handle<STACK_OF(X509_EXTENSION), free_extensions>;

X509_REQ* some(X509_REQ* request) {
    MESHPROOF_ASSERT(request != nullptr, "an empty certificate request was used");
    return request;
}

/// Null where the request asks for none.
Extensions requested(X509_REQ* request) {
    Extensions extensions(X509_REQ_get_extensions(some(request)));
    ERR_clear_error();
    return extensions;
}

}  // namespace

Csr Csr::make(const Spec& spec, const Key& key) {
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
    succeed(X509_REQ_sign(request.get(), key.native(), usual_digest(key)), "cannot sign a request");
    return Csr(share(std::move(request)));
}

Result<Csr> Csr::from_pem(std::string_view pem) {
    // As the servers: the label is not looked at, and only the first block counts (wire contract
    // 101).
    const auto blocks = pem_blocks(pem);
    if (blocks.empty()) {
        return fail(FailureKind::invalid, "csr contains no data");
    }
    return from_der(blocks.front().der);
}

Result<Csr> Csr::from_der(std::string_view der) {
    auto request = parse_der<X509_REQ_free>(d2i_X509_REQ, der);
    if (request == nullptr) {
        const std::string errors = drain_errors();
        return fail(FailureKind::invalid, "certificate request could not be parsed: {}",
                    errors.empty() ? "trailing data" : errors);
    }
    ERR_clear_error();  // a key that OpenSSL does not know leaves errors, but the request was read
    return Csr(share(std::move(request)));
}

std::string Csr::pem() const {
    return pem_block("CERTIFICATE REQUEST", der());
}

std::string Csr::der() const {
    return to_der(i2d_X509_REQ, some(request_.get()));
}

Subject Csr::subject() const {
    return read_name(X509_REQ_get_subject_name(some(request_.get())));
}

std::string Csr::subject_der() const {
    return to_der(i2d_X509_NAME, X509_REQ_get_subject_name(some(request_.get())));
}

AltNames Csr::alt_names() const {
    const auto extensions = requested(request_.get());
    if (extensions == nullptr) {
        return {};
    }
    const Handle<GENERAL_NAMES, GENERAL_NAMES_free> names(static_cast<GENERAL_NAMES*>(
        X509V3_get_d2i(extensions.get(), NID_subject_alt_name, nullptr, nullptr)));
    ERR_clear_error();
    return names != nullptr ? read_alt_names(names.get()) : AltNames{};
}

bool Csr::has_basic_constraints() const {
    const auto extensions = requested(request_.get());
    return extensions != nullptr &&
           X509v3_get_ext_by_NID(extensions.get(), NID_basic_constraints, -1) >= 0;
}

std::vector<RawExtension> Csr::extensions() const {
    const auto extensions = requested(request_.get());
    return extensions != nullptr ? read_extensions(extensions.get()) : std::vector<RawExtension>{};
}

PublicKey Csr::public_key() const {
    return read_spki(X509_REQ_get_X509_PUBKEY(some(request_.get())));
}

bool Csr::signature_valid() const {
    const PublicKey key = public_key();
    const bool valid =
        key.native() != nullptr && X509_REQ_verify(some(request_.get()), key.native()) == 1;
    ERR_clear_error();
    return valid;
}

}  // namespace meshproof::crypto
