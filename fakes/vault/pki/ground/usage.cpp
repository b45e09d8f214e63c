#include "fakes/vault/pki/ground/usage.hpp"

#include "core/base/text.hpp"
#include "fakes/vault/pki/ground/der.hpp"

namespace meshproof::fakes::vault::pki {

namespace {

constexpr std::array<std::pair<std::string_view, unsigned>, 9> key_usages = {{
    {"digitalsignature", crypto::digital_signature},
    {"contentcommitment", crypto::content_commitment},
    {"keyencipherment", crypto::key_encipherment},
    {"dataencipherment", crypto::data_encipherment},
    {"keyagreement", crypto::key_agreement},
    {"certsign", crypto::cert_sign},
    {"crlsign", crypto::crl_sign},
    {"encipheronly", crypto::encipher_only},
    {"decipheronly", crypto::decipher_only},
}};

// In the order in which they appear in a certificate.
constexpr std::array<std::pair<std::string_view, std::string_view>, 12> extended_usages = {{
    {"any", "2.5.29.37.0"},
    {"serverauth", crypto::eku_server_auth},
    {"clientauth", crypto::eku_client_auth},
    {"codesigning", "1.3.6.1.5.5.7.3.3"},
    {"emailprotection", "1.3.6.1.5.5.7.3.4"},
    {"ipsecendsystem", "1.3.6.1.5.5.7.3.5"},
    {"ipsectunnel", "1.3.6.1.5.5.7.3.6"},
    {"ipsecuser", "1.3.6.1.5.5.7.3.7"},
    {"timestamping", "1.3.6.1.5.5.7.3.8"},
    {"ocspsigning", "1.3.6.1.5.5.7.3.9"},
    {"microsoftservergatedcrypto", "1.3.6.1.4.1.311.10.3.3"},
    {"netscapeservergatedcrypto", "2.16.840.1.113730.4.1"},
}};

// The prefixes of Go's own names ("KeyUsageDigitalSignature") make a name unknown.
std::string plain(std::string_view name) {
    return lower(trim(name));
}

}  // namespace

std::optional<unsigned> key_usage_bits(const std::vector<std::string>& names) {
    unsigned bits = 0;
    for (const auto& name : names) {
        for (const auto& [word, bit] : key_usages) {
            if (plain(name) == word) {
                bits |= bit;
            }
        }
    }
    return bits == 0 ? std::nullopt : std::optional(bits);
}

std::vector<std::string> extended_key_usages(const Role& role) {
    std::set<std::string> wanted;
    for (const auto& name : role.ext_key_usage) {
        wanted.insert(plain(name));
    }
    const std::array<std::pair<bool, std::string_view>, 4> flags = {{
        {role.server_flag, "serverauth"},
        {role.client_flag, "clientauth"},
        {role.code_signing_flag, "codesigning"},
        {role.email_protection_flag, "emailprotection"},
    }};
    for (const auto& [on, word] : flags) {
        if (on) {
            wanted.emplace(word);
        }
    }
    std::vector<std::string> oids;
    for (const auto& [word, oid] : extended_usages) {
        if (wanted.contains(std::string(word))) {
            oids.emplace_back(oid);
        }
    }
    for (const auto& oid : role.ext_key_usage_oids) {
        if (oid_fault(oid).empty()) {
            oids.push_back(oid);
        }
    }
    return oids;
}

const std::vector<SignatureName>& signature_names() {
    static const auto names = [] {
        std::vector<SignatureName> all;
        for (const auto* bits : {"256", "384", "512"}) {
            const auto digest = std::string("sha") + bits;
            all.push_back({fmt::format("SHA{}WithRSA", bits), "rsa", digest});
            all.push_back({fmt::format("ECDSAWithSHA{}", bits), "ec", digest});
            all.push_back({fmt::format("SHA{}WithRSAPSS", bits), "rsa", digest, true});
        }
        all.push_back({"Ed25519", "ed25519", ""});
        all.push_back({"PureEd25519", "ed25519", ""});
        for (const auto* size : {"44", "65", "87"}) {
            all.push_back({std::string("MLDSA") + size, "mldsa", ""});
        }
        return all;
    }();
    return names;
}

std::optional<SignatureName> parse_signature_name(std::string_view name) {
    for (const auto& one : signature_names()) {
        if (lower(one.name) == lower(name)) {
            return one;
        }
    }
    return std::nullopt;
}

std::string go_signature_name(const crypto::Certificate& certificate) {
    const auto algorithm = certificate.signature_algorithm();
    if (algorithm == "rsassaPss") {
        return fmt::format("SHA{}WithRSAPSS", certificate.signature_digest().substr(3));
    }
    for (const auto* bits : {"256", "384", "512"}) {
        if (algorithm.ends_with(std::string("SHA") + bits)) {
            return std::string("ECDSAWithSHA") + bits;
        }
        if (algorithm == fmt::format("sha{}WithRSAEncryption", bits)) {
            return fmt::format("SHA{}WithRSA", bits);
        }
    }
    return "Ed25519";
}

}  // namespace meshproof::fakes::vault::pki
