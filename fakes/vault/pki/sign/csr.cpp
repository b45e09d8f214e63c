#include "fakes/vault/pki/sign/csr.hpp"

#include "fakes/vault/pki/ground/der.hpp"
#include "fakes/vault/pki/ground/key_types.hpp"
#include "fakes/vault/pki/ground/pem.hpp"

namespace meshproof::fakes::vault::pki {

Checked<crypto::Csr> csr_of(const Mount& mount, const PkiCall& call) {
    const auto text = call.fields.text("csr");
    if (text.empty()) {
        return refuse("\"csr\" is empty");
    }
    const auto blocks = pem_blocks(text);
    if (blocks.empty()) {
        return refuse("csr contains no data");
    }
    auto csr = crypto::Csr::from_der(blocks.front().der);
    if (!csr) {
        constexpr std::string_view prefix = "certificate request could not be parsed: ";
        const auto& said = csr.error().message;
        return refuse(
            std::string(prefix) + "asn1: syntax error: " +
            (said == std::string(prefix) + "trailing data" ? "trailing data" : "data truncated"));
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
