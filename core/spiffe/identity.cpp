#include "core/spiffe/identity.hpp"

#include "core/base/text.hpp"
#include "core/spiffe/svid.hpp"

namespace meshproof::spiffe {
namespace {

constexpr std::string_view scheme = "spiffe://";

tl::unexpected<Failure> refusal(const Finding& finding) {
    return fail(FailureKind::invalid, "{} ({})", finding.detail, finding.rule->id);
}

/// Scheme and trust domain compare without regard to case (I6), so they are kept in lower case.
std::string fold_case(std::string_view uri) {
    const auto path = uri.size() > scheme.size()
                          ? std::min(uri.find('/', scheme.size()), uri.size())
                          : uri.size();
    return lower(uri.substr(0, path)).append(uri.substr(path));
}

}  // namespace

Result<TrustDomain> TrustDomain::parse(std::string_view text) {
    if (text.find_first_of("/?#") != std::string_view::npos) {
        return fail(FailureKind::invalid,
                    "trust domain \"{}\" is a URI: expected its name alone, as in cluster.local "
                    "(I2)",
                    text);
    }
    const auto findings = check_id(fmt::format("{}{}", scheme, text));
    if (const auto* finding = findings.first_broken()) {
        return refusal(*finding);
    }
    TrustDomain domain;
    domain.name_ = text;
    return domain;
}

Result<SpiffeId> SpiffeId::parse(std::string_view uri) {
    const auto folded = fold_case(uri);
    const auto findings = check_id(folded);
    if (const auto* finding = findings.first_broken()) {
        return refusal(*finding);
    }
    const auto rest = std::string_view(folded).substr(scheme.size());
    const auto slash = std::min(rest.find('/'), rest.size());
    SpiffeId id;
    id.domain_ = require(TrustDomain::parse(rest.substr(0, slash)));
    id.path_ = rest.substr(slash);
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
    const auto findings = check_leaf(leaf);
    if (const auto* finding = findings.first_broken()) {
        return refusal(*finding);
    }
    return SpiffeId::parse(leaf.alt_names().uris.front());
}

}  // namespace meshproof::spiffe
