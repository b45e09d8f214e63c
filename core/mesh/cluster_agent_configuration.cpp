// How a cluster's agent follows the CA configuration and the trust store.
#include "core/mesh/cluster_agent.hpp"
#include "core/mesh/following.hpp"

namespace meshproof::mesh {
namespace {

// One reader's turn; it ends with the coroutine, however that ends.
class Turn {
  public:
    Turn(bool& taken, Bell& ended) : taken_(taken), ended_(ended) { taken_ = true; }
    ~Turn() {
        taken_ = false;
        ended_.ring();
    }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;

  private:
    bool& taken_;
    Bell& ended_;
};

std::optional<std::uint64_t> generation_of(const std::optional<CaConfig>& config) {
    return config ? std::optional(config->generation) : std::nullopt;
}

}  // namespace

Task<void> ClusterAgent::follow_configuration(std::shared_ptr<ClusterAgent> self) {
    co_await keep_following(
        *self->context_->mesh, self->configuration_backoff_,
        [&self] { return self->list_configuration(); },
        [&self](std::string version) { return self->watch_configuration(std::move(version)); });
}

Task<Result<std::string>> ClusterAgent::list_configuration() {
    auto applied = co_await apply_configuration(shared_from_this());
    if (!applied) {
        co_return propagate(applied);
    }
    co_return seen_.resource_version;
}

Task<Result<std::string>> ClusterAgent::watch_configuration(std::string version) {
    const auto& mesh = *context_->mesh;
    co_return co_await watch_once(
        mesh,
        context_->kube.watch_secrets(context_->mesh_namespace, context_->selector, version,
                                     watch_limit(mesh)),
        version,
        [this](kube::WatchEvent<kube::SecretObject> event) { return take(std::move(event)); });
}

Task<Result<void>> ClusterAgent::take(kube::WatchEvent<kube::SecretObject> event) {
    if (!shows_news(event)) {
        co_return Result<void>();
    }
    co_return co_await apply_configuration(shared_from_this());
}

// Most of what the watch tells we read ourselves just after it was pushed.
bool ClusterAgent::shows_news(const kube::WatchEvent<kube::SecretObject>& event) const {
    const auto& name = event.object.meta.name;
    const bool config = name == context_->config_secret();
    if (!config && name != context_->root_secret()) {
        return false;
    }
    const auto& known = config ? seen_.config : seen_.trust;
    const bool gone = event.kind == kube::WatchKind::deleted;
    if (gone) {
        return known.has_value() && context_->mesh->options.seams.notices_deletions;
    }
    return known != event.object.data;
}

Task<Result<void>> ClusterAgent::apply_configuration(std::shared_ptr<ClusterAgent> self) {
    auto& context = *self->context_;
    if (!context.mesh->options.seams.applies_changes && context.config) {
        co_return Result<void>();
    }
    while (self->reading_) {
        co_await self->read_.wait_past(self->read_.count());
    }
    const Turn turn(self->reading_, self->read_);
    auto secrets = co_await read_secrets(self->context_);
    if (!secrets) {
        co_return propagate(secrets);
    }
    self->seen_ = std::move(*secrets);
    auto stored = parse_secrets(self->seen_);
    const auto problem = stored ? std::string() : stored.error().message;
    if (std::exchange(context.configuration_problem, problem) != problem) {
        context.sync.ring();
    }
    if (!stored) {
        co_return propagate(stored, fmt::format("cluster {}", context.cluster));
    }
    self->take(std::move(*stored));
    co_return Result<void>();
}

void ClusterAgent::take(StoredConfiguration stored) {
    auto& context = *context_;
    if (stored.config == context.config && stored.trust == context.store) {
        return;
    }
    const auto before = context.config;
    context.apply(std::move(stored.config), std::move(stored.trust));
    if (context.config && generation_of(context.config) != generation_of(before)) {
        context.mesh->tell("ca connected",
                           {{"cluster", context.cluster}, {"account", context.config->account}});
    } else if (!context.config && before) {
        context.mesh->tell("ca disconnected",
                           {{"cluster", context.cluster}, {"account", before->account}});
    }
    for (const auto& [name, agent] : agents_) {
        if (context.mesh->options.seams.wakes_pods) {
            agent->wake();
        }
    }
    context.sync.ring();
}

}  // namespace meshproof::mesh
