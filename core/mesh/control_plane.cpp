#include "core/base/text.hpp"
#include "core/mesh/control_plane_state.hpp"
#include "core/mesh/sync.hpp"

namespace meshproof::mesh {

IntegrationAccount* ControlPlane::State::account(std::string_view name) {
    const auto found = std::ranges::find(accounts, name, &IntegrationAccount::name);
    return found == accounts.end() ? nullptr : &*found;
}

IntegrationAccount* ControlPlane::State::account_labelled(std::string_view label) {
    const auto found = std::ranges::find(accounts, label, &IntegrationAccount::label);
    return found == accounts.end() ? nullptr : &*found;
}

Result<std::shared_ptr<Cluster::State>> ControlPlane::State::cluster(
    const std::string& name) const {
    const auto found = clusters.find(name);
    if (found == clusters.end()) {
        return fail(FailureKind::not_found, "no cluster {} is onboarded", name);
    }
    return found->second;
}

std::vector<std::shared_ptr<Cluster::State>> ControlPlane::State::clusters_of(
    const IntegrationAccount& account) const {
    std::vector<std::shared_ptr<Cluster::State>> users;
    for (const auto& [name, cluster] : clusters) {
        // One that shall not use it any more and still does is a user like any other.
        const auto& applied = cluster->context->config;
        const bool runs = applied && applied->account == account.name() &&
                          mesh->options.seams.counts_applied_users;
        if (cluster->ca_label() == account.label() || runs) {
            users.push_back(cluster);
        }
    }
    return users;
}

std::shared_ptr<Agent> ControlPlane::State::agent(const std::string& pod) const {
    for (const auto& [name, cluster] : clusters) {
        if (auto agent = cluster->agent(pod)) {
            return agent;
        }
    }
    return nullptr;
}

ControlPlane::ControlPlane(Clock& clock, http::Transport& transport, Prng prng, Observer& observer,
                           ControlPlaneOptions options)
    : state_(std::make_shared<State>(clock, transport, std::move(prng), observer,
                                     std::move(options))) {}

ControlPlane::~ControlPlane() = default;

void ControlPlane::trust_public_root(crypto::Certificate root) {
    state_->mesh->public_roots.push_back(std::move(root));
}

void ControlPlane::trust_server(http::Url url, crypto::TlsParty tls) {
    state_->mesh->servers.insert_or_assign(url.origin(), std::move(tls));
}

Result<void> ControlPlane::set_trust_domain(std::string name) {
    auto domain = spiffe::TrustDomain::parse(name);
    if (!domain) {
        return propagate(domain);
    }
    if (!state_->clusters.empty() && !(*domain == state_->mesh->trust_domain) &&
        state_->mesh->options.seams.keeps_trust_domain) {
        return fail(
            FailureKind::conflict,
            "the trust domain is {} and clusters are onboarded with it: it cannot become {}",
            state_->mesh->trust_domain.name(), name);
    }
    state_->mesh->trust_domain = std::move(*domain);
    return {};
}

const spiffe::TrustDomain& ControlPlane::trust_domain() const {
    return state_->mesh->trust_domain;
}

Result<void> ControlPlane::add_account(AccountSpec spec) {
    auto account = IntegrationAccount::create(std::move(spec));
    if (!account) {
        return propagate(account);
    }
    if (state_->account(account->name()) != nullptr) {
        return fail(FailureKind::conflict, "name: an account \"{}\" exists already",
                    account->name());
    }
    const auto* other = state_->account_labelled(account->label());
    if (other != nullptr && state_->mesh->options.seams.labels_are_unique) {
        return fail(FailureKind::conflict, "label: \"{}\" is the label of account \"{}\" already",
                    account->label(), other->name());
    }
    state_->mesh->tell("account added", {{"account", account->name()}});
    state_->accounts.push_back(std::move(*account));
    return {};
}

std::vector<IntegrationAccount> ControlPlane::accounts() const {
    return state_->accounts;
}

std::vector<Cluster> ControlPlane::clusters() const {
    std::vector<Cluster> all;
    for (const auto& [name, cluster] : state_->clusters) {
        all.emplace_back(cluster);
    }
    return all;
}

Task<Result<void>> ControlPlane::edit_account(std::string name, AccountEdit edit) {
    const auto state = state_;
    auto* account = state->account(name);
    if (account == nullptr) {
        co_return fail(FailureKind::not_found, "no account \"{}\"", name);
    }
    auto edited = *account;
    if (edit.description) {
        edited.set_description(*edit.description);
    }
    if (edit.service_account) {
        auto set = edited.set_service_account(*edit.service_account);
        if (!set) {
            co_return set;
        }
    }
    const bool renamed = edited.service_account() != account->service_account();
    *account = edited;
    state->mesh->tell("account edited", {{"account", name}});
    if (!renamed || !state->mesh->options.seams.pushes_edits) {
        co_return Result<void>();
    }
    std::vector<std::shared_ptr<Cluster::State>> users;
    for (const auto& cluster : state->clusters_of(edited)) {
        if (cluster->ca_label() == edited.label()) {
            users.push_back(cluster);
            want(*cluster, edited);
        }
    }
    for (const auto& cluster : users) {
        co_await tried(cluster);
    }
    co_return Result<void>();
}

Task<Result<void>> ControlPlane::create_global_namespace(std::string name,
                                                         std::vector<std::string> clusters) {
    const auto state = state_;
    if (name.empty() || clusters.empty()) {
        co_return fail(FailureKind::invalid,
                       "a global namespace needs a name and at least one cluster");
    }
    if (state->mesh->trust_domain.empty()) {
        co_return fail(FailureKind::invalid,
                       "a global namespace needs a trust domain: set it first");
    }
    for (const auto& cluster : clusters) {
        if (const auto found = state->cluster(cluster); !found) {
            co_return propagate(found, fmt::format("global namespace {}", name));
        }
    }
    if (!state->global_namespaces.emplace(name, std::move(clusters)).second) {
        co_return fail(FailureKind::conflict, "global namespace {} exists already", name);
    }
    state->mesh->tell("global namespace created", {{"name", name}});
    co_return Result<void>();
}

}  // namespace meshproof::mesh
