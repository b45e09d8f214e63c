#include "core/crypto/names.hpp"

#include <arpa/inet.h>
#include <openssl/obj_mac.h>

namespace meshproof::crypto {
namespace {

std::string utf8(const ASN1_STRING* string) {
    unsigned char* out = nullptr;
    const int length = ASN1_STRING_to_UTF8(&out, string);
    if (length < 0) {
        (void)drain_errors();
        return std::string(as_text(view(string)));  // not convertible: as it stands
    }
    std::string text(as_text({out, static_cast<std::size_t>(length)}));
    OPENSSL_free(out);
    return text;
}

void add(X509_NAME* name, int nid, const std::string& value, bool same_set) {
    succeed(X509_NAME_add_entry_by_NID(
                name, nid, printable(value) ? V_ASN1_PRINTABLESTRING : V_ASN1_UTF8STRING,
                as_bytes(value).data(), static_cast<int>(value.size()), -1, same_set ? -1 : 0),
            "cannot write a subject");
}

void add(X509_NAME* name, int nid, const std::vector<std::string>& values) {
    for (std::size_t i = 0; i < values.size(); ++i) {
        add(name, nid, values[i], i > 0);
    }
}

std::string ip_text(const ASN1_OCTET_STRING* address) {
    const auto bytes = view(address);
    std::array<char, INET6_ADDRSTRLEN> text{};
    const int family = bytes.size() == 4 ? AF_INET : AF_INET6;
    if (bytes.size() != 4 && bytes.size() != 16) {
        return to_hex(bytes);
    }
    return inet_ntop(family, bytes.data(), text.data(), text.size());
}

void push(GENERAL_NAMES* names, Handle<GENERAL_NAME, GENERAL_NAME_free> name) {
    succeed(sk_GENERAL_NAME_push(names, name.get()));
    (void)name.release();
}

void push_ia5(GENERAL_NAMES* names, int type, const std::string& text) {
    auto string = own<ASN1_STRING_free>(ASN1_IA5STRING_new());
    succeed(ASN1_STRING_set(string.get(), text.data(), static_cast<int>(text.size())));
    auto name = own<GENERAL_NAME_free>(GENERAL_NAME_new());
    GENERAL_NAME_set0_value(name.get(), type, string.release());
    push(names, std::move(name));
}

void push_ip(GENERAL_NAMES* names, const std::string& text) {
    auto octets = own<ASN1_OCTET_STRING_free>(a2i_IPADDRESS(text.c_str()),
                                              fmt::format("\"{}\" is no IP address", text));
    auto name = own<GENERAL_NAME_free>(GENERAL_NAME_new());
    GENERAL_NAME_set0_value(name.get(), GEN_IPADD, octets.release());
    push(names, std::move(name));
}

void push_other(GENERAL_NAMES* names, const AltNames::Other& other) {
    auto string = own<ASN1_STRING_free>(ASN1_UTF8STRING_new());
    succeed(
        ASN1_STRING_set(string.get(), other.value.data(), static_cast<int>(other.value.size())));
    auto value = own<ASN1_TYPE_free>(ASN1_TYPE_new());
    ASN1_TYPE_set(value.get(), V_ASN1_UTF8STRING, string.release());
    auto oid = to_object(other.oid);
    auto name = own<GENERAL_NAME_free>(GENERAL_NAME_new());
    succeed(GENERAL_NAME_set0_othername(name.get(), oid.release(), value.release()));
    push(names, std::move(name));
}

}  // namespace

// Go's encoding/asn1 leaves `*` and `&` out, though it reads them.
bool printable(std::string_view text) {
    return std::ranges::all_of(text, [](char c) {
        return letter_or_digit(c) ||
               std::string_view(" '()+,-./:=?").find(c) != std::string_view::npos;
    });
}

bool Subject::empty() const {
    return *this == Subject{};
}

Subject read_name(const X509_NAME* name) {
    Subject subject;
    for (int i = 0; i < X509_NAME_entry_count(name); ++i) {
        const X509_NAME_ENTRY* entry = X509_NAME_get_entry(name, i);
        std::string value = utf8(X509_NAME_ENTRY_get_data(entry));
        switch (OBJ_obj2nid(X509_NAME_ENTRY_get_object(entry))) {
            case NID_commonName:
                subject.common_name = std::move(value);
                break;
            case NID_serialNumber:
                subject.serial_number = std::move(value);
                break;
            case NID_organizationName:
                subject.organization.push_back(std::move(value));
                break;
            case NID_organizationalUnitName:
                subject.organizational_unit.push_back(std::move(value));
                break;
            case NID_countryName:
                subject.country.push_back(std::move(value));
                break;
            case NID_localityName:
                subject.locality.push_back(std::move(value));
                break;
            case NID_stateOrProvinceName:
                subject.province.push_back(std::move(value));
                break;
            case NID_streetAddress:
                subject.street_address.push_back(std::move(value));
                break;
            case NID_userId:
                subject.user_ids.push_back(std::move(value));
                break;
            case NID_postalCode:
                subject.postal_code.push_back(std::move(value));
                break;
            default:
                break;
        }
    }
    return subject;
}

Handle<X509_NAME, X509_NAME_free> write_name(const Subject& subject) {
    auto name = own<X509_NAME_free>(X509_NAME_new());
    add(name.get(), NID_countryName, subject.country);
    add(name.get(), NID_stateOrProvinceName, subject.province);
    add(name.get(), NID_localityName, subject.locality);
    add(name.get(), NID_streetAddress, subject.street_address);
    add(name.get(), NID_postalCode, subject.postal_code);
    add(name.get(), NID_organizationName, subject.organization);
    add(name.get(), NID_organizationalUnitName, subject.organizational_unit);
    if (!subject.common_name.empty()) {
        add(name.get(), NID_commonName, subject.common_name, false);
    }
    if (!subject.serial_number.empty()) {
        add(name.get(), NID_serialNumber, subject.serial_number, false);
    }
    for (const std::string& id : subject.user_ids) {
        add(name.get(), NID_userId, id, false);
    }
    return name;
}

std::string name_line(const X509_NAME* name) {
    const auto bio = memory_bio();
    // Without ESC_MSB: text beyond ASCII is printed as it is.
    X509_NAME_print_ex(bio.get(), name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB);
    return contents(bio.get());
}

AltNames read_alt_names(const GENERAL_NAMES* names) {
    AltNames result;
    for (int i = 0; i < sk_GENERAL_NAME_num(names); ++i) {
        const GENERAL_NAME* name = sk_GENERAL_NAME_value(names, i);
        switch (name->type) {
            case GEN_DNS:
                result.dns.emplace_back(as_text(view(name->d.dNSName)));
                break;
            case GEN_EMAIL:
                result.emails.emplace_back(as_text(view(name->d.rfc822Name)));
                break;
            case GEN_URI:
                result.uris.emplace_back(as_text(view(name->d.uniformResourceIdentifier)));
                break;
            case GEN_IPADD:
                result.ips.push_back(ip_text(name->d.iPAddress));
                break;
            case GEN_OTHERNAME: {
                const ASN1_TYPE* value = name->d.otherName->value;
                if (ASN1_TYPE_get(value) == V_ASN1_UTF8STRING) {
                    result.others.push_back({to_oid(name->d.otherName->type_id),
                                             std::string(as_text(view(value->value.utf8string)))});
                }
                break;
            }
            default:
                break;
        }
    }
    return result;
}

Handle<GENERAL_NAMES, GENERAL_NAMES_free> write_alt_names(const AltNames& names) {
    auto result = own<GENERAL_NAMES_free>(GENERAL_NAMES_new());
    // In the order in which Vault writes them.
    for (const AltNames::Other& name : names.others) {
        push_other(result.get(), name);
    }
    for (const std::string& name : names.dns) {
        push_ia5(result.get(), GEN_DNS, name);
    }
    for (const std::string& name : names.emails) {
        push_ia5(result.get(), GEN_EMAIL, name);
    }
    for (const std::string& name : names.ips) {
        push_ip(result.get(), name);
    }
    for (const std::string& name : names.uris) {
        push_ia5(result.get(), GEN_URI, name);
    }
    return result;
}

std::vector<RawExtension> read_extensions(const STACK_OF(X509_EXTENSION) * extensions) {
    std::vector<RawExtension> result;
    for (int i = 0; i < sk_X509_EXTENSION_num(extensions); ++i) {
        X509_EXTENSION* extension = sk_X509_EXTENSION_value(extensions, i);
        const auto value = view(X509_EXTENSION_get_data(extension));
        result.push_back({.oid = to_oid(X509_EXTENSION_get_object(extension)),
                          .critical = X509_EXTENSION_get_critical(extension) == 1,
                          .value = Bytes(value.begin(), value.end())});
    }
    return result;
}

Handle<X509_EXTENSION, X509_EXTENSION_free> write_extension(const RawExtension& extension) {
    const auto object = to_object(extension.oid);
    const auto octets = to_octets(extension.value);
    return own<X509_EXTENSION_free>(X509_EXTENSION_create_by_OBJ(
        nullptr, object.get(), extension.critical ? 1 : 0, octets.get()));
}

}  // namespace meshproof::crypto
