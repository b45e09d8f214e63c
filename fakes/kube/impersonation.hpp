#pragma once

#include "core/http/message.hpp"
#include "fakes/kube/status.hpp"
#include "fakes/kube/store.hpp"
#include "fakes/kube/user.hpp"

namespace meshproof::fakes::kube {

/// Whom the request speaks for: the user that its Impersonate-User names, else the caller. 403
/// where the caller may not impersonate that user.
[[nodiscard]] Checked<User> impersonate(User caller, const http::Request& request,
                                        const Store& store);

}  // namespace meshproof::fakes::kube
