#pragma once

#include "fakes/kube/store.hpp"

namespace meshproof::fakes::kube {

/// The ClusterRoles and ClusterRoleBindings that an API server begins with.
void add_builtin_roles(Store& store);

}  // namespace meshproof::fakes::kube
