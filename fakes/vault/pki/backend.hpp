#pragma once

#include <memory>

#include "fakes/vault/logical/backend.hpp"

namespace meshproof::fakes::vault {

/// The PKI secrets engine of one mount: wire contract sections F, G, H and rows 172-179.
[[nodiscard]] std::unique_ptr<Backend> make_pki_backend(BackendContext context);

}  // namespace meshproof::fakes::vault
