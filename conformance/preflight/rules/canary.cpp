// One login and one leaf, as a pod gets them.
#include <algorithm>

#include "conformance/preflight/rule.hpp"
#include "core/base/answer.hpp"
#include "core/base/text.hpp"
#include "core/crypto/chain.hpp"
#include "core/spiffe/svid.hpp"

namespace meshproof::preflight {
namespace {

Judgement login(const Facts& facts) {
    if (!facts.login_refusal.empty()) {
        // A token that the API server takes was shown: then it is the Vault's way to ask it.
        const bool good = facts.token_is_good.is_known() && *facts.token_is_good;
        return found(facts.login_refusal + (good ? "; the API server itself takes the token" : ""));
    }
    return facts.login.is_known() ? holds() : unknown(facts.login.why());
}

Judgement sign(const Facts& facts) {
    if (!facts.sign_refusal.empty()) {
        return found(facts.sign_refusal);
    }
    return facts.leaf.is_known() ? holds() : unknown(facts.leaf.why());
}

Judgement svid(const Facts& facts) {
    return with(facts.leaf, [](const vault::Issued& issued) {
        const auto broken = spiffe::check_leaf(issued.leaf).broken();
        return broken.empty() ? holds() : found("broken: " + join(broken, ", "));
    });
}

Judgement other_name(const Facts& facts) {
    return with(facts.leaf, [&](const vault::Issued& issued) {
        const auto uris = issued.leaf.alt_names().uris;
        return uris.size() == 1 && uris.front() == facts.canary_uri
                   ? holds()
                   : found(fmt::format("asked for {}, got {}", facts.canary_uri,
                                       uris.empty() ? "no id" : join(uris, ",")));
    });
}

Judgement chain(const Facts& facts) {
    return with(facts.leaf, [&](const vault::Issued& issued) {
        crypto::ChainQuestion question;
        question.leaf = issued.leaf;
        question.intermediates = issued.chain;
        question.trust = facts.account.trust;
        question.at = facts.now;
        const auto verdict = crypto::verify_chain(question);
        // A Vault whose clock is ahead is another finding's matter.
        return verdict.accepted() || verdict.fault == crypto::ChainFault::not_yet_valid
                   ? holds()
                   : found(verdict.detail);
    });
}

Judgement shorter(const Facts& facts) {
    return with(facts.leaf, [&](const vault::Issued& issued) {
        constexpr auto slack = std::chrono::seconds(2);
        const auto ahead = facts.vault_ahead().value_or(Duration::zero());
        const auto life = issued.leaf.not_after() - facts.signed_at - ahead;
        return life + slack >= facts.account.ttl
                   ? holds()
                   : found(fmt::format("asked for {}, got {}", human_duration(facts.account.ttl),
                                       human_duration(life)));
    });
}

Judgement warned(const Facts& facts) {
    return with(facts.leaf, [](const vault::Issued& issued) {
        return issued.warnings.empty() ? holds() : found(one_line(join(issued.warnings, "; ")));
    });
}

Judgement not_revoked(const Facts& facts) {
    return with(facts.leaf, [&](const vault::Issued&) {
        return facts.not_revoked.empty() ? holds() : found(facts.not_revoked);
    });
}

}  // namespace

std::vector<Rule> canary_rules() {
    return {
        {.id = "canary/login",
         .severity = Severity::error,
         .title = "A login with the account's token fails.",
         .why = "So does every pod's. What is above says why, where it can be known.",
         .member = "auth.role",
         .object = "auth/%auth%/login",
         .mend = {},
         .judge = login},
        {.id = "canary/sign",
         .severity = Severity::error,
         .title = "A pod's request is not signed.",
         .why = "So no pod gets a leaf. What is above says why, where it can be known.",
         .member = "pki.sign_path",
         .object = "%path%",
         .mend = {},
         .judge = sign},
        {.id = "canary/svid",
         .severity = Severity::error,
         .title = "The leaf that came is no X509-SVID.",
         .why = "Strict peers refuse it, by the rules that are named (docs/svid-rules.md).",
         .member = "pki.sign_path",
         .object = "%path%",
         .mend = {},
         .judge = svid},
        {.id = "canary/other-name",
         .severity = Severity::error,
         .title = "The leaf that came has not the id that was asked for.",
         .why = "Peers take the pod for another one, or for none.",
         .member = "pki.sign_path",
         .object = "%path%",
         .mend = {"%tool% patch %mount%/roles/%role% use_csr_sans=true"},
         .judge = other_name},
        {.id = "canary/chain",
         .severity = Severity::error,
         .title = "The leaf that came does not verify by the CA bundle.",
         .why = "Every pod refuses every pod that gets a leaf today.",
         .member = "pki.ca_bundle_file",
         .object = "%bundle%",
         .mend = {write_bundle},
         .judge = chain},
        {.id = "canary/shorter",
         .severity = Severity::warning,
         .title = "The leaf that came lives shorter than was asked.",
         .why = "Pods that plan by what they asked for renew too late.",
         .member = "ttl",
         .object = "%path%",
         .mend = {},
         .judge = shorter},
        {.id = "canary/warned",
         .severity = Severity::advice,
         .title = "The signature came with warnings.",
         .why = "No pod reads them.",
         .member = "pki.sign_path",
         .object = "%path%",
         .mend = {},
         .judge = warned},
        {.id = "canary/not-revoked",
         .severity = Severity::advice,
         .title = "The leaf that preflight asked for could not be revoked.",
         .why = "It is good until it ends; its key was thrown away.",
         .member = "vault.token_file",
         .object = "%mount%/revoke",
         .mend = {},
         .judge = not_revoked},
    };
}

}  // namespace meshproof::preflight
