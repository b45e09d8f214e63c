// What another version of the Vault would break, where --upgrade-to asks: by a list of changes on a
// mesh's path that was gathered in 2026-11. It is not a reading of all release notes, and may lack
// some.
#include <algorithm>

#include "conformance/preflight/rule.hpp"
#include "conformance/preflight/versions.hpp"
#include "core/base/text.hpp"

namespace meshproof::preflight {
namespace {

/// When a change came to each product; empty = never, as far as is known.
struct ChangedIn {
    Since openbao, vault;
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
        return has_it(since, now) || !has_it(since, then) ? holds() : on();
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
    return with(facts.seal, [&](const vault::SealStatus&) {
        const auto then = version_of(facts.upgrade_to);
        const auto wanted = mended_in(facts.openbao(), then);
        return then >= wanted
                   ? holds()
                   : found(fmt::format("{} is before {}", facts.upgrade_to, version_text(wanted)));
    });
}

Judgement paths(const Facts& facts) {
    const ChangedIn changed{.openbao = {{2, 5, 3}},
                            .vault = {{1, 19, 16}, {1, 20, 10}, {1, 21, 5}, {2, 0, 0}}};
    return where_it_comes(facts, changed, [&] {
        for (const auto& path : {facts.account.sign_path, facts.account.auth_mount}) {
            if (!is_canonical(path)) {
                return found(path);
            }
        }
        return holds();
    });
}

Judgement templates(const Facts& facts) {
    const ChangedIn changed{.openbao = {{2, 6, 0}},
                            .vault = {{1, 19, 17}, {1, 20, 11}, {1, 21, 6}, {2, 0, 1}}};
    return where_it_comes(facts, changed, [&] {
        for (const auto& [name, text] : facts.policies) {
            if (text.is_known() && text->find("{{identity.") != std::string::npos) {
                return found(fmt::format("policy {} has an identity template", name));
            }
        }
        return with(facts.role, [](const Json& role) {
            return flag_of(role, "allowed_uri_sans_template")
                       ? found("allowed_uri_sans_template is true")
                       : holds();
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
             "Paths with //, . or .. are refused since Vault 1.19.16, 1.20.10, 1.21.5 and 2.0.0, "
             "and OpenBao 2.5.3: every login or signature fails.",
         .member = "pki.sign_path",
         .object = "%path%",
         .mend = {},
         .judge = paths},
        {.id = "upgrade/templates",
         .severity = Severity::warning,
         .title = "After the upgrade some values of identity templates are refused.",
         .why = "Values with * or + are since Vault 1.19.17, 1.20.11, 1.21.6 and 2.0.1, and those "
                "with / too since OpenBao 2.6.0: who has such a value gets a 403.",
         .member = "auth.role",
         .object = "auth/%auth%/role/%auth_role%",
         .mend = {},
         .judge = templates},
        {.id = "upgrade/audience",
         .severity = Severity::advice,
         .title = "After the upgrade each login logs a warning.",
         .why = "Vault 1.20 and later warn of auth roles without an audience.",
         .member = "cluster.audience",
         .object = "auth/%auth%/role/%auth_role%",
         .mend = {"%tool% write auth/%auth%/role/%auth_role% audience=%audience%"},
         .judge = audience},
        {.id = "upgrade/addresses",
         .severity = Severity::advice,
         .title = "After the upgrade the role's address ranges hold for requests, too.",
         .why =
             "Since OpenBao 2.6.2 allowed_ip_sans_cidr covers the addresses that a CSR holds: one "
             "outside is refused.",
         .member = "pki.sign_path",
         .object = "%mount%/roles/%role%",
         .mend = {},
         .judge = addresses},
    };
}

}  // namespace meshproof::preflight
