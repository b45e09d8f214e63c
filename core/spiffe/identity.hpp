#pragma once

#include <string>
#include <string_view>

#include "core/base/result.hpp"
#include "core/crypto/certificate.hpp"

namespace meshproof::spiffe {

/// A SPIFFE trust domain name: 1 to 255 of [a-z0-9.-_] (SPIFFE-ID section 2.1).
class TrustDomain {
  public:
    TrustDomain() = default;
    [[nodiscard]] static Result<TrustDomain> parse(std::string_view text);
    [[nodiscard]] const std::string& name() const { return name_; }
    [[nodiscard]] bool empty() const { return name_.empty(); }
    friend bool operator==(const TrustDomain&, const TrustDomain&) = default;

  private:
    std::string name_;
};

/// A SPIFFE ID: `spiffe://TRUST_DOMAIN/PATH` (rules I1-I6 of SPIFFE-ID). The path may be empty for
/// a trust domain's own ID.
class SpiffeId {
  public:
    SpiffeId() = default;
    [[nodiscard]] static Result<SpiffeId> parse(std::string_view uri);
    /// `spiffe://TRUST_DOMAIN/ns/NAMESPACE/sa/SERVICE_ACCOUNT`
    [[nodiscard]] static SpiffeId workload(const TrustDomain& domain, std::string_view ns,
                                           std::string_view service_account);
    [[nodiscard]] const TrustDomain& trust_domain() const { return domain_; }
    [[nodiscard]] const std::string& path() const { return path_; }  ///< "" or "/ns/…"
    [[nodiscard]] std::string text() const;
    friend bool operator==(const SpiffeId&, const SpiffeId&) = default;

  private:
    TrustDomain domain_;
    std::string path_;
};

/// The SPIFFE ID of a leaf that keeps the rules which an X509-SVID leaf must keep (check_leaf in
/// svid.hpp). Otherwise invalid, naming the rule.
[[nodiscard]] Result<SpiffeId> svid_id(const crypto::Certificate& leaf);

}  // namespace meshproof::spiffe
