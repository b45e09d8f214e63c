#include "fakes/kube/impersonation.hpp"

#include "core/base/text.hpp"
#include "fakes/kube/rbac.hpp"

namespace meshproof::fakes::kube {

Checked<User> impersonate(User caller, const http::Request& request, const Store& store) {
    const auto name = request.headers.find("Impersonate-User");
    if (!name || caller.name == "system:anonymous") {
        return caller;
    }
    const Attributes asked{"impersonate", true, "", "users", "", "", *name, ""};
    if (!authorize(caller, asked, store).allowed) {
        return refuse(forbidden(caller, asked));
    }
    User user;
    user.name = *name;
    for (const auto& [key, value] : request.headers.fields()) {
        if (lower(key) == "impersonate-group") {
            user.groups.push_back(value);
        }
    }
    const auto parts = split(*name, ':');
    if (parts.size() == 4 && name->starts_with("system:serviceaccount:") && user.groups.empty()) {
        user.groups = {"system:serviceaccounts", "system:serviceaccounts:" + parts[2]};
    }
    user.groups.emplace_back("system:authenticated");
    return user;
}

}  // namespace meshproof::fakes::kube
