#include "conformance/twin/described.hpp"

#include <algorithm>

#include "core/base/text.hpp"
#include "core/crypto/crl.hpp"
#include "core/crypto/key_id.hpp"
#include "core/time/time.hpp"

namespace meshproof::twin {
namespace {

/// Extensions that are told by fields of their own, or follow from keys.
constexpr std::string_view told_apart[] = {"2.5.29.14", "2.5.29.35", "2.5.29.17"};
/// A body that is no JSON may be this long and still be looked at.
constexpr std::size_t longest_der = 1U << 20;

Json of_names(const crypto::AltNames& names) {
    Json others = Json::array();
    for (const auto& other : names.others) {
        others.push_back(other.oid + ";" + other.value);
    }
    return {{"dns", names.dns},
            {"emails", names.emails},
            {"ips", names.ips},
            {"uris", names.uris},
            {"others", others}};
}

Json of_key(const crypto::PublicKey& key) {
    return key.empty() ? Json("unknown") : Json(fmt::format("{} {}", key.algorithm(), key.bits()));
}

Json of_extensions(const std::vector<crypto::RawExtension>& extensions) {
    Json out = Json::array();
    for (const auto& one : extensions) {
        const bool told = std::ranges::find(told_apart, one.oid) != std::end(told_apart);
        out.push_back({{"oid", one.oid},
                       {"critical", one.critical},
                       {"value", told ? Json(nullptr) : Json(to_hex(one.value))}});
    }
    return out;
}

Json of_certificate(const crypto::Certificate& one) {
    return {{"certificate",
             {{"serial", one.serial()},
              {"subject", one.subject_line()},
              {"issuer", one.issuer_line()},
              {"names", of_names(one.alt_names())},
              {"names_critical", one.alt_names_critical()},
              {"not_before", rfc3339(one.not_before())},
              {"not_after", rfc3339(one.not_after())},
              {"key", of_key(one.public_key())},
              {"signed_with", one.signature_algorithm()},
              {"self_signed", one.self_signed()},
              {"subject_key_id", crypto::key_id_text(one.subject_key_id())},
              {"authority_key_id", crypto::key_id_text(one.authority_key_id())},
              {"extensions", of_extensions(one.extensions())}}}};
}

std::string letters(std::string_view bytes) {
    std::string out;
    for (const char c : bytes) {
        out += c >= ' ' && c <= '~' ? std::string(1, c)
                                    : fmt::format("\\x{:02x}", static_cast<std::uint8_t>(c));
    }
    return out;
}

/// A name's DER with its letters as they are and without its lengths: a serial number within it is
/// seen as one, and may be a byte shorter than another.
std::string readable(std::string_view der) {
    constexpr std::uint8_t constructed = 0x20, long_form = 0x80;
    std::string out;
    while (!der.empty()) {
        const auto tag = static_cast<std::uint8_t>(der[0]);
        const auto length = der.size() < 2 ? long_form : static_cast<std::uint8_t>(der[1]);
        if (length >= long_form || der.size() - 2 < length) {
            return out + letters(der);  // longer than any part of a name that is asked for, or none
        }
        const auto content = der.substr(2, length);
        out += (tag & constructed) != 0 ? fmt::format("{:02x}{{{}}}", tag, readable(content))
                                        : fmt::format("{:02x} {};", tag, letters(content));
        der.remove_prefix(2 + std::size_t{length});
    }
    return out;
}

Json of_request(const crypto::Csr& one) {
    return {{"request",
             {{"subject", readable(one.subject_der())},
              {"names", of_names(one.alt_names())},
              {"key", of_key(one.public_key())},
              {"signed_with", one.signature_algorithm()},
              {"signature_valid", one.signature_valid()},
              {"extensions", of_extensions(one.extensions())}}}};
}

Json of_crl(const crypto::Crl& one) {
    // The order of entries is that of random serial numbers: dates are sorted, and serial numbers
    // are a list of names, which is compared without order.
    std::vector<std::string> serials, dates;
    for (const auto& entry : one.entries()) {
        serials.push_back(crypto::serial_text(entry.serial));
        dates.push_back(rfc3339(entry.revoked_at));
    }
    std::ranges::sort(dates);
    const auto number = one.number(), base = one.delta_base();
    return {{"crl",
             {{"number", number ? Json(*number) : Json()},
              {"delta_base", base ? Json(*base) : Json()},
              {"delta_critical", one.delta_indicator_critical()},
              {"version", one.version()},
              {"signed_with", one.signature_algorithm()},
              {"this_update", rfc3339(one.this_update())},
              {"next_update", rfc3339(one.next_update())},
              {"authority_key_id", crypto::key_id_text(one.authority_key_id())},
              {"revoked", serials},
              {"revoked_at", dates}}}};
}

std::optional<Json> of_block(std::string_view label, const std::string& pem) {
    if (label == "CERTIFICATE") {
        const auto one = crypto::Certificate::from_pem(pem);
        return one ? std::optional(of_certificate(*one)) : std::nullopt;
    }
    if (label == "CERTIFICATE REQUEST") {
        const auto one = crypto::Csr::from_pem(pem);
        return one ? std::optional(of_request(*one)) : std::nullopt;
    }
    if (label == "X509 CRL") {
        const auto one = crypto::Crl::from_pem(pem);
        return one ? std::optional(of_crl(*one)) : std::nullopt;
    }
    if (label.ends_with("PRIVATE KEY")) {
        const auto one = crypto::Key::from_pem(pem);
        return one ? std::optional(
                         Json{{"key", std::string(label)}, {"of", of_key(one->public_key())}})
                   : std::nullopt;
    }
    return std::nullopt;
}

std::optional<Json> of_pem(std::string_view text) {
    constexpr std::string_view begin = "-----BEGIN ", dashes = "-----";
    Json out = Json::array();
    std::size_t past = 0;
    for (auto at = text.find(begin); at != std::string_view::npos; at = text.find(begin, past)) {
        // What stands between blocks is part of the answer: a missing line end, say.
        out.push_back(std::string(text.substr(past, at - past)));
        const auto label_at = at + begin.size();
        const auto label = text.substr(label_at, text.find(dashes, label_at) - label_at);
        const auto end = fmt::format("-----END {}-----", label);
        const auto last = text.find(end, at);
        if (last == std::string_view::npos) {
            return std::nullopt;
        }
        past = last + end.size();
        auto block = of_block(label, std::string(text.substr(at, past - at)) + "\n");
        if (!block) {
            return std::nullopt;
        }
        out.push_back(std::move(*block));
    }
    if (out.empty()) {
        return std::nullopt;
    }
    out.push_back(std::string(text.substr(past)));
    return out;
}

std::optional<Json> of_der(std::string_view text) {
    constexpr char sequence = 0x30;
    if (text.size() < 2 || text.front() != sequence || text.size() > longest_der) {
        return std::nullopt;
    }
    if (const auto one = crypto::Certificate::from_der(text)) {
        return of_certificate(*one);
    }
    if (const auto one = crypto::Crl::from_der(text)) {
        return of_crl(*one);
    }
    if (const auto one = crypto::Csr::from_der(text)) {
        return of_request(*one);
    }
    return std::nullopt;
}

/// A private key, say: its bytes are chance. One sequence, from the first byte to the last.
bool whole_sequence(std::string_view der) {
    constexpr std::uint8_t sequence = 0x30, long_form = 0x80;
    const auto byte = [der](std::size_t at) { return static_cast<std::uint8_t>(der[at]); };
    if (der.size() < 2 || byte(0) != sequence) {
        return false;
    }
    std::size_t length = byte(1), head = 2;
    if (length >= long_form) {
        const std::size_t bytes = length - long_form;
        if (bytes == 0 || bytes > 2 || der.size() < head + bytes) {
            return false;
        }
        length = 0;
        for (std::size_t i = 0; i < bytes; ++i) {
            length = length * 256 + byte(head++);
        }
    }
    return head + length == der.size();
}

}  // namespace

std::optional<Json> described(std::string_view text) {
    if (auto pem = of_pem(text)) {
        return pem;
    }
    if (auto der = of_der(text)) {
        return der;
    }
    // format=der comes as base64 within JSON.
    const auto bytes =
        text.starts_with('M') && text.size() < longest_der ? from_base64(text) : std::nullopt;
    if (!bytes) {
        return std::nullopt;
    }
    auto told = of_der(*bytes);
    return told || !whole_sequence(*bytes) ? told : std::optional<Json>("another DER value");
}

}  // namespace meshproof::twin
