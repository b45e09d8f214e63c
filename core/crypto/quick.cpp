#include "core/crypto/quick.hpp"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/obj_mac.h>
#include <openssl/objects.h>
#include <openssl/rsa.h>

#include <chrono>
#include <deque>

#include "core/crypto/names.hpp"
#include "core/crypto/spki.hpp"

namespace meshproof::crypto::quick {
namespace {

using namespace std::string_view_literals;
using Octets = std::span<const std::uint8_t>;
using Context = Handle<EVP_PKEY_CTX, EVP_PKEY_CTX_free>;
using PkeyHandle = Handle<EVP_PKEY, EVP_PKEY_free>;

// SubjectPublicKeyInfo of a P-256 key up to its point (RFC 5480 2).
constexpr auto spki_head =
    "\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07"
    "\x03\x42\x00"sv;
constexpr auto ecdsa_sha256 = "\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02"sv,
               rsa_sha256 = "\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b\x05\x00"sv;

// ---- P-256 ----

constexpr std::size_t p256_signature_max = 72;

Context keygen_context() {
    auto context = own<EVP_PKEY_CTX_free>(EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr));
    succeed(EVP_PKEY_keygen_init(context.get()));
    succeed(EVP_PKEY_CTX_set_group_name(context.get(), "P-256"));
    return context;
}

PkeyHandle generate(EVP_PKEY_CTX* context) {
    EVP_PKEY* key = nullptr;
    succeed(EVP_PKEY_generate(context, &key), "cannot generate a key");
    return PkeyHandle(key);
}

/// A key without a private half.
PkeyHandle public_model() {
    const auto pair = generate(keygen_context().get());
    OSSL_PARAM* own_parts = nullptr;
    succeed(EVP_PKEY_todata(pair.get(), EVP_PKEY_PUBLIC_KEY, &own_parts));
    const auto parts = own<OSSL_PARAM_free>(own_parts);
    const auto context = own<EVP_PKEY_CTX_free>(EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr));
    EVP_PKEY* key = nullptr;
    succeed(EVP_PKEY_fromdata_init(context.get()));
    succeed(EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, parts.get()));
    return PkeyHandle(key);
}

/// A key into which points are put, and a context that verifies under it. The context holds the
/// same provider's key, so it sees the point that was put in last.
class Verifier {
  public:
    Verifier() : key_(public_model()), context_(verify_context()) {}

    [[nodiscard]] bool hold(const P256Point& point) {
        if (held_ == point) {
            return true;
        }
        held_.reset();
        if (EVP_PKEY_set1_encoded_public_key(key_.get(), point.data(), point.size()) != 1) {
            ERR_clear_error();
            return false;
        }
        held_ = point;
        return true;
    }

    [[nodiscard]] bool verify(Octets digest, Octets signature) {
        const bool valid = EVP_PKEY_verify(context_.get(), signature.data(), signature.size(),
                                           digest.data(), digest.size()) == 1;
        ERR_clear_error();
        return valid;
    }

  private:
    [[nodiscard]] Context verify_context() const {
        auto context = own<EVP_PKEY_CTX_free>(EVP_PKEY_CTX_new(key_.get(), nullptr));
        succeed(EVP_PKEY_verify_init(context.get()));
        return context;
    }

    PkeyHandle key_;
    Context context_;
    std::optional<P256Point> held_;
};

Verifier& verifier() {
    thread_local Verifier one;
    return one;
}

// ---- P-256, the keys that verify most ----

using Group = Handle<EC_GROUP, EC_GROUP_free>;
using Number = Handle<BIGNUM, BN_free>;
using Place = Handle<EC_POINT, EC_POINT_free>;

Group p256() {
    return own<EC_GROUP_free>(EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1));
}

/// Verifies under one key that does not change. ECDSA's second multiplication is of the key's
/// point, and with a table of its multiples, as OpenSSL has one for the generator, it takes 9 us
/// instead of 55. The table takes 27 ms to make and 150 KB to keep.
class TableVerifier {
  public:
    explicit TableVerifier(const P256Point& point) : group_(p256()), key_group_(p256()) {
        const auto key = own<EC_POINT_free>(EC_POINT_new(group_.get()));
        succeed(EC_POINT_oct2point(group_.get(), key.get(), point.data(), point.size(),
                                   numbers_.get()));
        succeed(EC_GROUP_set_generator(key_group_.get(), key.get(), order(),
                                       EC_GROUP_get0_cofactor(group_.get())));
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"  // nothing in OpenSSL 3 replaces it
        succeed(EC_GROUP_precompute_mult(key_group_.get(), numbers_.get()));
#pragma GCC diagnostic pop
    }

    /// SEC 1, 4.1.4.
    [[nodiscard]] bool verify(Octets digest, Octets signature) const {
        const auto pair = parse_der<ECDSA_SIG_free>(d2i_ECDSA_SIG, as_text(signature));
        ERR_clear_error();
        // As OpenSSL: DER, and no other form of it.
        if (pair == nullptr || to_der(i2d_ECDSA_SIG, pair.get()) != as_text(signature)) {
            return false;
        }
        const BIGNUM* r = ECDSA_SIG_get0_r(pair.get());
        const BIGNUM* s = ECDSA_SIG_get0_s(pair.get());
        if (!in_range(r) || !in_range(s)) {
            return false;
        }
        const Number e(present(BN_bin2bn(digest.data(), static_cast<int>(digest.size()), nullptr)));
        const auto w = own<BN_free>(BN_mod_inverse(nullptr, s, order(), numbers_.get()));
        succeed(BN_mod_mul(e.get(), e.get(), w.get(), order(), numbers_.get()));
        succeed(BN_mod_mul(w.get(), w.get(), r, order(), numbers_.get()));
        const auto sum = multiple(group_.get(), e.get());
        const auto part = multiple(key_group_.get(), w.get());
        succeed(EC_POINT_add(group_.get(), sum.get(), sum.get(), part.get(), numbers_.get()));
        if (EC_POINT_is_at_infinity(group_.get(), sum.get()) == 1) {
            return false;
        }
        const auto x = own<BN_free>(BN_new());
        succeed(EC_POINT_get_affine_coordinates(group_.get(), sum.get(), x.get(), nullptr,
                                                numbers_.get()));
        succeed(BN_nnmod(x.get(), x.get(), order(), numbers_.get()));
        return BN_cmp(x.get(), r) == 0;
    }

  private:
    [[nodiscard]] const BIGNUM* order() const { return EC_GROUP_get0_order(group_.get()); }
    [[nodiscard]] bool in_range(const BIGNUM* number) const {
        return BN_is_negative(number) == 0 && BN_is_zero(number) == 0 &&
               BN_ucmp(number, order()) < 0;
    }
    /// Of the group's generator.
    [[nodiscard]] Place multiple(const EC_GROUP* group, const BIGNUM* factor) const {
        auto point = own<EC_POINT_free>(EC_POINT_new(group));
        succeed(EC_POINT_mul(group, point.get(), factor, nullptr, nullptr, numbers_.get()));
        return point;
    }

    Handle<BN_CTX, BN_CTX_free> numbers_ = own<BN_CTX_free>(BN_CTX_new());
    Group group_, key_group_;
};

/// The table of a key that has verified so often that it pays; null before that.
const TableVerifier* table_of(const P256Point& point) {
    constexpr std::size_t most = 8;
    constexpr int enough = 1000;
    struct Count {
        P256Point point;
        int uses = 0;
        std::unique_ptr<TableVerifier> table;
    };
    thread_local std::deque<Count> counts;
    auto known = std::ranges::find(counts, point, &Count::point);
    if (known == counts.end()) {
        if (counts.size() == most) {
            counts.pop_back();
        }
        counts.push_front({point, 0, nullptr});
        known = counts.begin();
    }
    if (known->table == nullptr && ++known->uses > enough) {
        known->table = std::make_unique<TableVerifier>(point);
    }
    return known->table.get();
}

// ---- signing ----

enum class Signs : std::uint8_t { ecdsa, rsa, otherwise };

Signs kind_of(EVP_PKEY* key) {
    if (EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA) {
        return Signs::rsa;
    }
    if (EVP_PKEY_get_base_id(key) != EVP_PKEY_EC || EVP_PKEY_get_bits(key) != 256) {
        return Signs::otherwise;
    }
    std::array<char, 64> name{};
    std::size_t length = 0;
    const bool named = EVP_PKEY_get_group_name(key, name.data(), name.size(), &length) == 1 &&
                       std::string_view(name.data(), length) == SN_X9_62_prime256v1;
    ERR_clear_error();
    return named ? Signs::ecdsa : Signs::otherwise;
}

/// Signs SHA-256 digests under one key; for no other thread.
class KeySigner {
  public:
    explicit KeySigner(const Key& key) : key_(key), kind_(kind_of(key.native())) {
        if (kind_ == Signs::otherwise) {
            return;
        }
        context_ = own<EVP_PKEY_CTX_free>(EVP_PKEY_CTX_new(key.native(), nullptr));
        succeed(EVP_PKEY_sign_init(context_.get()), "cannot sign");
        if (kind_ == Signs::rsa) {
            succeed(EVP_PKEY_CTX_set_rsa_padding(context_.get(), RSA_PKCS1_PADDING));
            succeed(EVP_PKEY_CTX_set_signature_md(context_.get(), EVP_sha256()));
        }
        length_ = kind_ == Signs::rsa ? static_cast<std::size_t>(EVP_PKEY_get_size(key.native()))
                                      : p256_signature_max;
    }

    [[nodiscard]] Signs kind() const { return kind_; }
    [[nodiscard]] bool is_of(const Key& key) const { return key_.native() == key.native(); }
    [[nodiscard]] std::string_view algorithm() const {
        return kind_ == Signs::rsa ? rsa_sha256 : ecdsa_sha256;
    }

    [[nodiscard]] std::string sign(std::string_view message) const {
        const auto digest = sha256(as_bytes(message));
        Bytes signature(length_);
        std::size_t length = signature.size();
        succeed(
            EVP_PKEY_sign(context_.get(), signature.data(), &length, digest.data(), digest.size()),
            "cannot sign");
        return std::string(as_text(Octets(signature).first(length)));
    }

  private:
    Key key_;
    Signs kind_;
    Context context_;
    std::size_t length_ = 0;
};

/// Those of the issuers that signed last.
const KeySigner& signer_of(const Key& key) {
    constexpr std::size_t kept = 16;
    thread_local std::deque<KeySigner> signers;
    const auto known =
        std::ranges::find_if(signers, [&](const KeySigner& signer) { return signer.is_of(key); });
    if (known != signers.end()) {
        return *known;
    }
    if (signers.size() == kept) {
        signers.pop_back();
    }
    return signers.emplace_front(key);
}

// ---- DER ----

constexpr char integer = 0x02, bit_string = 0x03, octet_string = 0x04, object_identifier = 0x06,
               utf8_string = 0x0c, printable_string = 0x13, utc_time = 0x17, sequence = 0x30,
               set = 0x31;
constexpr std::string_view yes = "\x01\x01\xff";  // BOOLEAN TRUE

constexpr char tagged(unsigned number) {
    return static_cast<char>(0x80U | number);
}
constexpr char tagged_around(unsigned number) {
    return static_cast<char>(0xa0U | number);
}

std::string element(char tag, std::string_view content) {
    constexpr std::size_t longest_head = 6;
    std::string der(1, tag);
    der.reserve(content.size() + longest_head);
    const std::size_t size = content.size();
    unsigned bytes = 1;
    while (bytes < sizeof size && size >> (8U * bytes) != 0) {
        ++bytes;
    }
    if (size >= 0x80) {
        der += static_cast<char>(0x80U | bytes);
    }
    while (bytes-- > 0) {
        der += static_cast<char>(size >> (8U * bytes) & 0xffU);
    }
    return der.append(content);
}

/// The content of the element with this tag that the text begins with.
std::optional<std::string_view> content_of(std::string_view der, char tag) {
    if (der.size() < 2 || der.front() != tag) {
        return std::nullopt;
    }
    constexpr std::size_t longest_size = 4;
    const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(der[at]); };
    std::size_t size = byte(1), head = 2;
    if (size >= 0x80) {
        const std::size_t bytes = size & 0x7fU;
        if (bytes == 0 || bytes > longest_size || head + bytes > der.size()) {
            return std::nullopt;
        }
        size = 0;
        for (const auto end = head + bytes; head < end; ++head) {
            size = size << 8U | byte(head);
        }
    }
    return size <= der.size() - head ? std::optional(der.substr(head, size)) : std::nullopt;
}

template <class... Content>
std::string list(char tag, const Content&... content) {
    std::string all;
    (all.append(content), ...);
    return element(tag, all);
}

std::string bits_of(std::string_view octets, unsigned unused = 0) {
    std::string content(1, static_cast<char>(unused));
    return element(bit_string, content.append(octets));
}

// ---- names ----

bool plain(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= 0x20 && c < 0x7f; });
}

bool plain(const std::vector<std::string>& texts) {
    return std::ranges::all_of(texts, [](const std::string& text) { return plain(text); });
}

/// At most one value: several are one SET, which has an order of its own.
bool single(const std::vector<std::string>& values) {
    return values.empty() || (values.size() == 1 && plain(values.front()));
}

bool assumed(const Subject& subject) {
    return single(subject.country) && single(subject.province) && single(subject.locality) &&
           single(subject.street_address) && single(subject.postal_code) &&
           single(subject.organization) && single(subject.organizational_unit) &&
           subject.user_ids.empty() &&
           (subject.common_name.empty() || plain(subject.common_name)) &&
           (subject.serial_number.empty() || plain(subject.serial_number));
}

/// An attribute of RFC 4519, id-at = 2.5.4.
void add_attribute(std::string& name, char number, const std::string& value) {
    const std::string type{object_identifier, 3, 0x55, 0x04, number};
    name += element(set, list(sequence, type,
                              element(printable(value) ? printable_string : utf8_string, value)));
}

void add_attribute(std::string& name, char number, const std::vector<std::string>& values) {
    if (!values.empty()) {
        add_attribute(name, number, values.front());
    }
}

/// In write_name's order.
std::string name_der(const Subject& subject) {
    std::string name;
    add_attribute(name, 6, subject.country);
    add_attribute(name, 8, subject.province);
    add_attribute(name, 7, subject.locality);
    add_attribute(name, 9, subject.street_address);
    add_attribute(name, 17, subject.postal_code);
    add_attribute(name, 10, subject.organization);
    add_attribute(name, 11, subject.organizational_unit);
    if (!subject.common_name.empty()) {
        add_attribute(name, 3, subject.common_name);
    }
    if (!subject.serial_number.empty()) {
        add_attribute(name, 5, subject.serial_number);
    }
    return element(sequence, name);
}

bool assumed(const AltNames& names) {
    return names.ips.empty() && names.others.empty() && plain(names.dns) && plain(names.emails) &&
           plain(names.uris);
}

/// In write_alt_names' order.
std::string alt_names_der(const AltNames& names) {
    std::string all;
    for (const std::string& name : names.dns) {
        all += element(tagged(2), name);
    }
    for (const std::string& name : names.emails) {
        all += element(tagged(1), name);
    }
    for (const std::string& name : names.uris) {
        all += element(tagged(6), name);
    }
    return element(sequence, all);
}

// ---- extensions: id-ce = 2.5.29 unless said otherwise ----

enum class Critical : std::uint8_t { no, yes };

std::string extension(std::string_view oid, Critical critical, std::string_view value) {
    return list(sequence, element(object_identifier, oid),
                critical == Critical::yes ? yes : std::string_view(), element(octet_string, value));
}

std::string key_usage_der(unsigned usage) {
    // The first bit of a BIT STRING is the highest of its first byte; bits that are not set end it
    // (X.690 11.2.2).
    std::array<std::uint8_t, 2> octets{};
    unsigned last = 0;
    for (unsigned bit = 0; bit <= 8; ++bit) {
        if ((usage >> bit & 1U) != 0) {
            octets[bit / 8] |= static_cast<std::uint8_t>(0x80U >> bit % 8);
            last = bit + 1;
        }
    }
    return bits_of(as_text(Octets(octets).first((last + 7) / 8)), (8 - last % 8) % 8);
}

constexpr auto key_purposes = "1.3.6.1.5.5.7.3."sv;  // id-kp

/// The last arc of an OID under id-kp.
std::optional<char> key_purpose(std::string_view oid) {
    if (!oid.starts_with(key_purposes)) {
        return std::nullopt;
    }
    oid.remove_prefix(key_purposes.size());
    const bool one_digit = oid.size() == 1 && oid[0] >= '1' && oid[0] <= '9';
    return one_digit ? std::optional(static_cast<char>(oid[0] - '0')) : std::nullopt;
}

std::string extended_key_usage_der(const std::vector<std::string>& oids) {
    std::string all;
    for (const std::string& oid : oids) {
        all += element(object_identifier,
                       std::string("\x2b\x06\x01\x05\x05\x07\x03") + key_purpose(oid).value());
    }
    return element(sequence, all);
}

std::string information_access_der(const CertificateSpec& spec) {
    std::string all;
    const auto add = [&](std::string_view method, const std::vector<std::string>& urls) {
        for (const std::string& url : urls) {
            all += list(sequence, element(object_identifier, method), element(tagged(6), url));
        }
    };
    add("\x2b\x06\x01\x05\x05\x07\x30\x01", spec.ocsp_urls);  // id-ad-ocsp
    add("\x2b\x06\x01\x05\x05\x07\x30\x02", spec.issuing_certificate_urls);
    return element(sequence, all);
}

std::string crl_points_der(const std::vector<std::string>& urls) {
    std::string all;
    for (const std::string& url : urls) {
        all += element(sequence, element(tagged_around(0),
                                         element(tagged_around(0), element(tagged(6), url))));
    }
    return element(sequence, all);
}

// ---- certificates ----

constexpr std::int64_t utc_begin = -631'152'000,  // 1950, and 2050: RFC 5280 4.1.2.5
    utc_end = 2'524'608'000;

bool assumed(Time time) {
    return unix_seconds(time) >= utc_begin && unix_seconds(time) < utc_end;
}

std::string time_der(Time time) {
    const std::chrono::sys_seconds second{std::chrono::seconds(unix_seconds(time))};
    const auto day = std::chrono::floor<std::chrono::days>(second);
    const std::chrono::year_month_day date(day);
    const std::chrono::hh_mm_ss clock(second - day);
    std::string text;
    const auto two = [&](unsigned number) {
        text += static_cast<char>('0' + number / 10 % 10);
        text += static_cast<char>('0' + number % 10);
    };
    two(static_cast<unsigned>(static_cast<int>(date.year())) % 100);
    two(static_cast<unsigned>(date.month()));
    two(static_cast<unsigned>(date.day()));
    two(static_cast<unsigned>(clock.hours().count()));
    two(static_cast<unsigned>(clock.minutes().count()));
    two(static_cast<unsigned>(clock.seconds().count()));
    return element(utc_time, text += 'Z');
}

/// The other way; nothing where it is no time as `time_der` writes it.
std::optional<Time> time_of(std::string_view text) {
    constexpr std::size_t length = 13;
    if (text.size() != length || text.back() != 'Z' ||
        !std::ranges::all_of(text.substr(0, length - 1),
                             [](char c) { return c >= '0' && c <= '9'; })) {
        return std::nullopt;
    }
    const auto two = [&](std::size_t at) { return (text[at] - '0') * 10 + text[at + 1] - '0'; };
    const int year = two(0) + (two(0) < 50 ? 2000 : 1900);
    const std::chrono::sys_days day{std::chrono::year(year) /
                                    std::chrono::month(static_cast<unsigned>(two(2))) /
                                    std::chrono::day(static_cast<unsigned>(two(4)))};
    const auto second = day + std::chrono::hours(two(6)) + std::chrono::minutes(two(8)) +
                        std::chrono::seconds(two(10));
    return from_unix_seconds(second.time_since_epoch().count());
}

std::string serial_der(Octets magnitude) {
    while (!magnitude.empty() && magnitude.front() == 0) {
        magnitude = magnitude.subspan(1);
    }
    const bool padded = magnitude.empty() || magnitude.front() >= 0x80;
    return list(integer, padded ? "\0"sv : ""sv, as_text(magnitude));
}

/// What a leaf has; never asked for by sign-verbatim, policies, other names or a root.
bool assumed(const CertificateSpec& spec) {
    return !spec.subject_der && spec.policy_oids.empty() && !spec.policies &&
           !spec.name_constraints && spec.extra.empty() && !spec.path_length && !spec.pss &&
           (spec.digest.empty() || spec.digest == "sha256") && assumed(spec.not_before) &&
           assumed(spec.not_after) && assumed(spec.subject) && assumed(spec.alt_names) &&
           std::ranges::all_of(
               spec.extended_key_usage,
               [](const std::string& oid) { return key_purpose(oid).has_value(); }) &&
           plain(spec.ocsp_urls) && plain(spec.issuing_certificate_urls) && plain(spec.crl_urls);
}

struct SubjectKey {
    Bytes spki, id;
};

/// In the order in which Go's crypto/x509 writes them, as the general path does.
std::string extensions_der(const CertificateSpec& spec, const SubjectKey& subject,
                           const Bytes& issuer_id) {
    std::string all;
    if (spec.key_usage) {
        all += extension("\x55\x1d\x0f", Critical::yes, key_usage_der(*spec.key_usage));
    }
    if (!spec.extended_key_usage.empty()) {
        all += extension("\x55\x1d\x25", Critical::no,
                         extended_key_usage_der(spec.extended_key_usage));
    }
    if (spec.is_ca) {
        all += extension("\x55\x1d\x13", Critical::yes,
                         element(sequence, *spec.is_ca ? yes : std::string_view()));
    }
    if (spec.subject_key_id) {
        const auto& id = spec.other_subject_key_id ? *spec.other_subject_key_id : subject.id;
        all += extension("\x55\x1d\x0e", Critical::no, element(octet_string, as_text(id)));
    }
    if (spec.authority_key_id) {
        all += extension("\x55\x1d\x23", Critical::no,
                         element(sequence, element(tagged(0), as_text(issuer_id))));
    }
    if (!spec.ocsp_urls.empty() || !spec.issuing_certificate_urls.empty()) {
        // id-pe-authorityInfoAccess
        all += extension("\x2b\x06\x01\x05\x05\x07\x01\x01", Critical::no,
                         information_access_der(spec));
    }
    if (!spec.alt_names.empty()) {
        all += extension("\x55\x1d\x11", spec.subject.empty() ? Critical::yes : Critical::no,
                         alt_names_der(spec.alt_names));
    }
    if (!spec.crl_urls.empty()) {
        all += extension("\x55\x1d\x1f", Critical::no, crl_points_der(spec.crl_urls));
    }
    return all.empty() ? all : element(tagged_around(3), element(sequence, all));
}

std::string signed_der(const std::string& content, const KeySigner& signer) {
    return list(sequence, content, signer.algorithm(), bits_of(signer.sign(content)));
}

std::string extension_request_der(const AltNames& names) {
    const auto oid = element(object_identifier, "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x0e");
    const auto wanted = extension("\x55\x1d\x11", Critical::no, alt_names_der(names));
    return list(sequence, oid, element(set, element(sequence, wanted)));
}

}  // namespace

std::optional<P256Point> point_of(const X509_ALGOR& algorithm, const ASN1_BIT_STRING& bits) {
    const ASN1_OBJECT* kind = nullptr;
    const void* curve = nullptr;
    int type = V_ASN1_UNDEF;
    X509_ALGOR_get0(&kind, &type, &curve, &algorithm);
    const auto octets = view(&bits);
    P256Point point{};
    if (OBJ_obj2nid(kind) != NID_X9_62_id_ecPublicKey || type != V_ASN1_OBJECT ||
        OBJ_obj2nid(static_cast<const ASN1_OBJECT*>(curve)) != NID_X9_62_prime256v1 ||
        (bits.flags & 0x07) != 0 || octets.size() != point.size() ||
        octets.front() != POINT_CONVERSION_UNCOMPRESSED) {
        return std::nullopt;
    }
    std::ranges::copy(octets, point.begin());
    return point;
}

bool on_curve(const P256Point& point) {
    return verifier().hold(point);
}

std::shared_ptr<EVP_PKEY> key_of(const P256Point& point) {
    // A copy with another point: 5 us, where EVP_PKEY_fromdata takes 20.
    thread_local const PkeyHandle model = public_model();
    auto key = own<EVP_PKEY_free>(EVP_PKEY_dup(model.get()));
    succeed(EVP_PKEY_set1_encoded_public_key(key.get(), point.data(), point.size()),
            "cannot put a point into a key");
    return share(std::move(key));
}

Bytes spki_of(const P256Point& point) {
    const auto head = as_bytes(spki_head);
    Bytes spki(head.begin(), head.end());
    spki.insert(spki.end(), point.begin(), point.end());
    return spki;
}

bool is_ecdsa_sha256(const X509_ALGOR& algorithm) {
    return OBJ_obj2nid(algorithm.algorithm) == NID_ecdsa_with_SHA256;
}

bool verify(const P256Point& point, Octets message, Octets signature, Signer signer) {
    const auto digest = sha256(message);
    if (const auto* table = signer == Signer::authority ? table_of(point) : nullptr) {
        return table->verify(digest, signature);
    }
    return verifier().hold(point) && verifier().verify(digest, signature);
}

std::optional<std::string> sign(const Key& key, std::string_view message) {
    const KeySigner& signer = signer_of(key);
    return signer.kind() == Signs::otherwise ? std::nullopt : std::optional(signer.sign(message));
}

std::shared_ptr<EVP_PKEY> generate_p256() {
    thread_local const Context context = keygen_context();
    return share(generate(context.get()));
}

std::optional<std::string> request(const Csr::Spec& spec, const Key& key) {
    if (!spec.extensions.empty() || !spec.digest.empty() || !assumed(spec.subject) ||
        !assumed(spec.alt_names)) {
        return std::nullopt;
    }
    const KeySigner signer(key);
    const Bytes spki = signer.kind() == Signs::ecdsa ? key.public_key().spki_der() : Bytes();
    if (spki.size() != spki_head.size() + sizeof(P256Point)) {
        return std::nullopt;
    }
    constexpr auto version = "\x02\x01\x00"sv;
    return signed_der(list(sequence, version, name_der(spec.subject), as_text(spki),
                           element(tagged_around(0), spec.alt_names.empty()
                                                         ? std::string()
                                                         : extension_request_der(spec.alt_names))),
                      signer);
}

std::optional<std::string> certificate(const CertificateSpec& spec, const PublicKey& subject_key,
                                       const Key& issuer_key, const Certificate* issuer) {
    if (issuer == nullptr || !assumed(spec)) {
        return std::nullopt;
    }
    const KeySigner& signer = signer_of(issuer_key);
    if (signer.kind() == Signs::otherwise) {
        return std::nullopt;
    }
    constexpr auto version = "\xa0\x03\x02\x01\x02"sv;
    const SubjectKey subject{subject_key.spki_der(), subject_key.key_id()};
    const auto issuer_id = spec.authority_key_id ? issuer_key_id(issuer_key, issuer) : Bytes();
    return signed_der(list(sequence, version,
                           serial_der(spec.serial.empty() ? serial_of(subject.id) : spec.serial),
                           signer.algorithm(), issuer->subject_der(),
                           list(sequence, time_der(spec.not_before), time_der(spec.not_after)),
                           name_der(spec.subject), as_text(subject.spki),
                           extensions_der(spec, subject, issuer_id)),
                      signer);
}

std::optional<Facts> facts_of(std::string_view der) {
    const auto outer = content_of(der, sequence);
    auto fields = content_of(outer.value_or(""), sequence).value_or("");
    const auto next = [&fields](char tag) {
        const auto content = content_of(fields, tag);
        fields.remove_prefix(content ? static_cast<std::size_t>(content->end() - fields.begin())
                                     : 0);
        return content;
    };
    const auto version = next(tagged_around(0)), serial = next(integer), algorithm = next(sequence),
               issuer = next(sequence), validity = next(sequence);
    if (!version || !serial || !algorithm || !issuer || !validity) {
        return std::nullopt;
    }
    const auto begin = content_of(*validity, utc_time);
    const auto end = begin ? content_of({begin->end(), validity->end()}, utc_time) : begin;
    const auto from = begin ? time_of(*begin) : std::nullopt;
    const auto until = end ? time_of(*end) : std::nullopt;
    const auto octets = as_bytes(*serial);
    return from && until ? std::optional(Facts{{octets.begin(), octets.end()}, *from, *until})
                         : std::nullopt;
}

std::optional<std::string> pem_content(std::string_view text, std::string_view label) {
    const auto take = [&](std::string_view part) {
        const bool there = text.starts_with(part);
        text.remove_prefix(there ? part.size() : 0);
        return there;
    };
    const auto drop = [&](std::string_view part) {
        const bool there = text.ends_with(part);
        text.remove_suffix(there ? part.size() : 0);
        return there;
    };
    if (!take("-----BEGIN ") || !take(label) || !take("-----\n") || (drop("\n"), !drop("-----")) ||
        !drop(label) || !drop("\n-----END ")) {
        return std::nullopt;
    }
    constexpr std::size_t width = 64;
    std::string base64;
    base64.reserve(text.size());
    while (text.size() > width && text[width] == '\n') {
        base64 += text.substr(0, width);
        text.remove_prefix(width + 1);
    }
    if (text.empty() || text.size() > width) {
        return std::nullopt;
    }
    return from_base64(base64.append(text));  // the end of a line that is too short is no base64
}

}  // namespace meshproof::crypto::quick
