#pragma once

#include <string>

#include "core/http/transport.hpp"
#include "fakes/kube/request_info.hpp"
#include "fakes/kube/status.hpp"
#include "fakes/kube/store.hpp"
#include "fakes/kube/tokens.hpp"

/// Who asks (bearer token, client certificate, impersonation) and what they may do (RBAC over the
/// stored objects).
namespace meshproof::fakes::kube {

/// The question that authorisation answers.
struct Attributes {
    std::string verb;
    bool for_resource = true;
    std::string group, resource, subresource, namespace_name, name;
    std::string path;  ///< where not for_resource
    [[nodiscard]] static Attributes of(const RequestInfo& info);
};

struct Permission {
    bool allowed = false;
    std::string reason;  ///< "RBAC: allowed by …" where allowed
};

/// Throws Refused: 401 for bad credentials, 403 for an impersonation that is not granted. No
/// credentials = system:anonymous.
[[nodiscard]] User authenticate(const http::Request& request, const http::Peer& peer,
                                Tokens& tokens, const Store& store);

[[nodiscard]] Permission authorize(const User& user, const Attributes& asked, const Store& store);

/// All that a user may do in a namespace, as the status of a SelfSubjectRulesReview.
[[nodiscard]] Json rules_of(const User& user, const std::string& namespace_name,
                            const Store& store);

/// The 403 of wire contract 162.
[[nodiscard]] http::Response forbidden(const User& user, const Attributes& asked);

/// The built-in ClusterRoles and ClusterRoleBindings.
void add_builtin_roles(Store& store);

}  // namespace meshproof::fakes::kube
