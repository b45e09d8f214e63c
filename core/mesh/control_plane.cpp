#include "core/base/text.hpp"
#include "core/mesh/control_plane_state.hpp"

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
        if (cluster->ca_label == account.label()) {
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

void ControlPlane::trust_server(http::Url url, crypto::TlsParty tls) {
    state_->mesh->servers.insert_or_assign(url.origin(), std::move(tls));
}

Result<void> ControlPlane::set_trust_domain(std::string name) {
    auto domain = spiffe::TrustDomain::parse(name);
    if (!domain) {
        return propagate(domain);
    }
    if (!state_->clusters.empty() && !(*domain == state_->mesh->trust_domain)) {
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
    if (const auto* other = state_->account_labelled(account->label())) {
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
    const auto* account = state->account(name);
    if (account == nullptr) {
        co_return fail(FailureKind::not_found, "no account \"{}\"", name);
    }
    auto edited = *account;
    const auto old_service_account = edited.service_account();
    if (edit.description) {
        edited.set_description(*edit.description);
    }
    if (edit.service_account) {
        auto set = edited.set_service_account(*edit.service_account);
        if (!set) {
            co_return set;
        }
    }
    const auto users = state->clusters_of(edited);
    if (edit.service_account) {
        // First in every cluster, so that a failure leaves all of them as they were.
        for (const auto& cluster : users) {
            auto made = co_await ensure_service_account(cluster->context, edited.service_account());
            if (!made) {
                co_return made;
            }
        }
    }
    auto* current = state->account(name);
    if (current == nullptr) {
        co_return fail(FailureKind::not_found, "account \"{}\" was deleted meanwhile", name);
    }
    *current = edited;
    state->mesh->tell("account edited", {{"account", name}});
    if (edit.service_account) {
        for (const auto& cluster : users) {
            auto connected = co_await connect(cluster, edited);
            if (!connected) {
                co_return connected;
            }
            if (old_service_account != edited.service_account()) {
                auto removed =
                    co_await remove_service_account(cluster->context, old_service_account);
                if (!removed) {
                    co_return removed;
                }
            }
        }
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
