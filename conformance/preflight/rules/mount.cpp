// The two mounts, and the paths that name them.
#include <algorithm>

#include "conformance/preflight/rule.hpp"
#include "core/base/text.hpp"

namespace meshproof::preflight {
namespace {

/// The mounts of a type, without their final slash.
std::vector<std::string> of_type(const Json& table, std::string_view type) {
    std::vector<std::string> names;
    for (const auto& [path, mount] : table.items()) {
        if (text_of(mount, "type") == type && path.ends_with('/')) {
            names.push_back(path.substr(0, path.size() - 1));
        }
    }
    return names;
}

std::string type_at(const Json& table, const std::string& mount) {
    const auto found = table.find(mount + "/");
    return found == table.end() ? std::string() : text_of(*found, "type");
}

std::string without_marks(std::string text) {
    std::erase_if(text, [](char c) { return c == '-' || c == '_'; });
    return lower(text);
}

/// The one that was surely meant: alike but for dashes and underscores.
std::string alike(const std::string& name, const std::vector<std::string>& known) {
    for (const auto& other : known) {
        if (other != name && without_marks(other) == without_marks(name)) {
            return other;
        }
    }
    return {};
}

std::string told(const std::vector<std::string>& names) {
    return names.empty() ? std::string("there is none") : "there are " + join(names, ", ");
}

/// The path without empty parts and . and .., as servers clean it.
std::string cleaned(std::string_view path) {
    std::vector<std::string> parts;
    for (auto& part : split(path, '/')) {
        if (part == ".." && !parts.empty()) {
            parts.pop_back();
        } else if (!part.empty() && part != "." && part != "..") {
            parts.push_back(std::move(part));
        }
    }
    return join(parts, "/");
}

/// Both products redirect such paths to the cleaned one, and Vault refuses them since 1.19.16 (its
/// important changes: cleaned-paths). OpenBao 2.5.3 refuses only what no redirect cleans (%2e%2e).
Judgement not_canonical(const Facts& facts) {
    for (const auto& path : {facts.account.sign_path, facts.account.auth_mount}) {
        if (const auto meant = cleaned(path); meant != path) {
            return found(path, {{"written", path}, {"meant", meant}});
        }
    }
    return holds();
}

/// A mount of the type that may be meant instead, for a command that changes the file: nothing is
/// ever unmounted, since somebody else's data may be there.
Values instead(const Json& table, std::string_view type) {
    const auto names = of_type(table, type);
    return names.empty() ? Values{} : Values{{"other_mount", names.front()}};
}

Judgement pki_alike(const Facts& facts) {
    return with(facts.mounts, [&](const Json& table) {
        if (!type_at(table, facts.pki_mount).empty()) {
            return holds();
        }
        const auto meant = alike(facts.pki_mount, of_type(table, "pki"));
        return meant.empty() ? beside()
                             : found(fmt::format("{} is not there, {} is", facts.pki_mount, meant),
                                     {{"meant", meant}});
    });
}

Judgement pki_missing(const Facts& facts) {
    return with(facts.mounts, [&](const Json& table) {
        const auto engines = of_type(table, "pki");
        const bool there = !type_at(table, facts.pki_mount).empty();
        return there || !alike(facts.pki_mount, engines).empty()
                   ? holds()
                   : found(fmt::format("{} is not there; of PKI engines {}", facts.pki_mount,
                                       told(engines)));
    });
}

Judgement not_pki(const Facts& facts) {
    return with(facts.mounts, [&](const Json& table) {
        const auto type = type_at(table, facts.pki_mount);
        return type.empty()    ? beside()
               : type == "pki" ? holds()
                               : found("it is of type " + type, instead(table, "pki"));
    });
}

Judgement cel_path(const Facts& facts) {
    return facts.endpoint == "cel/sign" ? found(facts.account.sign_path) : holds();
}

Judgement role_missing(const Facts& facts) {
    if (!facts.role.is_missing() || !facts.mounts.is_known() ||
        type_at(*facts.mounts, facts.pki_mount) != "pki") {
        return facts.role.is_known() ? holds() : without(facts.role);
    }
    return found(
        fmt::format("{} is not there; of roles {}", facts.pki_role,
                    facts.role_names.is_known() ? told(*facts.role_names) : "none is known"));
}

Judgement auth_missing(const Facts& facts) {
    return with(facts.auths, [&](const Json& table) {
        return type_at(table, facts.account.auth_mount).empty()
                   ? found(fmt::format("{} is not there; of Kubernetes auth methods {}",
                                       facts.account.auth_mount,
                                       told(of_type(table, "kubernetes"))))
                   : holds();
    });
}

Judgement not_kubernetes(const Facts& facts) {
    return with(facts.auths, [&](const Json& table) {
        const auto type = type_at(table, facts.account.auth_mount);
        return type.empty() ? beside()
               : type == "kubernetes"
                   ? holds()
                   : found("it is of type " + type, instead(table, "kubernetes"));
    });
}

Judgement auth_role_missing(const Facts& facts) {
    if (!facts.auth_role.is_missing() || !facts.auths.is_known() ||
        type_at(*facts.auths, facts.account.auth_mount) != "kubernetes") {
        return facts.auth_role.is_known() ? holds() : without(facts.auth_role);
    }
    return found(fmt::format(
        "{} is not there; of roles {}", facts.account.auth_role,
        facts.auth_role_names.is_known() ? told(*facts.auth_role_names) : "none is known"));
}

}  // namespace

std::vector<Rule> mount_rules() {
    return {
        {.id = "path/not-canonical",
         .severity = Severity::error,
         .title = "A path holds //, . or .. as a part.",
         .why = "Servers redirect it, which not every client follows, or, as Vault does since "
                "1.19.16, 1.20.10, 1.21.5 and 2.0.0 (and no longer since 2.0.3), refuse it.",
         .member = "pki.sign_path",
         .object = "%path%",
         .mend = {"sed -i s#%written%#%meant%# %file%"},
         .judge = not_canonical},
        {.id = "path/dash-or-underscore",
         .severity = Severity::error,
         .title = "The sign path names a mount that is written otherwise.",
         .why =
             "The page itself writes pki_int and pki-int for one mount. Every signature is a 403.",
         .member = "pki.sign_path",
         .object = "%path%",
         .mend = {"sed -i %line%s#%mount%/#%meant%/# %file%"},
         .judge = pki_alike},
        {.id = "path/cel",
         .severity = Severity::advice,
         .title = "Leaves are signed by a CEL role.",
         .why = "What such a role allows is a program, and preflight judges only the leaf.",
         .member = "pki.sign_path",
         .object = "%path%",
         .mend = {},
         .judge = cel_path},
        {.id = "pki/mount-missing",
         .severity = Severity::error,
         .title = "There is no secrets engine at the sign path's mount.",
         .why = "Every signature is refused: by 404 to those who may see it, by 403 to pods.",
         .member = "pki.sign_path",
         .object = "sys/mounts/%mount%",
         .mend = {"%tool% secrets enable -path=%mount% pki"},
         .judge = pki_missing},
        {.id = "pki/not-pki",
         .severity = Severity::error,
         .title = "The sign path's mount is no PKI engine.",
         .why = "It signs nothing.",
         .member = "pki.sign_path",
         .object = "sys/mounts/%mount%",
         .mend = {"sed -i %line%s#%mount%/#%other_mount%/# %file%"},
         .judge = not_pki},
        {.id = "pki/role-missing",
         .severity = Severity::error,
         .title = "The signing role does not exist.",
         .why = "Every signature is refused: unknown role.",
         .member = "pki.sign_path",
         .object = "%mount%/roles/%role%",
         .mend = {"%tool% write %mount%/roles/%role% allowed_uri_sans=%uris% key_type=%key_type% "
                  "require_cn=false max_ttl=%ttl%"},
         .judge = role_missing},
        {.id = "auth/mount-missing",
         .severity = Severity::error,
         .title = "There is no auth method at the account's mount path.",
         .why = "No pod can log in. The path may be that of another cluster.",
         .member = "auth.mount",
         .object = "sys/auth/%auth%",
         .mend = {"%tool% auth enable -path=%auth% kubernetes"},
         .judge = auth_missing},
        {.id = "auth/not-kubernetes",
         .severity = Severity::error,
         .title = "The auth method at the mount path does not take Kubernetes' tokens.",
         .why = "No pod can log in.",
         .member = "auth.mount",
         .object = "sys/auth/%auth%",
         .mend = {"sed -i %line%s#%auth%#%other_mount%# %file%"},
         .judge = not_kubernetes},
        {.id = "auth/role-missing",
         .severity = Severity::error,
         .title = "The auth role does not exist.",
         .why = "Every login is refused: invalid role name.",
         .member = "auth.role",
         .object = "auth/%auth%/role/%auth_role%",
         .mend = {"%tool% policy write %new_policy% - <<'%end_text%'\n"
                  "path \"%path_text%\" { capabilities = [\"create\", \"update\"] }\n"
                  "%end_text%",
                  "%tool% write auth/%auth%/role/%auth_role% "
                  "bound_service_account_names=%account% "
                  "bound_service_account_namespaces=%namespace% token_policies=%new_policy% "
                  "token_ttl=1h"},
         .judge = auth_role_missing},
    };
}

}  // namespace meshproof::preflight
