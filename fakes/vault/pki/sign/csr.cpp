#include "fakes/vault/pki/sign/csr.hpp"

#include <array>
#include <optional>
#include <string_view>

#include "fakes/vault/pki/ground/der.hpp"
#include "fakes/vault/pki/ground/key_types.hpp"
#include "fakes/vault/pki/ground/pem.hpp"

namespace meshproof::fakes::vault::pki {

namespace {

// What stands before the content of a DER value.
struct DerHead {
    unsigned kind = 0, tag = 0;  // the class, and the number in it
    bool compound = false;
    std::size_t length = 0, size = 0;  // of the content, and of the head itself
};

// Nothing where the text ends too soon; tags of one byte and lengths of up to four alone.
std::optional<DerHead> der_head(std::string_view der) {
    const auto octet = [&](std::size_t at) { return static_cast<unsigned char>(der[at]); };
    if (der.size() < 2 || (octet(0) & 0x1FU) == 0x1F) {
        return std::nullopt;
    }
    DerHead head{.kind = octet(0) / 0x40U,
                 .tag = octet(0) & 0x1FU,
                 .compound = (octet(0) & 0x20U) != 0,
                 .length = octet(1),
                 .size = 2};
    if (head.length < 0x80) {
        return head;
    }
    const auto more = head.length & 0x7FU;
    if (more == 0 || more > 4 || der.size() < 2 + more) {
        return std::nullopt;
    }
    head.length = 0;
    for (; head.size < 2 + more; ++head.size) {
        head.length = head.length << 8U | octet(head.size);
    }
    return head;
}

// Why Go reads no request in this DER, as far as the beginnings say: those of the request, of what
// is signed in it, and of the version. A key or a certificate differs there.
std::string fault_of_beginnings(std::string_view der) {
    struct Wanted {
        unsigned tag;
        std::string_view type;
    };
    constexpr std::array wanted{Wanted{16, "certificateRequest"},
                                Wanted{16, "tbsCertificateRequest"}, Wanted{2, "int"}};
    for (const auto& [tag, type] : wanted) {
        if (der.empty()) {
            return "syntax error: sequence truncated";
        }
        const auto head = der_head(der);
        if (!head) {
            return "syntax error: truncated tag or length";
        }
        if (head->kind != 0 || head->tag != tag || head->compound != (tag == 16)) {
            return fmt::format(
                "structure error: tags don't match ({} vs {{class:{} tag:{} length:{} "
                "isCompound:{}}}) {{optional:false explicit:false application:false private:false "
                "defaultValue:<nil> tag:<nil> stringType:0 timeType:0 set:false omitEmpty:false}} "
                "{} @{}",
                tag, head->kind, head->tag, head->length, head->compound, type, head->size);
        }
        if (head->length > der.size() - head->size) {
            break;
        }
        der = der.substr(head->size, head->length);
    }
    return "syntax error: data truncated";
}

}  // namespace

Checked<crypto::Csr> csr_of(const Mount& mount, const PkiCall& call) {
    const auto text = call.fields.text("csr");
    if (text.empty()) {
        return refuse("\"csr\" is empty");
    }
    constexpr std::size_t longest = 1U << 20;  // it may have tens of thousands of names
    const auto blocks = text.size() > longest ? std::vector<PemBlock>() : pem_blocks(text);
    if (blocks.empty()) {
        return refuse("csr contains no data");
    }
    auto csr = crypto::Csr::from_der(blocks.front().der);
    if (!csr) {
        constexpr std::string_view prefix = "certificate request could not be parsed: ";
        const auto& said = csr.error().message;
        return refuse(std::string(prefix) + "asn1: " +
                      (said == std::string(prefix) + "trailing data"
                           ? "syntax error: trailing data"
                           : fault_of_beginnings(blocks.front().der)));
    }
    if (!known_to_go(csr->public_key())) {
        return refuse(
            "Refusing to sign CSR with empty PublicKey. This usually means the "
            "SubjectPublicKeyInfo field has an OID not recognized by Go, such as "
            "1.2.840.113549.1.1.10 for rsaPSS.");
    }
    if (const auto trouble = trouble_with_csr(*csr, mount.product); !trouble.empty()) {
        return refuse("certificate request could not be parsed: " + trouble);
    }
    return std::move(*csr);
}

Checked<> check_csr_key(const Role& role, const crypto::PublicKey& key) {
    const auto algorithm = key.algorithm();
    if (role.key_type != "any" && role.key_type != algorithm) {
        return refuse("role requires keys of type " + role.key_type);
    }
    if (role.key_type == "any" && algorithm == "rsa" && key.bits() < 2048) {
        return refuse("RSA keys < 2048 bits are unsafe and not supported");
    }
    const auto least = role.key_type == "any" ? (algorithm == "ec" ? 224 : 0)
                                              : default_key_bits(role.key_type, role.key_bits);
    if (algorithm != "ed25519" && key.bits() < least) {
        return refuse(
            fmt::format("role requires a minimum of a {}-bit key, but CSR's key is {} bits", least,
                        key.bits()));
    }
    return {};
}

}  // namespace meshproof::fakes::vault::pki
