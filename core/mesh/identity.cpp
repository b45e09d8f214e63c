#include "core/mesh/identity.hpp"

#include "core/base/text.hpp"

namespace meshproof::mesh {
namespace {

constexpr std::size_t longest_domain = 255;  // SPIFFE-ID 2.1
constexpr std::size_t longest_id = 2048;     // SPIFFE-ID 2.3
constexpr std::string_view scheme = "spiffe://";

bool lower_or_digit(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool domain_character(char c) {
    return lower_or_digit(c) || c == '.' || c == '-' || c == '_';
}

bool path_character(char c) {
    return domain_character(c) || (c >= 'A' && c <= 'Z');
}

Result<void> check_path(std::string_view path) {
    if (path.empty()) {
        return {};
    }
    for (const auto& segment : split(path.substr(1), '/')) {
        if (segment.empty()) {
            return fail(FailureKind::invalid,
                        "its path has an empty segment or a trailing slash (I4)");
        }
        if (segment == "." || segment == "..") {
            return fail(FailureKind::invalid, "its path has a segment \"{}\" (I4)", segment);
        }
        if (!std::ranges::all_of(segment, path_character)) {
            return fail(FailureKind::invalid,
                        "path segment \"{}\" has a character outside [a-zA-Z0-9.-_] (I4)", segment);
        }
    }
    return {};
}

}  // namespace

Result<TrustDomain> TrustDomain::parse(std::string_view text) {
    if (text.empty()) {
        return fail(FailureKind::invalid, "the trust domain is empty (I2)");
    }
    if (text.size() > longest_domain) {
        return fail(FailureKind::invalid, "the trust domain has {} characters: at most {} (I5)",
                    text.size(), longest_domain);
    }
    if (text.find("://") != std::string_view::npos) {
        return fail(FailureKind::invalid,
                    "trust domain \"{}\" is a URI: expected its name alone, as in cluster.local",
                    text);
    }
    if (!std::ranges::all_of(text, domain_character)) {
        return fail(FailureKind::invalid,
                    "trust domain \"{}\" has a character outside [a-z0-9.-_] (I2)", text);
    }
    TrustDomain domain;
    domain.name_ = text;
    return domain;
}

Result<SpiffeId> SpiffeId::parse(std::string_view uri) {
    if (uri.size() > longest_id) {
        return fail(FailureKind::invalid, "a SPIFFE ID of {} bytes is too long: at most {} (I5)",
                    uri.size(), longest_id);
    }
    // Scheme and trust domain compare without regard to case (I6), so they are kept in lower case.
    if (lower(uri.substr(0, scheme.size())) != scheme) {
        return fail(FailureKind::invalid, "\"{}\" has not the scheme spiffe (I1)", uri);
    }
    if (uri.find_first_of("?#") != std::string_view::npos) {
        return fail(FailureKind::invalid, "\"{}\" has a query or a fragment (I1)", uri);
    }
    const auto rest = uri.substr(scheme.size());
    const auto slash = std::min(rest.find('/'), rest.size());
    auto domain = TrustDomain::parse(lower(rest.substr(0, slash)));
    if (!domain) {
        return propagate(domain, fmt::format("\"{}\"", uri));
    }
    const auto path = rest.substr(slash);
    if (auto checked = check_path(path); !checked) {
        return propagate(checked, fmt::format("\"{}\"", uri));
    }
    SpiffeId id;
    id.domain_ = std::move(*domain);
    id.path_ = path;
    return id;
}

SpiffeId SpiffeId::workload(const TrustDomain& domain, std::string_view ns,
                            std::string_view service_account) {
    SpiffeId id;
    id.domain_ = domain;
    id.path_ = fmt::format("/ns/{}/sa/{}", ns, service_account);
    return id;
}

std::string SpiffeId::text() const {
    return fmt::format("{}{}{}", scheme, domain_.name(), path_);
}

Result<SpiffeId> svid_id(const crypto::Certificate& leaf) {
    const auto names = leaf.alt_names();
    if (names.uris.size() != 1) {
        return fail(FailureKind::invalid, "the leaf has {} URI SANs: exactly one is needed (L1)",
                    names.uris.size());
    }
    auto id = SpiffeId::parse(names.uris.front());
    if (!id) {
        return propagate(id, "the leaf's URI SAN is no SPIFFE ID");
    }
    if (id->path().empty()) {
        return fail(FailureKind::invalid, "the leaf's SPIFFE ID {} has no path (L3)", id->text());
    }
    if (leaf.subject().empty() && !leaf.alt_names_critical()) {
        return fail(FailureKind::invalid,
                    "the leaf has an empty subject and its SAN is not critical (L4)");
    }
    if (leaf.is_ca().value_or(false)) {
        return fail(FailureKind::invalid, "the leaf is a CA (L5)");
    }
    const auto usage = leaf.key_usage();
    if (!usage || !leaf.key_usage_critical()) {
        return fail(FailureKind::invalid, "the leaf has no critical keyUsage (L6)");
    }
    if ((*usage & crypto::digital_signature) == 0) {
        return fail(FailureKind::invalid, "the leaf's keyUsage lacks digitalSignature (L7)");
    }
    if ((*usage & crypto::cert_sign) != 0) {
        return fail(FailureKind::invalid, "the leaf's keyUsage has keyCertSign (L9)");
    }
    if ((*usage & crypto::crl_sign) != 0) {
        return fail(FailureKind::invalid, "the leaf's keyUsage has cRLSign (L10)");
    }
    if (const auto extended = leaf.extended_key_usage()) {
        for (const auto needed : {crypto::eku_server_auth, crypto::eku_client_auth}) {
            if (std::ranges::find(*extended, needed) == extended->end()) {
                return fail(FailureKind::invalid, "the leaf's extKeyUsage lacks {} (L12)",
                            needed == crypto::eku_server_auth ? "serverAuth" : "clientAuth");
            }
        }
    }
    return id;
}

}  // namespace meshproof::mesh
