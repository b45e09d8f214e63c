// Issuers: who signs, for how long still, and what the leaves point to.
#include <algorithm>

#include "conformance/preflight/rule.hpp"
#include "core/base/text.hpp"

namespace meshproof::preflight {
namespace {

constexpr auto system_max_ttl = std::chrono::hours(768);  // of an untuned mount (row 70)

constexpr std::string_view tune_intermediates = "%tool% secrets tune -max-lease-ttl=21900h %mount%";

/// What `on` says of the issuer that signs.
template <class On>
Judgement of_signer(const Facts& facts, On on) {
    const auto* signer = facts.signer();
    return signer != nullptr          ? on(*signer)
           : facts.issuers.is_known() ? beside()
                                      : without(facts.issuers);
}

Duration life(const crypto::Certificate& certificate) {
    return certificate.not_after() - certificate.not_before();
}

/// A cut root lives just as long as an untuned mount allows; the servers date back by 30 s (row
/// 71).
bool is_cut(const crypto::Certificate& certificate) {
    constexpr auto dated_back = std::chrono::minutes(1);
    const auto over = life(certificate) - system_max_ttl;
    return over >= Duration::zero() && over <= dated_back;
}

Judgement no_issuer(const Facts& facts) {
    return with(facts.issuers, [](const Issuers& issuers) {
        return issuers.all.empty() ? found("the mount has no issuer") : holds();
    });
}

/// The issuer for a command: of those with a key the one that ends last.
Values could_sign(const Issuers& issuers) {
    const Issuer* best = nullptr;
    for (const auto& issuer : issuers.all) {
        if (!issuer.key_id.empty() &&
            (best == nullptr || issuer.certificate.not_after() > best->certificate.not_after())) {
            best = &issuer;
        }
    }
    return best == nullptr ? Values{} : Values{{"issuer", best->id}};
}

Judgement no_default(const Facts& facts) {
    return with(facts.issuers, [](const Issuers& issuers) {
        if (issuers.all.empty() || issuers.find("default") != nullptr) {
            return holds();
        }
        return found(
            fmt::format("{}, and none is the default", counted(issuers.all.size(), "issuer")),
            could_sign(issuers));
    });
}

Judgement without_key(const Facts& facts) {
    return of_signer(facts, [&](const Issuer& signer) {
        if (!signer.key_id.empty()) {
            return holds();
        }
        return found(signer.certificate.subject_line() + " has no key here",
                     could_sign(*facts.issuers));
    });
}

Judgement expired(const Facts& facts) {
    return of_signer(facts, [&](const Issuer& signer) {
        return signer.certificate.valid_at(facts.now)
                   ? holds()
                   : found(fmt::format("{} ended at {}", signer.certificate.subject_line(),
                                       rfc3339(signer.certificate.not_after())),
                           {{"issuer", signer.id}});
    });
}

Judgement ends_before_leaf(const Facts& facts) {
    return of_signer(facts, [&](const Issuer& signer) {
        const auto left = signer.certificate.not_after() - facts.now;
        return left <= Duration::zero() || left >= facts.account.ttl
                   ? holds()
                   : found(fmt::format("it has {}, and a leaf lives {}", human_left(left),
                                       human_duration(facts.account.ttl)),
                           {{"issuer", signer.id}});
    });
}

/// Relative, since CAs may be meant to live for hours: three lives leave time for one rotation.
Judgement ends_soon(const Facts& facts) {
    return of_signer(facts, [&](const Issuer& signer) {
        const auto left = signer.certificate.not_after() - facts.now;
        return left < facts.account.ttl || left >= 3 * facts.account.ttl
                   ? holds()
                   : found(fmt::format("it has {}: less than three lives of a leaf",
                                       human_left(left)));
    });
}

/// The root below which the issuer stands, as far as bundle and mount know it.
const crypto::Certificate* root_of(const Facts& facts, const crypto::Certificate& issuer) {
    for (const auto& one : facts.account.trust) {
        if (one.self_signed() && issuer.signed_by(one)) {
            return &one;
        }
    }
    for (const auto& one : facts.issuers->all) {
        if (one.certificate.self_signed() && issuer.signed_by(one.certificate)) {
            return &one.certificate;
        }
    }
    return nullptr;
}

/// An intermediate is cut by the mount that signed it, or ends with a root that was.
Judgement cut(const Facts& facts) {
    return of_signer(facts, [&](const Issuer& signer) {
        const auto& own = signer.certificate;
        const auto* root = root_of(facts, own);
        const bool root_cut = root != nullptr && is_cut(*root);
        if (!is_cut(own) && !(root_cut && own.not_after() == root->not_after())) {
            return holds();
        }
        auto evidence = fmt::format("{} lives {}, as long as an untuned mount allows",
                                    own.subject_line(), go_duration(life(own)));
        if (root == nullptr || root_cut) {
            return found(std::move(evidence), {{"issuer", signer.id}});
        }
        return found(std::move(evidence), {{"issuer", signer.id}},
                     {"%tool% secrets tune -max-lease-ttl=43800h %root%", tune_intermediates,
                      follow_the_latest, request_intermediate,
                      "%tool% write -field=certificate %root%/root/sign-intermediate "
                      "csr=@intermediate.csr format=pem_bundle ttl=21900h > intermediate.pem",
                      install_intermediate, write_bundle});
    });
}

Judgement mount_max_ttl(const Facts& facts) {
    return with(facts.tune, [&](const Json& tune) {
        const auto most = duration_of(tune, "max_lease_ttl");
        return most == Duration::zero() || most >= facts.account.ttl
                   ? holds()
                   : found(fmt::format("max_lease_ttl is {}, and the mesh asks for {}",
                                       go_duration(most), go_duration(facts.account.ttl)));
    });
}

Judgement leaf_outlives(const Facts& facts) {
    return of_signer(facts, [](const Issuer& signer) {
        return signer.leaf_not_after == "permit"
                   ? found("leaf_not_after_behavior is permit", {{"issuer", signer.id}})
                   : holds();
    });
}

Judgement leaf_truncated(const Facts& facts) {
    return of_signer(facts, [](const Issuer& signer) {
        return signer.leaf_not_after == "truncate"
                   ? found("leaf_not_after_behavior is truncate", {{"issuer", signer.id}})
                   : holds();
    });
}

Judgement default_is_old(const Facts& facts) {
    return of_signer(facts, [&](const Issuer& signer) {
        if (facts.issuers->find("default") != &signer) {
            return beside();  // the role names one itself
        }
        for (const auto& other : facts.issuers->all) {
            // A root in the same mount is newer than nothing.
            if (!other.key_id.empty() &&
                other.certificate.self_signed() == signer.certificate.self_signed() &&
                other.certificate.not_before() >= signer.certificate.not_before() &&
                other.certificate.not_after() > signer.certificate.not_after()) {
                return found(
                    fmt::format("{} of {} is newer", other.name.empty() ? other.id : other.name,
                                rfc3339(other.certificate.not_before())),
                    {{"issuer", other.id}});
            }
        }
        return holds();
    });
}

Judgement keyless(const Facts& facts) {
    return with(facts.issuers, [](const Issuers& issuers) {
        const auto count = std::ranges::count_if(issuers.all, [](const Issuer& issuer) {
            return issuer.key_id.empty() && !issuer.certificate.self_signed();
        });
        return count > 1 ? found(fmt::format("{} intermediates have no key here", count)) : holds();
    });
}

Judgement may_not_issue(const Facts& facts) {
    return of_signer(facts, [](const Issuer& signer) {
        return signer.usage.empty() ||
                       signer.usage.find("issuing-certificates") != std::string::npos
                   ? holds()
                   : found("its usage is " + signer.usage, {{"issuer", signer.id}});
    });
}

Judgement weak_key(const Facts& facts) {
    return of_signer(facts, [](const Issuer& signer) {
        const auto key = signer.certificate.public_key();
        constexpr int least = 2048;
        return key.algorithm() == "rsa" && key.bits() < least
                   ? found(fmt::format("its RSA key has {} bits", key.bits()),
                           {{"issuer", signer.id}})
                   : holds();
    });
}

Judgement root_signs(const Facts& facts) {
    return of_signer(facts, [](const Issuer& signer) {
        return signer.certificate.self_signed() ? found(signer.certificate.subject_line())
                                                : holds();
    });
}

Judgement chain_incomplete(const Facts& facts) {
    return of_signer(facts, [&](const Issuer&) {
        return with(facts.ca_chain, [](const std::vector<crypto::Certificate>& chain) {
            return !chain.empty() && chain.back().self_signed()
                       ? holds()
                       : found(fmt::format("ca_chain has {} and no root",
                                           counted(chain.size(), "certificate")));
        });
    });
}

Judgement url_nowhere(const Facts& facts) {
    return with(facts.fetched, [](const std::vector<Fetched>& all) {
        for (const auto& one : all) {
            if (one.asked && !one.problem.empty()) {
                return found(fmt::format("{}: {}", one.url, one.problem));
            }
        }
        return holds();
    });
}

Judgement crl_off(const Facts& facts) {
    return with(facts.crl, [&](const Json& crl) {
        const bool pointed =
            facts.urls.is_known() && !texts_of(*facts.urls, "crl_distribution_points").empty();
        return flag_of(crl, "disable") && pointed
                   ? found("config/crl has disable, and leaves point to a CRL")
                   : holds();
    });
}

Judgement no_tidy(const Facts& facts) {
    const bool stores = facts.role.is_known() && !flag_of(*facts.role, "no_store");
    if (!stores) {
        return beside();
    }
    return with(facts.tidy, [&](const Json& tidy) {
        return flag_of(tidy, "enabled") && flag_of(tidy, "tidy_cert_store")
                   ? holds()
                   : found("config/auto-tidy does not tidy the certificate store" +
                           facts.leaves_a_day());
    });
}

}  // namespace

std::vector<Rule> ca_rules() {
    return {
        {.id = "ca/none",
         .severity = Severity::error,
         .title = "The PKI engine has no issuer.",
         .why = "Nothing can be signed.",
         .member = "pki.sign_path",
         .object = "%mount%/issuers",
         .mend = {request_intermediate, sign_intermediate, install_intermediate},
         .judge = no_issuer},
        {.id = "ca/no-default",
         .severity = Severity::error,
         .title = "No issuer is the default one.",
         .why = "Every signature is a 500: no default issuer currently configured.",
         .member = "pki.sign_path",
         .object = "%mount%/config/issuers",
         .mend = {"%tool% write %mount%/config/issuers default=%issuer%"},
         .judge = no_default},
        {.id = "ca/without-key",
         .severity = Severity::error,
         .title = "The issuer that signs has no key.",
         .why = "Every signature is a 500.",
         .member = "pki.sign_path",
         .object = "%mount%/config/issuers",
         .mend = {"%tool% write %mount%/config/issuers default=%issuer%"},
         .judge = without_key},
        {.id = "ca/expired",
         .severity = Severity::error,
         .title = "The issuer that signs has ended.",
         .why = "Nothing is signed, or nothing that is signed is accepted.",
         .member = "pki.sign_path",
         .object = "%mount%/issuers",
         .mend = {follow_the_latest, request_intermediate, sign_intermediate, install_intermediate,
                  write_bundle},
         .judge = expired},
        {.id = "ca/ends-before-leaf",
         .severity = Severity::error,
         .title = "The issuer ends before a leaf that is asked for now.",
         .why = "Requests are refused (leaf_not_after_behavior=err), or leaves come shorter and "
                "shorter until pods renew without pause.",
         .member = "ttl",
         .object = "%mount%/issuers",
         .mend = {follow_the_latest, request_intermediate, sign_intermediate, install_intermediate,
                  write_bundle},
         .judge = ends_before_leaf},
        {.id = "ca/ends-soon",
         .severity = Severity::warning,
         .title = "The issuer ends within three lives of a leaf.",
         .why = "A rotation has to be over before the first leaf would outlive it.",
         .member = "ttl",
         .object = "%mount%/issuers",
         .mend = {},
         .judge = ends_soon},
        {.id = "ca/cut",
         .severity = Severity::warning,
         .title = "The issuer was cut to 768 h by an untuned mount.",
         .why = "The page asks for 4380 h and gets a month, without a word from Vault.",
         .member = "pki.sign_path",
         .object = "%mount%/issuers",
         .mend = {"%tool% secrets tune -max-lease-ttl=43800h %root%",
                  "%tool% write %root%/root/rotate/internal common_name=svc issuer_name=root-2 "
                  "ttl=43800h",
                  tune_intermediates, follow_the_latest, request_intermediate,
                  "%tool% write -field=certificate %root%/issuer/root-2/sign-intermediate "
                  "csr=@intermediate.csr format=pem_bundle ttl=21900h > intermediate.pem",
                  install_intermediate, write_bundle},
         .judge = cut},
        {.id = "ca/mount-max-ttl",
         .severity = Severity::warning,
         .title = "The mount cuts the life that the mesh asks for.",
         .why = "Leaves come shorter than asked, with a warning that no pod reads.",
         .member = "ttl",
         .object = "sys/mounts/%mount%/tune",
         .mend = {"%tool% secrets tune -max-lease-ttl=%ttl% %mount%"},
         .judge = mount_max_ttl},
        {.id = "ca/leaf-outlives",
         .severity = Severity::warning,
         .title = "Leaves may outlive their issuer.",
         .why = "Such a leaf is refused from the issuer's end on, while its pod believes in it.",
         .member = "pki.sign_path",
         .object = "%mount%/issuer/default",
         .mend = {"%tool% patch %mount%/issuer/%issuer% leaf_not_after_behavior=err"},
         .judge = leaf_outlives},
        {.id = "ca/leaf-truncated",
         .severity = Severity::advice,
         .title = "Leaves are cut at their issuer's end.",
         .why = "Towards its end leaves come shorter and shorter, and pods renew ever more often.",
         .member = "pki.sign_path",
         .object = "%mount%/issuer/default",
         .mend = {"%tool% patch %mount%/issuer/%issuer% leaf_not_after_behavior=err"},
         .judge = leaf_truncated},
        {.id = "ca/default-is-old",
         .severity = Severity::warning,
         .title = "The default issuer is still the old one.",
         .why = "After a rotation nothing signs with the new CA until it is made the default.",
         .member = "pki.sign_path",
         .object = "%mount%/config/issuers",
         .mend = {"%tool% write %mount%/config/issuers default=%issuer%"},
         .judge = default_is_old},
        {.id = "ca/keyless",
         .severity = Severity::advice,
         .title = "Several intermediates have no key here.",
         .why = "They were imported for chains; one chosen by mistake signs nothing.",
         .member = "pki.sign_path",
         .object = "%mount%/issuers",
         .mend = {},
         .judge = keyless},
        {.id = "ca/may-not-issue",
         .severity = Severity::error,
         .title = "The issuer is not to sign leaves.",
         .why = "Every signature is refused.",
         .member = "pki.sign_path",
         .object = "%mount%/issuer/default",
         .mend = {"%tool% patch %mount%/issuer/%issuer% "
                  "usage=read-only,issuing-certificates,crl-signing,ocsp-signing"},
         .judge = may_not_issue},
        {.id = "ca/weak-key",
         .severity = Severity::error,
         .title = "The issuer's RSA key is shorter than 2048 bits.",
         .why = "TLS libraries refuse chains over it.",
         .member = "pki.sign_path",
         .object = "%mount%/issuer/default",
         .mend = {follow_the_latest, request_intermediate, sign_intermediate, install_intermediate,
                  write_bundle},
         .judge = weak_key},
        {.id = "ca/root-signs",
         .severity = Severity::advice,
         .title = "The root itself signs leaves.",
         .why = "It cannot be rotated without changing every trust store.",
         .member = "pki.sign_path",
         .object = "%mount%/issuer/default",
         .mend = {},
         .judge = root_signs},
        {.id = "ca/chain-incomplete",
         .severity = Severity::warning,
         .title = "The mount does not know its chain up to the root.",
         .why = "Answers carry no root, and a bundle that is made from ca_chain verifies nothing.",
         .member = "pki.ca_bundle_file",
         .object = "%mount%/ca_chain",
         .mend = {"%tool% write %mount%/issuers/import/cert pem_bundle=@%bundle%"},
         .judge = chain_incomplete},
        {.id = "ca/url-nowhere",
         .severity = Severity::warning,
         .title = "Leaves point to a CA certificate, a CRL or an OCSP responder that is not there.",
         .why = "Peers that follow such URLs wait, or refuse.",
         .member = "pki.sign_path",
         .object = "%mount%/config/urls",
         .mend = {"%tool% write %mount%/config/urls issuing_certificates= "
                  "crl_distribution_points= ocsp_servers="},
         .judge = url_nowhere},
        {.id = "ca/crl-off",
         .severity = Severity::warning,
         .title = "Leaves point to a CRL that is switched off.",
         .why = "An empty CRL is served, and a revoked leaf is accepted.",
         .member = "pki.sign_path",
         .object = "%mount%/config/crl",
         .mend = {"%tool% write %mount%/config/crl disable=false"},
         .judge = crl_off},
        {.id = "ca/no-tidy",
         .severity = Severity::advice,
         .title = "Stored leaves are never tidied away.",
         .why = "The storage grows with each renewal of each pod.",
         .member = "pki.sign_path",
         .object = "%mount%/config/auto-tidy",
         .mend = {"%tool% write %mount%/config/auto-tidy enabled=true tidy_cert_store=true "
                  "interval_duration=12h"},
         .judge = no_tidy},
    };
}

}  // namespace meshproof::preflight
