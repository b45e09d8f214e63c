// The Kubernetes auth method and its role: who may log in, as what, and what that costs.
#include <algorithm>

#include "conformance/preflight/rule.hpp"
#include "core/base/text.hpp"

namespace meshproof::preflight {
namespace {

/// What the mend must give again, since the config is written whole: what the Vault tells of it,
/// and a reviewer's token, which it does not tell and an administrator has in a file. `without`
/// names what is to go: "issuer", "token_reviewer_jwt", or "" for nothing.
Values kept_config(const Facts& facts, std::string_view without = "") {
    const auto config = facts.auth_config.is_known() ? *facts.auth_config : Json();
    std::string kept;
    if (flag_of(config, "token_reviewer_jwt_set") && without != "token_reviewer_jwt") {
        kept += " token_reviewer_jwt=@reviewer.jwt";
    }
    for (const auto* flag : {"disable_local_ca_jwt", "use_annotations_as_alias_metadata"}) {
        if (flag_of(config, flag)) {
            kept += fmt::format(" {}=true", flag);
        }
    }
    if (const auto issuer = text_of(config, "issuer"); without != "issuer" && !issuer.empty()) {
        kept += fmt::format(" issuer={} disable_iss_validation={}", shell_word(issuer),
                            flag_of(config, "disable_iss_validation", true));
    }
    Values values{{"kept_text", kept}};
    if (const auto host = text_of(config, "kubernetes_host"); !host.empty()) {
        values["kubernetes_host"] = host;
    }
    return values;
}

// The steps that give this cluster an auth method of its own: one that is another cluster's is
// never written over.
constexpr std::string_view write_cluster_ca = "%cluster_ca_text%";
constexpr std::string_view keep_cluster_ca =
    "%tool% read -field=kubernetes_ca_cert auth/%auth%/config > cluster-ca.pem";
constexpr std::string_view write_config =
    "%tool% write auth/%auth%/config kubernetes_host=%kubernetes_host% "
    "kubernetes_ca_cert=@cluster-ca.pem%kept_text%";
constexpr std::string_view grant_review =
    "kubectl create clusterrolebinding meshproof-%account%-delegator "
    "--clusterrole=system:auth-delegator --serviceaccount=%namespace%:%account%";
constexpr std::string_view enable_own = "%tool% auth enable -path=%new_auth% kubernetes";
constexpr std::string_view configure_own =
    "%tool% write auth/%new_auth%/config kubernetes_host=%api_server% "
    "kubernetes_ca_cert=@cluster-ca.pem";
constexpr std::string_view write_least_policy =
    "%tool% policy write %new_policy% - <<'%end_text%'\n"
    "path \"%path_text%\" { capabilities = [\"create\", \"update\"] }\n%end_text%";
constexpr std::string_view write_own_role =
    "%tool% write auth/%new_auth%/role/%auth_role% bound_service_account_names=%account% "
    "bound_service_account_namespaces=%namespace% token_policies=%policies% token_ttl=%token_ttl%"
    "%kept_text%";
constexpr std::string_view name_own = "sed -i %line%s#%auth%#%new_auth%# %file%";

/// A path for another auth method, at which there is none.
std::string free_auth_path(const Facts& facts) {
    std::string own;
    for (const char c : lower(facts.account.name)) {
        own += letter_or_digit(c) ? c : '-';
    }
    const auto wanted = fmt::format("{}-{}", facts.account.auth_mount, own.empty() ? "mesh" : own);
    auto path = wanted;
    for (int i = 2; facts.auths.is_known() && facts.auths->contains(path + "/"); ++i) {
        path = fmt::format("{}-{}", wanted, i);
    }
    return path;
}

/// Found, and mended by an auth method for this cluster, whose role gives what the account's gives.
Judgement needs_own_method(const Facts& facts, std::string evidence) {
    const auto role = facts.auth_role.is_known() ? *facts.auth_role : Json();
    const auto policies = texts_of(role, "token_policies");
    const auto ttl = duration_of(role, "token_ttl");
    const auto audience = text_of(role, "audience");
    Values values{
        {"new_auth", free_auth_path(facts)},
        {"token_ttl", ttl == Duration::zero() ? "1h" : go_duration(ttl)},
        {"policies", join(policies, ",")},
        {"kept_text", audience.empty() ? std::string() : " audience=" + shell_word(audience)}};
    std::vector<std::string_view> mend{write_cluster_ca, enable_own, configure_own};
    if (policies.empty()) {
        values["policies"] = facts.account.auth_role + "-sign";
        mend.push_back(write_least_policy);
    }
    mend.insert(mend.end(), {write_own_role, name_own});
    return found(std::move(evidence), std::move(values), std::move(mend));
}

/// Found, and mended in the method's own config, unless its API server is known to be another
/// cluster's.
Judgement needs_our_ca(const Facts& facts, std::string evidence) {
    if (facts.auth_host_is_ours.is_known() && !*facts.auth_host_is_ours) {
        return needs_own_method(facts, std::move(evidence));
    }
    return found(std::move(evidence), kept_config(facts));
}

/// What `on` says of the names that a member of the auth role holds, beside the account's own.
/// Such names may be globs (row 140). The mend leaves those that others use.
Judgement bound(const Facts& facts, std::string_view member, const std::string& own) {
    if (own.empty()) {
        return unknown("the token at hand does not say whose it is");
    }
    return with(facts.auth_role, [&](const Json& role) {
        const auto names = texts_of(role, member);
        const bool by_selector = !text_of(role, "bound_service_account_namespace_selector").empty();
        return any_stands_for(names, own) || (by_selector && own == facts.logs_in_as().first)
                   ? holds()
                   : found(fmt::format("{} is {}, and the account logs in as {}", member,
                                       join(names, ","), own),
                           {{"names", with_one_more(names, own)}});
    });
}

Judgement no_config(const Facts& facts) {
    if (!facts.auth_config.is_missing()) {
        return facts.auth_config.is_known() ? holds() : unknown(facts.auth_config.why());
    }
    const bool no_mount =
        facts.auths.is_known() && !facts.auths->contains(facts.account.auth_mount + "/");
    return no_mount ? beside() : found("its config is empty");
}

Judgement wrong_ca(const Facts& facts) {
    return with(facts.auth_ca_fits, [&](bool fits) {
        return fits ? holds()
                    : needs_our_ca(facts,
                                   fmt::format("{} does not verify by kubernetes_ca_cert",
                                               facts.auth_config.is_known()
                                                   ? text_of(*facts.auth_config, "kubernetes_host")
                                                   : std::string("the API server")));
    });
}

Judgement other_cluster(const Facts& facts) {
    if (!facts.account.cluster || facts.account.cluster->access.ca_pem.empty()) {
        return beside();
    }
    if (facts.login.is_known()) {
        return holds();  // one cluster may have several addresses, and a CA for each
    }
    return with(facts.auth_config, [&](const Json& config) {
        const auto theirs =
            crypto::Certificate::all_from_pem(text_of(config, "kubernetes_ca_cert"));
        const auto ours = crypto::Certificate::all_from_pem(facts.account.cluster->access.ca_pem);
        if (!theirs || !ours) {
            return beside();
        }
        const bool shared = std::ranges::any_of(
            *theirs, [&](const auto& one) { return std::ranges::find(*ours, one) != ours->end(); });
        if (shared) {
            return holds();
        }
        if (facts.login_refusal.empty()) {
            return unknown("whether another CA is another cluster's, a login would say");
        }
        if (facts.auth_host_is_ours.is_known() && *facts.auth_host_is_ours) {
            return beside();  // ours, with a CA that does not fit: auth/wrong-ca
        }
        return needs_own_method(facts,
                                fmt::format("it asks {} and trusts another CA than {} has",
                                            text_of(config, "kubernetes_host"),
                                            facts.account.cluster->access.endpoint.url.text()));
    });
}

Judgement ca_time(const Facts& facts) {
    return with(facts.auth_config, [&](const Json& config) {
        const auto all = crypto::Certificate::all_from_pem(text_of(config, "kubernetes_ca_cert"));
        if (!all) {
            return beside();
        }
        for (const auto& one : *all) {
            if (!one.valid_at(facts.now)) {
                return needs_our_ca(
                    facts, fmt::format("{} is good from {} to {}", one.subject_line(),
                                       rfc3339(one.not_before()), rfc3339(one.not_after())));
            }
        }
        return holds();
    });
}

/// Whether the Vault has a token of its own to ask with. OpenBao says so; of the others it is known
/// where the account may review, and so would have its own token reviewed (row 149).
Fact<bool> has_reviewer(const Facts& facts) {
    if (!facts.auth_config.is_known()) {
        return Fact<bool>::unknown(facts.auth_config.why());
    }
    if (facts.auth_config->contains("token_reviewer_jwt_set")) {
        return Fact<bool>::known(flag_of(*facts.auth_config, "token_reviewer_jwt_set"));
    }
    return facts.may_review.is_known() && *facts.may_review
               ? Fact<bool>::known(true)
               : Fact<bool>::unknown("whether the Vault has a reviewer's token is not told");
}

/// What is left of a bare 403 when token, API server and CA are good: Vault tells none apart.
Judgement reviewer(const Facts& facts) {
    if (facts.login.is_known()) {
        return holds();
    }
    if (facts.login_refusal.empty()) {
        return unknown(facts.login.why());
    }
    if (facts.login_refusal.find("permission denied") == std::string::npos) {
        return beside();
    }
    if (facts.auth_role.is_known() && !texts_of(*facts.auth_role, "token_bound_cidrs").empty()) {
        return unknown("a login from outside token_bound_cidrs is refused in the same words");
    }
    return with(facts.token_is_good, [&](bool good) {
        return with(facts.auth_ca_fits, [&](bool fits) {
            return with(has_reviewer(facts), [&](bool has) {
                if (!good || !fits || !has) {
                    return beside();  // cluster/bad-token, auth/wrong-ca, cluster/no-delegator
                }
                std::vector<std::string_view> mend{keep_cluster_ca, write_config};
                if (facts.may_review.is_known() && !*facts.may_review) {
                    mend.push_back(grant_review);
                }
                return found(facts.login_refusal + "; the API server takes the token of the login",
                             kept_config(facts, "token_reviewer_jwt"), std::move(mend));
            });
        });
    });
}

Judgement issuer(const Facts& facts) {
    return with(facts.auth_config, [&](const Json& config) {
        const auto wanted = text_of(config, "issuer");
        if (wanted.empty() || flag_of(config, "disable_iss_validation", true)) {
            return beside();
        }
        return with(facts.token_claims, [&](const Json& claims) {
            const auto given = text_of(claims, "iss");
            return given == wanted
                       ? holds()
                       : found(fmt::format("issuer is {}, and tokens are of {}", wanted, given),
                               kept_config(facts, "issuer"));
        });
    });
}

Judgement pem_keys(const Facts& facts) {
    return with(facts.auth_config, [](const Json& config) {
        return texts_of(config, "pem_keys").empty()
                   ? holds()
                   : found("pem_keys holds keys that the cluster's rotation does not reach");
    });
}

Judgement other_account(const Facts& facts) {
    return bound(facts, "bound_service_account_names", facts.logs_in_as().second);
}

Judgement other_namespace(const Facts& facts) {
    return bound(facts, "bound_service_account_namespaces", facts.logs_in_as().first);
}

/// Found where the member has a *. The mend leaves the other names that it has.
Judgement bound_to_any(const Facts& facts, std::string_view member, const std::string& own) {
    return with(facts.auth_role, [&](const Json& role) {
        auto names = texts_of(role, member);
        if (std::erase(names, "*") == 0) {
            return holds();
        }
        return found(fmt::format("{} is *", member),
                     own.empty() ? Values{} : Values{{"names", with_one_more(names, own)}});
    });
}

Judgement any_account(const Facts& facts) {
    return bound_to_any(facts, "bound_service_account_names", facts.logs_in_as().second);
}

Judgement any_namespace(const Facts& facts) {
    return bound_to_any(facts, "bound_service_account_namespaces", facts.logs_in_as().first);
}

bool is_name_pattern(const std::string& name) {
    return name.size() > 1 && name.find('*') != std::string::npos;
}

/// Found where one of the names is a pattern (row 140), which * alone is told as by the two above.
Judgement name_patterns(const Facts& facts) {
    return with(facts.auth_role, [&](const Json& role) {
        const auto [own_namespace, own_name] = facts.logs_in_as();
        std::vector<std::string> seen;
        Values values;
        for (const auto& [member, own, value] :
             {std::tuple("bound_service_account_names", own_name, "names"),
              std::tuple("bound_service_account_namespaces", own_namespace, "namespaces")}) {
            auto names = texts_of(role, member);
            if (std::ranges::any_of(names, is_name_pattern)) {
                seen.push_back(fmt::format("{} is {}", member, join(names, ",")));
            }
            std::erase_if(names, is_name_pattern);
            if (!own.empty()) {
                values[value] = has(names, "*") ? "*" : with_one_more(names, own);
            }
        }
        return seen.empty() ? holds() : found(join(seen, "; "), std::move(values));
    });
}

/// The audience that the mesh's tokens have anyway, so that the mend locks nobody out.
Judgement audience_empty(const Facts& facts) {
    return with(facts.auth_role, [&](const Json& role) {
        if (!text_of(role, "audience").empty()) {
            return holds();
        }
        Values values;
        if (facts.account.audience.empty() && facts.token_claims.is_known()) {
            const auto given = texts_of(*facts.token_claims, "aud");
            values = given.empty() ? Values{} : Values{{"audience", given.front()}};
        }
        return found("audience is empty", std::move(values));
    });
}

Judgement audience_other(const Facts& facts) {
    return with(facts.auth_role, [&](const Json& role) {
        const auto wanted = text_of(role, "audience");
        if (wanted.empty()) {
            return beside();
        }
        return with(facts.token_claims, [&](const Json& claims) {
            const auto given = texts_of(claims, "aud");
            return has(given, wanted)
                       ? holds()
                       : found(fmt::format("audience is {}, and tokens are for {}", wanted,
                                           join(given, ",")),
                               {{"token_audience", given.empty() ? "" : given.front()}});
        });
    });
}

/// The auth method's tuning: reading that itself would need sudo, the table of auth methods has it
/// too.
Json tuning_of_mount(const Facts& facts) {
    if (!facts.auths.is_known()) {
        return {};
    }
    const auto entry = facts.auths->find(facts.account.auth_mount + "/");
    if (entry == facts.auths->end() || !entry->is_object() || !entry->contains("config")) {
        return {};
    }
    return entry->at("config");
}

/// The mount's type decides where it is one of the two, else the role's, else the mount's default.
Judgement service_tokens(const Facts& facts) {
    return with(facts.auth_role, [&](const Json& role) {
        const auto type = text_of(role, "token_type");
        const auto of_mount = text_of(tuning_of_mount(facts), "token_type");
        if (of_mount == "service") {
            return found("the auth method's own token_type is service", {},
                         {"%tool% auth tune -token-type=default-service %auth%",
                          "%tool% write auth/%auth%/role/%auth_role% token_type=batch "
                          "token_period=0 token_num_uses=0"});
        }
        const bool batch = type.ends_with("batch") || of_mount == "batch" ||
                           (!type.ends_with("service") && of_mount.ends_with("batch"));
        return batch ? holds()
                     : found(fmt::format("token_type is {}", type.empty() ? "default" : type));
    });
}

/// How long a login's token lives: its role's time, else the mount's, else the server's own
/// default; no longer than its limits.
Duration token_life(const Facts& facts, const Json& role) {
    constexpr Duration of_the_server = std::chrono::hours(768);
    auto life = duration_of(role, "token_ttl");
    const auto tuning = tuning_of_mount(facts);
    if (life == Duration::zero()) {
        life = duration_of(tuning, "default_lease_ttl");
    }
    if (life == Duration::zero()) {
        life = of_the_server;
    }
    for (const auto limit :
         {duration_of(role, "token_max_ttl"), duration_of(role, "token_explicit_max_ttl"),
          duration_of(tuning, "max_lease_ttl")}) {
        life = limit == Duration::zero() ? life : std::min(life, limit);
    }
    return life;
}

Judgement tokens_outlive(const Facts& facts) {
    return with(facts.auth_role, [&](const Json& role) {
        const auto life = token_life(facts, role);
        constexpr auto longest = std::chrono::hours(24);
        return life > longest && life > facts.account.ttl
                   ? found(fmt::format("token_ttl is {}: a token lives {}, and a leaf {}",
                                       go_duration(duration_of(role, "token_ttl")),
                                       go_duration(life), go_duration(facts.account.ttl)))
                   : holds();
    });
}

Judgement num_uses(const Facts& facts) {
    return with(facts.auth_role, [](const Json& role) {
        const auto uses = number_of(role, "token_num_uses");
        return uses == 0 ? holds() : found(fmt::format("token_num_uses is {}", uses));
    });
}

Judgement bound_cidrs(const Facts& facts) {
    return with(facts.auth_role, [](const Json& role) {
        const auto ranges = texts_of(role, "token_bound_cidrs");
        return ranges.empty() ? holds() : found("token_bound_cidrs is " + join(ranges, ","));
    });
}

Judgement no_default_policy(const Facts& facts) {
    return with(facts.auth_role, [](const Json& role) {
        return flag_of(role, "token_no_default_policy") ? found("token_no_default_policy is true")
                                                        : holds();
    });
}

Judgement periodic(const Facts& facts) {
    return with(facts.auth_role, [](const Json& role) {
        const auto period = duration_of(role, "token_period");
        return period == Duration::zero() ? holds()
                                          : found("token_period is " + go_duration(period));
    });
}

Judgement alias_by_name(const Facts& facts) {
    return with(facts.auth_role, [](const Json& role) {
        return text_of(role, "alias_name_source") == "serviceaccount_name"
                   ? found("alias_name_source is serviceaccount_name")
                   : holds();
    });
}

}  // namespace

std::vector<Rule> auth_rules() {
    return {
        {.id = "auth/no-config",
         .severity = Severity::error,
         .title = "The auth method was told of no API server.",
         .why = "Every login fails: could not load backend configuration.",
         .member = "auth.mount",
         .object = "auth/%auth%/config",
         .mend = {"%cluster_ca_text%",
                  "%tool% write auth/%auth%/config kubernetes_host=%api_server% "
                  "kubernetes_ca_cert=@cluster-ca.pem"},
         .judge = no_config},
        {.id = "auth/other-cluster",
         .severity = Severity::error,
         .title = "The auth method belongs to another cluster.",
         .why = "That cluster's API server does not know this one's tokens: every login is a bare "
                "403.",
         .member = "auth.mount",
         .object = "auth/%auth%/config",
         .mend = {write_cluster_ca, enable_own, configure_own, write_own_role, name_own},
         .judge = other_cluster},
        {.id = "auth/wrong-ca",
         .severity = Severity::error,
         .title = "The auth method's CA does not verify its API server.",
         .why = "The Vault cannot have a token reviewed: every login is a bare 403.",
         .member = "auth.mount",
         .object = "auth/%auth%/config",
         .mend = {"%cluster_ca_text%",
                  "%tool% write auth/%auth%/config kubernetes_host=%kubernetes_host% "
                  "kubernetes_ca_cert=@cluster-ca.pem%kept_text%"},
         .judge = wrong_ca},
        {.id = "auth/ca-time",
         .severity = Severity::error,
         .title = "The auth method's CA of the cluster is out of its time.",
         .why = "The Vault cannot have a token reviewed: every login is a bare 403.",
         .member = "auth.mount",
         .object = "auth/%auth%/config",
         .mend = {"%cluster_ca_text%",
                  "%tool% write auth/%auth%/config kubernetes_host=%kubernetes_host% "
                  "kubernetes_ca_cert=@cluster-ca.pem%kept_text%"},
         .judge = ca_time},
        {.id = "auth/reviewer",
         .severity = Severity::error,
         .title = "The Vault's own reviewer is refused.",
         .why = "Its token_reviewer_jwt is over, of another cluster or without "
                "system:auth-delegator, or the Vault does not reach the API server: every login is "
                "a bare 403. Without that token each login is reviewed by its own.",
         .member = "auth.mount",
         .object = "auth/%auth%/config",
         .mend = {keep_cluster_ca, write_config},
         .judge = reviewer},
        {.id = "auth/issuer",
         .severity = Severity::error,
         .title = "The auth method wants tokens of another issuer.",
         .why = "Every login is refused.",
         .member = "auth.mount",
         .object = "auth/%auth%/config",
         .mend = {keep_cluster_ca,
                  "%tool% write auth/%auth%/config kubernetes_host=%kubernetes_host% "
                  "kubernetes_ca_cert=@cluster-ca.pem disable_iss_validation=true%kept_text%"},
         .judge = issuer},
        {.id = "auth/fixed-keys",
         .severity = Severity::advice,
         .title = "Tokens are verified by keys that were copied once.",
         .why = "When the cluster rotates its keys, every login fails.",
         .member = "auth.mount",
         .object = "auth/%auth%/config",
         .mend = {},
         .judge = pem_keys},
        {.id = "auth/other-account",
         .severity = Severity::error,
         .title = "The auth role is bound to another service account.",
         .why = "Every login is refused: service account name not authorized.",
         .member = "cluster.service_account",
         .object = "auth/%auth%/role/%auth_role%",
         .mend = {"%tool% write auth/%auth%/role/%auth_role% bound_service_account_names=%names%"},
         .judge = other_account},
        {.id = "auth/other-namespace",
         .severity = Severity::error,
         .title = "The auth role is bound to another namespace.",
         .why = "Every login is refused: namespace not authorized.",
         .member = "cluster.namespace",
         .object = "auth/%auth%/role/%auth_role%",
         .mend = {"%tool% write auth/%auth%/role/%auth_role% "
                  "bound_service_account_namespaces=%names%"},
         .judge = other_namespace},
        {.id = "auth/any-account",
         .severity = Severity::warning,
         .title = "Every service account of the namespace may log in.",
         .why = "Whoever can start a pod there signs any identity of the mesh.",
         .member = "cluster.service_account",
         .object = "auth/%auth%/role/%auth_role%",
         .mend = {"%tool% write auth/%auth%/role/%auth_role% bound_service_account_names=%names%"},
         .judge = any_account},
        {.id = "auth/any-namespace",
         .severity = Severity::error,
         .title = "A service account of that name in any namespace may log in.",
         .why = "Whoever owns one namespace makes the account there and signs any identity.",
         .member = "cluster.namespace",
         .object = "auth/%auth%/role/%auth_role%",
         .mend = {"%tool% write auth/%auth%/role/%auth_role% "
                  "bound_service_account_namespaces=%names%"},
         .judge = any_namespace},
        {.id = "auth/name-patterns",
         .severity = Severity::warning,
         .title = "The auth role takes accounts by a pattern of their names.",
         .why =
             "Whoever may make an account or a namespace with a name that fits signs any identity "
             "of the mesh.",
         .member = "cluster.service_account",
         .object = "auth/%auth%/role/%auth_role%",
         .mend = {"%tool% write auth/%auth%/role/%auth_role% bound_service_account_names=%names% "
                  "bound_service_account_namespaces=%namespaces%"},
         .judge = name_patterns},
        {.id = "auth/audience-empty",
         .severity = Severity::advice,
         .title = "The auth role takes tokens of any audience.",
         .why =
             "A token that was meant for another service logs in too; Vault 1.20 and later log a "
             "warning on each login.",
         .member = "cluster.audience",
         .object = "auth/%auth%/role/%auth_role%",
         .mend = {"%tool% write auth/%auth%/role/%auth_role% audience=%audience%"},
         .judge = audience_empty},
        {.id = "auth/audience-other",
         .severity = Severity::error,
         .title = "The auth role wants another audience than the mesh's tokens have.",
         .why = "Every login is refused: invalid audience.",
         .member = "cluster.audience",
         .object = "auth/%auth%/role/%auth_role%",
         .mend = {"%tool% write auth/%auth%/role/%auth_role% audience=%token_audience%"},
         .judge = audience_other},
        {.id = "auth/service-tokens",
         .severity = Severity::advice,
         .title = "Logins give service tokens to pods that sign once.",
         .why = "Each is a stored token: ten times the latency and three times the CPU of a batch "
                "token for a leaf (docs/load.md).",
         .member = "auth.role",
         .object = "auth/%auth%/role/%auth_role%",
         .mend = {"%tool% write auth/%auth%/role/%auth_role% token_type=batch "
                  "token_period=0 token_num_uses=0"},
         .judge = service_tokens},
        {.id = "auth/tokens-outlive",
         .severity = Severity::warning,
         .title = "Tokens live longer than what they are for.",
         .why = "Every pod's start leaves a token that signs any identity and lives for weeks.",
         .member = "auth.role",
         .object = "auth/%auth%/role/%auth_role%",
         .mend = {"%tool% write auth/%auth%/role/%auth_role% token_ttl=1h"},
         .judge = tokens_outlive},
        {.id = "auth/num-uses",
         .severity = Severity::warning,
         .title = "Tokens are spent after a few requests.",
         .why =
             "An agent that keeps its token, or asks twice after an error, gets 403 in the middle.",
         .member = "auth.role",
         .object = "auth/%auth%/role/%auth_role%",
         .mend = {"%tool% write auth/%auth%/role/%auth_role% token_num_uses=0"},
         .judge = num_uses},
        {.id = "auth/bound-cidrs",
         .severity = Severity::advice,
         .title = "Tokens are bound to addresses.",
         .why = "A pod whose address, or whose gateway's, is outside gets 403.",
         .member = "auth.role",
         .object = "auth/%auth%/role/%auth_role%",
         .mend = {"%tool% write auth/%auth%/role/%auth_role% token_bound_cidrs="},
         .judge = bound_cidrs},
        {.id = "auth/no-default-policy",
         .severity = Severity::advice,
         .title = "Tokens come without the default policy.",
         .why = "Agents cannot look at, renew or revoke their own token.",
         .member = "auth.role",
         .object = "auth/%auth%/role/%auth_role%",
         .mend = {"%tool% write auth/%auth%/role/%auth_role% token_no_default_policy=false"},
         .judge = no_default_policy},
        {.id = "auth/periodic",
         .severity = Severity::warning,
         .title = "Tokens can be renewed without end.",
         .why = "One that was stolen once signs for ever.",
         .member = "auth.role",
         .object = "auth/%auth%/role/%auth_role%",
         .mend = {"%tool% write auth/%auth%/role/%auth_role% token_period=0"},
         .judge = periodic},
        {.id = "auth/alias-by-name",
         .severity = Severity::advice,
         .title = "Entities go by an account's name, not by its uid.",
         .why = "An account that is deleted and made again by somebody else takes over its entity.",
         .member = "auth.role",
         .object = "auth/%auth%/role/%auth_role%",
         .mend = {"%tool% write auth/%auth%/role/%auth_role% "
                  "alias_name_source=serviceaccount_uid"},
         .judge = alias_by_name},
    };
}

}  // namespace meshproof::preflight
