#include "fakes/vault/pki/sign/names.hpp"

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/network_v4.hpp>
#include <boost/asio/ip/network_v6.hpp>
#include <optional>
#include <set>

#include "core/base/text.hpp"
#include "fakes/vault/logical/fields.hpp"
#include "fakes/vault/logical/globs.hpp"
#include "fakes/vault/logical/go_text.hpp"
#include "fakes/vault/pki/ground/der.hpp"
#include "fakes/vault/pki/ground/uri.hpp"
#include "fakes/vault/pki/sign/idna.hpp"

namespace meshproof::fakes::vault::pki {

namespace {

// A label with one wildcard: "*", "a*", "*b" or "a*b".
bool is_wildcard_label(std::string_view label) {
    const auto star = label.find('*');
    const auto before = label.substr(0, star), after = label.substr(star + 1);
    return (before.empty() || is_label(before)) && (after.empty() || is_label(after));
}

bool equal_fold(std::string_view a, std::string_view b) {
    return lower(a) == lower(b);
}

bool below(std::string_view name, std::string_view domain) {
    return name.size() > domain.size() + 1 && name.ends_with(domain) &&
           name[name.size() - domain.size() - 1] == '.';
}

// A name taken apart: what is before '@' and a wildcard's own label are not the host.
struct NameParts {
    std::string whole, host, wildcard_label;
    bool email = false, wildcard = false;
};

std::optional<NameParts> take_apart(const Role& role, const std::string& name) {
    NameParts parts{name, name, {}};
    if (name.find('@') != std::string::npos) {
        const auto sides = split(name, '@');
        if (sides.size() != 2) {
            return std::nullopt;
        }
        parts.host = sides[1];
        parts.email = true;
    }
    const auto stars = std::count(parts.host.begin(), parts.host.end(), '*');
    if (stars > 0) {
        const auto dot = parts.host.find('.');
        const auto label = parts.host.substr(0, dot);
        // allow_wildcard_certificates=false overrides allow_any_name (row 107).
        if (!role.allow_wildcard_certificates || stars > 1 ||
            label.find('*') == std::string::npos || parts.email) {
            return std::nullopt;
        }
        parts.wildcard = true;
        parts.wildcard_label = label;
        parts.host = dot == std::string::npos ? "" : parts.host.substr(dot + 1);
    }
    return parts;
}

bool local_name(const Role& role, const NameParts& name) {
    if (!role.allow_localhost) {
        return false;
    }
    for (const auto* local : {"localhost", "localdomain"}) {
        if (name.host == local || (role.allow_subdomains && below(name.host, local))) {
            return true;
        }
    }
    return false;
}

bool domain_allows(const Role& role, const NameParts& name, const std::string& domain) {
    if (role.allow_bare_domains &&
        (equal_fold(name.whole, domain) || (name.email && equal_fold(name.host, domain)))) {
        return true;
    }
    if (role.allow_subdomains &&
        (below(name.host, domain) || (name.wildcard && equal_fold(name.host, domain)))) {
        return true;
    }
    return role.allow_glob_domains && domain.find('*') != std::string::npos &&
           glob_matches(domain, name.whole);
}

bool name_allowed(const Role& role, const std::string& name) {
    const auto parts = take_apart(role, name);
    if (!parts) {
        return false;
    }
    if (role.enforce_hostnames) {
        if (!parts->host.empty() && !is_host_name(to_ascii(parts->host))) {
            return false;
        }
        if (parts->wildcard && !is_wildcard_label(parts->wildcard_label)) {
            return false;
        }
    }
    if (role.allow_any_name || local_name(role, *parts)) {
        return true;
    }
    return std::ranges::any_of(role.allowed_domains, [&](const auto& domain) {
        return !domain.empty() && domain_allows(role, *parts, domain);
    });
}

bool common_name_allowed(const Role& role, const std::string& name) {
    const auto& validations = role.cn_validations;
    if (validations == std::vector<std::string>{"disabled"}) {
        return true;
    }
    if (!name_allowed(role, name)) {
        return false;
    }
    const auto* wanted = name.find('@') != std::string::npos ? "email" : "hostname";
    return validations.empty() || std::ranges::find(validations, wanted) != validations.end();
}

// The first of the names that the role does not allow (rows 107 to 109).
std::optional<std::string> first_bad_name(const Role& role, const std::vector<std::string>& names) {
    for (const auto& name : names) {
        if (!name_allowed(role, name)) {
            return name;
        }
    }
    return std::nullopt;
}

bool subject_serial_allowed(const Role& role, const std::string& serial) {
    return std::ranges::any_of(role.allowed_serial_numbers, [&](const auto& allowed) {
        return !allowed.empty() && glob_matches(allowed, serial);
    });
}

// A CN or alt_names entry goes where it belongs; what is neither an address nor a host name goes
// nowhere (row 106).
Checked<> add_name(const Mount& mount, crypto::AltNames& names, const std::string& name) {
    if (name.find('@') != std::string::npos) {
        names.emails.push_back(name);
    } else if (const auto fault = idna_fault(mount, name)) {
        return refuse(*fault);
    } else if (auto ascii = to_ascii(name); is_host_name(ascii)) {
        names.dns.push_back(std::move(ascii));
    }
    return {};
}

Checked<std::vector<std::string>> alternative_names(const PkiCall& call) {
    const auto text = call.fields.text("alt_names");
    if (const auto excess = excess_of_items(text); !excess.empty()) {
        return refuse("alt_names: " + excess);
    }
    auto names = trim(text).empty() ? std::vector<std::string>() : split(text, ',');
    for (auto& name : names) {
        name = std::string(trim(name));
    }
    std::erase(names, std::string());
    return names;
}

// The CSR's, where the role wants it, else the parameter's.
Checked<std::string> requested_common_name(const Role& role, const PkiCall& call,
                                           const crypto::Subject& of_csr) {
    auto name = role.use_csr_common_name ? of_csr.common_name : std::string();
    if (name.empty()) {
        name = call.fields.text("common_name");
    }
    if (name.empty() && role.require_cn) {
        return refuse(
            "the common_name field is required, or must be provided in a CSR with "
            "\"use_csr_common_name\" set to true, unless \"require_cn\" is set to false");
    }
    return name;
}

// The CSR's, then the common name, then those of `alt_names`.
Checked<crypto::AltNames> dns_names_and_emails(const Mount& mount, const PkiCall& call,
                                               const crypto::Csr* csr,
                                               const std::string& common_name) {
    crypto::AltNames names;
    if (csr != nullptr) {
        const auto from_csr = csr->alt_names();
        names.dns = from_csr.dns;
        names.emails = from_csr.emails;
        std::erase(names.dns, "");
        std::erase(names.emails, "");
    }
    if (!common_name.empty() && !call.fields.boolean("exclude_cn_from_sans")) {
        if (auto added = add_name(mount, names, common_name); !added) {
            return tl::unexpected(added.error());
        }
    }
    if (csr == nullptr) {
        const auto asked = alternative_names(call);
        if (!asked) {
            return tl::unexpected(asked.error());
        }
        for (const auto& name : *asked) {
            if (auto added = add_name(mount, names, name); !added) {
                return tl::unexpected(added.error());
            }
        }
    }
    return names;
}

// Each of the names is held against each of the role's patterns.
Checked<> check_effort(std::size_t names, const std::vector<std::string>& patterns) {
    constexpr std::size_t most = 1'000'000;
    const auto each = std::max<std::size_t>(patterns.size(), 1);
    if (names > most / each) {
        return refuse(
            fmt::format("expected at most {} names of this kind for {} of the role, got {}",
                        most / each, each, names));
    }
    return {};
}

Checked<> check_names(const Role& role, const Requested& asked) {
    const auto& [subject, names] = asked;
    if (const auto few = check_effort(names.dns.size() + names.emails.size(), role.allowed_domains);
        !few) {
        return few;
    }
    if (!subject.common_name.empty() && !common_name_allowed(role, subject.common_name)) {
        return refuse(fmt::format("common name {} not allowed by this role", subject.common_name));
    }
    if (!subject.serial_number.empty() && !subject_serial_allowed(role, subject.serial_number)) {
        return refuse(
            fmt::format("serial_number {} not allowed by this role", subject.serial_number));
    }
    if (const auto bad = first_bad_name(role, names.dns)) {
        return refuse(fmt::format("subject alternate name {} not allowed by this role", *bad));
    }
    if (const auto bad = first_bad_name(role, names.emails)) {
        return refuse(fmt::format("email address {} not allowed by this role", *bad));
    }
    return {};
}

Checked<std::vector<crypto::AltNames::Other>> other_names(const Role& role, const PkiCall& call,
                                                          const crypto::Csr* csr) {
    if (csr != nullptr && !other_names_are_texts(*csr)) {
        return refuse("could not parse requested other SAN: no UTF-8 string found in OtherName");
    }
    auto parsed = parse_other_sans(call.fields.list("other_sans"));
    if (!parsed) {
        return refuse("could not parse requested other SAN: " + parsed.error().message);
    }
    auto others = std::move(*parsed);
    if (csr != nullptr) {
        const auto from_csr = csr->alt_names().others;
        others.insert(others.end(), from_csr.begin(), from_csr.end());
    }
    if (role.allowed_other_sans == std::vector<std::string>{"*"}) {
        return others;
    }
    if (const auto few = check_effort(others.size(), role.allowed_other_sans); !few) {
        return tl::unexpected(few.error());
    }
    const auto allowed = parse_other_sans(role.allowed_other_sans);
    if (!others.empty() && !allowed) {
        return refuse("error parsing role's allowed SANs: " + allowed.error().message);
    }
    for (const auto& other : others) {
        bool oid_known = false, value_fits = false;
        for (const auto& one : *allowed) {
            oid_known = oid_known || one.oid == other.oid;
            value_fits =
                value_fits || (one.oid == other.oid && glob_matches(one.value, other.value));
        }
        if (!oid_known) {
            return refuse(fmt::format("other SAN OID {} not allowed by this role", other.oid));
        }
        if (!value_fits) {
            return refuse(fmt::format("other SAN {} not allowed for OID {} by this role",
                                      other.value, other.oid));
        }
    }
    return others;
}

bool within_cidrs(const std::vector<std::string>& cidrs, const std::string& text) {
    const auto address = boost::asio::ip::make_address(text);
    for (const auto& cidr : cidrs) {
        boost::system::error_code error;
        if (address.is_v4()) {
            const auto network = boost::asio::ip::make_network_v4(cidr, error);
            if (!error && network.canonical() ==
                              boost::asio::ip::network_v4(address.to_v4(), network.prefix_length())
                                  .canonical()) {
                return true;
            }
        } else {
            const auto network = boost::asio::ip::make_network_v6(cidr, error);
            if (!error && network.canonical() ==
                              boost::asio::ip::network_v6(address.to_v6(), network.prefix_length())
                                  .canonical()) {
                return true;
            }
        }
    }
    return false;
}

Checked<std::vector<std::string>> ip_addresses(const Mount& mount, const Role& role,
                                               const PkiCall& call, const crypto::Csr* csr) {
    auto asked = csr != nullptr ? csr->alt_names().ips : call.fields.list("ip_sans");
    if (asked.empty()) {
        return asked;
    }
    if (!role.allow_ip_sans) {
        const auto source = mount.openbao()
                                ? std::string(csr != nullptr ? "via CSR" : "via the API")
                            : csr != nullptr ? "some via CSR"
                                             : fmt::format("[{}]", join(asked, " "));
        return refuse(
            "IP Subject Alternative Names are not allowed in this role, but was provided " +
            source);
    }
    if (const auto few = check_effort(asked.size(), role.allowed_ip_sans_cidr); !few) {
        return tl::unexpected(few.error());
    }
    for (auto& ip : asked) {
        boost::system::error_code error;
        const auto address = boost::asio::ip::make_address(ip, error);
        if (error || ip.find('%') != std::string::npos) {
            return refuse(fmt::format("the value {} is not a valid IP address", go_quoted(ip)));
        }
        if (mount.openbao() && !role.allowed_ip_sans_cidr.empty() &&
            !within_cidrs(role.allowed_ip_sans_cidr, ip)) {
            return refuse(fmt::format("the IP address \"{}\" is not allowed in this role", ip));
        }
        if (address.is_v6() && address.to_v6().is_v4_mapped()) {
            ip = boost::asio::ip::make_address_v4(boost::asio::ip::v4_mapped, address.to_v6())
                     .to_string();
        }
    }
    return asked;
}

Checked<std::vector<std::string>> uris(const Role& role, const PkiCall& call,
                                       const crypto::Csr* csr) {
    auto asked = csr != nullptr ? csr->alt_names().uris : call.fields.list("uri_sans");
    const auto* source = csr != nullptr ? "via CSR" : "via the API";
    if (asked.empty()) {
        return asked;
    }
    if (role.allowed_uri_sans.empty()) {
        return refuse(fmt::format(
            "URI Subject Alternative Names are not allowed in this role, but were provided {}",
            source));
    }
    if (const auto few = check_effort(asked.size(), role.allowed_uri_sans); !few) {
        return tl::unexpected(few.error());
    }
    for (auto& uri : asked) {
        if (csr != nullptr) {
            uri = rewritten_uri(uri).value_or(uri);
        }
        const bool allowed = std::ranges::any_of(
            role.allowed_uri_sans, [&](const auto& pattern) { return glob_matches(pattern, uri); });
        if (!allowed) {
            return refuse(
                fmt::format("URI Subject Alternative Names were provided {} which are not valid "
                            "for this role",
                            source));
        }
        if (csr == nullptr) {
            const auto parsed = rewritten_uri(uri);
            if (!parsed) {
                return refuse(
                    fmt::format("the provided URI Subject Alternative Name {} is not a valid URI",
                                go_quoted(uri)));
            }
            uri = *parsed;
        }
    }
    return asked;
}

// strutil.RemoveDuplicates, which takes blanks from around them, too.
void remove_duplicates(std::vector<std::string>& names) {
    std::set<std::string> seen;
    for (auto& name : names) {
        name = std::string(go_trimmed(name));
    }
    std::erase_if(names,
                  [&](const auto& name) { return name.empty() || !seen.insert(name).second; });
}

void add_subject_of_role(crypto::Subject& subject, const Role& role) {
    subject.organization = role.organization;
    subject.organizational_unit = role.ou;
    subject.country = role.country;
    subject.locality = role.locality;
    subject.province = role.province;
    subject.street_address = role.street_address;
    subject.postal_code = role.postal_code;
    for (auto* texts :
         {&subject.organization, &subject.organizational_unit, &subject.country, &subject.locality,
          &subject.province, &subject.street_address, &subject.postal_code}) {
        std::set<std::string> different(texts->begin(), texts->end());
        different.erase("");
        texts->assign(different.begin(), different.end());
    }
}

}  // namespace

Result<std::vector<crypto::AltNames::Other>> parse_other_sans(
    const std::vector<std::string>& entries) {
    std::vector<crypto::AltNames::Other> others;
    for (const auto& entry : entries) {
        const auto semicolon = entry.find(';');
        if (semicolon == std::string::npos) {
            return fail(FailureKind::invalid, "expected a semicolon in other SAN {}",
                        go_quoted(entry));
        }
        const auto colon = entry.find(':', semicolon);
        if (colon == std::string::npos) {
            return fail(FailureKind::invalid, "expected a colon in other SAN {}", go_quoted(entry));
        }
        const auto type = lower(entry.substr(semicolon + 1, colon - semicolon - 1));
        if (type != "utf8" && type != "utf-8") {
            return fail(
                FailureKind::invalid,
                "only utf8 other SANs are supported; found non-supported type in other SAN {}",
                go_quoted(entry));
        }
        others.push_back({entry.substr(0, semicolon), entry.substr(colon + 1)});
    }
    return others;
}

Checked<Requested> requested_names(const Mount& mount, const Role& role, const PkiCall& call,
                                   const crypto::Csr* csr) {
    const auto csr_subject = csr != nullptr ? csr->subject() : crypto::Subject{};
    const auto* sans_csr = csr != nullptr && role.use_csr_sans ? csr : nullptr;
    Requested asked;
    auto& [subject, names] = asked;

    auto common_name = requested_common_name(role, call, csr_subject);
    if (!common_name) {
        return tl::unexpected(common_name.error());
    }
    subject.common_name = std::move(*common_name);
    subject.serial_number = call.fields.text("serial_number");
    if (subject.serial_number.empty()) {
        subject.serial_number = csr_subject.serial_number;
    }
    auto hosts_and_emails = dns_names_and_emails(mount, call, sans_csr, subject.common_name);
    if (!hosts_and_emails) {
        return tl::unexpected(hosts_and_emails.error());
    }
    names = std::move(*hosts_and_emails);
    if (auto allowed = check_names(role, asked); !allowed) {
        return tl::unexpected(allowed.error());
    }

    auto others = other_names(role, call, sans_csr);
    if (!others) {
        return tl::unexpected(others.error());
    }
    names.others = std::move(*others);
    auto ips = ip_addresses(mount, role, call, sans_csr);
    if (!ips) {
        return tl::unexpected(ips.error());
    }
    names.ips = std::move(*ips);
    auto allowed_uris = uris(role, call, sans_csr);
    if (!allowed_uris) {
        return tl::unexpected(allowed_uris.error());
    }
    names.uris = std::move(*allowed_uris);

    remove_duplicates(names.dns);
    remove_duplicates(names.emails);
    if (!mount.openbao()) {
        std::ranges::sort(names.dns);
    }
    std::ranges::sort(names.emails);
    add_subject_of_role(subject, role);
    return asked;
}

Checked<std::vector<std::string>> user_ids(const Role& role, const PkiCall& call,
                                           const crypto::Csr* csr) {
    auto asked = call.fields.list("user_ids");
    if (asked.empty() && csr != nullptr) {
        asked = csr->subject().user_ids;
    }
    if (const auto few = check_effort(asked.size(), role.allowed_user_ids); !few) {
        return tl::unexpected(few.error());
    }
    for (const auto& id : asked) {
        const bool allowed = std::ranges::any_of(role.allowed_user_ids, [&](const auto& pattern) {
            return equal_fold(pattern, id) ||
                   (pattern.find('*') != std::string::npos && glob_matches(pattern, id));
        });
        if (!allowed) {
            return refuse(fmt::format("user_id {} is not allowed by this role", id));
        }
    }
    return asked;
}

}  // namespace meshproof::fakes::vault::pki
