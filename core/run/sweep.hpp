#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/run/mark.hpp"
#include "core/vault/client.hpp"

namespace meshproof::run {

/// Something on a server that a sweep met.
struct SweptObject {
    std::string kind;              ///< "secrets engine", "pod", …
    std::string path;              ///< of a mount; the name of anything else
    std::string namespace_name{};  ///< of Kubernetes; "" = it lies in none
    std::string run_id{};          ///< whose it is; "" = it carries no run's mark

    /// "pod istio-system/web-1"
    [[nodiscard]] std::string text() const {
        return fmt::format("{} {}{}{}", kind, namespace_name, namespace_name.empty() ? "" : "/",
                           path);
    }
};

/// What could not be listed or removed, and why.
struct SweptProblem {
    std::optional<SweptObject> object;  ///< nothing where it is about a whole list
    std::string message;
    bool denied = false;  ///< 401 or 403: more rights would help

    [[nodiscard]] std::string text() const {
        return object ? fmt::format("{}: {}", object->text(), message) : message;
    }
};

/// What a sweep found and did.
struct Swept {
    std::vector<SweptObject> found, removed;
    /// Named like a run's, and without its mark inside: perhaps somebody else's, so it stays.
    std::vector<SweptObject> left_alone;
    std::vector<SweptProblem> problems;
};

struct SweepOptions {
    std::string run_id;      ///< empty = of every run
    bool only_look = false;  ///< nothing is removed
};

/// Removes what a run left on a Vault: auth methods with the entities that logins at them made,
/// secrets engines, policies, namespaces, audit devices, quotas, token roles, groups and entities.
/// Engines, auth methods, namespaces and audit devices go only where they carry the run's mark
/// inside; policies without it, quotas, token roles, groups and entities (which hold none) only for
/// one run, whose id is in their name.
[[nodiscard]] Task<Swept> sweep_vault(vault::Client admin, SweepOptions options);

/// Removes what a run left in a cluster: pods, secrets, service accounts, namespaces, cluster role
/// bindings, custom resource definitions, by label.
[[nodiscard]] Task<Swept> sweep_cluster(kube::Client admin, std::vector<std::string> namespaces,
                                        SweepOptions options);

/// Disables an auth method. Before that it deletes the entities that logins at it made, which the
/// Vault would keep for good: each login of a Kubernetes service account makes an entity with an
/// alias, and neither goes with the auth method. An entity that has aliases elsewhere keeps them,
/// and loses this one. `what_else` takes what was removed beside the auth method.
[[nodiscard]] Task<Result<void>> remove_auth_method(vault::Client admin, std::string mount,
                                                    std::vector<SweptObject>* what_else = nullptr);

}  // namespace meshproof::run
