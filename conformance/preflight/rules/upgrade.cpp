// What another version of the Vault would break, where --upgrade-to asks: by a list of changes on a
// mesh's path that was gathered in 2026-11. Each row names where the product itself says so;
// docs/preflight.md says what was read.
#include <algorithm>

#include "conformance/preflight/policy_text.hpp"
#include "conformance/preflight/rule.hpp"
#include "conformance/preflight/versions.hpp"
#include "core/base/text.hpp"

namespace meshproof::preflight {
namespace {

/// When a change came to each product; empty = never, as far as is known.
struct ChangedIn {
    Since openbao, vault;
    Since taken_back{};  ///< by Vault
};

/// Where the upgrade brings a change: what `on` says of it.
template <class On>
Judgement where_it_comes(const Facts& facts, const ChangedIn& changed, On on) {
    if (facts.upgrade_to.empty()) {
        return beside();
    }
    if (!facts.seal.is_known()) {
        return without(facts.seal);
    }
    return with(facts.health, [&](const vault::Health& health) {
        const auto now = version_of(health.version), then = version_of(facts.upgrade_to);
        if (!is_listed(facts.openbao(), then)) {
            return unknown(fmt::format("what {} {} changes is not known here",
                                       to_string(facts.seal->product), facts.upgrade_to));
        }
        const auto& since = facts.openbao() ? changed.openbao : changed.vault;
        const bool gone = !facts.openbao() && has_it(changed.taken_back, then);
        return has_it(since, now) || !has_it(since, then) || gone ? holds() : on();
    });
}

bool is_canonical(const std::string& path) {
    const auto parts = split(path, '/');
    return std::ranges::none_of(
        parts, [](const std::string& part) { return part.empty() || part == "." || part == ".."; });
}

Judgement older(const Facts& facts) {
    if (facts.upgrade_to.empty()) {
        return beside();
    }
    return with(facts.health, [&](const vault::Health& health) {
        return version_of(facts.upgrade_to) >= version_of(health.version)
                   ? holds()
                   : found(fmt::format("{} runs", health.version));
    });
}

Judgement not_mended(const Facts& facts) {
    if (facts.upgrade_to.empty()) {
        return beside();
    }
    return with(facts.health, [&](const vault::Health& health) {
        if (!facts.seal.is_known()) {
            return without(facts.seal);
        }
        const auto then = version_of(facts.upgrade_to);
        const auto wanted = mended_in(edition_of(facts.openbao(), health.version), then);
        return then >= wanted
                   ? holds()
                   : found(fmt::format("{} is before {}", facts.upgrade_to, version_text(wanted)));
    });
}

/// OpenBao 2.5.3 refuses what is left of . and .. after its redirect, such as %2e%2e: 2.7.2 still
/// redirects the paths that an account can hold, and so does Vault again since 2.0.3.
Judgement paths(const Facts& facts) {
    const ChangedIn changed{.openbao = {},
                            .vault = {{1, 19, 16}, {1, 20, 10}, {1, 21, 5}, {2, 0, 0}},
                            .taken_back = {{2, 0, 3}}};
    return where_it_comes(facts, changed, [&] {
        for (const auto& path : {facts.account.sign_path, facts.account.auth_mount}) {
            if (!is_canonical(path)) {
                return found(path);
            }
        }
        return holds();
    });
}

/// Roles are OpenBao's alone: Vault has the change for policies.
Judgement templates(const Facts& facts) {
    const ChangedIn changed{.openbao = {{2, 6, 0}},
                            .vault = {{1, 19, 17}, {1, 20, 11}, {1, 21, 6}, {2, 0, 1}}};
    return where_it_comes(facts, changed, [&] {
        for (const auto& [name, text] : facts.policies) {
            if (text.is_known() && text->find("{{identity.") != std::string::npos) {
                return found(fmt::format("policy {} has an identity template", name));
            }
        }
        if (!facts.openbao()) {
            return holds();
        }
        return with(facts.role, [](const Json& role) {
            for (const auto* flag : {"allowed_uri_sans_template", "allowed_domains_template"}) {
                if (flag_of(role, flag) && !flag_of(role, "allow_globs_in_identity_templates")) {
                    return found(fmt::format("{} is true", flag));
                }
            }
            return holds();
        });
    });
}

Judgement audience(const Facts& facts) {
    return where_it_comes(facts, {.openbao = {}, .vault = {{1, 20, 0}}}, [&] {
        return with(facts.auth_role, [](const Json& role) {
            return text_of(role, "audience").empty() ? found("audience is empty") : holds();
        });
    });
}

Judgement addresses(const Facts& facts) {
    return where_it_comes(facts, {.openbao = {{2, 6, 2}}, .vault = {}}, [&] {
        return with(facts.role, [](const Json& role) {
            const auto ranges = texts_of(role, "allowed_ip_sans_cidr");
            return ranges.empty() ? holds() : found("allowed_ip_sans_cidr is " + join(ranges, ","));
        });
    });
}

Judgement trailing_dot(const Facts& facts) {
    return where_it_comes(facts, {.openbao = {{2, 7, 0}}, .vault = {}}, [&] {
        return with(facts.role, [](const Json& role) {
            for (const auto& domain : texts_of(role, "allowed_domains")) {
                if (domain.ends_with('.')) {
                    return found("allowed_domains has " + domain);
                }
            }
            return holds();
        });
    });
}

/// Found where `seen` says something of a policy of the auth role.
template <class Seen>
Judgement of_policies(const Facts& facts, Seen seen) {
    if (!facts.auth_role.is_known()) {
        return without(facts.auth_role);
    }
    std::string why;
    for (const auto& [name, text] : facts.policies) {
        if (const auto what = text.is_known() ? seen(*text) : std::string(); !what.empty()) {
            return found(fmt::format("policy {} {}", name, what));
        }
        why = text.is_known() || text.is_missing() ? why : text.why();
    }
    return why.empty() ? holds() : unknown(why);
}

Judgement template_errors(const Facts& facts) {
    return where_it_comes(facts, {.openbao = {{2, 6, 3}, {2, 7, 0}}, .vault = {}}, [&] {
        return of_policies(facts, [](const std::string& text) -> std::string {
            return speaks_of(text, "{{identity.") ? "has an identity template" : "";
        });
    });
}

Judgement repeated(const Facts& facts) {
    return where_it_comes(facts, {.openbao = {}, .vault = {{2, 0, 4}}}, [&] {
        return of_policies(facts, [](const std::string& text) {
            const auto name = repeated_argument(text);
            return name.empty() ? name : fmt::format("has {} twice in a stanza", name);
        });
    });
}

Judgement parameters(const Facts& facts) {
    return where_it_comes(facts, {.openbao = {}, .vault = {{1, 21, 0}}}, [&] {
        return of_policies(facts, [](const std::string& text) -> std::string {
            for (const auto* word : {"allowed_parameters", "denied_parameters"}) {
                if (speaks_of(text, word)) {
                    return std::string("has ") + word;
                }
            }
            return "";
        });
    });
}

/// What a deny covers of the sign path that is written in other letters.
Judgement denied_case(const Facts& facts) {
    return where_it_comes(facts, {.openbao = {}, .vault = {{2, 2, 2}}}, [&] {
        return of_policies(facts, [&](const std::string& text) {
            const auto& asked = facts.account.sign_path;
            for (const auto& [path, capabilities] : read_policy(text)) {
                if (has(capabilities, "deny") && !stands_for(path, asked) &&
                    stands_for(lower(path), lower(asked))) {
                    return "denies " + path;
                }
            }
            return std::string();
        });
    });
}

/// How long tokens of the account live: as the one at hand, else as Kubernetes makes them where
/// nobody says how long.
Duration life_of_account_token(const Facts& facts) {
    constexpr Duration usual = std::chrono::hours(1);
    if (!facts.token_claims.is_known()) {
        return usual;
    }
    const auto issued = number_of(*facts.token_claims, "iat");
    const auto ends = number_of(*facts.token_claims, "exp");
    return issued > 0 && ends > issued ? Duration(std::chrono::seconds(ends - issued)) : usual;
}

/// Since then a renewal is a login with the token of the first one (row 156), which is over soon.
Judgement renewal(const Facts& facts) {
    return where_it_comes(facts, {.openbao = {{2, 6, 4}, {2, 7, 1}}, .vault = {}}, [&] {
        return with(facts.auth_role, [&](const Json& role) {
            if (text_of(role, "token_type").ends_with("batch")) {
                return holds();
            }
            const auto period = duration_of(role, "token_period");
            const auto explicit_most = duration_of(role, "token_explicit_max_ttl");
            auto most = duration_of(role, "token_max_ttl");
            most = explicit_most == Duration::zero() || most == Duration::zero()
                       ? std::max(most, explicit_most)
                       : std::min(most, explicit_most);
            const auto shown = life_of_account_token(facts);
            const bool renewed_past = period > Duration::zero() || most == Duration::zero() ||
                                      (most > shown && most > duration_of(role, "token_ttl"));
            return renewed_past
                       ? found(fmt::format(
                             "a login's token may be renewed {}, and what it was shown lives {}",
                             period > Duration::zero()  ? std::string("without end")
                             : most == Duration::zero() ? std::string("as long as the mount allows")
                                                        : "for " + go_duration(most),
                             go_duration(shown)))
                       : holds();
        });
    });
}

Judgement large_keys(const Facts& facts) {
    const ChangedIn changed{.openbao = {},
                            .vault = {{1, 19, 18}, {1, 20, 12}, {1, 21, 7}, {2, 0, 2}}};
    return where_it_comes(facts, changed, [&] {
        const auto* signer = facts.signer();
        if (signer == nullptr) {
            return facts.issuers.is_known() ? beside() : without(facts.issuers);
        }
        constexpr int most = 8192;
        const auto key = signer->certificate.public_key();
        return key.algorithm() == "rsa" && key.bits() > most
                   ? found(fmt::format("{} has an RSA key of {} bits",
                                       signer->certificate.subject_line(), key.bits()),
                           {{"issuer", signer->id}})
                   : holds();
    });
}

Judgement file_storage(const Facts& facts) {
    return where_it_comes(facts, {.openbao = {{2, 7, 0}}, .vault = {}}, [&] {
        return facts.seal->storage_type == "file" ? found("its storage is file") : holds();
    });
}

Judgement seal_plugin(const Facts& facts) {
    return where_it_comes(facts, {.openbao = {{2, 7, 0}}, .vault = {}}, [&] {
        return with(facts.seal_type, [](const std::string& type) {
            const std::vector<std::string> moved{"pkcs11",        "alicloudkms", "awskms",
                                                 "azurekeyvault", "gcpckms",     "ocikms"};
            return has(moved, type) ? found("its seal is " + type) : holds();
        });
    });
}

}  // namespace

std::vector<Rule> upgrade_rules() {
    return {
        {.id = "upgrade/older",
         .severity = Severity::error,
         .title = "The version to upgrade to is older than the one that runs.",
         .why = "An older version may not read what a newer one stored: the way back is a restore.",
         .member = "vault.address",
         .object = "sys/health",
         .mend = {},
         .judge = older},
        {.id = "upgrade/not-mended",
         .severity = Severity::warning,
         .title = "The version to upgrade to lacks fixes on a mesh's path, too.",
         .why = "Those that vault/old-version names: another version of the line has them.",
         .member = "vault.address",
         .object = "sys/health",
         .mend = {},
         .judge = not_mended},
        {.id = "upgrade/paths",
         .severity = Severity::error,
         .title = "After the upgrade a path of the account is refused.",
         .why =
             "Vault refuses paths with //, . or .. since 1.19.16, 1.20.10, 1.21.5 and 2.0.0 (its "
             "important changes: cleaned-paths): every login or signature fails. It redirects them "
             "again since 2.0.3 (its release notes).",
         .member = "pki.sign_path",
         .object = "%path%",
         .mend = {},
         .judge = paths},
        {.id = "upgrade/templates",
         .severity = Severity::warning,
         .title = "After the upgrade some values of identity templates are refused.",
         .why = "In policies values with * or + are since Vault 1.19.17, 1.20.11, 1.21.6 and 2.0.1 "
                "(its important changes: policy-template-wildcards), and since OpenBao 2.6.0 those "
                "with / too, and with * in roles (GHSA-59w7-v8rr-pr4p): who has such a value is "
                "refused.",
         .member = "auth.role",
         .object = "auth/%auth%/role/%auth_role%",
         .mend = {},
         .judge = templates},
        {.id = "upgrade/audience",
         .severity = Severity::advice,
         .title = "After the upgrade each login logs a warning.",
         .why =
             "Vault 1.20 and later warn of auth roles without an audience, when they are written "
             "and at each login (its important changes: k8-audience-warning).",
         .member = "cluster.audience",
         .object = "auth/%auth%/role/%auth_role%",
         .mend = {"%tool% write auth/%auth%/role/%auth_role% audience=%audience%"},
         .judge = audience},
        {.id = "upgrade/addresses",
         .severity = Severity::advice,
         .title = "After the upgrade the role's address ranges hold for requests, too.",
         .why = "Since OpenBao 2.6.2 allowed_ip_sans_cidr covers the addresses that a CSR holds "
                "(GHSA-g892-p242-8g86): one outside is refused.",
         .member = "pki.sign_path",
         .object = "%mount%/roles/%role%",
         .mend = {},
         .judge = addresses},
        {.id = "upgrade/trailing-dot",
         .severity = Severity::warning,
         .title = "After the upgrade no name that ends with a dot is accepted.",
         .why =
             "OpenBao 2.7.0 is built by Go 1.27, which refuses DNS names with a dot at their end "
             "(its release notes: GH-3752).",
         .member = "pki.sign_path",
         .object = "%mount%/roles/%role%",
         .mend = {},
         .judge = trailing_dot},
        {.id = "upgrade/template-errors",
         .severity = Severity::warning,
         .title = "After the upgrade a template that is refused fails the request.",
         .why = "Before OpenBao 2.6.3 and 2.7.0 what a policy grants or denies by a template whose "
                "value is refused was left out without a word (its release notes: "
                "GHSA-hr5j-3j78-4vh2); since then it is an error for whoever has that policy.",
         .member = "auth.role",
         .object = "auth/%auth%/role/%auth_role%",
         .mend = {},
         .judge = template_errors},
        {.id = "upgrade/repeated-argument",
         .severity = Severity::error,
         .title = "After the upgrade a policy of the auth role cannot be read.",
         .why = "Vault refuses an argument that stands twice in a stanza, in policies too, since "
                "2.0.4 "
                "(its release notes) and 2.1.0 (its important changes: duplicate-hcl-attributes).",
         .member = "auth.role",
         .object = "auth/%auth%/role/%auth_role%",
         .mend = {},
         .judge = repeated},
        {.id = "upgrade/parameters",
         .severity = Severity::advice,
         .title = "After the upgrade a policy judges lists item by item.",
         .why = "Since Vault 1.21.0 allowed_parameters and denied_parameters are held against each "
                "item of a list, and no longer against the whole (its important changes: "
                "allowed-parameters-list).",
         .member = "auth.role",
         .object = "auth/%auth%/role/%auth_role%",
         .mend = {},
         .judge = parameters},
        {.id = "upgrade/denied-case",
         .severity = Severity::warning,
         .title = "After the upgrade a deny of a policy covers the sign path.",
         .why = "Since Vault 2.2.2 what is denied is denied in capitals and in small letters alike "
                "(its release notes: core/acl).",
         .member = "auth.role",
         .object = "auth/%auth%/role/%auth_role%",
         .mend = {},
         .judge = denied_case},
        {.id = "upgrade/renewal",
         .severity = Severity::warning,
         .title =
             "After the upgrade a login's token is renewed only while what it was shown is good.",
         .why = "Since OpenBao 2.6.4 and 2.7.1 (CVE-2026-115356) each renewal has the service "
                "account's token reviewed that the login showed: when it is over, renewals are a "
                "403, and an agent has to log in again with the current one.",
         .member = "auth.role",
         .object = "auth/%auth%/role/%auth_role%",
         .mend = {},
         .judge = renewal},
        {.id = "upgrade/large-keys",
         .severity = Severity::error,
         .title = "After the upgrade the RSA key of the issuer that signs is too large.",
         .why = "Vault uses none of more than 8192 bits since 1.19.18, 1.20.12, 1.21.7 and 2.0.2 "
                "(its important changes: cve-2026-39829).",
         .member = "pki.sign_path",
         .object = "%mount%/issuers",
         .mend = {follow_the_latest, request_intermediate, sign_intermediate, install_intermediate,
                  write_bundle},
         .judge = large_keys},
        {.id = "upgrade/storage",
         .severity = Severity::error,
         .title = "After the upgrade the Vault cannot read its storage.",
         .why =
             "OpenBao 2.7.0 has no file storage any more (its release notes: GH-3879): it has to "
             "be migrated before.",
         .member = "vault.address",
         .object = "sys/seal-status",
         .mend = {},
         .judge = file_storage},
        {.id = "upgrade/seal",
         .severity = Severity::warning,
         .title = "After the upgrade the Vault's seal is a plugin.",
         .why = "OpenBao 2.7.0 has no seal of a cloud or an HSM built in (its release notes: "
                "GH-3337): without the plugin it stays sealed.",
         .member = "vault.address",
         .object = "sys/seal-status",
         .mend = {},
         .judge = seal_plugin},
    };
}

}  // namespace meshproof::preflight
