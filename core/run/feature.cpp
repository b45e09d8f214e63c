#include "core/run/feature.hpp"

#include <algorithm>
#include <iterator>

#include "core/base/assert.hpp"

namespace meshproof::run {
namespace {

struct Described {
    Feature feature;
    std::string_view name, missing;
};

constexpr Described described[] = {
    {Feature::vault, "vault", "the target names no Vault"},
    {Feature::kubernetes, "kubernetes", "the target names no API server"},
    {Feature::openbao, "openbao", "only OpenBao has it"},
    {Feature::namespaces, "namespaces", "this product has no namespaces"},
    {Feature::raft, "raft", "the storage is not raft"},
    {Feature::nodes, "nodes", "the target names no cluster of nodes"},
    {Feature::uninitialised, "uninitialised",
     "the target names no server that is still uninitialised"},
    {Feature::seal, "seal", "the target does not allow sealing (allow_seal and unseal_keys_file)"},
    {Feature::two_vaults, "two-vaults", "needs a second Vault, and the target names one"},
    {Feature::two_clusters, "two-clusters", "needs a second API server, and the target names one"},
    {Feature::call_back, "call-back",
     "the Vault is on another machine and cannot reach a stand-in API server here"},
    {Feature::cut_vault_to_kube, "cut-vault-to-kube",
     "must stand between Vault and the API server, which only works on one machine"},
    {Feature::virtual_time, "virtual-time", "needs virtual time, which only --target sim has"},
    {Feature::patience, "patience",
     "it waits for minutes: run it with --target sim, or on real servers"},
};

const Described& description_of(Feature feature) {
    const auto* found = std::ranges::find(described, feature, &Described::feature);
    MESHPROOF_ASSERT(found != std::end(described));
    return *found;
}

}  // namespace

std::string_view to_string(Feature feature) {
    return description_of(feature).name;
}

std::string_view missing_reason(Feature feature) {
    return description_of(feature).missing;
}

std::string_view missing_of(const std::set<Feature>& needed, const std::set<Feature>& there) {
    for (const auto feature : needed) {
        if (!there.contains(feature)) {
            return missing_reason(feature);
        }
    }
    return {};
}

}  // namespace meshproof::run
