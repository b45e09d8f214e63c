#include "core/base/text.hpp"
#include "core/mesh/control_plane_state.hpp"
#include "core/mesh/sync.hpp"

namespace meshproof::mesh {
namespace {

CaHealth unknown(Step step, const Failure& failure, const Asked& asked) {
    return {.connected = false, .reason = decide(step, failure, asked).reason};
}

// Synced and applied: what is wanted is what is stored in the cluster, and what its pods run. It
// only looks: whoever asks for health must not be the one who repairs it.
Task<Result<void>> check_synced(std::shared_ptr<Cluster::State> cluster) {
    const auto secrets = co_await read_secrets(cluster->context);
    if (!secrets) {
        co_return propagate(secrets, "its configuration cannot be read back");
    }
    const auto stored = parse_secrets(*secrets);
    if (!stored) {
        co_return propagate(stored);
    }
    auto why = difference(*cluster, *stored);
    if (why.empty()) {
        why = out_of_sync(*cluster);
    }
    co_return why.empty() ? Result<void>()
                          : Result<void>(fail(FailureKind::conflict, "out of sync: {}", why));
}

// HashiCorp's Vault without a licence takes the namespace's header for nothing, and says so nowhere
// else.
Task<std::string> ignored_namespace(std::shared_ptr<ClusterContext> context, CaConfig config,
                                    Caller caller) {
    if (config.vault_namespace.empty()) {
        co_return std::string();
    }
    const auto status =
        co_await vault_of(*context, config, caller).with_namespace("").seal_status();
    if (!status || status->product != vault::Product::vault ||
        status->version.find("+ent") != std::string::npos) {
        co_return std::string();
    }
    co_return fmt::format(
        "this Vault ({}) has no namespaces and ignores \"{}\": leave the account's namespace out",
        status->version, config.vault_namespace);
}

Task<CaHealth> check_and_tell(std::shared_ptr<Cluster::State> cluster) {
    auto health = co_await find_out_health(cluster);
    if (const auto why = out_of_sync(*cluster); !why.empty()) {
        health.warnings.push_back("out of sync: " + why);
    }
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

// The identities that the cluster's pods have; without pods, the one that any pod has where nobody
// chose another.
std::vector<spiffe::SpiffeId> ids_of_pods(const Cluster::State& cluster) {
    const auto& context = *cluster.context;
    std::map<std::string, spiffe::SpiffeId> ids;
    for (const auto& [name, agent] : cluster.cluster_agent->agents()) {
        const auto& id = agent->server().id();
        ids.emplace(id.text(), id);
    }
    if (ids.empty()) {
        const auto usual = spiffe::SpiffeId::workload(context.mesh->trust_domain,
                                                      context.workload_namespace, "default");
        ids.emplace(usual.text(), usual);
    }
    std::vector<spiffe::SpiffeId> distinct;
    for (auto& [text, id] : ids) {
        const auto own =
            spiffe::SpiffeId::workload(context.mesh->trust_domain, context.mesh_namespace,
                                       context.config ? context.config->service_account : "none");
        distinct.push_back(context.mesh->options.seams.health_id(std::move(id), own));
    }
    return distinct;
}

// Signs a throwaway key for one identity.
Task<CaHealth> sign_for(std::shared_ptr<ClusterContext> context, CaConfig config, Caller caller,
                        Secret token) {
    const auto leaf = co_await sign_fresh_key(context, config, caller, token);
    if (!leaf) {
        co_return unknown(Step::sign, leaf.error(), asked_for(config, caller));
    }
    const auto accepted = accept_leaf(*context, caller, *leaf);
    co_return CaHealth{.connected = accepted.has_value(),
                       .reason = accepted ? std::string() : accepted.error().message};
}

// The calls themselves, up to the first that is refused.
Task<CaHealth> walk(std::shared_ptr<Cluster::State> cluster, CaConfig config, Caller caller) {
    const auto context = cluster->context;
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
    CaHealth health{.connected = true, .reason = {}};
    if (!context->mesh->options.seams.health_signs) {
        co_return health;
    }
    for (const auto& id : ids_of_pods(*cluster)) {
        caller.id = id;
        health = co_await sign_for(context, config, caller, login->token);
        if (!health.connected) {
            break;
        }
    }
    // Nobody needs this token any more; where Vault does not take it back, its own end does.
    std::ignore = co_await client.with_token(login->token).revoke_self();
    co_return health;
}

}  // namespace

Task<CaHealth> find_out_health(std::shared_ptr<Cluster::State> cluster) {
    const auto context = cluster->context;
    if (!context->config) {
        co_return CaHealth{.connected = false, .reason = "no CA is connected"};
    }
    const CaConfig config = *context->config;
    const Caller caller{"health-check." + context->cluster, "", ids_of_pods(*cluster).front(),
                        call_limit(context->mesh->usual_life())};
    auto health = co_await walk(cluster, config, caller);
    auto ignored = co_await ignored_namespace(context, config, caller);
    if (!ignored.empty()) {
        if (!health.connected) {
            health.reason += "; " + ignored;
        }
        health.warnings.push_back(std::move(ignored));
    }
    co_return health;
}

Task<CaHealth> ControlPlane::check_health(std::string name) {
    const auto cluster = state_->cluster(name);
    if (!cluster) {
        co_return CaHealth{.connected = false, .reason = cluster.error().message};
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
        if (!state->mesh->options.seams.looks_at_all_members) {
            break;
        }
    }
    health.healthy = reasons.empty();
    health.reason = join(reasons, "; ");
    co_return health;
}

}  // namespace meshproof::mesh
