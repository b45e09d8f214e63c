#include "core/mesh/agent.hpp"

namespace meshproof::mesh {
namespace {

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

Agent::Agent(std::shared_ptr<ClusterContext> context, Pod pod)
    : context_(std::move(context)),
      pod_(std::move(pod)),
      prng_(context_->mesh->prng.fork("agent " + context_->mesh->logical(pod_.name))),
      backoff_(prng_.fork("backoff")),
      server_(context_, pod_.name,
              spiffe::SpiffeId::workload(context_->mesh->trust_domain, context_->workload_namespace,
                                         pod_.service_account)),
      status_(context_, pod_.name, prng_.fork("status")),
      due_(context_->mesh->clock.now()),
      life_(context_->mesh->usual_life()) {}

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
    const auto& mesh = *agent->context_->mesh;
    co_await agent->open_port();
    while (true) {
        const auto seen = agent->wake_.count();
        agent->notice_configuration();
        if (agent->context_->config && agent->due_ <= mesh.clock.now()) {
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
        co_await context_->mesh->clock.sleep_for(
            backoff_.after(Action::retry, context_->mesh->options.schedule, life_));
    }
}

void Agent::notice_configuration() {
    const auto generation =
        context_->config ? std::optional(context_->config->generation) : std::nullopt;
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
        due_ = context_->mesh->clock.now();
    }
}

Task<void> Agent::attempt() {
    const auto& mesh = *context_->mesh;
    const CaConfig config = *context_->config;
    const Caller caller{pod_.name, pod_.uid, server_.id(), call_limit(life_)};
    const auto& schedule = mesh.options.schedule;
    if (!token_usable()) {
        if (last_login_) {
            const auto allowed =
                mesh.options.seams.login_allowed(login_allowed(schedule, life_, *last_login_));
            if (mesh.clock.now() < allowed) {
                due_ = allowed;
                co_return;
            }
        }
        if (!projected_ || mesh.clock.now() >= projected_fresh_until_) {
            const auto asked = mesh.clock.now();
            auto token = co_await request_projected_token(context_, config, caller.limit);
            if (!token) {
                refused(Step::token_request, token.error(), asked_for(config, caller));
                co_return;
            }
            projected_fresh_until_ = projected_token_until(schedule, asked, token->expires);
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
    vault_token_ = mesh.options.seams.kept_token(std::move(vault_token_));
    const auto leaf = co_await sign_fresh_key(context_, config, caller, token);
    if (!leaf) {
        refused(Step::sign, leaf.error(), asked_for(config, caller));
        co_return;
    }
    ++leaves_;
    auto identity = accept_leaf(*context_, caller, *leaf);
    if (!identity) {
        failing_ = true;
        problem_ = identity.error().message;
        mesh.tell("leaf rejected", {{"cluster", context_->cluster},
                                    {"pod", mesh.logical(pod_.name)},
                                    {"reason", problem_}});
        const auto wait = backoff_.after(Action::retry_slowly, schedule, life_);
        due_ = mesh.clock.now() + mesh.options.seams.wait(wait, "leaf rejected");
        co_return;
    }
    adopt(std::move(*identity));
}

Task<Result<void>> Agent::log_in(CaConfig config, Caller caller) {
    const auto& mesh = *context_->mesh;
    last_login_ = mesh.clock.now();
    const auto client = vault_of(*context_, config, caller);
    auto login =
        co_await client.login_kubernetes(config.auth_mount, config.role, projected_->token);
    if (!login) {
        co_return propagate(login);
    }
    ++logins_;
    vault_token_ = login->token;
    vault_token_until_ = vault_token_until(mesh.options.schedule, *last_login_, login->lease);
    EventFields fields{{"cluster", context_->cluster}, {"pod", mesh.logical(pod_.name)}};
    mesh.tell("login ok", mesh.options.seams.login_event(std::move(fields), login->token));
    co_return Result<void>();
}

bool Agent::token_usable() const {
    return !vault_token_.empty() && context_->mesh->clock.now() < vault_token_until_;
}

void Agent::adopt(crypto::TlsIdentity identity) {
    const auto& mesh = *context_->mesh;
    failing_ = false;
    problem_.clear();
    backoff_.reset();
    const Arrival arrival{.at = mesh.clock.now(), .not_after = identity.leaf.not_after()};
    due_ = mesh.options.seams.renewal_due(
        renewal_due(mesh.options.schedule, life_, arrival, prng_.unit()), identity.leaf);
    server_.show(std::move(identity));
}

void Agent::refused(Step step, const Failure& failure, const Asked& asked) {
    const auto& mesh = *context_->mesh;
    const auto& seams = mesh.options.seams;
    const auto decision = seams.decision(decide(step, failure, asked), step);
    const auto event = refused_event(step);
    failing_ = true;
    problem_ = decision.reason;
    mesh.tell(std::string(event), {{"cluster", context_->cluster},
                                   {"pod", mesh.logical(pod_.name)},
                                   {"reason", decision.reason}});
    if (decision.action == Action::login_again) {
        vault_token_ = Secret();
    }
    const auto wait = backoff_.after(decision.action, mesh.options.schedule, life_);
    due_ = mesh.clock.now() + seams.wait(wait, event);
}

void Agent::renew_now() {
    due_ = context_->mesh->clock.now();
    wake();
}

bool Agent::valid() const {
    return server_.identity() && server_.identity()->leaf.valid_at(context_->mesh->clock.now());
}

bool Agent::ready() const {
    return context_->mesh->options.seams.readiness(valid(), server_.identity());
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
    const auto& mesh = *context_->mesh;
    std::pair current{ready(), why_not_ready()};
    if (told_ == current) {
        return;
    }
    EventFields fields{{"cluster", context_->cluster}, {"pod", mesh.logical(pod_.name)}};
    if (!current.first) {
        fields.emplace_back("reason", current.second);
    }
    mesh.tell(current.first ? "pod ready" : "pod not ready", std::move(fields));
    status_.set(current.first, current.second);
    told_ = std::move(current);
    context_->pods_changed.ring();
}

Task<void> Agent::rest(std::uint64_t seen) {
    auto& clock = context_->mesh->clock;
    std::optional<Time> until;
    if (context_->config) {
        until = due_;
    }
    if (valid()) {
        const auto end = leaf_end(server_.identity()->leaf.not_after());
        until = std::min(until.value_or(end), end);
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
    view.cluster = context_->cluster;
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
