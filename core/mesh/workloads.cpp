#include "core/mesh/workloads.hpp"

namespace meshproof::mesh {
namespace {

// The API server has looked at it and refuses it, as a quota or an admission plugin does.
bool about_this_pod(const Failure& failure) {
    constexpr int too_many = 429;
    return failure.status >= 400 && failure.status < 500 && failure.status != too_many;
}

}  // namespace

Workloads::Workloads(std::shared_ptr<ClusterContext> context)
    : context_(std::move(context)),
      names_(context_->mesh->prng.fork("pod names of " + context_->cluster)),
      backoff_(context_->mesh->prng.fork("workloads of " + context_->cluster)) {}

std::string Workloads::new_name(const std::string& workload) {
    constexpr std::size_t suffix_length = 5;  // as a ReplicaSet's
    auto& taken = context_->mesh->pod_names;
    while (true) {
        auto name = fmt::format("{}-{}{}", workload, names_.token(suffix_length),
                                context_->mesh->options.name_suffix);
        if (taken.insert(name).second) {
            return name;
        }
    }
}

std::optional<std::uint64_t> Workloads::definition_of(const std::string& workload) const {
    const auto found = definitions_.find(workload);
    return found == definitions_.end() ? std::nullopt : std::optional(found->second);
}

const WorkloadSpec* Workloads::wanted(const std::string& workload, std::uint64_t definition) const {
    if (const auto found = coming_.find(definition); found != coming_.end()) {
        return &found->second;
    }
    return definition_of(workload) == definition ? &specs_.at(workload) : nullptr;
}

Task<Result<void>> Workloads::create(std::shared_ptr<Workloads> self, std::string workload,
                                     std::uint64_t definition, std::string name) {
    auto& context = *self->context_;
    const auto* spec = self->wanted(workload, definition);
    if (spec == nullptr) {
        co_return fail(FailureKind::not_found, "workload {} is no longer defined so", workload);
    }
    kube::Pod pod;
    pod.meta = context.meta(context.workload_namespace, name);
    pod.meta.labels[std::string(workload_label)] = workload;
    pod.service_account = context.mesh->options.seams.service_account(spec->service_account);
    const auto created = co_await context.kube.create_pod(std::move(pod));
    // A name is ours alone: where it is taken, the answer to an earlier attempt was lost.
    if (!created && created.error().kind != FailureKind::conflict) {
        co_return propagate(created, fmt::format("pod {}", name));
    }
    if (self->wanted(workload, definition) == nullptr) {
        std::ignore = co_await context.kube.delete_pod(context.workload_namespace, name);
        co_return fail(FailureKind::not_found, "workload {} is no longer defined so", workload);
    }
    self->alive_.emplace(std::move(name), Alive{std::move(workload), definition, self->lists_});
    co_return Result<void>();
}

Result<WorkloadSpec> Workloads::completed(WorkloadSpec spec) const {
    if (spec.name.empty() || spec.replicas < 0) {
        return fail(FailureKind::invalid, "a workload needs a name and no less than 0 replicas");
    }
    if (spec.service_account.empty()) {
        spec.service_account = spec.name;
    }
    // Another run on the same cluster must not share it: the first to end would take it away.
    spec.service_account += context_->mesh->options.name_suffix;
    return spec;
}

// The API server takes no pod of a service account that does not exist.
Task<Result<void>> Workloads::have_service_account(std::shared_ptr<Workloads> self,
                                                   std::string name) {
    auto& context = *self->context_;
    const auto account = co_await context.kube.create_service_account(
        context.meta(context.workload_namespace, name));
    if (!account && account.error().kind != FailureKind::conflict) {
        co_return propagate(account, fmt::format("service account {}", name));
    }
    co_return Result<void>();
}

Task<Result<void>> Workloads::create_all(std::shared_ptr<Workloads> self, std::string workload,
                                         std::uint64_t definition, int replicas) {
    auto& context = *self->context_;
    std::vector<std::string> names;
    for (int i = 0; i < replicas; ++i) {
        names.push_back(self->new_name(workload));
        const auto created = co_await create(self, workload, definition, names.back());
        if (created) {
            continue;
        }
        self->coming_.erase(definition);
        if (self->definition_of(workload) == definition) {
            self->specs_.erase(workload);
            self->definitions_.erase(workload);
        }
        for (const auto& name : names) {
            self->alive_.erase(name);
            // As far as the API server lets us; the run's clean-up finds the rest by its labels.
            std::ignore = co_await context.kube.delete_pod(context.workload_namespace, name);
        }
        co_return propagate(created);
    }
    co_return Result<void>();
}

Task<Result<void>> Workloads::add(std::shared_ptr<Workloads> self, WorkloadSpec asked) {
    auto spec = self->completed(std::move(asked));
    if (!spec) {
        co_return propagate(spec);
    }
    auto& context = *self->context_;
    const auto workload = spec->name;
    const auto replicas = context.mesh->options.seams.replicas(spec->replicas);
    auto account = co_await have_service_account(self, spec->service_account);
    if (!account) {
        co_return account;
    }
    if (!self->specs_.emplace(workload, std::move(*spec)).second) {
        co_return fail(FailureKind::conflict, "workload {} exists already in cluster {}", workload,
                       context.cluster);
    }
    const auto definition = ++self->defined_;
    self->definitions_[workload] = definition;
    co_return co_await create_all(self, workload, definition, replicas);
}

Task<Result<std::vector<std::string>>> Workloads::redefine(std::shared_ptr<Workloads> self,
                                                           WorkloadSpec asked) {
    auto spec = self->completed(std::move(asked));
    if (!spec) {
        co_return propagate(spec);
    }
    auto& context = *self->context_;
    const auto workload = spec->name;
    const auto before = self->definition_of(workload);
    if (!before) {
        co_return fail(FailureKind::not_found, "no workload {} in cluster {}", workload,
                       context.cluster);
    }
    const auto definition = ++self->defined_;
    const auto account = co_await have_service_account(self, spec->service_account);
    if (!account) {
        co_return propagate(account);
    }
    self->coming_[definition] = *spec;
    const auto created = co_await create_all(self, workload, definition,
                                             context.mesh->options.seams.replicas(spec->replicas));
    if (!created) {
        co_return propagate(created);
    }
    self->coming_.erase(definition);
    // Of two at once the later holds, whichever has its pods first; one that is still coming keeps
    // those that it has.
    if (self->definition_of(workload).value_or(0) < definition) {
        self->specs_[workload] = std::move(*spec);
        self->definitions_[workload] = definition;
    }
    const auto holds = self->definitions_.at(workload);
    std::vector<std::string> old;
    for (const auto& [name, alive] : self->alive_) {
        if (alive.workload == workload && alive.definition < holds) {
            old.push_back(name);
        }
    }
    if (!context.mesh->options.seams.removes_outdated_pods) {
        co_return std::vector<std::string>();
    }
    for (const auto& name : old) {
        self->alive_.erase(name);
        self->outdated_.push_back(name);
    }
    self->work_.ring();
    co_return old;
}

Task<std::optional<Failure>> Workloads::remove_outdated(std::shared_ptr<Workloads> self) {
    auto& context = *self->context_;
    for (const auto names = self->outdated_; const auto& name : names) {
        const auto deleted = co_await context.kube.delete_pod(context.workload_namespace, name);
        if (!deleted && deleted.error().kind != FailureKind::not_found) {
            co_return deleted.error();
        }
        std::erase(self->outdated_, name);
    }
    co_return std::nullopt;
}

void Workloads::lost(const std::string& pod) {
    if (!context_->mesh->options.seams.replaces_lost_pods) {
        return;
    }
    const auto found = alive_.extract(pod);
    if (found) {
        lost_.push_back({pod, found.mapped().workload, found.mapped().definition});
        work_.ring();
    }
}

void Workloads::listed(std::uint64_t list, const std::set<std::string>& names) {
    std::vector<std::string> missing;
    for (const auto& [name, alive] : alive_) {
        if (!names.contains(name) && alive.created_after_list < list) {
            missing.push_back(name);
        }
    }
    for (const auto& name : missing) {
        lost(name);
    }
}

// The one that cannot be made holds up no other. Where the API server gives no answer, or wants to
// be left alone, the others have to wait as well.
Task<std::optional<Failure>> Workloads::replace_each(std::shared_ptr<Workloads> self) {
    std::optional<Failure> failed;
    for (auto left = self->lost_.size(); left > 0; --left) {
        if (auto& next = self->lost_.front(); next.replacement.empty()) {
            next.replacement = self->new_name(next.workload);
        }
        // Taken away only once it is replaced: until then it is known.
        const auto lost = self->lost_.front();
        const auto created =
            co_await create(self, lost.workload, lost.definition, lost.replacement);
        self->lost_.pop_front();
        if (created) {
            self->replaced_by_[lost.pod] = lost.replacement;
            self->context_->pods_changed.ring();
        } else if (self->wanted(lost.workload, lost.definition) != nullptr) {
            self->lost_.push_back(lost);
            failed = created.error();
            if (!about_this_pod(*failed)) {
                break;
            }
        }
    }
    co_return failed;
}

Task<void> Workloads::keep(std::shared_ptr<Workloads> self) {
    const auto& mesh = *self->context_->mesh;
    auto& clock = mesh.clock;
    while (true) {
        const auto seen = self->work_.count();
        if (self->lost_.empty() && self->outdated_.empty()) {
            co_await self->work_.wait_past(seen);
            continue;
        }
        auto failed = co_await replace_each(self);
        if (!failed) {
            failed = co_await remove_outdated(self);
        }
        if (!failed) {
            self->backoff_.reset();
            continue;
        }
        const auto wait = self->backoff_.after(Action::retry, mesh.options.schedule,
                                               mesh.usual_life(), failed->retry_after);
        if (about_this_pod(*failed)) {
            co_await self->work_.wait_past(seen, clock, clock.elapsed() + wait);
        } else {
            co_await clock.sleep_for(wait);
        }
    }
}

std::optional<std::string> Workloads::replacement_of(const std::string& pod) const {
    const auto found = replaced_by_.find(pod);
    return found == replaced_by_.end() ? std::nullopt : std::optional(found->second);
}

bool Workloads::knows(const std::string& pod) const {
    return alive_.contains(pod) || replaced_by_.contains(pod) ||
           std::ranges::any_of(lost_, [&](const Lost& lost) { return lost.pod == pod; });
}

}  // namespace meshproof::mesh
