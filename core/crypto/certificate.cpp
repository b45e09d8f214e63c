#include "core/crypto/certificate.hpp"

#include <openssl/err.h>
#include <openssl/obj_mac.h>
#include <openssl/objects.h>

#include <deque>
#include <mutex>

#include "core/base/once.hpp"
#include "core/crypto/names.hpp"
#include "core/crypto/openssl.hpp"
#include "core/crypto/quick.hpp"
#include "core/crypto/reading.hpp"

namespace meshproof::crypto {
namespace {

/// An extension as OpenSSL reads it; null where it is absent, doubled or malformed.
template <auto Free, class T>
Handle<T, Free> extension(const CertificateParts& parts, int nid, bool* critical = nullptr) {
    int flag = -1;
    Handle<T, Free> value(
        static_cast<T*>(X509V3_get_d2i(parts.info->extensions, nid, &flag, nullptr)));
    ERR_clear_error();
    if (critical != nullptr) {
        *critical = flag == 1;
    }
    return value;
}

/// Certificates that were read last, by their bytes: of CAs, of which a mesh sees the same few with
/// every leaf. Read once, they keep their key and what is known of their signatures.
class LastRead {
  public:
    explicit LastRead(std::size_t most) : most_(most) {}
    [[nodiscard]] std::optional<Certificate> find(std::string_view der) const {
        const auto known = std::ranges::find(kept_, der, &Kept::der);
        return known != kept_.end() ? std::optional(known->certificate) : std::nullopt;
    }
    void keep(std::string_view der, const Certificate& certificate) {
        if (kept_.size() == most_) {
            kept_.pop_back();
        }
        kept_.push_front({std::string(der), certificate});
    }

  private:
    struct Kept {
        std::string der;
        Certificate certificate;
    };
    std::size_t most_;
    std::deque<Kept> kept_;
};

/// Whether it is worth being kept: a critical basicConstraints, or that text somewhere else.
bool seems_ca(std::string_view der) {
    constexpr std::string_view head("\x06\x03\x55\x1d\x13\x01\x01\xff", 8);
    return der.find(head) != std::string_view::npos;
}

Bytes copy(const ASN1_OCTET_STRING* octets) {
    if (octets == nullptr) {
        return {};
    }
    const auto bytes = view(octets);
    return {bytes.begin(), bytes.end()};
}

void collect_uri(const GENERAL_NAME* name, std::vector<std::string>& urls) {
    if (name->type == GEN_URI) {
        urls.emplace_back(as_text(view(name->d.uniformResourceIdentifier)));
    }
}

}  // namespace

/// What is known of a certificate; the rest is made when it is asked for first. Copies are shared
/// between threads.
struct Certificate::Body {
    std::string der;  ///< empty until asked for where OpenSSL's object came first
    Parts<CertificateParts> fields;
    PublicKey key;
    std::shared_ptr<X509> object;
    std::optional<quick::Facts> facts;
    Once der_asked, fields_asked, key_asked, object_asked, dates_asked;
    std::pair<Time, Time> life;  ///< not_before, not_after
    std::mutex guard;
    std::weak_ptr<Body> issuer;  ///< the last of whom it was asked whether it signed this
    bool by_issuer = false;      ///< and whether it did

    const std::string& bytes() {
        der_asked.call([this] {
            if (der.empty()) {
                der = fields != nullptr ? to_der(*fields) : to_der(i2d_X509, object.get());
            }
        });
        return der;
    }
    const CertificateParts& parts() {
        fields_asked.call([this] {
            if (fields == nullptr) {
                fields = read_certificate(bytes());
                MESHPROOF_ASSERT(fields != nullptr, "a certificate of ours cannot be read: {}",
                                 drain_errors());
            }
        });
        return *fields;
    }
    const std::pair<Time, Time>& dates() {
        dates_asked.call([this] {
            const auto* validity = facts ? nullptr : parts().info->validity;
            life = facts ? std::pair(facts->not_before, facts->not_after)
                         : std::pair(to_time(validity->notBefore), to_time(validity->notAfter));
        });
        return life;
    }
    const PublicKey& public_key() {
        key_asked.call([this] { key = read_key(*parts().info->key); });
        return key;
    }
    X509* native() {
        object_asked.call([this] {
            if (object == nullptr) {
                object = share(own<X509_free>(parse_der<X509_free>(d2i_X509, bytes()).release(),
                                              "a certificate of ours cannot be read"));
            }
        });
        return object.get();
    }
};

Certificate::Certificate(std::shared_ptr<X509> certificate) : body_(std::make_shared<Body>()) {
    body_->object = std::move(certificate);
}

Certificate Certificate::made(std::string der) {
    auto body = std::make_shared<Body>();
    body->facts = quick::facts_of(der);
    body->der = std::move(der);
    return Certificate(std::move(body));
}

Certificate::Body& Certificate::body() const {
    MESHPROOF_ASSERT(body_ != nullptr, "an empty certificate was used");
    return *body_;
}

const CertificateParts& Certificate::parts() const {
    return body().parts();
}

X509* Certificate::native() const {
    return body_ != nullptr ? body_->native() : nullptr;
}

Result<Certificate> Certificate::from_pem(std::string_view pem) {
    if (const auto der = quick::pem_content(pem, "CERTIFICATE")) {
        return from_der(*der);
    }
    for (const PemBlock& block : pem_blocks(pem)) {
        if (block.label == "CERTIFICATE") {
            return from_der(block.der);
        }
    }
    return fail(FailureKind::invalid, "no CERTIFICATE block was found");
}

Result<Certificate> Certificate::from_der(std::string_view der) {
    constexpr std::size_t most = 16;
    thread_local LastRead cas(most);
    if (auto known = cas.find(der)) {
        return std::move(*known);
    }
    auto certificate = read(der);
    if (certificate && seems_ca(der)) {
        cas.keep(der, *certificate);
    }
    return certificate;
}

Result<Certificate> Certificate::met(std::string_view der) {
    constexpr std::size_t most = 64;
    thread_local LastRead leaves(most);
    if (auto known = leaves.find(der)) {
        return std::move(*known);
    }
    auto certificate = from_der(der);
    if (certificate && !seems_ca(der)) {
        leaves.keep(der, *certificate);
    }
    return certificate;
}

Result<Certificate> Certificate::read(std::string_view der) {
    auto parts = read_certificate(der);
    if (parts == nullptr) {
        const std::string errors = drain_errors();
        return fail(FailureKind::invalid, "certificate cannot be read: {}",
                    errors.empty() ? "there is something after it" : errors);
    }
    const X509_VAL& validity = *parts->info->validity;
    if (!readable(validity.notBefore) || !readable(validity.notAfter)) {
        return fail(FailureKind::invalid, "certificate cannot be read: its validity is no time");
    }
    auto body = std::make_shared<Body>();
    body->fields = std::move(parts);
    return Certificate(std::move(body));
}

Result<std::vector<Certificate>> Certificate::all_from_pem(std::string_view pem) {
    std::vector<Certificate> certificates;
    if (const auto der = quick::pem_content(pem, "CERTIFICATE")) {
        if (auto only = from_der(*der)) {
            certificates.push_back(std::move(*only));
            return certificates;
        }
    }
    for (const PemBlock& block : pem_blocks(pem)) {
        if (block.label != "CERTIFICATE") {
            continue;
        }
        auto certificate = from_der(block.der);
        if (!certificate) {
            return propagate(certificate, fmt::format("block {}", certificates.size() + 1));
        }
        certificates.push_back(std::move(*certificate));
    }
    // PEM that breaks off in the middle of a block must not pass for a shorter list.
    std::size_t begun = 0;
    constexpr std::string_view begin = "-----BEGIN CERTIFICATE-----";
    for (auto at = pem.find(begin); at != std::string_view::npos; at = pem.find(begin, at + 1)) {
        ++begun;
    }
    if (certificates.size() < begun) {
        return fail(FailureKind::invalid, "block {}: certificate cannot be read: not valid PEM",
                    certificates.size() + 1);
    }
    if (certificates.empty()) {
        return fail(FailureKind::invalid, "no CERTIFICATE block was found");
    }
    return certificates;
}

std::string Certificate::pem() const {
    return pem_block("CERTIFICATE", der());
}

std::string Certificate::der() const {
    return body().bytes();
}

std::string Certificate::serial() const {
    if (body().facts) {
        return serial_text(body().facts->serial);
    }
    return serial_text(to_bytes(body().parts().info->serial));
}

Subject Certificate::subject() const {
    return read_name(body().parts().info->subject);
}

bool Certificate::subject_is_empty() const {
    return X509_NAME_entry_count(body().parts().info->subject) == 0;
}

std::string Certificate::subject_line() const {
    return name_line(body().parts().info->subject);
}

std::string Certificate::issuer_line() const {
    return name_line(body().parts().info->issuer);
}

std::string Certificate::subject_der() const {
    return to_der(i2d_X509_NAME, body().parts().info->subject);
}

std::string Certificate::issuer_der() const {
    return to_der(i2d_X509_NAME, body().parts().info->issuer);
}

AltNames Certificate::alt_names() const {
    const auto names =
        extension<GENERAL_NAMES_free, GENERAL_NAMES>(body().parts(), NID_subject_alt_name);
    return names != nullptr ? read_alt_names(names.get()) : AltNames{};
}

bool Certificate::alt_names_critical() const {
    bool critical = false;
    (void)extension<GENERAL_NAMES_free, GENERAL_NAMES>(body().parts(), NID_subject_alt_name,
                                                       &critical);
    return critical;
}

Time Certificate::not_before() const {
    return body().dates().first;
}

Time Certificate::not_after() const {
    return body().dates().second;
}

bool Certificate::valid_at(Time time) const {
    const std::int64_t second = unix_seconds(time);
    return unix_seconds(not_before()) <= second && second <= unix_seconds(not_after());
}

std::optional<bool> Certificate::is_ca() const {
    const auto constraints =
        extension<BASIC_CONSTRAINTS_free, BASIC_CONSTRAINTS>(body().parts(), NID_basic_constraints);
    return constraints != nullptr ? std::optional(constraints->ca != 0) : std::nullopt;
}

std::optional<int> Certificate::path_length() const {
    const auto constraints =
        extension<BASIC_CONSTRAINTS_free, BASIC_CONSTRAINTS>(body().parts(), NID_basic_constraints);
    if (constraints == nullptr || constraints->pathlen == nullptr) {
        return std::nullopt;
    }
    return static_cast<int>(ASN1_INTEGER_get(constraints->pathlen));
}

std::optional<unsigned> Certificate::key_usage() const {
    const auto bits =
        extension<ASN1_BIT_STRING_free, ASN1_BIT_STRING>(body().parts(), NID_key_usage);
    if (bits == nullptr) {
        return std::nullopt;
    }
    unsigned usage = 0;
    for (int bit = 0; bit <= 8; ++bit) {
        usage |=
            ASN1_BIT_STRING_get_bit(bits.get(), bit) != 0 ? 1U << static_cast<unsigned>(bit) : 0U;
    }
    return usage;
}

bool Certificate::key_usage_critical() const {
    bool critical = false;
    (void)extension<ASN1_BIT_STRING_free, ASN1_BIT_STRING>(body().parts(), NID_key_usage,
                                                           &critical);
    return critical;
}

std::optional<std::vector<std::string>> Certificate::extended_key_usage() const {
    const auto usages =
        extension<EXTENDED_KEY_USAGE_free, EXTENDED_KEY_USAGE>(body().parts(), NID_ext_key_usage);
    if (usages == nullptr) {
        return std::nullopt;
    }
    std::vector<std::string> oids;
    for (int i = 0; i < sk_ASN1_OBJECT_num(usages.get()); ++i) {
        oids.push_back(to_oid(sk_ASN1_OBJECT_value(usages.get(), i)));
    }
    return oids;
}

Bytes Certificate::subject_key_id() const {
    return copy(X509_get0_subject_key_id(body().native()));
}

Bytes Certificate::authority_key_id() const {
    return copy(X509_get0_authority_key_id(body().native()));
}

std::vector<std::string> Certificate::issuing_certificate_urls() const {
    std::vector<std::string> urls;
    const auto access = extension<AUTHORITY_INFO_ACCESS_free, AUTHORITY_INFO_ACCESS>(
        body().parts(), NID_info_access);
    for (int i = 0; access != nullptr && i < sk_ACCESS_DESCRIPTION_num(access.get()); ++i) {
        const ACCESS_DESCRIPTION* description = sk_ACCESS_DESCRIPTION_value(access.get(), i);
        if (OBJ_obj2nid(description->method) == NID_ad_ca_issuers) {
            collect_uri(description->location, urls);
        }
    }
    return urls;
}

std::vector<std::string> Certificate::crl_urls() const {
    std::vector<std::string> urls;
    const auto points = extension<CRL_DIST_POINTS_free, CRL_DIST_POINTS>(
        body().parts(), NID_crl_distribution_points);
    for (int i = 0; points != nullptr && i < sk_DIST_POINT_num(points.get()); ++i) {
        const DIST_POINT_NAME* point = sk_DIST_POINT_value(points.get(), i)->distpoint;
        if (point == nullptr || point->type != 0) {
            continue;
        }
        for (int j = 0; j < sk_GENERAL_NAME_num(point->name.fullname); ++j) {
            collect_uri(sk_GENERAL_NAME_value(point->name.fullname, j), urls);
        }
    }
    return urls;
}

std::string Certificate::signature_algorithm() const {
    const int nid = OBJ_obj2nid(body().parts().algorithm->algorithm);
    return nid != NID_undef ? OBJ_nid2ln(nid) : "unknown";
}

std::string Certificate::signature_digest() const {
    int digest = NID_undef;
    if (X509_get_signature_info(body().native(), &digest, nullptr, nullptr, nullptr) != 1 ||
        digest == NID_undef) {
        ERR_clear_error();
        return "";
    }
    return lower(OBJ_nid2sn(digest));
}

std::vector<RawExtension> Certificate::extensions() const {
    return read_extensions(body().parts().info->extensions);
}

PublicKey Certificate::public_key() const {
    return body().public_key();
}

std::string Certificate::fingerprint() const {
    return to_hex(sha256(as_bytes(der())));
}

bool Certificate::self_signed() const {
    return signed_by(*this);
}

bool Certificate::signed_by(const Certificate& issuer) const {
    const CertificateParts& parts = body().parts();
    const CertificateParts& parent = issuer.body().parts();
    if (X509_NAME_cmp(parts.info->issuer, parent.info->subject) != 0) {
        return false;
    }
    // Chains are built for every answer of a CA, and neither certificate ever changes.
    const std::scoped_lock lock(body_->guard);
    if (body_->issuer.lock() != issuer.body_) {
        body_->by_issuer = verified_by(issuer);
        body_->issuer = issuer.body_;
    }
    return body_->by_issuer;
}

bool Certificate::verified_by(const Certificate& issuer) const {
    const CertificateParts& parts = body().parts();
    const PublicKey& key = issuer.body().public_key();
    // As X509_verify: both names of the algorithm are the same.
    const Signed made{parts.info->encoding, *parts.algorithm, *parts.signature};
    if (const auto verified = quick_verdict(made, key, quick::Signer::authority)) {
        return *verified && X509_ALGOR_cmp(parts.algorithm, parts.info->algorithm) == 0;
    }
    const bool verified = !key.empty() && X509_verify(body().native(), key.native()) == 1;
    ERR_clear_error();
    return verified;
}

bool operator==(const Certificate& a, const Certificate& b) {
    if (a.body_ == b.body_ || !a || !b) {
        return a.body_ == b.body_;
    }
    return a.body_->bytes() == b.body_->bytes();
}

std::string serial_text(std::span<const std::uint8_t> serial) {
    const auto first = std::ranges::find_if(serial, [](std::uint8_t byte) { return byte != 0; });
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    for (const std::uint8_t byte : std::span(first, serial.end())) {
        text += text.empty() ? "" : ":";
        text += digits[byte >> 4U];
        text += digits[byte & 15U];
    }
    return text;
}

std::optional<Bytes> parse_serial(std::string_view text) {
    const auto digit = [](char c) -> int {
        return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
    };
    const std::string hex = lower(text);
    if (hex.size() % 3 != 2) {
        return std::nullopt;
    }
    Bytes bytes;
    for (std::size_t i = 0; i < hex.size(); i += 3) {
        const int high = digit(hex[i]);
        const int low = digit(hex[i + 1]);
        const bool separated = i + 2 == hex.size() || hex[i + 2] == ':' || hex[i + 2] == '-';
        if (high < 0 || low < 0 || !separated) {
            return std::nullopt;
        }
        bytes.push_back(static_cast<std::uint8_t>(high * 16 + low));
    }
    return bytes;
}

std::string to_pem(std::span<const Certificate> certificates) {
    std::string pem;
    for (const Certificate& certificate : certificates) {
        pem += certificate.pem();
    }
    return pem;
}

}  // namespace meshproof::crypto
