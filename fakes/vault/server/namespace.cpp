#include "fakes/vault/server/namespace.hpp"

namespace meshproof::fakes::vault {

MountView MountEntry::view() const {
    return {path, default_ttl > Duration{} ? default_ttl : system_lease_ttl,
            max_ttl > Duration{} ? max_ttl : system_lease_ttl};
}

}  // namespace meshproof::fakes::vault
