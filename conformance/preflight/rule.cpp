#include "conformance/preflight/rule.hpp"

#include <algorithm>

#include "core/base/text.hpp"

namespace meshproof::preflight {
namespace {

/// Values whose name ends so are not words of a shell: they stand in a heredoc, which its delimiter
/// quotes.
constexpr std::string_view verbatim_ending = "_text";

/// Of an intermediate that is made anew: an hour less than any mount allows, so that it is not
/// taken for one that was cut, or more where leaves live long, and no more than its root has left.
Duration ca_life(const Facts& facts) {
    constexpr auto system_max_ttl = std::chrono::hours(768);
    constexpr auto margin = std::chrono::hours(1);
    constexpr int lives = 30;
    auto life = std::max<Duration>(system_max_ttl - margin, facts.account.ttl * lives);
    for (const auto& certificate : facts.account.trust) {
        const auto left = certificate.not_after() - facts.now - margin;
        if (certificate.self_signed() && left > Duration::zero()) {
            life = std::min<Duration>(life, left);
        }
    }
    return std::chrono::floor<std::chrono::seconds>(life);
}

/// As a role says it.
std::string key_type_of(const run::Account& account) {
    const auto type = to_string(account.mesh.key_type);
    return type.starts_with("rsa") ? "rsa" : type == "ed25519" ? "ed25519" : "ec";
}

/// For the file's own user; "" where the file names neither.
std::string kubeconfig_flags(const run::Account& account) {
    std::string flags;
    if (!account.kubeconfig_path.empty()) {
        flags += " --kubeconfig=" + shell_word(account.kubeconfig_path);
    }
    if (!account.context.empty()) {
        flags += " --context=" + shell_word(account.context);
    }
    return flags;
}

std::vector<Rule> joined() {
    std::vector<Rule> all;
    for (auto table :
         {accept_rules, file_rules, server_rules, upgrade_rules, mount_rules, role_rules, ca_rules,
          auth_rules, policy_rules, cluster_rules, canary_rules}) {
        for (auto& rule : table()) {
            all.push_back(std::move(rule));
        }
    }
    return all;
}

std::string capitals(std::string_view name) {
    std::string out;
    if (name.ends_with(verbatim_ending)) {
        name.remove_suffix(verbatim_ending.size());
    }
    for (const char c : name) {
        out += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    }
    return out;
}

}  // namespace

std::string_view to_string(Severity severity) {
    switch (severity) {
        case Severity::error:
            return "error";
        case Severity::warning:
            return "warning";
        case Severity::advice:
            break;
    }
    return "advice";
}

Judgement holds() {
    return {};
}

Judgement beside() {
    return {.state = Judgement::State::beside, .evidence = {}, .values = {}, .mend = {}};
}

Judgement unknown(std::string why) {
    return {
        .state = Judgement::State::unknown, .evidence = std::move(why), .values = {}, .mend = {}};
}

Judgement found(std::string evidence, Values values, std::vector<std::string_view> mend) {
    return {.state = Judgement::State::found,
            .evidence = std::move(evidence),
            .values = std::move(values),
            .mend = std::move(mend)};
}

std::span<const Rule> all_rules() {
    static const auto rules = joined();
    return rules;
}

const Rule* find_rule(std::string_view id) {
    const auto rules = all_rules();
    const auto found = std::ranges::find(rules, id, &Rule::id);
    return found == rules.end() ? nullptr : &*found;
}

bool has(const std::vector<std::string>& texts, std::string_view wanted) {
    return std::ranges::find(texts, wanted) != texts.end();
}

bool any_stands_for(const std::vector<std::string>& patterns, std::string_view text) {
    return std::ranges::any_of(patterns,
                               [&](const auto& pattern) { return fits_pattern(pattern, text); });
}

std::string with_one_more(std::vector<std::string> texts, std::string_view more) {
    if (!has(texts, more)) {
        texts.emplace_back(more);
    }
    return join(texts, ",");
}

std::string shell_word(std::string_view text) {
    const bool plain = !text.empty() && std::ranges::all_of(text, [](char c) {
        return letter_or_digit(c) || std::string_view("_-./:@%+=,").find(c) != std::string::npos;
    });
    if (plain) {
        return std::string(text);
    }
    std::string out = "'";
    for (const char c : text) {
        out += c == '\'' ? std::string("'\\''") : std::string(1, c);
    }
    return out + "'";
}

std::string fill_in(std::string_view text, const Values& values, bool for_shell) {
    std::string out;
    while (!text.empty()) {
        const auto from = text.find('%');
        const auto to = from == std::string_view::npos ? from : text.find('%', from + 1);
        if (to == std::string_view::npos) {
            return out + std::string(text);
        }
        out += text.substr(0, from);
        const std::string name(text.substr(from + 1, to - from - 1));
        const auto value = values.find(name);
        const bool verbatim = name == "tool" || name.ends_with(verbatim_ending);
        if (value == values.end()) {
            out += capitals(name);
        } else {
            out += for_shell && !verbatim ? shell_word(value->second) : value->second;
        }
        text.remove_prefix(to + 1);
    }
    return out;
}

std::string cluster_ca_command(const run::Account& account) {
    if (!account.cluster_ca_path.empty()) {
        return fmt::format("cp {} cluster-ca.pem", shell_word(account.cluster_ca_path));
    }
    return "kubectl config view --raw --minify --flatten" + kubeconfig_flags(account) +
           " -o jsonpath='{.clusters[0].cluster.certificate-authority-data}' | base64 -d > "
           "cluster-ca.pem";
}

Values common_values(const Facts& facts) {
    const auto& account = facts.account;
    const auto [ns, name] = facts.logs_in_as();
    Values values{{"file", account.path},
                  {"bundle", account.bundle_path},
                  {"jwt_file", account.jwt_path},
                  {"mount", facts.pki_mount},
                  {"role", facts.pki_role},
                  {"path", account.sign_path},
                  {"auth", account.auth_mount},
                  {"auth_role", account.auth_role},
                  {"namespace", ns},
                  {"account", name},
                  {"trust_domain", account.trust_domain},
                  {"uris", fmt::format("spiffe://{}/*", account.trust_domain)},
                  {"key_type", key_type_of(account)},
                  {"ttl", go_duration(account.ttl)},
                  {"audience", account.audience},
                  {"vault_namespace", account.vault.namespace_name},
                  {"mount_text", facts.pki_mount},
                  {"path_text", account.sign_path},
                  {"auth_text", account.auth_mount},
                  {"root", facts.root_mount},
                  {"ca_ttl", go_duration(ca_life(facts))},
                  {"cluster_ca_text", cluster_ca_command(account)},
                  {"new_policy", account.auth_role + "-sign"},
                  {"end_text", "EOF"}};
    if (account.cluster) {
        values["api_server"] = account.cluster->access.endpoint.url.text();
        values["kubernetes_host"] = values["api_server"];
        if (const auto flags = kubeconfig_flags(account); !flags.empty()) {
            values["user_text"] =
                "\"$(kubectl auth whoami" + flags + " -o jsonpath='{.status.userInfo.username}')\"";
        }
    }
    if (facts.auth_role.is_known()) {
        const auto policies = texts_of(*facts.auth_role, "token_policies");
        values["policy"] = policies.empty() ? std::string() : policies.front();
    }
    std::erase_if(values, [](const auto& value) { return value.second.empty(); });
    return values;
}

}  // namespace meshproof::preflight
