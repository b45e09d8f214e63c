#pragma once

#include <memory>

#include "core/http/transport.hpp"
#include "fakes/vault/logical/backend.hpp"

namespace meshproof::fakes::vault {

/// The Kubernetes auth method of one mount: wire contract section I. A login awaits its TokenReview
/// through `transport`, which must outlive the backend.
[[nodiscard]] std::unique_ptr<Backend> make_kubernetes_backend(BackendContext context,
                                                               http::Transport& transport);

}  // namespace meshproof::fakes::vault
