#include "fakes/vault/pki_der.hpp"

#include "core/base/assert.hpp"
#include "core/base/text.hpp"

namespace meshproof::fakes::pki {

namespace {

struct Element {
    std::string_view whole, content, rest;
};

// The first element of well-formed DER.
Element first_element(std::string_view der) {
    MESHPROOF_ASSERT(der.size() >= 2);
    const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(der[at]); };
    std::size_t length = byte(1), header = 2;
    if (length >= 0x80) {
        const auto count = length & 0x7FU;
        length = 0;
        for (std::size_t i = 0; i < count; ++i) {
            length = length << 8U | byte(header + i);
        }
        header += count;
    }
    MESHPROOF_ASSERT(header + length <= der.size());
    return {der.substr(0, header + length), der.substr(header, length),
            der.substr(header + length)};
}

std::string element(unsigned char tag, const std::string& content) {
    std::string der(1, static_cast<char>(tag));
    if (content.size() < 0x80) {
        der += static_cast<char>(content.size());
    } else {
        der += static_cast<char>(0x82);
        der += static_cast<char>(content.size() >> 8U);
        der += static_cast<char>(content.size() & 0xFFU);
    }
    return der + content;
}

}  // namespace

std::string subject_der(const crypto::Csr& csr) {
    const auto der = csr.der();
    const auto info = first_element(first_element(der).content).content;
    const auto after_version = first_element(info).rest;
    return std::string(first_element(after_version).whole);
}

crypto::RawExtension freshest_crl(const std::vector<std::string>& urls) {
    std::string points;
    for (const auto& url : urls) {
        points += element(0x30, element(0xA0, element(0xA0, element(0x86, url))));
    }
    const auto value = element(0x30, points);
    return {"2.5.29.46", false, {value.begin(), value.end()}};
}

crypto::RawExtension dns_name_constraints(const std::vector<std::string>& domains) {
    std::string subtrees;
    for (const auto& domain : domains) {
        subtrees += element(0x30, element(0x82, domain));
    }
    const auto value = element(0x30, element(0xA0, subtrees));
    return {"2.5.29.30", true, {value.begin(), value.end()}};
}

}  // namespace meshproof::fakes::pki
