#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "core/http/transport.hpp"
#include "fakes/vault/server/builtin.hpp"

namespace meshproof::fakes::vault {

/// What the server can mount, and what is mounted in every namespace. It is given to the server,
/// whose room knows no engine.
struct Catalog {
    std::vector<Builtin> builtins;
    /// The engine or method of the entry's type; null where there is none.
    std::shared_ptr<Backend> (*make_backend)(const MountEntry& entry, BackendContext context,
                                             http::Transport& outgoing);

    /// Null where the path is no built-in mount's.
    [[nodiscard]] const Builtin* builtin(std::string_view mount) const;
};

}  // namespace meshproof::fakes::vault
