#include "fakes/vault/server/catalog.hpp"

#include <algorithm>

namespace meshproof::fakes::vault {

const Builtin* Catalog::builtin(std::string_view mount) const {
    const auto found = std::ranges::find(builtins, mount, &Builtin::mount);
    return found == builtins.end() ? nullptr : &*found;
}

}  // namespace meshproof::fakes::vault
