#pragma once

#include <string>

#include "fakes/kube/request_info.hpp"
#include "fakes/kube/status.hpp"
#include "fakes/kube/store.hpp"
#include "fakes/kube/user.hpp"

/// What a user may do: RBAC over the stored roles and bindings.
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

[[nodiscard]] Permission authorize(const User& user, const Attributes& asked, const Store& store);

/// All that a user may do in a namespace, as the status of a SelfSubjectRulesReview.
[[nodiscard]] Json rules_of(const User& user, const std::string& namespace_name,
                            const Store& store);

/// The 403 of wire contract 162.
[[nodiscard]] http::Response forbidden(const User& user, const Attributes& asked);

}  // namespace meshproof::fakes::kube
