#include "core/mesh/sync.hpp"

#include "core/base/text.hpp"
#include "core/mesh/control_plane_state.hpp"

namespace meshproof::mesh {
namespace {

std::vector<crypto::Certificate> bundle_of(const IntegrationAccount& account) {
    const auto& chain = account.ca_chain();
    return chain ? chain->certificates() : std::vector<crypto::Certificate>();
}

Result<void> as_wanted(const Cluster::State& cluster) {
    const auto& context = *cluster.context;
    auto why = difference(cluster, {.config = context.config, .trust = context.store});
    if (why.empty()) {
        why = context.configuration_problem;
    }
    if (why.empty() && cluster.wanted && context.mesh->options.seams.restores_service_accounts &&
        context.missing_service_account == cluster.wanted->service_account()) {
        why = fmt::format("service account {} is not there", context.missing_service_account);
    }
    return why.empty() ? Result<void>() : fail(FailureKind::conflict, "{}", why);
}

Task<Result<void>> push(std::shared_ptr<Cluster::State> cluster) {
    const auto& context = cluster->context;
    if (!cluster->wanted) {
        auto removed = co_await remove_configuration(context);
        if (!removed || context->store == cluster->wanted_trust) {
            co_return removed;
        }
        co_return co_await push_trust(context, cluster->wanted_trust);
    }
    const auto account = *cluster->wanted;
    const auto generation = cluster->generation;
    auto made = co_await ensure_service_account(context, account.service_account());
    if (!made) {
        co_return made;
    }
    context->missing_service_account.clear();
    co_return co_await push_configuration(context, CaConfig::of(account, generation),
                                          cluster->wanted_trust);
}

Task<Result<void>> remove_old_service_accounts(std::shared_ptr<Cluster::State> cluster) {
    const auto names = cluster->old_service_accounts;
    for (const auto& name : names) {
        if (cluster->wanted && cluster->wanted->service_account() == name) {
            continue;  // wanted again meanwhile
        }
        auto removed = co_await remove_service_account(cluster->context, name);
        if (!removed) {
            co_return propagate(removed, fmt::format("service account {}", name));
        }
        cluster->old_service_accounts.erase(name);
    }
    co_return Result<void>();
}

Task<Result<void>> apply(std::shared_ptr<Cluster::State> cluster) {
    const auto wish = cluster->wishes;
    auto done = co_await push(cluster);
    if (!done) {
        co_return done;
    }
    done = co_await ClusterAgent::apply_configuration(cluster->cluster_agent);
    if (!done) {
        co_return done;
    }
    if (wish == cluster->wishes) {
        done = as_wanted(*cluster);
        if (!done) {
            co_return done;
        }
    }
    co_return co_await remove_old_service_accounts(cluster);
}

// An anchor goes with the last leaf below it. Not before what is wanted is applied: until then
// pods go by an older configuration, and get leaves of the CA before.
void drop_spent_anchors(Cluster::State& cluster) {
    const auto& mesh = *cluster.context->mesh;
    if (!mesh.options.seams.drops_spent_anchors || !cluster.wanted_trust.has_retired() ||
        (mesh.options.seams.drops_anchors_only_in_sync && !out_of_sync(cluster).empty())) {
        return;
    }
    std::vector<crypto::TlsIdentity> shown;
    for (const auto& [name, agent] : cluster.cluster_agent->agents()) {
        if (agent->server().identity()) {
            shown.push_back(*agent->server().identity());
        }
    }
    auto kept = cluster.wanted_trust;
    kept.keep_only_above(shown, mesh.clock.now(), mesh.public_roots);
    if (!(kept == cluster.wanted_trust)) {
        cluster.wanted_trust = std::move(kept);
        ++cluster.wishes;
    }
}

/// Tells changes only, and a wish that is still on its way not at all.
class SyncNews {
  public:
    void tell(const Cluster::State& cluster, const std::string& why) {
        if (out_ == !why.empty()) {
            return;
        }
        out_ = !why.empty();
        EventFields fields{{"cluster", cluster.spec.name}};
        if (out_) {
            fields.emplace_back("reason", why);
        }
        cluster.context->mesh->tell(out_ ? "out of sync" : "in sync", std::move(fields));
    }

  private:
    bool out_ = false;
};

// Until something of the cluster changes, or `limit`.
Task<void> change(std::shared_ptr<Cluster::State> cluster, std::uint64_t seen, Duration limit) {
    auto& clock = cluster->context->mesh->clock;
    co_await cluster->context->sync.wait_past(seen, clock, clock.elapsed() + limit);
}

// Before another attempt for the same wish; a new one ends the wait.
Task<void> pause(std::shared_ptr<Cluster::State> cluster, Duration wait) {
    auto& clock = cluster->context->mesh->clock;
    const auto wish = cluster->wishes;
    const auto until = clock.elapsed() + wait;
    while (cluster->wishes == wish && clock.elapsed() < until && !out_of_sync(*cluster).empty()) {
        const auto seen = cluster->context->sync.count();
        co_await change(cluster, seen, until - clock.elapsed());
    }
}

}  // namespace

void want(Cluster::State& cluster, std::optional<IntegrationAccount> account) {
    if (cluster.wanted) {
        cluster.old_service_accounts.insert(cluster.wanted->service_account());
    }
    if (account) {
        cluster.old_service_accounts.erase(account->service_account());
        cluster.wanted_trust.connect(bundle_of(*account));
        if (!cluster.context->mesh->options.seams.keeps_old_anchors) {
            cluster.wanted_trust.retired.clear();
        }
        ++cluster.generation;
    }
    if (!account && !cluster.context->mesh->options.seams.keeps_trust_without_ca) {
        cluster.wanted_trust = {};
    }
    cluster.wanted = std::move(account);
    ++cluster.wishes;
    cluster.context->sync.ring();
}

std::string difference(const Cluster::State& cluster, const StoredConfiguration& found) {
    const auto& config = found.config;
    if (!cluster.wanted && config) {
        return fmt::format("it still has the CA configuration of account \"{}\"", config->account);
    }
    if (cluster.wanted && !config) {
        return "its CA configuration is not there";
    }
    if (config && config->generation != cluster.generation) {
        return fmt::format("its CA configuration is of generation {}: expected {}",
                           config->generation, cluster.generation);
    }
    if (config && !(*config == CaConfig::of(*cluster.wanted, cluster.generation))) {
        return fmt::format("its CA configuration is not that of account \"{}\"",
                           cluster.wanted->name());
    }
    if (!(found.trust == cluster.wanted_trust) &&
        cluster.context->mesh->options.seams.compares_trust) {
        return fmt::format("its trust store holds {}, and not those that are wanted ({})",
                           counted(found.trust.all().size(), "certificate"),
                           cluster.wanted_trust.all().size());
    }
    return {};
}

std::string out_of_sync(const Cluster::State& cluster) {
    const auto applied = as_wanted(cluster);
    std::string why = applied ? std::string() : applied.error().message;
    if (why.empty() && !cluster.old_service_accounts.empty()) {
        why =
            fmt::format("service account {} is still there", *cluster.old_service_accounts.begin());
    }
    if (!why.empty() && !cluster.trouble.empty() && cluster.trouble != why) {
        why += fmt::format(" ({})", cluster.trouble);
    }
    return why;
}

Task<Result<void>> synchronise(std::shared_ptr<Cluster::State> cluster) {
    const auto wish = cluster->wishes;
    auto done = co_await apply(cluster);
    cluster->trouble = done ? std::string() : done.error().message;
    cluster->no_sooner = done ? std::nullopt : std::optional<Duration>(done.error().retry_after);
    cluster->tried = wish;
    cluster->context->sync.ring();
    co_return done;
}

Task<void> keep_in_sync(std::shared_ptr<Cluster::State> cluster) {
    const auto& mesh = *cluster->context->mesh;
    const auto& schedule = mesh.options.schedule;
    const auto life = mesh.usual_life();
    Backoff backoff(mesh.prng.fork("sync of " + cluster->spec.name));
    SyncNews news;
    auto tried_at = mesh.clock.elapsed();
    while (true) {
        const auto seen = cluster->context->sync.count();
        drop_spent_anchors(*cluster);
        if (out_of_sync(*cluster).empty()) {
            news.tell(*cluster, {});
            // The ends of leaves ring no bell, so spent anchors are looked for now and then.
            if (cluster->wanted_trust.has_retired()) {
                co_await change(cluster, seen, longest_wait(schedule, life));
            } else {
                co_await cluster->context->sync.wait_past(seen);
            }
            continue;
        }
        const bool again = cluster->tried == cluster->wishes;
        if (again) {
            if (mesh.clock.elapsed() - tried_at > 2 * longest_wait(schedule, life)) {
                backoff.reset();  // it was applied for a while: somebody else changed it
            }
            news.tell(*cluster, out_of_sync(*cluster));
            co_await pause(cluster,
                           backoff.after(Action::retry, schedule, life, cluster->no_sooner));
            if (out_of_sync(*cluster).empty() || !mesh.options.seams.tries_again) {
                continue;
            }
        } else {
            backoff.reset();
        }
        tried_at = mesh.clock.elapsed();
        std::ignore = co_await synchronise(cluster);
    }
}

Task<void> tried(std::shared_ptr<Cluster::State> cluster) {
    const auto wish = cluster->wishes;
    while (cluster->tried < wish && !cluster->ended) {
        const auto seen = cluster->context->sync.count();
        co_await cluster->context->sync.wait_past(seen);
    }
}

}  // namespace meshproof::mesh
