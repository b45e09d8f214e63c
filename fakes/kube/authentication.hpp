#pragma once

#include <string>
#include <string_view>

#include "core/http/transport.hpp"
#include "fakes/kube/status.hpp"
#include "fakes/kube/tokens.hpp"
#include "fakes/kube/user.hpp"

namespace meshproof::fakes::kube {

/// Who asks: the subject of a client certificate, else whom a bearer token speaks for; without
/// credentials system:anonymous. 401 for credentials that are none.
[[nodiscard]] Checked<User> authenticate(const http::Request& request, const http::Peer& peer,
                                         Tokens& tokens);

/// The token in the value of an Authorization header, "" = none. It ends with the first blank, and
/// a blank where it would begin leaves none.
[[nodiscard]] std::string bearer_token(std::string_view header);
/// What the caller is warned of whose header has a blank where its token would begin; "" = nothing.
[[nodiscard]] std::string bearer_warning(const http::Request& request, const http::Peer& peer);

/// Nobody: what a request without credentials speaks for.
[[nodiscard]] User anonymous();

}  // namespace meshproof::fakes::kube
