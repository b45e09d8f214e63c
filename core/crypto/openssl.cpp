#include "core/crypto/openssl.hpp"

#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/pem.h>
#include <openssl/sha.h>

#include "core/crypto/library.hpp"

namespace meshproof::crypto {

std::string_view library_version() {
    return OpenSSL_version(OPENSSL_VERSION);
}

std::string drain_errors() {
    std::string message;
    const char* data = nullptr;
    int flags = 0;
    while (const unsigned long code = ERR_get_error_all(nullptr, nullptr, nullptr, &data, &flags)) {
        const char* library = ERR_lib_error_string(code);
        const char* reason = ERR_reason_error_string(code);
        message += fmt::format("{}{}: {}", message.empty() ? "" : "; ",
                               library != nullptr ? library : "openssl",
                               reason != nullptr ? reason : fmt::format("error {:x}", code));
        if ((flags & ERR_TXT_STRING) != 0 && data != nullptr && *data != '\0') {
            message += fmt::format(" ({})", data);
        }
    }
    return message;
}

void openssl_failed(std::string_view what) {
    const std::string errors = drain_errors();
    throw CannotGoOn(
        Failure{FailureKind::invalid,
                fmt::format("{}: {}", what, errors.empty() ? "no reason given" : errors),
                0,
                {}});
}

Handle<BIO, BIO_free> memory_bio(std::string_view text) {
    return own<BIO_free>(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

Handle<BIO, BIO_free> memory_bio() {
    return own<BIO_free>(BIO_new(BIO_s_mem()));
}

std::string contents(BIO* bio) {
    char* data = nullptr;
    const long length = BIO_get_mem_data(bio, &data);
    return length > 0 ? std::string(data, static_cast<std::size_t>(length)) : std::string();
}

std::vector<PemBlock> pem_blocks(std::string_view pem) {
    std::vector<PemBlock> blocks;
    if (pem.empty()) {
        return blocks;
    }
    const auto bio = memory_bio(pem);
    char* label = nullptr;
    char* header = nullptr;
    unsigned char* data = nullptr;
    long length = 0;
    while (PEM_read_bio(bio.get(), &label, &header, &data, &length) == 1) {
        blocks.push_back({label, std::string(as_text({data, static_cast<std::size_t>(length)}))});
        OPENSSL_free(label);
        OPENSSL_free(header);
        OPENSSL_clear_free(data, static_cast<std::size_t>(length));
    }
    ERR_clear_error();  // the end of the text is an error to OpenSSL
    return blocks;
}

std::string pem_block(const char* label, std::string_view der) {
    constexpr std::size_t width = 64;
    const std::string base64 = to_base64(der);
    std::string text;
    text.reserve(base64.size() + base64.size() / width + 80);
    text.append("-----BEGIN ").append(label).append("-----\n");
    for (std::size_t at = 0; at < base64.size(); at += width) {
        text.append(base64, at, width).append(1, '\n');
    }
    return text.append("-----END ").append(label).append("-----\n");
}

bool readable(const ASN1_TIME* time) {
    std::tm parts{};
    return ASN1_TIME_to_tm(time, &parts) == 1;
}

Time to_time(const ASN1_TIME* time) {
    std::tm parts{};
    succeed(ASN1_TIME_to_tm(time, &parts), "cannot read a time");
    const auto seconds = std::chrono::seconds(timegm(&parts));
    const auto earliest = std::chrono::ceil<std::chrono::seconds>(Duration::min());
    const auto latest = std::chrono::floor<std::chrono::seconds>(Duration::max());
    return Time(std::clamp(seconds, earliest, latest));
}

Handle<ASN1_TIME, ASN1_TIME_free> to_asn1(Time time) {
    return own<ASN1_TIME_free>(ASN1_TIME_set(nullptr, unix_seconds(time)));
}

Bytes to_bytes(const ASN1_INTEGER* number) {
    const auto value = own<BN_free>(ASN1_INTEGER_to_BN(number, nullptr));
    Bytes bytes(static_cast<std::size_t>(BN_num_bytes(value.get())));
    BN_bn2bin(value.get(), bytes.data());
    return bytes;
}

Handle<ASN1_INTEGER, ASN1_INTEGER_free> to_asn1_integer(std::span<const std::uint8_t> magnitude) {
    const auto value =
        own<BN_free>(BN_bin2bn(magnitude.data(), static_cast<int>(magnitude.size()), nullptr));
    return own<ASN1_INTEGER_free>(BN_to_ASN1_INTEGER(value.get(), nullptr));
}

Handle<ASN1_INTEGER, ASN1_INTEGER_free> to_asn1_integer(std::uint64_t number) {
    auto integer = own<ASN1_INTEGER_free>(ASN1_INTEGER_new());
    succeed(ASN1_INTEGER_set_uint64(integer.get(), number));
    return integer;
}

Handle<ASN1_OCTET_STRING, ASN1_OCTET_STRING_free> to_octets(std::span<const std::uint8_t> bytes) {
    auto octets = own<ASN1_OCTET_STRING_free>(ASN1_OCTET_STRING_new());
    succeed(ASN1_OCTET_STRING_set(octets.get(), bytes.data(), static_cast<int>(bytes.size())));
    return octets;
}

std::span<const std::uint8_t> view(const ASN1_STRING* string) {
    return {ASN1_STRING_get0_data(string), static_cast<std::size_t>(ASN1_STRING_length(string))};
}

Handle<ASN1_OBJECT, ASN1_OBJECT_free> to_object(std::string_view oid) {
    return own<ASN1_OBJECT_free>(OBJ_txt2obj(std::string(oid).c_str(), 1),
                                 fmt::format("\"{}\" is no object identifier", oid));
}

std::string to_oid(const ASN1_OBJECT* object) {
    std::array<char, 128> buffer{};
    const int length = succeed(OBJ_obj2txt(buffer.data(), buffer.size(), object, 1));
    if (static_cast<std::size_t>(length) < buffer.size()) {
        return {buffer.data(), static_cast<std::size_t>(length)};
    }
    std::string text(static_cast<std::size_t>(length) + 1, '\0');
    OBJ_obj2txt(text.data(), length + 1, object, 1);
    text.pop_back();
    return text;
}

namespace {

/// One kind of digest under a context that is kept; for no other thread. SHA1() and SHA256() look
/// for their algorithm among all that there are, each time.
class Digest {
  public:
    explicit Digest(const char* name)
        : kind_(own<EVP_MD_free>(EVP_MD_fetch(nullptr, name, nullptr))),
          context_(own<EVP_MD_CTX_free>(EVP_MD_CTX_new())) {}

    void write(std::span<const std::uint8_t> bytes, std::span<std::uint8_t> out) const {
        MESHPROOF_ASSERT(static_cast<int>(out.size()) == EVP_MD_get_size(kind_.get()),
                         "a digest of {} bytes", out.size());
        succeed(EVP_DigestInit_ex(context_.get(), kind_.get(), nullptr));
        succeed(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()));
        succeed(EVP_DigestFinal_ex(context_.get(), out.data(), nullptr));
    }

  private:
    Handle<EVP_MD, EVP_MD_free> kind_;
    Handle<EVP_MD_CTX, EVP_MD_CTX_free> context_;
};

}  // namespace

Bytes sha1(std::span<const std::uint8_t> bytes) {
    thread_local const Digest kept("SHA1");
    Bytes digest(SHA_DIGEST_LENGTH);
    kept.write(bytes, digest);
    return digest;
}

std::array<std::uint8_t, SHA256_DIGEST_LENGTH> sha256(std::span<const std::uint8_t> bytes) {
    thread_local const Digest kept("SHA256");
    std::array<std::uint8_t, SHA256_DIGEST_LENGTH> digest{};
    kept.write(bytes, digest);
    return digest;
}

}  // namespace meshproof::crypto
