#include "conformance/twin/stranger.hpp"

#include <array>

#include "core/base/text.hpp"

namespace meshproof::twin {
namespace {

/// Not a name that stories write and delete policies by.
constexpr std::string_view policy_name = "@{own:stranger}";
constexpr std::string_view child_name = "@{own:child}";
constexpr std::string_view namespace_header = "X-Vault-Namespace";

std::string token_of(const Step& creation) {
    return fmt::format("@{{{}:/auth/client_token}}", creation.number);
}

/// The path with the run's mounts, and names or wildcards for its parameters.
std::string without_parameters(std::string path, Prng& prng) {
    static constexpr std::array<std::string_view, 4> names{"+", "+", "@{own:a}", "a"};
    for (auto open = path.find('{'); open != std::string::npos; open = path.find('{', open)) {
        if (open > 0 && path[open - 1] == '@') {
            ++open;  // a mark
            continue;
        }
        const auto close = path.find('}', open);
        const auto name = path.substr(open + 1, close - open - 1);
        const bool mount = name == "pki" || name == "kubernetes";
        const auto word =
            mount ? "@{own:" + name + "}" : std::string(names[prng.below(names.size())]);
        path.replace(open, close + 1 - open, word);
    }
    return path;
}

/// As it is, cut to a prefix at a slash or before its last letter, or with a slash behind it.
std::string rule_path(const Operation& operation, Prng& prng) {
    auto path = without_parameters(operation.path, prng);
    const auto at = prng.unit();
    if (const auto slash = path.rfind('/'); at < 0.2 && slash != std::string::npos) {
        return path.substr(0, slash + 1) + "*";
    }
    if (at < 0.3 && letter_or_digit(path.back())) {
        return path.substr(0, path.size() - 1) + "*";
    }
    return at < 0.4 && !path.ends_with('/') ? path + "/" : path;
}

std::string capabilities_of_chance(Prng& prng) {
    std::vector<std::string> words;
    for (const auto* word : {"create", "read", "update", "delete", "list", "patch", "sudo"}) {
        if (prng.chance(0.6)) {
            words.push_back(fmt::format("\"{}\"", word));
        }
    }
    return words.empty() || prng.chance(0.05) ? "\"deny\"" : join(words, ", ");
}

/// What a rule says of a body, and of how its answer is wrapped; "" mostly.
std::string limits(const Operation& operation, Prng& prng) {
    std::vector<std::string> names;
    for (const auto& one : operation.parameters) {
        if (one.in == In::body && one.name.find('.') == std::string::npos) {
            names.push_back(one.name);
        }
    }
    std::string out;
    if (!names.empty() && prng.chance(0.15)) {
        const auto& name = names[prng.below(names.size())];
        out += fmt::format(" {} = {{ \"{}\" = [] }}",
                           prng.chance(0.5) ? "allowed_parameters" : "denied_parameters",
                           prng.chance(0.2) ? "*" : name);
    }
    if (!names.empty() && prng.chance(0.05)) {
        out += fmt::format(" required_parameters = [\"{}\"]", names[prng.below(names.size())]);
    }
    if (prng.chance(0.03)) {
        out += prng.chance(0.5) ? R"( min_wrapping_ttl = "1m")" : R"( max_wrapping_ttl = "2m")";
    }
    return out;
}

/// The step is asked in the child namespace.
void within_child(Step& step) {
    step.headers.emplace_back(namespace_header, child_name);
}

struct TokenKind {
    double share;
    Json wanted;           ///< of its token, beside the policy and the time to live
    bool child = false;    ///< it is made in a child namespace
    bool used = false;     ///< its only use is over
    bool revoked = false;  ///< it was
};

TokenKind kind_of_chance(bool namespaces, Prng& prng) {
    const std::vector<TokenKind> kinds = {
        {.share = 0.55, .wanted = Json::object()},
        {.share = 0.1, .wanted = {{"no_default_policy", true}}},
        {.share = 0.1, .wanted = {{"type", "batch"}}},
        {.share = 0.05, .wanted = {{"num_uses", 1}}, .used = true},
        {.share = 0.05, .wanted = Json::object(), .revoked = true},
        {.share = 0.15, .wanted = Json::object(), .child = true}};
    auto at = prng.unit();
    for (const auto& kind : kinds) {
        if (at < kind.share && (!kind.child || namespaces)) {
            return kind;
        }
        at -= kind.share;
    }
    return kinds.front();
}

}  // namespace

std::string policy_of_chance(const std::vector<const Operation*>& operations, Prng& prng) {
    std::string out;
    const auto rules = 4 + prng.below(14);
    for (std::size_t i = 0; i < rules && !operations.empty(); ++i) {
        const auto& operation = *operations[prng.below(operations.size())];
        const auto path = rule_path(operation, prng);
        const auto allowed = capabilities_of_chance(prng);
        out += fmt::format("path \"{}\" {{ capabilities = [{}]{} }}\n", path, allowed,
                           limits(operation, prng));
    }
    return out;
}

Stranger bring_stranger(const std::vector<const Operation*>& operations, bool namespaces,
                        const AskFirst& ask_first, Prng& prng) {
    if (prng.chance(0.1)) {
        return prng.chance(0.5) ? Stranger{} : Stranger{.token = "s.nobodys"};
    }
    const auto kind = kind_of_chance(namespaces, prng);
    if (kind.child) {
        // Each server has an id of its own for it.
        ask_first("POST", fmt::format("sys/namespaces/{}", child_name), "sys/namespaces/{path}",
                  Json::object())
            .unlike = {"data.id"};
    }
    auto& policy =
        ask_first("POST", fmt::format("sys/policies/acl/{}", policy_name),
                  "sys/policies/acl/{name}", {{"policy", policy_of_chance(operations, prng)}});
    if (kind.child) {
        within_child(policy);
    }
    Json wanted{{"policies", {policy_name}}, {"ttl", "10m"}};
    wanted.update(kind.wanted);
    auto& creation = ask_first("POST", "auth/token/create", "auth/token/create", std::move(wanted));
    const auto token = token_of(creation);
    if (kind.child) {
        within_child(creation);
    }
    if (kind.used) {
        ask_first("GET", "auth/token/lookup-self", "auth/token/lookup-self", nullptr).as = token;
    }
    if (kind.revoked) {
        ask_first("POST", "auth/token/revoke", "auth/token/revoke", {{"token", token}});
    }
    return {.token = token, .home = kind.child ? std::string(child_name) : std::string()};
}

void lend(Step& step, const Stranger& stranger, Prng& prng) {
    if (!prng.chance(0.85)) {
        return;
    }
    step.as = stranger.token;
    step.bare = stranger.token.empty();
    if (stranger.home.empty()) {
        return;
    }
    // Tokens of a child namespace tell its id, and each server has one of its own.
    step.unlike = {"data.id", "data.accessor", "data.namespace_path"};
    const bool reads = step.method == "GET" || step.method == "LIST";
    if (reads && prng.chance(0.3)) {
        within_child(step);
    }
}

}  // namespace meshproof::twin
