#include "core/mesh/agent.hpp"

namespace meshproof::mesh {
namespace {

// A projected token is replaced at 80 % of its life, as the kubelet does; a Vault token in its last
// tenth is not begun with.
constexpr double projected_share = 0.8;
constexpr double vault_token_share = 0.9;

Duration part_of(Duration whole, double ratio) {
    return std::chrono::duration_cast<Duration>(whole * ratio);
}

std::string_view refused_event(Step step) {
    switch (step) {
        case Step::token_request:
            return "token request refused";
        case Step::sign:
            return "sign refused";
        default:
            return "login refused";
    }
}

}  // namespace

Agent::Agent(std::shared_ptr<Node> node, Pod pod)
    : node_(std::move(node)),
      pod_(std::move(pod)),
      prng_(node_->mesh->prng.fork("agent " + node_->mesh->logical(pod_.name))),
      backoff_(prng_.fork("backoff")),
      server_(node_, pod_.name,
              spiffe::SpiffeId::workload(node_->mesh->trust_domain, node_->workload_namespace,
                                         pod_.service_account)),
      status_(node_, pod_.name, prng_.fork("status")),
      due_(node_->mesh->clock.now()),
      life_(node_->mesh->usual_life()) {}

Task<void> Agent::start(std::shared_ptr<Agent> agent) {
    co_await agent->tasks_.spawn(live(agent));
    co_await agent->tasks_.spawn(report(agent));
}

Task<void> Agent::stop() {
    tasks_.cancel();
    co_await tasks_.join();
    server_.close();
}

Task<void> Agent::report(std::shared_ptr<Agent> agent) {
    co_await agent->status_.run();
}

Task<void> Agent::live(std::shared_ptr<Agent> agent) {
    const auto& mesh = *agent->node_->mesh;
    co_await agent->open_port();
    while (true) {
        const auto seen = agent->wake_.count();
        agent->notice_configuration();
        if (agent->node_->config && agent->due_ <= mesh.clock.now()) {
            co_await agent->attempt();
            agent->tell_readiness();
        } else {
            agent->tell_readiness();
            co_await agent->rest(seen);
        }
    }
}

Task<void> Agent::open_port() {
    while (true) {
        const auto listening = co_await server_.listen();
        if (listening) {
            co_return;
        }
        problem_ = listening.error().message;
        tell_readiness();
        co_await node_->mesh->clock.sleep_for(backoff_.next(node_->mesh->options, life_));
    }
}

void Agent::notice_configuration() {
    const auto generation = node_->config ? std::optional(node_->config->generation) : std::nullopt;
    if (!generation) {
        problem_ = "no CA is connected";
    }
    if (generation == generation_) {
        return;
    }
    // Tokens are of another service account or another Vault now. A pod that holds a good leaf
    // keeps its schedule.
    generation_ = generation;
    projected_.reset();
    vault_token_ = Secret();
    backoff_.reset();
    if (failing_) {
        due_ = node_->mesh->clock.now();
    }
}

Task<void> Agent::attempt() {
    const auto& mesh = *node_->mesh;
    const CaConfig config = *node_->config;
    const Caller caller{pod_.name, pod_.uid, server_.id(), call_limit(life_)};
    if (!token_usable()) {
        const auto step = Backoff::first(mesh.options, life_);
        if (last_login_ && mesh.clock.now() < *last_login_ + step) {
            due_ = *last_login_ + step;
            co_return;
        }
        if (!projected_ || mesh.clock.now() >= projected_fresh_until_) {
            const auto asked = mesh.clock.now();
            auto token = co_await request_projected_token(node_, config, caller.limit);
            if (!token) {
                refused(Step::token_request, token.error(), asked_for(config, caller));
                co_return;
            }
            projected_fresh_until_ = asked + part_of(token->expires - asked, projected_share);
            projected_ = std::move(*token);
        }
        const auto logged_in = co_await log_in(config, caller);
        if (!logged_in) {
            projected_.reset();  // the file is read again before the next login
            refused(Step::login, logged_in.error(), asked_for(config, caller));
            co_return;
        }
    }
    const auto token = vault_token_;
    if (!mesh.options.reuse_token) {
        vault_token_ = Secret();
    }
    const auto leaf = co_await sign_fresh_key(node_, config, caller, token);
    if (!leaf) {
        refused(Step::sign, leaf.error(), asked_for(config, caller));
        co_return;
    }
    ++leaves_;
    auto identity = accept_leaf(*node_, caller, *leaf);
    if (!identity) {
        failing_ = true;
        problem_ = identity.error().message;
        mesh.tell(
            "leaf rejected",
            {{"cluster", node_->cluster}, {"pod", mesh.logical(pod_.name)}, {"reason", problem_}});
        due_ = mesh.clock.now() + backoff_.slow(mesh.options, life_);
        co_return;
    }
    adopt(std::move(*identity));
}

Task<Result<void>> Agent::log_in(CaConfig config, Caller caller) {
    const auto& mesh = *node_->mesh;
    last_login_ = mesh.clock.now();
    const auto client = vault_of(*node_, config, caller);
    auto login =
        co_await client.login_kubernetes(config.auth_mount, config.role, projected_->token);
    if (!login) {
        co_return propagate(login);
    }
    ++logins_;
    vault_token_ = login->token;
    vault_token_until_ = *last_login_ + part_of(login->lease, vault_token_share);
    mesh.tell("login ok", {{"cluster", node_->cluster}, {"pod", mesh.logical(pod_.name)}});
    co_return Result<void>();
}

bool Agent::token_usable() const {
    return !vault_token_.empty() && node_->mesh->clock.now() < vault_token_until_;
}

void Agent::adopt(crypto::TlsIdentity identity) {
    const auto& options = node_->mesh->options;
    const auto now = node_->mesh->clock.now();
    failing_ = false;
    problem_.clear();
    backoff_.reset();
    // Counted from the arrival: Vault dates a leaf's beginning back, and only what is left is of
    // use.
    const auto left = identity.leaf.not_after() - now;
    const auto share = options.renew_at + options.renew_jitter * (2 * prng_.unit() - 1);
    // A CA near its end cuts leaves short, ever shorter: asking ever faster would gain nothing and
    // storm it.
    due_ = now + std::max(part_of(left, share), Backoff::most(options, life_));
    server_.show(std::move(identity));
}

void Agent::refused(Step step, const Failure& failure, const Asked& asked) {
    const auto& mesh = *node_->mesh;
    const auto decision = decide(step, failure, asked);
    failing_ = true;
    problem_ = decision.reason;
    mesh.tell(std::string(refused_event(step)), {{"cluster", node_->cluster},
                                                 {"pod", mesh.logical(pod_.name)},
                                                 {"reason", decision.reason}});
    if (decision.action == Action::login_again) {
        vault_token_ = Secret();
    }
    const auto wait = decision.action == Action::retry_slowly ? backoff_.slow(mesh.options, life_)
                                                              : backoff_.next(mesh.options, life_);
    due_ = mesh.clock.now() + wait;
}

void Agent::renew_now() {
    due_ = node_->mesh->clock.now();
    wake();
}

bool Agent::ready() const {
    return server_.identity() && server_.identity()->leaf.valid_at(node_->mesh->clock.now());
}

std::string Agent::why_not_ready() const {
    if (ready()) {
        return {};
    }
    if (!server_.identity()) {
        return problem_;
    }
    const auto expired =
        fmt::format("its certificate expired at {}", rfc3339(server_.identity()->leaf.not_after()));
    return problem_.empty() ? expired : fmt::format("{}: {}", expired, problem_);
}

void Agent::tell_readiness() {
    const auto& mesh = *node_->mesh;
    std::pair current{ready(), why_not_ready()};
    if (told_ == current) {
        return;
    }
    std::vector<std::pair<std::string, std::string>> fields{{"cluster", node_->cluster},
                                                            {"pod", mesh.logical(pod_.name)}};
    if (!current.first) {
        fields.emplace_back("reason", current.second);
    }
    mesh.tell(current.first ? "pod ready" : "pod not ready", std::move(fields));
    status_.set(current.first, current.second);
    told_ = std::move(current);
    node_->pods_changed.ring();
}

Task<void> Agent::rest(std::uint64_t seen) {
    auto& clock = node_->mesh->clock;
    std::optional<Time> until;
    if (node_->config) {
        until = due_;
    }
    if (ready()) {
        // Certificates hold whole seconds, and the last one is still inside the validity.
        const auto ended = server_.identity()->leaf.not_after() + std::chrono::seconds(1);
        until = std::min(until.value_or(ended), ended);
    }
    if (until) {
        co_await wake_.wait_past(seen, clock, *until);
    } else {
        co_await wake_.wait_past(seen);
    }
}

PodView Agent::view() const {
    PodView view;
    view.name = pod_.name;
    view.uid = pod_.uid;
    view.workload = pod_.workload;
    view.cluster = node_->cluster;
    view.ready = ready();
    view.reason = why_not_ready();
    view.id = server_.id();
    if (server_.identity()) {
        view.leaf = server_.identity()->leaf;
    }
    view.leaves = leaves_;
    view.logins = logins_;
    return view;
}

}  // namespace meshproof::mesh
