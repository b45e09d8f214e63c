// What a login's token may do: enough to sign, and nothing that would make it a CA.
#include <algorithm>

#include "conformance/preflight/policy_text.hpp"
#include "conformance/preflight/rule.hpp"
#include "core/base/text.hpp"

namespace meshproof::preflight {
namespace {

/// What the login may do on a path: by the server's own answer, else by the policies' texts.
Fact<std::vector<std::string>> rights_on(const Facts& facts, const std::string& path) {
    using Rights = Fact<std::vector<std::string>>;
    if (facts.rights.is_known()) {
        const auto found = facts.rights->find(path);
        return found == facts.rights->end() ? Rights::unknown("the server did not say")
                                            : Rights::known(found->second);
    }
    if (!facts.auth_role.is_known()) {
        return Rights::unknown(facts.auth_role.why());
    }
    std::vector<PolicyPath> all;
    for (const auto& [name, text] : facts.policies) {
        if (!text.is_known() && !text.is_missing()) {
            return Rights::unknown(text.why());
        }
        const auto paths = text.is_known() ? read_policy(*text) : std::vector<PolicyPath>{};
        all.insert(all.end(), paths.begin(), paths.end());
    }
    return Rights::known(granted(all, path));
}

bool writes(const std::vector<std::string>& rights) {
    return has(rights, "update") || has(rights, "create") || has(rights, "root") ||
           has(rights, "sudo");
}

/// A heredoc's end that no line of the text is: others wrote it, and what follows its end would be
/// commands of whoever pastes it.
std::string end_of(const std::string& text) {
    std::string end = "EOF";
    const auto lines = split(text, '\n');
    while (std::ranges::find(lines, end) != lines.end()) {
        end += "_";
    }
    return end;
}

// Lines of mends. A policy that gives too much may be others' too: it is not written over, the role
// gets one of its own instead.
constexpr std::string_view write_policy =
    "%tool% policy write %policy% - <<'%end_text%'\n%policy_text%%end_text%";
constexpr std::string_view write_new_policy =
    "%tool% policy write %new_policy% - <<'%end_text%'\n%policy_text%%end_text%";
constexpr std::string_view give_new_policy =
    "%tool% write auth/%auth%/role/%auth_role% token_policies=%new_policy%";
constexpr std::string_view give_new_policy_too =
    "%tool% write auth/%auth%/role/%auth_role% token_policies=%policies%,%new_policy%";

/// Whether a stanza may be added to it: it is not there yet, or its text is known and HCL; and it
/// is not the policy that every token of the Vault has.
bool may_grow(const std::string& name, const Fact<std::string>& text) {
    return name != "default" &&
           (text.is_missing() || (text.is_known() && !trim(*text).starts_with('{')));
}

std::string least_policy(const Facts& facts) {
    return fmt::format("path \"{}\" {{ capabilities = [\"create\", \"update\"] }}\n",
                       facts.account.sign_path);
}

/// Found, and mended by a stanza more: in a policy of the role whose text is known, else in a new
/// one beside those that it has, since writing a policy replaces the whole of it.
Judgement lacks(const Facts& facts, std::string evidence, const std::string& stanza) {
    for (const auto& [name, content] : facts.policies) {
        if (may_grow(name, content)) {
            auto text = content.is_known() ? *content : std::string();
            text += text.empty() || text.ends_with('\n') ? "" : "\n";
            return found(
                std::move(evidence),
                {{"policy", name}, {"policy_text", text + stanza}, {"end_text", end_of(text)}});
        }
    }
    Values values{{"policy_text", stanza}};
    if (facts.auth_role.is_known()) {
        const auto names = texts_of(*facts.auth_role, "token_policies");
        if (names.empty()) {
            return found(std::move(evidence), std::move(values),
                         {write_new_policy, give_new_policy});
        }
        values["policies"] = join(names, ",");
    }
    return found(std::move(evidence), std::move(values), {write_new_policy, give_new_policy_too});
}

/// Policies also come from the login's entity and its groups, as the login itself says.
bool has_other_policies(const Facts& facts) {
    return facts.login.is_known() &&
           std::ranges::any_of(facts.login->policies,
                               [](const std::string& name) { return name != "default"; });
}

Judgement none(const Facts& facts) {
    return with(facts.auth_role, [&](const Json& role) {
        return texts_of(role, "token_policies").empty() && !has_other_policies(facts)
                   ? found("token_policies is empty", {{"policy_text", least_policy(facts)}})
                   : holds();
    });
}

Judgement missing(const Facts& facts) {
    if (!facts.auth_role.is_known()) {
        return without(facts.auth_role);
    }
    for (const auto& [name, text] : facts.policies) {
        if (text.is_missing()) {
            return found(fmt::format("policy {} is not there", name),
                         {{"policy", name}, {"policy_text", least_policy(facts)}});
        }
    }
    return holds();
}

Judgement cannot_sign(const Facts& facts) {
    return with(rights_on(facts, facts.account.sign_path), [&](const auto& rights) {
        return has(rights, "update") || has(rights, "root")
                   ? holds()
                   : lacks(facts,
                           fmt::format("on {} it has: {}", facts.account.sign_path,
                                       rights.empty() ? "nothing" : join(rights, ", ")),
                           least_policy(facts));
    });
}

/// The page grants `create` on issue, and a write of Vault is an update (row 51).
Judgement create_only(const Facts& facts) {
    const auto path = facts.pki_path("issue/" + facts.pki_role);
    return with(rights_on(facts, path), [&](const auto& rights) {
        const auto stanza =
            fmt::format("path \"{}\" {{ capabilities = [\"create\", \"update\"] }}\n", path);
        return has(rights, "create") && !has(rights, "update")
                   ? lacks(facts, fmt::format("on {} it has create, and not update", path), stanza)
                   : holds();
    });
}

/// Found where the login may write one of the paths.
Judgement may_write(const Facts& facts, const std::vector<std::string>& paths) {
    std::string why;
    for (const auto& path : paths) {
        const auto rights = rights_on(facts, path);
        if (!rights.is_known()) {
            why = rights.why();
        } else if (writes(*rights)) {
            return found(fmt::format("on {} it has: {}", path, join(*rights, ", ")),
                         {{"policy_text", least_policy(facts)}});
        }
    }
    return why.empty() ? holds() : unknown(why);
}

Judgement administers_ca(const Facts& facts) {
    return may_write(
        facts, {facts.pki_path("root/sign-intermediate"), facts.pki_path("root/generate/internal"),
                facts.pki_path("config/ca"), facts.pki_path("config/issuers")});
}

Judgement verbatim(const Facts& facts) {
    return may_write(facts, {facts.pki_path("sign-verbatim/" + facts.pki_role)});
}

Judgement writes_roles(const Facts& facts) {
    return may_write(facts, {facts.pki_path("roles/" + facts.pki_role),
                             facts.auth_path("role/" + facts.account.auth_role)});
}

Judgement revokes(const Facts& facts) {
    return may_write(facts, {facts.pki_path("revoke")});
}

Judgement makes_tokens(const Facts& facts) {
    return may_write(facts, {"auth/token/create"});
}

Judgement writes_policies(const Facts& facts) {
    return may_write(facts,
                     {"sys/policies/acl/meshproof-preflight", "sys/auth/meshproof-preflight"});
}

Judgement root_policy(const Facts& facts) {
    return with(facts.auth_role, [&](const Json& role) {
        if (!has(texts_of(role, "token_policies"), "root")) {
            return holds();
        }
        return found("token_policies has root", {{"policy_text", least_policy(facts)}});
    });
}

/// The page's account signs for all pods of a mesh by design; who has its token has them all.
Judgement any_identity(const Facts& facts) {
    if (!facts.leaf.is_known()) {
        return unknown("no leaf was signed");
    }
    const auto [ns, name] = facts.logs_in_as();
    const auto uris = facts.leaf->leaf.alt_names().uris;
    return has(uris, facts.canary_uri)
               ? found(fmt::format("logged in as {}/{}, it got {}", ns, name, facts.canary_uri))
               : holds();
}

}  // namespace

std::vector<Rule> policy_rules() {
    return {
        {.id = "policy/none",
         .severity = Severity::error,
         .title = "The auth role gives no policy.",
         .why = "Pods log in, and may do nothing: every signature is a 403.",
         .member = "auth.role",
         .object = "auth/%auth%/role/%auth_role%",
         .mend = {write_new_policy, give_new_policy},
         .judge = none},
        {.id = "policy/missing",
         .severity = Severity::error,
         .title = "A policy of the auth role does not exist.",
         .why = "Vault gives tokens with policies that are not there, and grants nothing by them.",
         .member = "auth.role",
         .object = "sys/policies/acl/%policy%",
         .mend = {write_policy},
         .judge = missing},
        {.id = "policy/cannot-sign",
         .severity = Severity::error,
         .title = "A login may not sign.",
         .why = "A signature is an update: create alone is refused, and so is a policy for another "
                "path. Every signature is a 403.",
         .member = "pki.sign_path",
         .object = "%path%",
         .mend = {write_policy},
         .judge = cannot_sign},
        {.id = "policy/create-only",
         .severity = Severity::warning,
         .title = "The policy grants create on issue, and not update.",
         .why = "The page's own policy does: whoever uses issue gets a 403.",
         .member = "pki.sign_path",
         .object = "%mount%/issue/%role%",
         .mend = {write_policy},
         .judge = create_only},
        {.id = "policy/administers-ca",
         .severity = Severity::error,
         .title = "A login may administer the CA.",
         .why = "A pod makes CAs of its own, or replaces the mesh's.",
         .member = "auth.role",
         .object = "auth/%auth%/role/%auth_role%",
         .mend = {write_new_policy, give_new_policy},
         .judge = administers_ca},
        {.id = "policy/sign-verbatim",
         .severity = Severity::error,
         .title = "A login may have anything signed as it is.",
         .why = "sign-verbatim heeds no role: any name, any usage.",
         .member = "auth.role",
         .object = "auth/%auth%/role/%auth_role%",
         .mend = {write_new_policy, give_new_policy},
         .judge = verbatim},
        {.id = "policy/writes-roles",
         .severity = Severity::error,
         .title = "A login may change the roles.",
         .why = "A pod lifts the limits that the roles set.",
         .member = "auth.role",
         .object = "auth/%auth%/role/%auth_role%",
         .mend = {write_new_policy, give_new_policy},
         .judge = writes_roles},
        {.id = "policy/revokes",
         .severity = Severity::warning,
         .title = "A login may revoke leaves.",
         .why = "One pod puts the others' leaves on the CRL.",
         .member = "auth.role",
         .object = "auth/%auth%/role/%auth_role%",
         .mend = {write_new_policy, give_new_policy},
         .judge = revokes},
        {.id = "policy/makes-tokens",
         .severity = Severity::warning,
         .title = "A login may make tokens.",
         .why = "A pod leaves itself tokens that live on after it.",
         .member = "auth.role",
         .object = "auth/%auth%/role/%auth_role%",
         .mend = {write_new_policy, give_new_policy},
         .judge = makes_tokens},
        {.id = "policy/writes-policies",
         .severity = Severity::error,
         .title = "A login may change policies or auth methods.",
         .why = "A pod becomes the Vault's administrator.",
         .member = "auth.role",
         .object = "auth/%auth%/role/%auth_role%",
         .mend = {write_new_policy, give_new_policy},
         .judge = writes_policies},
        {.id = "policy/root",
         .severity = Severity::error,
         .title = "The auth role gives the root policy.",
         .why = "Every pod is the Vault's administrator.",
         .member = "auth.role",
         .object = "auth/%auth%/role/%auth_role%",
         .mend = {write_new_policy, give_new_policy},
         .judge = root_policy},
        {.id = "policy/any-identity",
         .severity = Severity::advice,
         .title = "The account's token gets any pod's identity.",
         .why = "So the page has it: who can ask for a token of this one account is every pod.",
         .member = "cluster.service_account",
         .object = "%path%",
         .mend = {},
         .judge = any_identity},
    };
}

}  // namespace meshproof::preflight
