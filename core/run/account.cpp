#include "core/run/account.hpp"

#include "core/base/answer.hpp"
#include "core/base/json_text.hpp"
#include "core/base/text.hpp"
#include "core/crypto/jwt.hpp"

namespace meshproof::run {
namespace {

constexpr DurationLimits leaf_ttls{.shortest = std::chrono::seconds(5),
                                   .longest = std::chrono::hours(24 * 365),
                                   .expected = "a duration from 5s to 8760h"};

constexpr double earliest_renewal = 0.1, latest_renewal = 0.95;
constexpr std::int64_t most_pods = 10'000'000;
const Words<crypto::KeyType> key_types{
    {"p-256", crypto::KeyType::p256},        {"p-384", crypto::KeyType::p384},
    {"p-521", crypto::KeyType::p521},        {"rsa-2048", crypto::KeyType::rsa_2048},
    {"rsa-3072", crypto::KeyType::rsa_3072}, {"rsa-4096", crypto::KeyType::rsa_4096},
    {"ed25519", crypto::KeyType::ed25519}};

/// Remembers where the members stand, for whoever has something to say of them.
void note_lines(const YamlSection& section, const std::vector<std::string>& members,
                Account& account) {
    for (const auto& member : members) {
        if (const int line = section.line_of(member); line > 0) {
            account.lines[section.place_of(member)] = line;
        }
    }
}

/// The text of a member that has to be there.
std::string needed(YamlSection& section, std::string_view name, std::string_view expected) {
    section.needs(name, expected);
    return section.text(name).value_or("");
}

/// The map of a member that has to be there.
std::optional<YamlSection> needed_map(YamlSection& root, std::string_view name,
                                      std::string_view expected) {
    root.needs(name, expected);
    return root.inner(name, expected);
}

void refuse_inline_secrets(YamlSection& section, std::string_view name, std::string_view instead) {
    if (section.has(name)) {
        section.refuse(name,
                       "a credential does not belong in this file: put it in a file of its own and "
                       "name that in {}",
                       instead);
    }
}

Secret secret_in(YamlSection& section, std::string_view name) {
    const auto text = section.file(name);
    if (text && trim(*text).empty()) {
        section.refuse(name, "the file is empty");
    }
    return read_secret_word(section, name, text.value_or(""));
}

void read_vault(YamlSection section, const Variables& variables, Account& account) {
    const std::vector<std::string> members{"address",     "ca_file",         "namespace",
                                           "skip_verify", "tls_server_name", "token_file"};
    refuse_inline_secrets(section, "token", "token_file");
    section.only(members);
    note_lines(section, members, account);
    if (!section.has("token_file")) {
        account.reader =
            read_secret_word(section, "token_file", filled(variables, "VAULT_TOKEN").value_or(""));
    } else if (!refuse_token_as_name(section, "token_file")) {
        account.reader = secret_in(section, "token_file");
    }
    warn_of_others(section, "token_file");
    account.vault.endpoint = read_vault_endpoint(section, variables);
    account.vault.namespace_name =
        section.text("namespace").value_or(filled(variables, "VAULT_NAMESPACE").value_or(""));
}

void read_auth(YamlSection section, Account& account) {
    section.only({"mount", "role"});
    note_lines(section, {"mount", "role"}, account);
    account.auth_mount = needed(section, "mount", "the auth method's mount, such as kubernetes");
    account.auth_role = needed(section, "role", "the role that agents log in with");
    const auto& mount = account.auth_mount;
    if (mount.starts_with("auth/") || mount.starts_with('/') || mount.ends_with('/')) {
        section.refuse("mount",
                       "expected the mount alone, such as kubernetes, without auth/ or a "
                       "slash at either end");
    }
}

void read_pki(YamlSection section, Account& account) {
    section.only({"ca_bundle_file", "sign_path"});
    note_lines(section, {"ca_bundle_file", "sign_path"}, account);
    account.sign_path = needed(section, "sign_path", "MOUNT/sign/ROLE");
    const auto& path = account.sign_path;
    const auto at = path.find("/sign/");
    if (!path.empty() && (at == std::string::npos || at == 0 || at + 6 == path.size() ||
                          path.starts_with('/') || path.starts_with("v1/"))) {
        section.refuse("sign_path", "expected MOUNT/sign/ROLE, such as pki_int/sign/mesh, got {}",
                       path);
    }
    section.needs("ca_bundle_file", "a PEM file with the CAs that leaves chain to");
    account.bundle_path = section.path("ca_bundle_file").value_or("");
    if (const auto pem = section.file("ca_bundle_file")) {
        auto trust = crypto::Certificate::all_from_pem(*pem);
        if (trust) {
            account.trust = std::move(*trust);
        } else {
            section.refuse("ca_bundle_file", "{}", trust.error().message);
        }
    }
}

/// An API server by its URL, where there is no kubeconfig: as pods know it.
kube::Access read_api_server(YamlSection& section) {
    kube::Access access;
    auto url = http::Url::parse(section.text("server").value_or(""));
    if (url) {
        access.endpoint.url = std::move(*url);
    } else {
        section.refuse("server", "{}", url.error().message);
    }
    section.needs("ca_file", "a PEM file with the API server's CA");
    if (const auto pem = section.file("ca_file")) {
        auto trust = crypto::Certificate::all_from_pem(*pem);
        if (trust) {
            access.endpoint.tls.trust = std::move(*trust);
            access.ca_pem = *pem;
        } else {
            section.refuse("ca_file", "{}", trust.error().message);
        }
    }
    section.needs("token_file",
                  "a file with a token that may create tokens of the service account");
    access.token = secret_in(section, "token_file");
    return access;
}

void read_cluster(YamlSection section, const Variables& variables, Account& account) {
    refuse_inline_secrets(section, "token", "token_file");
    const std::vector<std::string> members{"audience",  "ca_file", "context",         "kubeconfig",
                                           "namespace", "server",  "service_account", "token_file"};
    section.only(members);
    note_lines(section, members, account);
    auto& cluster = account.cluster.emplace();
    const bool by_server = section.has("server");
    for (const auto* name : {"context", "kubeconfig"}) {
        if (by_server && section.has(name)) {
            section.refuse(name,
                           "beside server: expected a kubeconfig, or server with ca_file and "
                           "token_file");
        }
    }
    for (const auto* name : {"ca_file", "token_file"}) {
        if (!by_server && section.has(name)) {
            section.refuse(name, "is for server: a kubeconfig has its own");
        }
    }
    account.kubeconfig_path = section.path("kubeconfig").value_or("");
    account.context = section.text("context").value_or("");
    if (by_server) {
        cluster.access = read_api_server(section);
        account.cluster_ca_path = section.path("ca_file").value_or("");
    } else if (goes_by_pod(section, variables)) {
        const std::string folder(pod_folder);
        cluster.access = read_pod_access(section, variables, folder);
        account.cluster_ca_path = folder + "/ca.crt";
    } else {
        cluster.access = read_kubeconfig_access(section, variables);
    }
    cluster.namespace_name = needed(section, "namespace", "the service account's namespace");
    cluster.name = needed(section, "service_account", "the service account's name");
    account.audience = section.text("audience").value_or("");
}

void read_token_at_hand(YamlSection& root, Account& account) {
    account.jwt = secret_in(root, "jwt_file");
    account.jwt_path = root.path("jwt_file").value_or("");
    if (account.jwt.empty()) {
        return;
    }
    // The messages of the decoder say nothing of what is in it.
    const auto jwt = crypto::Jwt::decode(account.jwt.reveal());
    if (!jwt) {
        root.refuse("jwt_file", "expected a service account token: {}", jwt.error().message);
        return;
    }
    const auto claims = json_or_null(jwt->claims);
    AnswerFields fields(claims, "jwt_file");
    const auto expires = fields.seconds_or_zero("exp");
    if (!fields.problem() && expires.count() > 0) {
        account.jwt_expires = from_unix_seconds(expires.count());
    }
}

void read_mesh(YamlSection section, Account& account) {
    section.only({"key_type", "pods", "renew_at"});
    note_lines(section, {"key_type", "pods", "renew_at"}, account);
    auto& mesh = account.mesh;
    mesh.key_type = section.word("key_type", key_types).value_or(mesh.key_type);
    mesh.pods = section.integer("pods", 1, most_pods).value_or(mesh.pods);
    mesh.renew_at =
        section.number("renew_at", earliest_renewal, latest_renewal).value_or(mesh.renew_at);
}

/// A finding is lived with until the end of that day, by UTC.
std::optional<Time> end_of_day(YamlSection& section, std::string_view name) {
    const auto text = section.text(name);
    if (!text) {
        return std::nullopt;
    }
    const auto day = parse_rfc3339(*text + "T00:00:00Z");
    if (!day) {
        section.refuse(name, "expected a day, such as 2027-03-31, got {}", *text);
        return std::nullopt;
    }
    return *day + std::chrono::days(1);
}

void read_accepted(YamlSection& root, Account& account) {
    for (auto& section : root.sections("accept")) {
        section.only({"id", "object", "reason", "until"});
        Account::Acceptance accepted;
        accepted.line = section.line_of("id");
        accepted.id = needed(section, "id", "the id of a finding, such as auth/service-tokens");
        accepted.object = section.text("object").value_or("");
        accepted.reason = needed(section, "reason", "why the mesh can live with it");
        accepted.until = end_of_day(section, "until");
        account.accept.push_back(std::move(accepted));
    }
}

Result<Account> read_account(YamlSection root, const Variables& variables) {
    refuse_inline_secrets(root, "jwt", "jwt_file");
    const std::vector<std::string> members{"accept", "auth", "cluster",      "jwt_file", "mesh",
                                           "name",   "pki",  "trust_domain", "ttl",      "vault"};
    root.only(members);
    Account account;
    note_lines(root, members, account);
    account.name = needed(root, "name", "a word for reports, like prod-mesh");
    auto vault = root.inner("vault");
    read_vault(vault ? *vault : root.unwritten("vault"), variables, account);
    if (auto auth = needed_map(root, "auth", "a map with mount and role")) {
        read_auth(*auth, account);
    }
    if (auto pki = needed_map(root, "pki", "a map with sign_path and ca_bundle_file")) {
        read_pki(*pki, account);
    }
    account.trust_domain = root.text("trust_domain").value_or(account.trust_domain);
    account.ttl = root.duration("ttl", leaf_ttls).value_or(account.ttl);
    if (auto mesh = root.inner("mesh")) {
        read_mesh(*mesh, account);
    }
    read_accepted(root, account);
    if (root.has("cluster") == root.has("jwt_file")) {
        root.refuse(root.has("cluster") ? "jwt_file" : "cluster",
                    "expected one of cluster (tokens are asked for there) and jwt_file (a token at "
                    "hand)");
    } else if (root.has("jwt_file")) {
        read_token_at_hand(root, account);
    } else if (auto cluster = root.inner("cluster")) {
        read_cluster(*cluster, variables, account);
    }
    warn_of_ignored(variables);
    return checked_whole(std::move(account), root);
}

}  // namespace

Result<Account> Account::load(const std::string& path, const Variables& variables) {
    const auto text = read_file(path);
    if (!text) {
        return propagate(text);
    }
    return parse(*text, path, variables);
}

Result<Account> Account::parse(std::string_view yaml, std::string_view path,
                               const Variables& variables) {
    const auto root = YamlSection::parse(
        yaml, {.path = std::string(path),
               .what = "account",
               .no_map = "expected an account: a map with vault, auth, pki and cluster"});
    auto account = root ? read_account(*root, variables) : propagate(root);
    if (account) {
        account->path = std::string(path);
    }
    return account;
}

}  // namespace meshproof::run
