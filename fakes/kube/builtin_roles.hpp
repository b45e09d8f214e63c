#pragma once

#include "fakes/kube/store.hpp"

namespace meshproof::fakes::kube {

/// The ClusterRoles and ClusterRoleBindings that an API server begins with, at this time.
void add_builtin_roles(Store& store, const Clock& clock);

}  // namespace meshproof::fakes::kube
