#pragma once

#include "core/http/transport.hpp"
#include "fakes/kube/status.hpp"
#include "fakes/kube/tokens.hpp"
#include "fakes/kube/user.hpp"

namespace meshproof::fakes::kube {

/// Who asks: the subject of a client certificate, else whom a bearer token speaks for; without
/// credentials system:anonymous. 401 for credentials that are none.
[[nodiscard]] Checked<User> authenticate(const http::Request& request, const http::Peer& peer,
                                         Tokens& tokens);

/// Nobody: what a request without credentials speaks for.
[[nodiscard]] User anonymous();

}  // namespace meshproof::fakes::kube
