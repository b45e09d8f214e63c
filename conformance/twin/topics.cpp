#include "conformance/twin/topics.hpp"

#include <algorithm>

namespace meshproof::twin {

bool matches(std::string_view pattern, std::string_view text) {
    std::size_t p = 0, t = 0, star = std::string_view::npos, taken = 0;
    while (t < text.size()) {
        if (p < pattern.size() && pattern[p] == '*') {
            star = p++;
            taken = t;
        } else if (p < pattern.size() && pattern[p] == text[t]) {
            ++p, ++t;
        } else if (star != std::string_view::npos) {
            p = star + 1;
            t = ++taken;
        } else {
            return false;
        }
    }
    return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

const std::vector<Topic>& topics() {
    static const std::vector<Topic> all = {
        {"pki", "a PKI engine of the run's own", "vault", {"* {pki}", "* {pki}/*"}},
        {"kubernetes-auth",
         "a Kubernetes auth method of the run's own",
         "vault",
         {"* auth/{kubernetes}/*", "* auth/{kubernetes}"}},
        // Tidying looks at every token of the server.
        {"token", "tokens and token roles", "vault", {"* auth/token/*"}, {"* auth/token/tidy"}},
        {"policy",
         "ACL policies, and what a token may",
         "vault",
         {"* sys/policy*", "* sys/policies/acl*", "* sys/policies/detailed/acl*",
          "* sys/capabilities*"}},
        {"mount",
         "mounts of engines and auth methods, and their tuning",
         "vault",
         {"* sys/mounts*", "* sys/auth*", "GET sys/internal/ui/mounts*"}},
        // Deleting a list of ids, and merging, are tried with the run's own ids only.
        {"identity",
         "entities, aliases and groups",
         "vault",
         {"* identity/entity*", "* identity/entity-alias*", "* identity/alias*",
          "* identity/persona*", "* identity/group*", "* identity/lookup/*"}},
        {"wrapping", "wrapped answers", "vault", {"* sys/wrapping/*"}},
        {"lease",
         "leases of the run's own",
         "vault",
         {"* sys/leases/lookup*", "* sys/leases/renew*", "* sys/leases/revoke*", "* sys/renew*",
          "* sys/revoke*"},
         // Forgets leases whatever their engine says; on a prefix that is wrong it is no test.
         {"* sys/leases/revoke-force/*", "* sys/revoke-force/*"}},
        {"health",
         "what a server says of itself",
         "vault",
         {"GET sys/health", "GET sys/seal-status", "GET sys/leader", "GET sys/init"}},
        {"over-time", "what ends by itself: tokens, leases, leaves, CRLs", "vault", {}},
        {"namespace", "a child namespace of the run's own, and its tokens", "vault", {}},
        {"quota", "a rate limit on an engine of the run's own", "vault", {}},
        {"configmap",
         "configmaps of the run's own namespace",
         "kubernetes",
         {"* api/v1/namespaces/{namespace}/configmaps*"}},
        {"secret",
         "secrets of the run's own namespace",
         "kubernetes",
         {"* api/v1/namespaces/{namespace}/secrets*"}},
        // Of all at once, the one that pods need would be gone too.
        {"service-account",
         "service accounts of the run's own namespace, and their tokens",
         "kubernetes",
         {"* api/v1/namespaces/{namespace}/serviceaccounts*"},
         {"DELETE api/v1/namespaces/{namespace}/serviceaccounts"}},
        {"pod",
         "pods that no node takes",
         "kubernetes",
         {"* api/v1/namespaces/{namespace}/pods", "* api/v1/namespaces/{namespace}/pods/{name}"}},
        {"role",
         "roles and their bindings in the run's own namespace",
         "kubernetes",
         {"* apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}/*"}},
        {"review",
         "reviews of tokens and of access",
         "kubernetes",
         {"POST apis/authentication.k8s.io/v1/*", "POST apis/authorization.k8s.io/v1/*"}},
        {"token-cache", "what a server goes on believing of a token", "kubernetes", {}},
    };
    return all;
}

const Topic* topic_named(std::string_view name) {
    const auto found = std::ranges::find(topics(), name, &Topic::name);
    return found == topics().end() ? nullptr : &*found;
}

namespace {

std::vector<const Operation*> chosen_of(const Topic& topic, const Description& description,
                                        bool never) {
    std::vector<const Operation*> out;
    for (const auto& operation : description.operations) {
        const auto key = operation.key();
        const auto holds = [&key](std::string_view pattern) { return matches(pattern, key); };
        if (std::ranges::any_of(topic.keys, holds) &&
            std::ranges::any_of(topic.never, holds) == never) {
            out.push_back(&operation);
        }
    }
    return out;
}

}  // namespace

std::vector<const Operation*> operations_of(const Topic& topic, const Description& description) {
    return chosen_of(topic, description, false);
}

std::vector<const Operation*> never_asked(const Topic& topic, const Description& description) {
    return chosen_of(topic, description, true);
}

bool shared_path(std::string_view path) {
    return !path.starts_with("{pki}") && !path.starts_with("auth/{kubernetes}");
}

}  // namespace meshproof::twin
