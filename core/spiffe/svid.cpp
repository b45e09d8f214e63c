#include "core/spiffe/svid.hpp"

#include "core/base/assert.hpp"
#include "core/base/json_text.hpp"
#include "core/base/text.hpp"
#include "core/crypto/chain.hpp"
#include "core/crypto/jwt.hpp"

namespace meshproof::spiffe {
namespace {

using crypto::Certificate;
using enum RuleState;

constexpr std::size_t longest_domain = 255;
constexpr std::size_t longest_id = 2048;

constexpr auto must = RuleLevel::must;
constexpr auto should = RuleLevel::should;
constexpr auto optional = RuleLevel::optional;

constexpr SvidRule rules[] = {
    {"L1", must, "A leaf has exactly one URI SAN: its SPIFFE ID.", "X509-SVID 2"},
    {"L2", optional, "A leaf may have other SANs beside it, DNS names too.", "X509-SVID 2"},
    {"L3", must, "A leaf's SPIFFE ID has a path, and more than \"/\".", "X509-SVID 3.1"},
    {"L4", must, "The SAN extension is critical if the subject is empty.",
     "X509-SVID 3.1, RFC 5280 4.1.2.6"},
    {"L5", must, "A leaf's cA is false; no basicConstraints is as good.",
     "X509-SVID 4.1, RFC 5280 4.2.1.9"},
    {"L6", must, "A leaf has keyUsage, and it is critical.", "X509-SVID 4.3"},
    {"L7", must, "A leaf's keyUsage has digitalSignature.", "X509-SVID 4.3"},
    {"L8", optional, "A leaf's keyUsage may have keyEncipherment and keyAgreement.",
     "X509-SVID 4.3"},
    {"L9", must, "A leaf's keyUsage has no keyCertSign.", "X509-SVID 4.3"},
    {"L10", must, "A leaf's keyUsage has no cRLSign.", "X509-SVID 4.3"},
    {"L11", should, "A leaf has extKeyUsage; it may be critical.", "X509-SVID 4.4"},
    {"L12", must, "A leaf's extKeyUsage, if there is one, has serverAuth and clientAuth.",
     "X509-SVID 4.4"},
    {"C1", must, "A signing certificate's cA is true.", "X509-SVID 4.1"},
    {"C2", must, "A signing certificate has a critical keyUsage with keyCertSign.",
     "X509-SVID 3.2, 4.3"},
    {"C3", optional, "A signing certificate may have cRLSign.", "X509-SVID 4.3"},
    {"C4", optional, "A signing certificate may limit the length of paths.", "X509-SVID 4.1"},
    {"C5", should, "A signing certificate is an SVID itself: it has a SPIFFE ID.", "X509-SVID 3.2"},
    {"C6", must, "A signing certificate's SPIFFE ID, if it has one, has no path.", "X509-SVID 3.2"},
    {"C7", should, "A signing certificate is of the trust domain of the leaves that it signs.",
     "X509-SVID 3.2"},
    {"C8", optional,
     "A signing certificate may sign further ones, of its own and of other trust domains.",
     "X509-SVID 3.2"},
    {"C9", must, "A signing certificate does not authenticate anybody.", "X509-SVID 3.2"},
    {"C10", optional, "A signing certificate may have URI name constraints.", "X509-SVID 4.2"},
    {"C11", optional,
     "A signing certificate may have extKeyUsage; libraries differ on its meaning.",
     "X509-SVID 4.4"},
    {"V1", must, "The path from the leaf to an authority is valid as RFC 5280 has it.",
     "X509-SVID 5.1, RFC 5280 6"},
    {"V2", must, "A leaf with more than one URI SAN is refused.", "X509-SVID 5.2"},
    {"V3", must, "A leaf whose cA is true is refused.", "X509-SVID 5.2"},
    {"V4", must, "A leaf with keyCertSign or cRLSign is refused.", "X509-SVID 5.2"},
    {"V5", must, "A leaf whose ID has another scheme than spiffe is refused.", "X509-SVID 5.2"},
    {"V6", must, "A leaf whose ID has no path is refused.", "X509-SVID 5.2"},
    {"V7", must, "The path ends in the bundle of the trust domain that the leaf's ID names.",
     "SPIFFE-ID 3.1"},
    {"B1", must, "A bundle has one JWK a CA certificate, with use x509-svid and without kid.",
     "X509-SVID 6.1"},
    {"B2", must, "An entry's x5c holds exactly one CA certificate, which should be self-signed.",
     "X509-SVID 6.1"},
    {"B3", must, "A reader passes over entries without x5c, and over all but x5c's first value.",
     "X509-SVID 6.2"},
    {"B4", must, "A trust domain whose bundle has no x509-svid entry has no X509-SVIDs.",
     "X509-SVID 6.2"},
    {"I1", must, "A SPIFFE ID has the scheme spiffe, no query and no fragment.", "SPIFFE-ID 2"},
    {"I2", must,
     "A trust domain is not empty, all of [a-z0-9.-_]: no capitals, escapes, user-info or port.",
     "SPIFFE-ID 2.1"},
    {"I3", must,
     "A trust domain that looks like an IPv4 address is a name like others; IPv6 cannot be.",
     "SPIFFE-ID 2.1"},
    {"I4", must, "A path's segments are all of [a-zA-Z0-9.-_]; none is empty, \".\" or \"..\".",
     "SPIFFE-ID 2.2"},
    {"I5", must, "An ID has at most 2048 bytes, its trust domain at most 255.", "SPIFFE-ID 2.3"},
    {"I6", must, "Scheme and trust domain compare without regard to case, paths with it.",
     "SPIFFE-ID 2, RFC 3986 6.2.2.1"},
};

bool domain_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
}

bool path_character(char c) {
    return domain_character(c) || (c >= 'A' && c <= 'Z');
}

/// A URI in the parts of RFC 3986, as far as they are there.
struct Parts {
    std::string_view scheme, authority, path;
    bool has_authority = false, has_query = false, has_fragment = false;
};

Parts parts_of(std::string_view uri) {
    Parts parts;
    const auto hash = std::min(uri.find('#'), uri.size());
    parts.has_fragment = hash < uri.size();
    uri = uri.substr(0, hash);
    const auto question = std::min(uri.find('?'), uri.size());
    parts.has_query = question < uri.size();
    uri = uri.substr(0, question);
    const auto colon = uri.find(':');
    if (colon != std::string_view::npos && uri.find('/') > colon) {
        parts.scheme = uri.substr(0, colon);
        uri = uri.substr(colon + 1);
    }
    if (uri.starts_with("//")) {
        parts.has_authority = true;
        uri = uri.substr(2);
        parts.authority = uri.substr(0, uri.find('/'));
        uri = uri.substr(parts.authority.size());
    }
    parts.path = uri;
    return parts;
}

bool no_path(std::string_view path) {
    return path.empty() || path == "/";
}

bool looks_like_ipv4(std::string_view domain) {
    const auto numbers = split(domain, '.');
    return numbers.size() == 4 && std::ranges::all_of(numbers, [](const std::string& number) {
               return !number.empty() && number.size() <= 3 &&
                      std::ranges::all_of(number, [](char c) { return c >= '0' && c <= '9'; });
           });
}

std::string trouble_of_domain(const Parts& parts) {
    const auto domain = parts.authority;
    if (!parts.has_authority || domain.empty()) {
        return "the trust domain is empty";
    }
    if (domain.find('@') != std::string_view::npos) {
        return fmt::format("trust domain \"{}\" has user-info", domain);
    }
    if (std::ranges::all_of(domain, domain_character)) {
        return {};
    }
    if (std::ranges::all_of(lower(domain), domain_character)) {
        return fmt::format("trust domain \"{}\" has capital letters", domain);
    }
    return fmt::format("trust domain \"{}\" has a character outside [a-z0-9.-_]", domain);
}

std::string trouble_of_path(std::string_view path) {
    if (path.empty()) {
        return {};
    }
    for (const auto& segment : split(path.substr(path.starts_with('/') ? 1 : 0), '/')) {
        if (segment.empty()) {
            return "its path has an empty segment or a trailing slash";
        }
        if (segment == "." || segment == "..") {
            return fmt::format("its path has a segment \"{}\"", segment);
        }
        if (!std::ranges::all_of(segment, path_character)) {
            return fmt::format("path segment \"{}\" has a character outside [a-zA-Z0-9.-_]",
                               segment);
        }
    }
    return {};
}

std::string trouble_of_scheme(const Parts& parts, std::string_view uri) {
    if (lower(parts.scheme) != "spiffe") {
        return fmt::format("\"{}\" has not the scheme spiffe", uri);
    }
    if (parts.has_query || parts.has_fragment) {
        return fmt::format("\"{}\" has a query or a fragment", uri);
    }
    return {};
}

std::string trouble_of_length(const Parts& parts, std::string_view uri) {
    if (uri.size() > longest_id) {
        return fmt::format("a SPIFFE ID of {} bytes is too long: at most {}", uri.size(),
                           longest_id);
    }
    if (parts.authority.size() > longest_domain) {
        return fmt::format("the trust domain has {} characters: at most {}", parts.authority.size(),
                           longest_domain);
    }
    return {};
}

/// Holds if there is no trouble.
void add_trouble(SvidFindings& findings, std::string_view rule, std::string trouble) {
    const bool broken_rule = !trouble.empty();
    findings.add(rule, broken_rule ? broken : holds, std::move(trouble));
}

void check_leaf_usage(const Certificate& leaf, SvidFindings& findings) {
    const auto usage = leaf.key_usage();
    add_trouble(findings, "L6",
                usage && leaf.key_usage_critical() ? "" : "the leaf has no critical keyUsage");
    if (!usage) {
        for (const auto* rule : {"L7", "L8", "L9", "L10"}) {
            findings.add(rule, absent, "the leaf has no keyUsage");
        }
    } else {
        const auto has = [&](unsigned bits) { return (*usage & bits) != 0; };
        add_trouble(
            findings, "L7",
            has(crypto::digital_signature) ? "" : "the leaf's keyUsage lacks digitalSignature");
        findings.add("L8", has(crypto::key_encipherment | crypto::key_agreement) ? holds : absent);
        add_trouble(findings, "L9",
                    has(crypto::cert_sign) ? "the leaf's keyUsage has keyCertSign" : "");
        add_trouble(findings, "L10",
                    has(crypto::crl_sign) ? "the leaf's keyUsage has cRLSign" : "");
    }
    const auto extended = leaf.extended_key_usage();
    add_trouble(findings, "L11", extended ? "" : "the leaf has no extKeyUsage");
    if (!extended) {
        findings.add("L12", absent, "the leaf has no extKeyUsage");
        return;
    }
    std::string lacking;
    for (const auto& [oid, name] : {std::pair(crypto::eku_server_auth, "serverAuth"),
                                    std::pair(crypto::eku_client_auth, "clientAuth")}) {
        if (std::ranges::find(*extended, oid) == extended->end()) {
            lacking += fmt::format("{}{}", lacking.empty() ? "" : " and ", name);
        }
    }
    add_trouble(findings, "L12",
                lacking.empty() ? "" : fmt::format("the leaf's extKeyUsage lacks {}", lacking));
}

bool has_extension(const Certificate& certificate, std::string_view oid) {
    return std::ranges::any_of(certificate.extensions(),
                               [&](const auto& extension) { return extension.oid == oid; });
}

/// The ID of a signing certificate that is an SVID.
std::optional<SpiffeId> signing_id(const Certificate& certificate) {
    const auto uris = certificate.alt_names().uris;
    if (uris.size() != 1) {
        return std::nullopt;
    }
    auto id = SpiffeId::parse(uris.front());
    return id ? std::optional(std::move(*id)) : std::nullopt;
}

/// The leaf's own part of V2-V6.
void check_presented(const Certificate& leaf, SvidFindings& findings) {
    const auto uris = leaf.alt_names().uris;
    add_trouble(findings, "V2",
                uris.size() > 1 ? fmt::format("the leaf has {} URI SANs", uris.size()) : "");
    const bool is_ca = leaf.is_ca().value_or(false);
    const auto usage = leaf.key_usage().value_or(0);
    add_trouble(findings, "V3", is_ca ? "the leaf is a CA" : "");
    add_trouble(findings, "V4",
                (usage & (crypto::cert_sign | crypto::crl_sign)) != 0
                    ? "the leaf's key may sign certificates or CRLs"
                    : "");
    add_trouble(findings, "C9",
                is_ca && (usage & crypto::cert_sign) != 0
                    ? "a signing certificate is presented as a leaf"
                    : "");
    if (uris.size() == 1) {
        const auto parts = parts_of(uris.front());
        add_trouble(findings, "V5",
                    lower(parts.scheme) == "spiffe"
                        ? ""
                        : fmt::format("\"{}\" has not the scheme spiffe", uris.front()));
        add_trouble(findings, "V6", no_path(parts.path) ? "the leaf's ID has no path" : "");
    } else {
        findings.add("V5", absent, "the leaf has no ID");
        findings.add("V6", absent, "the leaf has no ID");
    }
}

bool weakly_signed(const Certificate& certificate) {
    const auto algorithm = lower(certificate.signature_algorithm());
    return algorithm.find("sha1") != std::string::npos ||
           algorithm.find("md5") != std::string::npos;
}

crypto::ChainVerdict path_to(const SvidQuestion& question, const std::vector<Certificate>& trust) {
    return crypto::verify_chain({.leaf = question.leaf,
                                 .intermediates = question.chain,
                                 .trust = trust,
                                 .at = question.at,
                                 .crls = {},
                                 .all_anchors = true,
                                 .system_trust = question.system_trust});
}

/// The other trust domain whose bundle the leaf's path ends in, or "".
std::string domain_of_path(const SvidQuestion& question, const std::string& besides) {
    for (const auto& [domain, authorities] : question.bundles) {
        if (domain != besides && !authorities.empty() &&
            path_to(question, authorities).accepted()) {
            return domain;
        }
    }
    return {};
}

std::string trouble_of_path_validation(const crypto::ChainVerdict& chain) {
    if (!chain.accepted()) {
        return fmt::format("{}: {}", to_string(chain.fault), chain.detail);
    }
    if (chain.path.size() < 2) {
        return "the leaf itself is in the bundle: no signing certificate issued it";
    }
    for (std::size_t i = 0; i + 1 < chain.path.size(); ++i) {
        if (weakly_signed(chain.path[i])) {
            return fmt::format("signed by {} (depth {}: {})", chain.path[i].signature_algorithm(),
                               i, chain.path[i].subject_line());
        }
    }
    return {};
}

const std::vector<Certificate>* bundle_of(const TrustBundles& bundles, const std::string& domain) {
    for (const auto& [name, authorities] : bundles) {
        if (lower(name) == domain) {  // I6
            return authorities.empty() ? nullptr : &authorities;
        }
    }
    return nullptr;
}

void check_path(const SvidQuestion& question, SvidVerdict& verdict) {
    auto& findings = verdict.findings;
    const auto& domain = verdict.id->trust_domain().name();
    const auto* authorities = bundle_of(question.bundles, domain);
    if (authorities == nullptr && question.system_trust) {
        static const std::vector<Certificate> none;
        authorities = &none;
    }
    if (authorities == nullptr) {
        findings.add("V1", absent, "there is no authority to end a path in");
        findings.add("V7", broken, fmt::format("no authority of {} is known", domain));
        return;
    }
    auto chain = path_to(question, *authorities);
    if (chain.fault == crypto::ChainFault::unknown_issuer) {
        if (const auto other = domain_of_path(question, domain); !other.empty()) {
            findings.add("V1", absent, "there is no authority to end a path in");
            findings.add(
                "V7", broken,
                fmt::format("the path ends in the bundle of {}, the ID is of {}", other, domain));
            return;
        }
    }
    add_trouble(findings, "V1", trouble_of_path_validation(chain));
    verdict.chain_fault = chain.fault;
    findings.add("V7", chain.accepted() ? holds : absent, chain.accepted() ? "" : "no path");
    verdict.path = std::move(chain.path);
}

/// What was found of the certificates that were asked about last, each by itself: pods are judged
/// again and again, and their CAs with each of them.
class LastFound {
  public:
    LastFound(std::size_t most, SvidFindings (*ask)(const Certificate&)) : most_(most), ask_(ask) {}

    [[nodiscard]] const SvidFindings& of(const Certificate& certificate) {
        const auto known = std::ranges::find(kept_, certificate, &Kept::certificate);
        if (known != kept_.end()) {
            return known->findings;
        }
        if (kept_.size() == most_) {
            kept_.pop_back();
        }
        return kept_.emplace_front(Kept{certificate, ask_(certificate)}).findings;
    }

  private:
    struct Kept {
        Certificate certificate;
        SvidFindings findings;
    };
    std::size_t most_;
    SvidFindings (*ask_)(const Certificate&);
    std::deque<Kept> kept_;
};

SvidFindings of_leaf(const Certificate& leaf) {
    SvidFindings findings;
    check_presented(leaf, findings);
    findings.add(check_leaf(leaf));
    return findings;
}

void check_signers(const SvidQuestion& question, SvidVerdict& verdict) {
    constexpr std::size_t most_cas = 16;
    thread_local LastFound known(most_cas, check_signing);
    // Without a path, all that the peer sent may be what broke it.
    std::vector<Certificate> signers = question.chain;
    if (verdict.path.size() > 1) {
        signers.assign(verdict.path.begin() + 1, verdict.path.end());
    }
    for (const auto& signer : signers) {
        verdict.findings.add(known.of(signer));
        const auto id = signing_id(signer);
        if (!id) {
            verdict.findings.add("C7", absent, "the signing certificate has no ID");
        } else if (id->trust_domain() == verdict.id->trust_domain()) {
            verdict.findings.add("C7", holds);
        } else {
            verdict.findings.add("C7", broken,
                                 fmt::format("{} is signed by one of {}", verdict.id->text(),
                                             id->trust_domain().name()));
        }
    }
    if (signers.size() > 1) {
        verdict.findings.add("C8", holds);
    }
}

int weight(const Finding& finding) {
    switch (finding.state) {
        case absent:
            return 0;
        case holds:
            return 1;
        case broken:
            return 4 - static_cast<int>(finding.level);
    }
    return 0;
}

Result<Certificate> authority_of(const nlohmann::json& x5c) {
    const auto der =
        x5c.front().is_string() ? from_base64(x5c.front().get<std::string>()) : std::nullopt;
    if (!der) {
        return fail(FailureKind::malformed, "its x5c is not base64");
    }
    auto certificate = Certificate::from_der(*der);
    if (!certificate) {
        return fail(FailureKind::malformed, "its x5c: {}", certificate.error().message);
    }
    return certificate;
}

Result<void> read_entry(const nlohmann::json& entry, SpiffeBundle& bundle) {
    add_trouble(bundle.findings, "B1", entry.contains("kid") ? "an x509-svid entry has a kid" : "");
    const auto x5c = entry.find("x5c");
    if (x5c == entry.end() || !x5c->is_array() || x5c->empty()) {
        bundle.findings.add("B2", broken, "an x509-svid entry has no x5c");
        bundle.findings.add("B3", holds, "an entry without x5c was passed over");
        return {};
    }
    if (x5c->size() > 1) {
        bundle.findings.add("B2", broken, fmt::format("an x5c has {} values", x5c->size()));
        bundle.findings.add("B3", holds, "all but the first value of an x5c were passed over");
    }
    auto authority = authority_of(*x5c);
    if (!authority) {
        return propagate(authority);
    }
    if (!authority->is_ca().value_or(false)) {
        bundle.findings.add("B2", broken,
                            fmt::format("{} is no CA certificate", authority->subject_line()));
        return {};
    }
    if (authority->public_key().empty()) {
        bundle.findings.add("B2", broken,
                            fmt::format("{} has a key that cannot be read, so it signs nothing",
                                        authority->subject_line()));
        return {};
    }
    if (authority->self_signed()) {
        bundle.findings.add("B2", holds);
    } else {
        bundle.findings.add("B2", broken, should,
                            fmt::format("{} is not self-signed", authority->subject_line()));
    }
    bundle.authorities.push_back(std::move(*authority));
    return {};
}

}  // namespace

std::string_view to_string(RuleLevel level) {
    switch (level) {
        case RuleLevel::must:
            return "must";
        case RuleLevel::should:
            return "should";
        case RuleLevel::optional:
            return "optional";
    }
    return "?";
}

std::string_view to_string(RuleState state) {
    switch (state) {
        case absent:
            return "absent";
        case holds:
            return "holds";
        case broken:
            return "broken";
    }
    return "?";
}

std::span<const SvidRule> svid_rules() {
    return rules;
}

const SvidRule* find_svid_rule(std::string_view id) {
    const auto* found = std::ranges::find(rules, id, &SvidRule::id);
    return found != std::end(rules) ? found : nullptr;
}

void SvidFindings::add(std::string_view rule, RuleState state, std::string detail) {
    const auto* known = find_svid_rule(rule);
    MESHPROOF_ASSERT(known != nullptr, "there is no SVID rule {}", rule);
    keep({known, state, known->level, std::move(detail)});
}

void SvidFindings::add(std::string_view rule, RuleState state, RuleLevel level,
                       std::string detail) {
    const auto* known = find_svid_rule(rule);
    MESHPROOF_ASSERT(known != nullptr, "there is no SVID rule {}", rule);
    keep({known, state, level, std::move(detail)});
}

void SvidFindings::keep(Finding finding) {
    const auto before = std::ranges::find(all_, finding.rule, &Finding::rule);
    if (before == all_.end()) {
        all_.push_back(std::move(finding));
    } else if (weight(*before) < weight(finding)) {
        *before = std::move(finding);
    }
}

void SvidFindings::add(const SvidFindings& others) {
    for (const auto& finding : others.all_) {
        keep(finding);
    }
}

const Finding* SvidFindings::find(std::string_view rule) const {
    const auto found = std::ranges::find_if(
        all_, [&](const Finding& finding) { return finding.rule->id == rule; });
    return found != all_.end() ? &*found : nullptr;
}

const Finding* SvidFindings::first_broken() const {
    const auto found = std::ranges::find_if(all_, [](const Finding& finding) {
        return finding.state == RuleState::broken && finding.level == must;
    });
    return found != all_.end() ? &*found : nullptr;
}

std::vector<std::string> SvidFindings::broken(RuleLevel level) const {
    std::vector<std::string> ids;
    for (const auto& rule : rules) {
        const auto* finding = find(rule.id);
        if (finding != nullptr && finding->state == RuleState::broken && finding->level == level) {
            ids.emplace_back(rule.id);
        }
    }
    return ids;
}

SvidFindings check_id(std::string_view uri) {
    const auto parts = parts_of(uri);
    SvidFindings findings;
    add_trouble(findings, "I1", trouble_of_scheme(parts, uri));
    add_trouble(findings, "I2", trouble_of_domain(parts));
    if (parts.authority.starts_with('[')) {
        findings.add("I3", broken,
                     fmt::format("trust domain \"{}\" is an IPv6 address", parts.authority));
    } else {
        findings.add("I3", looks_like_ipv4(parts.authority) ? holds : absent);
    }
    add_trouble(findings, "I4", trouble_of_path(parts.path));
    add_trouble(findings, "I5", trouble_of_length(parts, uri));
    return findings;
}

SvidFindings check_leaf(const Certificate& leaf) {
    SvidFindings findings;
    const auto names = leaf.alt_names();
    add_trouble(
        findings, "L1",
        names.uris.size() == 1
            ? ""
            : fmt::format("the leaf has {} URI SANs: exactly one is needed", names.uris.size()));
    auto others = names;
    others.uris.clear();
    findings.add("L2", others.empty() ? absent : holds);
    if (names.uris.size() == 1) {
        findings.add(check_id(names.uris.front()));
        add_trouble(findings, "L3",
                    no_path(parts_of(names.uris.front()).path)
                        ? fmt::format("the leaf's SPIFFE ID {} has no path", names.uris.front())
                        : "");
    } else {
        findings.add("L3", absent, "the leaf has no ID");
    }
    if (!leaf.subject_is_empty()) {
        findings.add("L4", absent, "the leaf has a subject");
    } else {
        add_trouble(findings, "L4",
                    leaf.alt_names_critical()
                        ? ""
                        : "the leaf has an empty subject and its SAN is not critical");
    }
    const auto is_ca = leaf.is_ca();
    if (!is_ca) {
        findings.add("L5", absent, "the leaf has no basicConstraints");
    } else {
        add_trouble(findings, "L5", *is_ca ? "the leaf is a CA" : "");
    }
    check_leaf_usage(leaf, findings);
    return findings;
}

SvidFindings check_signing(const Certificate& certificate) {
    SvidFindings findings;
    const auto about = [&](std::string_view what) {
        return fmt::format("signing certificate {} {}", certificate.subject_line(), what);
    };
    add_trouble(findings, "C1",
                certificate.is_ca().value_or(false) ? "" : about("is not marked as a CA"));
    const auto usage = certificate.key_usage();
    if (!usage || !certificate.key_usage_critical()) {
        findings.add("C2", broken, about("has no critical keyUsage"));
    } else {
        add_trouble(findings, "C2",
                    (*usage & crypto::cert_sign) != 0 ? "" : about("has no keyCertSign"));
    }
    findings.add("C3", (usage.value_or(0) & crypto::crl_sign) != 0 ? holds : absent);
    findings.add("C4", certificate.path_length() ? holds : absent);
    const auto id = signing_id(certificate);
    add_trouble(findings, "C5", id ? "" : about("has not one SPIFFE ID"));
    if (id) {
        add_trouble(findings, "C6",
                    id->path().empty() ? "" : about(fmt::format("has the ID {}", id->text())));
    } else {
        findings.add("C6", absent, about("has no ID"));
    }
    constexpr std::string_view name_constraints = "2.5.29.30";
    findings.add("C10", has_extension(certificate, name_constraints) ? holds : absent);
    findings.add("C11", certificate.extended_key_usage() ? holds : absent);
    return findings;
}

SvidVerdict validate(const SvidQuestion& question) {
    MESHPROOF_ASSERT(question.leaf, "no leaf to validate");
    constexpr std::size_t most_leaves = 64;
    thread_local LastFound known(most_leaves, of_leaf);
    SvidVerdict verdict;
    verdict.findings = known.of(question.leaf);
    verdict.id = signing_id(question.leaf);
    if (!verdict.id) {
        verdict.findings.add("V1", absent, "without an ID there is no bundle to end a path in");
        verdict.findings.add("V7", absent, "the leaf has no ID");
        return verdict;
    }
    check_path(question, verdict);
    check_signers(question, verdict);
    return verdict;
}

Result<SpiffeId> authenticate(const SvidQuestion& question) {
    const auto verdict = validate(question);
    const auto* wrong = verdict.findings.first_broken();
    if (wrong == nullptr) {
        return *verdict.id;
    }
    const bool dated = verdict.chain_fault == crypto::ChainFault::expired ||
                       verdict.chain_fault == crypto::ChainFault::not_yet_valid;
    const bool out_of_time =
        wrong->rule->id == "V1" && dated && !question.leaf.valid_at(question.at);
    return fail(out_of_time ? FailureKind::expired : FailureKind::tls, "{} ({})", wrong->detail,
                wrong->rule->id);
}

Result<SpiffeBundle> read_bundle(std::string_view jwks) {
    const auto document = json_or_null(jwks);
    if (!document.is_object() || !document.contains("keys") || !document["keys"].is_array()) {
        return fail(FailureKind::malformed, "a bundle is a JSON object with an array \"keys\"");
    }
    SpiffeBundle bundle;
    bool any = false;
    for (const auto& entry : document["keys"]) {
        if (!entry.is_object() || !entry.contains("use") || entry["use"] != "x509-svid") {
            continue;
        }
        any = true;
        if (auto read = read_entry(entry, bundle); !read) {
            return propagate(read, "an entry of the bundle cannot be read");
        }
    }
    bundle.findings.add("B3", absent);
    bundle.findings.add("B4", any ? absent : holds,
                        any ? "" : "the trust domain has no X509-SVIDs");
    if (const auto sequence = document.find("spiffe_sequence");
        sequence != document.end() && sequence->is_number_unsigned()) {
        bundle.sequence = sequence->get<std::uint64_t>();
    }
    if (const auto hint = document.find("spiffe_refresh_hint");
        hint != document.end() && hint->is_number_unsigned()) {
        bundle.refresh_hint = std::chrono::seconds(std::min<std::uint64_t>(
            hint->get<std::uint64_t>(), std::numeric_limits<std::uint32_t>::max()));
    }
    return bundle;
}

std::string write_bundle(std::span<const Certificate> authorities) {
    auto keys = nlohmann::json::array();
    for (const auto& authority : authorities) {
        auto entry = nlohmann::json::parse(crypto::jwk(authority.public_key(), ""));
        entry.erase("kid");
        entry.erase("alg");
        entry["use"] = "x509-svid";
        entry["x5c"] = {to_base64(authority.der())};
        keys.push_back(std::move(entry));
    }
    return nlohmann::json{{"keys", std::move(keys)}}.dump(2);
}

}  // namespace meshproof::spiffe
