#include "fakes/vault/pki/ground/der.hpp"

#include <algorithm>
#include <boost/asio/ip/address.hpp>

#include "core/base/assert.hpp"
#include "core/base/json_text.hpp"
#include "core/base/text.hpp"
#include "fakes/vault/logical/envelope.hpp"
#include "fakes/vault/logical/go_text.hpp"
#include "fakes/vault/logical/json.hpp"
#include "fakes/vault/pki/ground/uri.hpp"

namespace meshproof::fakes::vault::pki {

namespace {

struct Element {
    std::string_view whole, content, rest;
};

// The first element, unless the text is no DER.
std::optional<Element> first_element(std::string_view der) {
    if (der.size() < 2) {
        return std::nullopt;
    }
    const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(der[at]); };
    std::size_t length = byte(1), header = 2;
    if (length >= 0x80) {
        const auto count = length & 0x7FU;
        if (count == 0 || count > 4 || header + count > der.size()) {
            return std::nullopt;
        }
        length = 0;
        for (std::size_t i = 0; i < count; ++i) {
            length = length << 8U | byte(header + i);
        }
        header += count;
    }
    if (length > der.size() - header) {
        return std::nullopt;
    }
    return Element{der.substr(0, header + length), der.substr(header, length),
                   der.substr(header + length)};
}

std::string_view content_of(std::string_view der) {
    const auto first = first_element(der);
    return first ? first->content : std::string_view();
}

// As far as the text is DER.
std::vector<Element> elements(std::string_view der) {
    std::vector<Element> all;
    while (const auto next = first_element(der)) {
        all.push_back(*next);
        der = next->rest;
    }
    return all;
}

unsigned tag_of(const Element& element) {
    return static_cast<unsigned char>(element.whole.front());
}

// Version, subject, public key and attributes.
std::vector<Element> request_info(std::string_view der) {
    auto info = elements(content_of(content_of(der)));
    MESHPROOF_ASSERT(info.size() >= 3, "OpenSSL has read this request");
    return info;
}

using namespace std::string_view_literals;

constexpr auto ec_key = "\x2a\x86\x48\xce\x3d\x02\x01"sv, subject_alt_name = "\x55\x1d\x11"sv,
               extension_request = "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x0e"sv;
// P-224, P-256, P-384, P-521.
constexpr std::array known_curves = {"\x2b\x81\x04\x00\x21"sv, "\x2a\x86\x48\xce\x3d\x03\x01\x07"sv,
                                     "\x2b\x81\x04\x00\x22"sv, "\x2b\x81\x04\x00\x23"sv};

bool is_known_curve(std::string_view public_key) {
    const auto algorithm = elements(content_of(content_of(public_key)));
    return algorithm.size() < 2 || algorithm[0].content != ec_key ||
           std::ranges::find(known_curves, algorithm[1].content) != known_curves.end();
}

using ExtensionParts = std::vector<std::vector<Element>>;

// Each extension that `request_info` asks for: its OID first, its octets last.
ExtensionParts requested_extensions(const std::vector<Element>& info) {
    ExtensionParts all;
    if (info.size() < 4) {
        return all;
    }
    for (const auto& attribute : elements(info[3].content)) {
        const auto parts = elements(attribute.content);
        if (parts.size() < 2 || parts[0].content != extension_request) {
            continue;
        }
        for (const auto& extension : elements(content_of(parts[1].content))) {
            all.push_back(elements(extension.content));
            MESHPROOF_ASSERT(all.back().size() >= 2, "OpenSSL has read this request");
        }
    }
    return all;
}

// The names in the requested SAN, unless that is none.
std::optional<std::vector<Element>> alternative_names(const ExtensionParts& extensions) {
    for (const auto& extension : extensions) {
        if (extension.front().content == subject_alt_name) {
            const auto list = first_element(extension.back().content);
            if (!list || tag_of(*list) != 0x30) {
                return std::nullopt;
            }
            return elements(list->content);
        }
    }
    return std::vector<Element>();
}

bool is_ascii(std::string_view text) {
    return std::ranges::none_of(text, [](char c) { return (c & 0x80) != 0; });
}

constexpr std::string_view v4_mapped("\0\0\0\0\0\0\0\0\0\0\xff\xff", 12);

std::string trouble_with_name(const Element& name, bool openbao) {
    const auto text = std::string(name.content);
    switch (tag_of(name)) {
        case 0x81:
            return is_ascii(text) ? "" : "x509: SAN rfc822Name is malformed";
        case 0x82:
            return is_ascii(text) ? "" : "x509: SAN dNSName is malformed";
        case 0x86:
            return is_ascii(text) ? trouble_with_uri(text)
                                  : "x509: SAN uniformResourceIdentifier is malformed";
        case 0x87:
            if (text.size() != 4 && text.size() != 16) {
                return fmt::format("x509: cannot parse IP address of length {}", text.size());
            }
            return openbao && text.size() == 16 && text.starts_with(v4_mapped)
                       ? "x509: SAN iPAddress contains IPv4-mapped IPv6 address"
                       : "";
        default:
            return "";
    }
}

std::string element(unsigned char tag, const std::string& content) {
    std::string der(1, static_cast<char>(tag));
    const auto size = content.size();
    if (size >= 0x100) {
        der += {static_cast<char>(0x82), static_cast<char>(size >> 8U)};
    } else if (size >= 0x80) {
        der += static_cast<char>(0x81);
    }
    der += static_cast<char>(size & 0xFFU);
    return der + content;
}

constexpr unsigned utf8_string = 0x0C, printable_string = 0x13, t61_string = 0x14,
                   ia5_string = 0x16, bmp_string = 0x1E;

bool is_printable(std::string_view text, std::string_view besides) {
    constexpr std::string_view printable = " '()+,-./:=?";
    return std::ranges::all_of(text, [&](char c) {
        return letter_or_digit(c) || printable.find(c) != std::string_view::npos ||
               besides.find(c) != std::string_view::npos;
    });
}

bool is_utf8(std::string_view text) {
    return Json(text).dump(-1, ' ', false, Json::error_handler_t::ignore) ==
           Json(text).dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string utf8_of(char32_t point) {
    const auto byte = [](char32_t value) { return static_cast<char>(value); };
    if (point < 0x80) {
        return {byte(point)};
    }
    if (point < 0x800) {
        return {byte(0xC0U | point >> 6U), byte(0x80U | (point & 0x3FU))};
    }
    return {byte(0xE0U | point >> 12U), byte(0x80U | (point >> 6U & 0x3FU)),
            byte(0x80U | (point & 0x3FU))};
}

// A text of a name in UTF-8; nothing where it is of another kind.
std::optional<std::string> text_of(const Element& value) {
    const auto tag = tag_of(value);
    if (tag == utf8_string || tag == printable_string || tag == ia5_string) {
        return std::string(value.content);
    }
    std::string text;
    const auto width = tag == bmp_string ? 2U : 1U;
    if ((tag != t61_string && tag != bmp_string) || value.content.size() % width != 0) {
        return std::nullopt;
    }
    for (std::size_t i = 0; i < value.content.size(); i += width) {
        char32_t point = 0;
        for (std::size_t k = i; k < i + width; ++k) {
            point = point << 8U | static_cast<unsigned char>(value.content[k]);
        }
        text += utf8_of(point);
    }
    return text;
}

std::string trouble_with_text(const Element& value, bool openbao) {
    const auto tag = tag_of(value);
    const auto* kind = tag == printable_string && !is_printable(value.content, "*&")
                           ? "PrintableString"
                       : tag == ia5_string && !is_ascii(value.content) ? "IA5String"
                                                                       : nullptr;
    if (kind != nullptr) {
        return openbao ? fmt::format(
                             "x509: invalid RDNSequence: invalid attribute value: invalid {}", kind)
                       : fmt::format("asn1: syntax error: {} contains invalid character", kind);
    }
    if (tag == utf8_string && !is_utf8(value.content)) {
        return openbao ? "x509: invalid RDNSequence: invalid attribute value: invalid UTF-8 string"
                       : "asn1: invalid UTF-8 string";
    }
    return {};
}

}  // namespace

std::string subject_der(const crypto::Csr& csr) {
    const auto der = csr.der();
    return std::string(request_info(der)[1].whole);
}

std::string rewritten_subject(const crypto::Csr& csr) {
    const auto der = csr.der();
    std::string names;
    for (const auto& set : elements(request_info(der)[1].content)) {
        for (const auto& attribute : elements(set.content)) {
            const auto parts = elements(attribute.content);
            MESHPROOF_ASSERT(parts.size() == 2, "OpenSSL has read this name");
            const auto text = text_of(parts[1]);
            const auto value =
                text ? element(is_printable(*text, "") ? printable_string : utf8_string, *text)
                     : std::string(parts[1].whole);
            names += element(0x31, element(0x30, std::string(parts[0].whole) + value));
        }
    }
    return element(0x30, names);
}

std::string trouble_with_csr(const crypto::Csr& csr, Product product) {
    const auto der = csr.der();
    const auto info = request_info(der);
    if (!is_known_curve(info[2].whole)) {
        return "x509: unsupported elliptic curve";
    }
    for (const auto& set : elements(info[1].content)) {
        for (const auto& attribute : elements(set.content)) {
            const auto parts = elements(attribute.content);
            auto trouble = trouble_with_text(parts.back(), product == Product::openbao);
            if (!trouble.empty()) {
                return trouble;
            }
        }
    }
    const auto extensions = requested_extensions(info);
    std::set<std::string_view> seen;
    for (const auto& extension : extensions) {
        if (!seen.insert(extension.front().content).second) {
            return "x509: certificate request contains duplicate requested extensions";
        }
    }
    const auto names = alternative_names(extensions);
    if (!names) {
        return "x509: invalid subject alternative names";
    }
    for (const auto& name : *names) {
        if (auto trouble = trouble_with_name(name, product == Product::openbao); !trouble.empty()) {
            return trouble;
        }
    }
    return {};
}

bool of_known_curve(const crypto::PublicKey& key) {
    const auto der = key.spki_der();
    return is_known_curve({reinterpret_cast<const char*>(der.data()), der.size()});
}

bool other_names_are_texts(const crypto::Csr& csr) {
    const auto der = csr.der();
    const auto names =
        alternative_names(requested_extensions(request_info(der))).value_or(std::vector<Element>());
    return std::ranges::all_of(names, [](const Element& name) {
        const auto parts = elements(name.content);
        return tag_of(name) != 0xA0 || (parts.size() == 2 && parts[1].content.starts_with('\x0C'));
    });
}

namespace {

std::string oid_element(std::string_view text) {
    std::string bytes;
    std::size_t at = 0;
    std::uint64_t first = 0;
    for (const auto& arc : split(text, '.')) {
        auto value = std::stoull(arc);
        if (++at == 1) {
            first = value;
            continue;
        }
        value += at == 2 ? 40 * first : 0;
        std::string digits(1, static_cast<char>(value & 0x7FU));
        for (value >>= 7U; value > 0; value >>= 7U) {
            digits.insert(digits.begin(), static_cast<char>((value & 0x7FU) | 0x80U));
        }
        bytes += digits;
    }
    return element(0x06, bytes);
}

}  // namespace

crypto::RawExtension certificate_policies(const std::vector<Policy>& policies) {
    std::string all;
    for (const auto& policy : policies) {
        std::string qualifiers;
        if (!policy.cps.empty()) {
            qualifiers +=
                element(0x30, oid_element("1.3.6.1.5.5.7.2.1") + element(0x16, policy.cps));
        }
        if (!policy.notice.empty()) {
            qualifiers += element(0x30, oid_element("1.3.6.1.5.5.7.2.2") +
                                            element(0x30, element(0x0C, policy.notice)));
        }
        all += element(
            0x30, oid_element(policy.oid) + (qualifiers.empty() ? "" : element(0x30, qualifiers)));
    }
    const auto value = element(0x30, all);
    return {"2.5.29.32", false, {value.begin(), value.end()}};
}

crypto::RawExtension names_with_others(const crypto::AltNames& names) {
    std::string all;
    for (const auto& other : names.others) {
        all += element(0xA0,
                       oid_element(other.oid) + element(0xA0, element(utf8_string, other.value)));
    }
    for (const auto& name : names.dns) {
        all += element(0x82, name);
    }
    for (const auto& email : names.emails) {
        all += element(0x81, email);
    }
    for (const auto& ip : names.ips) {
        const auto address = boost::asio::ip::make_address(ip);
        std::string bytes;
        if (address.is_v4()) {
            const auto v4 = address.to_v4().to_bytes();
            bytes.assign(v4.begin(), v4.end());
        } else {
            const auto v6 = address.to_v6().to_bytes();
            bytes.assign(v6.begin(), v6.end());
        }
        all += element(0x87, bytes);
    }
    for (const auto& uri : names.uris) {
        all += element(0x86, uri);
    }
    const auto value = element(0x30, all);
    return {"2.5.29.17", false, {value.begin(), value.end()}};
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

std::string oid_fault(std::string_view oid) {
    std::vector<std::int64_t> arcs;
    for (const auto& arc : split(oid, '.')) {
        const auto number = go_integer(arc, 10);
        if (!number) {
            return fmt::format("strconv.Atoi: parsing {}: {}", go_quoted(arc), number.error());
        }
        arcs.push_back(*number);
    }
    const bool valid = arcs.size() >= 2 && arcs[0] <= 2 && (arcs[0] == 2 || arcs[1] < 40) &&
                       std::ranges::all_of(arcs, [](auto arc) { return arc >= 0; });
    return valid ? "" : fmt::format("cryptobyte: invalid OID: {}", oid);
}

namespace {

// As Go reads an object: names in any case, null is nothing. Nothing where a value is no text.
std::optional<Policy> policy_in(const Json& object) {
    Policy policy;
    if (!object.is_object() && !object.is_null()) {
        return std::nullopt;
    }
    for (const auto& [key, value] : object.items()) {
        const auto name = lower(key);
        auto* place = name == "oid"      ? &policy.oid
                      : name == "cps"    ? &policy.cps
                      : name == "notice" ? &policy.notice
                                         : nullptr;
        if (place == nullptr || value.is_null()) {
            continue;
        }
        if (!value.is_string()) {
            return std::nullopt;
        }
        *place = value.get<std::string>();
    }
    return policy;
}

// As Go writes it: what is empty is left out.
std::string policy_text(const Policy& policy) {
    const auto told = [](const std::string& value) { return std::string(trim(go_json(value))); };
    auto text = fmt::format("{{\"oid\":{}", told(policy.oid));
    for (const auto& [name, value] :
         {std::pair("cps", &policy.cps), std::pair("notice", &policy.notice)}) {
        if (!value->empty()) {
            text += fmt::format(",\"{}\":{}", name, told(*value));
        }
    }
    return text + "}";
}

}  // namespace

std::optional<Policy> parse_policy_identifier(const std::string& text) {
    if (const auto fault = oid_fault(text); !fault.starts_with("strconv")) {
        return Policy{text, "", ""};
    }
    const auto json = json_or_null(text);
    return json.is_object() ? policy_in(json) : std::nullopt;
}

std::optional<std::vector<std::string>> parse_policy_list(const std::string& text) {
    const auto json = json_or_null(text);
    if (!json.is_array()) {
        return trim(text) == "null" ? std::optional(std::vector<std::string>()) : std::nullopt;
    }
    std::vector<std::string> entries;
    for (const auto& one : json) {
        const auto policy = policy_in(one);
        if (!policy) {
            return std::nullopt;
        }
        entries.push_back(policy_text(*policy));
    }
    return entries;
}

}  // namespace meshproof::fakes::vault::pki
