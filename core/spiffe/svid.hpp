#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.hpp"
#include "core/crypto/certificate.hpp"
#include "core/crypto/chain.hpp"
#include "core/spiffe/identity.hpp"
#include "core/time/time.hpp"

/// The rules of X509-SVIDs one by one: docs/svid-rules.md.
namespace meshproof::spiffe {

enum class RuleLevel { must, should, optional };
[[nodiscard]] std::string_view to_string(RuleLevel level);

/// One rule of SPIFFE's standards, in our own words.
struct SvidRule {
    std::string_view id;  ///< "L1": leaf, C: signing certificate, V: validator, B: bundle, I: ID
    RuleLevel level;
    std::string_view text;
    std::string_view source;  ///< document and section
};
[[nodiscard]] std::span<const SvidRule> svid_rules();
/// Null where there is no such rule.
[[nodiscard]] const SvidRule* find_svid_rule(std::string_view id);

/// What became of a rule.
enum class RuleState {
    absent,  ///< the thing that it speaks of is not there, and it need not be
    holds,
    broken,
};
[[nodiscard]] std::string_view to_string(RuleState state);

struct Finding {
    const SvidRule* rule = nullptr;
    RuleState state = RuleState::absent;
    RuleLevel level = RuleLevel::must;  ///< the rule's own, or that of the part of it meant here
    std::string detail;                 ///< why; may be empty where it holds
};

/// What was found, a finding a rule that was asked, in the order of asking.
class SvidFindings {
  public:
    /// Of several findings on one rule the worst stays: broken (must before should), holds, absent.
    void add(std::string_view rule, RuleState state, std::string detail = {});
    void add(std::string_view rule, RuleState state, RuleLevel level, std::string detail);
    void add(const SvidFindings& others);
    [[nodiscard]] const std::vector<Finding>& all() const { return all_; }
    [[nodiscard]] const Finding* find(std::string_view rule) const;  ///< null where not asked
    /// The first broken rule that one must keep, or null.
    [[nodiscard]] const Finding* first_broken() const;
    [[nodiscard]] bool accepted() const { return first_broken() == nullptr; }
    /// Ids of the broken rules of a level, sorted as svid_rules() is.
    [[nodiscard]] std::vector<std::string> broken(RuleLevel level = RuleLevel::must) const;

  private:
    void keep(Finding finding);

    std::vector<Finding> all_;
};

/// I1-I5 on a URI as it stands in a certificate.
[[nodiscard]] SvidFindings check_id(std::string_view uri);

/// L1-L12 on a leaf, and I1-I5 on its URI SAN where it has exactly one.
[[nodiscard]] SvidFindings check_leaf(const crypto::Certificate& leaf);

/// C1-C6, C10 and C11 on a signing certificate; the others are about a leaf or a use.
[[nodiscard]] SvidFindings check_signing(const crypto::Certificate& certificate);

/// Authorities by the name of their trust domain. A domain without authorities trusts nobody.
using TrustBundles = std::map<std::string, std::vector<crypto::Certificate>>;

struct SvidQuestion {
    crypto::Certificate leaf;
    std::vector<crypto::Certificate> chain;  ///< what the peer sent after its leaf
    TrustBundles bundles;
    Time at;
    bool system_trust =
        false;  ///< the machine's own CA store stands for every trust domain as well
};

struct SvidVerdict {
    std::optional<SpiffeId> id;  ///< where the leaf has one that can be read
    SvidFindings findings;       ///< L, I, V, and C on the signing certificates of the path
    std::vector<crypto::Certificate> path;  ///< leaf first, authority last, where one was found
    crypto::ChainFault chain_fault =
        crypto::ChainFault::none;  ///< what broke the path, if that did
    [[nodiscard]] bool accepted() const { return findings.accepted(); }
};

/// Whether `leaf` authenticates its SPIFFE ID at `at`: the validator's own rules V1-V7, and, as
/// strictly, what L, C and I demand of the certificates on the path. Every certificate of the trust
/// domain's bundle is an anchor. SHA-1 and MD5 signatures below an anchor count as none.
[[nodiscard]] SvidVerdict validate(const SvidQuestion& question);

/// The same for whoever is about to believe it: the ID, or why not. `expired` where the leaf is out
/// of its time and has no other fault, else `tls`; it names the rule. What a handshake asks.
[[nodiscard]] Result<SpiffeId> authenticate(const SvidQuestion& question);

/// A trust domain's bundle as JWKS, as far as X509-SVIDs need it.
struct SpiffeBundle {
    std::vector<crypto::Certificate> authorities;
    SvidFindings findings;  ///< B1-B4
    std::optional<std::uint64_t> sequence;
    std::optional<Duration> refresh_hint;
};

/// Malformed where it is no JWKS, has no `keys`, or an `x5c` in it cannot be read. A certificate
/// that is no CA is no authority.
[[nodiscard]] Result<SpiffeBundle> read_bundle(std::string_view jwks);

/// A JWKS with one entry an authority; RSA and EC keys.
[[nodiscard]] std::string write_bundle(std::span<const crypto::Certificate> authorities);

}  // namespace meshproof::spiffe
