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
      due_(elapsed()),
      life_(context_->mesh->usual_life()) {}

Task<void> Agent::start(std::shared_ptr<Agent> agent) {
    co_await agent->tasks_.spawn(live(agent));
    co_await agent->tasks_.spawn(report(agent));
}

Task<void> Agent::stop() {
    tasks_.cancel();
    attempt_.cancel();
    co_await tasks_.join();
    co_await attempt_.join();
    server_.close();
}

Task<void> Agent::report(std::shared_ptr<Agent> agent) {
    co_await agent->status_.run();
}

Task<void> Agent::live(std::shared_ptr<Agent> agent) {
    co_await agent->open_port();
    while (true) {
        const auto seen = agent->wake_.count();
        co_await agent->notice_configuration();
        if (agent->context_->config && !agent->attempting_ && agent->due()) {
            agent->attempting_ = true;
            co_await agent->attempt_.spawn(try_once(agent));
        }
        agent->tell_readiness();
        co_await agent->rest(seen);
    }
}

Task<void> Agent::try_once(std::shared_ptr<Agent> agent) {
    co_await agent->attempt();
    agent->attempting_ = false;
    agent->wake_.ring();
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

Task<void> Agent::notice_configuration() {
    const auto generation =
        context_->config ? std::optional(context_->config->generation) : std::nullopt;
    if (!generation) {
        problem_ = "no CA is connected";
    }
    if (generation == generation_) {
        co_return;
    }
    bool at_once = failing_;
    if (attempting_) {
        giving_up_ = true;
        attempt_.cancel();
        co_await attempt_.join();
        giving_up_ = attempting_ = false;
        at_once = true;
    }
    // Tokens are of another service account or another Vault now. A pod that holds a good leaf
    // keeps its schedule.
    generation_ = generation;
    projected_.reset();
    vault_token_ = Secret();
    backoff_.reset();
    unanswered_ = 0;
    life_ = context_->mesh->usual_life();
    if (at_once) {
        due_ = elapsed();
    }
}

Duration Agent::elapsed() const {
    const auto& mesh = *context_->mesh;
    return mesh.options.seams.waits_by_elapsed_time ? mesh.clock.elapsed()
                                                    : mesh.clock.now().time_since_epoch();
}

bool Agent::due() const {
    const auto date = [this] { return context_->mesh->clock.now(); };
    return due_ <= elapsed() || (renew_by_ && *renew_by_ <= date()) ||
           (begins_ && date() < *begins_);
}

Task<void> Agent::attempt() {
    const auto& mesh = *context_->mesh;
    const CaConfig config = mesh.options.seams.used_config(*context_->config, pod_.uid);
    const Caller caller{pod_.name, pod_.uid, server_.id(),
                        call_limit(mesh.options.schedule, life_, unanswered_)};
    renew_by_.reset();
    begins_.reset();
    if (!token_usable()) {
        if (last_login_) {
            const auto allowed = *last_login_ + mesh.options.seams.between_logins(
                                                    first_wait(mesh.options.schedule, life_));
            if (elapsed() < allowed) {
                due_ = allowed;
                co_return;
            }
        }
        const auto projected = co_await have_projected_token(config, caller);
        if (!projected) {
            refused(Step::token_request, projected.error(), asked_for(config, caller));
            co_return;
        }
        const auto logged_in = co_await log_in(config, caller);
        if (!logged_in) {
            refused(Step::login, logged_in.error(), asked_for(config, caller));
            co_return;
        }
    }
    const auto token = vault_token_;
    vault_token_ = mesh.options.seams.kept_token(std::move(vault_token_));
    ++sign_attempts_;
    const auto leaf = co_await sign_fresh_key(context_, config, caller, token);
    if (!leaf) {
        refused(Step::sign, leaf.error(), asked_for(config, caller));
        co_return;
    }
    ++leaves_;
    auto identity = accept_leaf(*context_, caller, *leaf);
    if (!identity) {
        reject(identity.error());
        co_return;
    }
    if (const auto better = no_worse(leaf->issued); !better) {
        reject(better.error());
        co_return;
    }
    adopt(std::move(*identity), leaf->issued.issuing_ca);
}

Task<Result<void>> Agent::have_projected_token(CaConfig config, Caller caller) {
    const auto& mesh = *context_->mesh;
    const bool fresh =
        elapsed() < projected_fresh_until_ || !mesh.options.seams.renews_projected_tokens;
    if (projected_ && fresh) {
        co_return Result<void>();
    }
    const auto asked = elapsed();
    const auto date = mesh.clock.now();
    auto token = co_await request_projected_token(context_, config, caller.limit);
    if (!token) {
        co_return propagate(token);
    }
    // The end is a date of the API server's: by a clock that is behind it, the token would seem to
    // live longer than any that is given.
    const auto life =
        std::clamp(token->expires - date, Duration::zero(), Duration(projected_token_life));
    projected_fresh_until_ = asked + projected_token_use(mesh.options.schedule, life);
    projected_ = std::move(*token);
    co_return Result<void>();
}

Task<Result<void>> Agent::log_in(CaConfig config, Caller caller) {
    const auto& mesh = *context_->mesh;
    const auto asked = elapsed();
    last_login_ = asked;
    ++login_attempts_;
    const auto client = vault_of(*context_, config, caller);
    auto login =
        co_await client.login_kubernetes(config.auth_mount, config.role, projected_->token);
    last_login_ =
        elapsed();  // the next may come so long after this answer, and not after the request
    if (!login) {
        co_return propagate(login);
    }
    ++logins_;
    vault_token_ = login->token;
    vault_token_until_ = asked + vault_token_use(mesh.options.schedule, login->lease);
    EventFields fields{{"cluster", context_->cluster}, {"pod", mesh.logical(pod_.name)}};
    mesh.tell("login ok", mesh.options.seams.login_event(std::move(fields), login->token));
    co_return Result<void>();
}

bool Agent::token_usable() const {
    return !vault_token_.empty() && elapsed() < vault_token_until_;
}

Result<void> Agent::no_worse(const vault::Issued& other) const {
    const auto arrival = arrives(other.leaf, other.issuing_ca);
    const auto life = life_after(context_->mesh->usual_life(), life_, arrival);
    if (!valid() || !trusted() || server_.identity()->leaf.not_after() <= arrival.not_after ||
        can_be_followed(context_->mesh->options.schedule, life, arrival)) {
        return {};
    }
    return fail(FailureKind::expired,
                "the CA answered a leaf that ends at {}, before another can follow",
                rfc3339(arrival.not_after));
}

Arrival Agent::arrives(const crypto::Certificate& leaf, const crypto::Certificate& issuer) const {
    return {.at = context_->mesh->clock.now(),
            .not_before = leaf.not_before(),
            .not_after = leaf.not_after(),
            .issuer_not_after = issuer.not_after()};
}

void Agent::adopt(crypto::TlsIdentity identity, const crypto::Certificate& issuer) {
    const auto& mesh = *context_->mesh;
    const auto& seams = mesh.options.seams;
    failing_ = false;
    unanswered_ = 0;
    problem_.clear();
    backoff_.reset();
    const auto& leaf = identity.leaf;
    const auto arrival = arrives(leaf, issuer);
    life_ = life_after(mesh.usual_life(), life_, arrival);
    const auto chance = seams.renewal_chance(prng_.unit());
    const auto wait = seams.renewal_wait(
        renewal_wait(mesh.options.schedule, life_, arrival, chance), leaf, mesh.usual_life());
    due_ = elapsed() + wait;
    renew_by_ = arrival.at + wait;
    begins_ = std::min(arrival.not_before, arrival.at);
    server_.show(std::move(identity));
}

void Agent::reject(const Failure& failure) {
    const auto& mesh = *context_->mesh;
    failing_ = true;
    problem_ = failure.message;
    mesh.tell(
        "leaf rejected",
        {{"cluster", context_->cluster}, {"pod", mesh.logical(pod_.name)}, {"reason", problem_}});
    const auto wait = backoff_.after(Action::retry_slowly, mesh.options.schedule, life_);
    due_ = elapsed() + mesh.options.seams.wait(wait, "leaf rejected");
}

void Agent::refused(Step step, const Failure& failure, const Asked& asked) {
    if (giving_up_) {
        return;  // nobody refused it
    }
    const auto& mesh = *context_->mesh;
    const auto& seams = mesh.options.seams;
    const auto decision = seams.decision(decide(step, failure, asked), step);
    const auto event = refused_event(step);
    failing_ = true;
    unanswered_ = failure.kind == FailureKind::timed_out ? unanswered_ + 1 : 0;
    problem_ = decision.reason;
    mesh.tell(std::string(event), {{"cluster", context_->cluster},
                                   {"pod", mesh.logical(pod_.name)},
                                   {"reason", decision.reason}});
    if (decision.action == Action::login_again) {
        vault_token_ = Secret();
    }
    if (decision.other_projected_token && seams.renews_projected_tokens) {
        projected_.reset();
    }
    if (step == Step::token_request && failure.kind == FailureKind::not_found) {
        context_->missing_service_account = asked.service_account;
        context_->sync.ring();
    }
    const auto wait =
        backoff_.after(decision.action, mesh.options.schedule, life_, decision.no_sooner);
    if (!seams.counts_refusals) {
        backoff_.reset();
    }
    due_ = elapsed() + seams.wait(wait, event);
}

void Agent::renew_now() {
    due_ = elapsed();
    wake();
}

bool Agent::valid() const {
    return server_.identity() && server_.identity()->leaf.valid_at(context_->mesh->clock.now());
}

bool Agent::ready() const {
    return context_->mesh->options.seams.readiness(valid() && trusted(), server_.identity());
}

bool Agent::trusted() const {
    if (!context_->mesh->options.seams.readiness_asks_for_trust) {
        return true;
    }
    const auto& shown = *server_.identity();
    if (!trust_ || trust_->version != context_->trust_version || !(trust_->leaf == shown.leaf)) {
        trust_ = Trust{context_->trust_version, shown.leaf, trusted_until(*context_, shown)};
    }
    return trust_->until && context_->mesh->clock.now() < leaf_end(*trust_->until);
}

std::string Agent::why_not_ready() const {
    if (ready()) {
        return {};
    }
    if (!server_.identity()) {
        return problem_;
    }
    const auto& leaf = server_.identity()->leaf;
    if (valid()) {
        return "its peers do not trust its certificate: the trust store holds no anchor above it";
    }
    const auto what =
        leaf.not_before() > context_->mesh->clock.now()
            ? fmt::format("its certificate is valid only from {}", rfc3339(leaf.not_before()))
            : fmt::format("its certificate expired at {}", rfc3339(leaf.not_after()));
    return problem_.empty() ? what : fmt::format("{}: {}", what, problem_);
}

void Agent::tell_readiness() {
    const auto& mesh = *context_->mesh;
    std::pair current{ready(), why_not_ready()};
    const bool first_try = attempting_ && !told_;  // it is as the API server has it already
    if (told_ == current || first_try) {
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
    std::optional<Duration> wait;
    const auto at_most = [&wait](Duration other) { wait = std::min(wait.value_or(other), other); };
    if (context_->config && !attempting_) {
        at_most(due_ - elapsed());
    }
    if (server_.identity()) {
        // Dates are looked at again and again: nobody tells when the civil clock jumps.
        at_most(longest_wait(context_->mesh->options.schedule, life_));
        if (valid()) {
            at_most(leaf_end(server_.identity()->leaf.not_after()) - clock.now());
        }
        if (valid() && trusted() && trust_ && trust_->until) {  // an issuer may end before its leaf
            at_most(leaf_end(*trust_->until) - clock.now());
        }
    }
    if (wait) {
        co_await wake_.wait_past(seen, clock, clock.elapsed() + *wait);
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
    view.login_attempts = login_attempts_;
    view.sign_attempts = sign_attempts_;
    return view;
}

}  // namespace meshproof::mesh
