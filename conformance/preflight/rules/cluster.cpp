// The cluster: the account whose token is shown, and who may have it reviewed.
#include "conformance/preflight/rule.hpp"

namespace meshproof::preflight {
namespace {

Judgement api_server_silent(const Facts& facts) {
    return !facts.account.cluster          ? beside()
           : facts.kube_version.is_known() ? holds()
           : facts.kube_version.is_late()  ? unknown(facts.kube_version.why())
                                           : found(facts.kube_version.why());
}

/// What the fact says of a cluster that answers.
template <class On>
Judgement there(const Facts& facts, const Fact<bool>& fact, On on) {
    if (!facts.account.cluster) {
        return beside();
    }
    return facts.kube_version.is_known()  ? with(fact, on)
           : facts.kube_version.is_late() ? unknown(facts.kube_version.why())
                                          : beside();
}

Judgement no_namespace(const Facts& facts) {
    return there(facts, facts.kube_namespace, [&](bool is) {
        return is ? holds()
                  : found(fmt::format("namespace {} is not there", facts.logs_in_as().first));
    });
}

Judgement no_account(const Facts& facts) {
    return there(facts, facts.service_account, [&](bool is) {
        const auto [ns, name] = facts.logs_in_as();
        return is ? holds() : found(fmt::format("{}/{} is not there", ns, name));
    });
}

Judgement no_token_right(const Facts& facts) {
    return there(facts, facts.may_create_tokens, [](bool may) {
        return may ? holds() : found("create on serviceaccounts/token is not allowed");
    });
}

/// Without a reviewer's token the login's own token reviews itself (rows 151, 162). Vault does not
/// say whether it has one, and in a pod it has the pod's: so a bare 403 has to be seen, or a
/// configuration that leaves no other reviewer.
Judgement no_delegator(const Facts& facts) {
    return there(facts, facts.may_review, [&](bool may) {
        if (may || facts.login.is_known()) {
            return holds();
        }
        const bool told =
            facts.auth_config.is_known() && facts.auth_config->contains("token_reviewer_jwt_set");
        if (told && flag_of(*facts.auth_config, "token_reviewer_jwt_set")) {
            return beside();
        }
        const bool no_other = told && flag_of(*facts.auth_config, "disable_local_ca_jwt");
        const bool bare = facts.login_refusal.find("permission denied") != std::string::npos;
        if (!no_other && !bare) {
            return unknown(
                "whether the Vault has a reviewer of its own, a refused login would say");
        }
        return found(bare ? "create on tokenreviews is not allowed to it: " + facts.login_refusal
                          : "create on tokenreviews is not allowed to it");
    });
}

Judgement bad_token(const Facts& facts) {
    return there(facts, facts.token_is_good, [](bool good) {
        return good ? holds() : found("the API server does not authenticate it");
    });
}

Judgement token_soon_over(const Facts& facts) {
    if (!facts.account.jwt_expires) {
        return beside();
    }
    const auto left = *facts.account.jwt_expires - facts.now;
    return left > Duration::zero() ? holds()
                                   : found("it ended at " + rfc3339(*facts.account.jwt_expires));
}

}  // namespace

std::vector<Rule> cluster_rules() {
    return {
        {.id = "cluster/unreachable",
         .severity = Severity::error,
         .title = "The API server does not answer.",
         .why = "No pod gets a token to log in with.",
         .member = "cluster",
         .object = "cluster",
         .mend = {"kubectl version"},
         .judge = api_server_silent},
        {.id = "cluster/no-namespace",
         .severity = Severity::error,
         .title = "The service account's namespace does not exist.",
         .why = "Nobody can log in with an account that is not there.",
         .member = "cluster.namespace",
         .object = "namespace %namespace%",
         .mend = {"kubectl create namespace %namespace%",
                  "kubectl create serviceaccount %account% -n %namespace%"},
         .judge = no_namespace},
        {.id = "cluster/no-account",
         .severity = Severity::error,
         .title = "The service account does not exist.",
         .why = "Nobody can log in with an account that is not there.",
         .member = "cluster.service_account",
         .object = "serviceaccount %namespace%/%account%",
         .mend = {"kubectl create serviceaccount %account% -n %namespace%"},
         .judge = no_account},
        {.id = "cluster/no-token-right",
         .severity = Severity::error,
         .title = "The file's user may not create tokens of the service account.",
         .why = "An agent with its rights cannot log in; nor can preflight.",
         .member = "cluster",
         .object = "serviceaccount %namespace%/%account%",
         .mend = {"kubectl create role meshproof-tokens -n %namespace% --verb=create "
                  "--resource=serviceaccounts/token --resource-name=%account%",
                  "kubectl create rolebinding meshproof-tokens -n %namespace% "
                  "--role=meshproof-tokens --user=%user_text%"},
         .judge = no_token_right},
        {.id = "cluster/no-delegator",
         .severity = Severity::error,
         .title = "Nobody may have the account's tokens reviewed.",
         .why = "The page does not grant system:auth-delegator: every login is a bare 403.",
         .member = "cluster.service_account",
         .object = "serviceaccount %namespace%/%account%",
         .mend = {"kubectl create clusterrolebinding meshproof-%account%-delegator "
                  "--clusterrole=system:auth-delegator --serviceaccount=%namespace%:%account%"},
         .judge = no_delegator},
        {.id = "cluster/bad-token",
         .severity = Severity::error,
         .title = "The API server itself refuses the token.",
         .why = "It is the token then, and not the reviewer; Vault answers both by a bare 403.",
         .member = "cluster.audience",
         .object = "serviceaccount %namespace%/%account%",
         .mend = {},
         .judge = bad_token},
        {.id = "cluster/token-over",
         .severity = Severity::error,
         .title = "The token at hand has ended.",
         .why = "It logs nobody in.",
         .member = "jwt_file",
         .object = "jwt_file",
         .mend = {"kubectl create token %account% -n %namespace% > %jwt_file%"},
         .judge = token_soon_over},
    };
}

}  // namespace meshproof::preflight
