#include <openssl/ec.h>

#include "core/crypto/names.hpp"
#include "core/crypto/quick.hpp"

/// Reads a certificate request in one pass, without OpenSSL's objects. What it assumes, and what
/// makes it say nothing otherwise: DER and no other form of BER, at most 64 KiB of it; version 1; a
/// subject of single attributes of RFC 4519 in printable ASCII; a P-256 key by name, uncompressed;
/// no attribute but one extension request, of a SAN alone that is not critical, with names of DNS,
/// e-mail and URIs in ASCII; ecdsa-with-SHA256.
namespace meshproof::crypto::quick {
namespace {

using namespace std::string_view_literals;

struct Tag {
    static constexpr char integer = 0x02, bit_string = 0x03, octet_string = 0x04, oid = 0x06,
                          utf8_string = 0x0c, printable_string = 0x13, sequence = 0x30, set = 0x31,
                          email = '\x81', dns = '\x82', uri = '\x86', attributes = '\xa0';
};

// SubjectPublicKeyInfo of a P-256 key: its algorithm, and the point's BIT STRING up to the point.
constexpr auto p256_algorithm =
    "\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07"sv;
constexpr auto ecdsa_sha256_oid = "\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02"sv;
constexpr auto extension_request = "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x0e"sv,
               subject_alt_name = "\x55\x1d\x11"sv;

/// What is left to be read of an element's content. After something that was not as it should be
/// nothing is left, and `good` is false.
class Reader {
  public:
    explicit Reader(std::string_view left) : left_(left) {}

    [[nodiscard]] bool good() const { return good_; }
    [[nodiscard]] bool more() const { return good_ && !left_.empty(); }
    /// Whether all was read and was good.
    [[nodiscard]] bool done() const { return good_ && left_.empty(); }
    [[nodiscard]] std::string_view left() const { return left_; }
    [[nodiscard]] char tag() const { return left_.empty() ? '\0' : left_.front(); }

    /// The content of the next element, which has this tag.
    std::string_view next(char wanted) {
        const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(left_[at]); };
        if (left_.size() < 2 || left_.front() != wanted) {
            return spoil();
        }
        // Lengths as DER has them: as short as can be (X.690 10.1), of up to two bytes.
        std::size_t size = byte(1), head = 2;
        if (size == 0x81 && left_.size() > 2 && byte(2) >= 0x80) {
            size = byte(2);
            head = 3;
        } else if (size == 0x82 && left_.size() > 3 && byte(2) != 0) {
            size = static_cast<std::size_t>(byte(2)) << 8U | byte(3);
            head = 4;
        } else if (size >= 0x80) {
            return spoil();
        }
        if (size > left_.size() - head) {
            return spoil();
        }
        const auto content = left_.substr(head, size);
        left_.remove_prefix(head + size);
        return content;
    }
    /// The only thing that there is.
    std::string_view only(char wanted) {
        const auto content = next(wanted);
        return left_.empty() ? content : spoil();
    }

  private:
    std::string_view spoil() {
        good_ = false;
        return left_ = {};
    }

    std::string_view left_;
    bool good_ = true;
};

bool ascii_text(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= 0x20 && c < 0x7f; });
}

/// Where read_name puts an attribute of this number under id-at = 2.5.4; false where it would pass
/// over it.
bool put(Subject& subject, char number, std::string_view value) {
    switch (number) {
        case 3:
            subject.common_name = value;
            return true;
        case 5:
            subject.serial_number = value;
            return true;
        case 6:
            subject.country.emplace_back(value);
            return true;
        case 7:
            subject.locality.emplace_back(value);
            return true;
        case 8:
            subject.province.emplace_back(value);
            return true;
        case 9:
            subject.street_address.emplace_back(value);
            return true;
        case 10:
            subject.organization.emplace_back(value);
            return true;
        case 11:
            subject.organizational_unit.emplace_back(value);
            return true;
        case 17:
            subject.postal_code.emplace_back(value);
            return true;
        default:
            return false;
    }
}

bool read_subject(std::string_view name, Subject& subject) {
    Reader sets(name);
    while (sets.more()) {
        Reader one(Reader(sets.next(Tag::set)).only(Tag::sequence));
        const auto type = one.next(Tag::oid);
        const char kind = one.tag();
        const auto value = one.only(kind);
        const bool text =
            kind == Tag::utf8_string || (kind == Tag::printable_string && printable(value));
        if (!one.good() || !text || !ascii_text(value) || type.size() != 3 ||
            !type.starts_with("\x55\x04") || !put(subject, type[2], value)) {
            return false;
        }
    }
    return sets.done();
}

bool read_names(std::string_view list, AltNames& names) {
    Reader all(list);
    while (all.more()) {
        const char kind = all.tag();
        const auto name = all.next(kind);
        if (!all.good() || !ascii_text(name)) {
            return false;
        }
        if (kind == Tag::dns) {
            names.dns.emplace_back(name);
        } else if (kind == Tag::email) {
            names.emails.emplace_back(name);
        } else if (kind == Tag::uri) {
            names.uris.emplace_back(name);
        } else {
            return false;
        }
    }
    return all.done() && !names.empty();
}

bool read_attributes(std::string_view content, AltNames& names) {
    if (content.empty()) {
        return true;
    }
    Reader attribute(Reader(content).only(Tag::sequence));
    if (attribute.next(Tag::oid) != extension_request) {
        return false;
    }
    Reader extension(
        Reader(Reader(attribute.only(Tag::set)).only(Tag::sequence)).only(Tag::sequence));
    if (extension.next(Tag::oid) != subject_alt_name) {
        return false;
    }
    const auto value = extension.only(Tag::octet_string);
    return extension.good() && read_names(Reader(value).only(Tag::sequence), names);
}

bool read_point(std::string_view spki, P256Point& point) {
    Reader key(spki);
    const auto algorithm = key.next(Tag::sequence);
    const auto bits = as_bytes(key.only(Tag::bit_string));
    const bool usual = algorithm == p256_algorithm && bits.size() == point.size() + 1 &&
                       bits[0] == 0 && bits[1] == POINT_CONVERSION_UNCOMPRESSED;
    if (usual) {
        std::ranges::copy(bits.subspan(1), point.begin());
    }
    return usual;
}

}  // namespace

std::optional<RequestRead> read_request(std::string_view der) {
    Reader parts(Reader(der).only(Tag::sequence));
    const auto begin = parts.left();
    Reader info(parts.next(Tag::sequence));
    RequestRead read;
    read.content = begin.substr(0, begin.size() - parts.left().size());
    const auto algorithm = parts.next(Tag::sequence), signature = parts.only(Tag::bit_string);
    if (!parts.good() || algorithm != ecdsa_sha256_oid || !signature.starts_with('\0')) {
        return std::nullopt;
    }
    read.signature = signature.substr(1);
    const auto version = info.next(Tag::integer), subject = info.next(Tag::sequence),
               key = info.next(Tag::sequence), wanted = info.only(Tag::attributes);
    const bool known = info.good() && version == "\0"sv && read_subject(subject, read.subject) &&
                       read_point(key, read.point) && read_attributes(wanted, read.alt_names);
    return known ? std::optional(std::move(read)) : std::nullopt;
}

}  // namespace meshproof::crypto::quick
