#include "fakes/vault/approle/state.hpp"

#include "fakes/state.hpp"

namespace meshproof::fakes::vault::approle {

MESHPROOF_SAVED(SecretId, accessor, num_uses, ttl, created, changed, expires, metadata, cidr_list,
                token_bound_cidrs)
MESHPROOF_SAVED(Role, role_id, bind_secret_id, local_secret_ids, secret_id_bound_cidrs,
                secret_id_num_uses, secret_id_ttl, old_period, old_policies, secret_ids, policies,
                bound_cidrs, ttl, max_ttl, period, explicit_max_ttl, num_uses, no_default_policy,
                strictly_bind_ip, token_type)
MESHPROOF_SAVED(Failures, count, last)

Json save_mount(const Mount& mount) {
    return {{"roles", mount.roles}, {"failures", mount.failures}};
}

void load_mount(Mount& mount, const Json& state) {
    read_member(state, "roles", mount.roles);
    read_member(state, "failures", mount.failures);
}

}  // namespace meshproof::fakes::vault::approle
