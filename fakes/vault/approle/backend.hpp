#pragma once

#include <memory>

#include "fakes/vault/logical/backend.hpp"

namespace meshproof::fakes::vault {

/// The AppRole auth method of one mount: wire contract section Q.
[[nodiscard]] std::unique_ptr<Backend> make_approle_backend(BackendContext context);

}  // namespace meshproof::fakes::vault
