// The account file and its CA bundle: what is wrong before anybody is asked.
#include <algorithm>

#include "conformance/preflight/rule.hpp"
#include "core/base/text.hpp"
#include "core/crypto/chain.hpp"
#include "core/spiffe/identity.hpp"

namespace meshproof::preflight {
namespace {

constexpr std::size_t largest_bundle = 3;  // integration page, step 5: one root, two intermediates

std::size_t roots(const Facts& facts) {
    return static_cast<std::size_t>(std::ranges::count_if(
        facts.account.trust, [](const auto& certificate) { return certificate.self_signed(); }));
}

Judgement trust_domain(const Facts& facts) {
    const auto domain = spiffe::TrustDomain::parse(facts.account.trust_domain);
    return domain ? holds() : found(domain.error().message);
}

Judgement bundle_count(const Facts& facts) {
    const auto count = facts.account.trust.size();
    return count <= largest_bundle ? holds()
                                   : found(fmt::format("it holds {} certificates", count));
}

Judgement bundle_no_root(const Facts& facts) {
    return roots(facts) > 0
               ? holds()
               : found(fmt::format("it holds {}, and none that is self-signed",
                                   counted(facts.account.trust.size(), "certificate")));
}

Judgement bundle_two_roots(const Facts& facts) {
    const auto count = roots(facts);
    return count <= 1 ? holds() : found(fmt::format("it holds {} self-signed ones", count));
}

Judgement bundle_order(const Facts& facts) {
    // During a rotation there are two intermediates or two roots: neither signed the other.
    const auto& trust = facts.account.trust;
    for (std::size_t later = 1; later < trust.size(); ++later) {
        for (std::size_t i = 0; i < later; ++i) {
            if (trust[later] != trust[i] && trust[later].signed_by(trust[i])) {
                return found(fmt::format("number {} ({}) is signed by number {} ({}) before it",
                                         later + 1, trust[later].subject_line(), i + 1,
                                         trust[i].subject_line()));
            }
        }
    }
    return holds();
}

Judgement bundle_time(const Facts& facts) {
    for (const auto& certificate : facts.account.trust) {
        if (!certificate.valid_at(facts.now)) {
            return found(fmt::format("{} is good from {} to {}", certificate.subject_line(),
                                     rfc3339(certificate.not_before()),
                                     rfc3339(certificate.not_after())));
        }
    }
    return holds();
}

Judgement bundle_no_ca(const Facts& facts) {
    for (const auto& certificate : facts.account.trust) {
        if (!certificate.is_ca().value_or(false)) {
            return found(certificate.subject_line() + " is no CA");
        }
    }
    return holds();
}

/// The chain of what signs now, by the bundle's certificates alone.
Judgement bundle_other_ca(const Facts& facts) {
    const auto* signer = facts.signer();
    if (signer == nullptr) {
        return without(facts.issuers);
    }
    crypto::ChainQuestion question;
    question.leaf = signer->certificate;
    question.intermediates = facts.account.trust;
    question.trust = facts.account.trust;
    question.at = facts.now;
    const auto verdict = crypto::verify_chain(question);
    return verdict.accepted()
               ? holds()
               : found(fmt::format("{}: {}", signer->certificate.subject_line(), verdict.detail));
}

Judgement issuer_not_in_bundle(const Facts& facts) {
    const auto* signer = facts.signer();
    if (signer == nullptr) {
        return without(facts.issuers);
    }
    const auto& trust = facts.account.trust;
    return std::ranges::find(trust, signer->certificate) != trust.end()
               ? holds()
               : found("the bundle lacks " + signer->certificate.subject_line());
}

Judgement bundle_root_before_leaf(const Facts& facts) {
    for (const auto& certificate : facts.account.trust) {
        const auto left = certificate.not_after() - facts.now;
        if (left > Duration::zero() && left < 3 * facts.account.ttl) {
            return found(fmt::format("{} ends in {}, and a leaf lives {}",
                                     certificate.subject_line(), human_duration(left),
                                     human_duration(facts.account.ttl)));
        }
    }
    return holds();
}

}  // namespace

std::vector<Rule> file_rules() {
    return {
        {.id = "file/trust-domain",
         .severity = Severity::error,
         .title = "The trust domain is no name that SPIFFE allows.",
         .why = "No leaf of it is an SVID, so every strict peer refuses every pod.",
         .member = "trust_domain",
         .object = "%file%",
         .mend = {"sed -i 's/^trust_domain:.*/trust_domain: cluster.local/' %file%"},
         .judge = trust_domain},
        {.id = "file/bundle-count",
         .severity = Severity::error,
         .title = "The CA bundle holds more than three certificates.",
         .why = "The mesh takes one root and at most two intermediates, and refuses the rest.",
         .member = "pki.ca_bundle_file",
         .object = "%bundle%",
         .mend = {write_bundle},
         .judge = bundle_count},
        {.id = "file/bundle-no-root",
         .severity = Severity::error,
         .title = "The CA bundle holds no root.",
         .why = "Pods verify each other up to a self-signed certificate, and find none.",
         .member = "pki.ca_bundle_file",
         .object = "%bundle%",
         .mend = {write_bundle},
         .judge = bundle_no_root},
        {.id = "file/bundle-two-roots",
         .severity = Severity::warning,
         .title = "The CA bundle holds more than one root.",
         .why = "The mesh takes one; during a rotation of the root the old one is trusted too.",
         .member = "pki.ca_bundle_file",
         .object = "%bundle%",
         .mend = {write_bundle},
         .judge = bundle_two_roots},
        {.id = "file/bundle-order",
         .severity = Severity::warning,
         .title =
             "The CA bundle is not in order: intermediates, each before its issuer, then root.",
         .why =
             "Some TLS libraries read a chain in the order of the file and stop where it breaks.",
         .member = "pki.ca_bundle_file",
         .object = "%bundle%",
         .mend = {write_bundle},
         .judge = bundle_order},
        {.id = "file/bundle-time",
         .severity = Severity::error,
         .title = "A certificate of the CA bundle is out of its time.",
         .why = "No leaf below it is accepted, whoever signed it.",
         .member = "pki.ca_bundle_file",
         .object = "%bundle%",
         .mend = {write_bundle},
         .judge = bundle_time},
        {.id = "file/bundle-no-ca",
         .severity = Severity::error,
         .title = "The CA bundle holds a certificate that is no CA.",
         .why = "It verifies nothing, and some meshes refuse the whole bundle.",
         .member = "pki.ca_bundle_file",
         .object = "%bundle%",
         .mend = {write_bundle},
         .judge = bundle_no_ca},
        {.id = "file/bundle-other-ca",
         .severity = Severity::error,
         .title = "The CA bundle does not verify the issuer that signs now.",
         .why = "Every pod that gets a leaf today is refused by every pod that has the bundle.",
         .member = "pki.ca_bundle_file",
         .object = "%bundle%",
         .mend = {write_bundle},
         .judge = bundle_other_ca},
        {.id = "file/bundle-without-issuer",
         .severity = Severity::advice,
         .title = "The CA bundle lacks the issuer that signs now.",
         .why =
             "It works while pods send the issuer with their leaf; one that does not is refused.",
         .member = "pki.ca_bundle_file",
         .object = "%bundle%",
         .mend = {write_bundle},
         .judge = issuer_not_in_bundle},
        {.id = "file/bundle-ends-soon",
         .severity = Severity::warning,
         .title = "A certificate of the CA bundle ends within three lives of a leaf.",
         .why = "A new root has to be in every trust store before leaves of it are shown.",
         .member = "pki.ca_bundle_file",
         .object = "%bundle%",
         .mend = {write_bundle},
         .judge = bundle_root_before_leaf},
    };
}

}  // namespace meshproof::preflight
