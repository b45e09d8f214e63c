#include "core/base/text.hpp"
#include "core/mesh/control_plane_state.hpp"

namespace meshproof::mesh {
namespace {

CaHealth unknown(Step step, const Failure& failure, const Asked& asked) {
    return {false, decide(step, failure, asked).reason};
}

// Synced and applied: what is in the cluster now is what was pushed last.
Task<Result<void>> check_synced(std::shared_ptr<Cluster::State> cluster) {
    auto applied = co_await ClusterAgent::apply_configuration(cluster->cluster_agent);
    if (!applied) {
        co_return propagate(applied, "its configuration cannot be read back");
    }
    const auto& config = cluster->context->config;
    const bool wanted = !cluster->ca_label.empty();
    if (wanted != config.has_value()) {
        co_return fail(
            FailureKind::conflict, "{}",
            wanted ? "its CA configuration is not there" : "it still has a CA configuration");
    }
    if (config && config->generation != cluster->pushed_generation) {
        co_return fail(FailureKind::conflict,
                       "its CA configuration is of generation {}: expected {}", config->generation,
                       cluster->pushed_generation);
    }
    co_return Result<void>();
}

Task<CaHealth> check_and_tell(std::shared_ptr<Cluster::State> cluster) {
    auto health = co_await find_out_health(cluster->context);
    health = cluster->context->mesh->options.seams.health(std::move(health));
    if (!cluster->health || cluster->health->connected != health.connected) {
        EventFields fields{{"cluster", cluster->spec.name}, {"health", health.text()}};
        if (!health.connected) {
            fields.emplace_back("reason", health.reason);
        }
        cluster->context->mesh->tell("ca health", std::move(fields));
    }
    cluster->health = health;
    co_return health;
}

}  // namespace

Task<CaHealth> find_out_health(std::shared_ptr<ClusterContext> context) {
    if (!context->config) {
        co_return CaHealth{false, "no CA is connected"};
    }
    const CaConfig config = *context->config;
    const auto& mesh = *context->mesh;
    const Caller caller{"health-check." + context->cluster, "",
                        spiffe::SpiffeId::workload(mesh.trust_domain, context->mesh_namespace,
                                                   config.service_account),
                        call_limit(mesh.usual_life())};
    const auto asked = asked_for(config, caller);
    const auto projected = co_await request_projected_token(context, config, caller.limit);
    if (!projected) {
        co_return unknown(Step::token_request, projected.error(), asked);
    }
    const auto client = vault_of(*context, config, caller);
    const auto login =
        co_await client.login_kubernetes(config.auth_mount, config.role, projected->token);
    if (!login) {
        co_return unknown(Step::login, login.error(), asked);
    }
    if (!mesh.options.seams.health_signs) {
        co_return CaHealth{true, {}};
    }
    const auto leaf = co_await sign_fresh_key(context, config, caller, login->token);
    CaHealth health;
    if (!leaf) {
        health = unknown(Step::sign, leaf.error(), asked);
    } else {
        const auto accepted = accept_leaf(*context, caller, *leaf);
        health = accepted ? CaHealth{true, {}} : CaHealth{false, accepted.error().message};
    }
    // Nobody needs this token any more; where Vault does not take it back, its own end does.
    std::ignore = co_await client.with_token(login->token).revoke_self();
    co_return health;
}

Task<CaHealth> ControlPlane::check_health(std::string name) {
    const auto cluster = state_->cluster(name);
    if (!cluster) {
        co_return CaHealth{false, cluster.error().message};
    }
    co_return co_await check_and_tell(*cluster);
}

Task<Result<GlobalNamespaceHealth>> ControlPlane::global_namespace_health(std::string name) {
    const auto state = state_;
    const auto found = state->global_namespaces.find(name);
    if (found == state->global_namespaces.end()) {
        co_return fail(FailureKind::not_found, "no global namespace {}", name);
    }
    const auto members = found->second;
    GlobalNamespaceHealth health;
    std::vector<std::string> reasons;
    for (const auto& member : members) {
        const auto cluster = state->cluster(member);
        if (!cluster) {
            reasons.push_back(cluster.error().message);
            continue;
        }
        auto synced = co_await check_synced(*cluster);
        synced = state->mesh->options.seams.synced(std::move(synced));
        if (!synced) {
            reasons.push_back(fmt::format("cluster {}: {}", member, synced.error().message));
        }
        health.clusters.emplace(member, co_await check_and_tell(*cluster));
    }
    health.healthy = reasons.empty();
    health.reason = join(reasons, "; ");
    co_return health;
}

}  // namespace meshproof::mesh
